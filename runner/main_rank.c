/* SPDX-License-Identifier: BSD-2-Clause */
/* main_rank.c: see main_rank.h. Messages become events of the scheduler, its actions become messages. */
#include "main_rank.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../mpimock/launch.h"
#include "clock.h"
#include "heading.h"
#include "interrupt.h"
#include "limit.h"
#include "loss.h"
#include "main_rank_private.h"
#include "patience.h"
#include "traced.h"

#define TICK_SECONDS 0.5

/* ---- Actions ---- */

static void take_own_result(void *context, const struct message_result *result)
{
    struct main_rank *self = context;
    int error = main_rank_take_result(self, 0, result);
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
                                                                             .size = (int)team->tests[i].size,
                                                                             .assignment = team->assignment,
                                                                             .more = i + 1 < team->count});
    if (all != ranks)
        free(all);
}

static int assign(struct main_rank *self, const struct scheduler_action *action)
{
    struct running_team *team = running_team_create(&(struct running_team_settings){.assignment = action->assignment,
                                                                                    .serial = self->serial,
                                                                                    .members = action->members,
                                                                                    .size = action->size,
                                                                                    .tests = action->tests,
                                                                                    .count = action->count,
                                                                                    .plan = self->plan,
                                                                                    .unit = action->unit,
                                                                                    .now = clock_now()});
    uint32_t *tests = malloc(action->count * sizeof *tests), *incarnations = calloc((size_t)action->size, sizeof *incarnations);
    int error = team && tests && incarnations ? 0 : -ENOMEM;
    if (error) {
        free(tests);
        free(incarnations);
        running_team_destroy(team);
        return error;
    }
    for (size_t i = 0; i < action->count; i++)
        tests[i] = (uint32_t)action->tests[i];
    const struct message_assign message = {.assignment = action->assignment,
                                           .serial = self->serial,
                                           .unit = action->unit,
                                           .members = team->members,
                                           .incarnations = incarnations,
                                           .size = team->size,
                                           .tests = tests,
                                           .count = team->count};
    self->serial += team->count + 3;
    for (uint32_t i = 0; i < team->size; i++) {
        self->team_of[team->members[i]] = team;
        self->ready[team->members[i]] = false;
        incarnations[i] = self->incarnation[team->members[i]];
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
            main_rank_take_ready(self, 0);
    }
    free(tests);
    free(incarnations);
    return error;
}

static void skip_tests(struct main_rank *self, const struct scheduler_action *action)
{
    self->ranks_missing = self->ranks_missing || action->lost;
    for (size_t i = 0; i < action->count; i++)
        main_rank_test_ended(self, &(struct event_test_finished){.test = action->tests[i],
                                                       .name = self->plan->tests[action->tests[i]].name,
                                                       .outcome = action->lost ? OUTCOME_NOTRUN : OUTCOME_SKIPPED,
                                                       .message = action->reason});
}

/* Does what the scheduler says until it has nothing more to say. 1: the run is over. */
static int act(struct main_rank *self)
{
    for (;;) {
        struct scheduler_action action;
        int error = 0;
        scheduler_next(self->scheduler, clock_now(), &action);
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
    struct message_lost lost;
    int error = -EBADMSG;
    if (message->kind == MESSAGE_LOST || message->kind == MESSAGE_RENEWED) {
        error = message_lost_decode(message->bytes, message->size, &lost);
        if (!error && lost.rank >= (uint32_t)self->control->size)
            error = -EBADMSG;
        if (!error && message->kind == MESSAGE_RENEWED)
            error = main_rank_take_renewed(self, message->from, &lost);
        else if (!error)
            main_rank_lose(self, (int)lost.rank, &lost);
    } else if (self->lost[message->from]) {
        error = 0; /* it was given up, and speaks all the same */
    } else if (message->kind == MESSAGE_AGREE || message->kind == MESSAGE_ISOLATED) {
        error = 0; /* of an accord that rank 0 has ceased to wait for */
    } else if (message->kind == MESSAGE_READY) {
        main_rank_take_ready(self, message->from);
        error = 0;
    } else if (message->kind == MESSAGE_RESULT && message_result_decode(message->bytes, message->size, &result) == 0 &&
               result.test < self->plan->count) {
        error = main_rank_take_result(self, message->from, &result);
    }
    return error ? error : self->error;
}

/* It is never waited for again. */
static void give_up(struct main_rank *self, int rank)
{
    if (self->control->real) {
        main_rank_lose(self, rank, &(struct message_lost){.outcome = OUTCOME_TIMEOUT, .test = LOST_ANYWHERE, .reason = MAIN_RANK_NO_ANSWER});
        loss_kill(rank);
    } else {
        self->given_up[rank] = true;
        mpimock_rank_kill(rank, self->incarnation[rank], SIGKILL); /* another process takes its place */
    }
}

/* Tests and ranks that take too long. All messages that have come are treated before. */
static void look(struct main_rank *self)
{
    double now = clock_now();
    const struct patience patience = {.team_of = self->team_of,
                                      .ranks = self->control->size,
                                      .plan = self->plan,
                                      .reporters = self->reporters,
                                      .slow = self->settings->slow_timeout};
    self->next_look = now + TICK_SECONDS;
    reporters_tick(self->reporters);
    patience_tell_slow(&patience, now);
    bool traced = patience_next_overdue(&patience, 1, now) > 0 && traced_node();
    for (int rank = 1; !traced && (rank = patience_next_overdue(&patience, rank, now)) > 0; rank++)
        give_up(self, rank);
    if (limit_end_has_come())
        main_rank_stop(self);
}

/* Processes that are gone for good, as this rank's watch and those of others have seen. What they had sent is treated before. */
static void look_for_losses(struct main_rank *self)
{
    for (int rank = 1; self->control->real && rank < self->control->size; rank++)
        if (!self->lost[rank] && loss_of_rank((uint32_t)rank))
            main_rank_lose(self, rank,
                 &(struct message_lost){.outcome = OUTCOME_CRASHED,
                                        .test = LOST_ANYWHERE,
                                        .reason = LOSS_REASON});
}

/* Waits for the next message, and treats it; looks at the time twice a second. */
static int receive(struct main_rank *self)
{
    struct control_message message;
    bool late = clock_now() >= self->next_look;
    int error = control_receive_until(self->control, MPI_ANY_SOURCE, late ? 0 : self->next_look, &message);
    if (error && error != -ETIMEDOUT)
        return error;
    int result = error ? self->error : handle(self, &message);
    /* What had come when the time to look came is at most a few messages of each rank. */
    self->since_late = late ? self->since_late + 1 : 0;
    if (late && (error || self->since_late > 4 * self->control->size + 64)) {
        look(self);
        look_for_losses(self);
    }
    return result;
}

static int serve(struct main_rank *self)
{
    scheduler_worker_ready(self->scheduler, 0, clock_now());
    for (;;) {
        if (interrupt_count() > 1)
            return 0; /* at once */
        if (interrupt_count() > 0 && !self->stopped)
            main_rank_stop(self);
        int over = act(self);
        if (over)
            return over < 0 ? over : 0;
        int error = receive(self);
        if (error)
            return error;
    }
}

/* Every worker gets its STOP as the answer to a READY; those still on their way are waited for. */
static int stop_workers(struct main_rank *self)
{
    int error = 0;
    for (int rank = 1; rank < self->control->size && !error; rank++) {
        while (!self->ready[rank] && !self->lost[rank] && !error)
            error = receive(self);
        message_stop_encode(&self->writer, &(struct message_stop){.broken = self->control->broken});
        if (!error && self->ready[rank])
            error = control_send(self->control, MESSAGE_STOP, rank, self->writer.bytes, self->writer.size);
    }
    return error;
}

static void tell_not_run(struct main_rank *self)
{
    for (size_t i = 0; i < self->plan->count; i++)
        if (!self->ended[i])
            main_rank_test_ended(self, &(struct event_test_finished){.test = i,
                                                           .name = self->plan->tests[i].name,
                                                           .outcome = OUTCOME_NOTRUN,
                                                           .message = interrupt_count() > 0  ? MAIN_RANK_INTERRUPTED
                                                                      : limit_end_has_come() ? MAIN_RANK_OUT_OF_TIME
                                                                      : self->ranks_missing  ? "no worker was left"
                                                                      : "the run was stopped before (--maxfail)"});
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
                                            .batch_max = settings->maxfail > 0 || settings->job > 0 ? 1 : 64,
                                            .batch_seconds = 1e-3};
    struct scheduler *scheduler = scheduler_create(&config, tests, plan->count);
    free(tests);
    return scheduler;
}

static enum exit_status status_of(const struct main_rank *self)
{
    if (interrupt_count() > 0 && self->counts[OUTCOME_NOTRUN] > 0)
        return EXIT_STATUS_INTERRUPTED;
    if (self->bad > 0 || (self->settings->fail_on_skip && self->counts[OUTCOME_SKIPPED] > 0) ||
        (self->settings->fail_on_flaky && self->counts[OUTCOME_FLAKY] > 0))
        return EXIT_STATUS_FAILED;
    return EXIT_STATUS_PASSED;
}

static void tell_run_finished(struct main_rank *self)
{
    struct event_run_finished event = {.total = self->plan->count,
                                       .seconds = clock_now() - self->began,
                                       .status = status_of(self),
                                       .interrupted = status_of(self) == EXIT_STATUS_INTERRUPTED,
                                       .ranks_missing = self->ranks_missing,
                                       .ranks_wanted = scheduler_ranks_wanted(self->scheduler),
                                       .mock = !self->control->real};
    memcpy(event.counts, self->counts, sizeof event.counts);
    reporters_run_finished(self->reporters, &event);
}

static bool anything_left(const struct main_rank *self)
{
    for (size_t i = 0; i < self->plan->count; i++)
        if (!self->ended[i])
            return true;
    return self->counts[OUTCOME_NOTRUN] > 0;
}

/* A launcher ends its job by SIGTERM when a rank has died; --launch itself speaks by SIGUSR1. Another job will go on, so the run
 * has not ended. */
static bool is_ended_by_launcher(const struct main_rank *self)
{
    return self->settings->job > 0 && interrupt_count() > 0 && strcmp(interrupt_name(), "SIGUSR1") != 0 && anything_left(self);
}

int main_rank_run(const struct main_rank_settings *settings, struct problem *problem)
{
    size_t ranks = (size_t)settings->control->size;
    struct main_rank self = {.settings = settings,
                             .control = settings->control,
                             .plan = settings->plan,
                             .reporters = settings->reporters,
                             .serial = 1,
                             .began = clock_now()};
    int *node_of = calloc(ranks, sizeof *node_of);
    const char **names = calloc(ranks, sizeof *names);
    self.team_of = calloc(ranks, sizeof(struct running_team *));
    self.ready = calloc(ranks, sizeof *self.ready);
    self.lost = calloc(ranks, sizeof *self.lost);
    self.attempts = attempts_create(settings->plan->count);
    self.incarnation = calloc(ranks, sizeof *self.incarnation);
    self.given_up = calloc(ranks, sizeof *self.given_up);
    self.returned = calloc(settings->plan->count ? settings->plan->count : 1, sizeof *self.returned);
    self.ended = calloc(settings->plan->count ? settings->plan->count : 1, sizeof *self.ended);
    int error = node_of && names && self.team_of && self.ready && self.lost && self.incarnation && self.given_up && self.returned && self.ended && self.attempts ? 0 : -ENOMEM, status = EXIT_STATUS_INTERNAL;
    if (!error) {
        error = heading_tell(settings, heading_number_nodes(settings, node_of, names), names);
        self.scheduler = make_scheduler(settings, node_of);
        if (!self.scheduler)
            error = -ENOMEM;
    }
    self.worker = (struct worker){.control = settings->control,
                                  .plan = settings->plan,
                                  .thread_level = settings->thread_level,
                                  .isolate = settings->isolate,
                                  .take = take_own_result,
                                  .context = &self};
    if (!error)
        error = main_rank_take_over(&self);
    if (!error)
        error = serve(&self);
    if (!error) {
        if (!is_ended_by_launcher(&self)) {
            tell_not_run(&self);
            tell_run_finished(&self);
        }
        status = status_of(&self);
        error = interrupt_count() > 1 ? 0 : stop_workers(&self);
    }
    if (error) {
        problem_set(problem, -error, "the run cannot go on: %s between the ranks", strerror(-error));
        status = EXIT_STATUS_INTERNAL;
    }
    worker_finish(&self.worker);
    wire_writer_finish(&self.writer);
    scheduler_destroy(self.scheduler);
    attempts_destroy(self.attempts);
    free(self.ended);
    free(self.ready);
    free(self.lost);
    free(self.incarnation);
    free(self.given_up);
    free(self.returned);
    free(self.team_of);
    free(names);
    free(node_of);
    return status;
}
