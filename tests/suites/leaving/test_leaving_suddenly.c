/* SPDX-License-Identifier: BSD-2-Clause */
/* test_leaving_suddenly.c: one rank crashes or exits while its team-mates wait for it; a thread of a rank waits in MPI while its
 * test is left. Names as in test_leaving.c. */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include <mpirun_tests.h>

MRT_SUITE(leaving_suddenly, .timeout = 20.0);

static int own_rank(void)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank;
}

static void receive_from(int rank, int tag)
{
    int value;
    MPI_Recv(&value, 1, MPI_INT, rank, tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

static void write_to_nowhere(void)
{
    volatile int *volatile nowhere = (volatile int *)0x10UL;
    *nowhere = 1;
}

MRT_TEST(crashes_while_others_are_in_a_barrier, .np = 4)
{
    if (own_rank() == 2)
        write_to_nowhere();
    MPI_Barrier(MPI_COMM_WORLD);
}

MRT_TEST(crashes_by_exit_while_a_rank_receives, .np = 2)
{
    if (own_rank() == 1)
        exit(0);
    receive_from(1, 0);
}

MRT_TEST(passes_after_those, .np = 4)
{
    MPI_Barrier(MPI_COMM_WORLD);
}

MRT_TEST(passes_as_one_rank_crashes_as_expected, .np = 3, .expect = MRT_SIGNALS(SIGSEGV))
{
    if (own_rank() == 1)
        write_to_nowhere();
    MPI_Barrier(MPI_COMM_WORLD);
}

MRT_TEST(passes_as_all_ranks_exit_as_expected, .np = 3, .expect = MRT_EXITS(7))
{
    exit(7);
}

MRT_TEST(fails_as_no_rank_aborts, .np = 2, .expect = MRT_ABORTS(1))
{
    MPI_Barrier(MPI_COMM_WORLD);
}

/* An alarm comes while the rank waits in MPI. */
MRT_TEST(crashes_by_a_signal_in_a_receive, .np = 2)
{
    if (own_rank() == 0) {
        ualarm(20000, 0);
        receive_from(1, 0);
    }
    for (int found = 0; !found;) /* it is no deadlock */
        MPI_Iprobe(0, 0, MPI_COMM_WORLD, &found, MPI_STATUS_IGNORE);
}

static void *receive_in_a_thread(void *unused)
{
    receive_from(1, 5);
    return unused;
}

/* The thread's receive can never complete; the next test on this rank must not find it waiting. */
MRT_TEST(fails_while_a_thread_receives, .np = 2)
{
    pthread_t thread;
    if (own_rank() == 0)
        pthread_create(&thread, NULL, receive_in_a_thread, NULL);
    else
        usleep(20000); /* so that the thread is in its receive, or not yet: either must do */
    MPI_Barrier(MPI_COMM_WORLD);
    fail_msg("while a thread receives");
}

MRT_TEST(deadlocks_after_it, .np = 2)
{
    receive_from(1 - own_rank(), 0);
}

MRT_TEST(passes_at_last, .np = 4, .priority = 999)
{
    int rank = own_rank(), sum = 0;
    MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    assert_int_equal(sum, 6);
}
