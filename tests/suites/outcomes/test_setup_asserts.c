/* SPDX-License-Identifier: BSD-2-Clause */
/* test_setup_asserts.c: a suite whose setup fails by an assertion: errors, as in test_setup_fails.c. */
#include <mpirun_tests.h>

static int assert_in_setup(void **state)
{
    (void)state;
    assert_int_equal(1, 2);
    return 0;
}

MRT_SUITE(setup_asserts, .timeout = 20.0, .setup = assert_in_setup);

MRT_TEST(is_an_error)
{
    print_message("this line must not appear\n");
}
