/* SPDX-License-Identifier: BSD-2-Clause */
/* test_cmocka_text.c: the texts are what cmocka 1.1.5 printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../runner/cmocka_text.h"

static void expect(const char *chatter, const char *wanted)
{
    char *message = cmocka_text_message(chatter, strlen(chatter));
    assert_non_null(message);
    assert_string_equal(message, wanted);
    free(message);
}

static void an_assertion_has_its_location_first(void **state)
{
    (void)state;
    expect("[  ERROR   ] --- 0x1 != 0x2\n[   LINE   ] --- a.c:9: error: Failure!\n[  PASSED  ] 0 test(s).\n"
           "[  FAILED  ] 1 test(s), listed below:\n[  FAILED  ] bad\n\n 1 FAILED TEST(S)\n",
           "a.c:9: 0x1 != 0x2");
}

static void a_setup_that_fails_is_told_without_ceremony(void **state)
{
    (void)state;
    expect("Could not run test: 0==1\n[   LINE   ] --- a.c:14: error: Failure!Test setup failed\n[  ERROR   ] ok\n",
           "a.c:14: 0==1\nTest setup failed");
    expect("Could not run test: Test setup failed\n[  ERROR   ] ok\n[==========] 1 test(s) run.\n", "Test setup failed");
}

static void a_leak_keeps_where_it_was_allocated(void **state)
{
    (void)state;
    expect("[  ERROR   ] --- Blocks allocated...\na.c:11: note: block 0x55 allocated here\nERROR: leak leaked 1 block(s)\n\n"
           "[  FAILED  ] leak\n",
           "Blocks allocated...\na.c:11: note: block 0x55 allocated here\nERROR: leak leaked 1 block(s)");
}

static void a_failure_without_words_is_its_place(void **state)
{
    (void)state;
    expect("[  ERROR   ] --- [   LINE   ] --- a.c:57: error: Failure!\n[  PASSED  ] 0 test(s).\n", "a.c:57:");
}

static void unknown_lines_are_kept(void **state)
{
    (void)state;
    expect("something new happened\n", "something new happened");
    expect("", "");
}

static void the_chatter_begins_at_its_last_mark(void **state)
{
    (void)state;
    const char output[] = "user\nCould not run test: Test setup failed\n";
    assert_int_equal(cmocka_text_begin(output, sizeof output - 1), 5);
    assert_int_equal(cmocka_text_begin("user\n", 5), 5);
}

static void any_bytes_are_survived(void **state)
{
    (void)state;
    const char *const pieces[] = {"[  ERROR   ] --- ", "[   LINE   ] --- ", ": error: Failure!", "\n",
                                  "Could not run test: ", "x", "[  PASSED  ]", "[", "[  FAILED  ]"};
    const unsigned seed = 4711;
    print_message("seed %u\n", seed);
    srand(seed);
    for (int round = 0; round < 20000; round++) {
        char chatter[512] = "";
        for (int i = rand() % 12; i > 0; i--)
            strcat(chatter, pieces[(size_t)rand() % (sizeof pieces / sizeof *pieces)]);
        size_t size = strlen(chatter);
        char *exact = malloc(size + 1);
        memcpy(exact, chatter, size); /* no zero byte: the length alone bounds it */
        char *message = cmocka_text_message(exact, size);
        assert_non_null(message);
        assert_true(strlen(message) <= 2 * size + 15);
        assert_true(cmocka_text_begin(exact, size) <= size);
        free(message);
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_assertion_has_its_location_first),
        cmocka_unit_test(a_setup_that_fails_is_told_without_ceremony),
        cmocka_unit_test(a_leak_keeps_where_it_was_allocated),
        cmocka_unit_test(a_failure_without_words_is_its_place),
        cmocka_unit_test(unknown_lines_are_kept),
        cmocka_unit_test(the_chatter_begins_at_its_last_mark),
        cmocka_unit_test(any_bytes_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
