/* SPDX-License-Identifier: BSD-2-Clause */
/* scopes.c: the communicators, windows and files of a team's test, which ranks they are made of, and at which of their
 * collectives this rank has arrived.
 *
 * The number of one follows from that of the communicator that it was made from, and from the collective that made it,
 * so all members know it without a word; two made by one call (MPI_Comm_split) have no member in common. Arrivals
 * outlive what they were at: a mate may still wait for the agreement in which a communicator was freed.
 */
#include "private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TEAM_NUMBER UINT64_C(0x7465616d)

uint64_t guard_number_after(uint64_t number, uint32_t sequence)
{
    uint64_t hash = (number ^ sequence) * UINT64_C(0xff51afd7ed558ccd);
    hash = (hash ^ (hash >> 32)) * UINT64_C(0xc4ceb9fe1a85ec53) + sequence;
    return hash ^ (hash >> 29);
}

static struct guard_scope *find(enum guard_scope_kind kind, uintptr_t key)
{
    if (guard.scope_last < guard.scope_count && guard.scopes[guard.scope_last].key == key &&
        guard.scopes[guard.scope_last].kind == kind)
        return &guard.scopes[guard.scope_last];
    for (size_t i = 0; i < guard.scope_count; i++)
        if (guard.scopes[i].key == key && guard.scopes[i].kind == kind) {
            guard.scope_last = i;
            return &guard.scopes[i];
        }
    return NULL;
}

static struct guard_arrival *past_of(uint64_t number)
{
    for (size_t i = guard.past_count; i-- > 0;)
        if (guard.past[i].number == number)
            return &guard.past[i];
    return NULL;
}

/* NULL: no memory. */
static struct guard_arrival *add_past(uint64_t number, uint32_t last)
{
    if (guard.past_count == guard.past_capacity) {
        size_t capacity = guard.past_capacity ? 2 * guard.past_capacity : 16;
        struct guard_arrival *larger = realloc(guard.past, capacity * sizeof *larger);
        if (!larger)
            return NULL;
        guard.past = larger;
        guard.past_capacity = capacity;
    }
    guard.past[guard.past_count] = (struct guard_arrival){.number = number, .last = last};
    return &guard.past[guard.past_count++];
}

bool guard_scope_arrive(enum guard_scope_kind kind, uintptr_t key, struct guard_scope *copy, bool *late)
{
    guard_lock();
    struct guard_scope *found = key ? find(kind, key) : NULL;
    *late = atomic_load_explicit(&guard.stance, memory_order_relaxed) != GUARD_STAYING;
    bool arrives = found && !*late;
    if (arrives) {
        found->sequence++;
        *copy = *found;
    }
    guard_unlock();
    return arrives;
}

bool guard_scope_start(enum guard_scope_kind kind, uintptr_t key, struct guard_scope *copy)
{
    guard_lock();
    struct guard_scope *found = key ? find(kind, key) : NULL;
    if (found) {
        found->started++;
        *copy = *found;
    }
    guard_unlock();
    return found != NULL;
}

uint32_t guard_scope_arrive_at(uint64_t number, bool *late)
{
    uint32_t sequence = 0;
    guard_lock();
    *late = atomic_load_explicit(&guard.stance, memory_order_relaxed) != GUARD_STAYING;
    struct guard_arrival *arrival = *late ? NULL : past_of(number);
    if (!arrival && !*late)
        arrival = add_past(number, 0);
    if (arrival)
        sequence = ++arrival->last;
    guard_unlock();
    return sequence;
}

/* ---- Members ---- */

bool guard_group_members(MPI_Group group, int size, int members[])
{
    int *numbers = calloc((size_t)(size > 0 ? size : 1), sizeof *numbers);
    bool good = numbers != NULL;
    for (int i = 0; good && i < size; i++)
        numbers[i] = i;
    good = good && guard.mpi->Group_translate_ranks(group, size, numbers, guard.everyone, members) == MPI_SUCCESS;
    for (int i = 0; good && i < size; i++)
        good = members[i] != MPI_UNDEFINED;
    free(numbers);
    return good;
}

static int by_rank(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* Appends a group's members to those of `scope`. */
static bool add_group(struct guard_scope *scope, int (*group_of)(MPI_Comm comm, MPI_Group *group), MPI_Comm comm)
{
    MPI_Group group;
    int size = 0;
    if (group_of(comm, &group) != MPI_SUCCESS)
        return false;
    int *larger = guard.mpi->Group_size(group, &size) == MPI_SUCCESS
                      ? realloc(scope->members, (size_t)(scope->size + size) * sizeof *larger)
                      : NULL;
    if (larger)
        scope->members = larger;
    bool good = larger && guard_group_members(group, size, larger + scope->size);
    scope->size += good ? size : 0;
    guard.mpi->Group_free(&group);
    return good;
}

static bool ask_members(struct guard_scope *scope, MPI_Comm comm)
{
    int inter = 0;
    if (guard.mpi->Comm_test_inter(comm, &inter) != MPI_SUCCESS || !add_group(scope, guard.mpi->Comm_group, comm))
        return false;
    scope->inter = inter;
    if (inter && !add_group(scope, guard.mpi->Comm_remote_group, comm))
        return false;
    if (inter)
        qsort(scope->members, (size_t)scope->size, sizeof *scope->members, by_rank);
    return true;
}

static bool copy_members(struct guard_scope *scope, const struct guard_scope *parent)
{
    scope->size = parent->size;
    scope->inter = parent->inter;
    scope->members = malloc((size_t)parent->size * sizeof *scope->members);
    if (scope->members)
        memcpy(scope->members, parent->members, (size_t)parent->size * sizeof *scope->members);
    return scope->members != NULL;
}

/* ---- Coming and going ---- */

static int add(const struct guard_scope *scope)
{
    struct guard_scope *place = NULL;
    for (size_t i = 1; i < guard.scope_count && !place; i++)
        if (guard.scopes[i].key == 0)
            place = &guard.scopes[i];
    if (!place) {
        struct guard_scope *larger = realloc(guard.scopes, (guard.scope_count + 1) * sizeof *larger);
        if (!larger)
            return -ENOMEM;
        guard.scopes = larger;
        place = &guard.scopes[guard.scope_count++];
    }
    *place = *scope;
    place->made = guard.scopes_made++;
    return 0;
}

/* Communicators of one rank are kept for the sake of their unreceived messages, but not agreed on. */
void guard_scope_add(enum guard_scope_kind kind, uintptr_t key, uint64_t number, const struct guard_scope *parent)
{
    struct guard_scope made = {.kind = kind, .key = key, .number = number, .rank = -1};
    bool good = parent ? copy_members(&made, parent) : ask_members(&made, guard_comm_of(key));
    for (int i = 0; good && i < made.size; i++)
        if (made.members[i] == guard.control->rank)
            made.rank = i;
    guard_lock();
    int error = good && made.rank >= 0 ? add(&made) : -EINVAL;
    guard_unlock();
    if (error)
        free(made.members);
}

uint64_t guard_scope_number(enum guard_scope_kind kind, uintptr_t key)
{
    guard_lock();
    const struct guard_scope *found = key ? find(kind, key) : NULL;
    uint64_t number = found ? found->number : 0;
    guard_unlock();
    return number;
}

void guard_scope_freed(enum guard_scope_kind kind, uintptr_t key)
{
    guard_lock();
    struct guard_scope *found = key ? find(kind, key) : NULL;
    if (found && found != guard.scopes) {
        if (found->size > 1)
            add_past(found->number, found->sequence);
        free(found->members);
        *found = (struct guard_scope){.key = 0};
    }
    guard_unlock();
}

int guard_scopes_begin(void)
{
    struct guard_scope team = {.kind = GUARD_COMM,
                               .key = HANDLE_KEY(guard.team.comm),
                               .number = TEAM_NUMBER,
                               .size = (int)guard.team.size,
                               .rank = -1};
    team.members = malloc(guard.team.size * sizeof *team.members);
    if (!team.members)
        return -ENOMEM;
    for (int i = 0; i < team.size; i++) {
        team.members[i] = (int)guard.team.members[i];
        if (team.members[i] == guard.control->rank)
            team.rank = i;
    }
    int error = add(&team);
    if (error)
        free(team.members);
    return error;
}

void guard_scopes_end(void)
{
    for (size_t i = 0; i < guard.scope_count; i++)
        free(guard.scopes[i].members);
    free(guard.scopes);
    free(guard.past);
    guard.scopes = NULL;
    guard.past = NULL;
    guard.scope_count = guard.scope_last = guard.past_count = guard.past_capacity = 0;
}

struct guard_arrival *guard_scopes_arrivals(size_t *count)
{
    struct guard_arrival *arrivals = malloc((guard.scope_count + guard.past_count + 1) * sizeof *arrivals);
    *count = 0;
    if (!arrivals)
        return NULL;
    for (size_t i = 0; i < guard.scope_count; i++)
        if (guard.scopes[i].key != 0 && guard.scopes[i].sequence > 0)
            arrivals[(*count)++] =
                (struct guard_arrival){.number = guard.scopes[i].number, .last = guard.scopes[i].sequence};
    if (guard.past_count > 0)
        memcpy(arrivals + *count, guard.past, guard.past_count * sizeof *arrivals);
    *count += guard.past_count;
    return arrivals;
}
