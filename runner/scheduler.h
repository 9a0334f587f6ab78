/* SPDX-License-Identifier: BSD-2-Clause */
/* scheduler.h: decides who runs what, and when. A state machine: an event comes in, actions go out. It makes no call to
 * MPI, does no I/O and has no clock: time comes with events. Tested by replaying events; the simulation drives it too.
 *
 *     worker:   away ──ready──▶ idle ──assign──▶ busy ──assignment ended──▶ idle            any ──lost──▶ lost
 *     test:     waiting ──assign──▶ running ──test ended──▶ ended                     waiting ──skip──▶ ended
 *               running ──assignment ended without it──▶ waiting
 *               ended ──retry, assignment ended──▶ held ──nothing waits──▶ waiting
 *
 * Ranks are numbered as in the run; rank 0 is the main rank: it owns the queue, and takes part only in an item that
 * needs every rank that is left, or where there is no other rank. It is idle from the start and cannot be lost.
 *
 * An item is one test, or one unit: tests in order on one team, as large as the largest of them. Several short single
 * tests of one size and priority are handed out together. Order: lower priority number first (of a unit, the lowest of
 * its tests'), then longest expected, then larger team, then plan order; a test without history counts as the longest
 * there. A team is placed on one node where that has enough idle ranks.
 *
 * A large team that waits for ranks reserves them as they become idle; smaller items that are expected to end in time,
 * or for which there are ranks beyond those it needs, fill the gap. What a test without history lasts is guessed from
 * those that ended; before the first has, nothing is guessed and no gap filled by it. The time until when gaps are
 * filled is fixed once for each team, so nothing starves however wrong the guesses are.
 *
 * A rank is lost: the caller says so, ends the test that ran on it with OUTCOME_CRASHED, and when the other members are
 * free ends the assignment. Tests of the assignment that did not end return to the queue, what is left of a unit as a
 * unit. Tests that no longer fit are skipped. A lost rank stays lost.
 */
#ifndef MRT_SCHEDULER_H
#define MRT_SCHEDULER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "outcome.h"

struct scheduler;

struct scheduler_test {
    int np; /* 1 … ; -1: every rank of the run */
    int priority;
    int unit;        /* tests with the same unit ≥ 0 are consecutive and one item; -1: an item of its own */
    double expected; /* seconds; < 0: unknown */
};

struct scheduler_config {
    int ranks;            /* of the run, rank 0 included */
    const int *node_of;   /* [ranks] index of each rank's node, from 0, below ranks; NULL: one node */
    bool in_order;        /* of one priority keep plan order whatever is expected (--shuffle, --serial) */
    int batch_max;        /* at most so many short tests in one assignment; 1: one by one */
    double batch_seconds; /* expected to last at most this together */
};

enum scheduler_action_kind {
    SCHEDULER_NOTHING, /* until the next event */
    SCHEDULER_ASSIGN,  /* tests, in order, to members; the first member is rank 0 of the team */
    SCHEDULER_SKIP,    /* tests that cannot run: they need more ranks than there are. They have ended now */
    SCHEDULER_FINISHED /* every test has ended */
};
struct scheduler_action {
    enum scheduler_action_kind kind;
    uint32_t assignment; /* number of this assignment, from 1 */
    const int *members;  /* [size] ranks, ascending; valid until the next call */
    int size;
    const size_t *tests; /* [count] indices into the tests given at creation; likewise */
    size_t count;
    int unit;           /* the unit that they are, or -1 */
    bool lost;          /* of a skip: the job had enough ranks for them once */
    const char *reason; /* of a skip: words, likewise valid until the next call */
};

/* Copies what it needs. NULL: out of memory. */
struct scheduler *scheduler_create(const struct scheduler_config *config, const struct scheduler_test tests[],
                                   size_t count);
void scheduler_destroy(struct scheduler *scheduler);

/* Events. An event that cannot be (a busy worker is ready, an unknown assignment ends) changes nothing. */
/* A worker has come and has nothing to do. (Not said of rank 0, and not again after an assignment.) */
void scheduler_worker_ready(struct scheduler *scheduler, int rank, double now);
/* A test of an assignment has ended on all members. `seconds` refines what is expected of tests without history. (One
 * that went back to the queue and ends all the same is not run again.) */
void scheduler_test_ended(struct scheduler *scheduler, size_t test, enum outcome outcome, double seconds, double now);
/* The members of the assignment are free: idle again, those that are not lost. Normally all its tests have ended; those
 * that have not return to the queue. */
void scheduler_assignment_ended(struct scheduler *scheduler, uint32_t assignment, double now);
/* A test that has ended (or waits) will run again, its unit whole; not before every test that waits has run. Tests of the
 * unit that had ended run with it. One that can no longer fit does not run again. */
void scheduler_retry(struct scheduler *scheduler, size_t test);
void scheduler_worker_lost(struct scheduler *scheduler, int rank, double now);
/* Nothing more is handed out (interrupt, --maxfail): FINISHED comes when what runs has ended. */
void scheduler_stop(struct scheduler *scheduler);

/* The next action; call until SCHEDULER_NOTHING or SCHEDULER_FINISHED. */
void scheduler_next(struct scheduler *scheduler, double now, struct scheduler_action *action);

/* Aborts with a message where an invariant does not hold: for tests and debug builds. */
void scheduler_check(const struct scheduler *scheduler);
/* The largest np among tests that were skipped because it exceeds the job's ranks, or 0. */
int scheduler_ranks_wanted(const struct scheduler *scheduler);

#endif
