/* SPDX-License-Identifier: BSD-2-Clause */
/* test_plan.c: from what is registered to what runs: instances and names, defaults, units, selection, order, and every
 * mistake with its sentence. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mpirun_tests.h>

#include "../../runner/plan.h"

static void body(void **state)
{
    (void)state;
}

static int fixture(void **state)
{
    (void)state;
    return 0;
}

/* ---- What tests register ---- */

static struct mrt_test records[64];
static size_t record_count;

static void add_test(const char *file, int line, const char *name, const struct mrt_options *options)
{
    records[record_count] =
        (struct mrt_test){.name = name, .function = body, .file = file, .line = line, .options = *options};
    mrt_register_test(&records[record_count++]);
}
#define TEST(file, line, name, ...) add_test(file, line, name, &(struct mrt_options){__VA_ARGS__, .end_ = 0})
#define SUITE(file_, line_, name_, ...)                                                                                \
    static const struct mrt_suite suite_##name_ = {                                                                    \
        .name = #name_, .file = file_, .line = line_, .options = {__VA_ARGS__}};                                       \
    mrt_register_suite(&suite_##name_)

static int clear(void **state)
{
    (void)state;
    registry_clear(registry_get());
    record_count = 0;
    return 0;
}

/* ---- What comes out ---- */

static struct plan make(const struct plan_selection *selection)
{
    struct plan plan;
    struct problem problem = {""};
    int error = plan_create(&plan, registry_get(), selection, &problem);
    assert_string_equal(problem.text, "");
    assert_int_equal(error, 0);
    return plan;
}

/* The names in their order, a blank between. */
static const char *names_of(const struct plan *plan)
{
    static char text[4096];
    text[0] = '\0';
    for (size_t i = 0; i < plan->count; i++) {
        strcat(text, i ? " " : "");
        strcat(text, plan->tests[i].name);
    }
    return text;
}

static void expect(const struct plan_selection *selection, const char *names)
{
    struct plan plan = make(selection);
    assert_string_equal(names_of(&plan), names);
    plan_finish(&plan);
}
#define EXPECT(names, ...) expect(&(struct plan_selection){__VA_ARGS__}, names)

static void refused(const struct plan_selection *selection, const char *words)
{
    struct problem problem = {""};
    struct plan plan;
    assert_int_equal(plan_create(&plan, registry_get(), selection, &problem), -EINVAL);
    if (!strstr(problem.text, words))
        fail_msg("\"%s\" lacks \"%s\"", problem.text, words);
    assert_int_equal(plan.count, 0);
    assert_null(plan.tests);
    plan_finish(&plan);
}
#define REFUSED(words) refused(&(struct plan_selection){0}, words)

/* ---- Instances ---- */

static void nothing_registered_is_an_empty_plan(void **state)
{
    (void)state;
    EXPECT("", .filter = NULL);
    EXPECT("", .filter = "*", .shuffle = true);
}

static void tests_come_in_source_order(void **state)
{
    (void)state;
    TEST("b.c", 20, "second", .np = 0);
    TEST("a.c", 5, "third", .np = 0);
    TEST("b.c", 10, "first", .np = 0);
    EXPECT("b.first b.second a.third", .filter = NULL);
}

static void each_size_and_case_is_an_instance(void **state)
{
    (void)state;
    TEST("halo.c", 1, "single", .np = 4);
    TEST("halo.c", 2, "sizes", .np_list = {1, 4, MRT_NP_ALL});
    TEST("halo.c", 3, "one_size", .np_list = {3});
    TEST("halo.c", 4, "cases", .cases = 2);
    TEST("halo.c", 5, "both", .np_list = {1, 2}, .cases = 2);
    TEST("halo.c", 6, "one_case", .cases = 1);
    TEST("halo.c", 7, "all", .np = MRT_NP_ALL);
    struct plan plan = make(&(struct plan_selection){0});
    assert_string_equal(
        names_of(&plan),
        "halo.single halo.sizes[np=1] halo.sizes[np=4] halo.sizes[np=all] halo.one_size halo.cases/0 halo.cases/1 "
        "halo.both[np=1]/0 halo.both[np=1]/1 halo.both[np=2]/0 halo.both[np=2]/1 halo.one_case/0 halo.all");
    static const int sizes[] = {4, 1, 4, MRT_NP_ALL, 3, 1, 1, 1, 1, 2, 2, 1, MRT_NP_ALL};
    static const int cases[] = {0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 0};
    for (size_t i = 0; i < plan.count; i++) {
        assert_int_equal(plan.tests[i].np, sizes[i]);
        assert_int_equal(plan.tests[i].case_number, cases[i]);
        assert_int_equal(plan.tests[i].unit, -1);
        assert_ptr_equal(plan.tests[i].function, body);
        assert_string_equal(plan.tests[i].suite, "halo");
    }
    plan_finish(&plan);
}

static void sixteen_sizes_are_taken(void **state)
{
    (void)state;
    TEST("a.c", 1, "t", .np_list = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16});
    struct plan plan = make(&(struct plan_selection){0});
    assert_int_equal(plan.count, 16);
    assert_string_equal(plan.tests[15].name, "a.t[np=16]");
    plan_finish(&plan);
}

static void without_options_the_defaults_hold(void **state)
{
    (void)state;
    TEST("a.c", 7, "t", .np = 0);
    struct plan plan = make(&(struct plan_selection){0});
    assert_int_equal(plan.tests[0].np, 1);
    assert_true(plan.tests[0].timeout == 60);
    assert_int_equal(plan.tests[0].priority, MRT_PRIORITY_DEFAULT);
    assert_string_equal(plan.tests[0].tags, "");
    assert_string_equal(plan.tests[0].file, "a.c");
    assert_int_equal(plan.tests[0].line, 7);
    plan_finish(&plan);
    plan = make(&(struct plan_selection){.timeout = 5});
    assert_true(plan.tests[0].timeout == 5);
    plan_finish(&plan);
}

static void a_suite_gives_defaults_and_a_test_its_own(void **state)
{
    (void)state;
    SUITE("x.c", 1, halo, .np = 4, .cases = 2, .timeout = 9, .priority = 7, .tags = "slow  io");
    TEST("x.c", 2, "as_suite", .np = 0);
    TEST("x.c", 3, "own", .np = 2, .cases = 1, .timeout = MRT_TIMEOUT_NONE, .priority = 8, .tags = " io\tgpu");
    TEST("x.c", 4, "list", .np_list = {1, 3}, .cases = 1);
    struct plan plan = make(&(struct plan_selection){.timeout = 5});
    assert_string_equal(names_of(&plan),
                        "halo.as_suite/0 halo.as_suite/1 halo.own/0 halo.list[np=1]/0 halo.list[np=3]/0");
    assert_int_equal(plan.tests[0].np, 4);
    assert_true(plan.tests[0].timeout == 9);
    assert_int_equal(plan.tests[0].priority, 7);
    assert_string_equal(plan.tests[0].tags, "slow io");
    assert_int_equal(plan.tests[2].np, 2);
    assert_true(plan.tests[2].timeout < 0);
    assert_int_equal(plan.tests[2].priority, 8);
    assert_string_equal(plan.tests[2].tags, "slow io gpu");
    plan_finish(&plan);
}

static void the_sizes_of_a_suite_hold_where_a_test_gives_none(void **state)
{
    (void)state;
    SUITE("x.c", 1, sized, .np_list = {1, 2});
    TEST("x.c", 2, "a", .np = 0);
    TEST("x.c", 3, "b", .np = 4);
    EXPECT("sized.a[np=1] sized.a[np=2] sized.b", .filter = NULL);
}

/* ---- Units ---- */

static void a_suite_with_setup_or_teardown_is_a_unit(void **state)
{
    (void)state;
    SUITE("x.c", 1, up, .setup = fixture);
    SUITE("y.c", 1, down, .teardown = fixture);
    TEST("x.c", 2, "a", .np_list = {1, 4});
    TEST("x.c", 3, "b", .np = 2);
    TEST("y.c", 2, "c", .np = MRT_NP_ALL);
    TEST("y.c", 3, "d", .np = 8);
    TEST("z.c", 3, "e", .np = 8);
    struct plan plan = make(&(struct plan_selection){0});
    assert_int_equal(plan.unit_count, 2);
    assert_string_equal(plan.units[0].name, "up");
    assert_ptr_equal(plan.units[0].setup, fixture);
    assert_null(plan.units[0].teardown);
    assert_int_equal(plan.units[0].first, 0);
    assert_int_equal(plan.units[0].count, 3);
    assert_int_equal(plan.units[0].np, 4);
    assert_ptr_equal(plan.units[1].teardown, fixture);
    assert_int_equal(plan.units[1].first, 3);
    assert_int_equal(plan.units[1].count, 2);
    assert_int_equal(plan.units[1].np, MRT_NP_ALL);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(plan.tests[i].unit, i < 3 ? 0 : 1);
    assert_int_equal(plan.tests[5].unit, -1);
    plan_finish(&plan);
}

static void a_selection_takes_tests_out_of_a_unit_and_may_shrink_it(void **state)
{
    (void)state;
    SUITE("w.c", 1, gone, .setup = fixture);
    SUITE("x.c", 1, shrunk, .setup = fixture);
    TEST("w.c", 2, "a", .np = 1);
    TEST("x.c", 2, "a", .np = 6);
    TEST("x.c", 3, "b", .np = 2);
    TEST("x.c", 4, "c", .np = 1);
    struct plan plan = make(&(struct plan_selection){.filter = "shrunk.*-*.a"});
    assert_string_equal(names_of(&plan), "shrunk.b shrunk.c");
    assert_int_equal(plan.unit_count, 1);
    assert_string_equal(plan.units[0].name, "shrunk");
    assert_int_equal(plan.units[0].first, 0);
    assert_int_equal(plan.units[0].count, 2);
    assert_int_equal(plan.units[0].np, 2);
    assert_int_equal(plan.tests[1].unit, 0);
    plan_finish(&plan);
}

static int state_a, state_b;

static void a_cmocka_group_is_a_unit_of_its_tests_as_they_are(void **state)
{
    (void)state;
    static const struct CMUnitTest tests[] = {
        {"plain test (1)", body, NULL, NULL, NULL},    {"with_state", body, fixture, NULL, &state_a},
        {"with_state", body, NULL, fixture, &state_b}, {"with_state_2", body, NULL, NULL, NULL},
        {"with state", body, NULL, NULL, NULL},        {NULL, body, NULL, NULL, NULL},
        {"\xc3\xa4", body, NULL, NULL, NULL},
    };
    static const struct mrt_cmocka_group group = {.name = "legacy",
                                                  .tests = tests,
                                                  .count = sizeof tests / sizeof *tests,
                                                  .setup = fixture,
                                                  .file = "l.c",
                                                  .line = 30,
                                                  .options = {.np = 2, .tags = "old"}};
    mrt_register_cmocka_group(&group);
    struct plan plan = make(&(struct plan_selection){0});
    assert_string_equal(names_of(&plan),
                        "legacy.plain_test__1_ legacy.with_state legacy.with_state_2 legacy.with_state_2_2 "
                        "legacy.with_state_3 legacy.test legacy.__");
    assert_int_equal(plan.unit_count, 1);
    assert_string_equal(plan.units[0].name, "legacy");
    assert_ptr_equal(plan.units[0].setup, fixture);
    assert_int_equal(plan.units[0].count, 7);
    assert_int_equal(plan.units[0].np, 2);
    assert_ptr_equal(plan.tests[1].setup, fixture);
    assert_ptr_equal(plan.tests[1].initial_state, &state_a);
    assert_ptr_equal(plan.tests[2].teardown, fixture);
    assert_ptr_equal(plan.tests[2].initial_state, &state_b);
    assert_string_equal(plan.tests[6].tags, "old");
    plan_finish(&plan);
}

static void a_group_with_several_sizes_runs_whole_in_each(void **state)
{
    (void)state;
    static const struct CMUnitTest tests[] = {{"a", body, NULL, NULL, NULL}, {"b", body, NULL, NULL, NULL}};
    static const struct mrt_cmocka_group group = {
        .name = "legacy", .tests = tests, .count = 2, .file = "l.c", .line = 1, .options = {.np_list = {1, 3}}};
    mrt_register_cmocka_group(&group);
    struct plan plan = make(&(struct plan_selection){0});
    assert_string_equal(names_of(&plan), "legacy.a[np=1] legacy.b[np=1] legacy.a[np=3] legacy.b[np=3]");
    assert_int_equal(plan.unit_count, 2);
    assert_int_equal(plan.units[0].np, 1);
    assert_int_equal(plan.units[1].np, 3);
    assert_int_equal(plan.units[1].first, 2);
    plan_finish(&plan);
}

/* ---- Selection and order ---- */

static void register_many(void)
{
    static char names[30][8];
    static const struct CMUnitTest group_tests[] = {{"x", body, NULL, NULL, NULL}, {"y", body, NULL, NULL, NULL}};
    static const struct mrt_cmocka_group group = {
        .name = "g", .tests = group_tests, .count = 2, .file = "g.c", .line = 1};
    SUITE("u.c", 1, unit, .setup = fixture, .tags = "unit");
    for (int i = 0; i < 30; i++) {
        snprintf(names[i], sizeof names[i], "t%d", i);
        TEST(i % 3 ? "s.c" : "u.c", 10 + i, names[i], .tags = i % 2 ? "odd" : "even");
    }
    mrt_register_cmocka_group(&group);
}

static void filters_and_tags_select(void **state)
{
    (void)state;
    register_many();
    EXPECT("unit.t3 unit.t9 unit.t15 unit.t21 unit.t27", .tags = "odd and unit");
    EXPECT("s.t1 s.t10", .filter = "s.t1:*.t10");
    EXPECT("s.t10", .filter = "s.t1:*.t10", .tags = "even");
    EXPECT("g.x g.y", .tags = "not odd and not even");
    EXPECT("", .filter = "nothing.*");
}

static void a_shuffle_keeps_units_whole_and_in_order(void **state)
{
    (void)state;
    register_many();
    bool moved = false;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct plan plan = make(&(struct plan_selection){.shuffle = true, .seed = seed});
        assert_int_equal(plan.count, 32);
        assert_int_equal(plan.unit_count, 2);
        for (size_t i = 0; i < 2; i++) {
            const struct plan_unit *unit = &plan.units[i];
            for (size_t j = unit->first; j < unit->first + unit->count; j++) {
                assert_int_equal(plan.tests[j].unit, i);
                assert_string_equal(plan.tests[j].suite, unit->name);
                assert_true(j == unit->first || strcmp(unit->name, "g") == 0 ||
                            plan.tests[j - 1].line < plan.tests[j].line);
            }
        }
        moved |= plan.units[0].first > 0;
        for (size_t i = 0; i < plan.count; i++)
            for (size_t j = 0; j < i; j++)
                assert_string_not_equal(plan.tests[i].name, plan.tests[j].name);
        plan_finish(&plan);
    }
    assert_true(moved);
}

/* Blocks are told apart by their numbers while they are renumbered: side by side they must not run into each other. */
static void units_side_by_side_stay_apart_in_a_shuffle(void **state)
{
    static const struct CMUnitTest group_tests[] = {{"x", body, NULL, NULL, NULL}, {"y", body, NULL, NULL, NULL}};
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    static struct mrt_cmocka_group groups[5];
    (void)state;
    for (int i = 0; i < 5; i++) {
        groups[i] = (struct mrt_cmocka_group){.name = names[i], .tests = group_tests, .count = 2, .file = "g.c", .line = i};
        mrt_register_cmocka_group(&groups[i]);
    }
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct plan plan = make(&(struct plan_selection){.shuffle = true, .seed = seed});
        assert_int_equal(plan.count, 10);
        assert_int_equal(plan.unit_count, 5);
        for (size_t i = 0; i < 10; i++) {
            assert_int_equal(plan.tests[i].unit, i / 2);
            assert_string_equal(plan.tests[i].suite, plan.units[i / 2].name);
            assert_string_equal(strchr(plan.tests[i].name, '.'), i % 2 ? ".y" : ".x");
        }
        plan_finish(&plan);
    }
}

static void one_seed_is_one_order_and_another_another(void **state)
{
    (void)state;
    register_many();
    struct plan first = make(&(struct plan_selection){.shuffle = true, .seed = 5});
    struct plan again = make(&(struct plan_selection){.shuffle = true, .seed = 5});
    struct plan other = make(&(struct plan_selection){.shuffle = true, .seed = 6});
    assert_true(plan_hash(&first) == plan_hash(&again));
    assert_true(plan_hash(&first) != plan_hash(&other));
    /* The very order, so that no machine and no change of the generator gives another unseen. */
    assert_string_equal(first.tests[0].name, "s.t13");
    plan_finish(&first);
    plan_finish(&again);
    plan_finish(&other);
}

static void the_order_of_two_tests_does_not_depend_on_the_filter(void **state)
{
    (void)state;
    register_many();
    struct plan all = make(&(struct plan_selection){.shuffle = true, .seed = 5});
    struct plan some = make(&(struct plan_selection){.shuffle = true, .seed = 5, .tags = "odd"});
    size_t next = 0;
    for (size_t i = 0; i < all.count && next < some.count; i++)
        next += strcmp(all.tests[i].name, some.tests[next].name) == 0;
    assert_int_equal(some.count, 15);
    assert_int_equal(next, some.count);
    plan_finish(&all);
    plan_finish(&some);
}

/* ---- The hash ---- */

static uint64_t hash_with(const struct mrt_options *options)
{
    clear(NULL);
    add_test("a.c", 1, "t", options);
    add_test("b.c", 1, "t", &(struct mrt_options){0});
    struct plan plan = make(&(struct plan_selection){0});
    uint64_t hash = plan_hash(&plan);
    plan_finish(&plan);
    return hash;
}
#define HASH_WITH(...) hash_with(&(struct mrt_options){__VA_ARGS__})

static void the_hash_tells_what_decides_how_tests_run(void **state)
{
    (void)state;
    uint64_t hash = HASH_WITH(.np = 1);
    assert_true(HASH_WITH(.np = 0) == hash); /* the same thing, said in another way */
    assert_true(HASH_WITH(.timeout = 60) == hash);
    assert_true(HASH_WITH(.np = 2) != hash);
    assert_true(HASH_WITH(.timeout = 61) != hash);
    assert_true(HASH_WITH(.priority = 1) != hash);
    assert_true(HASH_WITH(.isolate = MRT_NO) == hash);
    assert_true(HASH_WITH(.isolate = MRT_YES) != hash);
    assert_true(HASH_WITH(.tags = "a") != hash);
    assert_true(HASH_WITH(.cases = 1) != hash);
}

static void the_hash_of_a_suite_names_the_one_that_differs(void **state)
{
    (void)state;
    struct plan_selection selection = {0};
    HASH_WITH(.np = 1);
    struct plan plan = make(&selection);
    uint64_t a = plan_suite_hash(&plan, "a"), b = plan_suite_hash(&plan, "b");
    assert_true(a != b);
    assert_true(plan_suite_hash(&plan, "none") == 0);
    plan_finish(&plan);
    HASH_WITH(.np = 2);
    plan = make(&selection);
    assert_true(plan_suite_hash(&plan, "a") != a);
    assert_true(plan_suite_hash(&plan, "b") == b);
    plan_finish(&plan);
}

static void a_unit_that_comes_before_does_not_change_the_hash_of_a_suite(void **state)
{
    (void)state;
    static const struct mrt_suite first = {.name = "first", .file = "f.c", .options = {.setup = fixture}};
    static const struct mrt_suite second = {.name = "second", .file = "s.c", .options = {.setup = fixture}};
    mrt_register_suite(&second);
    TEST("s.c", 2, "t", .np = 0);
    struct plan plan = make(&(struct plan_selection){0});
    uint64_t hash = plan_suite_hash(&plan, "second");
    plan_finish(&plan);
    clear(NULL);
    mrt_register_suite(&first);
    mrt_register_suite(&second);
    TEST("f.c", 2, "t", .np = 0);
    TEST("s.c", 2, "t", .np = 0);
    plan = make(&(struct plan_selection){0});
    assert_true(plan_suite_hash(&plan, "second") == hash);
    plan_finish(&plan);
}

/* ---- Mistakes ---- */

static void two_tests_of_one_name_are_refused_with_both_places(void **state)
{
    (void)state;
    TEST("x/halo.c", 3, "ring", .np = 0);
    TEST("y/halo.c", 4, "ring", .np = 2);
    REFUSED("two tests are named halo.ring: at x/halo.c:3 and at y/halo.c:4");
    refused(&(struct plan_selection){.filter = "other.*"}, "two tests are named halo.ring");
}

static void np_with_np_list_is_refused(void **state)
{
    (void)state;
    TEST("a.c", 3, "t", .np = 2, .np_list = {1, 2});
    REFUSED("a.t (a.c:3): .np = 2 stands together with .np_list");
}

static void np_of_the_suite_with_np_list_of_the_test_is_none_of_that(void **state)
{
    (void)state;
    SUITE("a.c", 1, mixed, .np = 2);
    TEST("a.c", 3, "t", .np_list = {1, 2});
    EXPECT("mixed.t[np=1] mixed.t[np=2]", .filter = NULL);
}

static void a_suite_with_wrong_options_is_refused(void **state)
{
    (void)state;
    SUITE("a.c", 1, wrong, .np = 2, .np_list = {1});
    TEST("a.c", 3, "t", .np = 1);
    REFUSED("wrong (a.c:1): .np = 2 stands together with .np_list");
}

static void sizes_that_are_none_are_refused(void **state)
{
    (void)state;
    TEST("a.c", 3, "t", .np = -2);
    REFUSED("a.t (a.c:3): .np = -2 is no number of ranks");
    clear(NULL);
    TEST("a.c", 3, "t", .np_list = {1, -7});
    REFUSED(".np_list holds -7");
    clear(NULL);
    TEST("a.c", 3, "t", .np_list = {1, 2, 1});
    REFUSED(".np_list holds 1 twice");
    clear(NULL);
    TEST("a.c", 3, "t", .np_list = {1, 0, 4});
    REFUSED(".np_list holds a 0 before 4");
    clear(NULL);
    TEST("a.c", 3, "t", .np_list = {0, 4});
    REFUSED(".np_list holds a 0 before 4");
}

static void cases_and_times_that_are_none_are_refused(void **state)
{
    (void)state;
    TEST("a.c", 3, "t", .cases = -1);
    REFUSED(".cases = -1 is not from 1 to 1000000");
    clear(NULL);
    TEST("a.c", 3, "t", .cases = PLAN_CASES_MAX + 1);
    REFUSED(".cases = 1000001");
    clear(NULL);
    TEST("a.c", 3, "t", .timeout = -5);
    REFUSED(".timeout = -5 is no time");
    clear(NULL);
    TEST("a.c", 3, "t", .timeout = (double)NAN);
    REFUSED("is no time");
}

static void ends_that_cannot_be_are_refused(void **state)
{
    (void)state;
    TEST("a.c", 3, "t", .expect = MRT_SIGNALS(0));
    REFUSED(".expect = MRT_SIGNALS(0) can never be");
    clear(NULL);
    TEST("a.c", 3, "t", .expect = MRT_EXITS(256));
    REFUSED(".expect = MRT_EXITS(256) can never be; a status is from 0 to 255");
    clear(NULL);
    TEST("a.c", 3, "t", .expect = MRT_ABORTS(-1));
    struct plan plan = make(&(struct plan_selection){0});
    assert_int_equal(plan.count, 1);
    plan_finish(&plan);
}

static void an_expected_end_is_the_tests_else_the_suites(void **state)
{
    (void)state;
    SUITE("a.c", 1, deaths, .expect = MRT_FAILS);
    TEST("a.c", 3, "a", .np = 0);
    TEST("a.c", 4, "b", .expect = MRT_EXITS(2));
    TEST("b.c", 3, "c", .np = 0);
    struct plan plan = make(&(struct plan_selection){0});
    assert_int_equal(plan.tests[0].expect.end_, MRT_END_FAILED_);
    assert_int_equal(plan.tests[1].expect.end_, MRT_END_EXIT_);
    assert_int_equal(plan.tests[1].expect.code_, 2);
    assert_int_equal(plan.tests[2].expect.end_, MRT_END_ANY_);
    plan_finish(&plan);
}

/* ---- Isolation ---- */

/* A letter for each test of the plan: y or n. */
static void expect_isolated(bool by_option, const char *letters)
{
    struct plan plan = make(&(struct plan_selection){.isolate = by_option});
    char text[64] = "";
    for (size_t i = 0; i < plan.count; i++)
        strcat(text, plan.tests[i].isolated ? "y" : "n");
    assert_string_equal(text, letters);
    assert_true(plan_has_isolated(&plan) == (strchr(letters, 'y') != NULL));
    plan_finish(&plan);
}

static void isolation_is_the_tests_word_else_the_suites_else_the_options(void **state)
{
    (void)state;
    SUITE("a.c", 1, isolation, .isolate = MRT_YES);
    TEST("a.c", 3, "a", .np = 0);
    TEST("a.c", 4, "b", .isolate = MRT_NO);
    TEST("b.c", 3, "c", .isolate = MRT_YES);
    TEST("b.c", 4, "d", .np = 0);
    TEST("b.c", 5, "e", .isolate = MRT_NO);
    expect_isolated(false, "ynynn");
    expect_isolated(true, "ynyyn");
}

static void a_unit_is_isolated_as_a_whole(void **state)
{
    (void)state;
    SUITE("a.c", 1, unit_of_two, .setup = fixture);
    TEST("a.c", 3, "a", .np = 0);
    TEST("a.c", 4, "b", .isolate = MRT_YES);
    expect_isolated(false, "yy");
    clear(NULL);
    SUITE("b.c", 1, unit_with_a_no, .setup = fixture);
    TEST("b.c", 3, "a", .np = 0);
    TEST("b.c", 4, "b", .isolate = MRT_NO);
    expect_isolated(true, "nn");
}

static void a_unit_that_contradicts_itself_is_refused(void **state)
{
    (void)state;
    SUITE("a.c", 1, both, .setup = fixture);
    TEST("a.c", 3, "a", .isolate = MRT_YES);
    TEST("a.c", 4, "b", .isolate = MRT_NO);
    REFUSED("both.b (a.c:4): .isolate = MRT_NO, but a suite with setup or teardown runs as one, and its test a says");
    clear(NULL);
    SUITE("b.c", 1, against_the_suite, .isolate = MRT_YES, .teardown = fixture);
    TEST("b.c", 4, "b", .isolate = MRT_NO);
    REFUSED("and MRT_SUITE says the contrary");
    clear(NULL);
    TEST("c.c", 3, "t", .isolate = (enum mrt_choice)7);
    REFUSED(".isolate = 7 is neither MRT_YES nor MRT_NO");
}

static void names_with_other_characters_are_refused(void **state)
{
    (void)state;
    static const struct mrt_suite bad = {.name = "h-lo", .file = "b.c", .line = 2};
    TEST("a.c", 3, "t$", .np = 0);
    REFUSED("a.t$ (a.c:3): the test's name");
    clear(NULL);
    TEST("a.c", 3, "", .np = 0);
    REFUSED("at least one of them");
    clear(NULL);
    mrt_register_suite(&bad);
    REFUSED("h-lo (b.c:2): the suite's name");
}

static void two_suites_in_a_file_are_refused(void **state)
{
    (void)state;
    SUITE("a.c", 3, one, .np = 0);
    SUITE("a.c", 9, two, .np = 0);
    REFUSED("a.c has two MRT_SUITE, one in line 3 and two in line 9");
}

static void a_selection_that_cannot_be_read_is_refused(void **state)
{
    (void)state;
    TEST("a.c", 3, "t", .np = 0);
    refused(&(struct plan_selection){.filter = "a-b-c"}, "second '-'");
    refused(&(struct plan_selection){.tags = "a and"}, "tag expression");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(nothing_registered_is_an_empty_plan, clear),
        cmocka_unit_test_teardown(tests_come_in_source_order, clear),
        cmocka_unit_test_teardown(each_size_and_case_is_an_instance, clear),
        cmocka_unit_test_teardown(sixteen_sizes_are_taken, clear),
        cmocka_unit_test_teardown(without_options_the_defaults_hold, clear),
        cmocka_unit_test_teardown(a_suite_gives_defaults_and_a_test_its_own, clear),
        cmocka_unit_test_teardown(the_sizes_of_a_suite_hold_where_a_test_gives_none, clear),
        cmocka_unit_test_teardown(a_suite_with_setup_or_teardown_is_a_unit, clear),
        cmocka_unit_test_teardown(a_selection_takes_tests_out_of_a_unit_and_may_shrink_it, clear),
        cmocka_unit_test_teardown(a_cmocka_group_is_a_unit_of_its_tests_as_they_are, clear),
        cmocka_unit_test_teardown(a_group_with_several_sizes_runs_whole_in_each, clear),
        cmocka_unit_test_teardown(filters_and_tags_select, clear),
        cmocka_unit_test_teardown(a_shuffle_keeps_units_whole_and_in_order, clear),
        cmocka_unit_test_teardown(units_side_by_side_stay_apart_in_a_shuffle, clear),
        cmocka_unit_test_teardown(one_seed_is_one_order_and_another_another, clear),
        cmocka_unit_test_teardown(the_order_of_two_tests_does_not_depend_on_the_filter, clear),
        cmocka_unit_test_teardown(the_hash_tells_what_decides_how_tests_run, clear),
        cmocka_unit_test_teardown(the_hash_of_a_suite_names_the_one_that_differs, clear),
        cmocka_unit_test_teardown(a_unit_that_comes_before_does_not_change_the_hash_of_a_suite, clear),
        cmocka_unit_test_teardown(two_tests_of_one_name_are_refused_with_both_places, clear),
        cmocka_unit_test_teardown(np_with_np_list_is_refused, clear),
        cmocka_unit_test_teardown(np_of_the_suite_with_np_list_of_the_test_is_none_of_that, clear),
        cmocka_unit_test_teardown(a_suite_with_wrong_options_is_refused, clear),
        cmocka_unit_test_teardown(sizes_that_are_none_are_refused, clear),
        cmocka_unit_test_teardown(cases_and_times_that_are_none_are_refused, clear),
        cmocka_unit_test_teardown(isolation_is_the_tests_word_else_the_suites_else_the_options, clear),
        cmocka_unit_test_teardown(ends_that_cannot_be_are_refused, clear),
        cmocka_unit_test_teardown(an_expected_end_is_the_tests_else_the_suites, clear),
        cmocka_unit_test_teardown(a_unit_is_isolated_as_a_whole, clear),
        cmocka_unit_test_teardown(a_unit_that_contradicts_itself_is_refused, clear),
        cmocka_unit_test_teardown(names_with_other_characters_are_refused, clear),
        cmocka_unit_test_teardown(two_suites_in_a_file_are_refused, clear),
        cmocka_unit_test_teardown(a_selection_that_cannot_be_read_is_refused, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
