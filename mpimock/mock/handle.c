/* SPDX-License-Identifier: BSD-2-Clause */
/* handle.c: the table behind the mock's handles.
 *
 * Relies on nothing but malloc. Created handles live in pages of slots that are never moved or freed, so that looking
 * one up takes no lock; creating, destroying and binding take this file's own lock. Freed slots are used again first
 * in, first out, with their next generation: a stale handle is found out until its slot has been used 255 times more.
 * Predefined handles, whatever numbers or addresses the mpi.h gives them, are keys of a small hash table, numbered in
 * the order in which they were bound (their Fortran integers, where handles are pointers).
 */
#include "handle.h"

#include <mpi.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#define INDEX_BITS      18
#define GENERATION_BITS 8
#define GENERATION_MAX  ((1u << GENERATION_BITS) - 1)
#define INDEX_MAX       ((1u << INDEX_BITS) - 1)
#define PAGE_SLOTS      512u
#define PAGES           ((INDEX_MAX + PAGE_SLOTS) / PAGE_SLOTS)
#define BOUND_MAX       512u /* a power of two, and twice what an mpi.h predefines of one kind */

struct slot {
    _Atomic(void *) object; /* NULL: free */
    _Atomic unsigned generation;
    unsigned next_free; /* index; 0: the last */
};

struct bound {
    uintptr_t key;
    _Atomic(void *) object; /* NULL: an entry that was never used, or unbound */
    int number;             /* from 1; 0: never used */
};

struct table {
    _Atomic(struct slot *) pages[PAGES];
    unsigned used; /* indexes given out so far; index 0 is never */
    unsigned first_free, last_free;
    struct bound bound[BOUND_MAX];
    int bound_count;
};

static struct table tables[HANDLE_KIND_COUNT];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static uintptr_t key_of(enum handle_kind kind, unsigned generation, unsigned index)
{
    return (uintptr_t)kind << (GENERATION_BITS + INDEX_BITS) | (uintptr_t)generation << INDEX_BITS | index;
}

static struct slot *slot_at(struct table *table, unsigned index)
{
    struct slot *page = atomic_load_explicit(&table->pages[index / PAGE_SLOTS], memory_order_acquire);
    return page == NULL ? NULL : &page[index % PAGE_SLOTS];
}

/* The live slot that the key names, or NULL. */
static struct slot *slot_of(enum handle_kind kind, uintptr_t key)
{
    if (key >> (GENERATION_BITS + INDEX_BITS) != (uintptr_t)kind)
        return NULL;
    struct slot *slot = slot_at(&tables[kind], key & INDEX_MAX);
    if (slot == NULL ||
        atomic_load_explicit(&slot->generation, memory_order_relaxed) != ((key >> INDEX_BITS) & GENERATION_MAX))
        return NULL;
    return slot;
}

/* The entry of the key, or the free one where it would go; NULL: the table is full. */
static struct bound *bound_of(struct table *table, uintptr_t key)
{
    unsigned start = (unsigned)((key ^ key >> 9) * 0x9e3779b1u >> 7);
    for (unsigned i = 0; i < BOUND_MAX; i++) {
        struct bound *bound = &table->bound[(start + i) % BOUND_MAX];
        if (bound->number == 0 || bound->key == key)
            return bound;
    }
    return NULL;
}

/* Takes a free index, or a fresh one; 0: none is left, or no memory. */
static unsigned take_index(struct table *table)
{
    unsigned index = table->first_free;
    if (index != 0) {
        struct slot *slot = slot_at(table, index);
        table->first_free = slot->next_free;
        if (table->first_free == 0)
            table->last_free = 0;
        return index;
    }
    if (table->used >= INDEX_MAX)
        return 0;
    index = table->used + 1;
    if (slot_at(table, index) == NULL) {
        struct slot *page = calloc(PAGE_SLOTS, sizeof *page);
        if (page == NULL)
            return 0;
        atomic_store_explicit(&table->pages[index / PAGE_SLOTS], page, memory_order_release);
    }
    table->used = index;
    return index;
}

uintptr_t handle_create(enum handle_kind kind, void *object)
{
    struct table *table = &tables[kind];
    uintptr_t key = 0;
    pthread_mutex_lock(&mutex);
    unsigned index = take_index(table);
    if (index != 0) {
        struct slot *slot = slot_at(table, index);
        unsigned generation = atomic_load_explicit(&slot->generation, memory_order_relaxed);
        const struct bound *bound;
        do { /* pass over a number that some mpi.h took for a predefined handle */
            generation = generation % GENERATION_MAX + 1;
            key = key_of(kind, generation, index);
            bound = bound_of(table, key);
        } while (bound != NULL && bound->number != 0 && bound->key == key);
        atomic_store_explicit(&slot->generation, generation, memory_order_relaxed);
        atomic_store_explicit(&slot->object, object, memory_order_release);
    }
    pthread_mutex_unlock(&mutex);
    return key;
}

void handle_bind(enum handle_kind kind, uintptr_t predefined, void *object)
{
    struct table *table = &tables[kind];
    pthread_mutex_lock(&mutex);
    struct bound *bound = bound_of(table, predefined);
    if (bound == NULL)
        abort(); /* more predefined handles than any mpi.h has: a mistake in the mock itself */
    if (bound->number == 0) {
        bound->key = predefined;
        bound->number = ++table->bound_count;
    }
    atomic_store_explicit(&bound->object, object, memory_order_release);
    pthread_mutex_unlock(&mutex);
}

void *handle_object(enum handle_kind kind, uintptr_t key)
{
    struct slot *slot = slot_of(kind, key);
    if (slot != NULL)
        return atomic_load_explicit(&slot->object, memory_order_acquire);
    const struct bound *bound = bound_of(&tables[kind], key);
    if (bound == NULL || bound->number == 0)
        return NULL;
    return atomic_load_explicit(&bound->object, memory_order_acquire);
}

void handle_destroy(enum handle_kind kind, uintptr_t key)
{
    struct table *table = &tables[kind];
    pthread_mutex_lock(&mutex);
    struct slot *slot = slot_of(kind, key);
    if (slot != NULL && atomic_load_explicit(&slot->object, memory_order_relaxed) != NULL) {
        unsigned index = key & INDEX_MAX;
        atomic_store_explicit(&slot->object, NULL, memory_order_release);
        slot->next_free = 0;
        if (table->last_free != 0)
            slot_at(table, table->last_free)->next_free = index;
        else
            table->first_free = index;
        table->last_free = index;
    } else if (slot == NULL) {
        struct bound *bound = bound_of(table, key);
        if (bound != NULL && bound->number != 0)
            atomic_store_explicit(&bound->object, NULL, memory_order_release);
    }
    pthread_mutex_unlock(&mutex);
}

int handle_to_fortran(enum handle_kind kind, uintptr_t key)
{
    if (handle_object(kind, key) == NULL)
        return -1;
    if (slot_of(kind, key) != NULL || sizeof(MPI_Comm) == sizeof(int))
        return (int)(unsigned)key;
    return bound_of(&tables[kind], key)->number;
}

uintptr_t handle_from_fortran(enum handle_kind kind, int number)
{
    uintptr_t key = (unsigned)number;
    if (slot_of(kind, key) != NULL || sizeof(MPI_Comm) == sizeof(int))
        return handle_object(kind, key) != NULL ? key : 0;
    for (unsigned i = 0; i < BOUND_MAX; i++) {
        const struct bound *bound = &tables[kind].bound[i];
        if (number > 0 && bound->number == number)
            return bound->key;
    }
    return 0;
}
