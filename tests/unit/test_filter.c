/* SPDX-License-Identifier: BSD-2-Clause */
/* test_filter.c: GoogleTest's filters over our names, tag expressions, and what cannot be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../runner/filter.h"
#include "../../runner/random.h"

#define CHOOSES(filter, name) assert_true(filter_matches(filter, name))
#define LEAVES(filter, name)  assert_false(filter_matches(filter, name))

static void a_star_is_any_text_and_a_question_mark_any_character(void **state)
{
    (void)state;
    CHOOSES("halo.ring", "halo.ring");
    LEAVES("halo.rin", "halo.ring");
    LEAVES("halo.rings", "halo.ring");
    LEAVES("Halo.ring", "halo.ring");
    CHOOSES("*", "halo.ring");
    CHOOSES("halo.*", "halo.ring");
    CHOOSES("*.ring", "halo.ring");
    CHOOSES("h*o.*g", "halo.ring");
    CHOOSES("**l**", "halo.ring");
    CHOOSES("halo?ring", "halo.ring");
    LEAVES("halo.?", "halo.");
    LEAVES("?halo.ring", "halo.ring");
    LEAVES("halo.*x", "halo.ring");
    CHOOSES("*aab", "s.aaaab");
    LEAVES("halo.[a-z]ing", "halo.ring"); /* only * and ? are special, but a - begins what is left out */
}

static void one_of_several_patterns_is_enough(void **state)
{
    (void)state;
    CHOOSES("io.*:halo.*", "halo.ring");
    CHOOSES("io.*:halo.*", "io.read");
    LEAVES("io.*:halo.*", "solver.jacobi");
    CHOOSES("::halo.ring:", "halo.ring"); /* empty patterns match nothing */
}

static void after_a_minus_comes_what_is_left_out(void **state)
{
    (void)state;
    LEAVES("halo.*-*slow", "halo.slow");
    CHOOSES("halo.*-*slow", "halo.ring");
    CHOOSES("-io.*", "halo.ring");
    LEAVES("-io.*", "io.read");
    LEAVES("-io.*:halo.ring", "halo.ring");
    LEAVES("halo.*:io.*-*slow:io.write", "io.write");
    CHOOSES("halo.*-", "halo.ring");
    CHOOSES("-", "halo.ring");
    LEAVES(":-io.*", "halo.ring"); /* there are patterns before the minus, and none matches */
}

static void an_empty_filter_chooses_nothing(void **state)
{
    (void)state;
    LEAVES("", "halo.ring");
    LEAVES(":", "halo.ring");
}

static void a_name_without_its_suffixes_means_all_instances(void **state)
{
    (void)state;
    CHOOSES("halo.ring", "halo.ring[np=4]/3");
    CHOOSES("halo.ring[np=4]", "halo.ring[np=4]/3");
    CHOOSES("halo.ring[np=4]/3", "halo.ring[np=4]/3");
    CHOOSES("halo.ring", "halo.ring/3");
    CHOOSES("*.r?ng", "halo.ring[np=4]");
    LEAVES("halo.ring[np=4", "halo.ring[np=4]/3");
    LEAVES("halo.ring/3", "halo.ring[np=4]/3");
    LEAVES("halo.ring[np=4]/3", "halo.ring[np=4]/33");
    LEAVES("halo", "halo.ring");
    LEAVES("-halo.ring", "halo.ring[np=4]/3");
    LEAVES("-halo.ring[np=4]", "halo.ring[np=4]/3");
    CHOOSES("-halo.ring[np=4]", "halo.ring[np=2]/3");
    CHOOSES("*/3", "halo.ring[np=4]/3");
}

static void a_second_minus_is_refused(void **state)
{
    (void)state;
    struct problem problem = {""};
    assert_int_equal(filter_check("a.*-b.*", &problem), 0);
    assert_int_equal(filter_check("", &problem), 0);
    assert_string_equal(problem.text, "");
    assert_int_equal(filter_check("a.*-b.*-c.*", &problem), -EINVAL);
    assert_non_null(strstr(problem.text, "second '-'"));
    assert_non_null(strstr(problem.text, "a.*-b.*-c.*"));
}

static void a_pattern_of_many_stars_takes_no_long_time(void **state)
{
    (void)state;
    char pattern[2001], name[20001];
    for (size_t i = 0; i < 2000; i++)
        pattern[i] = i % 2 ? 'a' : '*';
    pattern[1999] = 'b';
    pattern[2000] = '\0';
    memset(name, 'a', 20000);
    name[20000] = '\0';
    LEAVES(pattern, name);
}

/* ---- Tags ---- */

#define TRUE_FOR(expression, tags)  assert_true(filter_tags_match(expression, tags))
#define FALSE_FOR(expression, tags) assert_false(filter_tags_match(expression, tags))

static void a_word_is_true_for_a_test_that_has_the_tag(void **state)
{
    (void)state;
    TRUE_FOR("slow", "slow");
    TRUE_FOR("slow", "io slow gpu");
    TRUE_FOR(" slow ", "\tio\tslow");
    FALSE_FOR("slow", "slower slo w");
    FALSE_FOR("slow", "");
    TRUE_FOR("np-4.x", "np-4.x");
    TRUE_FOR("order", "order"); /* begins with "or" */
    TRUE_FOR("notable and android", "android notable");
}

static void not_binds_before_and_before_or(void **state)
{
    (void)state;
    FALSE_FOR("slow and not io", "slow io");
    TRUE_FOR("slow and not io", "slow");
    TRUE_FOR("a or b and c", "a");
    FALSE_FOR("(a or b) and c", "a");
    TRUE_FOR("(a or b)and(c)", "b c");
    TRUE_FOR("not a or b", "b a");
    FALSE_FOR("not (a or b)", "b");
    TRUE_FOR("not not a", "a");
    TRUE_FOR("a and b or c and d", "c d");
    FALSE_FOR("a and b or c and d", "b c");
    TRUE_FOR("a or b or c", "c");
}

static void refused(const char *expression, const char *words)
{
    struct problem problem = {""};
    assert_int_equal(filter_tags_check(expression, &problem), -EINVAL);
    if (!strstr(problem.text, words))
        fail_msg("\"%s\" lacks \"%s\"", problem.text, words);
}

static void what_cannot_be_read_is_refused_with_its_place(void **state)
{
    (void)state;
    struct problem problem;
    assert_int_equal(filter_tags_check("slow and not (io or gpu)", &problem), 0);
    refused("", "ends where a tag");
    refused("  ", "ends where a tag");
    refused("slow and", "ends where a tag");
    refused("slow io", "\"io\" at character 6, where \"and\" or \"or\" is expected");
    refused("(slow", "ends where \"and\", \"or\" or \")\" is expected");
    refused("slow)", "\")\" at character 5");
    refused("()", "\")\" at character 2, where a tag");
    refused("and slow", "\"and\" at character 1");
    refused("slow or or io", "\"or\" at character 9");
    refused("not", "ends where a tag");
    refused("a not b", "\"not\" at character 3");
    refused("(a b)", "\"b\" at character 4");
}

static void depth_is_bounded(void **state)
{
    (void)state;
    char deep[2 * FILTER_DEPTH_MAX + 8];
    size_t depth = FILTER_DEPTH_MAX;
    memset(deep, '(', depth);
    strcpy(deep + depth, "a");
    memset(deep + depth + 1, ')', depth);
    deep[2 * depth + 1] = '\0';
    refused(deep, "fewer parentheses");
    struct problem problem;
    deep[2 * depth] = '\0';
    assert_int_equal(filter_tags_check(deep + 1, &problem), 0);
    TRUE_FOR(deep + 1, "a");
}

static void any_text_is_read_or_refused(void **state)
{
    (void)state;
    static const char *const pieces[] = {"and",  "or", "not", "(", ")", " ", "a",
                                         "slow", "*",  "?",   "-", ":", "[", "\xff"};
    struct random_source source;
    uint64_t seed = 5;
    size_t accepted = 0;
    print_message("seed %llu\n", (unsigned long long)seed);
    random_init(&source, seed);
    for (int i = 0; i < 20000; i++) {
        char text[200] = "";
        struct problem problem = {""};
        for (uint64_t j = random_below(&source, 20); j > 0; j--)
            strcat(text, pieces[random_below(&source, sizeof pieces / sizeof *pieces)]);
        int error = filter_tags_check(text, &problem);
        assert_true(error == 0 || error == -EINVAL);
        assert_true((error == 0) == (problem.text[0] == '\0'));
        if (error == 0) { /* what it says is not what its negation says */
            char negation[220];
            snprintf(negation, sizeof negation, "not (%s)", text);
            assert_int_equal(filter_tags_check(negation, &problem), 0);
            assert_true(filter_tags_match(text, "a slow") != filter_tags_match(negation, "a slow"));
            accepted++;
        }
        if (filter_check(text, &problem) == 0)
            filter_matches(text, "slow.a[np=2]/1");
    }
    assert_true(accepted > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_star_is_any_text_and_a_question_mark_any_character),
        cmocka_unit_test(one_of_several_patterns_is_enough),
        cmocka_unit_test(after_a_minus_comes_what_is_left_out),
        cmocka_unit_test(an_empty_filter_chooses_nothing),
        cmocka_unit_test(a_name_without_its_suffixes_means_all_instances),
        cmocka_unit_test(a_second_minus_is_refused),
        cmocka_unit_test(a_pattern_of_many_stars_takes_no_long_time),
        cmocka_unit_test(a_word_is_true_for_a_test_that_has_the_tag),
        cmocka_unit_test(not_binds_before_and_before_or),
        cmocka_unit_test(what_cannot_be_read_is_refused_with_its_place),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(any_text_is_read_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
