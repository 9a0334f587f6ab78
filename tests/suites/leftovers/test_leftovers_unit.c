/* SPDX-License-Identifier: BSD-2-Clause */
/* test_leftovers_unit.c: what a suite's setup changes is for all of its tests, and gone after its teardown; then it is told with
 * the last of its tests. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <mpirun_tests.h>

static pid_t server;

static int begin_elsewhere(void **state)
{
    (void)state;
    setenv("OF_SETUP", "1", 1);
    server = fork();
    if (server == 0)
        for (;;)
            pause();
    return chdir("/");
}

static int end_half(void **state)
{
    (void)state;
    return 0; /* the server runs on, and the folder is another */
}

MRT_SUITE(leftovers_unit, .setup = begin_elsewhere, .teardown = end_half, .timeout = 30.0);

static void all_is_as_setup_left_it(void)
{
    char folder[4096];
    assert_string_equal(getcwd(folder, sizeof folder), "/");
    assert_non_null(getenv("OF_SETUP"));
    assert_int_equal(kill(server, 0), 0);
}

MRT_TEST(passes_in_the_folder_of_setup)
{
    all_is_as_setup_left_it();
}
MRT_TEST(leaves_another_folder, .tags = "working+directory+was+changed+to+/tmp environment+variable+OF_SETUP+was+removed")
{
    all_is_as_setup_left_it();
    unsetenv("OF_SETUP");
    assert_int_equal(chdir("/tmp"), 0);
}
MRT_TEST(leaves_what_setup_left, .tags = "suite+leftovers_unit+left+behind child+process environment+variable+OF_SETUP+was+set working+directory")
{
    all_is_as_setup_left_it();
}
