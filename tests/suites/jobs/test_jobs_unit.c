/* SPDX-License-Identifier: BSD-2-Clause */
/* test_jobs_unit.c: a suite with setup, which is run again as a whole. See test_jobs.c. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <mpirun_tests.h>

static int value;

static int setup(void **state)
{
    (void)state;
    value = 1;
    return 0;
}

MRT_SUITE(jobs_unit, .setup = setup);

MRT_TEST(first)
{
    assert_int_equal(value, 1);
    value = 2;
}

MRT_TEST(unit_flaky)
{
    const char *marks = getenv("JOBS_MARKS");
    char path[4096];
    assert_int_equal(value, 2); /* `first` went before it, also when it runs again */
    if (!marks)
        return;
    snprintf(path, sizeof path, "%s/unit_flaky", marks);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd >= 0) {
        close(fd);
        fail_msg("no mark of the unit yet");
    }
}
