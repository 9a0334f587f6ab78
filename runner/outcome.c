/* SPDX-License-Identifier: BSD-2-Clause */
/* outcome.c: the one table of outcomes; reports, messages and tests take their names from it. */
#include "outcome.h"

#include <string.h>

static const struct {
    const char *name;  /* in JSON */
    const char *words; /* for people */
} table[] = {
    /* clang-format off */
    [OUTCOME_PASSED] = {"passed", "passed"},
    [OUTCOME_FLAKY] = {"flaky", "flaky"},
    [OUTCOME_SKIPPED] = {"skipped", "skipped"},
    [OUTCOME_NOTRUN] = {"notrun", "not run"},
    [OUTCOME_FAILED] = {"failed", "failed"},
    [OUTCOME_DEADLOCK] = {"deadlock", "deadlocked"},
    [OUTCOME_TIMEOUT] = {"timeout", "timed out"},
    [OUTCOME_CRASHED] = {"crashed", "crashed"},
    [OUTCOME_ERROR] = {"error", "error"},
    /* clang-format on */
};
_Static_assert(sizeof table / sizeof table[0] == OUTCOME_COUNT, "every outcome has a name");

const char *outcome_name(enum outcome outcome)
{
    return (unsigned)outcome < OUTCOME_COUNT ? table[outcome].name : "unknown";
}

const char *outcome_words(enum outcome outcome)
{
    return (unsigned)outcome < OUTCOME_COUNT ? table[outcome].words : "unknown";
}

int outcome_from_name(const char *name)
{
    for (int outcome = 0; outcome < OUTCOME_COUNT; outcome++)
        if (strcmp(name, table[outcome].name) == 0)
            return outcome;
    return -1;
}
