/* SPDX-License-Identifier: BSD-2-Clause */
/* test_lost_in_unit.c: a rank is killed in a test of a suite with fixtures: that test has crashed, those after it run. */
#include <signal.h>
#include <unistd.h>

#include <mpirun_tests.h>

static int setup(void **state)
{
    *state = test_malloc(100);
    return MPI_Barrier(MPI_COMM_WORLD);
}

static int teardown(void **state)
{
    test_free(*state);
    return MPI_Barrier(MPI_COMM_WORLD);
}

MRT_SUITE(lost_in_unit, .np = 3, .timeout = 20.0, .setup = setup, .teardown = teardown);

MRT_TEST(passes_first)
{
    MPI_Barrier(MPI_COMM_WORLD);
}

MRT_TEST(crashes_second)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank == 2)
        kill(getpid(), SIGKILL);
    MPI_Barrier(MPI_COMM_WORLD);
}

MRT_TEST(passes_third, .np = 2)
{
    MPI_Barrier(MPI_COMM_WORLD);
}

MRT_TEST(passes_fourth)
{
    MPI_Barrier(MPI_COMM_WORLD);
}
