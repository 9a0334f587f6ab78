/* SPDX-License-Identifier: BSD-2-Clause */
/* test_death.c: death tests: what is expected to end badly, and does, or does not. */
#include "hostile.h"

#include <signal.h>
#include <stdlib.h>

MRT_SUITE(death, .timeout = 20.0);

static int *volatile nowhere;

MRT_TEST(signals, .expect = MRT_SIGNALS(SIGSEGV))
{
    *nowhere = 1;
}

MRT_TEST(exits, .np = 2, .expect = MRT_EXITS(1))
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank == 1)
        exit(1);
    MPI_Barrier(MPI_COMM_WORLD);
}

MRT_TEST(aborts, .np = 3, .expect = MRT_ABORTS(3))
{
    MPI_Abort(MPI_COMM_WORLD, 3);
}

MRT_TEST(fails, .expect = MRT_FAILS)
{
    fail_msg("as it should");
}

MRT_TEST(does_not_die, .expect = MRT_ABORTS(3))
{
}

MRT_TEST(dies_otherwise, .expect = MRT_EXITS(0))
{
    exit(2);
}

GOOD(3, death_tests)
