/* SPDX-License-Identifier: BSD-2-Clause */
/* The same as test_calls.c for windows, files, intercommunicators, non-blocking collectives, and for what a test leaves open.
 * `fails_…` fail on one rank, the others must not pass; the rest passes. */
#include <stdlib.h>
#include <unistd.h>

#include <mpirun_tests.h>

MRT_SUITE(guard_objects, .np = 4);

static int rank_in(MPI_Comm comm)
{
    int rank;
    MPI_Comm_rank(comm, &rank);
    return rank;
}

/* Before the call: all ranks; then rank 1 fails; the others go on to a call that does not return. */
#define FAILS(name, before, ...)                                                                                       \
    MRT_TEST(fails_##name)                                                                                             \
    {                                                                                                                  \
        int rank = rank_in(MPI_COMM_WORLD), value = rank, result = 0;                                                  \
        MPI_Request request = MPI_REQUEST_NULL;                                                                        \
        (void)value, (void)result, (void)request;                                                                      \
        before;                                                                                                        \
        if (rank == 1)                                                                                                 \
            assert_int_equal(rank, 7);                                                                                 \
        __VA_ARGS__;                                                                                                   \
        MPI_Barrier(MPI_COMM_WORLD);                                                                                   \
    }

/* ---- Windows ---- */

static int *memory;

static MPI_Win window_of(MPI_Comm comm)
{
    MPI_Win win;
    MPI_Win_allocate(100 * sizeof(int), sizeof(int), MPI_INFO_NULL, comm, &memory, &win);
    for (int i = 0; i < 100; i++)
        memory[i] = 0;
    return win;
}
static MPI_Group others_in(MPI_Comm comm)
{
    MPI_Group all, others;
    int rank = rank_in(comm);
    MPI_Comm_group(comm, &all);
    MPI_Group_excl(all, 1, &rank, &others);
    MPI_Group_free(&all);
    return others;
}

FAILS(win_create, , MPI_Win win; MPI_Win_create(NULL, 0, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &win))
FAILS(win_allocate, , (void)window_of(MPI_COMM_WORLD))
FAILS(win_fence, MPI_Win win = window_of(MPI_COMM_WORLD); MPI_Win_fence(0, win),
      MPI_Put(&value, 1, MPI_INT, 0, rank, 1, MPI_INT, win); MPI_Win_fence(0, win))
FAILS(win_free, MPI_Win win = window_of(MPI_COMM_WORLD), MPI_Win_free(&win))
FAILS(win_lock_held, MPI_Win win = window_of(MPI_COMM_WORLD); MPI_Barrier(MPI_COMM_WORLD);
      if (rank == 1) MPI_Win_lock(MPI_LOCK_EXCLUSIVE, 0, 0, win); MPI_Barrier(MPI_COMM_WORLD),
      MPI_Win_lock(MPI_LOCK_EXCLUSIVE, 0, 0, win);
      MPI_Put(&value, 1, MPI_INT, 0, rank, 1, MPI_INT, win); MPI_Win_unlock(0, win))
FAILS(win_lock_all_held, MPI_Win win = window_of(MPI_COMM_WORLD); MPI_Win_lock_all(0, win),
      MPI_Put(&value, 1, MPI_INT, 1, rank, 1, MPI_INT, win); MPI_Win_flush(1, win); MPI_Barrier(MPI_COMM_WORLD))
FAILS(win_start, MPI_Win win = window_of(MPI_COMM_WORLD), MPI_Group others = others_in(MPI_COMM_WORLD);
      MPI_Win_post(others, 0, win); MPI_Win_start(others, 0, win); MPI_Win_complete(win); MPI_Win_wait(win))
FAILS(win_wait, MPI_Win win = window_of(MPI_COMM_WORLD); MPI_Group others = others_in(MPI_COMM_WORLD);
      MPI_Win_post(others, 0, win); MPI_Win_start(others, 0, win), MPI_Win_complete(win); MPI_Win_wait(win))

MRT_TEST(puts_arrive, .cases = 3)
{
    MPI_Win win = window_of(MPI_COMM_WORLD);
    int rank = rank_in(MPI_COMM_WORLD), value = 100 + rank, next = (rank + 1) % 4, previous = (rank + 3) % 4;
    MPI_Group others = others_in(MPI_COMM_WORLD);
    MPI_Win_fence(0, win);
    MPI_Put(&value, 1, MPI_INT, next, 0, 1, MPI_INT, win);
    MPI_Win_fence(0, win);
    assert_int_equal(memory[0], 100 + previous);
    MPI_Win_post(others, 0, win);
    MPI_Win_start(others, 0, win);
    MPI_Put(&value, 1, MPI_INT, next, 1, 1, MPI_INT, win);
    MPI_Win_complete(win);
    MPI_Win_wait(win);
    assert_int_equal(memory[1], 100 + previous);
    MPI_Group_free(&others);
    MPI_Win_free(&win);
}

/* ---- Files ---- */

static MPI_File file_of(MPI_Comm comm)
{
    MPI_File file;
    char name[4096] = "guard_objects.XXXXXX";
    if (rank_in(comm) == 0)
        close(mkstemp(name));
    MPI_Bcast(name, sizeof name, MPI_CHAR, 0, comm);
    MPI_File_open(comm, name, MPI_MODE_RDWR | MPI_MODE_CREATE | MPI_MODE_DELETE_ON_CLOSE, MPI_INFO_NULL, &file);
    return file;
}

FAILS(file_open, , (void)file_of(MPI_COMM_WORLD))
FAILS(file_close, MPI_File file = file_of(MPI_COMM_WORLD), MPI_File_close(&file))
FAILS(file_write_all, MPI_File file = file_of(MPI_COMM_WORLD),
      MPI_File_write_at_all(file, 4 * rank, &value, 1, MPI_INT, MPI_STATUS_IGNORE))
FAILS(file_set_size, MPI_File file = file_of(MPI_COMM_WORLD), MPI_File_set_size(file, 100))
FAILS(file_ordered, MPI_File file = file_of(MPI_COMM_WORLD),
      MPI_File_write_ordered(file, &value, 1, MPI_INT, MPI_STATUS_IGNORE))

MRT_TEST(what_was_written_is_read)
{
    MPI_File file = file_of(MPI_COMM_WORLD);
    int rank = rank_in(MPI_COMM_WORLD), value = 100 + rank, next = (rank + 1) % 4, read = 0;
    MPI_File_write_at_all(file, 4 * rank, &value, 1, MPI_INT, MPI_STATUS_IGNORE);
    MPI_File_sync(file);
    MPI_File_read_at_all(file, 4 * next, &read, 1, MPI_INT, MPI_STATUS_IGNORE);
    assert_int_equal(read, 100 + next);
    MPI_File_close(&file);
}

/* ---- Intercommunicators ---- */

static MPI_Comm halves(void)
{
    MPI_Comm half, both;
    int rank = rank_in(MPI_COMM_WORLD);
    MPI_Comm_split(MPI_COMM_WORLD, rank / 2, rank, &half);
    MPI_Intercomm_create(half, 0, MPI_COMM_WORLD, rank / 2 ? 0 : 2, 7, &both);
    MPI_Comm_free(&half);
    return both;
}

FAILS(intercomm_create, MPI_Comm half; MPI_Comm_split(MPI_COMM_WORLD, rank / 2, rank, &half), MPI_Comm both;
      MPI_Intercomm_create(half, 0, MPI_COMM_WORLD, rank / 2 ? 0 : 2, 7, &both))
FAILS(intercomm_barrier, MPI_Comm both = halves(), MPI_Barrier(both))
FAILS(intercomm_merge, MPI_Comm both = halves(), MPI_Comm all; MPI_Intercomm_merge(both, rank / 2, &all))
FAILS(intercomm_recv, MPI_Comm both = halves(),
      MPI_Recv(&value, 1, MPI_INT, MPI_ANY_SOURCE, 0, both, MPI_STATUS_IGNORE))

MRT_TEST(intercommunicators_work, .cases = 3)
{
    MPI_Comm both = halves(), all;
    int rank = rank_in(MPI_COMM_WORLD), size = 0, value = rank, sum = 0;
    MPI_Allreduce(&value, &sum, 1, MPI_INT, MPI_SUM, both);
    assert_int_equal(sum, rank < 2 ? 5 : 1);
    MPI_Intercomm_merge(both, rank < 2, &all);
    MPI_Comm_size(all, &size);
    assert_int_equal(size, 4);
    MPI_Barrier(all);
    MPI_Comm_free(&all);
    MPI_Comm_free(&both);
}

/* ---- Non-blocking collectives ---- */

FAILS(ibarrier, , MPI_Ibarrier(MPI_COMM_WORLD, &request); MPI_Wait(&request, MPI_STATUS_IGNORE))
FAILS(iallreduce, , MPI_Iallreduce(&value, &result, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD, &request);
      MPI_Wait(&request, MPI_STATUS_IGNORE))
FAILS(idup, , MPI_Comm comm; MPI_Comm_idup(MPI_COMM_WORLD, &comm, &request); MPI_Wait(&request, MPI_STATUS_IGNORE))
FAILS(after_idup, MPI_Comm comm; MPI_Comm_idup(MPI_COMM_WORLD, &comm, &request); MPI_Wait(&request, MPI_STATUS_IGNORE),
      MPI_Barrier(comm))
FAILS(create_group, MPI_Group all; MPI_Comm_group(MPI_COMM_WORLD, &all),
      MPI_Comm comm; MPI_Comm_create_group(MPI_COMM_WORLD, all, 3, &comm))
FAILS(finalize, , MPI_Finalize(); return)

MRT_TEST(non_blocking_collectives_overtake, .cases = 3)
{
    int rank = rank_in(MPI_COMM_WORLD), value = 1, sum = 0, got = 0;
    MPI_Request request;
    if (rank == 0)
        MPI_Recv(&got, 1, MPI_INT, 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Iallreduce(&value, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD, &request); /* must not wait for rank 0 */
    if (rank == 1)
        MPI_Send(&value, 1, MPI_INT, 0, 0, MPI_COMM_WORLD);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    assert_int_equal(sum, 4);
    MPI_Barrier(MPI_COMM_WORLD);
}

MRT_TEST(fails_by_mismatched_count_of_non_blocking)
{
    MPI_Request request;
    if (rank_in(MPI_COMM_WORLD) == 2)
        MPI_Ibarrier(MPI_COMM_WORLD, &request);
    MPI_Barrier(MPI_COMM_WORLD);
}

/* ---- What a test leaves ---- */

#define FLOOD 100000

FAILS(flood, if (rank != 0) for (int i = 0; i < FLOOD / 3; i++)
                 MPI_Send(&value, 1, MPI_INT, 0, i % 100, MPI_COMM_WORLD), )
FAILS(mprobe, MPI_Message message; static int large[300000];
      if (rank == 2) MPI_Isend(large, 300000, MPI_INT, 3, 5, MPI_COMM_WORLD, &request);
      if (rank == 3) MPI_Mprobe(2, 5, MPI_COMM_WORLD, &message, MPI_STATUS_IGNORE), )
FAILS(freed_request, static int large[300000];
      if (rank == 2) { MPI_Isend(large, 300000, MPI_INT, 3, 5, MPI_COMM_WORLD, &request); MPI_Request_free(&request); }, )

MRT_TEST(leaves_messages, .cases = 3)
{
    int value = 1, rank = rank_in(MPI_COMM_WORLD);
    MPI_Comm comm;
    MPI_Comm_dup(MPI_COMM_WORLD, &comm);
    MPI_Send(&value, 1, MPI_INT, (rank + 1) % 4, 0, comm);
    MPI_Send(&value, 1, MPI_INT, (rank + 2) % 4, 0, MPI_COMM_WORLD);
}

MRT_TEST(sees_none_of_them, .cases = 3)
{
    int found = 0;
    MPI_Comm comm;
    MPI_Comm_dup(MPI_COMM_WORLD, &comm);
    MPI_Barrier(comm);
    MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, comm, &found, MPI_STATUS_IGNORE);
    assert_int_equal(found, 0);
    MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &found, MPI_STATUS_IGNORE);
    assert_int_equal(found, 0);
    MPI_Comm_free(&comm);
}

/* ---- What is no deadlock: longer than it takes to find one ---- */

#define LONG 3.5 /* seconds */

MRT_TEST(others_wait_for_one_that_computes)
{
    int value = 0;
    if (rank_in(MPI_COMM_WORLD) == 0) {
        for (double since = MPI_Wtime(); MPI_Wtime() < since + LONG;)
            ;
        MPI_Send(&value, 1, MPI_INT, 1, 0, MPI_COMM_WORLD);
    }
    if (rank_in(MPI_COMM_WORLD) == 1)
        MPI_Recv(&value, 1, MPI_INT, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Barrier(MPI_COMM_WORLD);
}

MRT_TEST(others_wait_for_one_that_polls)
{
    int found = 0;
    if (rank_in(MPI_COMM_WORLD) == 0)
        for (double since = MPI_Wtime(); !found && MPI_Wtime() < since + LONG;)
            MPI_Iprobe(1, 0, MPI_COMM_WORLD, &found, MPI_STATUS_IGNORE);
    MPI_Barrier(MPI_COMM_WORLD);
}
