/* SPDX-License-Identifier: BSD-2-Clause */
/* main_rank.c: see main_rank.h.
 *
 * A rank is in one running team (running_team.h) at a time, so a rank's number finds its team. The team is gone when each of
 * its members is READY again, or gone. Where a fresh process takes a rank's place (the mock) it is as if it were READY.
 */
#include "main_rank.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../mpimock/launch.h"
#include "attempts.h"
#include "clock.h"
#include "event_wire.h"
#include "heading.h"
#include "interrupt.h"
#include "limit.h"
#include "loss.h"
#include "patience.h"
#include "rollcall.h"
#include "running_team.h"
#include "scheduler.h"
#include "traced.h"
#include "worker.h"

#define TICK_SECONDS 0.5
#define RETURNS_MAX  3

static const char no_answer[] = "did not answer for 5 s after its time was up";
_Static_assert((int)RUNNING_TEAM_PATIENCE == 5, "as the sentence says");
static const char out_of_time[] = "the time of the whole run was up before (--global-timeout)";

struct main_rank {
    const struct main_rank_settings *settings;
    struct control *control;
    const struct plan *plan;
    struct reporters *reporters;
    struct scheduler *scheduler;
    struct running_team **team_of; /* [control->size] NULL: in none */
    bool *ready;                   /* [control->size] has nothing to do, and waits for a word */
    uint32_t *incarnation;         /* [control->size] of the processes that are the ranks now (launch.h) */
    bool *given_up;                /* [control->size] it was killed, because it did not answer: another one will come */
    uint8_t *returned;             /* [plan->count] how often it went back to the queue, because a rank died before it began */
    double next_look;              /* for tests and ranks that take too long … */
    int since_late;                /* messages since that moment */
    bool *lost;                    /* [control->size] is gone, and sends nothing any more */
    bool *ended;                   /* [plan->count] reported as finished */
    struct attempts *attempts;     /* what did not pass and will be, or was, run again */
    bool stopped;                  /* nothing more is handed out */
    bool ranks_missing;            /* tests were not run because ranks were lost */
    uint32_t serial;               /* of the next team */
    struct wire_writer writer;
    struct worker worker;          /* rank 0 taking part */
    double began;
    size_t counts[OUTCOME_COUNT];
    size_t bad, bad_now;           /* outcomes that are neither passed, skipped nor flaky; those of them of this job */
    int ranks_wanted;
    int error;                     /* found where no result could be given back */
};

/* ---- Results, of whichever job ---- */

static const char interrupted[] = "the run was interrupted";

static bool is_bad(enum outcome outcome)
{
    return outcome != OUTCOME_PASSED && outcome != OUTCOME_SKIPPED && outcome != OUTCOME_FLAKY;
}

static void stop(struct main_rank *self)
{
    self->stopped = true;
    scheduler_stop(self->scheduler);
}

/* A test has ended for good. What its earlier tries came to is told with it; where it could not be run again, the last of
 * them is what it came to. */
static void tell_ended(struct main_rank *self, struct event_test_finished event)
{
    event.earlier_count = attempts_count(self->attempts, event.test);
    event.earlier = attempts_of(self->attempts, event.test, event.name);
    if (event.earlier_count > 0 && !event.earlier) {
        self->error = -ENOMEM;
        return;
    }
    if (event.outcome == OUTCOME_PASSED && event.earlier_count > 0) {
        event.outcome = OUTCOME_FLAKY;
        if (!event.message || !event.message[0])
            event.message = event.earlier[0].message;
    } else if (event.size == 0 && event.earlier_count > 0) {
        int last = event.earlier_count - 1;
        const struct event_test_finished *earlier = event.earlier;
        event = earlier[last];
        event.earlier = earlier;
        event.earlier_count = last;
    }
    self->ended[event.test] = true;
    self->counts[event.outcome]++;
    self->bad += is_bad(event.outcome);
    self->bad_now += is_bad(event.outcome) && !event.resumed;
    reporters_test_finished(self->reporters, &event);
    if (self->settings->maxfail > 0 && self->bad_now >= (size_t)self->settings->maxfail)
        stop(self);
}

/* A test has ended on all its ranks, or never began: for good, or to be run again. The members of a unit that had ended
 * before it was run again have told their result. */
static void test_ended(struct main_rank *self, const struct event_test_finished *event)
{
    if (self->ended[event->test])
        return;
    if (!is_bad(event->outcome) || event->outcome == OUTCOME_NOTRUN || event->resumed || self->stopped ||
        attempts_count(self->attempts, event->test) >= self->settings->retries) {
        tell_ended(self, *event);
        return;
    }
    if (attempts_keep(self->attempts, event) != 0)
        self->error = -ENOMEM;
    reporters_test_retried(self->reporters, event);
    scheduler_retry(self->scheduler, event->test);
}

/* ---- What earlier jobs of the run did ---- */

/* The job died while the test ran. */
static int take_over_died(struct main_rank *self, size_t number, const struct journal_test *test)
{
    char words[256];
    struct event_rank_result *ranks = calloc(test->size > 0 ? (size_t)test->size : 1, sizeof *ranks);
    if (!ranks)
        return -ENOMEM;
    journal_died_words(test, words, sizeof words);
    for (int i = 0; i < test->size; i++)
        ranks[i] = (struct event_rank_result){.rank = test->ranks[i],
                                              .team_rank = i,
                                              .node = "",
                                              .outcome = OUTCOME_CRASHED,
                                              .message = words,
                                              .place = "",
                                              .warnings = "",
                                              .output = ""};
    scheduler_test_ended(self->scheduler, number, OUTCOME_CRASHED, -1, clock_now());
    test_ended(self, &(struct event_test_finished){.test = number,
                                                   .name = self->plan->tests[number].name,
                                                   .outcome = OUTCOME_CRASHED,
                                                   .message = words,
                                                   .ranks = ranks,
                                                   .size = test->size});
    free(ranks);
    return 0;
}

static int take_over_test(struct main_rank *self, size_t number, const struct journal_test *test)
{
    struct event_test_finished event;
    int error = 0;
    for (size_t i = 0; i < test->retry_count && !error; i++)
        error = attempts_keep_bytes(self->attempts, number, test->retries[i].bytes, test->retries[i].size);
    if (error || test->state == JOURNAL_WAITS)
        return error;
    if (test->state == JOURNAL_DIED)
        return take_over_died(self, number, test);
    error = event_wire_get(test->result.bytes, test->result.size, &event);
    if (error)
        return error;
    const struct event_rank_result *ranks = event.ranks;
    event.name = self->plan->tests[number].name;
    event.resumed = true;
    scheduler_test_ended(self->scheduler, number, event.outcome, event.seconds, clock_now());
    test_ended(self, &event);
    free((void *)ranks);
    return 0;
}

/* Results that are there are told first, as if they came now; what is left remains with the scheduler. */
static int take_over(struct main_rank *self)
{
    const struct journal *journal = self->settings->journal;
    int error = 0;
    for (size_t i = 0; journal && i < self->plan->count && !error; i++)
        error = take_over_test(self, i, &journal->tests[i]);
    return error ? error : self->error;
}

/* ---- Results of this job ---- */

static void team_test_ended(struct main_rank *self, const struct running_team *team, const struct team_test *test)
{
    struct event_rank_result one, *ranks = test->size == 1 ? &one : calloc(test->size, sizeof *ranks);
    struct event_test_finished event;
    if (!ranks) {
        self->error = -ENOMEM;
        return;
    }
    running_team_event(team, test, self->plan->tests[test->test].name, self->settings->hosts, ranks, &event);
    char *sentence = event.outcome == OUTCOME_TIMEOUT ? rollcall_sentence(ranks, event.size) : NULL;
    if (sentence)
        event.message = sentence;
    if (test->returns && event.outcome == OUTCOME_NOTRUN && self->returned[test->test] < RETURNS_MAX) {
        self->returned[test->test]++; /* when its assignment ends the scheduler hands it out again */
        free(sentence);
        if (ranks != &one)
            free(ranks);
        return;
    }
    if (event.outcome == OUTCOME_TIMEOUT && interrupt_count() > 0 && limit_end_has_come()) {
        event.outcome = OUTCOME_NOTRUN;
        event.message = interrupted;
    } else if (event.outcome == OUTCOME_TIMEOUT && test->started >= limit_last_moment()) {
        event.outcome = OUTCOME_NOTRUN; /* handed out together with others, and hardly begun */
        event.message = out_of_time;
    }
    if (self->settings->strict)
        running_team_be_strict(ranks, &event);
    scheduler_test_ended(self->scheduler, test->test, event.outcome, event.seconds, clock_now());
    test_ended(self, &event);
    free(sentence);
    if (ranks != &one)
        free(ranks);
}

static int take_result(struct main_rank *self, int rank, const struct message_result *result)
{
    struct running_team *team = self->team_of[rank];
    const struct team_test *ended = NULL;
    if (!team || team->assignment != result->assignment)
        return -EBADMSG;
    int error = running_team_take(team, rank, result, clock_now(), &ended);
    if (!error && ended)
        team_test_ended(self, team, ended);
    return error;
}

/* ---- Ranks come and go ---- */

/* Its last member is READY, or gone. */
static void team_ended(struct main_rank *self, struct running_team *team)
{
    scheduler_assignment_ended(self->scheduler, team->assignment, clock_now());
    running_team_destroy(team);
}

/* A rank has nothing to do: at the start, or because its assignment has ended for it. */
static void take_ready(struct main_rank *self, int rank)
{
    struct running_team *team = self->team_of[rank];
    self->team_of[rank] = NULL;
    self->ready[rank] = true;
    if (!team) {
        scheduler_worker_ready(self->scheduler, rank, clock_now());
    } else if (--team->not_ready == 0) {
        team_ended(self, team);
    }
}

/* The process that was this rank is gone, and the test that it was in, if any, has ended on it. */
static void leave_team(struct main_rank *self, int rank, const struct message_lost *lost)
{
    struct running_team *team = self->team_of[rank];
    const struct team_test *ended = NULL;
    self->team_of[rank] = NULL;
    if (!team)
        return;
    if (running_team_lose(team, running_team_member(team, rank), lost, clock_now(), &ended) != 0)
        self->error = -ENOMEM;
    if (ended)
        team_test_ended(self, team, ended);
    if (--team->not_ready == 0)
        team_ended(self, team);
}

/* Those who wait for it see that themselves only where they are on its node. */
static void tell_mates_of_loss(struct main_rank *self, int rank)
{
    const struct running_team *team = self->team_of[rank];
    struct wire_writer writer = {0};
    message_lost_encode(&writer, &(struct message_lost){.rank = (uint32_t)rank, .reason = "", .output = ""});
    for (uint32_t i = 0; team && !writer.failed && i < team->size; i++)
        if (team->members[i] != 0 && !self->lost[team->members[i]])
            control_post(self->control, MESSAGE_LOST, (int)team->members[i], writer.bytes, writer.size);
    wire_writer_finish(&writer);
}

static bool has_worker(const struct main_rank *self)
{
    for (int rank = 1; rank < self->control->size; rank++)
        if (!self->lost[rank])
            return true;
    return false;
}

/* A rank is gone for good. Nothing happens if that is known. */
static void lose(struct main_rank *self, int rank, const struct message_lost *lost)
{
    if (rank == 0 || self->lost[rank])
        return;
    self->lost[rank] = true;
    self->ready[rank] = false;
    self->control->broken = true;
    loss_note((uint32_t)rank);
    tell_mates_of_loss(self, rank);
    scheduler_worker_lost(self->scheduler, rank, clock_now());
    leave_team(self, rank, lost);
    if (self->settings->job > 0 && !has_worker(self)) { /* better a fresh job than tests on rank 0, which nobody can lose */
        self->ranks_missing = true;
        stop(self);
    }
}

/* A fresh process says that it is this rank now: for the scheduler the rank was never away. What was sent to the process
 * before it is not for it, so it waits for a WELCOME. */
static int take_renewed(struct main_rank *self, int rank, const struct message_lost *message)
{
    struct message_lost lost = *message;
    if (message->incarnation <= self->incarnation[rank])
        return -EBADMSG;
    self->incarnation[rank] = message->incarnation;
    message_welcome_encode(&self->writer, &(struct message_welcome){.go_on = true,
                                                                    .incarnation = message->incarnation,
                                                                    .seconds = limit_last_moment() - clock_now()});
    if (self->writer.failed)
        return -ENOMEM;
    int error = control_send(self->control, MESSAGE_WELCOME, rank, self->writer.bytes, self->writer.size);
    if (self->given_up[rank]) {
        lost.outcome = OUTCOME_TIMEOUT;
        lost.reason = no_answer;
        lost.test = LOST_ANYWHERE;
    }
    self->given_up[rank] = false;
    leave_team(self, rank, &lost);
    self->ready[rank] = true;
    scheduler_worker_ready(self->scheduler, rank, clock_now()); /* where the one before it died before it was */
    return error;
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
            take_ready(self, 0);
    }
    free(tests);
    free(incarnations);
    return error;
}

static void skip_tests(struct main_rank *self, const struct scheduler_action *action)
{
    self->ranks_missing = self->ranks_missing || action->lost;
    for (size_t i = 0; i < action->count; i++)
        test_ended(self, &(struct event_test_finished){.test = action->tests[i],
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
            error = take_renewed(self, message->from, &lost);
        else if (!error)
            lose(self, (int)lost.rank, &lost);
    } else if (self->lost[message->from]) {
        error = 0; /* it was given up, and speaks all the same */
    } else if (message->kind == MESSAGE_AGREE || message->kind == MESSAGE_ISOLATED) {
        error = 0; /* of an accord that rank 0 has ceased to wait for */
    } else if (message->kind == MESSAGE_READY) {
        take_ready(self, message->from);
        error = 0;
    } else if (message->kind == MESSAGE_RESULT && message_result_decode(message->bytes, message->size, &result) == 0 &&
               result.test < self->plan->count) {
        error = take_result(self, message->from, &result);
    }
    return error ? error : self->error;
}

/* It is never waited for again. */
static void give_up(struct main_rank *self, int rank)
{
    if (self->control->real) {
        lose(self, rank, &(struct message_lost){.outcome = OUTCOME_TIMEOUT, .test = LOST_ANYWHERE, .reason = no_answer});
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
        stop(self);
}

/* Processes that are gone for good, as this rank's watch and those of others have seen. What they had sent is treated before. */
static void look_for_losses(struct main_rank *self)
{
    for (int rank = 1; self->control->real && rank < self->control->size; rank++)
        if (!self->lost[rank] && loss_of_rank((uint32_t)rank))
            lose(self, rank,
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
            stop(self);
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
            test_ended(self, &(struct event_test_finished){.test = i,
                                                           .name = self->plan->tests[i].name,
                                                           .outcome = OUTCOME_NOTRUN,
                                                           .message = interrupt_count() > 0  ? interrupted
                                                                      : limit_end_has_come() ? out_of_time
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
        error = take_over(&self);
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
