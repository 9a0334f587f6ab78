/* SPDX-License-Identifier: BSD-2-Clause */
/* scheduler_queue.h: private to the scheduler: items that wait, of one size and kind, in order.
 *
 * An item is a number: its place in the order of all items. A queue has a fixed slot for each item that may ever wait
 * in it; above the slots is a tree of minima, so that the first item expected to last no longer than a limit is found
 * in logarithmic time, and an item can leave from the middle and come back to its place.
 */
#ifndef MRT_SCHEDULER_QUEUE_H
#define MRT_SCHEDULER_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUEUE_NONE UINT32_MAX

enum queue_kind {
    QUEUE_KNOWN,   /* single tests with an expectation */
    QUEUE_UNKNOWN, /* single tests without */
    QUEUE_UNIT,    /* units */
    QUEUE_KIND_COUNT
};

/* A running mean of seconds; after 64 tests it follows the latest. */
struct pace {
    uint64_t count;
    double mean;
};

struct queue {
    int np; /* of its items, or SCHEDULER_ALL */
    enum queue_kind kind;
    uint32_t *items; /* [count] ascending */
    uint32_t count;
    uint32_t waiting; /* how many are in the queue now */
    uint32_t head;    /* first item that waits, or QUEUE_NONE */
    uint32_t leaves;  /* a power of two, at least count */
    float *tree;      /* [2 * leaves] 1 is the root, i has the children 2i and 2i + 1; a leaf is its item's expectation
                         (or less), or INFINITY where the item does not wait */
    struct pace pace; /* of its tests that ended */
};

/* For slots of `count` items; `items` stays the caller's until queue_finish(). None waits at first. 0 or -ENOMEM. */
int queue_init(struct queue *queue, int np, enum queue_kind kind, uint32_t *items, uint32_t count);
void queue_finish(struct queue *queue);
/* An item that has a slot: comes, with what it is expected to last, or leaves. */
void queue_put(struct queue *queue, uint32_t item, double seconds);
void queue_remove(struct queue *queue, uint32_t item);
bool queue_has(const struct queue *queue, uint32_t item);
/* The first item expected to last less than `seconds`, or QUEUE_NONE. */
uint32_t queue_first_below(const struct queue *queue, double seconds);

#endif
