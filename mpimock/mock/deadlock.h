/* SPDX-License-Identifier: BSD-2-Clause */
/* deadlock.h: finds out that no rank can ever go on, and says who waits for whom.
 *
 * Looking is exact: all ranks are seen blocked at one moment with nothing on its way to any of them; since only a rank
 * that runs can send, none will ever run again. Ranks that wait for work (mpimock_wait_is_idle) are not part of it:
 * with nobody else blocked there is no deadlock. Nor is there one of the job while a rank is in a test of the runner's: its
 * team is looked at by itself, since nobody else sends to it.
 */
#ifndef MPIMOCK_DEADLOCK_H
#define MPIMOCK_DEADLOCK_H

#include "segment.h"

/* One rank as it was at that moment. */
struct deadlock_rank {
    bool has_left;     /* the test of a team's that is looked at */
    int state;         /* enum segment_state */
    uint32_t sequence; /* 0: not blocked, because it is past MPI_Finalize or gone */
    struct segment_wait wait;
};

/* Takes the picture. True: nobody can go on; ranks[n] is then filled. */
bool deadlock_look(struct segment *segment, struct deadlock_rank ranks[]);
/* The same for the members of a test's team: true if each waits in this test, or has ended it. ranks[size] is in the order
 * of the members, and so is whom they wait for. */
bool deadlock_look_at_test(struct segment *segment, uint32_t serial, uint32_t size, const uint32_t members[],
                           struct deadlock_rank ranks[]);
/* Writes the report, several lines that begin with `heading`, cut at `bytes`. */
void deadlock_describe(const char *heading, const struct deadlock_rank ranks[], int n, char *text, size_t bytes);
/* Both; if there is one and nobody was faster, leaves it in the segment as the end of the job and returns true. */
bool deadlock_declare(struct segment *segment);

#endif
