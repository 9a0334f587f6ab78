/* SPDX-License-Identifier: BSD-2-Clause */
/* main_rank.c: see main_rank.h.
 *
 * For each assignment that runs there is a `team`: its members, its tests, and for each test what its ranks reported so
 * far. A rank is in one team at a time, so a rank's number finds its team. A test is finished when all its ranks have
 * reported; the team is gone when all its members are READY again.
 */
#include "main_rank.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "scheduler.h"
#include "worker.h"

struct rank_report {
    bool reported;
    enum outcome outcome;
    double seconds;
    char *message, *output;
    size_t output_size;
};

struct team_test {
    uint32_t test;                /* index into the plan */
    uint32_t size, missing;       /* ranks that run it; those that have not reported */
    struct rank_report *reports;  /* [size] */
};

struct running_team {
    uint32_t assignment;
    uint32_t size, not_ready;
    uint32_t *members;            /* [size] */
    uint32_t count;
    struct team_test *tests;      /* [count] */
};

struct main_rank {
    const struct main_rank_settings *settings;
    struct control *control;
    const struct plan *plan;
    struct reporters *reporters;
    struct scheduler *scheduler;
    struct running_team **team_of; /* [control->size] NULL: in none */
    bool *ready;                   /* [control->size] has nothing to do, and waits for a word */
    bool *ended;                   /* [plan->count] reported as finished */
    uint32_t serial;               /* of the next team */
    struct wire_writer writer;
    struct worker worker;          /* rank 0 taking part */
    double began;
    size_t counts[OUTCOME_COUNT];
    size_t lost;                   /* outcomes that are neither passed, skipped nor flaky */
    int ranks_wanted;
    int error;                     /* found where no result could be given back */
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* ---- Teams ---- */

static void team_destroy(struct running_team *team)
{
    for (uint32_t i = 0; team->tests && i < team->count; i++) {
        for (uint32_t rank = 0; team->tests[i].reports && rank < team->tests[i].size; rank++) {
            free(team->tests[i].reports[rank].message);
            free(team->tests[i].reports[rank].output);
        }
        free(team->tests[i].reports);
    }
    free(team->tests);
    free(team->members);
    free(team);
}

static struct running_team *team_new(struct main_rank *self, const struct scheduler_action *action)
{
    struct running_team *team = calloc(1, sizeof *team);
    if (!team)
        return NULL;
    team->assignment = action->assignment;
    team->size = team->not_ready = (uint32_t)action->size;
    team->count = (uint32_t)action->count;
    team->members = malloc(team->size * sizeof *team->members);
    team->tests = calloc(team->count, sizeof *team->tests);
    if (!team->members || !team->tests)
        goto fail;
    for (uint32_t i = 0; i < team->size; i++)
        team->members[i] = (uint32_t)action->members[i];
    for (uint32_t i = 0; i < team->count; i++) {
        struct team_test *test = &team->tests[i];
        int np = self->plan->tests[action->tests[i]].np;
        test->test = (uint32_t)action->tests[i];
        test->size = test->missing = np == MRT_NP_ALL ? (uint32_t)self->control->size : (uint32_t)np;
        test->reports = calloc(test->size, sizeof *test->reports);
        if (!test->reports)
            goto fail;
    }
    return team;
fail:
    team_destroy(team);
    return NULL;
}

/* ---- Results ---- */

static void test_ended(struct main_rank *self, const struct event_test_finished *event)
{
    self->ended[event->test] = true;
    self->counts[event->outcome]++;
    if (event->outcome != OUTCOME_PASSED && event->outcome != OUTCOME_SKIPPED && event->outcome != OUTCOME_FLAKY)
        self->lost++;
    reporters_test_finished(self->reporters, event);
    if (self->settings->maxfail > 0 && self->lost == (size_t)self->settings->maxfail)
        scheduler_stop(self->scheduler);
}

/* What a rank that only followed another one says (`notrun`) counts less than what any other says, but for a pass. */
static int gravity(enum outcome outcome)
{
    return outcome == OUTCOME_PASSED ? 0 : outcome == OUTCOME_NOTRUN ? 1 : 2 + (int)outcome;
}

static void team_test_ended(struct main_rank *self, const struct running_team *team, const struct team_test *test)
{
    struct event_rank_result one, *ranks = test->size == 1 ? &one : calloc(test->size, sizeof *ranks);
    if (!ranks) {
        self->error = -ENOMEM;
        return;
    }
    struct event_test_finished event = {.test = test->test,
                                        .name = self->plan->tests[test->test].name,
                                        .outcome = OUTCOME_PASSED,
                                        .message = "",
                                        .ranks = ranks,
                                        .size = (int)test->size};
    for (uint32_t i = 0; i < test->size; i++) {
        const struct rank_report *report = &test->reports[i];
        ranks[i] = (struct event_rank_result){.rank = (int)team->members[i],
                                              .team_rank = (int)i,
                                              .node = self->settings->hosts[team->members[i]],
                                              .outcome = report->outcome,
                                              .seconds = report->seconds,
                                              .message = report->message,
                                              .output = report->output,
                                              .output_size = report->output_size};
        if (gravity(report->outcome) > gravity(event.outcome)) {
            event.outcome = report->outcome;
            event.message = report->message;
        }
        if (report->seconds > event.seconds)
            event.seconds = report->seconds;
    }
    scheduler_test_ended(self->scheduler, test->test, event.outcome, event.seconds, now());
    test_ended(self, &event);
    if (ranks != &one)
        free(ranks);
}

static char *copy_of(const char *bytes, size_t size)
{
    char *copy = malloc(size + 1);
    if (copy) {
        memcpy(copy, bytes, size);
        copy[size] = '\0';
    }
    return copy;
}

static int take_result(struct main_rank *self, int rank, const struct message_result *result)
{
    struct running_team *team = self->team_of[rank];
    if (!team || team->assignment != result->assignment)
        return -EBADMSG;
    uint32_t member = 0, place = 0;
    while (team->members[member] != (uint32_t)rank)
        member++;
    while (place < team->count && team->tests[place].test != result->test)
        place++;
    if (place == team->count || member >= team->tests[place].size || team->tests[place].reports[member].reported)
        return -EBADMSG;
    struct team_test *test = &team->tests[place];
    test->reports[member] = (struct rank_report){.reported = true,
                                                 .outcome = result->outcome,
                                                 .seconds = result->seconds,
                                                 .message = copy_of(result->message, strlen(result->message)),
                                                 .output = copy_of(result->output, result->output_size),
                                                 .output_size = result->output_size};
    if (!test->reports[member].message || !test->reports[member].output)
        return -ENOMEM;
    if (--test->missing == 0)
        team_test_ended(self, team, test);
    return 0;
}

/* A rank has nothing to do: at the start, or because its assignment has ended for it. */
static void take_ready(struct main_rank *self, int rank)
{
    struct running_team *team = self->team_of[rank];
    self->team_of[rank] = NULL;
    self->ready[rank] = true;
    if (!team) {
        scheduler_worker_ready(self->scheduler, rank, now());
    } else if (--team->not_ready == 0) {
        scheduler_assignment_ended(self->scheduler, team->assignment, now());
        team_destroy(team);
    }
}

/* ---- Actions ---- */

static void take_own_result(void *context, const struct message_result *result)
{
    struct main_rank *self = context;
    int error = take_result(self, 0, result);
    if (error)
        self->error = error;
}

static void tell_started(struct main_rank *self, const struct running_team *team)
{
    int ranks[16], *all = team->size <= 16 ? ranks : malloc(team->size * sizeof *all);
    if (!all)
        return; /* the start is told for people who watch; the result is told all the same */
    for (uint32_t i = 0; i < team->size; i++)
        all[i] = (int)team->members[i];
    for (uint32_t i = 0; i < team->count; i++)
        reporters_test_started(self->reporters, &(struct event_test_started){.test = team->tests[i].test,
                                                                             .name = self->plan->tests[team->tests[i].test].name,
                                                                             .ranks = all,
                                                                             .size = (int)team->tests[i].size});
    if (all != ranks)
        free(all);
}

static int assign(struct main_rank *self, const struct scheduler_action *action)
{
    struct running_team *team = team_new(self, action);
    uint32_t *tests = malloc(action->count * sizeof *tests);
    int error = team && tests ? 0 : -ENOMEM;
    if (error) {
        free(tests);
        free(team);
        return error;
    }
    for (size_t i = 0; i < action->count; i++)
        tests[i] = (uint32_t)action->tests[i];
    const struct message_assign message = {.assignment = action->assignment,
                                           .serial = self->serial,
                                           .unit = action->unit,
                                           .members = team->members,
                                           .size = team->size,
                                           .tests = tests,
                                           .count = team->count};
    self->serial += team->count + 3;
    for (uint32_t i = 0; i < team->size; i++) {
        self->team_of[team->members[i]] = team;
        self->ready[team->members[i]] = false;
    }
    tell_started(self, team);
    message_assign_encode(&self->writer, &message);
    if (self->writer.failed)
        error = -ENOMEM;
    bool myself = false;
    for (uint32_t i = 0; i < team->size && !error; i++) {
        if (team->members[i] == 0)
            myself = true;
        else
            error = control_send(self->control, MESSAGE_ASSIGN, (int)team->members[i], self->writer.bytes, self->writer.size);
    }
    if (!error && myself) {
        error = worker_run(&self->worker, &message);
        if (!error)
            error = self->error;
        if (!error)
            take_ready(self, 0);
    }
    free(tests);
    return error;
}

static void skip_tests(struct main_rank *self, const struct scheduler_action *action)
{
    for (size_t i = 0; i < action->count; i++)
        test_ended(self, &(struct event_test_finished){.test = action->tests[i],
                                                       .name = self->plan->tests[action->tests[i]].name,
                                                       .outcome = OUTCOME_SKIPPED,
                                                       .message = action->reason});
}

/* Does what the scheduler says until it has nothing more to say. 1: the run is over. */
static int act(struct main_rank *self)
{
    for (;;) {
        struct scheduler_action action;
        int error = 0;
        scheduler_next(self->scheduler, now(), &action);
        switch (action.kind) {
        case SCHEDULER_NOTHING:
            return 0;
        case SCHEDULER_FINISHED:
            return 1;
        case SCHEDULER_SKIP:
            skip_tests(self, &action);
            break;
        case SCHEDULER_ASSIGN:
            error = assign(self, &action);
            break;
        }
        if (error)
            return error;
    }
}

/* ---- The run ---- */

static int handle(struct main_rank *self, const struct control_message *message)
{
    struct message_result result;
    int error = -EBADMSG;
    if (message->kind == MESSAGE_READY) {
        take_ready(self, message->from);
        error = 0;
    } else if (message->kind == MESSAGE_RESULT && message_result_decode(message->bytes, message->size, &result) == 0 &&
               result.test < self->plan->count) {
        error = take_result(self, message->from, &result);
    }
    return error ? error : self->error;
}

static int serve(struct main_rank *self)
{
    scheduler_worker_ready(self->scheduler, 0, now());
    for (;;) {
        struct control_message message;
        int over = act(self);
        if (over)
            return over < 0 ? over : 0;
        int error = control_receive(self->control, MPI_ANY_SOURCE, &message);
        if (!error)
            error = handle(self, &message);
        if (error)
            return error;
    }
}

/* Every worker gets its STOP as the answer to a READY; those still on their way are waited for. */
static int stop_workers(struct main_rank *self)
{
    int error = 0;
    for (int rank = 1; rank < self->control->size && !error; rank++) {
        while (!self->ready[rank] && !error) {
            struct control_message message;
            error = control_receive(self->control, MPI_ANY_SOURCE, &message);
            if (!error)
                error = handle(self, &message);
        }
        if (!error)
            error = control_send(self->control, MESSAGE_STOP, rank, NULL, 0);
    }
    return error;
}

static void tell_not_run(struct main_rank *self)
{
    for (size_t i = 0; i < self->plan->count; i++)
        if (!self->ended[i])
            test_ended(self, &(struct event_test_finished){.test = i,
                                                           .name = self->plan->tests[i].name,
                                                           .outcome = OUTCOME_NOTRUN,
                                                           .message = "the run was stopped before (--maxfail)"});
}

static struct scheduler *make_scheduler(const struct main_rank_settings *settings, const int node_of[])
{
    const struct plan *plan = settings->plan;
    struct scheduler_test *tests = calloc(plan->count ? plan->count : 1, sizeof *tests);
    if (!tests)
        return NULL;
    for (size_t i = 0; i < plan->count; i++)
        tests[i] = (struct scheduler_test){.np = plan->tests[i].np == MRT_NP_ALL ? -1 : plan->tests[i].np,
                                           .priority = plan->tests[i].priority,
                                           .unit = plan->tests[i].unit,
                                           .expected = -1};
    const struct scheduler_config config = {.ranks = settings->control->size,
                                            .node_of = node_of,
                                            .in_order = settings->shuffled,
                                            .batch_max = settings->maxfail > 0 ? 1 : 64,
                                            .batch_seconds = 1e-3};
    struct scheduler *scheduler = scheduler_create(&config, tests, plan->count);
    free(tests);
    return scheduler;
}

/* Hosts are numbered in the order in which ranks first name them. */
static int number_nodes(const struct main_rank_settings *settings, int node_of[], const char *names[])
{
    int nodes = 0;
    for (int rank = 0; rank < settings->control->size; rank++) {
        int node = 0;
        while (node < nodes && strcmp(names[node], settings->hosts[rank]) != 0)
            node++;
        if (node == nodes)
            names[nodes++] = settings->hosts[rank];
        node_of[rank] = node;
    }
    return nodes;
}

static bool is_named(const char *text, const char *suite)
{
    size_t length = strlen(suite);
    for (const char *at = text; (at = strstr(at, suite)); at += length)
        if ((at == text || at[-1] == ' ') && (at[length] == ',' || at[length] == '\0'))
            return true;
    return false;
}

/* "heat, spmv, …": the suites in order of the plan, as many as fit. */
static void name_suites(const struct plan *plan, char *text, size_t size)
{
    size_t at = 0;
    text[0] = '\0';
    for (size_t i = 0; i < plan->count; i++) {
        const char *suite = plan->tests[i].suite;
        if ((i > 0 && strcmp(suite, plan->tests[i - 1].suite) == 0) || is_named(text, suite))
            continue;
        if (at + strlen(suite) + sizeof ", , …" > size) {
            snprintf(text + at, size - at, ", …");
            return;
        }
        at += (size_t)snprintf(text + at, size - at, "%s%s", at ? ", " : "", suite);
    }
}

static int tell_run_started(const struct main_rank_settings *settings, int nodes, const char *const names[])
{
    const struct plan *plan = settings->plan;
    struct event_planned_test *tests = calloc(plan->count ? plan->count : 1, sizeof *tests);
    if (!tests)
        return -ENOMEM;
    for (size_t i = 0; i < plan->count; i++)
        tests[i] = (struct event_planned_test){.name = plan->tests[i].name,
                                               .suite = plan->tests[i].suite,
                                               .file = plan->tests[i].file,
                                               .line = plan->tests[i].line,
                                               .np = plan->tests[i].np,
                                               .timeout = plan->tests[i].timeout,
                                               .tags = plan->tests[i].tags};
    struct timespec time;
    char suites[256];
    name_suites(plan, suites, sizeof suites);
    clock_gettime(CLOCK_REALTIME, &time);
    reporters_run_started(settings->reporters, &(struct event_run_started){.version = MRT_VERSION,
                                                                           .mpi = settings->mpi,
                                                                           .suites = suites,
                                                                           .ranks = settings->control->size,
                                                                           .nodes = nodes,
                                                                           .node_names = names,
                                                                           .shuffled = settings->shuffled,
                                                                           .seed = settings->seed,
                                                                           .time = (double)time.tv_sec + 1e-9 * (double)time.tv_nsec,
                                                                           .tests = tests,
                                                                           .count = plan->count});
    free(tests);
    return 0;
}

static enum exit_status status_of(const struct main_rank *self)
{
    if (self->lost > 0 || (self->settings->fail_on_skip && self->counts[OUTCOME_SKIPPED] > 0) ||
        (self->settings->fail_on_flaky && self->counts[OUTCOME_FLAKY] > 0))
        return EXIT_STATUS_FAILED;
    return EXIT_STATUS_PASSED;
}

static void tell_run_finished(struct main_rank *self)
{
    struct event_run_finished event = {.total = self->plan->count,
                                       .seconds = now() - self->began,
                                       .status = status_of(self),
                                       .ranks_wanted = scheduler_ranks_wanted(self->scheduler),
                                       .mock = !self->control->real};
    memcpy(event.counts, self->counts, sizeof event.counts);
    reporters_run_finished(self->reporters, &event);
}

int main_rank_run(const struct main_rank_settings *settings, struct problem *problem)
{
    size_t ranks = (size_t)settings->control->size;
    struct main_rank self = {.settings = settings,
                             .control = settings->control,
                             .plan = settings->plan,
                             .reporters = settings->reporters,
                             .serial = 1,
                             .began = now()};
    int *node_of = calloc(ranks, sizeof *node_of);
    const char **names = calloc(ranks, sizeof *names);
    self.team_of = calloc(ranks, sizeof(struct running_team *));
    self.ready = calloc(ranks, sizeof *self.ready);
    self.ended = calloc(settings->plan->count ? settings->plan->count : 1, sizeof *self.ended);
    int error = node_of && names && self.team_of && self.ready && self.ended ? 0 : -ENOMEM, status = EXIT_STATUS_INTERNAL;
    if (!error) {
        error = tell_run_started(settings, number_nodes(settings, node_of, names), names);
        self.scheduler = make_scheduler(settings, node_of);
        if (!self.scheduler)
            error = -ENOMEM;
    }
    self.worker = (struct worker){.control = settings->control,
                                  .plan = settings->plan,
                                  .thread_level = settings->thread_level,
                                  .take = take_own_result,
                                  .context = &self};
    if (!error)
        error = serve(&self);
    if (!error) {
        tell_not_run(&self);
        tell_run_finished(&self);
        status = status_of(&self);
        error = stop_workers(&self);
    }
    if (error) {
        problem_set(problem, -error, "the run cannot go on: %s between the ranks", strerror(-error));
        status = EXIT_STATUS_INTERNAL;
    }
    worker_finish(&self.worker);
    wire_writer_finish(&self.writer);
    scheduler_destroy(self.scheduler);
    free(self.ended);
    free(self.ready);
    free(self.team_of);
    free(names);
    free(node_of);
    return status;
}
