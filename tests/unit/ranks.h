/* SPDX-License-Identifier: BSD-2-Clause */
/* ranks.h: for unit tests of the mock that need several ranks: functions that mpimock_exec runs, and what they found.
 *
 * A rank is a forked process: cmocka's assertions would jump into the parent's test there. So ranks check with CHECK,
 * which says where and returns the line; run_ranks asserts that all ranks returned 0.
 */
#ifndef RANKS_H
#define RANKS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <mpimock.h>

#define RANKS_MAX 16

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                                    \
            return __LINE__;                                                                                           \
        }                                                                                                              \
    } while (0)

/* The call must succeed, or fail with that class. */
#define CHECK_OK(call)            CHECK((call) == MPI_SUCCESS)
#define CHECK_FAILS(call, class_) CHECK(ranks_class(call) == (class_))

static inline int ranks_class(int code)
{
    int class = -1;
    MPI_Error_class(code, &class);
    return class;
}

static inline void run_ranks(int n, int (*function)(MPI_Comm comm, void *argument), void *argument)
{
    int results[RANKS_MAX] = {0};
    assert_in_range(n, 1, RANKS_MAX);
    int ended = mpimock_exec(n, function, argument, results);
    for (int i = 0; i < n; i++)
        if (results[i] != 0)
            print_message("rank %d of %d: %d\n", i, n, results[i]);
    for (int i = 0; i < n; i++)
        assert_int_equal(results[i], 0);
    assert_int_equal(ended, 0);
}

#endif
