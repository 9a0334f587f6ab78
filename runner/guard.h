/* SPDX-License-Identifier: BSD-2-Clause */
/* guard.h: interruptible MPI under a real MPI, so that a test which one rank of a team leaves early ends on all of them.
 *
 * While a team of several ranks runs a test its calls go through a table of the guard's own (door.h, mpimock_guard_use). A
 * blocking call becomes its non-blocking form and a polling loop, which gives the core to others, rests longer the longer
 * nothing comes, and now and then asks its host whether a team-mate has left (notice.h). Before a collective the members agree by
 * messages on private communicators, where waiting can be broken off; a mismatch is an error on all of them before any
 * has entered. The rank that sees a notice leaves by the host's way, with nothing of a blocking call's unseen in flight.
 *
 *     begin ──▶ guarding ──▶ told, or tells ──▶ left: calls are refused ──┐
 *                   └──────────────────────────────────────────────▶ stop ──▶ end
 *
 * The stop is collective over the team, after every test: all say that they have stopped; if one left early, or has
 * requests open, each cancels its receives, takes what arrives off the team's communicator and completes its sends; then
 * all say what is still pending. Nothing is unwound while a request of a blocking call is in flight unseen: it is kept,
 * like those that the test itself made, until the stop.
 *
 * Not guarded: windows and files after their making, intercommunicators, non-blocking collectives (they are waited for by
 * polling, and count as pending when a test leaves them open), and calls that never return to MPI.
 */
#ifndef MRT_GUARD_H
#define MRT_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "control.h"

struct guard_team {
    MPI_Comm comm;
    const uint32_t *members; /* [size] ranks of the control communicator, in the team's order */
    uint32_t size;
    uint32_t serial;         /* no two teams of a run share one */
};

/* What the guard asks of whoever runs the test, in the thread that runs it. */
struct guard_host {
    bool (*look)(void); /* has a team-mate left? Called again and again, while nothing has to be put away */
    void (*go)(void);   /* after look() said so: leaves the test, by a long jump; does not return */
};

#ifndef MPIMOCK_NO_MPI

/* Collective over all ranks of the run, once; nothing on the mock. 0 or -EIO. */
int guard_open(struct control *control);
void guard_close(void);

/* From here on, until the stop, calls are guarded. Nothing happens for a team of one, on the mock, or without
 * memory. True: guard_stop is to be the world's stop. */
bool guard_begin(const struct guard_team *team, int thread_level, const struct guard_host *host);
/* This rank leaves the test early and has told its team-mates so: its further calls are refused. */
void guard_left(void);
/* For struct mpimock_world. */
int guard_stop(long *pending);
/* Does the stop if nobody did. */
void guard_end(void);
/* False for the communicator of a team that left something pending: it must not be freed, nor used again. */
bool guard_may_free(MPI_Comm team);

#else

typedef void guard_leave_function(enum outcome culprit, const char *reason);
static inline int guard_open(struct control *control)
{
    (void)control;
    return 0;
}
static inline void guard_close(void)
{
}
static inline bool guard_begin(const struct guard_team *team, int thread_level, const struct guard_host *host)
{
    (void)team, (void)thread_level, (void)host;
    return false;
}
static inline void guard_left(void)
{
}
static inline int guard_stop(long *pending)
{
    (void)pending;
    return 0;
}
static inline void guard_end(void)
{
}
static inline bool guard_may_free(MPI_Comm team)
{
    (void)team;
    return true;
}

#endif

#endif
