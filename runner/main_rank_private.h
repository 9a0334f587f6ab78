/* SPDX-License-Identifier: BSD-2-Clause */
/* main_rank_private.h: the state of rank 0, shared by main_rank.c (messages in, actions out, the run), main_results.c (what
 * came of tests, in this job and in earlier ones) and main_members.c (ranks that come and go). */
#ifndef MRT_MAIN_RANK_PRIVATE_H
#define MRT_MAIN_RANK_PRIVATE_H

#include "attempts.h"
#include "main_rank.h"
#include "running_team.h"
#include "scheduler.h"
#include "worker.h"

#define MAIN_RANK_NO_ANSWER   "did not answer for 5 s after its time was up"
#define MAIN_RANK_OUT_OF_TIME "the time of the whole run was up before (--global-timeout)"
#define MAIN_RANK_INTERRUPTED "the run was interrupted"
_Static_assert((int)RUNNING_TEAM_PATIENCE == 5, "as the sentence says");

struct main_rank {
    const struct main_rank_settings *settings;
    struct control *control;
    const struct plan *plan;
    struct reporters *reporters;
    struct scheduler *scheduler;
    struct running_team **team_of; /* [control->size] NULL: in none */
    bool *ready;                   /* [control->size] has nothing to do, and waits for a word */
    uint32_t *incarnation;         /* [control->size] of the processes that are the ranks now (launch.h) */
    bool *given_up;                /* [control->size] it was killed, because it did not answer: another one will come */
    uint8_t *returned;             /* [plan->count] how often it went back to the queue, because a rank died before it began */
    double next_look;              /* for tests and ranks that take too long … */
    int since_late;                /* messages since that moment */
    bool *lost;                    /* [control->size] is gone, and sends nothing any more */
    bool *ended;                   /* [plan->count] reported as finished */
    struct attempts *attempts;     /* what did not pass and will be, or was, run again */
    bool stopped;                  /* nothing more is handed out */
    bool ranks_missing;            /* tests were not run because ranks were lost */
    uint32_t serial;               /* of the next team */
    struct wire_writer writer;
    struct worker worker;          /* rank 0 taking part */
    double began;
    size_t counts[OUTCOME_COUNT];
    size_t bad, bad_now;           /* outcomes that are neither passed, skipped nor flaky; those of them of this job */
    int ranks_wanted;
    int error;                     /* found where no result could be given back */
};

/* ---- main_results.c ---- */

/* Nothing more is handed out. */
void main_rank_stop(struct main_rank *self);
/* A test has ended on all its ranks, or never began: for good, or to be run again. */
void main_rank_test_ended(struct main_rank *self, const struct event_test_finished *event);
/* … of this team. */
void main_rank_team_test_ended(struct main_rank *self, const struct running_team *team, const struct team_test *test);
/* What a rank has sent. 0, -EBADMSG for what cannot be, -ENOMEM. */
int main_rank_take_result(struct main_rank *self, int rank, const struct message_result *result);
/* What earlier jobs of the run did, from their journal. */
int main_rank_take_over(struct main_rank *self);

/* ---- main_members.c ---- */

/* A rank has nothing to do: at the start, or because its assignment has ended for it. */
void main_rank_take_ready(struct main_rank *self, int rank);
/* A rank is gone for good. Nothing happens if that is known. */
void main_rank_lose(struct main_rank *self, int rank, const struct message_lost *lost);
/* A fresh process says that it is this rank now. */
int main_rank_take_renewed(struct main_rank *self, int rank, const struct message_lost *message);

#endif
