/* SPDX-License-Identifier: BSD-2-Clause */
/* test_deadly.c: hostile tests that can cost the rank on which they run: nothing that unwinds a stack is safe there. On the
 * mock the rank is replaced; under a recoverable launcher the run goes on without it. What must come of each stands in
 * `expected`.
 */
#include "hostile.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

MRT_SUITE(deadly, .timeout = 2.0);

static int own_rank(void)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank;
}

static void block_signals(void)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
}

MRT_TEST(kills_itself)
{
    raise(SIGKILL);
}

GOOD(1, a_kill)

MRT_TEST(kills_itself_while_others_wait, .np = 2)
{
    if (own_rank() == 1)
        raise(SIGKILL);
    MPI_Barrier(MPI_COMM_WORLD);
}

GOOD(2, a_kill)

MRT_TEST(corrupts_the_heap)
{
    char *volatile block = malloc(24);
    free(block);
    free(block); /* the C library sees it, and calls abort() from inside its allocator */
}

GOOD(1, a_corrupt_heap)

MRT_TEST(computes_with_signals_blocked, .timeout = 0.5)
{
    block_signals();
    for (volatile unsigned i = 0;; i++)
        ;
}

GOOD(1, blocked_signals)

MRT_TEST(stops_itself, .timeout = 0.5)
{
    raise(SIGSTOP);
    for (;;)
        pause();
}

GOOD(1, a_stop)
