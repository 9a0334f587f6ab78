/* SPDX-License-Identifier: BSD-2-Clause */
/* test_plan_list.c: --list as text and as JSON, and a stream that takes no more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_JANSSON
#include <jansson.h>
#endif

#include <mpirun_tests.h>

#include "../../runner/plan_list.h"

static char names[4][100] = {"halo.ring[np=4]/3", "io.write", "io.all", "io."};
static char tags[4][20] = {"slow io", "", "", ""};
static struct plan_unit unit = {.name = "io", .first = 1, .count = 2, .np = MRT_NP_ALL};
static struct plan_test tests[4] = {
    {.name = names[0],
     .suite = "halo",
     .file = "src/\"halo\".c",
     .line = 12,
     .np = 4,
     .case_number = 3,
     .timeout = 2.5,
     .priority = 7, .expect = MRT_ABORTS(3),
     .tags = tags[0],
     .unit = -1},
    {.name = names[1],
     .suite = "io",
     .file = "\xff\xfe.c",
     .line = 3,
     .np = 1,
     .timeout = -1,
     .priority = 100,
     .tags = tags[1],
     .unit = 0},
    {.name = names[2],
     .suite = "io",
     .file = "io.c",
     .line = 4,
     .np = MRT_NP_ALL,
     .timeout = 60,
     .priority = 100,
     .tags = tags[2],
     .unit = 0},
    {.name = names[3],
     .suite = "io",
     .file = "io.c",
     .line = 5,
     .np = 2,
     .timeout = 60,
     .priority = 100,
     .tags = tags[3],
     .unit = -1},
};
static const struct plan plan = {.tests = tests, .count = 3, .units = &unit, .unit_count = 1};

/* To be freed. */
static char *list(const struct plan *which, bool json)
{
    char *text = NULL;
    size_t size = 0;
    struct problem problem = {""};
    FILE *stream = open_memstream(&text, &size);
    assert_non_null(stream);
    int error = plan_list(which, json, stream, &problem);
    fclose(stream);
    assert_string_equal(problem.text, "");
    assert_int_equal(error, 0);
    return text;
}

static void text_has_a_line_for_each_test(void **state)
{
    (void)state;
    char *text = list(&plan, false);
    assert_string_equal(text, "halo.ring[np=4]/3  4 ranks  slow io\n"
                              "io.write           1 rank\n"
                              "io.all             all ranks\n");
    free(text);
}

static void a_long_name_does_not_widen_the_column(void **state)
{
    (void)state;
    struct plan longer = {.tests = tests + 2, .count = 2};
    memset(names[3] + 3, 'x', 80);
    char *text = list(&longer, false);
    assert_memory_equal(text, "io.all  all ranks\nio.xxx", 24);
    assert_non_null(strstr(text, "x  2 ranks\n"));
    free(text);
}

static void an_empty_plan_is_an_empty_list(void **state)
{
    (void)state;
    struct plan empty = {0};
    char *text = list(&empty, false);
    assert_string_equal(text, "");
    free(text);
}

#ifdef HAVE_JANSSON
static void json_says_it_all(void **state)
{
    (void)state;
    char *text = list(&plan, true);
    json_error_t error;
    json_t *document = json_loads(text, 0, &error), *all = json_object_get(document, "tests");
    free(text);
    assert_non_null(document);
    assert_int_equal(json_array_size(all), 3);
    const char *name, *suite, *file, *first, *second;
    const char *expected;
    int np, number, line, priority, isolated;
    double timeout;
    assert_int_equal(json_unpack(json_array_get(all, 0), "{s:s, s:s, s:i, s:i, s:f, s:i, s:b, s:s, s:[s, s!], s:n, s:s, s:i !}",
                                 "name", &name, "suite", &suite, "np", &np, "case", &number, "timeout", &timeout,
                                 "priority", &priority, "isolated", &isolated, "expect", &expected, "tags", &first, &second, "unit", "file",
                                 &file, "line", &line),
                     0);
    assert_false(isolated);
    assert_string_equal(expected, "MPI_Abort(3)");
    assert_string_equal(name, "halo.ring[np=4]/3");
    assert_string_equal(suite, "halo");
    assert_int_equal(np, 4);
    assert_int_equal(number, 3);
    assert_true(timeout == 2.5);
    assert_int_equal(priority, 7);
    assert_string_equal(first, "slow");
    assert_string_equal(second, "io");
    assert_string_equal(file, "src/\"halo\".c");
    assert_int_equal(line, 12);
    assert_true(json_is_null(json_object_get(json_array_get(all, 1), "timeout")));
    assert_true(json_is_null(json_object_get(json_array_get(all, 1), "expect")));
    assert_string_equal(json_string_value(json_object_get(json_array_get(all, 1), "file")), "??.c");
    assert_string_equal(json_string_value(json_object_get(json_array_get(all, 1), "unit")), "io");
    assert_int_equal(json_array_size(json_object_get(json_array_get(all, 1), "tags")), 0);
    assert_string_equal(json_string_value(json_object_get(json_array_get(all, 2), "np")), "all");
    json_decref(document);
}
#endif

static void json_without_jansson_or_on_a_full_disk_is_a_problem(void **state)
{
    (void)state;
    struct problem problem = {""};
    FILE *full = fopen("/dev/full", "w");
    if (!full)
        skip();
    assert_int_equal(plan_list(&plan, false, full, &problem), -EIO);
    assert_non_null(strstr(problem.text, "cannot be written"));
    problem.text[0] = '\0';
    int error = plan_list(&plan, true, full, &problem);
#ifdef HAVE_JANSSON
    assert_int_equal(error, -EIO);
#else
    assert_int_equal(error, -ENOTSUP);
#endif
    assert_string_not_equal(problem.text, "");
    fclose(full);
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(text_has_a_line_for_each_test),
        cmocka_unit_test(a_long_name_does_not_widen_the_column),
        cmocka_unit_test(an_empty_plan_is_an_empty_list),
#ifdef HAVE_JANSSON
        cmocka_unit_test(json_says_it_all),
#endif
        cmocka_unit_test(json_without_jansson_or_on_a_full_disk_is_a_problem),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
