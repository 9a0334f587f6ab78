/* SPDX-License-Identifier: BSD-2-Clause */
/* pull_loop.c: the least that a runner must do: rank 0 answers pulls by MPI_Send and MPI_Recv, the other ranks pull
 * numbers until there are none left. `pull_loop [PULLS]`; prints pulls a second, start-up apart. The peer of
 * bench_throughput. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

enum { TAG_PULL = 1, TAG_WORK, NO_MORE = -1 };

static void answer(long pulls, int workers)
{
    for (long next = 0; workers > 0; next++) {
        MPI_Status status;
        long result, work = next < pulls ? next : NO_MORE;
        MPI_Recv(&result, 1, MPI_LONG, MPI_ANY_SOURCE, TAG_PULL, MPI_COMM_WORLD, &status);
        MPI_Send(&work, 1, MPI_LONG, status.MPI_SOURCE, TAG_WORK, MPI_COMM_WORLD);
        workers -= work == NO_MORE;
    }
}

static void pull(void)
{
    for (long work = 0; work != NO_MORE;) {
        MPI_Send(&work, 1, MPI_LONG, 0, TAG_PULL, MPI_COMM_WORLD);
        MPI_Recv(&work, 1, MPI_LONG, 0, TAG_WORK, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
}

int main(int argc, char **argv)
{
    int rank, size;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    long pulls = argc > 1 ? strtol(argv[1], NULL, 10) : 30000;
    MPI_Barrier(MPI_COMM_WORLD);
    double start = MPI_Wtime();
    if (rank == 0)
        answer(pulls, size - 1);
    else
        pull();
    if (rank == 0)
        printf("%.0f\n", (double)pulls / (MPI_Wtime() - start));
    MPI_Finalize();
    return 0;
}
