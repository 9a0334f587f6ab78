/* SPDX-License-Identifier: BSD-2-Clause */
/* report_ranks.h: the ranks of a finished test in groups, so that what several ranks said alike is told once.
 *
 * Shared by the reporters; pure.
 */
#ifndef MRT_REPORT_RANKS_H
#define MRT_REPORT_RANKS_H

#include "event.h"
#include "text.h"

/* What ranks have in common within a group. */
enum report_ranks_by {
    REPORT_RANKS_BY_MESSAGE, /* outcome and message; those without a message are left out */
    REPORT_RANKS_BY_OUTPUT,  /* those without output are left out */
    REPORT_RANKS_BY_WARNINGS /* those without warnings are left out */
};

struct report_ranks_group {
    const struct event_rank_result *first; /* of the event */
    int *team_ranks;                       /* [count] ascending */
    size_t count;
};
struct report_ranks {
    struct report_ranks_group *groups; /* by message: the gravest first; then in order of their first rank */
    size_t count;
    int *numbers; /* behind team_ranks */
};

/* Makes the groups; points into the event. -ENOMEM. */
int report_ranks_group(struct report_ranks *ranks, const struct event_test_finished *event, enum report_ranks_by by);
void report_ranks_finish(struct report_ranks *ranks);

/* Adds "rank 2" or "ranks 0-3,5" (in the team's numbering); with nodes, also where they are: "ranks 0-3 (n1, n2)". */
void report_ranks_add_names(struct text *text, const struct event_test_finished *event,
                            const struct report_ranks_group *group, bool nodes);

/* Adds the run's ranks that the test ran on: "1-4,7". */
void report_ranks_add_run(struct text *text, const struct event_test_finished *event);

/* Adds the names of the nodes that the test ran on, each once, `separator` between them; at most 16 and how many more.
 */
void report_ranks_add_nodes(struct text *text, const struct event_test_finished *event, const char *separator);

/* Did any rank leave something behind? */
bool report_ranks_any_warnings(const struct event_test_finished *event);

/* Is the message (the test's own) among these groups, made by message? */
bool report_ranks_tell(const struct report_ranks *groups, const char *message);

#endif
