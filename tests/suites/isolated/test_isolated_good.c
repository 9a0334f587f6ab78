/* SPDX-License-Identifier: BSD-2-Clause */
/* test_isolated_good.c: tests in the ranks' own processes, which the isolated ones do not reach. */
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <mpirun_tests.h>

static int counter; /* of those that this rank has run */

MRT_TEST(passed_alone, .cases = 12)
{
    char folder[4096];
    struct rlimit limit;
    counter++;
    assert_null(getenv("ISOLATED_WAS_HERE"));
    assert_non_null(getcwd(folder, sizeof folder));
    assert_string_not_equal(folder, "/");
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_true(limit.rlim_cur > 0);
}

MRT_TEST(passed_together, .np = 2, .cases = 12)
{
    int rank, sum = 0;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    rank++;
    MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    assert_int_equal(sum, 3);
}
