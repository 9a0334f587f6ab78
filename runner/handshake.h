/* SPDX-License-Identifier: BSD-2-Clause */
/* handshake.h: before the run, all ranks show rank 0 what they loaded. Either all go on, or all leave. */
#ifndef MRT_HANDSHAKE_H
#define MRT_HANDSHAKE_H

#include "control.h"
#include "plan.h"

struct handshake_settings {
    const struct plan *plan;
    const struct problem *own; /* what this rank met while it loaded its suites ("" if nothing) */
    double seconds;            /* that the run may take; INFINITY: no limit. Rank 0's counts */
};

/* Collective. All ranks that go on know when the run must end (limit_set_end). Result on every rank: 0 to go on,
 * or the exit status to leave with; rank 0 then has the sentence in `problem`: a rank's own problem
 * (EXIT_STATUS_USAGE), a registry that differs from rank 0's, with host and suite (EXIT_STATUS_INTERNAL), or a failure
 * of MPI. On rank 0, when all go on, hosts[i] is the host name of rank i, each allocated. */
int handshake(struct control *control, const struct handshake_settings *settings, char *hosts[], struct problem *problem);

#endif
