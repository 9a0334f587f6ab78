/* SPDX-License-Identifier: BSD-2-Clause */
/* test.h: the runner's tests, for the mock's own files; launch.h has what the runner calls. */
#ifndef MPIMOCK_TEST_H
#define MPIMOCK_TEST_H

#include "deadlock.h"
#include "objects.h"

/* The contexts of a test tell which one: the highest bit, 32 bits of the serial number, and 31 of a number within it, which
 * is 0 (and 1) for the team's own communicator. All others are counted out from 0, and never come that far. */
#define TEST_CONTEXT         (UINT64_C(1) << 63)
#define TEST_CONTEXT_NUMBER  ((UINT64_C(1) << 31) - 1)

static inline uint64_t test_context_of(uint32_t serial, uint64_t number)
{
    return TEST_CONTEXT | (uint64_t)serial << 31 | (number & TEST_CONTEXT_NUMBER);
}
/* That number as a context of the test that this rank is in, if it is in one. */
uint64_t test_context(uint64_t number);
/* Does the runner itself send in this context? */
bool test_is_runners(uint64_t context);
/* Is it that of mpimock_control_comm? */
bool test_is_control(uint64_t context);

/* The team of the test that this rank is in, or the whole job. */
struct deadlock_view test_view(void);
/* This rank is published as blocked, and about to sleep: if no member of its test can go on, writes down why and returns
 * true, once. Without the lock. */
bool test_is_stuck(void);
/* Is this a context of the test that this rank is in, and has rank `from` taken back its messages there? */
bool test_was_left_by(int from, uint64_t context);

#endif
