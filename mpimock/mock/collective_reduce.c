/* SPDX-License-Identifier: BSD-2-Clause */
/* collective_reduce.c: MPI_Reduce, MPI_Allreduce, MPI_Reduce_scatter(_block), MPI_Scan, MPI_Exscan (MPI-3.1 §5.9 to
 * §5.11).
 *
 * Every reduction runs up one binomial tree to rank 0, whatever the root: neighbouring ranks first, lower ranks on the
 * left. So the order of ranks is kept for all operations, the result depends on neither timing nor root, and what all
 * get is what rank 0 has. Prefixes run along the ranks, and are bit for bit the serial result.
 */
#include <string.h>

#include "collective.h"

/* The arguments that all of these calls have. */
struct reduction {
    struct collective call;
    const void *send; /* this rank's operand */
    void *receive;
    size_t count; /* elements of the operand */
    struct mock_type *type;
    const struct mock_op *op;
    void *memory[2]; /* to be freed */
    void *rooms[2];  /* for `count` elements each, made when needed */
};

/* Room for operands of others: in turn, for the result of one step is an operand of the next. */
static void *room(struct reduction *reduction, int which)
{
    if (reduction->rooms[which] == NULL)
        reduction->rooms[which] =
            collective_allocate_elements(reduction->count, reduction->type, &reduction->memory[which]);
    return reduction->rooms[which];
}

static void reduction_finish(struct reduction *reduction)
{
    collective_free(reduction->memory[0]);
    collective_free(reduction->memory[1]);
}

/* Up the tree: at rank 0, *result is where the whole result is (this rank's operand, if it is alone, or a room). */
static int reduce_to_zero(struct reduction *reduction, const void **result)
{
    const struct collective *call = &reduction->call;
    const void *mine = reduction->send; /* the result of ranks [rank, rank + bit) */
    int which = 0;
    for (int bit = 1; bit < call->size; bit <<= 1) {
        if ((call->rank & bit) != 0)
            return collective_send(call, mine, reduction->count, reduction->type, call->rank - bit);
        if (call->rank + bit >= call->size)
            continue;
        void *theirs = room(reduction, which);
        if (theirs == NULL)
            return collective_no_memory();
        int error = collective_receive(call, theirs, reduction->count, reduction->type, call->rank + bit);
        if (error != MPI_SUCCESS)
            return error;
        op_apply(reduction->op, mine, theirs, reduction->count, reduction->type);
        mine = theirs;
        which = !which;
    }
    *result = mine;
    return MPI_SUCCESS;
}

static int copy_elements(const struct reduction *reduction, const void *from, void *to)
{
    if (from == to)
        return MPI_SUCCESS;
    return mock_type_copy(from, reduction->count, reduction->type, to, reduction->count, reduction->type);
}

/* Communicator, buffers, type and operation. `receives`: this rank gets a result, and only then may be in place.
 * `receive_count`: elements of the result. */
static int check(struct reduction *reduction, struct mock_comm **comm, const void *sendbuf, void *recvbuf, int count,
                 int receive_count, MPI_Datatype datatype, MPI_Op op, int root, MPI_Comm handle)
{
    int error;
    *reduction = (struct reduction){.receive = recvbuf, .count = (size_t)count};
    *comm = collective_comm(handle, &error);
    if (*comm == NULL)
        return error;
    bool receives = root == COLLECTIVE_NO_ROOT || (*comm)->rank == root;
    bool in_place = receives && sendbuf == MPI_IN_PLACE;
    error = root == COLLECTIVE_NO_ROOT ? MPI_SUCCESS : collective_check_root(*comm, root);
    reduction->send = in_place ? recvbuf : sendbuf;
    if (error == MPI_SUCCESS)
        error =
            collective_check_buffer(in_place ? "receive" : "send", reduction->send, count, datatype, &reduction->type);
    if (error == MPI_SUCCESS && receives)
        error = collective_check_buffer("receive", recvbuf, receive_count, datatype, &reduction->type);
    if (error != MPI_SUCCESS)
        return error;
    reduction->op = op_for(op, reduction->type, &error);
    if (reduction->op == NULL)
        return error;
    if (receives && !in_place)
        error = collective_check_overlap(sendbuf, (size_t)count, reduction->type, recvbuf, (size_t)receive_count,
                                         reduction->type);
    return error;
}

int mock_Reduce(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op, int root,
                MPI_Comm handle)
{
    struct mock_comm *comm;
    struct reduction reduction;
    int error = check(&reduction, &comm, sendbuf, recvbuf, count, count, datatype, op, root, handle);
    if (error != MPI_SUCCESS)
        return error;
    const struct collective *call = &reduction.call;
    const void *result = NULL;
    collective_begin(&reduction.call, comm, MPIMOCK_REDUCE, root, reduction.op);
    error = reduce_to_zero(&reduction, &result);
    if (error == MPI_SUCCESS && call->rank == 0)
        error = root == 0 ? copy_elements(&reduction, result, recvbuf)
                          : collective_send(call, result, reduction.count, reduction.type, root);
    else if (error == MPI_SUCCESS && call->rank == root)
        error = collective_receive(call, recvbuf, reduction.count, reduction.type, 0);
    reduction_finish(&reduction);
    return error;
}

int mock_Allreduce(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op, MPI_Comm handle)
{
    struct mock_comm *comm;
    struct reduction reduction;
    int error = check(&reduction, &comm, sendbuf, recvbuf, count, count, datatype, op, COLLECTIVE_NO_ROOT, handle);
    if (error != MPI_SUCCESS)
        return error;
    const void *result = NULL;
    collective_begin(&reduction.call, comm, MPIMOCK_ALLREDUCE, COLLECTIVE_NO_ROOT, reduction.op);
    error = reduce_to_zero(&reduction, &result);
    if (error == MPI_SUCCESS && comm->rank == 0)
        error = copy_elements(&reduction, result, recvbuf);
    if (error == MPI_SUCCESS)
        error = collective_broadcast(&reduction.call, recvbuf, reduction.count, reduction.type, 0);
    reduction_finish(&reduction);
    return error;
}

/* ---- Reduce, then scatter ---- */

/* Rank 0 has the whole result, and sends each rank its block. */
static int scatter_result(const struct reduction *reduction, const void *result, const struct collective_blocks *blocks)
{
    const struct collective *call = &reduction->call;
    struct mock_type *type = reduction->type;
    size_t own = (size_t)(blocks->counts != NULL ? blocks->counts[call->rank] : blocks->count);
    if (call->rank != 0)
        return collective_receive(call, reduction->receive, own, type, 0);
    struct collective_message *messages = collective_allocate((size_t)call->size * sizeof *messages);
    if (messages == NULL)
        return collective_no_memory();
    struct collective_blocks results = *blocks;
    results.buffer = result;
    int error = MPI_SUCCESS;
    size_t started = 0;
    for (int i = 1; i < call->size && error == MPI_SUCCESS; i++) {
        struct collective_block block = collective_block(&results, i);
        error = collective_start_send(call, &messages[started++], block.buffer, block.count, block.type, i);
    }
    error = collective_finish(call, messages, started, error);
    collective_free(messages);
    if (error == MPI_SUCCESS && result != reduction->receive)
        error = mock_type_copy(result, own, type, reduction->receive, own, type);
    return error;
}

/* `counts`: NULL if all are `count`. */
static int reduce_scatter(enum mpimock_function function, const void *sendbuf, void *recvbuf, const int counts[],
                          int count, MPI_Datatype datatype, MPI_Op op, MPI_Comm handle)
{
    int error = MPI_SUCCESS;
    struct mock_comm *comm = collective_comm(handle, &error);
    if (comm == NULL)
        return error;
    int *displacements = collective_allocate((size_t)comm->size * sizeof *displacements);
    if (displacements == NULL)
        return collective_no_memory();
    long long total = 0;
    for (int i = 0; i < comm->size && error == MPI_SUCCESS; i++) {
        int one = counts != NULL ? counts[i] : count;
        displacements[i] = (int)total;
        total += one;
        if (one < 0)
            error = mpimock_error(MPI_ERR_COUNT, "the count for rank %d is %d", i, one);
        else if (total > INT32_MAX)
            error = mpimock_error(MPI_ERR_COUNT, "%lld elements in all", total);
    }
    struct reduction reduction = {0};
    int own = counts != NULL ? counts[comm->rank] : count;
    if (error == MPI_SUCCESS)
        error = check(&reduction, &comm, sendbuf, recvbuf, (int)total, own, datatype, op, COLLECTIVE_NO_ROOT, handle);
    if (error == MPI_SUCCESS) {
        struct collective_blocks blocks = {
            .counts = counts, .count = count, .displacements = displacements, .type = reduction.type};
        const void *result = NULL;
        collective_begin(&reduction.call, comm, function, COLLECTIVE_NO_ROOT, reduction.op);
        error = reduce_to_zero(&reduction, &result);
        if (error == MPI_SUCCESS)
            error = scatter_result(&reduction, result, &blocks);
    }
    reduction_finish(&reduction);
    collective_free(displacements);
    return error;
}

int mock_Reduce_scatter(const void *sendbuf, void *recvbuf, const int recvcounts[], MPI_Datatype datatype, MPI_Op op,
                        MPI_Comm comm)
{
    return reduce_scatter(MPIMOCK_REDUCE_SCATTER, sendbuf, recvbuf, recvcounts, 0, datatype, op, comm);
}

int mock_Reduce_scatter_block(const void *sendbuf, void *recvbuf, int recvcount, MPI_Datatype datatype, MPI_Op op,
                              MPI_Comm comm)
{
    return reduce_scatter(MPIMOCK_REDUCE_SCATTER_BLOCK, sendbuf, recvbuf, NULL, recvcount, datatype, op, comm);
}

/* ---- Prefixes ---- */

int mock_Scan(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op, MPI_Comm handle)
{
    struct mock_comm *comm;
    struct reduction reduction;
    int error = check(&reduction, &comm, sendbuf, recvbuf, count, count, datatype, op, COLLECTIVE_NO_ROOT, handle);
    if (error != MPI_SUCCESS)
        return error;
    const struct collective *call = &reduction.call;
    collective_begin(&reduction.call, comm, MPIMOCK_SCAN, COLLECTIVE_NO_ROOT, reduction.op);
    error = copy_elements(&reduction, reduction.send, recvbuf);
    if (error == MPI_SUCCESS && call->rank > 0) {
        void *before = room(&reduction, 0);
        error = before == NULL ? collective_no_memory()
                               : collective_receive(call, before, reduction.count, reduction.type, call->rank - 1);
        if (error == MPI_SUCCESS)
            op_apply(reduction.op, before, recvbuf, reduction.count, reduction.type);
    }
    if (error == MPI_SUCCESS && call->rank + 1 < call->size)
        error = collective_send(call, recvbuf, reduction.count, reduction.type, call->rank + 1);
    reduction_finish(&reduction);
    return error;
}

/* What the next rank gets: the prefix with this rank's operand. */
static int exscan_forward(struct reduction *reduction, const void *before)
{
    const struct collective *call = &reduction->call;
    if (call->rank + 1 == call->size)
        return MPI_SUCCESS;
    const void *next = reduction->send;
    if (before != NULL) {
        void *with_mine = room(reduction, 1);
        if (with_mine == NULL)
            return collective_no_memory();
        int error = copy_elements(reduction, reduction->send, with_mine);
        if (error != MPI_SUCCESS)
            return error;
        op_apply(reduction->op, before, with_mine, reduction->count, reduction->type);
        next = with_mine;
    }
    return collective_send(call, next, reduction->count, reduction->type, call->rank + 1);
}

int mock_Exscan(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op, MPI_Comm handle)
{
    struct mock_comm *comm;
    struct reduction reduction;
    int error = check(&reduction, &comm, sendbuf, recvbuf, count, count, datatype, op, COLLECTIVE_NO_ROOT, handle);
    if (error != MPI_SUCCESS)
        return error;
    const struct collective *call = &reduction.call;
    void *before = NULL;
    collective_begin(&reduction.call, comm, MPIMOCK_EXSCAN, COLLECTIVE_NO_ROOT, reduction.op);
    if (call->rank > 0) {
        before = room(&reduction, 0);
        error = before == NULL ? collective_no_memory()
                               : collective_receive(call, before, reduction.count, reduction.type, call->rank - 1);
    }
    if (error == MPI_SUCCESS)
        error = exscan_forward(&reduction, before);
    if (error == MPI_SUCCESS && before != NULL) /* rank 0's receive buffer stays as it is (§5.11.2) */
        error = copy_elements(&reduction, before, recvbuf);
    reduction_finish(&reduction);
    return error;
}
