/* SPDX-License-Identifier: BSD-2-Clause */
/* ring.c: a plain MPI program: a token goes round all ranks, each adds its number. `ring [ROUNDS]`; rank 0 prints what
 * came home. Exit status 1 if it is not the sum. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    int rank, size;
    long token = 0;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 3;
    int left = (rank + size - 1) % size, right = (rank + 1) % size;
    for (long round = 0; round < rounds && size > 1; round++) {
        if (rank > 0)
            MPI_Recv(&token, 1, MPI_LONG, left, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        token += rank;
        MPI_Send(&token, 1, MPI_LONG, right, 0, MPI_COMM_WORLD);
        if (rank == 0)
            MPI_Recv(&token, 1, MPI_LONG, left, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
    int wrong = rank == 0 && token != rounds * ((long)size * (size - 1) / 2);
    if (rank == 0)
        printf("ring of %d: the token came home as %ld\n", size, token);
    MPI_Finalize();
    return wrong;
}
