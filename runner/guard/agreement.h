/* SPDX-License-Identifier: BSD-2-Clause */
/* agreement.h: the members of a communicator agree that all are about to call the same collective, and none is
 * stranded.
 *
 * A dissemination: in round k each tells the one 2^k after it what it knows, and hears from the one 2^k before it;
 * after log2(n) rounds all know the same (Hensgen, Finkel, Manber 1988).
 *
 *     arrives ──▶ waiting ──▶ agreed ──▶ enters the MPI's collective, and waits until that is complete
 *                    └──────▶ impossible ──▶ leaves the test
 *
 * Who leaves a test must not strand a mate in the MPI's collective, which cannot be left. So arrival is all or nothing:
 *
 * 1. A member arrives at collective number s of communicator C when it writes its letter of round 0. From then on it
 * writes all its letters of (C, s) as soon as it can, and stays until (C, s) is agreed or impossible, whatever notice
 * comes.
 * 2. A member that is told that the test is left, that leaves it itself, or that waits at the test's end and hears of a
 * member that has done so, says GONE to all its mates, at once, also while it waits in (C, s): it will never arrive
 * anywhere again. With it goes its last arrival on each communicator; one that is not listed never saw it arrive.
 * 3. (C, s) is impossible for a member that has the GONE of a member of C whose last arrival on C was before s.
 *
 * (a) Nobody leaves an agreement that another may complete: who is to complete (C, s) must have heard, directly or not,
 * from every member's round 0. If it is impossible one never wrote that, and never will (2), so nobody completes it.
 * (b) Nobody waits for ever, once the test is left: if all members of C have arrived all their letters come (1), and
 * all complete it. If one has not it never will; it is told, or is at the end, so it says GONE (2), and its last
 * arrival on C was before s. That holds also where two wait for each other in two agreements: both say GONE while they
 * wait.
 * (c) Whoever has agreed enters; by (a) and (b) all members of C enter.
 *
 * A member that has died says nothing: its mates treat it as one that is gone, and may be stranded if it died between
 * its last letter and the end of the MPI's collective.
 *
 * Pure: no MPI. The host of an agreement puts letters into the mailbox, and calls guard_agreement_advance until it is
 * over.
 */
#ifndef MRT_GUARD_AGREEMENT_H
#define MRT_GUARD_AGREEMENT_H

#include "mailbox.h"

struct guard_agreement {
    const int *members;         /* [size] ranks in the control communicator */
    int size, rank;             /* this member's, among them */
    int distance;               /* 2^round */
    bool told;                  /* this round's letter is written */
    struct guard_letter letter; /* what this member knows, with the agreement's names and the round */
};

enum guard_verdict { GUARD_WAITING, GUARD_AGREED, GUARD_IMPOSSIBLE };

struct guard_writer {
    void (*write)(void *context, int to, const struct guard_letter *letter);
    void *context;
};

/* This member arrives, so it must count `sequence` as its last on `number`. Written is nothing before the first
 * advance. */
void guard_agreement_begin(struct guard_agreement *self, uint32_t serial, uint64_t number, uint32_t sequence,
                           const int members[], int size, int rank, const struct guard_intent *intent);
/* Reads what has come, writes what is due. GUARD_AGREED: all have arrived; what they said is in letter.words. */
enum guard_verdict guard_agreement_advance(struct guard_agreement *self, struct guard_mailbox *mailbox,
                                           const struct guard_writer *writer);

#endif
