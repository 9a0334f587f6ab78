// SPDX-License-Identifier: BSD-2-Clause
// test_endings_cxx.cpp: the same from C++: exceptions that nobody catches, std::exit and its kin.
#include <cstdlib>
#include <exception>
#include <stdexcept>

#include <mpirun_tests.h>

#include "endings.h"

MRT_SUITE(endings_cxx, .timeout = 20.0);

MRT_TEST(crashes_by_an_exception)
{
    throw std::runtime_error("the matrix is singular");
}

MRT_TEST(passes_after_it)
{
    try {
        throw 3;
    } catch (int value) {
        assert_int_equal(value, 3);
    }
}

MRT_TEST(passes_by_an_exception, .expect = MRT_SIGNALS(SIGABRT))
{
    throw 17;
}

MRT_TEST(passes_by_exit, .expect = MRT_EXITS(4))
{
    std::exit(4);
}

MRT_TEST(passes_by_terminate, .expect = MRT_SIGNALS(SIGABRT))
{
    std::terminate();
}

MRT_TEST(passes_by_its_signal, .expect = MRT_SIGNALS(SIGSEGV))
{
    write_to_address(8);
}
