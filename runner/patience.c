/* SPDX-License-Identifier: BSD-2-Clause */
/* patience.c: see patience.h. */
#include "patience.h"

#include "text.h"

static void tell(const struct patience *patience, const struct running_team *team, const struct team_test *test, double now)
{
    struct text text = {0};
    text_printf(&text, "slow: %s runs for %.4g s on rank%s ", patience->plan->tests[test->test].name, now - test->started,
                test->size > 1 ? "s" : "");
    for (uint32_t i = 0; i < test->size;) { /* ascending */
        uint32_t end = i + 1;
        while (end < test->size && team->members[end] == team->members[end - 1] + 1)
            end++;
        text_printf(&text, "%s%u", i > 0 ? ", " : "", team->members[i]);
        if (end - i > 1)
            text_printf(&text, " to %u", team->members[end - 1]);
        i = end;
    }
    if (!text.failed)
        reporters_notice(patience->reporters, &(struct event_notice){.level = NOTICE_INFO, .text = text_string(&text)});
    text_finish(&text);
}

void patience_tell_slow(const struct patience *patience, double now)
{
    for (int rank = 0; patience->slow > 0 && rank < patience->ranks; rank++) {
        struct running_team *team = patience->team_of[rank];
        const struct team_test *test;
        while (team && (test = running_team_slow(team, patience->slow, now)) != NULL)
            tell(patience, team, test, now);
    }
}

int patience_next_overdue(const struct patience *patience, int rank, double now)
{
    for (; rank < patience->ranks; rank++) {
        const struct running_team *team = rank > 0 ? patience->team_of[rank] : NULL;
        if (team && running_team_is_overdue(team, running_team_member(team, rank), now))
            return rank;
    }
    return -1;
}
