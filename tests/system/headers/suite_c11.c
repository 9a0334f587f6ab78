/* SPDX-License-Identifier: BSD-2-Clause */
/* suite_c11.c: every form of every macro of mpirun_tests.h, in strict C. Only compiled, by check.sh. */
#include <mpirun_tests.h>

#include <mpimock.h>

#ifdef PROVOKE_A_WARNING
static int nobody_uses_this;
#endif

static int setup(void **state)
{
    static int value = 1;
    *state = &value;
    return 0;
}

static int teardown(void **state)
{
    *state = NULL;
    return 0;
}

MRT_SUITE(suite_c11, .np = 2, .np_list = {0}, .cases = 1, .timeout = 10.0, .priority = MRT_PRIORITY_DEFAULT - 10, .expect = MRT_FAILS,
          .tags = "strict c", .setup = setup, .teardown = teardown);

MRT_TEST(without_options)
{
    assert_non_null(*state);
}

MRT_TEST(with_one_option, .np = MRT_NP_ALL)
{
    int rank, size;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    assert_in_range(rank, 0, size - 1);
}

MRT_TEST(with_a_list, .np_list = {1, 2, 4})
{
    double mine = 1.5, sum = 0.0;
    MPI_Allreduce(&mine, &sum, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    assert_true(sum > mine / 2.0);
}

MRT_TEST(that_aborts, .expect = MRT_ABORTS(3))
{
    MPI_Abort(MPI_COMM_WORLD, 3);
}

MRT_TEST(that_exits, .timeout = 1.0, .expect = MRT_EXITS(1), .tags = "death")
{
}

MRT_TEST(that_crashes, .expect = MRT_SIGNALS(SIGSEGV))
{
}

MRT_TEST(with_all_options, .np = 2, .np_list = {0}, .cases = 3, .timeout = MRT_TIMEOUT_NONE, .priority = 5, .isolate = MRT_NO, .expect = MRT_FAILS,
         .tags = "slow")
{
    if (mrt_case() == 2)
        mrt_skip("two cases are enough");
    assert_int_equal(mrt_case() / 2, 0);
}

MRT_TEST(in_another_order, .tags = "any", .np = 1) /* C does not mind */
{
    assert_string_equal("a", "a");
    if (mrt_case() > 0)
        fail_msg("case %d", mrt_case());
    if (mrt_case() < 0)
        fail();
    else
        skip();
}

static int on_the_mock(MPI_Comm comm, void *argument)
{
    (void)argument;
    return MPI_Barrier(comm);
}

MRT_TEST(with_the_mock)
{
    int results[2] = {-1, -1};
    assert_int_equal(mpimock_exec(2, on_the_mock, NULL, results), 0);
}

static void old_test(void **state)
{
    assert_non_null(state);
}

static const struct CMUnitTest old_tests[] = {
    cmocka_unit_test(old_test),
    cmocka_unit_test_setup_teardown(old_test, setup, teardown),
};

MRT_CMOCKA_GROUP(old_group, old_tests, NULL, NULL);
MRT_CMOCKA_GROUP(old_group_with_fixtures, old_tests, setup, teardown, .np = 1);
MRT_CMOCKA_GROUP(old_group_with_options, old_tests, setup, NULL, .np = 2, .np_list = {0}, .cases = 0, .timeout = 1.0,
                 .priority = 1, .tags = "old");
