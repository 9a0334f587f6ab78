/* SPDX-License-Identifier: BSD-2-Clause */
/* persistent.c: persistent requests (MPI-3.1 §3.9): made once, started any number of times. */
#include "p2p.h"
#include "transfer.h"

static int prepare(const struct p2p_arguments *arguments, enum request_kind kind, enum mock_mode mode,
                   MPI_Request *handle)
{
    struct mock_request *request = NULL;
    mock_lock();
    int error = p2p_prepare(arguments, kind, mode, &request);
    if (error == MPI_SUCCESS) {
        request->persistent = true;
        error = p2p_hand_out(request, handle);
    }
    mock_unlock();
    return error;
}

int mock_Send_init(const void *buf, int count, MPI_Datatype datatype, int dest, int tag, MPI_Comm comm,
                   MPI_Request *request)
{
    return prepare(&(struct p2p_arguments){buf, count, datatype, dest, tag, comm}, REQUEST_SEND, MOCK_STANDARD,
                   request);
}

int mock_Bsend_init(const void *buf, int count, MPI_Datatype datatype, int dest, int tag, MPI_Comm comm,
                    MPI_Request *request)
{
    return prepare(&(struct p2p_arguments){buf, count, datatype, dest, tag, comm}, REQUEST_SEND, MOCK_BUFFERED,
                   request);
}

int mock_Ssend_init(const void *buf, int count, MPI_Datatype datatype, int dest, int tag, MPI_Comm comm,
                    MPI_Request *request)
{
    return prepare(&(struct p2p_arguments){buf, count, datatype, dest, tag, comm}, REQUEST_SEND, MOCK_SYNCHRONOUS,
                   request);
}

int mock_Rsend_init(const void *buf, int count, MPI_Datatype datatype, int dest, int tag, MPI_Comm comm,
                    MPI_Request *request)
{
    return prepare(&(struct p2p_arguments){buf, count, datatype, dest, tag, comm}, REQUEST_SEND, MOCK_READY, request);
}

int mock_Recv_init(void *buf, int count, MPI_Datatype datatype, int source, int tag, MPI_Comm comm,
                   MPI_Request *request)
{
    return prepare(&(struct p2p_arguments){buf, count, datatype, source, tag, comm}, REQUEST_RECEIVE, MOCK_STANDARD,
                   request);
}

static int start(MPI_Request handle)
{
    struct mock_request *request = request_of(handle);
    if (request == NULL)
        return mpimock_error(MPI_ERR_REQUEST, "not a request, or one that is over");
    if (!request->persistent)
        return mpimock_error(MPI_ERR_REQUEST, "the request is not a persistent one");
    if (request->active)
        return mpimock_error(MPI_ERR_REQUEST,
                             "the request was started already, and not completed by MPI_Wait or MPI_Test");
    int error = request->kind == REQUEST_SEND ? transfer_send(request) : transfer_receive(request);
    if (error != MPI_SUCCESS)
        request->active = false;
    return error;
}

int mock_Start(MPI_Request *request)
{
    mock_lock();
    int error = start(*request);
    mock_unlock();
    return error;
}

int mock_Startall(int count, MPI_Request array_of_requests[])
{
    int error = MPI_SUCCESS;
    if (count < 0)
        return mpimock_error(MPI_ERR_COUNT, "the count is %d", count);
    mock_lock();
    for (int i = 0; i < count && error == MPI_SUCCESS; i++)
        error = start(array_of_requests[i]);
    mock_unlock();
    return error;
}
