/* SPDX-License-Identifier: BSD-2-Clause */
/* collective_alltoall.c: MPI_Alltoall, MPI_Alltoallv, MPI_Alltoallw (MPI-3.1 §5.8).
 *
 * Each rank starts all its receives and sends, nearest partners first, and then waits: on few cores that takes fewer
 * turns than one exchange after the other.
 */
#include <string.h>

#include "collective.h"

/* The blocks to be sent, packed, where the buffer is to be received into; *offsets[i] is where rank i's begins. */
static char *pack_blocks(const struct collective *call, const struct collective_blocks *blocks, size_t offsets[])
{
    size_t bytes = 0;
    for (int i = 0; i < call->size; i++) {
        struct collective_block block = collective_block(blocks, i);
        offsets[i] = bytes;
        bytes += block.count * block.type->size;
    }
    char *packed = collective_allocate(bytes);
    for (int i = 0; i < call->size && packed != NULL; i++) {
        struct collective_block block = collective_block(blocks, i);
        mock_pack(block.buffer, block.count, block.type, 0, packed + offsets[i], bytes - offsets[i]);
    }
    return packed;
}

/* `packed`: NULL unless the call is in place. */
static int exchange(const struct collective *call, const struct collective_blocks *sends, const char *packed,
                    const size_t offsets[], const struct collective_blocks *receives,
                    struct collective_message messages[])
{
    int error = MPI_SUCCESS, size = call->size;
    size_t started = 0;
    for (int i = 1; i < size && error == MPI_SUCCESS; i++) {
        int peer = (call->rank - i + size) % size;
        struct collective_block block = collective_block(receives, peer);
        error = collective_start_receive(call, &messages[started++], block.buffer, block.count, block.type, peer);
    }
    for (int i = 1; i < size && error == MPI_SUCCESS; i++) {
        int peer = (call->rank + i) % size;
        struct collective_block block = collective_block(sends, peer);
        if (packed != NULL) {
            block.count *= block.type->size;
            block.type = mock_type(MPI_BYTE);
            block.buffer = (char *)(uintptr_t)packed + offsets[peer];
        }
        error = collective_start_send(call, &messages[started++], block.buffer, block.count, block.type, peer);
    }
    if (packed == NULL && error == MPI_SUCCESS) {
        struct collective_block from = collective_block(sends, call->rank), to = collective_block(receives, call->rank);
        error = collective_copy(call, from.buffer, from.count, from.type, to.buffer, to.count, to.type);
    }
    return collective_finish(call, messages, started, error);
}

static int to_each(enum mpimock_function function, struct collective_blocks *sends, MPI_Datatype sendtype,
                   struct collective_blocks *receives, MPI_Datatype recvtype, MPI_Comm handle)
{
    int error;
    struct mock_comm *comm = collective_comm(handle, &error);
    if (comm == NULL)
        return error;
    bool in_place = sends->buffer == MPI_IN_PLACE;
    error = collective_check_blocks("receive", receives, recvtype, comm->size);
    if (error == MPI_SUCCESS && !in_place)
        error = collective_check_blocks("send", sends, sendtype, comm->size);
    if (error == MPI_SUCCESS && !in_place)
        error = collective_check_apart(sends, receives, comm->size);
    if (error != MPI_SUCCESS)
        return error;
    struct collective call;
    collective_begin(&call, comm, function, COLLECTIVE_NO_ROOT, NULL);
    size_t size = (size_t)call.size;
    size_t *offsets = collective_allocate(size * sizeof *offsets);
    struct collective_message *messages = collective_allocate(2 * size * sizeof *messages);
    char *packed = in_place && offsets != NULL ? pack_blocks(&call, receives, offsets) : NULL;
    if (offsets == NULL || messages == NULL || (in_place && packed == NULL))
        error = collective_no_memory();
    else
        error = exchange(&call, in_place ? receives : sends, packed, offsets, receives, messages);
    collective_free(packed);
    collective_free(messages);
    collective_free(offsets);
    return error;
}

int mock_Alltoall(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, int recvcount,
                  MPI_Datatype recvtype, MPI_Comm comm)
{
    struct collective_blocks sends = {.buffer = sendbuf, .count = sendcount};
    struct collective_blocks receives = {.buffer = recvbuf, .count = recvcount};
    return to_each(MPIMOCK_ALLTOALL, &sends, sendtype, &receives, recvtype, comm);
}

int mock_Alltoallv(const void *sendbuf, const int sendcounts[], const int sdispls[], MPI_Datatype sendtype,
                   void *recvbuf, const int recvcounts[], const int rdispls[], MPI_Datatype recvtype, MPI_Comm comm)
{
    struct collective_blocks sends = {.buffer = sendbuf, .counts = sendcounts, .displacements = sdispls};
    struct collective_blocks receives = {.buffer = recvbuf, .counts = recvcounts, .displacements = rdispls};
    return to_each(MPIMOCK_ALLTOALLV, &sends, sendtype, &receives, recvtype, comm);
}

int mock_Alltoallw(const void *sendbuf, const int sendcounts[], const int sdispls[], const MPI_Datatype sendtypes[],
                   void *recvbuf, const int recvcounts[], const int rdispls[], const MPI_Datatype recvtypes[],
                   MPI_Comm comm)
{
    struct collective_blocks sends = {
        .buffer = sendbuf, .counts = sendcounts, .displacements = sdispls, .types = sendtypes};
    struct collective_blocks receives = {
        .buffer = recvbuf, .counts = recvcounts, .displacements = rdispls, .types = recvtypes};
    return to_each(MPIMOCK_ALLTOALLW, &sends, MPI_DATATYPE_NULL, &receives, MPI_DATATYPE_NULL, comm);
}
