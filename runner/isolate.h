/* SPDX-License-Identifier: BSD-2-Clause */
/* isolate.h: tests in processes of their own (.isolate, --isolate).
 *
 *     rank ──fork, before MPI_Init──▶ keeper ──▶ helper ──▶ one child for each test, or unit
 *
 * Where the plan holds isolated tests each rank has a helper, which was forked after the suites were loaded and before MPI
 * was initialised, and in which no test ever runs: so its children find statics, heap and descriptors as the program's start
 * left them, whatever tests did to their own process since, and no process that has initialised MPI is ever forked.
 * A child runs its tests as a rank does (worker.h), in a world of the mock: itself alone for a single rank, else a job of
 * as many processes. Results come back by memory that helper and children share, output by memory files of the helper's,
 * so both survive any death of the child, and any descriptor that it closed. When the child has ended, all processes that
 * it left are killed.
 *
 * A team's isolated test runs under its first member's helper; the other members wait for that one's word, and keep their
 * cores for it meanwhile.
 *
 * Should a test kill the helper, the keeper, which waits for nothing else, tells the rank, and forks the next. All end with
 * the rank (PR_SET_PDEATHSIG). */
#ifndef MRT_ISOLATE_H
#define MRT_ISOLATE_H

#include "control.h"
#include "plan.h"

struct isolate;

/* Forks the keeper. To be called by a process with one thread, before MPI_Init. Where that fails, every isolated test is an
 * error that says why; NULL: out of memory. `capture`: output is captured (else it goes where the rank's goes). */
struct isolate *isolate_create(const struct plan *plan, bool capture);
void isolate_destroy(struct isolate *isolate); /* ends the processes; NULL is fine */

struct isolate_request {
    struct isolate *isolate;
    struct control *control;
    const struct plan *plan;
    const struct message_assign *assignment; /* this rank is a member, number `me` */
    uint32_t me;
    const uint32_t *tests; /* [count] indices into the plan: one test, or those of a unit in their order */
    uint32_t count;
    /* Takes this rank's result of each test as it comes, in order. Negative: that ends the request. */
    int (*take)(void *context, const struct message_result *result);
    void *context;
};
/* Runs them, on all members that call it. 0, or a negative errno value when the run cannot go on: the communicator failed,
 * or `take` did. All else is the tests' results. */
int isolate_run(const struct isolate_request *request);

#endif
