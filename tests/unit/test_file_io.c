/* SPDX-License-Identifier: BSD-2-Clause */
/* test_file_io.c: reading and writing: the end of a file, large data, mistakes, collectives, atomic mode. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "place.h"
#include "ranks.h"

static int open_new(MPI_Comm comm, const char *path, MPI_File *file)
{
    return MPI_File_open(comm, path, MPI_MODE_RDWR | MPI_MODE_CREATE, MPI_INFO_NULL, file);
}

static int read_until_the_end(MPI_Comm comm, void *argument)
{
    MPI_File file;
    MPI_Status status;
    int values[4], count = -1;
    CHECK_OK(open_new(comm, argument, &file));
    CHECK_OK(MPI_File_set_view(file, 0, MPI_INT, MPI_INT, "native", MPI_INFO_NULL));
    CHECK_OK(MPI_File_write(file, (int[]){1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 10, MPI_INT, &status));
    CHECK_OK(MPI_Get_count(&status, MPI_INT, &count));
    CHECK(count == 10);
    CHECK_OK(MPI_File_seek(file, 0, MPI_SEEK_SET));

    /* 4, 4, 2, and nothing more, as often as one asks. */
    const int expected[] = {4, 4, 2, 0, 0};
    for (int i = 0, next = 1; i < 5; i++) {
        memset(values, 0, sizeof values);
        CHECK_OK(MPI_File_read(file, values, 4, MPI_INT, &status));
        CHECK_OK(MPI_Get_count(&status, MPI_INT, &count));
        CHECK(count == expected[i]);
        for (int j = 0; j < 4; j++)
            CHECK(values[j] == (j < count ? next++ : 0));
    }
    MPI_Offset position = -1;
    CHECK_OK(MPI_File_get_position(file, &position));
    CHECK(position == 10);
    CHECK_OK(MPI_File_read_at(file, 1000, values, 4, MPI_INT, &status));
    CHECK_OK(MPI_Get_count(&status, MPI_INT, &count));
    CHECK(count == 0);

    /* A file that ends inside an int. */
    CHECK_OK(MPI_File_set_size(file, 6));
    CHECK_OK(MPI_File_read_at(file, 0, values, 4, MPI_INT, &status));
    CHECK_OK(MPI_Get_count(&status, MPI_INT, &count));
    CHECK(count == MPI_UNDEFINED);
    CHECK_OK(MPI_Get_count(&status, MPI_BYTE, &count));
    CHECK(count == 6);
    return MPI_File_close(&file);
}

static void end_of_file_is_a_short_count_and_no_error(void **state)
{
    run_ranks(1, read_until_the_end, ((struct place *)*state)->file);
}

static int end_for_some(MPI_Comm comm, void *argument)
{
    int rank, count = -1, value = -1;
    MPI_File file;
    MPI_Status status;
    MPI_Comm_rank(comm, &rank);
    CHECK_OK(open_new(comm, argument, &file));
    CHECK_OK(MPI_File_set_view(file, 0, MPI_INT, MPI_INT, "native", MPI_INFO_NULL));
    CHECK_OK(MPI_File_write_at_all(file, rank, &rank, rank < 2 ? 1 : 0, MPI_INT, &status));
    CHECK_OK(MPI_File_sync(file));
    CHECK_OK(MPI_File_read_at_all(file, rank, &value, 1, MPI_INT, &status));
    CHECK_OK(MPI_Get_count(&status, MPI_INT, &count));
    CHECK(count == (rank < 2 ? 1 : 0) && value == (rank < 2 ? rank : -1));

    /* Individual pointers are each rank's own. */
    CHECK_OK(MPI_File_seek(file, rank % 2, MPI_SEEK_SET));
    CHECK_OK(MPI_File_read_all(file, &value, 1, MPI_INT, &status));
    CHECK(value == rank % 2);
    return MPI_File_close(&file);
}

static void ranks_beyond_the_end_read_nothing_while_others_read(void **state)
{
    run_ranks(4, end_for_some, ((struct place *)*state)->file);
}

/* More than the buffer that strided data goes through, in memory and in the file. */
static int large(MPI_Comm comm, void *argument)
{
    enum { elements = 700001 };
    int rank;
    int *values = malloc(2 * elements * sizeof *values), *back = calloc(2 * elements, sizeof *back);
    MPI_File file;
    MPI_Datatype memory, single, filetype;
    MPI_Status status;
    int count = -1;
    MPI_Comm_rank(comm, &rank);
    CHECK(values != NULL && back != NULL);
    for (int i = 0; i < 2 * elements; i++)
        values[i] = 2 * i + rank;
    CHECK_OK(MPI_Type_vector(elements, 1, 2, MPI_INT, &memory));
    CHECK_OK(MPI_Type_commit(&memory));
    /* Two ranks in turn, three ints each. */
    CHECK_OK(MPI_Type_contiguous(3, MPI_INT, &single));
    CHECK_OK(MPI_Type_create_resized(single, 0, 6 * sizeof(int), &filetype));
    CHECK_OK(MPI_Type_commit(&filetype));
    CHECK_OK(open_new(comm, argument, &file));
    CHECK_OK(MPI_File_set_view(file, rank * 3 * (MPI_Offset)sizeof(int), MPI_INT, filetype, "native", MPI_INFO_NULL));
    CHECK_OK(MPI_File_write_all(file, values, 1, memory, &status));
    CHECK_OK(MPI_Get_count(&status, MPI_INT, &count));
    CHECK(count == elements);
    CHECK_OK(MPI_File_seek(file, 0, MPI_SEEK_SET));
    CHECK_OK(MPI_File_read_all(file, back, 1, memory, &status));
    CHECK_OK(MPI_Get_count(&status, MPI_INT, &count));
    CHECK(count == elements);
    for (int i = 0; i < 2 * elements - 1; i++)
        CHECK(back[i] == (i % 2 == 0 ? values[i] : 0));

    /* Contiguous memory, and what lies in the file. */
    CHECK_OK(MPI_File_set_view(file, 0, MPI_INT, MPI_INT, "native", MPI_INFO_NULL));
    CHECK_OK(MPI_File_read_at(file, 0, back, elements, MPI_INT, &status));
    for (int i = 0; i < elements; i++)
        CHECK(back[i] == 2 * (2 * (i / 6 * 3 + i % 3)) + i / 3 % 2);
    free(values);
    free(back);
    MPI_Type_free(&memory);
    MPI_Type_free(&single);
    MPI_Type_free(&filetype);
    return MPI_File_close(&file);
}

static void large_strided_data_comes_back_whole(void **state)
{
    run_ranks(2, large, ((struct place *)*state)->file);
}

/* ---- Mistakes ---- */

static int mistakes(MPI_Comm comm, void *argument)
{
    MPI_File file;
    MPI_Datatype type;
    int value = 1, rank;
    MPI_Comm_rank(comm, &rank);
    CHECK_OK(MPI_File_open(comm, argument, MPI_MODE_WRONLY | MPI_MODE_CREATE, MPI_INFO_NULL, &file));
    CHECK_FAILS(MPI_File_read(file, &value, 1, MPI_INT, MPI_STATUS_IGNORE), MPI_ERR_ACCESS);
    CHECK_FAILS(MPI_File_read_all(file, &value, 1, MPI_INT, MPI_STATUS_IGNORE), MPI_ERR_ACCESS);
    CHECK_FAILS(MPI_File_write(file, &value, -1, MPI_INT, MPI_STATUS_IGNORE), MPI_ERR_COUNT);
    CHECK_FAILS(MPI_File_write(file, &value, 1, MPI_DATATYPE_NULL, MPI_STATUS_IGNORE), MPI_ERR_TYPE);
    CHECK_FAILS(MPI_File_write_at(file, -1, &value, 1, MPI_INT, MPI_STATUS_IGNORE), MPI_ERR_ARG);
    CHECK_FAILS(MPI_File_write_at(file, INT64_MAX, &value, 1, MPI_INT, MPI_STATUS_IGNORE), MPI_ERR_ARG);
    CHECK_FAILS(MPI_File_write(file, NULL, 1, MPI_INT, MPI_STATUS_IGNORE), MPI_ERR_BUFFER);
    CHECK_OK(MPI_File_write(file, NULL, 0, MPI_INT, MPI_STATUS_IGNORE));
    CHECK_OK(MPI_Type_vector(2, 1, 2, MPI_INT, &type));
    CHECK_FAILS(MPI_File_write(file, &value, 1, type, MPI_STATUS_IGNORE), MPI_ERR_TYPE); /* not committed */
    MPI_Type_free(&type);
    CHECK_OK(MPI_File_set_view(file, 0, MPI_DOUBLE, MPI_DOUBLE, "native", MPI_INFO_NULL));
    CHECK_FAILS(MPI_File_write(file, &value, 1, MPI_INT, MPI_STATUS_IGNORE), MPI_ERR_ARG); /* half an etype */
    MPI_Offset size = -1;
    CHECK_OK(MPI_File_get_size(file, &size));
    CHECK(size == 0);
    CHECK_OK(MPI_File_close(&file));

    CHECK_OK(MPI_File_open(comm, argument, MPI_MODE_RDONLY, MPI_INFO_NULL, &file));
    CHECK_FAILS(MPI_File_write(file, &value, 1, MPI_INT, MPI_STATUS_IGNORE), MPI_ERR_READ_ONLY);
    CHECK_FAILS(MPI_File_write_at_all(file, 0, &value, 1, MPI_INT, MPI_STATUS_IGNORE), MPI_ERR_READ_ONLY);
    return MPI_File_close(&file);
}

static void mistakes_are_errors_of_their_class_and_write_nothing(void **state)
{
    run_ranks(2, mistakes, ((struct place *)*state)->file);
}

static int full_device(MPI_Comm comm, void *argument)
{
    (void)argument;
    MPI_File file;
    MPI_Status status;
    int count = -1;
    CHECK_OK(MPI_File_open(comm, "/dev/full", MPI_MODE_WRONLY, MPI_INFO_NULL, &file));
    CHECK_FAILS(MPI_File_write(file, "x", 1, MPI_CHAR, &status), MPI_ERR_NO_SPACE);
    CHECK_OK(MPI_Get_count(&status, MPI_CHAR, &count));
    CHECK(count == 0);
    return MPI_File_close(&file);
}

static void full_device_is_an_error_of_its_own(void **state)
{
    (void)state;
    if (access("/dev/full", W_OK) != 0)
        skip();
    run_ranks(1, full_device, NULL);
}

static int collective_mistakes(MPI_Comm comm, void *argument)
{
    int rank, value = 1;
    MPI_File file;
    MPI_Comm_rank(comm, &rank);
    CHECK_OK(open_new(comm, argument, &file));
    CHECK_FAILS(MPI_File_write_all(file, &value, rank == 1 ? -1 : 1, MPI_INT, MPI_STATUS_IGNORE), MPI_ERR_COUNT);
    MPI_Offset size = -1;
    CHECK_OK(MPI_File_get_size(file, &size));
    CHECK(size == 0);
    return MPI_File_close(&file);
}

static void mistake_of_one_rank_in_a_collective_is_an_error_on_all(void **state)
{
    run_ranks(3, collective_mistakes, ((struct place *)*state)->file);
}

static int read_and_write(MPI_Comm comm, void *argument)
{
    int rank, value = 1;
    MPI_File file;
    MPI_Comm_rank(comm, &rank);
    CHECK_OK(open_new(comm, argument, &file));
    int error = rank == 0 ? MPI_File_read_all(file, &value, 1, MPI_INT, MPI_STATUS_IGNORE)
                          : MPI_File_write_all(file, &value, 1, MPI_INT, MPI_STATUS_IGNORE);
    return error != MPI_SUCCESS ? 7 : 0;
}

/* Whoever meets it first is told; those who still wait for that rank are ended as a deadlock. */
static void reading_while_others_write_is_found_out(void **state)
{
    int results[3] = {0};
    struct place *place = *state;
    mpimock_exec(3, read_and_write, place->file, results);
    for (int i = 0; i < 3; i++)
        assert_int_not_equal(results[i], 0);
}

/* ---- Atomic mode ---- */

/* Two ranks write the same strided range again and again, each its own value; a third reads: never a mixture. */
static int atomic_mode(MPI_Comm comm, void *argument)
{
    enum { elements = 512, rounds = 50 };
    int rank, values[elements];
    MPI_File file;
    MPI_Datatype single, filetype;
    MPI_Comm_rank(comm, &rank);
    CHECK_OK(MPI_Type_contiguous(1, MPI_INT, &single));
    CHECK_OK(MPI_Type_create_resized(single, 0, 2 * sizeof(int), &filetype));
    CHECK_OK(MPI_Type_commit(&filetype));
    CHECK_OK(open_new(comm, argument, &file));
    CHECK_OK(MPI_File_set_view(file, 0, MPI_INT, filetype, "native", MPI_INFO_NULL));
    CHECK_OK(MPI_File_set_atomicity(file, 1));
    for (int i = 0; i < elements; i++)
        values[i] = rank;
    CHECK_OK(MPI_File_write_at_all(file, 0, values, elements, MPI_INT, MPI_STATUS_IGNORE));
    CHECK_OK(MPI_Barrier(comm));
    for (int round = 0; round < rounds; round++) {
        if (rank < 2) {
            CHECK_OK(MPI_File_write_at(file, 0, values, elements, MPI_INT, MPI_STATUS_IGNORE));
            continue;
        }
        CHECK_OK(MPI_File_read_at(file, 0, values, elements, MPI_INT, MPI_STATUS_IGNORE));
        for (int i = 1; i < elements; i++)
            CHECK(values[i] == values[0]);
    }
    MPI_Type_free(&single);
    MPI_Type_free(&filetype);
    return MPI_File_close(&file);
}

static void atomic_accesses_are_never_mixed(void **state)
{
    run_ranks(3, atomic_mode, ((struct place *)*state)->file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(end_of_file_is_a_short_count_and_no_error, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(ranks_beyond_the_end_read_nothing_while_others_read, place_setup,
                                        place_teardown),
        cmocka_unit_test_setup_teardown(large_strided_data_comes_back_whole, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(mistakes_are_errors_of_their_class_and_write_nothing, place_setup,
                                        place_teardown),
        cmocka_unit_test(full_device_is_an_error_of_its_own),
        cmocka_unit_test_setup_teardown(mistake_of_one_rank_in_a_collective_is_an_error_on_all, place_setup,
                                        place_teardown),
        cmocka_unit_test_setup_teardown(reading_while_others_write_is_found_out, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(atomic_accesses_are_never_mixed, place_setup, place_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
