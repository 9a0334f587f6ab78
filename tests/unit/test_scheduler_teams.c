/* SPDX-License-Identifier: BSD-2-Clause */
/* test_scheduler_teams.c: teams of several sizes: side by side, with rank 0, waiting for ranks, and on which nodes. */
#include "scheduler_log.h"

static void teams_of_several_sizes_run_side_by_side(void **state)
{
    (void)state;
    const struct scheduler_test tests[] = {KNOWN(4, 5), KNOWN(2, 4), KNOWN(1, 3), KNOWN(2, 2)};
    struct scheduler *scheduler = plain(8, tests, COUNT(tests));
    ready(scheduler, 1, 7);
    NEXT("#1 on 1 2 3 4: 0");
    NEXT("#2 on 5 6: 1");
    NEXT("#3 on 7: 2");
    NEXT("nothing");
    FINISH(2, 1);
    NEXT("#4 on 5 6: 3");
    FINISH(1, 0);
    FINISH(4, 3);
    NEXT("nothing");
    FINISH(3, 2);
    NEXT("finished");
    scheduler_destroy(scheduler);
}

static void a_test_of_every_rank_runs_with_rank_0_once_all_are_idle(void **state)
{
    (void)state;
    const struct scheduler_test tests[] = {KNOWN(1, 9), KNOWN(-1, 5), KNOWN(3, 4), KNOWN(1, 3)};
    struct scheduler *scheduler = plain(3, tests, COUNT(tests));
    ready(scheduler, 1, 2);
    NEXT("#1 on 1: 0");
    NEXT("#2 on 2: 3"); /* 3 seconds end before 9 */
    NEXT("nothing");
    now = 3;
    FINISH(2, 3);
    NEXT("nothing");
    now = 9;
    FINISH(1, 0);
    NEXT("#3 on 0 1 2: 1");
    NEXT("nothing");
    FINISH(3, 1);
    NEXT("#4 on 0 1 2: 2"); /* np equal to the job's ranks is every rank too */
    FINISH(4, 2);
    NEXT("finished");
    assert_int_equal(scheduler_ranks_wanted(scheduler), 0);
    scheduler_destroy(scheduler);
}

static void rank_0_stays_out_of_a_team_that_the_workers_can_be(void **state)
{
    (void)state;
    const struct scheduler_test tests[] = {UNKNOWN(3)};
    struct scheduler *scheduler = plain(4, tests, COUNT(tests));
    ready(scheduler, 1, 3);
    NEXT("#1 on 1 2 3: 0");
    scheduler_destroy(scheduler);
}

static void ranks_beyond_those_that_a_waiting_team_needs_are_used(void **state)
{
    (void)state;
    const struct scheduler_test tests[] = {KNOWN(4, 20),
                                           KNOWN(3, 15),
                                           KNOWN(1, 14),
                                           {.np = 1, .priority = 101, .unit = -1, .expected = 100},
                                           {.np = 2, .priority = 101, .unit = -1, .expected = 90},
                                           {.np = 2, .priority = 101, .unit = -1, .expected = 80}};
    struct scheduler *scheduler = plain(9, tests, COUNT(tests));
    ready(scheduler, 1, 6); /* 7 and 8 come later */
    NEXT("#1 on 1 2 3 4: 0");
    NEXT("#2 on 5: 2"); /* the team needs three of 5 to 8, which are there or expected at once: one is spare, for any
                           time */
    NEXT("nothing");
    ready(scheduler, 7, 8);
    NEXT("#3 on 6 7 8: 1");
    now = 15;
    FINISH(3, 1);
    FINISH(2, 2);
    NEXT("#4 on 5: 3");
    NEXT("#5 on 6 7: 4");
    now = 20;
    FINISH(1, 0);
    NEXT("#6 on 1 2: 5");
    scheduler_destroy(scheduler);
}

static void a_team_that_waits_for_a_larger_one_to_end_leaves_what_it_will_not_need(void **state)
{
    (void)state;
    const struct scheduler_test tests[] = {KNOWN(4, 20),
                                           KNOWN(3, 15),
                                           {.np = 2, .priority = 101, .unit = -1, .expected = 100},
                                           {.np = 1, .priority = 102, .unit = -1, .expected = 90}};
    struct scheduler *scheduler = plain(7, tests, COUNT(tests));
    ready(scheduler, 1, 6);
    NEXT("#1 on 1 2 3 4: 0");
    NEXT("#2 on 5 6: 2"); /* at 20 there are four ranks for three, whatever becomes of 5 and 6 */
    now = 10;
    NEXT("nothing");
    now = 20;
    FINISH(1, 0);
    NEXT("#3 on 1 2 3: 1");
    NEXT("#4 on 4: 3");
    scheduler_destroy(scheduler);
}

static void a_gap_is_filled_by_what_is_expected_to_end_in_it(void **state)
{
    (void)state;
    const struct scheduler_test tests[] = {
        KNOWN(1, 20), KNOWN(2, 15), KNOWN(1, 14),
        KNOWN(1, 9),  KNOWN(1, 2),  UNKNOWN(1), /* 5 is first: it may be longest */
    };
    struct scheduler *scheduler = plain(3, tests, COUNT(tests));
    ready(scheduler, 1, 2);
    NEXT("#1 on 1: 5");
    NEXT("#2 on 2: 0");
    now = 8;
    FINISH_IN(1, 8, 5);
    NEXT("#3 on 1: 3"); /* 12 seconds are left: not 14, but 9 */
    now = 17;
    FINISH(3, 3);
    NEXT("#4 on 1: 4"); /* 3 are left */
    now = 19;
    FINISH(4, 4);
    NEXT("nothing");
    now = 25; /* test 0 is late: still nothing that would delay the team further */
    NEXT("nothing");
    FINISH(2, 0);
    NEXT("#5 on 1 2: 1");
    scheduler_destroy(scheduler);
}

static void wrong_guesses_put_a_team_off_once_only(void **state)
{
    (void)state;
    /* Singles claim a second each and last ten, the first claims five and lasts for ever. */
    struct scheduler_test tests[40] = {KNOWN(1, 5), KNOWN(2, 4)};
    for (size_t i = 2; i < COUNT(tests); i++)
        tests[i] = (struct scheduler_test)KNOWN(1, 1);
    struct scheduler *scheduler = plain(3, tests, COUNT(tests));
    ready(scheduler, 1, 2);
    NEXT("#1 on 1: 0");
    NEXT("#2 on 2: 2");
    now = 10;
    FINISH_IN(2, 10, 2);
    NEXT("nothing"); /* five seconds are over: rank 2 now waits for the team */
    now = 100;
    NEXT("nothing");
    FINISH_IN(1, 100, 0);
    NEXT("#3 on 1 2: 1");
    scheduler_destroy(scheduler);
}

static void nothing_unknown_fills_a_gap_before_something_was_measured(void **state)
{
    (void)state;
    struct scheduler_test tests[] = {
        KNOWN(1, 50), {.np = 2, .priority = 100, .unit = -1, .expected = 40}, UNKNOWN(1), UNKNOWN(1), UNKNOWN(1)};
    tests[2].priority = tests[3].priority = tests[4].priority = 101;
    struct scheduler *scheduler = plain(4, tests, COUNT(tests));
    ready(scheduler, 1, 2);
    NEXT("#1 on 1: 0");
    NEXT("nothing"); /* rank 3 is expected at once: nothing is spare */
    ready(scheduler, 3, 3);
    NEXT("#2 on 2 3: 1");
    now = 40;
    FINISH_IN(2, 40, 1);
    NEXT("#3 on 2: 2");
    NEXT("#4 on 3: 3");
    scheduler_destroy(scheduler);
}

static void unknown_tests_fill_a_gap_by_the_mean_of_those_that_ended(void **state)
{
    (void)state;
    struct scheduler_test tests[] = {KNOWN(1, 50), KNOWN(2, 40), UNKNOWN(1),
                                     UNKNOWN(1),   UNKNOWN(1),   {.np = 1, .priority = 1, .unit = -1, .expected = -1}};
    tests[2].priority = tests[3].priority = tests[4].priority = 101;
    struct scheduler *scheduler = plain(3, tests, COUNT(tests));
    ready(scheduler, 1, 2);
    NEXT("#1 on 1: 5");
    NEXT("#2 on 2: 0");
    NEXT("nothing");
    now = 20;
    FINISH_IN(1, 20, 5);
    NEXT("#3 on 1: 2"); /* 20 of 30 seconds */
    now = 40;
    FINISH_IN(3, 20, 2);
    NEXT("nothing"); /* 20 are more than 10 */
    now = 50;
    FINISH(2, 0);
    NEXT("#4 on 1 2: 1");
    scheduler_destroy(scheduler);
}

static void a_team_keeps_to_one_node_where_it_fits(void **state)
{
    (void)state;
    static const int node_of[] = {0, 0, 0, 0, 1, 1, 1, 1};
    const struct scheduler_test tests[] = {KNOWN(1, 9), KNOWN(4, 8), KNOWN(2, 7)};
    struct scheduler *scheduler =
        create(&(struct scheduler_config){.ranks = 8, .node_of = node_of, .batch_max = 1}, tests, COUNT(tests));
    ready(scheduler, 1, 7);
    NEXT("#1 on 1: 0"); /* the node with fewer idle ranks: the other stays whole */
    NEXT("#2 on 4 5 6 7: 1");
    NEXT("#3 on 2 3: 2");
    scheduler_destroy(scheduler);
}

static void a_team_larger_than_any_node_spreads_over_few(void **state)
{
    (void)state;
    static const int node_of[] = {0, 1, 2, 0, 1, 2, 2, 1, 2}; /* by node: 0 3 | 1 4 7 | 2 5 6 8 */
    const struct scheduler_test tests[] = {KNOWN(6, 9), KNOWN(1, 1)};
    struct scheduler *scheduler =
        create(&(struct scheduler_config){.ranks = 9, .node_of = node_of, .batch_max = 1}, tests, COUNT(tests));
    ready(scheduler, 1, 8);
    NEXT("#1 on 1 2 4 5 6 8: 0"); /* all of node 2, and two of node 1 */
    NEXT("#2 on 7: 1");           /* one rank is idle on each of two nodes: that which was looked at last */
    scheduler_destroy(scheduler);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(teams_of_several_sizes_run_side_by_side),
        cmocka_unit_test(a_test_of_every_rank_runs_with_rank_0_once_all_are_idle),
        cmocka_unit_test(rank_0_stays_out_of_a_team_that_the_workers_can_be),
        cmocka_unit_test(ranks_beyond_those_that_a_waiting_team_needs_are_used),
        cmocka_unit_test(a_team_that_waits_for_a_larger_one_to_end_leaves_what_it_will_not_need),
        cmocka_unit_test(a_gap_is_filled_by_what_is_expected_to_end_in_it),
        cmocka_unit_test(wrong_guesses_put_a_team_off_once_only),
        cmocka_unit_test(nothing_unknown_fills_a_gap_before_something_was_measured),
        cmocka_unit_test(unknown_tests_fill_a_gap_by_the_mean_of_those_that_ended),
        cmocka_unit_test(a_team_keeps_to_one_node_where_it_fits),
        cmocka_unit_test(a_team_larger_than_any_node_spreads_over_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
