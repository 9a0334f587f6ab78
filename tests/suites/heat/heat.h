/* SPDX-License-Identifier: BSD-2-Clause */
/* heat.h: the temperature of a rectangular plate whose border is held, computed by all ranks of MPI_COMM_WORLD.
 *
 * The plate's inner points are cut into blocks, one for each rank. A step is explicit, with the nine-point stencil, so
 * a block needs a halo one point wide from its neighbours, corners included. The result does not depend on the cut.
 */
#ifndef HEAT_H
#define HEAT_H

#include <mpi.h>

struct heat_problem {
    int rows, columns;                    /* inner points of the whole plate, each at least 1 */
    double diffusion;                     /* how far a step goes towards the mean of the neighbours, in (0, 1] */
    double (*edge)(int row, int column);  /* held at row -1, row `rows`, column -1, column `columns` */
    double (*start)(int row, int column); /* of the inner points; NULL: 0 everywhere */
};

/* A run of rows or columns. */
struct heat_span {
    int first, count;
};

struct heat {
    struct heat_problem problem;
    int down, across; /* blocks in a column and in a row of the grid of blocks */
    int rank;
    struct heat_span rows, columns; /* of this rank's block */
    int stride;                     /* doubles from a row of `now` to the next: the block's columns and two of halo */
    double *now, *next;             /* (rows + 2) * stride each */
    int north, south, west, east;   /* the neighbours' ranks, or MPI_PROC_NULL */
    MPI_Datatype column_type;       /* a block's column, without halo */
};

/* Cuts a plate for that many ranks so that the halos are shortest: down * across = ranks, and no block is empty.
 * -1 where there is no such cut; down and across are then untouched. */
int heat_cut(int ranks, int rows, int columns, int *down, int *across);

/* Part `index` of `length` points cut into `parts` runs; they differ by one point at most, the longer ones first. */
struct heat_span heat_part(int length, int parts, int index);

/* All calls below are collective over MPI_COMM_WORLD. */

/* -1: no cut for that many ranks, or no memory; there is nothing to finish then. */
int heat_init(struct heat *heat, const struct heat_problem *problem);
void heat_finish(struct heat *heat);

/* The value of a point by its place in the whole plate; it must lie in this rank's block or its halo. */
double *heat_at(const struct heat *heat, int row, int column);

/* Brings the halo of `now` up to date: edges, and corners from the diagonal neighbours. */
void heat_exchange(struct heat *heat);

/* One step; returns the largest change of a point of this rank's block. */
double heat_step(struct heat *heat);

/* Steps until no point of the plate changes by more than `tolerance`, looking every `every` steps; at most `limit`
 * steps. Returns the steps made, or -1 at the limit; the same on all ranks. */
int heat_solve(struct heat *heat, double tolerance, int every, int limit);

/* Brings the inner points to rank 0: whole[rows * columns]; NULL on the other ranks. */
void heat_gather(const struct heat *heat, double *whole);

#endif
