/* SPDX-License-Identifier: BSD-2-Clause */
/* test_scheduler_retry.c: what did not pass runs again, behind everything that waits. */
#include "scheduler_log.h"

static void fails(struct scheduler *scheduler, size_t test)
{
    scheduler_test_ended(scheduler, test, OUTCOME_FAILED, 0.5, now);
    scheduler_retry(scheduler, test);
}

static void it_runs_again_when_nothing_waits(void **state)
{
    (void)state;
    const struct scheduler_test tests[] = {UNKNOWN(1), UNKNOWN(1), UNKNOWN(1)};
    struct scheduler *scheduler = plain(2, tests, COUNT(tests));
    ready(scheduler, 1, 1);
    NEXT("#1 on 1: 0");
    fails(scheduler, 0);
    NEXT("nothing");
    scheduler_assignment_ended(scheduler, 1, now);
    NEXT("#2 on 1: 1");
    FINISH(2, 1);
    NEXT("#3 on 1: 2");
    FINISH(3, 2);
    NEXT("#4 on 1: 0");
    fails(scheduler, 0); /* as often as the caller says */
    scheduler_assignment_ended(scheduler, 4, now);
    NEXT("#5 on 1: 0");
    FINISH(5, 0);
    NEXT("finished");
    scheduler_destroy(scheduler);
}

static void idle_ranks_take_it_while_others_still_run(void **state)
{
    (void)state;
    const struct scheduler_test tests[] = {UNKNOWN(1), UNKNOWN(1)};
    struct scheduler *scheduler = plain(3, tests, COUNT(tests));
    ready(scheduler, 1, 2);
    NEXT("#1 on 1: 0");
    NEXT("#2 on 2: 1");
    fails(scheduler, 0);
    scheduler_assignment_ended(scheduler, 1, now);
    NEXT("#3 on 1: 0");
    FINISH(2, 1);
    NEXT("nothing");
    FINISH(3, 0);
    NEXT("finished");
    scheduler_destroy(scheduler);
}

static void a_unit_runs_again_as_a_whole(void **state)
{
    (void)state;
    const struct scheduler_test tests[] = {IN_UNIT(7, 1), IN_UNIT(7, 2), IN_UNIT(7, 1), UNKNOWN(1)};
    struct scheduler *scheduler = plain(3, tests, COUNT(tests));
    ready(scheduler, 1, 2);
    NEXT("#1 on 1 2: 0 1 2 unit 7");
    scheduler_test_ended(scheduler, 0, OUTCOME_PASSED, 0.5, now);
    fails(scheduler, 1);
    scheduler_test_ended(scheduler, 2, OUTCOME_PASSED, 0.5, now);
    scheduler_assignment_ended(scheduler, 1, now);
    NEXT("#2 on 1: 3");
    NEXT("nothing");
    FINISH(2, 3);
    NEXT("#3 on 1 2: 0 1 2 unit 7");
    FINISH(3, 0, 1, 2);
    NEXT("finished");
    scheduler_destroy(scheduler);
}

static void of_a_batch_only_it_runs_again(void **state)
{
    (void)state;
    struct scheduler_test tests[8];
    for (size_t i = 0; i < COUNT(tests); i++)
        tests[i] = (struct scheduler_test)KNOWN(1, 1e-3);
    struct scheduler *scheduler =
        create(&(struct scheduler_config){.ranks = 2, .batch_max = 64, .batch_seconds = 1}, tests, COUNT(tests));
    ready(scheduler, 1, 1);
    NEXT("#1 on 1: 0 1 2 3");
    scheduler_test_ended(scheduler, 0, OUTCOME_PASSED, 1e-3, now);
    fails(scheduler, 1);
    scheduler_test_ended(scheduler, 2, OUTCOME_PASSED, 1e-3, now);
    fails(scheduler, 3);
    scheduler_assignment_ended(scheduler, 1, now);
    NEXT("#2 on 1: 4 5");
    FINISH(2, 4, 5);
    NEXT("#3 on 1: 6");
    FINISH(3, 6);
    NEXT("#4 on 1: 7");
    FINISH(4, 7);
    NEXT("#5 on 1: 1");
    FINISH(5, 1);
    NEXT("#6 on 1: 3");
    FINISH(6, 3);
    NEXT("finished");
    scheduler_destroy(scheduler);
}

/* As after --resume: the test never ran in this job. */
static void one_that_waits_is_put_behind_the_others(void **state)
{
    (void)state;
    const struct scheduler_test tests[] = {UNKNOWN(1), UNKNOWN(1)};
    struct scheduler *scheduler = plain(2, tests, COUNT(tests));
    ready(scheduler, 1, 1);
    fails(scheduler, 0);
    NEXT("#1 on 1: 1");
    FINISH(1, 1);
    NEXT("#2 on 1: 0");
    FINISH(2, 0);
    NEXT("finished");
    scheduler_destroy(scheduler);
}

static void nothing_runs_again_after_a_stop_or_without_ranks(void **state)
{
    (void)state;
    const struct scheduler_test tests[] = {UNKNOWN(2), UNKNOWN(1)};
    struct scheduler *scheduler = plain(3, tests, COUNT(tests));
    ready(scheduler, 1, 2);
    NEXT("#1 on 1 2: 0");
    fails(scheduler, 0);
    scheduler_stop(scheduler);
    scheduler_assignment_ended(scheduler, 1, now);
    NEXT("finished");
    scheduler_destroy(scheduler);

    scheduler = plain(3, tests, COUNT(tests));
    ready(scheduler, 1, 2);
    NEXT("#1 on 1 2: 0");
    scheduler_worker_lost(scheduler, 1, now);
    scheduler_worker_lost(scheduler, 2, now);
    fails(scheduler, 0);
    scheduler_assignment_ended(scheduler, 1, now);
    NEXT("#2 on 0: 1"); /* two ranks are too many now */
    FINISH(2, 1);
    NEXT("finished");
    scheduler_destroy(scheduler);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_runs_again_when_nothing_waits),
        cmocka_unit_test(idle_ranks_take_it_while_others_still_run),
        cmocka_unit_test(a_unit_runs_again_as_a_whole),
        cmocka_unit_test(of_a_batch_only_it_runs_again),
        cmocka_unit_test(one_that_waits_is_put_behind_the_others),
        cmocka_unit_test(nothing_runs_again_after_a_stop_or_without_ranks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
