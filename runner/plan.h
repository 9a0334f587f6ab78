/* SPDX-License-Identifier: BSD-2-Clause */
/* plan.h: from what is registered to what will run: the instances with their names, selected and ordered. Pure: no MPI
 * call, no I/O, no clock.
 *
 * Names: `suite.test`, with `[np=4]` (or `[np=all]`) if the test has several sizes, and `/3` for a case, also where
 * there is only one: `halo.ring[np=4]/3`. A test's own .np or .np_list hides both of its suite.
 *
 * Units: a suite with setup or teardown is one. A cmocka group is one for each size and case: each runs the whole
 * group. Tests within a unit keep the source order, shuffled or not. A selection takes tests out of a unit, which then
 * is as large as the largest that is left. Tests of one name within a cmocka group (one function, several states)
 * become `test`, `test_2`, `test_3` …
 */
#ifndef MRT_PLAN_H
#define MRT_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mpirun_tests.h>

#include "../mpimock/problem.h"
#include "registry.h"

struct plan_test {
    char *name;
    const char *suite;
    CMUnitTestFunction function;
    CMFixtureFunction setup, teardown; /* cmocka's own, of a group's test; else NULL */
    void *initial_state;               /* likewise */
    const char *file;
    int line;
    int np;          /* at least 1, or MRT_NP_ALL */
    int case_number; /* from 0; 0 where there are no cases */
    double timeout;  /* seconds; < 0: none */
    int priority;
    char *tags; /* the suite's and the test's; "" for none */
    struct mrt_expect expect; /* how it is to end; end_ MRT_END_ANY_: it is to return */
    bool isolated; /* runs in a process of its own; of a unit: all of its tests, or none */
    int unit;   /* index into plan.units of the suite that runs as one item of the queue, or -1 */
};
/* A suite with a setup or teardown, or a cmocka group: its tests run in order on one team, as large as its largest
 * test, smaller ones on its first ranks; setup and teardown once on each of those ranks. */
struct plan_unit {
    const char *name;
    CMFixtureFunction setup, teardown; /* either may be NULL */
    size_t first, count;               /* its tests, consecutive in plan.tests also after a shuffle */
    int np;
};
struct plan {
    struct plan_test *tests;
    size_t count;
    struct plan_unit *units;
    size_t unit_count;
};

struct plan_selection {
    const char *filter; /* GoogleTest's form, "halo.*:io.*-*slow"; NULL: all */
    const char *tags;   /* "slow and not io"; NULL: all */
    bool shuffle;
    uint64_t seed;
    double timeout; /* seconds, for tests that say none; 0: PLAN_TIMEOUT */
    bool isolate;   /* tests that say nothing about it are isolated */
};

#define PLAN_TIMEOUT   60.0
#define PLAN_CASES_MAX 1000000 /* of one test */

/* Makes the plan from the registry, whose memory it uses. -EINVAL with a sentence: two tests of one name, np together
 * with np_list, a size or a number of cases below 1 (MRT_NP_ALL may stand for a size), a size twice, a timeout that is
 * none, an expected end that cannot be, a unit of which one test is to be isolated and another is not, two MRT_SUITE in one file, a filter or tag expression that cannot be read, a name that holds a character other
 * than letters, digits and _ (cmocka's names, and files' stems: mapped to that). Or -ENOMEM. Then the plan is empty.
 * Mistakes in tests are refused whether or not they are selected; an empty selection is no error here.
 * Order: the source order (suites in order of registration, their tests by line), or shuffled: one seed, one order, on
 * every machine (own generator). Two tests come in the same order whatever else is selected. */
int plan_create(struct plan *plan, const struct registry *registry, const struct plan_selection *selection,
                struct problem *problem);
void plan_finish(struct plan *plan);
/* Is any test isolated? */
bool plan_has_isolated(const struct plan *plan);
/* Seconds that each of the unit's fixtures may take: as much as the longest limit among its tests; < 0: no limit. */
double plan_unit_timeout(const struct plan *plan, const struct plan_unit *unit);
/* A 64-bit hash of all names, sizes, options that decide how tests run, and the version: equal on all ranks. */
uint64_t plan_hash(const struct plan *plan);
/* The same of one suite alone (0 where the plan has none of its tests), to name the one that differs. */
uint64_t plan_suite_hash(const struct plan *plan, const char *suite);

#endif
