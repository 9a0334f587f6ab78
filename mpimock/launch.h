/* SPDX-License-Identifier: BSD-2-Clause */
/* launch.h: the supervising process: it forks all ranks, rank 0 too, runs none itself, and reaps them. */
#ifndef MPIMOCK_LAUNCH_H
#define MPIMOCK_LAUNCH_H

#include <mpi.h>
#include <stddef.h>
#include <stdint.h>

#include "hostfile.h"

#pragma GCC visibility push(default)

#define MPIMOCK_RANKS_MAX 1024

struct mpimock_launch {
    int n;
    const struct hostfile *nodes; /* NULL: one node, this host. Ranks fill its slots in order (by slot), then wrap around */
    /* Either a function that each rank runs, in a fork of this process, its result the exit status … */
    int (*function)(void *argument);
    void *argument;
    /* … or a program that each rank becomes, with libmpimock preloaded. */
    char *const *program;
    int *results;     /* [n] what each rank returned, or exited with, or 128 + signal; NULL: not wanted */
    int *died;        /* becomes the number of ranks that ended without returning (a function) or by a signal (a program) */
    bool quiet;       /* no sentence about ranks that died */
};

/* Runs the job to its end. Returns the first non-zero status among the ranks in order of rank, rank 0 first (128 + the
 * signal for one that a signal ended), or a negative errno value with a sentence. When a rank dies of a signal, or calls
 * MPI_Abort, the others are ended; SIGINT, SIGTERM and SIGHUP are handed on to the ranks. When the supervisor dies, so do
 * the ranks (PR_SET_PDEATHSIG). */
int mpimock_launch(const struct mpimock_launch *launch, struct problem *problem);

/* For the runner: a team's communicator on the mock, made without communication: `serial` is unique in the run (rank 0 of
 * the run numbers the teams), members are ranks of the mock's world. */
int mpimock_team_create(int size, const int members[], uint32_t serial, MPI_Comm *team);
int mpimock_team_free(MPI_Comm *team); /* also discards unreceived messages of the team's communicator */
/* ---- Tests of the runner's ----
 *
 *     begin ──▶ in the test ──▶ end                      (the test ended as it should)
 *                     \─left─▶ its stack is unwound ──▶ end
 *
 * While a rank is in a test, a deadlock in that test's team is no end of the job: the rank that found it has a text, and is
 * expected to leave by a long jump from the hook. A member has ended the test when it is past `end`: it sends nothing to
 * this test any more. Serial numbers only grow on each rank, and are those of mpimock_team_create. */

/* What this rank sends on communicators that were not made in tests is the runner's: --mock-sends is not for it. */
void mpimock_tests_only(void);
/* `members` are ranks of the mock's world. 0 or -ENOMEM. */
int mpimock_test_begin(uint32_t serial, uint32_t size, const uint32_t members[]);
/* This rank leaves the test before its end: takes back what it has posted and not completed, so that no message reaches
 * memory that is about to be unwound, nor is read from there. */
void mpimock_test_left(void);
/* Discards what the test left behind: messages that nobody received, and requests. */
void mpimock_test_end(void);
/* Why this rank can never go on in the test, and who else cannot, in several lines; NULL: it can. */
const char *mpimock_test_deadlock(void);
/* Called by blocking calls in their own thread, before they sleep and after each event that did not complete them, and by
 * calls that ask in vain (MPI_Test and the like); may leave by a long jump. NULL: none. */
void mpimock_waiting_hook_set(void (*hook)(void));
/* Writes where in the source an address is, "halo.c:33", for the lines of a deadlock's report; "" where it is not known.
 * Called by the rank that found the deadlock, for calls of other ranks too: right where they have the same code at the same
 * addresses, having been forked after it was loaded. NULL: none. */
void mpimock_place_hook_set(void (*place)(const void *address, char *text, size_t size));
/* While set, a blocking call of this rank waits for work: it is no part of a deadlock. */
void mpimock_wait_is_idle(bool idle);
/* Blocking calls of this thread return MPI_ERR_PENDING when CLOCK_MONOTONIC has reached so many seconds; INFINITY: no end. */
void mpimock_wait_deadline(double seconds);

#pragma GCC visibility pop

#endif
