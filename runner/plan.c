/* SPDX-License-Identifier: BSD-2-Clause */
/* plan.c: see plan.h. All instances are made first (plan_instances.c) and their names compared; then what runs is put
 * in order; then what is not selected is left out: so a mistake shows, and an order holds, whatever is selected. */
#include "plan.h"

#include <stdlib.h>
#include <string.h>

#include "filter.h"
#include "hash.h"
#include "name_table.h"
#include "plan_instances.h"
#include "random.h"

static int make_instances(struct plan *plan, const struct registry *registry, const struct plan_selection *selection,
                          struct problem *problem)
{
    size_t count;
    const struct registry_suite *suites = registry_suites(registry, &count);
    struct plan_instances instances = {
        .plan = plan, .timeout = selection->timeout != 0 ? selection->timeout : PLAN_TIMEOUT, .isolate = selection->isolate, .problem = problem};
    if (registry_is_incomplete(registry))
        return problem_set(problem, ENOMEM, "out of memory while tests were registered");
    for (size_t i = 0; i < count; i++) {
        int error = plan_instances_add(&instances, &suites[i]);
        if (error)
            return error;
    }
    return 0;
}

static int check_names(const struct plan *plan, struct problem *problem)
{
    struct name_table table;
    int error = name_table_init(&table, plan->count);
    if (error)
        return problem_set(problem, ENOMEM, "out of memory while names were compared");
    for (size_t i = 0; i < plan->count && !error; i++) {
        const struct plan_test *test = &plan->tests[i], *other;
        size_t found;
        if (name_table_find(&table, test->name, &found)) {
            other = &plan->tests[found];
            error = problem_set(problem, EINVAL,
                                "two tests are named %s: at %s:%d and at %s:%d; rename one of them, or its suite",
                                test->name, other->file, other->line, test->file, test->line);
        } else {
            name_table_add(&table, test->name, i);
        }
    }
    name_table_finish(&table);
    return error;
}

/* What stays together: the index of each unit's first test, and of each test that is in none. To be freed. */
static size_t *find_blocks(const struct plan *plan, size_t *count)
{
    size_t *blocks = malloc((plan->count + 1) * sizeof *blocks);
    *count = 0;
    for (size_t i = 0; blocks && i < plan->count; i++)
        if (plan->tests[i].unit < 0 || i == 0 || plan->tests[i].unit != plan->tests[i - 1].unit)
            blocks[(*count)++] = i;
    return blocks;
}

static bool is_selected(const struct plan_selection *selection, const struct plan_test *test)
{
    return (!selection->filter || filter_matches(selection->filter, test->name)) &&
           (!selection->tags || filter_tags_match(selection->tags, test->tags));
}

/* Moves what is selected of a block to the end of the new plan: a single test, or a unit's tests. */
static void take_block(struct plan *to, struct plan *from, size_t first, const struct plan_selection *selection)
{
    int unit = from->tests[first].unit;
    struct plan_unit *taken = NULL;
    for (size_t i = first; i < from->count && from->tests[i].unit == unit && (unit >= 0 || i == first); i++) {
        const struct plan_test *test = &from->tests[i];
        if (!is_selected(selection, test))
            continue;
        struct plan_test *copy = &to->tests[to->count++]; /* the old plan keeps its numbers of units: they bound its blocks */
        *copy = *test;
        if (unit >= 0 && !taken) {
            taken = &to->units[to->unit_count++];
            *taken = from->units[unit];
            taken->first = to->count - 1;
        }
        if (taken) {
            taken->count++;
            if (test->np == MRT_NP_ALL || (taken->np != MRT_NP_ALL && test->np > taken->np))
                taken->np = test->np;
            copy->unit = (int)to->unit_count - 1;
        }
        from->tests[i].name = from->tests[i].tags = NULL; /* the new plan's now */
    }
}

/* Shuffled or not, selected or not: `to` gets what runs, `from` keeps the rest. */
static int arrange(struct plan *to, struct plan *from, const struct plan_selection *selection)
{
    size_t block_count, *blocks = find_blocks(from, &block_count);
    to->tests = calloc(from->count + 1, sizeof *to->tests);
    to->units = calloc(from->unit_count + 1, sizeof *to->units);
    if (!blocks || !to->tests || !to->units) {
        free(blocks);
        return -ENOMEM;
    }
    if (selection->shuffle) {
        struct random_source source;
        random_init(&source, selection->seed);
        random_shuffle(&source, blocks, block_count);
    }
    for (size_t i = 0; i < block_count; i++)
        take_block(to, from, blocks[i], selection);
    free(blocks);
    return 0;
}

int plan_create(struct plan *plan, const struct registry *registry, const struct plan_selection *selection,
                struct problem *problem)
{
    struct plan all = {0};
    int error = 0;
    *plan = (struct plan){0};
    if (selection->filter)
        error = filter_check(selection->filter, problem);
    if (!error && selection->tags)
        error = filter_tags_check(selection->tags, problem);
    if (!error)
        error = make_instances(&all, registry, selection, problem);
    if (!error)
        error = check_names(&all, problem);
    if (!error && arrange(plan, &all, selection) < 0)
        error = problem_set(problem, ENOMEM, "out of memory while the plan was put in order");
    if (error)
        plan_finish(plan);
    plan_finish(&all);
    return error;
}

void plan_finish(struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        free(plan->tests[i].name);
        free(plan->tests[i].tags);
    }
    free(plan->tests);
    free(plan->units);
    *plan = (struct plan){0};
}

bool plan_has_isolated(const struct plan *plan)
{
    bool isolated = false;
    for (size_t i = 0; i < plan->count; i++)
        isolated = isolated || plan->tests[i].isolated;
    return isolated;
}

static uint64_t hash_test(uint64_t hash, const struct plan *plan, const struct plan_test *test)
{
    uint64_t timeout;
    _Static_assert(sizeof timeout == sizeof test->timeout, "a double has 64 bits");
    memcpy(&timeout, &test->timeout, sizeof timeout);
    hash = hash_string(hash, test->name);
    hash = hash_number(hash, (uint64_t)test->np);
    hash = hash_number(hash, (uint64_t)test->case_number);
    hash = hash_number(hash, timeout);
    hash = hash_number(hash, (uint64_t)test->priority);
    hash = hash_number(hash, test->isolated);
    hash = hash_number(hash_number(hash, (uint64_t)test->expect.end_), (uint64_t)test->expect.code_);
    hash = hash_string(hash, test->tags);
    if (test->unit < 0)
        return hash_number(hash, 0);
    /* By place within the unit: the number of the unit depends on other suites. */
    const struct plan_unit *unit = &plan->units[test->unit];
    hash = hash_number(hash, 1 + (size_t)(test - plan->tests) - unit->first);
    return hash_number(hash, (uint64_t)(unit->setup != NULL) << 1 | (unit->teardown != NULL));
}

uint64_t plan_hash(const struct plan *plan)
{
    uint64_t hash = hash_string(HASH_START, MRT_VERSION);
    hash = hash_number(hash, plan->count);
    for (size_t i = 0; i < plan->count; i++)
        hash = hash_test(hash, plan, &plan->tests[i]);
    return hash;
}

double plan_unit_timeout(const struct plan *plan, const struct plan_unit *unit)
{
    double longest = 0;
    for (size_t i = unit->first; i < unit->first + unit->count; i++) {
        if (plan->tests[i].timeout <= 0)
            return -1;
        if (plan->tests[i].timeout > longest)
            longest = plan->tests[i].timeout;
    }
    return longest;
}

uint64_t plan_suite_hash(const struct plan *plan, const char *suite)
{
    uint64_t hash = hash_string(HASH_START, MRT_VERSION);
    bool found = false;
    for (size_t i = 0; i < plan->count; i++) {
        if (strcmp(plan->tests[i].suite, suite) == 0) {
            hash = hash_test(hash, plan, &plan->tests[i]);
            found = true;
        }
    }
    return found ? hash : 0;
}
