/* SPDX-License-Identifier: BSD-2-Clause */
/* test_without_suite.c: a file without MRT_SUITE: its suite is named for the file, its tests run on one rank. In strict
 * C, as test_pedantic.c. */
#include <mpirun_tests.h>

MRT_TEST(runs_on_one_rank)
{
    int size = 0;
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    assert_int_equal(size, 1);
}
