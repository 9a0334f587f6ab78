/* SPDX-License-Identifier: BSD-2-Clause */
/* test_isolated_unit.c: a suite with setup, isolated: one process, until a test ends it; then another, with setup again. */
#include <signal.h>
#include <unistd.h>

#include <mpirun_tests.h>

static int set_up, ran;

static int setup(void **state)
{
    static int value = 42;
    *state = &value;
    return set_up++;
}

static int teardown(void **state)
{
    return **(int **)state == 42 ? 0 : -1;
}

MRT_SUITE(isolated_unit, .isolate = MRT_YES, .setup = setup, .teardown = teardown);

MRT_TEST(passed_first)
{
    assert_int_equal(**(int **)state, 42);
    assert_int_equal(ran++, 0);
}

MRT_TEST(passed_second_in_the_same_process)
{
    assert_int_equal(ran++, 1);
}

MRT_TEST(crashed_third)
{
    raise(SIGKILL);
}

MRT_TEST(passed_fourth_in_a_fresh_process)
{
    assert_int_equal(set_up, 1);
    assert_int_equal(ran++, 0);
}

MRT_TEST(passed_fifth_in_that_one, .np = 2)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    assert_int_equal(ran, rank == 0);
}
