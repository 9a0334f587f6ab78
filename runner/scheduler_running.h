/* SPDX-License-Identifier: BSD-2-Clause */
/* scheduler_running.h: private to the scheduler: the assignments that run, found by number, and when ranks will be
 * free. */
#ifndef MRT_SCHEDULER_RUNNING_H
#define MRT_SCHEDULER_RUNNING_H

#include <stdint.h>

#define RUNNING_NONE UINT32_MAX

struct assignment {
    uint32_t number;     /* 0: this slot is free */
    uint32_t next;       /* slot: in its bucket, or of the next free one */
    uint32_t first_item; /* its items are linked */
    int first_member;    /* its members too */
    int alive;           /* members that are not lost */
    double end;          /* when it is expected to have ended */
    uint32_t heap_place;
};

struct running {
    struct assignment *slots; /* [room] each holds one rank at least */
    uint32_t room, count;
    uint32_t free;     /* first free slot, or RUNNING_NONE */
    uint32_t *buckets; /* [bucket_mask + 1] by number */
    uint32_t bucket_mask;
    uint32_t *heap; /* [count] slots, the earliest end first */
    uint32_t *scan; /* [count + 1] for running_when() */
};

/* 0 or -ENOMEM. */
int running_init(struct running *running, uint32_t room);
void running_finish(struct running *running);
/* Its slot; the caller has filled in the other members of the struct. */
uint32_t running_add(struct running *running, const struct assignment *assignment);
void running_remove(struct running *running, uint32_t slot);
/* A slot, or RUNNING_NONE. */
uint32_t running_find(const struct running *running, uint32_t number);
/* When are `wanted` (at least 1) ranks expected to be free, those first that end first? And how many are then: *freed.
 * INFINITY if so many do not run. */
double running_when(struct running *running, int wanted, int *freed);

#endif
