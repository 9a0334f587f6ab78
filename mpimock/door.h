/* SPDX-License-Identifier: BSD-2-Clause */
/* door.h: what the runner, and the backends, see of the front door. Private to the project.
 *
 * libmpimock defines every MPI_* function and forwards each to the active backend, a generated table of function
 * pointers (backend.h): `real` (PMPI_*) or `mock`. On the way in the door translates MPI_COMM_WORLD and MPI_COMM_SELF
 * to those of the current world, checks handles and records the call; on the way out it translates back and brings
 * errors to the error handler. At depth > 0 (an MPI library that calls MPI_* itself) it forwards untouched.
 *
 * Error handlers are the door's for both backends: backends return error codes, and never call a handler. Underneath,
 * every communicator, window and file of the real MPI carries MPI_ERRORS_RETURN.
 */
#ifndef MPIMOCK_DOOR_H
#define MPIMOCK_DOOR_H

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend.h" /* generated from functions.list: struct mpimock_backend, enum mpimock_function */

#pragma GCC visibility push(default)

/* The table that serves calls now, to be called without any translation: `mpimock_backend()->Send(…)`. The first call
 * chooses it: the mock where mpimockexec started this process, or where no MPI was built in; else the real MPI. */
const struct mpimock_backend *mpimock_backend(void);
void mpimock_use(const struct mpimock_backend *backend);
/* Puts a table of the host's own before the active one, for calls from user code alone: what an MPI library calls itself
 * goes past it, and mpimock_use() takes it away, as NULL does. */
void mpimock_guard_use(const struct mpimock_backend *guard);
extern const struct mpimock_backend mpimock_backend_mock;
#ifndef MPIMOCK_NO_MPI
extern const struct mpimock_backend mpimock_backend_real;
#endif

/* Between enter and leave, MPI_COMM_WORLD is `team` in every argument, and MPI_COMM_SELF a private duplicate. MPI_Init
 * and MPI_Finalize are accepted once each (MPI-3.1 §8.7), the latter as a collective over the team. Handles of
 * communicators made in one world are refused in the next, with the world's name. */
struct mpimock_world {
    MPI_Comm team;     /* MPI_COMM_NULL: a single-rank world, its communicator made when first used */
    int thread_level;  /* at most what MPI_Init_thread grants */
    const char *name;  /* of the test, for "made in test …"; must outlive the world */
    /* How the members agree, on leaving, that all have stopped and that nothing is in flight; *pending: requests of this
     * rank's, becomes how many are still pending on any. NULL: by a barrier on the team, which hangs when one of them
     * left the world early. Called without a guard. Result: 0 or a negative errno value. */
    int (*stop)(long *pending);
};
int mpimock_world_enter(const struct mpimock_world *world);
/* Runs the delete callbacks of attributes on the world's MPI_COMM_SELF (if MPI_Finalize did not), takes unreceived
 * messages off the team's communicators, frees the private duplicates (collective over the team: a team of several
 * ranks agrees first, so that nothing is in flight) but not `team` itself. Also after a long jump out of the test.
 * Returns 0; or how many requests the world leaves pending on this rank (of a real MPI `team` must not be freed then,
 * nor used again, unless `stop` has seen to them); or a negative errno value. */
int mpimock_world_leave(void);
/* Communicators, windows and files that worlds of this process made and never freed, their private duplicates included
 * where requests were left pending. A real MPI runs out of communicators some day. */
size_t mpimock_worlds_kept(void);

/* What the world's MPI_Init_thread has granted, or what its limit is; MPI_THREAD_MULTIPLE outside of worlds. */
int mpimock_world_thread_level(void);

/* What the host of a world wants to know; each may leave by a long jump, for the door keeps nothing on the stack and
 * mpimock_world_leave() resets its depth. Without hooks: the text on standard error, and the backend's MPI_Abort. */
struct mpimock_hooks {
    void (*abort)(MPI_Comm comm, int code); /* MPI_Abort was called */
    void (*fatal)(int error, const char *text); /* an error came to MPI_ERRORS_ARE_FATAL; text names call and error */
    void (*stray)(void); /* MPI is called after a world, by a thread that was left behind; NULL: not told */
};
void mpimock_hooks_set(const struct mpimock_hooks *hooks);

/* What a world leaves behind: told as it ends (mpimock_world_leave, mpimock_test_end), one by one. */
enum mpimock_leftover_kind {
    MPIMOCK_LEFT_COMM,
    MPIMOCK_LEFT_WIN,
    MPIMOCK_LEFT_FILE,
    MPIMOCK_LEFT_TYPE,
    MPIMOCK_LEFT_GROUP,
    MPIMOCK_LEFT_OP,
    MPIMOCK_LEFT_INFO,
    MPIMOCK_LEFT_ERRHANDLER,
    MPIMOCK_LEFT_KEYVAL,
    MPIMOCK_LEFT_REQUEST,
    MPIMOCK_LEFT_BUFFER, /* MPI_Buffer_attach */
    MPIMOCK_LEFT_MESSAGE, /* that nobody received */
    MPIMOCK_LEFT_COUNT
};
struct mpimock_leftover {
    enum mpimock_leftover_kind kind;
    enum mpimock_function function; /* that made it, called from … */
    const void *caller;             /* … the call before this address */
    int source, tag;                /* of a message; the source is a rank of its communicator */
    size_t bytes;
};
/* `tell` must call neither MPI nor mpimock. NULL: nobody wants to know. */
void mpimock_leftover_hook_set(void (*tell)(const struct mpimock_leftover *leftover));
/* For backends, and the door: a message of the user's that nobody received is forgotten. */
void mpimock_message_left(int source, int tag, size_t bytes);

/* The call that this thread is in, filled by the generated entry points from the kinds of their parameters. */
struct mpimock_call {
    enum mpimock_function function; /* MPIMOCK_NONE: in no call */
    const void *caller;             /* return address, for source lines */
    MPI_Comm comm;                  /* as the user gave it; MPI_COMM_NULL: the call has none */
    int peer;                       /* destination, source or root; MPIMOCK_NO_RANK: none */
    int tag;                        /* MPIMOCK_NO_RANK: none */
    int count;                      /* -1: none */
};
#define MPIMOCK_NO_RANK (MPI_PROC_NULL - 1000)
const struct mpimock_call *mpimock_call(void);
/* That call as in errors, "MPI_Recv(count=1, source=0, tag=0, MPI_COMM_WORLD)"; cut at `size`. */
void mpimock_call_text(char *text, size_t size);
/* This thread leaves the call that it is in by a long jump: it is in user code again. */
void mpimock_call_left(void);

/* For backends: keeps a detail ("rank 7 in a communicator of 4") for the error's text, and returns the class. */
__attribute__((format(printf, 2, 3))) int mpimock_error(int error_class, const char *format, ...);

/* For backends: the error about to be returned belongs to this communicator although the call does not name one
 * (MPI_Wait and its kin: MPI-3.1 §8.3); without it, to MPI_COMM_WORLD. */
void mpimock_error_comm(MPI_Comm comm);

/* Is MPI_Send, as this process resolves it, the door's own? False when libmpi precedes libmpimock in the search order;
 * `culprit` is then the file that serves it. */
bool mpimock_door_is_open(const char **culprit);

#pragma GCC visibility pop

#endif
