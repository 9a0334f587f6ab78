/* SPDX-License-Identifier: BSD-2-Clause */
/* door.c: the state of the front door: which backend serves, in which call each thread is, and the slow ways of the
 * checks in door_entry.h. The entry points themselves are generated (entry.c).
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* dladdr */
#endif
#include <dlfcn.h>
#include <stdlib.h>

#include "door_entry.h"

__thread struct door_thread door_thread = {.call.comm = MPI_COMM_NULL};
const struct mpimock_backend *door_active_;
static const struct mpimock_backend *guarded; /* that the active one stands before; NULL: none */
struct mpimock_hooks door_hooks;
struct door_pending door_pending;

const struct mpimock_backend *mpimock_backend(void)
{
    if (!door_active_) {
#ifdef MPIMOCK_NO_MPI
        door_active_ = &mpimock_backend_mock;
#else
        door_active_ = getenv("MPIMOCK_SEGMENT") ? &mpimock_backend_mock : &mpimock_backend_real;
#endif
    }
    return door_active_;
}

void mpimock_use(const struct mpimock_backend *backend)
{
    guarded = NULL;
    door_active_ = backend;
    if (!door_world.entered)
        door_gate = GATE_UNKNOWN;
}

void mpimock_guard_use(const struct mpimock_backend *guard)
{
    const struct mpimock_backend *inner = door_inner();
    guarded = guard ? inner : NULL;
    door_active_ = guard ? guard : inner;
}

const struct mpimock_backend *door_inner(void)
{
    return guarded ? guarded : mpimock_backend();
}

void mpimock_hooks_set(const struct mpimock_hooks *hooks)
{
    door_hooks = hooks ? *hooks : (struct mpimock_hooks){NULL, NULL, NULL};
}

const struct mpimock_call *mpimock_call(void)
{
    return &door_thread.call;
}

bool mpimock_door_is_open(const char **culprit)
{
    Dl_info serving, own;
    void *send = dlsym(RTLD_DEFAULT, "MPI_Send");
    if (!send) /* in a program of one piece nobody else has it */
        return true;
    if (!dladdr(send, &serving) || !dladdr((void *)&door_active_, &own))
        return false;
    if (serving.dli_fbase == own.dli_fbase)
        return true;
    if (culprit)
        *culprit = serving.dli_fname;
    return false;
}

void door_pending_begin(void)
{
    atomic_store(&door_pending.owner, &door_thread);
    atomic_store(&door_pending.own, 0);
    atomic_store(&door_pending.others, 0);
}

void mpimock_call_left(void)
{
    door_to_user();
}

struct door_saved door_to_user(void)
{
    struct door_saved saved = {door_thread.depth, door_thread.call};
    door_thread.depth = 0;
    door_thread.call.function = MPIMOCK_NONE;
    return saved;
}

void door_from_user(const struct door_saved *saved)
{
    door_thread.depth = saved->depth;
    door_thread.call = saved->call;
}

/* ---- Communicators ---- */

int door_comm_in_slowly(struct door_thread *door, MPI_Comm *comm)
{
    if (*comm == MPI_COMM_NULL)
        return mpimock_error(MPI_ERR_COMM, "the communicator is MPI_COMM_NULL");
    if (*comm == MPI_COMM_WORLD || *comm == MPI_COMM_SELF)
        return door_world_translate(comm);
    unsigned epoch = atomic_load(&door_epoch);
    int error = door_object_check(DOOR_COMM, HANDLE_KEY(*comm));
    if (error == MPI_SUCCESS) {
        door->known = HANDLE_KEY(*comm);
        door->known_epoch = epoch;
    }
    return error;
}

int door_comm_freeable(struct door_thread *door, MPI_Comm comm)
{
    if (comm == MPI_COMM_WORLD || comm == MPI_COMM_SELF)
        return mpimock_error(MPI_ERR_COMM, "%s must not be freed",
                             comm == MPI_COMM_WORLD ? "MPI_COMM_WORLD" : "MPI_COMM_SELF");
    return door_comm_in(door, &comm);
}

MPI_Comm door_comm_translated(MPI_Comm comm)
{
    door_world_translate(&comm);
    return comm;
}

MPI_Comm door_comm_translated_back(MPI_Comm comm)
{
    if (!door_world.entered || comm == MPI_COMM_NULL)
        return comm;
    if (comm == door_world.team)
        return MPI_COMM_WORLD;
    return comm == door_world.self ? MPI_COMM_SELF : comm;
}

/* Its error handler is its parent's (MPI-3.1 §8.3), or the one that it was given. */
static void comm_born(MPI_Comm parent, MPI_Comm comm)
{
    struct door_handler *handler = door_thread.next_handler;
    door_thread.next_handler = NULL;
    if (!handler && parent != MPI_COMM_NULL)
        handler = door_handler_of(DOOR_COMM, HANDLE_KEY(parent));
    door_object_born(DOOR_COMM, HANDLE_KEY(comm), handler);
    door_made(MPIMOCK_LEFT_COMM, HANDLE_KEY(comm));
}

void door_comm_born(MPI_Comm parent, MPI_Comm comm)
{
    if (comm == MPI_COMM_NULL)
        return;
    comm_born(parent, comm);
    door_real_quiet(DOOR_COMM, HANDLE_KEY(comm));
}

void door_comm_born_later(MPI_Comm parent, MPI_Comm comm)
{
    if (comm != MPI_COMM_NULL)
        comm_born(parent, comm); /* the private handler is inherited */
}

void door_comm_freed(MPI_Comm comm)
{
    door_object_freed(DOOR_COMM, HANDLE_KEY(comm));
    door_gone(MPIMOCK_LEFT_COMM, HANDLE_KEY(comm));
}

/* ---- Windows and files ---- */

int door_win_in(MPI_Win win)
{
    if (win == MPI_WIN_NULL)
        return mpimock_error(MPI_ERR_WIN, "the window is MPI_WIN_NULL");
    return door_object_check(DOOR_WIN, HANDLE_KEY(win));
}

void door_win_born(MPI_Win win)
{
    if (win == MPI_WIN_NULL)
        return;
    door_object_born(DOOR_WIN, HANDLE_KEY(win), NULL); /* MPI_ERRORS_ARE_FATAL, whatever the communicator has */
    door_made(MPIMOCK_LEFT_WIN, HANDLE_KEY(win));
    door_real_quiet(DOOR_WIN, HANDLE_KEY(win));
}

void door_win_freed(MPI_Win win)
{
    door_object_freed(DOOR_WIN, HANDLE_KEY(win));
    door_gone(MPIMOCK_LEFT_WIN, HANDLE_KEY(win));
}

int door_file_in(MPI_File file)
{
    if (file == MPI_FILE_NULL)
        return mpimock_error(MPI_ERR_FILE, "the file is MPI_FILE_NULL");
    return door_object_check(DOOR_FILE, HANDLE_KEY(file));
}

/* The handler of a new file is that of MPI_FILE_NULL (MPI-3.1 §13.7). */
void door_file_born(MPI_File file)
{
    if (file == MPI_FILE_NULL)
        return;
    door_object_born(DOOR_FILE, HANDLE_KEY(file), door_handler_of(DOOR_FILE, HANDLE_KEY(MPI_FILE_NULL)));
    door_made(MPIMOCK_LEFT_FILE, HANDLE_KEY(file));
    door_real_quiet(DOOR_FILE, HANDLE_KEY(file));
}

void door_file_freed(MPI_File file)
{
    door_object_freed(DOOR_FILE, HANDLE_KEY(file));
    door_gone(MPIMOCK_LEFT_FILE, HANDLE_KEY(file));
}
