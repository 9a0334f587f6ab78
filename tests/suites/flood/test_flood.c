/* SPDX-License-Identifier: BSD-2-Clause */
/* test_flood.c: a gigabyte of output is bounded while it is written: its memory, at which the writer looks itself, and what is
 * kept. The writer is never stopped. Not run by default: tests/system names this suite on the command line. */
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mpirun_tests.h>

MRT_SUITE(flood, .timeout = 120.0);

#define PIECE  (1 << 16)
#define PIECES (1 << 14) /* a gigabyte */

/* The most that was held by the memory file at any time, in MiB; -1: the writer was refused. */
static int flood(void)
{
    static char piece[PIECE];
    long long most = 0;
    memset(piece, 'x', sizeof piece);
    piece[sizeof piece - 1] = '\n';
    for (int i = 0; i < PIECES; i++) {
        struct stat status;
        if (write(1, piece, sizeof piece) != sizeof piece)
            return -1;
        if (fstat(1, &status) == 0 && status.st_blocks > most)
            most = status.st_blocks;
    }
    return (int)(most / 2048);
}

static void say(const char *what)
{
    if (write(1, what, strlen(what)) < 0)
        fail();
}

/* All of these fail, so that what was kept is in the report. */

MRT_TEST(fails_after_a_gigabyte)
{
    say("the head\n");
    int held = flood();
    say("the tail\n");
    fail_msg("held: %d MiB", held);
}

MRT_TEST(fails_after_a_gigabyte_of_a_child)
{
    int status = -1;
    say("the head\n");
    pid_t child = fork();
    if (child == 0)
        _exit(flood());
    waitpid(child, &status, 0);
    say("the tail\n");
    fail_msg("held: %d MiB", WEXITSTATUS(status));
}

MRT_TEST(fails_after_a_gigabyte_on_each_rank, .np = 4)
{
    say("the head\n");
    int held = flood();
    say("the tail\n");
    fail_msg("held: %d MiB", held);
}

MRT_TEST(fails_after_a_gigabyte_in_a_process_of_its_own, .isolate = MRT_YES)
{
    say("the head\n");
    int held = flood();
    say("the tail\n");
    fail_msg("held: %d MiB", held);
}

MRT_TEST(passes_afterwards, .np = 4)
{
    struct stat status;
    assert_int_equal(fstat(1, &status), 0);
    assert_int_equal(status.st_size, 0);
    assert_int_equal(status.st_blocks, 0);
}
