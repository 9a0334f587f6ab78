/* SPDX-License-Identifier: BSD-2-Clause */
/* test_hostfile.c: both dialects are understood, and every other line is refused with its number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "hostfile.h"

static int parse(struct hostfile *hostfile, const char *text, struct problem *problem)
{
    problem->text[0] = '\0';
    return hostfile_parse(hostfile, text, strlen(text), "hosts", problem);
}

static void both_dialects_give_hosts_and_slots(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "n1 slots=4 max_slots=8\nn2 slots=2\n",
        "n1:4\nn2:2\n",
        "# two nodes\n\n  n1\tslots=4 max-slots=4 # comment\r\nn2:2 ifname=eth0 binding=user:0,1",
        "n1\nn1\nn1\nn1\nn2 slots=2",
        "n1:1\nn2:2\nn1 slots=3\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct hostfile hostfile;
        struct problem problem;
        assert_int_equal(parse(&hostfile, texts[i], &problem), 0);
        assert_int_equal(hostfile.count, 2);
        assert_string_equal(hostfile.hosts[0].name, "n1");
        assert_int_equal(hostfile.hosts[0].slots, 4);
        assert_string_equal(hostfile.hosts[1].name, "n2");
        assert_int_equal(hostfile.hosts[1].slots, 2);
        assert_int_equal(hostfile_slots(&hostfile), 6);
        hostfile_finish(&hostfile);
    }
}

static void ranks_fill_the_slots_and_wrap_around(void **state)
{
    (void)state;
    struct hostfile hostfile;
    struct problem problem;
    static const int expected[] = {0, 0, 1, 2, 2, 2, 0, 0, 1, 2};
    assert_int_equal(parse(&hostfile, "a:2\nb:1\nc:3\n", &problem), 0);
    for (int rank = 0; rank < 10; rank++)
        assert_int_equal(hostfile_node_of(&hostfile, rank), expected[rank]);
    hostfile_finish(&hostfile);
}

static void a_wrong_line_is_refused_with_its_number(void **state)
{
    (void)state;
    static const struct {
        const char *text, *place, *word;
    } cases[] = {
        {"n1\nn2 slot=4\n", "hosts:2:", "slot=4"},
        {"n1 slots=\n", "hosts:1:", "\"\""},
        {"n1 slots=0\n", "hosts:1:", "\"0\""},
        {"n1 slots=-1\n", "hosts:1:", "-1"},
        {"n1 slots=4x\n", "hosts:1:", "4x"},
        {"n1 slots=99999999999999999999\n", "hosts:1:", "99999"},
        {"n1 slots=9 max_slots=8\n", "hosts:1:", "max_slots=8"},
        {"\n\nn1:x\n", "hosts:3:", "\"x\""},
        {"n1:\n", "hosts:1:", "slots"},
        {"n1:2:3\n", "hosts:1:", "2:3"},
        {"n1:2 slots=3\n", "hosts:1:", "slots=3"},
        {":4\n", "hosts:1:", "host name"},
        {"n/1\n", "hosts:1:", "n/1"},
        {"-n1\n", "hosts:1:", "-n1"},
        {"n1 n2\n", "hosts:1:", "n2"},
        {"", "hosts:", "no host"},
        {"# nothing\n \t\n", "hosts:", "no host"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hostfile hostfile = {NULL, 77};
        struct problem problem;
        assert_int_equal(parse(&hostfile, cases[i].text, &problem), -EINVAL);
        assert_int_equal(hostfile.count, 77); /* untouched */
        assert_non_null(strstr(problem.text, cases[i].place));
        assert_non_null(strstr(problem.text, cases[i].word));
        assert_null(strchr(problem.text, '\n'));
    }
}

static void a_name_that_is_too_long_is_refused(void **state)
{
    (void)state;
    char text[600];
    struct hostfile hostfile;
    struct problem problem;
    memset(text, 'a', sizeof text);
    assert_int_equal(hostfile_parse(&hostfile, text, sizeof text, "hosts", &problem), -EINVAL);
    assert_int_equal(hostfile_parse(&hostfile, text, 253, "hosts", &problem), 0);
    hostfile_finish(&hostfile);
}

static void a_file_is_read_whole(void **state)
{
    (void)state;
    char path[] = "/tmp/test_hostfile_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "w");
    assert_non_null(file);
    for (int i = 0; i < 2000; i++)
        fprintf(file, "node%d slots=3\n", i);
    fclose(file);
    struct hostfile hostfile;
    struct problem problem;
    int error = hostfile_read(&hostfile, path, &problem);
    unlink(path);
    assert_int_equal(error, 0);
    assert_int_equal(hostfile.count, 2000);
    assert_int_equal(hostfile_slots(&hostfile), 6000);
    hostfile_finish(&hostfile);
}

static void a_file_that_is_missing_is_named(void **state)
{
    (void)state;
    struct hostfile hostfile;
    struct problem problem;
    assert_int_equal(hostfile_read(&hostfile, "/nonexistent/hosts", &problem), -ENOENT);
    assert_non_null(strstr(problem.text, "/nonexistent/hosts"));
    assert_int_equal(hostfile_read(&hostfile, "/", &problem), -EISDIR);
}

static void no_text_does_harm(void **state)
{
    (void)state;
    static const char alphabet[] = "n1slot=:# \t\n\r-max_0974\0\377/ifnamebinding";
    const unsigned seed = 5;
    print_message("seed %u\n", seed);
    srand(seed);
    for (int round = 0; round < 20000; round++) {
        char text[64];
        size_t length = (size_t)rand() % sizeof text;
        for (size_t i = 0; i < length; i++)
            text[i] = alphabet[(size_t)rand() % (sizeof alphabet - 1)];
        struct hostfile hostfile;
        struct problem problem = {""};
        char *copy = malloc(length + 1); /* so that a read behind the end is found */
        assert_non_null(copy);
        memcpy(copy, text, length);
        if (hostfile_parse(&hostfile, copy, length, "hosts", &problem) == 0) {
            assert_true(hostfile.count > 0 && hostfile_slots(&hostfile) > 0);
            hostfile_finish(&hostfile);
        } else {
            assert_true(problem.text[0] != '\0');
        }
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_dialects_give_hosts_and_slots),
        cmocka_unit_test(ranks_fill_the_slots_and_wrap_around),
        cmocka_unit_test(a_wrong_line_is_refused_with_its_number),
        cmocka_unit_test(a_name_that_is_too_long_is_refused),
        cmocka_unit_test(a_file_is_read_whole),
        cmocka_unit_test(a_file_that_is_missing_is_named),
        cmocka_unit_test(no_text_does_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
