/* SPDX-License-Identifier: BSD-2-Clause */
/* door_entry.h: what the generated entry points (entry.c) are made of, and what the door's own files share: door.c,
 * objects.c, world.c, error.c, keyval.c, real.c. Nobody else includes it.
 *
 * The way of a call: door_enter, one check for each handle (door_..._in, which translates MPI_COMM_WORLD and
 * MPI_COMM_SELF), the backend, one note for each object made or freed, door_leave. A call at depth > 0 comes from
 * inside MPI, and goes straight to the backend. The short way, a call on MPI_COMM_WORLD that succeeds, takes no lock,
 * looks nothing up and is inline.
 */
#ifndef MPIMOCK_DOOR_ENTRY_H
#define MPIMOCK_DOOR_ENTRY_H

#include <stdatomic.h>

#include "door.h"
#include "mock/handle.h"

enum door_kind { DOOR_COMM, DOOR_WIN, DOOR_FILE };

struct door_handler; /* an error handler: error.c */

/* ---- This thread (door.c) ---- */
struct door_thread {
    int depth; /* of MPI_* calls; 0: in user code */
    struct mpimock_call call;
    int detail_error; /* the error that mpimock_error() last explained, MPI_SUCCESS: none in this call */
    bool has_origin;  /* a real MPI's private handler told which object the error belongs to: */
    enum door_kind origin_kind;
    uintptr_t origin;
    uintptr_t known;                   /* a communicator looked up before … */
    unsigned known_epoch;              /* … and still good while door_epoch is this */
    struct door_handler *next_handler; /* of the communicator that this call makes; NULL: its parent's */
};
extern __thread struct door_thread door_thread __attribute__((tls_model("initial-exec"), visibility("hidden")));

extern const struct mpimock_backend *door_active_ __attribute__((visibility("hidden")));
extern struct mpimock_hooks door_hooks __attribute__((visibility("hidden")));

static inline const struct mpimock_backend *door_backend(void)
{
    return __builtin_expect(door_active_ != NULL, 1) ? door_active_ : mpimock_backend();
}

/* The table behind a guard (mpimock_guard_use), which serves what an MPI library calls itself. */
const struct mpimock_backend *door_inner(void);

/* Calls of the door's own into the backend: whatever MPI_* they lead to is inside MPI. */
static inline void door_inside(void)
{
    door_thread.depth++;
}
static inline void door_outside(void)
{
    door_thread.depth--;
}

/* Around a function of the user's that is called from inside MPI: there it is in user code again. */
struct door_saved {
    int depth;
    struct mpimock_call call;
};
struct door_saved door_to_user(void);
void door_from_user(const struct door_saved *saved);

/* ---- The world (world.c) ---- */
struct door_world {
    bool entered;
    MPI_Comm team; /* what MPI_COMM_WORLD stands for; MPI_COMM_NULL: not made yet */
    MPI_Comm self; /* likewise */
    const char *name;
};
extern struct door_world door_world __attribute__((visibility("hidden")));

/* MPI_COMM_WORLD and MPI_COMM_SELF to those of the world, made now if need be; others stay. */
int door_world_translate(MPI_Comm *comm);

/* May MPI be called now? Not before MPI_Init and after MPI_Finalize (MPI-3.1 §8.7). */
enum door_gate {
    GATE_UNKNOWN, /* as long as nobody asked the backend: outside of worlds */
    GATE_OPEN,
    GATE_FINALIZED
};
extern enum door_gate door_gate __attribute__((visibility("hidden")));
int door_gate_check(void); /* MPI_SUCCESS or MPI_ERR_OTHER with the reason */

/* Requests made and not completed in this world. */
struct door_pending {
    const struct door_thread *_Atomic owner; /* the thread that entered the world: it counts without a locked instruction */
    atomic_long own, others;                 /* the sum counts */
};
extern struct door_pending door_pending __attribute__((visibility("hidden")));
void door_pending_begin(void); /* none; the calling thread is the owner */
static inline int door_requests(int count, const MPI_Request requests[])
{
    int active = 0;
    for (int i = 0; requests && i < count; i++)
        active += requests[i] != MPI_REQUEST_NULL;
    return active;
}
static inline void door_requests_changed(int change)
{
    if (__builtin_expect(atomic_load_explicit(&door_pending.owner, memory_order_relaxed) == &door_thread, 1))
        atomic_store_explicit(&door_pending.own,
                              atomic_load_explicit(&door_pending.own, memory_order_relaxed) + change,
                              memory_order_relaxed);
    else if (change)
        atomic_fetch_add_explicit(&door_pending.others, change, memory_order_relaxed);
}

/* ---- Communicators, windows and files that live (objects.c) ---- */
extern atomic_uint door_epoch __attribute__((visibility("hidden")));

/* Is the handle good in this world? Unknown ones are: they may have been made where the door does not look (Fortran).
 */
bool door_object_is_good(enum door_kind kind, uintptr_t key);
/* The same as an error class, with the reason for mpimock_error(). */
int door_object_check(enum door_kind kind, uintptr_t key);
/* Takes over one reference to the handler (NULL: the default of the kind). */
void door_object_born(enum door_kind kind, uintptr_t key, struct door_handler *handler);
void door_object_freed(enum door_kind kind, uintptr_t key);
/* The handler set for it, with a reference added; NULL: none. */
struct door_handler *door_object_handler(enum door_kind kind, uintptr_t key);
/* Takes over one reference to the handler; 0 or -ENOMEM. */
int door_object_handler_set(enum door_kind kind, uintptr_t key, struct door_handler *handler);
/* Objects of the world that ends become refused; returns how many were never freed. */
size_t door_objects_world_ends(void);

/* ---- What this world's user has made and not freed (live.c) ---- */
void door_made(enum mpimock_leftover_kind kind, uintptr_t key); /* by the call that this thread is in */
void door_gone(enum mpimock_leftover_kind kind, uintptr_t key);
void door_live_world_begins(void);
void door_live_world_ends(void); /* tells of what is left */
#define DOOR_REQUESTS_KEPT 64 /* of an array, on the entry point's stack */

static inline void door_request_made(MPI_Request request)
{
    if (request == MPI_REQUEST_NULL)
        return;
    door_requests_changed(1);
    door_made(MPIMOCK_LEFT_REQUEST, HANDLE_KEY(request));
}
static inline void door_request_after(MPI_Request before, MPI_Request after)
{
    if (before == after)
        return;
    door_requests_changed((after != MPI_REQUEST_NULL) - (before != MPI_REQUEST_NULL));
    door_gone(MPIMOCK_LEFT_REQUEST, HANDLE_KEY(before));
}
/* The handles of an array as they were; NULL: none of them is active, or there is no memory. */
MPI_Request *door_requests_keep(int count, const MPI_Request requests[], int active, MPI_Request kept[DOOR_REQUESTS_KEPT]);
void door_requests_after(int count, MPI_Request *before, const MPI_Request after[], int active_before,
                         const MPI_Request kept[DOOR_REQUESTS_KEPT]);

/* ---- Errors (error.c) ---- */
int door_null(int error_class, const char *argument, const char *null);
/* Brings the error to the handler of the object, and returns it. */
int door_failed(enum door_kind kind, uintptr_t key, int error);
void door_error_at(enum door_kind kind, uintptr_t key);
void door_errors_world_begins(void); /* with fresh handlers for MPI_COMM_WORLD, MPI_COMM_SELF and files … */
void door_errors_world_ends(void);   /* … and back to those outside */
struct door_handler *door_handler_keep(struct door_handler *handler); /* NULL stays NULL */
void door_handler_release(struct door_handler *handler);              /* NULL is fine */
/* The handler in force for a communicator, window or file as the user names it, with a reference added. */
struct door_handler *door_handler_of(enum door_kind kind, uintptr_t key);

/* ---- The installed MPI (real.c) ---- */
/* Private handlers, which return, on MPI_COMM_WORLD, MPI_COMM_SELF and files; once MPI is initialised. */
void door_real_prepare(void);
void door_real_quiet(enum door_kind kind, uintptr_t key);

/* ---- What entry points call ---- */
static inline int door_enter_anytime(struct door_thread *door, enum mpimock_function function, const void *caller)
{
    door->depth = 1;
    door->call = (struct mpimock_call){.function = function,
                                       .caller = caller,
                                       .comm = MPI_COMM_NULL,
                                       .peer = MPIMOCK_NO_RANK,
                                       .tag = MPIMOCK_NO_RANK,
                                       .count = -1};
    door->detail_error = MPI_SUCCESS;
    door->has_origin = false;
    return MPI_SUCCESS;
}

static inline int door_enter(struct door_thread *door, enum mpimock_function function, const void *caller)
{
    door_enter_anytime(door, function, caller);
    return __builtin_expect(door_gate == GATE_OPEN, 1) ? MPI_SUCCESS : door_gate_check();
}

static inline int door_leave_object(struct door_thread *door, enum door_kind kind, uintptr_t key, int result)
{
    if (__builtin_expect(result != MPI_SUCCESS, 0))
        result = door_failed(kind, key, result);
    door->depth = 0;
    door->call.function = MPIMOCK_NONE;
    return result;
}
static inline int door_leave(struct door_thread *door, int result)
{
    return door_leave_object(door, DOOR_COMM, HANDLE_KEY(door->call.comm), result);
}
static inline int door_leave_win(struct door_thread *door, MPI_Win win, int result)
{
    return door_leave_object(door, DOOR_WIN, HANDLE_KEY(win), result);
}
static inline int door_leave_file(struct door_thread *door, MPI_File file, int result)
{
    return door_leave_object(door, DOOR_FILE, HANDLE_KEY(file), result);
}

int door_comm_in_slowly(struct door_thread *door, MPI_Comm *comm);
static inline int door_comm_in(struct door_thread *door, MPI_Comm *comm)
{
    if (*comm == MPI_COMM_WORLD) {
        if (!door_world.entered)
            return MPI_SUCCESS;
        if (door_world.team != MPI_COMM_NULL) {
            *comm = door_world.team;
            return MPI_SUCCESS;
        }
    } else if (HANDLE_KEY(*comm) == door->known &&
               door->known_epoch == atomic_load_explicit(&door_epoch, memory_order_relaxed)) {
        return MPI_SUCCESS;
    }
    return door_comm_in_slowly(door, comm);
}
static inline int door_comm_in_if_any(struct door_thread *door, MPI_Comm *comm)
{
    return *comm == MPI_COMM_NULL ? MPI_SUCCESS : door_comm_in(door, comm);
}
int door_comm_freeable(struct door_thread *door, MPI_Comm comm);
int door_win_in(MPI_Win win);
int door_file_in(MPI_File file);
static inline int door_win_in_if_any(MPI_Win win)
{
    return win == MPI_WIN_NULL ? MPI_SUCCESS : door_win_in(win);
}
static inline int door_file_in_if_any(MPI_File file)
{
    return file == MPI_FILE_NULL ? MPI_SUCCESS : door_file_in(file);
}

/* For functions without an error code: what cannot be translated stays as it is. */
MPI_Comm door_comm_translated(MPI_Comm comm);
MPI_Comm door_comm_translated_back(MPI_Comm comm);

void door_comm_born(MPI_Comm parent, MPI_Comm comm);       /* MPI_COMM_NULL is fine for both */
void door_comm_born_later(MPI_Comm parent, MPI_Comm comm); /* not finished before its request is (MPI_Comm_idup) */
void door_comm_freed(MPI_Comm comm);
void door_win_born(MPI_Win win);
void door_win_freed(MPI_Win win);
void door_file_born(MPI_File file);
void door_file_freed(MPI_File file);

#endif
