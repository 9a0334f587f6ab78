/* SPDX-License-Identifier: BSD-2-Clause */
/* test_group.c: groups are ordered sets, and their operations are those of MPI-3.1 §6.3, against bit sets and lists. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ranks.h"

enum { RANKS = 12, ROUNDS = 2000 };

struct list {
    int n, ranks[RANKS];
};

static unsigned long long seed = 88172645463325252ull;

static int random_below(int n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (int)((seed >> 33) % (unsigned)n);
}

/* Some of the ranks of the world, in any order. */
static struct list random_list(void)
{
    struct list list = {0};
    int all[RANKS];
    for (int i = 0; i < RANKS; i++)
        all[i] = i;
    list.n = random_below(RANKS + 1);
    for (int i = 0; i < list.n; i++) {
        int k = i + random_below(RANKS - i), swap = all[i];
        list.ranks[i] = all[k];
        all[k] = swap;
    }
    return list;
}

static int index_in(const struct list *list, int rank)
{
    for (int i = 0; i < list->n; i++)
        if (list->ranks[i] == rank)
            return i;
    return -1;
}

/* The group is that list, as its translation to the world's group tells. */
static int is_group(MPI_Group world, MPI_Group group, const struct list *list)
{
    int size, places[RANKS], world_ranks[RANKS];
    CHECK_OK(MPI_Group_size(group, &size));
    CHECK(size == list->n);
    for (int i = 0; i < size; i++)
        places[i] = i;
    CHECK_OK(MPI_Group_translate_ranks(group, size, places, world, world_ranks));
    CHECK(memcmp(world_ranks, list->ranks, (size_t)size * sizeof(int)) == 0);
    return 0;
}

#define CHECK_IS_GROUP(group, list)                                                                                    \
    do {                                                                                                               \
        int line_ = is_group(world, group, list);                                                                      \
        CHECK(line_ == 0);                                                                                             \
        CHECK_OK(MPI_Group_free(&(group)));                                                                            \
    } while (0)

static int set_operations(MPI_Comm comm, void *argument)
{
    (void)argument;
    MPI_Group world;
    CHECK_OK(MPI_Comm_group(comm, &world));
    for (int round = 0; round < ROUNDS; round++) {
        struct list a = random_list(), b = random_list(), both = {0}, all = a, rest = {0};
        MPI_Group ga, gb, made;
        CHECK_OK(MPI_Group_incl(world, a.n, a.ranks, &ga));
        CHECK_OK(MPI_Group_incl(world, b.n, b.ranks, &gb));
        CHECK((ga == MPI_GROUP_EMPTY) == (a.n == 0));
        for (int i = 0; i < a.n; i++) {
            struct list *to = index_in(&b, a.ranks[i]) >= 0 ? &both : &rest;
            to->ranks[to->n++] = a.ranks[i];
        }
        for (int i = 0; i < b.n; i++)
            if (index_in(&a, b.ranks[i]) < 0)
                all.ranks[all.n++] = b.ranks[i];
        CHECK_OK(MPI_Group_intersection(ga, gb, &made));
        CHECK_IS_GROUP(made, &both);
        CHECK_OK(MPI_Group_union(ga, gb, &made));
        CHECK_IS_GROUP(made, &all);
        CHECK_OK(MPI_Group_difference(ga, gb, &made));
        CHECK_IS_GROUP(made, &rest);

        int result, similar = a.n == b.n && both.n == a.n;
        bool same = a.n == b.n && memcmp(a.ranks, b.ranks, (size_t)a.n * sizeof(int)) == 0;
        CHECK_OK(MPI_Group_compare(ga, gb, &result));
        CHECK(result == (same ? MPI_IDENT : similar ? MPI_SIMILAR : MPI_UNEQUAL));

        int translated[RANKS], places[RANKS];
        for (int i = 0; i < a.n; i++)
            places[i] = i;
        CHECK_OK(MPI_Group_translate_ranks(ga, a.n, places, gb, translated));
        for (int i = 0; i < a.n; i++) {
            int expected = index_in(&b, a.ranks[i]);
            CHECK(translated[i] == (expected < 0 ? MPI_UNDEFINED : expected));
        }
        CHECK_OK(MPI_Group_free(&ga));
        CHECK_OK(MPI_Group_free(&gb));
        CHECK(ga == MPI_GROUP_NULL);
    }
    return 0;
}

static void set_operations_keep_the_order_of_the_first_group(void **state)
{
    (void)state;
    print_message("seed %llu\n", seed);
    run_ranks(RANKS, set_operations, NULL);
}

static int choosing(MPI_Comm comm, void *argument)
{
    (void)argument;
    int rank, group_rank;
    MPI_Group world, group;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    CHECK_OK(MPI_Comm_group(comm, &world));
    CHECK_OK(MPI_Group_rank(world, &group_rank));
    CHECK(group_rank == rank);

    CHECK_OK(MPI_Group_excl(world, 3, (int[]){0, 5, 11}, &group));
    CHECK_OK(MPI_Group_rank(group, &group_rank));
    CHECK(group_rank == (rank == 0 || rank == 5 || rank == 11 ? MPI_UNDEFINED : rank < 5 ? rank - 1 : rank - 2));
    CHECK_IS_GROUP(group, (&(struct list){9, {1, 2, 3, 4, 6, 7, 8, 9, 10}}));
    return 0;
}

static int ranges(MPI_Comm comm, void *argument)
{
    (void)argument;
    MPI_Group world, group = MPI_GROUP_NULL;
    MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);
    CHECK_OK(MPI_Comm_group(comm, &world));
    CHECK_OK(MPI_Group_range_incl(world, 3, (int[][3]){{6, 7, 1}, {1, 5, 3}, {9, 2, -4}}, &group));
    CHECK_IS_GROUP(group, (&(struct list){6, {6, 7, 1, 4, 9, 5}}));
    CHECK_OK(MPI_Group_range_excl(world, 2, (int[][3]){{0, 8, 2}, {11, 9, -1}}, &group));
    CHECK_IS_GROUP(group, (&(struct list){4, {1, 3, 5, 7}}));
    CHECK_OK(MPI_Group_range_incl(world, 0, NULL, &group));
    CHECK(group == MPI_GROUP_EMPTY);
    CHECK_OK(MPI_Group_excl(world, 0, NULL, &group));
    int result;
    CHECK_OK(MPI_Group_compare(world, group, &result));
    CHECK(result == MPI_IDENT && world != group);

    CHECK_FAILS(MPI_Group_range_incl(world, 2, (int[][3]){{1, 5, 3}, {9, 0, -4}}, &group), MPI_ERR_RANK); /* 1 twice */
    CHECK_FAILS(MPI_Group_range_incl(world, 1, (int[][3]){{0, 12, 1}}, &group), MPI_ERR_RANK);
    CHECK_FAILS(MPI_Group_range_incl(world, 1, (int[][3]){{0, 3, 0}}, &group), MPI_ERR_ARG);
    CHECK_FAILS(MPI_Group_incl(world, 2, (int[]){3, 3}, &group), MPI_ERR_RANK);
    CHECK_FAILS(MPI_Group_incl(world, 1, (int[]){-1}, &group), MPI_ERR_RANK);
    CHECK_FAILS(MPI_Group_excl(world, 1, (int[]){12}, &group), MPI_ERR_RANK);
    CHECK_FAILS(MPI_Group_incl(world, -1, NULL, &group), MPI_ERR_ARG);
    CHECK_FAILS(MPI_Group_translate_ranks(world, 1, (int[]){12}, world, &result), MPI_ERR_RANK);
    CHECK_OK(MPI_Group_translate_ranks(world, 1, (int[]){MPI_PROC_NULL}, world, &result));
    CHECK(result == MPI_PROC_NULL);
    CHECK_FAILS(MPI_Group_size(MPI_GROUP_NULL, &result), MPI_ERR_GROUP);
    return 0;
}

static void ranges_name_ranks_in_steps_and_never_twice(void **state)
{
    (void)state;
    run_ranks(RANKS, ranges, NULL);
}

static int stale(MPI_Comm comm, void *argument)
{
    (void)argument;
    MPI_Group group, copy, empty = MPI_GROUP_EMPTY;
    int size;
    MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);
    CHECK_OK(MPI_Comm_group(comm, &group));
    copy = group;
    CHECK_OK(MPI_Group_free(&group));
    CHECK_FAILS(MPI_Group_size(copy, &size), MPI_ERR_GROUP);
    CHECK_OK(MPI_Group_free(&empty)); /* allowed, without effect */
    CHECK_OK(MPI_Group_size(MPI_GROUP_EMPTY, &size));
    CHECK(size == 0);
    return 0;
}

static void a_freed_group_is_an_error_and_the_empty_one_stays(void **state)
{
    (void)state;
    run_ranks(2, stale, NULL);
}

static void members_can_be_excluded(void **state)
{
    (void)state;
    run_ranks(RANKS, choosing, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_operations_keep_the_order_of_the_first_group),
        cmocka_unit_test(members_can_be_excluded),
        cmocka_unit_test(ranges_name_ranks_in_steps_and_never_twice),
        cmocka_unit_test(a_freed_group_is_an_error_and_the_empty_one_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
