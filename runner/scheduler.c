/* SPDX-License-Identifier: BSD-2-Clause */
/* scheduler.c: events and decisions. See scheduler.h for what it promises, scheduler_private.h for the state and the
 * parts.
 *
 * A decision looks at the first item of each queue, of which there are a few for each size in use, and takes
 * logarithmic time otherwise. The first of all in order is handed out if enough ranks are idle. If not, it gets a
 * reservation, and of the others those may run that do not delay it (backfilling). What may be handed out never depends
 * on the caller's clock being fine: time that stands still only means that no gap is filled.
 */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler_private.h"

/* ---- Creation ---- */

struct scheduler *scheduler_create(const struct scheduler_config *config, const struct scheduler_test tests[],
                                   size_t count)
{
    assert(config->ranks >= 1);
    struct scheduler *scheduler = calloc(1, sizeof *scheduler);
    if (!scheduler)
        return NULL;
    scheduler->config = *config;
    scheduler->config.node_of = NULL;
    if (scheduler->config.batch_max < 1)
        scheduler->config.batch_max = 1;
    scheduler->alive = config->ranks;
    scheduler->away = config->ranks - 1;
    scheduler->reserved = QUEUE_NONE;
    scheduler->held = RUNNING_NONE;
    scheduler->misfits = true;
    scheduler->ranks = calloc((size_t)config->ranks, sizeof *scheduler->ranks);
    scheduler->members = malloc((size_t)config->ranks * sizeof *scheduler->members);
    if (!scheduler->ranks || !scheduler->members ||
        idle_ranks_init(&scheduler->idle, config->ranks, config->node_of) < 0 ||
        running_init(&scheduler->running, (uint32_t)config->ranks) < 0 || items_init(scheduler, tests, count) < 0)
        goto fail;
    size_t largest = items_largest(scheduler), batch = (size_t)scheduler->config.batch_max;
    scheduler->chosen = malloc((largest > batch ? largest : batch) * sizeof *scheduler->chosen);
    if (!scheduler->chosen)
        goto fail;
    scheduler->ranks[0].state = RANK_IDLE;
    return scheduler;
fail:
    scheduler_destroy(scheduler);
    return NULL;
}

void scheduler_destroy(struct scheduler *scheduler)
{
    if (!scheduler)
        return;
    items_finish(scheduler);
    running_finish(&scheduler->running);
    idle_ranks_finish(&scheduler->idle);
    free(scheduler->ranks);
    free(scheduler->members);
    free(scheduler->chosen);
    free(scheduler);
}

/* ---- Events ---- */

static bool is_worker(const struct scheduler *scheduler, int rank)
{
    return rank > 0 && rank < scheduler->config.ranks;
}

void scheduler_worker_ready(struct scheduler *scheduler, int rank, double now)
{
    (void)now;
    if (!is_worker(scheduler, rank) || scheduler->ranks[rank].state != RANK_AWAY)
        return;
    scheduler->away--;
    scheduler->ranks[rank].state = RANK_IDLE;
    idle_ranks_add(&scheduler->idle, rank);
}

void scheduler_test_ended(struct scheduler *scheduler, size_t test, enum outcome outcome, double seconds, double now)
{
    (void)outcome;
    (void)now;
    if (test >= scheduler->test_count || scheduler->tests[test].state == TEST_ENDED)
        return;
    uint32_t item = scheduler->tests[test].item;
    bool waited = scheduler->tests[test].state == TEST_WAITING;
    scheduler->tests[test].state = TEST_ENDED;
    if (waited) { /* a result that comes after its assignment was given up */
        scheduler->waiting--;
        items_update(scheduler, item);
    }
    items_learn(scheduler, item, seconds);
}

static bool fits_ever(const struct scheduler *scheduler, int np)
{
    return np == SCHEDULER_ALL || np <= scheduler->alive;
}

/* The whole item, which does not run, will run again. */
static void hold_item(struct scheduler *scheduler, uint32_t number)
{
    struct item *item = &scheduler->items[number];
    bool any = false, held = false;
    item->again = false;
    for (uint32_t i = item->first; i < item->first + item->count; i++) {
        struct test *test = &scheduler->tests[i];
        held |= test->state == TEST_HELD;
        scheduler->waiting -= test->state == TEST_WAITING;
        if (test->state != TEST_ENDED || fits_ever(scheduler, test->np)) {
            test->state = TEST_HELD;
            any = true;
        }
    }
    items_update(scheduler, number);
    if (!any || held)
        return;
    item->next = scheduler->held;
    scheduler->held = number;
}

static void release_held(struct scheduler *scheduler)
{
    while (scheduler->held != RUNNING_NONE) {
        uint32_t number = scheduler->held;
        struct item *item = &scheduler->items[number];
        scheduler->held = item->next;
        item->next = RUNNING_NONE;
        for (uint32_t i = item->first; i < item->first + item->count; i++) {
            if (scheduler->tests[i].state == TEST_HELD) {
                scheduler->tests[i].state = TEST_WAITING;
                scheduler->waiting++;
            }
        }
        items_update(scheduler, number);
        scheduler->misfits |= scheduler->alive < scheduler->config.ranks;
    }
}

void scheduler_retry(struct scheduler *scheduler, size_t test)
{
    if (test >= scheduler->test_count || scheduler->tests[test].state == TEST_HELD)
        return;
    uint32_t number = scheduler->tests[test].item;
    if (scheduler->items[number].runs)
        scheduler->items[number].again = true;
    else
        hold_item(scheduler, number);
}

/* What of the item has not ended goes back to where it was. */
static void return_item(struct scheduler *scheduler, uint32_t number)
{
    struct item *item = &scheduler->items[number];
    item->next = RUNNING_NONE;
    item->runs = false;
    if (item->again) {
        hold_item(scheduler, number);
        return;
    }
    for (uint32_t i = item->first; i < item->first + item->count; i++) {
        if (scheduler->tests[i].state == TEST_RUNNING) {
            scheduler->tests[i].state = TEST_WAITING;
            scheduler->waiting++;
            scheduler->misfits |= scheduler->alive < scheduler->config.ranks;
        }
    }
    items_update(scheduler, number);
}

void scheduler_assignment_ended(struct scheduler *scheduler, uint32_t assignment, double now)
{
    (void)now;
    uint32_t slot = running_find(&scheduler->running, assignment), next;
    if (slot == RUNNING_NONE)
        return;
    const struct assignment *ended = &scheduler->running.slots[slot];
    for (uint32_t item = ended->first_item; item != RUNNING_NONE; item = next) {
        next = scheduler->items[item].next;
        return_item(scheduler, item);
    }
    for (int rank = ended->first_member; rank >= 0; rank = scheduler->ranks[rank].next) {
        if (scheduler->ranks[rank].state == RANK_LOST)
            continue;
        scheduler->ranks[rank].state = RANK_IDLE;
        if (rank > 0)
            idle_ranks_add(&scheduler->idle, rank);
    }
    running_remove(&scheduler->running, slot);
}

void scheduler_worker_lost(struct scheduler *scheduler, int rank, double now)
{
    (void)now;
    if (!is_worker(scheduler, rank))
        return;
    struct rank *lost = &scheduler->ranks[rank];
    switch ((enum rank_state)lost->state) {
    case RANK_LOST:
        return;
    case RANK_AWAY:
        scheduler->away--;
        break;
    case RANK_IDLE:
        idle_ranks_remove(&scheduler->idle, rank);
        break;
    case RANK_BUSY:
        scheduler->running.slots[lost->assignment].alive--;
        break;
    }
    lost->state = RANK_LOST;
    scheduler->alive--;
    scheduler->misfits = true;
    scheduler->reserved = QUEUE_NONE; /* it counted on this rank */
}

void scheduler_stop(struct scheduler *scheduler)
{
    scheduler->stopped = true;
}

/* ---- Sizes ---- */

/* Ranks of a team for `np` as things stand. */
static int team_size(const struct scheduler *scheduler, int np)
{
    return np == SCHEDULER_ALL ? scheduler->alive : np;
}

/* A team of all ranks that are left has rank 0 among them. */
static bool needs_main(const struct scheduler *scheduler, int np)
{
    return team_size(scheduler, np) == scheduler->alive;
}

static int needed_workers(const struct scheduler *scheduler, int np)
{
    return team_size(scheduler, np) - needs_main(scheduler, np);
}

static bool fits_now(const struct scheduler *scheduler, int np)
{
    return needed_workers(scheduler, np) <= scheduler->idle.count &&
           (!needs_main(scheduler, np) || scheduler->ranks[0].state == RANK_IDLE);
}

/* ---- Skips ---- */

/* What is too large for the ranks that are left is at least 2. */
static void write_reason(struct scheduler *scheduler, int np)
{
    int ranks = scheduler->config.ranks, alive = scheduler->alive;
    if (np > ranks)
        snprintf(scheduler->reason, sizeof scheduler->reason, "needs %d ranks, the job has %d", np, ranks);
    else
        snprintf(scheduler->reason, sizeof scheduler->reason, "needs %d ranks, but of the job's %d only %d %s left", np,
                 ranks, alive, alive == 1 ? "is" : "are");
}

/* Skips those tests of the item that have its largest size, which is too large; a unit goes on with the others. */
static void skip_item(struct scheduler *scheduler, uint32_t number, struct scheduler_action *action)
{
    const struct item *item = &scheduler->items[number];
    int np = item->largest_number;
    size_t count = 0;
    for (uint32_t i = item->first; i < item->first + item->count; i++) {
        struct test *test = &scheduler->tests[i];
        if (test->state == TEST_WAITING && test->np == np) {
            test->state = TEST_ENDED;
            scheduler->chosen[count++] = i;
        }
    }
    scheduler->waiting -= count;
    items_update(scheduler, number);
    if (np > scheduler->config.ranks && np > scheduler->ranks_wanted)
        scheduler->ranks_wanted = np;
    write_reason(scheduler, np);
    *action = (struct scheduler_action){.kind = SCHEDULER_SKIP,
                                        .tests = scheduler->chosen,
                                        .count = count,
                                        .unit = item->unit,
                                        .lost = np <= scheduler->config.ranks,
                                        .reason = scheduler->reason};
}

/* The first item of the queue of which something needs more ranks than there are, or QUEUE_NONE. In all queues but that
 * of units of every rank, where one does, all do. */
static uint32_t find_misfit(const struct scheduler *scheduler, const struct queue *queue)
{
    if (queue->np != SCHEDULER_ALL)
        return queue->np > scheduler->alive ? queue->head : QUEUE_NONE;
    for (uint32_t i = 0; queue->kind == QUEUE_UNIT && i < queue->count; i++)
        if (queue_has(queue, queue->items[i]) && scheduler->items[queue->items[i]].largest_number > scheduler->alive)
            return queue->items[i];
    return QUEUE_NONE;
}

static bool skip_misfit(struct scheduler *scheduler, struct scheduler_action *action)
{
    for (uint32_t i = 0; scheduler->misfits && i < scheduler->queue_count; i++) {
        uint32_t item = find_misfit(scheduler, &scheduler->queues[i]);
        if (item != QUEUE_NONE) {
            skip_item(scheduler, item, action);
            return true;
        }
    }
    scheduler->misfits = false;
    return false;
}

/* ---- Which item ---- */

/* The first item in order of all that wait, or QUEUE_NONE. */
static uint32_t first_item(const struct scheduler *scheduler)
{
    uint32_t first = QUEUE_NONE;
    for (uint32_t i = 0; i < scheduler->queue_count; i++)
        if (scheduler->queues[i].head < first)
            first = scheduler->queues[i].head;
    return first;
}

/* Keeps ranks for the item, which does not fit now. Workers that were never ready are expected at once. */
static void reserve(struct scheduler *scheduler, uint32_t item, double now)
{
    int missing = needed_workers(scheduler, scheduler->items[item].np) - scheduler->idle.count - scheduler->away;
    int freed = 0;
    scheduler->reserved = item;
    scheduler->reserved_until = now;
    if (missing > 0) {
        double end = running_when(&scheduler->running, missing, &freed);
        if (end > now)
            scheduler->reserved_until = end;
    }
    scheduler->spare = freed - missing;
}

/* The first item that does not delay the reserved one, and how long it may last; or QUEUE_NONE. */
static uint32_t find_gap_filler(struct scheduler *scheduler, double now, double *seconds)
{
    double gap = scheduler->reserved_until - now;
    uint32_t best = QUEUE_NONE;
    for (uint32_t i = 0; i < scheduler->queue_count; i++) {
        const struct queue *queue = &scheduler->queues[i];
        if (queue->head >= best || !fits_now(scheduler, queue->np))
            continue;
        if (team_size(scheduler, queue->np) <= scheduler->spare) {
            best = queue->head;
            continue;
        }
        uint32_t item = queue_first_below(queue, gap);
        if (item < best && items_estimate(scheduler, item) < gap)
            best = item;
    }
    if (best == QUEUE_NONE)
        return QUEUE_NONE;
    *seconds = gap;
    if (!(items_estimate(scheduler, best) < gap)) {
        scheduler->spare -= team_size(scheduler, scheduler->items[best].np);
        *seconds = INFINITY;
    }
    return best;
}

/* The item to hand out now, and how long it may last: QUEUE_NONE if none can. */
static uint32_t choose_item(struct scheduler *scheduler, double now, double *seconds)
{
    uint32_t first = first_item(scheduler);
    if (first == QUEUE_NONE)
        return QUEUE_NONE;
    *seconds = INFINITY;
    if (fits_now(scheduler, scheduler->items[first].np)) {
        scheduler->reserved = QUEUE_NONE;
        return first;
    }
    if (scheduler->idle.count == 0)
        return QUEUE_NONE;
    if (scheduler->reserved != first)
        reserve(scheduler, first, now);
    return find_gap_filler(scheduler, now, seconds);
}

/* ---- How much at a time ---- */

/* How many tests of the queue may be handed out together: so few that at the end no worker idles while another has a
 * pile, and the fewer the less is known about how long they last. */
static uint32_t batch_limit(const struct scheduler *scheduler, const struct queue *queue)
{
    int size = team_size(scheduler, queue->np), workers = scheduler->alive > 1 ? scheduler->alive - 1 : 1;
    uint32_t teams = workers > size ? (uint32_t)(workers / size) : 1;
    uint32_t limit = queue->waiting / (2 * teams);
    if (queue->kind == QUEUE_UNKNOWN && queue->pace.count / teams < limit)
        limit = (uint32_t)(queue->pace.count / teams);
    if (limit > (uint32_t)scheduler->config.batch_max)
        limit = (uint32_t)scheduler->config.batch_max;
    return queue->kind == QUEUE_UNIT || limit < 1 ? 1 : limit;
}

/* Where order is kept whatever is expected, a batch ends before an item of another queue. */
static uint32_t batch_end(const struct scheduler *scheduler, const struct queue *queue)
{
    uint32_t end = QUEUE_NONE;
    for (uint32_t i = 0; scheduler->config.in_order && i < scheduler->queue_count; i++)
        if (&scheduler->queues[i] != queue && scheduler->queues[i].head < end)
            end = scheduler->queues[i].head;
    return end;
}

/* Takes the item, and short ones after it, out of their queue; links them. Returns when they are expected to have
 * ended. */
static double take_items(struct scheduler *scheduler, uint32_t item, double now, double seconds)
{
    const struct queue *queue = &scheduler->queues[scheduler->items[item].queue];
    uint32_t limit = batch_limit(scheduler, queue), end = batch_end(scheduler, queue), last = item;
    int priority = scheduler->items[item].priority;
    double total = items_estimate(scheduler, item);
    if (seconds > scheduler->config.batch_seconds)
        seconds = scheduler->config.batch_seconds;
    items_start(scheduler, item);
    for (uint32_t taken = 1; taken < limit && total < seconds; taken++) {
        uint32_t next = queue_first_below(queue, seconds - total);
        if (next >= end || scheduler->items[next].priority != priority)
            break; /* QUEUE_NONE is not below any end */
        double estimate = items_estimate(scheduler, next);
        if (total + estimate > seconds)
            break;
        items_start(scheduler, next);
        scheduler->items[last].next = next;
        last = next;
        total += estimate;
    }
    scheduler->items[last].next = RUNNING_NONE;
    return isinf(total) ? now : now + total;
}

/* ---- Assignments ---- */

/* Ranks for a team: members[] of the scheduler, busy from now on, linked. */
static int take_ranks(struct scheduler *scheduler, int np)
{
    int size = team_size(scheduler, np), from = needs_main(scheduler, np);
    scheduler->members[0] = 0;
    idle_ranks_take(&scheduler->idle, size - from, scheduler->members + from);
    for (int i = 0; i < size; i++) {
        struct rank *rank = &scheduler->ranks[scheduler->members[i]];
        rank->state = RANK_BUSY;
        rank->next = i + 1 < size ? scheduler->members[i + 1] : -1;
    }
    return size;
}

static size_t list_tests(struct scheduler *scheduler, uint32_t first)
{
    size_t count = 0;
    for (uint32_t number = first; number != RUNNING_NONE; number = scheduler->items[number].next) {
        const struct item *item = &scheduler->items[number];
        for (uint32_t i = item->first; i < item->first + item->count; i++)
            if (scheduler->tests[i].state == TEST_RUNNING)
                scheduler->chosen[count++] = i;
    }
    return count;
}

static void assign(struct scheduler *scheduler, uint32_t item, double now, double seconds,
                   struct scheduler_action *action)
{
    int np = scheduler->items[item].np, unit = scheduler->items[item].unit;
    double end = take_items(scheduler, item, now, seconds);
    int size = take_ranks(scheduler, np);
    if (++scheduler->numbers == 0)
        scheduler->numbers = 1; /* after four thousand million, the first is long gone */
    uint32_t slot = running_add(&scheduler->running, &(struct assignment){.number = scheduler->numbers,
                                                                          .first_item = item,
                                                                          .first_member = scheduler->members[0],
                                                                          .alive = size,
                                                                          .end = end});
    for (int i = 0; i < size; i++)
        scheduler->ranks[scheduler->members[i]].assignment = slot;
    *action = (struct scheduler_action){.kind = SCHEDULER_ASSIGN,
                                        .assignment = scheduler->numbers,
                                        .members = scheduler->members,
                                        .size = size,
                                        .tests = scheduler->chosen,
                                        .count = list_tests(scheduler, item),
                                        .unit = unit};
}

void scheduler_next(struct scheduler *scheduler, double now, struct scheduler_action *action)
{
    double seconds;
    *action = (struct scheduler_action){.kind = SCHEDULER_NOTHING, .unit = -1};
    if (!scheduler->stopped) {
        if (scheduler->waiting == 0)
            release_held(scheduler);
        if (skip_misfit(scheduler, action))
            return;
        uint32_t item = choose_item(scheduler, now, &seconds);
        if (item != QUEUE_NONE) {
            assign(scheduler, item, now, seconds, action);
            return;
        }
    }
    if (scheduler->running.count == 0 && (scheduler->stopped || scheduler->waiting == 0))
        action->kind = SCHEDULER_FINISHED;
}

int scheduler_ranks_wanted(const struct scheduler *scheduler)
{
    return scheduler->ranks_wanted;
}
