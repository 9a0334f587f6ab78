/* SPDX-License-Identifier: BSD-2-Clause */
/* scheduler_running.c: see scheduler_running.h. A binary heap by expected end; the earliest few are read off it by a
 * second, small heap of candidates, without touching the rest. */
#include "scheduler_running.h"

#include <math.h>
#include <stdlib.h>
#include <errno.h>

int running_init(struct running *running, uint32_t room)
{
    uint32_t buckets = 1;
    while (buckets < room)
        buckets *= 2;
    *running = (struct running){.room = room, .bucket_mask = buckets - 1, .free = 0};
    running->slots = calloc(room, sizeof *running->slots);
    running->buckets = malloc(buckets * sizeof *running->buckets);
    running->heap = malloc(room * sizeof *running->heap);
    running->scan = malloc((room + 1) * sizeof *running->scan);
    if (!running->slots || !running->buckets || !running->heap || !running->scan) {
        running_finish(running);
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < buckets; i++)
        running->buckets[i] = RUNNING_NONE;
    for (uint32_t i = 0; i < room; i++)
        running->slots[i].next = i + 1 < room ? i + 1 : RUNNING_NONE;
    return 0;
}

void running_finish(struct running *running)
{
    free(running->slots);
    free(running->buckets);
    free(running->heap);
    free(running->scan);
    *running = (struct running){0};
}

static double end_at(const struct running *running, uint32_t place)
{
    return running->slots[running->heap[place]].end;
}

static void put_at(struct running *running, uint32_t place, uint32_t slot)
{
    running->heap[place] = slot;
    running->slots[slot].heap_place = place;
}

static void move_up(struct running *running, uint32_t place)
{
    uint32_t slot = running->heap[place];
    for (; place > 0 && end_at(running, (place - 1) / 2) > running->slots[slot].end; place = (place - 1) / 2)
        put_at(running, place, running->heap[(place - 1) / 2]);
    put_at(running, place, slot);
}

static void move_down(struct running *running, uint32_t place)
{
    uint32_t slot = running->heap[place];
    for (uint32_t child; (child = 2 * place + 1) < running->count; place = child) {
        if (child + 1 < running->count && end_at(running, child + 1) < end_at(running, child))
            child++;
        if (end_at(running, child) >= running->slots[slot].end)
            break;
        put_at(running, place, running->heap[child]);
    }
    put_at(running, place, slot);
}

uint32_t running_add(struct running *running, const struct assignment *assignment)
{
    uint32_t slot = running->free, *bucket = &running->buckets[assignment->number & running->bucket_mask];
    running->free = running->slots[slot].next;
    running->slots[slot] = *assignment;
    running->slots[slot].next = *bucket;
    *bucket = slot;
    running->heap[running->count] = slot;
    move_up(running, running->count++);
    return slot;
}

void running_remove(struct running *running, uint32_t slot)
{
    struct assignment *gone = &running->slots[slot];
    uint32_t *link = &running->buckets[gone->number & running->bucket_mask];
    while (*link != slot)
        link = &running->slots[*link].next;
    *link = gone->next;
    uint32_t place = gone->heap_place, last = running->heap[--running->count];
    if (last != slot) {
        put_at(running, place, last);
        move_up(running, place);
        move_down(running, running->slots[last].heap_place);
    }
    *gone = (struct assignment){.next = running->free};
    running->free = slot;
}

uint32_t running_find(const struct running *running, uint32_t number)
{
    uint32_t slot = running->buckets[number & running->bucket_mask];
    while (slot != RUNNING_NONE && running->slots[slot].number != number)
        slot = running->slots[slot].next;
    return slot;
}

/* `scan` is a heap of places of `heap`, by their ends. */
static void scan_push(struct running *running, uint32_t *size, uint32_t place)
{
    uint32_t at = (*size)++, *scan = running->scan;
    for (; at > 0 && end_at(running, scan[(at - 1) / 2]) > end_at(running, place); at = (at - 1) / 2)
        scan[at] = scan[(at - 1) / 2];
    scan[at] = place;
}

static uint32_t scan_pop(struct running *running, uint32_t *size)
{
    uint32_t *scan = running->scan, first = scan[0], last = scan[--*size], at = 0;
    for (uint32_t child; (child = 2 * at + 1) < *size; at = child) {
        if (child + 1 < *size && end_at(running, scan[child + 1]) < end_at(running, scan[child]))
            child++;
        if (end_at(running, scan[child]) >= end_at(running, last))
            break;
        scan[at] = scan[child];
    }
    scan[at] = last;
    return first;
}

double running_when(struct running *running, int wanted, int *freed)
{
    uint32_t candidates = 0;
    int sum = 0;
    if (running->count > 0)
        scan_push(running, &candidates, 0);
    while (candidates > 0) {
        uint32_t place = scan_pop(running, &candidates);
        sum += running->slots[running->heap[place]].alive;
        if (sum >= wanted) {
            *freed = sum;
            return end_at(running, place);
        }
        for (uint32_t child = 2 * place + 1; child <= 2 * place + 2 && child < running->count; child++)
            scan_push(running, &candidates, child);
    }
    *freed = sum;
    return INFINITY;
}
