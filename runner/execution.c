/* SPDX-License-Identifier: BSD-2-Clause */
/* execution.c: see execution.h.
 *
 * cmocka's own words are kept apart from the test's by the stream that they go to: while cmocka runs, `stdout` and
 * `stderr` (variables in glibc) are a stream in memory; while the test's functions run they are the true ones. Only where
 * a setup or teardown is left by a long jump, which cmocka does not tell before it speaks, its words are looked for in the
 * output. One test runs at a time, so its state is this file's.
 */
#include "execution.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../mpimock/door.h"
#include "../mpimock/launch.h"
#include "cmocka_text.h"
#include "notice.h"

enum phase { PHASE_SETUP, PHASE_BODY, PHASE_BODY_RETURNED, PHASE_TEARDOWN, PHASE_DONE };

#define REASON_MAX 1024

static struct {
    struct capture capture;
    FILE *chatter;            /* what cmocka says, in memory … */
    char *chatter_text;       /* … here, up to where the stream stands */
    size_t chatter_size;
    FILE *out, *err;          /* the true stdout and stderr */
    bool inside;              /* a test or a fixture runs */
    const struct execution_step *step; /* the test, or NULL */
    enum phase phase;
    bool body_returned;
    bool in_world;
    bool pending;             /* it left requests open */
    size_t body_end;          /* size of the output when the body was left by a long jump, or 0 */
    int left;                 /* outcome with which a hook left, or -1 */
    char reason[REASON_MAX];  /* of a hook, or of mrt_skip */
    const struct execution_mates *mates;
    pthread_t thread;         /* that runs the test */
    bool leaving;             /* team-mates were told, or told this rank */
    bool following;           /* … the latter */
    bool looking;             /* in look_for_notice */
    bool way_out_open;        /* out of a teardown, or of callbacks, while leaving */
    jmp_buf way_out;
} running = {.capture = {-1, {-1, -1}}};

/* ---- Team-mates ---- */

static void begin_together(const struct execution_mates *mates)
{
    if (!mates)
        return;
    running.mates = mates;
    running.thread = pthread_self();
    if (!mates->control->real && mpimock_test_begin(mates->serial, mates->size, mates->members) != 0)
        running.mates = NULL;
}

static void end_together(void)
{
    const struct execution_mates *mates = running.mates;
    running.mates = NULL; /* it is too late to leave */
    if (mates && !mates->control->real)
        mpimock_test_end();
}

/* This rank leaves before the end, for a reason of its own. */
static void tell_mates(enum outcome outcome, const char *reason)
{
    const struct execution_mates *mates = running.mates;
    if (!mates || running.leaving)
        return;
    running.leaving = true;
    if (mates->size > 1) /* without memory for a notice they wait until the test's time is up */
        notice_send(mates->control, mates->members, mates->size, mates->serial, mates->me, outcome, reason);
    if (!mates->control->real)
        mpimock_test_left();
}

/* ---- Ways out ---- */

/* While a test is being left, its teardown, and callbacks, end where they would wait or fail. */
static void leave_by_way_out(void)
{
    if (!running.way_out_open)
        return;
    running.way_out_open = false;
    mpimock_call_left();
    longjmp(running.way_out, 1);
}

/* Ends the step with this outcome and these words, from inside an MPI call or one of our own. */
__attribute__((noreturn)) static void leave(enum outcome outcome, const char *reason)
{
    if (!running.inside) {
        fprintf(stderr, "mpirun-tests: outside of any test: %s\n", reason);
        exit(EXIT_STATUS_INTERNAL);
    }
    bool left_before = running.leaving;
    if (running.left < 0 && (!left_before || running.following)) {
        running.left = outcome;
        snprintf(running.reason, sizeof running.reason, "%s", reason);
    }
    if (left_before)
        leave_by_way_out();
    tell_mates(outcome, reason);
    if (outcome == OUTCOME_SKIPPED)
        _skip(__FILE__, __LINE__);
    _fail(__FILE__, __LINE__);
    abort(); /* both leave by a long jump, which their declarations do not tell */
}

static void leave_by_abort(MPI_Comm comm, int code)
{
    char reason[REASON_MAX];
    const char *name = comm == MPI_COMM_WORLD ? "MPI_COMM_WORLD" : comm == MPI_COMM_SELF ? "MPI_COMM_SELF" : "comm";
    snprintf(reason, sizeof reason, "MPI_Abort(%s, %d) called", name, code);
    leave(OUTCOME_CRASHED, reason);
}

/* Looks whether a team-mate has left, and leaves too then. Must come back where nothing has happened. */
static void follow_mates(void)
{
    const struct execution_mates *mates = running.mates;
    struct message_notice notice;
    char call[REASON_MAX / 2], reason[REASON_MAX];
    running.looking = true;
    bool found = mates->size > 1 && notice_take(mates->control, mates->serial, &notice);
    running.looking = false;
    if (!found)
        return;
    mpimock_call_text(call, sizeof call);
    running.leaving = running.following = true;
    if (!mates->control->real)
        mpimock_test_left();
    mpimock_call_left();
    if (notice.outcome == OUTCOME_SKIPPED || notice.outcome == OUTCOME_DEADLOCK)
        leave(notice.outcome, notice.reason);
    /* Without a reason it was cmocka that left: by an assertion, by skip(), or for a signal. */
    snprintf(reason, sizeof reason, "left %s, because rank %u %s%s%.*s", call, notice.member,
             notice.outcome == OUTCOME_CRASHED ? "crashed"
             : notice.reason[0] || notice.outcome == OUTCOME_ERROR ? "failed"
                                                                   : "left the test",
             notice.reason[0] ? ": " : "", (int)strcspn(notice.reason, "\n"), notice.reason);
    leave(OUTCOME_NOTRUN, reason);
}

/* The mock calls this from a call that would wait, or that was in vain. */
static void look_around(void)
{
    if (!running.mates || running.looking || !pthread_equal(running.thread, pthread_self()))
        return;
    if (running.leaving) {
        leave_by_way_out();
        return;
    }
    follow_mates();
    const char *deadlock = mpimock_test_deadlock();
    if (!deadlock)
        return;
    mpimock_call_left();
    leave(OUTCOME_DEADLOCK, deadlock);
}

static void leave_by_error(int error, const char *text)
{
    (void)error;
    if (running.mates && !running.leaving && !running.mates->control->real)
        follow_mates(); /* the error may come of that */
    leave(OUTCOME_FAILED, text);
}

void mrt_skip(const char *why)
{
    leave(OUTCOME_SKIPPED, why);
}

int mrt_case(void)
{
    return running.step ? running.step->case_number : 0;
}

/* ---- The world ---- */

static int enter_world(const char *name, MPI_Comm team, int thread_level)
{
    const struct mpimock_world world = {.team = team, .thread_level = thread_level, .name = name};
    int error = mpimock_world_enter(&world);
    running.in_world = error == 0;
    running.pending = false;
    return error;
}

/* Negative on failure. Requests that the test left open are no failure: they are remembered, for the team's sake. Runs
 * callbacks of the test's (attributes on MPI_COMM_SELF); one that waits while the test is being left ends there, and the
 * others still run. */
static int leave_world(void)
{
    volatile int left = 0;
    for (volatile int tries = 0; running.in_world && tries < 2; tries++) {
        if (setjmp(running.way_out) == 0) {
            running.way_out_open = true;
            left = mpimock_world_leave();
            running.in_world = false;
        }
    }
    running.way_out_open = running.in_world = false;
    running.pending = running.pending || left > 0;
    return left < 0 ? left : 0;
}

/* ---- What cmocka calls ---- */

static void cmocka_speaks(void)
{
    fflush(running.out);
    stdout = stderr = running.chatter;
}

static void test_speaks(void)
{
    stdout = running.out;
    stderr = running.err;
}

static int wrapped_setup(void **state)
{
    (void)state;
    const struct execution_step *step = running.step;
    test_speaks();
    int result = step->setup ? step->setup(step->state) : 0;
    cmocka_speaks();
    return result;
}

static void wrapped_body(void **state)
{
    (void)state;
    const struct execution_step *step = running.step;
    running.phase = PHASE_BODY;
    test_speaks();
    step->function(step->state);
    running.phase = PHASE_BODY_RETURNED;
    running.body_returned = true;
    cmocka_speaks();
}

static int tear_down(CMFixtureFunction teardown, void **state)
{
    volatile int result = 0;
    if (!teardown)
        return 0;
    if (setjmp(running.way_out) == 0) {
        running.way_out_open = true;
        result = teardown(state);
    }
    running.way_out_open = false;
    return result;
}

/* Leaving the world belongs to the teardown. */
static int wrapped_teardown(void **state)
{
    (void)state;
    if (running.phase == PHASE_BODY)
        running.body_end = capture_size(&running.capture);
    if (running.phase != PHASE_BODY_RETURNED)
        tell_mates(running.phase == PHASE_SETUP ? OUTCOME_ERROR : OUTCOME_FAILED, "");
    running.phase = PHASE_TEARDOWN;
    test_speaks();
    int result = tear_down(running.step->teardown, running.step->state);
    if (leave_world() != 0 && result == 0)
        result = -1;
    running.phase = PHASE_DONE;
    cmocka_speaks();
    return result;
}

/* ---- The verdict ---- */

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static enum outcome verdict(bool failed, const char *message)
{
    if (running.following || running.left == OUTCOME_DEADLOCK)
        return (enum outcome)running.left;
    if (!failed)
        return running.body_returned ? OUTCOME_PASSED : OUTCOME_SKIPPED;
    if (running.left == OUTCOME_SKIPPED && running.phase == PHASE_SETUP)
        return OUTCOME_SKIPPED;
    if (running.phase == PHASE_SETUP || (running.phase == PHASE_TEARDOWN && running.body_returned))
        return OUTCOME_ERROR;
    if (running.left >= 0)
        return (enum outcome)running.left;
    if (running.body_returned && running.phase == PHASE_DONE && strstr(message, "Test teardown failed"))
        return OUTCOME_ERROR;
    return strstr(message, "Test failed with exception: ") ? OUTCOME_CRASHED : OUTCOME_FAILED;
}

static char *copy_of(const char *text)
{
    char *copy = strdup(text);
    return copy ? copy : calloc(1, 1);
}

/* cmocka's words about a failure: from its own stream, or out of the output when a fixture was left by a long jump; then
 * *end is where they begin. */
static char *read_message(size_t *end)
{
    if (running.phase != PHASE_SETUP && running.phase != PHASE_TEARDOWN)
        return cmocka_text_message(running.chatter_text, running.chatter_size);
    size_t size = 0;
    char *text = capture_text(&running.capture, 0, *end, &size), *message = NULL;
    if (text) {
        size_t begin = cmocka_text_begin(text, size);
        if (begin < size) {
            *end = begin;
            message = cmocka_text_message(text + begin, size - begin);
        } else {
            message = cmocka_text_message(running.chatter_text, running.chatter_size);
        }
    }
    free(text);
    return message;
}

/* fail_msg() prints its words before it fails, as the test's own output: "ERROR: " and what follows, up to where the body was
 * left, belong to a message that is a place without words. */
static void move_words(struct execution_result *result)
{
    size_t place = strlen(result->message), end = running.body_end, begin = SIZE_MAX;
    if (place == 0 || result->message[place - 1] != ':' || end > result->output_size)
        return;
    for (size_t i = 0; i + 7 < end; i++)
        if ((i == 0 || result->output[i - 1] == '\n') && memcmp(result->output + i, "ERROR: ", 7) == 0)
            begin = i;
    if (begin == SIZE_MAX || memchr(result->output + begin, '\0', end - begin))
        return;
    size_t words = end - begin - 7;
    char *message = malloc(place + 1 + words + 1);
    if (!message)
        return;
    memcpy(message, result->message, place);
    message[place] = ' ';
    memcpy(message + place + 1, result->output + begin + 7, words);
    message[place + 1 + words] = '\0';
    while (words > 0 && message[place + words] == '\n')
        message[place + words--] = '\0';
    free(result->message);
    result->message = message;
    memmove(result->output + begin, result->output + end, result->output_size + 1 - end);
    result->output_size -= end - begin;
}

static void read_result(bool failed, struct execution_result *result)
{
    size_t size = capture_size(&running.capture), end = size;
    fflush(running.chatter);
    result->message = failed ? read_message(&end) : NULL;
    if (!result->message)
        result->message = copy_of("");
    result->outcome = verdict(failed, result->message);
    if (running.left >= 0 || result->outcome == OUTCOME_SKIPPED) {
        free(result->message);
        result->message = copy_of(running.reason);
    }
    result->output = end > 0 ? capture_text(&running.capture, 0, end, &result->output_size) : NULL;
    if (!result->output)
        result->output = copy_of("");
    if (running.body_end > 0 && size <= CAPTURE_KEPT_MAX)
        move_words(result);
    result->pending = running.pending;
    if (size > 0)
        capture_clear(&running.capture);
}

/* ---- A test ---- */

static void clear(enum phase phase)
{
    running.inside = true;
    running.phase = phase;
    running.body_returned = false;
    running.body_end = 0;
    running.left = -1;
    running.reason[0] = '\0';
    running.leaving = running.following = running.way_out_open = false;
    fflush(running.chatter);
    rewind(running.chatter);
}

static void spoil(struct execution_result *result, const char *message)
{
    result->outcome = OUTCOME_ERROR;
    free(result->message);
    result->message = copy_of(message);
}

void execution_run(const struct execution_step *step, struct execution_result *result)
{
    *result = (struct execution_result){0};
    /* Setup and teardown are always ours: they mark the phases, and with both cmocka frees what a failed test left (without,
     * it would end the process). The test's own state travels in the step. */
    const struct CMUnitTest test = {step->name, wrapped_body, wrapped_setup, wrapped_teardown, NULL};
    clear(PHASE_SETUP);
    running.step = step;
    begin_together(step->mates);
    int entered = enter_world(step->name, step->team, step->thread_level);
    double begin = now();
    cmocka_speaks();
    bool failed = _cmocka_run_group_tests(step->name, &test, 1, NULL, NULL) != 0;
    test_speaks();
    result->seconds = now() - begin;
    if (failed && running.phase != PHASE_DONE)
        tell_mates(OUTCOME_ERROR, ""); /* the teardown was left */
    leave_world();
    end_together();
    read_result(failed, result);
    if (entered != 0)
        spoil(result, "the team's MPI_COMM_WORLD could not be made");
    running.step = NULL;
    running.inside = false;
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
    test_speaks();
    if (fixture)
        result = fixture(unit->state);
    if (leave_world() != 0 && result == 0)
        result = -1;
    fflush(stdout);
    running.phase = PHASE_DONE;
    running.body_returned = result == 0;
    return result;
}

static bool fixture_failed(void)
{
    return running.phase != PHASE_DONE || !running.body_returned;
}

static void read_fixture(bool failed, struct execution_result *result)
{
    if (failed)
        tell_mates(OUTCOME_ERROR, "");
    leave_world();
    end_together();
    read_result(failed, result);
    if (failed && result->outcome != OUTCOME_SKIPPED && !running.following && result->outcome != OUTCOME_DEADLOCK)
        result->outcome = OUTCOME_ERROR;
    if (failed && !result->message[0])
        spoil(result, "it returned a value other than 0");
    running.inside = false;
}

static void run_between(void)
{
    group.between_done = true;
    read_fixture(fixture_failed(), &group.setup);
    test_speaks();
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
    fflush(running.chatter);
    read_fixture(fixture_failed() || memmem(running.chatter_text, running.chatter_size, "GROUP TEARDOWN", 14), teardown);
}

int execution_begin(bool capture)
{
    static const struct mpimock_hooks hooks = {.abort = leave_by_abort, .fatal = leave_by_error};
    running.chatter = open_memstream(&running.chatter_text, &running.chatter_size);
    if (!running.chatter)
        return -ENOMEM;
    running.out = stdout;
    running.err = stderr;
    mpimock_hooks_set(&hooks);
    mpimock_waiting_hook_set(look_around);
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* lines of both streams keep their order, as on a terminal */
    return capture ? capture_begin(&running.capture) : 0;
}

void execution_end(void)
{
    if (running.capture.file >= 0)
        capture_end(&running.capture);
    if (running.chatter)
        fclose(running.chatter);
    free(running.chatter_text);
    running.chatter = NULL;
    running.chatter_text = NULL;
    mpimock_hooks_set(NULL);
    mpimock_waiting_hook_set(NULL);
}

void execution_result_finish(struct execution_result *result)
{
    free(result->message);
    free(result->output);
    *result = (struct execution_result){0};
}
