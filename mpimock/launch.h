/* SPDX-License-Identifier: BSD-2-Clause */
/* launch.h: the supervising process: it forks all ranks, rank 0 too, runs none itself, and reaps them. */
#ifndef MPIMOCK_LAUNCH_H
#define MPIMOCK_LAUNCH_H

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

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
    /* A function's ranks, but for rank 0: who dies before it has returned, and before rank 0 has ended, is replaced by a
     * fresh fork of this process, which runs the function as the same rank, and is not counted in `died`. When a rank has
     * died MPIMOCK_DEATHS_MAX times in a row and not begun a test since, the job ends. The function must not call
     * MPI_Finalize, and communicates on mpimock_control_comm and in tests only: other communicators remember the dead.
     * When rank 0 has returned, ranks that wait for work (mpimock_wait_is_idle) and have no message end at once, and others
     * are killed after 5 seconds: what becomes of them changes no status any more. */
    bool replace;
    int *replaced;    /* becomes how often that was done; NULL: not wanted */
};
#define MPIMOCK_DEATHS_MAX 100

/* Runs the job to its end. Returns the first non-zero status among the ranks in order of rank, rank 0 first (128 + the
 * signal for one that a signal ended), or a negative errno value with a sentence. When a rank dies of a signal, or calls
 * MPI_Abort, the others are ended; SIGINT, SIGTERM and SIGHUP are handed on to the ranks. When the supervisor dies, so do
 * the ranks (PR_SET_PDEATHSIG). */
int mpimock_launch(const struct mpimock_launch *launch, struct problem *problem);

/* This process, a fork of a rank, is none any more; nothing happens in another one. */
void mpimock_forget(void);

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
/* `members` are ranks of the mock's world; `incarnations` are those that were meant to take part, so that one that died
 * before it began is missed too (NULL: not known). 0 or -ENOMEM. */
int mpimock_test_begin(uint32_t serial, uint32_t size, const uint32_t members[], const uint32_t incarnations[]);
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
/* Threads of this rank that wait in blocking calls, but for one that is in the hook. */
int mpimock_waiting_threads(void);
/* This thread neither calls MPI again nor ends: other threads' deadlocks need not wait for it. Async-signal-safe. */
void mpimock_thread_stops(void);
/* From any thread: whatever waits in this rank calls its hook again. */
void mpimock_wait_wake(void);
/* In the hook: CLOCK_MONOTONIC in seconds when the call that this thread is in began to sleep; 0: it has not. */
double mpimock_wait_since(void);
/* This thread never calls MPI (true), so a deadlock of the others is one of the whole process. */
void mpimock_thread_is_helper(bool is_helper);
/* Blocking calls of this thread return MPI_ERR_PENDING when CLOCK_MONOTONIC has reached so many seconds; INFINITY: no end. */
void mpimock_wait_deadline(double seconds);

/* ---- Ranks that die and are replaced ----
 *
 * A process that dies in a test has ended the test for its team-mates: whoever of them waits is woken, and the hook runs, which
 * asks mpimock_test_lost_member before mpimock_test_deadlock. */

/* A communicator of all ranks, made without communication, for MPI_Send, MPI_Isend and receives: what is sent there needs
 * nothing of its sender any more once the send is complete, and comes whole, in order, or not at all. What is sent to a rank
 * that has died may be lost, or reach the process that took its place: messages that only one of them may have must tell
 * which (mpimock_incarnation). Each call gives a handle of its own to the same communicator. Returns an MPI error class. */
int mpimock_control_comm(MPI_Comm *comm);

#define MPIMOCK_WORDS_FRAMES 64

/* What a process that is about to die leaves for the one that takes its place: plain memory, all zero at first, which may be
 * written at any time and from a signal's handler. Addresses of code are valid in the successor too. */
struct mpimock_last_words {
    uint32_t written; /* by whoever writes, last: the rest is whole */
    int32_t outcome;  /* the runner's */
    int32_t signal, code; /* siginfo_t's */
    uint64_t address; /* of the fault */
    uint32_t frames, spare;
    uint64_t backtrace[MPIMOCK_WORDS_FRAMES]; /* program counters, innermost first */
    char call[256];   /* the MPI call that it was in */
    char text[7392];
};
/* Of this rank; NULL: this process is none, or has no supervisor that would replace it. */
struct mpimock_last_words *mpimock_last_words(void);
/* From now on it is this memory, which somebody else reads; NULL: as before. */
void mpimock_last_words_in(struct mpimock_last_words *words);

struct mpimock_death {
    int wait_status;     /* as of waitpid */
    uint32_t test;       /* serial of the test that it was in; 0: none */
    uint32_t incarnation;
    uint32_t spare;
    struct mpimock_last_words words;
};
/* How the process ended whose place this one took; NULL: this is the first. Valid as long as this process lives. */
const struct mpimock_death *mpimock_predecessor(void);
/* How many processes were this rank before (0: none); the same of any rank, as of now. */
unsigned mpimock_incarnation(void);
unsigned mpimock_rank_incarnation(int rank);
/* Its process as of now; 0: there is none at the moment. */
pid_t mpimock_rank_pid(int rank);
/* Of the job; 0: this process is none of its ranks. */
int mpimock_rank_count(void);
/* Sends a signal to that very process: -ESRCH if it is gone already, or another negative errno value. */
int mpimock_rank_kill(int rank, unsigned incarnation, int signal);
/* The first member of the test that this rank is in (its place in `members`) that has died in the test, or before it came
 * to it; -1: none. Costs one load while nobody dies. */
int mpimock_test_lost_member(void);

#pragma GCC visibility pop

#endif
