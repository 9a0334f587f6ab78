/* SPDX-License-Identifier: BSD-2-Clause */
/* guard_cost.c: a suite that measures what the guard costs: MPI_* as a test calls it, and PMPI_*, which goes past the
 * guard and the front door, on the same communicator of the same ranks, in turn. It writes `name guarded bare` lines to
 * the file that GUARD_COST names, in seconds, of the quickest of many short rounds; and `next seconds`, from a rank's
 * failure to its next test. The suite of bench_guard. */
#include <math.h>
#include <mpirun_tests.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

MRT_SUITE(guard_cost);

enum { ROUNDS = 100, TIMES = 500 }; /* short, so that some find both cores free */

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void put(const char *name, double a, double b)
{
    const char *path = getenv("GUARD_COST");
    FILE *out = path ? fopen(path, "a") : NULL;
    if (!out)
        return;
    fprintf(out, b > 0 ? "%s %.9f %.9f\n" : "%s %.9f\n", name, a, b);
    fclose(out);
}

static MPI_Comm comm;
static int rank;
static double sent, got;

/* The same calls twice: guarded, and bare. */
#define MEASURED(P)                                                                                                    \
    static void P##blocking(void)                                                                                      \
    {                                                                                                                  \
        if (rank == 0)                                                                                                 \
            P##Send(&sent, 1, MPI_DOUBLE, 1, 0, comm);                                                                 \
        P##Recv(&got, 1, MPI_DOUBLE, 1 - rank, 0, comm, MPI_STATUS_IGNORE);                                            \
        if (rank == 1)                                                                                                 \
            P##Send(&sent, 1, MPI_DOUBLE, 0, 0, comm);                                                                 \
    }                                                                                                                  \
    static void P##started(void)                                                                                       \
    {                                                                                                                  \
        MPI_Request request, sending;                                                                                  \
        P##Irecv(&got, 1, MPI_DOUBLE, 1 - rank, 0, comm, &request);                                                    \
        if (rank == 0) {                                                                                               \
            P##Isend(&sent, 1, MPI_DOUBLE, 1, 0, comm, &sending);                                                      \
            P##Wait(&sending, MPI_STATUS_IGNORE);                                                                      \
        }                                                                                                              \
        P##Wait(&request, MPI_STATUS_IGNORE);                                                                          \
        if (rank == 1) {                                                                                               \
            P##Isend(&sent, 1, MPI_DOUBLE, 0, 0, comm, &sending);                                                      \
            P##Wait(&sending, MPI_STATUS_IGNORE);                                                                      \
        }                                                                                                              \
    }                                                                                                                  \
    static void P##barrier(void)                                                                                       \
    {                                                                                                                  \
        P##Barrier(comm);                                                                                              \
    }                                                                                                                  \
    static void P##allreduce(void)                                                                                     \
    {                                                                                                                  \
        P##Allreduce(&sent, &got, 1, MPI_DOUBLE, MPI_SUM, comm);                                                       \
    }
MEASURED(MPI_)
MEASURED(PMPI_)

static double time_of(void (*operation)(void), int times)
{
    PMPI_Barrier(comm);
    double start = now();
    for (int i = 0; i < times; i++)
        operation();
    return (now() - start) / times;
}

static void measure(const char *name, void (*guarded)(void), void (*bare)(void), int per)
{
    double with = HUGE_VAL, without = HUGE_VAL;
    time_of(guarded, TIMES);
    time_of(bare, TIMES);
    for (int i = 0; i < ROUNDS; i++) {
        with = fmin(with, time_of(guarded, TIMES) / per);
        without = fmin(without, time_of(bare, TIMES) / per);
    }
    if (rank == 0)
        put(name, with, without);
}

MRT_TEST(cost, .np = 2, .priority = 1)
{
    MPI_Comm_dup(MPI_COMM_WORLD, &comm);
    MPI_Comm_rank(comm, &rank);
    measure("half_round_trip", MPI_blocking, PMPI_blocking, 2);
    measure("half_round_trip_started", MPI_started, PMPI_started, 2);
    measure("barrier", MPI_barrier, PMPI_barrier, 1);
    measure("allreduce", MPI_allreduce, PMPI_allreduce, 1);
    MPI_Comm_free(&comm);
}

/* Every second one is left by rank 1 while rank 0 waits for it. */
static double failed_at;

MRT_TEST(turn, .np = 2, .cases = 400, .priority = 2)
{
    int me, value = 0;
    double begun = now();
    MPI_Comm_rank(MPI_COMM_WORLD, &me);
    if (failed_at > 0 && me == 1)
        put("next", begun - failed_at, 0);
    failed_at = 0;
    MPI_Barrier(MPI_COMM_WORLD);
    if (mrt_case() % 2 == 0 && me == 1) {
        failed_at = now();
        fail();
    }
    if (mrt_case() % 2 == 0)
        MPI_Recv(&value, 1, MPI_INT, 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}
