/* SPDX-License-Identifier: BSD-2-Clause */
/* test_watch.c: the watch tells when a moment has come, and which processes have ended, by pidfds and without. */
#include <errno.h>
#include <math.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../runner/clock.h"
#include "../../runner/watch.h"

static sem_t happened;
static _Atomic double moment;
static _Atomic int seen; /* the process that ended last */
static _Atomic double early;

static double due(double now)
{
    double wanted = atomic_load(&moment);
    if (now < wanted)
        return wanted;
    atomic_store(&early, wanted - now);
    atomic_store(&moment, INFINITY);
    sem_post(&happened);
    return INFINITY;
}

static void ended(int number)
{
    atomic_store(&seen, number);
    sem_post(&happened);
}

static void wait_for_it(void)
{
    while (sem_wait(&happened) != 0)
        assert_int_equal(errno, EINTR);
}

static int begin(void **state)
{
    sem_init(&happened, 0, 0);
    atomic_store(&moment, INFINITY);
    atomic_store(&seen, -1);
    return watch_start(&(struct watch_settings){.due = due, .ended = ended, .poll_proc = *state != NULL});
}

static int end(void **state)
{
    (void)state;
    watch_stop();
    return 0;
}

static void expect_in(double seconds)
{
    atomic_store(&moment, clock_now() + seconds);
    watch_expect(atomic_load(&moment));
}

static void moments_come_in_any_order(void **state)
{
    (void)state;
    expect_in(1000);
    expect_in(0.01); /* nearer than what the thread sleeps for */
    wait_for_it();
    assert_true(atomic_load(&early) <= 0);
    expect_in(0);
    wait_for_it();
    for (int i = 0; i < 1000; i++) {
        expect_in(i % 3 * 1e-4);
        wait_for_it();
        assert_true(atomic_load(&early) <= 0);
    }
}

static pid_t fork_sleeper(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        for (;;)
            pause();
    }
    assert_true(pid > 0);
    return pid;
}

static void processes_end(void **state)
{
    (void)state;
    pid_t pids[3];
    for (int i = 0; i < 3; i++) {
        pids[i] = fork_sleeper();
        assert_int_equal(watch_process(10 + i, pids[i], process_start(pids[i])), 0);
    }
    static const int order[] = {1, 0, 2};
    for (int i = 0; i < 3; i++) {
        kill(pids[order[i]], SIGKILL);
        wait_for_it(); /* not reaped yet */
        assert_int_equal(atomic_load(&seen), 10 + order[i]);
    }
    for (int i = 0; i < 3; i++)
        waitpid(pids[i], NULL, 0);
    assert_int_not_equal(sem_trywait(&happened), 0); /* once for each */
}

static void one_that_has_ended_is_told(void **state)
{
    (void)state;
    pid_t pid = fork_sleeper();
    uint64_t start = process_start(pid);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    assert_int_equal(process_start(pid), 0);
    assert_int_equal(watch_process(5, pid, start), 0);
    wait_for_it();
    assert_int_equal(atomic_load(&seen), 5);
}

static void a_later_process_of_the_same_number_is_not_it(void **state)
{
    (void)state;
    pid_t pid = fork_sleeper();
    assert_int_equal(watch_process(6, pid, process_start(pid) - 1), 0);
    wait_for_it();
    assert_int_equal(atomic_load(&seen), 6);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void a_moment_and_a_process_together(void **state)
{
    (void)state;
    pid_t pid = fork_sleeper();
    assert_int_equal(watch_process(7, pid, 0), 0);
    expect_in(0.01);
    wait_for_it();
    assert_int_equal(atomic_load(&seen), -1);
    kill(pid, SIGKILL);
    wait_for_it();
    assert_int_equal(atomic_load(&seen), 7);
    waitpid(pid, NULL, 0);
}

int main(void)
{
    static int proc;
    const struct CMUnitTest all[] = {
        cmocka_unit_test_setup_teardown(moments_come_in_any_order, begin, end),
        cmocka_unit_test_setup_teardown(processes_end, begin, end),
        cmocka_unit_test_setup_teardown(one_that_has_ended_is_told, begin, end),
        cmocka_unit_test_setup_teardown(a_later_process_of_the_same_number_is_not_it, begin, end),
        cmocka_unit_test_setup_teardown(a_moment_and_a_process_together, begin, end),
        cmocka_unit_test_prestate_setup_teardown(processes_end, begin, end, &proc),
        cmocka_unit_test_prestate_setup_teardown(one_that_has_ended_is_told, begin, end, &proc),
        cmocka_unit_test_prestate_setup_teardown(a_later_process_of_the_same_number_is_not_it, begin, end, &proc),
        cmocka_unit_test_prestate_setup_teardown(a_moment_and_a_process_together, begin, end, &proc),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
