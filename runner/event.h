/* SPDX-License-Identifier: BSD-2-Clause */
/* event.h: what reporters are told. Strings are the sender's and valid during the call only. */
#ifndef MRT_EVENT_H
#define MRT_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "outcome.h"

struct event_planned_test { /* in order of the plan */
    const char *name, *suite;
    const char *file;
    int line, np;
    double timeout;
    const char *tags;
};
struct event_run_started {
    const char *version;      /* of mpirun-tests */
    const char *mpi;          /* "Open MPI 4.1.4", "MPICH 4.0.2", "mpimock 0.1.0" */
    const char *suites;       /* what runs, for a heading */
    int ranks, nodes;
    const char *const *node_names; /* [nodes] */
    bool shuffled;
    uint64_t seed;
    double time;              /* seconds since the epoch */
    const struct event_planned_test *tests;
    size_t count;
};
struct event_test_started {
    size_t test;              /* index into the plan */
    const char *name;
    const int *ranks;         /* [size] of the run */
    int size;
    uint32_t assignment;      /* tests that were handed out together share it; told in the order in which they run */
    bool more;                /* another test of this assignment is told next */
};
struct event_rank_result {
    int rank;                 /* of the run */
    int team_rank;
    const char *node;
    enum outcome outcome;
    double seconds;
    const char *message;      /* "" for none; may have several lines */
    const char *place;        /* where it was when its time was up, in few words; "" */
    const char *warnings;     /* what the test left behind, a line for each; "" */
    const char *output;       /* what it wrote, bytes; not always UTF-8 */
    size_t output_size;
};
struct event_test_finished {
    size_t test;
    const char *name;
    enum outcome outcome;
    double seconds;           /* of the slowest rank */
    const char *message;      /* of the gravest rank; "" for none; a skip's reason */
    const struct event_rank_result *ranks; /* [size]; size 0 for a test that never started */
    int size;
    const struct event_test_finished *earlier; /* [earlier_count] tries that did not pass, the first first; have none themselves */
    int earlier_count;
    bool resumed;             /* an earlier job of this run had this result: it is told again */
};
struct event_run_finished {
    size_t counts[OUTCOME_COUNT];
    size_t total;
    double seconds;           /* of the run, start-up apart */
    enum exit_status status;
    bool interrupted;
    bool ranks_missing;       /* tests were not run because ranks were lost: a fresh job would run them */
    int ranks_wanted;         /* largest team that found too few ranks, or 0: the summary says which -n would run it */
    bool mock;                /* so that the summary can say how to start the larger run */
};
enum event_notice_level { NOTICE_INFO, NOTICE_WARNING, NOTICE_ERROR };
struct event_notice {
    enum event_notice_level level;
    const char *text;         /* one sentence */
};

#endif
