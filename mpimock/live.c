/* SPDX-License-Identifier: BSD-2-Clause */
/* live.c: what the user has made in this world and not freed, for the report at its end: objects of each kind, requests, an
 * attached buffer; and by which call.
 *
 * An open hash table (linear probing, deletion by moving back), under a lock that is held for a few loads and stores. A handle
 * that MPI gives out twice (the group of a communicator) counts twice. Predefined and null handles are never in it: the entry
 * points do not note them. Where there is no memory, or more than LIVE_MAX are alive, something goes unnoted.
 */
#include "biased_lock.h"
#include "door_entry.h"

#include <stdlib.h>
#include <string.h>

#define LIVE_MAX ((size_t)1 << 20)

struct live {
    uintptr_t key; /* 0: an empty slot */
    enum mpimock_leftover_kind kind;
    unsigned count;
    enum mpimock_function function;
    const void *caller;
};

static struct biased_lock lock = BIASED_LOCK_INIT; /* the owner is the thread that enters worlds */
static struct live *table;
static size_t capacity, used; /* capacity: a power of two, or 0 */
static void (*hook)(const struct mpimock_leftover *leftover);

static void take(void)
{
    biased_lock_take(&lock, &door_thread);
}

static void give(void)
{
    biased_lock_give(&lock, &door_thread);
}

void door_live_world_begins(void)
{
    biased_lock_own(&lock, &door_thread);
}

static size_t home_of(enum mpimock_leftover_kind kind, uintptr_t key)
{
    return (size_t)(((key ^ (uintptr_t)kind << 56) * UINT64_C(0x9e3779b97f4a7c15)) >> 24) & (capacity - 1);
}

/* Where it is, or where it would go. */
static size_t place_of(enum mpimock_leftover_kind kind, uintptr_t key)
{
    size_t at = home_of(kind, key);
    while (table[at].key && (table[at].key != key || table[at].kind != kind))
        at = (at + 1) & (capacity - 1);
    return at;
}

static bool make_room(void)
{
    if (used < capacity / 2)
        return true;
    size_t old_capacity = capacity, wanted = capacity ? 2 * capacity : 64;
    struct live *old = table, *new = wanted <= 2 * LIVE_MAX ? calloc(wanted, sizeof *new) : NULL;
    if (!new)
        return false;
    table = new;
    capacity = wanted;
    for (size_t i = 0; i < old_capacity; i++)
        if (old[i].key)
            table[place_of(old[i].kind, old[i].key)] = old[i];
    free(old);
    return true;
}

void door_made(enum mpimock_leftover_kind kind, uintptr_t key)
{
    if (!door_world.entered || !key)
        return;
    take();
    if (make_room()) {
        struct live *live = &table[place_of(kind, key)];
        if (!live->key) {
            *live = (struct live){.key = key, .kind = kind, .function = door_thread.call.function, .caller = door_thread.call.caller};
            used++;
        }
        live->count++;
    }
    give();
}

/* Closes the gap, so that no search ends too early. */
static void remove_at(size_t at)
{
    used--;
    for (size_t next = (at + 1) & (capacity - 1); table[next].key; next = (next + 1) & (capacity - 1)) {
        size_t home = home_of(table[next].kind, table[next].key);
        if (((next - home) & (capacity - 1)) < ((next - at) & (capacity - 1)))
            continue;
        table[at] = table[next];
        at = next;
    }
    table[at].key = 0;
}

void door_gone(enum mpimock_leftover_kind kind, uintptr_t key)
{
    take();
    if (used > 0) {
        size_t at = place_of(kind, key);
        if (table[at].key && --table[at].count == 0)
            remove_at(at);
    }
    give();
}

MPI_Request *door_requests_keep(int count, const MPI_Request requests[], int active, MPI_Request kept[DOOR_REQUESTS_KEPT])
{
    if (active == 0)
        return NULL;
    MPI_Request *before = count <= DOOR_REQUESTS_KEPT ? kept : malloc((size_t)count * sizeof *before);
    if (before)
        memcpy(before, requests, (size_t)count * sizeof *before);
    return before;
}

void door_requests_after(int count, MPI_Request *before, const MPI_Request after[], int active_before,
                         const MPI_Request kept[DOOR_REQUESTS_KEPT])
{
    door_requests_changed(door_requests(count, after) - active_before);
    if (!before)
        return;
    for (int i = 0; i < count; i++)
        if (before[i] != after[i])
            door_gone(MPIMOCK_LEFT_REQUEST, HANDLE_KEY(before[i]));
    if (before != kept)
        free(before); /* kept by a call that is left by a long jump: lost */
}

void door_live_world_ends(void)
{
    for (size_t i = 0; i < capacity && used > 0; i++) {
        const struct live *live = &table[i];
        for (unsigned more = 0; live->key && hook && more < live->count; more++)
            hook(&(struct mpimock_leftover){.kind = live->kind, .function = live->function, .caller = live->caller});
    }
    if (used > 0)
        memset(table, 0, capacity * sizeof *table);
    used = 0;
}

void mpimock_message_left(int source, int tag, size_t bytes)
{
    if (hook)
        hook(&(struct mpimock_leftover){.kind = MPIMOCK_LEFT_MESSAGE, .source = source, .tag = tag, .bytes = bytes});
}

void mpimock_leftover_hook_set(void (*tell)(const struct mpimock_leftover *leftover))
{
    hook = tell;
}
