/* SPDX-License-Identifier: BSD-2-Clause */
/* test_setup_fails.c: a suite whose setup fails. Its tests are errors, not failures, and none of them runs. */
#include <mpirun_tests.h>

static int fail_to_set_up(void **state)
{
    (void)state;
    print_error("the data base is not there\n");
    return -1;
}

MRT_SUITE(setup_fails, .timeout = 20.0, .setup = fail_to_set_up);

MRT_TEST(is_an_error)
{
    print_message("this line must not appear\n");
}

MRT_TEST(is_an_error_too, .np = 2)
{
    print_message("this line must not appear\n");
}
