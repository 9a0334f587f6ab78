/* SPDX-License-Identifier: BSD-2-Clause */
/* test_index_set.c: the set answers as an array of flags does, at sizes around those where another level begins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../runner/index_set.h"
#include "../../runner/random.h"

static size_t model_next(const bool *flags, size_t room, size_t from)
{
    while (from < room && !flags[from])
        from++;
    return from < room ? from : INDEX_SET_NONE;
}

static size_t model_last(const bool *flags, size_t room)
{
    while (room > 0 && !flags[room - 1])
        room--;
    return room > 0 ? room - 1 : INDEX_SET_NONE;
}

static void compare(size_t room, struct random_source *source)
{
    struct index_set set;
    bool *flags = calloc(room, sizeof *flags);
    assert_non_null(flags);
    assert_int_equal(index_set_init(&set, room), 0);
    for (int step = 0; step < 3000; step++) {
        size_t number = (size_t)random_below(source, room);
        /* Mostly empty in the one half, so that whole words are 0; fuller in the other. */
        if (random_below(source, step % 1000 < 500 ? 10 : 3) == 0) {
            index_set_add(&set, number);
            flags[number] = true;
        } else {
            index_set_remove(&set, number);
            flags[number] = false;
        }
        assert_int_equal(index_set_has(&set, number), flags[number]);
        size_t from = (size_t)random_below(source, room);
        assert_true(index_set_next(&set, from) == model_next(flags, room, from));
        assert_true(index_set_next(&set, 0) == model_next(flags, room, 0));
        assert_true(index_set_last(&set) == model_last(flags, room));
    }
    index_set_finish(&set);
    free(flags);
}

static void it_answers_as_an_array_of_flags_does(void **state)
{
    (void)state;
    static const size_t rooms[] = {1, 2, 63, 64, 65, 127, 128, 4095, 4096, 4097, 9000};
    struct random_source source;
    random_init(&source, 3);
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++)
        compare(rooms[i], &source);
}

static void a_large_set_finds_a_far_member(void **state)
{
    (void)state;
    struct index_set set;
    assert_int_equal(index_set_init(&set, 1000000), 0);
    index_set_add(&set, 999999);
    assert_true(index_set_next(&set, 0) == 999999);
    index_set_add(&set, 262144);
    assert_true(index_set_next(&set, 5) == 262144);
    assert_true(index_set_next(&set, 262145) == 999999);
    assert_true(index_set_last(&set) == 999999);
    index_set_remove(&set, 999999);
    assert_true(index_set_next(&set, 262145) == INDEX_SET_NONE);
    assert_true(index_set_last(&set) == 262144);
    index_set_finish(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_answers_as_an_array_of_flags_does),
        cmocka_unit_test(a_large_set_finds_a_far_member),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
