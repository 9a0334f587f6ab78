/* SPDX-License-Identifier: BSD-2-Clause */
/* test_reporters.c: every event reaches every reporter that is interested, in order; problems come back. */
#include "report_events.h"

/* A reporter that writes down what it is told. */
static char told[256];
static int destroyed;

struct reporter {
    char letter;
};

static void tell(const struct reporter *reporter, const char *what)
{
    size_t length = strlen(told);

    snprintf(told + length, sizeof told - length, "%c:%s ", reporter->letter, what);
}

static int create(struct reporter **reporter, const struct reporter_settings *settings, struct problem *problem)
{
    if (settings->path[0] == '!')
        return problem_set(problem, EINVAL, "no such place");
    *reporter = malloc(sizeof **reporter);
    (*reporter)->letter = settings->path[0];
    return 0;
}
static void on_run_started(struct reporter *reporter, const struct event_run_started *event)
{
    tell(reporter, event->version);
}
static void on_test_started(struct reporter *reporter, const struct event_test_started *event)
{
    tell(reporter, event->name);
}
static void on_test_finished(struct reporter *reporter, const struct event_test_finished *event)
{
    tell(reporter, event->message);
}
static void on_notice(struct reporter *reporter, const struct event_notice *event)
{
    tell(reporter, event->text);
}
static void on_run_finished(struct reporter *reporter, const struct event_run_finished *event)
{
    tell(reporter, event->interrupted ? "interrupted" : "ended");
}
static void on_tick(struct reporter *reporter)
{
    tell(reporter, "tick");
}
static int destroy(struct reporter *reporter, struct problem *problem)
{
    int error = reporter->letter >= 'x' ? problem_set(problem, ENOSPC, "%c is full", reporter->letter) : 0;

    free(reporter);
    destroyed++;
    return error;
}

static const struct reporter_type interested = {.name = "interested",
                                                .create = create,
                                                .run_started = on_run_started,
                                                .test_started = on_test_started,
                                                .test_finished = on_test_finished,
                                                .notice = on_notice,
                                                .run_finished = on_run_finished,
                                                .tick = on_tick,
                                                .destroy = destroy};
static const struct reporter_type indifferent = {
    .name = "indifferent", .create = create, .run_finished = on_run_finished, .destroy = destroy};

static void add(struct reporters *reporters, const struct reporter_type *type, const char *letter)
{
    struct problem problem;

    assert_int_equal(reporters_add(reporters, type, &(struct reporter_settings){.path = letter}, &problem), 0);
}

static void events_reach_all_in_the_order_of_adding(void **state)
{
    struct reporters *reporters = reporters_create();
    struct problem problem;

    (void)state;
    told[0] = '\0';
    destroyed = 0;
    add(reporters, &interested, "a");
    add(reporters, &indifferent, "b");
    add(reporters, &interested, "c");
    reporters_run_started(reporters, &(struct event_run_started){.version = "1"});
    reporters_test_started(reporters, &(struct event_test_started){.name = "2"});
    reporters_test_finished(reporters, &(struct event_test_finished){.message = "3"});
    reporters_notice(reporters, &(struct event_notice){.text = "4"});
    reporters_tick(reporters);
    reporters_run_finished(reporters, &(struct event_run_finished){.interrupted = true});
    assert_int_equal(reporters_destroy(reporters, &problem), 0);
    assert_string_equal(told,
                        "a:1 c:1 a:2 c:2 a:3 c:3 a:4 c:4 a:tick c:tick a:interrupted b:interrupted c:interrupted ");
    assert_int_equal(destroyed, 3);
}

static void one_that_cannot_be_created_is_not_told(void **state)
{
    struct reporters *reporters = reporters_create();
    struct problem problem;

    (void)state;
    told[0] = '\0';
    add(reporters, &interested, "a");
    assert_int_equal(reporters_add(reporters, &interested, &(struct reporter_settings){.path = "!"}, &problem),
                     -EINVAL);
    assert_string_equal(problem.text, "no such place");
    reporters_tick(reporters);
    assert_int_equal(reporters_destroy(reporters, &problem), 0);
    assert_string_equal(told, "a:tick ");
}

static void the_first_problem_comes_back_and_all_are_destroyed(void **state)
{
    struct reporters *reporters = reporters_create();
    struct problem problem = {""};

    (void)state;
    destroyed = 0;
    add(reporters, &interested, "a");
    add(reporters, &interested, "x");
    add(reporters, &interested, "y");
    add(reporters, &interested, "b");
    assert_int_equal(reporters_destroy(reporters, &problem), -ENOSPC);
    assert_string_equal(problem.text, "x is full");
    assert_int_equal(destroyed, 4);
    assert_int_equal(reporters_destroy(NULL, &problem), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_reach_all_in_the_order_of_adding),
        cmocka_unit_test(one_that_cannot_be_created_is_not_told),
        cmocka_unit_test(the_first_problem_comes_back_and_all_are_destroyed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
