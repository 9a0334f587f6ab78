/* SPDX-License-Identifier: BSD-2-Clause */
/* test_scheduler.c: the order of items, batches, units, skips, stops, and events that cannot be. Teams and losses have
 * files of their own. */
#include <math.h>
#include "scheduler_log.h"

static void an_empty_plan_is_finished_at_once(void **state)
{
    (void)state;
    struct scheduler *scheduler = plain(4, NULL, 0);
    NEXT("finished");
    NEXT("finished");
    assert_int_equal(scheduler_ranks_wanted(scheduler), 0);
    scheduler_destroy(scheduler);
    scheduler_destroy(NULL);
}

static void one_rank_runs_everything_itself(void **state)
{
    (void)state;
    const struct scheduler_test tests[] = {UNKNOWN(1), UNKNOWN(2), UNKNOWN(-1)};
    struct scheduler *scheduler = plain(1, tests, COUNT(tests));
    NEXT("skip 1: needs 2 ranks, the job has 1");
    NEXT("#1 on 0: 2");
    NEXT("nothing");
    FINISH(1, 2);
    NEXT("#2 on 0: 0");
    NEXT("nothing");
    FINISH(2, 0);
    NEXT("finished");
    assert_int_equal(scheduler_ranks_wanted(scheduler), 2);
    scheduler_destroy(scheduler);
}

static void workers_that_are_not_ready_get_nothing(void **state)
{
    (void)state;
    const struct scheduler_test tests[] = {UNKNOWN(1), UNKNOWN(1)};
    struct scheduler *scheduler = plain(3, tests, COUNT(tests));
    NEXT("nothing");
    ready(scheduler, 2, 2);
    NEXT("#1 on 2: 0");
    NEXT("nothing");
    ready(scheduler, 2, 2); /* busy: it cannot be ready */
    NEXT("nothing");
    ready(scheduler, 0, 0); /* the main rank runs no single test where there are workers */
    NEXT("nothing");
    ready(scheduler, 1, 1);
    NEXT("#2 on 1: 1");
    FINISH(1, 0);
    NEXT("nothing");
    FINISH(2, 1);
    NEXT("finished");
    scheduler_destroy(scheduler);
}

static void order_is_priority_then_longest_then_largest_then_plan(void **state)
{
    (void)state;
    const struct scheduler_test tests[] = {
        KNOWN(1, 1.0),                                            /* 0 */
        KNOWN(1, 2.0),                                            /* 1 */
        {.np = 1, .priority = 90, .unit = -1, .expected = 0.1},   /* 2 */
        KNOWN(2, 1.0),                                            /* 3: as long as 0, larger */
        UNKNOWN(1),                                               /* 4: may be the longest */
        KNOWN(1, 1.0),                                            /* 5 */
        {.np = 1, .priority = 101, .unit = -1, .expected = 1000}, /* 6 */
    };
    static const char *const order[] = {"2", "4", "1", "3", "0", "5", "6"};
    struct scheduler *scheduler = plain(4, tests, COUNT(tests));
    ready(scheduler, 1, 3);
    for (uint32_t i = 0; i < COUNT(order); i++) {
        const char *line = next(scheduler);
        assert_string_equal(strrchr(line, ' ') + 1, order[i]);
        scheduler_test_ended(scheduler, (size_t)(order[i][0] - '0'), OUTCOME_PASSED, 1.0, now);
        scheduler_assignment_ended(scheduler, i + 1, now);
    }
    NEXT("finished");
    scheduler_destroy(scheduler);
}

static void in_order_keeps_the_plan_within_a_priority(void **state)
{
    (void)state;
    const struct scheduler_test tests[] = {
        KNOWN(1, 1.0), KNOWN(2, 5.0), UNKNOWN(1), {.np = 1, .priority = 5, .unit = -1, .expected = 0.1}};
    struct scheduler *scheduler = create(&(struct scheduler_config){.ranks = 3, .in_order = true}, tests, COUNT(tests));
    ready(scheduler, 1, 2);
    NEXT("#1 on 1: 3");
    FINISH(1, 3);
    NEXT("#2 on 1: 0");
    FINISH(2, 0);
    NEXT("#3 on 1 2: 1");
    FINISH(3, 1);
    NEXT("#4 on 1: 2");
    scheduler_destroy(scheduler);
}

static void a_test_too_large_is_skipped_with_the_reason(void **state)
{
    (void)state;
    const struct scheduler_test tests[] = {UNKNOWN(6), UNKNOWN(1), UNKNOWN(9)};
    struct scheduler *scheduler = plain(4, tests, COUNT(tests));
    NEXT("skip 0: needs 6 ranks, the job has 4"); /* before any worker is ready */
    NEXT("skip 2: needs 9 ranks, the job has 4");
    NEXT("nothing");
    assert_int_equal(scheduler_ranks_wanted(scheduler), 9);
    ready(scheduler, 1, 1);
    NEXT("#1 on 1: 1");
    FINISH(1, 1);
    NEXT("finished");
    scheduler_destroy(scheduler);
}

static void short_tests_come_one_by_one_until_measured_then_in_growing_batches(void **state)
{
    (void)state;
    struct scheduler_test tests[100];
    for (size_t i = 0; i < COUNT(tests); i++)
        tests[i] = (struct scheduler_test)UNKNOWN(1);
    struct scheduler *scheduler =
        create(&(struct scheduler_config){.ranks = 3, .batch_max = 64, .batch_seconds = 0.01}, tests, COUNT(tests));
    ready(scheduler, 1, 2);
    NEXT("#1 on 1: 0");
    NEXT("#2 on 2: 1");
    FINISH_IN(1, 0.0001, 0);
    NEXT("#3 on 1: 2");
    FINISH_IN(2, 0.0001, 1);
    NEXT("#4 on 2: 3");
    FINISH_IN(3, 0.0001, 2);
    FINISH_IN(4, 0.0001, 3);
    NEXT("#5 on 1: 4 5"); /* four have ended on two workers */
    FINISH_IN(5, 0.0001, 4, 5);
    NEXT("#6 on 1: 6 7 8");
    scheduler_destroy(scheduler);
}

static void a_batch_ends_where_its_expected_time_does(void **state)
{
    (void)state;
    const struct scheduler_test tests[] = {KNOWN(1, 0.5), KNOWN(1, 0.4), KNOWN(1, 0.3), KNOWN(1, 0.3), KNOWN(1, 0.1),
                                           KNOWN(1, 0.1), KNOWN(1, 0.1), KNOWN(1, 0.1), KNOWN(1, 0.1), KNOWN(1, 0.1)};
    struct scheduler *scheduler =
        create(&(struct scheduler_config){.ranks = 2, .batch_max = 64, .batch_seconds = 1.0}, tests, COUNT(tests));
    ready(scheduler, 1, 1);
    NEXT("#1 on 1: 0 1"); /* the next that would fit lasts less than 0.1: none does */
    FINISH(1, 0, 1);
    NEXT("#2 on 1: 2 3 4 5"); /* half of what is left */
    scheduler_destroy(scheduler);
}

static void no_worker_holds_a_pile_at_the_end(void **state)
{
    (void)state;
    struct scheduler_test tests[32];
    for (size_t i = 0; i < COUNT(tests); i++)
        tests[i] = (struct scheduler_test)KNOWN(1, 1e-5);
    struct scheduler *scheduler =
        create(&(struct scheduler_config){.ranks = 5, .batch_max = 64, .batch_seconds = 1}, tests, COUNT(tests));
    ready(scheduler, 1, 4);
    NEXT("#1 on 1: 0 1 2 3"); /* 32 / (2 * 4) */
    NEXT("#2 on 2: 4 5 6");
    NEXT("#3 on 3: 7 8 9");
    NEXT("#4 on 4: 10 11");
    FINISH(4, 10, 11);
    NEXT("#5 on 4: 12 13");
    FINISH(5, 12, 13);
    NEXT("#6 on 4: 14 15");
    FINISH(6, 14, 15);
    NEXT("#7 on 4: 16 17");
    FINISH(7, 16, 17);
    NEXT("#8 on 4: 18");
    scheduler_destroy(scheduler);
}

static void a_batch_holds_one_size_and_one_priority(void **state)
{
    (void)state;
    struct scheduler_test tests[24];
    for (size_t i = 0; i < COUNT(tests); i++) {
        tests[i] = (struct scheduler_test)KNOWN(i % 2 ? 2 : 1, 1e-3);
        tests[i].priority = i < 6 ? 1 : 2;
    }
    struct scheduler *scheduler =
        create(&(struct scheduler_config){.ranks = 3, .batch_max = 64, .batch_seconds = 1}, tests, COUNT(tests));
    ready(scheduler, 1, 2);
    NEXT("#1 on 1 2: 1 3 5"); /* twelve of that size wait; these are of that priority */
    FINISH(1, 1, 3, 5);
    NEXT("#2 on 1: 0 2 4");
    scheduler_destroy(scheduler);
}

static void in_order_a_batch_ends_before_another_size(void **state)
{
    (void)state;
    const struct scheduler_test tests[] = {KNOWN(1, 1e-3), KNOWN(1, 1e-3), KNOWN(2, 1e-3),
                                           KNOWN(1, 1e-3), KNOWN(1, 1e-3), KNOWN(1, 1e-3),
                                           KNOWN(1, 1e-3), KNOWN(1, 1e-3), KNOWN(1, 1e-3)};
    struct scheduler *scheduler =
        create(&(struct scheduler_config){.ranks = 3, .in_order = true, .batch_max = 64, .batch_seconds = 1}, tests,
               COUNT(tests));
    ready(scheduler, 1, 2);
    NEXT("#1 on 1: 0 1");
    NEXT("#2 on 2: 3"); /* it fills the gap, by itself: the next in order is the team */
    NEXT("nothing");
    now = 0.002;
    FINISH(1, 0, 1);
    NEXT("nothing");
    FINISH(2, 3);
    NEXT("#3 on 1 2: 2");
    scheduler_destroy(scheduler);
}

static void a_unit_is_one_item_as_large_as_its_largest_test(void **state)
{
    (void)state;
    const struct scheduler_test tests[] = {UNKNOWN(1),    IN_UNIT(3, 1), IN_UNIT(3, 2),
                                           IN_UNIT(3, 1), IN_UNIT(4, 1), UNKNOWN(1)};
    struct scheduler *scheduler = plain(4, tests, COUNT(tests));
    ready(scheduler, 1, 3);
    NEXT("#1 on 1 2: 1 2 3 unit 3");
    NEXT("#2 on 3: 0");
    scheduler_test_ended(scheduler, 1, OUTCOME_PASSED, 1, now);
    NEXT("nothing"); /* not before its teardown is over */
    scheduler_test_ended(scheduler, 2, OUTCOME_PASSED, 1, now);
    scheduler_test_ended(scheduler, 3, OUTCOME_PASSED, 1, now);
    NEXT("nothing");
    scheduler_assignment_ended(scheduler, 1, now);
    NEXT("#3 on 1: 4 unit 4"); /* a unit of one test is a unit */
    NEXT("#4 on 2: 5");
    FINISH(2, 0);
    FINISH(3, 4);
    NEXT("nothing");
    FINISH(4, 5);
    NEXT("finished");
    scheduler_destroy(scheduler);
}

static void a_unit_goes_on_without_tests_that_are_too_large(void **state)
{
    (void)state;
    const struct scheduler_test tests[] = {IN_UNIT(0, 1), IN_UNIT(0, 8), IN_UNIT(0, 2), IN_UNIT(0, 8), IN_UNIT(0, 6)};
    struct scheduler *scheduler = plain(4, tests, COUNT(tests));
    NEXT("skip 1 3 unit 0: needs 8 ranks, the job has 4");
    NEXT("skip 4 unit 0: needs 6 ranks, the job has 4");
    ready(scheduler, 1, 3);
    NEXT("#1 on 1 2: 0 2 unit 0");
    FINISH(1, 0, 2);
    NEXT("finished");
    scheduler_destroy(scheduler);
}

static void a_unit_with_a_test_of_every_rank_takes_every_rank(void **state)
{
    (void)state;
    const struct scheduler_test tests[] = {IN_UNIT(0, 1), IN_UNIT(0, -1), IN_UNIT(0, 9)};
    struct scheduler *scheduler = plain(3, tests, COUNT(tests));
    ready(scheduler, 1, 2);
    NEXT("skip 2 unit 0: needs 9 ranks, the job has 3");
    NEXT("#1 on 0 1 2: 0 1 unit 0");
    FINISH(1, 0, 1);
    NEXT("finished");
    scheduler_destroy(scheduler);
}

static void a_unit_is_as_urgent_as_its_most_urgent_test(void **state)
{
    (void)state;
    const struct scheduler_test tests[] = {
        {.np = 1, .priority = 50, .unit = -1, .expected = 1},
        {.np = 1, .priority = 100, .unit = 0, .expected = 1},
        {.np = 1, .priority = 40, .unit = 0, .expected = 1},
    };
    struct scheduler *scheduler = plain(2, tests, COUNT(tests));
    ready(scheduler, 1, 1);
    NEXT("#1 on 1: 1 2 unit 0");
    scheduler_destroy(scheduler);
}

static void units_next_to_each_other_stay_apart(void **state)
{
    (void)state;
    const struct scheduler_test tests[] = {IN_UNIT(0, 1), IN_UNIT(0, 1), IN_UNIT(1, 1), UNKNOWN(1), IN_UNIT(2, 1)};
    struct scheduler *scheduler =
        create(&(struct scheduler_config){.ranks = 5, .batch_max = 64, .batch_seconds = 1}, tests, COUNT(tests));
    ready(scheduler, 1, 4);
    NEXT("#1 on 1: 0 1 unit 0");
    NEXT("#2 on 2: 2 unit 1");
    NEXT("#3 on 3: 3");
    NEXT("#4 on 4: 4 unit 2");
    scheduler_destroy(scheduler);
}

static void after_a_stop_nothing_is_handed_out(void **state)
{
    (void)state;
    const struct scheduler_test tests[] = {UNKNOWN(1), UNKNOWN(1), UNKNOWN(1), UNKNOWN(9)};
    struct scheduler *scheduler = plain(3, tests, COUNT(tests));
    NEXT("skip 3: needs 9 ranks, the job has 3");
    ready(scheduler, 1, 2);
    NEXT("#1 on 1: 0");
    scheduler_stop(scheduler);
    NEXT("nothing");
    FINISH(1, 0);
    NEXT("finished");
    NEXT("finished");
    scheduler_destroy(scheduler);

    scheduler = plain(3, tests, COUNT(tests));
    scheduler_stop(scheduler);
    NEXT("finished"); /* not even skips: what did not run was not run */
    scheduler_destroy(scheduler);
}

static void events_that_cannot_be_change_nothing(void **state)
{
    (void)state;
    const struct scheduler_test tests[] = {UNKNOWN(1), UNKNOWN(1)};
    struct scheduler *scheduler = plain(2, tests, COUNT(tests));
    scheduler_assignment_ended(scheduler, 1, now);
    scheduler_assignment_ended(scheduler, 0, now);
    scheduler_test_ended(scheduler, 2, OUTCOME_PASSED, 1, now);
    scheduler_worker_ready(scheduler, -1, now);
    scheduler_worker_ready(scheduler, 2, now);
    ready(scheduler, 1, 1);
    NEXT("#1 on 1: 0");
    FINISH(1, 0);
    FINISH(1, 0);
    NEXT("#2 on 1: 1");
    FINISH(1, 0);
    NEXT("nothing");
    FINISH(2, 1);
    NEXT("finished");
    scheduler_destroy(scheduler);
}

static void strange_times_do_no_harm(void **state)
{
    (void)state;
    const struct scheduler_test tests[] = {KNOWN(1, 0.0),
                                           KNOWN(2, 1e300),
                                           {.np = 1, .unit = -1, .expected = (double)NAN},
                                           KNOWN(1, (double)INFINITY),
                                           KNOWN(1, 0.0)};
    struct scheduler *scheduler =
        create(&(struct scheduler_config){.ranks = 3, .batch_max = 64, .batch_seconds = 1}, tests, COUNT(tests));
    ready(scheduler, 1, 2);
    NEXT("#1 on 1: 2");
    FINISH_IN(1, (double)NAN, 2);
    NEXT("#2 on 1 2: 1");
    FINISH_IN(2, -1.0, 1);
    NEXT("#3 on 1: 3");
    NEXT("#4 on 2: 0");
    FINISH_IN(3, (double)INFINITY, 3);
    NEXT("#5 on 1: 4");
    scheduler_destroy(scheduler);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_plan_is_finished_at_once),
        cmocka_unit_test(one_rank_runs_everything_itself),
        cmocka_unit_test(workers_that_are_not_ready_get_nothing),
        cmocka_unit_test(order_is_priority_then_longest_then_largest_then_plan),
        cmocka_unit_test(in_order_keeps_the_plan_within_a_priority),
        cmocka_unit_test(a_test_too_large_is_skipped_with_the_reason),
        cmocka_unit_test(short_tests_come_one_by_one_until_measured_then_in_growing_batches),
        cmocka_unit_test(a_batch_ends_where_its_expected_time_does),
        cmocka_unit_test(no_worker_holds_a_pile_at_the_end),
        cmocka_unit_test(a_batch_holds_one_size_and_one_priority),
        cmocka_unit_test(in_order_a_batch_ends_before_another_size),
        cmocka_unit_test(a_unit_is_one_item_as_large_as_its_largest_test),
        cmocka_unit_test(a_unit_goes_on_without_tests_that_are_too_large),
        cmocka_unit_test(a_unit_with_a_test_of_every_rank_takes_every_rank),
        cmocka_unit_test(a_unit_is_as_urgent_as_its_most_urgent_test),
        cmocka_unit_test(units_next_to_each_other_stay_apart),
        cmocka_unit_test(after_a_stop_nothing_is_handed_out),
        cmocka_unit_test(events_that_cannot_be_change_nothing),
        cmocka_unit_test(strange_times_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
