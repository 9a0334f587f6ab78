/* SPDX-License-Identifier: BSD-2-Clause */
/* real.c: what the installed MPI needs so that errors come back as codes: a private error handler on every
 * communicator, window and file. It returns, and tells the door which object the error belongs to: a code from MPI_Wait
 * does not.
 *
 * Handlers are the door's own (error.c); those that users make never reach the installed MPI.
 */
#include "door_entry.h"

#ifdef MPIMOCK_NO_MPI

void door_real_prepare(void)
{
}

void door_real_quiet(enum door_kind kind, uintptr_t key)
{
    (void)kind;
    (void)key;
}

#else

static MPI_Errhandler quiet_comm, quiet_win, quiet_file;
static bool prepared;

static void comm_error(MPI_Comm *comm, int *code, ...)
{
    (void)code;
    door_error_at(DOOR_COMM, HANDLE_KEY(*comm));
}

static void win_error(MPI_Win *win, int *code, ...)
{
    (void)code;
    door_error_at(DOOR_WIN, HANDLE_KEY(*win));
}

static void file_error(MPI_File *file, int *code, ...)
{
    (void)code;
    door_error_at(DOOR_FILE, HANDLE_KEY(*file));
}

void door_real_prepare(void)
{
    const struct mpimock_backend *real = &mpimock_backend_real;
    int initialized = 0, finalized = 0;
    if (prepared || door_inner() != real)
        return;
    door_inside();
    if (real->Initialized(&initialized) == MPI_SUCCESS && initialized && real->Finalized(&finalized) == MPI_SUCCESS &&
        !finalized) {
        prepared = real->Comm_create_errhandler(comm_error, &quiet_comm) == MPI_SUCCESS &&
                   real->Win_create_errhandler(win_error, &quiet_win) == MPI_SUCCESS &&
                   real->File_create_errhandler(file_error, &quiet_file) == MPI_SUCCESS &&
                   real->Comm_set_errhandler(MPI_COMM_WORLD, quiet_comm) == MPI_SUCCESS &&
                   real->Comm_set_errhandler(MPI_COMM_SELF, quiet_comm) == MPI_SUCCESS;
    }
    door_outside();
}

void door_real_quiet(enum door_kind kind, uintptr_t key)
{
    const struct mpimock_backend *real = &mpimock_backend_real;
    if (!prepared || door_inner() != real)
        return;
    door_inside();
    if (kind == DOOR_COMM)
        real->Comm_set_errhandler((MPI_Comm)key, quiet_comm);
    else if (kind == DOOR_WIN)
        real->Win_set_errhandler((MPI_Win)key, quiet_win);
    else
        real->File_set_errhandler((MPI_File)key, quiet_file);
    door_outside();
}

#endif
