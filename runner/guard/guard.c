/* SPDX-License-Identifier: BSD-2-Clause */
/* guard.c: the guard's state, and how it waits. See guard.h. */
#include "private.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define GATHER_NUMBER UINT64_C(0x676174686572)

struct guard_state guard = {.lock = BIASED_LOCK_INIT};
__thread char guard_self;

int guard_open(struct control *control)
{
    if (!control->real)
        return 0;
    const struct mpimock_backend *mpi = control->mpi;
    guard.control = control;
    guard.comm = MPI_COMM_NULL;
    guard.everyone = MPI_GROUP_NULL;
    guard.mpi = mpi;
    if (mpi->Comm_dup(control->comm, &guard.comm) != MPI_SUCCESS ||
        mpi->Comm_group(control->comm, &guard.everyone) != MPI_SUCCESS || guard_talk_open() != 0) {
        guard.mpi = NULL;
        return -EIO;
    }
    guard.table = *mpi;
    guard_fill_p2p(&guard.table);
    guard_fill_collectives(&guard.table);
    guard_fill_creation(&guard.table);
    guard_fill_onesided(&guard.table);
    return 0;
}

void guard_close(void)
{
    if (!guard.mpi)
        return;
    guard_talk_close();
    guard_mailbox_finish(&guard.mailbox);
    free(guard.kept);
    free(guard.found);
    guard.found = NULL;
    guard.found_capacity = 0;
    guard.kept = NULL;
    guard.kept_count = guard.kept_others = 0;
    guard.mpi->Group_free(&guard.everyone);
    guard.mpi->Comm_free(&guard.comm);
    guard.mpi = NULL;
}

int guard_gather(const uint32_t members[], uint32_t size, uint32_t serial, bool (*dead)(uint32_t member))
{
    struct guard_agreement agreement;
    int *ranks = guard.mpi ? malloc(size * sizeof *ranks) : NULL, me = 0, error = 0;
    if (!ranks)
        return guard.mpi ? -ENOMEM : 0;
    for (uint32_t i = 0; i < size; i++) {
        ranks[i] = (int)members[i];
        if (ranks[i] == guard.control->rank)
            me = (int)i;
    }
    guard_talk_begin();
    guard_agreement_begin(&agreement, serial, GATHER_NUMBER, 1, ranks, (int)size, me,
                          &(struct guard_intent){.rank = me});
    for (uint32_t turns = 1; !error && guard_converse(&agreement) == GUARD_WAITING; turns++) {
        for (uint32_t i = 0; dead && (turns & 63) == 0 && i < size; i++)
            error = dead(i) ? -EOWNERDEAD : error;
        if ((turns & 63) == 0)
            guard_relax(turns);
    }
    free(ranks);
    return error;
}

bool guard_begin(const struct guard_team *team, const struct guard_host *host)
{
    if (!guard.mpi || team->comm == MPI_COMM_NULL || team->size < 2)
        return false;
    guard.team = *team;
    guard.host = *host;
    biased_lock_own(&guard.lock, &guard_self);
    guard_talk_begin();
    guard.main_thread = pthread_self();
    guard.stopped = guard.clean = guard.declared = guard.uncounted = false;
    guard.sent = guard.received = (struct guard_counter){0, 0};
    guard.sent_bytes = 0;
    guard.found_count = guard.scopes_made = 0;
    atomic_store(&guard.stance, GUARD_STAYING);
    if (guard_scopes_begin() != 0)
        return false;
    guard_mailbox_begin(&guard.mailbox, team->serial);
    guard_blocked_begin();
    guard.on = true;
    mpimock_guard_use(&guard.table);
    return true;
}

double guard_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* ---- Leaving ---- */

void guard_declare(void)
{
    size_t count = 0;
    guard_lock();
    bool first = !guard.declared;
    guard.declared = true;
    struct guard_arrival *arrivals = first ? guard_scopes_arrivals(&count) : NULL;
    guard_unlock();
    if (!arrivals)
        return;
    struct guard_letter letter = {.serial = guard.team.serial, .kind = GUARD_GONE};
    letter.gone.letters = (uint32_t)(count ? (count + GUARD_ARRIVALS_MAX - 1) / GUARD_ARRIVALS_MAX : 1);
    for (uint32_t i = 0; i < letter.gone.letters; i++) {
        size_t begin = (size_t)i * GUARD_ARRIVALS_MAX, left = count - begin;
        letter.gone.count = (uint32_t)(left < GUARD_ARRIVALS_MAX ? left : GUARD_ARRIVALS_MAX);
        memcpy(letter.gone.arrivals, arrivals + begin, letter.gone.count * sizeof *arrivals);
        for (uint32_t k = 0; k < guard.team.size; k++)
            if ((int)guard.team.members[k] != guard.control->rank)
                guard_say((int)guard.team.members[k], &letter);
    }
    free(arrivals);
}

void guard_left(void)
{
    if (!guard.on || guard.stopped)
        return;
    atomic_store(&guard.stance, GUARD_LEFT);
    guard_declare();
    guard_withdraw();
}

/* Only the thread that runs the test looks: the others see that it is left. */
bool guard_look(void)
{
    if (atomic_load(&guard.stance) != GUARD_STAYING)
        return true;
    if (!pthread_equal(pthread_self(), guard.main_thread) || !guard.host.look())
        return false;
    atomic_store(&guard.stance, GUARD_FOLLOWING);
    guard_declare();
    return true;
}

bool guard_is_dead(int rank)
{
    for (uint32_t i = 0; guard.host.dead && i < guard.team.size; i++)
        if ((int)guard.team.members[i] == rank)
            return guard.host.dead(i);
    return false;
}

void guard_relax(uint32_t turns)
{
    if (turns < 20000)
        sched_yield();
    else
        nanosleep(&(struct timespec){.tv_nsec = turns < 100000 ? 20000 : 200000}, NULL);
}

static __thread double since; /* of the wait that this thread is in */

double guard_waits_since(void)
{
    return since;
}

bool guard_pause(uint32_t turns)
{
    if (turns <= 64) /* a new wait, or a question of the test's own */
        since = turns > 0 ? guard_now() : 0;
    if (guard_look())
        return true;
    guard_hear();
    guard_blocked(turns, false);
    guard_relax(turns);
    return false;
}

void guard_go(void)
{
    if (!pthread_equal(pthread_self(), guard.main_thread))
        pthread_exit(NULL);
    atomic_store(&guard.stance, GUARD_LEFT);
    guard_withdraw();
    guard.host.go();
    abort(); /* it does not return */
}

int guard_refuse(void)
{
    if (atomic_load(&guard.stance) == GUARD_FOLLOWING || !pthread_equal(pthread_self(), guard.main_thread))
        guard_go();
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
    for (size_t i = 1; !guard.clean && i < guard.scope_count; i++)
        guard.kept_others += guard.scopes[i].key != 0; /* a window and a file have one inside */
    guard_scopes_end();
    guard_blocked_end();
    guard.on = false;
}

size_t guard_kept(void)
{
    return guard.kept_count + guard.kept_others;
}

bool guard_may_free(MPI_Comm team)
{
    for (size_t i = 0; i < guard.kept_count; i++)
        if (guard.kept[i] == team)
            return false;
    return true;
}
