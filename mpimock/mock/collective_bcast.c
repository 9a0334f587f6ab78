/* SPDX-License-Identifier: BSD-2-Clause */
/* collective_bcast.c: MPI_Barrier and MPI_Bcast (MPI-3.1 §5.3, §5.4). The trees are collective.c's. */
#include "collective.h"

int mock_Barrier(MPI_Comm handle)
{
    int error;
    struct mock_comm *comm = collective_comm(handle, &error);
    if (comm == NULL)
        return error;
    struct collective call;
    collective_begin(&call, comm, MPIMOCK_BARRIER, COLLECTIVE_NO_ROOT, NULL);
    return collective_barrier(&call);
}

int mock_Bcast(void *buffer, int count, MPI_Datatype datatype, int root, MPI_Comm handle)
{
    int error;
    struct mock_comm *comm = collective_comm(handle, &error);
    if (comm == NULL)
        return error;
    struct mock_type *type;
    error = collective_check_root(comm, root);
    if (error == MPI_SUCCESS)
        error = collective_check_buffer("broadcast", buffer, count, datatype, &type);
    if (error != MPI_SUCCESS)
        return error;
    struct collective call;
    collective_begin(&call, comm, MPIMOCK_BCAST, root, NULL);
    return collective_broadcast(&call, buffer, (size_t)count, type, root);
}
