/* SPDX-License-Identifier: BSD-2-Clause */
/* renew.c: a rank whose process has died goes on with a fresh one.
 *
 *     runs ──died──▶ buried (slot repaired, `lost`, `left`, `ended`, `incarnation`, `deaths`; all are told)
 *                       ──reaped──▶ prepared (predecessor's wait status) ──fork──▶ attached: runs
 *
 * The process may have died at any instruction. What it leaves in the segment, and who sets that right:
 *
 *     its slot           it was the only writer, so the supervisor writes it now, until the successor is forked. `blocked`
 *                        becomes even, `sleeping` 0. `running` and the header's count are changed by two stores: a death
 *                        in between leaves the header's too small by one, which costs looks in vain (waiting.c).
 *     rings to others    a record is there as a whole or not at all (mailbox.c); the successor goes on behind the last. Who
 *                        was not told of a record any more, or of room, is told now: the news of each rank are set.
 *     rings from others  what was consumed is gone with the dead; the successor goes on with the rest, its news set.
 *     its answers        are good: they name requests of living processes.
 *     answers to it      name requests of the dead: envelopes say of which incarnation, and the successor drops them. So may
 *                        peers that do not know of the death yet go on to answer.
 *     its messages       in tests are the test's, which ends, and vanish with it. Those on the control communicator carry
 *                        all of their data in the ring: they are received, in order, before the successor's; one of which
 *                        not all pieces are there is dropped. On other communicators the data of a rendezvous is lost: its
 *                        receive fails.
 *     messages to it     on the control communicator that it has not consumed are the successor's; those of its test are
 *                        discarded before the successor's first test begins.
 *     memory to read     `incarnation` changes before the process number can be another's, and is looked at after each
 *                        copy: what was read from the wrong process is not used.
 *     the end            a claim that was not published is taken back.
 *
 * `lost` comes before `ended`, so that who finds that a member has ended the test also finds that it has died there.
 */
#include "renew.h"

#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "objects.h"

/* The test that the process was in; one that was about to end it has cleared `test`, and not set `ended`. */
static uint32_t test_of(const struct segment_rank *slot)
{
    uint32_t test = atomic_load(&slot->test), left = atomic_load(&slot->left);
    return test != 0 ? test : left > atomic_load(&slot->ended) ? left : 0;
}

static void keep_words(struct segment *segment, int rank, uint32_t test)
{
    struct segment_words *words = segment_words(segment, rank);
    words->predecessor = (struct mpimock_death){.incarnation = atomic_load(&segment_rank(segment, rank)->incarnation),
                                                .test = test,
                                                .words = words->own};
    memset(&words->own, 0, sizeof words->own);
}

static void repair(struct segment *segment, struct segment_rank *slot)
{
    if (atomic_exchange(&slot->running, 0) != 0)
        atomic_fetch_sub(&segment->running, 1);
    if (atomic_load(&slot->blocked) & 1)
        atomic_fetch_add(&slot->blocked, 1);
    atomic_store(&slot->sleeping, 0);
    atomic_store(&slot->waits_in, 0);
    atomic_store(&slot->polls_in, 0);
    atomic_store(&slot->pid, 0);
}

static void tell_all(struct segment *segment, int rank)
{
    for (int i = 0; i < (int)segment->n; i++) {
        atomic_fetch_or(&segment_rank(segment, rank)->news[i / 64], UINT64_C(1) << (i % 64));
        if (i != rank)
            segment_tell(segment, i, rank);
    }
}

bool renew_bury(struct segment *segment, int rank, uint32_t ended_at_birth)
{
    struct segment_rank *slot = segment_rank(segment, rank);
    uint32_t test = test_of(slot);
    bool began = test != 0 || atomic_load(&slot->ended) != ended_at_birth;
    segment_end_unclaim(segment, rank);
    keep_words(segment, rank, test);
    repair(segment, slot);
    atomic_store(&slot->lost[atomic_load(&slot->incarnation) % SEGMENT_LOSSES], test);
    if (test != 0) {
        atomic_store(&slot->left, test);
        atomic_store(&slot->ended, test);
    }
    atomic_store(&slot->test, 0);
    atomic_fetch_add(&slot->incarnation, 1);
    atomic_fetch_add(&segment->deaths, 1);
    tell_all(segment, rank);
    return began;
}

void renew_prepare(struct segment *segment, int rank, int wait_status)
{
    struct segment_rank *slot = segment_rank(segment, rank);
    segment_words(segment, rank)->predecessor.wait_status = wait_status;
    atomic_store(&slot->state, SEGMENT_STARTED);
    atomic_store(&slot->running, 1);
    atomic_fetch_add(&segment->running, 1);
}

/* ---- For the runner ---- */

unsigned mpimock_incarnation(void)
{
    return mock.segment == NULL ? 0 : mpimock_rank_incarnation(mock.rank);
}

const struct mpimock_death *mpimock_predecessor(void)
{
    return mpimock_incarnation() == 0 ? NULL : &segment_words(mock.segment, mock.rank)->predecessor;
}

static struct mpimock_last_words *elsewhere;

void mpimock_last_words_in(struct mpimock_last_words *words)
{
    elsewhere = words;
}

struct mpimock_last_words *mpimock_last_words(void)
{
    if (elsewhere != NULL)
        return elsewhere;
    return mock.segment == NULL || mock.segment->supervisor == 0 ? NULL : &segment_words(mock.segment, mock.rank)->own;
}

unsigned mpimock_rank_incarnation(int rank)
{
    return mock.segment == NULL ? 0 : atomic_load(&segment_rank(mock.segment, rank)->incarnation);
}

pid_t mpimock_rank_pid(int rank)
{
    return mock.segment == NULL ? 0 : atomic_load(&segment_rank(mock.segment, rank)->pid);
}

int mpimock_rank_count(void)
{
    return mock.segment == NULL ? 0 : mock.size;
}

/* The number is 0 before the process is reaped: if it is still the same once there is a descriptor, that is the rank's. */
int mpimock_rank_kill(int rank, unsigned incarnation, int signal)
{
    pid_t pid = mpimock_rank_pid(rank);
    int error = 0;
    if (pid <= 0)
        return -ESRCH;
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    bool without = fd < 0 && errno != ESRCH; /* an old kernel, or no descriptor is left */
    if ((fd < 0 && !without) || mpimock_rank_pid(rank) != pid || mpimock_rank_incarnation(rank) != incarnation)
        error = -ESRCH;
    else if (without ? kill(pid, signal) != 0 : syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0) != 0)
        error = -errno;
    if (fd >= 0)
        close(fd);
    return error;
}
