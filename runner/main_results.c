/* SPDX-License-Identifier: BSD-2-Clause */
/* main_results.c: what came of tests, as rank 0 counts it: told to the reporters, or kept for another try. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "event_wire.h"
#include "interrupt.h"
#include "limit.h"
#include "main_rank_private.h"
#include "rollcall.h"

#define RETURNS_MAX 3 /* a test that hardly began when its rank was lost goes back to the queue so often */

/* ---- Results, of whichever job ---- */

static bool is_bad(enum outcome outcome)
{
    return outcome != OUTCOME_PASSED && outcome != OUTCOME_SKIPPED && outcome != OUTCOME_FLAKY;
}

void main_rank_stop(struct main_rank *self)
{
    self->stopped = true;
    scheduler_stop(self->scheduler);
}

/* A test has ended for good. What its earlier tries came to is told with it; where it could not be run again, the last of
 * them is what it came to. */
static void tell_ended(struct main_rank *self, struct event_test_finished event)
{
    event.earlier_count = attempts_count(self->attempts, event.test);
    event.earlier = attempts_of(self->attempts, event.test, event.name);
    if (event.earlier_count > 0 && !event.earlier) {
        self->error = -ENOMEM;
        return;
    }
    if (event.outcome == OUTCOME_PASSED && event.earlier_count > 0) {
        event.outcome = OUTCOME_FLAKY;
        if (!event.message || !event.message[0])
            event.message = event.earlier[0].message;
    } else if (event.size == 0 && event.earlier_count > 0) {
        int last = event.earlier_count - 1;
        const struct event_test_finished *earlier = event.earlier;
        event = earlier[last];
        event.earlier = earlier;
        event.earlier_count = last;
    }
    self->ended[event.test] = true;
    self->counts[event.outcome]++;
    self->bad += is_bad(event.outcome);
    self->bad_now += is_bad(event.outcome) && !event.resumed;
    reporters_test_finished(self->reporters, &event);
    if (self->settings->maxfail > 0 && self->bad_now >= (size_t)self->settings->maxfail)
        main_rank_stop(self);
}

/* A test has ended on all its ranks, or never began: for good, or to be run again. The members of a unit that had ended
 * before it was run again have told their result. */
void main_rank_test_ended(struct main_rank *self, const struct event_test_finished *event)
{
    if (self->ended[event->test])
        return;
    if (!is_bad(event->outcome) || event->outcome == OUTCOME_NOTRUN || event->resumed || self->stopped ||
        attempts_count(self->attempts, event->test) >= self->settings->retries) {
        tell_ended(self, *event);
        return;
    }
    if (attempts_keep(self->attempts, event) != 0)
        self->error = -ENOMEM;
    reporters_test_retried(self->reporters, event);
    scheduler_retry(self->scheduler, event->test);
}

/* ---- What earlier jobs of the run did ---- */

/* The job died while the test ran. */
static int take_over_died(struct main_rank *self, size_t number, const struct journal_test *test)
{
    char words[256];
    struct event_rank_result *ranks = calloc(test->size > 0 ? (size_t)test->size : 1, sizeof *ranks);
    if (!ranks)
        return -ENOMEM;
    journal_died_words(test, words, sizeof words);
    for (int i = 0; i < test->size; i++)
        ranks[i] = (struct event_rank_result){.rank = test->ranks[i],
                                              .team_rank = i,
                                              .node = "",
                                              .outcome = OUTCOME_CRASHED,
                                              .message = words,
                                              .place = "",
                                              .warnings = "",
                                              .output = ""};
    scheduler_test_ended(self->scheduler, number, OUTCOME_CRASHED, -1, clock_now());
    main_rank_test_ended(self, &(struct event_test_finished){.test = number,
                                                   .name = self->plan->tests[number].name,
                                                   .outcome = OUTCOME_CRASHED,
                                                   .message = words,
                                                   .ranks = ranks,
                                                   .size = test->size});
    free(ranks);
    return 0;
}

static int take_over_test(struct main_rank *self, size_t number, const struct journal_test *test)
{
    struct event_test_finished event;
    int error = 0;
    for (size_t i = 0; i < test->retry_count && !error; i++)
        error = attempts_keep_bytes(self->attempts, number, test->retries[i].bytes, test->retries[i].size);
    if (error || test->state == JOURNAL_WAITS)
        return error;
    if (test->state == JOURNAL_DIED)
        return take_over_died(self, number, test);
    error = event_wire_get(test->result.bytes, test->result.size, &event);
    if (error)
        return error;
    const struct event_rank_result *ranks = event.ranks;
    event.name = self->plan->tests[number].name;
    event.resumed = true;
    scheduler_test_ended(self->scheduler, number, event.outcome, event.seconds, clock_now());
    main_rank_test_ended(self, &event);
    free((void *)ranks);
    return 0;
}

/* Results that are there are told first, as if they came now; what is left remains with the scheduler. */
int main_rank_take_over(struct main_rank *self)
{
    const struct journal *journal = self->settings->journal;
    int error = 0;
    for (size_t i = 0; journal && i < self->plan->count && !error; i++)
        error = take_over_test(self, i, &journal->tests[i]);
    return error ? error : self->error;
}

/* ---- Results of this job ---- */

void main_rank_team_test_ended(struct main_rank *self, const struct running_team *team, const struct team_test *test)
{
    struct event_rank_result one, *ranks = test->size == 1 ? &one : calloc(test->size, sizeof *ranks);
    struct event_test_finished event;
    if (!ranks) {
        self->error = -ENOMEM;
        return;
    }
    running_team_event(team, test, self->plan->tests[test->test].name, self->settings->hosts, ranks, &event);
    char *sentence = event.outcome == OUTCOME_TIMEOUT ? rollcall_sentence(ranks, event.size) : NULL;
    if (sentence)
        event.message = sentence;
    if (test->returns && event.outcome == OUTCOME_NOTRUN && self->returned[test->test] < RETURNS_MAX) {
        self->returned[test->test]++; /* when its assignment ends the scheduler hands it out again */
        free(sentence);
        if (ranks != &one)
            free(ranks);
        return;
    }
    if (event.outcome == OUTCOME_TIMEOUT && interrupt_count() > 0 && limit_end_has_come()) {
        event.outcome = OUTCOME_NOTRUN;
        event.message = MAIN_RANK_INTERRUPTED;
    } else if (event.outcome == OUTCOME_TIMEOUT && test->started >= limit_last_moment()) {
        event.outcome = OUTCOME_NOTRUN; /* handed out together with others, and hardly begun */
        event.message = MAIN_RANK_OUT_OF_TIME;
    }
    if (self->settings->strict)
        running_team_be_strict(ranks, &event);
    scheduler_test_ended(self->scheduler, test->test, event.outcome, event.seconds, clock_now());
    main_rank_test_ended(self, &event);
    free(sentence);
    if (ranks != &one)
        free(ranks);
}

int main_rank_take_result(struct main_rank *self, int rank, const struct message_result *result)
{
    struct running_team *team = self->team_of[rank];
    const struct team_test *ended = NULL;
    if (!team || team->assignment != result->assignment)
        return -EBADMSG;
    int error = running_team_take(team, rank, result, clock_now(), &ended);
    if (!error && ended)
        main_rank_team_test_ended(self, team, ended);
    return error;
}
