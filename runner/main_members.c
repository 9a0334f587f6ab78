/* SPDX-License-Identifier: BSD-2-Clause */
/* main_members.c: ranks as rank 0 knows them: ready, in a team, lost, or in the place of one that died.
 *
 * A rank is in one running team (running_team.h) at a time, so a rank's number finds its team. The team is gone when each of
 * its members is READY again, or gone. Where a fresh process takes a rank's place (the mock) it is as if it were READY.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "limit.h"
#include "loss.h"
#include "main_rank_private.h"

/* Its last member is READY, or gone. */
static void team_ended(struct main_rank *self, struct running_team *team)
{
    scheduler_assignment_ended(self->scheduler, team->assignment, clock_now());
    running_team_destroy(team);
}

/* A rank has nothing to do: at the start, or because its assignment has ended for it. */
void main_rank_take_ready(struct main_rank *self, int rank)
{
    struct running_team *team = self->team_of[rank];
    self->team_of[rank] = NULL;
    self->ready[rank] = true;
    if (!team) {
        scheduler_worker_ready(self->scheduler, rank, clock_now());
    } else if (--team->not_ready == 0) {
        team_ended(self, team);
    }
}

/* The process that was this rank is gone, and the test that it was in, if any, has ended on it. */
static void leave_team(struct main_rank *self, int rank, const struct message_lost *lost)
{
    struct running_team *team = self->team_of[rank];
    const struct team_test *ended = NULL;
    self->team_of[rank] = NULL;
    if (!team)
        return;
    if (running_team_lose(team, running_team_member(team, rank), lost, clock_now(), &ended) != 0)
        self->error = -ENOMEM;
    if (ended)
        main_rank_team_test_ended(self, team, ended);
    if (--team->not_ready == 0)
        team_ended(self, team);
}

/* Those who wait for it see that themselves only where they are on its node. */
static void tell_mates_of_loss(struct main_rank *self, int rank)
{
    const struct running_team *team = self->team_of[rank];
    struct wire_writer writer = {0};
    message_lost_encode(&writer, &(struct message_lost){.rank = (uint32_t)rank, .reason = "", .output = ""});
    for (uint32_t i = 0; team && !writer.failed && i < team->size; i++)
        if (team->members[i] != 0 && !self->lost[team->members[i]])
            control_post(self->control, MESSAGE_LOST, (int)team->members[i], writer.bytes, writer.size);
    wire_writer_finish(&writer);
}

static bool has_worker(const struct main_rank *self)
{
    for (int rank = 1; rank < self->control->size; rank++)
        if (!self->lost[rank])
            return true;
    return false;
}

/* A rank is gone for good. Nothing happens if that is known. */
void main_rank_lose(struct main_rank *self, int rank, const struct message_lost *lost)
{
    if (rank == 0 || self->lost[rank])
        return;
    self->lost[rank] = true;
    self->ready[rank] = false;
    self->control->broken = true;
    loss_note((uint32_t)rank);
    tell_mates_of_loss(self, rank);
    scheduler_worker_lost(self->scheduler, rank, clock_now());
    leave_team(self, rank, lost);
    if (self->settings->job > 0 && !has_worker(self)) { /* better a fresh job than tests on rank 0, which nobody can lose */
        self->ranks_missing = true;
        main_rank_stop(self);
    }
}

/* A fresh process says that it is this rank now: for the scheduler the rank was never away. What was sent to the process
 * before it is not for it, so it waits for a WELCOME. */
int main_rank_take_renewed(struct main_rank *self, int rank, const struct message_lost *message)
{
    struct message_lost lost = *message;
    if (message->incarnation <= self->incarnation[rank])
        return -EBADMSG;
    self->incarnation[rank] = message->incarnation;
    message_welcome_encode(&self->writer, &(struct message_welcome){.go_on = true,
                                                                    .incarnation = message->incarnation,
                                                                    .seconds = limit_last_moment() - clock_now()});
    if (self->writer.failed)
        return -ENOMEM;
    int error = control_send(self->control, MESSAGE_WELCOME, rank, self->writer.bytes, self->writer.size);
    if (self->given_up[rank]) {
        lost.outcome = OUTCOME_TIMEOUT;
        lost.reason = MAIN_RANK_NO_ANSWER;
        lost.test = LOST_ANYWHERE;
    }
    self->given_up[rank] = false;
    leave_team(self, rank, &lost);
    self->ready[rank] = true;
    scheduler_worker_ready(self->scheduler, rank, clock_now()); /* where the one before it died before it was */
    return error;
}
