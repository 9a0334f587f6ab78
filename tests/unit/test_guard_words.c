/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of words.c: whatever the order in which members meet, all conclude the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../runner/guard/words.h"

#define MEMBERS_MAX 9

static struct guard_words words_of(int rank, enum mpimock_function function, int root, uint32_t op)
{
    return (struct guard_words){.first = {.function = function, .rank = rank, .root = root, .op = op}};
}

/* The dissemination of agreement.c, without messages. */
static void disseminate(struct guard_words words[], int size)
{
    for (int distance = 1; distance < size; distance *= 2) {
        struct guard_words before[MEMBERS_MAX];
        for (int i = 0; i < size; i++)
            before[i] = words[i];
        for (int i = 0; i < size; i++)
            guard_words_merge(&words[i], &before[(i - distance + size) % size]);
    }
}

static void members_that_call_the_same_agree(void **state)
{
    (void)state;
    for (int size = 1; size <= MEMBERS_MAX; size++) {
        struct guard_words words[MEMBERS_MAX];
        for (int i = 0; i < size; i++)
            words[i] = words_of(i, MPIMOCK_BCAST, 2, GUARD_NO_OP);
        disseminate(words, size);
        for (int i = 0; i < size; i++)
            assert_true(guard_words_agree(&words[i]));
    }
}

static void one_that_differs_is_seen_by_all_with_the_lowest_rank(void **state)
{
    (void)state;
    for (int size = 2; size <= MEMBERS_MAX; size++) {
        for (int odd = 0; odd < size; odd++) {
            struct guard_words words[MEMBERS_MAX];
            for (int i = 0; i < size; i++)
                words[i] = words_of(i, i == odd ? MPIMOCK_ALLREDUCE : MPIMOCK_BARRIER, GUARD_NO_ROOT, GUARD_NO_OP);
            disseminate(words, size);
            for (int i = 0; i < size; i++) {
                assert_false(guard_words_agree(&words[i]));
                assert_int_equal(words[i].first.rank, 0);
                if (odd > 0)
                    assert_int_equal(words[i].odd.rank, odd);
                assert_int_not_equal(words[i].odd.function, words[i].first.function);
            }
        }
    }
}

static void roots_and_operations_count(void **state)
{
    (void)state;
    struct guard_words a = words_of(0, MPIMOCK_REDUCE, 0, guard_op_number(MPI_SUM));
    struct guard_words root = words_of(1, MPIMOCK_REDUCE, 1, guard_op_number(MPI_SUM));
    struct guard_words op = words_of(1, MPIMOCK_REDUCE, 0, guard_op_number(MPI_MAX)), b = a, c = a, after = a;
    guard_words_merge(&a, &root);
    assert_false(guard_words_agree(&a));
    guard_words_merge(&b, &op);
    assert_false(guard_words_agree(&b));
    after.first.rank = 1;
    guard_words_merge(&c, &after);
    assert_true(guard_words_agree(&c));
    after.first.started = 2; /* non-blocking collectives before it */
    guard_words_merge(&c, &after);
    assert_false(guard_words_agree(&c));
}

static void the_text_names_both(void **state)
{
    (void)state;
    char text[256];
    struct guard_words a = words_of(1, MPIMOCK_REDUCE, 3, guard_op_number(MPI_SUM));
    struct guard_words b = words_of(0, MPIMOCK_BARRIER, GUARD_NO_ROOT, GUARD_NO_OP);
    guard_words_merge(&a, &b);
    guard_words_text(&a, text, sizeof text);
    assert_string_equal(text, "rank 0 calls MPI_Barrier, rank 1 calls MPI_Reduce with root 3 and MPI_SUM");
    a.first.started = 1;
    guard_words_text(&a, text, sizeof text);
    assert_non_null(strstr(text, "rank 0 calls MPI_Barrier after 1 non-blocking collective, rank 1"));
    char small[20];
    guard_words_text(&a, small, sizeof small);
    assert_int_equal(small[19], '\0');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_that_call_the_same_agree),
        cmocka_unit_test(one_that_differs_is_seen_by_all_with_the_lowest_rank),
        cmocka_unit_test(roots_and_operations_count),
        cmocka_unit_test(the_text_names_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
