/* SPDX-License-Identifier: BSD-2-Clause */
/* stop.c: how a team ends a test. See guard.h.
 *
 *     meet ──▶ all clean ───────────────────────────────────────────────────▶ free what the test left
 *       └────▶ cancel receives ──▶ meet ──▶ clear up ──▶ meet ──▶ nothing pends ──▶ the same
 *                                                          └────▶ something does: all is kept, and counted
 *
 * Clean is a team of which nobody left early, no request is open, and as many messages were received as sent.
 *
 * The markers: when all have cancelled their receives each sends one to every other on each communicator that they
 * share. Messages between two ranks on one communicator are found in the order in which they were sent (MPI-3.1 §3.5),
 * so who has taken all markers off it has taken everything off it, and its place in the MPI may be used again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../notice.h"
#include "private.h"

#define PATIENCE            2.0  /* seconds without any progress, after which what pends is given up … */
#define COLLECTIVE_PATIENCE 0.05 /* … and where only collectives do, in which some of the team may not be */
#define WITHDRAWAL          0.5  /* seconds for receives that had matched already when they were cancelled */
#define MARKER_TAG          32767

static const uint32_t marker_magic[3] = {0x6d70692d, 0x74657374, 0x73746f70};

/* What the members learn in a meeting. */
struct meeting {
    uint32_t unclean, pending; /* the greatest of any */
    int64_t unmatched;         /* the sum over all: messages sent less messages received */
};

static bool any_dead(void)
{
    for (uint32_t i = 0; guard.host.dead && i < guard.team.size; i++)
        if (guard.host.dead(i))
            return true;
    return false;
}

/* ---- Messages that nobody received ---- */

static bool is_comm(const struct guard_scope *scope)
{
    return scope->key != 0 && scope->kind == GUARD_COMM;
}

/* Receives `bytes` bytes that were found: into memory of its own, which the request keeps until it is complete. */
static int receive_away(MPI_Comm comm, const MPI_Status *status, MPI_Message *message, int bytes)
{
    MPI_Request request = MPI_REQUEST_NULL;
    int done = 0;
    char *sink = malloc(bytes > 0 ? (size_t)bytes : 1);
    if (!sink)
        return -ENOMEM;
    int error = message ? guard.mpi->Imrecv(sink, bytes, MPI_BYTE, message, &request)
                        : guard.mpi->Irecv(sink, bytes, MPI_BYTE, status->MPI_SOURCE, status->MPI_TAG, comm, &request);
    if (error == MPI_SUCCESS)
        error = guard.mpi->Test(&request, &done, MPI_STATUS_IGNORE); /* with an error (truncated) it is complete, too */
    struct guard_request *kept = error == MPI_SUCCESS && !done ? guard_track_own(request, GUARD_RECEIVE) : NULL;
    if (kept)
        kept->memory = sink;
    else
        free(sink);
    return 0;
}

static int size_of(const MPI_Status *status)
{
    int bytes = 0;
    if (guard.mpi->Get_count(status, MPI_BYTE, &bytes) != MPI_SUCCESS || bytes == MPI_UNDEFINED)
        return 0; /* above 2 GiB: received as truncated */
    return bytes;
}

static bool receive_marker(MPI_Comm comm, const MPI_Status *status)
{
    uint32_t words[4] = {0};
    MPI_Request request = MPI_REQUEST_NULL;
    int done = 0;
    int error = guard.mpi->Irecv(words, sizeof words, MPI_BYTE, status->MPI_SOURCE, status->MPI_TAG, comm, &request);
    while (error == MPI_SUCCESS && !done) /* it was sent eagerly, and has been seen */
        error = guard.mpi->Test(&request, &done, MPI_STATUS_IGNORE);
    return memcmp(words, marker_magic, sizeof marker_magic) == 0 && words[3] == guard.team.serial;
}

/* Takes one message off the communicator. False: there is none. */
static bool take(MPI_Comm comm, uint32_t *markers)
{
    MPI_Status status;
    int found = 0;
    if (guard.mpi->Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, comm, &found, &status) != MPI_SUCCESS || !found)
        return false;
    int bytes = size_of(&status);
    if (status.MPI_TAG == MARKER_TAG && bytes == (int)sizeof marker_magic + 4) {
        *markers += receive_marker(comm, &status);
        return true;
    }
    mpimock_message_left(status.MPI_SOURCE, status.MPI_TAG, (size_t)bytes);
    return receive_away(comm, &status, NULL, bytes) == 0;
}

/* Whatever has come, on all communicators; true: there was something. Markers are counted. */
static bool drain(uint32_t *markers)
{
    bool any = false;
    for (size_t i = 0; i < guard.scope_count; i++)
        for (int k = 0; k < 1000 && is_comm(&guard.scopes[i]) && take(guard_comm_of(guard.scopes[i].key), markers); k++)
            any = true;
    return any;
}

/* What MPI_Mprobe found, and the test did not receive. */
static void receive_found(void)
{
    for (size_t i = 0; i < guard.found_count; i++)
        receive_away(MPI_COMM_NULL, NULL, &guard.found[i].message, guard.found[i].bytes);
    guard.found_count = 0;
}

/* ---- Meeting ---- */

/* A dissemination, as in agreement.h. A sum must count nobody twice: before the round of distance d the window is that
 * of the d members up to this one, the rest that of the size % d members up to it, so at the end one of them is that of
 * all. */
static int meet(uint32_t number, struct meeting *meeting, uint32_t *markers)
{
    const struct guard_scope *team = &guard.scopes[0];
    int64_t window = meeting->unmatched, rest = 0;
    struct guard_letter letter = {.serial = guard.team.serial, .kind = GUARD_STOP, .sequence = number}, theirs;
    for (int distance = 1; distance < team->size; distance *= 2, letter.round++) {
        letter.stop.unclean = meeting->unclean;
        letter.stop.pending = meeting->pending;
        letter.stop.window = window;
        letter.stop.rest = rest;
        guard_say(team->members[(team->rank + distance) % team->size], &letter);
        int from = team->members[(team->rank - distance + team->size) % team->size];
        for (uint32_t turns = 1; !guard_read(from, &letter, &theirs); turns++) {
            if ((turns & 63) != 0)
                continue;
            if (any_dead())
                return -EOWNERDEAD;
            if (markers)
                drain(markers);
            else if (number == 1 && guard_anyone_gone())
                guard_declare(); /* mates may wait in an agreement for this rank, which has ended the test */
            if (number == 1)
                guard_blocked(turns, true);
            guard_relax(turns);
        }
        meeting->unclean |= theirs.stop.unclean;
        if (theirs.stop.pending > meeting->pending)
            meeting->pending = theirs.stop.pending;
        if (team->size & distance)
            rest = window + theirs.stop.rest;
        window += theirs.stop.window;
    }
    meeting->unmatched = (team->size & (team->size - 1)) == 0 ? window : rest;
    return 0;
}

/* ---- Requests ---- */

static bool is_receive(const struct guard_request *place)
{
    return place->kind == GUARD_RECEIVE || place->kind == GUARD_PERSISTENT_RECEIVE;
}

static void cancel_receives(void)
{
    for (size_t i = 0; i < guard.requests.capacity; i++) {
        const struct guard_request *place = &guard.requests.places[i];
        MPI_Request request = place->request;
        int complete = 1;
        if (request != MPI_REQUEST_NULL && is_receive(place) &&
            guard.mpi->Request_get_status(request, &complete, MPI_STATUS_IGNORE) == MPI_SUCCESS && !complete)
            guard.mpi->Cancel(&request);
    }
}

/* Takes those away that are complete; true: there was one. *left: how many receives are not. */
static bool complete_requests(bool receives_alone, size_t *left)
{
    bool any = false;
    *left = 0;
    for (size_t i = 0; i < guard.requests.capacity; i++) {
        const struct guard_request *place = &guard.requests.places[i];
        MPI_Request request = place->request, copy = request;
        int done = 0;
        if (request == MPI_REQUEST_NULL || (receives_alone && !is_receive(place)))
            continue;
        int error = guard.mpi->Test(&copy, &done, MPI_STATUS_IGNORE);
        if (error == MPI_SUCCESS && !done) {
            *left += is_receive(place);
            continue;
        }
        guard.unseen += place->count > place->own; /* the door counts it still */
        if (copy != MPI_REQUEST_NULL)              /* a persistent one */
            guard.mpi->Request_free(&copy);
        guard_requests_remove(&guard.requests, request);
        any = true;
    }
    return any;
}

/* A receive that had matched is waited for a while: its sender may be on its way out, too. */
void guard_withdraw(void)
{
    size_t left;
    if (guard.requests.used == 0)
        return;
    cancel_receives();
    complete_requests(true, &left);
    double since = left > 0 ? guard_now() : 0;
    for (uint32_t turns = 1; left > 0 && guard_now() - since < WITHDRAWAL; turns++) {
        guard_relax(turns);
        complete_requests(true, &left);
    }
}

/* Requests of the test's that the guard has no handle of: of windows and files. */
static long others(long pending)
{
    long known = guard.unseen;
    for (size_t i = 0; i < guard.requests.capacity; i++)
        if (guard.requests.places[i].request != MPI_REQUEST_NULL)
            known += (long)guard.requests.places[i].count - (long)guard.requests.places[i].own;
    return (pending > known ? pending - known : 0) + guard.stuck;
}

/* ---- Clearing up ---- */

struct markers {
    uint32_t words[4];
    MPI_Request *requests;
    int count;
    uint32_t wanted;
};

/* To all others on that communicator; over an intercommunicator to the other group. */
static int send_markers(struct markers *markers, const struct guard_scope *scope)
{
    MPI_Comm comm = guard_comm_of(scope->key);
    int size = scope->size, me = -1;
    if ((scope->inter ? guard.mpi->Comm_remote_size(comm, &size) : guard.mpi->Comm_rank(comm, &me)) != MPI_SUCCESS)
        return -EIO;
    MPI_Request *larger = realloc(markers->requests, (size_t)(markers->count + size) * sizeof *larger);
    if (!larger)
        return -ENOMEM;
    markers->requests = larger;
    for (int i = 0; i < size; i++) {
        if (i == me)
            continue;
        if (guard.mpi->Isend(markers->words, sizeof markers->words, MPI_BYTE, i, MARKER_TAG, comm,
                             &markers->requests[markers->count]) != MPI_SUCCESS)
            return -EIO;
        markers->count++;
        markers->wanted++;
    }
    return 0;
}

/* Do all that pend belong to collectives, for which some may never come? */
static bool only_collectives(void)
{
    for (size_t i = 0; i < guard.requests.capacity; i++)
        if (guard.requests.places[i].request != MPI_REQUEST_NULL && guard.requests.places[i].kind != GUARD_COLLECTIVE)
            return false;
    return true;
}

/* Until everything has arrived and completed, or nothing moves any more. *missing: markers that did not come. */
static int clear_up(uint32_t *come, uint32_t *missing)
{
    struct markers markers = {.words = {marker_magic[0], marker_magic[1], marker_magic[2], guard.team.serial}};
    bool answered = false;
    int sent = 0, error = 0;
    size_t receives, epochs = guard_epochs_test();
    for (size_t i = 0; i < guard.scope_count && !error; i++)
        if (is_comm(&guard.scopes[i]))
            error = send_markers(&markers, &guard.scopes[i]);
    receive_found();
    double moved = guard_now();
    for (uint32_t turns = 1;
         !error && (*come < markers.wanted || guard.requests.used > 0 || epochs > 0 || !sent || !answered); turns++) {
        bool any = drain(come);
        any = complete_requests(false, &receives) || any;
        if (*come >= markers.wanted && !answered) {
            guard_epochs_answer();
            answered = true;
        }
        epochs = guard_epochs_test();
        if (guard.mpi->Testall(markers.count, markers.requests, &sent, MPI_STATUSES_IGNORE) != MPI_SUCCESS)
            error = -EIO;
        if (any)
            moved = guard_now();
        else if ((turns & 63) == 0) {
            double patience = sent && *come >= markers.wanted && only_collectives() ? COLLECTIVE_PATIENCE : PATIENCE;
            if (guard_now() - moved > patience || any_dead())
                break;
            guard_relax(turns);
        }
    }
    *missing = (*come < markers.wanted ? markers.wanted - *come : 0) + (uint32_t)epochs;
    if (!sent && !error)
        error = -EIO;
    free(markers.requests);
    return error;
}

/* ---- What the test left ---- */

static int by_age(const void *a, const void *b)
{
    const struct guard_scope *left = a, *right = b;
    if (left->kind != right->kind)
        return left->kind == GUARD_COMM ? 1 : right->kind == GUARD_COMM ? -1 : left->kind < right->kind ? -1 : 1;
    return left->made < right->made ? -1 : left->made > right->made;
}

/* All members have the same, and free them in the same order: windows and files before communicators. */
static void free_left(void)
{
    qsort(guard.scopes + 1, guard.scope_count - 1, sizeof *guard.scopes, by_age);
    for (size_t i = 1; i < guard.scope_count; i++) {
        MPI_Comm comm = guard_comm_of(guard.scopes[i].key);
        if (guard.scopes[i].key == 0)
            continue;
        MPI_Win win = guard_win_of(guard.scopes[i].key);
        MPI_File file = guard_file_of(guard.scopes[i].key);
        switch (guard.scopes[i].kind) {
        case GUARD_COMM:
            guard.mpi->Comm_free(&comm);
            break;
        case GUARD_WIN: /* after a last fence: MPICH refuses to free where one was followed by MPI_Put */
            guard.mpi->Win_fence(MPI_MODE_NOSUCCEED, win);
            guard.mpi->Win_free(&win);
            break;
        case GUARD_FILE:
            guard.mpi->File_close(&file);
            break;
        }
    }
}

int guard_stop(long *pending)
{
    struct message_notice notice;
    struct meeting meeting = {.unmatched = guard_counted(&guard.sent) - guard_counted(&guard.received)};
    uint32_t come = 0, missing = 0;
    if (!guard.on)
        return 0;
    mpimock_guard_use(NULL);
    guard.stopped = true;
    meeting.unclean = atomic_load(&guard.stance) != GUARD_STAYING || guard.requests.used > 0 || guard.uncounted ||
                      guard.found_count > 0 || guard_epochs_open() || others(*pending) > 0;
    atomic_store(&guard.stance, GUARD_LEFT);
    guard_epochs_close();
    int error = meet(1, &meeting, NULL);
    if (!error && (meeting.unclean || meeting.unmatched != 0)) {
        long other = others(*pending);
        cancel_receives();
        error = meet(2, &meeting, NULL);
        if (!error)
            error = clear_up(&come, &missing);
        long left = (long)guard.requests.used + other + missing;
        meeting.pending = left > INT32_MAX ? INT32_MAX : (uint32_t)left;
        if (!error)
            error = meet(3, &meeting, &come);
        (void)notice_take(guard.control, guard.team.serial, &notice); /* those of others who left, too */
    }
    guard.clean = !error && meeting.pending == 0;
    if (guard.clean)
        free_left();
    *pending = (long)meeting.pending;
    guard_requests_finish(&guard.requests);
    guard_epochs_forget();
    guard.unseen = guard.stuck = 0;
    return error;
}
