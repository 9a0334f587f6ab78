/* SPDX-License-Identifier: BSD-2-Clause */
/* waiting.c: progress, then spinning, then sleep.
 *
 * Relies on the doorbell's protocol (struct segment_rank). A rank spins only while no more ranks run than there are
 * cores, and not for long; where there are more it yields a few times, since what it waits for needs the core; then it
 * sleeps without a time limit, and uses nothing.
 *
 * Before it sleeps it publishes what it waits for, takes itself off the number of running ranks, and looks whether it can
 * ever go on (deadlock.h): in a test of the runner's among its team (test.c), else in the whole job. That number and each
 * rank's own mark are changed in such an order that the death of a rank in between leaves the number too small at most.
 *
 * A rank with several threads is blocked when all of them are, helpers apart; it then waits for whatever frees one of
 * them. While another thread runs, and might call MPI (the test has not asked for less than MPI_THREAD_MULTIPLE), those that
 * wait look again from time to time. One that waits until a deadline is never stuck.
 */
#include "../launch.h"
#include "waiting.h"

#include <limits.h>
#include <linux/futex.h>
#include <math.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "deadlock.h"
#include "needs.h"
#include "process.h"
#include "test.h"
#include "transfer.h"

#define SPIN_NANOSECONDS 50000
#define SPIN_ROUND       128 /* looks between two looks at the clock */
#define YIELDS           8
/* How often a thread looks whether the others of its process still run: one that ends tells nobody. */
#define LOOK_AGAIN_NANOSECONDS (20 * 1000 * 1000)

static void (*waiting_hook)(void);
static _Thread_local bool idle, helper;
static _Thread_local double deadline = INFINITY; /* seconds of CLOCK_MONOTONIC */
static _Atomic int helpers;
static _Atomic int waiting_now;
static _Thread_local double since; /* it began to sleep in this call; 0: it has not */

/* Threads of this process in sleep_once(), under the lock. */
struct sleeper {
    const struct waiting *waiting;
    uint32_t bell; /* that it sleeps on */
    int clash;     /* a rank in another collective call, … */
    uint64_t what; /* … this one; -1: none */
    struct sleeper *next;
};
static struct sleeper *sleeping;
static int sleepers;

void mpimock_wait_is_idle(bool is_idle)
{
    idle = is_idle;
}

void mpimock_wait_deadline(double seconds)
{
    deadline = seconds;
}

int mpimock_waiting_threads(void)
{
    return waiting_threads();
}

void mpimock_thread_stops(void)
{
    mpimock_thread_is_helper(true);
}

void mpimock_wait_wake(void)
{
    if (mock.segment == NULL)
        return;
    atomic_fetch_add(&request_events, 1);
    segment_wake(segment_rank(mock.segment, mock.rank));
}

double mpimock_wait_since(void)
{
    return since;
}

void mpimock_thread_is_helper(bool is_helper)
{
    if (helper != is_helper)
        atomic_fetch_add(&helpers, is_helper ? 1 : -1);
    helper = is_helper;
}

static bool oversubscribed(void)
{
    return atomic_load_explicit(&mock.segment->running, memory_order_relaxed) > mock.segment->cores;
}

void mpimock_waiting_hook_set(void (*hook)(void))
{
    waiting_hook = hook;
}

int waiting_threads(void)
{
    return atomic_load(&waiting_now);
}

/* For the report. The hook asks too, on its own behalf, while the thread is in another call. */
static void note_question(void)
{
    enum mpimock_function function = mpimock_call()->function;
    switch (function) {
    case MPIMOCK_TEST:
    case MPIMOCK_TESTALL:
    case MPIMOCK_TESTANY:
    case MPIMOCK_TESTSOME:
    case MPIMOCK_IPROBE:
    case MPIMOCK_IMPROBE:
    case MPIMOCK_REQUEST_GET_STATUS:
        atomic_store_explicit(&segment_rank(mock.segment, mock.rank)->polls_in, (uint16_t)function, memory_order_relaxed);
        break;
    default:
        break;
    }
}

void mock_yield(void)
{
    since = 0;
    if (waiting_hook != NULL)
        waiting_hook();
    if (mock.segment == NULL)
        return;
    note_question();
    if (oversubscribed())
        sched_yield();
}

static bool has_news(const struct segment_rank *slot)
{
    for (int word = 0; word * 64 < mock.size; word++)
        if (atomic_load(&slot->news[word]) != 0)
            return true;
    return false;
}

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static long long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static bool is_late(void)
{
    return !isinf(deadline) && (double)now() * 1e-9 >= deadline;
}

/* How long to sleep at most: NULL, for ever. */
static const struct timespec *time_left(bool blocked, struct timespec *time)
{
    long long left = isinf(deadline) ? LLONG_MAX : (long long)(deadline * 1e9) - now();
    if (!blocked && left > LOOK_AGAIN_NANOSECONDS)
        left = LOOK_AGAIN_NANOSECONDS;
    if (left == LLONG_MAX)
        return NULL;
    *time = (struct timespec){.tv_sec = left > 0 ? left / 1000000000 : 0, .tv_nsec = left > 0 ? left % 1000000000 : 0};
    return time;
}

/* True: something came meanwhile. Without the lock. */
static bool spin(const struct segment_rank *slot, uint32_t seen, uint32_t bell)
{
    long long start = 0;
    while (!oversubscribed()) {
        for (int i = 0; i < SPIN_ROUND; i++) {
            if (has_news(slot) || atomic_load_explicit(&request_events, memory_order_relaxed) != seen ||
                atomic_load_explicit(&slot->bell, memory_order_relaxed) != bell)
                return true;
            relax();
        }
        if (start == 0)
            start = now();
        else if (now() - start > SPIN_NANOSECONDS)
            return false;
    }
    for (int i = 0; i < YIELDS; i++) {
        sched_yield();
        if (has_news(slot))
            return true;
    }
    return false;
}

/* Are all threads of this process asleep, or about to be, in the mock? Those for which the bell has rung meanwhile are
 * about to wake. */
static bool nobody_else_runs(uint32_t bell)
{
    struct stat status;
    for (const struct sleeper *sleeper = sleeping; sleeper != NULL; sleeper = sleeper->next)
        if (sleeper->bell != bell)
            return false;
    if (mock.thread_level < MPI_THREAD_MULTIPLE || mpimock_world_thread_level() < MPI_THREAD_MULTIPLE)
        return true; /* the others do not call MPI while this one does */
    if (stat("/proc/self/task", &status) != 0)
        return false;
    return (int)status.st_nlink - 2 - atomic_load(&helpers) <= sleepers;
}

/* What the other threads wait for. */
static void merge_others(struct segment_wait *wait, const struct sleeper *self)
{
    wait->threads = (uint8_t)(sleepers < 255 ? sleepers : 255);
    for (const struct sleeper *other = sleeping; other != NULL; other = other->next) {
        struct segment_wait others = {.kind = SEGMENT_WAIT_OTHER};
        if (other == self)
            continue;
        other->waiting->describe(other->waiting->argument, &others);
        needs_merge(wait, &others);
    }
}

static void publish(const struct sleeper *self, struct segment_rank *slot, uint32_t bell)
{
    struct segment_wait *wait = &slot->wait;
    const struct mpimock_call *call = mpimock_call();
    memset(wait, 0, sizeof *wait);
    strncpy(wait->call, mpimock_function_name(call->function), sizeof wait->call - 1);
    self->waiting->describe(self->waiting->argument, wait);
    merge_others(wait, self);
    if (!isinf(deadline)) {
        wait->sets = 0;
        wait->meets = false;
        memset(wait->all, 0, sizeof wait->all);
    }
    wait->caller = (uintptr_t)call->caller;
    wait->since = (uint64_t)now();
    wait->idle = idle;
    wait->bell = bell;
    atomic_fetch_add(&slot->blocked, 1);
}

/* True: it is the one that leaves a test. Does not come back from the end of the job. */
static bool is_stuck(void)
{
    if (atomic_load(&segment_rank(mock.segment, mock.rank)->test) != 0)
        return test_is_stuck();
    if (deadlock_declare(mock.segment, mock.rank))
        process_end(PROCESS_STATUS_DEADLOCK);
    return false;
}

static bool clashes(struct sleeper *self)
{
    const struct deadlock_view view = test_view();
    return self->waiting->refuse != NULL && deadlock_clash(&view, mock.rank, &self->clash, &self->what);
}

static void fall_asleep(struct sleeper *self, struct segment_rank *slot, uint32_t bell)
{
    bool blocked = nobody_else_runs(bell), stuck = false;
    if (blocked) {
        publish(self, slot, bell);
        atomic_fetch_sub(&mock.segment->running, 1);
        atomic_store(&slot->running, 0);
    }
    unsigned depth = process_unlock_all();
    if (blocked)
        stuck = clashes(self) || is_stuck();
    struct timespec time;
    if (!stuck)
        syscall(SYS_futex, &slot->bell, FUTEX_WAIT, bell, time_left(blocked, &time), NULL, 0);
    process_lock_again(depth);
    if (atomic_load(&slot->blocked) & 1) {
        atomic_store(&slot->running, 1);
        atomic_fetch_add(&mock.segment->running, 1);
        atomic_fetch_add(&slot->blocked, 1);
    }
}

/* An error class of waiting->refuse, or MPI_SUCCESS. */
static int sleep_once(const struct waiting *waiting, struct segment_rank *slot, uint32_t seen)
{
    struct sleeper self = {.waiting = waiting, .clash = -1};
    uint32_t bell = atomic_load(&slot->bell);
    if (since == 0)
        since = (double)now() * 1e-9;
    atomic_fetch_add(&slot->sleeping, 1);
    if (!has_news(slot) && atomic_load(&request_events) == seen && !waiting->done(waiting->argument)) {
        self.bell = bell;
        self.next = sleeping;
        sleeping = &self;
        sleepers++;
        fall_asleep(&self, slot, bell);
        sleepers--;
        struct sleeper **place = &sleeping;
        while (*place != &self)
            place = &(*place)->next;
        *place = self.next;
    }
    atomic_fetch_sub(&slot->sleeping, 1);
    return self.clash >= 0 ? waiting->refuse(waiting->argument, self.clash, self.what) : MPI_SUCCESS;
}

/* It waits for work, and whoever hands that out has ended: a process that took a dead one's place too late. */
static bool is_forgotten(const struct segment_rank *slot)
{
    return idle && mock.segment->renews != 0 && mock.rank != 0 &&
           atomic_load(&segment_rank(mock.segment, 0)->state) == SEGMENT_GONE && !has_news(slot);
}

/* Under the lock, like mock_wait_until. The hook may not come back. */
static int wait_until(const struct waiting *waiting)
{
    struct segment_rank *slot = segment_rank(mock.segment, mock.rank);
    for (;;) {
        uint32_t bell = atomic_load_explicit(&slot->bell, memory_order_relaxed);
        transfer_progress();
        if (waiting->done(waiting->argument))
            return MPI_SUCCESS;
        if (is_late())
            return MPI_ERR_PENDING;
        if (is_forgotten(slot))
            process_end(0);
        if (transfer_out_of_memory())
            return mpimock_error(MPI_ERR_NO_MEM, "no memory to keep a message that has come before its receive");
        uint32_t seen = atomic_load(&request_events);
        unsigned depth = process_unlock_all();
        if (waiting_hook != NULL) {
            atomic_fetch_sub(&waiting_now, 1);
            waiting_hook();
            atomic_fetch_add(&waiting_now, 1);
        }
        atomic_store_explicit(&slot->waits_in, (uint16_t)mpimock_call()->function, memory_order_relaxed);
        bool news = spin(slot, seen, bell);
        atomic_store_explicit(&slot->waits_in, 0, memory_order_relaxed);
        process_lock_again(depth);
        int refused = news ? MPI_SUCCESS : sleep_once(waiting, slot, seen);
        if (refused != MPI_SUCCESS)
            return refused;
    }
}

int mock_wait_until(const struct waiting *waiting)
{
    if (mock.segment == NULL)
        return mpimock_error(MPI_ERR_OTHER, "MPI is not initialised");
    atomic_fetch_add(&waiting_now, 1);
    since = 0;
    atomic_store_explicit(&segment_rank(mock.segment, mock.rank)->polls_in, 0, memory_order_relaxed);
    int error = wait_until(waiting);
    atomic_fetch_sub(&waiting_now, 1);
    return error;
}
