/* SPDX-License-Identifier: BSD-2-Clause */
/* test_load_unit.c: the same in a suite with fixtures. */
#include <time.h>

#include <mpirun_tests.h>

static int meet(void **state)
{
    (void)state;
    return MPI_Barrier(MPI_COMM_WORLD);
}

MRT_SUITE(load_unit, .np = 2, .timeout = 20.0, .setup = meet, .teardown = meet);

MRT_TEST(two, .cases = 30)
{
    struct timespec time = {.tv_nsec = 3 * 1000 * 1000};
    nanosleep(&time, NULL);
    MPI_Barrier(MPI_COMM_WORLD);
}
