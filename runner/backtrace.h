/* SPDX-License-Identifier: BSD-2-Clause */
/* backtrace.h: which functions this thread is in, in two steps: addresses, which a signal handler may take, and their names and
 * lines, which take time and memory and so are found later, outside of any handler; in this process, or in one that has the
 * same files mapped at the same places.
 *
 * An address stands for a frame: that of the instruction where it was interrupted, or the last byte of the call that it is in.
 * Innermost first. Where there are more frames than room, a stack overflow's, the innermost and the outermost are kept, with a
 * pair between them: BACKTRACE_LEFT_OUT and how many were left out.
 *
 * In text frames of the runner, of cmocka and of libc's start-up are left out, and of those inside an MPI library only the MPI_
 * function is named. Names and lines come from debugging information (libdw); without it from dynamic symbols (dladdr(3)).
 */
#ifndef MRT_BACKTRACE_H
#define MRT_BACKTRACE_H

#include <stddef.h>

#define BACKTRACE_FRAMES_MAX 64               /* a good size for `pcs`; at least BACKTRACE_FRAMES_MIN */
#define BACKTRACE_FRAMES_MIN 16
#define BACKTRACE_LEFT_OUT   ((void *)~(size_t)0)

/* For the runner's functions that call a test's: a backtrace ends before them. */
#define BACKTRACE_END __attribute__((noinline, section("mrt_backtrace_end")))

/* For those that a test calls, in place of others: they are left out of its text. */
#define BACKTRACE_DOOR __attribute__((noinline, section("mrt_backtrace_door")))

/* Loads what backtrace_take() needs. Once, outside of handlers. */
void backtrace_prepare(void);
/* Async-signal-safe. `ucontext`: as a handler with SA_SIGINFO got it, for the frames of what it interrupted; NULL: those of
 * the caller. On the stack that it is called on: some 4 KiB of it. Returns how many of `max` it filled. */
size_t backtrace_take(void *pcs[], size_t max, const void *ucontext);

/* "#0 compute() at solver.c:61\n#1 …", the last line without a newline; the caller frees. "" where no frame is the user's.
 * NULL: out of memory. */
char *backtrace_text(void *const pcs[], size_t count);
/* "compute(), solver.c:61" for one frame. */
void backtrace_place(const void *pc, char *text, size_t size);
/* The innermost frame of what the user wrote: neither libc's, nor MPI's, nor ours; NULL: there is none. */
const void *backtrace_users(void *const pcs[], size_t count);

#endif
