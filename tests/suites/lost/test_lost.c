/* SPDX-License-Identifier: BSD-2-Clause */
/* test_lost.c: tests whose processes are killed. Not run by default: tests/system/lost.sh names this suite on the command line.
 *
 * Each test's name says how it must be reported: crashes_…, passes_….
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <mpirun_tests.h>

MRT_SUITE(lost, .timeout = 20.0);

static int own_rank(void)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank;
}

static void die(void)
{
    kill(getpid(), SIGKILL);
}

static void all_is_well(void)
{
    int rank, size, sum = 0, value = -1;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Sendrecv(&rank, 1, MPI_INT, (rank + 1) % size, 0, &value, 1, MPI_INT, (rank + size - 1) % size, 0, MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE);
    assert_int_equal(value, (rank + size - 1) % size);
    MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    assert_int_equal(sum, size * (size - 1) / 2);
}

MRT_TEST(crashes_alone)
{
    printf("last words\n");
    die();
}

MRT_TEST(passes_in_between, .np = 2, .cases = 5)
{
    all_is_well();
}

MRT_TEST(crashes_while_others_wait, .np = 3)
{
    if (own_rank() == 1)
        die();
    MPI_Barrier(MPI_COMM_WORLD);
}

MRT_TEST(crashes_at_the_end, .np = 2)
{
    MPI_Barrier(MPI_COMM_WORLD);
    if (own_rank() == 1)
        die();
}

MRT_TEST(passes_after_them, .np = 3, .cases = 5)
{
    all_is_well();
}

MRT_TEST(passes_alone, .cases = 20)
{
    all_is_well();
}
