/* SPDX-License-Identifier: BSD-2-Clause */
/* late.c: see late.h.
 *
 * A rank that waits in MPI finds out in the hook of its wait; one that computes is interrupted by a signal where that is safe.
 * What it says is in two parts: where it is in few words, for rank 0's roll-call (rollcall.h), and all that is known of it.
 */
#include "late.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../mpimock/door.h"
#include "../mpimock/launch.h"
#include "backtrace.h"
#include "clock.h"
#include "execution_private.h"
#include "give_up.h"
#include "limit.h"
#include "traced.h"

static void write_words(char *text, size_t size)
{
    if (limit_end_has_come())
        snprintf(text, size, "the time of the whole run was up (--global-timeout)");
    else
        snprintf(text, size, "timed out after %.4g s", limit_seconds());
}

/* … and nobody's time is up while it is found out where the rank is: debugging information may be large. */
static void write_limit(char *text, size_t size)
{
    write_words(text, size);
    limit_extend(-1);
}

/* For the result. Where this rank leaves its test already, it is told where it was then. */
static void keep_place(const char *place, void *const pcs[], size_t count)
{
    if (execution.leaving)
        return;
    snprintf(execution.place, sizeof execution.place, "%s", place);
    free(execution.trace);
    execution.trace = backtrace_text(pcs, count);
}

/* "solver.c:88" out of "compute(), solver.c:88"; all of it where there is no line. */
static const char *line_of(const char *place)
{
    const char *comma = strrchr(place, ',');
    return comma && comma[1] == ' ' ? comma + 2 : place;
}

void leave_late(double since, bool following)
{
    const struct mpimock_call *call = mpimock_call();
    const char *name = mpimock_function_name(call->function);
    char limit[128], text[REASON_MAX / 2], caller[192] = "", place[256], waited[64] = "", reason[REASON_MAX];
    void *pcs[BACKTRACE_FRAMES_MAX];
    write_limit(limit, sizeof limit);
    mpimock_call_text(text, sizeof text);
    if (call->caller)
        backtrace_place((const char *)call->caller - 1, caller, sizeof caller);
    if (since > 0)
        snprintf(waited, sizeof waited, ", waiting for %.3g s", clock_now() - since);
    snprintf(place, sizeof place, "%s %s%s%s%s", since > 0 ? "waits in" : "is in", name, caller[0] ? " (" : "", line_of(caller),
             caller[0] ? ")" : "");
    snprintf(reason, sizeof reason, "%s in %s%s%s%s", limit, text, caller[0] ? ", called by " : "", caller, waited);
    size_t count = backtrace_take(pcs, BACKTRACE_FRAMES_MAX, NULL);
    keep_place(place, pcs, count);
    if (following) {
        execution.leaving = execution.following = true;
        if (!execution.mates->control->real)
            mpimock_test_left();
    }
    mpimock_call_left();
    limit_extend(LEAVING_SECONDS);
    leave(OUTCOME_TIMEOUT, reason);
}

/* The innermost function of the user's that has a name: a few instructions between functions have none. */
static void name_function(void *const pcs[], size_t count, char *name, size_t size)
{
    const void *pc = backtrace_users(pcs, count);
    for (size_t i = 0; pc && i < count; i++) {
        backtrace_place(pc, name, size);
        if (strstr(name, "()"))
            return;
        while (i < count && pcs[i] != pc)
            i++;
        pc = i < count ? backtrace_users(pcs + i + 1, count - i - 1) : NULL;
    }
}

/* A library's, where a call of its is the last thing that the user's function does, and so all that is left of it. */
static void name_outermost(void *const pcs[], size_t count, char *name, size_t size)
{
    while (count-- > 0) {
        backtrace_place(pcs[count], name, size);
        char *end = strstr(name, "()");
        if (end) {
            end[2] = '\0'; /* the line is in a file that nobody has */
            return;
        }
    }
    name[0] = '\0';
}

/* In the signal's handler. In MPI its wait will find out. */
static void jump(const ucontext_t *context)
{
    struct sudden_end *sudden = &execution.sudden;
    if (mpimock_call()->function != MPIMOCK_NONE || !execution.landing_open)
        return;
    execution.landing_open = 0;
    sudden->frames = backtrace_take(sudden->pcs, BACKTRACE_FRAMES_MAX, context);
    sudden->mask = context->uc_sigmask;
    siglongjmp(execution.landing, LANDING_LATE);
}

void leave_late_computation(void)
{
    char limit[128], function[192] = "", place[256], reason[REASON_MAX];
    void *const *pcs = execution.sudden.pcs;
    size_t count = execution.sudden.frames;
    pthread_sigmask(SIG_SETMASK, &execution.sudden.mask, NULL);
    write_limit(limit, sizeof limit);
    name_function(pcs, count, function, sizeof function);
    if (!strstr(function, "()"))
        name_outermost(pcs, count, function, sizeof function);
    snprintf(place, sizeof place, "is in %s", function[0] ? function : "code without a name");
    snprintf(reason, sizeof reason, "%s%s%s", limit, function[0] ? " in " : "", function);
    keep_place(place, pcs, count);
    limit_extend(LEAVING_SECONDS);
    leave(OUTCOME_TIMEOUT, reason);
}

/* In the thread of the watch. On the mock another process takes this one's place. */
static void give_up_late(void)
{
    char limit[128], text[256];
    const struct execution_mates *mates = execution.mates;
    if (mpimock_backend() != &mpimock_backend_mock && mates && mates->control->rank != 0)
        return; /* the main rank will not wait for this one; for the main rank itself everybody would */
    write_words(limit, sizeof limit);
    snprintf(text, sizeof text, "%s, and could not be interrupted", limit);
    execution.sudden.how = HOW_NORMALLY;
    execution.sudden.frames = 0;
    give_up(OUTCOME_TIMEOUT, text);
}

void late_begin(void)
{
    static const struct limit_host host = {.leave = jump, .wake = mpimock_wait_wake, .give_up = give_up_late, .excused = traced_node};
    backtrace_prepare();
    limit_start(&host);
}

void late_end(void)
{
    limit_stop();
}
