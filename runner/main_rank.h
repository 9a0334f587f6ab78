/* SPDX-License-Identifier: BSD-2-Clause */
/* main_rank.h: rank 0: it owns the queue. It turns messages into events of the scheduler, the scheduler's actions into
 * messages, and results into events for the reporters. It decides nothing that the scheduler can decide. */
#ifndef MRT_MAIN_RANK_H
#define MRT_MAIN_RANK_H

#include "control.h"
#include "journal.h"
#include "plan.h"
#include "reporter.h"

struct main_rank_settings {
    struct control *control;
    const struct plan *plan;
    struct reporters *reporters;
    const char *const *hosts; /* [control->size] of each rank */
    const char *mpi;          /* "Open MPI 4.1.4", for the heading */
    bool shuffled;
    uint64_t seed;
    double slow_timeout;      /* seconds; 0: none */
    int maxfail;              /* of this job's; 0: none */
    int job;                  /* of --launch, from 1: it may die, so tests are handed out one by one; 0: none */
    int retries;              /* of a test that did not pass */
    const struct journal *journal; /* what earlier jobs of this run did; NULL: this is the first */
    bool fail_on_skip, fail_on_flaky;
    bool strict;              /* what a test leaves behind fails it */
    int thread_level;
    struct isolate *isolate;  /* of rank 0 */
};

/* Runs the plan to its end and stops the workers. Returns the exit status; EXIT_STATUS_INTERNAL with a sentence where the
 * run could not go on. */
int main_rank_run(const struct main_rank_settings *settings, struct problem *problem);

#endif
