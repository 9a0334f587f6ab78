/* SPDX-License-Identifier: BSD-2-Clause */
/* guard.c: the guard's state, and how it waits. See guard.h. */
#include "guard_private.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

struct guard_state guard = {.lock = ATOMIC_FLAG_INIT};

int guard_open(struct control *control)
{
    if (!control->real)
        return 0;
    const struct mpimock_backend *mpi = control->mpi;
    guard.control = control;
    guard.stops = guard.agreements = MPI_COMM_NULL;
    guard.everyone = MPI_GROUP_NULL;
    if (mpi->Comm_dup(control->comm, &guard.stops) != MPI_SUCCESS ||
        mpi->Comm_dup(control->comm, &guard.agreements) != MPI_SUCCESS ||
        mpi->Comm_group(control->comm, &guard.everyone) != MPI_SUCCESS)
        return -EIO;
    guard.mpi = mpi;
    guard.table = *mpi;
    guard_fill_p2p(&guard.table);
    guard_fill_collectives(&guard.table);
    guard_fill_creation(&guard.table);
    return 0;
}

void guard_close(void)
{
    if (!guard.mpi)
        return;
    free(guard.kept);
    guard.kept = NULL;
    guard.kept_count = 0;
    guard.mpi->Group_free(&guard.everyone);
    guard.mpi->Comm_free(&guard.agreements);
    guard.mpi->Comm_free(&guard.stops);
    guard.mpi = NULL;
}

bool guard_begin(const struct guard_team *team, int thread_level, const struct guard_host *host)
{
    if (!guard.mpi || team->comm == MPI_COMM_NULL || team->size < 2)
        return false;
    guard.team = *team;
    guard.host = *host;
    guard.threads = thread_level >= MPI_THREAD_SERIALIZED;
    guard.main_thread = pthread_self();
    guard.stopped = guard.clean = false;
    atomic_store(&guard.left, false);
    if (guard_comms_begin() != 0)
        return false;
    guard.on = true;
    mpimock_guard_use(&guard.table);
    return true;
}

/* ---- Leaving ---- */

void guard_left(void)
{
    if (guard.on)
        atomic_store(&guard.left, true);
}

/* Only the thread that runs the test looks: the others see that it is left. */
static bool look(void)
{
    if (atomic_load(&guard.left))
        return true;
    if (!pthread_equal(pthread_self(), guard.main_thread) || !guard.host.look())
        return false;
    atomic_store(&guard.left, true);
    return true;
}

void guard_relax(uint32_t turns)
{
    if (turns < 20000)
        sched_yield();
    else
        nanosleep(&(struct timespec){.tv_nsec = turns < 100000 ? 20000 : 200000}, NULL);
}

bool guard_pause(uint32_t turns)
{
    if (look())
        return true;
    guard_relax(turns);
    return false;
}

void guard_go(void)
{
    if (!pthread_equal(pthread_self(), guard.main_thread))
        pthread_exit(NULL);
    guard.host.go();
    abort(); /* it does not return */
}

int guard_refuse(void)
{
    return mpimock_error(MPI_ERR_OTHER, "the test is being left: its team communicates no more");
}

/* ---- The end ---- */

static void keep(MPI_Comm comm)
{
    MPI_Comm *larger = realloc(guard.kept, (guard.kept_count + 1) * sizeof *larger);
    if (!larger)
        return;
    guard.kept = larger;
    guard.kept[guard.kept_count++] = comm;
}

void guard_end(void)
{
    long pending = 0;
    if (!guard.on)
        return;
    if (!guard.stopped)
        guard_stop(&pending);
    if (!guard.clean)
        keep(guard.team.comm);
    guard_comms_end();
    guard.on = false;
}

bool guard_may_free(MPI_Comm team)
{
    for (size_t i = 0; i < guard.kept_count; i++)
        if (guard.kept[i] == team)
            return false;
    return true;
}
