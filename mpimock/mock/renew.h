/* SPDX-License-Identifier: BSD-2-Clause */
/* renew.h: what is left of a rank whose process has died is put in order, so that another one can be that rank. */
#ifndef MPIMOCK_RENEW_H
#define MPIMOCK_RENEW_H

#include "segment.h"

/* The supervisor's, when the process has died but is not reaped yet, so that its number is nobody else's: tells all ranks.
 * True: it had begun a test, given `ended` as it was when it was forked. */
bool renew_bury(struct segment *segment, int rank, uint32_t ended_at_birth);
/* Before the successor is forked: what the supervisor knows about the end of the one before. */
void renew_prepare(struct segment *segment, int rank, int wait_status);

#endif
