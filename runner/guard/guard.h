/* SPDX-License-Identifier: BSD-2-Clause */
/* guard.h: interruptible MPI under a real MPI, so that a test which one rank of a team leaves early ends on all of
 * them.
 *
 * While a team of several ranks runs a test its calls go through a table of the guard's own (door.h,
 * mpimock_guard_use). A blocking call becomes its non-blocking form and a polling loop, which gives the core to others,
 * rests longer the longer nothing comes, and now and then asks its host whether a team-mate has left (notice.h). Before
 * a collective the members agree by letters on a private communicator, where waiting can be broken off (agreement.h); a
 * mismatch is an error on all of them before any has entered. The rank that sees a notice leaves by the host's way,
 * with nothing of a blocking call's unseen in flight.
 *
 *     begin ──▶ staying ──▶ following (told) ──▶ left: calls are refused ──┐
 *                   └─────▶ left (tells) ──────────────────────────────────┤
 *                   └──────────────────────────────────────────────────────▶ stop ──▶ end
 *
 * The stop is collective over the team, after every test (stop.c): all say that they have stopped; if one left early,
 * has requests open or has not received all messages, each cancels its receives, takes what arrives off the team's
 * communicators and completes its sends; then all say what is still pending. Nothing is unwound while a request of a
 * blocking call is in flight unseen: it is kept, like those that the test itself made, until the stop.
 *
 * Not guarded: what makes or joins processes (MPI_Comm_spawn, MPI_Comm_connect …), large-count forms of point-to-point
 * calls (MPI_Send_c …), and calls that never return to MPI.
 */
#ifndef MRT_GUARD_H
#define MRT_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../control.h"

struct guard_team {
    MPI_Comm comm;
    const uint32_t *members; /* [size] ranks of the control communicator, in the team's order */
    uint32_t size;
    uint32_t serial; /* no two teams of a run share one */
};

/* What the guard asks of whoever runs the test, in the thread that runs it. */
struct guard_host {
    bool (*look)(void); /* has a team-mate left? Called again and again, while nothing has to be put away */
    void (*go)(void);   /* after look() said so: leaves the test, by a long jump; does not return */
    bool (*dead)(
        uint32_t member); /* has that member of the team died? look() is to say so soon, too. NULL: none dies */
};

#ifndef MPIMOCK_NO_MPI

/* Collective over all ranks of the run, once; nothing on the mock. 0 or -EIO. */
int guard_open(struct control *control);
void guard_close(void);

/* The members of a team to be wait for each other, where a wait costs no core and may be broken off, before they make
 * the team's communicator, which may not. `serial`: as of struct guard_team. `dead`: has that member died? NULL: none
 * dies. 0; -EOWNERDEAD where one has, on those who still wait. */
int guard_gather(const uint32_t members[], uint32_t size, uint32_t serial, bool (*dead)(uint32_t member));
/* From here on, until the stop, calls are guarded. Nothing happens for a team of one, on the mock, or without
 * memory. True: guard_stop is to be the world's stop. */
bool guard_begin(const struct guard_team *team, const struct guard_host *host);
/* This rank leaves the test early and has told its team-mates so: its further calls are refused. */
void guard_left(void);
/* For struct mpimock_world. */
int guard_stop(long *pending);
/* Does the stop if nobody did. */
void guard_end(void);
/* False for the communicator of a team that left something pending: it must not be freed, nor used again. */
bool guard_may_free(MPI_Comm team);
/* Communicators of this rank's that had to be kept, for something pends on them, in the run so far. An MPI runs out of
 * them some day: at 2,045 MPICH, at 65,531 Open MPI. */
size_t guard_kept(void);
/* clock_now() when the call that this thread is in began to wait; 0: it asks, and does not wait. For the host's go(). */
double guard_waits_since(void);

#else

static inline int guard_open(struct control *control)
{
    (void)control;
    return 0;
}
static inline void guard_close(void)
{
}
static inline int guard_gather(const uint32_t members[], uint32_t size, uint32_t serial, bool (*dead)(uint32_t member))
{
    (void)members, (void)size, (void)serial, (void)dead;
    return 0;
}
static inline bool guard_begin(const struct guard_team *team, const struct guard_host *host)
{
    (void)team, (void)host;
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
static inline double guard_waits_since(void)
{
    return 0;
}
static inline size_t guard_kept(void)
{
    return 0;
}

#endif

#endif
