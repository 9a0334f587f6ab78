/* SPDX-License-Identifier: BSD-2-Clause */
/* test_comm.c: communicators have the members they should, in order, and their messages never meet. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ranks.h"

static const int team_sizes[] = {1, 2, 3, 5, 8};

static void run_teams(int (*function)(MPI_Comm comm, void *argument))
{
    for (size_t i = 0; i < sizeof team_sizes / sizeof team_sizes[0]; i++)
        run_ranks(team_sizes[i], function, NULL);
}

/* All members are there, and hear of each other. */
static int is_whole(MPI_Comm comm)
{
    int rank, size, *ranks;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    CHECK_OK(MPI_Comm_size(comm, &size));
    ranks = malloc((size_t)size * sizeof *ranks);
    CHECK_OK(MPI_Allgather(&rank, 1, MPI_INT, ranks, 1, MPI_INT, comm));
    for (int i = 0; i < size; i++)
        CHECK(ranks[i] == i);
    free(ranks);
    return 0;
}

#define CHECK_WHOLE(comm) CHECK(is_whole(comm) == 0)

/* ---- Duplicates ---- */

static int duplicates(MPI_Comm comm, void *argument)
{
    (void)argument;
    MPI_Comm dup;
    int rank, size, result, got = -1, one = 1, two = 2;
    MPI_Request request;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    CHECK_OK(MPI_Comm_size(comm, &size));
    CHECK_OK(MPI_Comm_dup(comm, &dup));
    CHECK_OK(MPI_Comm_compare(comm, dup, &result));
    CHECK(result == MPI_CONGRUENT);
    CHECK_OK(MPI_Comm_compare(dup, dup, &result));
    CHECK(result == MPI_IDENT);
    CHECK_WHOLE(dup);
    /* the same envelope on two communicators: the receive on the duplicate takes the second message */
    int right = (rank + 1) % size, left = (rank + size - 1) % size;
    CHECK_OK(MPI_Irecv(&got, 1, MPI_INT, left, 7, dup, &request));
    CHECK_OK(MPI_Send(&one, 1, MPI_INT, right, 7, comm));
    CHECK_OK(MPI_Send(&two, 1, MPI_INT, right, 7, dup));
    CHECK_OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
    CHECK(got == 2);
    CHECK_OK(MPI_Recv(&got, 1, MPI_INT, left, 7, comm, MPI_STATUS_IGNORE));
    CHECK(got == 1);
    CHECK_OK(MPI_Comm_free(&dup));
    CHECK(dup == MPI_COMM_NULL);
    return 0;
}

static void messages_of_a_duplicate_do_not_meet_those_of_the_original(void **state)
{
    (void)state;
    run_teams(duplicates);
}

static int many(MPI_Comm comm, void *argument)
{
    (void)argument;
    MPI_Comm made[50];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 50; i++)
            CHECK_OK(MPI_Comm_dup(i > 0 ? made[i - 1] : comm, &made[i]));
        for (int i = 49; i >= 0; i--)
            CHECK_WHOLE(made[i]);
        for (int i = 0; i < 50; i++)
            CHECK_OK(i % 2 ? MPI_Comm_free(&made[i]) : MPI_Comm_disconnect(&made[i]));
    }
    return 0;
}

static void communicators_can_be_made_and_freed_again_and_again(void **state)
{
    (void)state;
    run_ranks(3, many, NULL);
}

/* ---- Split, against the same thing done by hand ---- */

struct wish {
    int color, key;
};

static struct wish wish_of(int rank, int round)
{
    unsigned x = (unsigned)(rank * 7919 + round * 104729 + 12345);
    x = x * 1103515245u + 12345u;
    int color = (int)(x >> 16) % 4;
    return (struct wish){color == 3 ? MPI_UNDEFINED : color * 1000000, (int)(x >> 20) % 5 - 2};
}

static int splits(MPI_Comm comm, void *argument)
{
    (void)argument;
    int rank, size;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    CHECK_OK(MPI_Comm_size(comm, &size));
    for (int round = 0; round < 40; round++) {
        struct wish mine = wish_of(rank, round);
        int place = 0, members = 0, got;
        for (int i = 0; i < size; i++) {
            struct wish other = wish_of(i, round);
            if (other.color != mine.color)
                continue;
            members++;
            place += other.key < mine.key || (other.key == mine.key && i < rank);
        }
        MPI_Comm made;
        CHECK_OK(MPI_Comm_split(comm, mine.color, mine.key, &made));
        if (mine.color == MPI_UNDEFINED) {
            CHECK(made == MPI_COMM_NULL);
            continue;
        }
        CHECK_OK(MPI_Comm_size(made, &got));
        CHECK(got == members);
        CHECK_OK(MPI_Comm_rank(made, &got));
        CHECK(got == place);
        CHECK_WHOLE(made);
        CHECK_OK(MPI_Comm_free(&made));
    }
    return 0;
}

static void split_orders_each_color_by_key_and_rank(void **state)
{
    (void)state;
    run_teams(splits);
}

static int split_types(MPI_Comm comm, void *argument)
{
    (void)argument;
    MPI_Comm made;
    int rank, result;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    CHECK_OK(MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &made));
    CHECK_OK(MPI_Comm_compare(comm, made, &result)); /* one node without a hostfile */
    CHECK(result == MPI_CONGRUENT);
    CHECK_WHOLE(made);
    CHECK_OK(MPI_Comm_free(&made));
    CHECK_OK(MPI_Comm_split_type(comm, rank == 0 ? MPI_UNDEFINED : MPI_COMM_TYPE_SHARED, -rank, MPI_INFO_NULL, &made));
    CHECK((made == MPI_COMM_NULL) == (rank == 0));
    if (made != MPI_COMM_NULL) {
        int size, place;
        CHECK_OK(MPI_Comm_size(made, &size));
        CHECK_OK(MPI_Comm_rank(made, &place));
        CHECK(place == size - rank);
    }
    MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);
    CHECK_FAILS(MPI_Comm_split_type(comm, 123456, 0, MPI_INFO_NULL, &made), MPI_ERR_ARG);
    return 0;
}

static void ranks_of_a_node_find_each_other(void **state)
{
    (void)state;
    run_teams(split_types);
}

/* ---- From groups ---- */

/* Odd and even ranks, the latter in reverse. */
static int group_of(MPI_Comm comm, int rank, int size, bool even, MPI_Group *group)
{
    MPI_Group all;
    CHECK_OK(MPI_Comm_group(comm, &all));
    int ranks[RANKS_MAX], n = 0;
    for (int i = 0; i < size; i++) {
        int member = even ? size - 1 - i : i;
        if (member % 2 == (even ? 0 : 1))
            ranks[n++] = member;
    }
    CHECK_OK(MPI_Group_incl(all, n, ranks, group));
    CHECK_OK(MPI_Group_free(&all));
    (void)rank;
    return 0;
}

static int from_groups(MPI_Comm comm, void *argument)
{
    (void)argument;
    int rank, size, place, expected;
    MPI_Group group, other, members;
    MPI_Comm made, again;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    CHECK_OK(MPI_Comm_size(comm, &size));
    bool even = rank % 2 == 0;
    CHECK(group_of(comm, rank, size, even, &group) == 0);
    CHECK(group_of(comm, rank, size, !even, &other) == 0);
    CHECK_OK(MPI_Group_rank(group, &expected));

    CHECK_OK(MPI_Comm_create(comm, group, &made)); /* two groups at once (MPI-3.1 §6.4.2) */
    CHECK_OK(MPI_Comm_rank(made, &place));
    CHECK(place == expected);
    CHECK_OK(MPI_Comm_group(made, &members));
    int result;
    CHECK_OK(MPI_Group_compare(group, members, &result));
    CHECK(result == MPI_IDENT);
    CHECK_WHOLE(made);

    /* each group for itself, and again with another tag */
    CHECK_OK(MPI_Comm_create_group(comm, group, 3, &again));
    CHECK_OK(MPI_Comm_compare(made, again, &result));
    CHECK(result == MPI_CONGRUENT);
    CHECK_WHOLE(again);
    CHECK_OK(MPI_Comm_free(&again));
    if (even) { /* the others do not take part */
        CHECK_OK(MPI_Comm_create_group(comm, group, 4, &again));
        CHECK_WHOLE(again);
        CHECK_OK(MPI_Comm_free(&again));
    }
    CHECK_OK(MPI_Comm_free(&made));
    CHECK_OK(MPI_Comm_create(comm, even ? group : other, &made)); /* only the even ones */
    CHECK((made != MPI_COMM_NULL) == even);
    CHECK_OK(MPI_Comm_create(comm, MPI_GROUP_EMPTY, &made));
    CHECK(made == MPI_COMM_NULL);
    return 0;
}

static void groups_become_communicators_in_their_order(void **state)
{
    (void)state;
    run_teams(from_groups);
}

/* ---- Names, hints, mistakes ---- */

static int names_and_hints(MPI_Comm comm, void *argument)
{
    (void)argument;
    MPI_Comm dup, other;
    MPI_Info info, used;
    char name[MPI_MAX_OBJECT_NAME], value[16];
    int length, flag;
    CHECK_OK(MPI_Comm_get_name(MPI_COMM_WORLD, name, &length));
    CHECK(strcmp(name, "MPI_COMM_WORLD") == 0 && length == 14);
    CHECK_OK(MPI_Comm_get_name(MPI_COMM_SELF, name, &length));
    CHECK(strcmp(name, "MPI_COMM_SELF") == 0);
    CHECK_OK(MPI_Info_create(&info));
    CHECK_OK(MPI_Info_set(info, "hint", "yes"));
    CHECK_OK(MPI_Comm_dup_with_info(comm, info, &dup));
    CHECK_OK(MPI_Comm_set_name(dup, "halo"));
    CHECK_OK(MPI_Comm_dup(dup, &other)); /* hints go on, names do not */
    CHECK_OK(MPI_Comm_get_name(other, name, &length));
    CHECK(length == 0 && name[0] == '\0');
    CHECK_OK(MPI_Comm_get_name(dup, name, &length));
    CHECK(strcmp(name, "halo") == 0);
    CHECK_OK(MPI_Comm_get_info(other, &used));
    CHECK_OK(MPI_Info_get(used, "hint", 15, value, &flag));
    CHECK(flag && strcmp(value, "yes") == 0);
    CHECK_OK(MPI_Info_free(&used));
    CHECK_OK(MPI_Info_set(info, "hint", "no"));
    CHECK_OK(MPI_Comm_set_info(other, info));
    CHECK_OK(MPI_Comm_get_info(other, &used));
    CHECK_OK(MPI_Info_get(used, "hint", 15, value, &flag));
    CHECK(flag && strcmp(value, "no") == 0);
    CHECK_OK(MPI_Info_free(&used));
    CHECK_OK(MPI_Info_free(&info));
    CHECK_OK(MPI_Comm_free(&dup));
    CHECK_OK(MPI_Comm_free(&other));
    return 0;
}

static void names_stay_with_one_communicator_and_hints_go_to_duplicates(void **state)
{
    (void)state;
    run_ranks(2, names_and_hints, NULL);
}

static int mistakes(MPI_Comm comm, void *argument)
{
    (void)argument;
    MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);
    MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
    MPI_Comm made = MPI_COMM_NULL, self = MPI_COMM_SELF, stale;
    MPI_Group all, group;
    int n;
    CHECK_FAILS(MPI_Comm_split(comm, -5, 0, &made), MPI_ERR_ARG);
    CHECK_FAILS(MPI_Comm_free(&self), MPI_ERR_COMM);
    CHECK_FAILS(MPI_Comm_disconnect(&self), MPI_ERR_COMM);
    CHECK_FAILS(MPI_Comm_remote_size(comm, &n), MPI_ERR_COMM);
    CHECK_FAILS(MPI_Comm_remote_group(comm, &group), MPI_ERR_COMM);
    CHECK_OK(MPI_Comm_test_inter(comm, &n));
    CHECK(n == 0);
    CHECK_FAILS(MPI_Comm_size(MPI_COMM_NULL, &n), MPI_ERR_COMM);
    CHECK_OK(MPI_Comm_group(comm, &all));
    CHECK_FAILS(MPI_Comm_create(MPI_COMM_SELF, all, &made), MPI_ERR_GROUP);
    CHECK_FAILS(MPI_Comm_create_group(comm, all, -1, &made), MPI_ERR_TAG);
    CHECK_FAILS(MPI_Comm_create(comm, MPI_GROUP_NULL, &made), MPI_ERR_GROUP);
    CHECK_OK(MPI_Comm_dup(comm, &made));
    stale = made;
    CHECK_OK(MPI_Comm_free(&made));
    CHECK_FAILS(MPI_Comm_size(stale, &n), MPI_ERR_COMM);
    CHECK_FAILS(MPI_Barrier(stale), MPI_ERR_COMM);
    return 0;
}

static void mistakes_are_errors_of_their_class(void **state)
{
    (void)state;
    run_ranks(2, mistakes, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_of_a_duplicate_do_not_meet_those_of_the_original),
        cmocka_unit_test(communicators_can_be_made_and_freed_again_and_again),
        cmocka_unit_test(split_orders_each_color_by_key_and_rank),
        cmocka_unit_test(ranks_of_a_node_find_each_other),
        cmocka_unit_test(groups_become_communicators_in_their_order),
        cmocka_unit_test(names_stay_with_one_communicator_and_hints_go_to_duplicates),
        cmocka_unit_test(mistakes_are_errors_of_their_class),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
