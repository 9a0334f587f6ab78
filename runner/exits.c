/* SPDX-License-Identifier: BSD-2-Clause */
/* exits.c: see exits.h. */
#include "exits.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "execution_private.h"
#include "signals.h"

#define OURS BACKTRACE_DOOR __attribute__((visibility("default")))

/* Found beforehand: a child made by vfork() must not look for them. */
static struct {
    void (*exit)(int), (*_exit)(int), (*quick_exit)(int), (*pthread_exit)(void *), (*abort)(void);
    void (*cmocka_fail)(const char *, int), (*cmocka_skip)(const char *, int);
    void (*cmocka_print)(const char *, ...);
    void (*assert_fail)(const char *, const char *, unsigned, const char *);
    bool registered;
} next;

static void find_next(void)
{
    *(void **)&next.exit = dlsym(RTLD_NEXT, "exit");
    *(void **)&next._exit = dlsym(RTLD_NEXT, "_exit");
    *(void **)&next.quick_exit = dlsym(RTLD_NEXT, "quick_exit");
    *(void **)&next.pthread_exit = dlsym(RTLD_NEXT, "pthread_exit");
    *(void **)&next.cmocka_fail = dlsym(RTLD_NEXT, "_fail");
    *(void **)&next.cmocka_skip = dlsym(RTLD_NEXT, "_skip");
    *(void **)&next.cmocka_print = dlsym(RTLD_NEXT, "cm_print_error");
    *(void **)&next.abort = dlsym(RTLD_NEXT, "abort");
    *(void **)&next.assert_fail = dlsym(RTLD_NEXT, "__assert_fail");
}

/* A thread of the MPI library's own, that ends the process because mpiexec is gone, is not to be kept from it: it would live
 * on alone. */
static bool is_mpis_own(const void *caller)
{
    static const char *const stems[] = {"libmpi.", "libmpich.", "libopen-", "libpmix.", "mca_", "libpmi.", "libpmi2."};
    Dl_info info;
    if (signals_is_steps_thread() || !dladdr(caller, &info) || !info.dli_fname)
        return false;
    const char *slash = strrchr(info.dli_fname, '/'), *name = slash ? slash + 1 : info.dli_fname;
    for (size_t i = 0; i < sizeof stems / sizeof *stems; i++)
        if (strncmp(name, stems[i], strlen(stems[i])) == 0)
            return true;
    return false;
}

/* Is the caller a test, or a fixture, of this very process? */
static bool is_in_test(const void *caller)
{
    return execution.inside && execution.pid == getpid() && !is_mpis_own(caller);
}

__attribute__((noreturn)) static void leave_here(struct sudden_end *sudden)
{
    if (!signals_is_steps_thread()) {
        strncat(sudden->text, ", in another thread", sizeof sudden->text - strlen(sudden->text) - 1);
        signals_stop_here(sudden);
    }
    execution.landing_open = 0; /* no signal overtakes this */
    execution.sudden = *sudden;
    leave_suddenly();
}

BACKTRACE_DOOR __attribute__((noreturn, format(printf, 4, 5))) static void leave_by(enum outcome outcome, enum how how, int code, const char *format, ...)
{
    struct sudden_end sudden = {.outcome = outcome, .how = how, .code = code};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sudden.text, sizeof sudden.text, format, arguments);
    va_end(arguments);
    sudden.frames = backtrace_take(sudden.pcs, BACKTRACE_FRAMES_MAX, NULL);
    leave_here(&sudden);
}

static void end_at_once(int status)
{
    for (;;)
        syscall(SYS_exit_group, status);
}

OURS void exit(int status)
{
    if (is_in_test(__builtin_return_address(0)))
        leave_by(OUTCOME_CRASHED, HOW_EXIT, status, "exit(%d) called", status);
    if (!next.exit)
        find_next();
    if (next.exit)
        next.exit(status);
    end_at_once(status);
    __builtin_unreachable();
}

OURS void _exit(int status)
{
    if (is_in_test(__builtin_return_address(0)))
        leave_by(OUTCOME_CRASHED, HOW_EXIT, status, "_exit(%d) called", status);
    if (next._exit)
        next._exit(status);
    end_at_once(status);
    __builtin_unreachable();
}

OURS void _Exit(int status)
{
    if (is_in_test(__builtin_return_address(0)))
        leave_by(OUTCOME_CRASHED, HOW_EXIT, status, "_Exit(%d) called", status);
    if (next._exit)
        next._exit(status);
    end_at_once(status);
    __builtin_unreachable();
}

OURS void quick_exit(int status)
{
    if (is_in_test(__builtin_return_address(0)))
        leave_by(OUTCOME_CRASHED, HOW_EXIT, status, "quick_exit(%d) called", status);
    if (!next.quick_exit)
        find_next();
    if (next.quick_exit)
        next.quick_exit(status);
    end_at_once(status);
    __builtin_unreachable();
}

OURS void pthread_exit(void *result)
{
    if (is_in_test(__builtin_return_address(0)) && signals_is_steps_thread())
        leave_by(OUTCOME_CRASHED, HOW_EXIT, 0, "pthread_exit() called in the test's own thread");
    if (!next.pthread_exit)
        find_next();
    if (next.pthread_exit)
        next.pthread_exit(result);
    end_at_once(EXIT_FAILURE);
    __builtin_unreachable();
}

/* ---- cmocka's, in a thread that it knows nothing of ---- */

/* Its variables are each thread's own, so there it would not jump out of the test but call exit(). */
static bool is_in_thread_of_test(void)
{
    return is_in_test(__builtin_return_address(0)) && !signals_is_steps_thread();
}

static _Thread_local char words[256]; /* what cmocka says of the assertion, before it fails */

__attribute__((format(printf, 1, 2))) OURS void cm_print_error(const char *format, ...);
void cm_print_error(const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    if (text && is_in_thread_of_test()) {
        size_t size = strlen(words);
        snprintf(words + size, sizeof words - size, "%s", text);
    } else if (text && next.cmocka_print) {
        next.cmocka_print("%s", text);
    }
    free(text);
}

OURS void _fail(const char *const file, const int line)
{
    if (is_in_thread_of_test()) {
        for (size_t size = strlen(words); size > 0 && words[size - 1] == '\n'; size--)
            words[size - 1] = '\0';
        leave_by(OUTCOME_FAILED, HOW_FAILED, 0, "%s:%d: %s", file, line, words[0] ? words : "an assertion failed");
    }
    if (next.cmocka_fail)
        next.cmocka_fail(file, line);
    abort();
}

OURS void _skip(const char *const file, const int line)
{
    if (is_in_thread_of_test())
        leave_by(OUTCOME_SKIPPED, HOW_NORMALLY, 0, "skipped");
    if (next.cmocka_skip)
        next.cmocka_skip(file, line);
    abort();
}

/* ---- abort() ---- */

/* What C++ says of an exception that nobody catches, before it aborts: it is in the output, behind what was there before. */
static void find_exception(char *text, size_t room)
{
    size_t size = capture_size(&execution.capture), got = 0;
    char *output = size > 0 ? capture_text(&execution.capture, size > 4096 ? size - 4096 : 0, size, &got) : NULL;
    char *said = output ? strstr(output, "terminate called ") : NULL, *what = said ? strstr(said, "what():  ") : NULL;
    if (said) {
        for (char *next_one; (next_one = strstr(said + 1, "terminate called ")) != NULL;)
            said = next_one;
        int size_said = (int)strcspn(said, "\n");
        snprintf(text, room, ": %.*s%s%.*s", size_said, said, what ? ", what(): " : "", what ? (int)strcspn(what + 9, "\n") : 0,
                 what ? what + 9 : "");
    }
    free(output);
}

/* A handler of the test's comes first (abort(3)); if it returns, the test ends all the same. */
static void run_own_handler(void)
{
    struct sigaction action;
    sigset_t set;
    if (sigaction(SIGABRT, NULL, &action) != 0 || signals_is_handler(&action) || action.sa_handler == SIG_DFL ||
        action.sa_handler == SIG_IGN)
        return;
    sigemptyset(&set);
    sigaddset(&set, SIGABRT);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    raise(SIGABRT);
}

OURS void abort(void)
{
    if (is_in_test(__builtin_return_address(0))) {
        char exception[256] = "";
        run_own_handler();
        find_exception(exception, sizeof exception);
        leave_by(OUTCOME_CRASHED, HOW_SIGNAL, SIGABRT, "abort() called%s", exception);
    }
    if (!next.abort)
        find_next();
    if (next.abort)
        next.abort();
    end_at_once(128 + SIGABRT);
    __builtin_unreachable();
}

OURS __attribute__((noreturn)) void __assert_fail(const char *assertion, const char *file, unsigned line, const char *function);
void __assert_fail(const char *assertion, const char *file, unsigned line, const char *function)
{
    if (is_in_test(__builtin_return_address(0))) {
        fprintf(execution.err, "%s:%u: %s%sAssertion `%s' failed.\n", file, line, function ? function : "", function ? ": " : "",
                assertion);
        run_own_handler();
        leave_by(OUTCOME_CRASHED, HOW_SIGNAL, SIGABRT, "%s:%u: assertion `%s' failed, abort() called", file, line, assertion);
    }
    if (!next.assert_fail)
        find_next();
    if (next.assert_fail)
        next.assert_fail(assertion, file, line, function);
    abort();
}

/* ---- exit() from inside the C library ---- */

BACKTRACE_DOOR static void meet_exit(int status, void *unused)
{
    if (!is_in_test(__builtin_return_address(0)))
        return;
    on_exit(meet_exit, unused); /* the C library has taken it off its list */
    leave_by(OUTCOME_CRASHED, HOW_EXIT, status, "exit(%d) called", status);
}

__attribute__((constructor)) static void prepare(void)
{
    find_next();
}

void exits_begin(void)
{
    if (!next.registered)
        next.registered = on_exit(meet_exit, NULL) == 0;
}
