/* SPDX-License-Identifier: BSD-2-Clause */
/* test_lost_in_setup.c: a rank is killed in the setup of its suite, once: the first test has crashed, the others run. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <mpirun_tests.h>

static int setup(void **state)
{
    int rank;
    (void)state;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank == 1 && unlink(getenv("LOST_ONCE") ? getenv("LOST_ONCE") : "") == 0)
        kill(getpid(), SIGKILL);
    MPI_Barrier(MPI_COMM_WORLD);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return MPI_Barrier(MPI_COMM_WORLD);
}

MRT_SUITE(lost_in_setup, .np = 2, .timeout = 20.0, .setup = setup, .teardown = teardown);

MRT_TEST(crashes_first)
{
    MPI_Barrier(MPI_COMM_WORLD);
}

MRT_TEST(passes_second)
{
    MPI_Barrier(MPI_COMM_WORLD);
}

MRT_TEST(passes_third, .np = 1)
{
}
