/* SPDX-License-Identifier: BSD-2-Clause */
/* test_scheduler_ranks.c: which idle ranks become a team. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../runner/random.h"
#include "../../runner/scheduler_ranks.h"

static void take(struct idle_ranks *idle, int size, const int expected[])
{
    int members[16];
    idle_ranks_take(idle, size, members);
    assert_memory_equal(members, expected, (size_t)size * sizeof(int));
    for (int i = 0; i < size; i++)
        assert_false(idle_ranks_have(idle, members[i]));
}
#define TAKES(size, ...) take(&idle, size, (const int[]){__VA_ARGS__})

static void on_one_node_the_lowest_ranks_are_taken(void **state)
{
    (void)state;
    struct idle_ranks idle;
    assert_int_equal(idle_ranks_init(&idle, 6, NULL), 0);
    assert_int_equal(idle.count, 0);
    for (int rank = 5; rank > 0; rank--)
        idle_ranks_add(&idle, rank);
    TAKES(2, 1, 2);
    idle_ranks_remove(&idle, 4);
    TAKES(2, 3, 5);
    assert_int_equal(idle.count, 0);
    idle_ranks_finish(&idle);
}

static void the_node_where_the_fewest_stay_behind_is_chosen(void **state)
{
    (void)state;
    static const int node_of[] = {0, 0, 0, 1, 1, 2, 2, 2, 2};
    struct idle_ranks idle;
    assert_int_equal(idle_ranks_init(&idle, 9, node_of), 0);
    for (int rank = 0; rank < 9; rank++)
        idle_ranks_add(&idle, rank);
    TAKES(2, 3, 4);
    TAKES(3, 0, 1, 2);
    TAKES(1, 5);
    TAKES(3, 6, 7, 8);
    idle_ranks_finish(&idle);
}

static void a_large_team_takes_the_emptiest_nodes_whole(void **state)
{
    (void)state;
    static const int node_of[] = {2, 0, 1, 1, 0, 2, 1, 0, 1}; /* 0: 1 4 7; 1: 2 3 6 8; 2: 0 5 */
    struct idle_ranks idle;
    assert_int_equal(idle_ranks_init(&idle, 9, node_of), 0);
    for (int rank = 0; rank < 9; rank++)
        idle_ranks_add(&idle, rank);
    TAKES(6, 0, 2, 3, 5, 6, 8); /* four of node 1, and for the last two node 2 is just large enough */
    TAKES(3, 1, 4, 7);
    idle_ranks_finish(&idle);
}

static void no_rank_is_lost_or_taken_twice(void **state)
{
    (void)state;
    enum { RANKS = 300 };
    int node_of[RANKS], members[RANKS];
    bool is_idle[RANKS] = {false};
    struct random_source source;
    struct idle_ranks idle;
    random_init(&source, 9);
    for (int rank = 0; rank < RANKS; rank++)
        node_of[rank] = (int)random_below(&source, 17);
    assert_int_equal(idle_ranks_init(&idle, RANKS, node_of), 0);
    for (int step = 0, count = 0; step < 20000; step++) {
        int rank = (int)random_below(&source, RANKS), size;
        if (!is_idle[rank] && random_below(&source, 4) > 0) {
            idle_ranks_add(&idle, rank);
            is_idle[rank] = true;
            count++;
        } else if (is_idle[rank] && random_below(&source, 2) == 0) {
            idle_ranks_remove(&idle, rank);
            is_idle[rank] = false;
            count--;
        } else if (count > 0) {
            size = 1 + (int)random_below(&source, (uint64_t)(random_below(&source, 3) ? (count + 9) / 10 : count));
            idle_ranks_take(&idle, size, members);
            for (int i = 0; i < size; i++) {
                assert_true(is_idle[members[i]]);
                assert_true(i == 0 || members[i - 1] < members[i]);
                is_idle[members[i]] = false;
            }
            count -= size;
        }
        assert_int_equal(idle.count, count);
        assert_int_equal(idle_ranks_have(&idle, rank), is_idle[rank]);
    }
    idle_ranks_finish(&idle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_one_node_the_lowest_ranks_are_taken),
        cmocka_unit_test(the_node_where_the_fewest_stay_behind_is_chosen),
        cmocka_unit_test(a_large_team_takes_the_emptiest_nodes_whole),
        cmocka_unit_test(no_rank_is_lost_or_taken_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
