/* SPDX-License-Identifier: BSD-2-Clause */
/* test_cmocka_outcomes.c: cmocka groups whose fixtures, and tests, fail; taken over as they are. */
#include <mpirun_tests.h>

static int fail_to_set_up(void **state)
{
    (void)state;
    return -1;
}

static int fail_to_tear_down(void **state)
{
    (void)state;
    return 1;
}

static int leave_a_note(void **state)
{
    static int note = 17;
    *state = &note;
    return 0;
}

static void passes(void **state)
{
    (void)state;
}

static void fails(void **state)
{
    assert_int_equal(*(int *)*state, 18);
}

static void skips(void **state)
{
    (void)state;
    skip();
}

static void is_an_error(void **state)
{
    (void)state;
    print_message("this line must not appear\n");
}

static const struct CMUnitTest mixed[] = {
    cmocka_unit_test(passes),
    cmocka_unit_test_setup(fails, leave_a_note),
    cmocka_unit_test(skips),
    cmocka_unit_test_setup(is_an_error, fail_to_set_up),
    {"is_an_error_by_its_teardown", passes, NULL, fail_to_tear_down, NULL},
    {"name with blanks, and a comma passes", passes, NULL, NULL, NULL},
};

static const struct CMUnitTest without_group[] = {
    cmocka_unit_test(is_an_error),
    {"is_an_error_too", is_an_error, NULL, NULL, NULL},
};

static const struct CMUnitTest with_bad_end[] = {
    cmocka_unit_test(passes),
};

MRT_CMOCKA_GROUP(cmocka_mixed, mixed, NULL, NULL);
MRT_CMOCKA_GROUP(cmocka_group_setup_fails, without_group, fail_to_set_up, NULL);
MRT_CMOCKA_GROUP(cmocka_group_teardown_fails, with_bad_end, NULL, fail_to_tear_down);
