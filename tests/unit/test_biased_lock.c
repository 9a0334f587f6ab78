/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of biased_lock.h: nobody is inside with another, while the bias lasts, as it ends, and after. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../mpimock/biased_lock.h"

enum { ROUNDS = 300, TIMES = 2000, OTHERS = 2 };

static __thread char self;
static struct biased_lock lock;
static long volatile count; /* under the lock */
static atomic_bool started;

static void *count_too(void *unused)
{
    (void)unused;
    atomic_store(&started, true);
    for (int i = 0; i < TIMES; i++) {
        biased_lock_take(&lock, &self);
        count = count + 1;
        biased_lock_give(&lock, &self);
    }
    return NULL;
}

static void no_count_is_lost_when_other_threads_come(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        pthread_t threads[OTHERS];
        long own = 0;
        lock = (struct biased_lock)BIASED_LOCK_INIT;
        biased_lock_own(&lock, &self);
        count = 0;
        atomic_store(&started, false);
        for (int i = 0; i < OTHERS; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, count_too, NULL), 0);
        for (; own < TIMES || !atomic_load(&started); own++) {
            biased_lock_take(&lock, &self);
            count = count + 1;
            biased_lock_give(&lock, &self);
        }
        for (int i = 0; i < OTHERS; i++)
            pthread_join(threads[i], NULL);
        assert_int_equal(count, own + OTHERS * TIMES);
        assert_int_equal(lock.state, BIAS_ENDED);
    }
}

static void the_owner_alone_keeps_the_bias(void **state)
{
    (void)state;
    lock = (struct biased_lock)BIASED_LOCK_INIT;
    biased_lock_own(&lock, &self);
    biased_lock_take(&lock, &self);
    assert_true(lock.inside);
    biased_lock_give(&lock, &self);
    assert_false(lock.inside);
    biased_lock_take(&lock, &self);
    biased_lock_own(&lock, &self); /* left by a long jump */
    assert_false(lock.inside);
    assert_int_equal(lock.state, BIASED);
}

static void *try_it(void *got)
{
    *(bool *)got = biased_lock_try(&lock, &self);
    return NULL;
}

static void another_owner_ends_the_bias(void **state)
{
    (void)state;
    pthread_t thread;
    char another = 0;
    bool got = true;
    lock = (struct biased_lock)BIASED_LOCK_INIT;
    biased_lock_own(&lock, &another);
    biased_lock_own(&lock, &self);
    assert_int_equal(lock.state, BIAS_ENDED);
    assert_true(biased_lock_try(&lock, &self));
    assert_int_equal(pthread_create(&thread, NULL, try_it, &got), 0);
    pthread_join(thread, NULL);
    assert_false(got);
    biased_lock_give(&lock, &self);
    assert_true(biased_lock_try(&lock, &self));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_count_is_lost_when_other_threads_come),
        cmocka_unit_test(the_owner_alone_keeps_the_bias),
        cmocka_unit_test(another_owner_ends_the_bias),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
