/* SPDX-License-Identifier: BSD-2-Clause */
/* test_teardown_fails.c: a suite whose tests pass and whose teardown fails: the run is not one that passed. */
#include <mpirun_tests.h>

static int fail_to_tear_down(void **state)
{
    (void)state;
    print_error("the scratch file is still open\n");
    return -1;
}

MRT_SUITE(teardown_fails, .timeout = 20.0, .teardown = fail_to_tear_down);

MRT_TEST(first_passes)
{
    assert_true(1);
}

MRT_TEST(last_passes_before_the_teardown)
{
    assert_true(1);
}
