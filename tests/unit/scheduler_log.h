/* SPDX-License-Identifier: BSD-2-Clause */
/* scheduler_log.h: replays events to a scheduler; what it answers is written as a line of a log:
 *
 *     "#1 on 1 2: 0 5"   assignment 1, members 1 and 2, tests 0 and 5     (with " unit 7" for a unit)
 *     "skip 3: why"      "nothing"      "finished"
 */
#ifndef SCHEDULER_LOG_H
#define SCHEDULER_LOG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../runner/scheduler.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define KNOWN(np_, seconds)                                                                                            \
    {                                                                                                                  \
        .np = (np_), .priority = 100, .unit = -1, .expected = (seconds)                                                \
    }
#define UNKNOWN(np_)                                                                                                   \
    {                                                                                                                  \
        .np = (np_), .priority = 100, .unit = -1, .expected = -1                                                       \
    }
#define IN_UNIT(unit_, np_)                                                                                            \
    {                                                                                                                  \
        .np = (np_), .priority = 100, .unit = (unit_), .expected = -1                                                  \
    }

static double now;

__attribute__((unused)) static const char *next(struct scheduler *scheduler)
{
    static char line[4096];
    struct scheduler_action action;
    size_t used = 0;
    scheduler_check(scheduler);
    scheduler_next(scheduler, now, &action);
    scheduler_check(scheduler);
    line[0] = '\0';
#define ADD(...) used += (size_t)snprintf(line + used, sizeof line - used, __VA_ARGS__)
    switch (action.kind) {
    case SCHEDULER_NOTHING:
        return "nothing";
    case SCHEDULER_FINISHED:
        return "finished";
    case SCHEDULER_ASSIGN:
        ADD("#%u on", action.assignment);
        for (int i = 0; i < action.size; i++)
            ADD(" %d", action.members[i]);
        ADD(":");
        break;
    case SCHEDULER_SKIP:
        ADD("skip");
        break;
    }
    for (size_t i = 0; i < action.count; i++)
        ADD(" %zu", action.tests[i]);
    if (action.unit >= 0)
        ADD(" unit %d", action.unit);
    if (action.kind == SCHEDULER_SKIP)
        ADD(": %s", action.reason);
#undef ADD
    return line;
}

#define NEXT(line) assert_string_equal(next(scheduler), line)

__attribute__((unused)) static void ready(struct scheduler *scheduler, int first, int last)
{
    for (int rank = first; rank <= last; rank++)
        scheduler_worker_ready(scheduler, rank, now);
}

/* The tests (a list that ends with -1) of an assignment pass in that many seconds, and its members are free. */
__attribute__((unused)) static void finish_in(struct scheduler *scheduler, uint32_t assignment, double seconds,
                                              const int tests[])
{
    for (; *tests >= 0; tests++)
        scheduler_test_ended(scheduler, (size_t)*tests, OUTCOME_PASSED, seconds, now);
    scheduler_assignment_ended(scheduler, assignment, now);
}
#define FINISH_IN(assignment, seconds, ...) finish_in(scheduler, assignment, seconds, (const int[]){__VA_ARGS__, -1})
#define FINISH(assignment, ...)             FINISH_IN(assignment, 0.5, __VA_ARGS__)

__attribute__((unused)) static struct scheduler *create(const struct scheduler_config *config,
                                                        const struct scheduler_test tests[], size_t count)
{
    now = 0;
    struct scheduler *scheduler = scheduler_create(config, tests, count);
    assert_non_null(scheduler);
    return scheduler;
}

/* Without batches, on one node. */
__attribute__((unused)) static struct scheduler *plain(int ranks, const struct scheduler_test tests[], size_t count)
{
    return create(&(struct scheduler_config){.ranks = ranks, .batch_max = 1, .batch_seconds = 1}, tests, count);
}

#endif
