/* SPDX-License-Identifier: BSD-2-Clause */
/* empty.c: EMPTY_CASES tests that do nothing on one rank each: what the runner itself costs. For tests/bench; compile
 * with -DEMPTY_CASES=30000 for throughput; without it there is one. */
#include <mpirun_tests.h>

#ifndef EMPTY_CASES
#define EMPTY_CASES 1
#endif

MRT_TEST(nothing, .cases = EMPTY_CASES)
{
}
