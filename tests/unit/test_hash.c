/* SPDX-License-Identifier: BSD-2-Clause */
/* test_hash.c: the hash is FNV-1a, the same on every machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../runner/hash.h"

static void it_is_fnv_1a(void **state)
{
    (void)state; /* test vectors of RFC 9923 */
    assert_true(hash_bytes(HASH_START, "", 0) == UINT64_C(0xcbf29ce484222325));
    assert_true(hash_bytes(HASH_START, "a", 1) == UINT64_C(0xaf63dc4c8601ec8c));
    assert_true(hash_bytes(HASH_START, "foobar", 6) == UINT64_C(0x85944171f73967e8));
}

static void the_bounds_of_strings_count(void **state)
{
    (void)state;
    assert_true(hash_string(hash_string(HASH_START, "ab"), "c") != hash_string(hash_string(HASH_START, "a"), "bc"));
    assert_true(hash_string(HASH_START, "a") == hash_bytes(HASH_START, "a", 2));
}

static void numbers_count_by_value_whatever_the_byte_order(void **state)
{
    (void)state;
    assert_true(hash_number(HASH_START, 0x0201) == hash_bytes(HASH_START, "\1\2\0\0\0\0\0\0", 8));
    assert_true(hash_number(HASH_START, 1) != hash_number(HASH_START, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_fnv_1a),
        cmocka_unit_test(the_bounds_of_strings_count),
        cmocka_unit_test(numbers_count_by_value_whatever_the_byte_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
