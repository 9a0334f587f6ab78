/* SPDX-License-Identifier: BSD-2-Clause */
/* test_limit.c: what computes is taken out of it when its time is up, three thousand times, and nothing breaks: the C library's
 * lists are whole afterwards. */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../runner/limit.h"
#include "../../runner/unwind.h"
#include "../../runner/watch.h"

static jmp_buf way_out;
static atomic_int given_up;
static volatile int never;

static volatile sig_atomic_t inside; /* of a function that may be left */

static void leave(const ucontext_t *context)
{
    if (!inside || unwind_counter(context) == 0)
        return;
    inside = 0;
    longjmp(way_out, 1);
}

static void wake(void)
{
}

static void give_up(void)
{
    atomic_fetch_add(&given_up, 1);
}

static int begin(void **state)
{
    static const struct limit_host host = {leave, wake, give_up, NULL};
    (void)state;
    atomic_store(&given_up, 0);
    limit_start(&host);
    return watch_start(&(struct watch_settings){.due = limit_due});
}

static int end(void **state)
{
    (void)state;
    watch_stop();
    limit_stop();
    limit_set_end(INFINITY);
    return 0;
}

/* Runs it until its time is up. */
static void interrupt(void (*function)(void), double seconds)
{
    if (setjmp(way_out) == 0) {
        limit_begin(seconds);
        inside = 1;
        function();
        inside = 0;
        fail_msg("it came back");
    }
    limit_end();
}

static unsigned random_below(unsigned end)
{
    static unsigned seed = 1;
    seed = seed * 1103515245u + 12345u;
    return (seed >> 8) % end;
}

static void compute(void)
{
    while (!never)
        continue;
}

static void allocate(void)
{
    while (!never) {
        void *first = malloc(1500 + random_below(4000)), *second = malloc(random_below(3000));
        for (unsigned i = 0; i < 30; i++)
            random_below(10);
        free(first);
        free(second);
    }
}

static FILE *nowhere;

static void print(void)
{
    while (!never)
        for (unsigned i = (unsigned)fprintf(nowhere, "%d %g\n", (int)random_below(100), 0.25); i < 500; i++)
            random_below(i);
}

static void sleep_long(void)
{
    sleep(1000);
}

static void wait_for_a_signal(void)
{
    pause();
}

static void read_from_nobody(void)
{
    static int ends[2];
    char byte;
    if (ends[1] == 0 && pipe(ends) != 0)
        fail();
    if (read(ends[0], &byte, 1) != 1)
        fail_msg("the read was interrupted");
}

static void lock_twice(void)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock);
    pthread_mutex_lock(&lock);
}

static void three_thousand_interruptions_break_nothing(void **state)
{
    static void (*const functions[])(void) = {allocate, compute, allocate, print, sleep_long, allocate, wait_for_a_signal,
                                              read_from_nobody, lock_twice, allocate};
    (void)state;
    nowhere = fopen("/dev/null", "w");
    for (int i = 0; i < 3000; i++)
        interrupt(functions[i % 10], 100e-6 + 1e-6 * random_below(300));
    fclose(nowhere);
    void *blocks[1000];
    for (int i = 0; i < 1000; i++)
        blocks[i] = malloc(1 + random_below(5000)); /* would end the process if its lists were broken */
    for (int i = 0; i < 1000; i++)
        free(blocks[i]);
    assert_int_equal(atomic_load(&given_up), 0);
}

static void what_blocks_signals_is_given_up_once(void **state)
{
    sigset_t all, before;
    (void)state;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    limit_begin(0.01);
    inside = 1;
    while (atomic_load(&given_up) == 0)
        usleep(1000);
    inside = 0;
    assert_true(limit_is_up());
    limit_end();
    sigprocmask(SIG_SETMASK, &before, NULL);
    assert_false(limit_is_up());
    assert_int_equal(atomic_load(&given_up), 1);
    interrupt(compute, 0.001); /* the next step is ended as any */
}

static void the_end_of_all_cuts_limits_but_not_cleaning_up(void **state)
{
    (void)state;
    limit_set_end(0); /* long ago */
    assert_true(limit_end_has_come());
    interrupt(compute, 1000);
    limit_extend(1000);
    assert_false(limit_is_up());
    limit_end();
}

static void a_step_without_a_limit_is_left_alone(void **state)
{
    (void)state;
    limit_begin(-1);
    usleep(2000);
    assert_false(limit_is_up());
    limit_end();
    assert_false(limit_is_up());
}

int main(void)
{
#ifdef __SANITIZE_ADDRESS__
    return 77; /* what is interrupted in a sanitizer's allocator cannot be left */
#endif
    const struct CMUnitTest all[] = {
        cmocka_unit_test_setup_teardown(three_thousand_interruptions_break_nothing, begin, end),
        cmocka_unit_test_setup_teardown(what_blocks_signals_is_given_up_once, begin, end),
        cmocka_unit_test_setup_teardown(the_end_of_all_cuts_limits_but_not_cleaning_up, begin, end),
        cmocka_unit_test_setup_teardown(a_step_without_a_limit_is_left_alone, begin, end),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
