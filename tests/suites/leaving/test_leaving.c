/* SPDX-License-Identifier: BSD-2-Clause */
/* test_leaving.c: tests that one rank leaves while its team-mates wait for it, and teams that wait for each other. Not run
 * by default: tests/system names this suite on the command line.
 *
 * Each test's name says how it must be reported: fails_…, skips_…, crashes_…, deadlocks_…, is_an_error_…, passes_….
 */
#include <mpirun_tests.h>

MRT_SUITE(leaving, .timeout = 20.0);

enum { BIG = 1 << 20 };

static int own_rank(void)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank;
}

static int receive_from(int rank)
{
    int value = 0;
    MPI_Recv(&value, 1, MPI_INT, rank, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    return value;
}

/* What the good ones do between the others. */
static void all_is_well(void)
{
    int rank, size, sum = 0, value = -1;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Sendrecv(&rank, 1, MPI_INT, (rank + 1) % size, 0, &value, 1, MPI_INT, (rank + size - 1) % size, 0, MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE);
    assert_int_equal(value, (rank + size - 1) % size);
    MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    assert_int_equal(sum, size * (size - 1) / 2);
}

/* ---- One rank leaves ---- */

MRT_TEST(fails_while_a_rank_receives, .np = 2)
{
    if (own_rank() == 0)
        fail_msg("the residual is 0.25");
    receive_from(0);
}

MRT_TEST(fails_on_the_last_rank_while_others_are_in_a_barrier, .np = 4)
{
    assert_int_not_equal(own_rank(), 3);
    MPI_Barrier(MPI_COMM_WORLD);
}

MRT_TEST(passes_after_them, .np = 4)
{
    all_is_well();
}

MRT_TEST(fails_while_a_rank_sends_much, .np = 2)
{
    if (own_rank() == 1)
        fail();
    static char memory[BIG];
    MPI_Send(memory, BIG, MPI_BYTE, 1, 0, MPI_COMM_WORLD);
}

MRT_TEST(fails_while_a_rank_sends_many, .np = 2)
{
    if (own_rank() == 1)
        fail();
    for (int i = 0; i < 1000 * 1000; i++)
        MPI_Send(&i, 1, MPI_INT, 1, 0, MPI_COMM_WORLD);
}

MRT_TEST(fails_while_a_rank_tests_again_and_again, .np = 2)
{
    int value = 0, done = 0;
    MPI_Request request;
    if (own_rank() == 0)
        fail();
    MPI_Irecv(&value, 1, MPI_INT, 0, 0, MPI_COMM_WORLD, &request);
    while (!done)
        MPI_Test(&request, &done, MPI_STATUS_IGNORE);
}

MRT_TEST(fails_while_a_rank_probes, .np = 3)
{
    MPI_Status status;
    int found = 0;
    if (own_rank() == 0)
        fail();
    if (own_rank() == 1)
        MPI_Probe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &status);
    while (!found)
        MPI_Iprobe(0, 3, MPI_COMM_WORLD, &found, &status);
}

MRT_TEST(fails_on_a_communicator_of_its_own, .np = 3)
{
    MPI_Comm comm;
    int sum = 0, rank = own_rank();
    MPI_Comm_split(MPI_COMM_WORLD, rank > 0, rank, &comm);
    if (rank == 1)
        fail();
    MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, rank > 0 ? comm : MPI_COMM_WORLD);
    MPI_Comm_free(&comm);
}

MRT_TEST(fails_by_an_mpi_error_of_one_rank, .np = 2)
{
    int value = 0;
    if (own_rank() == 1)
        MPI_Send(&value, 1, MPI_INT, 99, 0, MPI_COMM_WORLD);
    receive_from(1);
}

MRT_TEST(crashes_by_abort_of_one_rank, .np = 3)
{
    if (own_rank() == 1)
        MPI_Abort(MPI_COMM_WORLD, 3);
    MPI_Barrier(MPI_COMM_WORLD);
}

MRT_TEST(skips_on_one_rank_while_another_waits, .np = 2)
{
    if (own_rank() == 1)
        mrt_skip("rank 1 has no accelerator");
    receive_from(1);
}

MRT_TEST(skips_by_cmocka_on_one_rank, .np = 2)
{
    if (own_rank() == 1)
        skip();
    receive_from(1);
}

MRT_TEST(passes_after_those, .np = 4)
{
    all_is_well();
}

/* ---- All wait for each other ---- */

MRT_TEST(deadlocks_by_two_receives, .np = 2)
{
    receive_from(1 - own_rank());
}

MRT_TEST(deadlocks_alone)
{
    receive_from(0);
}

MRT_TEST(deadlocks_when_a_rank_returns, .np = 3)
{
    if (own_rank() != 1)
        MPI_Barrier(MPI_COMM_WORLD);
}

MRT_TEST(deadlocks_in_different_collectives, .np = 4)
{
    int value = 0;
    if (own_rank() == 2)
        receive_from(MPI_ANY_SOURCE);
    MPI_Allreduce(MPI_IN_PLACE, &value, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
}

MRT_TEST(deadlocks_in_waitall, .np = 2)
{
    int values[2];
    MPI_Request requests[2];
    for (int i = 0; i < 2; i++)
        MPI_Irecv(&values[i], 1, MPI_INT, 1 - own_rank(), i, MPI_COMM_WORLD, &requests[i]);
    MPI_Waitall(2, requests, MPI_STATUSES_IGNORE);
}

MRT_TEST(deadlocks_in_large_sends, .np = 2)
{
    static char memory[BIG];
    MPI_Send(memory, BIG, MPI_BYTE, 1 - own_rank(), 0, MPI_COMM_WORLD);
    MPI_Recv(memory, BIG, MPI_BYTE, 1 - own_rank(), 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

MRT_TEST(passes_after_the_deadlocks, .np = 4)
{
    all_is_well();
}

MRT_TEST(passes_on_every_rank_at_the_end, .np = MRT_NP_ALL, .priority = 1000)
{
    all_is_well();
}
