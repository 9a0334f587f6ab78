/* SPDX-License-Identifier: BSD-2-Clause */
/* late.h: a rank whose step's time is up says where it is, and leaves. See limit.h for when. */
#ifndef MRT_LATE_H
#define MRT_LATE_H

#include <stdbool.h>

/* A test that was left for its time may clean up for so long (its teardown). With the second in which it is tried to unwind it,
 * less than RUNNING_TEAM_PATIENCE. */
#define LEAVING_SECONDS 1.5

/* For the thread that runs the steps, and from then on. */
void late_begin(void);
void late_end(void);
/* In call() (execution.c), after the jump to the landing with LANDING_LATE: this thread computed when its time was up. */
__attribute__((noreturn)) void leave_late_computation(void);
/* Leaves with OUTCOME_TIMEOUT out of the MPI call that this thread is in: because its own time is up, or because it follows a team-mate.
 * since: when it began to wait (mpimock_wait_since()); 0: it does not wait. */
__attribute__((noreturn)) void leave_late(double since, bool following);

#endif
