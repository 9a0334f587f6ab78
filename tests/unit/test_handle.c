/* SPDX-License-Identifier: BSD-2-Clause */
/* test_handle.c: handles are found while they live, and never after. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mock/handle.h"

static int objects[4];

static void a_handle_gives_its_object_back(void **state)
{
    (void)state;
    uintptr_t key = handle_create(HANDLE_COMM, &objects[0]);
    assert_int_not_equal(key, 0);
    assert_ptr_equal(handle_object(HANDLE_COMM, key), &objects[0]);
    handle_destroy(HANDLE_COMM, key);
}

static void a_handle_lies_between_the_predefined_ones_of_all_mpis(void **state)
{
    (void)state;
    uintptr_t key = handle_create(HANDLE_FILE, &objects[0]);
    assert_true(key >= 0x1000);  /* the MPI-5.0 ABI's are below */
    assert_true(key < 1u << 30); /* MPICH's have a bit above set */
    handle_destroy(HANDLE_FILE, key);
}

static void a_handle_of_one_kind_is_none_of_another(void **state)
{
    (void)state;
    uintptr_t key = handle_create(HANDLE_GROUP, &objects[0]);
    assert_null(handle_object(HANDLE_COMM, key));
    handle_destroy(HANDLE_GROUP, key);
}

static void a_stale_handle_is_not_found_even_when_its_slot_is_used_again(void **state)
{
    (void)state;
    uintptr_t old = handle_create(HANDLE_OP, &objects[0]);
    handle_destroy(HANDLE_OP, old);
    assert_null(handle_object(HANDLE_OP, old));
    for (int i = 0; i < 254; i++) {
        uintptr_t key = handle_create(HANDLE_OP, &objects[1]);
        assert_int_not_equal(key, old);
        assert_null(handle_object(HANDLE_OP, old));
        handle_destroy(HANDLE_OP, key);
    }
}

static void destroying_twice_harms_nobody(void **state)
{
    (void)state;
    uintptr_t old = handle_create(HANDLE_INFO, &objects[0]);
    handle_destroy(HANDLE_INFO, old);
    handle_destroy(HANDLE_INFO, old);
    uintptr_t first = handle_create(HANDLE_INFO, &objects[1]), second = handle_create(HANDLE_INFO, &objects[2]);
    assert_ptr_equal(handle_object(HANDLE_INFO, first), &objects[1]);
    assert_ptr_equal(handle_object(HANDLE_INFO, second), &objects[2]);
    handle_destroy(HANDLE_INFO, first);
    handle_destroy(HANDLE_INFO, second);
}

static void any_number_is_looked_up_without_harm(void **state)
{
    (void)state;
    const unsigned seed = 7;
    print_message("seed %u\n", seed);
    srand(seed);
    for (int i = 0; i < 100000; i++) {
        uintptr_t key = (uintptr_t)rand() << 33 ^ (uintptr_t)rand();
        enum handle_kind kind = (enum handle_kind)(1 + rand() % (HANDLE_KIND_COUNT - 1));
        assert_null(handle_object(kind, i % 2 ? key : key & 0x3fffffff));
        handle_destroy(kind, key);
    }
}

static void predefined_handles_are_keys_of_any_value(void **state)
{
    (void)state;
    static const uintptr_t keys[] = {0x101, 0x44000000, UINTPTR_MAX / 3 * 2, (uintptr_t)&keys};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        handle_bind(HANDLE_DATATYPE, keys[i], &objects[i]);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        assert_ptr_equal(handle_object(HANDLE_DATATYPE, keys[i]), &objects[i]);
        assert_null(handle_object(HANDLE_OP, keys[i]));
        handle_destroy(HANDLE_DATATYPE, keys[i]);
        assert_null(handle_object(HANDLE_DATATYPE, keys[i]));
    }
}

static void a_bound_handle_can_be_bound_again(void **state)
{
    (void)state;
    handle_bind(HANDLE_COMM, 0x101, &objects[0]);
    handle_bind(HANDLE_COMM, 0x101, &objects[1]);
    assert_ptr_equal(handle_object(HANDLE_COMM, 0x101), &objects[1]);
    handle_destroy(HANDLE_COMM, 0x101);
}

static void a_new_handle_never_equals_a_bound_one(void **state)
{
    (void)state;
    uintptr_t key = handle_create(HANDLE_WIN, &objects[0]);
    handle_destroy(HANDLE_WIN, key);
    uintptr_t next = (key & ~(uintptr_t)(0xff << 18)) | ((((key >> 18) & 0xff) + 1) << 18);
    handle_bind(HANDLE_WIN, next, &objects[1]);
    uintptr_t made = handle_create(HANDLE_WIN, &objects[2]);
    assert_int_not_equal(made, next);
    assert_ptr_equal(handle_object(HANDLE_WIN, next), &objects[1]);
    assert_ptr_equal(handle_object(HANDLE_WIN, made), &objects[2]);
    handle_destroy(HANDLE_WIN, made);
    handle_destroy(HANDLE_WIN, next);
}

static void fortran_integers_lead_there_and_back(void **state)
{
    (void)state;
    uintptr_t key = handle_create(HANDLE_COMM, &objects[0]);
    handle_bind(HANDLE_COMM, 0x44000000, &objects[1]);
    assert_int_equal(handle_from_fortran(HANDLE_COMM, handle_to_fortran(HANDLE_COMM, key)), key);
    assert_int_equal(handle_from_fortran(HANDLE_COMM, handle_to_fortran(HANDLE_COMM, 0x44000000)), 0x44000000);
    assert_int_equal(handle_to_fortran(HANDLE_COMM, 0x12345), -1);
    assert_int_equal(handle_from_fortran(HANDLE_COMM, -1), 0);
    assert_int_equal(handle_from_fortran(HANDLE_COMM, 99999), 0);
    handle_destroy(HANDLE_COMM, key);
    handle_destroy(HANDLE_COMM, 0x44000000);
}

static void handles_run_out_without_harm(void **state)
{
    (void)state;
    enum { MOST = 262143 };
    uintptr_t *keys = calloc(MOST + 1, sizeof *keys);
    assert_non_null(keys);
    size_t count = 0;
    while (count <= MOST && (keys[count] = handle_create(HANDLE_MESSAGE, &objects[count % 4])) != 0)
        count++;
    assert_int_equal(count, MOST);
    for (size_t i = 0; i < count; i++)
        assert_ptr_equal(handle_object(HANDLE_MESSAGE, keys[i]), &objects[i % 4]);
    handle_destroy(HANDLE_MESSAGE, keys[77]);
    assert_int_not_equal(handle_create(HANDLE_MESSAGE, &objects[0]), 0);
    free(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_handle_gives_its_object_back),
        cmocka_unit_test(a_handle_lies_between_the_predefined_ones_of_all_mpis),
        cmocka_unit_test(a_handle_of_one_kind_is_none_of_another),
        cmocka_unit_test(a_stale_handle_is_not_found_even_when_its_slot_is_used_again),
        cmocka_unit_test(destroying_twice_harms_nobody),
        cmocka_unit_test(any_number_is_looked_up_without_harm),
        cmocka_unit_test(predefined_handles_are_keys_of_any_value),
        cmocka_unit_test(a_bound_handle_can_be_bound_again),
        cmocka_unit_test(a_new_handle_never_equals_a_bound_one),
        cmocka_unit_test(fortran_integers_lead_there_and_back),
        cmocka_unit_test(handles_run_out_without_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
