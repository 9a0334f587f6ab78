/* SPDX-License-Identifier: BSD-2-Clause */
/* report_tap.c: the Test Anything Protocol, for harnesses such as prove(1), automake and meson.
 *
 * Version 13, not 14: prove of Perl 5.36 refuses 14, and nothing of 14 is used. Tests are told as they end, numbered in
 * that order; the plan comes first. What did not pass carries a YAML block. Tests that nobody told of at the end of the
 * run are a "Bail out!", never silence. Each test is one write, so that the file is whole at any moment.
 */
#include <stdlib.h>
#include <string.h>

#include "report_file.h"
#include "report_ranks.h"
#include "reporter.h"
#include "text.h"

#define DESCRIPTION_MAX 1024 /* bytes of a name or a reason */
#define MESSAGE_MAX     4096
#define OUTPUT_MAX      8192
#define GROUPS_MAX      16 /* messages, and outputs, that differ, of one test */

struct reporter {
    struct report_file *file;
    struct text block;
    size_t planned, told;
    bool started;
};

static void write_block(struct reporter *reporter)
{
    if (!reporter->block.failed)
        report_file_append(reporter->file, text_string(&reporter->block), reporter->block.size);
    text_clear(&reporter->block);
}

static int tap_create(struct reporter **created, const struct reporter_settings *settings, struct problem *problem)
{
    struct reporter *reporter = calloc(1, sizeof *reporter);
    int error;

    if (!reporter)
        return problem_set(problem, ENOMEM, "out of memory for the TAP report");
    error = report_file_open(&reporter->file, settings->path, REPORT_FILE_LINES, problem);
    if (error) {
        free(reporter);
        return error;
    }
    *created = reporter;
    text_add_string(&reporter->block, "TAP version 13\n");
    write_block(reporter);
    return 0;
}

/* A name or a reason: one line, in which # and \ mean nothing (they begin directives and escapes). */
static void add_description(struct text *block, const char *string)
{
    struct text clean = {0};
    size_t i;

    text_add_cut(&clean, TEXT_LINE, string, strlen(string), DESCRIPTION_MAX);
    for (i = 0; i < clean.size; i++) {
        if (clean.bytes[i] == '#' || clean.bytes[i] == '\\')
            text_add(block, "\\", 1);
        text_add(block, clean.bytes + i, 1);
    }
    text_finish(&clean);
}

static void tap_run_started(struct reporter *reporter, const struct event_run_started *event)
{
    reporter->planned = event->count;
    reporter->started = true;
    text_printf(&reporter->block, "1..%zu%s\n", event->count, event->count == 0 ? " # SKIP no tests" : "");
    if (event->shuffled)
        text_printf(&reporter->block, "# shuffled by --seed %llu\n", (unsigned long long)event->seed);
    write_block(reporter);
}

/* A value of the YAML block, its bytes cut to a bound. */
static void add_yaml_string(struct text *block, const char *key, const char *bytes, size_t size, size_t bound)
{
    struct text cut = {0};

    text_add_cut(&cut, TEXT_UTF8, bytes, size, bound);
    text_printf(block, "%s: ", key);
    text_add_quoted(block, text_string(&cut), cut.size);
    text_add_string(block, "\n");
    text_finish(&cut);
}

/* Messages or outputs as a list: which ranks of the team, and what they said. */
static void add_yaml_groups(struct text *block, const struct event_test_finished *event, enum report_ranks_by by,
                            const char *list)
{
    struct report_ranks ranks;
    size_t i;

    if (report_ranks_group(&ranks, event, by) != 0)
        return;
    if (ranks.count > 0)
        text_printf(block, "  %s:\n", list);
    for (i = 0; i < ranks.count && i < GROUPS_MAX; i++) {
        const struct report_ranks_group *group = &ranks.groups[i];

        text_add_string(block, "    - ranks: \"");
        text_add_ranges(block, group->team_ranks, group->count);
        text_add_string(block, "\"\n");
        if (by == REPORT_RANKS_BY_MESSAGE)
            add_yaml_string(block, "      text", group->first->message, strlen(group->first->message), MESSAGE_MAX);
        else
            add_yaml_string(block, "      text", group->first->output, group->first->output_size, OUTPUT_MAX);
    }
    if (ranks.count > GROUPS_MAX)
        text_printf(block, "    - left_out: %zu\n", ranks.count - GROUPS_MAX);
    report_ranks_finish(&ranks);
}

static void add_yaml(struct text *block, const struct event_test_finished *event)
{
    const char *message = event->message ? event->message : "";
    int i;

    text_add_string(block, "  ---\n");
    text_printf(block, "  outcome: %s\n", outcome_name(event->outcome));
    add_yaml_string(block, "  message", message, strlen(message), MESSAGE_MAX);
    text_add_string(block, "  seconds: ");
    text_add_seconds(block, event->seconds, 6);
    text_add_string(block, "\n");
    if (event->size > 0) {
        text_add_string(block, "  run_ranks: \"");
        report_ranks_add_run(block, event);
        text_add_string(block, "\"\n");
        add_yaml_groups(block, event, REPORT_RANKS_BY_MESSAGE, "messages");
        add_yaml_groups(block, event, REPORT_RANKS_BY_OUTPUT, "output");
    }
    for (i = 0; i < event->earlier_count; i++) {
        const struct event_test_finished *earlier = &event->earlier[i];

        text_printf(block, "%s    - outcome: %s\n", i == 0 ? "  earlier:\n" : "", outcome_name(earlier->outcome));
        add_yaml_string(block, "      message", earlier->message, strlen(earlier->message), MESSAGE_MAX);
    }
    text_add_string(block, "  ...\n");
}

/* What ranks of a test that passed left behind: comments. */
static void add_warnings(struct text *block, const struct event_test_finished *event)
{
    struct report_ranks ranks;
    struct text clean = {0};
    size_t i;

    if (!report_ranks_any_warnings(event) || report_ranks_group(&ranks, event, REPORT_RANKS_BY_WARNINGS) != 0)
        return;
    for (i = 0; i < ranks.count && i < GROUPS_MAX; i++) {
        const char *warnings = ranks.groups[i].first->warnings;

        text_clear(&clean);
        text_add_cut(&clean, TEXT_TERMINAL, warnings, strlen(warnings), MESSAGE_MAX);
        text_add_string(block, "# warning of ");
        report_ranks_add_names(block, event, &ranks.groups[i], false);
        text_add_string(block, ":\n");
        text_add_indented(block, "#     ", text_string(&clean), clean.size);
    }
    text_finish(&clean);
    report_ranks_finish(&ranks);
}

static void tap_test_finished(struct reporter *reporter, const struct event_test_finished *event)
{
    struct text *block = &reporter->block;
    bool skipped = event->outcome == OUTCOME_SKIPPED || event->outcome == OUTCOME_NOTRUN;
    bool ok = skipped || event->outcome == OUTCOME_PASSED || event->outcome == OUTCOME_FLAKY;

    text_printf(block, "%s %zu - ", ok ? "ok" : "not ok", ++reporter->told);
    add_description(block, event->name);
    if (skipped) {
        text_add_string(block, event->outcome == OUTCOME_SKIPPED ? " # SKIP " : " # SKIP not run: ");
        add_description(block, event->message && event->message[0] ? event->message : "no reason given");
    }
    text_add_string(block, "\n");
    if (!ok || event->earlier_count > 0)
        add_yaml(block, event);
    add_warnings(block, event);
    write_block(reporter);
}

static void tap_notice(struct reporter *reporter, const struct event_notice *event)
{
    struct text clean = {0};

    text_add_cut(&clean, TEXT_TERMINAL, event->text, strlen(event->text), MESSAGE_MAX);
    text_add_indented(&reporter->block, "# ", text_string(&clean), clean.size);
    text_finish(&clean);
    write_block(reporter);
}

static void tap_run_finished(struct reporter *reporter, const struct event_run_finished *event)
{
    size_t missing = reporter->planned - (reporter->told < reporter->planned ? reporter->told : reporter->planned);

    if (event->interrupted && (missing > 0 || event->counts[OUTCOME_NOTRUN] > 0))
        text_add_string(&reporter->block, "Bail out! Interrupted before the end.\n");
    else if (missing > 0)
        text_printf(&reporter->block, "Bail out! %zu of %zu tests were not run.\n", missing, reporter->planned);
    write_block(reporter);
}

static int tap_destroy(struct reporter *reporter, struct problem *problem)
{
    int error;

    if (!reporter->started) {
        text_add_string(&reporter->block, "Bail out! The run did not start.\n");
        write_block(reporter);
    }
    error = report_file_close(reporter->file, problem);
    text_finish(&reporter->block);
    free(reporter);
    return error;
}

const struct reporter_type reporter_tap = {
    .name = "tap",
    .create = tap_create,
    .run_started = tap_run_started,
    .test_finished = tap_test_finished,
    .notice = tap_notice,
    .run_finished = tap_run_finished,
    .destroy = tap_destroy,
};
