/* SPDX-License-Identifier: BSD-2-Clause */
/* journal.c: writing; see journal.h. */
#include "journal.h"

#include <stdlib.h>
#include <string.h>

#include "event_wire.h"

struct reporter {
    struct journal_file *file;
    struct wire_writer writer;
    struct wire_writer starts; /* tests of the assignment that is being told */
    uint32_t start_count;
};

int journal_begin(struct journal_file *file, const struct journal_run *run)
{
    struct wire_writer writer = {0};
    wire_put_string(&writer, run->version);
    wire_put_u64(&writer, run->plan_hash);
    wire_put_u64(&writer, run->tests);
    wire_put_string(&writer, run->filter);
    wire_put_string(&writer, run->tags);
    wire_put_u32(&writer, run->shuffle);
    wire_put_u64(&writer, run->seed);
    wire_put_f64(&writer, run->time);
    wire_put_u32(&writer, (uint32_t)run->suite_count);
    for (size_t i = 0; i < run->suite_count; i++)
        wire_put_string(&writer, run->suites[i]);
    int error = journal_file_add(file, JOURNAL_RUN, &writer);
    wire_writer_finish(&writer);
    return error;
}

static int journal_create(struct reporter **created, const struct reporter_settings *settings, struct problem *problem)
{
    struct reporter *reporter = calloc(1, sizeof *reporter);
    if (!reporter)
        return problem_set(problem, ENOMEM, "out of memory for the journal");
    reporter->file = settings->journal;
    *created = reporter;
    return 0;
}

/* Errors are remembered by the file: the run goes on without a journal. */
static void add(struct reporter *reporter, enum journal_kind kind)
{
    journal_file_add(reporter->file, kind, &reporter->writer);
    wire_writer_reset(&reporter->writer);
}

static void journal_run_started(struct reporter *reporter, const struct event_run_started *event)
{
    wire_put_u32(&reporter->writer, (uint32_t)event->ranks);
    wire_put_string(&reporter->writer, event->mpi);
    wire_put_f64(&reporter->writer, event->time);
    add(reporter, JOURNAL_JOB);
}

static void journal_test_started(struct reporter *reporter, const struct event_test_started *event)
{
    wire_put_u64(&reporter->starts, event->test);
    wire_put_u32(&reporter->starts, (uint32_t)event->size);
    for (int i = 0; i < event->size; i++)
        wire_put_u32(&reporter->starts, (uint32_t)event->ranks[i]);
    reporter->start_count++;
    if (event->more)
        return;
    wire_put_u32(&reporter->writer, reporter->start_count);
    wire_put_bytes(&reporter->writer, reporter->starts.bytes, reporter->starts.size);
    reporter->writer.failed |= reporter->starts.failed;
    add(reporter, JOURNAL_START);
    wire_writer_reset(&reporter->starts);
    reporter->start_count = 0;
}

static void journal_test_retried(struct reporter *reporter, const struct event_test_finished *event)
{
    if (event->resumed)
        return;
    event_wire_put(&reporter->writer, event);
    add(reporter, JOURNAL_RETRY);
}

static void journal_test_finished(struct reporter *reporter, const struct event_test_finished *event)
{
    if (event->resumed)
        return;
    event_wire_put(&reporter->writer, event);
    add(reporter, JOURNAL_RESULT);
}

static void journal_run_finished(struct reporter *reporter, const struct event_run_finished *event)
{
    wire_put_u32(&reporter->writer, (uint32_t)event->status);
    wire_put_u32(&reporter->writer, event->interrupted);
    wire_put_u32(&reporter->writer, event->ranks_missing);
    add(reporter, JOURNAL_END);
}

static void journal_tick(struct reporter *reporter)
{
    journal_file_touch(reporter->file);
}

static int journal_reporter_destroy(struct reporter *reporter, struct problem *problem)
{
    char path[512];
    snprintf(path, sizeof path, "%s", journal_file_path(reporter->file));
    int error = journal_file_close(reporter->file);
    wire_writer_finish(&reporter->writer);
    wire_writer_finish(&reporter->starts);
    free(reporter);
    if (error)
        fprintf(stderr, "mpirun-tests: warning: the journal %s ends early: %s\n", path, strerror(-error));
    (void)problem;
    return 0;
}

const struct reporter_type reporter_journal = {
    .name = "journal",
    .create = journal_create,
    .run_started = journal_run_started,
    .test_started = journal_test_started,
    .test_retried = journal_test_retried,
    .test_finished = journal_test_finished,
    .run_finished = journal_run_finished,
    .tick = journal_tick,
    .destroy = journal_reporter_destroy,
};
