/* SPDX-License-Identifier: BSD-2-Clause */
/* test_load.c: many good tests, of one rank to three, for those who kill ranks meanwhile (tests/system/kill.sh). */
#include <time.h>

#include <mpirun_tests.h>


static void take_a_while(void)
{
    int one = 1, sum = 0, size;
    struct timespec time = {.tv_nsec = 2 * 1000 * 1000}; /* so that there is something to interrupt */
    nanosleep(&time, NULL);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Allreduce(&one, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    assert_int_equal(sum, size);
    nanosleep(&time, NULL);
}

MRT_SUITE(load, .timeout = 20.0);

MRT_TEST(one, .cases = 80)
{
    take_a_while();
}

MRT_TEST(two, .np = 2, .cases = 60)
{
    take_a_while();
}

MRT_TEST(three, .np = 3, .cases = 40)
{
    take_a_while();
}
