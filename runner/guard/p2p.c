/* SPDX-License-Identifier: BSD-2-Clause */
/* p2p.c: point-to-point calls, waits, tests and probes, in forms that can be left.
 *
 * A blocking call is its non-blocking form and a loop; its request is kept (guard_track) only if the test is left while
 * it is open. What the test itself starts is kept from the start until it completes. A loop of the test's own around
 * MPI_Test or MPI_Iprobe is left like a blocking call.
 */
#include "private.h"

#include <stdlib.h>
#include <string.h>

/* ---- Requests ---- */

void guard_track(MPI_Request request, enum guard_request_kind kind)
{
    if (request == MPI_REQUEST_NULL)
        return;
    guard_lock();
    guard_requests_add(&guard.requests, request, kind);
    guard_unlock();
}

struct guard_request *guard_track_own(MPI_Request request, enum guard_request_kind kind)
{
    if (request == MPI_REQUEST_NULL)
        return NULL;
    guard_lock();
    struct guard_request *kept = guard_requests_add(&guard.requests, request, kind);
    if (kept)
        kept->own++;
    guard_unlock();
    return kept;
}

/* A request before a call and after it: if it became MPI_REQUEST_NULL it is no longer open. */
static bool forget(MPI_Request before, MPI_Request after)
{
    if (before == MPI_REQUEST_NULL || after != MPI_REQUEST_NULL)
        return false;
    guard_lock();
    int kind = guard_requests_remove(&guard.requests, before);
    guard_unlock();
    if (kind == GUARD_RECEIVE)
        guard_count(&guard.received);
    return true;
}

static inline void count_send(int dest)
{
    if (dest != MPI_PROC_NULL)
        guard_count(&guard.sent);
}
/* How long it may take does not matter for small ones: those of the usual types are known without asking. */
static inline void count_bytes(int count, MPI_Datatype datatype)
{
    if (count <= 1 << 13 && (datatype == MPI_DOUBLE || datatype == MPI_INT || datatype == MPI_FLOAT ||
                             datatype == MPI_BYTE || datatype == MPI_CHAR || datatype == MPI_LONG))
        return;
    int size = 0;
    if (guard.mpi->Type_size(datatype, &size) == MPI_SUCCESS && (int64_t)size * count > 1 << 16)
        atomic_fetch_add_explicit(&guard.sent_bytes, (int64_t)size * count, memory_order_relaxed);
}
static inline int count_receive(int source, int error)
{
    if (error == MPI_SUCCESS && source != MPI_PROC_NULL)
        guard_count(&guard.received);
    return error;
}

/* Leaves from a call whose request, if it is still open, the stop has to see to. */
__attribute__((noreturn)) static void go_with(MPI_Request request, enum guard_request_kind kind)
{
    guard_track_own(request, kind);
    guard_go();
}

static int finish(MPI_Request *request, enum guard_request_kind kind, MPI_Status *status)
{
    int done = 0;
    uint32_t turns = 0;
    for (;;) {
        int error = guard.mpi->Test(request, &done, status);
        if (__builtin_expect(error != MPI_SUCCESS, 0)) {
            guard_track_own(*request, kind);
            return error;
        }
        if (done)
            return MPI_SUCCESS;
        if (guard_turn(&turns))
            go_with(*request, kind);
    }
}

void guard_missed(void)
{
    if ((++guard.misses & 63) == 0 && guard_pause(0))
        guard_go();
}

/* ---- Blocking calls ---- */

#define SEND(Name, Form)                                                                                               \
    static int guard_##Name(const void *buf, int count, MPI_Datatype datatype, int dest, int tag, MPI_Comm comm)       \
    {                                                                                                                  \
        MPI_Request request = MPI_REQUEST_NULL;                                                                        \
        GUARD_ENTER();                                                                                                 \
        int error = guard.mpi->Form(buf, count, datatype, dest, tag, comm, &request);                                  \
        if (error != MPI_SUCCESS)                                                                                      \
            return error;                                                                                              \
        count_send(dest);                                                                                              \
        int done = 0;                                                                                                  \
        error = guard.mpi->Test(&request, &done, MPI_STATUS_IGNORE);                                                   \
        if (done && error == MPI_SUCCESS)                                                                              \
            return MPI_SUCCESS;                                                                                        \
        count_bytes(count, datatype);                                                                                  \
        return finish(&request, GUARD_SEND, MPI_STATUS_IGNORE);                                                        \
    }
SEND(Send, Isend)
SEND(Ssend, Issend)
SEND(Rsend, Irsend)

static int guard_Bsend(const void *buf, int count, MPI_Datatype datatype, int dest, int tag, MPI_Comm comm)
{
    GUARD_ENTER();
    int error = guard.mpi->Bsend(buf, count, datatype, dest, tag, comm);
    if (error == MPI_SUCCESS)
        count_send(dest);
    return error;
}

static int guard_Recv(void *buf, int count, MPI_Datatype datatype, int source, int tag, MPI_Comm comm,
                      MPI_Status *status)
{
    MPI_Request request = MPI_REQUEST_NULL;
    GUARD_ENTER();
    int error = guard.mpi->Irecv(buf, count, datatype, source, tag, comm, &request);
    return error != MPI_SUCCESS ? error : count_receive(source, finish(&request, GUARD_RECEIVE, status));
}

/* Both at once; `memory` is what the send reads, freed when it is complete. */
static int finish_both(MPI_Request *send, MPI_Request *receive, void *memory, MPI_Status *status)
{
    int sent = 0, received = 0, send_error = MPI_SUCCESS, error = MPI_SUCCESS;
    uint32_t turns = 0;
    for (;;) {
        if (!received) {
            error = guard.mpi->Test(receive, &received, status);
            received = received || error != MPI_SUCCESS;
        }
        if (!sent) {
            send_error = guard.mpi->Test(send, &sent, MPI_STATUS_IGNORE);
            sent = sent || send_error != MPI_SUCCESS;
        }
        if (sent && received) {
            free(memory);
            return error != MPI_SUCCESS ? error : send_error;
        }
        if (guard_turn(&turns))
            break;
    }
    struct guard_request *kept = sent ? NULL : guard_track_own(*send, GUARD_SEND);
    if (kept)
        kept->memory = memory;
    if (sent)
        free(memory);
    if (received)
        guard_go();
    go_with(*receive, GUARD_RECEIVE);
}

/* A receive that cannot get its send: its message, if it has come already, is not to be waited for. */
static void give_up(MPI_Request *receive)
{
    int done = 0;
    guard.mpi->Cancel(receive);
    for (uint32_t turns = 1; guard.mpi->Test(receive, &done, MPI_STATUS_IGNORE) == MPI_SUCCESS && !done; turns++)
        guard_relax(turns);
}

static int guard_Sendrecv(const void *sendbuf, int sendcount, MPI_Datatype sendtype, int dest, int sendtag,
                          void *recvbuf, int recvcount, MPI_Datatype recvtype, int source, int recvtag, MPI_Comm comm,
                          MPI_Status *status)
{
    MPI_Request send = MPI_REQUEST_NULL, receive = MPI_REQUEST_NULL;
    GUARD_ENTER();
    int error = guard.mpi->Irecv(recvbuf, recvcount, recvtype, source, recvtag, comm, &receive);
    if (error != MPI_SUCCESS)
        return error;
    error = guard.mpi->Isend(sendbuf, sendcount, sendtype, dest, sendtag, comm, &send);
    if (error == MPI_SUCCESS) {
        count_send(dest);
        count_bytes(sendcount, sendtype);
        return count_receive(source, finish_both(&send, &receive, NULL, status));
    }
    give_up(&receive);
    return error;
}

static int guard_Sendrecv_replace(void *buf, int count, MPI_Datatype datatype, int dest, int sendtag, int source,
                                  int recvtag, MPI_Comm comm, MPI_Status *status)
{
    const struct mpimock_backend *mpi = guard.mpi;
    MPI_Request send = MPI_REQUEST_NULL, receive = MPI_REQUEST_NULL;
    int size = 0, position = 0;
    GUARD_ENTER();
    int error = mpi->Pack_size(count, datatype, comm, &size);
    if (error != MPI_SUCCESS)
        return error;
    char *packed = malloc(size > 0 ? (size_t)size : 1);
    if (!packed)
        return mpimock_error(MPI_ERR_NO_MEM, "no memory to keep %d bytes that are sent", size);
    error = mpi->Pack(buf, count, datatype, packed, size, &position, comm);
    if (error == MPI_SUCCESS)
        error = mpi->Irecv(buf, count, datatype, source, recvtag, comm, &receive);
    if (error == MPI_SUCCESS) {
        error = mpi->Isend(packed, position, MPI_PACKED, dest, sendtag, comm, &send);
        if (error == MPI_SUCCESS) {
            count_send(dest);
            count_bytes(count, datatype);
            return count_receive(source, finish_both(&send, &receive, packed, status));
        }
        give_up(&receive);
    }
    free(packed);
    return error;
}

/* A message that was found belongs to this rank until it is received. */
static void found_message(MPI_Message message, MPI_Status *status)
{
    int bytes = 0;
    if (message == MPI_MESSAGE_NULL || message == MPI_MESSAGE_NO_PROC)
        return;
    if (guard.mpi->Get_count(status, MPI_BYTE, &bytes) != MPI_SUCCESS || bytes == MPI_UNDEFINED)
        bytes = 0;
    guard_lock();
    if (guard.found_count == guard.found_capacity) {
        size_t capacity = guard.found_capacity ? 2 * guard.found_capacity : 8;
        struct guard_found *larger = realloc(guard.found, capacity * sizeof *larger);
        if (larger) {
            guard.found = larger;
            guard.found_capacity = capacity;
        }
    }
    if (guard.found_count < guard.found_capacity)
        guard.found[guard.found_count++] = (struct guard_found){message, bytes};
    guard_unlock();
}

static void message_received(MPI_Message message)
{
    guard_lock();
    for (size_t i = 0; i < guard.found_count; i++)
        if (guard.found[i].message == message) {
            guard.found[i] = guard.found[--guard.found_count];
            break;
        }
    guard_unlock();
}

static int guard_Probe(int source, int tag, MPI_Comm comm, MPI_Status *status)
{
    int found = 0, error;
    uint32_t turns = 0;
    GUARD_ENTER();
    while ((error = guard.mpi->Iprobe(source, tag, comm, &found, status)) == MPI_SUCCESS && !found)
        if (guard_turn(&turns))
            guard_go();
    return error;
}

static int guard_Mprobe(int source, int tag, MPI_Comm comm, MPI_Message *message, MPI_Status *status)
{
    int found = 0, error;
    uint32_t turns = 0;
    MPI_Status own;
    GUARD_ENTER();
    while ((error = guard.mpi->Improbe(source, tag, comm, &found, message, &own)) == MPI_SUCCESS && !found)
        if (guard_turn(&turns))
            guard_go();
    if (error == MPI_SUCCESS)
        found_message(*message, &own);
    if (error == MPI_SUCCESS && status != MPI_STATUS_IGNORE)
        *status = own;
    return error;
}

static int start_found(void *buf, int count, MPI_Datatype datatype, MPI_Message *message, MPI_Request *request,
                       bool *counts)
{
    MPI_Message before = *message;
    *counts = before != MPI_MESSAGE_NO_PROC;
    int error = guard.mpi->Imrecv(buf, count, datatype, message, request);
    if (error == MPI_SUCCESS)
        message_received(before);
    return error;
}

static int guard_Mrecv(void *buf, int count, MPI_Datatype datatype, MPI_Message *message, MPI_Status *status)
{
    MPI_Request request = MPI_REQUEST_NULL;
    bool counts;
    GUARD_ENTER();
    int error = start_found(buf, count, datatype, message, &request, &counts);
    if (error == MPI_SUCCESS)
        error = count_receive(counts ? 0 : MPI_PROC_NULL, finish(&request, GUARD_RECEIVE, status));
    return error;
}

/* ---- Non-blocking calls ---- */

#define START_SEND(Name)                                                                                               \
    static int guard_##Name(const void *buf, int count, MPI_Datatype datatype, int dest, int tag, MPI_Comm comm,       \
                            MPI_Request *request)                                                                      \
    {                                                                                                                  \
        GUARD_ENTER();                                                                                                 \
        int error = guard.mpi->Name(buf, count, datatype, dest, tag, comm, request);                                   \
        if (error == MPI_SUCCESS) {                                                                                    \
            count_send(dest);                                                                                          \
            count_bytes(count, datatype);                                                                              \
            guard_track(*request, GUARD_SEND);                                                                         \
        }                                                                                                              \
        return error;                                                                                                  \
    }
START_SEND(Isend)
START_SEND(Ibsend)
START_SEND(Issend)
START_SEND(Irsend)

static int guard_Irecv(void *buf, int count, MPI_Datatype datatype, int source, int tag, MPI_Comm comm,
                       MPI_Request *request)
{
    GUARD_ENTER();
    int error = guard.mpi->Irecv(buf, count, datatype, source, tag, comm, request);
    if (error == MPI_SUCCESS)
        guard_track(*request, source == MPI_PROC_NULL ? GUARD_NO_PARTNER : GUARD_RECEIVE);
    return error;
}

/* Their messages are not counted. */
static int prepared(int error, const MPI_Request *request, enum guard_request_kind kind)
{
    if (error == MPI_SUCCESS) {
        guard.uncounted = true;
        guard_track(*request, kind);
    }
    return error;
}

#define PREPARE_SEND(Name)                                                                                             \
    static int guard_##Name(const void *buf, int count, MPI_Datatype datatype, int dest, int tag, MPI_Comm comm,       \
                            MPI_Request *request)                                                                      \
    {                                                                                                                  \
        GUARD_ENTER();                                                                                                 \
        int error = guard.mpi->Name(buf, count, datatype, dest, tag, comm, request);                                   \
        return prepared(error, request, GUARD_PERSISTENT_SEND);                                                        \
    }
PREPARE_SEND(Send_init)
PREPARE_SEND(Bsend_init)
PREPARE_SEND(Ssend_init)
PREPARE_SEND(Rsend_init)

static int guard_Recv_init(void *buf, int count, MPI_Datatype datatype, int source, int tag, MPI_Comm comm,
                           MPI_Request *request)
{
    GUARD_ENTER();
    return prepared(guard.mpi->Recv_init(buf, count, datatype, source, tag, comm, request), request,
                    GUARD_PERSISTENT_RECEIVE);
}

static int guard_Cancel(MPI_Request *request)
{
    GUARD_ENTER();
    guard.uncounted = true;
    return guard.mpi->Cancel(request);
}

static int guard_Imrecv(void *buf, int count, MPI_Datatype datatype, MPI_Message *message, MPI_Request *request)
{
    bool counts;
    GUARD_ENTER();
    int error = start_found(buf, count, datatype, message, request, &counts);
    if (error == MPI_SUCCESS)
        guard_track(*request, counts ? GUARD_RECEIVE : GUARD_NO_PARTNER);
    return error;
}

static int guard_Start(MPI_Request *request)
{
    GUARD_ENTER();
    return guard.mpi->Start(request);
}

static int guard_Startall(int count, MPI_Request array_of_requests[])
{
    GUARD_ENTER();
    return guard.mpi->Startall(count, array_of_requests);
}

/* One that is active is completed by the stop: until then it stays where it can be seen. */
static int guard_Request_free(MPI_Request *request)
{
    int complete = 1;
    guard_lock();
    struct guard_request *kept = guard_requests_find(&guard.requests, *request);
    if (kept && guard.mpi->Request_get_status(*request, &complete, MPI_STATUS_IGNORE) == MPI_SUCCESS && !complete) {
        kept->own++;
        guard.uncounted = true;
        *request = MPI_REQUEST_NULL;
    } else {
        guard_requests_remove(&guard.requests, *request);
        kept = NULL;
    }
    guard_unlock();
    return kept ? MPI_SUCCESS : guard.mpi->Request_free(request);
}

/* ---- Waits and tests ---- */

static int guard_Wait(MPI_Request *request, MPI_Status *status)
{
    MPI_Request before = *request;
    int done = 0, error;
    uint32_t turns = 0;
    GUARD_ENTER();
    while ((error = guard.mpi->Test(request, &done, status)) == MPI_SUCCESS && !done)
        if (guard_turn(&turns))
            guard_go();
    forget(before, *request);
    return error;
}

static int guard_Test(MPI_Request *request, int *flag, MPI_Status *status)
{
    MPI_Request before = *request;
    GUARD_ENTER();
    int error = guard.mpi->Test(request, flag, status);
    forget(before, *request);
    if (error == MPI_SUCCESS && !*flag)
        guard_missed();
    return error;
}

/* What the requests were before a call on many of them. */
struct before {
    MPI_Request few[32], *all;
};

static int remember(struct before *before, int count, const MPI_Request requests[])
{
    before->all = before->few;
    if (count > (int)(sizeof before->few / sizeof before->few[0]))
        before->all = malloc((size_t)count * sizeof *before->all);
    if (!before->all)
        return mpimock_error(MPI_ERR_NO_MEM, "no memory to remember %d requests", count);
    if (count > 0)
        memcpy(before->all, requests, (size_t)count * sizeof *requests);
    return MPI_SUCCESS;
}

static long compare(struct before *before, int count, const MPI_Request requests[])
{
    long completed = 0;
    for (int i = 0; i < count; i++)
        completed += forget(before->all[i], requests[i]);
    if (before->all != before->few)
        free(before->all);
    return completed;
}

/* Leaves, with what has completed since. */
__attribute__((noreturn)) static void compare_and_go(struct before *before, int count, const MPI_Request requests[])
{
    guard.unseen += compare(before, count, requests);
    guard_go();
}

static int guard_Waitall(int count, MPI_Request array_of_requests[], MPI_Status array_of_statuses[])
{
    struct before before;
    int done = 0, error;
    uint32_t turns = 0;
    GUARD_ENTER();
    if (remember(&before, count, array_of_requests) != MPI_SUCCESS)
        return MPI_ERR_NO_MEM;
    while ((error = guard.mpi->Testall(count, array_of_requests, &done, array_of_statuses)) == MPI_SUCCESS && !done)
        if (guard_turn(&turns))
            compare_and_go(&before, count, array_of_requests);
    compare(&before, count, array_of_requests);
    return error;
}

static int guard_Waitany(int count, MPI_Request array_of_requests[], int *index, MPI_Status *status)
{
    struct before before;
    int done = 0, error;
    uint32_t turns = 0;
    GUARD_ENTER();
    if (remember(&before, count, array_of_requests) != MPI_SUCCESS)
        return MPI_ERR_NO_MEM;
    while ((error = guard.mpi->Testany(count, array_of_requests, index, &done, status)) == MPI_SUCCESS && !done)
        if (guard_turn(&turns))
            compare_and_go(&before, count, array_of_requests);
    compare(&before, count, array_of_requests);
    return error;
}

static int guard_Waitsome(int incount, MPI_Request array_of_requests[], int *outcount, int array_of_indices[],
                          MPI_Status array_of_statuses[])
{
    struct before before;
    int error;
    uint32_t turns = 0;
    GUARD_ENTER();
    if (remember(&before, incount, array_of_requests) != MPI_SUCCESS)
        return MPI_ERR_NO_MEM;
    while ((error = guard.mpi->Testsome(incount, array_of_requests, outcount, array_of_indices, array_of_statuses)) ==
               MPI_SUCCESS &&
           *outcount == 0)
        if (guard_turn(&turns))
            compare_and_go(&before, incount, array_of_requests);
    compare(&before, incount, array_of_requests);
    return error;
}

static int guard_Testall(int count, MPI_Request array_of_requests[], int *flag, MPI_Status array_of_statuses[])
{
    struct before before;
    GUARD_ENTER();
    if (remember(&before, count, array_of_requests) != MPI_SUCCESS)
        return MPI_ERR_NO_MEM;
    int error = guard.mpi->Testall(count, array_of_requests, flag, array_of_statuses);
    compare(&before, count, array_of_requests);
    if (error == MPI_SUCCESS && !*flag)
        guard_missed();
    return error;
}

static int guard_Testany(int count, MPI_Request array_of_requests[], int *index, int *flag, MPI_Status *status)
{
    struct before before;
    GUARD_ENTER();
    if (remember(&before, count, array_of_requests) != MPI_SUCCESS)
        return MPI_ERR_NO_MEM;
    int error = guard.mpi->Testany(count, array_of_requests, index, flag, status);
    compare(&before, count, array_of_requests);
    if (error == MPI_SUCCESS && !*flag)
        guard_missed();
    return error;
}

static int guard_Testsome(int incount, MPI_Request array_of_requests[], int *outcount, int array_of_indices[],
                          MPI_Status array_of_statuses[])
{
    struct before before;
    GUARD_ENTER();
    if (remember(&before, incount, array_of_requests) != MPI_SUCCESS)
        return MPI_ERR_NO_MEM;
    int error = guard.mpi->Testsome(incount, array_of_requests, outcount, array_of_indices, array_of_statuses);
    compare(&before, incount, array_of_requests);
    if (error == MPI_SUCCESS && *outcount == 0)
        guard_missed();
    return error;
}

static int guard_Request_get_status(MPI_Request request, int *flag, MPI_Status *status)
{
    GUARD_ENTER();
    int error = guard.mpi->Request_get_status(request, flag, status);
    if (error == MPI_SUCCESS && !*flag)
        guard_missed();
    return error;
}

static int guard_Iprobe(int source, int tag, MPI_Comm comm, int *flag, MPI_Status *status)
{
    GUARD_ENTER();
    int error = guard.mpi->Iprobe(source, tag, comm, flag, status);
    if (error == MPI_SUCCESS && !*flag)
        guard_missed();
    return error;
}

static int guard_Improbe(int source, int tag, MPI_Comm comm, int *flag, MPI_Message *message, MPI_Status *status)
{
    MPI_Status own;
    GUARD_ENTER();
    int error = guard.mpi->Improbe(source, tag, comm, flag, message, &own);
    if (error != MPI_SUCCESS)
        return error;
    if (!*flag) {
        guard_missed();
        return error;
    }
    found_message(*message, &own);
    if (status != MPI_STATUS_IGNORE)
        *status = own;
    return error;
}

void guard_fill_p2p(struct mpimock_backend *table)
{
#define FILL(Name) table->Name = guard_##Name
    FILL(Send), FILL(Ssend), FILL(Rsend), FILL(Bsend), FILL(Recv), FILL(Sendrecv), FILL(Sendrecv_replace);
    FILL(Probe), FILL(Mprobe), FILL(Iprobe), FILL(Improbe), FILL(Mrecv), FILL(Imrecv);
    FILL(Isend), FILL(Ibsend), FILL(Issend), FILL(Irsend), FILL(Irecv);
    FILL(Send_init), FILL(Bsend_init), FILL(Ssend_init), FILL(Rsend_init), FILL(Recv_init);
    FILL(Start), FILL(Startall), FILL(Request_free), FILL(Request_get_status);
    FILL(Cancel), FILL(Wait), FILL(Waitall), FILL(Waitany), FILL(Waitsome);
    FILL(Test), FILL(Testall), FILL(Testany), FILL(Testsome);
#undef FILL
}
