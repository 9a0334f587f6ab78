/* SPDX-License-Identifier: BSD-2-Clause */
/* test_accord.c: members agree on the first problem that any has; nobody waits for one that has died. On ranks of the mock. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../mpimock/launch.h"
#include "../../runner/accord.h"
#include "../../runner/loss.h"

enum { N = 4 };

struct scene {
    const char *words[N]; /* that each rank brings; NULL: none */
    bool followed[N];
    const char *wanted;   /* on every rank */
    int result;
    int dies;             /* this rank's process does, the first time; -1: none */
};

static int take_part(void *argument)
{
    const struct scene *scene = argument;
    static const uint32_t members[N] = {2, 0, 3, 1};
    static const uint32_t incarnations[N];
    struct control control;
    char words[PROBLEM_MAX] = "";
    if (control_create(&control) != 0)
        return 10;
    if (mpimock_incarnation() > 0)
        return 0; /* nobody waits for it */
    if (scene->dies == control.rank)
        kill(getpid(), SIGKILL);
    const struct message_assign assignment = {.members = members, .incarnations = incarnations, .size = N};
    struct accord accord = {.control = &control, .assignment = &assignment, .serial = 7, .seconds = 20};
    while (members[accord.me] != (uint32_t)control.rank)
        accord.me++;
    if (scene->words[control.rank])
        snprintf(words, sizeof words, "%s", scene->words[control.rank]);
    int result = accord_reach(&accord, scene->followed[control.rank], words);
    if (result != scene->result)
        return 11;
    if (strcmp(words, scene->wanted) != 0) {
        fprintf(stderr, "rank %d: \"%s\"\n", control.rank, words);
        return 12;
    }
    if (result == 0) { /* the next one is another */
        accord.serial++;
        words[0] = '\0';
        if (accord_reach(&accord, false, words) != 0 || words[0])
            return 13;
    }
    control_destroy(&control);
    return 0;
}

static void play(struct scene scene)
{
    int results[N];
    struct problem problem = {{0}};
    mpimock_use(&mpimock_backend_mock);
    int status = mpimock_launch(
        &(struct mpimock_launch){
            .n = N, .function = take_part, .argument = &scene, .results = results, .replace = true, .quiet = true},
        &problem);
    for (int i = 0; i < N; i++)
        assert_int_equal(results[i], 0);
    assert_int_equal(status, 0);
}

static void nothing_went_wrong(void **state)
{
    (void)state;
    play((struct scene){.wanted = "", .dies = -1});
}

static void the_first_members_problem_counts(void **state)
{
    (void)state;
    play((struct scene){.words = {"rank 0's", "rank 1's"}, .wanted = "rank 0's", .dies = -1});
    play((struct scene){.words = {NULL, "rank 1's", NULL, "rank 3's"}, .wanted = "rank 3's", .dies = -1}); /* member 2 */
    play((struct scene){.words = {"rank 0's", NULL, "rank 2's"}, .wanted = "rank 2's", .dies = -1});       /* member 0 */
}

static void who_followed_counts_less(void **state)
{
    (void)state;
    play((struct scene){.words = {"left", "the cause", "left"}, .followed = {true, false, true}, .wanted = "the cause", .dies = -1});
    play((struct scene){.words = {"left"}, .followed = {true}, .wanted = "left", .dies = -1});
}

static void nobody_waits_for_the_dead(void **state)
{
    (void)state;
    play((struct scene){.wanted = "rank 1 of the run is gone", .result = -ECANCELED, .dies = 1});
    play((struct scene){.words = {"rank 0's"}, .wanted = "rank 3 of the run is gone", .result = -ECANCELED, .dies = 3});
    play((struct scene){.wanted = "rank 2 of the run is gone", .result = -ECANCELED, .dies = 2}); /* the first member */
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(nothing_went_wrong),
        cmocka_unit_test(the_first_members_problem_counts),
        cmocka_unit_test(who_followed_counts_less),
        cmocka_unit_test(nobody_waits_for_the_dead),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
