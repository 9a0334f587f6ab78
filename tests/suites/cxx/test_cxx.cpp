// SPDX-License-Identifier: BSD-2-Clause
// test_cxx.cpp: a suite in C++20. Options are designated initialisers here too; a failed assertion leaves by longjmp,
// so objects with destructors live in functions that the test calls, or in scopes that end before the assertions.
#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <string>

#define OMPI_SKIP_MPICXX  1 // the C++ bindings that MPI-3.0 removed: not wanted, and they warn
#define MPICH_SKIP_MPICXX 1
#include <mpirun_tests.h>

#include "polynomial.hpp"

namespace
{

int fixtures = 0;

extern "C" int set_up(void **state)
{
    *state = new std::string("shared by the suite");
    fixtures++;
    return 0;
}

extern "C" int tear_down(void **state)
{
    delete static_cast<std::string *>(*state);
    fixtures--;
    return 0;
}

int world_size()
{
    int size = 0;
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    return size;
}

int own_rank()
{
    int rank = -1;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank;
}

} // namespace

MRT_SUITE(cxx, .timeout = 20.0, .tags = "cxx", .setup = set_up, .teardown = tear_down);

MRT_TEST(fixture_is_an_object)
{
    const auto &text = *static_cast<const std::string *>(*state);
    assert_string_equal(text.c_str(), "shared by the suite");
    assert_int_equal(fixtures, 1);
}

MRT_TEST(polynomial_has_its_value, .np_list = {1, 2, 3, 4})
{
    const std::array coefficients{1.0, -2.0, 0.5, 3.0, -1.0};
    const double at_two = Polynomial(coefficients)(2.0);
    assert_true(at_two == 1.0 - 4.0 + 2.0 + 24.0 - 16.0);
}

MRT_TEST(coefficients_come_back_in_order, .np_list = {2, 4})
{
    bool same;
    {
        std::vector<double> coefficients(11);
        std::iota(coefficients.begin(), coefficients.end(), 1.0);
        same = Polynomial(coefficients).gather() == coefficients;
    }
    assert_true(same);
}

MRT_TEST(exceptions_pass_through_a_test, .np = 2)
{
    bool caught = false;
    try {
        const Polynomial none{std::span<const double>{}};
        static_cast<void>(none);
    } catch (const std::invalid_argument &) {
        caught = true;
    }
    assert_true(caught);
}

MRT_TEST(operations_by_case, .np = 3, .cases = 3)
{
    struct Operation {
        const char *name;
        MPI_Op op;
        std::function<int(int, int)> serial;
    };
    bool same;
    {
        const std::array operations{
            Operation{"sum", MPI_SUM, [](int a, int b) { return a + b; }},
            Operation{"product", MPI_PROD, [](int a, int b) { return a * b; }},
            Operation{"maximum", MPI_MAX, [](int a, int b) { return std::max(a, b); }},
        };
        const auto &operation = operations[static_cast<std::size_t>(mrt_case())];
        const std::array values{3, 5, 2};
        const int mine = values[static_cast<std::size_t>(own_rank())];
        int result = 0;
        MPI_Allreduce(&mine, &result, 1, MPI_INT, operation.op, MPI_COMM_WORLD);
        same = result == std::accumulate(values.begin() + 1, values.end(), values[0], operation.serial);
    }
    assert_true(same);
}

MRT_TEST(words_travel, .np = 2)
{
    std::size_t letters = 0;
    {
        const std::map<int, std::string> words{{0, "ping"}, {1, "pong, longer"}};
        const auto &mine = words.at(own_rank());
        MPI_Request request;
        MPI_Isend(mine.data(), static_cast<int>(mine.size()), MPI_CHAR, 1 - own_rank(), 0, MPI_COMM_WORLD, &request);
        MPI_Status status;
        int length = 0;
        MPI_Probe(1 - own_rank(), 0, MPI_COMM_WORLD, &status);
        MPI_Get_count(&status, MPI_CHAR, &length);
        auto buffer = std::make_unique<char[]>(static_cast<std::size_t>(length));
        MPI_Recv(buffer.get(), length, MPI_CHAR, 1 - own_rank(), 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        MPI_Wait(&request, MPI_STATUS_IGNORE);
        const std::string got(buffer.get(), static_cast<std::size_t>(length));
        letters = got == words.at(1 - own_rank()) ? got.size() : 0;
    }
    assert_int_equal(letters, own_rank() == 0 ? 12 : 4);
    assert_int_equal(world_size(), 2);
}
