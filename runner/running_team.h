/* SPDX-License-Identifier: BSD-2-Clause */
/* running_team.h: an assignment that runs: its members, its tests, and what its ranks have reported of each test so far.
 *
 * A test has ended when every one of its ranks has reported, or is lost. A rank that is lost reports no more: of the first
 * test that it had not reported it is said how it was lost, and the tests after that one do not end here: they go back to
 * the queue. A test that is expected to end in some way (.expect) is judged when it has ended. Pure: no MPI, no clock.
 */
#ifndef MRT_RUNNING_TEAM_H
#define MRT_RUNNING_TEAM_H

#include <stdbool.h>
#include <stddef.h>

#include "event.h"
#include "message.h"
#include "plan.h"

/* So long after its time is up a rank is waited for: it says where it is, and cleans up (late.c, limit.c). */
#define RUNNING_TEAM_PATIENCE 5.0

struct rank_report {
    bool reported;
    enum outcome outcome;
    enum how how;
    int code;
    double seconds;
    char *message, *place, *warnings, *output;
    size_t output_size;
};

struct team_test {
    uint32_t test;               /* index into the plan */
    uint32_t size, missing;      /* ranks that run it; those that have not reported */
    double started;              /* clock_now() when rank 0 handed it out, or when the one before it ended */
    double limit;                /* seconds that it may take, with the fixtures of its unit that come with it; INFINITY: none */
    bool returns;                /* a member was lost before it began the test */
    bool slow;                   /* that it is slow has been told */
    struct rank_report *reports; /* [size] */
    struct mrt_expect expect;
    bool as_expected;            /* it has ended, in the way that was expected: it passed */
    char *unexpected;            /* it has ended in another way: what to say; NULL: not so */
};

struct running_team {
    uint32_t assignment, serial;
    uint32_t size, not_ready; /* members; those that are neither READY again nor lost */
    uint32_t *members;        /* [size] */
    bool *lost;               /* [size] */
    uint32_t count;
    struct team_test *tests; /* [count] */
};

struct running_team_settings {
    uint32_t assignment, serial;
    const int *members; /* [size] */
    int size;
    const size_t *tests; /* [count] indices into the plan */
    size_t count;
    const struct plan *plan;
    int unit; /* index into the plan's, or -1 */
    double now;
};

/* NULL: out of memory. */
struct running_team *running_team_create(const struct running_team_settings *settings);
void running_team_destroy(struct running_team *team); /* NULL is fine */
/* The place of a rank among the members; UINT32_MAX: it is none. */
uint32_t running_team_member(const struct running_team *team, int rank);
/* Takes a report. *ended becomes the test if that was the last one missing, else NULL. -EBADMSG for one that cannot be,
 * -ENOMEM. */
int running_team_take(struct running_team *team, int rank, const struct message_result *result, double now,
                      const struct team_test **ended);
/* The member is gone. *ended likewise, of the test that it was in; one that had not begun on it has `returns` set: it is to go
 * back to the queue unless it failed on another rank. 0 or -ENOMEM. */
int running_team_lose(struct running_team *team, uint32_t member, const struct message_lost *lost, double now,
                      const struct team_test **ended);
/* Its time was up so long ago that the member should have reported, whatever it had to clean up. */
bool running_team_is_overdue(const struct running_team *team, uint32_t member, double now);
/* The first test that runs longer than `seconds` and was not asked for before; NULL: none. */
struct team_test *running_team_slow(struct running_team *team, double seconds, double now);
/* The test that this member is in, or is about to begin; NULL: it has reported all of its tests. */
const struct team_test *running_team_current(const struct running_team *team, uint32_t member);

/* What came of a test on all its ranks, as reporters are told: ranks[test->size] is filled, the event points to it. `hosts`
 * by rank of the run. A rank that only followed another one (`notrun`) counts less than any other, but for a pass. Only of a
 * test that passed is told what it left behind. */
void running_team_event(const struct running_team *team, const struct team_test *test, const char *name,
                        const char *const hosts[], struct event_rank_result ranks[], struct event_test_finished *event);
/* --strict: what ranks left behind is their failure, and the test's. */
void running_team_be_strict(struct event_rank_result ranks[], struct event_test_finished *event);

#endif
