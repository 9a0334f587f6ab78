/* SPDX-License-Identifier: BSD-2-Clause */
/* test_world.c: inside a test MPI_COMM_WORLD is the test's team, and MPI is as it is in a program of that many ranks.
 *
 * The same source must pass under Open MPI, under MPICH and on the mock. What one test must not leave to the next is in
 * test_world_between.c.
 */
#include <stdlib.h>
#include <string.h>

#include <mpirun_tests.h>

MRT_SUITE(world, .timeout = 20.0);

static int rank_in(MPI_Comm comm)
{
    int rank = -1;
    assert_int_equal(MPI_Comm_rank(comm, &rank), MPI_SUCCESS);
    return rank;
}

static int size_of(MPI_Comm comm)
{
    int size = -1;
    assert_int_equal(MPI_Comm_size(comm, &size), MPI_SUCCESS);
    return size;
}

static int error_class(int code)
{
    int class = -1;
    assert_int_equal(MPI_Error_class(code, &class), MPI_SUCCESS);
    return class;
}

static int compare(MPI_Comm left, MPI_Comm right)
{
    int result = -1;
    assert_int_equal(MPI_Comm_compare(left, right, &result), MPI_SUCCESS);
    return result;
}

/* ---- The team ---- */

MRT_TEST(default_team_is_one_rank)
{
    assert_int_equal(size_of(MPI_COMM_WORLD), 1);
    assert_int_equal(rank_in(MPI_COMM_WORLD), 0);
}

MRT_TEST(team_has_the_size_asked_for, .np = 3)
{
    assert_int_equal(size_of(MPI_COMM_WORLD), 3);
    assert_in_range(rank_in(MPI_COMM_WORLD), 0, 2);
}

MRT_TEST(team_has_a_size_of_the_list, .np_list = {1, 2, 4})
{
    int size = size_of(MPI_COMM_WORLD);
    assert_true(size == 1 || size == 2 || size == 4);
}

MRT_TEST(every_rank_is_there_once, .np_list = {1, 2, 3, 4})
{
    int size = size_of(MPI_COMM_WORLD), rank = rank_in(MPI_COMM_WORLD), ranks[4];
    assert_int_equal(MPI_Allgather(&rank, 1, MPI_INT, ranks, 1, MPI_INT, MPI_COMM_WORLD), MPI_SUCCESS);
    for (int i = 0; i < size; i++)
        assert_int_equal(ranks[i], i);
}

MRT_TEST(every_rank_of_the_run_can_be_had, .np = MRT_NP_ALL)
{
    int one = 1, sum = 0;
    MPI_Allreduce(&one, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    assert_int_equal(sum, size_of(MPI_COMM_WORLD));
}

MRT_TEST(every_rank_sees_the_same_case, .np = 2, .cases = 4)
{
    int mine = mrt_case(), least, most;
    assert_in_range(mine, 0, 3);
    MPI_Allreduce(&mine, &least, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    MPI_Allreduce(&mine, &most, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    assert_int_equal(least, most);
}

MRT_TEST(case_is_zero_where_there_are_none)
{
    assert_int_equal(mrt_case(), 0);
}

MRT_TEST(self_is_this_rank_alone, .np = 2)
{
    int sent = 10 + rank_in(MPI_COMM_WORLD), received = -1;
    assert_int_equal(size_of(MPI_COMM_SELF), 1);
    assert_int_equal(rank_in(MPI_COMM_SELF), 0);
    MPI_Sendrecv(&sent, 1, MPI_INT, 0, 5, &received, 1, MPI_INT, 0, 5, MPI_COMM_SELF, MPI_STATUS_IGNORE);
    assert_int_equal(received, sent);
}

MRT_TEST(processor_has_a_name)
{
    char name[MPI_MAX_PROCESSOR_NAME + 1];
    int length = -1;
    memset(name, '#', sizeof name);
    assert_int_equal(MPI_Get_processor_name(name, &length), MPI_SUCCESS);
    assert_in_range(length, 1, MPI_MAX_PROCESSOR_NAME - 1);
    assert_int_equal(strlen(name), length);
}

MRT_TEST(library_has_a_version)
{
    int version = 0, subversion = -1;
    assert_int_equal(MPI_Get_version(&version, &subversion), MPI_SUCCESS);
    assert_true(version >= 3);
    double before = MPI_Wtime();
    assert_true(MPI_Wtime() >= before);
}

/* ---- Start and end ---- */

static int flag_of(int (*ask)(int *))
{
    int flag = -1;
    assert_int_equal(ask(&flag), MPI_SUCCESS);
    return flag;
}

MRT_TEST(mpi_is_initialized_at_the_start)
{
    assert_true(flag_of(MPI_Initialized));
    assert_false(flag_of(MPI_Finalized));
}

MRT_TEST(init_is_accepted_once, .np_list = {1, 2})
{
    assert_int_equal(MPI_Init(NULL, NULL), MPI_SUCCESS);
    assert_true(flag_of(MPI_Initialized));
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    assert_int_not_equal(MPI_Init(NULL, NULL), MPI_SUCCESS);
}

MRT_TEST(init_thread_grants_a_level)
{
    int granted = -1;
    assert_int_equal(MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &granted), MPI_SUCCESS);
    assert_in_range(granted, MPI_THREAD_SINGLE, MPI_THREAD_MULTIPLE);
    int level = -1;
    assert_int_equal(MPI_Query_thread(&level), MPI_SUCCESS);
    assert_int_equal(level, granted);
}

/* What main() of a whole program does. */
MRT_TEST(a_whole_program_runs, .np_list = {1, 3})
{
    int sum = 0;
    MPI_Init(NULL, NULL);
    int rank = rank_in(MPI_COMM_WORLD), size = size_of(MPI_COMM_WORLD);
    MPI_Reduce(&rank, &sum, 1, MPI_INT, MPI_SUM, 0, MPI_COMM_WORLD);
    assert_int_equal(sum, rank == 0 ? size * (size - 1) / 2 : 0);
    assert_int_equal(MPI_Finalize(), MPI_SUCCESS);
    assert_true(flag_of(MPI_Initialized));
    assert_true(flag_of(MPI_Finalized));
}

static int deleted_value;

static int note_delete(MPI_Comm comm, int key, void *value, void *extra)
{
    (void)key;
    (void)extra;
    if (comm == MPI_COMM_SELF)
        deleted_value = *(int *)value;
    return MPI_SUCCESS;
}

MRT_TEST(finalize_deletes_the_attributes_of_self, .np_list = {1, 2})
{
    static int value = 42;
    int key = MPI_KEYVAL_INVALID;
    deleted_value = 0;
    assert_int_equal(MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, note_delete, &key, NULL), MPI_SUCCESS);
    assert_int_equal(MPI_Comm_set_attr(MPI_COMM_SELF, key, &value), MPI_SUCCESS);
    assert_int_equal(MPI_Finalize(), MPI_SUCCESS);
    assert_int_equal(deleted_value, 42);
}

MRT_TEST(calls_after_finalize_are_errors)
{
    int size = -7;
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    assert_int_equal(MPI_Finalize(), MPI_SUCCESS);
    assert_int_not_equal(MPI_Comm_size(MPI_COMM_WORLD, &size), MPI_SUCCESS);
    assert_int_not_equal(MPI_Finalize(), MPI_SUCCESS);
}

/* ---- Attributes ---- */

MRT_TEST(predefined_attributes_are_those_of_the_world, .np_list = {1, 2})
{
    int *value = NULL, found = 0;
    assert_int_equal(MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_TAG_UB, &value, &found), MPI_SUCCESS);
    assert_true(found);
    assert_true(*value >= 32767); /* MPI-3.1 §8.1.2 */
    found = 0;
    assert_int_equal(MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_WTIME_IS_GLOBAL, &value, &found), MPI_SUCCESS);
    assert_true(found);
    assert_in_range(*value, 0, 1);
}

MRT_TEST(largest_tag_can_be_used, .np = 2)
{
    int *largest = NULL, found = 0, rank = rank_in(MPI_COMM_WORLD), got = -1;
    MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_TAG_UB, &largest, &found);
    assert_true(found);
    MPI_Status status;
    MPI_Sendrecv(&rank, 1, MPI_INT, 1 - rank, *largest, &got, 1, MPI_INT, 1 - rank, *largest, MPI_COMM_WORLD, &status);
    assert_int_equal(got, 1 - rank);
    assert_int_equal(status.MPI_TAG, *largest);
}

static int copies_of_world, deletes_of_world;

static int copy_attribute(MPI_Comm comm, int key, void *extra, void *value, void *copied, int *flag)
{
    (void)key;
    (void)extra;
    copies_of_world += comm == MPI_COMM_WORLD;
    *(void **)copied = value;
    *flag = 1;
    return MPI_SUCCESS;
}

static int delete_attribute(MPI_Comm comm, int key, void *value, void *extra)
{
    (void)key;
    (void)value;
    (void)extra;
    deletes_of_world += comm == MPI_COMM_WORLD;
    return MPI_SUCCESS;
}

MRT_TEST(attribute_callbacks_are_given_the_world, .np_list = {1, 2})
{
    static int value = 5;
    int key = MPI_KEYVAL_INVALID, *got = NULL, found = 0;
    MPI_Comm copy;
    copies_of_world = deletes_of_world = 0;
    assert_int_equal(MPI_Comm_create_keyval(copy_attribute, delete_attribute, &key, NULL), MPI_SUCCESS);
    assert_int_equal(MPI_Comm_set_attr(MPI_COMM_WORLD, key, &value), MPI_SUCCESS);
    assert_int_equal(MPI_Comm_dup(MPI_COMM_WORLD, &copy), MPI_SUCCESS);
    assert_int_equal(copies_of_world, 1);
    assert_int_equal(MPI_Comm_get_attr(copy, key, &got, &found), MPI_SUCCESS);
    assert_true(found);
    assert_ptr_equal(got, &value);
    assert_int_equal(MPI_Comm_free(&copy), MPI_SUCCESS);
    assert_int_equal(deletes_of_world, 0);
    assert_int_equal(MPI_Comm_delete_attr(MPI_COMM_WORLD, key), MPI_SUCCESS);
    assert_int_equal(deletes_of_world, 1);
    assert_int_equal(MPI_Comm_free_keyval(&key), MPI_SUCCESS);
    assert_int_equal(key, MPI_KEYVAL_INVALID);
}

/* ---- Error handlers ---- */

MRT_TEST(errors_return_where_that_is_asked_for, .np_list = {1, 2})
{
    int value = 0;
    assert_int_equal(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), MPI_SUCCESS);
    assert_int_equal(error_class(MPI_Send(&value, 1, MPI_INT, 99, 0, MPI_COMM_WORLD)), MPI_ERR_RANK);
    assert_int_equal(error_class(MPI_Send(&value, -1, MPI_INT, 0, 0, MPI_COMM_WORLD)), MPI_ERR_COUNT);
    assert_int_equal(error_class(MPI_Send(&value, 1, MPI_INT, 0, -5, MPI_COMM_WORLD)), MPI_ERR_TAG);
    assert_int_equal(error_class(MPI_Bcast(&value, 1, MPI_INT, size_of(MPI_COMM_WORLD), MPI_COMM_WORLD)), MPI_ERR_ROOT);
}

MRT_TEST(null_handles_are_errors_of_the_world)
{
    int size;
    MPI_Datatype type = MPI_DATATYPE_NULL;
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    assert_int_equal(error_class(MPI_Type_commit(&type)), MPI_ERR_TYPE);
    assert_int_equal(error_class(MPI_Comm_size(MPI_COMM_NULL, &size)), MPI_ERR_COMM);
}

MRT_TEST(errors_have_a_text)
{
    char text[MPI_MAX_ERROR_STRING + 1] = "";
    int length = 0, value = 0;
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    int error = MPI_Send(&value, 1, MPI_INT, 99, 0, MPI_COMM_WORLD);
    assert_int_equal(MPI_Error_string(error, text, &length), MPI_SUCCESS);
    assert_in_range(length, 1, MPI_MAX_ERROR_STRING - 1);
    assert_int_equal(strlen(text), length);
}

MRT_TEST(too_long_a_message_is_an_error_of_the_receiver, .np = 2)
{
    int values[4] = {1, 2, 3, 4};
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    if (rank_in(MPI_COMM_WORLD) == 0)
        assert_int_equal(MPI_Send(values, 4, MPI_INT, 1, 0, MPI_COMM_WORLD), MPI_SUCCESS);
    else
        assert_int_equal(error_class(MPI_Recv(values, 2, MPI_INT, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE)),
                         MPI_ERR_TRUNCATE);
}

static int handled_class, handled_in_world;

static void handle_error(MPI_Comm *comm, int *error, ...)
{
    handled_in_world += *comm == MPI_COMM_WORLD;
    MPI_Error_class(*error, &handled_class);
}

MRT_TEST(users_error_handler_is_given_the_world, .np_list = {1, 2})
{
    MPI_Errhandler handler;
    int value = 0;
    handled_class = handled_in_world = 0;
    assert_int_equal(MPI_Comm_create_errhandler(handle_error, &handler), MPI_SUCCESS);
    assert_int_equal(MPI_Comm_set_errhandler(MPI_COMM_WORLD, handler), MPI_SUCCESS);
    assert_int_equal(MPI_Errhandler_free(&handler), MPI_SUCCESS);
    MPI_Send(&value, 1, MPI_INT, 99, 0, MPI_COMM_WORLD);
    assert_int_equal(handled_in_world, 1);
    assert_int_equal(handled_class, MPI_ERR_RANK);
}

MRT_TEST(error_handler_is_inherited, .np = 2)
{
    MPI_Comm copy;
    int value = 0;
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_dup(MPI_COMM_WORLD, &copy);
    assert_int_equal(error_class(MPI_Send(&value, 1, MPI_INT, 2, 0, copy)), MPI_ERR_RANK);
    MPI_Comm_free(&copy);
}

/* ---- Communicators and groups ---- */

MRT_TEST(world_compares_as_itself, .np_list = {1, 2})
{
    MPI_Comm copy;
    assert_int_equal(compare(MPI_COMM_WORLD, MPI_COMM_WORLD), MPI_IDENT);
    assert_int_equal(compare(MPI_COMM_WORLD, MPI_COMM_SELF),
                     size_of(MPI_COMM_WORLD) == 1 ? MPI_CONGRUENT : MPI_UNEQUAL);
    MPI_Comm_dup(MPI_COMM_WORLD, &copy);
    assert_int_equal(compare(MPI_COMM_WORLD, copy), MPI_CONGRUENT);
    MPI_Comm_free(&copy);
    assert_true(copy == MPI_COMM_NULL);
}

MRT_TEST(duplicate_has_messages_of_its_own, .np = 2)
{
    MPI_Comm copy;
    MPI_Status status;
    int rank = rank_in(MPI_COMM_WORLD), in_world = 1, in_copy = 2, got = 0;
    MPI_Comm_dup(MPI_COMM_WORLD, &copy);
    if (rank == 0) {
        MPI_Send(&in_world, 1, MPI_INT, 1, 3, MPI_COMM_WORLD);
        MPI_Send(&in_copy, 1, MPI_INT, 1, 3, copy);
    } else {
        MPI_Recv(&got, 1, MPI_INT, MPI_ANY_SOURCE, MPI_ANY_TAG, copy, &status);
        assert_int_equal(got, in_copy);
        assert_int_equal(status.MPI_SOURCE, 0);
        MPI_Recv(&got, 1, MPI_INT, MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &status);
        assert_int_equal(got, in_world);
        assert_int_equal(status.MPI_TAG, 3);
    }
    MPI_Comm_free(&copy);
}

MRT_TEST(split_orders_by_key, .np = 4)
{
    int rank = rank_in(MPI_COMM_WORLD);
    MPI_Comm half;
    assert_int_equal(MPI_Comm_split(MPI_COMM_WORLD, rank % 2, -rank, &half), MPI_SUCCESS);
    assert_int_equal(size_of(half), 2);
    assert_int_equal(rank_in(half), rank >= 2 ? 0 : 1);
    assert_int_equal(compare(half, MPI_COMM_WORLD), MPI_UNEQUAL);
    int sum = 0;
    MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, half);
    assert_int_equal(sum, rank % 2 == 0 ? 2 : 4);
    MPI_Comm_free(&half);
}

MRT_TEST(split_leaves_out_who_wants_no_part, .np = 3)
{
    int rank = rank_in(MPI_COMM_WORLD);
    MPI_Comm part;
    assert_int_equal(MPI_Comm_split(MPI_COMM_WORLD, rank == 1 ? MPI_UNDEFINED : 7, 0, &part), MPI_SUCCESS);
    if (rank == 1) {
        assert_true(part == MPI_COMM_NULL);
    } else {
        assert_int_equal(size_of(part), 2);
        MPI_Comm_free(&part);
    }
}

MRT_TEST(ranks_that_share_memory_are_on_one_processor, .np_list = {1, 2, 4})
{
    char name[MPI_MAX_PROCESSOR_NAME] = "", names[4][MPI_MAX_PROCESSOR_NAME];
    int length, size = size_of(MPI_COMM_WORLD), namesakes = 0;
    MPI_Comm node;
    MPI_Get_processor_name(name, &length);
    MPI_Allgather(name, sizeof name, MPI_CHAR, names, sizeof name, MPI_CHAR, MPI_COMM_WORLD);
    for (int i = 0; i < size; i++)
        namesakes += strcmp(name, names[i]) == 0;
    assert_int_equal(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node), MPI_SUCCESS);
    assert_int_equal(size_of(node), namesakes);
    MPI_Comm_free(&node);
}

MRT_TEST(group_of_the_world_is_the_team, .np = 4)
{
    MPI_Group world, odd, even;
    const int odd_ranks[] = {1, 3}, even_ranks[] = {2, 0}, members[] = {0, 1};
    int size, rank, translated[2], same;
    assert_int_equal(MPI_Comm_group(MPI_COMM_WORLD, &world), MPI_SUCCESS);
    MPI_Group_size(world, &size);
    MPI_Group_rank(world, &rank);
    assert_int_equal(size, 4);
    assert_int_equal(rank, rank_in(MPI_COMM_WORLD));

    assert_int_equal(MPI_Group_incl(world, 2, odd_ranks, &odd), MPI_SUCCESS);
    assert_int_equal(MPI_Group_incl(world, 2, even_ranks, &even), MPI_SUCCESS);
    assert_int_equal(MPI_Group_translate_ranks(even, 2, members, world, translated), MPI_SUCCESS);
    assert_int_equal(translated[0], 2);
    assert_int_equal(translated[1], 0);
    MPI_Group_translate_ranks(even, 2, members, odd, translated);
    assert_int_equal(translated[0], MPI_UNDEFINED);
    MPI_Group_compare(even, odd, &same);
    assert_int_equal(same, MPI_UNEQUAL);
    MPI_Group_free(&even);
    MPI_Group_free(&odd);
    MPI_Group_free(&world);
    assert_true(world == MPI_GROUP_NULL);
}

MRT_TEST(communicator_is_made_of_a_group, .np = 3)
{
    MPI_Group world, ends;
    MPI_Comm comm;
    const int ranks[] = {2, 0};
    int rank = rank_in(MPI_COMM_WORLD);
    MPI_Comm_group(MPI_COMM_WORLD, &world);
    MPI_Group_incl(world, 2, ranks, &ends);
    assert_int_equal(MPI_Comm_create(MPI_COMM_WORLD, ends, &comm), MPI_SUCCESS);
    if (rank == 1) {
        assert_true(comm == MPI_COMM_NULL);
    } else {
        assert_int_equal(rank_in(comm), rank == 2 ? 0 : 1);
        MPI_Comm_free(&comm);
    }
    MPI_Group_free(&ends);
    MPI_Group_free(&world);
}

MRT_TEST(members_alone_make_a_communicator, .np = 3)
{
    MPI_Group world, pair;
    const int ranks[] = {1, 2};
    int rank = rank_in(MPI_COMM_WORLD), sum = 0;
    MPI_Comm_group(MPI_COMM_WORLD, &world);
    MPI_Group_incl(world, 2, ranks, &pair);
    if (rank > 0) { /* rank 0 takes no part: MPI-3.1 §6.4.2 */
        MPI_Comm comm;
        assert_int_equal(MPI_Comm_create_group(MPI_COMM_WORLD, pair, 9, &comm), MPI_SUCCESS);
        assert_int_equal(rank_in(comm), rank - 1);
        MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, comm);
        assert_int_equal(sum, 3);
        MPI_Comm_free(&comm);
    }
    MPI_Group_free(&pair);
    MPI_Group_free(&world);
}

/* What a test leaves open ends with it: the teams that follow, of the same ranks, know nothing of it. */

static int never_filled[64];

MRT_TEST(request_is_left_open, .np = 2, .cases = 8)
{
    MPI_Request request;
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Irecv(never_filled, 1, MPI_INT, 1 - rank, 7, MPI_COMM_WORLD, &request);
    if (rank == 0 && mrt_case() % 2)
        MPI_Send(&rank, 1, MPI_INT, 1, 9, MPI_COMM_WORLD);
}

MRT_TEST(open_requests_of_others_do_no_harm, .np = 2, .cases = 8)
{
    int rank, sum, value, got = -1;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    value = 10 * mrt_case() + rank;
    MPI_Allreduce(&value, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    assert_int_equal(sum, 20 * mrt_case() + 1);
    MPI_Sendrecv(&value, 1, MPI_INT, 1 - rank, 7, &got, 1, MPI_INT, 1 - rank, 7, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    assert_int_equal(got, 10 * mrt_case() + 1 - rank);
}
