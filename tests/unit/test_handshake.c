/* SPDX-License-Identifier: BSD-2-Clause */
/* test_handshake.c: on ranks of the mock: all go on together, or all leave with the sentence that rank 0 has. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../mpimock/launch.h"
#include "../../runner/handshake.h"
#include "../../runner/outcome.h"

static struct plan_test ours[] = {{.name = "halo.ring", .suite = "halo", .np = 2, .tags = "", .unit = -1},
                                  {.name = "heat.one", .suite = "heat", .np = 1, .tags = "", .unit = -1}};
static struct plan_test theirs[] = {{.name = "halo.ring", .suite = "halo", .np = 2, .tags = "", .unit = -1},
                                    {.name = "heat.two", .suite = "heat", .np = 1, .tags = "", .unit = -1}};

struct scene {
    int odd_rank;         /* has `theirs`, or the problem below; -1: none */
    const char *problem;
    int status;           /* that every rank must come to */
    const char *words[3]; /* that rank 0's sentence must have */
};

/* A rank's part: 0 if all was as it must be. */
static int shake(void *argument)
{
    const struct scene *scene = argument;
    struct control control;
    if (control_create(&control) != 0)
        return 10;
    bool odd = control.rank == scene->odd_rank;
    struct plan plan = {.tests = odd && !scene->problem ? theirs : ours, .count = 2};
    struct problem own = {{0}}, problem = {{0}};
    if (odd && scene->problem)
        problem_set(&own, EINVAL, "%s", scene->problem);
    char *hosts[8] = {0};
    int result = 0, status = handshake(&control, &(struct handshake_settings){.plan = &plan, .own = &own, .seconds = INFINITY}, hosts, &problem);
    /* Rank 0 carries the status; the others only know that they must leave. */
    if (control.rank == 0 ? status != scene->status : (status == 0) != (scene->status == 0))
        result = 11;
    for (int i = 0; i < 3 && control.rank == 0 && scene->words[i]; i++)
        if (!strstr(problem.text, scene->words[i]))
            result = 12;
    for (int rank = 0; rank < control.size && control.rank == 0; rank++)
        if (!hosts[rank] || !hosts[rank][0])
            result = 13;
    for (int i = 0; i < 8; i++)
        free(hosts[i]);
    control_destroy(&control);
    return result;
}

static void play(struct scene scene, int n)
{
    int results[8];
    struct problem problem = {{0}};
    mpimock_use(&mpimock_backend_mock);
    assert_int_equal(mpimock_launch(&(struct mpimock_launch){.n = n, .function = shake, .argument = &scene, .results = results},
                                    &problem),
                     0);
    for (int rank = 0; rank < n; rank++)
        assert_int_equal(results[rank], 0);
}

static void equal_ranks_go_on(void **state)
{
    (void)state;
    play((struct scene){.odd_rank = -1}, 1);
    play((struct scene){.odd_rank = -1}, 5);
}

static void a_rank_with_other_tests_is_named_with_its_suite(void **state)
{
    (void)state;
    play((struct scene){.odd_rank = 2, .status = EXIT_STATUS_INTERNAL, .words = {"rank 2", "suite heat"}}, 4);
}

static void a_rank_that_could_not_load_speaks_through_rank_0(void **state)
{
    (void)state;
    play((struct scene){.odd_rank = 1, .problem = "halo.so: no such file", .status = EXIT_STATUS_USAGE,
                        .words = {"rank 1", "halo.so: no such file"}}, 3);
    play((struct scene){.odd_rank = 0, .problem = "halo.so: no such file", .status = EXIT_STATUS_USAGE,
                        .words = {"halo.so: no such file"}}, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_ranks_go_on),
        cmocka_unit_test(a_rank_with_other_tests_is_named_with_its_suite),
        cmocka_unit_test(a_rank_that_could_not_load_speaks_through_rank_0),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
