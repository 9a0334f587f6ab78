/* SPDX-License-Identifier: BSD-2-Clause */
/* execution.c: see execution.h.
 *
 * cmocka's own words are kept apart from the test's by the stream that they go to: while cmocka runs, `stdout` and
 * `stderr` (variables in glibc) are a stream in memory; while the test's functions run they are the true ones. Only where
 * a setup or teardown is left by a long jump, which cmocka does not tell before it speaks, its words are looked for in the
 * output. One test runs at a time, so its state is one variable.
 */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../mpimock/door.h"
#include "clock.h"
#include "execution_private.h"
#include "exits.h"
#include "guard/guard.h"
#include "late.h"
#include "leftovers.h"
#include "limit.h"
#include "signals.h"
#include "watch.h"

struct execution_state execution = {.capture = {-1, {-1, -1}, 0}};

int mrt_case(void)
{
    return execution.step ? execution.step->case_number : 0;
}

/* ---- The world ---- */

static int enter_world(const char *name, MPI_Comm team, int thread_level)
{
    struct mpimock_world world = {.team = team, .thread_level = thread_level, .name = name};
    if (begin_guarded(team))
        world.stop = guard_stop;
    int error = mpimock_world_enter(&world);
    execution.in_world = error == 0;
    execution.pending = false;
    return error;
}

/* Negative on failure. Requests that the test left open are no failure: they are remembered, for the team's sake. Runs
 * callbacks of the test's (attributes on MPI_COMM_SELF); one that waits while the test is being left ends there, and the
 * others still run. */
BACKTRACE_END static int leave_world(void)
{
    volatile int left = 0;
    for (volatile int tries = 0; execution.in_world && tries < 2; tries++) {
        if (setjmp(execution.way_out) == 0) {
            execution.way_out_open = true;
            left = mpimock_world_leave();
            execution.in_world = false;
        }
    }
    execution.way_out_open = execution.in_world = false;
    execution.pending = execution.pending || left > 0;
    if (left < 0 && a_mate_is_gone())
        execution.pending = true; /* no reason to blame this rank: without the dead one a team cannot end in order */
    else if (left < 0)
        return left;
    return 0;
}

/* ---- What cmocka calls ---- */

static void cmocka_speaks(void)
{
    fflush(execution.out);
    stdout = stderr = execution.chatter;
}

static void test_speaks(void)
{
    stdout = execution.out;
    stderr = execution.err;
}

/* A test's function, or a fixture: to its end, or until a signal's handler leaves it. */
BACKTRACE_END static int call(CMUnitTestFunction function, CMFixtureFunction fixture, void **state)
{
    volatile int result = 0;
    signals_arm();
    switch (sigsetjmp(execution.landing, 0)) {
    case 0:
        break;
    case LANDING_LATE:
        leave_late_computation();
    default:
        signals_leave();
    }
    execution.landing_open = 1;
    if (function)
        function(state);
    else
        result = fixture(state);
    execution.landing_open = 0;
    end_if_child(false);
    return result;
}

static int wrapped_setup(void **state)
{
    (void)state;
    const struct execution_step *step = execution.step;
    test_speaks();
    int result = step->setup ? call(NULL, step->setup, step->state) : 0;
    cmocka_speaks();
    return result;
}

static void wrapped_body(void **state)
{
    (void)state;
    const struct execution_step *step = execution.step;
    execution.phase = PHASE_BODY;
    test_speaks();
    call(step->function, NULL, step->state);
    execution.phase = PHASE_BODY_RETURNED;
    execution.body_returned = true;
    cmocka_speaks();
}

static int tear_down(CMFixtureFunction teardown, void **state)
{
    volatile int result = 0;
    if (!teardown)
        return 0;
    if (setjmp(execution.way_out) == 0) {
        execution.way_out_open = true;
        result = call(NULL, teardown, state);
    }
    execution.way_out_open = false;
    return result;
}

/* Leaving the world belongs to the teardown. */
static int wrapped_teardown(void **state)
{
    (void)state;
    execution.landing_open = 0;
    end_if_child(execution.phase != PHASE_BODY_RETURNED);
    if (execution.phase == PHASE_BODY)
        execution.body_end = capture_size(&execution.capture);
    if (execution.phase != PHASE_BODY_RETURNED)
        tell_mates(execution.phase == PHASE_SETUP ? OUTCOME_ERROR : OUTCOME_FAILED, "");
    execution.phase = PHASE_TEARDOWN;
    test_speaks();
    int result = tear_down(execution.step->teardown, execution.step->state);
    if (leave_world() != 0 && result == 0)
        result = -1;
    execution.phase = PHASE_DONE;
    cmocka_speaks();
    return result;
}

/* ---- A test ---- */

#define BOUND_SECONDS       5e-3  /* between two looks at what a step has written … */
#define BOUND_SECONDS_FLOOD 1e-3

static void clear(enum phase phase)
{
    execution.inside = true;
    atomic_fetch_add_explicit(&execution.steps, 1, memory_order_relaxed);
    if (execution.capture.file >= 0)
        watch_expect(clock_now() + BOUND_SECONDS);
    execution.phase = phase;
    execution.body_returned = false;
    execution.body_end = 0;
    execution.left = -1;
    execution.reason[0] = execution.place[0] = '\0';
    text_clear(&execution.leftovers);
    free(execution.trace);
    execution.trace = NULL;
    execution.how = HOW_NORMALLY;
    execution.code = 0;
    execution.landing_open = 0;
    execution.leaving = execution.following = execution.way_out_open = false;
    fflush(execution.chatter);
    rewind(execution.chatter);
}

/* It has ended by itself, before it could be ended: perhaps because the signal woke it. */
static void note_late(void)
{
    execution.left = OUTCOME_TIMEOUT;
    snprintf(execution.reason, sizeof execution.reason, "it took longer than its limit, %.4g s", limit_seconds());
}

void execution_run(const struct execution_step *step, struct execution_result *result)
{
    *result = (struct execution_result){0};
    /* Setup and teardown are always ours: they mark the phases, and with both cmocka frees what a failed test left (without,
     * it would end the process). The test's own state travels in the step. */
    const struct CMUnitTest test = {step->name, wrapped_body, wrapped_setup, wrapped_teardown, NULL};
    clear(PHASE_SETUP);
    execution.step = step;
    begin_together(step->mates);
    leftovers_forget();
    int entered = enter_world(step->name, step->team, step->thread_level);
    double begin = clock_now();
    limit_begin(step->timeout > 0 ? step->timeout : -1);
    cmocka_speaks();
    bool failed = _cmocka_run_group_tests(step->name, &test, 1, NULL, NULL) != 0;
    signals_arm(); /* cmocka has put handlers back as those of signal(2) */
    execution.landing_open = 0;
    test_speaks();
    result->seconds = clock_now() - begin;
    if (failed && execution.phase != PHASE_DONE)
        tell_mates(OUTCOME_ERROR, ""); /* the teardown was left */
    leave_world();
    if (limit_is_up() && !failed)
        note_late();
    limit_end();
    signals_disarm();
    leftovers_stop_timers(&execution.leftovers);
    end_together();
    leftovers_check(result->seconds, !failed, &execution.leftovers);
    read_result(failed, result);
    if (entered != 0)
        spoil(result, "the team's MPI_COMM_WORLD could not be made");
    execution.step = NULL;
    execution.inside = false;
}

/* ---- A unit: cmocka's group fixtures, around a test of ours that runs the tests ---- */

static struct {
    const struct execution_unit *unit;
    struct execution_result setup;
    bool between_done, teardown_wanted;
} group;

/* One fixture, in its world, with its phases: to the end, or until it is left by a long jump. */
static int run_fixture(CMFixtureFunction fixture, const char *what, MPI_Comm team, const struct execution_mates *mates)
{
    const struct execution_unit *unit = group.unit;
    int result = 0;
    clear(PHASE_SETUP);
    if (fixture)
        begin_together(mates);
    if (enter_world(what, team, unit->thread_level) != 0)
        return -1;
    if (limit_end_has_come())
        limit_extend(LEAVING_SECONDS);
    else
        limit_begin(unit->timeout > 0 ? unit->timeout : -1);
    test_speaks();
    if (fixture)
        result = call(NULL, fixture, unit->state);
    if (leave_world() != 0 && result == 0)
        result = -1;
    fflush(stdout);
    execution.phase = PHASE_DONE;
    execution.body_returned = result == 0;
    return result;
}

static bool fixture_failed(void)
{
    return execution.phase != PHASE_DONE || !execution.body_returned;
}

static void read_fixture(bool failed, struct execution_result *result)
{
    execution.landing_open = 0;
    if (failed)
        tell_mates(OUTCOME_ERROR, "");
    leave_world();
    limit_end();
    signals_disarm();
    leftovers_stop_timers(&execution.leftovers);
    end_together();
    read_result(failed, result);
    if (failed && result->outcome != OUTCOME_SKIPPED && !execution.following && result->outcome != OUTCOME_DEADLOCK)
        result->outcome = OUTCOME_ERROR;
    if (failed && !result->message[0])
        spoil(result, "it returned a value other than 0");
    execution.inside = false;
}

static void run_between(void)
{
    group.between_done = true;
    read_fixture(fixture_failed(), &group.setup);
    test_speaks();
    if (group.unit->setup)
        leftovers_enter(); /* what setup has changed is for its tests */
    group.teardown_wanted = group.unit->between(group.unit->context, &group.setup);
    execution_result_finish(&group.setup);
    cmocka_speaks();
}

static int group_setup(void **state)
{
    (void)state;
    int result = run_fixture(group.unit->setup, "setup", group.unit->setup_team, group.unit->setup_mates);
    cmocka_speaks();
    return result;
}

static void group_body(void **state)
{
    (void)state;
    run_between();
}

static int group_teardown(void **state)
{
    (void)state;
    execution.landing_open = 0;
    end_if_child(!group.between_done);
    if (!group.between_done) /* setup did not pass, and cmocka has said why */
        run_between();
    int result = run_fixture(group.teardown_wanted ? group.unit->teardown : NULL, "teardown", group.unit->teardown_team,
                             group.unit->teardown_mates);
    cmocka_speaks();
    return result;
}

/* Groups within the group: cmocka keeps the handlers that it replaces in one place, so the inner ones would lose the
 * outermost. */
static const int cmocka_signals[] = {SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGSYS};
#define CMOCKA_SIGNALS (sizeof cmocka_signals / sizeof *cmocka_signals)

void execution_run_unit(const struct execution_unit *unit, struct execution_result *teardown)
{
    struct sigaction handlers[CMOCKA_SIGNALS];
    const struct CMUnitTest test = {unit->name, group_body, NULL, NULL, NULL};
    *teardown = (struct execution_result){0};
    memset(&group, 0, sizeof group);
    group.unit = unit;
    for (size_t i = 0; i < CMOCKA_SIGNALS; i++)
        sigaction(cmocka_signals[i], NULL, &handlers[i]);
    clear(PHASE_SETUP);
    cmocka_speaks();
    (void)_cmocka_run_group_tests(unit->name, &test, 1, group_setup, group_teardown);
    test_speaks();
    for (size_t i = 0; i < CMOCKA_SIGNALS; i++)
        sigaction(cmocka_signals[i], &handlers[i], NULL);
    /* Blocks that nobody freed are an error that cmocka prints, and does not return. */
    fflush(execution.chatter);
    leftovers_leave();
    leftovers_check(1, true, &execution.leftovers);
    read_fixture(fixture_failed() || memmem(execution.chatter_text, execution.chatter_size, "GROUP TEARDOWN", 14), teardown);
}

/* Bounds what a step has written; steps that follow each other quickly do not wake the thread each. */
static double bound_output(double now)
{
    static unsigned seen;
    unsigned steps = atomic_load(&execution.steps);
    if (execution.capture.file < 0 || (!execution.inside && steps == seen))
        return INFINITY;
    seen = steps;
    return now + (capture_bound(&execution.capture) ? BOUND_SECONDS_FLOOD : BOUND_SECONDS);
}

double execution_due(double now)
{
    double limit = limit_due(now), output = bound_output(now);
    return limit < output ? limit : output;
}

static int begin(void)
{
    execution.chatter = open_memstream(&execution.chatter_text, &execution.chatter_size);
    if (!execution.chatter)
        return -ENOMEM;
    execution.out = stdout;
    execution.err = stderr;
    execution.pid = getpid();
    signals_begin();
    leaving_begin(); /* the signal that ends late tests is handled before it is the test's own */
    exits_begin();
    return 0;
}

int execution_begin(bool capture)
{
    int error = begin();
    if (!error && capture)
        error = capture_begin(&execution.capture);
    return error ? error : leftovers_begin();
}

int execution_begin_in(int file)
{
    int error = begin();
    if (!error)
        error = capture_begin_in(&execution.capture, file);
    return error ? error : leftovers_begin();
}

void execution_end(void)
{
    leftovers_end();
    if (execution.capture.file >= 0)
        capture_end(&execution.capture);
    if (execution.chatter)
        fclose(execution.chatter);
    free(execution.chatter_text);
    text_finish(&execution.leftovers);
    execution.chatter = NULL;
    execution.chatter_text = NULL;
    free(execution.trace);
    execution.trace = NULL;
    leaving_end();
    signals_end();
}

void execution_result_finish(struct execution_result *result)
{
    free(result->message);
    free(result->place);
    free(result->warnings);
    free(result->output);
    *result = (struct execution_result){0};
}
