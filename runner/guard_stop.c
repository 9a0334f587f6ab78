/* SPDX-License-Identifier: BSD-2-Clause */
/* guard_stop.c: how a team ends a test. See guard.h.
 *
 * The markers: when all have cancelled their receives each sends one to every other on the team's own communicator. Messages
 * between two ranks on one communicator are found in the order in which they were sent (MPI-3.1 §3.5), so who has taken all
 * markers off it has taken everything off it, and its place in the MPI may be used again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "guard_private.h"
#include "notice.h"

#define PATIENCE 2.0 /* seconds without any progress, after which what pends is given up */
#define MARKER_TAG 32767

struct stop_words {
    uint32_t serial, phase;
    uint32_t unclean; /* this member left early, or has requests open */
    uint32_t pending;
};
static const uint32_t marker_magic[3] = {0x6d70692d, 0x74657374, 0x73746f70};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* ---- Messages that nobody received ---- */

/* Takes one message off the communicator. Result: 1, 0 (none there), or -EIO; *marker: it was a marker of this stop. */
static int take(MPI_Comm comm, bool *marker)
{
    const struct mpimock_backend *mpi = guard.mpi;
    MPI_Status status;
    MPI_Request request = MPI_REQUEST_NULL;
    int found = 0, bytes = 0, done = 0, error;
    *marker = false;
    if (mpi->Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, comm, &found, &status) != MPI_SUCCESS)
        return -EIO;
    if (!found)
        return 0;
    if (mpi->Get_count(&status, MPI_BYTE, &bytes) != MPI_SUCCESS || bytes == MPI_UNDEFINED)
        bytes = 0; /* above 2 GiB: received as truncated */
    char *sink = malloc(bytes > 0 ? (size_t)bytes : 1);
    if (!sink)
        return -EIO;
    error = mpi->Irecv(sink, bytes, MPI_BYTE, status.MPI_SOURCE, status.MPI_TAG, comm, &request);
    for (uint32_t turns = 1; error == MPI_SUCCESS && !done; turns++) {
        error = mpi->Test(&request, &done, MPI_STATUS_IGNORE);
        if (!done && (turns & 63) == 0)
            guard_relax(turns);
    }
    uint32_t words[4];
    if (status.MPI_TAG == MARKER_TAG && bytes == (int)sizeof words) {
        memcpy(words, sink, sizeof words);
        *marker = memcmp(words, marker_magic, sizeof marker_magic) == 0 && words[3] == guard.team.serial;
    }
    free(sink);
    return 1;
}

/* One message off each communicator; true: there was one. Markers are counted. */
static bool drain(uint32_t *markers)
{
    bool any = false, marker;
    for (size_t i = 0; i < guard.comm_count; i++)
        if (guard.comms[i].comm != MPI_COMM_NULL && take(guard.comms[i].comm, &marker) > 0) {
            any = true;
            *markers += marker;
        }
    return any;
}

/* ---- Meeting ---- */

/* All members have come here (dissemination); each learns whether any is unclean, and the greatest number pending. While it
 * waits it goes on draining if `markers` is given: others may need it to complete their sends. */
static int meet(struct stop_words *words, uint32_t *markers)
{
    const struct mpimock_backend *mpi = guard.mpi;
    const struct guard_comm *team = &guard.comms[0];
    words->phase++;
    for (int distance = 1; distance < team->size; distance *= 2) {
        struct stop_words out = *words, in;
        int to = team->members[(team->rank + distance) % team->size], sent = 0, received = 0;
        int from = team->members[(team->rank - distance + team->size) % team->size];
        MPI_Request send, receive;
        if (mpi->Irecv(&in, sizeof in, MPI_BYTE, from, GUARD_TAG_STOP, guard.stops, &receive) != MPI_SUCCESS ||
            mpi->Isend(&out, sizeof out, MPI_BYTE, to, GUARD_TAG_STOP, guard.stops, &send) != MPI_SUCCESS)
            return -EIO;
        for (uint32_t turns = 1; !sent || !received; turns++) {
            if ((!sent && mpi->Test(&send, &sent, MPI_STATUS_IGNORE) != MPI_SUCCESS) ||
                (!received && mpi->Test(&receive, &received, MPI_STATUS_IGNORE) != MPI_SUCCESS))
                return -EIO;
            if ((turns & 63) == 0) {
                guard_relax(turns);
                if (markers)
                    drain(markers);
            }
        }
        if (in.serial != words->serial || in.phase != words->phase)
            return -EPROTO;
        words->unclean |= in.unclean;
        if (in.pending > words->pending)
            words->pending = in.pending;
    }
    return 0;
}

/* ---- Requests ---- */

static void cancel_receives(void)
{
    for (size_t i = 0; i < guard.requests.capacity; i++) {
        const struct guard_request *place = &guard.requests.places[i];
        MPI_Request request = place->request;
        int complete = 1;
        if (request != MPI_REQUEST_NULL && place->receive &&
            guard.mpi->Request_get_status(request, &complete, MPI_STATUS_IGNORE) == MPI_SUCCESS && !complete)
            guard.mpi->Cancel(&request);
    }
}

/* Takes those away that are complete; true: there was one. */
static bool complete_requests(void)
{
    bool any = false;
    for (size_t i = 0; i < guard.requests.capacity; i++) {
        MPI_Request request = guard.requests.places[i].request, copy = request;
        int done = 0;
        if (request == MPI_REQUEST_NULL)
            continue;
        int error = guard.mpi->Test(&copy, &done, MPI_STATUS_IGNORE);
        if (error == MPI_SUCCESS && !done)
            continue;
        if (copy != MPI_REQUEST_NULL) /* a persistent one */
            guard.mpi->Request_free(&copy);
        guard_requests_remove(&guard.requests, request);
        any = true;
    }
    return any;
}

/* Requests of the test's that the guard has no handle of: of collectives, windows and files. */
static long others(long pending)
{
    long known = guard.unseen;
    for (size_t i = 0; i < guard.requests.capacity; i++)
        if (guard.requests.places[i].request != MPI_REQUEST_NULL)
            known += (long)guard.requests.places[i].count - (long)guard.requests.places[i].own;
    return (pending > known ? pending - known : 0) + guard.stuck;
}

/* Until everything has arrived and completed, or nothing moves any more. *markers: how many have come. */
static int clear_up(uint32_t *markers)
{
    const struct guard_comm *team = &guard.comms[0];
    uint32_t marker[4] = {marker_magic[0], marker_magic[1], marker_magic[2], guard.team.serial};
    MPI_Request *sends = malloc((size_t)team->size * sizeof *sends);
    int sent = 0, count = 0, error = sends ? 0 : -ENOMEM;
    for (int i = 0; i < team->size && !error; i++)
        if (i != team->rank &&
            guard.mpi->Isend(marker, sizeof marker, MPI_BYTE, i, MARKER_TAG, team->comm, &sends[count++]) != MPI_SUCCESS)
            error = -EIO;
    double moved = now();
    for (uint32_t turns = 1; !error && (*markers + 1 < guard.team.size || guard.requests.used > 0 || !sent); turns++) {
        bool any = drain(markers);
        any = complete_requests() || any;
        if (guard.mpi->Testall(count, sends, &sent, MPI_STATUSES_IGNORE) != MPI_SUCCESS)
            error = -EIO;
        if (any)
            moved = now();
        else if ((turns & 63) == 0) {
            if (now() - moved > PATIENCE)
                break;
            guard_relax(turns);
        }
    }
    if (!sent && !error)
        error = -EIO;
    free(sends);
    return error;
}

/* What members said before a collective that did not come about. Those who could still speak have stopped. */
static void drain_agreements(void)
{
    bool marker;
    while (take(guard.agreements, &marker) > 0)
        ;
}

int guard_stop(long *pending)
{
    struct stop_words words = {.serial = guard.team.serial};
    struct message_notice notice;
    uint32_t markers = 0;
    if (!guard.on)
        return 0;
    mpimock_guard_use(NULL);
    guard.stopped = true;
    long other = others(*pending);
    words.unclean = atomic_load(&guard.left) || guard.requests.used > 0 || other > 0;
    int error = meet(&words, NULL);
    if (!error && words.unclean) {
        cancel_receives();
        error = meet(&words, NULL);
        if (!error)
            error = clear_up(&markers);
        long left = (long)guard.requests.used + other;
        words.pending = markers + 1 < guard.team.size ? 1 : left > INT32_MAX ? INT32_MAX : (uint32_t)left;
        if (!error)
            error = meet(&words, &markers);
        drain_agreements();
        (void)notice_take(guard.control, guard.team.serial, &notice); /* those of others who left, too */
    }
    guard.clean = !error && words.pending == 0;
    *pending = (long)words.pending;
    guard_requests_finish(&guard.requests);
    guard.unseen = guard.stuck = 0;
    return error;
}
