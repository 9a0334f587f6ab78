/* SPDX-License-Identifier: BSD-2-Clause */
/* waiting.h: how a rank waits: it makes progress, spins while cores are free, then sleeps on its doorbell's futex.
 */
#ifndef MPIMOCK_WAITING_H
#define MPIMOCK_WAITING_H

#include "objects.h"
#include "segment.h"

struct waiting {
    bool (*done)(void *argument);                                /* under the lock, after each event */
    void (*describe)(void *argument, struct segment_wait *wait); /* under the lock, before it sleeps */
    void *argument;
    /* NULL, or for a collective's: a rank that it needs is in another call, `what`; returns an error class, with detail. */
    int (*refuse)(void *argument, int peer_world, uint64_t what);
};

/* Returns when done() is true: MPI_SUCCESS, or refuse()'s error, or MPI_ERR_NO_MEM if a message found no memory meanwhile. Under the lock,
 * which is given up while it spins or sleeps, however deep it is. */
int mock_wait_until(const struct waiting *waiting);

/* After a test that was in vain: lets another rank run if there are more than cores. Not under the lock. */
void mock_yield(void);

/* Threads of this process that are in mock_wait_until, but for one that is in the hook. */
int waiting_threads(void);

#endif
