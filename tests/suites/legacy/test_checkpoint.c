/* SPDX-License-Identifier: BSD-2-Clause */
/* test_checkpoint.c: a cmocka test program such as many projects have: mocks, expectations, fixtures of group and test,
 * initial states, leak checks by test_malloc.
 *
 * It compiles as the ordinary program that it was (-DLEGACY_PROGRAM), and as a suite: the arrays are taken over as they
 * are, and only the last lines differ. checkpoint.c and this file want -DUNIT_TESTING, cmocka's switch for leak checks.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifndef UNIT_TESTING
#error "without -DUNIT_TESTING nothing looks for leaks: add it to what compiles this suite"
#endif

#include <cmocka.h>

#include "checkpoint.h"

/* ---- Mocks: the clock at link time, the storage by its function pointers ---- */

double checkpoint_clock(void)
{
    return (double)mock_type(int);
}

static int mock_put(void *self, const char *name, const void *data, size_t size)
{
    check_expected_ptr(self);
    check_expected(name);
    check_expected(data);
    check_expected(size);
    return mock_type(int);
}

static int mock_remove(void *self, const char *name)
{
    (void)self;
    check_expected(name);
    return mock_type(int);
}

static void expect_put(const struct storage *storage, const char *name, const char *data, int result)
{
    expect_value(mock_put, self, storage->self);
    expect_string(mock_put, name, name);
    expect_memory(mock_put, data, data, strlen(data));
    expect_value(mock_put, size, strlen(data));
    will_return(mock_put, result);
}

/* ---- Fixtures: the group's makes a storage, each test's a checkpoint on it ---- */

struct fixture {
    struct storage storage;
    int test_setups;
    struct checkpoint *checkpoint;
};

static int groups_alive;

static int group_setup(void **state)
{
    struct fixture *fixture = test_calloc(1, sizeof *fixture);
    fixture->storage = (struct storage){.put = mock_put, .remove = mock_remove, .self = fixture};
    groups_alive++;
    *state = fixture;
    return 0;
}

static int group_teardown(void **state)
{
    test_free(*state);
    groups_alive--;
    return 0;
}

static int test_setup(void **state)
{
    struct fixture *fixture = *state;
    fixture->test_setups++;
    will_return(checkpoint_clock, 100);
    fixture->checkpoint = checkpoint_create(&fixture->storage, "run", 10.0, 2);
    return fixture->checkpoint == NULL ? -1 : 0;
}

static int test_teardown(void **state)
{
    struct fixture *fixture = *state;
    checkpoint_destroy(fixture->checkpoint);
    fixture->checkpoint = NULL;
    return 0;
}

/* ---- Tests of the group ---- */

static void nothing_is_written_before_it_is_due(void **state)
{
    struct fixture *fixture = *state;
    will_return(checkpoint_clock, 101);
    will_return(checkpoint_clock, 109);
    assert_int_equal(checkpoint_offer(fixture->checkpoint, "a", 1), 0);
    assert_int_equal(checkpoint_offer(fixture->checkpoint, "a", 1), 0);
}

static void what_is_due_is_written(void **state)
{
    struct fixture *fixture = *state;
    will_return(checkpoint_clock, 110);
    expect_put(&fixture->storage, "run.0", "state", 0);
    assert_int_equal(checkpoint_offer(fixture->checkpoint, "state", 5), 1);
}

static void next_is_due_after_the_interval(void **state)
{
    struct fixture *fixture = *state;
    will_return(checkpoint_clock, 115);
    expect_put(&fixture->storage, "run.0", "one", 0);
    assert_int_equal(checkpoint_offer(fixture->checkpoint, "one", 3), 1);
    will_return(checkpoint_clock, 124);
    assert_int_equal(checkpoint_offer(fixture->checkpoint, "two", 3), 0);
    will_return(checkpoint_clock, 125);
    expect_put(&fixture->storage, "run.1", "two", 0);
    assert_int_equal(checkpoint_offer(fixture->checkpoint, "two", 3), 1);
}

static void oldest_is_removed(void **state)
{
    static const char *const names[] = {"run.0", "run.1", "run.2", "run.3"};
    struct fixture *fixture = *state;
    for (int i = 0; i < 4; i++) {
        will_return(checkpoint_clock, 200 + 10 * i);
        expect_put(&fixture->storage, names[i], "x", 0);
        if (i >= 2) {
            expect_string(mock_remove, name, names[i - 2]);
            will_return(mock_remove, i == 3 ? -ENOENT : 0); /* one that is gone already is no error */
        }
        assert_int_equal(checkpoint_offer(fixture->checkpoint, "x", 1), 1);
    }
}

static void a_failed_write_is_tried_again(void **state)
{
    struct fixture *fixture = *state;
    will_return(checkpoint_clock, 110);
    expect_put(&fixture->storage, "run.0", "x", -EIO);
    expect_put(&fixture->storage, "run.0", "x", -EINTR);
    expect_put(&fixture->storage, "run.0", "x", 0);
    assert_int_equal(checkpoint_offer(fixture->checkpoint, "x", 1), 1);
}

static void third_failure_is_reported_and_the_number_used_again(void **state)
{
    struct fixture *fixture = *state;
    will_return_count(checkpoint_clock, 110, 2);
    for (int i = 0; i < 3; i++)
        expect_put(&fixture->storage, "run.0", "x", -ENOSPC);
    assert_int_equal(checkpoint_offer(fixture->checkpoint, "x", 1), -ENOSPC);
    expect_put(&fixture->storage, "run.0", "x", 0);
    assert_int_equal(checkpoint_offer(fixture->checkpoint, "x", 1), 1);
}

static void group_is_set_up_once(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(groups_alive, 1);
    assert_non_null(fixture->checkpoint);
    assert_true(fixture->test_setups >= 1);
}

static void test_without_fixture_sees_the_groups_state(void **state)
{
    struct fixture *fixture = *state;
    assert_ptr_equal(fixture->storage.self, fixture);
    assert_null(fixture->checkpoint);
}

static void not_yet_supported(void **state)
{
    (void)state;
    skip();
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(nothing_is_written_before_it_is_due, test_setup, test_teardown),
    cmocka_unit_test_setup_teardown(what_is_due_is_written, test_setup, test_teardown),
    cmocka_unit_test_setup_teardown(next_is_due_after_the_interval, test_setup, test_teardown),
    cmocka_unit_test_setup_teardown(oldest_is_removed, test_setup, test_teardown),
    cmocka_unit_test_setup_teardown(a_failed_write_is_tried_again, test_setup, test_teardown),
    cmocka_unit_test_setup_teardown(third_failure_is_reported_and_the_number_used_again, test_setup, test_teardown),
    cmocka_unit_test_setup_teardown(group_is_set_up_once, test_setup, test_teardown),
    cmocka_unit_test(test_without_fixture_sees_the_groups_state),
    cmocka_unit_test(not_yet_supported),
};

/* ---- A second group: without a fixture of its own, each test starts from its initial state ---- */

struct name_case {
    const char *stem;
    int expected; /* of checkpoint_offer */
};
static struct name_case short_stem = {"s", 1};
static struct name_case longest_stem = {"0123456789012345678901234567890123456789012345678901234567890", 1};
static struct name_case too_long_stem = {"01234567890123456789012345678901234567890123456789012345678901",
                                         -ENAMETOOLONG};

static int accept_put(void *self, const char *name, const void *data, size_t size)
{
    (void)self;
    (void)data;
    assert_true(strlen(name) < 64);
    assert_int_equal(size, 1);
    return 0;
}

static void stem_of_that_length(void **state)
{
    const struct name_case *which = *state;
    struct storage storage = {.put = accept_put};
    will_return_count(checkpoint_clock, 0, 2);
    struct checkpoint *checkpoint = checkpoint_create(&storage, which->stem, 0.0, 1);
    assert_non_null(checkpoint);
    assert_int_equal(checkpoint_offer(checkpoint, "x", 1), which->expected);
    checkpoint_destroy(checkpoint);
}

static void destroying_nothing_is_fine(void **state)
{
    assert_null(*state);
    checkpoint_destroy(NULL);
}

static const struct CMUnitTest stem_tests[] = {
    {"short_stem_works", stem_of_that_length, NULL, NULL, &short_stem},
    {"longest_stem_works", stem_of_that_length, NULL, NULL, &longest_stem},
    cmocka_unit_test_prestate(stem_of_that_length, &too_long_stem),
    cmocka_unit_test(destroying_nothing_is_fine),
};

#ifdef LEGACY_PROGRAM
int main(void)
{
    return cmocka_run_group_tests(tests, group_setup, group_teardown) + cmocka_run_group_tests(stem_tests, NULL, NULL);
}
#else
#include <mpirun_tests.h>

MRT_CMOCKA_GROUP(checkpoint, tests, group_setup, group_teardown);
MRT_CMOCKA_GROUP(checkpoint_stems, stem_tests, NULL, NULL, .timeout = 5.0);
#endif
