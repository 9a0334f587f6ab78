/* SPDX-License-Identifier: BSD-2-Clause */
/* collective_gather.c: MPI_Gather, MPI_Scatter, MPI_Allgather and their forms with a count for each rank (MPI-3.1 §5.5
 * to §5.7).
 *
 * The root exchanges one message with each rank, all at once: between the memories of one machine a tree would only
 * copy the data more often, and each block goes straight to where it belongs. Gathering to all is gathering to rank 0,
 * then a broadcast.
 */
#include "collective.h"

/* What one rank brings to a gather or takes from a scatter. */
struct share {
    const void *buffer; /* MPI_IN_PLACE: it is in its place among the root's blocks */
    size_t count;
    struct mock_type *type;
};

static int check_share(const char *what, const void *buffer, int count, MPI_Datatype datatype, bool may_be_in_place,
                       struct share *share)
{
    *share = (struct share){.buffer = buffer};
    if (may_be_in_place && buffer == MPI_IN_PLACE)
        return MPI_SUCCESS;
    share->count = (size_t)count;
    return collective_check_buffer(what, buffer, count, datatype, &share->type);
}

/* The share must not lie in the blocks of one's own call. */
static int check_apart(const struct share *share, const struct collective_blocks *blocks, int size)
{
    int error = MPI_SUCCESS;
    for (int i = 0; i < size && share->buffer != MPI_IN_PLACE && error == MPI_SUCCESS; i++) {
        struct collective_block block = collective_block(blocks, i);
        error =
            collective_check_overlap(share->buffer, share->count, share->type, block.buffer, block.count, block.type);
    }
    return error;
}

/* At the root: receives each rank's block, copies its own share. */
static int gather_at_root(const struct collective *call, const struct share *share,
                          const struct collective_blocks *blocks)
{
    size_t started = 0;
    int error = MPI_SUCCESS;
    struct collective_message *messages = collective_allocate((size_t)call->size * sizeof *messages);
    if (messages == NULL)
        return collective_no_memory();
    for (int i = 0; i < call->size && error == MPI_SUCCESS; i++) {
        struct collective_block block = collective_block(blocks, i);
        if (i != call->rank)
            error = collective_start_receive(call, &messages[started++], block.buffer, block.count, block.type, i);
        else if (share->buffer != MPI_IN_PLACE)
            error =
                collective_copy(call, share->buffer, share->count, share->type, block.buffer, block.count, block.type);
    }
    error = collective_finish(call, messages, started, error);
    collective_free(messages);
    return error;
}

/* At the root: sends each rank its block, copies its own to the share. */
static int scatter_at_root(const struct collective *call, const struct share *share,
                           const struct collective_blocks *blocks)
{
    size_t started = 0;
    int error = MPI_SUCCESS;
    struct collective_message *messages = collective_allocate((size_t)call->size * sizeof *messages);
    if (messages == NULL)
        return collective_no_memory();
    for (int i = 0; i < call->size && error == MPI_SUCCESS; i++) {
        struct collective_block block = collective_block(blocks, i);
        if (i != call->rank)
            error = collective_start_send(call, &messages[started++], block.buffer, block.count, block.type, i);
        else if (share->buffer != MPI_IN_PLACE)
            error = collective_copy(call, block.buffer, block.count, block.type, (void *)(uintptr_t)share->buffer,
                                    share->count, share->type);
    }
    error = collective_finish(call, messages, started, error);
    collective_free(messages);
    return error;
}

/* ---- With a root ---- */

enum direction { TO_ROOT, FROM_ROOT };

/* MPI_Gather and MPI_Scatter, both forms: `datatype` is that of the blocks, which only the root looks at. */
static int with_root(enum mpimock_function function, enum direction direction, const void *buffer, int count,
                     MPI_Datatype share_datatype, struct collective_blocks *blocks, MPI_Datatype datatype, int root,
                     MPI_Comm handle)
{
    const char *share_name = direction == TO_ROOT ? "send" : "receive";
    const char *blocks_name = direction == TO_ROOT ? "receive" : "send";
    int error;
    struct mock_comm *comm = collective_comm(handle, &error);
    if (comm == NULL)
        return error;
    struct share share;
    error = collective_check_root(comm, root);
    bool at_root = comm->rank == root;
    if (error == MPI_SUCCESS)
        error = check_share(share_name, buffer, count, share_datatype, at_root, &share);
    if (error == MPI_SUCCESS && at_root)
        error = collective_check_blocks(blocks_name, blocks, datatype, comm->size);
    if (error == MPI_SUCCESS && at_root)
        error = check_apart(&share, blocks, comm->size);
    if (error != MPI_SUCCESS)
        return error;
    struct collective call;
    collective_begin(&call, comm, function, root, NULL);
    if (at_root)
        return direction == TO_ROOT ? gather_at_root(&call, &share, blocks) : scatter_at_root(&call, &share, blocks);
    if (direction == TO_ROOT)
        return collective_send(&call, share.buffer, share.count, share.type, root);
    return collective_receive(&call, (void *)(uintptr_t)share.buffer, share.count, share.type, root);
}

int mock_Gather(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, int recvcount,
                MPI_Datatype recvtype, int root, MPI_Comm comm)
{
    struct collective_blocks blocks = {.buffer = recvbuf, .count = recvcount};
    return with_root(MPIMOCK_GATHER, TO_ROOT, sendbuf, sendcount, sendtype, &blocks, recvtype, root, comm);
}

int mock_Gatherv(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, const int recvcounts[],
                 const int displs[], MPI_Datatype recvtype, int root, MPI_Comm comm)
{
    struct collective_blocks blocks = {.buffer = recvbuf, .counts = recvcounts, .displacements = displs};
    return with_root(MPIMOCK_GATHERV, TO_ROOT, sendbuf, sendcount, sendtype, &blocks, recvtype, root, comm);
}

int mock_Scatter(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, int recvcount,
                 MPI_Datatype recvtype, int root, MPI_Comm comm)
{
    struct collective_blocks blocks = {.buffer = sendbuf, .count = sendcount};
    return with_root(MPIMOCK_SCATTER, FROM_ROOT, recvbuf, recvcount, recvtype, &blocks, sendtype, root, comm);
}

int mock_Scatterv(const void *sendbuf, const int sendcounts[], const int displs[], MPI_Datatype sendtype, void *recvbuf,
                  int recvcount, MPI_Datatype recvtype, int root, MPI_Comm comm)
{
    struct collective_blocks blocks = {.buffer = sendbuf, .counts = sendcounts, .displacements = displs};
    return with_root(MPIMOCK_SCATTERV, FROM_ROOT, recvbuf, recvcount, recvtype, &blocks, sendtype, root, comm);
}

/* ---- To all ---- */

/* Blocks that lie anywhere travel packed, one after the other. */
static int broadcast_packed(const struct collective *call, const struct collective_blocks *blocks)
{
    size_t bytes = 0;
    for (int i = 0; i < call->size; i++) {
        struct collective_block block = collective_block(blocks, i);
        bytes += block.count * block.type->size;
    }
    char *packed = collective_allocate(bytes);
    if (packed == NULL)
        return collective_no_memory();
    size_t at = 0;
    for (int i = 0; i < call->size && call->rank == 0; i++) {
        struct collective_block block = collective_block(blocks, i);
        at += mock_pack(block.buffer, block.count, block.type, 0, packed + at, bytes - at);
    }
    int error = collective_broadcast_bytes(call, packed, bytes);
    for (int i = 0; i < call->size && call->rank != 0 && error == MPI_SUCCESS; i++) {
        struct collective_block block = collective_block(blocks, i);
        at += mock_unpack(block.buffer, block.count, block.type, 0, packed + at, bytes - at);
    }
    collective_free(packed);
    return error;
}

static int to_all(enum mpimock_function function, const void *sendbuf, int sendcount, MPI_Datatype sendtype,
                  struct collective_blocks *blocks, MPI_Datatype recvtype, MPI_Comm handle)
{
    int error;
    struct mock_comm *comm = collective_comm(handle, &error);
    if (comm == NULL)
        return error;
    struct share share;
    error = check_share("send", sendbuf, sendcount, sendtype, true, &share);
    if (error == MPI_SUCCESS)
        error = collective_check_blocks("receive", blocks, recvtype, comm->size);
    if (error == MPI_SUCCESS)
        error = check_apart(&share, blocks, comm->size);
    if (error != MPI_SUCCESS)
        return error;
    struct collective call;
    collective_begin(&call, comm, function, COLLECTIVE_NO_ROOT, NULL);
    struct collective_block own = collective_block(blocks, call.rank);
    if (call.rank == 0)
        error = gather_at_root(&call, &share, blocks);
    else if (share.buffer == MPI_IN_PLACE)
        error = collective_send(&call, own.buffer, own.count, own.type, 0);
    else
        error = collective_send(&call, share.buffer, share.count, share.type, 0);
    if (error != MPI_SUCCESS)
        return error;
    if (blocks->counts != NULL)
        return broadcast_packed(&call, blocks);
    return collective_broadcast(&call, (void *)(uintptr_t)blocks->buffer, (size_t)blocks->count * (size_t)call.size,
                                blocks->type, 0);
}

int mock_Allgather(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, int recvcount,
                   MPI_Datatype recvtype, MPI_Comm comm)
{
    struct collective_blocks blocks = {.buffer = recvbuf, .count = recvcount};
    return to_all(MPIMOCK_ALLGATHER, sendbuf, sendcount, sendtype, &blocks, recvtype, comm);
}

int mock_Allgatherv(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, const int recvcounts[],
                    const int displs[], MPI_Datatype recvtype, MPI_Comm comm)
{
    struct collective_blocks blocks = {.buffer = recvbuf, .counts = recvcounts, .displacements = displs};
    return to_all(MPIMOCK_ALLGATHERV, sendbuf, sendcount, sendtype, &blocks, recvtype, comm);
}
