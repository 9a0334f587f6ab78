/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of guard/deadlock.c: reports of members, replayed with a clock of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../runner/guard/deadlock.h"

static void report(struct guard_deadlock *deadlock, uint32_t member, uint32_t moves, uint64_t sent, uint64_t received,
                   double now)
{
    struct guard_letter letter = {.kind = GUARD_BLOCKED,
                                  .blocked = {.moves = moves, .sent = sent, .received = received}};
    snprintf(letter.blocked.call, sizeof letter.blocked.call, "MPI_Recv(source=%u)", 1 - member);
    guard_deadlock_report(deadlock, member, &letter, now);
}

static void two_looks_in_which_nothing_moves_are_a_deadlock(void **state)
{
    (void)state;
    struct guard_deadlock deadlock;
    assert_int_equal(guard_deadlock_begin(&deadlock, 2), 0);
    report(&deadlock, 0, 1, 3, 2, 10.0);
    assert_false(guard_deadlock_is(&deadlock, 10.0));
    report(&deadlock, 1, 1, 2, 3, 10.1);
    assert_false(guard_deadlock_is(&deadlock, 10.1));
    report(&deadlock, 0, 1, 3, 2, 11.0);
    assert_false(guard_deadlock_is(&deadlock, 11.0)); /* of member 1 there is one look */
    report(&deadlock, 1, 1, 2, 3, 11.1);
    assert_true(guard_deadlock_is(&deadlock, 11.1));
    guard_deadlock_finish(&deadlock);
}

static void who_has_moved_in_between_is_not_blocked(void **state)
{
    (void)state;
    struct guard_deadlock deadlock;
    assert_int_equal(guard_deadlock_begin(&deadlock, 2), 0);
    for (int i = 0; i < 20; i++) {
        report(&deadlock, 0, 1, 0, 0, 10.0 + i);
        report(&deadlock, 1, (uint32_t)i, 0, 0, 10.1 + i); /* each time in another call */
        assert_false(guard_deadlock_is(&deadlock, 10.1 + i));
    }
    guard_deadlock_finish(&deadlock);
}

static void who_says_nothing_any_more_is_not_blocked(void **state)
{
    (void)state;
    struct guard_deadlock deadlock;
    assert_int_equal(guard_deadlock_begin(&deadlock, 2), 0);
    report(&deadlock, 1, 1, 0, 0, 10.0);
    report(&deadlock, 1, 1, 0, 0, 11.0); /* now it computes */
    for (int i = 2; i < 20; i++) {
        report(&deadlock, 0, 1, 0, 0, 11.0 + i);
        assert_false(guard_deadlock_is(&deadlock, 11.0 + i));
    }
    guard_deadlock_finish(&deadlock);
}

static void messages_under_way_get_the_time_that_they_need(void **state)
{
    (void)state;
    struct guard_deadlock deadlock;
    double until = GUARD_DEADLOCK_EVERY + GUARD_DEADLOCK_QUIET + 50.0, found = 0;
    assert_int_equal(guard_deadlock_begin(&deadlock, 2), 0);
    for (int i = 0; i < 100 && found == 0; i++) {
        struct guard_letter letter = {.kind = GUARD_BLOCKED,
                                      .blocked = {.sent = 1, .bytes = (uint64_t)(50 * GUARD_DEADLOCK_SLOWEST)}};
        guard_deadlock_report(&deadlock, 0, &letter, i);
        report(&deadlock, 1, 0, 0, 0, i);
        if (guard_deadlock_is(&deadlock, i))
            found = i;
    }
    assert_true(found >= until - GUARD_DEADLOCK_EVERY && found <= until + 2 * GUARD_DEADLOCK_EVERY);
    guard_deadlock_finish(&deadlock);
}

static void the_text_names_every_call(void **state)
{
    (void)state;
    struct guard_deadlock deadlock;
    char text[1024], small[100];
    assert_int_equal(guard_deadlock_begin(&deadlock, 2), 0);
    report(&deadlock, 0, 1, 0, 0, 1);
    struct guard_letter letter = {.kind = GUARD_BLOCKED, .blocked = {.finished = 1}};
    guard_deadlock_report(&deadlock, 1, &letter, 1);
    guard_deadlock_text(&deadlock, text, sizeof text);
    assert_non_null(strstr(text, "\nrank 0: MPI_Recv(source=1)"));
    assert_non_null(strstr(text, "\nrank 1: has ended the test"));
    guard_deadlock_finish(&deadlock);
    assert_int_equal(guard_deadlock_begin(&deadlock, 9), 0);
    for (uint32_t i = 0; i < 9; i++)
        report(&deadlock, i, 1, 0, 0, 1);
    guard_deadlock_text(&deadlock, small, sizeof small);
    assert_true(strlen(small) < sizeof small);
    assert_non_null(strstr(small, " more"));
    guard_deadlock_finish(&deadlock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_looks_in_which_nothing_moves_are_a_deadlock),
        cmocka_unit_test(who_has_moved_in_between_is_not_blocked),
        cmocka_unit_test(who_says_nothing_any_more_is_not_blocked),
        cmocka_unit_test(messages_under_way_get_the_time_that_they_need),
        cmocka_unit_test(the_text_names_every_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
