/* SPDX-License-Identifier: BSD-2-Clause */
/* steps.h: runs a table of steps, each a function that ends in its own way, and keeps what came of each: for tests of how a
 * test may end. cmocka's groups do not nest, so the steps run first, and cmocka looks at their results afterwards. */
#ifndef MRT_TEST_STEPS_H
#define MRT_TEST_STEPS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../mpimock/door.h"
#include "../../runner/execution.h"

#define STEPS_MAX 64

static struct execution_result step_results[STEPS_MAX];

static inline void run_step(int number, const char *name, CMUnitTestFunction function, CMFixtureFunction setup,
                            CMFixtureFunction teardown)
{
    void *state = NULL;
    execution_run(&(struct execution_step){.name = name,
                                           .function = function,
                                           .setup = setup,
                                           .teardown = teardown,
                                           .state = &state,
                                           .team = MPI_COMM_NULL,
                                           .thread_level = MPI_THREAD_MULTIPLE},
                  &step_results[number]);
}

static inline void step_ended(int number, enum outcome outcome, enum how how, int code, const char *message)
{
    const struct execution_result *result = &step_results[number];
    if (result->outcome != outcome || !strstr(result->message, message))
        fail_msg("%s, \"%s\"; expected: %s, \"%s\"", outcome_name(result->outcome), result->message, outcome_name(outcome),
                 message);
    assert_int_equal(result->how, how);
    assert_int_equal(result->code, code);
}

static inline void step_names(int number, const char *part)
{
#ifdef HAVE_LIBDW
    if (!strstr(step_results[number].message, part))
        fail_msg("\"%s\" lacks \"%s\"", step_results[number].message, part);
#else
    (void)number;
    (void)part;
#endif
}


#endif
