/* SPDX-License-Identifier: BSD-2-Clause */
/* onesided.c: epochs of windows (MPI-3.1 §11.5). Windows are made, fenced and freed like other collectives
 * (collective.c).
 *
 * A rank that leaves while it holds a lock keeps the others inside the MPI's MPI_Win_lock, so open epochs are known,
 * and the stop closes those that this rank can close alone. MPI_Win_start waits for letters of the ranks that post,
 * where waiting can be broken off, and enters the MPI's when all have come; MPI_Win_wait is MPI_Win_test, polled.
 */
#include "private.h"

#include <alloca.h>
#include <stdlib.h>

enum epoch_kind { EPOCH_LOCK, EPOCH_LOCK_ALL, EPOCH_START, EPOCH_POST };
static struct epoch {
    MPI_Win win;
    enum epoch_kind kind;
    int target;
} * epochs;
static size_t count, capacity;

static void opened(int error, MPI_Win win, enum epoch_kind kind, int target)
{
    if (error != MPI_SUCCESS)
        return;
    guard_lock();
    if (count == capacity) {
        size_t more = capacity ? 2 * capacity : 8;
        struct epoch *larger = realloc(epochs, more * sizeof *larger);
        if (larger) {
            epochs = larger;
            capacity = more;
        }
    }
    if (count < capacity)
        epochs[count++] = (struct epoch){win, kind, target};
    guard_unlock();
}

static int closed(int error, MPI_Win win, enum epoch_kind kind, int target)
{
    if (error != MPI_SUCCESS)
        return error;
    guard_lock();
    for (size_t i = count; i-- > 0;)
        if (epochs[i].win == win && epochs[i].kind == kind && epochs[i].target == target) {
            epochs[i] = epochs[--count];
            break;
        }
    guard_unlock();
    return error;
}

/* ---- Passive target ---- */

static int guard_Win_lock(int lock_type, int rank, int assertion, MPI_Win win)
{
    GUARD_ENTER();
    int error = guard.mpi->Win_lock(lock_type, rank, assertion, win);
    opened(error, win, EPOCH_LOCK, rank);
    return guard_after(error);
}

static int guard_Win_lock_all(int assertion, MPI_Win win)
{
    GUARD_ENTER();
    int error = guard.mpi->Win_lock_all(assertion, win);
    opened(error, win, EPOCH_LOCK_ALL, 0);
    return guard_after(error);
}

static int guard_Win_unlock(int rank, MPI_Win win)
{
    GUARD_ENTER();
    return guard_after(closed(guard.mpi->Win_unlock(rank, win), win, EPOCH_LOCK, rank));
}

static int guard_Win_unlock_all(MPI_Win win)
{
    GUARD_ENTER();
    return guard_after(closed(guard.mpi->Win_unlock_all(win), win, EPOCH_LOCK_ALL, 0));
}

/* The target answers while it is anywhere in the MPI. */
#define ENTERED(Name, parameters, arguments)                                                                           \
    static int guard_##Name parameters                                                                                 \
    {                                                                                                                  \
        GUARD_ENTER();                                                                                                 \
        return guard_after(guard.mpi->Name arguments);                                                                 \
    }
ENTERED(Win_flush, (int rank, MPI_Win win), (rank, win))
ENTERED(Win_flush_all, (MPI_Win win), (win))
ENTERED(Win_flush_local, (int rank, MPI_Win win), (rank, win))
ENTERED(Win_flush_local_all, (MPI_Win win), (win))

/* ---- Active target ---- */

/* A group's size and, in memory of alloca's, its members; size 0 where they are not known. */
#define MEMBERS_OF(group, size, members)                                                                               \
    int size = 0, *members;                                                                                            \
    if ((group) == MPI_GROUP_NULL || guard.mpi->Group_size(group, &size) != MPI_SUCCESS)                               \
        size = 0;                                                                                                      \
    members = alloca((size_t)(size > 0 ? size : 1) * sizeof *members);                                                 \
    if (!guard_group_members(group, size, members))                                                                    \
    size = 0

static int guard_Win_post(MPI_Group group, int assertion, MPI_Win win)
{
    struct guard_letter letter = {.serial = guard.team.serial, .kind = GUARD_POSTED};
    GUARD_ENTER();
    MEMBERS_OF(group, size, members);
    int error = guard.mpi->Win_post(group, assertion, win);
    opened(error, win, EPOCH_POST, 0);
    letter.number = guard_scope_number(GUARD_WIN, HANDLE_KEY(win));
    for (int i = 0; error == MPI_SUCCESS && letter.number && i < size; i++)
        guard_say(members[i], &letter);
    return error;
}

static int guard_Win_start(MPI_Group group, int assertion, MPI_Win win)
{
    struct guard_letter letter = {.serial = guard.team.serial, .kind = GUARD_POSTED}, got;
    GUARD_ENTER();
    MEMBERS_OF(group, size, members);
    letter.number = guard_scope_number(GUARD_WIN, HANDLE_KEY(win));
    for (int i = 0; letter.number && i < size; i++)
        for (uint32_t turns = 0; !guard_read(members[i], &letter, &got);)
            if (guard_turn(&turns)) {
                while (i-- > 0)
                    guard_unread(members[i], &letter); /* the stop answers them */
                guard_go();
            }
    int error = guard.mpi->Win_start(group, assertion, win);
    opened(error, win, EPOCH_START, 0);
    return guard_after(error);
}

static int guard_Win_complete(MPI_Win win)
{
    GUARD_ENTER();
    return guard_after(closed(guard.mpi->Win_complete(win), win, EPOCH_START, 0));
}

static int guard_Win_wait(MPI_Win win)
{
    int done = 0, error;
    uint32_t turns = 0;
    GUARD_ENTER();
    while ((error = guard.mpi->Win_test(win, &done)) == MPI_SUCCESS && !done)
        if (guard_turn(&turns))
            guard_go();
    return closed(error, win, EPOCH_POST, 0);
}

static int guard_Win_test(MPI_Win win, int *flag)
{
    GUARD_ENTER();
    int error = guard.mpi->Win_test(win, flag);
    if (error == MPI_SUCCESS && *flag)
        closed(error, win, EPOCH_POST, 0);
    else if (error == MPI_SUCCESS)
        guard_missed();
    return error;
}

/* ---- The stop ---- */

void guard_epochs_close(void)
{
    size_t left = 0;
    for (size_t i = 0; i < count; i++) {
        const struct epoch epoch = epochs[i];
        switch (epoch.kind) {
        case EPOCH_LOCK:
            guard.mpi->Win_unlock(epoch.target, epoch.win);
            break;
        case EPOCH_LOCK_ALL:
            guard.mpi->Win_unlock_all(epoch.win);
            break;
        case EPOCH_START:
            guard.mpi->Win_complete(epoch.win);
            break;
        case EPOCH_POST: /* is over when all others have completed theirs */
            epochs[left++] = epoch;
            break;
        }
    }
    count = left;
}

/* Starts for nothing what mates have posted and this rank has not started, so that their exposures end. All at once:
 * MPICH waits in MPI_Win_start until there are as many posts as the group has members. */
void guard_epochs_answer(void)
{
    struct guard_letter letter = {.serial = guard.team.serial, .kind = GUARD_POSTED}, got;
    int *posters = malloc(guard.team.size * sizeof *posters), number;
    for (size_t i = 0; posters && i < guard.scope_count; i++) {
        const struct guard_scope *scope = &guard.scopes[i];
        MPI_Win win = guard_win_of(scope->key);
        MPI_Group group;
        letter.number = scope->number;
        number = 0;
        for (int k = 0; scope->key && scope->kind == GUARD_WIN && k < scope->size; k++)
            if (guard_read(scope->members[k], &letter, &got))
                posters[number++] = scope->members[k];
        if (number == 0 || guard.mpi->Group_incl(guard.everyone, number, posters, &group) != MPI_SUCCESS)
            continue;
        if (guard.mpi->Win_start(group, 0, win) == MPI_SUCCESS)
            guard.mpi->Win_complete(win);
        guard.mpi->Group_free(&group);
    }
    free(posters);
}

size_t guard_epochs_test(void)
{
    size_t left = 0;
    for (size_t i = 0; i < count; i++) {
        int done = 0;
        if (guard.mpi->Win_test(epochs[i].win, &done) == MPI_SUCCESS && !done)
            epochs[left++] = epochs[i];
    }
    return count = left;
}

bool guard_epochs_open(void)
{
    return count > 0;
}

void guard_epochs_forget(void)
{
    free(epochs);
    epochs = NULL;
    count = capacity = 0;
}

void guard_fill_onesided(struct mpimock_backend *table)
{
#define FILL(Name) table->Name = guard_##Name
    FILL(Win_lock), FILL(Win_lock_all), FILL(Win_unlock), FILL(Win_unlock_all), FILL(Win_flush), FILL(Win_flush_all);
    FILL(Win_flush_local), FILL(Win_flush_local_all), FILL(Win_post), FILL(Win_start), FILL(Win_complete),
        FILL(Win_wait);
    FILL(Win_test);
#undef FILL
}
