/* SPDX-License-Identifier: BSD-2-Clause */
/* leftovers_signals.c: signal mask, handlers, alternate stack and timers. Timers are stopped before a handler of the test's
 * goes, and a signal that waits behind the test's mask is dropped, so that nothing of it hits the runner. */
#include "leftovers_private.h"

#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#define TIMERS_MAX 1000 /* numbers tried, of POSIX timers made by one step */

/* Those that programs use; the others have the thorough look. */
static const int usual[] = {SIGINT, SIGABRT, SIGUSR1, SIGPIPE, SIGALRM, SIGTERM, SIGCHLD};

/* cmocka has its own for each test, and puts them back by signal(3), which forgets flags: nobody's fault. */
static bool is_of_cmocka(int number)
{
    return number == SIGFPE || number == SIGILL || number == SIGSEGV || number == SIGBUS || number == SIGSYS;
}

static const char *name_of(int number)
{
    static const char *const names[_NSIG] = {
        [SIGHUP] = "SIGHUP",   [SIGINT] = "SIGINT",   [SIGQUIT] = "SIGQUIT", [SIGILL] = "SIGILL",       [SIGTRAP] = "SIGTRAP",
        [SIGABRT] = "SIGABRT", [SIGBUS] = "SIGBUS",   [SIGFPE] = "SIGFPE",   [SIGUSR1] = "SIGUSR1",     [SIGSEGV] = "SIGSEGV",
        [SIGUSR2] = "SIGUSR2", [SIGPIPE] = "SIGPIPE", [SIGALRM] = "SIGALRM", [SIGTERM] = "SIGTERM",     [SIGCHLD] = "SIGCHLD",
        [SIGCONT] = "SIGCONT", [SIGTSTP] = "SIGTSTP", [SIGTTIN] = "SIGTTIN", [SIGTTOU] = "SIGTTOU",     [SIGURG] = "SIGURG",
        [SIGXCPU] = "SIGXCPU", [SIGXFSZ] = "SIGXFSZ", [SIGPROF] = "SIGPROF", [SIGVTALRM] = "SIGVTALRM", [SIGWINCH] = "SIGWINCH",
        [SIGIO] = "SIGIO",     [SIGSYS] = "SIGSYS"};
    return names[number] ? names[number] : "a real-time signal";
}

/* A number that no later timer of this process gets again, for a while; -1: there are no POSIX timers. */
static int next_timer(void)
{
    struct sigevent none = {.sigev_notify = SIGEV_NONE};
    int number;
    if (syscall(SYS_timer_create, CLOCK_MONOTONIC, &none, &number) != 0)
        return -1;
    syscall(SYS_timer_delete, number);
    return number;
}

void signals_read(struct signals_baseline *baseline)
{
    pthread_sigmask(SIG_SETMASK, NULL, &baseline->mask);
    for (int number = 1; number < _NSIG; number++)
        baseline->known[number] = number != SIGKILL && number != SIGSTOP && sigaction(number, NULL, &baseline->handlers[number]) == 0;
    sigaltstack(NULL, &baseline->stack);
    baseline->timer = next_timer();
}

/* ---- Timers ---- */

void signals_stop_timers(struct look *look)
{
    static const char *const names[] = {"alarm() or an interval timer", "an interval timer (ITIMER_VIRTUAL)",
                                        "an interval timer (ITIMER_PROF)"};
    for (int which = ITIMER_REAL; which <= ITIMER_PROF; which++) {
        const struct itimerval none = {{0, 0}, {0, 0}};
        struct itimerval timer;
        if (setitimer((__itimer_which_t)which, &none, &timer) == 0 && (timer.it_value.tv_sec || timer.it_value.tv_usec))
            look_tell(look, "%s was left running; it is stopped", names[which]);
    }
}

/* The kernel counts timers up, so those between the last look's number and now were made meanwhile. */
static void check_posix_timers(struct signals_baseline *baseline, struct look *look)
{
    int before = baseline->timer, now = next_timer(), left = 0;
    baseline->timer = now;
    for (int number = before + 1; before >= 0 && number < now && number - before <= TIMERS_MAX; number++)
        left += syscall(SYS_timer_delete, number) == 0;
    if (left > 0)
        look_tell_rare(look, "%d POSIX timer%s left behind; %s deleted", left, left == 1 ? " was" : "s were",
                       left == 1 ? "it is" : "they are");
}

/* ---- Mask and handlers ---- */

static bool same_set(const sigset_t *a, const sigset_t *b)
{
    return memcmp(a, b, _NSIG / 8) == 0; /* the kernel's part of it */
}

static void check_mask(const struct signals_baseline *baseline, struct look *look)
{
    char names[128] = "";
    size_t length = 0;
    sigset_t now, pending;
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    if (same_set(&now, &baseline->mask))
        return;
    sigpending(&pending);
    for (int number = 1; number < _NSIG; number++) {
        bool blocked = sigismember(&now, number) == 1;
        if (blocked == (sigismember(&baseline->mask, number) == 1))
            continue;
        sigset_t one;
        sigemptyset(&one);
        sigaddset(&one, number);
        while (blocked && sigismember(&pending, number) == 1 && sigtimedwait(&one, NULL, &(struct timespec){0, 0}) == number)
            continue;
        if (length < sizeof names)
            length += (size_t)snprintf(names + length, sizeof names - length, "%s%s", length ? ", " : "", name_of(number));
    }
    pthread_sigmask(SIG_SETMASK, &baseline->mask, NULL);
    look_tell(look, "the signal mask was changed: %s", names);
}

static bool same_handler(const struct sigaction *a, const struct sigaction *b)
{
    const int flags = SA_NOCLDSTOP | SA_NOCLDWAIT | SA_NODEFER | SA_ONSTACK | SA_RESETHAND | SA_RESTART | SA_SIGINFO;
    return a->sa_handler == b->sa_handler && (a->sa_flags & flags) == (b->sa_flags & flags) &&
           same_set(&a->sa_mask, &b->sa_mask);
}

static void check_handler(const struct signals_baseline *baseline, int number, struct look *look, bool rare)
{
    struct sigaction now;
    if (!baseline->known[number] || sigaction(number, NULL, &now) != 0 || same_handler(&now, &baseline->handlers[number]))
        return;
    sigaction(number, &baseline->handlers[number], NULL);
    if (!is_of_cmocka(number))
        (rare ? look_tell_rare : look_tell)(look, "the handler of %s was changed", name_of(number));
}

static bool is_usual(int number)
{
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
        if (usual[i] == number)
            return true;
    return false;
}

static void check_stack(const struct signals_baseline *baseline, struct look *look)
{
    stack_t now;
    if (sigaltstack(NULL, &now) != 0 || (now.ss_flags & SS_ONSTACK) ||
        (now.ss_sp == baseline->stack.ss_sp && now.ss_size == baseline->stack.ss_size))
        return;
    sigaltstack(&baseline->stack, NULL);
    look_tell_rare(look, "the alternate signal stack was changed");
}

void signals_check(struct signals_baseline *baseline, struct look *look)
{
    if (look->thorough)
        check_posix_timers(baseline, look);
    check_mask(baseline, look);
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
        check_handler(baseline, usual[i], look, false);
    for (int number = 1; look->thorough && number < _NSIG; number++)
        if (!is_usual(number))
            check_handler(baseline, number, look, true);
    if (look->thorough)
        check_stack(baseline, look);
}
