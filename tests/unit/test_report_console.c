/* SPDX-License-Identifier: BSD-2-Clause */
/* test_report_console.c: what people read: short when all is well, what is needed when not, bounded always. */
#include "report_events.h"

/* The console's text of a whole run with these settings; the caller frees. */
static char *console_text(struct reporter_settings settings)
{
    char *text = NULL;
    size_t size;

    settings.stream = open_memstream(&text, &size);
    assert_non_null(settings.stream);
    tell_run(&reporter_console, &settings);
    assert_int_equal(fclose(settings.stream), 0);
    return text;
}

/* A console that has heard of the start of a run of `count` tests. */
struct console {
    struct reporter *reporter;
    FILE *stream;
    char *text;
    size_t size;
};
static void console_begin(struct console *console, struct reporter_settings settings, size_t count)
{
    struct event_run_started started = run_of(NULL, count);
    struct problem problem;

    started.nodes = 1;
    settings.stream = console->stream = open_memstream(&console->text, &console->size);
    assert_int_equal(reporter_console.create(&console->reporter, &settings, &problem), 0);
    reporter_console.run_started(console->reporter, &started);
}
static void console_end(struct console *console)
{
    struct problem problem;

    assert_int_equal(reporter_console.destroy(console->reporter, &problem), 0);
    fclose(console->stream);
}

static void a_run_is_told_from_heading_to_counts(void **state)
{
    char *text = console_text((struct reporter_settings){0});

    (void)state;
    assert_string_equal(
        text,
        "mpirun-tests 0.1.0: 5 tests (halo, io) on 5 ranks, 2 nodes (n1, n2), mpimock 0.1.0, shuffled by --seed 42\n"
        "TIMED OUT halo.spin  500 ms, ranks 3-4 of the run on n2\n"
        "    ranks 0-1 (n2): no end after 0.5 s\n"
        "FAILED halo.ring[np=4]  12 ms, ranks 1-4 of the run on n1, n2\n"
        "    rank 2 (n2): tests/halo.c:21: 0x3 != 0x2\n"
        "    output of ranks 0-1,3 (n1, n2):\n"
        "        hello\n"
        "    output of rank 2 (n2):\n"
        "        I am different\n"
        "Did not pass:\n"
        "    timed out   halo.spin\n"
        "    failed      halo.ring[np=4]\n"
        "1 skipped: needs 6 ranks, the job has 5\n"
        "mpiexec -n 6 (or --mock -n 6) would run those that need more ranks\n"
        "2 passed, 1 failed, 1 timed out, 1 skipped in 1.24 s\n");
    free(text);
}

static void quiet_leaves_out_heading_and_reasons(void **state)
{
    char *text = console_text((struct reporter_settings){.verbosity = -1});

    (void)state;
    assert_int_equal(strncmp(text, "TIMED OUT halo.spin", 19), 0);
    assert_lacks(text, "1 skipped: ");
    assert_contains(text, "would run those that need more ranks\n");
    assert_contains(text, "2 passed, 1 failed, 1 timed out, 1 skipped in 1.24 s\n");
    free(text);
}

static void verbose_has_a_line_for_each_test(void **state)
{
    char *text = console_text((struct reporter_settings){.verbosity = 1});

    (void)state;
    assert_contains(text, "passed halo.sum  1.0 ms, ranks 1-2 of the run on n1\n");
    assert_contains(text, "skipped io.large: needs 6 ranks, the job has 5\n");
    assert_lacks(text, "wrote 3 bytes"); /* the output of a test that passed */
    free(text);
}

static void durations_name_the_slowest_first(void **state)
{
    char *text = console_text((struct reporter_settings){.durations = 2});

    (void)state;
    assert_contains(text, "Slowest:\n        500 ms  halo.spin\n         12 ms  halo.ring[np=4]\nDid not pass:\n");
    free(text);
}

static void colours_come_only_when_told(void **state)
{
    char *plain = console_text((struct reporter_settings){0});
    char *coloured = console_text((struct reporter_settings){.colour = true});

    (void)state;
    assert_lacks(plain, "\033");
    assert_contains(coloured, "\033[31mFAILED\033[0m halo.ring[np=4]");
    assert_contains(coloured, "\033[31m2 passed, 1 failed, 1 timed out, 1 skipped in 1.24 s\033[0m\n");
    free(plain);
    free(coloured);
}

static void the_progress_line_is_erased_before_other_text(void **state)
{
    struct console console;
    const struct event_rank_result result = on_rank(1, 0, "n1", OUTCOME_FAILED, "no", "");
    const struct event_test_finished failed = end_of(0, "a.b", OUTCOME_FAILED, 0.001, "no", &result, 1);
    const struct event_run_finished finished = {
        .total = 9, .counts = {[OUTCOME_FAILED] = 9}, .status = EXIT_STATUS_FAILED};
    const char *at, *line;

    (void)state;
    console_begin(&console, (struct reporter_settings){.progress = true, .columns = 30}, 9);
    fflush(console.stream);
    assert_contains(console.text, "\n[0/9] 0 s");
    reporter_console.test_started(console.reporter, &(struct event_test_started){.name = "a.very_long_name_of_a_test"});
    reporter_console.test_finished(console.reporter, &failed);
    reporter_console.run_finished(console.reporter, &finished);
    fflush(console.stream);
    at = strstr(console.text, "\n[0/9] 0 s") + 1;
    /* Between the drawn line and the next text: \r, as many blanks as were drawn, \r. */
    line = strchr(at, '\r');
    assert_non_null(line);
    assert_int_equal(strspn(line + 1, " "), line - at);
    assert_int_equal(line[1 + (line - at)], '\r');
    assert_contains(console.text, "\rFAILED a.b");
    assert_contains(console.text, "[1/9] 0 s, 1 failed, a.very_l"); /* cut to one column less than there are */
    assert_lacks(console.text, "a.very_lo");
    assert_contains(console.text, "\rDid not pass:\n");
    console_end(&console);
    assert_int_equal(console.text[console.size - 1], '\n'); /* nothing is drawn after the end */
    free(console.text);
}

static void nothing_of_a_test_acts_on_the_terminal(void **state)
{
    struct console console;
    const struct event_rank_result result =
        on_rank(1, 0, "n\033]0;1", OUTCOME_FAILED, "line one\n\033[2Jline two", "\r\n\033[31mred\a\n\n");
    const struct event_test_finished failed =
        end_of(0, "a.b\033[1m\nc", OUTCOME_FAILED, 0.001, "line one\n\033[2Jline two", &result, 1);

    (void)state;
    console_begin(&console, (struct reporter_settings){0}, 1);
    reporter_console.test_finished(console.reporter, &failed);
    reporter_console.notice(console.reporter, &(struct event_notice){NOTICE_WARNING, "bad\n\033[3m"});
    console_end(&console);
    assert_lacks(console.text, "\033");
    assert_lacks(console.text, "\a");
    assert_contains(console.text, "FAILED a.b\\x1b[1m c  1.0 ms");
    assert_contains(console.text, "    line one\n    \\x1b[2Jline two\n    output:\n\n        \\x1b[31mred\\x07\n");
    assert_contains(console.text, "warning: bad \\x1b[3m\n");
    free(console.text);
}

static void long_output_keeps_its_ends(void **state)
{
    struct console console;
    char *output = malloc(1000001);
    struct event_rank_result result;
    struct event_test_finished failed;

    (void)state;
    memset(output, 'x', 1000000);
    memcpy(output, "begin", 5);
    memcpy(output + 999997, "end", 4);
    result = on_rank(1, 0, "n1", OUTCOME_FAILED, "no", output);
    failed = end_of(0, "a.b", OUTCOME_FAILED, 0.001, "no", &result, 1);
    console_begin(&console, (struct reporter_settings){0}, 1);
    reporter_console.test_finished(console.reporter, &failed);
    console_end(&console);
    assert_contains(console.text, "        beginxxx");
    assert_contains(console.text, "[991808 bytes left out]");
    assert_contains(console.text, "xxxend\n");
    assert_true(console.size < 10000);
    free(console.text);
    free(output);
}

static void what_tests_left_behind_is_counted_and_told_when_verbose(void **state)
{
    struct event_rank_result ranks[2];
    struct event_test_finished event = end_with_warnings(ranks);
    struct event_run_finished finished = {.total = 1, .counts = {[OUTCOME_PASSED] = 1}};

    (void)state;
    for (int verbosity = -1; verbosity <= 1; verbosity++) {
        struct console console;

        console_begin(&console, (struct reporter_settings){.verbosity = verbosity}, 1);
        reporter_console.test_finished(console.reporter, &event);
        reporter_console.run_finished(console.reporter, &finished);
        console_end(&console);
        assert_true((strstr(console.text, "    warning of rank 0:\n"
                                          "        the umask was changed from 022 to 077\n"
                                          "        a group was never freed\n"
                                          "    warning of rank 1: a \\x1b[31mgroup was never freed\n") != NULL) ==
                    (verbosity == 1));
        assert_true((strstr(console.text, "1 passed, but left something behind") != NULL) == (verbosity >= 0));
        free(console.text);
    }
}

static void many_failures_are_told_shortly_and_counted(void **state)
{
    struct console console;
    const struct event_rank_result result = on_rank(1, 0, "n1", OUTCOME_FAILED, "why\nmore", "output\n");
    struct event_run_finished finished = {.total = 200, .seconds = 75, .status = EXIT_STATUS_FAILED};
    char name[32];

    (void)state;
    console_begin(&console, (struct reporter_settings){0}, 200);
    for (size_t i = 0; i < 200; i++) {
        struct event_test_finished failed;

        snprintf(name, sizeof name, "many.t%03zu", i);
        failed = end_of(i, name, OUTCOME_FAILED, 0.001, "why\nmore", &result, 1);
        reporter_console.test_finished(console.reporter, &failed);
    }
    finished.counts[OUTCOME_FAILED] = 200;
    reporter_console.run_finished(console.reporter, &finished);
    console_end(&console);
    assert_int_equal(occurrences(console.text, "output\n"), 100);
    assert_contains(console.text, "FAILED many.t150  1.0 ms, rank 1 of the run: why\n");
    assert_contains(console.text, "and 150 more\n");
    assert_contains(console.text, "200 failed in 75.00 s (1 min 15 s)\n");
    free(console.text);
}

static void many_ranks_that_differ_are_bounded(void **state)
{
    struct console console;
    static char messages[64][24];
    struct event_rank_result results[64];
    struct event_test_finished failed;

    (void)state;
    for (int i = 0; i < 64; i++) {
        snprintf(messages[i], sizeof messages[i], "message %d", i);
        results[i] = on_rank(i, i, "n1", OUTCOME_FAILED, messages[i], messages[i]);
    }
    failed = end_of(0, "a.b", OUTCOME_FAILED, 0.001, "message 0", results, 64);
    console_begin(&console, (struct reporter_settings){0}, 1);
    reporter_console.test_finished(console.reporter, &failed);
    console_end(&console);
    assert_contains(console.text, "    rank 7: message 7\n    and 56 other messages of its ranks\n");
    assert_contains(console.text, "    and the output of other ranks, 56 times different\n");
    free(console.text);
}

static void reasons_are_grouped_and_what_was_not_run_is_told(void **state)
{
    struct console console;
    struct event_run_finished finished = {.total = 4,
                                          .seconds = 0.5,
                                          .status = EXIT_STATUS_INTERRUPTED,
                                          .interrupted = true,
                                          .ranks_wanted = 8,
                                          .mock = true};

    (void)state;
    console_begin(&console, (struct reporter_settings){0}, 4);
    for (size_t i = 0; i < 3; i++) {
        struct event_test_finished skipped = end_of(i, "a.b", OUTCOME_SKIPPED, 0, i == 1 ? "" : "no GPU", NULL, 0);

        reporter_console.test_finished(console.reporter, &skipped);
    }
    struct event_test_finished not_run = end_of(3, "a.c", OUTCOME_NOTRUN, 0, "no GPU", NULL, 0);
    reporter_console.test_finished(console.reporter, &not_run);
    finished.counts[OUTCOME_SKIPPED] = 3;
    finished.counts[OUTCOME_NOTRUN] = 1;
    reporter_console.run_finished(console.reporter, &finished);
    console_end(&console);
    assert_contains(console.text, "\n2 skipped: no GPU\n1 skipped: no reason given\n1 not run: no GPU\n"
                                  "--mock -n 8 would run those that need more ranks\n"
                                  "Interrupted before the end.\n"
                                  "3 skipped, 1 not run in 0.50 s\n");
    free(console.text);
}

static void a_message_of_the_main_rank_is_told_beside_those_of_the_ranks(void **state)
{
    struct console console;
    const struct event_rank_result results[] = {on_rank(1, 0, "n1", OUTCOME_PASSED, "", ""),
                                                on_rank(2, 1, "n1", OUTCOME_FAILED, "one\ntwo", "")};
    const struct event_test_finished failed =
        end_of(0, "a.b", OUTCOME_CRASHED, 0.001, "rank 0 never answered", results, 2);

    (void)state;
    console_begin(&console, (struct reporter_settings){.verbosity = -1}, 1);
    reporter_console.test_finished(console.reporter, &failed);
    console_end(&console);
    assert_string_equal(console.text, "CRASHED a.b  1.0 ms, ranks 1-2 of the run\n"
                                      "    rank 0 never answered\n"
                                      "    rank 1:\n"
                                      "        one\n"
                                      "        two\n");
    free(console.text);
}

static void notices_are_told_by_their_weight(void **state)
{
    struct console console;

    (void)state;
    console_begin(&console, (struct reporter_settings){.verbosity = -1}, 1);
    reporter_console.notice(console.reporter, &(struct event_notice){NOTICE_INFO, "by the way"});
    reporter_console.notice(console.reporter, &(struct event_notice){NOTICE_ERROR, "a rank was lost"});
    console_end(&console);
    assert_string_equal(console.text, "error: a rank was lost\n");
    free(console.text);
}

static void no_tests_and_several_errors_read_well(void **state)
{
    struct console console;
    struct event_run_finished finished = {.seconds = 0, .status = EXIT_STATUS_NO_TESTS};

    (void)state;
    console_begin(&console, (struct reporter_settings){.verbosity = -1}, 0);
    reporter_console.run_finished(console.reporter, &finished);
    finished.counts[OUTCOME_ERROR] = finished.total = 2;
    reporter_console.run_finished(console.reporter, &finished);
    console_end(&console);
    assert_string_equal(console.text, "no tests in 0.00 s\n2 errors in 0.00 s\n");
    free(console.text);
}

static void a_write_error_comes_back_at_the_end(void **state)
{
    struct event_run_started started = run_of(planned_tests, PLANNED);
    struct reporter *reporter;
    struct problem problem;
    FILE *full = fopen("/dev/full", "w");

    (void)state;
    assert_non_null(full);
    assert_int_equal(reporter_console.create(&reporter, &(struct reporter_settings){.stream = full}, &problem), 0);
    reporter_console.run_started(reporter, &started);
    assert_int_equal(reporter_console.destroy(reporter, &problem), -ENOSPC);
    assert_string_equal(problem.text, "cannot write to the console: No space left on device");
    fclose(full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_is_told_from_heading_to_counts),
        cmocka_unit_test(quiet_leaves_out_heading_and_reasons),
        cmocka_unit_test(verbose_has_a_line_for_each_test),
        cmocka_unit_test(durations_name_the_slowest_first),
        cmocka_unit_test(colours_come_only_when_told),
        cmocka_unit_test(the_progress_line_is_erased_before_other_text),
        cmocka_unit_test(nothing_of_a_test_acts_on_the_terminal),
        cmocka_unit_test(long_output_keeps_its_ends),
        cmocka_unit_test(what_tests_left_behind_is_counted_and_told_when_verbose),
        cmocka_unit_test(many_failures_are_told_shortly_and_counted),
        cmocka_unit_test(many_ranks_that_differ_are_bounded),
        cmocka_unit_test(reasons_are_grouped_and_what_was_not_run_is_told),
        cmocka_unit_test(a_message_of_the_main_rank_is_told_beside_those_of_the_ranks),
        cmocka_unit_test(notices_are_told_by_their_weight),
        cmocka_unit_test(no_tests_and_several_errors_read_well),
        cmocka_unit_test(a_write_error_comes_back_at_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
