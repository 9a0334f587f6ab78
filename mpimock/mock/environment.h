/* SPDX-License-Identifier: BSD-2-Clause */
/* environment.h: for attribute.c. */
#ifndef MPIMOCK_ENVIRONMENT_H
#define MPIMOCK_ENVIRONMENT_H

/* The highest error class or code in use (MPI_LASTUSEDCODE). */
int environment_last_used_code(void);

#endif
