/* SPDX-License-Identifier: BSD-2-Clause */
/* test_mismatches.c: collective calls that do not match: an error that names both, at once, though another rank still
 * computes.
 */
#include "scene.h"

enum { EVENT_OF_BCAST = 20, EVENT_OF_FUNCTIONS };

static int tell(void **state)
{
    if (own_rank() == 0)
        happen(*(const int *)*state);
    return 0;
}

/* Each takes the other for the root. No message meets another. */
static void bcast_with_two_roots(void **state)
{
    int value = 0;
    MPI_Comm two;
    MPI_Comm_split(MPI_COMM_WORLD, own_rank() == 2, 0, &two);
    if (own_rank() == 2)
        compute_until(*(const int *)*state, 1);
    else
        MPI_Bcast(&value, 1, MPI_INT, 1 - own_rank(), two);
}

static void gather_and_barrier(void **state)
{
    int value = 0, values[3];
    MPI_Comm two;
    MPI_Comm_split(MPI_COMM_WORLD, own_rank() == 2, 0, &two);
    if (own_rank() == 2)
        compute_until(*(const int *)*state, 1);
    else if (own_rank() == 1)
        MPI_Bcast(&value, 1, MPI_INT, 0, two);
    else
        MPI_Gather(&value, 1, MPI_INT, values, 1, MPI_INT, 0, two);
}

static void barrier_and_allreduce(void **state)
{
    int one = 1, sum;
    (void)state;
    if (own_rank() == 1)
        MPI_Barrier(MPI_COMM_WORLD);
    else
        MPI_Allreduce(&one, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
}

static void two_operations(void **state)
{
    int one = 1, sum;
    (void)state;
    MPI_Allreduce(&one, &sum, 1, MPI_INT, own_rank() == 1 ? MPI_MAX : MPI_SUM, MPI_COMM_WORLD);
}

static void two_counts(void **state)
{
    int ones[2] = {1, 1}, sums[2];
    (void)state;
    MPI_Allreduce(ones, sums, own_rank() == 1 ? 2 : 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
}

static void two_types(void **state)
{
    int one = 1;
    (void)state;
    MPI_Bcast(&one, 1, own_rank() == 1 ? MPI_FLOAT : MPI_INT, 0, MPI_COMM_WORLD);
}

static int bcast = EVENT_OF_BCAST, functions = EVENT_OF_FUNCTIONS;

static const struct CMUnitTest tests[] = {
    {"fails_with_two_roots_while_one_computes", bcast_with_two_roots, NULL, tell, &bcast},
    {"fails_with_two_functions_while_one_computes", gather_and_barrier, NULL, tell, &functions},
    {"fails_with_two_functions", barrier_and_allreduce, NULL, NULL, NULL},
    {"fails_with_two_operations", two_operations, NULL, NULL, NULL},
    {"fails_with_two_counts", two_counts, NULL, NULL, NULL},
    {"fails_with_two_types", two_types, NULL, NULL, NULL},
};

MRT_CMOCKA_GROUP(mismatches, tests, NULL, NULL, .np = 3);
