/* SPDX-License-Identifier: BSD-2-Clause */
/* comm.h: what the chapters need of communicators beyond objects.h. */
#ifndef MPIMOCK_COMM_H
#define MPIMOCK_COMM_H

#include "chapters.h"

/* Looks a handle up. NULL: it is none, and *error is the class with the detail given. */
struct mock_comm *comm_get(MPI_Comm handle, int *error);
/* Frees the list of attributes, without callbacks (attribute.c). */
void attribute_forget(struct mock_comm *comm);

#endif
