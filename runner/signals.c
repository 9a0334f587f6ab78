/* SPDX-License-Identifier: BSD-2-Clause */
/* signals.c: see signals.h.
 *
 *     test runs ──signal──▶ handler ──safe──▶ landing (execution.c: call) ──▶ leave_suddenly()
 *                              │ not safe, and the thread's own doing: give_up()
 *                              └ not safe, from elsewhere: noted; SIGALRM in 1 ms ──▶ handler; or the next MPI call that waits
 */
#include "signals.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "../mpimock/door.h"
#include "../mpimock/launch.h"
#include "give_up.h"
#include "signals_safe.h"

#define STACK_SIZE ((size_t)256 * 1024)
#define TRIES_MAX  1000   /* a second */
#define RETRY      SIGALRM
#define STACK_NEAR ((uintptr_t)64 * 1024) /* a fault so near to the stack pointer is an overflow */

/* Faults and abort(): others may have taken these for themselves (cmocka, MPI libraries), but in a test they are ours. */
static const int faults[] = {SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS};
/* What ends the run, when it comes from elsewhere. */
static const int runs[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1};
/* And the rest, real-time signals too: where nobody else has taken them. */
static const int others[] = {SIGUSR2, SIGPIPE, SIGALRM, SIGSTKFLT, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGIO, SIGPWR};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct {
    pid_t thread;                /* that runs the steps */
    void *stack;
    bool begun;
    struct sigaction before[NSIG];
    volatile sig_atomic_t handling;
    volatile sig_atomic_t tries;
    /* An end that the steps' thread has still to follow: written by one thread (`claimed`), then `pending`. */
    atomic_bool claimed, pending;
    struct sudden_end noted;
} signals;

static bool is_one_of(int number, const int numbers[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (numbers[i] == number)
            return true;
    return false;
}

static bool is_fault(int number)
{
    return is_one_of(number, faults, COUNT(faults));
}

bool signals_is_steps_thread(void)
{
    return (pid_t)syscall(SYS_gettid) == signals.thread;
}

/* ---- In words ---- */

static const char *explain(int number, int code)
{
    static const struct {
        int number, code;
        const char *words;
    } table[] = {
        {SIGFPE, FPE_INTDIV, ": integer division by zero"}, {SIGFPE, FPE_FLTDIV, ": division by zero"},
        {SIGFPE, FPE_FLTOVF, ": overflow"},                 {SIGFPE, FPE_FLTINV, ": invalid operation"},
        {SIGBUS, BUS_ADRALN, ": misaligned"},               {SIGBUS, BUS_ADRERR, ": no such memory (a file cut short?)"},
        {SIGSEGV, SEGV_ACCERR, ": not permitted"},
    };
    for (size_t i = 0; i < COUNT(table); i++)
        if (table[i].number == number && table[i].code == code)
            return table[i].words;
    return "";
}

static uintptr_t stack_pointer(const ucontext_t *context)
{
#if defined(__x86_64__)
    return (uintptr_t)context->uc_mcontext.gregs[REG_RSP];
#elif defined(__aarch64__)
    return (uintptr_t)context->uc_mcontext.sp;
#else
    (void)context;
    return 0;
#endif
}

static void describe(struct sudden_end *sudden, int number, const siginfo_t *info, const ucontext_t *context)
{
    char name[64];
    const char *known = sigdescr_np(number);
    if (known)
        snprintf(name, sizeof name, "%s", known);
    else
        snprintf(name, sizeof name, "real-time signal %d", number - SIGRTMIN);
    int size = snprintf(sudden->text, sizeof sudden->text, "signal %d (%s)", number, name);
    char *end = sudden->text + size;
    size_t room = sizeof sudden->text - (size_t)size;
    sudden->address = 0;
    if (info->si_code <= 0) {
        if (info->si_pid != execution.pid)
            snprintf(end, room, " from process %d", (int)info->si_pid);
    } else if (number == SIGSEGV || number == SIGBUS) {
        sudden->address = (uintptr_t)info->si_addr;
        if (number == SIGSEGV && sudden->address - (stack_pointer(context) - STACK_NEAR) < 2 * STACK_NEAR)
            snprintf(end, room, ": stack overflow");
        else if (info->si_code == SI_KERNEL) /* not a number that the processor takes for an address */
            snprintf(end, room, ": an address that cannot be");
        else
            snprintf(end, room, " at address 0x%zx%s", (size_t)sudden->address, explain(number, info->si_code));
    } else if (is_fault(number)) {
        snprintf(end, room, "%s", explain(number, info->si_code));
    }
}

/* ---- The handler ---- */

static void handle(int number, siginfo_t *info, void *context);

static void install(int number, struct sigaction *before)
{
    /* One that is the run's interrupts no call of the test's. */
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER |
                                           (is_one_of(number, runs, COUNT(runs)) ? SA_RESTART : 0)};
    action.sa_sigaction = handle;
    sigfillset(&action.sa_mask);
    for (size_t i = 0; i < COUNT(faults); i++)
        sigdelset(&action.sa_mask, faults[i]); /* a fault in the handler must reach it, and not be the silent end */
    sigaction(number, &action, before);
}

/* Outside of tests, in a child of a test's, or for the run: what would have come without us. */
static void pass_on(int number, siginfo_t *info, void *context)
{
    const struct sigaction *before = &signals.before[number];
    sigset_t set;
    if (before->sa_flags & SA_SIGINFO) {
        before->sa_sigaction(number, info, context);
        return;
    }
    if (before->sa_handler == SIG_IGN)
        return;
    if (before->sa_handler != SIG_DFL) {
        before->sa_handler(number);
        return;
    }
    sigaction(number, before, NULL);
    if (is_fault(number) && info->si_code > 0)
        return; /* it happens again */
    sigemptyset(&set);
    sigaddset(&set, number);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    raise(number);
}

static void try_again(void)
{
    const struct itimerval soon = {{0, 0}, {0, 1000}};
    install(RETRY, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
}

void signals_rest(void)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    /* Until the test is being left, this thread counts as one that may still do something: else the others might be taken for a
     * deadlock. */
    while (atomic_load(&signals.pending))
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    mpimock_thread_stops();
    for (;;)
        sigsuspend(&all);
}

/* Hands it to the steps' thread. False: an end was noted before, and this one is a consequence, or an accident. */
static bool note(const struct sudden_end *sudden)
{
    if (atomic_exchange(&signals.claimed, true))
        return false;
    signals.noted = *sudden;
    signals.tries = 0;
    atomic_store(&signals.pending, true);
    return true;
}

static void wake_steps_thread(void)
{
    install(RETRY, NULL);
    syscall(SYS_tgkill, execution.pid, signals.thread, RETRY);
}

void signals_stop_here(const struct sudden_end *sudden)
{
    if (note(sudden))
        wake_steps_thread();
    signals_rest();
    abort(); /* never comes here */
}

/* In a thread of the test's own making. */
static void handle_elsewhere(struct sudden_end *sudden, const ucontext_t *context, bool own)
{
    if (!own) {
        if (note(sudden))
            wake_steps_thread();
        return;
    }
    const char *where = mpimock_call()->function != MPIMOCK_NONE
                            ? "an MPI call"
                            : signals_unsafe(sudden->pcs, sudden->frames, context, true, sudden->code == SIGABRT);
    if (where) {
        execution.sudden = *sudden;
        strncat(execution.sudden.text, ", in another thread", sizeof sudden->text - strlen(execution.sudden.text) - 1);
        give_up(OUTCOME_CRASHED, execution.sudden.text);
    }
    strncat(sudden->text, ", in another thread", sizeof sudden->text - strlen(sudden->text) - 1);
    signals_stop_here(sudden);
}

static void give_up_in(const char *where)
{
    struct sudden_end *sudden = &execution.sudden;
    size_t size = strlen(sudden->text);
    snprintf(sudden->text + size, sizeof sudden->text - size, ", in %s: the rank could not go on", where);
    give_up(OUTCOME_CRASHED, sudden->text);
}

/* In the steps' thread: to the landing, or not now, or never. */
static void land(const ucontext_t *context, void *const pcs[], size_t frames, bool own)
{
    const char *where = signals_unsafe(pcs, frames, context, own, own && execution.sudden.code == SIGABRT);
    if (mpimock_call()->function != MPIMOCK_NONE)
        where = "an MPI call";
    if (!execution.landing_open && !own)
        return;
    if (!execution.landing_open)
        where = "the runner";
    if (!where) {
        execution.landing_open = 0;
        execution.sudden.mask = context->uc_sigmask;
        signals.handling = 0;
        siglongjmp(execution.landing, 1);
    }
    if (own || signals.tries >= TRIES_MAX)
        give_up_in(where);
    signals.tries++;
    try_again();
}

/* What was noted, by this thread before or by another. */
static void follow_note(const ucontext_t *context)
{
    void *pcs[BACKTRACE_FRAMES_MAX];
    size_t frames = backtrace_take(pcs, BACKTRACE_FRAMES_MAX, context);
    execution.sudden = signals.noted;
    land(context, pcs, frames, false);
}

static void handle_in_test(int number, siginfo_t *info, void *context)
{
    bool raised = info->si_code == SI_TKILL && info->si_pid == execution.pid;
    bool own = number == SIGABRT || raised || (is_fault(number) && info->si_code > 0);
    if (number == RETRY && atomic_load(&signals.pending) && signals_is_steps_thread()) {
        follow_note(context);
        return;
    }
    struct sudden_end sudden = {.how = HOW_SIGNAL, .code = number};
    describe(&sudden, number, info, context);
    sudden.frames = backtrace_take(sudden.pcs, BACKTRACE_FRAMES_MAX, context);
    if (!signals_is_steps_thread()) {
        handle_elsewhere(&sudden, context, own);
        return;
    }
    if (!own) {
        if (note(&sudden))
            follow_note(context);
        return;
    }
    execution.sudden = sudden;
    land(context, sudden.pcs, sudden.frames, true);
}

static bool is_timers(int number, const siginfo_t *info)
{
    return info->si_code == SI_TIMER ||
           (info->si_code == SI_KERNEL && (number == SIGALRM || number == SIGVTALRM || number == SIGPROF));
}

static void handle(int number, siginfo_t *info, void *context)
{
    int error = errno;
    bool ours = execution.inside && getpid() == execution.pid;
    if (ours && is_one_of(number, runs, COUNT(runs)))
        ours = info->si_code <= 0 && info->si_pid == execution.pid;
    if (!ours && getpid() == execution.pid && is_timers(number, info)) {
        /* of a test that has ended: no timer of the runner's sends these */
    } else if (!ours) {
        pass_on(number, info, context);
    } else if (signals_is_steps_thread()) {
        if (signals.handling)
            give_up_in("the handler of a signal");
        signals.handling = 1;
        handle_in_test(number, info, context);
        signals.handling = 0;
    } else {
        handle_in_test(number, info, context);
    }
    errno = error;
}

/* ---- Outside of handlers ---- */

bool signals_pending(void)
{
    return atomic_load(&signals.pending) && signals_is_steps_thread();
}

static void stop_trying(void)
{
    const struct itimerval none = {{0, 0}, {0, 0}};
    if (!atomic_load(&signals.claimed))
        return;
    setitimer(ITIMER_REAL, &none, NULL);
    atomic_store(&signals.pending, false);
    atomic_store(&signals.claimed, false);
}

void signals_leave(void)
{
    stop_trying();
    pthread_sigmask(SIG_SETMASK, &execution.sudden.mask, NULL);
    leave_suddenly();
}

void signals_leave_call(void)
{
    execution.sudden = signals.noted;
    stop_trying();
    leave_suddenly();
}

void signals_arm(void)
{
    for (size_t i = 0; i < COUNT(faults); i++)
        install(faults[i], NULL);
    stop_trying();
}

void signals_disarm(void)
{
    stop_trying();
}

static void install_where_default(int number)
{
    sigaction(number, NULL, &signals.before[number]);
    if (!(signals.before[number].sa_flags & SA_SIGINFO) && signals.before[number].sa_handler == SIG_DFL)
        install(number, NULL);
}

void signals_begin(void)
{
    if (signals.begun)
        return;
    signals.thread = (pid_t)syscall(SYS_gettid);
    backtrace_prepare();
    signals_safe_begin();
    signals.stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (signals.stack != MAP_FAILED)
        sigaltstack(&(stack_t){.ss_sp = signals.stack, .ss_size = STACK_SIZE}, NULL);
    for (size_t i = 0; i < COUNT(faults); i++)
        install(faults[i], &signals.before[faults[i]]);
    for (size_t i = 0; i < COUNT(runs); i++)
        install(runs[i], &signals.before[runs[i]]);
    for (size_t i = 0; i < COUNT(others); i++)
        install_where_default(others[i]);
    for (int number = SIGRTMIN; number <= SIGRTMAX; number++)
        install_where_default(number);
    signals.begun = true;
}

bool signals_is_handler(const struct sigaction *action)
{
    return action->sa_sigaction == handle; /* cmocka puts it back by signal(2), without SA_SIGINFO */
}

static void uninstall(int number)
{
    struct sigaction now;
    if (sigaction(number, NULL, &now) == 0 && signals_is_handler(&now))
        sigaction(number, &signals.before[number], NULL);
}

void signals_end(void)
{
    if (!signals.begun)
        return;
    stop_trying();
    for (int number = 1; number <= SIGRTMAX; number++)
        uninstall(number);
    sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL);
    if (signals.stack != MAP_FAILED)
        munmap(signals.stack, STACK_SIZE);
    signals.begun = false;
}
