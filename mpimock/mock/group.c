/* SPDX-License-Identifier: BSD-2-Clause */
/* group.c: ordered sets of processes (MPI-3.1 §6.3).
 *
 * A group is the world ranks of its members in order, and does not change once made. Nothing here communicates. Groups
 * that a program made have a handle each; those inside communicators have none.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "group.h"

/* ---- Objects ---- */

struct mock_group *mock_group_create(int size, const int world_ranks[])
{
    struct mock_group *group = malloc(sizeof *group + (size_t)size * sizeof group->world_ranks[0]);
    if (group == NULL)
        return NULL;
    group->references = 1;
    group->size = size;
    group->rank = MPI_UNDEFINED;
    group->handle = MPI_GROUP_NULL;
    group->link = (struct mock_link){0};
    for (int i = 0; i < size; i++) {
        group->world_ranks[i] = world_ranks[i];
        if (world_ranks[i] == mock.rank)
            group->rank = i;
    }
    return group;
}

struct mock_group *mock_group_keep(struct mock_group *group)
{
    __atomic_add_fetch(&group->references, 1, __ATOMIC_RELAXED);
    return group;
}

void mock_group_release(struct mock_group *group)
{
    if (group != NULL && __atomic_sub_fetch(&group->references, 1, __ATOMIC_ACQ_REL) == 0)
        free(group);
}

struct mock_group *mock_group(MPI_Group handle)
{
    return handle_object(HANDLE_GROUP, HANDLE_KEY(handle));
}

int group_chapter_init(void)
{
    struct mock_group *empty = mock_group_create(0, NULL);
    if (empty == NULL)
        return -ENOMEM;
    empty->handle = MPI_GROUP_EMPTY;
    chapters_bound(HANDLE_GROUP, HANDLE_KEY(MPI_GROUP_EMPTY), empty, &empty->link);
    return 0;
}

void group_chapter_finish(void)
{
    struct mock_link *link;
    while ((link = chapters_first(HANDLE_GROUP)) != NULL) {
        struct mock_group *group = LINK_OWNER(link, struct mock_group, link);
        chapters_ended(HANDLE_GROUP, HANDLE_KEY(group->handle), link);
        mock_group_release(group);
    }
}

struct mock_group *group_get(MPI_Group handle, int *error)
{
    struct mock_group *group = mock_group(handle);
    if (group == NULL)
        *error = handle == MPI_GROUP_NULL ? mpimock_error(MPI_ERR_GROUP, "the group is MPI_GROUP_NULL")
                                          : mpimock_error(MPI_ERR_GROUP, "not a group, or one that was freed");
    return group;
}

int group_publish(int size, const int world_ranks[], MPI_Group *newgroup)
{
    if (size == 0) {
        *newgroup = MPI_GROUP_EMPTY;
        return MPI_SUCCESS;
    }
    struct mock_group *group = mock_group_create(size, world_ranks);
    uintptr_t key = group != NULL ? chapters_made(HANDLE_GROUP, group, &group->link) : 0;
    if (key == 0) {
        mock_group_release(group);
        return mpimock_error(MPI_ERR_NO_MEM, "out of memory, or of handles for groups");
    }
    group->handle = (MPI_Group)key;
    *newgroup = group->handle;
    return MPI_SUCCESS;
}

int group_rank_of(const struct mock_group *group, int world_rank)
{
    for (int i = 0; i < group->size; i++)
        if (group->world_ranks[i] == world_rank)
            return i;
    return MPI_UNDEFINED;
}

/* ---- Sets of world ranks, for the operations below ---- */

/* place[world rank] is the rank in the group, or -1. For the caller to free; NULL: out of memory. */
static int *places(const struct mock_group *group)
{
    int *place = malloc(((size_t)mock.size + 1) * sizeof *place);
    if (place == NULL)
        return NULL;
    for (int i = 0; i < mock.size; i++)
        place[i] = -1;
    for (int i = 0; i < group->size; i++)
        place[group->world_ranks[i]] = i;
    return place;
}

/* ---- Questions (§6.3.1) ---- */

int mock_Group_size(MPI_Group handle, int *size)
{
    int error;
    const struct mock_group *group = group_get(handle, &error);
    if (group == NULL)
        return error;
    *size = group->size;
    return MPI_SUCCESS;
}

int mock_Group_rank(MPI_Group handle, int *rank)
{
    int error;
    const struct mock_group *group = group_get(handle, &error);
    if (group == NULL)
        return error;
    *rank = group->rank;
    return MPI_SUCCESS;
}

int mock_Group_translate_ranks(MPI_Group group1, int n, const int ranks1[], MPI_Group group2, int ranks2[])
{
    int error;
    const struct mock_group *from = group_get(group1, &error);
    const struct mock_group *to = from != NULL ? group_get(group2, &error) : NULL;
    if (to == NULL)
        return error;
    if (n < 0)
        return mpimock_error(MPI_ERR_ARG, "%d ranks", n);
    for (int i = 0; i < n; i++)
        if (ranks1[i] != MPI_PROC_NULL && (ranks1[i] < 0 || ranks1[i] >= from->size))
            return mpimock_error(MPI_ERR_RANK, "rank %d in a group of %d", ranks1[i], from->size);
    int *place = places(to);
    if (place == NULL)
        return mpimock_error(MPI_ERR_NO_MEM, "out of memory");
    for (int i = 0; i < n; i++) {
        if (ranks1[i] == MPI_PROC_NULL) {
            ranks2[i] = MPI_PROC_NULL;
            continue;
        }
        int found = place[from->world_ranks[ranks1[i]]];
        ranks2[i] = found >= 0 ? found : MPI_UNDEFINED;
    }
    free(place);
    return MPI_SUCCESS;
}

int group_compare(const struct mock_group *a, const struct mock_group *b)
{
    if (a->size != b->size)
        return MPI_UNEQUAL;
    if (a->size == 0 || memcmp(a->world_ranks, b->world_ranks, (size_t)a->size * sizeof a->world_ranks[0]) == 0)
        return MPI_IDENT;
    for (int i = 0; i < a->size; i++)
        if (group_rank_of(b, a->world_ranks[i]) == MPI_UNDEFINED)
            return MPI_UNEQUAL;
    return MPI_SIMILAR;
}

int mock_Group_compare(MPI_Group group1, MPI_Group group2, int *result)
{
    int error;
    const struct mock_group *a = group_get(group1, &error);
    const struct mock_group *b = a != NULL ? group_get(group2, &error) : NULL;
    if (b == NULL)
        return error;
    *result = group_compare(a, b);
    return MPI_SUCCESS;
}

/* ---- Set operations (§6.3.2) ---- */

enum set_operation { SET_UNION, SET_INTERSECTION, SET_DIFFERENCE };

static int combine(enum set_operation operation, MPI_Group group1, MPI_Group group2, MPI_Group *newgroup)
{
    int error;
    const struct mock_group *a = group_get(group1, &error);
    const struct mock_group *b = a != NULL ? group_get(group2, &error) : NULL;
    if (b == NULL)
        return error;
    int *in_a = places(a), *in_b = places(b);
    int *members = malloc(((size_t)a->size + (size_t)b->size + 1) * sizeof *members);
    int count = 0;
    if (in_a != NULL && in_b != NULL && members != NULL) {
        for (int i = 0; i < a->size; i++) { /* in the order of the first group … */
            bool both = in_b[a->world_ranks[i]] >= 0;
            if (operation == SET_UNION || both == (operation == SET_INTERSECTION))
                members[count++] = a->world_ranks[i];
        }
        for (int i = 0; i < b->size && operation == SET_UNION; i++) /* … then in that of the second */
            if (in_a[b->world_ranks[i]] < 0)
                members[count++] = b->world_ranks[i];
        error = group_publish(count, members, newgroup);
    } else {
        error = mpimock_error(MPI_ERR_NO_MEM, "out of memory");
    }
    free(in_a);
    free(in_b);
    free(members);
    return error;
}

int mock_Group_union(MPI_Group group1, MPI_Group group2, MPI_Group *newgroup)
{
    return combine(SET_UNION, group1, group2, newgroup);
}

int mock_Group_intersection(MPI_Group group1, MPI_Group group2, MPI_Group *newgroup)
{
    return combine(SET_INTERSECTION, group1, group2, newgroup);
}

int mock_Group_difference(MPI_Group group1, MPI_Group group2, MPI_Group *newgroup)
{
    return combine(SET_DIFFERENCE, group1, group2, newgroup);
}

/* ---- Choosing members ---- */

/* Those ranks, once each and in their order, or all others in the group's order. */
static int choose(const struct mock_group *group, int n, const int ranks[], bool include, MPI_Group *newgroup)
{
    int *members = malloc(((size_t)group->size + 1) * sizeof *members);
    bool *named = calloc((size_t)group->size + 1, sizeof *named);
    int error = MPI_SUCCESS, count = 0;
    if (members == NULL || named == NULL)
        error = mpimock_error(MPI_ERR_NO_MEM, "out of memory");
    for (int i = 0; i < n && error == MPI_SUCCESS; i++) {
        if (ranks[i] < 0 || ranks[i] >= group->size) {
            error = mpimock_error(MPI_ERR_RANK, "rank %d in a group of %d", ranks[i], group->size);
        } else if (named[ranks[i]]) {
            error = mpimock_error(MPI_ERR_RANK, "rank %d is named twice", ranks[i]);
        } else {
            named[ranks[i]] = true;
            if (include)
                members[count++] = group->world_ranks[ranks[i]];
        }
    }
    if (error == MPI_SUCCESS) {
        for (int i = 0; i < group->size && !include; i++)
            if (!named[i])
                members[count++] = group->world_ranks[i];
        error = group_publish(count, members, newgroup);
    }
    free(members);
    free(named);
    return error;
}

static int choose_ranks(MPI_Group handle, int n, const int ranks[], bool include, MPI_Group *newgroup)
{
    int error;
    const struct mock_group *group = group_get(handle, &error);
    if (group == NULL)
        return error;
    if (n < 0)
        return mpimock_error(MPI_ERR_ARG, "%d ranks", n);
    return choose(group, n, ranks, include, newgroup);
}

int mock_Group_incl(MPI_Group group, int n, const int ranks[], MPI_Group *newgroup)
{
    return choose_ranks(group, n, ranks, true, newgroup);
}

int mock_Group_excl(MPI_Group group, int n, const int ranks[], MPI_Group *newgroup)
{
    return choose_ranks(group, n, ranks, false, newgroup);
}

/* Writes the ranks of one triplet (first, last, stride) behind the `count` there are; returns how many there are then,
 * or -1 with *error set. */
static int expand_range(const struct mock_group *group, const int range[3], int count, int ranks[], int *error)
{
    int first = range[0], last = range[1], stride = range[2];
    if (stride == 0 || first < 0 || first >= group->size || last < 0 || last >= group->size) {
        *error = stride == 0 ? mpimock_error(MPI_ERR_ARG, "the range from %d to %d has stride 0", first, last)
                             : mpimock_error(MPI_ERR_RANK, "the range from %d to %d in a group of %d", first, last,
                                             group->size);
        return -1;
    }
    for (long long rank = first; stride > 0 ? rank <= last : rank >= last; rank += stride) {
        if (count == group->size) {
            *error = mpimock_error(MPI_ERR_RANK, "the ranges name some rank twice");
            return -1;
        }
        ranks[count++] = (int)rank;
    }
    return count;
}

static int choose_ranges(MPI_Group handle, int n, int ranges[][3], bool include, MPI_Group *newgroup)
{
    int error = MPI_SUCCESS;
    const struct mock_group *group = group_get(handle, &error);
    if (group == NULL)
        return error;
    if (n < 0)
        return mpimock_error(MPI_ERR_ARG, "%d ranges", n);
    int *ranks = malloc(((size_t)group->size + 1) * sizeof *ranks);
    if (ranks == NULL)
        return mpimock_error(MPI_ERR_NO_MEM, "out of memory");
    int count = 0;
    for (int i = 0; i < n && count >= 0; i++)
        count = expand_range(group, ranges[i], count, ranks, &error);
    if (count >= 0)
        error = choose(group, count, ranks, include, newgroup);
    free(ranks);
    return error;
}

int mock_Group_range_incl(MPI_Group group, int n, int ranges[][3], MPI_Group *newgroup)
{
    return choose_ranges(group, n, ranges, true, newgroup);
}

int mock_Group_range_excl(MPI_Group group, int n, int ranges[][3], MPI_Group *newgroup)
{
    return choose_ranges(group, n, ranges, false, newgroup);
}

int mock_Group_free(MPI_Group *handle)
{
    int error;
    struct mock_group *group = group_get(*handle, &error);
    if (group == NULL)
        return error;
    if (*handle != MPI_GROUP_EMPTY) { /* freeing that one is allowed, and has no effect (§6.3.2) */
        chapters_ended(HANDLE_GROUP, HANDLE_KEY(*handle), &group->link);
        mock_group_release(group);
    }
    *handle = MPI_GROUP_NULL;
    return MPI_SUCCESS;
}
