/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of teams that one rank leaves early, while the others are in one MPI call or another; and good ones between them,
 * which verify every value. `fails_…` fail on one rank, the others must not pass; the rest passes. */
#include <string.h>

#include <mpirun_tests.h>

MRT_SUITE(guard, .np = 4);

#define LARGE 200000 /* ints: rendezvous, in every MPI */

static int rank_in(MPI_Comm comm)
{
    int rank;
    MPI_Comm_rank(comm, &rank);
    return rank;
}

/* Rank 1 fails; the others go on to a call that does not return. */
#define FAILS(name, ...)                                                                                               \
    MRT_TEST(fails_##name)                                                                                             \
    {                                                                                                                  \
        static int values[LARGE];                                                                                      \
        int rank = rank_in(MPI_COMM_WORLD), value = rank, next = (rank + 1) % 4, previous = (rank + 3) % 4, flag = 0;  \
        MPI_Request requests[2] = {MPI_REQUEST_NULL, MPI_REQUEST_NULL};                                                \
        (void)values, (void)value, (void)next, (void)previous, (void)requests, (void)flag;                             \
        if (rank == 1)                                                                                                 \
            assert_int_equal(rank, 7);                                                                                 \
        __VA_ARGS__;                                                                                                   \
        MPI_Barrier(MPI_COMM_WORLD);                                                                                   \
    }

FAILS(recv, MPI_Recv(&value, 1, MPI_INT, 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE))
FAILS(recv_any, MPI_Recv(&value, 1, MPI_INT, MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE))
FAILS(large_send, MPI_Send(values, LARGE, MPI_INT, 1, 0, MPI_COMM_WORLD))
FAILS(ssend, MPI_Ssend(&value, 1, MPI_INT, 1, 0, MPI_COMM_WORLD))
FAILS(sendrecv, MPI_Sendrecv(values, LARGE / 2, MPI_INT, next, 0, values + LARGE / 2, LARGE / 2, MPI_INT, previous, 0,
                             MPI_COMM_WORLD, MPI_STATUS_IGNORE))
FAILS(sendrecv_replace,
      MPI_Sendrecv_replace(values, LARGE, MPI_INT, next, 0, previous, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE))
FAILS(probe, MPI_Probe(1, 3, MPI_COMM_WORLD, MPI_STATUS_IGNORE))
FAILS(waitall, MPI_Irecv(values, LARGE, MPI_INT, previous, 0, MPI_COMM_WORLD, &requests[0]);
      MPI_Isend(values, LARGE, MPI_INT, next, 1, MPI_COMM_WORLD, &requests[1]);
      MPI_Waitall(2, requests, MPI_STATUSES_IGNORE))
FAILS(waitany, int index; MPI_Irecv(values, LARGE, MPI_INT, 1, 0, MPI_COMM_WORLD, &requests[0]);
      MPI_Waitany(2, requests, &index, MPI_STATUS_IGNORE))
FAILS(persistent, MPI_Recv_init(values, LARGE, MPI_INT, previous, 0, MPI_COMM_WORLD, &requests[0]);
      MPI_Send_init(values, LARGE, MPI_INT, next, 1, MPI_COMM_WORLD, &requests[1]); MPI_Startall(2, requests);
      MPI_Wait(&requests[0], MPI_STATUS_IGNORE))
FAILS(test_loop, MPI_Irecv(&value, 1, MPI_INT, 1, 0, MPI_COMM_WORLD, &requests[0]);
      while (!flag) MPI_Test(&requests[0], &flag, MPI_STATUS_IGNORE))
FAILS(iprobe_loop, while (!flag) MPI_Iprobe(1, 0, MPI_COMM_WORLD, &flag, MPI_STATUS_IGNORE))
FAILS(barrier, MPI_Barrier(MPI_COMM_WORLD))
FAILS(bcast, MPI_Bcast(values, LARGE, MPI_INT, 1, MPI_COMM_WORLD))
FAILS(allreduce, MPI_Allreduce(MPI_IN_PLACE, &value, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD))
FAILS(gather, MPI_Gather(&value, 1, MPI_INT, values, 1, MPI_INT, 0, MPI_COMM_WORLD))
FAILS(alltoall, MPI_Alltoall(values, 100, MPI_INT, values + LARGE / 2, 100, MPI_INT, MPI_COMM_WORLD))
FAILS(dup, MPI_Comm comm; MPI_Comm_dup(MPI_COMM_WORLD, &comm))
FAILS(split, MPI_Comm comm; MPI_Comm_split(MPI_COMM_WORLD, rank % 2, 0, &comm))
FAILS(cart, MPI_Comm comm; MPI_Cart_create(MPI_COMM_WORLD, 1, (int[]){4}, (int[]){1}, 0, &comm))

MRT_TEST(fails_in_a_part)
{
    MPI_Comm half, quarter;
    int rank = rank_in(MPI_COMM_WORLD), value = rank, sum;
    MPI_Comm_split(MPI_COMM_WORLD, rank / 2, -rank, &half);
    MPI_Comm_dup(half, &quarter);
    MPI_Allreduce(&value, &sum, 1, MPI_INT, MPI_SUM, quarter);
    assert_int_equal(sum, rank / 2 == 0 ? 1 : 5);
    if (rank == 1)
        assert_int_equal(sum, 0);
    MPI_Allreduce(&value, &sum, 1, MPI_INT, MPI_SUM, quarter);
    MPI_Comm_free(&quarter);
    MPI_Comm_free(&half);
    MPI_Barrier(MPI_COMM_WORLD);
}

MRT_TEST(passes_after_a_mismatch)
{
    int rank = rank_in(MPI_COMM_WORLD), value = rank, sum = 0, error;
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    error = rank == 2 ? MPI_Allreduce(&value, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD) : MPI_Barrier(MPI_COMM_WORLD);
    assert_int_not_equal(error, MPI_SUCCESS);
    MPI_Barrier(MPI_COMM_WORLD); /* nobody entered, so it goes on */
}

MRT_TEST(fails_by_mismatched_root)
{
    int value = 1;
    MPI_Bcast(&value, 1, MPI_INT, rank_in(MPI_COMM_WORLD) == 3, MPI_COMM_WORLD);
}

/* ---- Good ones, half of them left at some point ---- */

static unsigned next_random(unsigned *seed)
{
    *seed = *seed * 1103515245u + 12345u;
    return *seed >> 8;
}

static void one_round(int round, int rank, int size, MPI_Comm comm, int victim, int *steps)
{
    static int out[LARGE], in[LARGE];
    int count = round % 2 ? LARGE : 4, next = (rank + 1) % size, previous = (rank + size - 1) % size, sum;
#define STEP()                                                                                                         \
    if (rank == victim && (*steps)-- == 0)                                                                             \
    fail()
    for (int i = 0; i < count; i++)
        out[i] = rank + round + i;
    STEP();
    MPI_Barrier(comm);
    STEP();
    MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, comm);
    assert_int_equal(sum, size * (size - 1) / 2);
    MPI_Request request;
    MPI_Irecv(in, count, MPI_INT, previous, round, comm, &request);
    STEP();
    MPI_Send(out, count, MPI_INT, next, round, comm);
    STEP();
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    assert_int_equal(in[0], previous + round);
    assert_int_equal(in[count - 1], previous + round + count - 1);
    MPI_Isend(out, count, MPI_INT, previous, 100 + round, comm, &request);
    STEP();
    MPI_Recv(in, count, MPI_INT, MPI_ANY_SOURCE, 100 + round, comm, MPI_STATUS_IGNORE);
    assert_int_equal(in[0], next + round);
    STEP();
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    memset(in, 0, sizeof in[0]);
    if (rank == 0)
        in[0] = 77 + round;
    MPI_Bcast(in, 1, MPI_INT, 0, comm);
    assert_int_equal(in[0], 77 + round);
#undef STEP
}

static void work(int leaves)
{
    unsigned seed = (unsigned)mrt_case() * 2654435761u + 7;
    int rank = rank_in(MPI_COMM_WORLD), size, victim, steps;
    MPI_Comm comm;
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    victim = leaves ? (int)(next_random(&seed) % (unsigned)size) : -1;
    steps = (int)(next_random(&seed) % 24);
    for (int round = 0; round < 4; round++) {
        MPI_Comm_dup(MPI_COMM_WORLD, &comm);
        one_round(round, rank, size, round % 2 ? comm : MPI_COMM_WORLD, victim, &steps);
        MPI_Comm_free(&comm);
    }
}

MRT_TEST(fails_somewhere, .cases = 150)
{
    work(1);
}

MRT_TEST(passes, .cases = 150)
{
    work(0);
}

MRT_TEST(fails_somewhere_of_two, .np = 2, .cases = 100)
{
    work(1);
}

MRT_TEST(passes_of_three, .np = 3, .cases = 100)
{
    work(0);
}
