/* SPDX-License-Identifier: BSD-2-Clause */
/* worker.h: what a rank does with an assignment: makes the team, runs the tests, hands over a result for each.
 *
 * Rank 0 runs assignments through the same code when it takes part; only where results go differs.
 */
#ifndef MRT_WORKER_H
#define MRT_WORKER_H

#include "control.h"
#include "isolate.h"
#include "plan.h"

struct worker {
    struct control *control;
    const struct plan *plan;
    int thread_level; /* that the MPI provides */
    /* Takes each result as it comes; NULL: it is sent to rank 0. */
    void (*take)(void *context, const struct message_result *result);
    /* Told when a test begins, by its place in the assignment; NULL: nobody is. */
    void (*started)(void *context, uint32_t place);
    void *context;
    struct isolate *isolate; /* runs isolated tests; may be NULL where the plan has none … */
    bool ready;              /* rank 0 knows that it has nothing to do: the first READY is not said */
    bool isolated;           /* … or where this process is one that they run in */
    struct wire_writer writer;
    struct wire_writer assigned; /* the assignment's message, which outlives those received meanwhile */
};

/* Runs the tests of an assignment of which this rank is a member. 0, or a negative errno value when the run cannot go on
 * (MPI failed). */
int worker_run(struct worker *worker, const struct message_assign *assignment);
/* The life of a worker: READY, ASSIGN, RESULT …, until STOP. */
int worker_serve(struct worker *worker);
void worker_finish(struct worker *worker);

#endif
