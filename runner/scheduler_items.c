/* SPDX-License-Identifier: BSD-2-Clause */
/* scheduler_items.c: items: made from tests, put into queues, their expectations. See scheduler_private.h.
 *
 * The order of items never changes, so it is sorted out once. A test that nobody has timed yet counts as the longest:
 * it may be. A unit has a slot in the queue of each of its tests' sizes, because its size changes when its largest test
 * cannot run.
 */
#include <errno.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "scheduler_private.h"

#define PACE_TESTS 64 /* a mean over more is slow to see that tests have become shorter */

static int size_key(int np)
{
    return np == SCHEDULER_ALL ? INT_MAX : np;
}

/* INFINITY where something of it is unknown. */
static double order_key(const struct item *item)
{
    return item->unknown ? INFINITY : (double)item->known;
}

static int compare_in_order(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    if (x->priority != y->priority)
        return x->priority < y->priority ? -1 : 1;
    return x->first < y->first ? -1 : 1;
}

static int compare_items(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    if (x->priority != y->priority)
        return x->priority < y->priority ? -1 : 1;
    if (order_key(x) != order_key(y))
        return order_key(x) > order_key(y) ? -1 : 1;
    if (x->np != y->np)
        return size_key(x->np) > size_key(y->np) ? -1 : 1;
    return x->first < y->first ? -1 : 1;
}

static void copy_tests(struct scheduler *scheduler, const struct scheduler_test tests[])
{
    for (size_t i = 0; i < scheduler->test_count; i++) {
        double expected = tests[i].expected;
        scheduler->tests[i] = (struct test){.np = tests[i].np,
                                            .expected = !(expected >= 0)     ? -1
                                                        : expected > FLT_MAX ? FLT_MAX
                                                                             : (float)expected};
    }
}

/* What of the item waits, from its tests' states. */
static void count_waiting(const struct scheduler *scheduler, struct item *item)
{
    item->waiting = item->unknown = 0;
    item->known = 0;
    item->np = item->largest_number = 0;
    for (uint32_t i = item->first; i < item->first + item->count; i++) {
        const struct test *test = &scheduler->tests[i];
        if (test->state != TEST_WAITING)
            continue;
        item->waiting++;
        if (test->expected < 0)
            item->unknown++;
        else
            item->known += test->expected;
        if (item->waiting == 1 || size_key(test->np) > size_key(item->np))
            item->np = test->np;
        if (test->np != SCHEDULER_ALL && test->np > item->largest_number)
            item->largest_number = test->np;
    }
}

static void group_tests(struct scheduler *scheduler, const struct scheduler_test tests[])
{
    size_t next = 0;
    while (next < scheduler->test_count) {
        struct item *item = &scheduler->items[scheduler->item_count++];
        *item = (struct item){.first = (uint32_t)next,
                              .unit = tests[next].unit >= 0 ? tests[next].unit : -1,
                              .priority = tests[next].priority,
                              .next = RUNNING_NONE,
                              .queue = QUEUE_NONE};
        do {
            if (tests[next].priority < item->priority)
                item->priority = tests[next].priority;
            item->count++;
            next++;
        } while (next < scheduler->test_count && item->unit >= 0 && tests[next].unit == item->unit);
        count_waiting(scheduler, item);
    }
}

static void number_items(struct scheduler *scheduler)
{
    qsort(scheduler->items, scheduler->item_count, sizeof *scheduler->items,
          scheduler->config.in_order ? compare_in_order : compare_items);
    for (uint32_t i = 0; i < scheduler->item_count; i++)
        for (uint32_t j = 0; j < scheduler->items[i].count; j++)
            scheduler->tests[scheduler->items[i].first + j].item = i;
}

static enum queue_kind kind_of(const struct item *item, const struct test *test)
{
    return item->unit >= 0 ? QUEUE_UNIT : test->expected < 0 ? QUEUE_UNKNOWN : QUEUE_KNOWN;
}

/* A queue while its slots are counted, then filled. */
struct sketch {
    int np;
    enum queue_kind kind;
    uint32_t count;
    uint32_t last; /* item that came last, or QUEUE_NONE: a unit comes once for each of its tests */
    uint32_t *slots;
};
struct sketches {
    struct sketch *all; /* by size, then kind */
    uint32_t count, room;
};

static int compare_keys(int np, enum queue_kind kind, int other_np, enum queue_kind other_kind)
{
    if (np != other_np)
        return size_key(np) < size_key(other_np) ? -1 : 1;
    return (int)kind - (int)other_kind;
}

/* Where it is, or where it would be inserted. */
static uint32_t place_of(const struct sketches *sketches, int np, enum queue_kind kind)
{
    uint32_t low = 0, high = sketches->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (compare_keys(sketches->all[middle].np, sketches->all[middle].kind, np, kind) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct sketch *find_sketch(struct sketches *sketches, int np, enum queue_kind kind)
{
    uint32_t place = place_of(sketches, np, kind);
    if (place < sketches->count && compare_keys(sketches->all[place].np, sketches->all[place].kind, np, kind) == 0)
        return &sketches->all[place];
    if (sketches->count == sketches->room) {
        uint32_t room = sketches->room ? 2 * sketches->room : 16;
        struct sketch *grown = realloc(sketches->all, room * sizeof *grown);
        if (!grown)
            return NULL;
        sketches->all = grown;
        sketches->room = room;
    }
    for (uint32_t i = sketches->count++; i > place; i--)
        sketches->all[i] = sketches->all[i - 1];
    sketches->all[place] = (struct sketch){.np = np, .kind = kind, .last = QUEUE_NONE};
    return &sketches->all[place];
}

/* Gives each item a slot in each queue that it may need; only counts them where there are no slots yet. */
static int visit(const struct scheduler *scheduler, struct sketches *sketches)
{
    for (uint32_t i = 0; i < scheduler->item_count; i++) {
        const struct item *item = &scheduler->items[i];
        for (uint32_t j = item->first; j < item->first + item->count; j++) {
            const struct test *test = &scheduler->tests[j];
            struct sketch *sketch = find_sketch(sketches, test->np, kind_of(item, test));
            if (!sketch)
                return -ENOMEM;
            if (sketch->last == i)
                continue;
            sketch->last = i;
            if (sketch->slots)
                sketch->slots[sketch->count] = i;
            sketch->count++;
        }
    }
    return 0;
}

static int make_queues(struct scheduler *scheduler, struct sketches *sketches)
{
    if (visit(scheduler, sketches) < 0)
        return -ENOMEM;
    size_t total = 0;
    for (uint32_t i = 0; i < sketches->count; i++)
        total += sketches->all[i].count;
    scheduler->slots = malloc((total + 1) * sizeof *scheduler->slots);
    scheduler->queues = calloc(sketches->count + 1, sizeof *scheduler->queues);
    if (!scheduler->slots || !scheduler->queues)
        return -ENOMEM;
    uint32_t *slots = scheduler->slots;
    for (uint32_t i = 0; i < sketches->count; i++) {
        struct sketch *sketch = &sketches->all[i];
        sketch->slots = slots;
        slots += sketch->count;
        sketch->count = 0;
        sketch->last = QUEUE_NONE;
    }
    visit(scheduler, sketches);
    for (uint32_t i = 0; i < sketches->count; i++) {
        const struct sketch *sketch = &sketches->all[i];
        if (queue_init(&scheduler->queues[i], sketch->np, sketch->kind, sketch->slots, sketch->count) < 0)
            return -ENOMEM;
        scheduler->queue_count++;
    }
    return 0;
}

int items_init(struct scheduler *scheduler, const struct scheduler_test tests[], size_t count)
{
    struct sketches sketches = {0};
    if (count >= QUEUE_NONE)
        return -ENOMEM;
    scheduler->test_count = count;
    scheduler->tests = calloc(count + 1, sizeof *scheduler->tests);
    scheduler->items = calloc(count + 1, sizeof *scheduler->items);
    if (!scheduler->tests || !scheduler->items)
        return -ENOMEM;
    copy_tests(scheduler, tests);
    group_tests(scheduler, tests);
    number_items(scheduler);
    int error = make_queues(scheduler, &sketches);
    free(sketches.all);
    if (error)
        return error;
    scheduler->waiting = count;
    for (uint32_t i = 0; i < scheduler->item_count; i++)
        items_update(scheduler, i);
    return 0;
}

void items_finish(struct scheduler *scheduler)
{
    for (uint32_t i = 0; i < scheduler->queue_count; i++)
        queue_finish(&scheduler->queues[i]);
    free(scheduler->queues);
    free(scheduler->slots);
    free(scheduler->items);
    free(scheduler->tests);
}

static uint32_t find_queue(const struct scheduler *scheduler, int np, enum queue_kind kind)
{
    uint32_t low = 0, high = scheduler->queue_count - 1;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (compare_keys(scheduler->queues[middle].np, scheduler->queues[middle].kind, np, kind) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void items_update(struct scheduler *scheduler, uint32_t number)
{
    struct item *item = &scheduler->items[number];
    if (item->queue != QUEUE_NONE && queue_has(&scheduler->queues[item->queue], number))
        queue_remove(&scheduler->queues[item->queue], number);
    count_waiting(scheduler, item);
    if (item->waiting == 0)
        return;
    item->queue = find_queue(scheduler, item->np, kind_of(item, &scheduler->tests[item->first]));
    /* Where something is unknown, the queue holds the least that it may be. */
    queue_put(&scheduler->queues[item->queue], number, (double)item->known);
}

void items_start(struct scheduler *scheduler, uint32_t number)
{
    struct item *item = &scheduler->items[number];
    queue_remove(&scheduler->queues[item->queue], number);
    item->runs = true;
    for (uint32_t i = item->first; i < item->first + item->count; i++)
        if (scheduler->tests[i].state == TEST_WAITING)
            scheduler->tests[i].state = TEST_RUNNING;
    scheduler->waiting -= item->waiting;
}

double items_estimate(const struct scheduler *scheduler, uint32_t number)
{
    const struct item *item = &scheduler->items[number];
    if (item->unknown == 0)
        return (double)item->known;
    /* Tests of one size are the best guess for another of that size. */
    const struct pace *own = &scheduler->queues[item->queue].pace;
    const struct pace *pace = own->count > 0 ? own : &scheduler->pace;
    return pace->count > 0 ? (double)item->known + item->unknown * pace->mean : INFINITY;
}

static void learn(struct pace *pace, double seconds)
{
    pace->count++;
    pace->mean += (seconds - pace->mean) / (double)(pace->count < PACE_TESTS ? pace->count : PACE_TESTS);
}

void items_learn(struct scheduler *scheduler, uint32_t number, double seconds)
{
    if (!(seconds >= 0) || isinf(seconds))
        return;
    learn(&scheduler->pace, seconds);
    learn(&scheduler->queues[scheduler->items[number].queue].pace, seconds);
}

size_t items_largest(const struct scheduler *scheduler)
{
    size_t largest = 0;
    for (uint32_t i = 0; i < scheduler->item_count; i++)
        if (scheduler->items[i].count > largest)
            largest = scheduler->items[i].count;
    return largest;
}
