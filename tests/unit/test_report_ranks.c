/* SPDX-License-Identifier: BSD-2-Clause */
/* test_report_ranks.c: ranks that said the same are one group; the gravest come first. */
#include "../../runner/report_ranks.h"
#include "report_events.h"

static void ranks_with_one_message_are_one_group_the_gravest_first(void **state)
{
    const struct event_rank_result results[] = {
        on_rank(7, 0, "n2", OUTCOME_FAILED, "left", ""), on_rank(3, 1, "n1", OUTCOME_CRASHED, "signal 11", ""),
        on_rank(4, 2, "n1", OUTCOME_PASSED, "", ""), on_rank(5, 3, "n1", OUTCOME_FAILED, "left", "")};
    const struct event_test_finished event = end_of(0, "x", OUTCOME_CRASHED, 0, "signal 11", results, 4);
    struct report_ranks ranks;
    struct text text = {0};

    (void)state;
    assert_int_equal(report_ranks_group(&ranks, &event, REPORT_RANKS_BY_MESSAGE), 0);
    assert_int_equal(ranks.count, 2); /* rank 2 said nothing */
    assert_string_equal(ranks.groups[0].first->message, "signal 11");
    assert_int_equal(ranks.groups[1].count, 2);
    report_ranks_add_names(&text, &event, &ranks.groups[0], false);
    text_add_string(&text, "; ");
    report_ranks_add_names(&text, &event, &ranks.groups[1], true);
    text_add_string(&text, "; ");
    report_ranks_add_run(&text, &event);
    text_add_string(&text, "; ");
    report_ranks_add_nodes(&text, &event, " ");
    assert_string_equal(text_string(&text), "rank 1; ranks 0,3 (n2, n1); 3-5,7; n2 n1");
    assert_true(report_ranks_tell(&ranks, "left"));
    assert_false(report_ranks_tell(&ranks, "lef"));
    report_ranks_finish(&ranks);
    text_finish(&text);
}

static void equal_output_is_one_group_in_order_of_ranks(void **state)
{
    const struct event_rank_result results[] = {
        on_rank(1, 0, "n", OUTCOME_PASSED, "", "z"), on_rank(2, 1, "n", OUTCOME_PASSED, "", ""),
        on_rank(3, 2, "n", OUTCOME_PASSED, "", "a"), on_rank(4, 3, "n", OUTCOME_PASSED, "", "z")};
    const struct event_test_finished event = end_of(0, "x", OUTCOME_PASSED, 0, "", results, 4);
    struct report_ranks ranks;

    (void)state;
    assert_int_equal(report_ranks_group(&ranks, &event, REPORT_RANKS_BY_OUTPUT), 0);
    assert_int_equal(ranks.count, 2);
    assert_int_equal(ranks.groups[0].team_ranks[0], 0);
    assert_int_equal(ranks.groups[0].team_ranks[1], 3);
    assert_int_equal(ranks.groups[1].team_ranks[0], 2);
    report_ranks_finish(&ranks);
}

static void output_is_compared_as_bytes(void **state)
{
    struct event_rank_result results[] = {on_rank(1, 0, "n", OUTCOME_PASSED, "", ""),
                                          on_rank(2, 1, "n", OUTCOME_PASSED, "", "")};
    const struct event_test_finished event = end_of(0, "x", OUTCOME_PASSED, 0, "", results, 2);
    struct report_ranks ranks;

    (void)state;
    results[0].output = "a\0b";
    results[1].output = "a\0c";
    results[0].output_size = results[1].output_size = 3;
    assert_int_equal(report_ranks_group(&ranks, &event, REPORT_RANKS_BY_OUTPUT), 0);
    assert_int_equal(ranks.count, 2);
    report_ranks_finish(&ranks);
}

static void a_test_that_never_started_has_no_groups(void **state)
{
    const struct event_test_finished event = end_of(0, "x", OUTCOME_SKIPPED, 0, "why", NULL, 0);
    struct report_ranks ranks;

    (void)state;
    assert_int_equal(report_ranks_group(&ranks, &event, REPORT_RANKS_BY_MESSAGE), 0);
    assert_int_equal(ranks.count, 0);
    assert_false(report_ranks_tell(&ranks, "why"));
    report_ranks_finish(&ranks);
}

static void a_thousand_ranks_that_differ_are_a_thousand_groups(void **state)
{
    static struct event_rank_result results[1000];
    static char outputs[1000][8];
    const struct event_test_finished event = end_of(0, "x", OUTCOME_PASSED, 0, "", results, 1000);
    struct report_ranks ranks;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        snprintf(outputs[i], sizeof outputs[i], "%d", 999 - i);
        results[i] = on_rank(i, i, "n", OUTCOME_PASSED, "", outputs[i]);
    }
    assert_int_equal(report_ranks_group(&ranks, &event, REPORT_RANKS_BY_OUTPUT), 0);
    assert_int_equal(ranks.count, 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(ranks.groups[i].team_ranks[0], i);
    report_ranks_finish(&ranks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_with_one_message_are_one_group_the_gravest_first),
        cmocka_unit_test(equal_output_is_one_group_in_order_of_ranks),
        cmocka_unit_test(output_is_compared_as_bytes),
        cmocka_unit_test(a_test_that_never_started_has_no_groups),
        cmocka_unit_test(a_thousand_ranks_that_differ_are_a_thousand_groups),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
