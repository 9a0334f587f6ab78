/* SPDX-License-Identifier: BSD-2-Clause */
/* creation.c: making communicators where the members are not those of one communicator, or do not wait. */
#include <alloca.h>

#include "private.h"

/* ---- MPI_Comm_create_group: collective over the group alone (MPI-3.1 §6.4.2) ---- */

/* Names what these ranks make with that tag. */
static uint64_t group_number(const int members[], int size, int tag)
{
    uint64_t number = guard_number_after(UINT64_C(0x67726f7570), (uint32_t)tag);
    for (int i = 0; i < size; i++)
        number = guard_number_after(number, (uint32_t)members[i]);
    return number;
}

/* *scope: what is to be known of the agreement; size 0: there is none. */
static int agree_in_group(MPI_Group group, int size, int members[], int tag, struct guard_scope *scope)
{
    bool late;
    scope->size = 0;
    scope->rank = -1;
    if (!guard_group_members(group, size, members))
        return MPI_SUCCESS;
    for (int i = 0; i < size; i++)
        if (members[i] == guard.control->rank)
            scope->rank = i;
    if (scope->rank < 0)
        return MPI_SUCCESS;
    scope->number = group_number(members, size, tag);
    scope->sequence = guard_scope_arrive_at(scope->number, &late);
    if (late)
        return guard_refuse();
    if (scope->sequence == 0)
        return mpimock_error(MPI_ERR_NO_MEM, "no memory to agree with the group");
    scope->size = size;
    return guard_agree_among(members, size, scope->rank, scope->number, scope->sequence,
                             &(struct guard_intent){.function = MPIMOCK_COMM_CREATE_GROUP,
                                                    .rank = scope->rank,
                                                    .root = GUARD_NO_ROOT});
}

static int guard_create_group(MPI_Comm comm, MPI_Group group, int tag, MPI_Comm *newcomm)
{
    const struct mpimock_backend *mpi = guard.mpi;
    struct guard_scope scope = {.size = 0};
    int size = 0, error = MPI_SUCCESS;
    GUARD_ENTER();
    if (group != MPI_GROUP_NULL && mpi->Group_size(group, &size) == MPI_SUCCESS && size > 1) {
        int *members = alloca((size_t)size * sizeof *members); /* not on the heap: it may be left by a long jump */
        error = agree_in_group(group, size, members, tag, &scope);
    }
    if (error == MPI_SUCCESS)
        error = mpi->Comm_create_group(comm, group, tag, newcomm);
    if (error == MPI_SUCCESS)
        guard_made(GUARD_COMM, HANDLE_KEY(*newcomm), &scope, false);
    return guard_after(error);
}

/* ---- MPI_Comm_idup: what it makes is known at once, and used when its request is complete ---- */

static void duplicated(MPI_Comm comm, MPI_Comm newcomm)
{
    struct guard_scope scope;
    if (guard_scope_start(GUARD_COMM, HANDLE_KEY(comm), &scope))
        guard_scope_add(GUARD_COMM, HANDLE_KEY(newcomm), guard_number_after(~scope.number, scope.started), &scope);
}

static int guard_idup(MPI_Comm comm, MPI_Comm *newcomm, MPI_Request *request)
{
    GUARD_ENTER();
    int error = guard.mpi->Comm_idup(comm, newcomm, request);
    if (error == MPI_SUCCESS) {
        duplicated(comm, *newcomm);
        guard_track(*request, GUARD_COLLECTIVE);
    }
    return error;
}

/* MPI_Comm_dup in that form, polled: the MPI's own may keep a core that others need. */
static int guard_dup(MPI_Comm comm, MPI_Comm *newcomm)
{
    struct guard_scope scope;
    MPI_Request request = MPI_REQUEST_NULL;
    int error = guard_agree(GUARD_COMM, HANDLE_KEY(comm), MPIMOCK_COMM_DUP, GUARD_NO_ROOT, MPI_OP_NULL, &scope);
    if (error != MPI_SUCCESS && error != GUARD_UNKNOWN)
        return error;
    error = guard_run(guard.mpi->Comm_idup(comm, newcomm, &request), &request);
    if (error == MPI_SUCCESS)
        guard_made(GUARD_COMM, HANDLE_KEY(*newcomm), &scope, true);
    return guard_after(error);
}

void guard_fill_creation(struct mpimock_backend *table)
{
    table->Comm_create_group = guard_create_group;
    table->Comm_dup = guard_dup;
    table->Comm_idup = guard_idup;
}
