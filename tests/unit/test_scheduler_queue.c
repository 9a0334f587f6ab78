/* SPDX-License-Identifier: BSD-2-Clause */
/* test_scheduler_queue.c: a queue finds its first item, and the first that is short enough, as a plain search does. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../runner/random.h"
#include "../../runner/scheduler_queue.h"

enum { ITEMS_MAX = 70 };

static uint32_t search(const uint32_t items[], const double seconds[], uint32_t count, double limit)
{
    for (uint32_t i = 0; i < count; i++)
        if ((float)seconds[i] < (float)limit)
            return items[i];
    return QUEUE_NONE;
}

static void it_finds_what_a_plain_search_finds(void **state)
{
    (void)state;
    struct random_source source;
    random_init(&source, 11);
    for (uint32_t count = 1; count <= ITEMS_MAX; count++) {
        uint32_t items[ITEMS_MAX], waiting = 0;
        double seconds[ITEMS_MAX];
        struct queue queue;
        for (uint32_t i = 0; i < count; i++) {
            items[i] = 3 * i + 1;
            seconds[i] = INFINITY;
        }
        assert_int_equal(queue_init(&queue, 2, QUEUE_KNOWN, items, count), 0);
        for (int step = 0; step < 300; step++) {
            uint32_t i = (uint32_t)random_below(&source, count);
            if (isinf(seconds[i])) {
                seconds[i] = (double)random_below(&source, 100);
                queue_put(&queue, items[i], seconds[i]);
                waiting++;
            } else {
                seconds[i] = INFINITY;
                queue_remove(&queue, items[i]);
                waiting--;
            }
            double limit = (double)random_below(&source, 110);
            assert_int_equal(queue_has(&queue, items[i]), !isinf(seconds[i]));
            assert_int_equal(queue.waiting, waiting);
            assert_int_equal(queue.head, search(items, seconds, count, INFINITY));
            assert_int_equal(queue_first_below(&queue, INFINITY), queue.head);
            assert_int_equal(queue_first_below(&queue, limit), search(items, seconds, count, limit));
        }
        queue_finish(&queue);
    }
}

static void endless_items_wait_like_others(void **state)
{
    (void)state;
    uint32_t items[] = {4};
    struct queue queue;
    assert_int_equal(queue_init(&queue, 1, QUEUE_UNIT, items, 1), 0);
    assert_int_equal(queue.head, QUEUE_NONE);
    assert_int_equal(queue_first_below(&queue, INFINITY), QUEUE_NONE);
    queue_put(&queue, 4, 1e300);
    assert_int_equal(queue.head, 4);
    assert_int_equal(queue_first_below(&queue, 1e30), QUEUE_NONE);
    assert_int_equal(queue_first_below(&queue, -1), QUEUE_NONE);
    assert_int_equal(queue_first_below(&queue, INFINITY), 4);
    queue_finish(&queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_finds_what_a_plain_search_finds),
        cmocka_unit_test(endless_items_wait_like_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
