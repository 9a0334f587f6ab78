/* SPDX-License-Identifier: BSD-2-Clause */
/* limit.h: the time that a step (a test, a fixture) may take on this rank, and what happens when it is up.
 *
 *     begin ──time is up──▶ up ──the thread leaves, or the step ends──▶ …
 *                            \──a second has passed──▶ given up
 *
 * While the time is up the host is asked to wake what waits in MPI, and the thread is sent a signal ten times a millisecond,
 * until it can be unwound (unwind.h). The step's thread begins and ends it; all else happens in the thread of the watch and in
 * the signal's handler. Beginning costs a look at the clock and a few stores, no system call.
 *
 * Where the host excuses the step (a debugger is attached) its time begins anew.
 */
#ifndef MRT_LIMIT_H
#define MRT_LIMIT_H

#include <stdbool.h>
#include <ucontext.h>

struct limit_host {
    /* In the handler, where the thread may be unwound as far as unwind.h knows: leaves by a long jump, or comes back where it
     * must not. */
    void (*leave)(const ucontext_t *context);
    /* In the thread of the watch: the step's thread may sleep in MPI, and is to look at limit_is_up(). */
    void (*wake)(void);
    /* In the thread of the watch: it could not be unwound. Once for each step; may end the process. */
    void (*give_up)(void);
    /* In the thread of the watch, when the time is up: true gives the step its time once more. NULL: never. */
    bool (*excused)(void);
};

/* For the thread that calls, which will run all steps. The watch calls limit_due(). */
void limit_start(const struct limit_host *host);
void limit_stop(void);
double limit_due(double now);

/* seconds < 0 or INFINITY: no limit. A step that has begun may begin anew. */
void limit_begin(double seconds);
/* The same, to clean up: the end of all does not cut it. */
void limit_extend(double seconds);
void limit_end(void);
/* Of the step that has begun. */
bool limit_is_up(void);
double limit_seconds(void);
/* No step goes on beyond that moment (clock.h), whatever its own limit; INFINITY: none. */
void limit_set_end(double moment);
/* The same, for the step that has begun too, where that is earlier. For a signal's handler in the step's thread. */
void limit_hasten_end(double moment);
double limit_last_moment(void);
/* That moment has come. */
bool limit_end_has_come(void);

#endif
