/* SPDX-License-Identifier: BSD-2-Clause */
/* matmul.c: a plain MPI program: C = A B. B's columns are dealt out in blocks by MPI_Scatter, C's come back by
 * MPI_Gather; a block of columns of a row-major matrix is a vector type, resized so that the next block starts right
 * beside it. `matmul [COLUMNS]`, for each rank. Exit status 1 if C is wrong. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

/* `width` columns of a matrix of `rows` rows and `columns` columns. */
static MPI_Datatype column_block(int rows, int columns, int width)
{
    MPI_Datatype block, resized;
    MPI_Type_vector(rows, width, columns, MPI_DOUBLE, &block);
    MPI_Type_create_resized(block, 0, width * (MPI_Aint)sizeof(double), &resized);
    MPI_Type_free(&block);
    MPI_Type_commit(&resized);
    return resized;
}

static double *matrix(int rows, int columns)
{
    double *elements = calloc((size_t)rows * (size_t)columns, sizeof elements[0]);
    if (elements == NULL)
        MPI_Abort(MPI_COMM_WORLD, 1);
    return elements;
}

/* c[rows][columns] = a[rows][inner] b[inner][columns] */
static void multiply(const double *a, const double *b, double *c, int rows, int inner, int columns)
{
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) {
            double sum = 0.0;
            for (int k = 0; k < inner; k++)
                sum += a[i * inner + k] * b[k * columns + j];
            c[i * columns + j] = sum;
        }
}

int main(int argc, char **argv)
{
    int rank, size, wrong = 0;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    int width = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 5, n = width * size;
    double *a = matrix(n, n), *b = NULL, *c = NULL, *my_b = matrix(n, width), *my_c = matrix(n, width);
    if (rank == 0) {
        b = matrix(n, n);
        c = matrix(n, n);
        for (int i = 0; i < n * n; i++) {
            a[i] = i % 7 - 3;
            b[i] = i % 5 + 0.5;
        }
    }
    MPI_Datatype block = column_block(n, n, width);
    MPI_Bcast(a, n * n, MPI_DOUBLE, 0, MPI_COMM_WORLD);
    MPI_Scatter(b, 1, block, my_b, n * width, MPI_DOUBLE, 0, MPI_COMM_WORLD);
    multiply(a, my_b, my_c, n, n, width);
    MPI_Gather(my_c, n * width, MPI_DOUBLE, c, 1, block, 0, MPI_COMM_WORLD);
    MPI_Type_free(&block);
    if (rank == 0) {
        double *expected = matrix(n, n), trace = 0.0;
        multiply(a, b, expected, n, n, n);
        for (int i = 0; i < n * n; i++)
            wrong |= c[i] != expected[i]; /* small halves: sums are exact */
        for (int i = 0; i < n; i++)
            trace += c[i * n + i];
        printf("product of %d x %d matrices on %d ranks: trace %.1f, %s\n", n, n, size, trace,
               wrong ? "wrong" : "right");
        free(expected);
    }
    free(my_c);
    free(my_b);
    free(c);
    free(b);
    free(a);
    MPI_Finalize();
    return wrong;
}
