/* SPDX-License-Identifier: BSD-2-Clause */
/* test_scheduler_running.c: assignments are found by number, and the time when enough ranks are free is that of a plain
 * search. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../runner/random.h"
#include "../../runner/scheduler_running.h"

enum { ROOM = 50 };

static int by_end(const void *a, const void *b)
{
    const struct assignment *x = a, *y = b;
    return (x->end > y->end) - (x->end < y->end);
}

static void compare(struct running *running, const struct assignment model[], uint32_t count, int wanted)
{
    struct assignment sorted[ROOM];
    int sum = 0, freed = -1;
    double when = INFINITY;
    for (uint32_t i = 0; i < count; i++)
        sorted[i] = model[i];
    qsort(sorted, count, sizeof *sorted, by_end);
    for (uint32_t i = 0; i < count && sum < wanted; i++) {
        sum += sorted[i].alive;
        if (sum >= wanted)
            when = sorted[i].end;
    }
    double found = running_when(running, wanted, &freed);
    assert_true(found == when);
    assert_true(freed >= wanted || isinf(when));
}

static void it_answers_as_a_plain_search_does(void **state)
{
    (void)state;
    struct random_source source;
    struct running running;
    struct assignment model[ROOM];
    uint32_t count = 0, number = 0;
    random_init(&source, 13);
    assert_int_equal(running_init(&running, ROOM), 0);
    for (int step = 0; step < 20000; step++) {
        if (count < ROOM && random_below(&source, 2)) {
            model[count] = (struct assignment){.number = ++number * 7, /* so that buckets are shared */
                                               .alive = (int)random_below(&source, 6),
                                               .end = (double)random_below(&source, 1000)};
            running_add(&running, &model[count++]);
        } else if (count > 0) {
            uint32_t i = (uint32_t)random_below(&source, count), slot = running_find(&running, model[i].number);
            assert_int_not_equal(slot, RUNNING_NONE);
            assert_int_equal(running.slots[slot].number, model[i].number);
            running_remove(&running, slot);
            assert_int_equal(running_find(&running, model[i].number), RUNNING_NONE);
            model[i] = model[--count];
        }
        assert_int_equal(running.count, count);
        compare(&running, model, count, 1 + (int)random_below(&source, 60));
    }
    running_finish(&running);
}

static void where_nothing_runs_nothing_will_be_free(void **state)
{
    (void)state;
    struct running running;
    int freed;
    assert_int_equal(running_init(&running, 1), 0);
    assert_true(isinf(running_when(&running, 1, &freed)));
    assert_int_equal(freed, 0);
    assert_int_equal(running_find(&running, 0), RUNNING_NONE);
    running_finish(&running);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_answers_as_a_plain_search_does),
        cmocka_unit_test(where_nothing_runs_nothing_will_be_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
