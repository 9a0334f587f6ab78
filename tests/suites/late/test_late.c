/* SPDX-License-Identifier: BSD-2-Clause */
/* test_late.c: tests that never end by themselves. Not run by default: tests/system/timeouts.sh names this suite on the command
 * line.
 *
 * Each test's name says how it must be reported: times_out_…, passes_…; hidden_… ones cannot be unwound, and cost their rank.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <mpirun_tests.h>

MRT_SUITE(late, .timeout = 0.5);

static volatile int never;

static int own_rank(void)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank;
}

__attribute__((noinline)) static void compute(void)
{
    while (!never)
        continue;
}

__attribute__((noinline)) static void allocate(void)
{
    while (!never)
        free(malloc(1 + (size_t)rand() % 4000));
}

MRT_TEST(times_out_in_a_loop)
{
    compute();
}

MRT_TEST(times_out_in_malloc)
{
    allocate();
}

MRT_TEST(times_out_asleep)
{
    sleep(1000);
}

MRT_TEST(times_out_in_pause)
{
    pause();
}

MRT_TEST(times_out_while_it_prints)
{
    while (!never)
        printf("line\n");
}

MRT_TEST(times_out_in_a_lock)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock);
    pthread_mutex_lock(&lock);
}

MRT_TEST(times_out_in_a_pipe)
{
    int ends[2];
    char byte;
    assert_int_equal(pipe(ends), 0);
    if (read(ends[0], &byte, 1) < 0)
        fail();
}

MRT_TEST(passes_in_between, .np = 2)
{
    MPI_Barrier(MPI_COMM_WORLD);
}

MRT_TEST(times_out_in_the_odd_one, .np = 3)
{
    int sum, one = 1;
    if (own_rank() == 1)
        compute();
    MPI_Allreduce(&one, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
}

MRT_TEST(times_out_in_a_receive, .np = 2)
{
    int value;
    if (own_rank() == 1)
        compute();
    MPI_Recv(&value, 1, MPI_INT, 1, 7, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

MRT_TEST(times_out_while_it_asks, .np = 2)
{
    int value, done = 0;
    MPI_Request request;
    if (own_rank() == 1)
        compute();
    MPI_Irecv(&value, 1, MPI_INT, 1, 7, MPI_COMM_WORLD, &request);
    while (!done)
        MPI_Test(&request, &done, MPI_STATUS_IGNORE);
}

MRT_TEST(passes_after_them, .np = 3)
{
    int sum = 0, one = 1;
    MPI_Allreduce(&one, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    assert_int_equal(sum, 3);
}

MRT_TEST(passes_though_it_is_long, .timeout = MRT_TIMEOUT_NONE)
{
    usleep(800 * 1000);
}

/* ---- What cannot be unwound ---- */

MRT_TEST(hidden_behind_blocked_signals)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    compute();
}

MRT_TEST(hidden_in_a_stopped_process)
{
    kill(getpid(), SIGSTOP);
}
