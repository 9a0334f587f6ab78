/* SPDX-License-Identifier: BSD-2-Clause */
/* creation.c: making communicators where the members are not those of one communicator, or do not wait. */
#include <alloca.h>
#include <stdlib.h>

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

/* Those ranks agree. *scope: what is to be known of the agreement; size 0: this rank has no part in it. */
static int agree_with(const int members[], int size, uint64_t number, enum mpimock_function function,
                      struct guard_scope *scope)
{
    bool late;
    scope->size = 0;
    scope->rank = -1;
    for (int i = 0; i < size; i++)
        if (members[i] == guard.control->rank)
            scope->rank = i;
    if (scope->rank < 0)
        return MPI_SUCCESS;
    scope->number = number;
    scope->sequence = guard_scope_arrive_at(number, &late);
    if (late)
        return guard_refuse();
    if (scope->sequence == 0)
        return mpimock_error(MPI_ERR_NO_MEM, "no memory to agree with the group");
    scope->size = size;
    return guard_agree_among(
        members, size, scope->rank, scope->number, scope->sequence,
        &(struct guard_intent){.function = (uint32_t)function, .rank = scope->rank, .root = GUARD_NO_ROOT});
}

static int guard_create_group(MPI_Comm comm, MPI_Group group, int tag, MPI_Comm *newcomm)
{
    const struct mpimock_backend *mpi = guard.mpi;
    struct guard_scope scope = {.size = 0};
    int size = 0, error = MPI_SUCCESS;
    GUARD_ENTER();
    if (group != MPI_GROUP_NULL && mpi->Group_size(group, &size) == MPI_SUCCESS && size > 1) {
        int *members = alloca((size_t)size * sizeof *members); /* not on the heap: it may be left by a long jump */
        if (guard_group_members(group, size, members))
            error = agree_with(members, size, group_number(members, size, tag), MPIMOCK_COMM_CREATE_GROUP, &scope);
    }
    if (error == MPI_SUCCESS)
        error = mpi->Comm_create_group(comm, group, tag, newcomm);
    if (error == MPI_SUCCESS)
        guard_made(GUARD_COMM, HANDLE_KEY(*newcomm), &scope, false);
    return guard_after(error);
}

/* ---- MPI_Comm_idup ----
 *
 * A pending one keeps Open MPI from making any other communicator, so it must not be started in vain: unlike other
 * non-blocking collectives it waits until all members have called it. It completes then, also without them. */

static int guard_idup(MPI_Comm comm, MPI_Comm *newcomm, MPI_Request *request)
{
    struct guard_scope scope;
    int error = guard_agree(GUARD_COMM, HANDLE_KEY(comm), MPIMOCK_COMM_IDUP, GUARD_NO_ROOT, MPI_OP_NULL, &scope);
    if (error != MPI_SUCCESS && error != GUARD_UNKNOWN)
        return error;
    error = guard.mpi->Comm_idup(comm, newcomm, request);
    if (error == MPI_SUCCESS) {
        guard_made(GUARD_COMM, HANDLE_KEY(*newcomm), &scope, true);
        guard_track(*request, GUARD_COLLECTIVE);
    }
    return guard_after(error);
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

/* ---- MPI_Intercomm_create (MPI-3.1 §6.6.2) ----
 *
 * The leaders tell each other their groups, and their groups both; waiting for that can be broken off at any time, for
 * nobody has entered anything. Then both groups agree as one. */

static void tell_members(int to, uint64_t number, const int members[], int size)
{
    struct guard_letter letter = {.serial = guard.team.serial, .kind = GUARD_MEMBERS, .number = number};
    letter.gone.letters = (uint32_t)((size + GUARD_ARRIVALS_MAX - 1) / GUARD_ARRIVALS_MAX);
    for (letter.round = 0; letter.round < letter.gone.letters; letter.round++) {
        int begin = (int)letter.round * GUARD_ARRIVALS_MAX;
        letter.gone.count = (uint32_t)(size - begin < GUARD_ARRIVALS_MAX ? size - begin : GUARD_ARRIVALS_MAX);
        for (uint32_t i = 0; i < letter.gone.count; i++)
            letter.gone.arrivals[i] = (struct guard_arrival){.number = (uint64_t)members[begin + (int)i]};
        guard_say(to, &letter);
    }
}

/* Fills members[], of which there are at most as many as the team has; returns how many. Leaves if the test is left. */
static int hear_members(int from, uint64_t number, int members[])
{
    struct guard_letter wanted = {.serial = guard.team.serial, .kind = GUARD_MEMBERS, .number = number}, got;
    int size = 0;
    for (uint32_t letters = 1; wanted.round < letters; wanted.round++) {
        for (uint32_t turns = 0; !guard_read(from, &wanted, &got);)
            if (guard_turn(&turns))
                guard_go();
        letters = got.gone.letters;
        for (uint32_t i = 0; i < got.gone.count && size < (int)guard.team.size; i++)
            members[size++] = (int)got.gone.arrivals[i].number;
    }
    return size;
}

static bool comm_members(MPI_Comm comm, int size, int members[])
{
    MPI_Group group;
    if (guard.mpi->Comm_group(comm, &group) != MPI_SUCCESS)
        return false;
    bool good = guard_group_members(group, size, members);
    guard.mpi->Group_free(&group);
    return good;
}

/* The control communicator's rank of a rank of `peer_comm`; -1: not known. */
static int leader_of(MPI_Comm peer_comm, int rank)
{
    MPI_Group group;
    int leader = MPI_UNDEFINED;
    if (guard.mpi->Comm_group(peer_comm, &group) != MPI_SUCCESS)
        return -1;
    if (guard.mpi->Group_translate_ranks(group, 1, &rank, guard.everyone, &leader) != MPI_SUCCESS)
        leader = MPI_UNDEFINED;
    guard.mpi->Group_free(&group);
    return leader == MPI_UNDEFINED ? -1 : leader;
}

static int by_rank(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* Both groups' members, in order, into members[]; returns how many, 0 where they cannot be known. */
static int both_groups(MPI_Comm local_comm, int local_leader, MPI_Comm peer_comm, int remote_leader, int tag,
                       int members[])
{
    int size = 0, rank = 0, peer;
    if (guard.mpi->Comm_size(local_comm, &size) != MPI_SUCCESS || size > (int)guard.team.size ||
        guard.mpi->Comm_rank(local_comm, &rank) != MPI_SUCCESS || !comm_members(local_comm, size, members) ||
        local_leader < 0 || local_leader >= size)
        return 0;
    int leader = members[local_leader];
    uint64_t inside = guard_number_after(UINT64_C(0x67726f757073), (uint32_t)tag);
    if (rank != local_leader)
        return hear_members(leader, guard_number_after(inside, (uint32_t)leader), members);
    peer = leader_of(peer_comm, remote_leader);
    int *mine = alloca((size_t)size * sizeof *mine), *theirs = alloca(guard.team.size * sizeof *theirs), more = 0,
        all = size;
    for (int i = 0; i < size; i++)
        mine[i] = members[i];
    if (peer >= 0) {
        tell_members(peer, inside, mine, size);
        more = hear_members(peer, inside, theirs);
    }
    for (int i = 0; i < more && all < (int)guard.team.size; i++)
        members[all++] = theirs[i];
    qsort(members, (size_t)all, sizeof *members, by_rank);
    for (int i = 0; i < size; i++)
        if (mine[i] != leader)
            tell_members(mine[i], guard_number_after(inside, (uint32_t)leader), members, all);
    return all;
}

static int guard_intercomm(MPI_Comm local_comm, int local_leader, MPI_Comm peer_comm, int remote_leader, int tag,
                           MPI_Comm *newintercomm)
{
    struct guard_scope scope = {.size = 0, .rank = -1};
    int error = MPI_SUCCESS, *members = alloca(guard.team.size * sizeof *members);
    GUARD_ENTER();
    int size = both_groups(local_comm, local_leader, peer_comm, remote_leader, tag, members);
    if (size > 0)
        error = agree_with(members, size, group_number(members, size, tag), MPIMOCK_INTERCOMM_CREATE, &scope);
    if (error == MPI_SUCCESS)
        error = guard.mpi->Intercomm_create(local_comm, local_leader, peer_comm, remote_leader, tag, newintercomm);
    if (error == MPI_SUCCESS)
        guard_made(GUARD_COMM, HANDLE_KEY(*newintercomm), &scope, false);
    return guard_after(error);
}

void guard_fill_creation(struct mpimock_backend *table)
{
    table->Comm_create_group = guard_create_group;
    table->Comm_dup = guard_dup;
    table->Intercomm_create = guard_intercomm;
    table->Comm_idup = guard_idup;
}
