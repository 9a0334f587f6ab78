/* SPDX-License-Identifier: BSD-2-Clause */
/* test_heat.c: the heat solver gives the serial result however the plate is cut.
 *
 * The serial result comes from a plain double loop in this file, written without the solver's code. heat.c says
 * MPI_COMM_WORLD throughout: that its teams of different sizes work is what the runner promises.
 */
#include <math.h>
#include <stdlib.h>

#include <mpirun_tests.h>

#include "heat.h"

MRT_SUITE(heat, .timeout = 30.0);

#define ROUNDING 1e-12

static double hot_north(int row, int column)
{
    return row < 0 ? 100.0 + column : -3.0 * column;
}

static double bumps(int row, int column)
{
    return (row * 7 + column * 13) % 11;
}

/* A solution of Laplace's equation, which the nine-point stencil reproduces exactly. */
static double saddle(int row, int column)
{
    return 0.5 * (row * row - column * column) + 0.25 * row * column + 3.0;
}

static double place(int row, int column)
{
    return 1000.0 * row + column;
}

static double unset(int row, int column)
{
    (void)row;
    (void)column;
    return -1.0;
}

/* The same steps on one process: [rows + 2][columns + 2], border included. The caller frees. Returns the last step's
 * largest change in *change. */
static double *serial(const struct heat_problem *problem, int steps, double *change)
{
    int stride = problem->columns + 2;
    size_t points = (size_t)(problem->rows + 2) * (size_t)stride;
    double *now = malloc(points * sizeof *now), *next = malloc(points * sizeof *next);
    assert_non_null(now);
    assert_non_null(next);
    for (int row = -1; row <= problem->rows; row++)
        for (int column = -1; column <= problem->columns; column++) {
            int border = row < 0 || column < 0 || row == problem->rows || column == problem->columns;
            int i = (row + 1) * stride + column + 1;
            now[i] = next[i] = border ? problem->edge(row, column) : problem->start ? problem->start(row, column) : 0.0;
        }
    for (int step = 0; step < steps; step++) {
        *change = 0.0;
        for (int row = 1; row <= problem->rows; row++)
            for (int column = 1; column <= problem->columns; column++) {
                const double *p = &now[row * stride + column];
                double mean = (4.0 * (p[-stride] + p[stride] + p[-1] + p[1]) +
                               (p[-stride - 1] + p[-stride + 1] + p[stride - 1] + p[stride + 1])) /
                              20.0;
                double delta = problem->diffusion * (mean - *p);
                next[row * stride + column] = *p + delta;
                *change = fmax(*change, fabs(delta));
            }
        double *swap = now;
        now = next;
        next = swap;
    }
    free(next);
    return now;
}

/* Solves on the team and serially, and compares what rank 0 has gathered, point by point. */
static void check_against_serial(const struct heat_problem *problem, int steps)
{
    struct heat heat;
    assert_int_equal(heat_init(&heat, problem), 0);
    double change = 0.0, largest = 0.0, serial_change = 0.0;
    for (int step = 0; step < steps; step++)
        change = heat_step(&heat);
    MPI_Allreduce(&change, &largest, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);

    double *whole = NULL;
    if (heat.rank == 0) {
        whole = malloc((size_t)problem->rows * (size_t)problem->columns * sizeof whole[0]);
        assert_non_null(whole);
    }
    heat_gather(&heat, whole);
    int rank = heat.rank;
    heat_finish(&heat);
    if (rank != 0)
        return;

    double *expected = serial(problem, steps, &serial_change);
    for (int row = 0; row < problem->rows; row++)
        for (int column = 0; column < problem->columns; column++) {
            double got = whole[row * problem->columns + column];
            double want = expected[(row + 1) * (problem->columns + 2) + column + 1];
            if (!(fabs(got - want) <= ROUNDING * fmax(1.0, fabs(want))))
                fail_msg("point (%d, %d) is %.17g, serially %.17g", row, column, got, want);
        }
    assert_true(fabs(largest - serial_change) <= ROUNDING * fmax(1.0, serial_change));
    free(expected);
    free(whole);
}

MRT_TEST(parts_cover_every_point_once)
{
    for (int length = 1; length <= 40; length++)
        for (int parts = 1; parts <= length; parts++) {
            int next = 0;
            for (int index = 0; index < parts; index++) {
                struct heat_span span = heat_part(length, parts, index);
                assert_int_equal(span.first, next);
                assert_in_range(span.count, length / parts, length / parts + 1);
                next += span.count;
            }
            assert_int_equal(next, length);
        }
}

MRT_TEST(cut_has_the_shortest_halo, .cases = 6)
{
    static const struct {
        int ranks, rows, columns, down, across;
    } cuts[] = {
        {1, 10, 10, 1, 1}, {4, 10, 10, 2, 2}, {6, 30, 20, 3, 2}, {6, 20, 30, 2, 3}, {7, 9, 12, 1, 7}, {8, 100, 3, 8, 1},
    };
    const int i = mrt_case();
    int down = 0, across = 0;
    assert_int_equal(heat_cut(cuts[i].ranks, cuts[i].rows, cuts[i].columns, &down, &across), 0);
    assert_int_equal(down, cuts[i].down);
    assert_int_equal(across, cuts[i].across);
}

MRT_TEST(cut_leaves_no_block_empty)
{
    int down = -5, across = -5;
    assert_int_equal(heat_cut(7, 3, 3, &down, &across), -1);
    assert_int_equal(heat_cut(16, 3, 5, &down, &across), -1);
    assert_int_equal(down, -5);
    assert_int_equal(across, -5);
    assert_int_equal(heat_cut(15, 3, 5, &down, &across), 0);
    assert_int_equal(down, 3);
}

MRT_TEST(more_ranks_than_points_are_refused, .np = 3)
{
    struct heat_problem problem = {.rows = 1, .columns = 2, .diffusion = 1.0, .edge = hot_north};
    struct heat heat;
    assert_int_equal(heat_init(&heat, &problem), -1);
}

MRT_TEST(matches_serial, .np_list = {1, 2, 3, 4, 6})
{
    struct heat_problem problem = {
        .rows = 24,
        .columns = 24,
        .diffusion = 0.8,
        .edge = hot_north,
        .start = bumps,
    };
    check_against_serial(&problem, 40);
}

MRT_TEST(matches_serial_on_a_plate_that_is_not_square, .np_list = {1, 2, 3, 4, 6})
{
    struct heat_problem problem = {.rows = 7, .columns = 31, .diffusion = 1.0, .edge = saddle, .start = bumps};
    check_against_serial(&problem, 25);
}

MRT_TEST(matches_serial_on_plates, .np = 4, .cases = 5)
{
    static const int plates[][2] = {{2, 2}, {4, 1}, {1, 9}, {5, 3}, {13, 17}};
    struct heat_problem problem = {
        .rows = plates[mrt_case()][0],
        .columns = plates[mrt_case()][1],
        .diffusion = 0.5,
        .edge = hot_north,
    };
    check_against_serial(&problem, 15);
}

MRT_TEST(matches_serial_on_every_rank, .np = MRT_NP_ALL)
{
    int ranks;
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    struct heat_problem problem = {
        .rows = ranks > 32 ? ranks : 32,
        .columns = 20,
        .diffusion = 1.0,
        .edge = hot_north,
        .start = bumps,
    };
    check_against_serial(&problem, 5);
}

MRT_TEST(halo_holds_the_neighbours_edges_and_corners, .np_list = {1, 2, 3, 4, 6})
{
    struct heat_problem problem = {.rows = 11, .columns = 8, .diffusion = 1.0, .edge = unset, .start = place};
    struct heat heat;
    assert_int_equal(heat_init(&heat, &problem), 0);
    /* heat_init fills the halo too; spoil it, so that what is there afterwards has come by messages. */
    struct heat_span rows = heat.rows, columns = heat.columns;
    for (int row = rows.first - 1; row <= rows.first + rows.count; row++)
        for (int column = columns.first - 1; column <= columns.first + columns.count; column++) {
            int inside = row >= rows.first && row < rows.first + rows.count && column >= columns.first &&
                         column < columns.first + columns.count;
            if (!inside)
                *heat_at(&heat, row, column) = -1.0;
        }
    heat_exchange(&heat);
    for (int row = rows.first - 1; row <= rows.first + rows.count; row++)
        for (int column = columns.first - 1; column <= columns.first + columns.count; column++) {
            int border = row < 0 || row == problem.rows || column < 0 || column == problem.columns;
            double want = border ? -1.0 : place(row, column), got = *heat_at(&heat, row, column);
            if (got != want)
                fail_msg("rank %d has %g at (%d, %d) instead of %g", heat.rank, got, row, column, want);
        }
    heat_finish(&heat);
}

MRT_TEST(converges_to_the_known_solution, .np_list = {1, 4})
{
    struct heat_problem problem = {.rows = 6, .columns = 8, .diffusion = 1.0, .edge = saddle};
    struct heat heat;
    assert_int_equal(heat_init(&heat, &problem), 0);
    int steps = heat_solve(&heat, 1e-10, 10, 1000), fewest, most;
    MPI_Allreduce(&steps, &fewest, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    MPI_Allreduce(&steps, &most, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    assert_int_equal(fewest, most);
    assert_in_range(steps, 20, 1000);
    assert_int_equal(steps % 10, 0);
    double change, change_before;
    free(serial(&problem, steps, &change));
    free(serial(&problem, steps - 10, &change_before));
    assert_true(change <= 1e-10 && change_before > 1e-10); /* it stopped at the first look that it could */
    for (int row = heat.rows.first; row < heat.rows.first + heat.rows.count; row++)
        for (int column = heat.columns.first; column < heat.columns.first + heat.columns.count; column++)
            if (!(fabs(*heat_at(&heat, row, column) - saddle(row, column)) < 1e-8))
                fail_msg("point (%d, %d) is %.17g", row, column, *heat_at(&heat, row, column));
    heat_finish(&heat);
}

MRT_TEST(says_where_it_did_not_converge, .np = 2)
{
    struct heat_problem problem = {.rows = 20, .columns = 20, .diffusion = 1.0, .edge = hot_north};
    struct heat heat;
    assert_int_equal(heat_init(&heat, &problem), 0);
    assert_int_equal(heat_solve(&heat, 1e-12, 1, 5), -1);
    heat_finish(&heat);
}
