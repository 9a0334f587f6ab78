/* SPDX-License-Identifier: BSD-2-Clause */
/* deadlock.h: when is a team in a deadlock, under an MPI that does not say so.
 *
 * A member that has waited for a while tells the team's first rank what in, at most once a second, again and again
 * while it waits; so does one that waits at the test's end. The first rank keeps the last two reports of each. It is a
 * deadlock when
 *
 * - all members have told so twice, and have done nothing between the two (`moves`): all are in the same call as a
 * second before; a rank that computes, or that polls by MPI_Test or MPI_Iprobe, tells nothing, and one that has gone on
 * does so with other moves, so it is never taken for blocked;
 * - as many messages were received as sent, or nothing has moved for QUIET seconds more: all poll all the time, so what
 * was under way has arrived by then. Large transfers get the time that they need at SLOWEST bytes a second.
 *
 * Pure: no MPI, no clock.
 */
#ifndef MRT_GUARD_DEADLOCK_H
#define MRT_GUARD_DEADLOCK_H

#include "mailbox.h"

#define GUARD_DEADLOCK_EVERY   1.0 /* seconds between two reports of a member */
#define GUARD_DEADLOCK_QUIET   3.0
#define GUARD_DEADLOCK_SLOWEST 10e6

struct guard_report {
    bool come;
    double since; /* when the first report with these moves came */
    double last;
    struct guard_letter letter;
};
struct guard_deadlock {
    uint32_t size;
    struct guard_report *reports; /* [size] of the team's members */
};

int guard_deadlock_begin(struct guard_deadlock *self, uint32_t size);
void guard_deadlock_finish(struct guard_deadlock *self);
/* A member's report has come (GUARD_BLOCKED). */
void guard_deadlock_report(struct guard_deadlock *self, uint32_t member, const struct guard_letter *letter, double now);
/* Is it one? */
bool guard_deadlock_is(const struct guard_deadlock *self, double now);
/* "deadlock: rank 0: MPI_Recv(…); rank 1: …": all members' calls, each on a line of its own; as many as there is room
 * for. */
void guard_deadlock_text(const struct guard_deadlock *self, char *text, size_t size);

#endif
