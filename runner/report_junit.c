/* SPDX-License-Identifier: BSD-2-Clause */
/* report_junit.c: JUnit's XML, for build servers: testsuites, a testsuite for each suite, a testcase for each planned
 * test, all in the order of the plan.
 *
 * libxml2's writer makes the XML; strings of tests are first made into what XML may hold. The file is there from the
 * start and always a whole document: it is written anew, at most once a second, and renamed into place. Until the run
 * has ended it shows tests that have not ended as skipped, "not run yet". To keep that cheap with many tests each
 * testcase is turned into XML once, when it ends; a rewriting only strings them together, and one that took long is not
 * repeated soon. On standard output or a pipe the document is written once, at the end. A build without libxml2 has no
 * such report and says so.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "report_file.h"
#include "report_ranks.h"
#include "reporter.h"
#include "text.h"

#ifdef HAVE_LIBXML2

#include "report_xml.h"

#define MESSAGE_LINE_MAX    512                 /* of the message attribute (XML_ATTRIBUTE_MAX bounds it too) */
#define MESSAGE_MAX         16384               /* of one group of ranks */
#define OUTPUT_MAX          65536               /* of one group of ranks, where a test did not pass */
#define OUTPUT_PASSED_MAX   16384               /* … where it passed */
#define OUTPUT_PASSED_TOTAL (64U * 1024 * 1024) /* … and of all that passed: it is held in memory */
#define GROUPS_MAX          32                  /* messages, and outputs, that differ, of one test */
#define REWRITE_SECONDS     1.0                 /* at least, between two rewritings … */
#define REWRITE_SHARE       20                  /* … and so many times what the last one took */

struct junit_case {
    char *name, *file; /* the name without its suite: build servers show "classname.name" */
    size_t suite;      /* index */
    int line;
    char *xml; /* NULL: not ended yet */
    size_t xml_size;
};
struct junit_suite {
    char *name;
    size_t *cases; /* [count] indices, in the order of the plan */
    size_t count, ended, failures, errors, skipped;
    double seconds;
};
struct reporter {
    struct report_file *file;
    struct junit_case *cases; /* [count] */
    size_t count;
    struct junit_suite *suites; /* [suite_count] in the order in which the plan has them first */
    size_t suite_count;
    char *mpi, *version, *nodes;
    int ranks;
    bool shuffled;
    uint64_t seed;
    char timestamp[32];

    xmlBufferPtr buffer; /* behind `fragments` */
    xmlTextWriterPtr fragments;
    struct text scratch;
    size_t output_kept;
    bool failed; /* a test could not be told for want of memory */

    bool changed, ended;
    double started, rewritten_at, rewrite_cost, seconds;
};

static double monotonic_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* A document that is being written: what the writer hands out goes to the report's file, which remembers an error; the
 * writer need not know, and would print one of its own. */
static int document_write(void *context, const char *bytes, int size)
{
    report_file_write(context, bytes, (size_t)size);
    return size;
}

static int document_close(void *context)
{
    (void)context;
    return 0;
}

static bool write_start_of_case(xmlTextWriterPtr writer, const struct reporter *reporter, const struct junit_case *test,
                                double seconds)
{
    return xml_start(writer, "testcase") && xml_attribute(writer, "name", test->name) &&
           xml_attribute(writer, "classname", reporter->suites[test->suite].name) &&
           (!test->file || (xml_attribute(writer, "file", test->file) &&
                            xml_attribute_number(writer, "line", test->line > 0 ? (uint64_t)test->line : 0))) &&
           xml_attribute_seconds(writer, "time", seconds);
}

static bool write_pending_case(xmlTextWriterPtr writer, const struct reporter *reporter, const struct junit_case *test)
{
    return write_start_of_case(writer, reporter, test, 0) && xml_start(writer, "skipped") &&
           xml_attribute(writer, "message", reporter->ended ? "not run" : "not run yet") && xml_end(writer) &&
           xml_end(writer);
}

static bool write_properties(xmlTextWriterPtr writer, const struct reporter *reporter)
{
    char number[24];
    bool ok = xml_start(writer, "properties") && xml_property(writer, "version", reporter->version) &&
              xml_property(writer, "mpi", reporter->mpi);

    snprintf(number, sizeof number, "%d", reporter->ranks);
    ok = ok && xml_property(writer, "ranks", number) && xml_property(writer, "nodes", reporter->nodes);
    snprintf(number, sizeof number, "%llu", (unsigned long long)reporter->seed);
    return ok && (!reporter->shuffled || xml_property(writer, "seed", number)) && xml_end(writer);
}

static bool write_suite(xmlTextWriterPtr writer, const struct reporter *reporter, const struct junit_suite *suite)
{
    bool ok = xml_start(writer, "testsuite") && xml_attribute(writer, "name", suite->name) &&
              xml_attribute_number(writer, "tests", suite->count) &&
              xml_attribute_number(writer, "failures", suite->failures) &&
              xml_attribute_number(writer, "errors", suite->errors) &&
              xml_attribute_number(writer, "skipped", suite->skipped + suite->count - suite->ended) &&
              xml_attribute_seconds(writer, "time", suite->seconds) &&
              xml_attribute(writer, "timestamp", reporter->timestamp) && write_properties(writer, reporter);
    size_t i;

    for (i = 0; ok && i < suite->count; i++) {
        const struct junit_case *test = &reporter->cases[suite->cases[i]];

        if (test->xml)
            ok = xmlTextWriterWriteRawLen(writer, (const xmlChar *)test->xml, (int)test->xml_size) >= 0;
        else
            ok = write_pending_case(writer, reporter, test);
    }
    return ok && xml_end(writer);
}

static bool write_document(xmlTextWriterPtr writer, const struct reporter *reporter)
{
    size_t failures = 0, errors = 0, i;
    bool ok;

    for (i = 0; i < reporter->suite_count; i++) {
        failures += reporter->suites[i].failures;
        errors += reporter->suites[i].errors;
    }
    ok = xmlTextWriterSetIndent(writer, 1) >= 0 && xmlTextWriterSetIndentString(writer, (const xmlChar *)"") >= 0 &&
         xmlTextWriterStartDocument(writer, NULL, "UTF-8", NULL) >= 0 && xml_start(writer, "testsuites") &&
         xml_attribute(writer, "name", "mpirun-tests") && xml_attribute_number(writer, "tests", reporter->count) &&
         xml_attribute_number(writer, "failures", failures) && xml_attribute_number(writer, "errors", errors) &&
         xml_attribute_seconds(writer, "time", reporter->seconds);
    for (i = 0; ok && i < reporter->suite_count; i++)
        ok = write_suite(writer, reporter, &reporter->suites[i]);
    return ok && xml_end(writer) && xmlTextWriterEndDocument(writer) >= 0;
}

/* Writes the whole file anew; the error, if any, stays with the file until a later rewriting works. */
static int rewrite(struct reporter *reporter)
{
    double began = monotonic_seconds();
    int error = report_file_begin(reporter->file);
    xmlOutputBufferPtr output;
    xmlTextWriterPtr writer;
    bool ok = false;

    if (error)
        return error;
    if (!reporter->ended)
        reporter->seconds = began - reporter->started;
    output = xmlOutputBufferCreateIO(document_write, document_close, reporter->file, NULL);
    writer = output ? xmlNewTextWriter(output) : NULL;
    if (writer) {
        ok = write_document(writer, reporter) && xmlTextWriterFlush(writer) >= 0;
        xmlFreeTextWriter(writer);
    } else if (output) {
        xmlOutputBufferClose(output);
    }
    error = report_file_commit(reporter->file, ok);
    reporter->changed = false;
    reporter->rewritten_at = monotonic_seconds();
    reporter->rewrite_cost = reporter->rewritten_at - began;
    return error;
}

static void rewrite_if_due(struct reporter *reporter)
{
    double wait = REWRITE_SHARE * reporter->rewrite_cost;

    if (!reporter->changed || report_file_is_stream(reporter->file))
        return;
    if (monotonic_seconds() - reporter->rewritten_at >= (wait > REWRITE_SECONDS ? wait : REWRITE_SECONDS))
        rewrite(reporter);
}

static void junit_free(struct reporter *reporter)
{
    size_t i;

    for (i = 0; reporter->cases && i < reporter->count; i++) {
        free(reporter->cases[i].name);
        free(reporter->cases[i].file);
        free(reporter->cases[i].xml);
    }
    for (i = 0; i < reporter->suite_count; i++) {
        free(reporter->suites[i].name);
        free(reporter->suites[i].cases);
    }
    free(reporter->cases);
    free(reporter->suites);
    free(reporter->mpi);
    free(reporter->version);
    free(reporter->nodes);
    if (reporter->fragments)
        xmlFreeTextWriter(reporter->fragments);
    if (reporter->buffer)
        xmlBufferFree(reporter->buffer);
    text_finish(&reporter->scratch);
    free(reporter);
}

static int junit_create(struct reporter **created, const struct reporter_settings *settings, struct problem *problem)
{
    struct reporter *reporter = calloc(1, sizeof *reporter);
    int error;

    if (!reporter)
        return problem_set(problem, ENOMEM, "out of memory for the JUnit report");
    reporter->started = monotonic_seconds();
    reporter->buffer = xmlBufferCreate();
    reporter->fragments = reporter->buffer ? xmlNewTextWriterMemory(reporter->buffer, 0) : NULL;
    if (!reporter->fragments || xmlTextWriterSetIndent(reporter->fragments, 1) < 0 ||
        xmlTextWriterSetIndentString(reporter->fragments, (const xmlChar *)"") < 0) {
        error = problem_set(problem, ENOMEM, "out of memory for the JUnit report");
    } else {
        error = report_file_open(&reporter->file, settings->path, REPORT_FILE_WHOLE, problem);
        /* An empty document: what is left if the run does not start, and the proof that the file can be written. */
        if (!error && !report_file_is_stream(reporter->file) && rewrite(reporter) != 0) {
            error = report_file_close(reporter->file, problem);
            reporter->file = NULL;
        }
    }
    if (error) {
        junit_free(reporter);
        return error;
    }
    *created = reporter;
    return 0;
}

/* The suite's index; tests of one suite mostly follow each other, so the search begins with the last. */
static int find_suite(struct reporter *reporter, const char *name, size_t *found)
{
    struct junit_suite *suites;
    char *copy;
    size_t i;

    for (i = reporter->suite_count; i > 0; i--)
        if (strcmp(reporter->suites[i - 1].name, name) == 0) {
            *found = i - 1;
            return 0;
        }
    suites = realloc(reporter->suites, (reporter->suite_count + 1) * sizeof *suites);
    if (!suites)
        return -ENOMEM;
    reporter->suites = suites;
    copy = strdup(name);
    if (!copy)
        return -ENOMEM;
    suites[reporter->suite_count] = (struct junit_suite){.name = copy};
    *found = reporter->suite_count++;
    return 0;
}

/* "ring[np=4]" of "halo.ring[np=4]". */
static const char *name_within_suite(const struct event_planned_test *planned)
{
    size_t length = strlen(planned->suite);

    return strncmp(planned->name, planned->suite, length) == 0 && planned->name[length] == '.'
               ? planned->name + length + 1
               : planned->name;
}

static int copy_plan(struct reporter *reporter, const struct event_run_started *event)
{
    size_t i;

    reporter->cases = calloc(event->count + 1, sizeof *reporter->cases);
    if (!reporter->cases)
        return -ENOMEM;
    reporter->count = event->count;
    for (i = 0; i < event->count; i++) {
        const struct event_planned_test *planned = &event->tests[i];
        struct junit_case *test = &reporter->cases[i];

        test->name = strdup(name_within_suite(planned));
        test->file = planned->file ? strdup(planned->file) : NULL;
        test->line = planned->line;
        if (!test->name || (planned->file && !test->file) || find_suite(reporter, planned->suite, &test->suite) != 0)
            return -ENOMEM;
        reporter->suites[test->suite].count++;
    }
    for (i = 0; i < reporter->suite_count; i++) {
        struct junit_suite *suite = &reporter->suites[i];

        suite->cases = malloc(suite->count * sizeof *suite->cases);
        if (!suite->cases)
            return -ENOMEM;
        suite->count = 0;
    }
    for (i = 0; i < event->count; i++) {
        struct junit_suite *suite = &reporter->suites[reporter->cases[i].suite];

        suite->cases[suite->count++] = i;
    }
    return 0;
}

static char *join(const char *const strings[], int count)
{
    struct text joined = {0};
    int i;

    for (i = 0; i < count; i++)
        text_printf(&joined, "%s%s", i > 0 ? " " : "", strings[i]);
    if (joined.failed)
        return NULL;
    return joined.bytes ? joined.bytes : strdup("");
}

static void junit_run_started(struct reporter *reporter, const struct event_run_started *event)
{
    time_t seconds = (time_t)event->time;
    struct tm broken_down;

    if (gmtime_r(&seconds, &broken_down))
        strftime(reporter->timestamp, sizeof reporter->timestamp, "%Y-%m-%dT%H:%M:%SZ", &broken_down);
    reporter->mpi = strdup(event->mpi);
    reporter->version = strdup(event->version);
    reporter->nodes = join(event->node_names, event->nodes);
    reporter->ranks = event->ranks;
    reporter->shuffled = event->shuffled;
    reporter->seed = event->seed;
    if (!reporter->mpi || !reporter->version || !reporter->nodes || copy_plan(reporter, event) != 0) {
        reporter->failed = true; /* said by destroy; no plan, no cases: the empty document stays */
        return;
    }
    if (!report_file_is_stream(reporter->file))
        rewrite(reporter);
}

/* What the ranks said, and the test's own message if none of them said it: into the scratch text. */
static void collect_messages(struct text *text, const struct event_test_finished *event, const char *message)
{
    struct report_ranks ranks;
    size_t i;

    if (report_ranks_group(&ranks, event, REPORT_RANKS_BY_MESSAGE) != 0) {
        text->failed = true;
        return;
    }
    if (message[0] && !report_ranks_tell(&ranks, message)) {
        text_add_cut(text, TEXT_XML, message, strlen(message), MESSAGE_MAX);
        text_add_string(text, "\n");
    }
    for (i = 0; i < ranks.count && i < GROUPS_MAX; i++) {
        const char *said = ranks.groups[i].first->message;

        report_ranks_add_names(text, event, &ranks.groups[i], true);
        text_add_string(text, strchr(said, '\n') ? ":\n" : ": ");
        text_add_cut(text, TEXT_XML, said, strlen(said), MESSAGE_MAX);
        text_add_string(text, "\n");
    }
    if (ranks.count > GROUPS_MAX)
        text_printf(text, "and %zu other messages of its ranks\n", ranks.count - GROUPS_MAX);
    report_ranks_finish(&ranks);
}

static void collect_outputs(struct text *text, const struct event_test_finished *event, size_t bound)
{
    struct report_ranks ranks;
    size_t i;

    if (report_ranks_group(&ranks, event, REPORT_RANKS_BY_OUTPUT) != 0) {
        text->failed = true;
        return;
    }
    for (i = 0; i < ranks.count && i < GROUPS_MAX; i++) {
        const struct event_rank_result *first = ranks.groups[i].first;

        if (event->size > 1) {
            text_add_string(text, "output of ");
            report_ranks_add_names(text, event, &ranks.groups[i], false);
            text_add_string(text, ":\n");
        }
        text_add_cut(text, TEXT_XML, first->output, first->output_size, bound);
        if (first->output[first->output_size - 1] != '\n')
            text_add_string(text, "\n");
    }
    if (ranks.count > GROUPS_MAX)
        text_printf(text, "and the output of other ranks, %zu times different\n", ranks.count - GROUPS_MAX);
    report_ranks_finish(&ranks);
}

static bool write_string(xmlTextWriterPtr writer, const struct text *text)
{
    return !text->failed && xmlTextWriterWriteString(writer, (const xmlChar *)text_string(text)) >= 0;
}

/* The element that says how a test ended; none if it passed. */
static const char *element_of(enum outcome outcome)
{
    switch (outcome) {
    case OUTCOME_PASSED:
    case OUTCOME_FLAKY:
        return NULL;
    case OUTCOME_SKIPPED:
    case OUTCOME_NOTRUN:
        return "skipped";
    case OUTCOME_ERROR: /* a fixture or set-up: the test itself is not to blame */
        return "error";
    default:
        return "failure";
    }
}

static bool write_outcome(struct reporter *reporter, const struct event_test_finished *event, const char *element)
{
    const char *message = event->message ? event->message : "";
    xmlTextWriterPtr writer = reporter->fragments;
    bool ok = true;

    if (!element)
        return true;
    text_clear(&reporter->scratch);
    if (event->outcome == OUTCOME_NOTRUN)
        text_add_string(&reporter->scratch, message[0] ? "not run: " : "not run");
    text_add_cut(&reporter->scratch, TEXT_UTF8, message, strlen(message), MESSAGE_LINE_MAX);
    ok = xml_start(writer, element) && xml_attribute(writer, "message", text_string(&reporter->scratch));
    if (strcmp(element, "skipped") != 0) {
        text_clear(&reporter->scratch);
        collect_messages(&reporter->scratch, event, message);
        ok = ok && xml_attribute(writer, "type", outcome_name(event->outcome)) &&
             write_string(writer, &reporter->scratch);
    }
    return ok && xml_end(writer);
}

/* What came of tries before the last, as Surefire tells it. */
static bool write_earlier(struct reporter *reporter, const struct event_test_finished *event)
{
    bool passed = element_of(event->outcome) == NULL, ok = true;
    int i;

    for (i = 0; i < event->earlier_count && ok; i++)
        ok = write_outcome(reporter, &event->earlier[i],
                           event->earlier[i].outcome == OUTCOME_ERROR ? (passed ? "flakyError" : "rerunError")
                           : passed                                   ? "flakyFailure"
                                                                      : "rerunFailure");
    return ok;
}

static bool write_output(struct reporter *reporter, const struct event_test_finished *event)
{
    bool passed = element_of(event->outcome) == NULL, any = false;
    int i;

    for (i = 0; i < event->size; i++)
        any = any || event->ranks[i].output_size > 0;
    if (!any)
        return true;
    text_clear(&reporter->scratch);
    if (passed && reporter->output_kept > OUTPUT_PASSED_TOTAL)
        text_add_string(&reporter->scratch, "left out: tests that passed wrote too much in all\n");
    else
        collect_outputs(&reporter->scratch, event, passed ? OUTPUT_PASSED_MAX : OUTPUT_MAX);
    if (passed)
        reporter->output_kept += reporter->scratch.size;
    return xml_start(reporter->fragments, "system-out") && write_string(reporter->fragments, &reporter->scratch) &&
           xml_end(reporter->fragments);
}

/* What ranks of a test that passed left behind: its standard error, which it shares with nothing else. */
static bool write_warnings(struct reporter *reporter, const struct event_test_finished *event)
{
    struct text *text = &reporter->scratch;
    struct report_ranks ranks;
    size_t i;

    if (!report_ranks_any_warnings(event))
        return true;
    if (report_ranks_group(&ranks, event, REPORT_RANKS_BY_WARNINGS) != 0)
        return false;
    text_clear(text);
    for (i = 0; i < ranks.count && i < GROUPS_MAX; i++) {
        const char *warnings = ranks.groups[i].first->warnings;
        struct text clean = {0};

        text_add_string(text, "warning of ");
        report_ranks_add_names(text, event, &ranks.groups[i], true);
        text_add_string(text, ":\n");
        text_add_cut(&clean, TEXT_XML, warnings, strlen(warnings), MESSAGE_MAX);
        text_add_indented(text, "    ", text_string(&clean), clean.size);
        text_finish(&clean);
    }
    report_ranks_finish(&ranks);
    return xml_start(reporter->fragments, "system-err") && write_string(reporter->fragments, text) &&
           xml_end(reporter->fragments);
}

static bool write_case_properties(struct reporter *reporter, const struct event_test_finished *event)
{
    bool ok;

    if (event->size == 0 && event->outcome != OUTCOME_FLAKY)
        return true;
    ok = xml_start(reporter->fragments, "properties");
    if (event->size > 0) {
        text_clear(&reporter->scratch);
        report_ranks_add_run(&reporter->scratch, event);
        ok = ok && xml_property(reporter->fragments, "ranks", text_string(&reporter->scratch));
        text_clear(&reporter->scratch);
        report_ranks_add_nodes(&reporter->scratch, event, " ");
        ok = ok && xml_property(reporter->fragments, "nodes", text_string(&reporter->scratch));
    }
    if (event->outcome == OUTCOME_FLAKY)
        ok = ok && xml_property(reporter->fragments, "outcome", outcome_name(event->outcome));
    return ok && xml_end(reporter->fragments);
}

/* Turns the test into XML, to be kept. A writer that failed half way is of no use any more: the report says so at its
 * end. */
static bool keep_case(struct reporter *reporter, const struct event_test_finished *event, struct junit_case *test)
{
    bool ok = write_start_of_case(reporter->fragments, reporter, test, event->seconds) &&
              write_case_properties(reporter, event) &&
              write_outcome(reporter, event, element_of(event->outcome)) && write_earlier(reporter, event) &&
              write_output(reporter, event) && write_warnings(reporter, event) && xml_end(reporter->fragments) &&
              xmlTextWriterFlush(reporter->fragments) >= 0;
    size_t size = (size_t)xmlBufferLength(reporter->buffer);
    char *xml = ok ? malloc(size + 1) : NULL;

    if (!xml)
        return false;
    memcpy(xml, xmlBufferContent(reporter->buffer), size);
    xmlBufferEmpty(reporter->buffer);
    free(test->xml);
    test->xml = xml;
    test->xml_size = size;
    return true;
}

static void junit_test_finished(struct reporter *reporter, const struct event_test_finished *event)
{
    const char *element = element_of(event->outcome);
    struct junit_suite *suite;

    if (reporter->failed || event->test >= reporter->count || reporter->cases[event->test].xml)
        return;
    if (!keep_case(reporter, event, &reporter->cases[event->test])) {
        reporter->failed = true;
        return;
    }
    suite = &reporter->suites[reporter->cases[event->test].suite];
    suite->ended++;
    suite->seconds += event->seconds;
    if (element) {
        suite->failures += strcmp(element, "failure") == 0;
        suite->errors += strcmp(element, "error") == 0;
        suite->skipped += strcmp(element, "skipped") == 0;
    }
    reporter->changed = true;
    rewrite_if_due(reporter);
}

static void junit_test_started(struct reporter *reporter, const struct event_test_started *event)
{
    (void)event;
    rewrite_if_due(reporter); /* what was held back, if nothing has ended since */
}

static void junit_run_finished(struct reporter *reporter, const struct event_run_finished *event)
{
    reporter->ended = true;
    reporter->seconds = event->seconds;
    rewrite(reporter);
}

static int junit_destroy(struct reporter *reporter, struct problem *problem)
{
    int error;

    if (!reporter->ended && (reporter->changed || report_file_is_stream(reporter->file)))
        rewrite(reporter); /* the run broke off: what is known; to a stream the only time */
    error = report_file_close(reporter->file, problem);
    if (!error && reporter->failed)
        error = problem_set(problem, ENOMEM, "the JUnit report lacks tests: out of memory");
    junit_free(reporter);
    return error;
}

#else

static int junit_create(struct reporter **created, const struct reporter_settings *settings, struct problem *problem)
{
    (void)created, (void)settings;
    return problem_set(problem, ENOTSUP,
                       "--junit: this build has no libxml2; install it (libxml2-dev) and build again, or use --tap");
}

#define junit_run_started   NULL
#define junit_test_started  NULL
#define junit_test_finished NULL
#define junit_run_finished  NULL
#define rewrite_if_due      NULL
#define junit_destroy       NULL

#endif

const struct reporter_type reporter_junit = {
    .name = "junit",
    .create = junit_create,
    .run_started = junit_run_started,
    .test_started = junit_test_started,
    .test_finished = junit_test_finished,
    .run_finished = junit_run_finished,
    .tick = rewrite_if_due,
    .destroy = junit_destroy,
};
