/* SPDX-License-Identifier: BSD-2-Clause */
/* latency.c: what messages and collectives cost, one `name value` line for each: half a round trip of 8 bytes and the
 * bandwidth of 1 MiB between ranks 0 and 1, a barrier and an allreduce of 8 bytes of all ranks. Each is measured ROUNDS
 * times, as often as fits into SECONDS; the median counts. The peer of bench_latency. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS 0.1
enum { ROUNDS = 7, BIG = 1 << 20 };

static int rank;
static char *buffer; /* [BIG] */

static void exchange(int bytes)
{
    if (rank == 0) {
        MPI_Send(buffer, bytes, MPI_CHAR, 1, 0, MPI_COMM_WORLD);
        MPI_Recv(buffer, bytes, MPI_CHAR, 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    } else if (rank == 1) {
        MPI_Recv(buffer, bytes, MPI_CHAR, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        MPI_Send(buffer, bytes, MPI_CHAR, 0, 0, MPI_COMM_WORLD);
    }
}

static void small(void)
{
    exchange(8);
}

static void big(void)
{
    exchange(BIG);
}

static void barrier(void)
{
    MPI_Barrier(MPI_COMM_WORLD);
}

static void allreduce(void)
{
    double sent = rank, sum;
    MPI_Allreduce(&sent, &sum, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Seconds that `times` calls take on rank 0, which the others follow. */
static double time_of(void (*operation)(void), int times)
{
    MPI_Barrier(MPI_COMM_WORLD);
    double start = MPI_Wtime();
    for (int i = 0; i < times; i++)
        operation();
    return MPI_Wtime() - start;
}

/* Seconds for one call. */
static double measure(void (*operation)(void))
{
    int times = 10;
    for (;;) { /* warms up, and finds how often it fits */
        double taken = time_of(operation, times);
        MPI_Bcast(&taken, 1, MPI_DOUBLE, 0, MPI_COMM_WORLD);
        if (taken >= SECONDS / 2 || times > 10000000)
            break;
        times *= 2;
    }
    double taken[ROUNDS];
    for (int round = 0; round < ROUNDS; round++)
        taken[round] = time_of(operation, times) / times;
    qsort(taken, ROUNDS, sizeof taken[0], compare);
    return taken[ROUNDS / 2];
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    buffer = malloc(BIG);
    if (buffer == NULL)
        MPI_Abort(MPI_COMM_WORLD, 1);
    memset(buffer, 1, BIG);
    double half_trip = measure(small) / 2, big_trip = measure(big) / 2;
    double barriers = measure(barrier), reductions = measure(allreduce);
    if (rank == 0)
        printf("latency_us %.3f\nbandwidth_MB_s %.0f\nbarrier_us %.3f\nallreduce_us %.3f\n", half_trip * 1e6,
               BIG / big_trip / 1e6, barriers * 1e6, reductions * 1e6);
    free(buffer);
    MPI_Finalize();
    return 0;
}
