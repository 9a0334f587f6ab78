/* SPDX-License-Identifier: BSD-2-Clause */
/* test_random.c: the generator gives the published numbers, so one seed is one order on every machine; and it is fair.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../runner/random.h"

static void it_is_xoshiro256_starstar_seeded_by_splitmix64(void **state)
{
    (void)state;
    struct random_source source = {{1, 2, 3, 4}};
    assert_true(random_next(&source) == 11520);
    assert_true(random_next(&source) == 0);
    assert_true(random_next(&source) == 1509978240);
    assert_true(random_next(&source) == UINT64_C(1215971899390074240));
    random_init(&source, 1234567);
    assert_true(source.state[0] == UINT64_C(6457827717110365317));
    assert_true(source.state[1] == UINT64_C(3203168211198807973));
}

static void numbers_stay_below_the_bound_and_come_equally_often(void **state)
{
    (void)state;
    struct random_source source;
    int counts[7] = {0};
    random_init(&source, 42);
    for (int i = 0; i < 70000; i++) {
        uint64_t number = random_below(&source, 7);
        assert_true(number < 7);
        counts[number]++;
    }
    for (int i = 0; i < 7; i++)
        assert_in_range(counts[i], 9500, 10500);
    assert_true(random_below(&source, 1) == 0);
    assert_true(random_below(&source, 0) == 0);
    for (int i = 0; i < 100; i++) /* nearly half of all numbers must be drawn anew */
        assert_true(random_below(&source, (UINT64_C(1) << 63) + 1) <= UINT64_C(1) << 63);
}

static void a_shuffle_is_a_permutation_that_the_seed_decides(void **state)
{
    (void)state;
    size_t first[100], second[100], other[100], seen[100] = {0}, same = 0;
    struct random_source source;
    for (size_t i = 0; i < 100; i++)
        first[i] = second[i] = other[i] = i;
    random_init(&source, 7);
    random_shuffle(&source, first, 100);
    random_init(&source, 7);
    random_shuffle(&source, second, 100);
    random_init(&source, 8);
    random_shuffle(&source, other, 100);
    assert_memory_equal(first, second, sizeof first);
    for (size_t i = 0; i < 100; i++) {
        seen[first[i]]++;
        same += first[i] == other[i];
    }
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(seen[i], 1);
    assert_true(same < 20);
    random_shuffle(&source, first, 1);
    random_shuffle(&source, NULL, 0);
}

static void every_order_is_equally_likely(void **state)
{
    (void)state;
    int counts[27] = {0};
    struct random_source source;
    random_init(&source, 1);
    for (int i = 0; i < 60000; i++) {
        size_t numbers[] = {0, 1, 2};
        random_shuffle(&source, numbers, 3);
        counts[9 * numbers[0] + 3 * numbers[1] + numbers[2]]++;
    }
    for (int i = 0; i < 27; i++)
        assert_true(counts[i] == 0 || (counts[i] > 9500 && counts[i] < 10500));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_xoshiro256_starstar_seeded_by_splitmix64),
        cmocka_unit_test(numbers_stay_below_the_bound_and_come_equally_often),
        cmocka_unit_test(a_shuffle_is_a_permutation_that_the_seed_decides),
        cmocka_unit_test(every_order_is_equally_likely),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
