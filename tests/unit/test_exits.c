/* SPDX-License-Identifier: BSD-2-Clause */
/* test_exits.c: a function that ends the process ends the test instead, with its name, its status and a backtrace; but really ends
 * a process that the test forked, and every process outside of tests. */
#undef NDEBUG
#include <assert.h>
#include <err.h>
#include <error.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "steps.h"

static volatile int sink;
static int handlers_run;

/* ---- Steps ---- */

static void exits_with_0(void **state)
{
    (void)state;
    printf("before");
    exit(0);
}

static void exits_with_3(void **state)
{
    (void)state;
    exit(3);
}

static void exits_at_once(void **state)
{
    (void)state;
    _exit(4);
}

static void exits_at_once_by_c99(void **state)
{
    (void)state;
    _Exit(5);
}

static void exits_quickly(void **state)
{
    (void)state;
    quick_exit(6);
}

static void ends_its_thread(void **state)
{
    (void)state;
    pthread_exit(NULL);
}

static void aborts(void **state)
{
    (void)state;
    abort();
}

static void asserts(void **state)
{
    (void)state;
    assert(sink == 17);
}

static void gives_an_error_message(void **state)
{
    (void)state;
    errx(9, "cannot open %s", "it");
}

static void gives_an_error_message_of_gnu(void **state)
{
    (void)state;
    error(10, 0, "cannot read");
}

static volatile sig_atomic_t handled;
static void note_abort(int number)
{
    handled = number;
}

static void aborts_with_a_handler(void **state)
{
    (void)state;
    signal(SIGABRT, note_abort);
    abort();
}

static void *exits(void *unused)
{
    exit(11);
    return unused;
}

static void another_thread_exits(void **state)
{
    (void)state;
    pthread_t thread;
    pthread_create(&thread, NULL, exits, NULL);
    pthread_join(thread, NULL);
}

static void *fails_in_a_thread(void *unused)
{
    assert_int_equal(4, 5);
    return unused;
}

static void another_thread_fails(void **state)
{
    (void)state;
    pthread_t thread;
    pthread_create(&thread, NULL, fails_in_a_thread, NULL);
    pthread_join(thread, NULL);
}

static void *skips_in_a_thread(void *unused)
{
    mrt_skip("the thread does not want");
    return unused;
}

static void another_thread_skips(void **state)
{
    (void)state;
    pthread_t thread;
    pthread_create(&thread, NULL, skips_in_a_thread, NULL);
    pthread_join(thread, NULL);
}

static void *sends_to_nobody(void *unused)
{
    int value = 0;
    MPI_Send(&value, 1, MPI_INT, 9, 0, MPI_COMM_SELF);
    return unused;
}

static void another_thread_has_an_mpi_error(void **state)
{
    (void)state;
    pthread_t thread;
    pthread_create(&thread, NULL, sends_to_nobody, NULL);
    pthread_join(thread, NULL);
}

static void *aborts_mpi(void *unused)
{
    MPI_Abort(MPI_COMM_SELF, 13);
    return unused;
}

static void another_thread_aborts(void **state)
{
    (void)state;
    pthread_t thread;
    pthread_create(&thread, NULL, aborts_mpi, NULL);
    pthread_join(thread, NULL);
}

static void *ends_itself(void *unused)
{
    pthread_exit(unused);
}

static void threads_may_end_themselves(void **state)
{
    (void)state;
    pthread_t thread;
    void *result = NULL;
    pthread_create(&thread, NULL, ends_itself, (void *)&handlers_run);
    pthread_join(thread, &result);
    assert_ptr_equal(result, &handlers_run);
}

static void count_handler(void)
{
    handlers_run++;
}

static int status_of(pid_t child)
{
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void children_really_exit(void **state)
{
    (void)state;
    atexit(count_handler);
#ifdef __SANITIZE_ADDRESS__
    static const int ways = 4; /* it turns a fault into an exit */
#else
    static const int ways = 5;
#endif
    for (int way = 0; way < ways; way++) {
        pid_t child = fork();
        if (child == 0) {
            switch (way) {
            case 0: exit(20);
            case 1: _exit(21);
            case 2: quick_exit(22);
            case 3: abort();
            default: raise(SIGSEGV);
            }
        }
        int status = status_of(child);
        if (way < 3)
            assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 20 + way);
        else
            assert_true(WIFSIGNALED(status) && WTERMSIG(status) == (way == 3 ? SIGABRT : SIGSEGV));
    }
    pid_t child = vfork();
    if (child == 0)
        _exit(25);
    assert_int_equal(WEXITSTATUS(status_of(child)), 25);
    assert_int_equal(WEXITSTATUS(system("exit 26")), 26);
    assert_int_equal(handlers_run, 0);
}

static pid_t stray;
static void a_child_returns(void **state)
{
    (void)state;
    stray = fork();
    if (stray == 0)
        return;
    assert_int_equal(status_of(stray), 0);
}

static void a_child_fails(void **state)
{
    (void)state;
    stray = fork();
    if (stray == 0)
        assert_true(0);
    int status = status_of(stray);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

static void a_child_aborts_mpi(void **state)
{
    (void)state;
    stray = fork();
    if (stray == 0)
        mrt_skip("in the child");
    assert_int_equal(WEXITSTATUS(status_of(stray)), 1);
}

static int exits_in_fixture(void **state)
{
    (void)state;
    exit(12);
}

static void passes(void **state)
{
    (void)state;
}

enum { EXIT_0, EXIT_3, AT_ONCE, C99, QUICK, THREADS_OWN, ABORT, ASSERT, ERR, ERROR, ABORT_HANDLED, OTHER_THREAD, THREAD_FAILS, THREAD_SKIPS, THREAD_MPI, THREAD_ABORTS,
       THREADS, CHILDREN,
       RETURNS, FAILS, SKIPS, SETUP, TEARDOWN, AGAIN, LAST, STEP_COUNT };

static const struct {
    CMUnitTestFunction function;
    CMFixtureFunction setup, teardown;
} steps[STEP_COUNT] = {
    [EXIT_0] = {exits_with_0, NULL, NULL},
    [EXIT_3] = {exits_with_3, NULL, NULL},
    [AT_ONCE] = {exits_at_once, NULL, NULL},
    [C99] = {exits_at_once_by_c99, NULL, NULL},
    [QUICK] = {exits_quickly, NULL, NULL},
    [THREADS_OWN] = {ends_its_thread, NULL, NULL},
    [ABORT] = {aborts, NULL, NULL},
    [ASSERT] = {asserts, NULL, NULL},
    [ERR] = {gives_an_error_message, NULL, NULL},
    [ERROR] = {gives_an_error_message_of_gnu, NULL, NULL},
    [ABORT_HANDLED] = {aborts_with_a_handler, NULL, NULL},
    [OTHER_THREAD] = {another_thread_exits, NULL, NULL},
    [THREAD_FAILS] = {another_thread_fails, NULL, NULL},
    [THREAD_SKIPS] = {another_thread_skips, NULL, NULL},
    [THREAD_MPI] = {another_thread_has_an_mpi_error, NULL, NULL},
    [THREAD_ABORTS] = {another_thread_aborts, NULL, NULL},
    [THREADS] = {threads_may_end_themselves, NULL, NULL},
    [CHILDREN] = {children_really_exit, NULL, NULL},
    [RETURNS] = {a_child_returns, NULL, NULL},
    [FAILS] = {a_child_fails, NULL, NULL},
    [SKIPS] = {a_child_aborts_mpi, NULL, NULL},
    [SETUP] = {passes, exits_in_fixture, NULL},
    [TEARDOWN] = {passes, NULL, exits_in_fixture},
    [AGAIN] = {gives_an_error_message, NULL, NULL},
    [LAST] = {passes, NULL, NULL},
};

/* ---- What they must have come to ---- */

static void exited(int step, int code, const char *message)
{
    step_ended(step, OUTCOME_CRASHED, HOW_EXIT, code, message);
}

static void exit_crashes_with_its_status(void **state)
{
    (void)state;
    exited(EXIT_0, 0, "exit(0) called");
    assert_string_equal(step_results[EXIT_0].output, "before");
    step_names(EXIT_0, "exit(0) called\n#0 exits_with_0() at test_exits.c:");
    exited(EXIT_3, 3, "exit(3) called");
    exited(AT_ONCE, 4, "_exit(4) called");
    exited(C99, 5, "_Exit(5) called");
    exited(QUICK, 6, "quick_exit(6) called");
    exited(THREADS_OWN, 0, "pthread_exit() called in the test's own thread");
}

static void abort_and_assert_are_signal_6(void **state)
{
    (void)state;
    step_ended(ABORT, OUTCOME_CRASHED, HOW_SIGNAL, SIGABRT, "abort() called");
    step_names(ABORT, "abort() called\n#0 aborts() at test_exits.c:");
    step_ended(ASSERT, OUTCOME_CRASHED, HOW_SIGNAL, SIGABRT, ": assertion `sink == 17' failed, abort() called");
    assert_non_null(strstr(step_results[ASSERT].output, ": Assertion `sink == 17' failed.\n"));
    step_ended(ABORT_HANDLED, OUTCOME_CRASHED, HOW_SIGNAL, SIGABRT, "abort() called");
    assert_int_equal(handled, SIGABRT);
}

static void exit_inside_the_c_library_is_met(void **state)
{
    (void)state;
    exited(ERR, 9, "exit(9) called");
    assert_non_null(strstr(step_results[ERR].output, "cannot open it"));
    exited(ERROR, 10, "exit(10) called");
    exited(AGAIN, 9, "exit(9) called");
    step_names(ERR, "gives_an_error_message() at test_exits.c:");
}

static void another_thread_ends_the_test(void **state)
{
    (void)state;
    exited(OTHER_THREAD, 11, "exit(11) called, in another thread");
    step_names(OTHER_THREAD, "exits() at test_exits.c:");
    step_ended(THREADS, OUTCOME_PASSED, HOW_NORMALLY, 0, "");
}

static void a_failure_in_another_thread_ends_the_test(void **state)
{
    (void)state;
    step_ended(THREAD_FAILS, OUTCOME_FAILED, HOW_FAILED, 0, "0x4 != 0x5");
    assert_non_null(strstr(step_results[THREAD_FAILS].message, "test_exits.c:"));
    step_ended(THREAD_SKIPS, OUTCOME_SKIPPED, HOW_NORMALLY, 0, "the thread does not want, in another thread");
    step_ended(THREAD_MPI, OUTCOME_FAILED, HOW_FAILED, 0, "MPI_ERR_RANK");
    step_ended(THREAD_ABORTS, OUTCOME_CRASHED, HOW_ABORT, 13, "MPI_Abort(MPI_COMM_SELF, 13) called, in another thread");
}

static void children_of_a_test_do_as_ever(void **state)
{
    (void)state;
    step_ended(CHILDREN, OUTCOME_PASSED, HOW_NORMALLY, 0, "");
}

static void children_that_come_back_end_there(void **state)
{
    (void)state;
    step_ended(RETURNS, OUTCOME_PASSED, HOW_NORMALLY, 0, "");
    step_ended(FAILS, OUTCOME_PASSED, HOW_NORMALLY, 0, "");
    step_ended(SKIPS, OUTCOME_PASSED, HOW_NORMALLY, 0, "");
}

static void in_fixtures_it_is_an_error(void **state)
{
    (void)state;
    step_ended(SETUP, OUTCOME_ERROR, HOW_EXIT, 12, "exit(12) called");
    step_ended(TEARDOWN, OUTCOME_ERROR, HOW_EXIT, 12, "exit(12) called");
    step_ended(LAST, OUTCOME_PASSED, HOW_NORMALLY, 0, "");
}

static void outside_of_tests_they_end_the_process(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0)
        exit(30);
    assert_int_equal(WEXITSTATUS(status_of(child)), 30);
}

static int finish(void **state)
{
    (void)state;
    for (int i = 0; i < STEP_COUNT; i++)
        execution_result_finish(&step_results[i]);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exit_crashes_with_its_status),
        cmocka_unit_test(abort_and_assert_are_signal_6),
        cmocka_unit_test(exit_inside_the_c_library_is_met),
        cmocka_unit_test(another_thread_ends_the_test),
        cmocka_unit_test(a_failure_in_another_thread_ends_the_test),
        cmocka_unit_test(children_of_a_test_do_as_ever),
        cmocka_unit_test(children_that_come_back_end_there),
        cmocka_unit_test(in_fixtures_it_is_an_error),
        cmocka_unit_test(outside_of_tests_they_end_the_process),
    };
    int level;
    mpimock_use(&mpimock_backend_mock);
    if (mpimock_backend()->Init_thread(NULL, NULL, MPI_THREAD_MULTIPLE, &level) != MPI_SUCCESS || execution_begin(true) != 0)
        return 1;
    for (int i = 0; i < STEP_COUNT; i++)
        run_step(i, "step", steps[i].function, steps[i].setup, steps[i].teardown);
    execution_end();
    int failed = cmocka_run_group_tests(tests, NULL, finish);
    mpimock_backend()->Finalize();
    return failed;
}
