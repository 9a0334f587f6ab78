/* SPDX-License-Identifier: BSD-2-Clause */
/* test_mode.c: every pair of options and launcher leads to one MPI, or to a sentence that says what to leave out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../mpimock/launch.h"
#include "../../runner/mode.h"

static const struct launcher none = {0}, mpiexec = {.present = true, .variable = "PMI_RANK", .size = 4};

static void decides(struct options options, const struct launcher *launcher, enum mode wanted, bool wanted_fall_back)
{
    enum mode mode;
    bool fell_back;
    struct problem problem = {{0}};
    assert_int_equal(mode_decide(&mode, &fell_back, &options, launcher, true, &problem), 0);
    assert_int_equal(mode, wanted);
    assert_int_equal(fell_back, wanted_fall_back);
}

static void refuses(struct options options, const struct launcher *launcher, bool built_with_mpi, const char *word)
{
    enum mode mode;
    bool fell_back;
    struct problem problem = {{0}};
    assert_int_equal(mode_decide(&mode, &fell_back, &options, launcher, built_with_mpi, &problem), -EINVAL);
    assert_non_null(strstr(problem.text, word));
}

static void a_launcher_means_mpi(void **state)
{
    (void)state;
    decides((struct options){0}, &mpiexec, MODE_MPI, false);
    decides((struct options){.mpi = true}, &mpiexec, MODE_MPI, false);
}

static void without_a_launcher_the_mock_serves_and_says_so_unless_asked_for(void **state)
{
    (void)state;
    decides((struct options){0}, &none, MODE_MOCK, true);
    decides((struct options){.mock = true}, &none, MODE_MOCK, false);
    decides((struct options){.mpi = true}, &none, MODE_MPI, false);
}

static void contradictions_are_refused(void **state)
{
    (void)state;
    refuses((struct options){.mock = true}, &mpiexec, true, "--mock");
    refuses((struct options){.n = 4}, &mpiexec, true, "-n");
    refuses((struct options){.n_auto = true}, &mpiexec, true, "-n");
    refuses((struct options){.mpi = true, .n = 4}, &none, true, "mpiexec -n");
    refuses((struct options){.mock = true, .mpi = true}, &none, true, "--mpi");
    refuses((struct options){.hostfile = "hosts"}, &mpiexec, true, "hosts");
    refuses((struct options){.mpi = true}, &none, false, "no MPI");
    refuses((struct options){0}, &mpiexec, false, "no MPI");
}

static int two_cores(void)
{
    return 2;
}

static int no_question(void)
{
    fail_msg("hwloc was asked although -n is given");
    return 0;
}

static int ranks(struct options options, int largest)
{
    struct plan_test tests[] = {{.np = 1}, {.np = largest}};
    struct plan plan = {.tests = tests, .count = 2};
    struct problem problem = {{0}};
    int n = 0;
    assert_int_equal(mode_ranks(&options, &plan, options.n ? no_question : two_cores, &n, &problem), 0);
    return n;
}

static void ranks_are_as_told(void **state)
{
    (void)state;
    assert_int_equal(ranks((struct options){.n = 7}, 9), 7);
    assert_int_equal(ranks((struct options){.n_auto = true}, 9), 3);
    assert_int_equal(ranks((struct options){.n_auto = true, .n_multiply = 4}, 1), 9);
    assert_int_equal(ranks((struct options){.n_auto = true, .n_divide = 2}, 1), 2);
    assert_int_equal(ranks((struct options){.n_auto = true, .n_divide = 100}, 1), 2);
}

static void without_n_the_largest_test_fits(void **state)
{
    (void)state;
    assert_int_equal(ranks((struct options){0}, 6), 6);
    assert_int_equal(ranks((struct options){0}, 1), 3);
    assert_int_equal(ranks((struct options){0}, MRT_NP_ALL), 3);
}

static void more_ranks_than_the_mock_has_are_refused(void **state)
{
    (void)state;
    struct plan plan = {0};
    struct problem problem = {{0}};
    struct options options = {.n = MPIMOCK_RANKS_MAX + 1};
    int n;
    assert_int_equal(mode_ranks(&options, &plan, two_cores, &n, &problem), -EINVAL);
    assert_non_null(strstr(problem.text, "at most"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_launcher_means_mpi),
        cmocka_unit_test(without_a_launcher_the_mock_serves_and_says_so_unless_asked_for),
        cmocka_unit_test(contradictions_are_refused),
        cmocka_unit_test(ranks_are_as_told),
        cmocka_unit_test(without_n_the_largest_test_fits),
        cmocka_unit_test(more_ranks_than_the_mock_has_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
