/* SPDX-License-Identifier: BSD-2-Clause */
/* bare.c: starts MPI and ends it: the peer of bench_startup. */
#include <mpi.h>

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    MPI_Finalize();
    return 0;
}
