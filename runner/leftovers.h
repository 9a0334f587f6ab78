/* SPDX-License-Identifier: BSD-2-Clause */
/* leftovers.h: what a test leaves behind in the process that ran it: found, put back, told.
 *
 * leftovers_begin() looks once; leftovers_check() after each step compares with that, whatever way the step ended, puts back
 * what differs and ends what still runs. A unit's setup may change what it likes for its tests: leftovers_enter() takes what
 * it left as the state that holds for them, leftovers_leave() goes back to what was before.
 *
 * What is looked at, and what for. An empty test must stay cheap, so there are two looks. The thrifty one costs 3 µs, after
 * each step: the working directory, environment, umask, signal mask, the handlers of the signals that programs use most, interval timers,
 * whether descriptors 0 to 2 were closed or have other flags and one of the lowest free ones was opened, streams, locale, floating-point modes; child
 * processes and threads, unless the step was over before one can be made. The thorough one costs some 25 µs: all signals, all resource limits, POSIX timers, descriptors up to
 * 255, what 0 to 2 lead to, strings of the environment that were changed in place, the alternate stack, nice value and processors. It is made after the first 64 steps, and as long as it
 * takes less than a twentieth of the steps' own time, so always unless tests are over in microseconds; what it finds after
 * steps that had only the thrifty look may be an earlier step's, and says so.
 *
 * Descriptors and threads that a step has left are told once and stay: a library may keep them on purpose. Not told are what
 * a real MPI opens when it likes (sockets, shared memory), and the threads of an OpenMP runtime.
 */
#ifndef MRT_LEFTOVERS_H
#define MRT_LEFTOVERS_H

#include "text.h"

/* Threads of the runner's bear names that begin so. */
#define LEFTOVERS_OWN_THREAD "mrt-"

/* The state as it is now is what steps find. Standard streams must be as steps are to find them, lines buffered here. Child
 * processes that lose their parent become this process's (PR_SET_CHILD_SUBREAPER). 0 or a negative errno value. */
int leftovers_begin(void);
void leftovers_end(void);
void leftovers_enter(void);
void leftovers_leave(void);
/* Stops alarm() and the other interval timers of the step, which could hit whoever runs next; tells of them. The first thing to do
 * when it has ended; also where leftovers_begin() was not called. */
void leftovers_stop_timers(struct text *told);
/* The step that took so many seconds has ended: adds a line for each thing that it left behind. What MPI knows of it is told only
 * if it is to be `blamed`, for it was not left before its end: places in the source take milliseconds to find. */
void leftovers_check(double seconds, bool blamed, struct text *told);
/* A step begins: what came to light since the last look is nobody's. */
void leftovers_forget(void);

/* Writes the coverage data (gcov) of the program and of its suites now, since the process may not come to exit(). */
void leftovers_write_coverage(void);
/* The same in the handler of a signal, with the heap broken; takes 0.3 s at most, and writes nothing where memory cannot be
 * allocated any more. */
void leftovers_flush_coverage(void);

#endif
