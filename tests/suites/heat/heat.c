/* SPDX-License-Identifier: BSD-2-Clause */
/* heat.c: see heat.h. The halo travels in two phases: columns first, then rows together with the corners that the first
 * phase has filled, so that four messages do where eight neighbours are needed. */
#include "heat.h"

#include <math.h>
#include <stdlib.h>

enum { TAG_WEST = 1, TAG_EAST, TAG_NORTH, TAG_SOUTH, TAG_GATHER };

int heat_cut(int ranks, int rows, int columns, int *down, int *across)
{
    long long shortest = -1;
    for (int candidate = 1; candidate <= ranks && candidate <= rows; candidate++) {
        int other = ranks / candidate;
        if (candidate * other != ranks || other > columns)
            continue;
        long long length = (long long)(candidate - 1) * columns + (long long)(other - 1) * rows;
        if (shortest < 0 || length < shortest) {
            shortest = length;
            *down = candidate;
            *across = other;
        }
    }
    return shortest < 0 ? -1 : 0;
}

struct heat_span heat_part(int length, int parts, int index)
{
    int shortest = length / parts, longer = length % parts;
    struct heat_span span = {
        .first = index * shortest + (index < longer ? index : longer),
        .count = shortest + (index < longer ? 1 : 0),
    };
    return span;
}

double *heat_at(const struct heat *heat, int row, int column)
{
    return &heat->now[(row - heat->rows.first + 1) * heat->stride + (column - heat->columns.first + 1)];
}

static void fill(struct heat *heat)
{
    const struct heat_problem *problem = &heat->problem;
    for (int row = heat->rows.first - 1; row <= heat->rows.first + heat->rows.count; row++) {
        for (int column = heat->columns.first - 1; column <= heat->columns.first + heat->columns.count; column++) {
            double *point = heat_at(heat, row, column);
            if (row < 0 || row == problem->rows || column < 0 || column == problem->columns)
                *point = problem->edge(row, column);
            else
                *point = problem->start != NULL ? problem->start(row, column) : 0.0;
            heat->next[point - heat->now] = *point;
        }
    }
}

int heat_init(struct heat *heat, const struct heat_problem *problem)
{
    struct heat made = {.problem = *problem};
    int ranks;
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    MPI_Comm_rank(MPI_COMM_WORLD, &made.rank);
    if (heat_cut(ranks, problem->rows, problem->columns, &made.down, &made.across) != 0)
        return -1;

    int row = made.rank / made.across, column = made.rank % made.across;
    made.rows = heat_part(problem->rows, made.down, row);
    made.columns = heat_part(problem->columns, made.across, column);
    made.north = row > 0 ? made.rank - made.across : MPI_PROC_NULL;
    made.south = row < made.down - 1 ? made.rank + made.across : MPI_PROC_NULL;
    made.west = column > 0 ? made.rank - 1 : MPI_PROC_NULL;
    made.east = column < made.across - 1 ? made.rank + 1 : MPI_PROC_NULL;
    made.stride = made.columns.count + 2;

    size_t points = (size_t)(made.rows.count + 2) * (size_t)made.stride;
    made.now = malloc(points * sizeof made.now[0]);
    made.next = malloc(points * sizeof made.next[0]);
    int have = made.now != NULL && made.next != NULL, all_have;
    MPI_Allreduce(&have, &all_have, 1, MPI_INT, MPI_LAND, MPI_COMM_WORLD);
    if (!all_have) {
        free(made.now);
        free(made.next);
        return -1;
    }
    MPI_Type_vector(made.rows.count, 1, made.stride, MPI_DOUBLE, &made.column_type);
    MPI_Type_commit(&made.column_type);
    fill(&made);
    *heat = made;
    return 0;
}

void heat_finish(struct heat *heat)
{
    MPI_Type_free(&heat->column_type);
    free(heat->now);
    free(heat->next);
    heat->now = heat->next = NULL;
}

void heat_exchange(struct heat *heat)
{
    int rows = heat->rows.count, columns = heat->columns.count, stride = heat->stride;
    double *now = heat->now;
    MPI_Request requests[4];

    double *first_column = &now[stride + 1], *last_column = &now[stride + columns];
    MPI_Irecv(first_column - 1, 1, heat->column_type, heat->west, TAG_EAST, MPI_COMM_WORLD, &requests[0]);
    MPI_Irecv(last_column + 1, 1, heat->column_type, heat->east, TAG_WEST, MPI_COMM_WORLD, &requests[1]);
    MPI_Isend(first_column, 1, heat->column_type, heat->west, TAG_WEST, MPI_COMM_WORLD, &requests[2]);
    MPI_Isend(last_column, 1, heat->column_type, heat->east, TAG_EAST, MPI_COMM_WORLD, &requests[3]);
    MPI_Waitall(4, requests, MPI_STATUSES_IGNORE);

    double *first_row = &now[stride], *last_row = &now[rows * stride];
    MPI_Irecv(first_row - stride, stride, MPI_DOUBLE, heat->north, TAG_SOUTH, MPI_COMM_WORLD, &requests[0]);
    MPI_Irecv(last_row + stride, stride, MPI_DOUBLE, heat->south, TAG_NORTH, MPI_COMM_WORLD, &requests[1]);
    MPI_Isend(first_row, stride, MPI_DOUBLE, heat->north, TAG_NORTH, MPI_COMM_WORLD, &requests[2]);
    MPI_Isend(last_row, stride, MPI_DOUBLE, heat->south, TAG_SOUTH, MPI_COMM_WORLD, &requests[3]);
    MPI_Waitall(4, requests, MPI_STATUSES_IGNORE);
}

double heat_step(struct heat *heat)
{
    heat_exchange(heat);
    double largest = 0.0;
    for (int row = 1; row <= heat->rows.count; row++) {
        const double *here = &heat->now[row * heat->stride];
        const double *above = here - heat->stride, *below = here + heat->stride;
        double *next = &heat->next[row * heat->stride];
        for (int column = 1; column <= heat->columns.count; column++) {
            double sides = above[column] + below[column] + here[column - 1] + here[column + 1];
            double corners = above[column - 1] + above[column + 1] + below[column - 1] + below[column + 1];
            double change = heat->problem.diffusion * ((4.0 * sides + corners) / 20.0 - here[column]);
            next[column] = here[column] + change;
            largest = fmax(largest, fabs(change));
        }
    }
    double *before = heat->now;
    heat->now = heat->next;
    heat->next = before;
    return largest;
}

int heat_solve(struct heat *heat, double tolerance, int every, int limit)
{
    for (int step = 1; step <= limit; step++) {
        double mine = heat_step(heat), largest;
        if (step % every != 0)
            continue;
        MPI_Allreduce(&mine, &largest, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
        if (largest <= tolerance)
            return step;
    }
    return -1;
}

/* A block within an array, as a datatype. */
static MPI_Datatype window(int rows, int columns, struct heat_span of_rows, struct heat_span of_columns)
{
    int sizes[2] = {rows, columns};
    int subsizes[2] = {of_rows.count, of_columns.count};
    int starts[2] = {of_rows.first, of_columns.first};
    MPI_Datatype type;
    MPI_Type_create_subarray(2, sizes, subsizes, starts, MPI_ORDER_C, MPI_DOUBLE, &type);
    MPI_Type_commit(&type);
    return type;
}

void heat_gather(const struct heat *heat, double *whole)
{
    int ranks = heat->down * heat->across;
    MPI_Request sent, *received = NULL;
    if (heat->rank == 0) {
        received = malloc((size_t)ranks * sizeof received[0]);
        if (received == NULL)
            MPI_Abort(MPI_COMM_WORLD, 1);
        for (int rank = 0; rank < ranks; rank++) {
            struct heat_span rows = heat_part(heat->problem.rows, heat->down, rank / heat->across);
            struct heat_span columns = heat_part(heat->problem.columns, heat->across, rank % heat->across);
            MPI_Datatype block = window(heat->problem.rows, heat->problem.columns, rows, columns);
            MPI_Irecv(whole, 1, block, rank, TAG_GATHER, MPI_COMM_WORLD, &received[rank]);
            MPI_Type_free(&block); /* the receive keeps it until it is complete */
        }
    }
    MPI_Datatype inner = window(heat->rows.count + 2, heat->stride, (struct heat_span){1, heat->rows.count},
                                (struct heat_span){1, heat->columns.count});
    MPI_Isend(heat->now, 1, inner, 0, TAG_GATHER, MPI_COMM_WORLD, &sent);
    MPI_Type_free(&inner);
    MPI_Wait(&sent, MPI_STATUS_IGNORE);
    if (heat->rank == 0)
        MPI_Waitall(ranks, received, MPI_STATUSES_IGNORE);
    free(received);
}
