/* SPDX-License-Identifier: BSD-2-Clause */
/* objects.c: the communicators, windows and files that the user knows: in which world each was made, whether it was
 * freed, and its error handler.
 *
 * An open hash table under one lock. A freed object leaves a mark behind, so that its use can be named; the mark goes
 * when MPI gives out the same handle again, or when there are more than MARKS_MAX. MPI_COMM_WORLD, MPI_COMM_SELF and
 * null handles are never in it.
 */
#include "door_entry.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define MARKS_MAX 512

/* The name of a world, for as long as an object or a mark of it is here. */
struct origin {
    int references;
    bool current; /* its world is the one entered now */
    char name[];
};

struct object {
    uintptr_t key; /* 0: an empty slot (0 is a null handle everywhere) */
    enum door_kind kind;
    bool freed;
    struct door_handler *handler; /* NULL: the default of the kind */
    struct origin *origin;        /* NULL: made outside of all worlds */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct object *table;
static size_t capacity; /* a power of two, or 0 */
static size_t used, marks;
static struct origin *current; /* of the world entered now, once it has made something */
atomic_uint door_epoch = 1;    /* changes when a look-up that was good may be so no more */

static void origin_release(struct origin *origin)
{
    if (origin && --origin->references == 0)
        free(origin);
}

/* The current world's, with a reference added; NULL outside of worlds, or without memory. */
static struct origin *origin_keep(void)
{
    if (!door_world.entered)
        return NULL;
    if (!current) {
        size_t length = strlen(door_world.name) + 1;
        current = malloc(sizeof *current + length);
        if (!current)
            return NULL;
        current->references = 1;
        current->current = true;
        memcpy(current->name, door_world.name, length);
    }
    current->references++;
    return current;
}

/* The slot of this object, or the empty one where it belongs; NULL: there is no table yet. */
static struct object *slot_of(enum door_kind kind, uintptr_t key)
{
    if (!capacity)
        return NULL;
    size_t at = (size_t)((key ^ (uintptr_t)kind) * UINT64_C(0x9e3779b97f4a7c15) >> 20);
    for (;; at++) {
        struct object *object = &table[at & (capacity - 1)];
        if (!object->key || (object->key == key && object->kind == kind))
            return object;
    }
}

/* NULL: it is not here. */
static struct object *find(enum door_kind kind, uintptr_t key)
{
    struct object *object = slot_of(kind, key);
    return object && object->key ? object : NULL;
}

/* Room for one more: twice the slots, and without the marks if they are too many. */
static int make_room(void)
{
    if (capacity && used + 1 <= capacity / 2)
        return 0;
    bool drop_marks = marks > MARKS_MAX;
    size_t wanted = drop_marks ? capacity : capacity ? 2 * capacity : 64;
    struct object *old = table, *new = calloc(wanted, sizeof *new);
    if (!new)
        return -ENOMEM;
    size_t old_capacity = capacity;
    table = new;
    capacity = wanted;
    used = 0;
    for (size_t i = 0; i < old_capacity; i++) {
        if (!old[i].key)
            continue;
        if (drop_marks && old[i].freed) {
            origin_release(old[i].origin);
            continue;
        }
        *slot_of(old[i].kind, old[i].key) = old[i];
        used++;
    }
    if (drop_marks)
        marks = 0;
    free(old);
    return 0;
}

void door_object_born(enum door_kind kind, uintptr_t key, struct door_handler *handler)
{
    pthread_mutex_lock(&lock);
    if (make_room() == 0) {
        struct object *object = slot_of(kind, key);
        if (object->key) { /* a handle given out again */
            marks -= object->freed;
            door_handler_release(object->handler);
            origin_release(object->origin);
        } else {
            used++;
        }
        *object = (struct object){.key = key, .kind = kind, .handler = handler, .origin = origin_keep()};
        atomic_fetch_add(&door_epoch, 1);
    } else {
        door_handler_release(handler);
    }
    pthread_mutex_unlock(&lock);
}

void door_object_freed(enum door_kind kind, uintptr_t key)
{
    pthread_mutex_lock(&lock);
    struct object *object = find(kind, key);
    if (!object && make_room() == 0) { /* unknown until now: the mark is worth having */
        object = slot_of(kind, key);
        *object = (struct object){.key = key, .kind = kind, .origin = origin_keep()};
        used++;
    }
    if (object && !object->freed) {
        object->freed = true;
        marks++;
        door_handler_release(object->handler);
        object->handler = NULL;
    }
    atomic_fetch_add(&door_epoch, 1);
    pthread_mutex_unlock(&lock);
}

int door_object_handler_set(enum door_kind kind, uintptr_t key, struct door_handler *handler)
{
    int error = 0;
    pthread_mutex_lock(&lock);
    struct object *object = find(kind, key);
    if (!object) {
        error = make_room();
        if (!error) {
            object = slot_of(kind, key);
            *object = (struct object){.key = key, .kind = kind, .origin = origin_keep()};
            used++;
        }
    }
    if (!error) {
        door_handler_release(object->handler);
        object->handler = handler;
    }
    pthread_mutex_unlock(&lock);
    return error;
}

struct door_handler *door_object_handler(enum door_kind kind, uintptr_t key)
{
    pthread_mutex_lock(&lock);
    struct object *object = find(kind, key);
    struct door_handler *handler = door_handler_keep(object ? object->handler : NULL);
    pthread_mutex_unlock(&lock);
    return handler;
}

bool door_object_is_good(enum door_kind kind, uintptr_t key)
{
    pthread_mutex_lock(&lock);
    const struct object *object = find(kind, key);
    bool good = !object || (!object->freed && !(object->origin && !object->origin->current));
    pthread_mutex_unlock(&lock);
    return good;
}

int door_object_check(enum door_kind kind, uintptr_t key)
{
    static const struct {
        const char *noun;
        int error;
    } kinds[] = {[DOOR_COMM] = {"communicator", MPI_ERR_COMM},
                 [DOOR_WIN] = {"window", MPI_ERR_WIN},
                 [DOOR_FILE] = {"file", MPI_ERR_FILE}};
    int result = MPI_SUCCESS;
    pthread_mutex_lock(&lock);
    const struct object *object = find(kind, key);
    bool foreign = object && object->origin && !object->origin->current;
    if (foreign)
        result = mpimock_error(kinds[kind].error, "this %s was made in %s%s; it does not exist here", kinds[kind].noun,
                               object->origin->name, object->freed ? ", and freed" : "");
    else if (object && object->freed)
        result = mpimock_error(kinds[kind].error, "this %s was freed", kinds[kind].noun);
    pthread_mutex_unlock(&lock);
    return result;
}

size_t door_objects_world_ends(void)
{
    size_t kept = 0;
    pthread_mutex_lock(&lock);
    if (current) {
        for (size_t i = 0; i < capacity; i++) {
            struct object *object = &table[i];
            if (!object->key || object->origin != current || object->freed)
                continue;
            kept++;
            door_handler_release(object->handler);
            object->handler = NULL;
        }
        current->current = false;
        origin_release(current);
        current = NULL;
        atomic_fetch_add(&door_epoch, 1);
    }
    pthread_mutex_unlock(&lock);
    return kept;
}
