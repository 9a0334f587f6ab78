/* SPDX-License-Identifier: BSD-2-Clause */
/* guard_comms.c: the communicators that the members of a team made, and which ranks they are made of. The number of one is
 * agreed upon when it is made: the greatest that any of its members had free. So no two that share a member share a
 * number, and messages about one are not taken for those about another. */
#include "guard_private.h"

#include <errno.h>
#include <stdlib.h>

static struct guard_comm *find(MPI_Comm comm)
{
    if (guard.comm_last < guard.comm_count && guard.comms[guard.comm_last].comm == comm)
        return &guard.comms[guard.comm_last];
    for (size_t i = 0; i < guard.comm_count; i++)
        if (guard.comms[i].comm == comm) {
            guard.comm_last = i;
            return &guard.comms[i];
        }
    return NULL;
}

bool guard_comm_next(MPI_Comm comm, struct guard_comm *copy)
{
    guard_lock();
    struct guard_comm *found = comm == MPI_COMM_NULL ? NULL : find(comm);
    if (found) {
        found->sequence++;
        *copy = *found;
    }
    guard_unlock();
    return found != NULL;
}

/* Its members, as ranks of the control communicator; NULL: it has others, or there is no memory. */
static int *members_of(MPI_Comm comm, int size)
{
    const struct mpimock_backend *mpi = guard.mpi;
    MPI_Group group;
    int *numbers = malloc((size_t)size * sizeof *numbers), *members = malloc((size_t)size * sizeof *members);
    bool good = numbers && members && mpi->Comm_group(comm, &group) == MPI_SUCCESS;
    if (good) {
        for (int i = 0; i < size; i++)
            numbers[i] = i;
        good = mpi->Group_translate_ranks(group, size, numbers, guard.everyone, members) == MPI_SUCCESS;
        for (int i = 0; good && i < size; i++)
            good = members[i] != MPI_UNDEFINED;
        mpi->Group_free(&group);
    }
    free(numbers);
    if (good)
        return members;
    free(members);
    return NULL;
}

static int add(const struct guard_comm *comm)
{
    struct guard_comm *place = find(MPI_COMM_NULL);
    if (!place) {
        struct guard_comm *larger = realloc(guard.comms, (guard.comm_count + 1) * sizeof *larger);
        if (!larger)
            return -ENOMEM;
        guard.comms = larger;
        place = &guard.comms[guard.comm_count++];
    }
    *place = *comm;
    return 0;
}

void guard_comm_add(MPI_Comm comm, uint32_t number)
{
    int inter = 0;
    struct guard_comm made = {.comm = comm, .number = number};
    if (comm == MPI_COMM_NULL || guard.mpi->Comm_test_inter(comm, &inter) != MPI_SUCCESS || inter ||
        guard.mpi->Comm_size(comm, &made.size) != MPI_SUCCESS || made.size < 2 ||
        guard.mpi->Comm_rank(comm, &made.rank) != MPI_SUCCESS)
        return;
    made.members = members_of(comm, made.size);
    if (!made.members)
        return;
    guard_lock();
    int error = add(&made);
    guard_unlock();
    if (error)
        free(made.members);
}

void guard_comm_remove(MPI_Comm comm)
{
    guard_lock();
    struct guard_comm *found = comm == MPI_COMM_NULL ? NULL : find(comm);
    if (found) {
        free(found->members);
        *found = (struct guard_comm){.comm = MPI_COMM_NULL};
    }
    guard_unlock();
}

int guard_comms_begin(void)
{
    struct guard_comm team = {.comm = guard.team.comm, .size = (int)guard.team.size, .rank = -1};
    team.members = malloc(guard.team.size * sizeof *team.members);
    if (!team.members)
        return -ENOMEM;
    for (int i = 0; i < team.size; i++) {
        team.members[i] = (int)guard.team.members[i];
        if (team.members[i] == guard.control->rank)
            team.rank = i;
    }
    guard.next_number = 1;
    int error = add(&team);
    if (error)
        free(team.members);
    return error;
}

void guard_comms_end(void)
{
    for (size_t i = 0; i < guard.comm_count; i++)
        free(guard.comms[i].members);
    free(guard.comms);
    guard.comms = NULL;
    guard.comm_count = guard.comm_last = 0;
}
