/* SPDX-License-Identifier: BSD-2-Clause */
/* report_console.c: the report for people at a terminal or reading a log.
 *
 * Nothing for a test that passed; what did not pass is told as it happens, in one write, with what its ranks said
 * (ranks that said the same are told together) and cut to bounds; at the end what must be known again: names, reasons,
 * the slowest, and in the last line the counts. The progress line, where wanted, is erased before anything else is
 * written. Everything that came from a test goes through text_add_cut(): no terminal escape of its output acts here.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "report_ranks.h"
#include "reporter.h"
#include "text.h"

#define MESSAGE_MAX       4096 /* bytes of one message */
#define OUTPUT_MAX        8192 /* bytes of one rank's output */
#define GROUPS_MAX        8    /* messages, and outputs, that differ, of one test */
#define FULL_FAILURES_MAX 100  /* told in full; the others in a line each */
#define NAMES_MAX         50   /* in the list of what failed */
#define REASONS_MAX       20   /* why tests were skipped */
#define NODES_MAX         8    /* named in the heading */
#define PROGRESS_SECONDS  0.05 /* at least, between two drawings */
#define PROGRESS_COLUMNS  80   /* where the width is unknown */

static const char red[] = "\033[31m", green[] = "\033[32m", yellow[] = "\033[33m", plain[] = "\033[0m";

struct failed_test {
    char *name;
    enum outcome outcome;
};
struct reason {
    char *text;
    enum outcome outcome; /* skipped or not run */
    size_t count;
};
struct timed_test {
    char *name;
    double seconds;
};

struct reporter {
    FILE *stream;
    int verbosity, durations;
    bool colour, several_nodes;
    int job; /* of the run, from 1; 0: the only one */
    struct text block; /* what the next write holds */
    int error;         /* negative errno value of the first write that failed */

    size_t planned, finished, failures, warned;
    struct failed_test failed[NAMES_MAX]; /* the first of `failures` */
    struct reason reasons[REASONS_MAX];
    size_t reason_count, without_reason; /* those for whom reasons[] had no room */
    struct timed_test *timed;
    size_t timed_count, timed_room;

    bool progress;
    int columns, drawn; /* how wide the progress line is now */
    double started, drawn_at;
    char *running; /* the test that was started last */
};

static double monotonic_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static bool is_failure(enum outcome outcome)
{
    return outcome >= OUTCOME_FAILED && outcome < OUTCOME_COUNT;
}

static const char *colour_of(enum outcome outcome)
{
    return outcome == OUTCOME_PASSED ? green : is_failure(outcome) ? red : yellow;
}

static int console_create(struct reporter **created, const struct reporter_settings *settings, struct problem *problem)
{
    struct reporter *reporter = calloc(1, sizeof *reporter);

    if (!reporter)
        return problem_set(problem, ENOMEM, "out of memory for the console report");
    reporter->stream = settings->stream ? settings->stream : stdout;
    reporter->verbosity = settings->verbosity;
    reporter->durations = settings->durations;
    reporter->colour = settings->colour;
    reporter->job = settings->job;
    reporter->progress = settings->progress;
    reporter->columns = settings->columns > 0 ? settings->columns : PROGRESS_COLUMNS;
    reporter->started = monotonic_seconds();
    *created = reporter;
    return 0;
}

static void add_coloured(struct reporter *reporter, const char *colour, const char *words)
{
    if (reporter->colour)
        text_add_string(&reporter->block, colour);
    text_add_string(&reporter->block, words);
    if (reporter->colour)
        text_add_string(&reporter->block, plain);
}

/* One line of anything. */
static void add_line(struct text *text, const char *string)
{
    text_add_cut(text, TEXT_LINE, string, strlen(string), MESSAGE_MAX);
}

static void write_bytes(struct reporter *reporter, const char *bytes, size_t size)
{
    errno = 0;
    if ((fwrite(bytes, 1, size, reporter->stream) != size || fflush(reporter->stream) != 0) && !reporter->error)
        reporter->error = errno ? -errno : -EIO;
}

static void progress_erase(struct reporter *reporter)
{
    if (reporter->drawn > 0)
        fprintf(reporter->stream, "\r%*s\r", reporter->drawn, "");
    reporter->drawn = 0;
}

/* Draws what the line says now, cut to the width; not more often than people can see. */
static void progress_draw(struct reporter *reporter)
{
    double now = monotonic_seconds();
    struct text line = {0};
    size_t room = (size_t)reporter->columns - 1;

    if (!reporter->progress || reporter->planned == 0 ||
        (reporter->drawn > 0 && now - reporter->drawn_at < PROGRESS_SECONDS))
        return;
    text_printf(&line, "[%zu/%zu] ", reporter->finished, reporter->planned);
    text_add_seconds(&line, now - reporter->started, 0);
    text_add_string(&line, " s");
    if (reporter->failures > 0)
        text_printf(&line, ", %zu failed", reporter->failures);
    if (reporter->running) {
        text_add_string(&line, ", ");
        add_line(&line, reporter->running);
    }
    if (line.size > room) {
        while (room > 0 && ((unsigned char)line.bytes[room] & 0xC0) == 0x80) /* not within a character */
            room--;
        line.size = room;
    }
    progress_erase(reporter);
    write_bytes(reporter, text_string(&line), line.size);
    reporter->drawn = (int)line.size;
    reporter->drawn_at = now;
    text_finish(&line);
}

/* Writes the block in one piece, the progress line out of its way. */
static void write_block(struct reporter *reporter)
{
    if (reporter->block.size > 0) {
        progress_erase(reporter);
        write_bytes(reporter, reporter->block.bytes, reporter->block.size);
    }
    text_clear(&reporter->block);
    progress_draw(reporter);
}

static void console_run_started(struct reporter *reporter, const struct event_run_started *event)
{
    struct text *block = &reporter->block;
    int i;

    reporter->planned = event->count;
    reporter->several_nodes = event->nodes > 1;
    if (reporter->job > 1 && reporter->verbosity >= 0) {
        text_printf(block, "Job %d goes on, on %d rank%s\n", reporter->job, event->ranks, event->ranks == 1 ? "" : "s");
    } else if (reporter->verbosity >= 0) {
        text_printf(block, "mpirun-tests %s: %zu test%s", event->version, event->count, event->count == 1 ? "" : "s");
        if (event->suites && event->suites[0]) {
            text_add_string(block, " (");
            add_line(block, event->suites);
            text_add_string(block, ")");
        }
        text_printf(block, " on %d rank%s", event->ranks, event->ranks == 1 ? "" : "s");
        if (event->nodes > 1) {
            text_printf(block, ", %d nodes (", event->nodes);
            for (i = 0; i < event->nodes && i < NODES_MAX; i++) {
                text_add_string(block, i > 0 ? ", " : "");
                add_line(block, event->node_names[i]);
            }
            if (event->nodes > NODES_MAX)
                text_printf(block, " and %d more", event->nodes - NODES_MAX);
            text_add_string(block, ")");
        }
        text_printf(block, ", %s", event->mpi);
        if (event->shuffled)
            text_printf(block, ", shuffled by --seed %llu", (unsigned long long)event->seed);
        text_add_string(block, "\n");
    }
    write_block(reporter);
}

static void console_test_started(struct reporter *reporter, const struct event_test_started *event)
{
    if (reporter->progress) {
        free(reporter->running);
        reporter->running = strdup(event->name);
    }
    if (reporter->verbosity >= 2) {
        text_add_string(&reporter->block, "started ");
        add_line(&reporter->block, event->name);
        text_printf(&reporter->block, " on rank%s ", event->size == 1 ? "" : "s");
        text_add_ranges(&reporter->block, event->ranks, event->size > 0 ? (size_t)event->size : 0);
        text_add_string(&reporter->block, "\n");
    }
    write_block(reporter);
}

static void remember_reason(struct reporter *reporter, const struct event_test_finished *event)
{
    const char *text = event->message && event->message[0] ? event->message : "no reason given";
    struct reason *reason = reporter->reasons, *end = reason + reporter->reason_count;

    while (reason < end && (reason->outcome != event->outcome || strcmp(reason->text, text) != 0))
        reason++;
    if (reason == end) {
        char *copy = reporter->reason_count < REASONS_MAX ? strdup(text) : NULL;

        if (!copy) {
            reporter->without_reason++;
            return;
        }
        *reason = (struct reason){.text = copy, .outcome = event->outcome};
        reporter->reason_count++;
    }
    reason->count++;
}

static void remember_duration(struct reporter *reporter, const struct event_test_finished *event)
{
    char *name;

    if (reporter->timed_count == reporter->timed_room) {
        size_t room = reporter->timed_room ? 2 * reporter->timed_room : 64;
        struct timed_test *timed = realloc(reporter->timed, room * sizeof *timed);

        if (!timed)
            return;
        reporter->timed = timed;
        reporter->timed_room = room;
    }
    name = strdup(event->name);
    if (name)
        reporter->timed[reporter->timed_count++] = (struct timed_test){name, event->seconds};
}

static void remember_failure(struct reporter *reporter, const struct event_test_finished *event)
{
    if (reporter->failures < NAMES_MAX)
        reporter->failed[reporter->failures] = (struct failed_test){strdup(event->name), event->outcome};
    reporter->failures++;
}

/* "FAILED halo.ring[np=4]  12 ms, ranks 1-4 of the run on n1, n2": the line that tells an end. */
static void add_end(struct reporter *reporter, const struct event_test_finished *event)
{
    struct text *block = &reporter->block;
    char words[32];
    size_t i;

    snprintf(words, sizeof words, "%s", outcome_words(event->outcome));
    for (i = 0; is_failure(event->outcome) && words[i]; i++)
        words[i] = (char)toupper((unsigned char)words[i]);
    add_coloured(reporter, colour_of(event->outcome), words);
    text_add_string(block, " ");
    add_line(block, event->name);
    if (event->size > 0) {
        text_add_string(block, "  ");
        text_add_duration(block, event->seconds);
        text_printf(block, ", rank%s ", event->size == 1 ? "" : "s");
        report_ranks_add_run(block, event);
        text_add_string(block, " of the run");
        if (reporter->several_nodes) {
            text_add_string(block, " on ");
            report_ranks_add_nodes(block, event, ", ");
        }
    }
}

/* A message: behind its label if it is one line, else below. */
static void add_message(struct reporter *reporter, const char *label, const char *message)
{
    struct text clean = {0};

    text_add_cut(&clean, TEXT_TERMINAL, message, strlen(message), MESSAGE_MAX);
    while (clean.size > 0 && clean.bytes[clean.size - 1] == '\n')
        clean.size--;
    if (label[0] == '\0') {
        text_add_indented(&reporter->block, "    ", text_string(&clean), clean.size);
    } else if (clean.size > 0 && !memchr(clean.bytes, '\n', clean.size)) {
        text_printf(&reporter->block, "    %s: %.*s\n", label, (int)clean.size, clean.bytes);
    } else {
        text_printf(&reporter->block, "    %s:\n", label);
        text_add_indented(&reporter->block, "        ", text_string(&clean), clean.size);
    }
    text_finish(&clean);
}

static void add_messages(struct reporter *reporter, const struct event_test_finished *event)
{
    struct report_ranks ranks;
    size_t i;

    if (report_ranks_group(&ranks, event, REPORT_RANKS_BY_MESSAGE) != 0)
        return;
    if (event->message && event->message[0] && !report_ranks_tell(&ranks, event->message))
        add_message(reporter, "", event->message);
    for (i = 0; i < ranks.count && i < GROUPS_MAX; i++) {
        struct text label = {0};

        if (event->size > 1)
            report_ranks_add_names(&label, event, &ranks.groups[i], reporter->several_nodes);
        add_message(reporter, text_string(&label), ranks.groups[i].first->message);
        text_finish(&label);
    }
    if (ranks.count > GROUPS_MAX)
        text_printf(&reporter->block, "    and %zu other messages of its ranks\n", ranks.count - GROUPS_MAX);
    report_ranks_finish(&ranks);
}

static void add_outputs(struct reporter *reporter, const struct event_test_finished *event)
{
    struct report_ranks ranks;
    size_t i;

    if (report_ranks_group(&ranks, event, REPORT_RANKS_BY_OUTPUT) != 0)
        return;
    for (i = 0; i < ranks.count && i < GROUPS_MAX; i++) {
        const struct event_rank_result *first = ranks.groups[i].first;
        struct text clean = {0};

        text_add_string(&reporter->block, "    output");
        if (event->size > 1) {
            text_add_string(&reporter->block, " of ");
            report_ranks_add_names(&reporter->block, event, &ranks.groups[i], reporter->several_nodes);
        }
        text_add_string(&reporter->block, ":\n");
        text_add_cut(&clean, TEXT_TERMINAL, first->output, first->output_size, OUTPUT_MAX);
        text_add_indented(&reporter->block, "        ", text_string(&clean), clean.size);
        text_finish(&clean);
    }
    if (ranks.count > GROUPS_MAX)
        text_printf(&reporter->block, "    and the output of other ranks, %zu times different\n",
                    ranks.count - GROUPS_MAX);
    report_ranks_finish(&ranks);
}

static void add_warnings(struct reporter *reporter, const struct event_test_finished *event)
{
    struct report_ranks ranks;
    size_t i;

    if (report_ranks_group(&ranks, event, REPORT_RANKS_BY_WARNINGS) != 0)
        return;
    for (i = 0; i < ranks.count && i < GROUPS_MAX; i++) {
        struct text label = {0};

        text_add_string(&label, "warning");
        if (event->size > 1) {
            text_add_string(&label, " of ");
            report_ranks_add_names(&label, event, &ranks.groups[i], reporter->several_nodes);
        }
        add_message(reporter, text_string(&label), ranks.groups[i].first->warnings);
        text_finish(&label);
    }
    if (ranks.count > GROUPS_MAX)
        text_printf(&reporter->block, "    and %zu other warnings of its ranks\n", ranks.count - GROUPS_MAX);
    report_ranks_finish(&ranks);
}

/* Behind the line of its end: the message's first line, for what is not told in full. */
static void add_short_message(struct reporter *reporter, const struct event_test_finished *event)
{
    size_t length = event->message ? strcspn(event->message, "\n") : 0;

    if (length > 0) {
        text_add_string(&reporter->block, ": ");
        text_add_cut(&reporter->block, TEXT_LINE, event->message, length, 200);
    }
    text_add_string(&reporter->block, "\n");
}

/* Tries before the last, and what came of each. */
static void add_earlier(struct reporter *reporter, const struct event_test_finished *event)
{
    int i;

    for (i = 0; i < event->earlier_count; i++) {
        text_printf(&reporter->block, "  try %d %s", i + 1, outcome_words(event->earlier[i].outcome));
        if (event->outcome == OUTCOME_FLAKY && reporter->failures <= FULL_FAILURES_MAX) {
            text_add_string(&reporter->block, "\n");
            add_messages(reporter, &event->earlier[i]);
            add_outputs(reporter, &event->earlier[i]);
        } else {
            add_short_message(reporter, &event->earlier[i]);
        }
    }
}

static void console_test_retried(struct reporter *reporter, const struct event_test_finished *event)
{
    if (reporter->verbosity >= 1) {
        add_end(reporter, event);
        text_add_string(&reporter->block, ", will run again");
        add_short_message(reporter, event);
    }
    write_block(reporter);
}

static void console_test_finished(struct reporter *reporter, const struct event_test_finished *event)
{
    reporter->finished++;
    if (reporter->durations > 0 && event->size > 0)
        remember_duration(reporter, event);
    if (event->outcome == OUTCOME_SKIPPED || event->outcome == OUTCOME_NOTRUN)
        remember_reason(reporter, event);
    if (event->resumed && reporter->job > 1) { /* the job that had it has told it */
        if (is_failure(event->outcome))
            remember_failure(reporter, event);
    } else if (is_failure(event->outcome)) {
        remember_failure(reporter, event);
        add_end(reporter, event);
        if (reporter->failures <= FULL_FAILURES_MAX) {
            text_add_string(&reporter->block, "\n");
            add_messages(reporter, event);
            add_outputs(reporter, event);
        } else {
            add_short_message(reporter, event);
        }
        add_earlier(reporter, event);
        if (reporter->failures == FULL_FAILURES_MAX)
            text_printf(&reporter->block, "After %d failures the others are told in one line each.\n",
                        FULL_FAILURES_MAX);
    } else if (event->outcome == OUTCOME_FLAKY) {
        add_end(reporter, event);
        text_add_string(&reporter->block, "\n");
        add_earlier(reporter, event);
    } else if (reporter->verbosity >= 1) {
        add_end(reporter, event);
        add_short_message(reporter, event);
        add_warnings(reporter, event);
    }
    reporter->warned += report_ranks_any_warnings(event);
    write_block(reporter);
}

static void console_notice(struct reporter *reporter, const struct event_notice *event)
{
    if (event->level == NOTICE_INFO && reporter->verbosity < 0)
        return;
    if (event->level != NOTICE_INFO)
        add_coloured(reporter, event->level == NOTICE_ERROR ? red : yellow,
                     event->level == NOTICE_ERROR ? "error: " : "warning: ");
    add_line(&reporter->block, event->text);
    text_add_string(&reporter->block, "\n");
    write_block(reporter);
}

static int slower_first(const void *a, const void *b)
{
    const struct timed_test *x = a, *y = b;

    return x->seconds != y->seconds ? (x->seconds > y->seconds ? -1 : 1) : strcmp(x->name, y->name);
}

static void add_slowest(struct reporter *reporter)
{
    size_t i;

    if (reporter->timed_count == 0)
        return;
    qsort(reporter->timed, reporter->timed_count, sizeof *reporter->timed, slower_first);
    text_add_string(&reporter->block, "Slowest:\n");
    for (i = 0; i < reporter->timed_count && i < (size_t)reporter->durations; i++) {
        struct text duration = {0};

        text_add_duration(&duration, reporter->timed[i].seconds);
        text_printf(&reporter->block, "    %10s  ", text_string(&duration));
        add_line(&reporter->block, reporter->timed[i].name);
        text_add_string(&reporter->block, "\n");
        text_finish(&duration);
    }
}

static void add_failed_names(struct reporter *reporter)
{
    size_t i;

    if (reporter->failures == 0)
        return;
    text_add_string(&reporter->block, "Did not pass:\n");
    for (i = 0; i < reporter->failures && i < NAMES_MAX; i++) {
        text_printf(&reporter->block, "    %-10s  ", outcome_words(reporter->failed[i].outcome));
        add_line(&reporter->block, reporter->failed[i].name ? reporter->failed[i].name : "?");
        text_add_string(&reporter->block, "\n");
    }
    if (reporter->failures > NAMES_MAX)
        text_printf(&reporter->block, "    and %zu more\n", reporter->failures - NAMES_MAX);
}

static void add_reasons(struct reporter *reporter, const struct event_run_finished *event)
{
    size_t i;

    for (i = 0; i < reporter->reason_count && reporter->verbosity >= 0; i++) {
        const struct reason *reason = &reporter->reasons[i];

        text_printf(&reporter->block, "%zu %s: ", reason->count, outcome_words(reason->outcome));
        add_line(&reporter->block, reason->text);
        text_add_string(&reporter->block, "\n");
    }
    if (reporter->without_reason > 0 && reporter->verbosity >= 0)
        text_printf(&reporter->block, "%zu more skipped for other reasons\n", reporter->without_reason);
    if (reporter->warned > 0 && reporter->verbosity >= 0)
        text_printf(&reporter->block, "%zu passed, but left something behind%s (--strict makes that a failure)\n",
                    reporter->warned, reporter->verbosity == 0 ? ": -v shows what" : "");
    if (event->ranks_wanted > 0 && event->mock)
        text_printf(&reporter->block, "--mock -n %d would run those that need more ranks\n", event->ranks_wanted);
    else if (event->ranks_wanted > 0)
        text_printf(&reporter->block, "mpiexec -n %d (or --mock -n %d) would run those that need more ranks\n",
                    event->ranks_wanted, event->ranks_wanted);
}

/* The last line, for people and machines: "58 passed, 2 failed, 3 skipped in 1.24 s". */
static void add_counts(struct reporter *reporter, const struct event_run_finished *event)
{
    static const enum outcome order[OUTCOME_COUNT] = {OUTCOME_PASSED,  OUTCOME_FAILED,  OUTCOME_DEADLOCK,
                                                      OUTCOME_TIMEOUT, OUTCOME_CRASHED, OUTCOME_ERROR,
                                                      OUTCOME_FLAKY,   OUTCOME_SKIPPED, OUTCOME_NOTRUN};
    const char *colour;
    struct text line = {0};
    size_t i;

    for (i = 0; i < OUTCOME_COUNT; i++) {
        size_t count = event->counts[order[i]];

        if (count > 0)
            text_printf(&line, "%s%zu %s%s", line.size > 0 ? ", " : "", count, outcome_words(order[i]),
                        order[i] == OUTCOME_ERROR && count > 1 ? "s" : "");
    }
    if (line.size == 0)
        text_add_string(&line, "no tests");
    text_add_string(&line, " in ");
    text_add_seconds(&line, event->seconds, 2);
    text_add_string(&line, " s");
    if (event->seconds >= 60) {
        text_add_string(&line, " (");
        text_add_duration(&line, event->seconds);
        text_add_string(&line, ")");
    }
    colour = event->status != EXIT_STATUS_PASSED ? red : event->counts[OUTCOME_PASSED] < event->total ? yellow : green;
    add_coloured(reporter, colour, text_string(&line));
    text_add_string(&reporter->block, "\n");
    text_finish(&line);
}

static void console_run_finished(struct reporter *reporter, const struct event_run_finished *event)
{
    reporter->progress = false;
    progress_erase(reporter);
    add_slowest(reporter);
    add_failed_names(reporter);
    add_reasons(reporter, event);
    if (event->interrupted) {
        add_coloured(reporter, red, "Interrupted before the end.");
        text_add_string(&reporter->block, "\n");
    }
    add_counts(reporter, event);
    write_block(reporter);
}

static void console_tick(struct reporter *reporter)
{
    progress_draw(reporter);
}

static int console_destroy(struct reporter *reporter, struct problem *problem)
{
    int error;
    size_t i;

    progress_erase(reporter);
    write_bytes(reporter, "", 0);
    error = reporter->error;
    if (error)
        problem_set(problem, -error, "cannot write to the console: %s", strerror(-error));
    for (i = 0; i < reporter->failures && i < NAMES_MAX; i++)
        free(reporter->failed[i].name);
    for (i = 0; i < reporter->reason_count; i++)
        free(reporter->reasons[i].text);
    for (i = 0; i < reporter->timed_count; i++)
        free(reporter->timed[i].name);
    free(reporter->timed);
    free(reporter->running);
    text_finish(&reporter->block);
    free(reporter);
    return error;
}

const struct reporter_type reporter_console = {
    .name = "console",
    .create = console_create,
    .run_started = console_run_started,
    .test_started = console_test_started,
    .test_retried = console_test_retried,
    .test_finished = console_test_finished,
    .notice = console_notice,
    .run_finished = console_run_finished,
    .tick = console_tick,
    .destroy = console_destroy,
};
