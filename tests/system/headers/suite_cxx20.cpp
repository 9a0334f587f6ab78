// SPDX-License-Identifier: BSD-2-Clause
// suite_cxx20.cpp: every form of every macro of mpirun_tests.h, in C++20. Only compiled, by check.sh.
#include <mpirun_tests.h>

#include <mpimock.h>

// After ours on purpose: they must survive what cmocka defines.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <numeric>
#include <ranges>
#include <sstream>
#include <string>
#include <vector>

#ifdef PROVOKE_A_WARNING
static int nobody_uses_this;
#endif

static int setup(void **state)
{
    *state = new std::string("value");
    return 0;
}

static int teardown(void **state)
{
    delete static_cast<std::string *>(*state);
    return 0;
}

MRT_SUITE(suite_cxx20, .np = 2, .np_list = {0}, .cases = 1, .timeout = 10.0, .priority = MRT_PRIORITY_DEFAULT - 10, .expect = MRT_FAILS,
          .tags = "c++", .setup = setup, .teardown = teardown);

MRT_TEST(without_options)
{
    assert_string_equal(static_cast<std::string *>(*state)->c_str(), "value");
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
    std::vector<double> mine(3, 1.5), sum(3);
    MPI_Allreduce(mine.data(), sum.data(), 3, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    const bool right = std::accumulate(sum.begin(), sum.end(), 0.0) > 4.0;
    assert_true(right);
}

MRT_TEST(with_some_options, .cases = 2, .tags = "quick")
{
    assert_in_range(mrt_case(), 0, 1);
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
    std::istringstream stream("1");
    int number = 0;
    stream >> number;
    if (stream.fail())
        fail();
    if (number != 1)
        fail_msg("number is %d", number);
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
    assert_int_equal(mpimock_exec(2, on_the_mock, nullptr, results), 0);
}

static void old_test(void **state)
{
    assert_non_null(state);
}

static const struct CMUnitTest old_tests[] = {
    cmocka_unit_test(old_test),
    cmocka_unit_test_setup_teardown(old_test, setup, teardown),
};

MRT_CMOCKA_GROUP(old_group, old_tests, NULL, nullptr);
MRT_CMOCKA_GROUP(old_group_with_options, old_tests, setup, teardown, .np = 2, .np_list = {0}, .cases = 0,
                 .timeout = 1.0, .priority = 1, .tags = "old");

namespace halo
{

MRT_TEST(in_a_namespace, .np = 1)
{
    assert_true(true);
}

MRT_CMOCKA_GROUP(group_in_a_namespace, old_tests, nullptr, nullptr);
MRT_CMOCKA_GROUP(another_in_it, old_tests, nullptr, nullptr, .tags = "old");

} // namespace halo

namespace
{

MRT_TEST(in_an_unnamed_namespace)
{
    assert_true(true);
}

} // namespace
