/* SPDX-License-Identifier: BSD-2-Clause */
/* spmv.c: see spmv.h. */
#include "spmv.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { TAG_HALO = 11 };

static bool everywhere(bool here, MPI_Comm comm)
{
    int mine = here, all;
    MPI_Allreduce(&mine, &all, 1, MPI_INT, MPI_LAND, comm);
    return all != 0;
}

/* Never NULL for want of elements: that would look like a want of memory. */
static void *array(int count, size_t size)
{
    return calloc((size_t)(count > 0 ? count : 1), size);
}

static int compare_ints(const void *left, const void *right)
{
    int a = *(const int *)left, b = *(const int *)right;
    return (a > b) - (a < b);
}

/* The columns of other ranks, each once, ascending; and the local numbering. */
static void find_ghosts(struct spmv *matrix)
{
    int first = matrix->first_row[matrix->rank], last = first + matrix->rows, entries = matrix->start[matrix->rows];
    int found = 0, kept = 0;
    for (int i = 0; i < entries; i++)
        if (matrix->column[i] < first || matrix->column[i] >= last)
            matrix->ghost[found++] = matrix->column[i];
    qsort(matrix->ghost, (size_t)found, sizeof matrix->ghost[0], compare_ints);
    for (int i = 0; i < found; i++)
        if (kept == 0 || matrix->ghost[kept - 1] != matrix->ghost[i])
            matrix->ghost[kept++] = matrix->ghost[i];
    matrix->ghost_count = kept;

    for (int i = 0; i < entries; i++) {
        int column = matrix->column[i];
        if (column >= first && column < last) {
            matrix->column[i] = column - first;
        } else {
            const int *place = bsearch(&column, matrix->ghost, (size_t)kept, sizeof column, compare_ints);
            matrix->column[i] = matrix->rows + (int)(place - matrix->ghost);
        }
    }
    for (int i = 0, owner = 0; i < kept; i++) {
        while (matrix->ghost[i] >= matrix->first_row[owner + 1])
            owner++;
        matrix->receive[owner]++;
    }
}

/* Tells every owner which of its entries are wanted here, and makes datatypes of what the others want of this rank. */
static int agree_on_halo(struct spmv *matrix)
{
    int size = matrix->size, result = -1, total = 0;
    int *starts = array(2 * size, sizeof starts[0]), *lengths = NULL, *wanted = NULL;
    if (!everywhere(starts != NULL, matrix->comm))
        goto out;
    MPI_Alltoall(matrix->receive, 1, MPI_INT, matrix->send, 1, MPI_INT, matrix->comm);
    int *receive_start = starts, *send_start = starts + size, ghosts = 0;
    for (int rank = 0; rank < size; rank++) {
        receive_start[rank] = ghosts;
        send_start[rank] = total;
        ghosts += matrix->receive[rank];
        total += matrix->send[rank];
    }
    wanted = array(total, sizeof wanted[0]);
    lengths = array(total, sizeof lengths[0]);
    if (!everywhere(wanted != NULL && lengths != NULL, matrix->comm))
        goto out;
    MPI_Alltoallv(matrix->ghost, matrix->receive, receive_start, MPI_INT, wanted, matrix->send, send_start, MPI_INT,
                  matrix->comm);
    for (int i = 0; i < total; i++) {
        wanted[i] -= matrix->first_row[matrix->rank];
        lengths[i] = 1;
    }
    for (int rank = 0; rank < size; rank++) {
        if (matrix->send[rank] == 0)
            continue;
        MPI_Type_indexed(matrix->send[rank], lengths, &wanted[send_start[rank]], MPI_DOUBLE, &matrix->send_type[rank]);
        MPI_Type_commit(&matrix->send_type[rank]);
    }
    result = 0;
out:
    free(wanted);
    free(lengths);
    free(starts);
    return result;
}

/* Copies this rank's rows; false: no memory, or a column that is not there. */
static bool take_rows(struct spmv *matrix, const struct csr *local)
{
    int entries = local->start[local->rows];
    matrix->start = array(local->rows + 1, sizeof matrix->start[0]);
    matrix->column = array(entries, sizeof matrix->column[0]);
    matrix->value = array(entries, sizeof matrix->value[0]);
    matrix->ghost = array(entries, sizeof matrix->ghost[0]);
    matrix->receive = array(matrix->size, sizeof matrix->receive[0]);
    matrix->send = array(matrix->size, sizeof matrix->send[0]);
    matrix->send_type = array(matrix->size, sizeof matrix->send_type[0]);
    matrix->x = array(local->rows + entries, sizeof matrix->x[0]);
    matrix->requests = array(2 * matrix->size, sizeof matrix->requests[0]);
    if (matrix->send_type != NULL)
        for (int rank = 0; rank < matrix->size; rank++)
            matrix->send_type[rank] = MPI_DATATYPE_NULL;
    if (matrix->start == NULL || matrix->column == NULL || matrix->value == NULL || matrix->ghost == NULL ||
        matrix->receive == NULL || matrix->send == NULL || matrix->send_type == NULL || matrix->x == NULL ||
        matrix->requests == NULL)
        return false;
    memcpy(matrix->start, local->start, (size_t)(local->rows + 1) * sizeof local->start[0]);
    memcpy(matrix->column, local->column, (size_t)entries * sizeof local->column[0]);
    memcpy(matrix->value, local->value, (size_t)entries * sizeof local->value[0]);
    for (int i = 0; i < entries; i++)
        if (local->column[i] < 0 || local->column[i] >= matrix->first_row[matrix->size])
            return false;
    return true;
}

int spmv_init(struct spmv *matrix, const struct csr *local, MPI_Comm comm)
{
    struct spmv made = {.rows = local->rows};
    MPI_Comm_dup(comm, &made.comm);
    MPI_Comm_size(made.comm, &made.size);
    MPI_Comm_rank(made.comm, &made.rank);
    made.first_row = array(made.size + 1, sizeof made.first_row[0]);
    if (!everywhere(made.first_row != NULL, made.comm))
        goto failed;
    MPI_Allgather(&local->rows, 1, MPI_INT, &made.first_row[1], 1, MPI_INT, made.comm);
    for (int rank = 0; rank < made.size; rank++)
        made.first_row[rank + 1] += made.first_row[rank];
    if (!everywhere(take_rows(&made, local), made.comm))
        goto failed;
    find_ghosts(&made);
    if (agree_on_halo(&made) != 0)
        goto failed;
    *matrix = made;
    return 0;
failed:
    spmv_finish(&made);
    return -1;
}

void spmv_finish(struct spmv *matrix)
{
    for (int rank = 0; matrix->send_type != NULL && rank < matrix->size; rank++)
        if (matrix->send_type[rank] != MPI_DATATYPE_NULL)
            MPI_Type_free(&matrix->send_type[rank]);
    MPI_Comm_free(&matrix->comm);
    free(matrix->first_row);
    free(matrix->start);
    free(matrix->column);
    free(matrix->value);
    free(matrix->ghost);
    free(matrix->receive);
    free(matrix->send);
    free(matrix->send_type);
    free(matrix->x);
    free(matrix->requests);
}

void spmv_multiply(struct spmv *matrix, const double x[], double y[])
{
    int pending = 0;
    double *ghost = &matrix->x[matrix->rows];
    memcpy(matrix->x, x, (size_t)matrix->rows * sizeof x[0]);
    for (int rank = 0; rank < matrix->size; rank++) {
        if (matrix->receive[rank] > 0)
            MPI_Irecv(ghost, matrix->receive[rank], MPI_DOUBLE, rank, TAG_HALO, matrix->comm,
                      &matrix->requests[pending++]);
        ghost += matrix->receive[rank];
    }
    for (int rank = 0; rank < matrix->size; rank++)
        if (matrix->send[rank] > 0)
            MPI_Isend(matrix->x, 1, matrix->send_type[rank], rank, TAG_HALO, matrix->comm,
                      &matrix->requests[pending++]);
    MPI_Waitall(pending, matrix->requests, MPI_STATUSES_IGNORE);
    for (int row = 0; row < matrix->rows; row++) {
        double sum = 0.0;
        for (int i = matrix->start[row]; i < matrix->start[row + 1]; i++)
            sum += matrix->value[i] * matrix->x[matrix->column[i]];
        y[row] = sum;
    }
}

static double dot(const struct spmv *matrix, const double a[], const double b[])
{
    double mine = 0.0, sum;
    for (int row = 0; row < matrix->rows; row++)
        mine += a[row] * b[row];
    MPI_Allreduce(&mine, &sum, 1, MPI_DOUBLE, MPI_SUM, matrix->comm);
    return sum;
}

int spmv_solve(struct spmv *matrix, const double b[], double x[], double tolerance, int limit)
{
    int rows = matrix->rows, result = -1;
    double *residual = array(3 * rows, sizeof residual[0]);
    if (!everywhere(residual != NULL, matrix->comm))
        goto out;
    double *direction = residual + rows, *product = direction + rows;
    spmv_multiply(matrix, x, product);
    for (int row = 0; row < rows; row++)
        direction[row] = residual[row] = b[row] - product[row];
    double goal = tolerance * tolerance * dot(matrix, b, b), now = dot(matrix, residual, residual);
    for (int iteration = 0; iteration <= limit; iteration++) {
        if (now <= goal) {
            result = iteration;
            break;
        }
        spmv_multiply(matrix, direction, product);
        double along = now / dot(matrix, direction, product);
        for (int row = 0; row < rows; row++) {
            x[row] += along * direction[row];
            residual[row] -= along * product[row];
        }
        double next = dot(matrix, residual, residual);
        for (int row = 0; row < rows; row++)
            direction[row] = residual[row] + next / now * direction[row];
        now = next;
    }
out:
    free(residual);
    return result;
}
