/* SPDX-License-Identifier: BSD-2-Clause */
/* test_fftw.c: a transform spread over ranks by FFTW's MPI library is the serial one.
 *
 * Nobody here compiled libfftw3_mpi: that it runs on the mock shows that the front door serves a library that was
 * linked against another MPI. Its planner is a global of the process, hence set up and cleaned up once on each rank;
 * the suite's setup makes that one team, on whose first ranks the smaller tests run.
 */
#include <math.h>
#include <stdlib.h>

#include <mpirun_tests.h>

#include "fourier.h"

static int start_fftw(void **state)
{
    (void)state;
    fftw_mpi_init();
    return 0;
}

static int end_fftw(void **state)
{
    (void)state;
    fftw_mpi_cleanup();
    return 0;
}

MRT_SUITE(fftw, .timeout = 30.0, .setup = start_fftw, .teardown = end_fftw);

/* Sizes that slabs divide and sizes that they do not; with 5 rows on 4 ranks the last rank has none. */
static const struct fourier examples[] = {
    {.dimensions = 2, .n = {16, 16}},  {.dimensions = 2, .n = {5, 12}},   {.dimensions = 2, .n = {13, 7}},
    {.dimensions = 3, .n = {8, 8, 8}}, {.dimensions = 3, .n = {5, 6, 7}}, {.dimensions = 3, .n = {2, 9, 4}},
};
enum { EXAMPLE_COUNT = sizeof examples / sizeof examples[0] };

static fftw_complex value_at(ptrdiff_t i)
{
    return sin(0.7 * (double)i) + 0.25 * (double)(i % 5) + I * cos(1.3 * (double)(i * i % 17));
}

static int own_rank(void)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank;
}

/* The array on rank 0, NULL elsewhere: what fourier_execute() wants. */
static fftw_complex *make_whole(ptrdiff_t points)
{
    if (own_rank() != 0)
        return NULL;
    fftw_complex *whole = fftw_alloc_complex((size_t)points);
    assert_non_null(whole);
    for (ptrdiff_t i = 0; i < points; i++)
        whole[i] = value_at(i);
    return whole;
}

static fftw_complex *serial(const struct fourier *transform)
{
    int n[FOURIER_RANK_MAX];
    for (int i = 0; i < transform->dimensions; i++)
        n[i] = (int)transform->n[i];
    ptrdiff_t points = fourier_points(transform);
    fftw_complex *whole = fftw_alloc_complex((size_t)points);
    assert_non_null(whole);
    fftw_plan plan = fftw_plan_dft(transform->dimensions, n, whole, whole, transform->sign, FFTW_ESTIMATE);
    assert_non_null(plan);
    for (ptrdiff_t i = 0; i < points; i++)
        whole[i] = value_at(i);
    fftw_execute(plan);
    fftw_destroy_plan(plan);
    return whole;
}

static void assert_close(fftw_complex got, fftw_complex want, ptrdiff_t points, ptrdiff_t i)
{
    if (!(cabs(got - want) <= 1e-12 * (double)points))
        fail_msg("number %td is %.15g%+.15gi instead of %.15g%+.15gi", i, creal(got), cimag(got), creal(want),
                 cimag(want));
}

static void check_against_serial(struct fourier transform, int sign)
{
    transform.sign = sign;
    ptrdiff_t points = fourier_points(&transform);
    fftw_complex *whole = make_whole(points);
    assert_int_equal(fourier_execute(&transform, whole, MPI_COMM_WORLD), 0);
    if (whole == NULL)
        return;
    fftw_complex *expected = serial(&transform);
    for (ptrdiff_t i = 0; i < points; i++)
        assert_close(whole[i], expected[i], points, i);
    fftw_free(expected);
    fftw_free(whole);
}

MRT_TEST(forward_matches_serial, .np_list = {1, 2, 4}, .cases = EXAMPLE_COUNT)
{
    check_against_serial(examples[mrt_case()], FFTW_FORWARD);
}

MRT_TEST(backward_matches_serial, .np_list = {1, 2, 4}, .cases = 2)
{
    check_against_serial(examples[mrt_case() == 0 ? 2 : 4], FFTW_BACKWARD);
}

MRT_TEST(transposed_result_has_rows_and_columns_exchanged, .np_list = {1, 2, 4}, .cases = 3)
{
    struct fourier transform = examples[mrt_case()];
    transform.sign = FFTW_FORWARD;
    transform.transposed = true;
    ptrdiff_t points = fourier_points(&transform), rows = transform.n[0], columns = transform.n[1];
    fftw_complex *whole = make_whole(points);
    assert_int_equal(fourier_execute(&transform, whole, MPI_COMM_WORLD), 0);
    if (whole == NULL)
        return;
    fftw_complex *expected = serial(&transform);
    for (ptrdiff_t row = 0; row < rows; row++)
        for (ptrdiff_t column = 0; column < columns; column++)
            assert_close(whole[column * rows + row], expected[row * columns + column], points, column * rows + row);
    fftw_free(expected);
    fftw_free(whole);
}

MRT_TEST(there_and_back_multiplies_by_the_number_of_points, .np_list = {1, 2, 4}, .cases = EXAMPLE_COUNT)
{
    struct fourier transform = examples[mrt_case()];
    ptrdiff_t points = fourier_points(&transform);
    fftw_complex *whole = make_whole(points);
    transform.sign = FFTW_FORWARD;
    assert_int_equal(fourier_execute(&transform, whole, MPI_COMM_WORLD), 0);
    transform.sign = FFTW_BACKWARD;
    assert_int_equal(fourier_execute(&transform, whole, MPI_COMM_WORLD), 0);
    for (ptrdiff_t i = 0; whole != NULL && i < points; i++)
        assert_close(whole[i] / (double)points, value_at(i), points, i);
    fftw_free(whole);
}

MRT_TEST(every_row_lies_on_one_rank, .np_list = {1, 2, 4}, .cases = EXAMPLE_COUNT)
{
    const struct fourier *transform = &examples[mrt_case()];
    ptrdiff_t rows, first;
    fftw_mpi_local_size(transform->dimensions, transform->n, MPI_COMM_WORLD, &rows, &first);
    long long mine = rows, before = 0, total = 0;
    MPI_Exscan(&mine, &before, 1, MPI_LONG_LONG, MPI_SUM, MPI_COMM_WORLD);
    MPI_Allreduce(&mine, &total, 1, MPI_LONG_LONG, MPI_SUM, MPI_COMM_WORLD);
    assert_int_equal(total, transform->n[0]);
    if (own_rank() > 0 && rows > 0)
        assert_int_equal(first, before);
}

MRT_TEST(half_of_the_ranks_transform_on_their_own, .np = 4)
{
    /* A communicator of the caller's, not the world: two transforms at once that must not meet. */
    MPI_Comm half;
    int rank = own_rank(), half_rank;
    MPI_Comm_split(MPI_COMM_WORLD, rank / 2, rank, &half);
    MPI_Comm_rank(half, &half_rank);
    struct fourier transform = examples[rank / 2 == 0 ? 2 : 5];
    transform.sign = FFTW_FORWARD;
    ptrdiff_t points = fourier_points(&transform);
    fftw_complex *whole = NULL;
    if (half_rank == 0) {
        whole = fftw_alloc_complex((size_t)points);
        assert_non_null(whole);
        for (ptrdiff_t i = 0; i < points; i++)
            whole[i] = value_at(i);
    }
    assert_int_equal(fourier_execute(&transform, whole, half), 0);
    MPI_Comm_free(&half);
    if (whole == NULL)
        return;
    fftw_complex *expected = serial(&transform);
    for (ptrdiff_t i = 0; i < points; i++)
        assert_close(whole[i], expected[i], points, i);
    fftw_free(expected);
    fftw_free(whole);
}
