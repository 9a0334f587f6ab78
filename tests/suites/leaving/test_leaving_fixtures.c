/* SPDX-License-Identifier: BSD-2-Clause */
/* test_leaving_fixtures.c: the same in setup and teardown: of a test, of a group. Names as in test_leaving.c. */
#include <mpirun_tests.h>

static int own_rank(void)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank;
}

static int meet_in_fixture(void **state)
{
    (void)state;
    MPI_Barrier(MPI_COMM_WORLD);
    return 0;
}

static int wait_on_rank_0(void **state)
{
    int value;
    (void)state;
    if (own_rank() == 0)
        MPI_Recv(&value, 1, MPI_INT, 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    return 0;
}

static int fail_on_rank_1(void **state)
{
    (void)state;
    if (own_rank() == 1)
        return -1;
    MPI_Barrier(MPI_COMM_WORLD);
    return 0;
}

static int assert_on_rank_1(void **state)
{
    (void)state;
    assert_int_equal(own_rank(), 0);
    MPI_Barrier(MPI_COMM_WORLD);
    return 0;
}

static void meet(void **state)
{
    (void)state;
    MPI_Barrier(MPI_COMM_WORLD);
}

static void fail_on_last(void **state)
{
    (void)state;
    if (own_rank() == 1)
        fail_msg("in the body");
    MPI_Barrier(MPI_COMM_WORLD);
}

static void fail_and_wait_in_the_teardown(void **state)
{
    (void)state;
    if (own_rank() == 1)
        assert_int_equal(1, 2);
}

static const struct CMUnitTest tests[] = {
    {"passes_first", meet, meet_in_fixture, meet_in_fixture, NULL},
    {"fails_with_a_teardown_that_waits", fail_on_last, NULL, meet_in_fixture, NULL},
    {"fails_while_a_rank_is_in_the_teardown", fail_and_wait_in_the_teardown, NULL, meet_in_fixture, NULL},
    {"deadlocks_in_the_teardown", meet, NULL, wait_on_rank_0, NULL},
    {"is_an_error_of_a_setup_on_one_rank", meet, fail_on_rank_1, NULL, NULL},
    {"is_an_error_of_an_assertion_in_the_setup", meet, assert_on_rank_1, NULL, NULL},
    {"is_an_error_of_a_teardown_on_one_rank", meet, NULL, assert_on_rank_1, NULL},
    {"passes_last", meet, meet_in_fixture, meet_in_fixture, NULL},
};

static const struct CMUnitTest after_bad_setup[] = {{"is_an_error", meet, NULL, NULL, NULL}};
static const struct CMUnitTest before_bad_teardown[] = {{"is_an_error", meet, NULL, NULL, NULL}};

MRT_CMOCKA_GROUP(leaving_group, tests, meet_in_fixture, meet_in_fixture, .np = 2);
MRT_CMOCKA_GROUP(leaving_setup, after_bad_setup, assert_on_rank_1, NULL, .np = 2);
MRT_CMOCKA_GROUP(leaving_teardown, before_bad_teardown, NULL, assert_on_rank_1, .np = 2);
MRT_CMOCKA_GROUP(leaving_deadlock, before_bad_teardown, wait_on_rank_0, NULL, .np = 2);
