/* SPDX-License-Identifier: BSD-2-Clause */
/* team.c: see team.h. */
#include "team.h"

#include <errno.h>
#include <stdlib.h>

#include "../mpimock/launch.h"
#include "guard/guard.h"

/* MPI guarantees tags up to 32,767 (MPI-3.1 §8.1.2); two teams with the same one would have to be in the making by the same
 * ranks at once, and a rank is in one team at a time. */
#define TAGS 32768

static int create_with_mpi(struct control *control, int ranks[], int size, uint32_t serial, MPI_Comm *team)
{
    const struct mpimock_backend *mpi = control->mpi;
    MPI_Group all = MPI_GROUP_NULL, group = MPI_GROUP_NULL;
    MPI_Comm comm = MPI_COMM_NULL;
    int error = -EIO;
    if (mpi->Comm_group(control->comm, &all) == MPI_SUCCESS && mpi->Group_incl(all, size, ranks, &group) == MPI_SUCCESS &&
        mpi->Comm_create_group(control->comm, group, (int)(serial % TAGS), &comm) == MPI_SUCCESS) {
        *team = comm;
        error = 0;
    }
    if (group != MPI_GROUP_NULL)
        mpi->Group_free(&group);
    if (all != MPI_GROUP_NULL)
        mpi->Group_free(&all);
    return error;
}

int team_create(struct control *control, const uint32_t members[], uint32_t size, uint32_t serial, MPI_Comm *team)
{
    if (size == 1) {
        *team = MPI_COMM_NULL;
        return 0;
    }
    int *ranks = malloc(size * sizeof *ranks);
    if (!ranks)
        return -ENOMEM;
    for (uint32_t i = 0; i < size; i++)
        ranks[i] = (int)members[i];
    int error;
    if (control->real && guard_gather(members, size, serial, NULL) != 0)
        error = -EIO;
    else if (control->real)
        error = create_with_mpi(control, ranks, (int)size, serial, team);
    else
        error = mpimock_team_create((int)size, ranks, serial, team) == MPI_SUCCESS ? 0 : -EIO;
    free(ranks);
    return error;
}

void team_free(struct control *control, MPI_Comm *team, bool pending)
{
    if (*team == MPI_COMM_NULL)
        return;
    if (!control->real)
        mpimock_team_free(team);
    else if (!pending && guard_may_free(*team))
        control->mpi->Comm_free(team);
    *team = MPI_COMM_NULL;
}
