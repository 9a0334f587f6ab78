/* SPDX-License-Identifier: BSD-2-Clause */
/* test_rollcall.c: places of ranks become one sentence, the odd one last. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../runner/rollcall.h"

#define RANKS_MAX 100

static struct event_rank_result ranks[RANKS_MAX];

static void fill(int size, const char *place)
{
    for (int i = 0; i < size; i++)
        ranks[i] = (struct event_rank_result){.rank = i + 3, .team_rank = i, .outcome = OUTCOME_TIMEOUT, .place = place};
}

static void expect(int size, const char *wanted)
{
    char *sentence = rollcall_sentence(ranks, size);
    assert_non_null(sentence);
    assert_string_equal(sentence, wanted);
    free(sentence);
}

static void the_odd_one_comes_last(void **state)
{
    (void)state;
    fill(4, "waits in MPI_Allreduce (solver.c:88)");
    ranks[1].place = "is in compute(), solver.c:61";
    expect(4, "ranks 0, 2, 3 wait in MPI_Allreduce (solver.c:88); rank 1 is in compute(), solver.c:61");
}

static void many_ranks_are_ranges(void **state)
{
    (void)state;
    fill(64, "waits in MPI_Barrier (a.c:1)");
    ranks[63].place = "is in compute(), a.c:2";
    expect(64, "ranks 0 to 62 wait in MPI_Barrier (a.c:1); rank 63 is in compute(), a.c:2");
    ranks[0].place = ranks[63].place;
    expect(64, "ranks 1 to 62 wait in MPI_Barrier (a.c:1); ranks 0, 63 are in compute(), a.c:2");
}

static void all_in_one_place(void **state)
{
    (void)state;
    fill(3, "is in MPI_Test (a.c:5)");
    expect(3, "all 3 ranks are in MPI_Test (a.c:5)");
    expect(2, "both ranks are in MPI_Test (a.c:5)");
}

static void one_of_two_that_waits_comes_first(void **state)
{
    (void)state;
    fill(2, "is in compute(), a.c:1");
    ranks[1].place = "waits in MPI_Recv (a.c:9)";
    expect(2, "rank 1 waits in MPI_Recv (a.c:9); rank 0 is in compute(), a.c:1");
}

static void ranks_without_a_place_are_told_by_their_outcome(void **state)
{
    (void)state;
    fill(5, "waits in MPI_Recv");
    ranks[1] = (struct event_rank_result){.team_rank = 1, .outcome = OUTCOME_TIMEOUT, .place = ""};
    ranks[2] = (struct event_rank_result){.team_rank = 2, .outcome = OUTCOME_CRASHED, .place = NULL};
    ranks[4] = (struct event_rank_result){.team_rank = 4, .outcome = OUTCOME_PASSED, .place = ""};
    expect(5, "ranks 0, 3 wait in MPI_Recv; rank 1 does not answer; rank 2 is gone; rank 4 has ended the test");
    ranks[3].place = "";
    expect(5, "ranks 1, 3 do not answer; rank 0 waits in MPI_Recv; rank 2 is gone; rank 4 has ended the test");
}

static void one_rank_has_no_sentence(void **state)
{
    (void)state;
    fill(1, "is in compute()");
    assert_null(rollcall_sentence(ranks, 1));
    assert_null(rollcall_sentence(ranks, 0));
}

static void many_places_are_counted(void **state)
{
    (void)state;
    static char places[RANKS_MAX][32];
    fill(10, "");
    for (int i = 0; i < 10; i++) {
        snprintf(places[i], sizeof places[i], "is in f%d()", i);
        ranks[i].place = places[i];
    }
    char *sentence = rollcall_sentence(ranks, 10);
    assert_non_null(strstr(sentence, "rank 7 is in f7(); 2 more ranks are in other places"));
    free(sentence);
    sentence = rollcall_sentence(ranks, 9);
    assert_non_null(strstr(sentence, "; 1 more rank is in other places"));
    free(sentence);
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(the_odd_one_comes_last),
        cmocka_unit_test(many_ranks_are_ranges),
        cmocka_unit_test(all_in_one_place),
        cmocka_unit_test(one_of_two_that_waits_comes_first),
        cmocka_unit_test(ranks_without_a_place_are_told_by_their_outcome),
        cmocka_unit_test(one_rank_has_no_sentence),
        cmocka_unit_test(many_places_are_counted),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
