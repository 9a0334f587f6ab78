/* SPDX-License-Identifier: BSD-2-Clause */
/* idle.c: a suite of one single-rank test that sleeps for IDLE_SECONDS (5), so that all CPU time of the run is the
 * runner's own: for bench_idle. */
#include <time.h>

#include <mpirun_tests.h>

#ifndef IDLE_SECONDS
#define IDLE_SECONDS 5
#endif

MRT_TEST(sleeps)
{
    struct timespec pause = {.tv_sec = IDLE_SECONDS};
    assert_int_equal(nanosleep(&pause, NULL), 0);
}
