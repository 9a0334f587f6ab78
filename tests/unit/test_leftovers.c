/* SPDX-License-Identifier: BSD-2-Clause */
/* test_leftovers.c: looks after steps find what was changed, put it back, and say so once; costly looks are rationed. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../runner/leftovers.h"

static struct text told;

static const char *look_after(double seconds)
{
    text_clear(&told);
    leftovers_stop_timers(&told);
    leftovers_check(seconds, true, &told);
    return text_string(&told);
}

static int begin(void **state)
{
    (void)state;
    int error = leftovers_begin();
    look_after(1); /* what cmocka and this test have done so far */
    return error;
}

static int end(void **state)
{
    (void)state;
    leftovers_end();
    text_finish(&told);
    return 0;
}

static void nothing_left_is_nothing_told(void **state)
{
    (void)state;
    assert_string_equal(look_after(1), "");
    assert_string_equal(look_after(0), "");
}

static void each_change_is_put_back_and_told_once(void **state)
{
    (void)state;
    char before[4096], after[4096];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir("/"), 0);
    mode_t mask = umask(0123);
    setenv("TEST_LEFTOVERS", "x", 1);
    signal(SIGUSR1, SIG_IGN);
    alarm(1000);
    const char *text = look_after(1);
    assert_non_null(strstr(text, "the working directory was changed to /"));
    assert_non_null(strstr(text, "to 123"));
    assert_non_null(strstr(text, "the environment variable TEST_LEFTOVERS was set"));
    assert_non_null(strstr(text, "the handler of SIGUSR1 was changed"));
    assert_non_null(strstr(text, "alarm()"));
    assert_string_equal(look_after(1), "");
    assert_string_equal(getcwd(after, sizeof after), before);
    assert_int_equal(umask(mask), mask);
    assert_null(getenv("TEST_LEFTOVERS"));
    assert_int_equal(alarm(0), 0);
}

static void a_child_process_is_ended_and_named(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0)
        for (;;)
            pause();
    const char *text = look_after(1);
    assert_non_null(strstr(text, "a child process was left running ("));
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    assert_string_equal(look_after(1), "");
}

static void a_closed_or_redirected_stream_is_as_before(void **state)
{
    (void)state;
    struct stat before, after;
    assert_int_equal(fstat(2, &before), 0);
    int file = open("/dev/zero", O_WRONLY);
    dup2(file, 2);
    close(file);
    const char *text = look_after(1);
    assert_non_null(strstr(text, "standard error was redirected"));
    assert_int_equal(fstat(2, &after), 0);
    assert_true(before.st_ino == after.st_ino && before.st_dev == after.st_dev);
    close(2);
    assert_non_null(strstr(look_after(0), "standard error was closed")); /* a thrifty look sees that too */
    assert_int_equal(fstat(2, &after), 0);
    assert_true(before.st_ino == after.st_ino && before.st_dev == after.st_dev);
}

static void a_descriptor_left_open_is_told_once_and_stays(void **state)
{
    (void)state;
    int file = open("/dev/zero", O_RDONLY);
    assert_non_null(strstr(look_after(0), "/dev/zero"));
    assert_string_equal(look_after(1), "");
    assert_true(fcntl(file, F_GETFD) >= 0);
    close(file);
    assert_non_null(strstr(look_after(1), "which it did not open, was closed"));
}

static void within_a_unit_other_things_are_as_they_should_be(void **state)
{
    (void)state;
    char folder[4096], before[4096];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir("/"), 0);
    leftovers_enter();
    assert_string_equal(look_after(1), "");
    assert_int_equal(chdir("/tmp"), 0);
    assert_non_null(strstr(look_after(1), "changed to /tmp"));
    assert_string_equal(getcwd(folder, sizeof folder), "/");
    leftovers_leave();
    assert_non_null(strstr(look_after(1), "changed to /"));
    assert_string_equal(getcwd(folder, sizeof folder), before);
}

/* After steps of no time what only the thorough look sees is found late, and by whom is left open. */
static void costly_looks_are_rationed(void **state)
{
    (void)state;
    struct rlimit limit;
    look_after(1);
    for (int i = 0; i < 100; i++)
        assert_string_equal(look_after(0), "");
    assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
    limit.rlim_cur = limit.rlim_cur == 0 ? limit.rlim_max : 0;
    if (limit.rlim_max == 0 || setrlimit(RLIMIT_CORE, &limit) != 0)
        skip();
    assert_string_equal(look_after(0), "");
    const char *text = look_after(1);
    assert_non_null(strstr(text, "RLIMIT_CORE was changed (by this test, or by one of the "));
    assert_string_equal(look_after(1), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_left_is_nothing_told),
        cmocka_unit_test(each_change_is_put_back_and_told_once),
        cmocka_unit_test(a_child_process_is_ended_and_named),
        cmocka_unit_test(a_closed_or_redirected_stream_is_as_before),
        cmocka_unit_test(a_descriptor_left_open_is_told_once_and_stays),
        cmocka_unit_test(within_a_unit_other_things_are_as_they_should_be),
        cmocka_unit_test(costly_looks_are_rationed),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
