/* SPDX-License-Identifier: BSD-2-Clause */
/* limit.c: see limit.h. */
#include "limit.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "unwind.h"
#include "watch.h"

#define TRY_SECONDS   1.0
#define AGAIN_SECONDS 100e-6 /* a loop that prints is in code of its own for a few thousandths of the time */
#define SLOW_SECONDS  0.1 /* a signal that has not come by then is blocked */

static struct {
    struct limit_host host;
    pid_t process, thread;
    struct sigaction before;
    atomic_bool started;
    _Atomic uint32_t step;    /* odd while one is on; each has numbers of its own */
    _Atomic double due;       /* when its time is up */
    _Atomic double seconds;   /* that it was given */
    _Atomic uint32_t up;      /* the step whose time is up */
    atomic_bool sent;         /* a signal is on its way, and will want to know what unwind_look() saw */
    atomic_int on_way;        /* how many are: a late one is sent again, and real-time signals queue */
    _Atomic double end;       /* of all */
    /* Of the watch alone: */
    uint32_t trying; /* the step that it tries to end … */
    double since;    /* … from then on */
    double sent_at;
    double next;     /* the next try */
    bool gave_up;
} limit = {.end = INFINITY, .due = INFINITY};

/* The last that no library is known to use. */
static int limit_signal(void)
{
    return SIGRTMIN + 7;
}

/* ---- The step's thread ---- */

static void begin(double seconds, double end)
{
    double due = seconds >= 0 ? clock_now() + seconds : INFINITY;
    atomic_store(&limit.due, INFINITY);
    atomic_store(&limit.step, (atomic_load(&limit.step) | 1) + 2);
    atomic_store(&limit.seconds, seconds);
    atomic_store(&limit.due, due < end ? due : end);
    watch_expect(due < end ? due : end);
}

void limit_begin(double seconds)
{
    begin(seconds, atomic_load(&limit.end));
}

void limit_extend(double seconds)
{
    begin(seconds, INFINITY);
}

void limit_end(void)
{
    atomic_store(&limit.due, INFINITY);
    atomic_store(&limit.step, (atomic_load(&limit.step) | 1) + 1);
}

bool limit_is_up(void)
{
    return atomic_load_explicit(&limit.up, memory_order_relaxed) == atomic_load_explicit(&limit.step, memory_order_relaxed);
}

double limit_seconds(void)
{
    return atomic_load(&limit.seconds);
}

void limit_set_end(double moment)
{
    atomic_store(&limit.end, moment);
}

void limit_hasten_end(double moment)
{
    double due = atomic_load(&limit.due);
    if (moment < atomic_load(&limit.end))
        atomic_store(&limit.end, moment);
    if ((atomic_load(&limit.step) & 1) != 0 && moment < due)
        atomic_compare_exchange_strong(&limit.due, &due, moment);
    watch_expect(moment);
}

double limit_last_moment(void)
{
    return atomic_load(&limit.end);
}

bool limit_end_has_come(void)
{
    double end = atomic_load(&limit.end);
    return !isinf(end) && clock_now() >= end;
}

static void on_signal(int number, siginfo_t *info, void *context)
{
    int saved = errno;
    if (atomic_fetch_sub(&limit.on_way, 1) <= 0) { /* the test's own affair */
        atomic_fetch_add(&limit.on_way, 1);
        if (limit.before.sa_flags & SA_SIGINFO)
            limit.before.sa_sigaction(number, info, context);
        return;
    }
    bool safe = limit_is_up() && unwind_is_safe(context);
    atomic_store(&limit.sent, false);
    if (safe)
        limit.host.leave(context);
    errno = saved;
}

/* ---- The watch ---- */

/* True: its time is not up after all. */
static bool is_excused(uint32_t step, double now)
{
    if (!limit.host.excused || !limit.host.excused())
        return false;
    double seconds = atomic_load(&limit.seconds), due = now + (seconds > AGAIN_SECONDS ? seconds : 1.0);
    double before = atomic_load(&limit.due);
    if (atomic_load(&limit.step) == step)
        atomic_compare_exchange_strong(&limit.due, &before, due); /* fails where another step has begun */
    return true;
}

double limit_due(double now)
{
    uint32_t step = atomic_load(&limit.step);
    double due = atomic_load(&limit.due);
    if (!(step & 1) || now < due || !limit.started)
        return due;
    if (limit.trying != step) {
        if (is_excused(step, now))
            return atomic_load(&limit.due);
        limit.trying = step;
        limit.since = limit.next = now;
        limit.gave_up = false;
        atomic_store(&limit.up, step);
    }
    if (limit.gave_up)
        return INFINITY;
    if (now - limit.since > TRY_SECONDS) {
        limit.gave_up = true;
        limit.host.give_up();
        return INFINITY;
    }
    if (now < limit.next)
        return limit.next;
    if (!atomic_exchange(&limit.sent, true) || now - limit.sent_at > SLOW_SECONDS) {
        limit.sent_at = now;
        limit.host.wake();
        unwind_look(limit.thread);
        atomic_fetch_add(&limit.on_way, 1);
        if (syscall(SYS_tgkill, limit.process, limit.thread, limit_signal()) != 0)
            atomic_fetch_sub(&limit.on_way, 1);
    }
    limit.next = now + AGAIN_SECONDS;
    return limit.next;
}

/* ---- Start ---- */

void limit_start(const struct limit_host *host)
{
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTART};
    limit.host = *host;
    limit.process = getpid();
    limit.thread = (pid_t)syscall(SYS_gettid);
    unwind_begin();
    sigemptyset(&action.sa_mask);
    sigaction(limit_signal(), &action, &limit.before);
    limit.started = true;
}

void limit_stop(void)
{
    if (!limit.started)
        return;
    limit.started = false;
    sigaction(limit_signal(), &limit.before, NULL);
}
