/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of requests.c, against a naive count of each handle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../runner/guard/requests.h"

#define HANDLES 500

/* No request is ever used, so any value will do that is not MPI_REQUEST_NULL. */
static MPI_Request handle(int i)
{
    return (MPI_Request)(uintptr_t)(0x10000 + 16 * i);
}

static void what_is_added_is_found_until_it_is_removed(void **state)
{
    (void)state;
    struct guard_requests requests = {NULL, 0, 0};
    assert_null(guard_requests_find(&requests, handle(1)));
    guard_requests_remove(&requests, handle(1));
    struct guard_request *added = guard_requests_add(&requests, handle(1), GUARD_RECEIVE);
    assert_non_null(added);
    assert_int_equal(added->kind, GUARD_RECEIVE);
    added->memory = malloc(8);
    guard_requests_add(&requests, handle(1), GUARD_RECEIVE);
    guard_requests_remove(&requests, handle(1));
    assert_non_null(guard_requests_find(&requests, handle(1)));
    guard_requests_remove(&requests, handle(1));
    assert_null(guard_requests_find(&requests, handle(1)));
    assert_null(guard_requests_find(&requests, MPI_REQUEST_NULL));
    assert_int_equal(requests.used, 0);
    guard_requests_finish(&requests);
}

static void a_long_history_is_kept_exactly(void **state)
{
    (void)state;
    struct guard_requests requests = {NULL, 0, 0};
    unsigned counts[HANDLES] = {0}, seed = 1;
    for (int step = 0; step < 200000; step++) {
        seed = seed * 1103515245u + 12345u;
        int i = (int)((seed >> 8) % HANDLES);
        if (seed >> 30 < 2 && counts[i] < 3) {
            assert_non_null(guard_requests_add(&requests, handle(i), GUARD_SEND));
            counts[i]++;
        } else {
            guard_requests_remove(&requests, handle(i));
            counts[i] -= counts[i] > 0;
        }
        const struct guard_request *found = guard_requests_find(&requests, handle(i));
        assert_int_equal(found ? found->count : 0, counts[i]);
    }
    size_t used = 0;
    for (int i = 0; i < HANDLES; i++) {
        const struct guard_request *found = guard_requests_find(&requests, handle(i));
        assert_int_equal(found ? found->count : 0, counts[i]);
        used += counts[i] > 0;
    }
    assert_int_equal(requests.used, used);
    guard_requests_finish(&requests);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_added_is_found_until_it_is_removed),
        cmocka_unit_test(a_long_history_is_kept_exactly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
