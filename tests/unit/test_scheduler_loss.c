/* SPDX-License-Identifier: BSD-2-Clause */
/* test_scheduler_loss.c: workers are lost in every state, and no test with them. */
#include "scheduler_log.h"

static void a_lost_worker_that_was_idle_or_away_gets_nothing(void **state)
{
    (void)state;
    const struct scheduler_test tests[] = {UNKNOWN(1), UNKNOWN(1)};
    struct scheduler *scheduler = plain(4, tests, COUNT(tests));
    ready(scheduler, 1, 1);
    scheduler_worker_lost(scheduler, 1, now);
    scheduler_worker_lost(scheduler, 1, now); /* once is enough */
    scheduler_worker_lost(scheduler, 2, now);
    scheduler_worker_lost(scheduler, 0, now); /* the main rank cannot be */
    scheduler_worker_lost(scheduler, 4, now); /* nor one that is none */
    NEXT("nothing");
    ready(scheduler, 1, 2); /* a lost rank stays lost */
    NEXT("nothing");
    ready(scheduler, 3, 3);
    NEXT("#1 on 3: 0");
    FINISH(1, 0);
    NEXT("#2 on 3: 1");
    FINISH(2, 1);
    NEXT("finished");
    scheduler_destroy(scheduler);
}

static void tests_of_a_lost_worker_that_had_not_started_run_elsewhere(void **state)
{
    (void)state;
    struct scheduler_test tests[12];
    for (size_t i = 0; i < COUNT(tests); i++)
        tests[i] = (struct scheduler_test)KNOWN(1, 1e-3);
    struct scheduler *scheduler =
        create(&(struct scheduler_config){.ranks = 3, .batch_max = 64, .batch_seconds = 1}, tests, COUNT(tests));
    ready(scheduler, 1, 2);
    NEXT("#1 on 1: 0 1 2");
    NEXT("#2 on 2: 3 4");
    scheduler_test_ended(scheduler, 0, OUTCOME_PASSED, 1e-3, now);
    scheduler_worker_lost(scheduler, 1, now);
    NEXT("nothing"); /* its test is the caller's to end */
    scheduler_test_ended(scheduler, 1, OUTCOME_CRASHED, 1e-3, now);
    scheduler_assignment_ended(scheduler, 1, now);
    NEXT("nothing");
    FINISH(2, 3, 4);
    NEXT("#3 on 2: 2 5 6 7"); /* back at its place in the order */
    FINISH(3, 2, 5, 6, 7);
    NEXT("#4 on 2: 8 9");
    FINISH(4, 8, 9);
    NEXT("#5 on 2: 10");
    FINISH(5, 10);
    NEXT("#6 on 2: 11");
    FINISH(6, 11);
    NEXT("finished");
    scheduler_destroy(scheduler);
}

static void members_of_a_lost_rank_are_idle_again(void **state)
{
    (void)state;
    const struct scheduler_test tests[] = {KNOWN(3, 5), KNOWN(2, 4)};
    struct scheduler *scheduler = plain(4, tests, COUNT(tests));
    ready(scheduler, 1, 3);
    NEXT("#1 on 1 2 3: 0");
    scheduler_worker_lost(scheduler, 2, now);
    scheduler_test_ended(scheduler, 0, OUTCOME_CRASHED, 1, now);
    NEXT("nothing");
    scheduler_assignment_ended(scheduler, 1, now);
    NEXT("#2 on 1 3: 1");
    FINISH(2, 1);
    NEXT("finished");
    scheduler_destroy(scheduler);
}

static void what_is_left_of_a_unit_runs_as_a_unit(void **state)
{
    (void)state;
    const struct scheduler_test tests[] = {IN_UNIT(7, 2), IN_UNIT(7, 1), IN_UNIT(7, 1)};
    struct scheduler *scheduler = plain(4, tests, COUNT(tests));
    ready(scheduler, 1, 3);
    NEXT("#1 on 1 2: 0 1 2 unit 7");
    scheduler_test_ended(scheduler, 0, OUTCOME_CRASHED, 1, now);
    scheduler_worker_lost(scheduler, 2, now);
    scheduler_assignment_ended(scheduler, 1, now);
    NEXT("#2 on 1: 1 2 unit 7"); /* smaller now, since the test of two ranks has ended */
    FINISH(2, 1, 2);
    NEXT("finished");
    scheduler_destroy(scheduler);
}

static void tests_that_no_longer_fit_after_a_loss_are_skipped(void **state)
{
    (void)state;
    const struct scheduler_test tests[] = {UNKNOWN(4),     UNKNOWN(1),    UNKNOWN(-1),
                                           IN_UNIT(0, -1), IN_UNIT(0, 4), UNKNOWN(6)};
    struct scheduler *scheduler = plain(4, tests, COUNT(tests));
    NEXT("skip 5: needs 6 ranks, the job has 4");
    scheduler_worker_lost(scheduler, 3, now);
    NEXT("skip 0: needs 4 ranks, but of the job's 4 only 3 are left");
    NEXT("skip 4 unit 0: needs 4 ranks, but of the job's 4 only 3 are left");
    ready(scheduler, 1, 2);
    NEXT("#1 on 0 1 2: 2"); /* every rank that is left */
    FINISH(1, 2);
    NEXT("#2 on 0 1 2: 3 unit 0");
    FINISH(2, 3);
    NEXT("#3 on 1: 1");
    FINISH(3, 1);
    NEXT("finished");
    assert_int_equal(scheduler_ranks_wanted(scheduler), 6); /* -n 4 is what it had */
    scheduler_destroy(scheduler);
}

static void without_workers_rank_0_does_what_one_rank_can(void **state)
{
    (void)state;
    const struct scheduler_test tests[] = {UNKNOWN(2), UNKNOWN(1)};
    struct scheduler *scheduler = plain(3, tests, COUNT(tests));
    ready(scheduler, 1, 2);
    NEXT("#1 on 1 2: 0");
    scheduler_worker_lost(scheduler, 1, now);
    scheduler_worker_lost(scheduler, 2, now);
    NEXT("#2 on 0: 1");
    FINISH(2, 1);
    NEXT("nothing");
    scheduler_assignment_ended(scheduler, 1, now); /* nobody ended the test: it is not lost … */
    NEXT("skip 0: needs 2 ranks, but of the job's 3 only 1 is left");
    NEXT("finished");
    scheduler_destroy(scheduler);
}

static void a_reservation_is_made_anew_after_a_loss(void **state)
{
    (void)state;
    const struct scheduler_test tests[] = {KNOWN(1, 30), KNOWN(1, 20), KNOWN(2, 15), KNOWN(1, 12)};
    struct scheduler *scheduler = plain(4, tests, COUNT(tests));
    ready(scheduler, 1, 3);
    NEXT("#1 on 1: 0");
    NEXT("#2 on 2: 1");
    NEXT("#3 on 3: 3"); /* the team is to start at 20 */
    now = 12;
    FINISH(3, 3);
    scheduler_worker_lost(scheduler, 2, now);
    NEXT("nothing"); /* now at 30 */
    scheduler_test_ended(scheduler, 1, OUTCOME_CRASHED, 12, now);
    scheduler_assignment_ended(scheduler, 2, now);
    NEXT("nothing");
    now = 30;
    FINISH(1, 0);
    NEXT("#4 on 1 3: 2");
    scheduler_destroy(scheduler);
}

static void a_late_result_is_not_run_again(void **state)
{
    (void)state;
    const struct scheduler_test tests[] = {UNKNOWN(1), IN_UNIT(0, 2), IN_UNIT(0, 1)};
    struct scheduler *scheduler = plain(4, tests, COUNT(tests));
    ready(scheduler, 1, 3);
    NEXT("#1 on 1 2: 1 2 unit 0");
    NEXT("#2 on 3: 0");
    scheduler_assignment_ended(scheduler, 1, now); /* given up … */
    scheduler_assignment_ended(scheduler, 2, now);
    scheduler_test_ended(scheduler, 1, OUTCOME_PASSED, 1, now); /* … too early */
    scheduler_test_ended(scheduler, 0, OUTCOME_PASSED, 1, now);
    NEXT("#3 on 1: 2 unit 0");
    FINISH(3, 2);
    NEXT("finished");
    scheduler_destroy(scheduler);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lost_worker_that_was_idle_or_away_gets_nothing),
        cmocka_unit_test(tests_of_a_lost_worker_that_had_not_started_run_elsewhere),
        cmocka_unit_test(members_of_a_lost_rank_are_idle_again),
        cmocka_unit_test(what_is_left_of_a_unit_runs_as_a_unit),
        cmocka_unit_test(tests_that_no_longer_fit_after_a_loss_are_skipped),
        cmocka_unit_test(without_workers_rank_0_does_what_one_rank_can),
        cmocka_unit_test(a_reservation_is_made_anew_after_a_loss),
        cmocka_unit_test(a_late_result_is_not_run_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
