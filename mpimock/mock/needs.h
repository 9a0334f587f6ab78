/* SPDX-License-Identifier: BSD-2-Clause */
/* needs.h: whom a blocked rank waits for, as sets of ranks.
 *
 * A plain call, and MPI_Waitall, wait for each of their peers: they are in `all`. A receive from any source waits for one
 * of its communicator's other members: a set of its own; receives of the same communicator share one. MPI_Waitany and
 * MPI_Waitsome wait for one of all their peers: a single set. So a rank can never go on if somebody in `all` cannot, or
 * nobody in some set can.
 *
 * Of the receives from any source that one MPI_Waitall waits for, those of more than SEGMENT_WAIT_SETS communicators are
 * left out: then a deadlock may be found later than it could, and never where there is none. Sets that are one of several
 * are never cut.
 */
#ifndef MPIMOCK_NEEDS_H
#define MPIMOCK_NEEDS_H

#include "request.h"

static inline bool set_has(const segment_set set, int rank)
{
    return (set[rank / 64] >> (rank % 64) & 1) != 0;
}
static inline void set_add(segment_set set, int rank)
{
    set[rank / 64] |= UINT64_C(1) << (rank % 64);
}
static inline void set_remove(segment_set set, int rank)
{
    set[rank / 64] &= ~(UINT64_C(1) << (rank % 64));
}

/* `any`: it is one of several, of which one is enough. */
void needs_add_rank(struct segment_wait *wait, int world_rank, bool any);
void needs_add_request(struct segment_wait *wait, const struct mock_request *request, bool any);
/* Nothing is known of whom it waits for: it may be anybody. */
void needs_add_everybody(struct segment_wait *wait, bool any);
/* Another thread of this rank waits too: what frees one of them frees the rank. */
void needs_merge(struct segment_wait *wait, const struct segment_wait *other);

#endif
