/* SPDX-License-Identifier: BSD-2-Clause */
/* test_late_fixtures.c: a setup that never ends is the error of its suite's tests. */
#include <unistd.h>

#include <mpirun_tests.h>

static int setup(void **state)
{
    (void)state;
    for (;;)
        pause();
    return 0;
}

MRT_SUITE(late_setup, .timeout = 0.5, .setup = setup);

MRT_TEST(never_begins)
{
}
