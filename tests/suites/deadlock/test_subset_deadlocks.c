/* SPDX-License-Identifier: BSD-2-Clause */
/* test_subset_deadlocks.c: deadlocks of some ranks while the others still run: these go on until a rank of the deadlock has
 * left the test, which its teardown tells. If the deadlock were not found at once, the test would never end.
 */
#include "scene.h"

enum event { FOUND_COMPUTING, FOUND_POLLING, FOUND_ANYBODY, FOUND_COLLECTIVE, COMPUTING, POLLING };

/* The ranks of the deadlock come here by leaving the body. */
static int tell(void **state)
{
    if (own_rank() == 0)
        happen(*(const int *)*state);
    return 0;
}

static void two_of_four_receive(void **state)
{
    if (own_rank() == 0)
        compute_until(COMPUTING, 1);
    if (own_rank() < 2) {
        take(1 - own_rank(), 0, MPI_COMM_WORLD);
    } else if (own_rank() == 2) {
        happen(COMPUTING);
        compute_until(*(const int *)*state, 1);
    }
}

static void two_of_four_synchronize_while_others_poll(void **state)
{
    int value = 0, found = 0;
    (void)state;
    if (own_rank() == 0)
        compute_until(POLLING, 2);
    if (own_rank() < 2)
        MPI_Ssend(&value, 1, MPI_INT, 1 - own_rank(), 0, MPI_COMM_WORLD);
    for (int i = 0; !found; i++) {
        MPI_Iprobe(MPI_ANY_SOURCE, 9, MPI_COMM_WORLD, &found, MPI_STATUS_IGNORE);
        if (i == 0)
            happen(POLLING);
    }
}

/* Each of three could be freed by any of the others, but none by the one that computes: it is not in their communicator. */
static void three_of_four_receive_from_anybody(void **state)
{
    MPI_Comm three;
    MPI_Comm_split(MPI_COMM_WORLD, own_rank() == 3, 0, &three);
    if (own_rank() == 3)
        compute_until(*(const int *)*state, 1);
    else
        take(MPI_ANY_SOURCE, MPI_ANY_TAG, three);
}

static void a_collective_misses_one_that_waits(void **state)
{
    MPI_Comm three;
    MPI_Comm_split(MPI_COMM_WORLD, own_rank() == 3, 0, &three);
    if (own_rank() == 3)
        compute_until(*(const int *)*state, 1);
    else if (own_rank() == 2)
        take(1, 1, MPI_COMM_WORLD);
    else
        MPI_Barrier(three);
}

static int computing = FOUND_COMPUTING, polling = FOUND_POLLING, anybody = FOUND_ANYBODY, collective = FOUND_COLLECTIVE;

static const struct CMUnitTest tests[] = {
    {"deadlocks_while_others_compute", two_of_four_receive, NULL, tell, &computing},
    {"deadlocks_while_others_poll", two_of_four_synchronize_while_others_poll, NULL, tell, &polling},
    {"deadlocks_in_a_knot_while_one_computes", three_of_four_receive_from_anybody, NULL, tell, &anybody},
    {"deadlocks_in_a_collective_while_one_computes", a_collective_misses_one_that_waits, NULL, tell, &collective},
};

MRT_CMOCKA_GROUP(subset_deadlocks, tests, NULL, NULL, .np = 4);
