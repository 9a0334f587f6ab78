/* SPDX-License-Identifier: BSD-2-Clause */
/* suite_c11_plain.c: the least that one can write. In its own file, because a file has one suite. */
#include <mpirun_tests.h>

MRT_SUITE(suite_c11_plain);

MRT_TEST(plain)
{
    assert_true(1);
}
