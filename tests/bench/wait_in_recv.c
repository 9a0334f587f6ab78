/* SPDX-License-Identifier: BSD-2-Clause */
/* wait_in_recv.c: rank 0 sleeps for `wait_in_recv [SECONDS]`, the other ranks wait for its message in MPI_Recv: the
 * peer of bench_idle. */
#include <mpi.h>
#include <stdlib.h>
#include <time.h>

int main(int argc, char **argv)
{
    int rank, size, done = 1;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (rank > 0) {
        MPI_Recv(&done, 1, MPI_INT, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    } else {
        struct timespec pause = {.tv_sec = argc > 1 ? strtol(argv[1], NULL, 10) : 5};
        nanosleep(&pause, NULL);
        for (int to = 1; to < size; to++)
            MPI_Send(&done, 1, MPI_INT, to, 0, MPI_COMM_WORLD);
    }
    MPI_Finalize();
    return 0;
}
