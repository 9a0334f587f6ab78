/* SPDX-License-Identifier: BSD-2-Clause */
/* test_notice.c: on ranks of the mock: a notice reaches the members of its test's team, whenever it comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../mpimock/launch.h"
#include "../../runner/notice.h"

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                                    \
            return __LINE__;                                                                                           \
        }                                                                                                              \
    } while (0)

static const uint32_t everybody[] = {0, 1, 2};

static void meet(struct control *control)
{
    control->mpi->Barrier(control->comm);
}

/* Rank 2 of the run is member 2 and leaves; the others find its notice, once. */
static int reaches_all_others(struct control *control)
{
    struct message_notice notice;
    if (control->rank == 2)
        CHECK(notice_send(control, everybody, 3, 7, 2, OUTCOME_FAILED, "1 != 2") == 0);
    meet(control);
    CHECK(notice_take(control, 7, &notice) == (control->rank != 2));
    if (control->rank != 2) {
        CHECK(notice.member == 2 && notice.outcome == OUTCOME_FAILED && strcmp(notice.reason, "1 != 2") == 0);
        CHECK(!notice_take(control, 7, &notice));
    }
    return control_flush(control);
}

/* Notices of tests before are dropped; that of a test to come waits for it, behind whatever it is. */
static int keeps_the_future_and_drops_the_past(struct control *control)
{
    struct message_notice notice;
    if (control->rank == 1) {
        CHECK(notice_send(control, everybody, 3, 9, 1, OUTCOME_CRASHED, "later") == 0);
        CHECK(notice_send(control, everybody, 3, 8, 1, OUTCOME_SKIPPED, "now") == 0);
        CHECK(notice_send(control, everybody, 3, 2, 1, OUTCOME_FAILED, "past") == 0);
    }
    meet(control);
    if (control->rank != 1) {
        CHECK(notice_take(control, 8, &notice) && strcmp(notice.reason, "now") == 0);
        CHECK(notice_take(control, 9, &notice) && strcmp(notice.reason, "later") == 0);
        CHECK(!notice_take(control, 10, &notice));
        CHECK(!control->notices);
    }
    return control_flush(control);
}

/* A receiver of other messages does not see it. */
static int is_no_answer(struct control *control)
{
    struct control_message message;
    if (control->rank == 0) {
        CHECK(notice_send(control, everybody, 3, 3, 0, OUTCOME_FAILED, "") == 0);
        for (int rank = 1; rank < 3; rank++)
            CHECK(control_send(control, MESSAGE_STOP, rank, NULL, 0) == 0);
    } else {
        CHECK(control_receive(control, 0, &message) == 0);
        CHECK(message.kind == MESSAGE_STOP);
    }
    return control_flush(control);
}

/* A long reason is cut, between characters. */
static int is_bounded(struct control *control)
{
    struct message_notice notice;
    static char reason[100000];
    for (size_t i = 0; i + 2 < sizeof reason; i += 2)
        memcpy(reason + i, "\xc3\xa9", 2);
    if (control->rank == 0)
        CHECK(notice_send(control, everybody, 3, 3, 0, OUTCOME_FAILED, reason) == 0);
    meet(control);
    if (control->rank != 0) {
        CHECK(notice_take(control, 3, &notice));
        CHECK(strlen(notice.reason) == NOTICE_REASON_MAX - 2);
    }
    return control_flush(control);
}

static int run(void *argument)
{
    int (*part)(struct control *control) = *(int (**)(struct control *))argument;
    struct control control;
    if (control_create(&control) != 0)
        return 1;
    int result = part(&control);
    control_destroy(&control);
    return result;
}

static void play(int (*part)(struct control *control))
{
    struct problem problem = {{0}};
    mpimock_use(&mpimock_backend_mock);
    assert_int_equal(mpimock_launch(&(struct mpimock_launch){.n = 3, .function = run, .argument = &part}, &problem), 0);
}

static void a_notice_reaches_all_team_mates(void **state)
{
    (void)state;
    play(reaches_all_others);
}

static void a_notice_waits_for_its_test_and_none_outlives_it(void **state)
{
    (void)state;
    play(keeps_the_future_and_drops_the_past);
}

static void a_notice_is_no_answer(void **state)
{
    (void)state;
    play(is_no_answer);
}

static void a_long_reason_is_cut(void **state)
{
    (void)state;
    play(is_bounded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_notice_reaches_all_team_mates),
        cmocka_unit_test(a_notice_waits_for_its_test_and_none_outlives_it),
        cmocka_unit_test(a_notice_is_no_answer),
        cmocka_unit_test(a_long_reason_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
