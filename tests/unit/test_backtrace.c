/* SPDX-License-Identifier: BSD-2-Clause */
/* test_backtrace.c: a backtrace names the functions that were called, innermost first, also from a handler: after a bad access,
 * a call of no function, and a stack overflow on an alternate stack. */
#include <dlfcn.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "../../runner/backtrace.h"

#define ALTERNATE (64 * 1024)

static void *pcs[BACKTRACE_FRAMES_MAX];
static size_t count;
static volatile int sink;
static int taking_line, in_line_line, calling_line, null_line, nothing_line;

/* ---- What is looked at ---- */

__attribute__((noinline)) static void takes_it(void)
{
    taking_line = __LINE__ + 1;
    count = backtrace_take(pcs, BACKTRACE_FRAMES_MAX, NULL);
    sink++;
}

static inline __attribute__((always_inline)) void is_put_in_line(void)
{
    in_line_line = __LINE__ + 1;
    takes_it();
    sink++;
}

__attribute__((noinline)) static void calls_it(void)
{
    calling_line = __LINE__ + 1;
    is_put_in_line();
    sink++;
}

BACKTRACE_END static void is_the_runners(void)
{
    calls_it();
    sink++;
}

__attribute__((noinline)) static void takes_a_null_pointer(void)
{
    volatile int *volatile null = NULL;
    null_line = __LINE__ + 1;
    *null = 1;
}

__attribute__((noinline)) static void calls_nothing(void)
{
    void (*volatile nothing)(void) = NULL;
    nothing_line = __LINE__ + 1;
    nothing();
    sink++;
}

__attribute__((noinline)) static int overflows(volatile char *memory)
{
    volatile char more[400];
    more[0] = memory[0];
    return sink < 0 ? 0 : overflows(more) + more[1];
}

__attribute__((noinline)) static void overflows_the_stack(void)
{
    char first = 0;
    sink = overflows(&first);
}

/* ---- How it is looked at ---- */

static sigjmp_buf way_back;

static void handle(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)info;
    count = backtrace_take(pcs, BACKTRACE_FRAMES_MAX, context);
    siglongjmp(way_back, 1);
}

BACKTRACE_END static void call(void (*function)(void))
{
    function();
    sink++;
}

/* The text after a SIGSEGV in `function`; the caller frees. */
static char *text_of_crash(void (*function)(void))
{
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK}, old;
    void *memory = mmap(NULL, ALTERNATE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack_t stack = {.ss_sp = memory, .ss_size = ALTERNATE}, none = {.ss_flags = SS_DISABLE};
    assert_ptr_not_equal(memory, MAP_FAILED);
    action.sa_sigaction = handle;
    sigaltstack(&stack, NULL);
    sigaction(SIGSEGV, &action, &old);
    count = 0;
    if (sigsetjmp(way_back, 1) == 0)
        call(function);
    sigaction(SIGSEGV, &old, NULL);
    sigaltstack(&none, NULL);
    munmap(memory, ALTERNATE);
    assert_true(count > 0);
    char *text = backtrace_text(pcs, count);
    assert_non_null(text);
    return text;
}

__attribute__((format(printf, 2, 3))) static void has(const char *text, const char *format, ...)
{
    char part[200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(part, sizeof part, format, arguments);
    va_end(arguments);
    if (!strstr(text, part))
        fail_msg("\"%s\" lacks \"%s\"", text, part);
}

static int prepare(void **state)
{
    (void)state;
    backtrace_prepare();
    return 0;
}

/* ---- Tests ---- */

static void callers_follow_innermost_first(void **state)
{
    (void)state;
    calls_it();
    char *text = backtrace_text(pcs, count);
    assert_non_null(text);
#ifdef HAVE_LIBDW
    has(text, "#0 takes_it() at test_backtrace.c:%d\n", taking_line);
    assert_true(strstr(text, "takes_it()") < strstr(text, "calls_it()"));
    has(text, "callers_follow_innermost_first() at test_backtrace.c:");
#endif
    assert_null(strstr(text, "__libc_start"));
    free(text);
}

static void functions_put_in_line_have_their_own_frame(void **state)
{
    (void)state;
#ifndef HAVE_LIBDW
    skip();
#endif
    calls_it();
    char *text = backtrace_text(pcs, count);
    has(text, "#1 is_put_in_line() at test_backtrace.c:%d\n#2 calls_it() at test_backtrace.c:%d\n", in_line_line, calling_line);
    free(text);
}

static void frames_of_the_runner_are_left_out(void **state)
{
    (void)state;
    is_the_runners();
    char *text = backtrace_text(pcs, count);
    assert_null(strstr(text, "is_the_runners"));
    assert_null(strstr(text, "frames_of_the_runner"));
#ifdef HAVE_LIBDW
    has(text, "calls_it() at");
#endif
    free(text);
}

static void what_a_handler_interrupted_comes_first(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    skip();
#endif
    char *text = text_of_crash(takes_a_null_pointer);
#ifdef HAVE_LIBDW
    has(text, "#0 takes_a_null_pointer() at test_backtrace.c:%d", null_line);
#endif
    assert_null(strchr(text, '\n')); /* its caller is the runner's */
    assert_null(strstr(text, "handle()"));
    free(text);
}

static void a_call_of_no_function_names_its_caller(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    skip();
#endif
    char *text = text_of_crash(calls_nothing);
    has(text, "#0 (nil)");
#ifdef HAVE_LIBDW
    has(text, "#1 calls_nothing() at test_backtrace.c:%d", nothing_line);
#endif
    free(text);
}

static void a_stack_overflow_shows_both_ends(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    skip();
#endif
    char *text = text_of_crash(overflows_the_stack);
    has(text, "frames more");
#ifdef HAVE_LIBDW
    has(text, "#0 overflows() at");
    has(text, "more of it");
    has(text, " overflows_the_stack() at");
#endif
    assert_true(strlen(text) < 4096);
    free(text);
}

static void one_frame_has_a_place(void **state)
{
    char text[100], cut[10];
    (void)state;
    calls_it();
    const void *pc = backtrace_users(pcs, count);
    assert_non_null(pc);
    backtrace_place(pc, text, sizeof text);
    backtrace_place(pc, cut, sizeof cut);
#ifdef HAVE_LIBDW
    char expected[100];
    snprintf(expected, sizeof expected, "takes_it(), test_backtrace.c:%d", taking_line);
    assert_string_equal(text, expected);
#endif
    assert_int_equal(strlen(cut), sizeof cut - 1);
    assert_memory_equal(cut, text, sizeof cut - 1);
}

static void libc_is_not_the_users(void **state)
{
    (void)state;
    void *library = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD), *libc = library ? dlsym(library, "qsort") : NULL;
    assert_non_null(libc);
    assert_null(backtrace_users(&libc, 1));
    dlclose(library);
}

static void nonsense_is_printed_as_numbers(void **state)
{
    (void)state;
    void *nonsense[] = {(void *)0x10, (void *)0x7};
    char *text = backtrace_text(nonsense, 2);
    assert_string_equal(text, "#0 0x10\n#1 0x7");
    free(text);
    text = backtrace_text(nonsense, 0);
    assert_string_equal(text, "");
    free(text);
    assert_int_equal(backtrace_take(nonsense, 2, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(callers_follow_innermost_first),
        cmocka_unit_test(functions_put_in_line_have_their_own_frame),
        cmocka_unit_test(frames_of_the_runner_are_left_out),
        cmocka_unit_test(what_a_handler_interrupted_comes_first),
        cmocka_unit_test(a_call_of_no_function_names_its_caller),
        cmocka_unit_test(a_stack_overflow_shows_both_ends),
        cmocka_unit_test(one_frame_has_a_place),
        cmocka_unit_test(libc_is_not_the_users),
        cmocka_unit_test(nonsense_is_printed_as_numbers),
    };
    return cmocka_run_group_tests(tests, prepare, NULL);
}
