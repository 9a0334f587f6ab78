/* SPDX-License-Identifier: BSD-2-Clause */
/* talk.c: letters between guards, on a communicator of their own. One receive, for anybody's letter, is open all the
 * time, which costs a poll less than a probe; letters are small enough to be sent eagerly everywhere, so what is said
 * leaves at once, mostly. */
#include "private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TAG 1

struct said {
    struct said *next;
    MPI_Request request;
    struct guard_letter letter;
};
static struct {
    MPI_Request receive;
    struct guard_letter arriving;
    struct said *open, *spare;
    struct biased_lock busy;
} talk = {.receive = MPI_REQUEST_NULL, .busy = BIASED_LOCK_INIT};

static int receive_next(void)
{
    return guard.mpi->Irecv(&talk.arriving, sizeof talk.arriving, MPI_BYTE, MPI_ANY_SOURCE, TAG, guard.comm,
                            &talk.receive);
}

int guard_talk_open(void)
{
    return receive_next() == MPI_SUCCESS ? 0 : -EIO;
}

void guard_talk_begin(void)
{
    biased_lock_own(&talk.busy, &guard_self);
}

void guard_talk_close(void)
{
    guard_talk_flush();
    if (talk.receive != MPI_REQUEST_NULL) {
        guard.mpi->Cancel(&talk.receive);
        guard.mpi->Wait(&talk.receive, MPI_STATUS_IGNORE);
    }
    while (talk.spare) {
        struct said *said = talk.spare;
        talk.spare = said->next;
        free(said);
    }
}

/* One thread at a time, and nobody waits for the other: it does the same. */
static bool begin(void)
{
    return biased_lock_try(&talk.busy, &guard_self);
}
static void end(void)
{
    biased_lock_give(&talk.busy, &guard_self);
}

static void say(int to, const struct guard_letter *letter)
{
    struct said *said = talk.spare;
    size_t size = guard_letter_size(letter);
    int done = 0;
    if (said)
        talk.spare = said->next;
    else
        said = malloc(sizeof *said);
    if (!said)
        return; /* whoever waits for it waits until the test's time is up */
    memcpy(&said->letter, letter, size);
    if (guard.mpi->Isend(&said->letter, (int)size, MPI_BYTE, to, TAG, guard.comm, &said->request) == MPI_SUCCESS &&
        guard.mpi->Test(&said->request, &done, MPI_STATUS_IGNORE) == MPI_SUCCESS && !done) {
        said->next = talk.open;
        talk.open = said;
        return;
    }
    said->next = talk.spare;
    talk.spare = said;
}

void guard_say(int to, const struct guard_letter *letter)
{
    while (!begin())
        ;
    say(to, letter);
    end();
}

static void write_letter(void *context, int to, const struct guard_letter *letter)
{
    (void)context;
    say(to, letter);
}

/* Those that have left are spare again. */
static void reap(void)
{
    for (struct said **place = &talk.open, *said; (said = *place) != NULL;) {
        int done = 0;
        if (guard.mpi->Test(&said->request, &done, MPI_STATUS_IGNORE) == MPI_SUCCESS && !done) {
            place = &said->next;
            continue;
        }
        *place = said->next;
        said->next = talk.spare;
        talk.spare = said;
    }
}

/* One letter, if one has come: to look for the next costs the MPI a turn of its progress, which can wait. False: none had. */
static bool hear_one(void)
{
    MPI_Status status;
    int done = 0, size;
    if (talk.receive == MPI_REQUEST_NULL || guard.mpi->Test(&talk.receive, &done, &status) != MPI_SUCCESS || !done)
        return false;
    if (guard.mpi->Get_count(&status, MPI_BYTE, &size) == MPI_SUCCESS && size >= 0 &&
        guard_letter_is_good(&talk.arriving, (size_t)size)) {
        if (talk.arriving.kind == GUARD_BLOCKED)
            guard_blocked_heard(status.MPI_SOURCE, &talk.arriving);
        else
            guard_mailbox_put(&guard.mailbox, status.MPI_SOURCE, &talk.arriving);
    }
    talk.receive = MPI_REQUEST_NULL;
    receive_next();
    return true;
}

static void hear(void)
{
    while (hear_one())
        continue;
    if (talk.open)
        reap();
}

void guard_hear(void)
{
    if (!begin())
        return;
    hear();
    end();
}

/* Says first what is due, then hears: a mate may wait for it. */
enum guard_verdict guard_converse(struct guard_agreement *agreement)
{
    static const struct guard_writer writer = {write_letter, NULL};
    enum guard_verdict verdict;
    if (!begin())
        return GUARD_WAITING;
    do
        verdict = guard_agreement_advance(agreement, &guard.mailbox, &writer);
    while (verdict == GUARD_WAITING && hear_one());
    if (talk.open)
        reap();
    end();
    return verdict;
}

bool guard_read(int from, const struct guard_letter *wanted, struct guard_letter *letter)
{
    if (!begin())
        return false;
    hear();
    bool found = guard_mailbox_take(&guard.mailbox, from, wanted, letter);
    end();
    return found;
}

void guard_unread(int from, const struct guard_letter *letter)
{
    while (!begin())
        ;
    guard_mailbox_put(&guard.mailbox, from, letter);
    end();
}

bool guard_anyone_gone(void)
{
    return guard_mailbox_any_gone(&guard.mailbox, guard.team.serial);
}

void guard_talk_flush(void)
{
    for (uint32_t turns = 1; talk.open; turns++) {
        reap();
        if ((turns & 63) == 0)
            guard_relax(turns);
    }
}
