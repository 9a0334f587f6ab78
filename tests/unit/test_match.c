/* SPDX-License-Identifier: BSD-2-Clause */
/* test_match.c: MPI's matching rules, by replay, and by a random walk beside a matcher that is too simple to be wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mock/match.h"

static struct matcher matcher;

static int begin(void **state)
{
    (void)state;
    matcher_init(&matcher);
    return 0;
}

static struct match_entry entry(uint64_t context, int source, int tag)
{
    return (struct match_entry){.context = context, .source = source, .tag = tag};
}

static void receives_take_messages_in_the_order_of_posting(void **state)
{
    (void)state;
    struct match_entry first = entry(4, 1, 7), second = entry(4, 1, 7);
    matcher_post(&matcher, &first);
    matcher_post(&matcher, &second);
    assert_ptr_equal(matcher_find_posted(&matcher, 4, 1, 7), &first);
    matcher_withdraw_posted(&matcher, &first);
    assert_ptr_equal(matcher_find_posted(&matcher, 4, 1, 7), &second);
}

static void context_source_and_tag_must_all_be_equal(void **state)
{
    (void)state;
    struct match_entry receive = entry(4, 1, 7);
    matcher_post(&matcher, &receive);
    assert_null(matcher_find_posted(&matcher, 6, 1, 7));
    assert_null(matcher_find_posted(&matcher, 4, 2, 7));
    assert_null(matcher_find_posted(&matcher, 4, 1, 8));
    assert_ptr_equal(matcher_find_posted(&matcher, 4, 1, 7), &receive);
}

static void a_wildcard_posted_earlier_comes_before_a_definite_receive(void **state)
{
    (void)state;
    struct match_entry any = entry(0, MATCH_ANY, MATCH_ANY), definite = entry(0, 3, 9);
    matcher_post(&matcher, &any);
    matcher_post(&matcher, &definite);
    assert_ptr_equal(matcher_find_posted(&matcher, 0, 3, 9), &any);
}

static void a_wildcard_posted_later_comes_behind_a_definite_receive(void **state)
{
    (void)state;
    struct match_entry definite = entry(0, 3, 9), any = entry(0, MATCH_ANY, 9);
    matcher_post(&matcher, &definite);
    matcher_post(&matcher, &any);
    assert_ptr_equal(matcher_find_posted(&matcher, 0, 3, 9), &definite);
    matcher_withdraw_posted(&matcher, &definite);
    assert_ptr_equal(matcher_find_posted(&matcher, 0, 3, 9), &any);
}

static void any_source_takes_the_first_arrival(void **state)
{
    (void)state;
    struct match_entry other = entry(2, 4, 1), first = entry(0, 5, 1), second = entry(0, 2, 1);
    matcher_arrive(&matcher, &other);
    matcher_arrive(&matcher, &first);
    matcher_arrive(&matcher, &second);
    assert_ptr_equal(matcher_find_message(&matcher, 0, MATCH_ANY, MATCH_ANY), &first);
    assert_ptr_equal(matcher_find_message(&matcher, 0, 2, MATCH_ANY), &second);
}

static void any_tag_keeps_the_order_of_a_pair(void **state)
{
    (void)state;
    struct match_entry first = entry(0, 1, 20), second = entry(0, 1, 10);
    matcher_arrive(&matcher, &first);
    matcher_arrive(&matcher, &second);
    assert_ptr_equal(matcher_find_message(&matcher, 0, 1, MATCH_ANY), &first);
    assert_ptr_equal(matcher_find_message(&matcher, 0, 1, 10), &second);
}

static void what_is_withdrawn_is_found_no_more(void **state)
{
    (void)state;
    struct match_entry message = entry(0, 1, 20), receive = entry(0, 1, 30);
    matcher_arrive(&matcher, &message);
    matcher_post(&matcher, &receive);
    matcher_withdraw_message(&matcher, &message);
    matcher_withdraw_message(&matcher, &message);
    matcher_withdraw_posted(&matcher, &receive);
    matcher_withdraw_posted(&matcher, &receive);
    assert_null(matcher_find_message(&matcher, 0, MATCH_ANY, MATCH_ANY));
    assert_null(matcher_find_posted(&matcher, 0, 1, 30));
    assert_int_equal(matcher.message_count + matcher.posted_count, 0);
}

/* ---- The random walk ---- */

enum { ENTRIES = 400 };

/* The reference: all queued entries in the order in which they were queued. */
struct naive {
    struct match_entry *queue[ENTRIES];
    size_t count;
};

static bool fits(const struct match_entry *receive, const struct match_entry *message)
{
    return receive->context == message->context &&
           (receive->source == MATCH_ANY || receive->source == message->source) &&
           (receive->tag == MATCH_ANY || receive->tag == message->tag);
}

static struct match_entry *naive_find(const struct naive *naive, const struct match_entry *wanted,
                                      bool wanted_is_receive)
{
    for (size_t i = 0; i < naive->count; i++)
        if (wanted_is_receive ? fits(wanted, naive->queue[i]) : fits(naive->queue[i], wanted))
            return naive->queue[i];
    return NULL;
}

static bool is_in(const struct naive *naive, const struct match_entry *sought)
{
    for (size_t i = 0; i < naive->count; i++)
        if (naive->queue[i] == sought)
            return true;
    return false;
}

static void naive_remove(struct naive *naive, const struct match_entry *gone)
{
    size_t kept = 0;
    for (size_t i = 0; i < naive->count; i++)
        if (naive->queue[i] != gone)
            naive->queue[kept++] = naive->queue[i];
    naive->count = kept;
}

static void walk(unsigned seed, int contexts, int sources, int tags)
{
    static struct match_entry entries[ENTRIES];
    bool used[ENTRIES] = {false};
    struct naive posted = {.count = 0}, messages = {.count = 0};
    matcher_init(&matcher);
    srand(seed);
    for (int step = 0; step < 20000; step++) {
        int free_one = rand() % ENTRIES;
        if (used[free_one]) { /* cancel it */
            struct match_entry *gone = &entries[free_one];
            if (is_in(&posted, gone))
                matcher_withdraw_posted(&matcher, gone);
            else
                matcher_withdraw_message(&matcher, gone);
            naive_remove(&posted, gone);
            naive_remove(&messages, gone);
            used[free_one] = false;
            continue;
        }
        struct match_entry *one = &entries[free_one];
        bool is_receive = rand() % 2;
        *one = entry((uint64_t)(rand() % contexts) * 2, rand() % sources, rand() % tags);
        if (is_receive && rand() % 3 == 0)
            one->source = MATCH_ANY;
        if (is_receive && rand() % 3 == 0)
            one->tag = MATCH_ANY;
        struct match_entry *expected = naive_find(is_receive ? &messages : &posted, one, is_receive);
        struct match_entry *found = is_receive ? matcher_find_message(&matcher, one->context, one->source, one->tag)
                                               : matcher_find_posted(&matcher, one->context, one->source, one->tag);
        assert_ptr_equal(found, expected);
        if (found != NULL) {
            if (is_receive)
                matcher_withdraw_message(&matcher, found);
            else
                matcher_withdraw_posted(&matcher, found);
            naive_remove(is_receive ? &messages : &posted, found);
            used[found - entries] = false;
        } else {
            if (is_receive)
                matcher_post(&matcher, one);
            else
                matcher_arrive(&matcher, one);
            struct naive *queue = is_receive ? &posted : &messages;
            queue->queue[queue->count++] = one;
            used[free_one] = true;
        }
        assert_int_equal(matcher.posted_count, posted.count);
        assert_int_equal(matcher.message_count, messages.count);
    }
}

static void a_random_walk_agrees_with_a_naive_matcher(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 8; seed++) {
        print_message("seed %u\n", seed);
        walk(seed, seed % 2 ? 2 : 50, seed % 3 ? 4 : 60, seed % 4 ? 3 : 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(receives_take_messages_in_the_order_of_posting, begin),
        cmocka_unit_test_setup(context_source_and_tag_must_all_be_equal, begin),
        cmocka_unit_test_setup(a_wildcard_posted_earlier_comes_before_a_definite_receive, begin),
        cmocka_unit_test_setup(a_wildcard_posted_later_comes_behind_a_definite_receive, begin),
        cmocka_unit_test_setup(any_source_takes_the_first_arrival, begin),
        cmocka_unit_test_setup(any_tag_keeps_the_order_of_a_pair, begin),
        cmocka_unit_test_setup(what_is_withdrawn_is_found_no_more, begin),
        cmocka_unit_test(a_random_walk_agrees_with_a_naive_matcher),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
