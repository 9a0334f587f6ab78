/* SPDX-License-Identifier: BSD-2-Clause */
/* expect.h: tests that are to end in another way than by returning (.expect). Pure. */
#ifndef MRT_EXPECT_H
#define MRT_EXPECT_H

#include <stdbool.h>
#include <stddef.h>

#include <mpirun_tests.h>

#include "outcome.h"

/* False: no process can end so (a status above 255, a signal that is none). */
bool expect_is_possible(const struct mrt_expect *expect);
/* "signal 11", "exit(1)", "MPI_Abort(3)", "a failure"; "" where nothing is expected. */
void expect_words(const struct mrt_expect *expect, char *words, size_t size);
/* Of what ended the test on its gravest rank. */
bool expect_is_met(const struct mrt_expect *expect, enum outcome outcome, enum how how, int code);
/* Is a test with this outcome a failed one where another end was expected? Others (skipped, not run, timed out, deadlocked, an
 * error of a fixture) stay what they are. */
bool expect_decides(enum outcome outcome);
/* "expected signal 11, but it passed"; the caller frees. NULL: out of memory. */
char *expect_unmet(const struct mrt_expect *expect, enum outcome outcome, const char *message);

#endif
