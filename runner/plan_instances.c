/* SPDX-License-Identifier: BSD-2-Clause */
/* plan_instances.c: see plan_instances.h. One registered test becomes an instance for each of its sizes and cases; what
 * it leaves open comes from its suite, else from the defaults. */
#include "plan_instances.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"
#include "filter.h"
#include "name_table.h"

/* Options with nothing left open. */
struct resolved {
    int sizes[MRT_NP_LIST_MAX];
    int size_count;
    int cases; /* 0: no cases, one instance without a number */
    double timeout;
    int priority;
    enum mrt_choice isolate; /* 0: nobody says */
    struct mrt_expect expect;
    char *tags; /* to be freed */
};

/* What is being expanded, for names and sentences. */
struct origin {
    const char *suite, *test; /* test NULL: the options are the suite's */
    const char *file;
    int line;
};

__attribute__((format(printf, 3, 4))) static int refuse(struct problem *problem, const struct origin *origin,
                                                        const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return problem_set(problem, EINVAL, "%s%s%s (%s:%d): %s", origin->suite, origin->test ? "." : "",
                       origin->test ? origin->test : "", origin->file, origin->line, text);
}

static int out_of_memory(struct problem *problem)
{
    return problem_set(problem, ENOMEM, "out of memory while the plan was made");
}

static bool is_size(int np)
{
    return np >= 1 || np == MRT_NP_ALL;
}

static int check_sizes(const struct mrt_options *options, const struct origin *origin, struct problem *problem)
{
    const int *list = options->np_list;
    if (options->np != 0 && list[0] != 0)
        return refuse(problem, origin, ".np = %d stands together with .np_list; keep one of them", options->np);
    if (options->np != 0 && !is_size(options->np))
        return refuse(problem, origin, ".np = %d is no number of ranks; give at least 1, or MRT_NP_ALL", options->np);
    for (int i = 0; i < MRT_NP_LIST_MAX && list[i] != 0; i++) {
        if (!is_size(list[i]))
            return refuse(problem, origin,
                          ".np_list holds %d, which is no number of ranks; give at least 1, or MRT_NP_ALL", list[i]);
        for (int j = 0; j < i; j++)
            if (list[j] == list[i])
                return refuse(problem, origin, ".np_list holds %d twice; name each size once", list[i]);
    }
    for (int i = 1; i < MRT_NP_LIST_MAX; i++)
        if (list[i - 1] == 0 && list[i] != 0)
            return refuse(problem, origin, ".np_list holds a 0 before %d; 0 ends the list, and is no number of ranks",
                          list[i]);
    return 0;
}

static int check_options(const struct mrt_options *options, const struct origin *origin, struct problem *problem)
{
    if (options->cases < 0 || options->cases > PLAN_CASES_MAX)
        return refuse(problem, origin, ".cases = %d is not from 1 to %d", options->cases, PLAN_CASES_MAX);
    if ((unsigned)options->isolate > MRT_NO)
        return refuse(problem, origin, ".isolate = %d is neither MRT_YES nor MRT_NO", (int)options->isolate);
    if (!expect_is_possible(&options->expect))
        return refuse(problem, origin, ".expect = MRT_%s(%d) can never be; %s", options->expect.end_ == MRT_END_SIGNAL_ ? "SIGNALS" : "EXITS",
                      options->expect.code_, options->expect.end_ == MRT_END_SIGNAL_ ? "give a signal, as SIGSEGV" : "a status is from 0 to 255");
    if (!(options->timeout >= 0 || options->timeout == MRT_TIMEOUT_NONE))
        return refuse(problem, origin, ".timeout = %g is no time; give seconds, or MRT_TIMEOUT_NONE", options->timeout);
    return check_sizes(options, origin, problem);
}

static int check_name(const char *name, const char *what, const struct origin *origin, struct problem *problem)
{
    const unsigned char *c = (const unsigned char *)name;
    while (*c && *c < 128 && (isalnum(*c) || *c == '_'))
        c++;
    if (*c || c == (const unsigned char *)name)
        return refuse(problem, origin, "the %s's name may hold letters, digits and _ only, and at least one of them",
                      what);
    return 0;
}

/* The suite's words, then those of the test that are not among them. */
static char *join_tags(const char *first, const char *second)
{
    const char *const sources[] = {first ? first : "", second ? second : ""};
    char *tags = malloc(strlen(sources[0]) + strlen(sources[1]) + 2), *end = tags;
    if (!tags)
        return NULL;
    *end = '\0';
    for (int i = 0; i < 2; i++) {
        for (const char *word = sources[i]; word += strspn(word, " \t\r\n"), *word;) {
            size_t length = strcspn(word, " \t\r\n");
            if (!filter_tags_have(tags, word, length)) {
                if (end > tags)
                    *end++ = ' ';
                memcpy(end, word, length);
                end[length] = '\0';
                end += length;
            }
            word += length;
        }
    }
    return tags;
}

static int resolve(struct resolved *resolved, const struct plan_instances *instances, const struct mrt_options *own,
                   const struct mrt_options *defaults)
{
    const struct mrt_options *sized = own->np || own->np_list[0] ? own : defaults;
    *resolved = (struct resolved){.cases = own->cases ? own->cases : defaults->cases};
    while (resolved->size_count < MRT_NP_LIST_MAX && sized->np_list[resolved->size_count]) {
        resolved->sizes[resolved->size_count] = sized->np_list[resolved->size_count];
        resolved->size_count++;
    }
    if (resolved->size_count == 0)
        resolved->sizes[resolved->size_count++] = sized->np ? sized->np : 1;
    double timeout = own->timeout != 0 ? own->timeout : defaults->timeout;
    resolved->timeout = timeout != 0 ? timeout : instances->timeout;
    int priority = own->priority ? own->priority : defaults->priority;
    resolved->priority = priority ? priority : MRT_PRIORITY_DEFAULT;
    resolved->isolate = own->isolate ? own->isolate : defaults->isolate;
    resolved->expect = own->expect.end_ != MRT_END_ANY_ ? own->expect : defaults->expect;
    resolved->tags = join_tags(defaults->tags, own->tags);
    return resolved->tags ? 0 : out_of_memory(instances->problem);
}

static char *make_name(const struct origin *origin, const struct resolved *resolved, int np, int case_number)
{
    char size[32] = "", number[32] = "", *name;
    if (resolved->size_count > 1 && np == MRT_NP_ALL)
        strcpy(size, "[np=all]");
    else if (resolved->size_count > 1)
        snprintf(size, sizeof size, "[np=%d]", np);
    if (resolved->cases > 0)
        snprintf(number, sizeof number, "/%d", case_number);
    return asprintf(&name, "%s.%s%s%s", origin->suite, origin->test, size, number) < 0 ? NULL : name;
}

/* Adds an instance; `unit` is -1 or the plan's last unit. The caller fills in what calls it. */
static struct plan_test *add_test(struct plan_instances *instances, const struct origin *origin,
                                  const struct resolved *resolved, int np, int case_number, int unit)
{
    struct plan *plan = instances->plan;
    if (plan->count == instances->test_room) {
        size_t room = instances->test_room ? 2 * instances->test_room : 64;
        struct plan_test *grown = realloc(plan->tests, room * sizeof *grown);
        if (!grown)
            return NULL;
        plan->tests = grown;
        instances->test_room = room;
    }
    struct plan_test *test = &plan->tests[plan->count];
    *test = (struct plan_test){.name = make_name(origin, resolved, np, case_number),
                               .suite = origin->suite,
                               .file = origin->file,
                               .line = origin->line,
                               .np = np,
                               .case_number = case_number,
                               .timeout = resolved->timeout,
                               .priority = resolved->priority,
                               .isolated = resolved->isolate ? resolved->isolate == MRT_YES : instances->isolate,
                               .expect = resolved->expect,
                               .tags = strdup(resolved->tags),
                               .unit = unit};
    plan->count++; /* now plan_finish() frees what it holds */
    return test->name && test->tags ? test : NULL;
}

/* Begins a unit; the tests that follow are its own. Its size and count follow from those that are selected. */
static int add_unit(struct plan_instances *instances, const char *name, CMFixtureFunction setup,
                    CMFixtureFunction teardown)
{
    struct plan *plan = instances->plan;
    if (plan->unit_count == instances->unit_room) {
        size_t room = instances->unit_room ? 2 * instances->unit_room : 16;
        struct plan_unit *grown = realloc(plan->units, room * sizeof *grown);
        if (!grown)
            return -ENOMEM;
        plan->units = grown;
        instances->unit_room = room;
    }
    plan->units[plan->unit_count++] = (struct plan_unit){.name = name, .setup = setup, .teardown = teardown};
    return 0;
}

/* All instances of one MRT_TEST. */
static int expand_test(struct plan_instances *instances, const struct registry_suite *suite,
                       const struct mrt_test *test, const struct mrt_options *defaults, int unit)
{
    struct origin origin = {suite->name, test->name, test->file, test->line};
    struct resolved resolved;
    int error = check_name(test->name, "test", &origin, instances->problem);
    if (!error)
        error = check_options(&test->options, &origin, instances->problem);
    if (!error)
        error = resolve(&resolved, instances, &test->options, defaults);
    if (error)
        return error;
    for (int size = 0; size < resolved.size_count && !error; size++) {
        for (int number = 0; number < (resolved.cases ? resolved.cases : 1) && !error; number++) {
            struct plan_test *added = add_test(instances, &origin, &resolved, resolved.sizes[size], number, unit);
            if (added)
                added->function = test->function;
            else
                error = out_of_memory(instances->problem);
        }
    }
    free(resolved.tags);
    return error;
}

/* A unit is one process or none, so its tests must not contradict each other; where some say nothing, the others decide.
 * `first` is the place of the unit's first test in the plan. */
static int isolate_unit(struct plan_instances *instances, const struct registry_suite *suite, size_t first)
{
    struct plan *plan = instances->plan;
    const struct mrt_test *says[MRT_NO + 1] = {NULL};
    enum mrt_choice choice = suite->suite->options.isolate;
    for (size_t i = 0; i < suite->count; i++)
        says[suite->tests[i]->options.isolate] = suite->tests[i];
    const struct mrt_test *against = choice == MRT_YES ? says[MRT_NO] : choice == MRT_NO ? says[MRT_YES] : says[MRT_NO];
    if (against && (choice || says[MRT_YES]))
        return refuse(instances->problem, &(struct origin){suite->name, against->name, against->file, against->line},
                      ".isolate = %s, but a suite with setup or teardown runs as one, and %s%s says the contrary; say it once, "
                      "in MRT_SUITE",
                      against->options.isolate == MRT_YES ? "MRT_YES" : "MRT_NO",
                      choice ? "MRT_SUITE" : "its test ", choice ? "" : says[MRT_YES]->name);
    if (!choice)
        choice = says[MRT_YES] ? MRT_YES : says[MRT_NO] ? MRT_NO : instances->isolate ? MRT_YES : MRT_NO;
    for (size_t i = first; i < plan->count; i++)
        plan->tests[i].isolated = choice == MRT_YES;
    return 0;
}

static int expand_suite(struct plan_instances *instances, const struct registry_suite *suite)
{
    struct mrt_options defaults = {0};
    int unit = -1;
    size_t first = instances->plan->count;
    if (suite->second)
        return problem_set(instances->problem, EINVAL,
                           "%s has two MRT_SUITE, %s in line %d and %s in line %d; a source file is one suite",
                           suite->file, suite->suite->name, suite->suite->line, suite->second->name,
                           suite->second->line);
    if (suite->suite) {
        const struct mrt_suite_options *options = &suite->suite->options;
        struct origin origin = {suite->name, NULL, suite->file, suite->suite->line};
        defaults = (struct mrt_options){.np = options->np,
                                        .cases = options->cases,
                                        .timeout = options->timeout,
                                        .priority = options->priority,
                                        .isolate = options->isolate,
                                        .expect = options->expect,
                                        .tags = options->tags};
        memcpy(defaults.np_list, options->np_list, sizeof defaults.np_list);
        int error = check_name(suite->name, "suite", &origin, instances->problem);
        if (!error)
            error = check_options(&defaults, &origin, instances->problem);
        if (error)
            return error;
        if (options->setup || options->teardown) {
            if (add_unit(instances, suite->name, options->setup, options->teardown) < 0)
                return out_of_memory(instances->problem);
            unit = (int)instances->plan->unit_count - 1;
        }
    }
    for (size_t i = 0; i < suite->count; i++) {
        int error = expand_test(instances, suite, suite->tests[i], &defaults, unit);
        if (error)
            return error;
    }
    return unit >= 0 ? isolate_unit(instances, suite, first) : 0;
}

/* cmocka's name in letters, digits and _, with a number where the group has that name already. */
static char *map_name(const char *given, const struct name_table *taken)
{
    char *name = strdup(given && given[0] ? given : "test"), *numbered = NULL;
    if (!name)
        return NULL;
    for (unsigned char *c = (unsigned char *)name; *c; c++)
        if (*c > 127 || !isalnum(*c))
            *c = '_';
    if (!name_table_find(taken, name, NULL))
        return name;
    for (size_t number = 2;; number++) {
        if (asprintf(&numbered, "%s_%zu", name, number) < 0)
            numbered = NULL;
        if (!numbered || !name_table_find(taken, numbered, NULL))
            break;
        free(numbered);
    }
    free(name);
    return numbered;
}

static void free_names(char **names, size_t count)
{
    for (size_t i = 0; names && i < count; i++)
        free(names[i]);
    free(names);
}

/* [group->count], to be freed; NULL: out of memory. */
static char **map_names(const struct mrt_cmocka_group *group)
{
    struct name_table taken;
    if (name_table_init(&taken, group->count) < 0)
        return NULL;
    char **names = calloc(group->count + 1, sizeof *names);
    for (size_t i = 0; names && i < group->count; i++) {
        names[i] = map_name(group->tests[i].name, &taken);
        if (!names[i]) {
            free_names(names, i);
            names = NULL;
        } else {
            name_table_add(&taken, names[i], i);
        }
    }
    name_table_finish(&taken);
    return names;
}

/* The whole group once, in one size and case. */
static int expand_group_once(struct plan_instances *instances, const struct mrt_cmocka_group *group,
                             char *const names[], const struct resolved *resolved, int np, int case_number)
{
    if (add_unit(instances, group->name, group->setup, group->teardown) < 0)
        return out_of_memory(instances->problem);
    for (size_t i = 0; i < group->count; i++) {
        struct origin origin = {group->name, names[i], group->file, group->line};
        const struct CMUnitTest *test = &group->tests[i];
        struct plan_test *added =
            add_test(instances, &origin, resolved, np, case_number, (int)instances->plan->unit_count - 1);
        if (!added)
            return out_of_memory(instances->problem);
        added->function = test->test_func;
        added->setup = test->setup_func;
        added->teardown = test->teardown_func;
        added->initial_state = test->initial_state;
    }
    return 0;
}

static int expand_group(struct plan_instances *instances, const struct mrt_cmocka_group *group)
{
    static const struct mrt_options no_defaults;
    struct origin origin = {group->name, NULL, group->file, group->line};
    struct resolved resolved;
    int error = check_name(group->name, "group", &origin, instances->problem);
    if (!error)
        error = check_options(&group->options, &origin, instances->problem);
    if (!error)
        error = resolve(&resolved, instances, &group->options, &no_defaults);
    if (error)
        return error;
    char **names = map_names(group);
    if (!names)
        error = out_of_memory(instances->problem);
    for (int size = 0; size < resolved.size_count && !error; size++)
        for (int number = 0; number < (resolved.cases ? resolved.cases : 1) && !error; number++)
            error = expand_group_once(instances, group, names, &resolved, resolved.sizes[size], number);
    free_names(names, group->count);
    free(resolved.tags);
    return error;
}

int plan_instances_add(struct plan_instances *instances, const struct registry_suite *suite)
{
    return suite->group ? expand_group(instances, suite->group) : expand_suite(instances, suite);
}
