/* SPDX-License-Identifier: BSD-2-Clause */
/* test_isolated_setup.c: a suite whose setup ends its process. */
#include <signal.h>

#include <mpirun_tests.h>

static int setup(void **state)
{
    (void)state;
    return raise(SIGKILL);
}

MRT_SUITE(isolated_setup, .setup = setup);

MRT_TEST(error_of_setup, .isolate = MRT_YES)
{
}

MRT_TEST(error_of_setup_too)
{
}
