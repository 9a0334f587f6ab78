/* SPDX-License-Identifier: BSD-2-Clause */
/* one.c: a single empty test: what starting and ending a run costs. For tests/bench and tests/system. */
#include <mpirun_tests.h>

MRT_TEST(nothing)
{
}
