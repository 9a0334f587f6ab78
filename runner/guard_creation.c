/* SPDX-License-Identifier: BSD-2-Clause */
/* guard_creation.c: making communicators, windows and files. There is mostly no non-blocking form: when all have agreed
 * each enters the MPI's own. */
#include <alloca.h>

#include "guard_private.h"

/* ---- Communicators ---- */

static int made(int error, MPI_Comm *comm, uint32_t number)
{
    if (error == MPI_SUCCESS && number > 0)
        guard_comm_add(*comm, number);
    return error;
}

#define CREATION(Name, FUNCTION, from, result, parameters, ...)                                                        \
    static int guard_##Name parameters                                                                                 \
    {                                                                                                                  \
        uint32_t number;                                                                                               \
        int error = guard_agree_on_number(from, MPIMOCK_##FUNCTION, &number);                                          \
        return error != MPI_SUCCESS ? error : made(guard.mpi->Name(__VA_ARGS__), result, number);                      \
    }

/* clang-format off */
CREATION(Comm_dup, COMM_DUP, comm, newcomm, (MPI_Comm comm, MPI_Comm *newcomm), comm, newcomm)
CREATION(Comm_dup_with_info, COMM_DUP_WITH_INFO, comm, newcomm, (MPI_Comm comm, MPI_Info info, MPI_Comm *newcomm),
         comm, info, newcomm)
CREATION(Comm_create, COMM_CREATE, comm, newcomm, (MPI_Comm comm, MPI_Group group, MPI_Comm *newcomm), comm, group, newcomm)
CREATION(Comm_split, COMM_SPLIT, comm, newcomm, (MPI_Comm comm, int color, int key, MPI_Comm *newcomm),
         comm, color, key, newcomm)
CREATION(Comm_split_type, COMM_SPLIT_TYPE, comm, newcomm,
         (MPI_Comm comm, int split_type, int key, MPI_Info info, MPI_Comm *newcomm), comm, split_type, key, info, newcomm)
CREATION(Cart_create, CART_CREATE, comm_old, comm_cart,
         (MPI_Comm comm_old, int ndims, const int dims[], const int periods[], int reorder, MPI_Comm *comm_cart),
         comm_old, ndims, dims, periods, reorder, comm_cart)
CREATION(Cart_sub, CART_SUB, comm, newcomm, (MPI_Comm comm, const int remain_dims[], MPI_Comm *newcomm),
         comm, remain_dims, newcomm)
CREATION(Graph_create, GRAPH_CREATE, comm_old, comm_graph,
         (MPI_Comm comm_old, int nnodes, const int index[], const int edges[], int reorder, MPI_Comm *comm_graph),
         comm_old, nnodes, index, edges, reorder, comm_graph)
CREATION(Dist_graph_create, DIST_GRAPH_CREATE, comm_old, comm_dist_graph,
         (MPI_Comm comm_old, int n, const int sources[], const int degrees[], const int destinations[], const int weights[],
          MPI_Info info, int reorder, MPI_Comm *comm_dist_graph),
         comm_old, n, sources, degrees, destinations, weights, info, reorder, comm_dist_graph)
CREATION(Dist_graph_create_adjacent, DIST_GRAPH_CREATE_ADJACENT, comm_old, comm_dist_graph,
         (MPI_Comm comm_old, int indegree, const int sources[], const int sourceweights[], int outdegree,
          const int destinations[], const int destweights[], MPI_Info info, int reorder, MPI_Comm *comm_dist_graph),
         comm_old, indegree, sources, sourceweights, outdegree, destinations, destweights, info, reorder, comm_dist_graph)
/* clang-format on */

/* Collective over the group alone, whose ranks in the control communicator are `members`. */
static int agree_in_group(const int members[], int size, int tag, uint32_t *number)
{
    int rank = -1;
    for (int i = 0; i < size; i++)
        if (members[i] == guard.control->rank)
            rank = i;
    if (rank < 0 || tag < 0)
        return MPI_SUCCESS;
    struct guard_words words = {.serial = guard.team.serial,
                                .comm = (uint32_t)tag,
                                .proposal = guard.next_number,
                                .first = {.function = MPIMOCK_COMM_CREATE_GROUP, .rank = rank, .root = GUARD_NO_ROOT}};
    int error = guard_agree_among(members, size, rank, GUARD_TAG_GROUP + tag % GUARD_TAGS, &words);
    *number = words.proposal;
    if (error == MPI_SUCCESS)
        guard.next_number = *number + 1;
    return error;
}

static int guard_Comm_create_group(MPI_Comm comm, MPI_Group group, int tag, MPI_Comm *newcomm)
{
    const struct mpimock_backend *mpi = guard.mpi;
    uint32_t number = 0;
    int size = 0, error;
    GUARD_ENTER();
    if (group != MPI_GROUP_NULL && mpi->Group_size(group, &size) == MPI_SUCCESS && size > 1) {
        /* Not on the heap: the agreement may be left by a long jump. */
        int *members = alloca(2 * (size_t)size * sizeof *members), *ranks = members + size;
        bool known = true;
        for (int i = 0; i < size; i++)
            ranks[i] = i;
        if (mpi->Group_translate_ranks(group, size, ranks, guard.everyone, members) != MPI_SUCCESS)
            known = false;
        for (int i = 0; known && i < size; i++)
            known = members[i] != MPI_UNDEFINED;
        error = known ? agree_in_group(members, size, tag, &number) : MPI_SUCCESS;
        if (error != MPI_SUCCESS)
            return error;
    }
    return made(mpi->Comm_create_group(comm, group, tag, newcomm), newcomm, number);
}

static int guard_Comm_free(MPI_Comm *comm)
{
    GUARD_ENTER(); /* requests may be pending on it */
    guard_comm_remove(*comm);
    return guard.mpi->Comm_free(comm);
}

static int guard_Comm_disconnect(MPI_Comm *comm)
{
    GUARD_ENTER();
    guard_comm_remove(*comm);
    return guard.mpi->Comm_disconnect(comm);
}

static int guard_Intercomm_create(MPI_Comm local_comm, int local_leader, MPI_Comm peer_comm, int remote_leader, int tag,
                                  MPI_Comm *newintercomm)
{
    int error = guard_agree(local_comm, MPIMOCK_INTERCOMM_CREATE, local_leader, GUARD_NO_OP);
    if (error != MPI_SUCCESS && error != GUARD_UNKNOWN)
        return error;
    return guard.mpi->Intercomm_create(local_comm, local_leader, peer_comm, remote_leader, tag, newintercomm);
}

/* ---- Windows and files ---- */

#define OPENING(Name, FUNCTION, parameters, ...)                                                                       \
    static int guard_##Name parameters                                                                                 \
    {                                                                                                                  \
        int error = guard_agree(comm, MPIMOCK_##FUNCTION, GUARD_NO_ROOT, GUARD_NO_OP);                                 \
        return error != MPI_SUCCESS && error != GUARD_UNKNOWN ? error : guard.mpi->Name(__VA_ARGS__);                  \
    }

/* clang-format off */
OPENING(Win_create, WIN_CREATE, (void *base, MPI_Aint size, int disp_unit, MPI_Info info, MPI_Comm comm, MPI_Win *win),
        base, size, disp_unit, info, comm, win)
OPENING(Win_allocate, WIN_ALLOCATE,
        (MPI_Aint size, int disp_unit, MPI_Info info, MPI_Comm comm, void *baseptr, MPI_Win *win),
        size, disp_unit, info, comm, baseptr, win)
OPENING(Win_allocate_shared, WIN_ALLOCATE_SHARED,
        (MPI_Aint size, int disp_unit, MPI_Info info, MPI_Comm comm, void *baseptr, MPI_Win *win),
        size, disp_unit, info, comm, baseptr, win)
OPENING(Win_create_dynamic, WIN_CREATE_DYNAMIC, (MPI_Info info, MPI_Comm comm, MPI_Win *win), info, comm, win)
OPENING(File_open, FILE_OPEN, (MPI_Comm comm, const char *filename, int amode, MPI_Info info, MPI_File *fh),
        comm, filename, amode, info, fh)
/* clang-format on */

void guard_fill_creation(struct mpimock_backend *table)
{
#define FILL(Name) table->Name = guard_##Name
    FILL(Comm_dup), FILL(Comm_dup_with_info), FILL(Comm_create), FILL(Comm_create_group), FILL(Comm_split);
    FILL(Comm_split_type), FILL(Cart_create), FILL(Cart_sub), FILL(Graph_create), FILL(Dist_graph_create);
    FILL(Dist_graph_create_adjacent), FILL(Comm_free), FILL(Comm_disconnect), FILL(Intercomm_create);
    FILL(Win_create), FILL(Win_allocate), FILL(Win_allocate_shared), FILL(Win_create_dynamic), FILL(File_open);
#undef FILL
}
