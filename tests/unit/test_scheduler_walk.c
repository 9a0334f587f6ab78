/* SPDX-License-Identifier: BSD-2-Clause */
/* test_scheduler_walk.c: the scheduler under random events, thousands of sequences, watched by a model that knows
 * nothing of how it works: no rank in two teams, no test lost or run twice, sizes and units kept, and all end. Then
 * whole runs in simulated time: nothing starves, and ranks do not idle without need.
 *
 * The seed is printed; MRT_TEST_SEED=N (and MRT_TEST_WALKS=1) runs another, or one again.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../runner/random.h"
#include "../../runner/scheduler.h"

enum { RANKS_MAX = 40, TESTS_MAX = 120, NODES_MAX = 5 };

enum model_rank { AWAY, IDLE, BUSY, LOST };
enum model_test { WAITING, RUNNING, ENDED };

struct model_team {
    uint32_t assignment; /* 0: free */
    int members[RANKS_MAX], size;
    size_t tests[TESTS_MAX], count, next; /* `next` is the one that runs */
};

struct model {
    struct random_source random;
    uint64_t seed;
    struct scheduler *scheduler;
    struct scheduler_config config;
    struct scheduler_test tests[TESTS_MAX];
    int node_of[RANKS_MAX];
    size_t count;
    enum model_rank ranks[RANKS_MAX];
    enum model_test states[TESTS_MAX];
    struct model_team teams[RANKS_MAX];
    int running;
    bool stopped, finished;
    double now;
};

static uint64_t setting(const char *name, uint64_t otherwise)
{
    const char *value = getenv(name);
    return value ? strtoull(value, NULL, 10) : otherwise;
}

static int below(struct model *model, int bound)
{
    return (int)random_below(&model->random, (uint64_t)bound);
}

static double fraction(struct model *model)
{
    return (double)(random_next(&model->random) >> 11) * 0x1p-53;
}

#define MUST(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            fail_msg("seed %llu: not so: %s (line %d)", (unsigned long long)model->seed, #condition, __LINE__);        \
    } while (0)

static int count_ranks(const struct model *model, enum model_rank state)
{
    int count = 0;
    for (int rank = 0; rank < model->config.ranks; rank++)
        count += model->ranks[rank] == state;
    return count;
}

static int alive(const struct model *model)
{
    return model->config.ranks - count_ranks(model, LOST);
}

static int size_of(const struct model *model, size_t test)
{
    return model->tests[test].np == -1 ? alive(model) : model->tests[test].np;
}

/* ---- What the scheduler may say ---- */

/* Before the members become busy: does one node hold as many idle workers, and is the team on one? */
static void check_nodes(const struct model *model, const struct scheduler_action *action)
{
    int idle[RANKS_MAX] = {0}, used[RANKS_MAX] = {0}, most = 0, nodes = 0;
    if (action->members[0] == 0)
        return;
    for (int rank = 1; rank < model->config.ranks; rank++)
        if (model->ranks[rank] == IDLE && ++idle[model->node_of[rank]] > most)
            most = idle[model->node_of[rank]];
    for (int i = 0; i < action->size; i++)
        if (used[model->node_of[action->members[i]]]++ == 0)
            nodes++;
    if (most >= action->size)
        MUST(nodes == 1);
}

static void check_members(const struct model *model, const struct scheduler_action *action)
{
    MUST(action->size >= 1 && action->size <= alive(model));
    MUST((action->members[0] == 0) == (action->size == alive(model)));
    for (int i = 0; i < action->size; i++) {
        MUST(action->members[i] >= 0 && action->members[i] < model->config.ranks);
        MUST(model->ranks[action->members[i]] == IDLE);
        MUST(i == 0 || action->members[i - 1] < action->members[i]);
    }
}

static void check_tests(const struct model *model, const struct scheduler_action *action)
{
    int largest = 0;
    MUST(action->count >= 1);
    for (size_t i = 0; i < action->count; i++) {
        size_t test = action->tests[i];
        MUST(test < model->count && model->states[test] == WAITING);
        MUST(model->tests[test].unit == action->unit);
        MUST(i == 0 || action->unit < 0 || action->tests[i - 1] < test);
        if (action->unit < 0) {
            MUST(model->tests[test].np == model->tests[action->tests[0]].np);
            MUST(model->tests[test].priority == model->tests[action->tests[0]].priority);
            MUST(action->count <= (size_t)model->config.batch_max);
        }
        for (size_t j = 0; j < i; j++)
            MUST(action->tests[j] != test);
        if (size_of(model, test) > largest)
            largest = size_of(model, test);
    }
    MUST(largest == action->size);
    /* A unit runs whole. */
    size_t waiting = 0;
    for (size_t i = 0; i < model->count; i++)
        waiting += model->states[i] == WAITING && model->tests[i].unit == action->unit;
    MUST(action->unit < 0 || waiting == action->count);
}

static void start_team(struct model *model, const struct scheduler_action *action)
{
    int place = 0;
    while (model->teams[place].assignment)
        MUST(++place < RANKS_MAX);
    struct model_team *team = &model->teams[place];
    team->assignment = action->assignment;
    team->size = action->size;
    team->count = action->count;
    team->next = 0;
    memcpy(team->members, action->members, (size_t)action->size * sizeof(int));
    memcpy(team->tests, action->tests, action->count * sizeof(size_t));
    for (int i = 0; i < team->size; i++)
        model->ranks[team->members[i]] = BUSY;
    for (size_t i = 0; i < team->count; i++)
        model->states[team->tests[i]] = RUNNING;
    model->running++;
}

static void check_silence(const struct model *model)
{
    MUST(model->running > 0 || count_ranks(model, AWAY) > 0);
}

static void check_finished(struct model *model)
{
    MUST(model->running == 0);
    for (size_t i = 0; i < model->count && !model->stopped; i++)
        MUST(model->states[i] == ENDED);
    model->finished = true;
}

static void act(struct model *model)
{
    for (;;) {
        struct scheduler_action action;
        scheduler_next(model->scheduler, model->now, &action);
        scheduler_check(model->scheduler);
        switch (action.kind) {
        case SCHEDULER_NOTHING:
            check_silence(model);
            return;
        case SCHEDULER_FINISHED:
            check_finished(model);
            return;
        case SCHEDULER_SKIP:
            MUST(!model->stopped && action.reason[0]);
            for (size_t i = 0; i < action.count; i++) {
                MUST(model->states[action.tests[i]] == WAITING && model->tests[action.tests[i]].np > alive(model));
                model->states[action.tests[i]] = ENDED;
            }
            break;
        case SCHEDULER_ASSIGN:
            MUST(!model->stopped);
            check_members(model, &action);
            check_tests(model, &action);
            check_nodes(model, &action);
            start_team(model, &action);
            break;
        }
    }
}

/* ---- What may happen ---- */

static void end_test(struct model *model, struct model_team *team, enum outcome outcome)
{
    size_t test = team->tests[team->next++];
    MUST(model->states[test] == RUNNING);
    model->states[test] = ENDED;
    double seconds = fraction(model) * (below(model, 4) ? 1 : 100);
    scheduler_test_ended(model->scheduler, test, outcome, seconds, model->now);
}

static void end_team(struct model *model, struct model_team *team)
{
    for (; team->next < team->count; team->next++)
        model->states[team->tests[team->next]] = WAITING;
    for (int i = 0; i < team->size; i++)
        if (model->ranks[team->members[i]] != LOST)
            model->ranks[team->members[i]] = IDLE;
    scheduler_assignment_ended(model->scheduler, team->assignment, model->now);
    team->assignment = 0;
    model->running--;
}

static bool has_lost(const struct model *model, const struct model_team *team)
{
    for (int i = 0; i < team->size; i++)
        if (model->ranks[team->members[i]] == LOST)
            return true;
    return false;
}

static void advance_team(struct model *model)
{
    if (model->running == 0)
        return;
    int place = below(model, RANKS_MAX);
    while (!model->teams[place].assignment)
        place = (place + 1) % RANKS_MAX;
    struct model_team *team = &model->teams[place];
    if (has_lost(model, team)) { /* the test that ran ends, the others go back */
        if (team->next < team->count)
            end_test(model, team, OUTCOME_CRASHED);
        end_team(model, team);
    } else if (team->next < team->count && below(model, 100) > 0) {
        end_test(model, team, below(model, 10) ? OUTCOME_PASSED : OUTCOME_FAILED);
    } else if (team->next == team->count || team->next > 0) {
        end_team(model, team); /* once in a hundred times before its end */
    }
}

static void lose_rank(struct model *model)
{
    int rank = 1 + below(model, model->config.ranks); /* one of them is none */
    if (rank < model->config.ranks)
        model->ranks[rank] = LOST;
    scheduler_worker_lost(model->scheduler, rank, model->now);
}

static void make_ready(struct model *model)
{
    int rank = below(model, model->config.ranks);
    if (model->ranks[rank] == AWAY)
        model->ranks[rank] = IDLE;
    scheduler_worker_ready(model->scheduler, rank, model->now); /* at times one that is busy, idle or lost */
}

/* ---- A walk ---- */

static void make_tests(struct model *model)
{
    int units = 0, sizes = 1 + below(model, model->config.ranks + 2);
    bool history = below(model, 2);
    model->count = (size_t)below(model, TESTS_MAX + 1);
    for (size_t i = 0; i < model->count; i++) {
        struct scheduler_test *test = &model->tests[i];
        int dice = below(model, 20);
        *test = (struct scheduler_test){.np = dice == 0   ? -1
                                              : dice < 10 ? 1
                                                          : 1 + below(model, sizes),
                                        .priority = below(model, 8) ? 100 : below(model, 200),
                                        .unit = -1,
                                        .expected = history && below(model, 4) ? fraction(model) * 10 : -1};
        bool goes_on = i > 0 && model->tests[i - 1].unit >= 0 && below(model, 3) > 0;
        if (goes_on)
            test->unit = units;
        else if (below(model, 8) == 0)
            test->unit = ++units;
    }
}

static void begin_walk(struct model *model, uint64_t seed)
{
    memset(model, 0, sizeof *model);
    model->seed = seed;
    random_init(&model->random, seed);
    int nodes = 1 + below(model, NODES_MAX);
    model->config = (struct scheduler_config){.ranks = 1 + below(model, below(model, 2) ? RANKS_MAX : 6),
                                              .in_order = below(model, 3) == 0,
                                              .batch_max = 1 + below(model, 30),
                                              .batch_seconds = fraction(model) * 20};
    if (nodes > model->config.ranks)
        nodes = model->config.ranks;
    for (int rank = 0; rank < model->config.ranks; rank++)
        model->node_of[rank] = below(model, nodes);
    if (below(model, 4) > 0)
        model->config.node_of = model->node_of;
    else
        memset(model->node_of, 0, sizeof model->node_of);
    model->ranks[0] = IDLE;
    make_tests(model);
    model->scheduler = scheduler_create(&model->config, model->tests, model->count);
    MUST(model->scheduler);
    scheduler_check(model->scheduler);
}

static void walk(struct model *model, uint64_t seed)
{
    begin_walk(model, seed);
    int losses = below(model, 2) ? below(model, model->config.ranks) : 0, steps = 0;
    bool stops = below(model, 10) == 0;
    act(model);
    while (!model->finished) {
        MUST(++steps < 2000000);
        model->now += fraction(model) * 0.1;
        int dice = below(model, 100);
        if (dice == 0 && losses > 0) {
            losses--;
            lose_rank(model);
        } else if (dice == 1 && stops && below(model, 10) == 0) {
            scheduler_stop(model->scheduler);
            model->stopped = true;
        } else if (dice < 20) {
            make_ready(model);
        } else {
            advance_team(model);
        }
        scheduler_check(model->scheduler);
        act(model);
    }
    scheduler_destroy(model->scheduler);
}

static void random_events_keep_every_promise(void **state)
{
    (void)state;
    static struct model model;
    uint64_t seed = setting("MRT_TEST_SEED", 20240601), walks = setting("MRT_TEST_WALKS", 2000);
    print_message("seeds %llu to %llu\n", (unsigned long long)seed, (unsigned long long)(seed + walks - 1));
    for (uint64_t i = 0; i < walks; i++)
        walk(&model, seed + i);
}

static void the_same_events_give_the_same_actions(void **state)
{
    (void)state;
    static struct model first, second;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        walk(&first, seed);
        walk(&second, seed);
        assert_memory_equal(first.states, second.states, sizeof first.states);
        assert_memory_equal(first.ranks, second.ranks, sizeof first.ranks);
        assert_true(first.now == second.now);
    }
}

/* ---- Whole runs in simulated time ---- */

struct simulation {
    struct scheduler *scheduler;
    const struct scheduler_test *tests;
    const double *lasts; /* [count] what each test really lasts */
    double *started;     /* [count] */
    struct flight {
        double end;
        uint32_t assignment;
        size_t tests[64], count;
    } flights[RANKS_MAX]; /* end < 0: free */
    double now;
};

static void take_off(struct simulation *simulation, const struct scheduler_action *action)
{
    struct flight *flight = simulation->flights;
    while (flight->end >= 0)
        flight++;
    *flight = (struct flight){.end = simulation->now, .assignment = action->assignment, .count = action->count};
    for (size_t i = 0; i < action->count; i++) {
        flight->tests[i] = action->tests[i];
        simulation->started[action->tests[i]] = flight->end;
        flight->end += simulation->lasts[action->tests[i]];
    }
}

static void land(struct simulation *simulation)
{
    struct flight *first = NULL;
    for (struct flight *flight = simulation->flights; flight < simulation->flights + RANKS_MAX; flight++)
        if (flight->end >= 0 && (!first || flight->end < first->end))
            first = flight;
    assert_non_null(first);
    simulation->now = first->end;
    first->end = -1;
    for (size_t i = 0; i < first->count; i++)
        scheduler_test_ended(simulation->scheduler, first->tests[i], OUTCOME_PASSED, simulation->lasts[first->tests[i]],
                             simulation->now);
    scheduler_assignment_ended(simulation->scheduler, first->assignment, simulation->now);
}

/* Runs everything; returns when the last ended. */
static double simulate(const struct scheduler_config *config, const struct scheduler_test tests[], const double lasts[],
                       double started[], size_t count)
{
    static struct simulation simulation;
    struct scheduler_action action;
    simulation = (struct simulation){.tests = tests, .lasts = lasts, .started = started};
    for (int i = 0; i < RANKS_MAX; i++)
        simulation.flights[i].end = -1;
    simulation.scheduler = scheduler_create(config, tests, count);
    assert_non_null(simulation.scheduler);
    for (int rank = 1; rank < config->ranks; rank++)
        scheduler_worker_ready(simulation.scheduler, rank, 0);
    for (;;) {
        scheduler_next(simulation.scheduler, simulation.now, &action);
        if (action.kind == SCHEDULER_FINISHED)
            break;
        if (action.kind == SCHEDULER_ASSIGN)
            take_off(&simulation, &action);
        else
            land(&simulation);
    }
    scheduler_destroy(simulation.scheduler);
    return simulation.now;
}

enum { SIMULATED = 400 };

static void a_large_team_does_not_starve_however_wrong_the_guesses(void **state)
{
    (void)state;
    static struct scheduler_test tests[SIMULATED];
    static double lasts[SIMULATED], started[SIMULATED];
    struct random_source random;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        random_init(&random, seed);
        for (size_t i = 0; i < SIMULATED; i++) {
            tests[i] = (struct scheduler_test){.np = 1, .priority = 100, .unit = -1, .expected = seed % 3 ? 0.5 : -1};
            lasts[i] = (double)random_below(&random, 1000) / 100; /* up to 10 s, whatever they claim */
        }
        /* After some that are more urgent comes the team of all workers. */
        for (size_t i = 0; i < 20; i++)
            tests[i].priority = 1;
        tests[20].np = 7;
        tests[20].priority = 2;
        simulate(&(struct scheduler_config){.ranks = 8, .batch_max = 1}, tests, lasts, started, SIMULATED);
        double first_in_order = 0;
        for (size_t i = 0; i < 20; i++)
            if (started[i] > first_in_order)
                first_in_order = started[i];
        /* What is put before it starts before the longest claim (or mean) is over, and lasts 10 s at most. */
        assert_true(started[20] <= first_in_order + 10 + 10);
    }
}

static void known_times_fill_the_ranks(void **state)
{
    (void)state;
    static struct scheduler_test tests[SIMULATED];
    static double lasts[SIMULATED], started[SIMULATED];
    struct random_source random;
    double worst = 0;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        double work = 0, longest = 0;
        random_init(&random, seed);
        for (size_t i = 0; i < SIMULATED; i++) {
            lasts[i] = 0.01 + (double)random_below(&random, 1000) / 100;
            tests[i] = (struct scheduler_test){
                .np = 1 + (int)random_below(&random, 4), .priority = 100, .unit = -1, .expected = lasts[i]};
            work += tests[i].np * lasts[i];
            longest = fmax(longest, lasts[i]);
        }
        double end =
            simulate(&(struct scheduler_config){.ranks = 17, .batch_max = 1}, tests, lasts, started, SIMULATED);
        worst = fmax(worst, end / fmax(longest, work / 16));
    }
    print_message("worst run: %.3f times the least possible\n", worst);
    assert_true(worst < 1.1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_events_keep_every_promise),
        cmocka_unit_test(the_same_events_give_the_same_actions),
        cmocka_unit_test(a_large_team_does_not_starve_however_wrong_the_guesses),
        cmocka_unit_test(known_times_fill_the_ranks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
