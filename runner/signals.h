/* SPDX-License-Identifier: BSD-2-Clause */
/* signals.h: signals whose default ends a process, in a test: the test ends instead.
 *
 * The handler, on a stack of its own, notes what happened and where, and jumps to before the call of the test's function; from
 * there the test is left as by any other way (leaving.c). So nothing but the notes is done in the handler.
 *
 * The jump is taken only where it breaks nothing (signals_safe.h). A signal that belongs to what the thread does (a fault,
 * abort(), raise()) otherwise costs the rank (give_up.h); one that came from elsewhere (a timer, another process) is tried again
 * every millisecond, for a second at most. So does a second fault while the test is being left.
 *
 * Another thread's fault is noted there, and the thread stopped for ever, for it can neither go on nor be unwound; the test's own
 * thread leaves the test. Where the faulting thread may hold a lock of the C library's or of MPI's, the rank is given up. A stack
 * overflow in another thread ends the process, for handlers have no other stack there.
 *
 * SIGHUP, SIGINT, SIGQUIT, SIGTERM and SIGUSR1 end the test only when this process sent them itself; from elsewhere they are for
 * whoever handled them before. A handler that the test installs stays its own. A signal from elsewhere that comes when the test's
 * function has just ended is dropped.
 */
#ifndef MRT_SIGNALS_H
#define MRT_SIGNALS_H

#include "execution_private.h"

/* For the thread that runs the steps. Once for each process; again after signals_end(). */
void signals_begin(void);
void signals_end(void);
/* A function of the test's is about to be called: cmocka has replaced some handlers. */
void signals_arm(void);
/* The step is over: nothing is tried again. Timers that it set itself are stopped by leftovers_stop_timers(). */
void signals_disarm(void);
/* After the jump: ends the step. */
__attribute__((noreturn)) void signals_leave(void);
/* In the steps' thread: has the test ended in another thread, or where it could not be left? Then a call that waits is left by
 * signals_leave_call(). */
bool signals_pending(void);
__attribute__((noreturn)) void signals_leave_call(void);

/* The calling thread, not the one that runs the steps, ended the process: the steps' thread leaves the test, this one stops. */
__attribute__((noreturn)) void signals_stop_here(const struct sudden_end *sudden);
bool signals_is_steps_thread(void);
/* The calling thread does nothing any more. */
__attribute__((noreturn)) void signals_rest(void);
/* Is it this file's? */
bool signals_is_handler(const struct sigaction *action);

#endif
