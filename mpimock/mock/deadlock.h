/* SPDX-License-Identifier: BSD-2-Clause */
/* deadlock.h: finds out that some ranks can never go on, and says who waits for whom.
 *
 * A rank that runs is free. One that is blocked is free if each rank is that it needs, and one of each set of which it
 * needs one (needs.h). Those that are blocked and not free are stuck: they wait for each other alone, or for ranks that
 * are over. Others may still run, and for how long does not matter.
 *
 * Ranks that wait for work (mpimock_wait_is_idle) are stuck like any other, but with nobody else stuck that is no
 * deadlock. A job's ranks that are in a test of the runner's count as running: their team is looked at by itself, since
 * its members send to each other alone.
 */
#ifndef MPIMOCK_DEADLOCK_H
#define MPIMOCK_DEADLOCK_H

#include "segment.h"

/* The ranks that are looked at: the whole job, or the members of a test's team. */
struct deadlock_view {
    struct segment *segment;
    uint32_t serial; /* of the test; 0: the job */
    uint32_t size;
    const uint32_t *members; /* in the mock's world; NULL: all */
};

/* One rank as it was at that moment. */
struct deadlock_rank {
    bool has_left;     /* the test of a team's that is looked at … */
    bool is_early;     /* … has not begun it yet */
    bool is_leaving;   /* … is on its way out */
    bool stuck;
    int state;         /* enum segment_state */
    uint32_t sequence; /* 0: not blocked; is_over() tells whether it is past MPI_Finalize or gone, or runs */
    int waits_in, polls_in; /* of one that runs: enum mpimock_function */
    struct segment_wait wait; /* whom it waits for, and the sets, are places in the view */
};

/* Is this rank of the mock's world stuck? -1: is anybody? The time is that of the ranks that it waits for. */
bool deadlock_look(const struct deadlock_view *view, int rank);
/* Is there, among those that this rank needs, one that waits in the same collective call of the same communicator, but with
 * another function, root or operation? Then *peer is that rank, and *what its call. */
bool deadlock_clash(const struct deadlock_view *view, int rank, int *peer, uint64_t *what);
/* Writes what can be said of all ranks of the view, several lines that begin with `who` and "deadlock: ", cut at
 * `bytes`. */
void deadlock_report(const struct deadlock_view *view, const char *who, char *text, size_t bytes);
/* The lines from a picture that was taken before. */
void deadlock_describe(const char *heading, const struct deadlock_rank ranks[], int n, char *text, size_t bytes);
/* Looks at the job as deadlock_look does; if there is a deadlock and nobody was faster, leaves its report in the segment
 * as the end of the job and returns true. */
bool deadlock_declare(struct segment *segment, int rank);

#endif
