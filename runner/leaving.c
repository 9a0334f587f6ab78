/* SPDX-License-Identifier: BSD-2-Clause */
/* leaving.c: how a rank leaves a step before its end, and how its team-mates learn of it and leave too. See execution.h.
 *
 * Relies on cmocka's _fail and _skip for the long jump out of the step, and on notice.h for what members tell each other.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../mpimock/door.h"
#include "../mpimock/launch.h"
#include "execution_private.h"
#include "guard/guard.h"
#include "late.h"
#include "limit.h"
#include "loss.h"
#include "notice.h"
#include "signals.h"

#define DISMISSAL_TRIES 500 /* a tenth of a millisecond each */

void begin_together(const struct execution_mates *mates)
{
    if (!mates)
        return;
    execution.mates = mates;
    atomic_store(&execution.dismissing, false);
    execution.thread = pthread_self();
    if (!mates->control->real && mpimock_test_begin(mates->serial, mates->size, mates->members, mates->incarnations) != 0)
        execution.mates = NULL;
}

/* The test's other threads that wait in MPI on the mock would wait for ever, or see a call return that did nothing. They end
 * where they are; what they hold is the test's loss. Those that come to MPI later, until the next step, too. */
static void dismiss_threads(void)
{
    const struct timespec moment = {0, 100000};
    atomic_store(&execution.dismissing, true);
    for (int tries = 0; tries < DISMISSAL_TRIES && mpimock_waiting_threads() > 0; tries++) {
        mpimock_wait_wake();
        if (tries > 0)
            nanosleep(&moment, NULL);
    }
}

void end_together(void)
{
    guard_end();
    const struct execution_mates *mates = execution.mates;
    execution.mates = NULL; /* it is too late to leave */
    if (!mates || mates->control->real)
        return;
    dismiss_threads();
    mpimock_test_end();
}

void tell_mates(enum outcome outcome, const char *reason)
{
    const struct execution_mates *mates = execution.mates;
    bool left_before = execution.leaving;
    execution.leaving = true;
    if (!mates || left_before)
        return;
    if (mates->size > 1) /* without memory for a notice they wait until the test's time is up */
        notice_send(mates->control, mates->members, mates->size, mates->serial, mates->me, outcome, reason);
    if (!mates->control->real) {
        dismiss_threads();
        mpimock_test_left();
    }
    guard_left();
}

/* ---- Ways out ---- */

/* While a test is being left, its teardown, and callbacks, end where they would wait or fail. */
static void leave_by_way_out(void)
{
    if (!execution.way_out_open)
        return;
    execution.way_out_open = false;
    mpimock_call_left();
    longjmp(execution.way_out, 1);
}

/* Has it not been told yet why this step is left? */
static bool is_first_reason(void)
{
    return execution.left < 0 && (!execution.leaving || execution.following);
}

void end_if_child(bool failed)
{
    if (getpid() == execution.pid)
        return;
    if (failed)
        fprintf(execution.err, "mpirun-tests: a process that the test forked has left it\n");
    fflush(execution.out);
    fflush(execution.err);
    _exit(failed ? 1 : 0);
}

/* In a thread of the test's own making, whose stack has no way out of the test. */
__attribute__((noreturn)) static void leave_elsewhere(enum outcome outcome, enum how how, int code, const char *reason)
{
    struct sudden_end sudden = {.outcome = outcome, .how = how, .code = code};
    int size = snprintf(sudden.text, sizeof sudden.text, "%s", reason);
    if (size < (int)sizeof sudden.text)
        snprintf(sudden.text + size, sizeof sudden.text - (size_t)size, ", in another thread");
    sudden.frames = backtrace_take(sudden.pcs, BACKTRACE_FRAMES_MAX, NULL);
    mpimock_call_left();
    signals_stop_here(&sudden);
}

void leave(enum outcome outcome, const char *reason)
{
    if (!execution.inside) {
        fprintf(stderr, "mpirun-tests: outside of any test: %s\n", reason);
        exit(EXIT_STATUS_INTERNAL);
    }
    end_if_child(true);
    if (!signals_is_steps_thread())
        leave_elsewhere(outcome, outcome == OUTCOME_FAILED ? HOW_FAILED : HOW_NORMALLY, 0, reason);
    execution.landing_open = 0;
    bool left_before = execution.leaving;
    if (is_first_reason()) {
        execution.left = outcome;
        snprintf(execution.reason, sizeof execution.reason, "%s", reason);
    }
    if (left_before)
        leave_by_way_out();
    tell_mates(outcome, reason);
    if (outcome == OUTCOME_SKIPPED)
        _skip(__FILE__, __LINE__);
    _fail(__FILE__, __LINE__);
    abort(); /* both leave by a long jump, which their declarations do not tell */
}

void leave_suddenly(void)
{
    const struct sudden_end *sudden = &execution.sudden;
    if (is_first_reason()) {
        execution.how = sudden->how;
        execution.code = sudden->code;
        execution.trace = backtrace_text(sudden->pcs, sudden->frames);
    }
    leave(sudden->outcome ? sudden->outcome : OUTCOME_CRASHED, sudden->text);
}

static void leave_by_abort(MPI_Comm comm, int code)
{
    char reason[REASON_MAX];
    const char *name = comm == MPI_COMM_WORLD ? "MPI_COMM_WORLD" : comm == MPI_COMM_SELF ? "MPI_COMM_SELF" : "comm";
    snprintf(reason, sizeof reason, "MPI_Abort(%s, %d) called", name, code);
    if (!signals_is_steps_thread())
        leave_elsewhere(OUTCOME_CRASHED, HOW_ABORT, code, reason);
    if (is_first_reason()) {
        execution.how = HOW_ABORT;
        execution.code = code;
    }
    leave(OUTCOME_CRASHED, reason);
}

/* Has a team-mate left? Its notice is execution.notice then. */
static bool mate_has_left(void)
{
    const struct execution_mates *mates = execution.mates;
    if (!mates || mates->size < 2 || execution.looking)
        return false;
    execution.looking = true;
    bool found = notice_take(mates->control, mates->serial, &execution.notice);
    execution.looking = false;
    return found;
}

/* Leaves because of the notice. */
static void follow_mate(double since)
{
    const struct execution_mates *mates = execution.mates;
    const struct message_notice notice = execution.notice;
    char call[REASON_MAX / 2], reason[REASON_MAX];
    if (execution.leaving) {
        leave_by_way_out();
        leave(OUTCOME_NOTRUN, "left again");
    }
    mpimock_call_text(call, sizeof call);
    if (notice.outcome == OUTCOME_TIMEOUT)
        leave_late(since, true); /* its time is as good as up, and where it waits is to be told */
    execution.leaving = execution.following = true;
    if (!mates->control->real) {
        dismiss_threads();
        mpimock_test_left();
    }
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

static void follow_mates(double since)
{
    if (mate_has_left())
        follow_mate(since);
}

/* A team-mate's process has died: the test cannot be what it was. */
static void leave_the_dead(uint32_t member)
{
    char call[REASON_MAX / 2], reason[REASON_MAX];
    mpimock_call_text(call, sizeof call);
    execution.leaving = execution.following = true;
    if (!execution.mates->control->real)
        mpimock_test_left();
    mpimock_call_left();
    snprintf(reason, sizeof reason, "left %s, because rank %u is gone: its process has died", call, member);
    leave(OUTCOME_NOTRUN, reason);
}

static bool is_dead(uint32_t member)
{
    return execution.mates && loss_of_rank(execution.mates->members[member]);
}

/* UINT32_MAX: none. */
static uint32_t first_dead(void)
{
    for (uint32_t i = 0; execution.mates && i < execution.mates->size; i++)
        if (is_dead(i))
            return i;
    return UINT32_MAX;
}

bool a_mate_is_gone(void)
{
    return first_dead() != UINT32_MAX;
}

/* For the guard: is there a reason to leave? */
static bool must_leave(void)
{
    static unsigned looks;
    if (execution.mates && !execution.looking && ++looks % 64 == 0) {
        execution.looking = true;
        loss_take_news(execution.mates->control);
        execution.looking = false;
    }
    return (limit_is_up() && !execution.leaving) || (!execution.leaving && first_dead() != UINT32_MAX) || mate_has_left();
}

static void leave_guarded(void)
{
    if (limit_is_up() && !execution.leaving)
        leave_late(guard_waits_since(), false);
    if (!execution.leaving && first_dead() != UINT32_MAX)
        leave_the_dead(first_dead());
    follow_mate(guard_waits_since());
}

bool begin_guarded(MPI_Comm team)
{
    static const struct guard_host host = {.look = must_leave, .go = leave_guarded, .dead = is_dead};
    const struct execution_mates *mates = execution.mates;
    return mates && guard_begin(&(struct guard_team){.comm = team,
                                                     .members = mates->members,
                                                     .size = mates->size,
                                                     .serial = mates->serial},
                                &host);
}

/* The mock calls this from a call that would wait, or that was in vain. */
static void look_around(void)
{
    if (signals_pending() && !execution.looking) {
        mpimock_call_left();
        signals_leave_call();
    }
    if (atomic_load(&execution.dismissing) && !signals_is_steps_thread())
        pthread_exit(NULL);
    if (!execution.mates || execution.looking || !pthread_equal(execution.thread, pthread_self()))
        return;
    if (execution.leaving) {
        leave_by_way_out();
        return;
    }
    double since = mpimock_wait_since(); /* what follows calls MPI too */
    if (limit_is_up())
        leave_late(since, false);
    follow_mates(since);
    int lost = mpimock_test_lost_member();
    if (lost >= 0)
        leave_the_dead((uint32_t)lost);
    const char *deadlock = mpimock_test_deadlock();
    if (!deadlock)
        return;
    mpimock_call_left();
    leave(OUTCOME_DEADLOCK, deadlock);
}

static void leave_by_error(int error, const char *text)
{
    (void)error;
    if (execution.mates && !execution.leaving && !execution.mates->control->real && signals_is_steps_thread())
        follow_mates(0); /* the error may come of that */
    leave(OUTCOME_FAILED, text);
}

void mrt_skip(const char *why)
{
    leave(OUTCOME_SKIPPED, why);
}

/* A thread that a test left running goes on when the test has ended: not into MPI, where it would meet the next test. */
static void stop_stray(void)
{
    if (!signals_is_steps_thread())
        signals_rest();
}

void leaving_begin(void)
{
    static const struct mpimock_hooks hooks = {.abort = leave_by_abort, .fatal = leave_by_error, .stray = stop_stray};
    mpimock_hooks_set(&hooks);
    mpimock_waiting_hook_set(look_around);
    late_begin();
}

void leaving_end(void)
{
    late_end();
    mpimock_hooks_set(NULL);
    mpimock_waiting_hook_set(NULL);
}
