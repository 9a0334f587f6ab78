/* SPDX-License-Identifier: BSD-2-Clause */
/* test_given_up.c: tests that cost their rank, because they cannot be left: on the mock another process takes its place. Names as
 * in test_endings.c. */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include <mpirun_tests.h>

#include "endings.h"

MRT_SUITE(given_up, .timeout = 20.0);

static int own_rank(void)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank;
}

static void corrupt_the_heap(void)
{
    char *volatile memory = malloc(2000), *volatile inside = memory + 16;
    free(inside);
}

MRT_TEST(crashes_by_a_corrupt_heap)
{
    corrupt_the_heap();
}

MRT_TEST(crashes_by_a_bad_buffer)
{
    char bytes[64] = "", *volatile nowhere = (char *)0x1000;
    MPI_Sendrecv(bytes, 64, MPI_CHAR, 0, 0, nowhere, 64, MPI_CHAR, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

static void *overflow(void *unused)
{
    overflow_the_stack();
    return unused;
}

MRT_TEST(crashes_by_a_stack_overflow_of_a_thread)
{
    pthread_t thread;
    pthread_create(&thread, NULL, overflow, NULL);
    pthread_join(thread, NULL);
}

MRT_TEST(crashes_by_kill)
{
    raise(SIGKILL);
}

MRT_TEST(crashes_on_one_rank_of_three, .np = 3)
{
    if (own_rank() == 1)
        corrupt_the_heap();
    MPI_Barrier(MPI_COMM_WORLD);
}

MRT_TEST(passes_after_them, .np = 3)
{
    int rank = own_rank(), sum = 0;
    MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    assert_int_equal(sum, 3);
}

MRT_TEST(passes_by_its_corrupt_heap, .np = 2, .expect = MRT_SIGNALS(SIGABRT))
{
    if (own_rank() == 1)
        corrupt_the_heap();
    MPI_Barrier(MPI_COMM_WORLD);
}

MRT_TEST(passes_by_kill, .expect = MRT_SIGNALS(SIGKILL))
{
    raise(SIGKILL);
}

MRT_TEST(fails_as_it_is_killed, .expect = MRT_EXITS(1))
{
    kill(getpid(), SIGKILL);
}

MRT_TEST(passes_last, .np = 3, .priority = 1000)
{
    MPI_Barrier(MPI_COMM_WORLD);
}
