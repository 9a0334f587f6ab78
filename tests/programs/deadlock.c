/* SPDX-License-Identifier: BSD-2-Clause */
/* deadlock.c: a plain MPI program in which every rank receives from its left before it sends to its right: nobody ever
 * does. A real MPI hangs; the mock must say who waits for whom, and end with a non-zero status. */
#include <mpi.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    int rank, size, value = -1;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Recv(&value, 1, MPI_INT, (rank + size - 1) % size, 4, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Send(&rank, 1, MPI_INT, (rank + 1) % size, 4, MPI_COMM_WORLD);
    printf("rank %d received %d\n", rank, value);
    MPI_Finalize();
    return 0;
}
