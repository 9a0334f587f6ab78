/* SPDX-License-Identifier: BSD-2-Clause */
/* scheduler_check.c: what always holds between two calls of the scheduler. It looks at everything, and is slow. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "scheduler_private.h"

#define CHECK(condition, ...)                                                                                          \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "scheduler: " __VA_ARGS__);                                                                \
            fputc('\n', stderr);                                                                                       \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

static void check_ranks(const struct scheduler *scheduler)
{
    int idle = 0, away = 0, alive = 0;
    for (int rank = 0; rank < scheduler->config.ranks; rank++) {
        enum rank_state state = scheduler->ranks[rank].state;
        away += state == RANK_AWAY;
        alive += state != RANK_LOST;
        idle += rank > 0 && state == RANK_IDLE;
        CHECK(rank > 0 || state == RANK_IDLE || state == RANK_BUSY, "rank 0 is away or lost");
        CHECK(idle_ranks_have(&scheduler->idle, rank) == (rank > 0 && state == RANK_IDLE),
              "rank %d is idle in one place only", rank);
    }
    CHECK(idle == scheduler->idle.count, "%d ranks are idle, %d are counted", idle, scheduler->idle.count);
    CHECK(away == scheduler->away && alive == scheduler->alive, "ranks are miscounted");
    int by_node = 0;
    for (int node = 0; node < scheduler->idle.nodes; node++)
        by_node += scheduler->idle.node_idle[node];
    CHECK(by_node == idle, "idle ranks by node are miscounted");
}

/* Each busy rank is in one assignment; marks[] says in which. */
static void check_members(const struct scheduler *scheduler, uint32_t slot, uint32_t *marks)
{
    const struct assignment *assignment = &scheduler->running.slots[slot];
    int alive = 0;
    for (int rank = assignment->first_member; rank >= 0; rank = scheduler->ranks[rank].next) {
        enum rank_state state = scheduler->ranks[rank].state;
        CHECK(marks[rank] == RUNNING_NONE, "rank %d is in two teams", rank);
        CHECK(state == RANK_BUSY || state == RANK_LOST, "rank %d is in a team and not busy", rank);
        CHECK(scheduler->ranks[rank].assignment == slot, "rank %d does not know its team", rank);
        marks[rank] = slot;
        alive += state == RANK_BUSY;
    }
    CHECK(alive == assignment->alive, "the living of assignment %u are miscounted", assignment->number);
}

static void check_running(const struct scheduler *scheduler)
{
    const struct running *running = &scheduler->running;
    uint32_t *marks = malloc((size_t)scheduler->config.ranks * sizeof *marks);
    CHECK(marks, "out of memory in a check");
    for (int rank = 0; rank < scheduler->config.ranks; rank++)
        marks[rank] = RUNNING_NONE;
    for (uint32_t place = 0; place < running->count; place++) {
        uint32_t slot = running->heap[place];
        const struct assignment *assignment = &running->slots[slot];
        CHECK(assignment->number && assignment->heap_place == place, "the heap has lost assignment %u",
              assignment->number);
        CHECK(place == 0 || running->slots[running->heap[(place - 1) / 2]].end <= assignment->end,
              "the heap is no heap");
        CHECK(running_find(running, assignment->number) == slot, "assignment %u is not found", assignment->number);
        check_members(scheduler, slot, marks);
    }
    for (int rank = 0; rank < scheduler->config.ranks; rank++)
        CHECK(scheduler->ranks[rank].state != RANK_BUSY || marks[rank] != RUNNING_NONE, "rank %d is busy in no team",
              rank);
    free(marks);
}

static bool is_queued(const struct scheduler *scheduler, uint32_t number)
{
    uint32_t queue = scheduler->items[number].queue;
    return queue != QUEUE_NONE && queue_has(&scheduler->queues[queue], number);
}

/* An item waits in its queue, runs in one assignment, or is done. */
static void check_items(const struct scheduler *scheduler)
{
    bool *runs = calloc(scheduler->item_count + 1, sizeof *runs);
    size_t waiting = 0, queued = 0, held = 0;
    CHECK(runs, "out of memory in a check");
    for (uint32_t place = 0; place < scheduler->running.count; place++) {
        uint32_t item = scheduler->running.slots[scheduler->running.heap[place]].first_item;
        for (; item != RUNNING_NONE; item = scheduler->items[item].next) {
            CHECK(!runs[item], "item %u runs twice", item);
            runs[item] = true;
        }
    }
    for (uint32_t number = 0; number < scheduler->item_count; number++) {
        const struct item *item = &scheduler->items[number];
        uint32_t tests[4] = {0};
        for (uint32_t i = item->first; i < item->first + item->count; i++) {
            CHECK(scheduler->tests[i].item == number, "test %u does not know its item", i);
            tests[scheduler->tests[i].state]++;
        }
        CHECK(tests[TEST_RUNNING] == 0 || runs[number], "tests of item %u run in no assignment", number);
        CHECK(tests[TEST_WAITING] == 0 || !runs[number], "tests of item %u run and wait", number);
        CHECK(is_queued(scheduler, number) == (tests[TEST_WAITING] > 0), "item %u is lost or queued in vain", number);
        CHECK(runs[number] || item->waiting == tests[TEST_WAITING], "tests of item %u are miscounted", number);
        CHECK(item->runs == runs[number], "item %u does not know whether it runs", number);
        CHECK(tests[TEST_HELD] == 0 || (!runs[number] && tests[TEST_WAITING] == 0), "tests of item %u are held in vain", number);
        held += tests[TEST_HELD] > 0;
        waiting += tests[TEST_WAITING];
        queued += tests[TEST_WAITING] > 0;
    }
    for (uint32_t item = scheduler->held; item != RUNNING_NONE; item = scheduler->items[item].next, held--)
        CHECK(held > 0, "more items are held than there are");
    CHECK(held == 0, "%zu held items are lost", held);
    CHECK(waiting == scheduler->waiting, "waiting tests are miscounted");
    for (uint32_t i = 0; i < scheduler->queue_count; i++)
        queued -= scheduler->queues[i].waiting;
    CHECK(queued == 0, "an item is in two queues");
    free(runs);
}

static void check_queues(const struct scheduler *scheduler)
{
    for (uint32_t i = 0; i < scheduler->queue_count; i++) {
        const struct queue *queue = &scheduler->queues[i];
        uint32_t head = QUEUE_NONE, waiting = 0;
        for (uint32_t slot = queue->count; slot-- > 0;) {
            CHECK(slot == 0 || queue->items[slot - 1] < queue->items[slot], "a queue is out of order");
            if (queue->tree[queue->leaves + slot] < INFINITY) {
                head = queue->items[slot];
                waiting++;
            }
        }
        for (uint32_t node = 1; node < queue->leaves; node++)
            CHECK(queue->tree[node] == fminf(queue->tree[2 * node], queue->tree[2 * node + 1]), "a tree is wrong");
        CHECK(head == queue->head && waiting == queue->waiting, "the head of a queue is wrong");
    }
}

void scheduler_check(const struct scheduler *scheduler)
{
    check_ranks(scheduler);
    check_running(scheduler);
    check_items(scheduler);
    check_queues(scheduler);
}
