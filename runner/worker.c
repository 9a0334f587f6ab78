/* SPDX-License-Identifier: BSD-2-Clause */
/* worker.c: see worker.h.
 *
 * A unit (a suite with setup or teardown) is one assignment: setup on every member, its tests in order on the first
 * members, teardown on every member if setup passed on all. What goes wrong in setup is the error of every test, with
 * the words of the rank where it went wrong; what goes wrong in teardown is the error of the last test, whose result
 * waits for it.
 */
#include "worker.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accord.h"
#include "clock.h"
#include "execution.h"
#include "loss.h"
#include "running_team.h"
#include "team.h"

/* One assignment while it is run. */
struct job {
    struct worker *worker;
    const struct message_assign *assignment;
    uint32_t me;                  /* this rank's place among the members */
    int error;                    /* found where no result could be given back */
    /* Of a unit: */
    const struct plan_unit *unit; /* NULL: none */
    struct execution_unit run;
    double patience;              /* so long other members may still be in a fixture when this one has left it */
    bool setup_pending;           /* setup left requests open */
    bool broken;                  /* a member is gone: no further test of the assignment can run */
    void *state;                  /* cmocka's, as the unit's setup left it */
    char words[PROBLEM_MAX];      /* what went wrong in the fixture run last, on any member; "": nothing */
    uint32_t last_test;           /* whose result waits for the teardown; UINT32_MAX: none */
    struct execution_result last;
};

/* ---- Results ---- */

/* A team that holds rank 0 posts its results: rank 0 does not look before the assignment ends, and may need this rank for
 * the next test. Otherwise each result has left before the next test starts. */
static int send_result(void *context, const struct message_result *result)
{
    struct job *job = context;
    struct worker *worker = job->worker;
    if (worker->take) {
        worker->take(worker->context, result);
        return 0;
    }
    message_result_encode(&worker->writer, result);
    if (worker->writer.failed)
        return -ENOMEM;
    bool with_rank_0 = job->assignment->members[0] == 0;
    return (with_rank_0 ? control_post : control_send)(worker->control, MESSAGE_RESULT, 0, worker->writer.bytes,
                                                       worker->writer.size);
}

static int hand_over(struct job *job, uint32_t test, const struct execution_result *execution)
{
    return send_result(job, &(struct message_result){.assignment = job->assignment->assignment,
                                                     .test = test,
                                                     .outcome = execution->outcome,
                                                     .how = execution->how,
                                                     .code = execution->code,
                                                     .seconds = execution->seconds,
                                                     .message = execution->message,
                                                     .place = execution->place ? execution->place : "",
                                                     .warnings = execution->warnings ? execution->warnings : "",
                                                     .output = execution->output,
                                                     .output_size = execution->output_size});
}

/* ---- Tests ---- */

static uint32_t size_of(const struct job *job, const struct plan_test *test)
{
    return test->np == MRT_NP_ALL ? job->assignment->size : (uint32_t)test->np;
}

static struct execution_mates mates_of(const struct job *job, uint32_t size, uint32_t serial)
{
    return (struct execution_mates){.control = job->worker->control,
                                    .members = job->assignment->members,
                                    .incarnations = job->assignment->incarnations,
                                    .size = size,
                                    .me = job->me,
                                    .serial = serial};
}

/* Is one of the first members gone? */
static bool has_lost(struct job *job, uint32_t size)
{
    uint32_t first = size > 1 ? loss_first_gone(job->worker->control, job->assignment) : UINT32_MAX;
    job->broken = job->broken || first != UINT32_MAX;
    return first < size;
}

static int run_one(struct job *job, uint32_t place, struct execution_result *result)
{
    struct control *control = job->worker->control;
    const struct plan_test *test = &job->worker->plan->tests[job->assignment->tests[place]];
    void *state = test->initial_state ? test->initial_state : job->state;
    MPI_Comm team;
    if (job->worker->started)
        job->worker->started(job->worker->context, place);
    int error = team_create(control, job->assignment->members, size_of(job, test), job->assignment->serial + 1 + place, &team);
    if (error)
        return error;
    const struct execution_mates mates = mates_of(job, size_of(job, test), job->assignment->serial + 1 + place);
    execution_run(&(struct execution_step){.name = test->name,
                                           .function = test->function,
                                           .setup = test->setup,
                                           .teardown = test->teardown,
                                           .state = &state,
                                           .case_number = test->case_number,
                                           .thread_level = job->worker->thread_level,
                                           .team = team,
                                           .mates = &mates,
                                           .timeout = test->timeout},
                  result);
    team_free(control, &team, result->pending || has_lost(job, size_of(job, test)));
    return 0;
}

/* ---- A unit's setup and teardown ---- */

/* What came of setup or teardown on all members: job->words, or job->broken. */
static int agree_on_fixture(struct job *job, const char *what, uint32_t serial, const struct execution_result *result)
{
    const struct accord accord = {
        .control = job->worker->control, .assignment = job->assignment, .me = job->me, .serial = serial, .seconds = job->patience};
    job->words[0] = '\0';
    if (result->outcome != OUTCOME_PASSED)
        snprintf(job->words, sizeof job->words, "%s of %s %s on rank %d: %s%s%s", what, job->unit->name,
                 result->outcome == OUTCOME_SKIPPED ? "skipped" : "failed", job->worker->control->rank, result->message,
                 result->output_size ? "\n" : "", result->output);
    int error = accord_reach(&accord, result->outcome == OUTCOME_NOTRUN, job->words);
    if (error != -ECANCELED)
        return error;
    job->broken = true;
    return 0;
}

/* A member went in the setup: what it was in ends on this rank too, the tests after it go back to the queue. */
static int report_first_left(struct job *job)
{
    uint32_t place = 0;
    while (place < job->assignment->count && job->me >= size_of(job, &job->worker->plan->tests[job->assignment->tests[place]]))
        place++;
    if (place == job->assignment->count)
        return 0;
    char message[PROBLEM_MAX + 32];
    snprintf(message, sizeof message, "not begun, because %s", job->words);
    struct execution_result result = {.outcome = OUTCOME_NOTRUN, .message = message, .output = ""};
    return hand_over(job, job->assignment->tests[place], &result);
}

/* The error of every test of this rank's, because setup did not pass. */
static int report_broken(struct job *job)
{
    for (uint32_t i = 0; i < job->assignment->count; i++) {
        uint32_t test = job->assignment->tests[i];
        if (job->me >= size_of(job, &job->worker->plan->tests[test]))
            continue;
        struct execution_result result = {.outcome = OUTCOME_ERROR, .message = job->words, .output = ""};
        int error = hand_over(job, test, &result);
        if (error)
            return error;
    }
    return 0;
}

/* Tests that run in a process of their own: one, or all of a unit. */
static bool is_isolated(const struct job *job, uint32_t place)
{
    return !job->worker->isolated && job->worker->plan->tests[job->assignment->tests[place]].isolated;
}

static int run_isolated(struct job *job, uint32_t first, uint32_t count)
{
    return isolate_run(&(struct isolate_request){.isolate = job->worker->isolate,
                                                 .control = job->worker->control,
                                                 .plan = job->worker->plan,
                                                 .assignment = job->assignment,
                                                 .me = job->me,
                                                 .tests = job->assignment->tests + first,
                                                 .count = count,
                                                 .take = send_result,
                                                 .context = job});
}

static int run_all(struct job *job)
{
    const struct message_assign *assignment = job->assignment;
    bool wait = job->unit && (job->unit->setup || job->unit->teardown);
    int error = 0;
    for (uint32_t i = 0; i < assignment->count && !error; i++) {
        struct execution_result result;
        if (job->me >= size_of(job, &job->worker->plan->tests[assignment->tests[i]]))
            continue;
        /* A test is run by all of its members, or by none that knows of a loss among them. */
        if (has_lost(job, size_of(job, &job->worker->plan->tests[assignment->tests[i]])))
            continue;
        if (!job->unit && is_isolated(job, i)) {
            error = run_isolated(job, i, 1);
            continue;
        }
        if (job->last_test != UINT32_MAX) {
            error = hand_over(job, job->last_test, &job->last);
            execution_result_finish(&job->last);
            job->last_test = UINT32_MAX;
        }
        if (!error)
            error = run_one(job, i, &result);
        if (error)
            break;
        if (wait) {
            job->last = result;
            job->last_test = assignment->tests[i];
        } else {
            error = hand_over(job, assignment->tests[i], &result);
            execution_result_finish(&result);
        }
    }
    return error;
}

static bool run_between(void *context, const struct execution_result *setup)
{
    struct job *job = context;
    const struct message_assign *assignment = job->assignment;
    job->setup_pending = setup->pending;
    job->error = agree_on_fixture(job, "setup", assignment->serial, setup);
    if (!job->error && job->broken)
        job->error = report_first_left(job);
    else if (!job->error)
        job->error = job->words[0] ? report_broken(job) : run_all(job);
    if (job->error || job->words[0])
        return false;
    if (job->worker->control->real && has_lost(job, assignment->size))
        return false; /* without a member no team can be made */
    job->error = team_create(job->worker->control, assignment->members, assignment->size, job->run.teardown_mates->serial,
                             &job->run.teardown_team);
    return !job->error;
}

static int add_warnings(struct job *job, struct execution_result *result, const char *left_by_unit)
{
    char *warnings = NULL;
    if (asprintf(&warnings, "%s%sthe suite %s left behind: %s", result->warnings ? result->warnings : "",
                 result->warnings ? "\n" : "", job->unit->name, left_by_unit) < 0)
        return -ENOMEM;
    free(result->warnings);
    result->warnings = warnings;
    return 0;
}

/* The last test of this rank's takes the teardown's words, and what the suite left behind. */
static int report_last(struct job *job, const struct execution_result *teardown)
{
    struct execution_result *result = &job->last;
    if (teardown->warnings && result->outcome == OUTCOME_PASSED && add_warnings(job, result, teardown->warnings) != 0)
        return -ENOMEM;
    if (job->words[0] && !job->broken) {
        char *message = NULL;
        if (asprintf(&message, "%s%s%s", result->message, result->message[0] ? "\n" : "", job->words) < 0)
            return -ENOMEM;
        free(result->message);
        result->message = message;
        if (result->outcome == OUTCOME_PASSED || result->outcome == OUTCOME_SKIPPED)
            result->outcome = OUTCOME_ERROR;
    }
    int error = hand_over(job, job->last_test, result);
    execution_result_finish(result);
    return error;
}

static int run_unit(struct job *job)
{
    struct control *control = job->worker->control;
    const struct message_assign *assignment = job->assignment;
    struct execution_result teardown;
    double timeout = plan_unit_timeout(job->worker->plan, job->unit);
    job->patience = timeout > 0 ? timeout + 2 * RUNNING_TEAM_PATIENCE : INFINITY;
    /* In the order in which they are used, since the mock wants serial numbers that grow. */
    const struct execution_mates setup_mates = mates_of(job, assignment->size, assignment->serial);
    const struct execution_mates teardown_mates =
        mates_of(job, assignment->size, assignment->serial + 1 + assignment->count);
    job->run = (struct execution_unit){.name = job->unit->name,
                                       .setup = job->unit->setup,
                                       .teardown = job->unit->teardown,
                                       .state = &job->state,
                                       .thread_level = job->worker->thread_level,
                                       .timeout = timeout,
                                       .setup_team = MPI_COMM_NULL,
                                       .teardown_team = MPI_COMM_NULL,
                                       .setup_mates = &setup_mates,
                                       .teardown_mates = &teardown_mates,
                                       .between = run_between,
                                       .context = job};
    int error = team_create(control, assignment->members, assignment->size, setup_mates.serial, &job->run.setup_team);
    if (error)
        return error;
    execution_run_unit(&job->run, &teardown);
    error = job->error;
    if (!error && !job->words[0])
        error = agree_on_fixture(job, "teardown", teardown_mates.serial, &teardown);
    if (!error && job->last_test != UINT32_MAX)
        error = report_last(job, &teardown);
    team_free(control, &job->run.setup_team, job->setup_pending || job->broken);
    team_free(control, &job->run.teardown_team, teardown.pending || job->broken);
    execution_result_finish(&teardown);
    return error;
}

int worker_run(struct worker *worker, const struct message_assign *assignment)
{
    struct job job = {.worker = worker, .assignment = assignment, .last_test = UINT32_MAX};
    while (assignment->members[job.me] != (uint32_t)worker->control->rank)
        job.me++;
    if (assignment->unit >= 0)
        job.unit = &worker->plan->units[assignment->unit];
    int error = !job.unit ? run_all(&job) : is_isolated(&job, 0) ? run_isolated(&job, 0, assignment->count) : run_unit(&job);
    return error ? error : control_flush(worker->control);
}

static int valid(const struct worker *worker, const struct message_assign *assignment)
{
    bool member = false;
    for (uint32_t i = 0; i < assignment->size; i++)
        member = member || assignment->members[i] == (uint32_t)worker->control->rank;
    for (uint32_t i = 0; i < assignment->count; i++)
        if (assignment->tests[i] >= worker->plan->count)
            return -EBADMSG;
    return member && assignment->unit < (int)worker->plan->unit_count ? 0 : -EBADMSG;
}

/* Rank 0's word: an assignment, or STOP. Meanwhile it is told of losses that only this rank may have seen. */
static int wait_for_work(struct control *control, struct control_message *message)
{
    struct message_stop stop = {0};
    for (;;) {
        int error = loss_tell(control);
        if (!error)
            error = control_receive_until(control, 0, control->real ? clock_now() + LOSS_SECONDS : INFINITY, message);
        if (error == -ETIMEDOUT)
            continue;
        if (error)
            return error;
        switch (message->kind) {
        case MESSAGE_LOST:
            loss_take(message);
            break;
        case MESSAGE_ISOLATED: /* the word of a first member that this rank has ceased to wait for … */
        case MESSAGE_AGREE:
        case MESSAGE_AGREED:   /* … is no assignment */
            break;
        case MESSAGE_STOP:
            if (message->size > 0)
                error = message_stop_decode(message->bytes, message->size, &stop);
            control->broken = control->broken || stop.broken;
            return error;
        default:
            return 0;
        }
    }
}

int worker_serve(struct worker *worker)
{
    struct control *control = worker->control;
    int error = 0;
    for (;;) {
        struct control_message message;
        struct message_assign assignment;
        if (!worker->ready)
            error = control_send(control, MESSAGE_READY, 0, NULL, 0);
        worker->ready = false;
        if (error)
            break;
        error = wait_for_work(control, &message);
        if (error || message.kind == MESSAGE_STOP)
            break;
        wire_writer_reset(&worker->assigned);
        wire_put_raw(&worker->assigned, message.bytes, message.size);
        error = worker->assigned.failed ? -ENOMEM
                                        : message_assign_decode(worker->assigned.bytes, worker->assigned.size, &assignment);
        if (!error)
            error = valid(worker, &assignment);
        if (!error)
            error = worker_run(worker, &assignment);
        if (error)
            break;
    }
    return error;
}

void worker_finish(struct worker *worker)
{
    wire_writer_finish(&worker->writer);
    wire_writer_finish(&worker->assigned);
}
