/* SPDX-License-Identifier: BSD-2-Clause */
/* probe.c: MPI_Probe, MPI_Iprobe, and matched probes with their messages (MPI-3.1 §3.8).
 *
 * A matched probe takes the message off the queue, so that no other receive can have it; its handle then stands for it.
 */
#include <string.h>

#include "needs.h"
#include "p2p.h"
#include "transfer.h"
#include "waiting.h"

struct probing {
    uint64_t context;
    int peer, peer_world, tag; /* MATCH_ANY */
    const struct mock_comm *comm;
    struct message *found;
};

static bool is_found(void *argument)
{
    struct probing *probing = argument;
    probing->found = transfer_find(probing->context, probing->peer, probing->tag);
    return probing->found != NULL;
}

static void describe(void *argument, struct segment_wait *wait)
{
    const struct probing *probing = argument;
    const struct mock_request like = {
        .kind = REQUEST_RECEIVE,
        .context = probing->context,
        .comm = probing->comm->handle,
        .peer = probing->peer,
        .peer_world = probing->peer_world,
        .tag = probing->tag,
    };
    request_describe(&like, wait);
    wait->kind = SEGMENT_WAIT_PROBE;
    needs_add_request(wait, &like, false);
}

static void tell(const struct message *message, MPI_Status *status)
{
    if (status != MPI_STATUS_IGNORE)
        mock_status_set(status, message->envelope.source, message->envelope.tag, status->MPI_ERROR,
                        message->envelope.bytes, false);
}

static void tell_nobody(MPI_Status *status)
{
    if (status != MPI_STATUS_IGNORE)
        mock_status_set(status, MPI_PROC_NULL, MPI_ANY_TAG, status->MPI_ERROR, 0, false);
}

/* Fills in found; it stays NULL if there is none (flag) or nobody to send one (MPI_PROC_NULL). */
static int probe(int source, int tag, MPI_Comm handle, bool blocking, struct probing *probing)
{
    const struct mock_comm *comm = mock_comm(handle);
    int error = p2p_check_envelope(comm, source, tag, true);
    if (error != MPI_SUCCESS || source == MPI_PROC_NULL)
        return error;
    probing->comm = comm;
    probing->context = comm->context;
    probing->peer = source == MPI_ANY_SOURCE ? MATCH_ANY : source;
    probing->peer_world = p2p_world_rank(comm, probing->peer);
    probing->tag = tag == MPI_ANY_TAG ? MATCH_ANY : tag;
    if (blocking)
        return mock_wait_until(&(struct waiting){is_found, describe, probing, NULL});
    transfer_progress();
    is_found(probing);
    return MPI_SUCCESS;
}

int mock_Probe(int source, int tag, MPI_Comm comm, MPI_Status *status)
{
    struct probing probing = {.found = NULL};
    mock_lock();
    int error = probe(source, tag, comm, true, &probing);
    if (error == MPI_SUCCESS && probing.found != NULL)
        tell(probing.found, status);
    else if (error == MPI_SUCCESS)
        tell_nobody(status);
    mock_unlock();
    return error;
}

int mock_Iprobe(int source, int tag, MPI_Comm comm, int *flag, MPI_Status *status)
{
    struct probing probing = {.found = NULL};
    mock_lock();
    int error = probe(source, tag, comm, false, &probing);
    if (error == MPI_SUCCESS) {
        *flag = probing.found != NULL || source == MPI_PROC_NULL;
        if (probing.found != NULL)
            tell(probing.found, status);
        else if (*flag)
            tell_nobody(status);
    }
    mock_unlock();
    if (error == MPI_SUCCESS && !*flag)
        mock_yield();
    return error;
}

/* The message that was found is from now on only its handle's. */
static int take(struct message *found, MPI_Message *message, MPI_Status *status)
{
    uintptr_t key = handle_create(HANDLE_MESSAGE, found);
    if (key == 0)
        return mpimock_error(MPI_ERR_NO_MEM, "no memory for a message's handle, or too many at once");
    transfer_take(found);
    tell(found, status);
    *message = (MPI_Message)key;
    return MPI_SUCCESS;
}

int mock_Mprobe(int source, int tag, MPI_Comm comm, MPI_Message *message, MPI_Status *status)
{
    struct probing probing = {.found = NULL};
    mock_lock();
    int error = probe(source, tag, comm, true, &probing);
    if (error == MPI_SUCCESS && probing.found != NULL) {
        error = take(probing.found, message, status);
    } else if (error == MPI_SUCCESS) {
        tell_nobody(status);
        *message = MPI_MESSAGE_NO_PROC;
    }
    mock_unlock();
    return error;
}

int mock_Improbe(int source, int tag, MPI_Comm comm, int *flag, MPI_Message *message, MPI_Status *status)
{
    struct probing probing = {.found = NULL};
    mock_lock();
    int error = probe(source, tag, comm, false, &probing);
    if (error == MPI_SUCCESS && probing.found != NULL)
        error = take(probing.found, message, status);
    if (error == MPI_SUCCESS) {
        *flag = probing.found != NULL || source == MPI_PROC_NULL;
        if (probing.found == NULL && *flag) {
            tell_nobody(status);
            *message = MPI_MESSAGE_NO_PROC;
        }
    }
    mock_unlock();
    if (error == MPI_SUCCESS && !*flag)
        mock_yield();
    return error;
}

/* A started request that receives the message, whose handle is gone then. */
static int receive(void *buf, int count, MPI_Datatype datatype, MPI_Message *handle, struct mock_request **request)
{
    struct mock_type *type = mock_type(datatype);
    struct message *message = NULL;
    int error = p2p_check_buffer(buf, count, type);
    if (error != MPI_SUCCESS)
        return error;
    if (*handle != MPI_MESSAGE_NO_PROC) {
        message = handle_object(HANDLE_MESSAGE, HANDLE_KEY(*handle));
        if (message == NULL)
            return mpimock_error(MPI_ERR_REQUEST, "%s",
                                 *handle == MPI_MESSAGE_NULL ? "the message is MPI_MESSAGE_NULL"
                                                             : "not a message, or one that was received already");
    }
    struct mock_request *made = request_new(REQUEST_RECEIVE);
    if (made == NULL)
        return mpimock_error(MPI_ERR_NO_MEM, "no memory for a request");
    made->buffer = buf;
    made->count = (size_t)count;
    made->type = mock_type_keep(type);
    made->bytes = (size_t)count * type->size;
    if (message == NULL) {
        made->peer = made->peer_world = SEGMENT_WAIT_NOBODY;
        transfer_receive(made);
    } else {
        made->context = message->envelope.context;
        made->peer = message->envelope.source;
        made->peer_world = message->from;
        made->tag = message->envelope.tag;
        handle_destroy(HANDLE_MESSAGE, HANDLE_KEY(*handle));
        transfer_receive_message(made, message);
    }
    *handle = MPI_MESSAGE_NULL;
    *request = made;
    return MPI_SUCCESS;
}

int mock_Mrecv(void *buf, int count, MPI_Datatype datatype, MPI_Message *message, MPI_Status *status)
{
    struct mock_request *request = NULL;
    mock_lock();
    int error = receive(buf, count, datatype, message, &request);
    if (error == MPI_SUCCESS)
        error = mock_wait(&request, status, NULL);
    mock_unlock();
    return error;
}

int mock_Imrecv(void *buf, int count, MPI_Datatype datatype, MPI_Message *message, MPI_Request *handle)
{
    struct mock_request *request = NULL;
    mock_lock();
    int error = receive(buf, count, datatype, message, &request);
    if (error == MPI_SUCCESS)
        error = p2p_hand_out(request, handle);
    mock_unlock();
    return error;
}
