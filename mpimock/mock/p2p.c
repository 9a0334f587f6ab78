/* SPDX-License-Identifier: BSD-2-Clause */
/* p2p.c: sends and receives: the functions of MPI-3.1 §3.2 to §3.7 and §3.10, and those of the mock's own that
 * collectives stand on. They check arguments and make requests; transfer.c moves the data.
 */
#include "p2p.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "transfer.h"

int p2p_check_buffer(const void *buffer, int count, const struct mock_type *type)
{
    if (count < 0)
        return mpimock_error(MPI_ERR_COUNT, "the count is %d", count);
    if (type == NULL)
        return mpimock_error(MPI_ERR_TYPE, "not a datatype");
    if (!type->committed)
        return mpimock_error(MPI_ERR_TYPE, "the datatype is not committed (MPI_Type_commit)");
    if (count == 0 || type->size == 0)
        return MPI_SUCCESS;
    /* MPI_BOTTOM is a null pointer too: what counts is where the first byte would be. */
    if (buffer == MPI_IN_PLACE)
        return mpimock_error(MPI_ERR_BUFFER, "MPI_IN_PLACE is for collective functions only");
    if ((uintptr_t)buffer + (uintptr_t)type->true_lb < 4096)
        return mpimock_error(MPI_ERR_BUFFER, "the buffer is a null pointer, for %d elements of %zu bytes", count,
                             type->size);
    return MPI_SUCCESS;
}

int p2p_check_envelope(const struct mock_comm *comm, int peer, int tag, bool receive)
{
    if (comm == NULL)
        return mpimock_error(MPI_ERR_COMM, "not a communicator");
    int size = comm->remote != NULL ? comm->remote->size : comm->size;
    if (peer != MPI_PROC_NULL && !(receive && peer == MPI_ANY_SOURCE) && (peer < 0 || peer >= size)) {
        if (peer == MPI_ANY_SOURCE)
            return mpimock_error(MPI_ERR_RANK, "MPI_ANY_SOURCE is no destination");
        return mpimock_error(MPI_ERR_RANK, "rank %d in a communicator of %d", peer, size);
    }
    if (!(receive && tag == MPI_ANY_TAG) && tag < 0) {
        if (tag == MPI_ANY_TAG)
            return mpimock_error(MPI_ERR_TAG, "MPI_ANY_TAG cannot be sent");
        return mpimock_error(MPI_ERR_TAG, "tag %d is negative", tag);
    }
    return MPI_SUCCESS;
}

int p2p_world_rank(const struct mock_comm *comm, int peer)
{
    if (peer < 0)
        return peer;
    return comm->remote != NULL ? comm->remote->world_ranks[peer] : comm->group->world_ranks[peer];
}

/* A request of that message, its arguments checked before; NULL: out of memory. */
static struct mock_request *make(enum request_kind kind, const void *buffer, size_t count, struct mock_type *type,
                                 int peer, int tag, const struct mock_comm *comm)
{
    struct mock_request *request = request_new(kind);
    if (request == NULL)
        return NULL;
    request->buffer = (void *)(uintptr_t)buffer;
    request->count = count;
    request->type = mock_type_keep(type);
    request->bytes = count * type->size;
    request->context = comm->context;
    request->comm = comm->handle;
    request->comm_rank = comm->rank;
    request->peer = peer == MPI_PROC_NULL ? SEGMENT_WAIT_NOBODY : peer == MPI_ANY_SOURCE ? MATCH_ANY : peer;
    request->peer_world = p2p_world_rank(comm, request->peer);
    request->tag = tag == MPI_ANY_TAG ? MATCH_ANY : tag;
    return request;
}

int p2p_prepare(const struct p2p_arguments *arguments, enum request_kind kind, enum mock_mode mode,
                struct mock_request **request)
{
    struct mock_comm *comm = mock_comm(arguments->comm);
    struct mock_type *type = mock_type(arguments->datatype);
    int error = p2p_check_envelope(comm, arguments->peer, arguments->tag, kind == REQUEST_RECEIVE);
    if (error == MPI_SUCCESS)
        error = p2p_check_buffer(arguments->buffer, arguments->count, type);
    if (error != MPI_SUCCESS)
        return error;
    struct mock_request *made =
        make(kind, arguments->buffer, (size_t)arguments->count, type, arguments->peer, arguments->tag, comm);
    if (made == NULL)
        return mpimock_error(MPI_ERR_NO_MEM, "no memory for a request");
    made->mode = mode;
    *request = made;
    return MPI_SUCCESS;
}

int p2p_hand_out(struct mock_request *request, MPI_Request *handle)
{
    MPI_Request made = request_handle(request);
    if (made == MPI_REQUEST_NULL) {
        request->detached = true; /* it goes on, and is released when complete */
        if (request->complete || !request->active)
            request_release(request);
        return mpimock_error(MPI_ERR_NO_MEM, "no memory for a request, or too many at once");
    }
    *handle = made;
    return MPI_SUCCESS;
}

/* ---- What collectives stand on ---- */

int mock_isend(const void *buffer, size_t count, struct mock_type *type, int peer, int tag, struct mock_comm *comm,
               enum mock_mode mode, bool collective, uint64_t signature, struct mock_request **request)
{
    mock_lock();
    int error = MPI_ERR_NO_MEM;
    struct mock_request *made = make(REQUEST_SEND, buffer, count, type, peer, tag, comm);
    if (made != NULL) {
        made->mode = mode;
        made->collective = collective;
        made->context += collective;
        made->signature = signature;
        error = transfer_send(made);
        if (error == MPI_SUCCESS)
            *request = made;
        else
            request_release(made);
    }
    mock_unlock();
    return error;
}

int mock_irecv(void *buffer, size_t count, struct mock_type *type, int peer, int tag, struct mock_comm *comm,
               bool collective, struct mock_request **request)
{
    mock_lock();
    int error = MPI_ERR_NO_MEM;
    struct mock_request *made = make(REQUEST_RECEIVE, buffer, count, type, peer, tag, comm);
    if (made != NULL) {
        made->collective = collective;
        made->context += collective;
        error = transfer_receive(made);
        *request = made;
    }
    mock_unlock();
    return error;
}

int mock_send(const void *buffer, size_t count, struct mock_type *type, int peer, int tag, struct mock_comm *comm,
              bool collective, uint64_t signature)
{
    struct mock_request *request;
    int error = mock_isend(buffer, count, type, peer, tag, comm, MOCK_STANDARD, collective, signature, &request);
    return error != MPI_SUCCESS ? error : mock_wait(&request, MPI_STATUS_IGNORE, NULL);
}

int mock_recv(void *buffer, size_t count, struct mock_type *type, int peer, int tag, struct mock_comm *comm,
              bool collective, MPI_Status *status, uint64_t *signature)
{
    struct mock_request *request;
    int error = mock_irecv(buffer, count, type, peer, tag, comm, collective, &request);
    return error != MPI_SUCCESS ? error : mock_wait(&request, status, signature);
}

size_t mock_discard_context(uint64_t context)
{
    mock_lock();
    /* First what is posted, whose memory may be gone; then what has come meanwhile. */
    size_t count = transfer_discard(context) + transfer_discard(context + 1);
    transfer_progress();
    count += transfer_discard(context) + transfer_discard(context + 1);
    mock_unlock();
    return count;
}

/* ---- Blocking and non-blocking functions ---- */

/* Starts it. `request` may be NULL: the call blocks until it is complete. */
static int send_message(const struct p2p_arguments *arguments, enum mock_mode mode, MPI_Request *handle)
{
    struct mock_request *request = NULL;
    mock_lock();
    int error = p2p_prepare(arguments, REQUEST_SEND, mode, &request);
    if (error == MPI_SUCCESS) {
        error = transfer_send(request);
        if (error != MPI_SUCCESS)
            request_release(request);
        else if (handle != NULL)
            error = p2p_hand_out(request, handle);
        else
            error = mock_wait(&request, MPI_STATUS_IGNORE, NULL);
    }
    mock_unlock();
    return error;
}

static int receive_message(const struct p2p_arguments *arguments, MPI_Request *handle, MPI_Status *status)
{
    struct mock_request *request = NULL;
    mock_lock();
    int error = p2p_prepare(arguments, REQUEST_RECEIVE, MOCK_STANDARD, &request);
    if (error == MPI_SUCCESS) {
        error = transfer_receive(request);
        if (error == MPI_SUCCESS)
            error = handle != NULL ? p2p_hand_out(request, handle) : mock_wait(&request, status, NULL);
    }
    mock_unlock();
    return error;
}

int mock_Send(const void *buf, int count, MPI_Datatype datatype, int dest, int tag, MPI_Comm comm)
{
    return send_message(&(struct p2p_arguments){buf, count, datatype, dest, tag, comm}, MOCK_STANDARD, NULL);
}

int mock_Bsend(const void *buf, int count, MPI_Datatype datatype, int dest, int tag, MPI_Comm comm)
{
    return send_message(&(struct p2p_arguments){buf, count, datatype, dest, tag, comm}, MOCK_BUFFERED, NULL);
}

int mock_Ssend(const void *buf, int count, MPI_Datatype datatype, int dest, int tag, MPI_Comm comm)
{
    return send_message(&(struct p2p_arguments){buf, count, datatype, dest, tag, comm}, MOCK_SYNCHRONOUS, NULL);
}

int mock_Rsend(const void *buf, int count, MPI_Datatype datatype, int dest, int tag, MPI_Comm comm)
{
    return send_message(&(struct p2p_arguments){buf, count, datatype, dest, tag, comm}, MOCK_READY, NULL);
}

int mock_Isend(const void *buf, int count, MPI_Datatype datatype, int dest, int tag, MPI_Comm comm,
               MPI_Request *request)
{
    return send_message(&(struct p2p_arguments){buf, count, datatype, dest, tag, comm}, MOCK_STANDARD, request);
}

int mock_Ibsend(const void *buf, int count, MPI_Datatype datatype, int dest, int tag, MPI_Comm comm,
                MPI_Request *request)
{
    return send_message(&(struct p2p_arguments){buf, count, datatype, dest, tag, comm}, MOCK_BUFFERED, request);
}

int mock_Issend(const void *buf, int count, MPI_Datatype datatype, int dest, int tag, MPI_Comm comm,
                MPI_Request *request)
{
    return send_message(&(struct p2p_arguments){buf, count, datatype, dest, tag, comm}, MOCK_SYNCHRONOUS, request);
}

int mock_Irsend(const void *buf, int count, MPI_Datatype datatype, int dest, int tag, MPI_Comm comm,
                MPI_Request *request)
{
    return send_message(&(struct p2p_arguments){buf, count, datatype, dest, tag, comm}, MOCK_READY, request);
}

int mock_Recv(void *buf, int count, MPI_Datatype datatype, int source, int tag, MPI_Comm comm, MPI_Status *status)
{
    return receive_message(&(struct p2p_arguments){buf, count, datatype, source, tag, comm}, NULL, status);
}

int mock_Irecv(void *buf, int count, MPI_Datatype datatype, int source, int tag, MPI_Comm comm, MPI_Request *request)
{
    return receive_message(&(struct p2p_arguments){buf, count, datatype, source, tag, comm}, request,
                           MPI_STATUS_IGNORE);
}

/* ---- Both at once (MPI-3.1 §3.10) ---- */

static int exchange(const struct p2p_arguments *out, const struct p2p_arguments *in, MPI_Status *status)
{
    struct mock_request *sending = NULL, *receiving = NULL;
    int error = p2p_prepare(out, REQUEST_SEND, MOCK_STANDARD, &sending);
    if (error != MPI_SUCCESS)
        return error;
    error = p2p_prepare(in, REQUEST_RECEIVE, MOCK_STANDARD, &receiving);
    if (error == MPI_SUCCESS)
        error = transfer_receive(receiving);
    if (error == MPI_SUCCESS)
        error = transfer_send(sending);
    if (error != MPI_SUCCESS) {
        if (receiving != NULL)
            transfer_cancel(receiving); /* completes at once: nothing has come since */
        request_release(receiving);
        request_release(sending);
        return error;
    }
    error = mock_wait(&receiving, status, NULL);
    int send_error = mock_wait(&sending, MPI_STATUS_IGNORE, NULL);
    return error != MPI_SUCCESS ? error : send_error;
}

int mock_Sendrecv(const void *sendbuf, int sendcount, MPI_Datatype sendtype, int dest, int sendtag, void *recvbuf,
                  int recvcount, MPI_Datatype recvtype, int source, int recvtag, MPI_Comm comm, MPI_Status *status)
{
    mock_lock();
    int error = exchange(&(struct p2p_arguments){sendbuf, sendcount, sendtype, dest, sendtag, comm},
                         &(struct p2p_arguments){recvbuf, recvcount, recvtype, source, recvtag, comm}, status);
    mock_unlock();
    return error;
}

int mock_Sendrecv_replace(void *buf, int count, MPI_Datatype datatype, int dest, int sendtag, int source, int recvtag,
                          MPI_Comm comm, MPI_Status *status)
{
    struct mock_request *sending = NULL, *receiving = NULL;
    mock_lock();
    int error = p2p_prepare(&(struct p2p_arguments){buf, count, datatype, dest, sendtag, comm}, REQUEST_SEND,
                            MOCK_STANDARD, &sending);
    if (error == MPI_SUCCESS)
        error = p2p_prepare(&(struct p2p_arguments){buf, count, datatype, source, recvtag, comm}, REQUEST_RECEIVE,
                            MOCK_STANDARD, &receiving);
    if (error == MPI_SUCCESS && !transfer_pack(sending))
        error = mpimock_error(MPI_ERR_NO_MEM, "no memory for a copy of %zu bytes", sending->bytes);
    if (error == MPI_SUCCESS)
        error = transfer_send(sending); /* the data is in its copy: the receive may begin to overwrite the buffer */
    if (error == MPI_SUCCESS) {
        transfer_receive(receiving);
        error = mock_wait(&receiving, status, NULL);
        int send_error = mock_wait(&sending, MPI_STATUS_IGNORE, NULL);
        error = error != MPI_SUCCESS ? error : send_error;
    } else {
        request_release(receiving);
        request_release(sending);
    }
    mock_unlock();
    return error;
}
