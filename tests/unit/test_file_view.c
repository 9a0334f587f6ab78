/* SPDX-License-Identifier: BSD-2-Clause */
/* test_file_view.c: views and positions against a naive model, and what a view must not be. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "place.h"
#include "ranks.h"

static int open_new(MPI_Comm comm, const char *path, MPI_File *file)
{
    return MPI_File_open(comm, path, MPI_MODE_RDWR | MPI_MODE_CREATE, MPI_INFO_NULL, file);
}

/* ---- A model of views: every byte on its own ---- */

#define BLOCKS_MAX  5
#define MODEL_BYTES 16384
#define OPERATIONS  30

struct model {
    int unit; /* bytes of the etype */
    int blocks;
    int lengths[BLOCKS_MAX], begins[BLOCKS_MAX]; /* in etypes */
    int size, extent;                            /* likewise */
    int disp;                                    /* in bytes */
    unsigned char file[MODEL_BYTES];
    int file_size;
};

/* Where byte number `i` of the view's data is in the file. */
static int model_position(const struct model *model, int i)
{
    int etype = i / model->unit, tile = etype / model->size, rest = etype % model->size, block = 0;
    while (rest >= model->lengths[block])
        rest -= model->lengths[block++];
    return model->disp + (tile * model->extent + model->begins[block] + rest) * model->unit + i % model->unit;
}

static unsigned random_below(unsigned *seed, unsigned limit)
{
    *seed = *seed * 1103515245u + 12345u;
    return (*seed >> 16) % limit;
}

static void model_random(struct model *model, unsigned *seed)
{
    memset(model, 0, sizeof *model);
    model->unit = (int[]){1, 4, 8}[random_below(seed, 3)];
    model->blocks = 1 + (int)random_below(seed, BLOCKS_MAX);
    model->disp = (int)random_below(seed, 20);
    int end = 0;
    for (int i = 0; i < model->blocks; i++) {
        model->begins[i] = end + (int)random_below(seed, 4);
        model->lengths[i] = 1 + (int)random_below(seed, 4);
        end = model->begins[i] + model->lengths[i];
        model->size += model->lengths[i];
    }
    /* The next copy may begin in the gap that this one begins with. */
    model->extent = end - (int)random_below(seed, (unsigned)model->begins[0] + 1) + (int)random_below(seed, 4);
}

static MPI_Datatype model_etype(const struct model *model)
{
    return model->unit == 1 ? MPI_BYTE : model->unit == 4 ? MPI_INT : MPI_DOUBLE;
}

static int model_filetype(const struct model *model, MPI_Datatype *type)
{
    MPI_Datatype indexed;
    CHECK_OK(MPI_Type_indexed(model->blocks, model->lengths, model->begins, model_etype(model), &indexed));
    CHECK_OK(MPI_Type_create_resized(indexed, 0, (MPI_Aint)model->extent * model->unit, type));
    CHECK_OK(MPI_Type_commit(type));
    return MPI_Type_free(&indexed);
}

/* Memory for `count` etypes: side by side, or every second place. */
static int memory_type(const struct model *model, bool strided, int count, MPI_Datatype *type)
{
    CHECK_OK(strided ? MPI_Type_vector(count, 1, 2, model_etype(model), type)
                     : MPI_Type_contiguous(count, model_etype(model), type));
    return MPI_Type_commit(type);
}

static int memory_place(const struct model *model, bool strided, int i)
{
    return strided ? i / model->unit * 2 * model->unit + i % model->unit : i;
}

/* One write or read at a random place, of the file and of the model. */
static int random_access(MPI_File file, struct model *model, unsigned *seed)
{
    int offset = (int)random_below(seed, 60), count = (int)random_below(seed, 40);
    bool strided = random_below(seed, 2), at = random_below(seed, 2), write = random_below(seed, 2);
    unsigned char memory[2 * 40 * 8], expected[2 * 40 * 8];
    MPI_Datatype type;
    MPI_Status status;
    CHECK(memory_type(model, strided, count, &type) == 0);
    for (size_t i = 0; i < sizeof memory; i++)
        expected[i] = memory[i] = (unsigned char)random_below(seed, 256);
    if (!at)
        CHECK_OK(MPI_File_seek(file, offset, MPI_SEEK_SET));
    if (write)
        CHECK_OK(at ? MPI_File_write_at(file, offset, memory, 1, type, &status)
                    : MPI_File_write(file, memory, 1, type, &status));
    else
        CHECK_OK(at ? MPI_File_read_at(file, offset, memory, 1, type, &status)
                    : MPI_File_read(file, memory, 1, type, &status));

    int done = 0;
    for (int i = 0; i < count * model->unit; i++) {
        int position = model_position(model, offset * model->unit + i), place = memory_place(model, strided, i);
        if (write) {
            model->file[position] = memory[place];
            model->file_size = position + 1 > model->file_size ? position + 1 : model->file_size;
        } else if (position < model->file_size) {
            expected[place] = model->file[position];
        } else {
            break;
        }
        done++;
    }
    CHECK(memcmp(memory, expected, sizeof memory) == 0); /* also what lies between strided data */
    int bytes = -1;
    CHECK_OK(MPI_Get_count(&status, MPI_BYTE, &bytes));
    CHECK(bytes == done);
    if (!at) {
        MPI_Offset position = -1;
        CHECK_OK(MPI_File_get_position(file, &position));
        CHECK(position == offset + (done + model->unit - 1) / model->unit);
    }
    return MPI_Type_free(&type);
}

/* The file as it is, and what the positions say of it. */
static int same_as_model(MPI_File file, const char *path, const struct model *model)
{
    unsigned char found[MODEL_BYTES];
    int descriptor = open(path, O_RDONLY);
    CHECK(descriptor >= 0);
    ssize_t length = read(descriptor, found, sizeof found);
    close(descriptor);
    CHECK(length == model->file_size);
    CHECK(memcmp(found, model->file, (size_t)length) == 0);

    MPI_Offset end = -1, disp = -1;
    int bytes = 0;
    while (model_position(model, bytes) < model->file_size)
        bytes++;
    CHECK_OK(MPI_File_seek(file, 0, MPI_SEEK_END));
    CHECK_OK(MPI_File_get_position(file, &end));
    CHECK(end == (bytes + model->unit - 1) / model->unit);
    for (int etype = 0; etype < 30; etype++) {
        CHECK_OK(MPI_File_get_byte_offset(file, etype, &disp));
        CHECK(disp == model_position(model, etype * model->unit));
    }
    return 0;
}

static int random_views(MPI_Comm comm, void *argument)
{
    const char *path = argument;
    unsigned seed = 20240229;
    printf("seed %u\n", seed);
    for (int round = 0; round < 100; round++) {
        struct model model;
        MPI_Datatype filetype;
        MPI_File file;
        model_random(&model, &seed);
        CHECK(model_filetype(&model, &filetype) == 0);
        CHECK_OK(open_new(comm, path, &file));
        CHECK_OK(MPI_File_set_view(file, model.disp, model_etype(&model), filetype, "native", MPI_INFO_NULL));
        CHECK_OK(MPI_Type_free(&filetype)); /* the view does not need it any more */
        for (int i = 0; i < OPERATIONS; i++)
            CHECK(random_access(file, &model, &seed) == 0);
        CHECK(same_as_model(file, path, &model) == 0);
        CHECK_OK(MPI_File_close(&file));
        CHECK(unlink(path) == 0);
    }
    return 0;
}

static void data_goes_where_a_naive_model_says(void **state)
{
    run_ranks(1, random_views, ((struct place *)*state)->file);
}

/* ---- A distributed array, written in one decomposition and read in others ---- */

#define ROWS    24
#define COLUMNS 36

static int subarray(int row, int rows, int column, int columns, MPI_Datatype *type)
{
    CHECK_OK(MPI_Type_create_subarray(2, (int[]){ROWS, COLUMNS}, (int[]){rows, columns}, (int[]){row, column},
                                      MPI_ORDER_C, MPI_INT, type));
    return MPI_Type_commit(type);
}

/* This rank's part of a grid of `down` by `across` blocks. */
static int part(MPI_Comm comm, MPI_File file, int down, int across, bool write)
{
    int rank;
    MPI_Comm_rank(comm, &rank);
    int rows = ROWS / down, columns = COLUMNS / across, row = rank / across * rows, column = rank % across * columns;
    int values[ROWS * COLUMNS];
    MPI_Datatype type;
    MPI_Status status;
    int count = -1;
    CHECK(subarray(row, rows, column, columns, &type) == 0);
    CHECK_OK(MPI_File_set_view(file, 16, MPI_INT, type, "native", MPI_INFO_NULL));
    for (int i = 0; i < rows * columns; i++)
        values[i] = write ? (row + i / columns) * 1000 + column + i % columns : -1;
    CHECK_OK(write ? MPI_File_write_all(file, values, rows * columns, MPI_INT, &status)
                   : MPI_File_read_all(file, values, rows * columns, MPI_INT, &status));
    CHECK_OK(MPI_Get_count(&status, MPI_INT, &count));
    CHECK(count == rows * columns);
    for (int i = 0; i < rows * columns; i++)
        CHECK(values[i] == (row + i / columns) * 1000 + column + i % columns);
    return MPI_Type_free(&type);
}

static int decompositions(MPI_Comm comm, void *argument)
{
    const char *path = argument;
    const int grids[][2] = {{2, 3}, {6, 1}, {1, 6}, {3, 2}};
    int rank;
    MPI_File file;
    MPI_Comm_rank(comm, &rank);
    for (int i = 0; i < 4; i++) {
        CHECK_OK(open_new(comm, path, &file));
        CHECK(part(comm, file, grids[i][0], grids[i][1], true) == 0);
        MPI_Offset size = -1;
        CHECK_OK(MPI_Barrier(comm));
        CHECK_OK(MPI_File_get_size(file, &size));
        CHECK(size == 16 + ROWS * COLUMNS * (MPI_Offset)sizeof(int));
        for (int j = 0; j < 4; j++)
            CHECK(part(comm, file, grids[j][0], grids[j][1], false) == 0);
        CHECK_OK(MPI_File_close(&file));
        if (rank == 0)
            CHECK(unlink(path) == 0);
        CHECK_OK(MPI_Barrier(comm));
    }
    return 0;
}

static void array_written_in_one_decomposition_reads_back_in_all(void **state)
{
    run_ranks(6, decompositions, ((struct place *)*state)->file);
}

/* A halo: the local array has a border that does not go to the file. Both sides have holes. */
static int with_halo(MPI_Comm comm, void *argument)
{
    enum { inner = 4, outer = inner + 2 };
    int rank, size, local[outer][outer];
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &size);
    MPI_Datatype memory, filetype;
    MPI_File file;
    CHECK_OK(MPI_Type_create_subarray(2, (int[]){outer, outer}, (int[]){inner, inner}, (int[]){1, 1}, MPI_ORDER_C,
                                      MPI_INT, &memory));
    CHECK_OK(MPI_Type_commit(&memory));
    CHECK_OK(MPI_Type_create_subarray(2, (int[]){inner, inner * size}, (int[]){inner, inner}, (int[]){0, inner * rank},
                                      MPI_ORDER_C, MPI_INT, &filetype));
    CHECK_OK(MPI_Type_commit(&filetype));
    for (int i = 0; i < outer * outer; i++)
        local[i / outer][i % outer] = 100 * rank + i;
    CHECK_OK(open_new(comm, argument, &file));
    CHECK_OK(MPI_File_set_view(file, 0, MPI_INT, filetype, "native", MPI_INFO_NULL));
    CHECK_OK(MPI_File_write_at_all(file, 0, local, 1, memory, MPI_STATUS_IGNORE));
    CHECK_OK(MPI_Barrier(comm));

    int all[inner][inner * RANKS_MAX];
    CHECK_OK(MPI_File_set_view(file, 0, MPI_INT, MPI_INT, "native", MPI_INFO_NULL));
    for (int row = 0; row < inner; row++)
        CHECK_OK(
            MPI_File_read_at(file, (MPI_Offset)row * inner * size, all[row], inner * size, MPI_INT, MPI_STATUS_IGNORE));
    for (int row = 0; row < inner; row++)
        for (int column = 0; column < inner * size; column++)
            CHECK(all[row][column] == 100 * (column / inner) + (row + 1) * outer + column % inner + 1);
    MPI_Type_free(&memory);
    MPI_Type_free(&filetype);
    return MPI_File_close(&file);
}

static void border_of_a_local_array_stays_out_of_the_file(void **state)
{
    run_ranks(3, with_halo, ((struct place *)*state)->file);
}

/* Records of a struct with padding, one field of them only. */
static int field_of_records(MPI_Comm comm, void *argument)
{
    struct record {
        char tag;
        double value;
        int number;
    } records[8];
    memset(records, 0, sizeof records);
    for (int i = 0; i < 8; i++)
        records[i] = (struct record){(char)('a' + i), i + 0.5, i * 3};
    MPI_File file;
    MPI_Datatype field, resized;
    CHECK_OK(open_new(comm, argument, &file));
    CHECK_OK(MPI_File_write(file, records, sizeof records, MPI_BYTE, MPI_STATUS_IGNORE));
    MPI_Aint where = offsetof(struct record, value);
    CHECK_OK(MPI_Type_create_struct(1, (int[]){1}, &where, (MPI_Datatype[]){MPI_DOUBLE}, &field));
    CHECK_OK(MPI_Type_create_resized(field, 0, sizeof(struct record), &resized));
    CHECK_OK(MPI_Type_commit(&resized));
    CHECK_OK(MPI_File_set_view(file, 0, MPI_DOUBLE, resized, "native", MPI_INFO_NULL));
    double values[10];
    MPI_Status status;
    int count = -1;
    CHECK_OK(MPI_File_read(file, values, 10, MPI_DOUBLE, &status));
    CHECK_OK(MPI_Get_count(&status, MPI_DOUBLE, &count));
    CHECK(count == 8);
    for (int i = 0; i < 8; i++)
        CHECK(values[i] == i + 0.5);
    CHECK_OK(MPI_File_write_at(file, 3, (double[]){-1}, 1, MPI_DOUBLE, MPI_STATUS_IGNORE));
    CHECK_OK(MPI_File_set_view(file, 0, MPI_BYTE, MPI_BYTE, "native", MPI_INFO_NULL));
    CHECK_OK(MPI_File_read_at(file, 0, records, sizeof records, MPI_BYTE, MPI_STATUS_IGNORE));
    for (int i = 0; i < 8; i++)
        CHECK(records[i].tag == 'a' + i && records[i].number == i * 3 && records[i].value == (i == 3 ? -1 : i + 0.5));
    MPI_Type_free(&field);
    MPI_Type_free(&resized);
    return MPI_File_close(&file);
}

static void view_of_one_field_leaves_the_others_alone(void **state)
{
    run_ranks(1, field_of_records, ((struct place *)*state)->file);
}

/* ---- Setting and getting ---- */

static int get_view(MPI_Comm comm, void *argument)
{
    MPI_File file;
    MPI_Offset disp = -1;
    MPI_Datatype etype, filetype, vector;
    char datarep[MPI_MAX_DATAREP_STRING];
    CHECK_OK(open_new(comm, argument, &file));
    CHECK_OK(MPI_File_get_view(file, &disp, &etype, &filetype, datarep));
    CHECK(disp == 0 && etype == MPI_BYTE && filetype == MPI_BYTE && strcmp(datarep, "native") == 0);

    CHECK_OK(MPI_Type_vector(3, 1, 2, MPI_INT, &vector));
    CHECK_OK(MPI_Type_commit(&vector));
    CHECK_OK(MPI_File_set_view(file, 40, MPI_INT, vector, "native", MPI_INFO_NULL));
    CHECK_OK(MPI_Type_free(&vector));
    for (int i = 0; i < 2; i++) { /* each time a type of one's own, to free */
        MPI_Aint lb = -1, extent = -1;
        int size = -1;
        CHECK_OK(MPI_File_get_view(file, &disp, &etype, &filetype, datarep));
        CHECK(disp == 40 && etype == MPI_INT);
        CHECK_OK(MPI_Type_get_extent(filetype, &lb, &extent));
        CHECK_OK(MPI_Type_size(filetype, &size));
        CHECK(lb == 0 && extent == 5 * (MPI_Aint)sizeof(int) && size == 3 * (int)sizeof(int));
        CHECK_OK(MPI_Type_free(&filetype));
    }
    MPI_Aint extent = -1;
    CHECK_OK(MPI_File_get_type_extent(file, MPI_DOUBLE, &extent));
    CHECK(extent == sizeof(double));
    CHECK_FAILS(MPI_File_get_type_extent(file, MPI_DATATYPE_NULL, &extent), MPI_ERR_TYPE);
    return MPI_File_close(&file);
}

static void view_comes_back_as_it_was_set(void **state)
{
    run_ranks(2, get_view, ((struct place *)*state)->file);
}

static int commit_indexed(int count, const int lengths[], const int displacements[], MPI_Datatype of,
                          MPI_Datatype *type)
{
    CHECK_OK(MPI_Type_indexed(count, lengths, displacements, of, type));
    return MPI_Type_commit(type);
}

static int refuse(MPI_File file, MPI_Offset disp, MPI_Datatype etype, MPI_Datatype filetype, const char *datarep,
                  int class)
{
    CHECK_FAILS(MPI_File_set_view(file, disp, etype, filetype, datarep, MPI_INFO_NULL), class);
    return 0;
}

static int bad_views(MPI_Comm comm, void *argument)
{
    MPI_File file;
    int rank;
    MPI_Comm_rank(comm, &rank);
    CHECK_OK(open_new(comm, argument, &file));
    CHECK_OK(MPI_File_set_view(file, 8, MPI_INT, MPI_INT, "native", MPI_INFO_NULL));
    CHECK(refuse(file, -1, MPI_INT, MPI_INT, "native", MPI_ERR_ARG) == 0);
    CHECK(refuse(file, 0, MPI_INT, MPI_INT, "external32", MPI_ERR_UNSUPPORTED_DATAREP) == 0);
    CHECK(refuse(file, 0, MPI_INT, MPI_INT, "internal", MPI_ERR_UNSUPPORTED_DATAREP) == 0);
    CHECK(refuse(file, 0, MPI_INT, MPI_INT, "nativ", MPI_ERR_UNSUPPORTED_DATAREP) == 0);
    CHECK(refuse(file, 0, MPI_INT, MPI_SHORT, "native", MPI_ERR_TYPE) == 0);
    CHECK(refuse(file, 0, rank == 0 ? MPI_INT : MPI_DOUBLE, MPI_DOUBLE, "native", MPI_ERR_NOT_SAME) == 0);

    /* Descending, negative, overlapping itself, overlapping its next copy, cut inside an etype, not committed. */
    MPI_Datatype type, resized;
    CHECK(commit_indexed(2, (int[]){1, 1}, (int[]){2, 0}, MPI_INT, &type) == 0);
    CHECK(refuse(file, 0, MPI_INT, type, "native", MPI_ERR_TYPE) == 0);
    MPI_Type_free(&type);
    CHECK(commit_indexed(2, (int[]){1, 1}, (int[]){-2, 0}, MPI_INT, &type) == 0);
    CHECK(refuse(file, 0, MPI_INT, type, "native", MPI_ERR_TYPE) == 0);
    MPI_Type_free(&type);
    CHECK(commit_indexed(2, (int[]){2, 2}, (int[]){0, 1}, MPI_INT, &type) == 0);
    CHECK(refuse(file, 0, MPI_INT, type, "native", MPI_ERR_TYPE) == 0);
    MPI_Type_free(&type);
    CHECK(commit_indexed(2, (int[]){1, 1}, (int[]){0, 4}, MPI_INT, &type) == 0);
    CHECK_OK(MPI_Type_create_resized(type, 0, 8, &resized));
    CHECK_OK(MPI_Type_commit(&resized));
    CHECK(refuse(file, 0, MPI_INT, resized, "native", MPI_ERR_TYPE) == 0);
    MPI_Type_free(&type);
    MPI_Type_free(&resized);
    CHECK(commit_indexed(2, (int[]){1, 3}, (int[]){0, 2}, MPI_SHORT, &type) == 0);
    CHECK(refuse(file, 0, MPI_INT, type, "native", MPI_ERR_TYPE) == 0);
    MPI_Type_free(&type);
    CHECK_OK(MPI_Type_vector(2, 1, 2, MPI_INT, &type));
    CHECK(refuse(file, 0, MPI_INT, type, "native", MPI_ERR_TYPE) == 0);
    MPI_Type_free(&type);

    /* None of them changed the view. */
    MPI_Offset disp = -1;
    CHECK_OK(MPI_File_get_byte_offset(file, 3, &disp));
    CHECK(disp == 20);
    return MPI_File_close(&file);
}

static void views_that_are_not_fit_are_refused_and_change_nothing(void **state)
{
    run_ranks(2, bad_views, ((struct place *)*state)->file);
}

static int overlap_for_reading(MPI_Comm comm, void *argument)
{
    MPI_File file;
    MPI_Datatype type;
    CHECK_OK(MPI_File_open(comm, argument, MPI_MODE_RDONLY, MPI_INFO_NULL, &file));
    CHECK(commit_indexed(2, (int[]){2, 2}, (int[]){0, 1}, MPI_CHAR, &type) == 0);
    CHECK_OK(MPI_File_set_view(file, 0, MPI_CHAR, type, "native", MPI_INFO_NULL));
    char text[9] = "";
    CHECK_OK(MPI_File_read(file, text, 8, MPI_CHAR, MPI_STATUS_IGNORE));
    CHECK(strcmp(text, "abbcdeef") == 0);
    MPI_Type_free(&type);
    return MPI_File_close(&file);
}

static void view_that_overlaps_itself_may_be_read(void **state)
{
    const char *path = ((struct place *)*state)->file;
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    fputs("abcdefgh", stream);
    fclose(stream);
    run_ranks(1, overlap_for_reading, (void *)(uintptr_t)path);
}

/* A rank that has no part in the array gives a filetype without data. */
static int without_data(MPI_Comm comm, void *argument)
{
    int rank, value = 7, count = -1;
    MPI_File file;
    MPI_Datatype type;
    MPI_Status status;
    MPI_Comm_rank(comm, &rank);
    CHECK_OK(open_new(comm, argument, &file));
    CHECK(commit_indexed(rank == 0 ? 1 : 0, (int[]){1}, (int[]){0}, MPI_INT, &type) == 0);
    CHECK_OK(MPI_File_set_view(file, 0, MPI_INT, type, "native", MPI_INFO_NULL));
    CHECK_OK(MPI_File_write_all(file, &value, rank == 0 ? 1 : 0, MPI_INT, &status));
    CHECK_OK(MPI_Get_count(&status, MPI_INT, &count));
    CHECK(count == (rank == 0 ? 1 : 0));
    if (rank == 1)
        CHECK_FAILS(MPI_File_write(file, &value, 1, MPI_INT, &status), MPI_ERR_ARG);
    MPI_Type_free(&type);
    return MPI_File_close(&file);
}

static void rank_without_data_takes_part(void **state)
{
    run_ranks(2, without_data, ((struct place *)*state)->file);
}

/* ---- Positions ---- */

static int seeks(MPI_Comm comm, void *argument)
{
    MPI_File file;
    MPI_Offset position = -1;
    CHECK_OK(open_new(comm, argument, &file));
    CHECK_OK(MPI_File_write(file, "0123456789ab", 12, MPI_CHAR, MPI_STATUS_IGNORE));
    CHECK_OK(MPI_File_get_position(file, &position));
    CHECK(position == 12);
    CHECK_OK(MPI_File_set_view(file, 4, MPI_INT, MPI_INT, "native", MPI_INFO_NULL));
    CHECK_OK(MPI_File_get_position(file, &position));
    CHECK(position == 0);
    CHECK_OK(MPI_File_seek(file, 5, MPI_SEEK_SET));
    CHECK_OK(MPI_File_seek(file, -2, MPI_SEEK_CUR));
    CHECK_OK(MPI_File_get_position(file, &position));
    CHECK(position == 3);
    CHECK_OK(MPI_File_seek(file, -1, MPI_SEEK_END));
    CHECK_OK(MPI_File_get_position(file, &position));
    CHECK(position == 1);
    CHECK_FAILS(MPI_File_seek(file, -3, MPI_SEEK_END), MPI_ERR_ARG);
    CHECK_FAILS(MPI_File_seek(file, -1, MPI_SEEK_SET), MPI_ERR_ARG);
    CHECK_FAILS(MPI_File_seek(file, 0, 12345), MPI_ERR_ARG);
    CHECK_FAILS(MPI_File_seek(file, INT64_MAX / 2, MPI_SEEK_SET), MPI_ERR_ARG);
    CHECK_FAILS(MPI_File_get_byte_offset(file, -1, &position), MPI_ERR_ARG);
    CHECK_OK(MPI_File_get_position(file, &position));
    CHECK(position == 1);
    return MPI_File_close(&file);
}

static void seeks_count_etypes_of_the_view(void **state)
{
    run_ranks(1, seeks, ((struct place *)*state)->file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(data_goes_where_a_naive_model_says, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(array_written_in_one_decomposition_reads_back_in_all, place_setup,
                                        place_teardown),
        cmocka_unit_test_setup_teardown(border_of_a_local_array_stays_out_of_the_file, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(view_of_one_field_leaves_the_others_alone, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(view_comes_back_as_it_was_set, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(views_that_are_not_fit_are_refused_and_change_nothing, place_setup,
                                        place_teardown),
        cmocka_unit_test_setup_teardown(view_that_overlaps_itself_may_be_read, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(rank_without_data_takes_part, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(seeks_count_etypes_of_the_view, place_setup, place_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
