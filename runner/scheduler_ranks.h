/* SPDX-License-Identifier: BSD-2-Clause */
/* scheduler_ranks.h: private to the scheduler: the idle workers, and which of them become a team.
 *
 * A team goes to one node if one has enough idle ranks, to the one where the fewest stay behind (so that large teams
 * find room later); else to as few nodes as possible, the emptiest first. Its ranks cost a few steps each, whatever the
 * job's size.
 */
#ifndef MRT_SCHEDULER_RANKS_H
#define MRT_SCHEDULER_RANKS_H

#include <stdbool.h>

#include "index_set.h"

struct idle_ranks {
    int ranks, nodes;
    int count;               /* how many are idle */
    int *memory;             /* of all the arrays that follow */
    int *node_of;            /* [ranks] */
    int *place_of;           /* [ranks] a rank's place when they are sorted by node, then by number … */
    int *rank_at;            /* [ranks] … and back */
    int *node_first;         /* [nodes + 1] a node's first place */
    int *node_idle;          /* [nodes] how many of its ranks are idle */
    int *list;               /* [ranks + 1] first node with that many idle ranks, or -1 */
    int *next, *previous;    /* [nodes] in that list; -1 at the ends */
    struct index_set idle;   /* places */
    struct index_set counts; /* numbers of idle ranks, above 0, that some node has */
};

/* node_of NULL: one node; else [ranks] numbers from 0, below `ranks`. 0 or -ENOMEM. All ranks are busy at first. */
int idle_ranks_init(struct idle_ranks *idle, int ranks, const int node_of[]);
void idle_ranks_finish(struct idle_ranks *idle);
bool idle_ranks_have(const struct idle_ranks *idle, int rank);
void idle_ranks_add(struct idle_ranks *idle, int rank);    /* one that is not idle */
void idle_ranks_remove(struct idle_ranks *idle, int rank); /* one that is */
/* Takes `size` ranks (there are so many) out of the set, ascending. */
void idle_ranks_take(struct idle_ranks *idle, int size, int members[]);

#endif
