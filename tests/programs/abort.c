/* SPDX-License-Identifier: BSD-2-Clause */
/* abort.c: a plain MPI program whose last rank calls MPI_Abort while the others wait for it. `abort [CODE]`, 3 by
 * default: the job must end at once, with that status. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    int rank, size;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (rank == size - 1)
        MPI_Abort(MPI_COMM_WORLD, argc > 1 ? (int)strtol(argv[1], NULL, 10) : 3);
    MPI_Barrier(MPI_COMM_WORLD);
    printf("rank %d went on\n", rank);
    MPI_Finalize();
    return 0;
}
