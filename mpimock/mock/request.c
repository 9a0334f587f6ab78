/* SPDX-License-Identifier: BSD-2-Clause */
/* request.c: the life of a request: made, tracked by its peers, completed, reported, released.
 *
 * Relies on the chapters only for keeping a datatype. Requests are taken from a list of spare ones, since every
 * blocking call uses one. Ids in envelopes are numbers with a generation, so that an answer to a request that is over
 * finds nothing.
 */
#include "request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bsend.h"
#include "collective.h"
#include "needs.h"
#include "transfer.h"
#include "waiting.h"

#define ID_INDEX_BITS 20 /* requests of one rank that wait for answers at a time: a million */
#define ID_INDEX_MAX  ((1u << ID_INDEX_BITS) - 1)

_Atomic uint32_t request_events;
uint32_t request_failures;

static struct mock_request *messages, *others, *spare;

/* Requests that wait for answers, by index; a free entry holds the index of the next free one. */
struct tracked {
    struct mock_request *request;
    uint32_t generation, next_free;
};
static struct tracked *tracked;
static uint32_t tracked_count, tracked_room, tracked_free;

static struct mock_request **list_of(const struct mock_request *request)
{
    return request->kind == REQUEST_OTHER ? &others : &messages;
}

struct mock_request *request_new(enum request_kind kind)
{
    struct mock_request *request = spare;
    if (request != NULL) {
        spare = request->next;
        memset(request, 0, sizeof *request);
    } else if ((request = calloc(1, sizeof *request)) == NULL) {
        return NULL;
    }
    request->kind = kind;
    struct mock_request **first = list_of(request);
    request->next = *first;
    if (*first != NULL)
        (*first)->previous = request;
    *first = request;
    return request;
}

static void untrack(struct mock_request *request)
{
    if (request->id == 0)
        return;
    uint32_t index = request->id & ID_INDEX_MAX;
    tracked[index].request = NULL;
    tracked[index].next_free = tracked_free;
    tracked_free = index;
    request->id = 0;
}

static void free_packed(struct mock_request *request)
{
    if (request->packed_where == PACKED_HEAP)
        free(request->packed);
    else if (request->packed_where == PACKED_BSEND)
        bsend_free(request->packed);
    request->packed = NULL;
    request->packed_where = PACKED_NONE;
}

void request_release(struct mock_request *request)
{
    if (request == NULL)
        return;
    untrack(request);
    free_packed(request);
    if (request->verbs != NULL && request->verbs->destroy != NULL)
        request->verbs->destroy(request->state);
    if (request->type != NULL)
        mock_type_release(request->type);
    if (request->handle != 0)
        handle_destroy(HANDLE_REQUEST, request->handle);
    if (request->previous != NULL)
        request->previous->next = request->next;
    else
        *list_of(request) = request->next;
    if (request->next != NULL)
        request->next->previous = request->previous;
    request->next = spare;
    spare = request;
}

void request_finish(void)
{
    while (messages != NULL)
        request_release(messages);
    while (others != NULL)
        request_release(others);
    while (spare != NULL) {
        struct mock_request *request = spare;
        spare = request->next;
        free(request);
    }
    free(tracked);
    tracked = NULL;
    tracked_count = tracked_room = tracked_free = 0;
}

struct mock_request *request_first_message(void)
{
    return messages;
}

struct mock_request *request_first_other(void)
{
    return others;
}

struct mock_request *request_of(MPI_Request handle)
{
    return handle_object(HANDLE_REQUEST, HANDLE_KEY(handle));
}

MPI_Request request_handle(struct mock_request *request)
{
    if (request->handle == 0)
        request->handle = handle_create(HANDLE_REQUEST, request);
    if (request->handle == 0)
        return MPI_REQUEST_NULL;
    return (MPI_Request)request->handle;
}

uint32_t request_track(struct mock_request *request)
{
    uint32_t index = tracked_free;
    if (request->id != 0)
        return request->id;
    if (index != 0) {
        tracked_free = tracked[index].next_free;
    } else {
        if (tracked_count + 1 >= tracked_room) {
            uint32_t room = tracked_room == 0 ? 64 : tracked_room * 2;
            struct tracked *more = room > ID_INDEX_MAX ? NULL : realloc(tracked, room * sizeof *more);
            if (more == NULL)
                return 0;
            memset(more + tracked_room, 0, (room - tracked_room) * sizeof *more);
            tracked = more;
            tracked_room = room;
        }
        index = ++tracked_count; /* index 0 is never used */
    }
    tracked[index].request = request;
    tracked[index].generation++;
    return request->id = tracked[index].generation << ID_INDEX_BITS | index;
}

struct mock_request *request_tracked(uint32_t id)
{
    uint32_t index = id & ID_INDEX_MAX;
    if (index == 0 || index > tracked_count || tracked[index].request == NULL || tracked[index].request->id != id)
        return NULL;
    return tracked[index].request;
}

void request_complete(struct mock_request *request)
{
    request->complete = true;
    untrack(request);
    free_packed(request);
    atomic_fetch_add_explicit(&request_events, 1, memory_order_relaxed);
    if (request->error != MPI_SUCCESS)
        request_failures++;
    if (request->detached)
        request_release(request);
}

void request_explain(const struct mock_request *request, char *text, size_t bytes)
{
    switch (request->error) {
    case MPI_ERR_TRUNCATE:
        snprintf(text, bytes, "the message from rank %d with tag %d has %zu bytes, the receive has room for %zu",
                 request->source, request->found_tag, request->message_bytes, request->bytes);
        break;
    case MPI_ERR_TYPE:
        snprintf(text, bytes,
                 "the message from rank %d with tag %d was sent with another datatype than the receive has",
                 request->source, request->found_tag);
        break;
    case MPI_ERR_BUFFER:
        snprintf(text, bytes,
                 "the %zu bytes of the message with tag %d could not be copied: the buffer of its sender or of "
                 "its receiver is not memory of that size",
                 request->message_bytes, request->found_tag);
        break;
    case MPI_ERR_OTHER:
        if (request->lost)
            snprintf(text, bytes, "the process at the other end of the message with tag %d has died", request->tag);
        else
            snprintf(text, bytes, "rank %d sent the message with tag %d by MPI_Rsend before its receive was posted",
                 request->source, request->found_tag);
        break;
    default:
        snprintf(text, bytes, "error class %d", request->error);
    }
}

int request_report(const struct mock_request *request)
{
    char text[256];
    if (request->error == MPI_SUCCESS || request->kind == REQUEST_OTHER)
        return request->error;
    mpimock_error_comm(request->comm);
    request_explain(request, text, sizeof text);
    return mpimock_error(request->error, "%s", text);
}

void request_status(const struct mock_request *request, MPI_Status *status)
{
    if (status == MPI_STATUS_IGNORE)
        return;
    request_status_with_error(request, status, status->MPI_ERROR);
}

void request_status_with_error(const struct mock_request *request, MPI_Status *status, int error)
{
    if (status == MPI_STATUS_IGNORE)
        return;
    if (request == NULL || !request->active || request->kind == REQUEST_SEND)
        mock_status_set(status, MPI_ANY_SOURCE, MPI_ANY_TAG, error, 0, request != NULL && request->cancelled);
    else
        mock_status_set(status, request->source, request->found_tag, error, request->received, request->cancelled);
}

void request_retire(struct mock_request *request, MPI_Request *handle)
{
    if (request->persistent) {
        request->active = false;
        return;
    }
    request_release(request);
    *handle = MPI_REQUEST_NULL;
}

/* The call's communicator, or the request's where the call names none. */
static void describe_comm(MPI_Comm handle, uint64_t context, struct segment_wait *wait)
{
    const struct mpimock_call *call = mpimock_call();
    if (call->comm != MPI_COMM_NULL)
        handle = call->comm;
    const struct mock_comm *comm = handle == MPI_COMM_NULL ? NULL : mock_comm(handle);
    if (call->comm == MPI_COMM_WORLD)
        strcpy(wait->comm, "MPI_COMM_WORLD");
    else if (comm != NULL && (comm->context | 1) == (context | 1))
        snprintf(wait->comm, sizeof wait->comm, "%.*s", (int)sizeof wait->comm - 1, comm->name);
}

void request_describe(const struct mock_request *request, struct segment_wait *wait)
{
    wait->requests = 1;
    wait->tag = SEGMENT_WAIT_ANY;
    wait->peer = wait->peer_world = SEGMENT_WAIT_NOBODY;
    wait->kind = SEGMENT_WAIT_OTHER;
    if (request->kind == REQUEST_OTHER)
        return;
    const struct mock_comm *comm = request->collective ? mock_comm(request->comm) : NULL;
    wait->what = comm != NULL ? comm->call : 0;
    wait->kind = request->kind == REQUEST_SEND ? SEGMENT_WAIT_SEND : SEGMENT_WAIT_RECEIVE;
    wait->context = request->context;
    wait->collective = request->collective;
    wait->tag = request->tag == MATCH_ANY ? SEGMENT_WAIT_ANY : request->tag;
    wait->peer = request->peer == MATCH_ANY ? SEGMENT_WAIT_ANY : request->peer;
    wait->peer_world = request->peer == MATCH_ANY ? SEGMENT_WAIT_ANY : request->peer_world;
    describe_comm(request->comm, request->context, wait);
}

struct mock_request *request_other(const struct request_verbs *verbs, void *state)
{
    struct mock_request *request = request_new(REQUEST_OTHER);
    if (request != NULL) {
        request->active = true;
        request->source = MPI_ANY_SOURCE;
        request->found_tag = MPI_ANY_TAG;
        request->verbs = verbs;
        request->state = state;
    }
    return request;
}

struct mock_request *request_done(size_t bytes, int error)
{
    struct mock_request *request = request_other(NULL, NULL);
    if (request != NULL) {
        request->received = bytes;
        request->error = error;
        request_complete(request);
    }
    return request;
}

static bool is_complete(void *argument)
{
    return ((struct mock_request *)argument)->complete;
}

static void describe(void *argument, struct segment_wait *wait)
{
    request_describe(argument, wait);
    needs_add_request(wait, argument, false);
}

static int refuse(void *argument, int peer_world, uint64_t what)
{
    const struct mock_request *request = argument;
    return collective_refuse(mock_comm(request->comm), peer_world, what);
}

/* A collective's, which will never be complete. A receive is taken back; what is sent already goes on by itself. */
static void abandon(struct mock_request *request)
{
    if (request->kind == REQUEST_RECEIVE)
        transfer_cancel(request);
    if (request->complete)
        request_release(request);
    else
        request->detached = true;
}

int mock_wait(struct mock_request **handle, MPI_Status *status, uint64_t *signature)
{
    struct mock_request *request = *handle;
    mock_lock();
    int error = MPI_SUCCESS;
    bool refusable = request->collective && mock_comm(request->comm) != NULL;
    if (!request->complete)
        error = mock_wait_until(&(struct waiting){is_complete, describe, request, refusable ? refuse : NULL});
    if (error != MPI_SUCCESS && refusable) {
        *handle = NULL;
        abandon(request);
    }
    if (error == MPI_SUCCESS) {
        error = request_report(request);
        request_status(request, status);
        if (signature != NULL)
            *signature = request->signature;
        *handle = NULL;
        request_release(request);
    }
    mock_unlock();
    return error;
}
