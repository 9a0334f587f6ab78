/* SPDX-License-Identifier: BSD-2-Clause */
/* clock.h: seconds of the monotonic clock, which no test can change (clock_gettime(2)). */
#ifndef MRT_CLOCK_H
#define MRT_CLOCK_H

#include <time.h>

static inline double clock_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

#endif
