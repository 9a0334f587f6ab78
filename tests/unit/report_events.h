/* SPDX-License-Identifier: BSD-2-Clause */
/* report_events.h: for the tests of reporters: a small run told as events, and what came of it as text. */
#ifndef REPORT_EVENTS_H
#define REPORT_EVENTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../runner/reporter.h"

/* Five planned tests of two suites, the suites interleaved. */
static const struct event_planned_test planned_tests[] = {
    {.name = "halo.ring[np=4]",
     .suite = "halo",
     .file = "tests/halo.c",
     .line = 17,
     .np = 4,
     .timeout = 10,
     .tags = ""},
    {.name = "io.write", .suite = "io", .file = "tests/io.c", .line = 8, .np = 1, .timeout = 60, .tags = "slow"},
    {.name = "halo.sum", .suite = "halo", .file = "tests/halo.c", .line = 30, .np = 2, .timeout = 10, .tags = ""},
    {.name = "io.large", .suite = "io", .file = "tests/io.c", .line = 20, .np = 6, .timeout = 60, .tags = ""},
    {.name = "halo.spin", .suite = "halo", .file = "tests/halo.c", .line = 44, .np = 2, .timeout = 0.5, .tags = ""},
};
enum { RING, WRITE, SUM, LARGE, SPIN, PLANNED };
static const char *const planned_nodes[] = {"n1", "n2"};

__attribute__((unused)) static struct event_run_started run_of(const struct event_planned_test *tests, size_t count)
{
    return (struct event_run_started){.version = "0.1.0",
                                      .mpi = "mpimock 0.1.0",
                                      .suites = "halo, io",
                                      .ranks = 5,
                                      .nodes = 2,
                                      .node_names = planned_nodes,
                                      .shuffled = true,
                                      .seed = 42,
                                      .time = 1700000000.25,
                                      .tests = tests,
                                      .count = count};
}

/* What a rank did, its output a string. */
__attribute__((unused)) static struct event_rank_result
on_rank(int rank, int team_rank, const char *node, enum outcome outcome, const char *message, const char *output)
{
    return (struct event_rank_result){.rank = rank,
                                      .team_rank = team_rank,
                                      .node = node,
                                      .outcome = outcome,
                                      .seconds = 0.002,
                                      .message = message,
                                      .output = output,
                                      .output_size = strlen(output)};
}

__attribute__((unused)) static struct event_test_finished end_of(size_t test, const char *name, enum outcome outcome,
                                                                 double seconds, const char *message,
                                                                 const struct event_rank_result *ranks, int size)
{
    return (struct event_test_finished){.test = test,
                                        .name = name,
                                        .outcome = outcome,
                                        .seconds = seconds,
                                        .message = message,
                                        .ranks = ranks,
                                        .size = size};
}

/* Tells a reporter how the five tests ended, in another order than planned: two passed, one failed on one of its ranks,
 * one was skipped, one timed out on both. */
__attribute__((unused)) static void tell_ends(const struct reporter_type *type, struct reporter *reporter)
{
    const struct event_rank_result ring[] = {
        on_rank(1, 0, "n1", OUTCOME_PASSED, "", "hello\n"), on_rank(2, 1, "n1", OUTCOME_PASSED, "", "hello\n"),
        on_rank(3, 2, "n2", OUTCOME_FAILED, "tests/halo.c:21: 0x3 != 0x2", "I am different\n"),
        on_rank(4, 3, "n2", OUTCOME_PASSED, "", "hello\n")};
    const struct event_rank_result write[] = {on_rank(1, 0, "n1", OUTCOME_PASSED, "", "wrote 3 bytes\n")};
    const struct event_rank_result sum[] = {on_rank(1, 0, "n1", OUTCOME_PASSED, "", ""),
                                            on_rank(2, 1, "n1", OUTCOME_PASSED, "", "")};
    const struct event_rank_result spin[] = {on_rank(3, 0, "n2", OUTCOME_TIMEOUT, "no end after 0.5 s", ""),
                                             on_rank(4, 1, "n2", OUTCOME_TIMEOUT, "no end after 0.5 s", "")};
    const struct event_test_finished ends[] = {
        end_of(SPIN, "halo.spin", OUTCOME_TIMEOUT, 0.5, "no end after 0.5 s", spin, 2),
        end_of(RING, "halo.ring[np=4]", OUTCOME_FAILED, 0.012, "tests/halo.c:21: 0x3 != 0x2", ring, 4),
        end_of(LARGE, "io.large", OUTCOME_SKIPPED, 0, "needs 6 ranks, the job has 5", NULL, 0),
        end_of(SUM, "halo.sum", OUTCOME_PASSED, 0.001, "", sum, 2),
        end_of(WRITE, "io.write", OUTCOME_PASSED, 0.003, "", write, 1),
    };

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        type->test_finished(reporter, &ends[i]);
}

__attribute__((unused)) static struct event_run_finished end_of_run(void)
{
    struct event_run_finished event = {
        .total = PLANNED, .seconds = 1.236, .status = EXIT_STATUS_FAILED, .ranks_wanted = 6};

    event.counts[OUTCOME_PASSED] = 2;
    event.counts[OUTCOME_FAILED] = 1;
    event.counts[OUTCOME_TIMEOUT] = 1;
    event.counts[OUTCOME_SKIPPED] = 1;
    return event;
}

/* A test that passed on two ranks, each of which left the same behind, and the first something more. */
__attribute__((unused)) static struct event_test_finished end_with_warnings(struct event_rank_result ranks[2])
{
    ranks[0] = on_rank(1, 0, "n1", OUTCOME_PASSED, "", "");
    ranks[1] = on_rank(2, 1, "n1", OUTCOME_PASSED, "", "");
    ranks[0].warnings = "the umask was changed from 022 to 077\na group was never freed";
    ranks[1].warnings = "a \033[31mgroup was never freed";
    return end_of(SUM, "halo.sum", OUTCOME_PASSED, 0.001, "", ranks, 2);
}

/* A whole run, from create to destroy; everything must work. */
__attribute__((unused)) static void tell_run(const struct reporter_type *type, const struct reporter_settings *settings)
{
    struct event_run_started started = run_of(planned_tests, PLANNED);
    struct event_run_finished finished = end_of_run();
    struct reporter *reporter = NULL;
    struct problem problem = {""};

    assert_int_equal(type->create(&reporter, settings, &problem), 0);
    type->run_started(reporter, &started);
    tell_ends(type, reporter);
    type->run_finished(reporter, &finished);
    assert_int_equal(type->destroy(reporter, &problem), 0);
}

/* A folder of the test's own, left with its files by remove_folder(). */
struct folder {
    char path[64], file[128];
};
__attribute__((unused)) static void make_folder(struct folder *folder, const char *name)
{
    snprintf(folder->path, sizeof folder->path, "/tmp/mrt-unit-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
    snprintf(folder->file, sizeof folder->file, "%s/%s", folder->path, name);
}

__attribute__((unused)) static void remove_folder(const struct folder *folder)
{
    unlink(folder->file);
    assert_int_equal(rmdir(folder->path), 0); /* fails where something was left beside the report */
}

/* The bytes of a file, with a NUL behind; the caller frees. */
__attribute__((unused)) static char *contents_of(const char *path)
{
    FILE *file = fopen(path, "r");
    char *bytes = NULL;
    size_t size = 0, room = 0;

    assert_non_null(file);
    do {
        room = room ? 2 * room : 4096;
        bytes = realloc(bytes, room);
        assert_non_null(bytes);
        size += fread(bytes + size, 1, room - size - 1, file);
    } while (size == room - 1);
    fclose(file);
    bytes[size] = '\0';
    return bytes;
}

__attribute__((unused)) static size_t occurrences(const char *text, const char *what)
{
    size_t count = 0;

    for (const char *at = text; (at = strstr(at, what)); at += strlen(what))
        count++;
    return count;
}

#define assert_contains(text, what)                                                                                    \
    do {                                                                                                               \
        if (!strstr(text, what))                                                                                       \
            fail_msg("'%s' is not in:\n%s", what, text);                                                               \
    } while (0)
#define assert_lacks(text, what)                                                                                       \
    do {                                                                                                               \
        if (strstr(text, what))                                                                                        \
            fail_msg("'%s' should not be in:\n%s", what, text);                                                        \
    } while (0)

#endif
