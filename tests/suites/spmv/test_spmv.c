/* SPDX-License-Identifier: BSD-2-Clause */
/* test_spmv.c: the distributed product is the serial one, its halo is no larger than needed, and a solve by it solves.
 *
 * Matrices are functions of row and column, so that each rank can make any part of them: its own rows for the code
 * under test, and whole rows where a test computes what must come out.
 */
#include <math.h>
#include <stdlib.h>

#include <mpirun_tests.h>

#include "spmv.h"

MRT_SUITE(spmv, .timeout = 30.0);

struct example {
    int order;
    double (*entry)(int row, int column, int order); /* 0: not stored */
    int (*rows_of)(int rank, int size, int order);
};

enum { GRID = 9 }; /* points in a row of the grid that laplace() stands on */

static double laplace(int row, int column, int order)
{
    (void)order;
    if (row == column)
        return 4.0;
    int lower = row < column ? row : column, upper = row < column ? column : row;
    if (upper - lower == GRID || (upper - lower == 1 && upper % GRID != 0))
        return -1.0;
    return 0.0;
}

/* Few entries at irregular places, not symmetric. */
static double scattered(int row, int column, int order)
{
    unsigned mixed = (unsigned)(row * 131 + column * 1031 + order) * 2654435761u;
    return (mixed >> 24) < 16 ? 1.0 + row - 0.5 * column : 0.0;
}

static double identity(int row, int column, int order)
{
    (void)order;
    return row == column ? 1.0 : 0.0;
}

/* Every rank needs every entry. */
static double full(int row, int column, int order)
{
    return 1.0 / (1 + row + column) + (row == column ? order : 0);
}

static int even_rows(int rank, int size, int order)
{
    return order / size + (rank < order % size ? 1 : 0);
}

/* Rank 1 has all the rows, where there is one; the others have none. */
static int lone_owner(int rank, int size, int order)
{
    return rank == (size > 1 ? 1 : 0) ? order : 0;
}

/* Every other rank has none. */
static int gaps(int rank, int size, int order)
{
    int owners = (size + 1) / 2;
    return rank % 2 == 0 ? even_rows(rank / 2, owners, order) : 0;
}

static const struct example examples[] = {
    {GRID * 7, laplace, even_rows}, {50, scattered, even_rows}, {50, scattered, gaps}, {40, scattered, lone_owner},
    {31, identity, even_rows},      {24, full, gaps},           {2, full, even_rows},
};
enum { EXAMPLE_COUNT = sizeof examples / sizeof examples[0], ORDER_MAX = 128 };

static int first_row_of(const struct example *example, int rank, int size)
{
    int first = 0;
    for (int lower = 0; lower < rank; lower++)
        first += example->rows_of(lower, size, example->order);
    return first;
}

static int own_rank(void)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank;
}

static int world_size(void)
{
    int size;
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    return size;
}

/* Makes this rank's rows and gives them to the code under test, which must not need them afterwards. */
static void make(struct spmv *matrix, const struct example *example)
{
    int size = world_size(), rank = own_rank(), entries = 0;
    int first = first_row_of(example, rank, size), rows = example->rows_of(rank, size, example->order);
    int *start = calloc((size_t)rows + 1, sizeof *start);
    int *column = calloc((size_t)rows * (size_t)example->order + 1, sizeof *column);
    double *value = calloc((size_t)rows * (size_t)example->order + 1, sizeof *value);
    assert_non_null(start);
    assert_non_null(column);
    assert_non_null(value);
    for (int row = 0; row < rows; row++) {
        for (int j = 0; j < example->order; j++) {
            double entry = example->entry(first + row, j, example->order);
            if (entry != 0.0) {
                column[entries] = j;
                value[entries++] = entry;
            }
        }
        start[row + 1] = entries;
    }
    struct csr local = {.rows = rows, .start = start, .column = column, .value = value};
    assert_int_equal(spmv_init(matrix, &local, MPI_COMM_WORLD), 0);
    free(value);
    free(column);
    free(start);
}

static double element(int i)
{
    return sin(1.0 + i);
}

/* Compares this rank's part of y with the serial product of the same rows. */
static void assert_is_product(const struct example *example, const struct spmv *matrix, const double y[], double scale)
{
    int first = first_row_of(example, matrix->rank, matrix->size);
    for (int row = 0; row < matrix->rows; row++) {
        double want = 0.0;
        for (int column = 0; column < example->order; column++)
            want += example->entry(first + row, column, example->order) * scale * element(column);
        if (!(fabs(y[row] - want) <= 1e-12 * (1.0 + fabs(want))))
            fail_msg("row %d is %.17g instead of %.17g", first + row, y[row], want);
    }
}

static void check_product(const struct example *example)
{
    struct spmv matrix;
    double x[ORDER_MAX], y[ORDER_MAX];
    make(&matrix, example);
    int first = first_row_of(example, matrix.rank, matrix.size);
    for (int round = 1; round <= 3; round++) { /* the halo must be fresh each time */
        for (int row = 0; row < matrix.rows; row++)
            x[row] = round * element(first + row);
        spmv_multiply(&matrix, x, y);
        assert_is_product(example, &matrix, y, round);
    }
    spmv_finish(&matrix);
}

MRT_TEST(multiplies, .np_list = {1, 2, 3, 4}, .cases = EXAMPLE_COUNT)
{
    check_product(&examples[mrt_case()]);
}

MRT_TEST(multiplies_on_six_ranks, .np = 6, .cases = 3)
{
    check_product(&examples[mrt_case()]);
}

MRT_TEST(multiplies_on_every_rank, .np = MRT_NP_ALL)
{
    check_product(&examples[0]);
}

MRT_TEST(halo_holds_what_the_rows_need_and_nothing_else, .np_list = {2, 3, 4})
{
    const struct example *example = &examples[1];
    struct spmv matrix;
    make(&matrix, example);
    int first = first_row_of(example, matrix.rank, matrix.size), last = first + matrix.rows, expected = 0;
    for (int column = 0; column < example->order; column++) {
        int needed = 0;
        for (int row = first; row < last; row++)
            needed |= example->entry(row, column, example->order) != 0.0;
        if (needed && (column < first || column >= last)) {
            assert_in_range(expected, 0, matrix.ghost_count - 1);
            assert_int_equal(matrix.ghost[expected], column);
            expected++;
        }
    }
    assert_int_equal(matrix.ghost_count, expected);
    assert_true(expected > 0);
    spmv_finish(&matrix);
}

MRT_TEST(every_entry_sent_is_an_entry_received, .np = 4)
{
    struct spmv matrix;
    make(&matrix, &examples[0]);
    int announced[4];
    MPI_Alltoall(matrix.send, 1, MPI_INT, announced, 1, MPI_INT, MPI_COMM_WORLD);
    for (int rank = 0; rank < 4; rank++) {
        int size = 0;
        assert_int_equal(announced[rank], matrix.receive[rank]);
        assert_int_equal(matrix.send[rank] == 0, matrix.send_type[rank] == MPI_DATATYPE_NULL);
        if (matrix.send[rank] > 0)
            MPI_Type_size(matrix.send_type[rank], &size);
        assert_int_equal(size, matrix.send[rank] * (int)sizeof(double));
    }
    assert_int_equal(matrix.receive[matrix.rank], 0);
    spmv_finish(&matrix);
}

MRT_TEST(identity_needs_no_halo, .np = 3)
{
    struct spmv matrix;
    make(&matrix, &examples[4]);
    assert_int_equal(matrix.ghost_count, 0);
    spmv_finish(&matrix);
}

MRT_TEST(column_outside_the_matrix_is_refused_on_every_rank, .np = 2)
{
    /* Only rank 1 gives a wrong column; rank 0 must hear of it. */
    int start[] = {0, 1}, column[] = {own_rank() == 1 ? 2 : 0};
    double value[] = {1.0};
    struct csr local = {.rows = 1, .start = start, .column = column, .value = value};
    struct spmv matrix;
    assert_int_equal(spmv_init(&matrix, &local, MPI_COMM_WORLD), -1);
}

MRT_TEST(solves_laplace, .np_list = {1, 2, 3, 4, 6})
{
    const struct example *example = &examples[0];
    struct spmv matrix;
    double b[ORDER_MAX], x[ORDER_MAX] = {0};
    make(&matrix, example);
    int first = first_row_of(example, matrix.rank, matrix.size);
    for (int row = 0; row < matrix.rows; row++) {
        b[row] = 0.0;
        for (int column = 0; column < example->order; column++)
            b[row] += laplace(first + row, column, example->order) * element(column);
    }
    int iterations = spmv_solve(&matrix, b, x, 1e-12, 200), fewest, most;
    MPI_Allreduce(&iterations, &fewest, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    MPI_Allreduce(&iterations, &most, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    assert_int_equal(fewest, most);
    assert_in_range(iterations, 10, example->order + 5); /* in exact arithmetic at most the order */
    for (int row = 0; row < matrix.rows; row++)
        if (!(fabs(x[row] - element(first + row)) < 1e-10))
            fail_msg("x[%d] is %.17g instead of %.17g", first + row, x[row], element(first + row));
    spmv_finish(&matrix);
}

MRT_TEST(needs_no_iteration_from_the_solution, .np = 2)
{
    struct spmv matrix;
    double x[ORDER_MAX], y[ORDER_MAX];
    make(&matrix, &examples[0]);
    for (int row = 0; row < matrix.rows; row++)
        x[row] = 1.0 + row;
    spmv_multiply(&matrix, x, y);
    assert_int_equal(spmv_solve(&matrix, y, x, 1e-10, 5), 0);
    spmv_finish(&matrix);
}

MRT_TEST(gives_up_at_the_limit, .np = 2)
{
    struct spmv matrix;
    double b[ORDER_MAX], x[ORDER_MAX] = {0};
    make(&matrix, &examples[0]);
    for (int row = 0; row < matrix.rows; row++)
        b[row] = element(row);
    assert_int_equal(spmv_solve(&matrix, b, x, 1e-14, 3), -1);
    spmv_finish(&matrix);
}
