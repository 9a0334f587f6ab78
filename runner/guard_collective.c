/* SPDX-License-Identifier: BSD-2-Clause */
/* guard_collective.c: collectives: the members agree (guard_words.h), then run the non-blocking form, polled.
 *
 * The agreement is a dissemination: in round k each member tells the one 2^k after it what it knows, and hears from the one
 * 2^k before it; after log2(n) rounds all know the same (Hensgen, Finkel, Manber 1988). It is a barrier, so MPI_Barrier is
 * nothing else. Once all have agreed the operation completes, so it is waited for even when a notice comes meanwhile; only
 * where that takes longer than GRACE (a member left from inside, out of an operation of its own) the rank leaves.
 */
#include "guard_private.h"

#include <time.h>

#define GRACE 1.0 /* seconds */

/* ---- Agreement ---- */

/* Receives from `from` what belongs to this collective; what is left of an earlier test is dropped. Leaves, with nothing in
 * flight, when the test is left. */
static int exchange(const struct guard_words *out, struct guard_words *in, int to, int from, int tag)
{
    const struct mpimock_backend *mpi = guard.mpi;
    MPI_Request send = MPI_REQUEST_NULL, receive;
    int sent = 0, received, cancelled = 0;
    uint32_t turns = 0;
    int error = mpi->Isend(out, sizeof *out, MPI_BYTE, to, tag, guard.agreements, &send);
    do {
        received = 0;
        if (error == MPI_SUCCESS)
            error = mpi->Irecv(in, sizeof *in, MPI_BYTE, from, tag, guard.agreements, &receive);
        while (error == MPI_SUCCESS && !received) {
            error = mpi->Test(&receive, &received, MPI_STATUS_IGNORE);
            if (cancelled)
                guard_relax(++turns);
            else if (!received && guard_turn(&turns))
                cancelled = mpi->Cancel(&receive) == MPI_SUCCESS;
        }
    } while (error == MPI_SUCCESS && !cancelled && (in->serial != out->serial || in->sequence != out->sequence));
    for (; error == MPI_SUCCESS && !sent; turns++) { /* a few words, sent eagerly */
        error = mpi->Test(&send, &sent, MPI_STATUS_IGNORE);
        if (!sent)
            guard_relax(turns);
    }
    if (cancelled)
        guard_go();
    return error;
}

int guard_agree_among(const int members[], int size, int rank, int tag, struct guard_words *words)
{
    for (int distance = 1; distance < size; distance *= 2) {
        struct guard_words in, out = *words;
        int error = exchange(&out, &in, members[(rank + distance) % size], members[(rank - distance + size) % size], tag);
        if (error != MPI_SUCCESS)
            return error;
        guard_words_merge(words, &in);
    }
    if (guard_words_agree(words))
        return MPI_SUCCESS;
    char text[256];
    guard_words_text(words, text, sizeof text);
    return mpimock_error(MPI_ERR_OTHER, "the members do not call the same: %s", text);
}

static int agree(MPI_Comm comm, enum mpimock_function function, int root, uint32_t op, uint32_t *number)
{
    struct guard_comm known;
    GUARD_ENTER();
    if (!guard_comm_next(comm, &known))
        return GUARD_UNKNOWN;
    struct guard_words words = {.serial = guard.team.serial,
                                .comm = known.number,
                                .sequence = known.sequence,
                                .proposal = guard.next_number,
                                .first = {.function = function, .rank = known.rank, .root = root, .op = op}};
    int error = guard_agree_among(known.members, known.size, known.rank, GUARD_TAG_AGREE + (int)(known.number % GUARD_TAGS),
                                  &words);
    *number = words.proposal;
    return error;
}

int guard_agree(MPI_Comm comm, enum mpimock_function function, int root, uint32_t op)
{
    uint32_t number;
    return agree(comm, function, root, op, &number);
}

int guard_agree_on_number(MPI_Comm comm, enum mpimock_function function, uint32_t *number)
{
    *number = 0;
    int error = agree(comm, function, GUARD_NO_ROOT, GUARD_NO_OP, number);
    if (error == MPI_SUCCESS)
        guard.next_number = *number + 1;
    return error == GUARD_UNKNOWN ? MPI_SUCCESS : error;
}

/* ---- Running ---- */

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int run(int error, bool agreed, MPI_Request *request)
{
    uint32_t turns = 0;
    int done = 0;
    double noticed = 0;
    while (error == MPI_SUCCESS) {
        error = guard.mpi->Test(request, &done, MPI_STATUS_IGNORE);
        if (done)
            break;
        if (error != MPI_SUCCESS || !guard_turn(&turns))
            continue;
        if (noticed == 0)
            noticed = now();
        if (!agreed || now() - noticed > GRACE) {
            guard.stuck++;
            guard_go();
        }
        guard_relax(turns);
    }
    return error;
}

/* Agrees, and runs the non-blocking form. */
#define COLLECTIVE(Name, FUNCTION, root, op, parameters, ...)                                                          \
    static int guard_##Name parameters                                                                                 \
    {                                                                                                                  \
        MPI_Request request = MPI_REQUEST_NULL;                                                                        \
        int error = guard_agree(comm, MPIMOCK_##FUNCTION, root, op);                                                   \
        if (error != MPI_SUCCESS && error != GUARD_UNKNOWN)                                                            \
            return error;                                                                                              \
        return run(guard.mpi->I##__VA_ARGS__, error == MPI_SUCCESS, &request);                                         \
    }

static int guard_Barrier(MPI_Comm comm)
{
    MPI_Request request = MPI_REQUEST_NULL;
    int error = guard_agree(comm, MPIMOCK_BARRIER, GUARD_NO_ROOT, GUARD_NO_OP);
    return error != GUARD_UNKNOWN ? error : run(guard.mpi->Ibarrier(comm, &request), false, &request);
}

/* clang-format off */
COLLECTIVE(Bcast, BCAST, root, GUARD_NO_OP,
           (void *buffer, int count, MPI_Datatype datatype, int root, MPI_Comm comm),
           bcast(buffer, count, datatype, root, comm, &request))
COLLECTIVE(Reduce, REDUCE, root, guard_op_number(op),
           (const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op, int root, MPI_Comm comm),
           reduce(sendbuf, recvbuf, count, datatype, op, root, comm, &request))
COLLECTIVE(Allreduce, ALLREDUCE, GUARD_NO_ROOT, guard_op_number(op),
           (const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op, MPI_Comm comm),
           allreduce(sendbuf, recvbuf, count, datatype, op, comm, &request))
COLLECTIVE(Scan, SCAN, GUARD_NO_ROOT, guard_op_number(op),
           (const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op, MPI_Comm comm),
           scan(sendbuf, recvbuf, count, datatype, op, comm, &request))
COLLECTIVE(Exscan, EXSCAN, GUARD_NO_ROOT, guard_op_number(op),
           (const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op, MPI_Comm comm),
           exscan(sendbuf, recvbuf, count, datatype, op, comm, &request))
COLLECTIVE(Reduce_scatter, REDUCE_SCATTER, GUARD_NO_ROOT, guard_op_number(op),
           (const void *sendbuf, void *recvbuf, const int recvcounts[], MPI_Datatype datatype, MPI_Op op, MPI_Comm comm),
           reduce_scatter(sendbuf, recvbuf, recvcounts, datatype, op, comm, &request))
COLLECTIVE(Reduce_scatter_block, REDUCE_SCATTER_BLOCK, GUARD_NO_ROOT, guard_op_number(op),
           (const void *sendbuf, void *recvbuf, int recvcount, MPI_Datatype datatype, MPI_Op op, MPI_Comm comm),
           reduce_scatter_block(sendbuf, recvbuf, recvcount, datatype, op, comm, &request))
COLLECTIVE(Gather, GATHER, root, GUARD_NO_OP,
           (const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, int recvcount, MPI_Datatype recvtype,
            int root, MPI_Comm comm),
           gather(sendbuf, sendcount, sendtype, recvbuf, recvcount, recvtype, root, comm, &request))
COLLECTIVE(Gatherv, GATHERV, root, GUARD_NO_OP,
           (const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, const int recvcounts[],
            const int displs[], MPI_Datatype recvtype, int root, MPI_Comm comm),
           gatherv(sendbuf, sendcount, sendtype, recvbuf, recvcounts, displs, recvtype, root, comm, &request))
COLLECTIVE(Scatter, SCATTER, root, GUARD_NO_OP,
           (const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, int recvcount, MPI_Datatype recvtype,
            int root, MPI_Comm comm),
           scatter(sendbuf, sendcount, sendtype, recvbuf, recvcount, recvtype, root, comm, &request))
COLLECTIVE(Scatterv, SCATTERV, root, GUARD_NO_OP,
           (const void *sendbuf, const int sendcounts[], const int displs[], MPI_Datatype sendtype, void *recvbuf,
            int recvcount, MPI_Datatype recvtype, int root, MPI_Comm comm),
           scatterv(sendbuf, sendcounts, displs, sendtype, recvbuf, recvcount, recvtype, root, comm, &request))

#define BLOCKS                                                                                                         \
    (const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, int recvcount, MPI_Datatype recvtype,   \
     MPI_Comm comm)
#define BLOCKS_AS_GIVEN (sendbuf, sendcount, sendtype, recvbuf, recvcount, recvtype, comm, &request)
#define GATHERED                                                                                                       \
    (const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, const int recvcounts[],                 \
     const int displs[], MPI_Datatype recvtype, MPI_Comm comm)
#define GATHERED_AS_GIVEN (sendbuf, sendcount, sendtype, recvbuf, recvcounts, displs, recvtype, comm, &request)
#define VECTORS                                                                                                        \
    (const void *sendbuf, const int sendcounts[], const int sdispls[], MPI_Datatype sendtype, void *recvbuf,           \
     const int recvcounts[], const int rdispls[], MPI_Datatype recvtype, MPI_Comm comm)
#define VECTORS_AS_GIVEN (sendbuf, sendcounts, sdispls, sendtype, recvbuf, recvcounts, rdispls, recvtype, comm, &request)

COLLECTIVE(Allgather, ALLGATHER, GUARD_NO_ROOT, GUARD_NO_OP, BLOCKS, allgather BLOCKS_AS_GIVEN)
COLLECTIVE(Alltoall, ALLTOALL, GUARD_NO_ROOT, GUARD_NO_OP, BLOCKS, alltoall BLOCKS_AS_GIVEN)
COLLECTIVE(Allgatherv, ALLGATHERV, GUARD_NO_ROOT, GUARD_NO_OP, GATHERED, allgatherv GATHERED_AS_GIVEN)
COLLECTIVE(Alltoallv, ALLTOALLV, GUARD_NO_ROOT, GUARD_NO_OP, VECTORS, alltoallv VECTORS_AS_GIVEN)
COLLECTIVE(Alltoallw, ALLTOALLW, GUARD_NO_ROOT, GUARD_NO_OP,
           (const void *sendbuf, const int sendcounts[], const int sdispls[], const MPI_Datatype sendtypes[], void *recvbuf,
            const int recvcounts[], const int rdispls[], const MPI_Datatype recvtypes[], MPI_Comm comm),
           alltoallw(sendbuf, sendcounts, sdispls, sendtypes, recvbuf, recvcounts, rdispls, recvtypes, comm, &request))
COLLECTIVE(Neighbor_allgather, NEIGHBOR_ALLGATHER, GUARD_NO_ROOT, GUARD_NO_OP, BLOCKS, neighbor_allgather BLOCKS_AS_GIVEN)
COLLECTIVE(Neighbor_alltoall, NEIGHBOR_ALLTOALL, GUARD_NO_ROOT, GUARD_NO_OP, BLOCKS, neighbor_alltoall BLOCKS_AS_GIVEN)
COLLECTIVE(Neighbor_allgatherv, NEIGHBOR_ALLGATHERV, GUARD_NO_ROOT, GUARD_NO_OP, GATHERED,
           neighbor_allgatherv GATHERED_AS_GIVEN)
COLLECTIVE(Neighbor_alltoallv, NEIGHBOR_ALLTOALLV, GUARD_NO_ROOT, GUARD_NO_OP, VECTORS, neighbor_alltoallv VECTORS_AS_GIVEN)
COLLECTIVE(Neighbor_alltoallw, NEIGHBOR_ALLTOALLW, GUARD_NO_ROOT, GUARD_NO_OP,
           (const void *sendbuf, const int sendcounts[], const MPI_Aint sdispls[], const MPI_Datatype sendtypes[],
            void *recvbuf, const int recvcounts[], const MPI_Aint rdispls[], const MPI_Datatype recvtypes[], MPI_Comm comm),
           neighbor_alltoallw(sendbuf, sendcounts, sdispls, sendtypes, recvbuf, recvcounts, rdispls, recvtypes, comm, &request))
/* clang-format on */

void guard_fill_collectives(struct mpimock_backend *table)
{
#define FILL(Name) table->Name = guard_##Name
    FILL(Barrier), FILL(Bcast), FILL(Reduce), FILL(Allreduce), FILL(Scan), FILL(Exscan), FILL(Reduce_scatter);
    FILL(Reduce_scatter_block), FILL(Gather), FILL(Gatherv), FILL(Scatter), FILL(Scatterv), FILL(Allgather);
    FILL(Alltoall), FILL(Allgatherv), FILL(Alltoallv), FILL(Alltoallw), FILL(Neighbor_allgather);
    FILL(Neighbor_alltoall), FILL(Neighbor_allgatherv), FILL(Neighbor_alltoallv), FILL(Neighbor_alltoallw);
#undef FILL
}
