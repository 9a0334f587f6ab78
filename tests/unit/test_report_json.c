/* SPDX-License-Identifier: BSD-2-Clause */
/* test_report_json.c: one valid object a line, whatever tests write; read back with jansson, where there is one. */
#include <errno.h>

#include "report_events.h"

#ifdef HAVE_JANSSON

#include <jansson.h>

#define LINES_MAX 16

/* The report's lines, each read as an object. */
struct lines {
    json_t *objects[LINES_MAX];
    size_t count;
};
static void read_lines(struct lines *lines, char *text)
{
    char *line = text, *end;

    lines->count = 0;
    for (; *line; line = end + 1) {
        json_error_t error;

        end = strchr(line, '\n');
        assert_non_null(end); /* the last line has its newline as well */
        assert_true(lines->count < LINES_MAX);
        lines->objects[lines->count] = json_loadb(line, (size_t)(end - line), JSON_REJECT_DUPLICATES, &error);
        if (!lines->objects[lines->count])
            fail_msg("no JSON: %s in %.*s", error.text, (int)(end - line), line);
        lines->count++;
    }
}
static void free_lines(struct lines *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        json_decref(lines->objects[i]);
}

static const char *string_at(const json_t *object, const char *key)
{
    const char *string = json_string_value(json_object_get(object, key));

    assert_non_null(string);
    return string;
}
static json_int_t integer_at(const json_t *object, const char *key)
{
    assert_true(json_is_integer(json_object_get(object, key)));
    return json_integer_value(json_object_get(object, key));
}
static void assert_json_is(const json_t *value, const char *expected)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

    assert_string_equal(text, expected);
    free(text);
}

static void a_run_is_told_in_the_documented_form(void **state)
{
    struct folder folder;
    struct lines lines;
    char *text;

    (void)state;
    make_folder(&folder, "report.json");
    tell_run(&reporter_json, &(struct reporter_settings){.path = folder.file});
    text = contents_of(folder.file);
    remove_folder(&folder);
    assert_ptr_equal(strstr(text,
                            "{\"type\":\"run\",\"version\":\"0.1.0\",\"mpi\":\"mpimock 0.1.0\",\"suites\":\"halo, io\","
                            "\"ranks\":5,\"nodes\":[\"n1\",\"n2\"],\"tests\":5,\"time\":1700000000.25,\"seed\":42}\n"),
                     text);
    assert_contains(text, "\n{\"type\":\"result\",\"test\":\"io.write\",\"outcome\":\"passed\",\"seconds\":0.003,"
                          "\"ranks\":[1],\"nodes\":[\"n1\"]}\n"); /* nothing more of one that passed */
    read_lines(&lines, text);
    assert_int_equal(lines.count, 7);

    const json_t *ring = lines.objects[2], *skipped = lines.objects[3], *summary = lines.objects[6];
    assert_string_equal(string_at(ring, "test"), "halo.ring[np=4]");
    assert_string_equal(string_at(ring, "outcome"), "failed");
    assert_string_equal(string_at(ring, "message"), "tests/halo.c:21: 0x3 != 0x2");
    assert_json_is(json_object_get(ring, "ranks"), "[1,2,3,4]");
    assert_json_is(json_object_get(ring, "nodes"), "[\"n1\",\"n2\"]");
    assert_int_equal(json_array_size(json_object_get(ring, "per_rank")), 4);
    assert_json_is(json_array_get(json_object_get(ring, "per_rank"), 2),
                   "{\"rank\":3,\"team_rank\":2,\"node\":\"n2\",\"outcome\":\"failed\",\"seconds\":0.002,"
                   "\"message\":\"tests/halo.c:21: 0x3 != 0x2\",\"output\":\"I am different\\n\"}");
    assert_string_equal(string_at(skipped, "outcome"), "skipped");
    assert_string_equal(string_at(skipped, "message"), "needs 6 ranks, the job has 5");
    assert_json_is(json_object_get(skipped, "ranks"), "[]");

    assert_string_equal(string_at(summary, "type"), "summary");
    assert_int_equal(integer_at(summary, "total"), 5);
    assert_int_equal(integer_at(summary, "exit_status"), 1);
    assert_int_equal(integer_at(summary, "ranks_wanted"), 6);
    assert_true(json_is_false(json_object_get(summary, "interrupted")));
    assert_int_equal(json_object_size(json_object_get(summary, "counts")), OUTCOME_COUNT);
    assert_int_equal(integer_at(json_object_get(summary, "counts"), "passed"), 2);
    assert_int_equal(integer_at(json_object_get(summary, "counts"), "timeout"), 1);
    assert_int_equal(integer_at(json_object_get(summary, "counts"), "notrun"), 0);
    free_lines(&lines);
    free(text);
}

/* The object that a run of one test, that ended so, tells of it; the caller lets it go. */
static json_t *json_of_end(const struct event_test_finished *event)
{
    struct reporter *reporter;
    struct problem problem;
    struct folder folder;
    struct lines lines;
    char *text;

    make_folder(&folder, "report.json");
    assert_int_equal(reporter_json.create(&reporter, &(struct reporter_settings){.path = folder.file}, &problem), 0);
    reporter_json.test_finished(reporter, event);
    text = contents_of(folder.file); /* there at once, not only at the end */
    read_lines(&lines, text);
    free(text);
    assert_int_equal(lines.count, 1);
    assert_int_equal(reporter_json.destroy(reporter, &problem), 0);
    remove_folder(&folder);
    return lines.objects[0];
}

static void bytes_of_tests_become_valid_strings(void **state)
{
    struct event_rank_result result = on_rank(1, 0, "n1", OUTCOME_FAILED, "\xC3\x28 \"\\ ]]> \x01\n", "");
    const struct event_test_finished failed = end_of(0, "a.b\xFF", OUTCOME_FAILED, 0.001, "\x80", &result, 1);
    json_t *object, *rank;

    (void)state;
    result.output = "a\0b\xF0\x9F\x98\x80\xF0\x9F\r\n";
    result.output_size = 11;
    object = json_of_end(&failed);
    rank = json_array_get(json_object_get(object, "per_rank"), 0);
    assert_string_equal(string_at(object, "test"), "a.b\xEF\xBF\xBD");
    assert_string_equal(string_at(object, "message"), "\xEF\xBF\xBD");
    assert_string_equal(string_at(rank, "message"), "\xEF\xBF\xBD( \"\\ ]]> \x01\n");
    assert_string_equal(string_at(rank, "output"), "a\xEF\xBF\xBD"
                                                   "b\xF0\x9F\x98\x80\xEF\xBF\xBD\r\n");
    json_decref(object);
}

static void what_a_test_left_behind_is_told_by_ranks(void **state)
{
    struct event_rank_result ranks[2];
    struct event_test_finished event = end_with_warnings(ranks);
    json_t *object = json_of_end(&event);

    (void)state;
    assert_string_equal(string_at(object, "outcome"), "passed");
    assert_json_is(json_object_get(object, "warnings"),
                   "[{\"team_ranks\":[0],\"lines\":[\"the umask was changed from 022 to 077\",\"a group was never freed\"]},"
                   "{\"team_ranks\":[1],\"lines\":[\"a \\u001B[31mgroup was never freed\"]}]");
    json_decref(object);
}

static void numbers_that_json_lacks_are_none(void **state)
{
    const struct event_test_finished passed = end_of(0, "a.b", OUTCOME_PASSED, -1e300 * 1e300, "", NULL, 0);
    json_t *object = json_of_end(&passed);

    (void)state;
    assert_true(json_real_value(json_object_get(object, "seconds")) == 0);
    json_decref(object);
}

static void huge_output_is_cut_for_each_rank_and_for_all(void **state)
{
    static struct event_rank_result results[1000];
    const struct event_test_finished failed = end_of(0, "a.b", OUTCOME_FAILED, 0.001, "no", results, 1000);
    char *output = malloc(100001);
    json_t *object;

    (void)state;
    memset(output, 'x', 100000);
    output[100000] = '\0';
    for (int i = 0; i < 1000; i++)
        results[i] = on_rank(i, i, "n1", OUTCOME_FAILED, "no", output);
    object = json_of_end(&failed);
    assert_int_equal(json_array_size(json_object_get(object, "ranks")), 1000);
    for (size_t i = 0; i < 1000; i++) {
        const char *told = string_at(json_array_get(json_object_get(object, "per_rank"), i), "output");

        assert_contains(told, "bytes left out]");
        assert_true(strlen(told) < 10000);
    }
    json_decref(object);
    free(output);
}

static void seeds_beyond_exact_numbers_are_strings(void **state)
{
    struct event_run_started started = run_of(NULL, 0);
    struct reporter *reporter;
    struct problem problem;
    struct folder folder;
    struct lines lines;
    char *text;

    (void)state;
    make_folder(&folder, "report.json");
    assert_int_equal(reporter_json.create(&reporter, &(struct reporter_settings){.path = folder.file}, &problem), 0);
    started.seed = UINT64_MAX;
    reporter_json.run_started(reporter, &started);
    started.shuffled = false;
    started.suites = NULL;
    reporter_json.run_started(reporter, &started);
    assert_int_equal(reporter_json.destroy(reporter, &problem), 0);
    text = contents_of(folder.file);
    remove_folder(&folder);
    read_lines(&lines, text);
    assert_string_equal(string_at(lines.objects[0], "seed"), "18446744073709551615");
    assert_null(json_object_get(lines.objects[1], "seed"));
    free_lines(&lines);
    free(text);
}

static void a_full_disk_is_told_at_the_end(void **state)
{
    struct event_run_started started = run_of(planned_tests, PLANNED);
    struct reporter *reporter;
    struct problem problem;

    (void)state;
    assert_int_equal(reporter_json.create(&reporter, &(struct reporter_settings){.path = "/dev/full"}, &problem), 0);
    reporter_json.run_started(reporter, &started);
    assert_int_equal(reporter_json.destroy(reporter, &problem), -ENOSPC);
    assert_contains(problem.text, "/dev/full: No space left on device");
    assert_true(reporter_json.create(&reporter, &(struct reporter_settings){.path = "/nowhere/x"}, &problem) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_is_told_in_the_documented_form),
        cmocka_unit_test(bytes_of_tests_become_valid_strings),
        cmocka_unit_test(what_a_test_left_behind_is_told_by_ranks),
        cmocka_unit_test(numbers_that_json_lacks_are_none),
        cmocka_unit_test(huge_output_is_cut_for_each_rank_and_for_all),
        cmocka_unit_test(seeds_beyond_exact_numbers_are_strings),
        cmocka_unit_test(a_full_disk_is_told_at_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

static void a_build_without_jansson_says_so(void **state)
{
    struct reporter *reporter;
    struct problem problem;

    (void)state;
    assert_int_equal(reporter_json.create(&reporter, &(struct reporter_settings){.path = "-"}, &problem), -ENOTSUP);
    assert_contains(problem.text, "no jansson");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_build_without_jansson_says_so)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
