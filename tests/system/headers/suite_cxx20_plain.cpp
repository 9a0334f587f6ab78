// SPDX-License-Identifier: BSD-2-Clause
// suite_cxx20_plain.cpp: the least that one can write. In its own file, because a file has one suite.
#include <mpirun_tests.h>

MRT_SUITE(suite_cxx20_plain);

MRT_TEST(plain)
{
    assert_true(true);
}
