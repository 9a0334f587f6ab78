/* SPDX-License-Identifier: BSD-2-Clause */
/* execution.h: runs tests on this rank, and the setup and teardown of suites.
 *
 * Each test is a cmocka group of one (_cmocka_run_group_tests), so that assertions, mocks, expected values and
 * test_malloc work as they always did, with MPI_COMM_WORLD as the team (door.h) and the output captured. Whatever leaves
 * the step early (an assertion, mrt_skip, MPI_Abort, an error that came to MPI_ERRORS_ARE_FATAL, a signal (signals.h), exit() (exits.h)) leaves by cmocka's own
 * long jump, so that its teardown runs and its queues are emptied.
 *
 * A step whose time is up is left likewise (late.h): `timeout`, with the place where it was.
 *
 * It tells its team-mates first, and takes back its messages. Team-mates that wait, or that will, leave too (guard.h; on
 * the mock launch.h):
 * "left MPI_Recv(source=0, …), because rank 1 failed", as `notrun`, which is less than whatever made rank 1 leave; so do all
 * members of a team that is in a deadlock. Once a test is being left, an MPI call of its teardown that would wait leaves the
 * teardown.
 *
 *     SETUP ──▶ BODY ──▶ BODY_RETURNED ──▶ TEARDOWN ──▶ DONE          (a long jump out of BODY goes to TEARDOWN)
 */
#ifndef MRT_EXECUTION_H
#define MRT_EXECUTION_H

#include <stdbool.h>

#include <mpirun_tests.h>

#include "capture.h"
#include "control.h"
#include "outcome.h"

/* Whom to tell when this rank leaves a test or a fixture before its end, and whose notices to follow (notice.h). */
struct execution_mates {
    struct control *control;
    const uint32_t *members; /* [size] of the test's team */
    const uint32_t *incarnations; /* [size] of the processes that are meant (launch.h); NULL: not known */
    uint32_t size, me;
    uint32_t serial;
};

struct execution_step {
    const char *name;            /* as in reports */
    CMUnitTestFunction function;
    CMFixtureFunction setup, teardown; /* of the test, cmocka's own; NULL: none */
    void **state;                /* what cmocka's functions get; a step may change it */
    int case_number;
    int thread_level;            /* MPI_THREAD_…: at most what MPI_Init_thread grants */
    MPI_Comm team;               /* MPI_COMM_NULL: this rank alone */
    const struct execution_mates *mates; /* NULL: nobody is told */
    double timeout;              /* seconds, setup and teardown included; ≤ 0: none */
};

struct execution_result {
    enum outcome outcome;
    enum how how;
    int code;      /* see enum how */
    double seconds;
    char *message; /* "" for none; freed by execution_result_finish, like the next three */
    char *place;    /* where this rank was when its time was up, in few words; "" for none */
    char *warnings; /* what the test left behind, a line for each; "" for none */
    char *output;
    size_t output_size;
    bool pending; /* requests were left open: the team's communicator must not be freed */
};

/* From here on until execution_end, what steps write is captured (unless told not to). Negative errno value if output
 * cannot be captured. */
int execution_begin(bool capture);
/* The same, captured in a file (capture.h). */
int execution_begin_in(int file);
void execution_end(void);
/* What the watch (watch.h) is to do in its thread: ends steps whose time is up (limit.h), and bounds what they write. */
double execution_due(double now);
/* Runs a test. Fills `result`; needs no errors of its own: what goes wrong is the outcome. */
void execution_run(const struct execution_step *step, struct execution_result *result);

/* A suite's setup, what comes between, and its teardown, as one cmocka group: so what setup allocates by test_malloc is
 * missed only if teardown does not free it. Either fixture may be NULL. */
struct execution_unit {
    const char *name;
    CMFixtureFunction setup, teardown;
    void **state;
    int thread_level;
    double timeout; /* seconds, of each fixture; ≤ 0: none */
    MPI_Comm setup_team, teardown_team;
    const struct execution_mates *setup_mates, *teardown_mates; /* NULL: nobody is told */
    /* Called once, also when setup did not pass; runs the tests (execution_run). Result: teardown is to run, in
     * teardown_team, which may be made here. */
    bool (*between)(void *context, const struct execution_result *setup);
    void *context;
};
/* Fills `teardown` (passed where there was none to run). */
void execution_run_unit(const struct execution_unit *unit, struct execution_result *teardown);
void execution_result_finish(struct execution_result *result);

#endif
