/* SPDX-License-Identifier: BSD-2-Clause */
/* test_endings.c: tests that end in every way that a process can end, amid good ones; and death tests, which pass because of it.
 * Each test's name says how it must be reported. Single ranks: they cost no rank of a real MPI's job.
 */
#include <err.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mpirun_tests.h>

#include "endings.h"

MRT_SUITE(endings, .timeout = 20.0);

static volatile int sink;

MRT_TEST(crashes_by_a_bad_address)
{
    write_to_address(0x10);
}

MRT_TEST(passes_after_it)
{
    int value = 3, got = 0;
    MPI_Sendrecv(&value, 1, MPI_INT, 0, 0, &got, 1, MPI_INT, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    assert_int_equal(got, 3);
}

MRT_TEST(crashes_by_a_stack_overflow)
{
    sink = overflow_the_stack();
}

MRT_TEST(crashes_by_exit_0)
{
    die("bad input", 0);
}

MRT_TEST(crashes_by_err)
{
    errx(3, "no such thing");
}

MRT_TEST(crashes_by_a_signal_of_its_own)
{
    raise(SIGTERM);
}

MRT_TEST(crashes_by_kill_of_its_process)
{
    kill(getpid(), SIGUSR2);
    for (;;)
        sink++;
}

MRT_TEST(crashes_by_a_timer)
{
    ualarm(1000, 0);
    for (size_t size = 1;; size = size * 7 % 9973)
        free(memset(malloc(size + 1), 1, size));
}

MRT_TEST(crashes_by_mpi_abort_0)
{
    MPI_Abort(MPI_COMM_WORLD, 0);
}

static void *fault(void *unused)
{
    write_to_address(0x20);
    return unused;
}

MRT_TEST(crashes_by_a_thread)
{
    pthread_t thread;
    pthread_create(&thread, NULL, fault, NULL);
    pthread_join(thread, NULL);
}

MRT_TEST(crashes_by_a_thread_that_exits)
{
    pthread_t thread;
    pthread_create(&thread, NULL, (void *(*)(void *))(void *)exit, NULL);
    pthread_join(thread, NULL);
}

static int fault_in_setup(void **state)
{
    (void)state;
    write_to_address(0x30);
    return 0;
}

static void nothing(void **state)
{
    (void)state;
}

static const struct CMUnitTest crashing_fixtures[] = {
    {"is_an_error_of_setup", nothing, fault_in_setup, NULL, NULL},
    {"is_an_error_of_teardown", nothing, NULL, fault_in_setup, NULL},
    {"passes_between", nothing, NULL, NULL, NULL},
};
MRT_CMOCKA_GROUP(endings_fixtures, crashing_fixtures, NULL, NULL);

static const struct CMUnitTest in_a_bad_group[] = {{"is_an_error", nothing, NULL, NULL, NULL}};
MRT_CMOCKA_GROUP(endings_group_setup, in_a_bad_group, fault_in_setup, NULL);

MRT_TEST(passes_although_a_child_returns)
{
    int status;
    pid_t child = fork();
    if (child == 0)
        return;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
}

MRT_TEST(passes_although_children_crash)
{
    int status;
    pid_t child = fork();
    if (child == 0)
        abort();
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WEXITSTATUS(system("exit 7")), 7);
}

/* ---- Death tests ---- */

MRT_TEST(passes_by_its_signal, .expect = MRT_SIGNALS(SIGSEGV))
{
    write_to_address(0);
}

MRT_TEST(passes_by_a_division, .expect = MRT_SIGNALS(SIGFPE))
{
    divide();
}

MRT_TEST(passes_by_its_stack_overflow, .expect = MRT_SIGNALS(SIGSEGV))
{
    sink = overflow_the_stack();
}

MRT_TEST(passes_by_abort, .expect = MRT_SIGNALS(SIGABRT))
{
    give_up_by_abort();
}

MRT_TEST(passes_by_assert, .expect = MRT_SIGNALS(SIGABRT))
{
    check_argument(16);
}

MRT_TEST(passes_by_exit, .expect = MRT_EXITS(2))
{
    die("unknown option", 2);
}

MRT_TEST(passes_by_exit_0, .expect = MRT_EXITS(0))
{
    die("nothing to do", 0);
}

MRT_TEST(passes_by_exit_at_once, .expect = MRT_EXITS(255))
{
    _exit(-1);
}

MRT_TEST(passes_by_mpi_abort, .expect = MRT_ABORTS(3))
{
    MPI_Abort(MPI_COMM_WORLD, 3);
}

MRT_TEST(passes_by_mpi_abort_0, .expect = MRT_ABORTS(0))
{
    MPI_Abort(MPI_COMM_SELF, 0);
}

MRT_TEST(passes_by_an_mpi_error, .expect = MRT_FAILS)
{
    int value = 0;
    MPI_Send(&value, 1, MPI_INT, 99, 0, MPI_COMM_WORLD);
}

MRT_TEST(passes_by_an_assertion, .expect = MRT_FAILS)
{
    assert_int_equal(1, 2);
}

MRT_TEST(fails_because_it_returns, .expect = MRT_SIGNALS(SIGSEGV))
{
}

MRT_TEST(fails_because_of_another_signal, .expect = MRT_SIGNALS(SIGSEGV))
{
    divide();
}

MRT_TEST(fails_because_of_another_status, .expect = MRT_EXITS(1))
{
    die("so", 2);
}

MRT_TEST(fails_because_it_exits, .expect = MRT_ABORTS(1))
{
    die("so", 1);
}

MRT_TEST(fails_because_it_crashes, .expect = MRT_FAILS)
{
    write_to_address(0x10);
}

MRT_TEST(skips_although_more_was_expected, .expect = MRT_FAILS)
{
    mrt_skip("not here");
}

MRT_TEST(passes_last, .priority = 1000)
{
}
