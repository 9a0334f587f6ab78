/* SPDX-License-Identifier: BSD-2-Clause */
/* team.c: teams of the runner on the mock, and its control communicator: every member makes them by itself, also one that
 * comes later than the others.
 */
#include "../launch.h"

#include <string.h>

#include "segment.h"
#include "test.h"

int mpimock_team_create(int size, const int members[], uint32_t serial, MPI_Comm *team)
{
    if (size < 1 || size > mock.size)
        return mpimock_error(MPI_ERR_ARG, "a team of %d in a world of %d", size, mock.size);
    for (int i = 0; i < size; i++)
        if (members[i] < 0 || members[i] >= mock.size)
            return mpimock_error(MPI_ERR_RANK, "rank %d in a world of %d", members[i], mock.size);
    struct mock_group *group = mock_group_create(size, members);
    struct mock_comm *comm = group == NULL ? NULL : mock_comm_create(test_context_of(serial, 0), group);
    mock_group_release(group);
    if (comm == NULL)
        return mpimock_error(MPI_ERR_NO_MEM, "no memory for a team of %d", size);
    strcpy(comm->name, "MPI_COMM_WORLD"); /* what it is in its test */
    *team = comm->handle;
    return MPI_SUCCESS;
}

int mpimock_control_comm(MPI_Comm *comm)
{
    const struct mock_comm *world = mock_comm(MPI_COMM_WORLD);
    struct mock_comm *made = world == NULL ? NULL : mock_comm_create(segment_control_context(mock.segment), world->group);
    if (made == NULL)
        return mpimock_error(MPI_ERR_NO_MEM, "no memory for the control communicator");
    strcpy(made->name, "control");
    *comm = made->handle;
    return MPI_SUCCESS;
}

int mpimock_team_free(MPI_Comm *team)
{
    struct mock_comm *comm = mock_comm(*team);
    if (comm == NULL)
        return mpimock_error(MPI_ERR_COMM, "not a communicator");
    mock_discard_context(comm->context);
    mock_comm_destroy(comm);
    *team = MPI_COMM_NULL;
    return MPI_SUCCESS;
}
