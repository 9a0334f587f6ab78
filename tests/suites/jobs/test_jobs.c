/* SPDX-License-Identifier: BSD-2-Clause */
/* test_jobs.c: for the system tests of jobs that end early. What a test does beyond passing is told by the environment:
 *
 *     JOBS_GATE    a FIFO: `gate` begins to read it, which lets the script go on that opens it to write, and ends with it
 *     JOBS_MARKS   a folder: `flaky` and `unit_flaky` fail unless their mark is there, and leave it; each run of `counted`
 *                  adds a line to the file of that name
 *     JOBS_KILLS   its rank 1 is killed in `kills`, and rank 0 of `kills_alone`
 *     JOBS_FAILS   `fails` does
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mpirun_tests.h>

MRT_SUITE(jobs);

static int rank_here(void)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank;
}

/* Was the mark there? It is now. */
static int marked(const char *name)
{
    const char *marks = getenv("JOBS_MARKS");
    char path[4096];
    if (!marks)
        return 1;
    snprintf(path, sizeof path, "%s/%s", marks, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd >= 0)
        close(fd);
    return fd < 0;
}

MRT_TEST(quick, .cases = 20)
{
    printf("case %d\n", mrt_case());
}

MRT_TEST(pair, .np = 2, .cases = 10)
{
    int sum = 0, one = 1;
    MPI_Allreduce(&one, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    assert_int_equal(sum, 2);
}

MRT_TEST(counted)
{
    const char *marks = getenv("JOBS_MARKS");
    char path[4096];
    if (!marks)
        return;
    snprintf(path, sizeof path, "%s/counted", marks);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "run\n", 4), 4);
    close(fd);
}

MRT_TEST(fails)
{
    printf("about to fail\n");
    if (getenv("JOBS_FAILS"))
        fail_msg("as it was told to");
}

MRT_TEST(flaky, .np = 2)
{
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank_here() == 1 && !marked("flaky"))
        fail_msg("no mark yet");
}

MRT_TEST(kills_alone)
{
    if (getenv("JOBS_KILLS"))
        raise(SIGKILL);
}

MRT_TEST(kills, .np = 2)
{
    if (getenv("JOBS_KILLS") && rank_here() == 1)
        raise(SIGKILL);
    MPI_Barrier(MPI_COMM_WORLD);
}

MRT_TEST(gate, .np = 2, .priority = 200)
{
    const char *gate = getenv("JOBS_GATE");
    char byte;
    if (gate && rank_here() == 0) {
        int fd = open(gate, O_RDONLY);
        assert_true(fd >= 0);
        while (read(fd, &byte, 1) > 0)
            ;
        close(fd);
    }
    MPI_Barrier(MPI_COMM_WORLD);
}

MRT_TEST(late, .np = 2, .cases = 5, .priority = 300)
{
}
