/* SPDX-License-Identifier: BSD-2-Clause */
/* scheduler_private.h: the state of the scheduler, shared by the files scheduler*.c.
 *
 *     scheduler.c          events and decisions
 *     scheduler_items.c    items: made from tests, put into queues, their expectations
 *     scheduler_check.c    the invariants
 *     scheduler_queue.c    items that wait      (knows nothing of the rest)
 *     scheduler_ranks.c    ranks that are idle  (likewise)
 *     scheduler_running.c  assignments that run (likewise)
 */
#ifndef MRT_SCHEDULER_PRIVATE_H
#define MRT_SCHEDULER_PRIVATE_H

#include "scheduler.h"
#include "scheduler_queue.h"
#include "scheduler_ranks.h"
#include "scheduler_running.h"

#define SCHEDULER_ALL (-1) /* np: every rank of the run */

enum test_state {
    TEST_WAITING, /* its item is in a queue, or it is about to be skipped */
    TEST_RUNNING, /* its item is in an assignment */
    TEST_HELD,    /* it will run again, when nothing waits any more */
    TEST_ENDED    /* or skipped */
};

struct test {
    int np;
    uint32_t item;
    float expected; /* seconds; < 0: unknown */
    uint8_t state;  /* enum test_state */
};

/* Items are numbered in the order in which they are to run. */
struct item {
    uint32_t first, count; /* its tests; 1 unless it is a unit */
    int unit;              /* as given, or -1 */
    uint32_t waiting;      /* those of them that wait */
    uint32_t unknown;      /* those of them without an expectation */
    float known;           /* seconds that the others of them are expected to last together */
    int np;                /* the largest size of them, SCHEDULER_ALL above any number … */
    int largest_number;    /* … and the largest that is a number, or 0: a unit may have both */
    int priority;          /* the most urgent of all its tests */
    uint32_t next;         /* in its assignment, or among the held; or RUNNING_NONE */
    bool runs, again;      /* it is in an assignment; it will be held when that has ended */
    uint32_t queue;        /* where it waits, or waited last; QUEUE_NONE at first */
};

enum rank_state { RANK_AWAY, RANK_IDLE, RANK_BUSY, RANK_LOST };

struct rank {
    uint8_t state;       /* enum rank_state; of rank 0: idle or busy, and never in `idle` */
    int next;            /* member of its assignment, or -1 */
    uint32_t assignment; /* slot, while busy (and for a lost one until its assignment ends) */
};

struct scheduler {
    struct scheduler_config config; /* node_of is not kept here */
    struct rank *ranks;             /* [config.ranks] */
    struct idle_ranks idle;         /* workers */
    int alive;                      /* ranks that are not lost, rank 0 included */
    int away;                       /* workers that were never ready */

    struct test *tests;
    size_t test_count, waiting; /* `waiting` tests wait */
    struct item *items;
    uint32_t item_count;
    struct queue *queues; /* [queue_count] by size, then kind; a queue for each pair that some item may need */
    uint32_t queue_count;
    uint32_t *slots;  /* of all queues */
    struct pace pace; /* of all tests */

    struct running running;
    uint32_t numbers; /* assignments so far */

    /* The first item in order, where it must wait for ranks: they are kept for it. Until `reserved_until` it is not
     * delayed by items that are expected to have ended then; nor by items on `spare` ranks, which it will not need.
     * Fixed once for an item: later ones cannot put it off again and again, and gathering a large team costs one look
     * at the expected ends, not one for each rank that becomes idle. */
    uint32_t reserved; /* item, or QUEUE_NONE */
    double reserved_until;
    int spare;

    uint32_t held; /* the first item of those that are held, or RUNNING_NONE */

    bool stopped;
    bool misfits; /* there may be tests that need more ranks than there are */
    int ranks_wanted;

    int *members;    /* [config.ranks] of the last action */
    size_t *chosen;  /* tests of the last action: as many as the largest unit or batch has */
    char reason[96]; /* likewise */
};

/* Makes items, queues and slots of the tests. 0 or -ENOMEM; what was made is freed by items_finish() in any case. */
int items_init(struct scheduler *scheduler, const struct scheduler_test tests[], size_t count);
void items_finish(struct scheduler *scheduler);
/* Counts anew what of the item waits, and puts it into the queue that it belongs to, or into none. */
void items_update(struct scheduler *scheduler, uint32_t item);
/* Takes a waiting item out of its queue. Its tests run now. */
void items_start(struct scheduler *scheduler, uint32_t item);
/* Seconds that what waits of the item is expected to last; INFINITY if nobody knows. */
double items_estimate(const struct scheduler *scheduler, uint32_t item);
/* A test of the item took that long. */
void items_learn(struct scheduler *scheduler, uint32_t item, double seconds);
/* Tests of the largest unit. */
size_t items_largest(const struct scheduler *scheduler);

#endif
