/* SPDX-License-Identifier: BSD-2-Clause */
/* comm_create.c: new communicators from old ones (MPI-3.1 §6.4.2).
 *
 * All members agree on the new context numbers: rank 0 of the old communicator (for MPI_Comm_create_group: of the
 * group) takes fresh ones from the segment and tells the others, in a collective call like any other, so that
 * mismatched calls are named.
 */
#include <stdlib.h>
#include <string.h>

#include "collective.h"
#include "comm.h"
#include "group.h"
#include "info.h"

static int no_memory(void)
{
    return mpimock_error(MPI_ERR_NO_MEM, "out of memory, or of handles for communicators");
}

/* A pair of new contexts, the same on all ranks. */
static int agree_contexts(const struct collective *call, uint64_t *context)
{
    if (call->rank == 0)
        *context = mock_new_contexts(2);
    return collective_broadcast_bytes(call, context, sizeof *context);
}

/* ---- Duplicates ---- */

static int copy_what_is_cached(struct mock_comm *from, struct mock_comm *to, const struct mock_info *info)
{
    if (info != NULL) {
        to->info = info_new();
        if (to->info == NULL || !info_merge(to->info, info))
            return no_memory();
    }
    to->topology = mock_topology_copy(from->topology);
    return mock_attributes_copy(from, to);
}

/* `info`: of the new communicator; NULL: none. */
static int duplicate(enum mpimock_function function, struct mock_comm *comm, const struct mock_info *info,
                     MPI_Comm *newcomm)
{
    struct collective call;
    uint64_t context = 0;
    collective_begin(&call, comm, function, COLLECTIVE_NO_ROOT, NULL);
    int error = agree_contexts(&call, &context);
    if (error != MPI_SUCCESS)
        return error;
    struct mock_comm *made = mock_comm_create(context, comm->group);
    if (made == NULL)
        return no_memory();
    error = copy_what_is_cached(comm, made, info);
    if (error != MPI_SUCCESS) {
        mock_comm_destroy(made);
        return error;
    }
    *newcomm = made->handle;
    return MPI_SUCCESS;
}

int mock_Comm_dup(MPI_Comm handle, MPI_Comm *newcomm)
{
    int error;
    struct mock_comm *comm = collective_comm(handle, &error);
    return comm == NULL ? error : duplicate(MPIMOCK_COMM_DUP, comm, comm->info, newcomm);
}

int mock_Comm_dup_with_info(MPI_Comm handle, MPI_Info info, MPI_Comm *newcomm)
{
    int error;
    struct mock_comm *comm = collective_comm(handle, &error);
    if (comm == NULL)
        return error;
    const struct mock_info *hints = NULL;
    if (info != MPI_INFO_NULL) {
        hints = info_get(info, &error);
        if (hints == NULL)
            return error;
    }
    return duplicate(MPIMOCK_COMM_DUP_WITH_INFO, comm, hints, newcomm);
}

/* ---- From a group ---- */

static int check_members(const struct mock_group *group, const struct mock_comm *comm)
{
    for (int i = 0; i < group->size; i++)
        if (group_rank_of(comm->group, group->world_ranks[i]) == MPI_UNDEFINED)
            return mpimock_error(MPI_ERR_GROUP, "rank %d of the group is not in the communicator", i);
    return MPI_SUCCESS;
}

/* This process's new communicator: none, if it is not in the group. */
static int create_from(struct mock_group *group, uint64_t context, MPI_Comm *newcomm)
{
    if (group->rank == MPI_UNDEFINED) {
        *newcomm = MPI_COMM_NULL;
        return MPI_SUCCESS;
    }
    struct mock_comm *made = mock_comm_create(context, group);
    if (made == NULL)
        return no_memory();
    *newcomm = made->handle;
    return MPI_SUCCESS;
}

/* Groups of different ranks may be different ones if they are disjoint (§6.4.2), and then share the contexts: no
 * message can go from one to the other. */
int mock_Comm_create(MPI_Comm handle, MPI_Group group_handle, MPI_Comm *newcomm)
{
    int error;
    struct mock_comm *comm = collective_comm(handle, &error);
    struct mock_group *group = comm != NULL ? group_get(group_handle, &error) : NULL;
    if (group == NULL)
        return error;
    error = check_members(group, comm);
    if (error != MPI_SUCCESS)
        return error;
    struct collective call;
    uint64_t context = 0;
    collective_begin(&call, comm, MPIMOCK_COMM_CREATE, COLLECTIVE_NO_ROOT, NULL);
    error = agree_contexts(&call, &context);
    return error == MPI_SUCCESS ? create_from(group, context, newcomm) : error;
}

/* Only the group takes part, so the messages have a tag of their own: above those of collectives, with the user's in
 * it. */
int mock_Comm_create_group(MPI_Comm handle, MPI_Group group_handle, int tag, MPI_Comm *newcomm)
{
    int error;
    struct mock_comm *comm = collective_comm(handle, &error);
    struct mock_group *group = comm != NULL ? group_get(group_handle, &error) : NULL;
    if (group == NULL)
        return error;
    if (tag < 0)
        return mpimock_error(MPI_ERR_TAG, "the tag is %d", tag);
    error = check_members(group, comm);
    if (error != MPI_SUCCESS || group->rank == MPI_UNDEFINED) {
        if (error == MPI_SUCCESS)
            *newcomm = MPI_COMM_NULL;
        return error;
    }
    int internal_tag = (tag & 0x3fffffff) | 0x40000000;
    uint64_t context = group->rank == 0 ? mock_new_contexts(2) : 0;
    struct mock_type *byte = mock_type(MPI_BYTE);
    /* binomial, as in collective.c, but among the group's ranks */
    int bit = 1;
    while (bit < group->size && (group->rank & bit) == 0)
        bit <<= 1;
    if (group->rank != 0) {
        int parent = group_rank_of(comm->group, group->world_ranks[group->rank - bit]);
        error = mock_recv(&context, sizeof context, byte, parent, internal_tag, comm, true, MPI_STATUS_IGNORE, NULL);
    }
    for (bit >>= 1; bit > 0 && error == MPI_SUCCESS; bit >>= 1) {
        if (group->rank + bit >= group->size)
            continue;
        int child = group_rank_of(comm->group, group->world_ranks[group->rank + bit]);
        error = mock_send(&context, sizeof context, byte, child, internal_tag, comm, true, 1);
    }
    return error == MPI_SUCCESS ? create_from(group, context, newcomm) : error;
}

/* ---- Split ---- */

struct wish {
    int color, key; /* color: MPI_UNDEFINED for none */
    int rank;
};

static int compare_wishes(const void *left, const void *right)
{
    const struct wish *a = left, *b = right;
    if (a->color != b->color)
        return a->color < b->color ? -1 : 1;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return a->rank < b->rank ? -1 : 1;
}

/* The new communicator of this rank, from everybody's wishes in order. All colors share the contexts. */
static int split_create(const struct mock_comm *comm, const struct wish wishes[], int color, uint64_t context,
                        MPI_Comm *newcomm)
{
    if (color == MPI_UNDEFINED) {
        *newcomm = MPI_COMM_NULL;
        return MPI_SUCCESS;
    }
    int *members = collective_allocate((size_t)comm->size * sizeof *members);
    if (members == NULL)
        return no_memory();
    int count = 0;
    for (int i = 0; i < comm->size; i++)
        if (wishes[i].color == color)
            members[count++] = comm->group->world_ranks[wishes[i].rank];
    struct mock_group *group = mock_group_create(count, members);
    collective_free(members);
    int error = group == NULL ? no_memory() : create_from(group, context, newcomm);
    mock_group_release(group);
    return error;
}

/* Rank 0 gathers the wishes, sorts them, and tells all, with the contexts. */
static int split(enum mpimock_function function, struct mock_comm *comm, int color, int key, MPI_Comm *newcomm)
{
    size_t size = (size_t)comm->size;
    struct wish mine = {color, key, comm->rank};
    struct mock_type *byte = mock_type(MPI_BYTE);
    struct {
        uint64_t context;
        struct wish wishes[];
    } *table = collective_allocate(sizeof *table + size * sizeof mine);
    struct collective_message *messages = collective_allocate(size * sizeof *messages);
    struct collective call;
    collective_begin(&call, comm, function, COLLECTIVE_NO_ROOT, NULL);
    int error = MPI_SUCCESS;
    size_t started = 0;
    if (table == NULL || messages == NULL) {
        error = no_memory();
    } else if (call.rank == 0) {
        table->wishes[0] = mine;
        for (int i = 1; i < call.size && error == MPI_SUCCESS; i++)
            error = collective_start_receive(&call, &messages[started++], &table->wishes[i], sizeof mine, byte, i);
        error = collective_finish(&call, messages, started, error);
        qsort(table->wishes, size, sizeof mine, compare_wishes);
        table->context = mock_new_contexts(2);
    } else {
        error = collective_send(&call, &mine, sizeof mine, byte, 0);
    }
    if (error == MPI_SUCCESS)
        error = collective_broadcast_bytes(&call, table, sizeof *table + size * sizeof mine);
    if (error == MPI_SUCCESS)
        error = split_create(comm, table->wishes, color, table->context, newcomm);
    collective_free(messages);
    collective_free(table);
    return error;
}

int mock_Comm_split(MPI_Comm handle, int color, int key, MPI_Comm *newcomm)
{
    int error;
    struct mock_comm *comm = collective_comm(handle, &error);
    if (comm == NULL)
        return error;
    if (color < 0 && color != MPI_UNDEFINED)
        return mpimock_error(MPI_ERR_ARG, "the color is %d; it must not be negative", color);
    return split(MPIMOCK_COMM_SPLIT, comm, color, key, newcomm);
}

/* Which part of the machine a type names, as a color; -1: none that the mock knows. */
static int color_of_type(int split_type)
{
    int node = mock_node_of(mock.rank);
    if (split_type == MPI_COMM_TYPE_SHARED)
        return node;
#ifdef OPEN_MPI
    /* A virtual node is one board with one package in it. */
    if (split_type == OMPI_COMM_TYPE_HOST || split_type == OMPI_COMM_TYPE_BOARD ||
        split_type == OMPI_COMM_TYPE_SOCKET || split_type == OMPI_COMM_TYPE_NUMA)
        return node;
    if (split_type == OMPI_COMM_TYPE_CU || split_type == OMPI_COMM_TYPE_CLUSTER)
        return 0;
#endif
    return -1;
}

int mock_Comm_split_type(MPI_Comm handle, int split_type, int key, MPI_Info info, MPI_Comm *newcomm)
{
    int error;
    struct mock_comm *comm = collective_comm(handle, &error);
    if (comm == NULL)
        return error;
    (void)info; /* hints only */
    int color = split_type == MPI_UNDEFINED ? MPI_UNDEFINED : color_of_type(split_type);
    if (color == -1 && split_type != MPI_UNDEFINED)
        return mpimock_error(MPI_ERR_ARG, "the mock does not know split type %d; MPI_COMM_TYPE_SHARED is a node",
                             split_type);
    return split(MPIMOCK_COMM_SPLIT_TYPE, comm, color, key, newcomm);
}

int mock_Comm_disconnect(MPI_Comm *handle)
{
    int error;
    struct mock_comm *comm = collective_comm(*handle, &error);
    if (comm == NULL)
        return error;
    if (comm->predefined)
        return mpimock_error(MPI_ERR_COMM, "%s is predefined and cannot be disconnected", comm->name);
    struct collective call;
    collective_begin(&call, comm, MPIMOCK_COMM_DISCONNECT, COLLECTIVE_NO_ROOT, NULL);
    error = collective_barrier(&call);
    return error == MPI_SUCCESS ? mock_Comm_free(handle) : error;
}
