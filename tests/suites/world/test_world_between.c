/* SPDX-License-Identifier: BSD-2-Clause */
/* test_world_between.c: what one test leaves in MPI does not reach the next one on the same team.
 *
 * The suite has a setup, so that one unchanging team runs all of its tests. Each subject has two tests that are the
 * same: find nothing, then leave something. Whichever runs second can fail; the order does not matter.
 */
#include <string.h>

#include <mpirun_tests.h>

static MPI_Comm left_over = MPI_COMM_NULL; /* of an earlier test, on purpose */

static int forget(void **state)
{
    (void)state;
    left_over = MPI_COMM_NULL;
    return 0;
}

MRT_SUITE(world_between, .np = 2, .timeout = 20.0, .setup = forget, .teardown = forget);

static int own_rank(void)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank;
}

/* ---- A message that nobody received ---- */

static void find_no_message_and_leave_one(void)
{
    int rank = own_rank(), found = 0, value = 1;
    /* After this exchange all that an earlier test sent would have come. */
    MPI_Sendrecv_replace(&value, 1, MPI_INT, 1 - rank, 50, 1 - rank, 50, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    for (int i = 0; i < 3; i++) {
        MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &found, MPI_STATUS_IGNORE);
        assert_false(found);
    }
    /* Both are past the probes before anything new is sent; small, so that the send returns without a receiver. */
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank == 0)
        MPI_Send(&value, 1, MPI_INT, 1, 60, MPI_COMM_WORLD);
}

MRT_TEST(message_does_not_reach_the_next_test_1)
{
    find_no_message_and_leave_one();
}

MRT_TEST(message_does_not_reach_the_next_test_2)
{
    find_no_message_and_leave_one();
}

/* ---- The name ---- */

static void find_the_name_and_change_it(void)
{
    char name[MPI_MAX_OBJECT_NAME] = "";
    int length = 0;
    assert_int_equal(MPI_Comm_get_name(MPI_COMM_WORLD, name, &length), MPI_SUCCESS);
    assert_string_equal(name, "MPI_COMM_WORLD");
    assert_int_equal(length, strlen("MPI_COMM_WORLD"));
    assert_int_equal(MPI_Comm_set_name(MPI_COMM_WORLD, "ours"), MPI_SUCCESS);
    MPI_Comm_get_name(MPI_COMM_WORLD, name, &length);
    assert_string_equal(name, "ours");
}

MRT_TEST(name_is_reset_1)
{
    find_the_name_and_change_it();
}

MRT_TEST(name_is_reset_2)
{
    find_the_name_and_change_it();
}

/* ---- Attributes: the key stays, as a library would keep it ---- */

static int key = MPI_KEYVAL_INVALID;

static void find_no_attribute_and_set_one(MPI_Comm comm)
{
    static int value = 1;
    int *got = NULL, found = 0;
    if (key == MPI_KEYVAL_INVALID)
        MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, MPI_COMM_NULL_DELETE_FN, &key, NULL);
    assert_int_equal(MPI_Comm_get_attr(comm, key, &got, &found), MPI_SUCCESS);
    assert_false(found);
    assert_int_equal(MPI_Comm_set_attr(comm, key, &value), MPI_SUCCESS);
    MPI_Comm_get_attr(comm, key, &got, &found);
    assert_true(found);
}

MRT_TEST(attributes_are_gone_1)
{
    find_no_attribute_and_set_one(MPI_COMM_WORLD);
}

MRT_TEST(attributes_are_gone_2)
{
    find_no_attribute_and_set_one(MPI_COMM_WORLD);
}

MRT_TEST(attributes_of_self_are_gone_1)
{
    find_no_attribute_and_set_one(MPI_COMM_SELF);
}

MRT_TEST(attributes_of_self_are_gone_2)
{
    find_no_attribute_and_set_one(MPI_COMM_SELF);
}

/* ---- The error handler ---- */

static void find_fatal_errors_and_let_them_return(void)
{
    MPI_Errhandler handler;
    assert_int_equal(MPI_Comm_get_errhandler(MPI_COMM_WORLD, &handler), MPI_SUCCESS);
    assert_true(handler == MPI_ERRORS_ARE_FATAL);
    MPI_Errhandler_free(&handler);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
}

MRT_TEST(error_handler_is_reset_1)
{
    find_fatal_errors_and_let_them_return();
}

MRT_TEST(error_handler_is_reset_2)
{
    find_fatal_errors_and_let_them_return();
}

/* ---- MPI_Init and MPI_Finalize ---- */

static void start_and_end(void)
{
    int finalized = 1;
    MPI_Finalized(&finalized);
    assert_false(finalized);
    assert_int_equal(MPI_Init(NULL, NULL), MPI_SUCCESS);
    assert_int_equal(MPI_Finalize(), MPI_SUCCESS);
}

MRT_TEST(init_and_finalize_are_accepted_again_1)
{
    start_and_end();
}

MRT_TEST(init_and_finalize_are_accepted_again_2)
{
    start_and_end();
}

/* ---- A communicator of an earlier test ---- */

static void find_the_old_one_refused_and_leave_a_new_one(void)
{
    int size = -3;
    if (left_over != MPI_COMM_NULL) {
        MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
        assert_int_not_equal(MPI_Comm_size(left_over, &size), MPI_SUCCESS);
        assert_int_equal(size, -3);
    }
    assert_int_equal(MPI_Comm_dup(MPI_COMM_WORLD, &left_over), MPI_SUCCESS);
}

MRT_TEST(communicator_of_an_earlier_test_is_refused_1)
{
    find_the_old_one_refused_and_leave_a_new_one();
}

MRT_TEST(communicator_of_an_earlier_test_is_refused_2)
{
    find_the_old_one_refused_and_leave_a_new_one();
}

/* ---- A smaller test on the first ranks of the team, between the larger ones ---- */

MRT_TEST(smaller_test_has_a_world_of_its_own, .np = 1)
{
    int size;
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    assert_int_equal(size, 1);
    assert_int_equal(own_rank(), 0);
}
