/* SPDX-License-Identifier: BSD-2-Clause */
/* scheduler_ranks.c: see scheduler_ranks.h. Nodes with equal numbers of idle ranks are in one list, so that the best
 * node is the first of the first list that is long enough. */
#include "scheduler_ranks.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

static int allocate(struct idle_ranks *idle, int ranks, int nodes)
{
    size_t r = (size_t)ranks, n = (size_t)nodes;
    *idle = (struct idle_ranks){.ranks = ranks, .nodes = nodes};
    int *memory = idle->memory = calloc(3 * r + (n + 1) + n + (r + 1) + 2 * n, sizeof *memory);
    if (!memory || index_set_init(&idle->idle, r) < 0 || index_set_init(&idle->counts, r + 1) < 0) {
        idle_ranks_finish(idle);
        return -ENOMEM;
    }
    idle->node_of = memory;
    idle->place_of = idle->node_of + r;
    idle->rank_at = idle->place_of + r;
    idle->node_first = idle->rank_at + r;
    idle->node_idle = idle->node_first + n + 1;
    idle->list = idle->node_idle + n;
    idle->next = idle->list + r + 1;
    idle->previous = idle->next + n;
    return 0;
}

static void unlist(struct idle_ranks *idle, int node)
{
    int count = idle->node_idle[node], next = idle->next[node], previous = idle->previous[node];
    if (next >= 0)
        idle->previous[next] = previous;
    if (previous >= 0)
        idle->next[previous] = next;
    else
        idle->list[count] = next;
    if (idle->list[count] < 0)
        index_set_remove(&idle->counts, (size_t)count);
}

static void enlist(struct idle_ranks *idle, int node)
{
    int count = idle->node_idle[node], first = idle->list[count];
    idle->next[node] = first;
    idle->previous[node] = -1;
    if (first >= 0)
        idle->previous[first] = node;
    idle->list[count] = node;
    if (count > 0)
        index_set_add(&idle->counts, (size_t)count);
}

static void change_count(struct idle_ranks *idle, int node, int by)
{
    unlist(idle, node);
    idle->node_idle[node] += by;
    idle->count += by;
    enlist(idle, node);
}

int idle_ranks_init(struct idle_ranks *idle, int ranks, const int node_of[])
{
    int nodes = 1;
    for (int rank = 0; node_of && rank < ranks; rank++) {
        assert(node_of[rank] >= 0 && node_of[rank] < ranks);
        if (node_of[rank] >= nodes)
            nodes = node_of[rank] + 1;
    }
    int error = allocate(idle, ranks, nodes);
    if (error)
        return error;
    for (int rank = 0; rank < ranks; rank++) {
        idle->node_of[rank] = node_of ? node_of[rank] : 0;
        idle->node_first[idle->node_of[rank] + 1]++;
    }
    for (int node = 0; node < nodes; node++)
        idle->node_first[node + 1] += idle->node_first[node];
    int *filled = idle->node_idle; /* for a moment: places of each node given away */
    for (int rank = 0; rank < ranks; rank++) {
        int node = idle->node_of[rank], place = idle->node_first[node] + filled[node]++;
        idle->place_of[rank] = place;
        idle->rank_at[place] = rank;
    }
    for (int count = 0; count <= ranks; count++)
        idle->list[count] = -1;
    for (int node = nodes - 1; node >= 0; node--) {
        idle->node_idle[node] = 0;
        enlist(idle, node);
    }
    return 0;
}

void idle_ranks_finish(struct idle_ranks *idle)
{
    index_set_finish(&idle->idle);
    index_set_finish(&idle->counts);
    free(idle->memory);
    *idle = (struct idle_ranks){0};
}

bool idle_ranks_have(const struct idle_ranks *idle, int rank)
{
    return index_set_has(&idle->idle, (size_t)idle->place_of[rank]);
}

void idle_ranks_add(struct idle_ranks *idle, int rank)
{
    index_set_add(&idle->idle, (size_t)idle->place_of[rank]);
    change_count(idle, idle->node_of[rank], 1);
}

void idle_ranks_remove(struct idle_ranks *idle, int rank)
{
    index_set_remove(&idle->idle, (size_t)idle->place_of[rank]);
    change_count(idle, idle->node_of[rank], -1);
}

static int compare_ranks(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* The node to take `size` ranks from, or as many as it has. */
static int best_node(const struct idle_ranks *idle, int size)
{
    size_t count = index_set_next(&idle->counts, (size_t)size);
    if (count == INDEX_SET_NONE)
        count = index_set_last(&idle->counts);
    return idle->list[count];
}

void idle_ranks_take(struct idle_ranks *idle, int size, int members[])
{
    int taken = 0;
    bool ascending = true;
    assert(size <= idle->count);
    while (taken < size) {
        int node = best_node(idle, size - taken);
        int here = idle->node_idle[node] < size - taken ? idle->node_idle[node] : size - taken;
        size_t place = (size_t)idle->node_first[node];
        for (int i = 0; i < here; i++) {
            place = index_set_next(&idle->idle, place);
            index_set_remove(&idle->idle, place);
            members[taken] = idle->rank_at[place];
            ascending &= taken == 0 || members[taken - 1] < members[taken];
            taken++;
        }
        change_count(idle, node, -here);
    }
    if (!ascending)
        qsort(members, (size_t)size, sizeof *members, compare_ranks);
}
