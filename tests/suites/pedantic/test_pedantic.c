/* SPDX-License-Identifier: BSD-2-Clause */
/* test_pedantic.c: the header in strict C. It must compile without a word under `-std=c11 -pedantic -Wall -Wextra`, by
 * gcc and by clang; every form of every macro is used once. */
#include <mpirun_tests.h>

static int times_set_up;

static int set_up(void **state)
{
    *state = &times_set_up;
    times_set_up++;
    return 0;
}

static int tear_down(void **state)
{
    times_set_up--;
    *state = NULL;
    return 0;
}

MRT_SUITE(pedantic, .np = 2, .timeout = 10.0, .priority = 90, .tags = "strict c", .setup = set_up,
          .teardown = tear_down);

MRT_TEST(without_options)
{
    assert_int_equal(times_set_up, 1);
    assert_ptr_equal(*state, &times_set_up);
}

MRT_TEST(with_the_suites_size)
{
    int size = 0;
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    assert_int_equal(size, 2);
}

MRT_TEST(with_one_option, .np = 1)
{
    int size = 0;
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    assert_int_equal(size, 1);
}

MRT_TEST(with_a_list, .np_list = {1, 2})
{
    int size = 0;
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    assert_in_range(size, 1, 2);
}

MRT_TEST(with_every_option, .np = 1, .cases = 2, .timeout = MRT_TIMEOUT_NONE, .priority = MRT_PRIORITY_DEFAULT,
         .tags = "slow io")
{
    assert_in_range(mrt_case(), 0, 1);
}

static void of_a_group(void **state)
{
    assert_null(*state);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(of_a_group),
};

MRT_CMOCKA_GROUP(pedantic_group, tests, NULL, NULL);
