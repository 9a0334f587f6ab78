/* SPDX-License-Identifier: BSD-2-Clause */
/* test_report_junit.c: a whole and valid document from the start to the end of the run; read back with libxml2, where
 * there is one. */
#include <errno.h>
#include <time.h>

#include "report_events.h"

#ifdef HAVE_LIBXML2

#include <libxml/parser.h>
#include <libxml/xpath.h>

static xmlDocPtr read_document(const char *path)
{
    xmlDocPtr document = xmlReadFile(path, NULL, XML_PARSE_NONET | XML_PARSE_NOWARNING | XML_PARSE_HUGE);

    if (!document)
        fail_msg("%s is no XML", path);
    return document;
}

/* The string value of an XPath expression; the caller frees. */
static char *value_of(xmlDocPtr document, const char *expression)
{
    xmlXPathContextPtr context = xmlXPathNewContext(document);
    xmlXPathObjectPtr object = xmlXPathEvalExpression((const xmlChar *)expression, context);
    char *value;

    assert_non_null(object);
    value = (char *)xmlXPathCastToString(object);
    xmlXPathFreeObject(object);
    xmlXPathFreeContext(context);
    return value;
}

static void assert_value_is(xmlDocPtr document, const char *expression, const char *expected)
{
    char *value = value_of(document, expression);

    if (strcmp(value, expected) != 0)
        fail_msg("%s is '%s', not '%s'", expression, value, expected);
    xmlFree(value);
}

static struct reporter *begin(const char *path)
{
    struct event_run_started started = run_of(planned_tests, PLANNED);
    struct reporter *reporter;
    struct problem problem;

    assert_int_equal(reporter_junit.create(&reporter, &(struct reporter_settings){.path = path}, &problem), 0);
    reporter_junit.run_started(reporter, &started);
    return reporter;
}

static void a_run_is_told_in_the_order_of_the_plan(void **state)
{
    struct folder folder;
    xmlDocPtr document;

    (void)state;
    make_folder(&folder, "report.xml");
    tell_run(&reporter_junit, &(struct reporter_settings){.path = folder.file});
    document = read_document(folder.file);
    assert_value_is(document, "name(/*)", "testsuites");
    assert_value_is(document, "concat(/*/@tests, ' ', /*/@failures, ' ', /*/@errors, ' ', /*/@time)", "5 2 0 1.236000");
    assert_value_is(document, "count(/testsuites/testsuite)", "2");
    assert_value_is(document, "concat(//testsuite[1]/@name, ' ', //testsuite[2]/@name)", "halo io");
    assert_value_is(document,
                    "concat(//testsuite[1]/@tests, //testsuite[1]/@failures, //testsuite[1]/@errors,"
                    " //testsuite[1]/@skipped)",
                    "3200");
    assert_value_is(document,
                    "concat(//testsuite[2]/@tests, //testsuite[2]/@failures, //testsuite[2]/@errors,"
                    " //testsuite[2]/@skipped)",
                    "2001");
    assert_value_is(document, "string(//testsuite[1]/@time)", "0.513000");
    assert_value_is(document, "string(//testsuite[1]/@timestamp)", "2023-11-14T22:13:20Z");
    assert_value_is(document, "string(//testsuite[1]/properties/property[@name='mpi']/@value)", "mpimock 0.1.0");
    assert_value_is(document, "string(//testsuite[1]/properties/property[@name='ranks']/@value)", "5");
    assert_value_is(document, "string(//testsuite[1]/properties/property[@name='nodes']/@value)", "n1 n2");
    assert_value_is(document, "string(//testsuite[2]/properties/property[@name='seed']/@value)", "42");
    assert_value_is(document,
                    "concat(//testsuite[1]/testcase[1]/@name, ' ', //testsuite[1]/testcase[2]/@name, ' ',"
                    " //testsuite[1]/testcase[3]/@name)",
                    "ring[np=4] sum spin");
    assert_value_is(document,
                    "concat(//testcase[@name='write']/@classname, //testcase[@name='write']/@file,"
                    " //testcase[@name='write']/@line, ' ', //testcase[@name='write']/@time)",
                    "iotests/io.c8 0.003000");
    xmlFreeDoc(document);
    remove_folder(&folder);
}

static void each_outcome_has_its_element(void **state)
{
    struct folder folder;
    xmlDocPtr document;

    (void)state;
    make_folder(&folder, "report.xml");
    tell_run(&reporter_junit, &(struct reporter_settings){.path = folder.file});
    document = read_document(folder.file);
    assert_value_is(document, "count(//failure | //error | //skipped)", "3");
    assert_value_is(document, "string(//testcase[@name='ring[np=4]']/failure/@message)", "tests/halo.c:21: 0x3 != 0x2");
    assert_value_is(document, "string(//testcase[@name='ring[np=4]']/failure/@type)", "failed");
    assert_value_is(document, "string(//testcase[@name='ring[np=4]']/failure)",
                    "rank 2 (n2): tests/halo.c:21: 0x3 != 0x2\n");
    assert_value_is(document, "string(//testcase[@name='ring[np=4]']/system-out)",
                    "output of ranks 0-1,3:\nhello\noutput of rank 2:\nI am different\n");
    assert_value_is(document, "string(//testcase[@name='ring[np=4]']//property[@name='ranks']/@value)", "1-4");
    assert_value_is(document, "string(//testcase[@name='spin']/failure/@type)", "timeout");
    assert_value_is(document, "string(//testcase[@name='large']/skipped/@message)", "needs 6 ranks, the job has 5");
    assert_value_is(document, "string(//testcase[@name='write']/system-out)", "wrote 3 bytes\n");
    assert_value_is(document, "count(//testcase[@name='sum']/system-out)", "0");
    xmlFreeDoc(document);
    remove_folder(&folder);
}

static void what_a_test_left_behind_is_its_standard_error(void **state)
{
    struct event_rank_result ranks[2];
    struct event_test_finished event = end_with_warnings(ranks);
    struct folder folder;
    struct problem problem;
    xmlDocPtr document;

    (void)state;
    make_folder(&folder, "report.xml");
    struct reporter *reporter = begin(folder.file);
    reporter_junit.test_finished(reporter, &event);
    assert_int_equal(reporter_junit.destroy(reporter, &problem), 0);
    document = read_document(folder.file);
    assert_value_is(document, "string(//testcase[@name='sum']/system-err)",
                    "warning of rank 0 (n1):\n    the umask was changed from 022 to 077\n    a group was never freed\n"
                    "warning of rank 1 (n1):\n    a \uFFFD[31mgroup was never freed\n");
    xmlFreeDoc(document);
    remove_folder(&folder);
}

static void flaky_not_run_and_errors_are_told(void **state)
{
    const struct event_rank_result passed = on_rank(1, 0, "n1", OUTCOME_PASSED, "", "");
    const struct event_test_finished flaky = end_of(RING, "halo.ring[np=4]", OUTCOME_FLAKY, 0.1, "", &passed, 1);
    const struct event_test_finished not_run = end_of(SUM, "halo.sum", OUTCOME_NOTRUN, 0, "stopped", NULL, 0);
    const struct event_run_finished finished = {.total = PLANNED, .status = EXIT_STATUS_FAILED};
    const struct event_test_finished error = end_of(SPIN, "halo.spin", OUTCOME_ERROR, 0, "the set-up failed", NULL, 0);
    struct reporter *reporter;
    struct problem problem;
    struct folder folder;
    xmlDocPtr document;

    (void)state;
    make_folder(&folder, "report.xml");
    reporter = begin(folder.file);
    reporter_junit.test_finished(reporter, &error);
    reporter_junit.test_finished(reporter, &flaky);
    reporter_junit.test_finished(reporter, &not_run);
    reporter_junit.test_finished(reporter, &not_run); /* a second time: counted once */
    reporter_junit.run_finished(reporter, &finished);
    assert_int_equal(reporter_junit.destroy(reporter, &problem), 0);
    document = read_document(folder.file);
    assert_value_is(document, "string(//testcase[@name='ring[np=4]']//property[@name='outcome']/@value)", "flaky");
    assert_value_is(document, "count(//testcase[@name='ring[np=4]']/*)", "1");
    assert_value_is(document, "string(//testcase[@name='spin']/error/@message)", "the set-up failed");
    assert_value_is(document, "string(//testsuite[1]/@errors)", "1");
    assert_value_is(document, "string(//testcase[@name='sum']/skipped/@message)", "not run: stopped");
    assert_value_is(document, "string(//testcase[@name='write']/skipped/@message)", "not run");
    assert_value_is(document, "string(//testsuite[1]/@skipped)", "1");
    xmlFreeDoc(document);
    remove_folder(&folder);
}

static void whatever_tests_write_the_document_stays_valid(void **state)
{
    static const char *const nasty[] = {"]]>",
                                        "<a b='c' d=\"e\">&amp;</failure>",
                                        "\x01\x1B[31m\x7F",
                                        "\xFF\xC0\xED\xA0\x80",
                                        "\xEF\xBF\xBE\xEF\xBF\xBF",
                                        "a\r\nb\tc\n",
                                        "<![CDATA[",
                                        "<!-- -- -->",
                                        "&#0;",
                                        ""};
    const size_t count = sizeof nasty / sizeof nasty[0];
    struct event_planned_test tests[sizeof nasty / sizeof nasty[0]];
    struct event_run_started started;
    const struct event_run_finished finished = {.total = count};
    struct reporter *reporter;
    struct problem problem;
    struct folder folder;
    xmlDocPtr document;

    (void)state;
    make_folder(&folder, "report.xml");
    for (size_t i = 0; i < count; i++)
        tests[i] = (struct event_planned_test){.name = nasty[i], .suite = nasty[i], .file = nasty[i], .line = -1};
    started = run_of(tests, count);
    started.mpi = "<&>\x01";
    assert_int_equal(reporter_junit.create(&reporter, &(struct reporter_settings){.path = folder.file}, &problem), 0);
    reporter_junit.run_started(reporter, &started);
    xmlFreeDoc(read_document(folder.file));
    for (size_t i = 0; i < count; i++) {
        struct event_rank_result result = on_rank(1, 0, nasty[i], OUTCOME_FAILED, nasty[i], nasty[i]);
        struct event_test_finished failed;

        result.output_size += 1; /* the NUL too */
        failed = end_of(i, nasty[i], i % 2 ? OUTCOME_FAILED : OUTCOME_SKIPPED, 0.001, nasty[i], &result, 1);
        reporter_junit.test_finished(reporter, &failed);
    }
    reporter_junit.run_finished(reporter, &finished);
    assert_int_equal(reporter_junit.destroy(reporter, &problem), 0);
    document = read_document(folder.file);
    assert_value_is(document, "count(//testcase)", "10");
    assert_value_is(document, "string(//testsuite[1]/@name)", "]]>");
    assert_value_is(document, "string(//testsuite[1]//skipped/@message)", "]]>");
    assert_value_is(document, "string(//testsuite[2]/testcase/@name)", "<a b='c' d=\"e\">&amp;</failure>");
    assert_value_is(document, "starts-with(//testsuite[2]//failure, \"rank 0 (<a b='c' d=\")", "true");
    assert_value_is(document, "string(//testsuite[4]/@name)",
                    "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    assert_value_is(document, "string(//testsuite[1]//property[@name='mpi']/@value)", "<&>\xEF\xBF\xBD");
    xmlFreeDoc(document);
    remove_folder(&folder);
}

static void long_messages_and_output_are_cut(void **state)
{
    char *output = malloc(1000001);
    const struct event_run_finished finished = {.total = PLANNED};
    struct event_rank_result result;
    struct event_test_finished failed;
    struct reporter *reporter;
    struct problem problem;
    struct folder folder;
    xmlDocPtr document;

    (void)state;
    memset(output, 'x', 1000000);
    output[1000000] = '\0';
    result = on_rank(1, 0, "n1", OUTCOME_FAILED, output, output);
    failed = end_of(RING, "halo.ring[np=4]", OUTCOME_FAILED, 0.001, output, &result, 1);
    make_folder(&folder, "report.xml");
    reporter = begin(folder.file);
    reporter_junit.test_finished(reporter, &failed);
    reporter_junit.run_finished(reporter, &finished);
    assert_int_equal(reporter_junit.destroy(reporter, &problem), 0);
    document = read_document(folder.file);
    assert_value_is(document, "string-length(//failure/@message) < 1100", "true");
    assert_value_is(document, "contains(//failure, 'bytes left out]') and string-length(//failure) < 17000", "true");
    assert_value_is(document, "contains(//system-out, 'bytes left out]') and string-length(//system-out) < 66000",
                    "true");
    xmlFreeDoc(document);
    free(output);
    remove_folder(&folder);
}

static void the_file_is_whole_from_the_start(void **state)
{
    struct event_run_started started = run_of(planned_tests, PLANNED);
    const struct event_rank_result result = on_rank(1, 0, "n1", OUTCOME_PASSED, "", "");
    const struct event_test_finished passed = end_of(SUM, "halo.sum", OUTCOME_PASSED, 0.001, "", &result, 1);
    struct reporter *reporter;
    struct problem problem;
    struct folder folder;
    xmlDocPtr document;

    (void)state;
    make_folder(&folder, "report.xml");
    assert_int_equal(reporter_junit.create(&reporter, &(struct reporter_settings){.path = folder.file}, &problem), 0);
    document = read_document(folder.file);
    assert_value_is(document, "concat(name(/*), count(/*/*))", "testsuites0");
    xmlFreeDoc(document);
    reporter_junit.run_started(reporter, &started);
    document = read_document(folder.file);
    assert_value_is(document, "count(//testcase[skipped/@message='not run yet'])", "5");
    assert_value_is(document, "string(//testsuite[1]/@skipped)", "3");
    xmlFreeDoc(document);
    reporter_junit.test_finished(reporter, &passed);
    assert_int_equal(reporter_junit.destroy(reporter, &problem), 0); /* without an end of the run */
    document = read_document(folder.file);
    assert_value_is(document, "count(//testcase[skipped])", "4");
    assert_value_is(document, "count(//testcase[@name='sum']/skipped)", "0");
    xmlFreeDoc(document);
    remove_folder(&folder);
}

static void what_was_held_back_is_written_a_second_later(void **state)
{
    const struct event_rank_result result = on_rank(1, 0, "n1", OUTCOME_PASSED, "", "");
    const struct event_test_finished passed = end_of(SUM, "halo.sum", OUTCOME_PASSED, 0.001, "", &result, 1);
    const struct timespec second = {.tv_sec = 1, .tv_nsec = 10000000};
    struct reporter *reporter;
    struct problem problem;
    struct folder folder;
    xmlDocPtr document;

    (void)state;
    make_folder(&folder, "report.xml");
    reporter = begin(folder.file);
    reporter_junit.test_finished(reporter, &passed);
    reporter_junit.tick(reporter);
    document = read_document(folder.file);
    assert_value_is(document, "count(//skipped)", "5"); /* too early */
    xmlFreeDoc(document);
    clock_nanosleep(CLOCK_MONOTONIC, 0, &second, NULL); /* the bound itself is what is tested */
    reporter_junit.tick(reporter);
    document = read_document(folder.file);
    assert_value_is(document, "count(//skipped)", "4");
    xmlFreeDoc(document);
    assert_int_equal(reporter_junit.destroy(reporter, &problem), 0);
    remove_folder(&folder);
}

static void many_tests_are_told_in_little_time(void **state)
{
    enum { MANY = 20000 };
    struct event_planned_test *tests = calloc(MANY, sizeof *tests);
    char(*names)[24] = calloc(MANY, sizeof *names);
    const struct event_rank_result result = on_rank(1, 0, "n1", OUTCOME_PASSED, "", "output\n");
    const struct event_run_finished finished = {.total = MANY};
    struct event_run_started started;
    struct reporter *reporter;
    struct problem problem;
    struct folder folder;
    xmlDocPtr document;
    clock_t began, used;

    (void)state;
    make_folder(&folder, "report.xml");
    for (size_t i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "many.t%zu", i);
        tests[i] =
            (struct event_planned_test){.name = names[i], .suite = i % 2 ? "many" : "even", .file = "a.c", .line = 1};
    }
    started = run_of(tests, MANY);
    began = clock();
    assert_int_equal(reporter_junit.create(&reporter, &(struct reporter_settings){.path = folder.file}, &problem), 0);
    reporter_junit.run_started(reporter, &started);
    for (size_t i = 0; i < MANY; i++) {
        struct event_test_finished passed = end_of(MANY - 1 - i, "", OUTCOME_PASSED, 0.001, "", &result, 1);

        reporter_junit.test_finished(reporter, &passed);
    }
    reporter_junit.run_finished(reporter, &finished);
    assert_int_equal(reporter_junit.destroy(reporter, &problem), 0);
    used = clock() - began;
    print_message("%d tests: %.2f s of CPU time\n", MANY, (double)used / CLOCKS_PER_SEC);
    assert_true(used < 30 * CLOCKS_PER_SEC); /* 0.4 s; rewriting all at each end would take minutes */
    document = read_document(folder.file);
    assert_value_is(document, "count(//testcase)", "20000");
    assert_value_is(document, "count(//skipped)", "0");
    assert_value_is(document, "string(//testsuite[2]/testcase[10000]/@name)", "t19999");
    xmlFreeDoc(document);
    remove_folder(&folder);
    free(names);
    free(tests);
}

static void a_pipe_gets_the_document_once(void **state)
{
    struct problem problem;
    struct reporter *reporter;
    const struct event_run_finished finished = {.total = PLANNED};
    char path[32], bytes[65536];
    ssize_t size;
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[1]);
    reporter = begin(path);
    tell_ends(&reporter_junit, reporter);
    reporter_junit.run_finished(reporter, &finished);
    assert_int_equal(reporter_junit.destroy(reporter, &problem), 0);
    close(ends[1]);
    size = read(ends[0], bytes, sizeof bytes - 1);
    assert_true(size > 0);
    bytes[size] = '\0';
    assert_int_equal(occurrences(bytes, "<?xml"), 1);
    assert_int_equal(occurrences(bytes, "</testsuites>"), 1);
    close(ends[0]);
}

static void a_place_that_cannot_be_written_is_refused_or_told_at_the_end(void **state)
{
    struct event_run_started started = run_of(planned_tests, PLANNED);
    const struct event_run_finished finished = {.total = PLANNED};
    struct reporter *reporter;
    struct problem problem;

    (void)state;
    assert_int_equal(reporter_junit.create(&reporter, &(struct reporter_settings){.path = "/nowhere/x.xml"}, &problem),
                     -ENOENT);
    assert_contains(problem.text, "/nowhere/x.xml: No such file");
    assert_true(reporter_junit.create(&reporter, &(struct reporter_settings){.path = "/sys/x.xml"}, &problem) < 0);
    assert_contains(problem.text, "/sys/x.xml: ");
    assert_int_equal(reporter_junit.create(&reporter, &(struct reporter_settings){.path = "/dev/full"}, &problem), 0);
    reporter_junit.run_started(reporter, &started);
    reporter_junit.run_finished(reporter, &finished);
    assert_int_equal(reporter_junit.destroy(reporter, &problem), -ENOSPC);
    assert_contains(problem.text, "/dev/full: No space left on device");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_is_told_in_the_order_of_the_plan),
        cmocka_unit_test(each_outcome_has_its_element),
        cmocka_unit_test(what_a_test_left_behind_is_its_standard_error),
        cmocka_unit_test(flaky_not_run_and_errors_are_told),
        cmocka_unit_test(whatever_tests_write_the_document_stays_valid),
        cmocka_unit_test(long_messages_and_output_are_cut),
        cmocka_unit_test(the_file_is_whole_from_the_start),
        cmocka_unit_test(what_was_held_back_is_written_a_second_later),
        cmocka_unit_test(many_tests_are_told_in_little_time),
        cmocka_unit_test(a_pipe_gets_the_document_once),
        cmocka_unit_test(a_place_that_cannot_be_written_is_refused_or_told_at_the_end),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    xmlCleanupParser();
    return failed;
}

#else

static void a_build_without_libxml2_says_so(void **state)
{
    struct reporter *reporter;
    struct problem problem;

    (void)state;
    assert_int_equal(reporter_junit.create(&reporter, &(struct reporter_settings){.path = "-"}, &problem), -ENOTSUP);
    assert_contains(problem.text, "no libxml2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_build_without_libxml2_says_so)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
