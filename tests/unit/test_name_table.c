/* SPDX-License-Identifier: BSD-2-Clause */
/* test_name_table.c: names that were added are found, with what belongs to them, and no others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../runner/name_table.h"

static void names_are_found_with_their_values(void **state)
{
    (void)state;
    static char names[3000][16];
    struct name_table table;
    size_t value = 77;
    assert_int_equal(name_table_init(&table, 3000), 0);
    for (size_t i = 0; i < 3000; i++) {
        snprintf(names[i], sizeof names[i], "suite.t%zu", i);
        assert_false(name_table_find(&table, names[i], &value));
        name_table_add(&table, names[i], i);
    }
    assert_int_equal(value, 77);
    for (size_t i = 0; i < 3000; i++) {
        assert_true(name_table_find(&table, names[i], &value));
        assert_int_equal(value, i);
    }
    assert_true(name_table_find(&table, "suite.t12", NULL));
    assert_false(name_table_find(&table, "suite.t3000", NULL));
    assert_false(name_table_find(&table, "", NULL));
    name_table_finish(&table);
}

static void a_table_for_nothing_is_empty(void **state)
{
    (void)state;
    struct name_table table;
    assert_int_equal(name_table_init(&table, 0), 0);
    assert_false(name_table_find(&table, "a", NULL));
    name_table_finish(&table);
    assert_true(name_table_init(&table, SIZE_MAX / 2) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_found_with_their_values),
        cmocka_unit_test(a_table_for_nothing_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
