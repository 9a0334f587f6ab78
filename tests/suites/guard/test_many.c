/* SPDX-License-Identifier: BSD-2-Clause */
/* Many tests in one job, on teams of 2 to 4 ranks; in one of ten a rank, chosen at random, fails before a call chosen
 * at random, while the others go on. All call point to point and collectives, on communicators that are freed or, by
 * those that fail, left open. Test number 7 of ten fails. The last test checks that the process has not grown: memory,
 * descriptors. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <mpirun_tests.h>

MRT_SUITE(guard_many);

static unsigned next_random(unsigned *seed)
{
    *seed = *seed * 1103515245u + 12345u;
    return *seed >> 8;
}

/* Does this test fail? By its number alone, so that whoever reads the report knows, too. */
static int is_to_fail(int number)
{
    return number % 10 == 7;
}

static int victim, steps;
#define STEP()                                                                                                         \
    do {                                                                                                               \
        if (rank == victim && steps-- == 0)                                                                            \
            fail();                                                                                                    \
    } while (0)

static void one_round(MPI_Comm comm, int round)
{
    int rank, size, sum = 0, got = -1;
    MPI_Request request;
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &size);
    int next = (rank + 1) % size, previous = (rank + size - 1) % size;
    STEP();
    MPI_Irecv(&got, 1, MPI_INT, previous, round, comm, &request);
    STEP();
    MPI_Send(&rank, 1, MPI_INT, next, round, comm);
    STEP();
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    assert_int_equal(got, previous);
    STEP();
    MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, comm);
    assert_int_equal(sum, size * (size - 1) / 2);
    STEP();
    MPI_Barrier(comm);
}

/* The first test of a process that is not one of the first fifty says how large it was. */
static long memory_before;
static int descriptors_before;

static long memory_now(void) /* in pages */
{
    long pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file && fscanf(file, "%ld %ld", &pages, &resident) != 2)
        resident = 0;
    if (file)
        fclose(file);
    return resident;
}

static int descriptors_now(void)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (folder && readdir(folder))
        count++;
    if (folder)
        closedir(folder);
    return count;
}

static void work(void)
{
    unsigned seed = (unsigned)mrt_case() * 2654435761u + 7;
    int rank, size;
    MPI_Comm part;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    victim = is_to_fail(mrt_case()) ? (int)(next_random(&seed) % (unsigned)size) : -1;
    steps = (int)(next_random(&seed) % 12);
    if (memory_before == 0 && mrt_case() >= 50) {
        memory_before = memory_now();
        descriptors_before = descriptors_now();
    }
    one_round(MPI_COMM_WORLD, 1);
    STEP();
    MPI_Comm_split(MPI_COMM_WORLD, 0, -rank, &part);
    one_round(part, 2);
    STEP();
    MPI_Comm_free(&part);
    if (rank == victim)
        fail();
    MPI_Barrier(MPI_COMM_WORLD);
}

MRT_TEST(two, .np = 2, .cases = 2000)
{
    work();
}
MRT_TEST(two_more, .np = 2, .cases = 2000)
{
    work();
}
MRT_TEST(three, .np = 3, .cases = 2000)
{
    work();
}
MRT_TEST(four, .np = 4, .cases = 2000)
{
    work();
}
MRT_TEST(four_more, .np = 4, .cases = 2000)
{
    work();
}

/* On every rank, when all others have been. */
MRT_TEST(has_not_grown, .np = MRT_NP_ALL, .priority = 200)
{
    long pages = sysconf(_SC_PAGESIZE) > 0 ? (16L << 20) / sysconf(_SC_PAGESIZE) : 4096;
    if (memory_before == 0)
        mrt_skip("too few tests");
    if (memory_now() > memory_before + pages)
        fail_msg("memory has grown from %ld to %ld pages", memory_before, memory_now());
    assert_true(descriptors_now() <= descriptors_before + 2);
}
