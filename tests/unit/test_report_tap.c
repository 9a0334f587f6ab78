/* SPDX-License-Identifier: BSD-2-Clause */
/* test_report_tap.c: every line is TAP whatever a test is called or says; plan, numbers and results agree. */
#include <errno.h>

#include "report_events.h"

static char *tap_of_run(void)
{
    struct folder folder;
    char *text;

    make_folder(&folder, "report.tap");
    tell_run(&reporter_tap, &(struct reporter_settings){.path = folder.file});
    text = contents_of(folder.file);
    remove_folder(&folder);
    return text;
}

/* What a run of one test, that ended so, adds behind the plan; the caller frees. */
static char *tap_of_end(const struct event_test_finished *event, const struct event_run_finished *finished)
{
    struct event_run_started started = run_of(planned_tests, 1);
    struct reporter *reporter;
    struct problem problem;
    struct folder folder;
    char *text, *rest;

    make_folder(&folder, "report.tap");
    started.shuffled = false;
    assert_int_equal(reporter_tap.create(&reporter, &(struct reporter_settings){.path = folder.file}, &problem), 0);
    reporter_tap.run_started(reporter, &started);
    if (event)
        reporter_tap.test_finished(reporter, event);
    if (finished)
        reporter_tap.run_finished(reporter, finished);
    assert_int_equal(reporter_tap.destroy(reporter, &problem), 0);
    text = contents_of(folder.file);
    remove_folder(&folder);
    assert_int_equal(strncmp(text, "TAP version 13\n1..1\n", 20), 0);
    rest = strdup(text + 20);
    free(text);
    return rest;
}

static void a_run_is_a_plan_and_numbered_results(void **state)
{
    char *text = tap_of_run();

    (void)state;
    assert_string_equal(text, "TAP version 13\n"
                              "1..5\n"
                              "# shuffled by --seed 42\n"
                              "not ok 1 - halo.spin\n"
                              "  ---\n"
                              "  outcome: timeout\n"
                              "  message: \"no end after 0.5 s\"\n"
                              "  seconds: 0.500000\n"
                              "  run_ranks: \"3-4\"\n"
                              "  messages:\n"
                              "    - ranks: \"0-1\"\n"
                              "      text: \"no end after 0.5 s\"\n"
                              "  ...\n"
                              "not ok 2 - halo.ring[np=4]\n"
                              "  ---\n"
                              "  outcome: failed\n"
                              "  message: \"tests/halo.c:21: 0x3 != 0x2\"\n"
                              "  seconds: 0.012000\n"
                              "  run_ranks: \"1-4\"\n"
                              "  messages:\n"
                              "    - ranks: \"2\"\n"
                              "      text: \"tests/halo.c:21: 0x3 != 0x2\"\n"
                              "  output:\n"
                              "    - ranks: \"0-1,3\"\n"
                              "      text: \"hello\\n\"\n"
                              "    - ranks: \"2\"\n"
                              "      text: \"I am different\\n\"\n"
                              "  ...\n"
                              "ok 3 - io.large # SKIP needs 6 ranks, the job has 5\n"
                              "ok 4 - halo.sum\n"
                              "ok 5 - io.write\n");
    free(text);
}

static void names_and_reasons_cannot_make_directives_or_lines(void **state)
{
    const struct event_test_finished skipped =
        end_of(0, "a # TODO \\ b\nnot ok 7", OUTCOME_SKIPPED, 0, "why # not\n1..9\r\nBail out!", NULL, 0);
    char *text = tap_of_end(&skipped, NULL);

    (void)state;
    assert_string_equal(text, "ok 1 - a \\# TODO \\\\ b not ok 7 # SKIP why \\# not 1..9 Bail out!\n");
    free(text);
}

static void messages_stay_within_the_yaml_block(void **state)
{
    struct event_rank_result result = on_rank(1, 0, "n1", OUTCOME_CRASHED, "line\n  ...\nok 2 - lie", "");
    const struct event_test_finished crashed =
        end_of(0, "a.b", OUTCOME_CRASHED, 0.001, "\"quoted\" \\ \x01\xFF ]]> \t", &result, 1);
    char *text;

    (void)state;
    result.output = "\0\xFE\033[2J\n...\n";
    result.output_size = 11;
    text = tap_of_end(&crashed, NULL);
    assert_contains(text, "\n  message: \"\\\"quoted\\\" \\\\ \\u0001\xEF\xBF\xBD ]]> \\t\"\n");
    assert_contains(text, "\n      text: \"line\\n  ...\\nok 2 - lie\"\n");
    assert_contains(text, "\n      text: \"\xEF\xBF\xBD\xEF\xBF\xBD\\u001b[2J\\n...\\n\"\n");
    assert_int_equal(occurrences(text, "\n  ...\n"), 1);
    assert_int_equal(occurrences(text, "\nok "), 0);
    free(text);
}

static void long_messages_are_cut(void **state)
{
    char *message = malloc(100001);
    struct event_test_finished failed;
    char *text;

    (void)state;
    memset(message, 'x', 100000);
    message[100000] = '\0';
    failed = end_of(0, "a.b", OUTCOME_ERROR, 0, message, NULL, 0);
    text = tap_of_end(&failed, NULL);
    assert_contains(text, "bytes left out]");
    assert_true(strlen(text) < 5000);
    free(text);
    free(message);
}

static void tests_that_nobody_told_of_bail_out(void **state)
{
    const struct event_test_finished passed = end_of(0, "a.b", OUTCOME_PASSED, 0, "", NULL, 0);
    const struct event_test_finished not_run = end_of(0, "a.b", OUTCOME_NOTRUN, 0, "stopped", NULL, 0);
    struct event_run_finished finished = {.total = 1};
    char *text;

    (void)state;
    text = tap_of_end(NULL, &finished);
    assert_string_equal(text, "Bail out! 1 of 1 tests were not run.\n");
    free(text);
    finished.interrupted = true;
    text = tap_of_end(NULL, &finished);
    assert_string_equal(text, "Bail out! Interrupted before the end.\n");
    free(text);
    text = tap_of_end(&passed, &finished);
    assert_string_equal(text, "ok 1 - a.b\n");
    free(text);
    finished.counts[OUTCOME_NOTRUN] = 1;
    text = tap_of_end(&not_run, &finished);
    assert_string_equal(text, "ok 1 - a.b # SKIP not run: stopped\nBail out! Interrupted before the end.\n");
    free(text);
}

static void a_run_without_tests_is_a_skipped_plan_and_one_that_never_began_bails_out(void **state)
{
    struct event_run_started started = run_of(NULL, 0);
    struct reporter *reporter;
    struct problem problem;
    struct folder folder;
    char *text;

    (void)state;
    for (int begun = 0; begun < 2; begun++) {
        make_folder(&folder, "report.tap");
        started.shuffled = false;
        assert_int_equal(reporter_tap.create(&reporter, &(struct reporter_settings){.path = folder.file}, &problem), 0);
        reporter_tap.notice(reporter, &(struct event_notice){NOTICE_INFO, "one\ntwo"});
        if (begun)
            reporter_tap.run_started(reporter, &started);
        assert_int_equal(reporter_tap.destroy(reporter, &problem), 0);
        text = contents_of(folder.file);
        remove_folder(&folder);
        assert_string_equal(text, begun ? "TAP version 13\n# one\n# two\n1..0 # SKIP no tests\n"
                                        : "TAP version 13\n# one\n# two\nBail out! The run did not start.\n");
        free(text);
    }
}

static void what_a_test_left_behind_is_a_comment(void **state)
{
    struct event_rank_result ranks[2];
    struct event_test_finished event = end_with_warnings(ranks);
    char *text = tap_of_end(&event, NULL);

    (void)state;
    assert_string_equal(text, "ok 1 - halo.sum\n"
                              "# warning of rank 0:\n"
                              "#     the umask was changed from 022 to 077\n"
                              "#     a group was never freed\n"
                              "# warning of rank 1:\n"
                              "#     a \\x1b[31mgroup was never freed\n");
    free(text);
}

static void a_full_disk_is_told_at_the_end(void **state)
{
    struct reporter *reporter;
    struct problem problem;

    (void)state;
    assert_int_equal(reporter_tap.create(&reporter, &(struct reporter_settings){.path = "/dev/full"}, &problem), 0);
    assert_int_equal(reporter_tap.destroy(reporter, &problem), -ENOSPC);
    assert_contains(problem.text, "/dev/full: No space left on device");
    assert_true(reporter_tap.create(&reporter, &(struct reporter_settings){.path = "/nowhere/x"}, &problem) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_is_a_plan_and_numbered_results),
        cmocka_unit_test(names_and_reasons_cannot_make_directives_or_lines),
        cmocka_unit_test(messages_stay_within_the_yaml_block),
        cmocka_unit_test(long_messages_are_cut),
        cmocka_unit_test(tests_that_nobody_told_of_bail_out),
        cmocka_unit_test(a_run_without_tests_is_a_skipped_plan_and_one_that_never_began_bails_out),
        cmocka_unit_test(what_a_test_left_behind_is_a_comment),
        cmocka_unit_test(a_full_disk_is_told_at_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
