/* SPDX-License-Identifier: BSD-2-Clause */
/* reporters.c: several reporters as one: each event goes to all that are interested, in the order in which they were
 * added.
 */
#include "reporter.h"

#include <stdlib.h>

struct reporters {
    struct reporters_member {
        const struct reporter_type *type;
        struct reporter *state;
    } * members;
    size_t count;
};

struct reporters *reporters_create(void)
{
    return calloc(1, sizeof(struct reporters));
}

int reporters_add(struct reporters *reporters, const struct reporter_type *type,
                  const struct reporter_settings *settings, struct problem *problem)
{
    struct reporters_member *members = realloc(reporters->members, (reporters->count + 1) * sizeof *members);
    int error;

    if (!members)
        return problem_set(problem, ENOMEM, "out of memory for the %s report", type->name);
    reporters->members = members;
    members[reporters->count] = (struct reporters_member){.type = type};
    error = type->create(&members[reporters->count].state, settings, problem);
    if (!error)
        reporters->count++;
    return error;
}

/* Tells an event to all members that have a function for it. */
#define TELL(reporters, function, event)                                                                               \
    do {                                                                                                               \
        for (size_t i_ = 0; i_ < (reporters)->count; i_++) {                                                           \
            const struct reporters_member *member_ = &(reporters)->members[i_];                                        \
                                                                                                                       \
            if (member_->type->function)                                                                               \
                member_->type->function(member_->state, event);                                                        \
        }                                                                                                              \
    } while (0)

void reporters_run_started(struct reporters *reporters, const struct event_run_started *event)
{
    TELL(reporters, run_started, event);
}

void reporters_test_started(struct reporters *reporters, const struct event_test_started *event)
{
    TELL(reporters, test_started, event);
}

void reporters_test_retried(struct reporters *reporters, const struct event_test_finished *event)
{
    TELL(reporters, test_retried, event);
}

void reporters_test_finished(struct reporters *reporters, const struct event_test_finished *event)
{
    TELL(reporters, test_finished, event);
}

void reporters_notice(struct reporters *reporters, const struct event_notice *event)
{
    TELL(reporters, notice, event);
}

void reporters_run_finished(struct reporters *reporters, const struct event_run_finished *event)
{
    TELL(reporters, run_finished, event);
}

void reporters_tick(struct reporters *reporters)
{
    for (size_t i = 0; i < reporters->count; i++)
        if (reporters->members[i].type->tick)
            reporters->members[i].type->tick(reporters->members[i].state);
}

int reporters_destroy(struct reporters *reporters, struct problem *problem)
{
    int first = 0;

    if (!reporters)
        return 0;
    for (size_t i = 0; i < reporters->count; i++) {
        const struct reporters_member *member = &reporters->members[i];
        struct problem another;
        int error = member->type->destroy(member->state, first ? &another : problem);

        if (!first)
            first = error;
    }
    free(reporters->members);
    free(reporters);
    return first;
}
