/* SPDX-License-Identifier: BSD-2-Clause */
/* report_json.c: one JSON object a line, for programs: first the run, then each test as it ends, last a summary.
 *
 * jansson writes the objects; each line is one write, so that the file is whole lines at any moment. Strings of tests
 * are made valid UTF-8 (U+FFFD for what is not, and for NUL, at which many readers stop) and cut to bounds. A build
 * without jansson has no such report and says so.
 */
#include <stdlib.h>
#include <string.h>

#include "report_file.h"
#include "report_ranks.h"
#include "reporter.h"
#include "text.h"

#ifdef HAVE_JANSSON

#include <jansson.h>

#define MESSAGE_MAX 16384
#define OUTPUT_MAX  65536               /* bytes of one rank's output … */
#define OUTPUTS_MAX (8 * 1024 * 1024)   /* … and of all ranks of a test together */
#define EXACT_MAX   ((uint64_t)1 << 53) /* integers up to here are exact in every reader (RFC 8259 §6) */

struct reporter {
    struct report_file *file;
    int error; /* negative errno value: a line that could not be made */
};

static int json_create(struct reporter **created, const struct reporter_settings *settings, struct problem *problem)
{
    struct reporter *reporter = calloc(1, sizeof *reporter);
    int error;

    if (!reporter)
        return problem_set(problem, ENOMEM, "out of memory for the JSON report");
    error = report_file_open(&reporter->file, settings->path, REPORT_FILE_LINES, problem);
    if (error) {
        free(reporter);
        return error;
    }
    *created = reporter;
    return 0;
}

static json_t *string_of(const char *bytes, size_t size, size_t bound)
{
    struct text clean = {0};
    json_t *string;

    text_add_cut(&clean, TEXT_UTF8, bytes, size, bound);
    string = clean.failed ? NULL : json_stringn_nocheck(text_string(&clean), clean.size);
    text_finish(&clean);
    return string;
}

static json_t *text_of(const char *string)
{
    return string_of(string ? string : "", string ? strlen(string) : 0, MESSAGE_MAX);
}

/* Microseconds are all that is meant; negative, endless and NaN, which JSON does not have, are 0. */
static json_t *seconds_of(double seconds)
{
    return json_real(seconds > 0 && seconds < 1e12 ? (double)(uint64_t)(seconds * 1e6 + 0.5) / 1e6 : 0.0);
}

/* Writes the object as a line and lets it go; NULL is one that could not be made. */
static void write_line(struct reporter *reporter, json_t *object)
{
    char *line = object ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;
    size_t size = line ? strlen(line) : 0;

    if (line) {
        line[size] = '\n'; /* where the NUL was: the size tells the end */
        report_file_append(reporter->file, line, size + 1);
    } else {
        reporter->error = -ENOMEM;
    }
    free(line);
    json_decref(object);
}

static json_t *seed_of(uint64_t seed)
{
    char digits[24];

    if (seed <= EXACT_MAX)
        return json_integer((json_int_t)seed);
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)seed);
    return json_string(digits);
}

static void json_run_started(struct reporter *reporter, const struct event_run_started *event)
{
    json_t *nodes = json_array(), *object;
    int i;

    for (i = 0; i < event->nodes; i++)
        json_array_append_new(nodes, text_of(event->node_names[i]));
    object = json_pack("{s:s, s:o, s:o, s:o, s:i, s:o, s:I, s:o}", "type", "run", "version", text_of(event->version),
                       "mpi", text_of(event->mpi), "suites", text_of(event->suites), "ranks", event->ranks, "nodes",
                       nodes, "tests", (json_int_t)event->count, "time", seconds_of(event->time));
    if (object && event->shuffled)
        json_object_set_new(object, "seed", seed_of(event->seed));
    write_line(reporter, object);
}

static bool array_has(const json_t *array, const char *name)
{
    size_t i;

    for (i = 0; i < json_array_size(array); i++)
        if (strcmp(json_string_value(json_array_get(array, i)), name) == 0)
            return true;
    return false;
}

/* What happened on each rank of a test that did not pass. */
static json_t *per_rank_of(const struct event_test_finished *event)
{
    json_t *array = json_array();
    size_t bound = event->size > 0 ? OUTPUTS_MAX / (size_t)event->size : 0;
    int i;

    if (bound > OUTPUT_MAX)
        bound = OUTPUT_MAX;
    for (i = 0; i < event->size; i++) {
        const struct event_rank_result *result = &event->ranks[i];

        json_array_append_new(array, json_pack("{s:i, s:i, s:o, s:s, s:o, s:o, s:o}", "rank", result->rank, "team_rank",
                                               result->team_rank, "node", text_of(result->node), "outcome",
                                               outcome_name(result->outcome), "seconds", seconds_of(result->seconds),
                                               "message", text_of(result->message), "output",
                                               string_of(result->output, result->output_size, bound)));
    }
    return array;
}

/* What ranks of a test that passed left behind, a string for each line. */
static json_t *warnings_of(const struct event_test_finished *event)
{
    json_t *array = json_array();
    struct report_ranks ranks;
    size_t i, j;

    if (report_ranks_group(&ranks, event, REPORT_RANKS_BY_WARNINGS) != 0)
        return array;
    for (i = 0; i < ranks.count; i++) {
        json_t *team_ranks = json_array(), *lines = json_array();
        const char *line = ranks.groups[i].first->warnings;

        for (j = 0; j < ranks.groups[i].count; j++)
            json_array_append_new(team_ranks, json_integer(ranks.groups[i].team_ranks[j]));
        while (*line) {
            size_t length = strcspn(line, "\n");

            if (length > 0)
                json_array_append_new(lines, string_of(line, length, MESSAGE_MAX));
            line += length + (line[length] == '\n');
        }
        json_array_append_new(array, json_pack("{s:o, s:o}", "team_ranks", team_ranks, "lines", lines));
    }
    report_ranks_finish(&ranks);
    return array;
}

/* What came of tries before the last, the first first. */
static json_t *earlier_of(const struct event_test_finished *event)
{
    json_t *array = json_array();
    int i;

    for (i = 0; i < event->earlier_count; i++) {
        const struct event_test_finished *earlier = &event->earlier[i];

        json_array_append_new(array, json_pack("{s:s, s:o, s:o, s:o}", "outcome", outcome_name(earlier->outcome), "seconds",
                                               seconds_of(earlier->seconds), "message", text_of(earlier->message),
                                               "per_rank", per_rank_of(earlier)));
    }
    return array;
}

static void json_test_finished(struct reporter *reporter, const struct event_test_finished *event)
{
    json_t *ranks = json_array(), *nodes = json_array(), *object;
    int i;

    for (i = 0; i < event->size; i++) {
        const char *node = event->ranks[i].node;

        json_array_append_new(ranks, json_integer(event->ranks[i].rank));
        if (node && (i == 0 || (event->ranks[i - 1].node != node && !array_has(nodes, node))))
            json_array_append_new(nodes, text_of(node));
    }
    object =
        json_pack("{s:s, s:o, s:s, s:o, s:o, s:o}", "type", "result", "test", text_of(event->name), "outcome",
                  outcome_name(event->outcome), "seconds", seconds_of(event->seconds), "ranks", ranks, "nodes", nodes);
    if (object && event->outcome != OUTCOME_PASSED) {
        json_object_set_new(object, "message", text_of(event->message));
        json_object_set_new(object, "per_rank", per_rank_of(event));
    }
    if (object && report_ranks_any_warnings(event))
        json_object_set_new(object, "warnings", warnings_of(event));
    if (object && event->earlier_count > 0)
        json_object_set_new(object, "earlier", earlier_of(event));
    write_line(reporter, object);
}

static void json_run_finished(struct reporter *reporter, const struct event_run_finished *event)
{
    json_t *counts = json_object(), *object;
    int outcome;

    for (outcome = 0; outcome < OUTCOME_COUNT; outcome++)
        json_object_set_new(counts, outcome_name((enum outcome)outcome),
                            json_integer((json_int_t)event->counts[outcome]));
    object = json_pack("{s:s, s:I, s:o, s:o, s:i, s:b}", "type", "summary", "total", (json_int_t)event->total, "counts",
                       counts, "seconds", seconds_of(event->seconds), "exit_status", (int)event->status, "interrupted",
                       (int)event->interrupted);
    if (object && event->ranks_wanted > 0)
        json_object_set_new(object, "ranks_wanted", json_integer(event->ranks_wanted));
    write_line(reporter, object);
}

static int json_destroy(struct reporter *reporter, struct problem *problem)
{
    int error = report_file_close(reporter->file, problem);

    if (!error && reporter->error)
        error = problem_set(problem, -reporter->error, "the JSON report lacks lines: out of memory");
    free(reporter);
    return error;
}

#else

static int json_create(struct reporter **created, const struct reporter_settings *settings, struct problem *problem)
{
    (void)created, (void)settings;
    return problem_set(problem, ENOTSUP,
                       "--json: this build has no jansson; install it (libjansson-dev) and build again, or use --tap");
}

#define json_run_started   NULL
#define json_test_finished NULL
#define json_run_finished  NULL
#define json_destroy       NULL

#endif

const struct reporter_type reporter_json = {
    .name = "json",
    .create = json_create,
    .run_started = json_run_started,
    .test_finished = json_test_finished,
    .run_finished = json_run_finished,
    .destroy = json_destroy,
};
