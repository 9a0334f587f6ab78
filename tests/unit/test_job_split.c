/* SPDX-License-Identifier: BSD-2-Clause */
/* test_job_split.c: the command of --launch is split into words as a shell does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../runner/job.h"

/* The words, each in <>; or what is wrong. */
static const char *split(const char *command)
{
    static char line[2048];
    char **words;
    struct problem problem;
    size_t used = 0;
    line[0] = '\0';
    if (job_split(command, &words, &problem) != 0)
        return strcpy(line, problem.text);
    for (size_t i = 0; words[i]; i++)
        used += (size_t)snprintf(line + used, sizeof line - used, "<%s>", words[i]);
    job_words_free(words);
    return line;
}

static void words_are_split_at_blanks(void **state)
{
    (void)state;
    assert_string_equal(split("mpiexec -n 8"), "<mpiexec><-n><8>");
    assert_string_equal(split("  srun\t--mpi=pmix \n"), "<srun><--mpi=pmix>");
}

static void quotes_keep_blanks(void **state)
{
    (void)state;
    assert_string_equal(split("a 'b  c' d\"e f\"g ''"), "<a><b  c><de fg><>");
    assert_string_equal(split("a\\ b 'c\\d' \"e\\\"f\\g\\\\\""), "<a b><c\\d><e\"f\\g\\>");
    assert_string_equal(split("a\\"), "<a\\>");
}

static void what_is_wrong_is_told(void **state)
{
    (void)state;
    assert_non_null(strstr(split("mpiexec 'n"), "quote has no end"));
    assert_non_null(strstr(split("mpiexec \"n\\\""), "quote has no end"));
    assert_non_null(strstr(split("  "), "command is missing"));
}

static void anything_may_come(void **state)
{
    static const char letters[] = "a '\"\\\n";
    char command[16];
    (void)state;
    for (uint32_t number = 0; number < 60000; number++) {
        size_t length = 0;
        for (uint32_t rest = number; rest > 0; rest /= 6)
            command[length++] = letters[rest % 6];
        command[length] = '\0';
        assert_non_null(split(command));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_split_at_blanks),
        cmocka_unit_test(quotes_keep_blanks),
        cmocka_unit_test(what_is_wrong_is_told),
        cmocka_unit_test(anything_may_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
