/* SPDX-License-Identifier: BSD-2-Clause */
/* spmv.h: the product of a sparse matrix, cut by rows over the ranks of a communicator, and a vector cut likewise; and
 * the method of conjugate gradients on top of it.
 *
 * Each rank gives its rows in the usual compressed form, with columns numbered in the whole matrix. Setting up finds
 * out which entries of the vector each rank needs of which other (the halo), and tells their owners; the product then
 * sends those entries straight out of the vector, by indexed datatypes.
 */
#ifndef SPMV_H
#define SPMV_H

#include <mpi.h>

/* A rank's rows. Row i has the entries start[i] … start[i + 1] - 1. */
struct csr {
    int rows;
    const int *start;    /* [rows + 1], start[0] = 0 */
    const int *column;   /* [start[rows]] in the whole matrix */
    const double *value; /* [start[rows]] */
};

struct spmv {
    MPI_Comm comm;
    int size, rank;
    int *first_row;      /* [size + 1] each rank's first row in the whole matrix, and the number of rows */
    int rows;            /* this rank's */
    int *start, *column; /* as in struct csr, but columns ≥ rows are ghosts: column - rows is an index into ghost */
    double *value;
    int ghost_count;
    int *ghost;          /* [ghost_count] columns owned elsewhere, ascending: so those of one owner are together */
    int *receive, *send; /* [size] entries from and to each rank in a product */
    MPI_Datatype
        *send_type;        /* [size] the entries of a vector that a rank wants; MPI_DATATYPE_NULL where it wants none */
    double *x;             /* [rows + ghost_count] */
    MPI_Request *requests; /* [2 * size] */
};

/* All calls are collective over the communicator, and return the same on every rank. */

/* Copies what it needs of `local`, and duplicates the communicator. -1: a column outside the matrix, or no memory. The
 * matrix has as many columns as the ranks have rows together. */
int spmv_init(struct spmv *matrix, const struct csr *local, MPI_Comm comm);
void spmv_finish(struct spmv *matrix);

/* y = A x; x and y are this rank's parts, [rows] each, and different. */
void spmv_multiply(struct spmv *matrix, const double x[], double y[]);

/* Solves A x = b for a symmetric positive definite A, from the x that is given, until the residual's 2-norm is at most
 * `tolerance` times that of b. Returns the number of iterations, or -1: more than `limit`, or no memory. */
int spmv_solve(struct spmv *matrix, const double b[], double x[], double tolerance, int limit);

#endif
