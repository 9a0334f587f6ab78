/* SPDX-License-Identifier: BSD-2-Clause */
/* bsend.h: the buffer that MPI_Buffer_attach gives for buffered sends (MPI-3.1 §3.6). */
#ifndef MPIMOCK_BSEND_H
#define MPIMOCK_BSEND_H

#include <stddef.h>

/* Takes `bytes` bytes, and MPI_BSEND_OVERHEAD, from the attached buffer; NULL: they are not free. bsend_why() then says
 * so, as an MPI error. */
unsigned char *bsend_allocate(size_t bytes);
void bsend_free(unsigned char *data);
int bsend_why(size_t bytes);
/* Forgets the buffer, whatever is in it. */
void bsend_finish(void);

#endif
