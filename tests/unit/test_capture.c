/* SPDX-License-Identifier: BSD-2-Clause */
/* test_capture.c: what is written is kept in order, bounded, and gone when cleared; 1 and 2 come back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../runner/capture.h"

static void both_streams_are_kept_in_order(void **state)
{
    (void)state;
    struct capture capture = {-1, {-1, -1}, 0};
    int begun = capture_begin(&capture);
    printf("one\n");
    fflush(stdout);
    fprintf(stderr, "two\n");
    ssize_t written = write(1, "three\n", 6);
    size_t size = capture_size(&capture), kept = 0;
    char *text = capture_text(&capture, 0, size, &kept);
    capture_end(&capture);
    assert_int_equal(begun, 0);
    assert_int_equal(written, 6);
    assert_int_equal(kept, 14);
    assert_string_equal(text, "one\ntwo\nthree\n");
    free(text);
}

static void a_cleared_capture_is_empty_and_goes_on(void **state)
{
    (void)state;
    struct capture capture = {-1, {-1, -1}, 0};
    capture_begin(&capture);
    printf("old");
    size_t before = capture_size(&capture);
    capture_clear(&capture);
    size_t after = capture_size(&capture);
    printf("new");
    size_t size = capture_size(&capture), kept;
    char *text = capture_text(&capture, 0, size, &kept);
    capture_end(&capture);
    assert_int_equal(before, 3);
    assert_int_equal(after, 0);
    assert_string_equal(text, "new");
    free(text);
}

static void a_flood_keeps_head_and_tail_and_says_so(void **state)
{
    (void)state;
    struct capture capture = {-1, {-1, -1}, 0};
    const size_t lines = 300000;
    capture_begin(&capture);
    printf("head\n");
    for (size_t i = 0; i < lines; i++)
        printf("line %zu\n", i);
    printf("tail\n");
    size_t size = capture_size(&capture), kept;
    char *text = capture_text(&capture, 0, size, &kept);
    capture_end(&capture);
    assert_true(size > CAPTURE_KEPT_MAX);
    assert_true(kept <= CAPTURE_KEPT_MAX + 256);
    assert_memory_equal(text, "head\n", 5);
    assert_non_null(strstr(text, "\ntail\n\n[it wrote "));
    assert_non_null(strstr(text, "bytes left out"));
    free(text);
}

static void standard_output_comes_back(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    fflush(stdout);
    int own = dup(1);
    dup2(ends[1], 1);
    struct capture capture = {-1, {-1, -1}, 0};
    capture_begin(&capture);
    printf("hidden");
    capture_end(&capture);
    ssize_t written = write(1, "seen", 4);
    dup2(own, 1);
    close(own);
    char text[16] = {0};
    ssize_t got = read(ends[0], text, sizeof text - 1);
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(written, 4);
    assert_int_equal(got, 4);
    assert_string_equal(text, "seen");
}

static void the_memory_of_a_flood_is_given_back_while_it_is_written(void **state)
{
    (void)state;
    struct capture capture = {-1, {-1, -1}, 0};
    static char piece[1 << 16];
    struct stat status = {0};
    blkcnt_t most = 0;
    size_t kept = 0;
    bool more = false;
    memset(piece, 'x', sizeof piece);
    capture_begin(&capture);
    printf("head\n");
    fflush(stdout);
    for (int i = 0; i < 1024; i++) { /* 64 MiB */
        if (write(1, piece, sizeof piece) < 0)
            break;
        if (i % 16 == 0)
            more = capture_bound(&capture);
        fstat(1, &status);
        most = status.st_blocks > most ? status.st_blocks : most;
    }
    printf("tail\n");
    size_t size = capture_size(&capture);
    char *text = capture_text(&capture, 0, size, &kept);
    capture_clear(&capture);
    bool after = capture_bound(&capture);
    size_t left = capture_size(&capture);
    capture_end(&capture);
    assert_true(more);
    assert_false(after);
    assert_int_equal(size, 1024 * sizeof piece + 10);
    assert_int_equal(left, 0);
    assert_true((size_t)most * 512 < 8 * CAPTURE_KEPT_MAX);
    assert_int_equal(strncmp(text, "head\nxxxx", 9), 0);
    assert_non_null(strstr(text, "xxxxtail\n\n[it wrote 67108874 bytes; "));
    assert_null(memchr(text, '\0', kept)); /* nothing of the hole */
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_streams_are_kept_in_order),
        cmocka_unit_test(a_cleared_capture_is_empty_and_goes_on),
        cmocka_unit_test(the_memory_of_a_flood_is_given_back_while_it_is_written),
        cmocka_unit_test(a_flood_keeps_head_and_tail_and_says_so),
        cmocka_unit_test(standard_output_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
