/* SPDX-License-Identifier: BSD-2-Clause */
/* scheduler_queue.c: see scheduler_queue.h. */
#include "scheduler_queue.h"

#include <assert.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

int queue_init(struct queue *queue, int np, enum queue_kind kind, uint32_t *items, uint32_t count)
{
    uint32_t leaves = 1;
    while (leaves < count)
        leaves *= 2;
    float *tree = malloc(2 * (size_t)leaves * sizeof *tree);
    if (!tree)
        return -ENOMEM;
    for (size_t i = 0; i < 2 * (size_t)leaves; i++)
        tree[i] = INFINITY;
    *queue = (struct queue){
        .np = np, .kind = kind, .items = items, .count = count, .head = QUEUE_NONE, .leaves = leaves, .tree = tree};
    return 0;
}

void queue_finish(struct queue *queue)
{
    free(queue->tree);
    *queue = (struct queue){0};
}

static uint32_t slot_of(const struct queue *queue, uint32_t item)
{
    uint32_t low = 0, high = queue->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (queue->items[middle] < item)
            low = middle + 1;
        else
            high = middle;
    }
    assert(low < queue->count && queue->items[low] == item);
    return low;
}

static void set_leaf(struct queue *queue, uint32_t slot, float value)
{
    float *tree = queue->tree;
    uint32_t node = queue->leaves + slot;
    tree[node] = value;
    while (node > 1) {
        node /= 2;
        float least = fminf(tree[2 * node], tree[2 * node + 1]);
        if (tree[node] == least)
            break;
        tree[node] = least;
    }
}

/* The first slot whose leaf is below the limit. */
static uint32_t first_below(const struct queue *queue, float limit)
{
    uint32_t node = 1;
    if (!(queue->tree[1] < limit))
        return QUEUE_NONE;
    while (node < queue->leaves)
        node = queue->tree[2 * node] < limit ? 2 * node : 2 * node + 1;
    return queue->items[node - queue->leaves];
}

uint32_t queue_first_below(const struct queue *queue, double seconds)
{
    return first_below(queue, seconds > FLT_MAX ? INFINITY : (float)seconds);
}

void queue_put(struct queue *queue, uint32_t item, double seconds)
{
    set_leaf(queue, slot_of(queue, item), seconds > FLT_MAX ? FLT_MAX : (float)seconds);
    queue->waiting++;
    if (item < queue->head)
        queue->head = item;
}

void queue_remove(struct queue *queue, uint32_t item)
{
    set_leaf(queue, slot_of(queue, item), INFINITY);
    queue->waiting--;
    if (item == queue->head)
        queue->head = first_below(queue, INFINITY);
}

bool queue_has(const struct queue *queue, uint32_t item)
{
    return queue->tree[queue->leaves + slot_of(queue, item)] < INFINITY;
}
