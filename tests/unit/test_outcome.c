/* SPDX-License-Identifier: BSD-2-Clause */
/* test_outcome.c: every outcome has a name that leads back to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../runner/outcome.h"

static void every_name_leads_back(void **state)
{
    (void)state;
    for (int outcome = 0; outcome < OUTCOME_COUNT; outcome++) {
        assert_int_equal(outcome_from_name(outcome_name((enum outcome)outcome)), outcome);
        assert_true(strlen(outcome_words((enum outcome)outcome)) > 0);
    }
}

static void names_are_those_of_the_json_report(void **state)
{
    (void)state;
    assert_string_equal(outcome_name(OUTCOME_TIMEOUT), "timeout");
    assert_string_equal(outcome_name(OUTCOME_NOTRUN), "notrun");
    assert_string_equal(outcome_name(OUTCOME_DEADLOCK), "deadlock");
    assert_string_equal(outcome_words(OUTCOME_TIMEOUT), "timed out");
    assert_string_equal(outcome_words(OUTCOME_NOTRUN), "not run");
}

static void what_is_no_outcome_is_told(void **state)
{
    (void)state;
    assert_int_equal(outcome_from_name(""), -1);
    assert_int_equal(outcome_from_name("Passed"), -1);
    assert_int_equal(outcome_from_name("timed out"), -1);
    assert_string_equal(outcome_name(OUTCOME_COUNT), "unknown");
    assert_string_equal(outcome_words((enum outcome)99), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_name_leads_back),
        cmocka_unit_test(names_are_those_of_the_json_report),
        cmocka_unit_test(what_is_no_outcome_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
