/* SPDX-License-Identifier: BSD-2-Clause */
/* test_running_team.c: reports of a team's ranks become the ends of its tests, also when members are lost on the way. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../runner/running_team.h"

static struct plan_test tests[] = {{.name = "a.two", .np = 2}, {.name = "a.all", .np = MRT_NP_ALL}, {.name = "a.one", .np = 1}};
static const struct plan plan = {.tests = tests, .count = 3};
static const char *const hosts[] = {"n0", "n1", "n2", "n3"};

/* Ranks 3 and 1 run all three. */
static struct running_team *team_of_two(void)
{
    static const int members[] = {3, 1};
    static const size_t order[] = {0, 1, 2};
    struct running_team *team = running_team_create(&(struct running_team_settings){
        .assignment = 5, .serial = 100, .members = members, .size = 2, .tests = order, .count = 3, .plan = &plan, .unit = -1, .now = 10});
    assert_non_null(team);
    return team;
}

static int reported(struct running_team *team, int rank, uint32_t test, enum outcome outcome, const struct team_test **ended)
{
    const struct message_result result = {
        .test = test, .outcome = outcome, .seconds = 0.5, .message = "m", .place = "p", .warnings = "w", .output = "o", .output_size = 1};
    return running_team_take(team, rank, &result, 11, ended);
}

static int lost(struct running_team *team, uint32_t member, enum outcome outcome, uint32_t test, const struct team_test **ended)
{
    const struct message_lost message = {
        .outcome = outcome, .test = test, .reason = "was killed", .output = "o", .output_size = 1};
    return running_team_lose(team, member, &message, 12, ended);
}

static void a_test_ends_with_its_last_report(void **state)
{
    (void)state;
    struct running_team *team = team_of_two();
    const struct team_test *ended = NULL;
    assert_int_equal(reported(team, 3, 0, OUTCOME_PASSED, &ended), 0);
    assert_null(ended);
    assert_int_equal(reported(team, 1, 0, OUTCOME_FAILED, &ended), 0);
    assert_ptr_equal(ended, &team->tests[0]);
    struct event_rank_result ranks[2];
    struct event_test_finished event;
    running_team_event(team, ended, "a.two", hosts, ranks, &event);
    assert_int_equal(event.outcome, OUTCOME_FAILED);
    assert_int_equal(event.ranks[0].rank, 3);
    assert_string_equal(event.ranks[1].node, "n1");
    assert_string_equal(event.ranks[1].place, "p");
    assert_string_equal(event.ranks[1].warnings, ""); /* nobody can clean up when a team-mate has left */
    assert_true(team->tests[1].started > 10.5); /* the next test begins when this one has ended */
    running_team_destroy(team);
}

static void what_ranks_leave_behind_fails_the_test_when_that_is_wanted(void **state)
{
    (void)state;
    struct running_team *team = team_of_two();
    const struct team_test *ended = NULL;
    assert_int_equal(reported(team, 3, 0, OUTCOME_PASSED, &ended), 0);
    assert_int_equal(reported(team, 1, 0, OUTCOME_PASSED, &ended), 0);
    struct event_rank_result ranks[2];
    struct event_test_finished event;
    running_team_event(team, ended, "a.two", hosts, ranks, &event);
    assert_int_equal(event.outcome, OUTCOME_PASSED);
    assert_string_equal(event.ranks[1].warnings, "w");
    ranks[0].warnings = "";
    running_team_be_strict(ranks, &event);
    assert_int_equal(event.outcome, OUTCOME_FAILED);
    assert_string_equal(event.message, "w");
    assert_int_equal(ranks[0].outcome, OUTCOME_PASSED);
    assert_int_equal(ranks[1].outcome, OUTCOME_FAILED);
    assert_string_equal(ranks[1].message, "w");
    running_team_destroy(team);
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    struct running_team *team = team_of_two();
    const struct team_test *ended = NULL;
    assert_int_equal(reported(team, 2, 0, OUTCOME_PASSED, &ended), -EBADMSG);  /* no member */
    assert_int_equal(reported(team, 3, 7, OUTCOME_PASSED, &ended), -EBADMSG);  /* no such test */
    assert_int_equal(reported(team, 1, 2, OUTCOME_PASSED, &ended), -EBADMSG);  /* of the first member alone */
    assert_int_equal(reported(team, 3, 0, OUTCOME_PASSED, &ended), 0);
    assert_int_equal(reported(team, 3, 0, OUTCOME_PASSED, &ended), -EBADMSG);  /* twice */
    assert_null(ended);
    running_team_destroy(team);
}

static void a_lost_member_crashes_the_test_that_it_was_in_alone(void **state)
{
    (void)state;
    struct running_team *team = team_of_two();
    const struct team_test *ended = NULL;
    assert_int_equal(reported(team, 1, 0, OUTCOME_PASSED, &ended), 0);
    assert_ptr_equal(running_team_current(team, 1), &team->tests[1]);
    assert_int_equal(lost(team, 1, OUTCOME_CRASHED, LOST_ANYWHERE, &ended), 0);
    assert_null(ended); /* rank 3 is in the first test still */
    assert_int_equal(reported(team, 3, 0, OUTCOME_PASSED, &ended), 0);
    assert_ptr_equal(ended, &team->tests[0]);
    assert_int_equal(reported(team, 3, 1, OUTCOME_NOTRUN, &ended), 0);
    assert_ptr_equal(ended, &team->tests[1]);
    struct event_rank_result ranks[2];
    struct event_test_finished event;
    running_team_event(team, ended, "a.all", hosts, ranks, &event);
    assert_int_equal(event.outcome, OUTCOME_CRASHED);
    assert_string_equal(event.message, "was killed");
    assert_string_equal(event.ranks[1].output, "o");
    assert_true(event.ranks[1].seconds > 1.5);
    running_team_destroy(team);
}

/* What rank 3 and rank 1 report of the test that both run; what comes of it. */
static void is_judged(struct mrt_expect expect, const struct message_result *of_3, const struct message_result *of_1,
                      enum outcome outcome, const char *message)
{
    struct event_rank_result ranks[2];
    struct event_test_finished event;
    const struct team_test *ended = NULL;
    tests[0].expect = expect;
    struct running_team *team = team_of_two();
    tests[0].expect = (struct mrt_expect){.end_ = MRT_END_ANY_};
    assert_int_equal(running_team_take(team, 3, of_3, 11, &ended), 0);
    assert_int_equal(running_team_take(team, 1, of_1, 11, &ended), 0);
    assert_ptr_equal(ended, &team->tests[0]);
    running_team_event(team, ended, "a.two", hosts, ranks, &event);
    assert_string_equal(outcome_name(event.outcome), outcome_name(outcome));
    assert_string_equal(event.message, message);
    if (outcome == OUTCOME_PASSED)
        assert_int_equal(event.ranks[0].outcome, OUTCOME_PASSED);
    running_team_destroy(team);
}

static void a_test_that_is_to_end_otherwise_is_judged_by_its_gravest_rank(void **state)
{
    (void)state;
    const struct message_result returned = {.outcome = OUTCOME_PASSED, .message = "", .place = "", .warnings = "", .output = ""};
    struct message_result followed = returned, crashed = returned, exited = returned, failed = returned, late = returned;
    followed.outcome = OUTCOME_NOTRUN;
    followed.message = "left MPI_Recv";
    crashed.outcome = exited.outcome = OUTCOME_CRASHED;
    crashed.how = HOW_SIGNAL;
    crashed.code = 11;
    crashed.message = "signal 11";
    exited.how = HOW_EXIT;
    exited.code = -1;
    exited.message = "exit(-1) called";
    failed.outcome = OUTCOME_FAILED;
    failed.how = HOW_FAILED;
    failed.message = "1 != 2";
    late.outcome = OUTCOME_TIMEOUT;
    late.message = "timed out";
    const struct mrt_expect signal_11 = MRT_SIGNALS(11), exit_255 = MRT_EXITS(255), abort_3 = MRT_ABORTS(3), fails = MRT_FAILS;
    is_judged(signal_11, &crashed, &followed, OUTCOME_PASSED, "");
    is_judged(signal_11, &failed, &crashed, OUTCOME_PASSED, "");
    is_judged(exit_255, &exited, &followed, OUTCOME_PASSED, "");
    is_judged(fails, &failed, &followed, OUTCOME_PASSED, "");
    is_judged(signal_11, &returned, &returned, OUTCOME_FAILED, "expected signal 11, but it passed");
    is_judged(abort_3, &followed, &exited, OUTCOME_FAILED, "expected MPI_Abort(3), but it crashed: exit(-1) called");
    is_judged(fails, &followed, &crashed, OUTCOME_FAILED, "expected a failure, but it crashed: signal 11");
    is_judged(exit_255, &failed, &failed, OUTCOME_FAILED, "expected exit(255), but it failed: 1 != 2");
    is_judged(signal_11, &late, &followed, OUTCOME_TIMEOUT, "timed out");
}

static void a_member_lost_last_ends_the_test(void **state)
{
    (void)state;
    struct running_team *team = team_of_two();
    const struct team_test *ended = NULL;
    assert_int_equal(reported(team, 3, 0, OUTCOME_NOTRUN, &ended), 0);
    assert_int_equal(lost(team, 1, OUTCOME_TIMEOUT, LOST_ANYWHERE, &ended), 0);
    assert_ptr_equal(ended, &team->tests[0]);
    assert_null(running_team_current(team, UINT32_MAX - 1));
    running_team_destroy(team);
}

static void a_member_that_has_reported_all_is_lost_without_loss(void **state)
{
    (void)state;
    struct running_team *team = team_of_two();
    const struct team_test *ended = NULL;
    assert_int_equal(reported(team, 1, 0, OUTCOME_PASSED, &ended), 0);
    assert_int_equal(reported(team, 1, 1, OUTCOME_PASSED, &ended), 0);
    assert_int_equal(lost(team, 1, OUTCOME_CRASHED, LOST_ANYWHERE, &ended), 0);
    assert_null(ended);
    assert_true(team->lost[1]);
    running_team_destroy(team);
}

static void a_test_that_a_lost_member_had_not_begun_returns(void **state)
{
    (void)state;
    static const uint32_t serials[] = {0, 99, 105};
    for (int i = 0; i < 3; i++) {
        struct running_team *team = team_of_two();
        const struct team_test *ended = NULL;
        assert_int_equal(lost(team, 1, OUTCOME_CRASHED, serials[i], &ended), 0);
        assert_int_equal(reported(team, 3, 0, OUTCOME_NOTRUN, &ended), 0);
        assert_ptr_equal(ended, &team->tests[0]);
        assert_true(ended->returns);
        assert_int_equal(ended->reports[1].outcome, OUTCOME_NOTRUN);
        running_team_destroy(team);
    }
    for (uint32_t serial = 100; serial <= 104; serial++) { /* setup, three tests, teardown */
        struct running_team *team = team_of_two();
        const struct team_test *ended = NULL;
        assert_int_equal(lost(team, 1, OUTCOME_CRASHED, serial, &ended), 0);
        assert_false(team->tests[0].returns);
        running_team_destroy(team);
    }
}

static void ranks_are_overdue_when_patience_is_over(void **state)
{
    (void)state;
    struct running_team *team = team_of_two();
    const struct team_test *ended = NULL;
    team->tests[0].limit = 3;
    assert_false(running_team_is_overdue(team, 0, 10 + 3 + RUNNING_TEAM_PATIENCE));
    assert_true(running_team_is_overdue(team, 0, 10.1 + 3 + RUNNING_TEAM_PATIENCE));
    assert_int_equal(reported(team, 3, 0, OUTCOME_PASSED, &ended), 0);
    team->tests[1].limit = INFINITY;
    assert_false(running_team_is_overdue(team, 0, 1e9)); /* rank 3 is in the next one */
    assert_true(running_team_is_overdue(team, 1, 1e9));
    running_team_destroy(team);
}

static void a_test_is_slow_once(void **state)
{
    (void)state;
    struct running_team *team = team_of_two();
    assert_null(running_team_slow(team, 2, 11.9));
    assert_ptr_equal(running_team_slow(team, 2, 12), &team->tests[0]);
    assert_null(running_team_slow(team, 2, 13));
    running_team_destroy(team);
}

static void fixtures_of_a_unit_take_time_too(void **state)
{
    static const int members[] = {3, 1};
    static const size_t order[] = {0, 1, 2};
    static struct plan_test timed[] = {{.np = 2, .timeout = 1}, {.np = 2, .timeout = 4}, {.np = 1, .timeout = 2}};
    static struct plan_unit unit = {.first = 0, .count = 3};
    const struct plan units = {.tests = timed, .count = 3, .units = &unit, .unit_count = 1};
    struct running_team_settings settings = {
        .assignment = 5, .members = members, .size = 2, .tests = order, .count = 3, .plan = &units, .unit = 0, .now = 10};
    (void)state;
    struct running_team *team = running_team_create(&settings);
    assert_true(team->tests[0].limit == 1 + 4);
    assert_true(team->tests[1].limit == 4);
    assert_true(team->tests[2].limit == 2 + 4);
    running_team_destroy(team);
    timed[1].timeout = -1;
    team = running_team_create(&settings);
    assert_true(isinf(team->tests[0].limit));
    assert_true(team->tests[2].limit > 1e9);
    running_team_destroy(team);
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(a_test_ends_with_its_last_report),
        cmocka_unit_test(what_ranks_leave_behind_fails_the_test_when_that_is_wanted),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(a_lost_member_crashes_the_test_that_it_was_in_alone),
        cmocka_unit_test(a_test_that_is_to_end_otherwise_is_judged_by_its_gravest_rank),
        cmocka_unit_test(a_member_lost_last_ends_the_test),
        cmocka_unit_test(a_member_that_has_reported_all_is_lost_without_loss),
        cmocka_unit_test(a_test_that_a_lost_member_had_not_begun_returns),
        cmocka_unit_test(ranks_are_overdue_when_patience_is_over),
        cmocka_unit_test(a_test_is_slow_once),
        cmocka_unit_test(fixtures_of_a_unit_take_time_too),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
