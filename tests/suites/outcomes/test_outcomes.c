/* SPDX-License-Identifier: BSD-2-Clause */
/* test_outcomes.c: tests that end in every way a test can end. Not run by default: tests/system names this suite on the
 * command line and looks at what the reports say.
 *
 * Each test's name says how it must be reported. In teams all ranks end by themselves here: none waits for one that
 * left.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mpirun_tests.h>

MRT_SUITE(outcomes, .timeout = 20.0);

static int own_rank(void)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank;
}

MRT_TEST(passes)
{
    assert_int_equal(2 + 2, 4);
}

MRT_TEST(passes_in_a_team, .np = 2)
{
    int one = 1, sum = 0;
    MPI_Allreduce(&one, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    assert_int_equal(sum, 2);
}

/* ---- Failed ---- */

MRT_TEST(fails)
{
    assert_int_equal(2 + 2, 5);
}

MRT_TEST(fails_on_all_ranks, .np = 2)
{
    MPI_Barrier(MPI_COMM_WORLD);
    assert_string_equal("halo", own_rank() == 0 ? "first" : "second");
}

MRT_TEST(fails_on_the_last_rank, .np = 3)
{
    MPI_Barrier(MPI_COMM_WORLD);
    assert_int_not_equal(own_rank(), 2);
}

MRT_TEST(fails_with_a_message)
{
    fail_msg("the residual is %g after %d steps", 0.25, 7);
}

MRT_TEST(fails_with_several_lines)
{
    fail_msg("first line\nsecond line: <tag> & \"quotes\" ]]>\n\tthird, indented\n");
}

MRT_TEST(fails_with_a_very_long_message)
{
    enum { LENGTH = 300 * 1000 };
    char *text = malloc(LENGTH + 1);
    assert_non_null(text);
    memset(text, 'm', LENGTH);
    text[LENGTH] = '\0';
    print_error("begin %s end\n", text);
    free(text);
    fail();
}

MRT_TEST(fails_by_an_mpi_error)
{
    int value = 0;
    MPI_Send(&value, 1, MPI_INT, 99, 0, MPI_COMM_WORLD);
    print_message("not reached: MPI_ERRORS_ARE_FATAL is the default\n");
}

static void consume(int amount)
{
    check_expected(amount);
}

MRT_TEST(fails_by_an_expectation)
{
    expect_value(consume, amount, 3);
    consume(4);
}

MRT_TEST(fails_by_an_expectation_not_met)
{
    expect_value(consume, amount, 3);
}

MRT_TEST(fails_by_a_value_not_returned)
{
    will_return(consume, 1);
}

MRT_TEST(fails_by_a_leak)
{
    char *never_freed = test_malloc(24);
    strcpy(never_freed, "leaked");
}

MRT_TEST(fails_with_memory_still_allocated)
{
    char *memory = test_malloc(24);
    assert_null(memory);
}

MRT_TEST(passes_after_the_failures)
{
    /* Queues, leaks and handlers of failed tests before it on the same rank are gone. */
    char *memory = test_malloc(8);
    test_free(memory);
    expect_value(consume, amount, 9);
    consume(9);
}

/* ---- Skipped ---- */

MRT_TEST(skips)
{
    mrt_skip("no accelerator here");
}

MRT_TEST(skips_by_cmocka)
{
    skip();
}

MRT_TEST(skips_on_one_rank, .np = 2)
{
    if (own_rank() == 1)
        mrt_skip("rank 1 has nothing to do");
}

MRT_TEST(skips_on_all_ranks, .np = 2)
{
    MPI_Barrier(MPI_COMM_WORLD);
    mrt_skip("nobody wants to");
}

MRT_TEST(fails_although_a_rank_skips, .np = 2)
{
    MPI_Barrier(MPI_COMM_WORLD);
    if (own_rank() == 1)
        mrt_skip("rank 1 has nothing to do");
    fail_msg("rank 0 has failed");
}

MRT_TEST(skips_where_a_hundred_thousand_ranks_are_missing, .np = 100000)
{
    fail_msg("this runs on %d ranks", 100000);
}

/* ---- Crashed ---- */

MRT_TEST(crashes_by_abort)
{
    MPI_Abort(MPI_COMM_WORLD, 3);
}

MRT_TEST(crashes_by_abort_on_all_ranks, .np = 2)
{
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Abort(MPI_COMM_WORLD, 0);
}

/* ---- Output ---- */

enum { BIG = 4 * 1024 * 1024, LINE = 64 };

/* BIG bytes in numbered lines, so that what is missing shows. */
static void write_lines(FILE *stream, const char *name)
{
    for (int line = 0; line < BIG / LINE; line++) {
        char text[LINE + 1];
        int length = snprintf(text, sizeof text, "%s line %d ", name, line);
        memset(text + length, '.', (size_t)(LINE - 1 - length));
        text[LINE - 1] = '\n';
        fwrite(text, 1, LINE, stream);
    }
}

MRT_TEST(fails_after_megabytes_of_output)
{
    write_lines(stdout, "stdout");
    write_lines(stderr, "stderr");
    fail_msg("after %d bytes on each stream", BIG);
}

MRT_TEST(passes_after_megabytes_of_output, .np = 2)
{
    write_lines(stdout, "stdout");
    write_lines(stderr, "stderr");
}

MRT_TEST(fails_after_output_on_both_streams, .np = 2)
{
    printf("rank %d says this\n", own_rank());
    fprintf(stderr, "rank %d complains\n", own_rank());
    fail();
}

MRT_TEST(fails_after_output_without_a_newline)
{
    printf("no newline at the end");
    fail();
}

MRT_TEST(passes_with_output_from_a_file_descriptor)
{
    static const char text[] = "written by write(2)\n";
    assert_int_equal(write(STDOUT_FILENO, text, sizeof text - 1), sizeof text - 1);
}

MRT_TEST(fails_after_binary_output)
{
    for (int byte = 0; byte < 256; byte++)
        putchar(byte);
    fputs("\xff\xfe\xc3\x28 \xed\xa0\x80 \x1b[31mred\x1b[0m\n", stdout);
    fail_msg("a message with bytes that are not UTF-8: \xff\xc3\x28 and a control: \x01");
}

MRT_TEST(fails_after_output_that_looks_like_a_report)
{
    printf("ok 1 - not a result\nnot ok 2 - neither\nBail out!\n1..7\n[  PASSED  ] 1 test(s).\n</system-out>\n]]>\n");
    fail();
}

/* ---- The clean end ---- */

MRT_TEST(passes_on_every_rank_at_the_end, .np = MRT_NP_ALL, .priority = 1000)
{
    assert_int_equal(MPI_Barrier(MPI_COMM_WORLD), MPI_SUCCESS);
}
