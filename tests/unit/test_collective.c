/* SPDX-License-Identifier: BSD-2-Clause */
/* test_collective.c: ranks that do not agree on a collective call are told who does what, and wrong arguments are
 * refused before a message leaves.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "door.h"
#include "ranks.h"

/* ---- What the error's text says ---- */

static char text[1024];

static void on_fatal(int error, const char *words)
{
    (void)error;
    snprintf(text, sizeof text, "%s", words);
}

/* From now on errors on the communicator go on, with their text kept. */
static void keep_text(void)
{
    static const struct mpimock_hooks hooks = {.fatal = on_fatal};
    mpimock_hooks_set(&hooks);
    text[0] = '\0';
}

#define CHECK_SAYS(words)                                                                                              \
    do {                                                                                                               \
        if (strstr(text, words) == NULL)                                                                               \
            fprintf(stderr, "expected \"%s\" in: %s\n", words, text);                                                  \
        CHECK(strstr(text, words) != NULL);                                                                            \
    } while (0)

/* ---- Two ranks in different calls: rank 1 hears of rank 0 ---- */

static int different_functions(MPI_Comm comm, void *argument)
{
    (void)argument;
    int rank, number = 5, sum;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    keep_text();
    if (rank == 0) {
        CHECK_OK(MPI_Bcast(&number, 1, MPI_INT, 0, comm));
        return 0;
    }
    CHECK_FAILS(MPI_Scatter(NULL, 0, MPI_INT, &sum, 1, MPI_INT, 0, comm), MPI_ERR_OTHER);
    CHECK_SAYS("rank 1 is in MPI_Scatter(root=0), rank 0 in MPI_Bcast(root=0)");
    return 0;
}

static int different_operations(MPI_Comm comm, void *argument)
{
    (void)argument;
    int rank, one = 1, sum;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    keep_text();
    if (rank == 1) {
        CHECK_OK(MPI_Reduce(&one, NULL, 1, MPI_INT, MPI_MAX, 0, comm));
        return 0;
    }
    CHECK_FAILS(MPI_Reduce(&one, &sum, 1, MPI_INT, MPI_SUM, 0, comm), MPI_ERR_OP);
    CHECK_SAYS("rank 0 is in MPI_Reduce(root=0, MPI_SUM), rank 1 in MPI_Reduce(root=0, MPI_MAX)");
    return 0;
}

/* Rank 1 believes in root 2, in whose tree it waits for rank 0; that one is its own root, and tells rank 1 too. */
static int different_roots(MPI_Comm comm, void *argument)
{
    (void)argument;
    int rank, number = 5;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    keep_text();
    if (rank == 1) {
        CHECK_FAILS(MPI_Bcast(&number, 1, MPI_INT, 2, comm), MPI_ERR_ROOT);
        CHECK_SAYS("rank 1 is in MPI_Bcast(root=2), rank 0 in MPI_Bcast(root=0)");
    } else {
        CHECK_OK(MPI_Bcast(&number, 1, MPI_INT, 0, comm));
    }
    return 0;
}

static void calls_that_differ_are_errors_that_name_both_sides(void **state)
{
    (void)state;
    run_ranks(2, different_functions, NULL);
    run_ranks(2, different_operations, NULL);
    run_ranks(4, different_roots, NULL);
}

/* Both are roots: no message meets another in this call, but the next call knows. */
static int two_roots(MPI_Comm comm, void *argument)
{
    (void)argument;
    int rank, number = 5;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    keep_text();
    CHECK_OK(MPI_Bcast(&number, 1, MPI_INT, rank, comm));
    if (rank == 0) {
        CHECK_OK(MPI_Bcast(&number, 1, MPI_INT, 0, comm));
        return 0;
    }
    CHECK_FAILS(MPI_Bcast(&number, 1, MPI_INT, 0, comm), MPI_ERR_OTHER);
    CHECK_SAYS("earlier collective calls");
    return 0;
}

static void calls_that_differed_without_a_message_are_found_by_the_next(void **state)
{
    (void)state;
    run_ranks(2, two_roots, NULL);
}

/* A call that is several collectives inside has the user's name. */
static int named_by_the_user(MPI_Comm comm, void *argument)
{
    (void)argument;
    int rank;
    MPI_Comm made;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    keep_text();
    if (rank == 0) {
        CHECK_OK(MPI_Bcast((char[8]){0}, 8, MPI_BYTE, 0, comm));
        return 0;
    }
    CHECK_FAILS(MPI_Comm_dup(comm, &made), MPI_ERR_OTHER);
    CHECK_SAYS("rank 1 is in MPI_Comm_dup(), rank 0 in MPI_Bcast(root=0)");
    return 0;
}

static void calls_have_the_names_that_the_program_used(void **state)
{
    (void)state;
    run_ranks(2, named_by_the_user, NULL);
}

/* ---- Same call, other data ---- */

static int different_data(MPI_Comm comm, void *argument)
{
    (void)argument;
    int rank, numbers[4] = {0};
    float real = 0;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    keep_text();
    if (rank == 0) {
        CHECK_OK(MPI_Bcast(numbers, 2, MPI_INT, 0, comm));
        CHECK_OK(MPI_Bcast(numbers, 2, MPI_INT, 0, comm));
        CHECK_OK(MPI_Bcast(numbers, 1, MPI_INT, 0, comm));
        CHECK_OK(MPI_Bcast(numbers, 1, MPI_INT, 0, comm));
        CHECK_OK(MPI_Bcast(numbers, 0, MPI_INT, 0, comm));
        return 0;
    }
    CHECK_FAILS(MPI_Bcast(numbers, 1, MPI_INT, 0, comm), MPI_ERR_TRUNCATE);
    CHECK_SAYS("rank 0 sends more (MPI_INT) in MPI_Bcast(root=0) than the 4 bytes (MPI_INT) that rank 1 expects");
    CHECK_FAILS(MPI_Bcast(numbers, 3, MPI_INT, 0, comm), MPI_ERR_COUNT);
    CHECK_SAYS("rank 0 sends 8 bytes (MPI_INT) in MPI_Bcast(root=0), rank 1 expects 12 (MPI_INT)");
    CHECK_FAILS(MPI_Bcast(&real, 1, MPI_FLOAT, 0, comm), MPI_ERR_TYPE);
    CHECK_SAYS("rank 0 sends MPI_INT in MPI_Bcast(root=0), rank 1 expects MPI_FLOAT");
    CHECK_OK(MPI_Bcast(numbers, 4, MPI_BYTE, 0, comm)); /* bytes match anything */
    CHECK_FAILS(MPI_Bcast(numbers, 1, MPI_INT, 0, comm), MPI_ERR_COUNT);
    return 0;
}

static int gathered_data(MPI_Comm comm, void *argument)
{
    (void)argument;
    int rank, size, numbers[64] = {0};
    double real = 0;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    CHECK_OK(MPI_Comm_size(comm, &size));
    keep_text();
    if (rank == 2) {
        CHECK_OK(MPI_Gather(&real, 1, MPI_DOUBLE, NULL, 0, MPI_INT, 0, comm));
    } else if (rank != 0) {
        CHECK_OK(MPI_Gather(numbers + 32, 2, MPI_INT, NULL, 0, MPI_INT, 0, comm));
    } else {
        CHECK_FAILS(MPI_Gather(numbers + 32, 2, MPI_INT, numbers, 2, MPI_INT, 0, comm), MPI_ERR_TYPE);
        CHECK_SAYS("rank 2 sends MPI_DOUBLE in MPI_Gather(root=0), rank 0 expects MPI_INT");
        CHECK_FAILS(MPI_Allgather(numbers + 32, 2, MPI_INT, numbers, 1, MPI_INT, MPI_COMM_SELF), MPI_ERR_TRUNCATE);
        CHECK_FAILS(MPI_Allgather(numbers + 32, 2, MPI_INT, numbers, 4, MPI_INT, MPI_COMM_SELF), MPI_ERR_COUNT);
    }
    return 0;
}

static void data_that_differs_is_an_error_that_says_how(void **state)
{
    (void)state;
    run_ranks(2, different_data, NULL);
    run_ranks(4, gathered_data, NULL);
}

/* ---- Arguments ---- */

static int wrong_arguments(MPI_Comm comm, void *argument)
{
    (void)argument;
    int rank, size, data[32] = {0}, more[32] = {0}, counts[RANKS_MAX], places[RANKS_MAX];
    MPI_Datatype loose, gone;
    MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    CHECK_OK(MPI_Comm_size(comm, &size));
    for (int i = 0; i < size; i++)
        counts[i] = places[i] = i;
    CHECK_OK(MPI_Type_contiguous(2, MPI_INT, &loose));

    CHECK_FAILS(MPI_Bcast(data, 1, MPI_INT, size, comm), MPI_ERR_ROOT);
    CHECK_FAILS(MPI_Bcast(data, 1, MPI_INT, -1, comm), MPI_ERR_ROOT);
    CHECK_FAILS(MPI_Bcast(data, -1, MPI_INT, 0, comm), MPI_ERR_COUNT);
    CHECK_FAILS(MPI_Bcast(data, 1, loose, 0, comm), MPI_ERR_TYPE);
    CHECK_FAILS(MPI_Bcast(data, 1, MPI_DATATYPE_NULL, 0, comm), MPI_ERR_TYPE);
    CHECK_FAILS(MPI_Bcast(NULL, 1, MPI_INT, 0, comm), MPI_ERR_BUFFER);
    CHECK_FAILS(MPI_Bcast(MPI_IN_PLACE, 1, MPI_INT, 0, comm), MPI_ERR_BUFFER);
    gone = loose;
    CHECK_OK(MPI_Type_free(&loose));
    CHECK_FAILS(MPI_Bcast(data, 1, gone, 0, comm), MPI_ERR_TYPE);
    CHECK_FAILS(MPI_Barrier(MPI_COMM_NULL), MPI_ERR_COMM);

    CHECK_FAILS(MPI_Allreduce(data, data, 4, MPI_INT, MPI_SUM, comm), MPI_ERR_BUFFER);
    CHECK_FAILS(MPI_Allreduce(data, data + 3, 4, MPI_INT, MPI_SUM, comm), MPI_ERR_BUFFER);
    CHECK_FAILS(MPI_Allreduce(data, more, 4, MPI_CHAR, MPI_SUM, comm), MPI_ERR_OP);
    CHECK_FAILS(MPI_Allreduce(data, more, 4, MPI_FLOAT, MPI_BAND, comm), MPI_ERR_OP);
    CHECK_FAILS(MPI_Allreduce(data, more, 4, MPI_INT, MPI_OP_NULL, comm), MPI_ERR_OP);
    CHECK_FAILS(MPI_Allreduce(data, more, 4, MPI_INT, MPI_REPLACE, comm), MPI_ERR_OP);
    CHECK_FAILS(MPI_Allreduce(data, MPI_IN_PLACE, 4, MPI_INT, MPI_SUM, comm), MPI_ERR_BUFFER);
    CHECK_FAILS(MPI_Reduce(MPI_IN_PLACE, more, 4, MPI_INT, MPI_SUM, (rank + 1) % size, comm), MPI_ERR_BUFFER);
    CHECK_FAILS(MPI_Scan(data, data, 1, MPI_INT, MPI_SUM, comm), MPI_ERR_BUFFER);
    CHECK_FAILS(MPI_Exscan(data, more, -1, MPI_INT, MPI_SUM, comm), MPI_ERR_COUNT);

    CHECK_FAILS(MPI_Allgather(data, 1, MPI_INT, data, 1, MPI_INT, comm), MPI_ERR_BUFFER);
    CHECK_FAILS(MPI_Alltoall(data, 1, MPI_INT, data + 1, 1, MPI_INT, comm), MPI_ERR_BUFFER);
    CHECK_FAILS(MPI_Alltoall(data, 1, MPI_INT, MPI_IN_PLACE, 1, MPI_INT, comm), MPI_ERR_BUFFER);
    CHECK_FAILS(MPI_Gather(MPI_IN_PLACE, 1, MPI_INT, more, 1, MPI_INT, (rank + 1) % size, comm), MPI_ERR_BUFFER);
    counts[1] = -1;
    CHECK_FAILS(MPI_Allgatherv(data, 0, MPI_INT, more, counts, places, MPI_INT, comm), MPI_ERR_COUNT);
    CHECK_FAILS(MPI_Reduce_scatter(data, more, counts, MPI_INT, MPI_SUM, comm), MPI_ERR_COUNT);
    CHECK_OK(MPI_Barrier(comm)); /* nothing of all this has left a trace */
    CHECK_OK(MPI_Allreduce(&rank, data, 1, MPI_INT, MPI_SUM, comm));
    CHECK(data[0] == size * (size - 1) / 2);
    return 0;
}

static void wrong_arguments_are_refused_by_class_and_leave_no_trace(void **state)
{
    (void)state;
    run_ranks(3, wrong_arguments, NULL);
}

static int gaps_may_interlock(MPI_Comm comm, void *argument)
{
    (void)argument;
    int rank, size, matrix[64];
    MPI_Datatype column, one;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    CHECK_OK(MPI_Comm_size(comm, &size));
    for (int i = 0; i < 64; i++)
        matrix[i] = rank;
    CHECK_OK(MPI_Type_vector(4, 1, 2, MPI_INT, &one));
    CHECK_OK(MPI_Type_create_resized(one, 0, 8 * (MPI_Aint)sizeof(int), &column));
    CHECK_OK(MPI_Type_commit(&column));
    /* even places are sent, odd ones received */
    CHECK_OK(MPI_Alltoall(matrix, 1, column, matrix + 1, 1, column, comm));
    for (int i = 0; i < 8 * size; i++)
        CHECK(matrix[i] == (i % 2 ? i / 8 : rank));
    return 0;
}

static void buffers_with_gaps_may_lie_in_between_each_other(void **state)
{
    (void)state;
    run_ranks(4, gaps_may_interlock, NULL);
}

/* ---- Several communicators, many calls ---- */

static int many_calls(MPI_Comm comm, void *argument)
{
    (void)argument;
    int rank, size, sum;
    MPI_Comm dup, half;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    CHECK_OK(MPI_Comm_size(comm, &size));
    CHECK_OK(MPI_Comm_dup(comm, &dup));
    CHECK_OK(MPI_Comm_split(comm, rank % 2, -rank, &half));
    for (int round = 0; round < 300; round++) {
        int root = round % size, number = rank == root ? round : -1, place, half_size;
        CHECK_OK(MPI_Bcast(&number, 1, MPI_INT, root, round % 2 ? comm : dup));
        CHECK(number == round);
        CHECK_OK(MPI_Comm_rank(half, &place));
        CHECK_OK(MPI_Comm_size(half, &half_size));
        CHECK_OK(MPI_Scan(&(int){1}, &sum, 1, MPI_INT, MPI_SUM, half));
        CHECK(sum == place + 1);
        CHECK_OK(MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_MAX, half));
        CHECK(sum % 2 == rank % 2 && sum >= size - 2);
    }
    CHECK_OK(MPI_Comm_free(&dup));
    CHECK_OK(MPI_Comm_free(&half));
    return 0;
}

static void calls_on_several_communicators_do_not_mix(void **state)
{
    (void)state;
    run_ranks(7, many_calls, NULL);
    setenv("MPIMOCK_SENDS", "sync", 1);
    run_ranks(7, many_calls, NULL);
    unsetenv("MPIMOCK_SENDS");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_that_differ_are_errors_that_name_both_sides),
        cmocka_unit_test(calls_that_differed_without_a_message_are_found_by_the_next),
        cmocka_unit_test(calls_have_the_names_that_the_program_used),
        cmocka_unit_test(data_that_differs_is_an_error_that_says_how),
        cmocka_unit_test(wrong_arguments_are_refused_by_class_and_leave_no_trace),
        cmocka_unit_test(buffers_with_gaps_may_lie_in_between_each_other),
        cmocka_unit_test(calls_on_several_communicators_do_not_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
