/* SPDX-License-Identifier: BSD-2-Clause */
/* running_team.c: see running_team.h. */
#include "running_team.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"

static void report_finish(struct rank_report *report)
{
    free(report->message);
    free(report->place);
    free(report->warnings);
    free(report->output);
}

void running_team_destroy(struct running_team *team)
{
    if (!team)
        return;
    for (uint32_t i = 0; team->tests && i < team->count; i++) {
        for (uint32_t rank = 0; team->tests[i].reports && rank < team->tests[i].size; rank++)
            report_finish(&team->tests[i].reports[rank]);
        free(team->tests[i].reports);
        free(team->tests[i].unexpected);
    }
    free(team->tests);
    free(team->members);
    free(team->lost);
    free(team);
}

/* The unit's setup comes before its first test, its teardown after the last. */
static double limit_of(const struct running_team_settings *settings, uint32_t place)
{
    const struct plan *plan = settings->plan;
    double timeout = plan->tests[settings->tests[place]].timeout, limit = timeout > 0 ? timeout : INFINITY;
    if (settings->unit < 0)
        return limit;
    double fixture = plan_unit_timeout(plan, &plan->units[settings->unit]);
    /* Where a test ended the process of an isolated unit, setup runs anew. */
    int fixtures = (place == 0 || plan->tests[settings->tests[place]].isolated) + (place + 1 == settings->count);
    return fixture > 0 ? limit + fixtures * fixture : INFINITY;
}

static int fill(struct running_team *team, const struct running_team_settings *settings)
{
    team->members = malloc(team->size * sizeof *team->members);
    team->lost = calloc(team->size, sizeof *team->lost);
    team->tests = calloc(team->count, sizeof *team->tests);
    if (!team->members || !team->lost || !team->tests)
        return -ENOMEM;
    for (uint32_t i = 0; i < team->size; i++)
        team->members[i] = (uint32_t)settings->members[i];
    for (uint32_t i = 0; i < team->count; i++) {
        struct team_test *test = &team->tests[i];
        int np = settings->plan->tests[settings->tests[i]].np;
        test->test = (uint32_t)settings->tests[i];
        test->size = test->missing = np == MRT_NP_ALL ? team->size : (uint32_t)np;
        test->started = settings->now;
        test->limit = limit_of(settings, i);
        test->expect = settings->plan->tests[settings->tests[i]].expect;
        test->reports = calloc(test->size, sizeof *test->reports);
        if (!test->reports)
            return -ENOMEM;
    }
    return 0;
}

struct running_team *running_team_create(const struct running_team_settings *settings)
{
    struct running_team *team = calloc(1, sizeof *team);
    if (!team)
        return NULL;
    team->assignment = settings->assignment;
    team->serial = settings->serial;
    team->size = team->not_ready = (uint32_t)settings->size;
    team->count = (uint32_t)settings->count;
    if (fill(team, settings) == 0)
        return team;
    running_team_destroy(team);
    return NULL;
}

uint32_t running_team_member(const struct running_team *team, int rank)
{
    for (uint32_t member = 0; member < team->size; member++)
        if (team->members[member] == (uint32_t)rank)
            return member;
    return UINT32_MAX;
}

/* Copies with a zero byte after it, which output may hold as well. */
static char *copy_of(const char *bytes, size_t size)
{
    char *copy = malloc(size + 1);
    if (copy) {
        memcpy(copy, bytes, size);
        copy[size] = '\0';
    }
    return copy;
}

static int report(struct rank_report *report, const struct message_result *result)
{
    *report = (struct rank_report){.reported = true,
                                   .outcome = result->outcome,
                                   .how = result->how,
                                   .code = result->code,
                                   .seconds = result->seconds,
                                   .message = copy_of(result->message, strlen(result->message)),
                                   .place = copy_of(result->place, strlen(result->place)),
                                   .warnings = copy_of(result->warnings, strlen(result->warnings)),
                                   .output = copy_of(result->output, result->output_size),
                                   .output_size = result->output_size};
    return report->message && report->place && report->warnings && report->output ? 0 : -ENOMEM;
}

static int gravity(enum outcome outcome)
{
    return outcome == OUTCOME_PASSED ? 0 : outcome == OUTCOME_NOTRUN ? 1 : 2 + (int)outcome;
}

static const struct rank_report *gravest(const struct team_test *test)
{
    const struct rank_report *gravest = &test->reports[0];
    for (uint32_t i = 1; i < test->size; i++)
        if (gravity(test->reports[i].outcome) > gravity(gravest->outcome))
            gravest = &test->reports[i];
    return gravest;
}

/* Without memory for the words the test has the outcome that it would have had. */
static void judge(struct team_test *test)
{
    const struct rank_report *report = gravest(test);
    if (test->expect.end_ == MRT_END_ANY_)
        return;
    test->as_expected = expect_is_met(&test->expect, report->outcome, report->how, report->code);
    if (!test->as_expected && expect_decides(report->outcome))
        test->unexpected = expect_unmet(&test->expect, report->outcome, report->message);
}

/* One rank's report is there: the test after it begins then. */
static const struct team_test *count(struct running_team *team, uint32_t place, double now)
{
    struct team_test *test = &team->tests[place];
    if (--test->missing > 0)
        return NULL;
    judge(test);
    if (place + 1 < team->count)
        team->tests[place + 1].started = now;
    return test;
}

int running_team_take(struct running_team *team, int rank, const struct message_result *result, double now,
                      const struct team_test **ended)
{
    uint32_t member = running_team_member(team, rank), place = 0;
    while (place < team->count && team->tests[place].test != result->test)
        place++;
    if (place == team->count || member >= team->tests[place].size || team->tests[place].reports[member].reported)
        return -EBADMSG;
    int error = report(&team->tests[place].reports[member], result);
    if (!error)
        *ended = count(team, place, now);
    return error;
}

static uint32_t current_place(const struct running_team *team, uint32_t member)
{
    uint32_t place = 0;
    while (place < team->count && (member >= team->tests[place].size || team->tests[place].reports[member].reported))
        place++;
    return place;
}

const struct team_test *running_team_current(const struct running_team *team, uint32_t member)
{
    uint32_t place = current_place(team, member);
    return place < team->count ? &team->tests[place] : NULL;
}

bool running_team_is_overdue(const struct running_team *team, uint32_t member, double now)
{
    const struct team_test *test = running_team_current(team, member);
    return test && now > test->started + test->limit + RUNNING_TEAM_PATIENCE;
}

struct team_test *running_team_slow(struct running_team *team, double seconds, double now)
{
    uint32_t place = 0;
    while (place < team->count && team->tests[place].missing == 0)
        place++;
    if (place == team->count || team->tests[place].slow || now < team->tests[place].started + seconds)
        return NULL;
    team->tests[place].slow = true;
    return &team->tests[place];
}

/* Was a process in this assignment when it was in a test of that serial number? In the setup or the teardown too. */
static bool began(const struct running_team *team, uint32_t serial)
{
    return serial == LOST_ANYWHERE || (serial >= team->serial && serial <= team->serial + team->count + 1);
}

int running_team_lose(struct running_team *team, uint32_t member, const struct message_lost *lost, double now,
                      const struct team_test **ended)
{
    uint32_t place = current_place(team, member);
    *ended = NULL;
    team->lost[member] = true;
    if (place == team->count)
        return 0;
    struct team_test *test = &team->tests[place];
    bool in_it = began(team, lost->test);
    const struct message_result result = {.outcome = in_it ? lost->outcome : OUTCOME_NOTRUN,
                                          .how = in_it ? lost->how : HOW_NORMALLY,
                                          .code = lost->code,
                                          .seconds = now > test->started ? now - test->started : 0,
                                          .message = lost->reason,
                                          .place = "",
                                          .warnings = "",
                                          .output = lost->output ? lost->output : "",
                                          .output_size = lost->output_size};
    test->returns = !in_it;
    int error = report(&test->reports[member], &result);
    if (!error)
        *ended = count(team, place, now);
    return error;
}

void running_team_event(const struct running_team *team, const struct team_test *test, const char *name,
                        const char *const hosts[], struct event_rank_result ranks[], struct event_test_finished *event)
{
    *event = (struct event_test_finished){.test = test->test,
                                          .name = name,
                                          .outcome = gravest(test)->outcome,
                                          .message = gravest(test)->outcome == OUTCOME_PASSED ? "" : gravest(test)->message,
                                          .ranks = ranks,
                                          .size = (int)test->size};
    for (uint32_t i = 0; i < test->size; i++) {
        const struct rank_report *report = &test->reports[i];
        ranks[i] = (struct event_rank_result){.rank = (int)team->members[i],
                                              .team_rank = (int)i,
                                              .node = hosts[team->members[i]],
                                              .outcome = report->outcome,
                                              .seconds = report->seconds,
                                              .message = report->message,
                                              .place = report->place,
                                              .warnings = report->warnings,
                                              .output = report->output,
                                              .output_size = report->output_size};
        if (report->seconds > event->seconds)
            event->seconds = report->seconds;
        if (test->as_expected) {
            ranks[i].outcome = OUTCOME_PASSED;
            ranks[i].message = ranks[i].place = "";
        }
    }
    if (test->as_expected) {
        event->outcome = OUTCOME_PASSED;
        event->message = "";
    } else if (test->unexpected) {
        ranks[gravest(test) - test->reports].outcome = OUTCOME_FAILED;
        ranks[gravest(test) - test->reports].message = test->unexpected;
        event->outcome = OUTCOME_FAILED;
        event->message = test->unexpected;
    }
    for (uint32_t i = 0; i < test->size && (event->outcome != OUTCOME_PASSED || test->as_expected); i++)
        ranks[i].warnings = ""; /* nobody can clean up when a team-mate has left */
}

void running_team_be_strict(struct event_rank_result ranks[], struct event_test_finished *event)
{
    for (int i = 0; i < event->size; i++) {
        if (!ranks[i].warnings[0])
            continue;
        ranks[i].outcome = OUTCOME_FAILED;
        ranks[i].message = ranks[i].warnings;
        ranks[i].warnings = "";
        if (event->outcome == OUTCOME_PASSED)
            event->message = ranks[i].message;
        event->outcome = OUTCOME_FAILED;
    }
}
