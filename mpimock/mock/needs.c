/* SPDX-License-Identifier: BSD-2-Clause */
/* needs.c: see needs.h. */
#include "needs.h"

#include <string.h>

#define SET_OF_ANY     UINT64_MAX       /* in set_contexts: not of one communicator */
#define SET_OF_UNKNOWN (UINT64_MAX - 1) /* everybody */

/* The set for such a context, empty when it is new; NULL: there are too many. */
static uint64_t *set_for(struct segment_wait *wait, uint64_t context)
{
    for (uint32_t i = 0; i < wait->sets; i++)
        if (wait->set_contexts[i] == context)
            return wait->one[i];
    if (wait->sets == SEGMENT_WAIT_SETS)
        return NULL;
    wait->set_contexts[wait->sets] = context;
    return wait->one[wait->sets++];
}

void needs_add_rank(struct segment_wait *wait, int world_rank, bool any)
{
    if (world_rank >= 0)
        set_add(any ? set_for(wait, SET_OF_ANY) : wait->all, world_rank);
}

void needs_add_everybody(struct segment_wait *wait, bool any)
{
    uint64_t *set = set_for(wait, any ? SET_OF_ANY : SET_OF_UNKNOWN);
    for (int i = 0; set != NULL && i < mock.size; i++)
        set_add(set, i);
}

void needs_add_request(struct segment_wait *wait, const struct mock_request *request, bool any)
{
    if (request->kind == REQUEST_OTHER) {
        needs_add_everybody(wait, any);
        return;
    }
    if (request->peer != MATCH_ANY) {
        needs_add_rank(wait, request->peer_world, any);
        return;
    }
    const struct mock_comm *comm = request->comm == MPI_COMM_NULL ? NULL : mock_comm(request->comm);
    if (comm == NULL || comm->context != request->context) { /* freed meanwhile */
        needs_add_everybody(wait, any);
        return;
    }
    const struct mock_group *group = comm->remote != NULL ? comm->remote : comm->group;
    uint64_t *set = set_for(wait, any ? SET_OF_ANY : request->context);
    for (int i = 0; set != NULL && i < group->size; i++)
        set_add(set, group->world_ranks[i]);
}

/* Makes it one set: enough that one of all these does something. */
static void loosen(struct segment_wait *wait)
{
    for (int word = 0; word < SEGMENT_NEWS_WORDS; word++) {
        uint64_t bits = wait->all[word];
        for (uint32_t i = 0; i < wait->sets; i++)
            bits |= wait->one[i][word];
        wait->all[word] = 0;
        wait->one[0][word] = bits;
    }
    wait->sets = 1;
    wait->set_contexts[0] = SET_OF_ANY;
}

void needs_merge(struct segment_wait *wait, const struct segment_wait *other)
{
    loosen(wait);
    for (int word = 0; word < SEGMENT_NEWS_WORDS; word++) {
        wait->one[0][word] |= other->all[word];
        for (uint32_t i = 0; i < other->sets; i++)
            wait->one[0][word] |= other->one[i][word];
    }
    wait->meets |= other->meets;
}
