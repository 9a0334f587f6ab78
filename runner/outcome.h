/* SPDX-License-Identifier: BSD-2-Clause */
/* outcome.h: how a test can end, how a run can end, and their names in every report. */
#ifndef MRT_OUTCOME_H
#define MRT_OUTCOME_H

/* In order of gravity: a team's outcome is the gravest of its ranks'. */
enum outcome {
    OUTCOME_PASSED,
    OUTCOME_FLAKY, /* passed on a retry */
    OUTCOME_SKIPPED,
    OUTCOME_NOTRUN,
    OUTCOME_FAILED, /* an assertion, an MPI error */
    OUTCOME_DEADLOCK,
    OUTCOME_TIMEOUT,
    OUTCOME_CRASHED, /* a signal, exit, MPI_Abort, a lost rank */
    OUTCOME_ERROR,   /* a fixture or set-up */
    OUTCOME_COUNT
};
const char *outcome_name(enum outcome outcome);  /* as in JSON: "passed", "timeout" … */
const char *outcome_words(enum outcome outcome); /* as people read it: "passed", "timed out" … */
int outcome_from_name(const char *name);         /* -1: no such outcome */

/* What ended a test, on one rank: more than its outcome tells. The code of HOW_SIGNAL is the signal's number, that of HOW_EXIT
 * and HOW_ABORT (MPI_Abort) what they were called with. */
enum how { HOW_NORMALLY, HOW_FAILED, HOW_SIGNAL, HOW_EXIT, HOW_ABORT, HOW_COUNT };

enum exit_status {
    EXIT_STATUS_PASSED = 0, /* all passed, skipped or flaky */
    EXIT_STATUS_FAILED = 1,
    EXIT_STATUS_INTERRUPTED = 2,
    EXIT_STATUS_INTERNAL = 3, /* the runner itself failed */
    EXIT_STATUS_USAGE = 4,
    EXIT_STATUS_NO_TESTS = 5,
    EXIT_STATUS_JOB_DIED = 6
};

#endif
