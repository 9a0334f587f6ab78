/* SPDX-License-Identifier: BSD-2-Clause */
/* fourier.c: see fourier.h. */
#include "fourier.h"

#include <stdlib.h>

ptrdiff_t fourier_points(const struct fourier *transform)
{
    ptrdiff_t points = 1;
    for (int i = 0; i < transform->dimensions; i++)
        points *= transform->n[i];
    return points;
}

static bool everywhere(bool here, MPI_Comm comm)
{
    int mine = here, all;
    MPI_Allreduce(&mine, &all, 1, MPI_INT, MPI_LAND, comm);
    return all != 0;
}

/* Where the ranks' slabs lie in the whole array, in complex numbers; counts and starts have one entry for each rank. */
static void slabs(ptrdiff_t mine, ptrdiff_t first, ptrdiff_t slab, int counts[], int starts[], MPI_Comm comm)
{
    int count = (int)(mine * slab), start = (int)(first * slab);
    MPI_Allgather(&count, 1, MPI_INT, counts, 1, MPI_INT, comm);
    MPI_Allgather(&start, 1, MPI_INT, starts, 1, MPI_INT, comm);
}

int fourier_execute(const struct fourier *transform, fftw_complex *whole, MPI_Comm comm)
{
    int size, rank, result = -1;
    MPI_Comm_size(comm, &size);
    MPI_Comm_rank(comm, &rank);
    ptrdiff_t points = fourier_points(transform), rows, first_row, columns, first_column;
    ptrdiff_t local = fftw_mpi_local_size_transposed(transform->dimensions, transform->n, comm, &rows, &first_row,
                                                     &columns, &first_column);
    unsigned flags = FFTW_ESTIMATE | (transform->transposed ? FFTW_MPI_TRANSPOSED_OUT : 0U);
    fftw_complex *slab = fftw_alloc_complex(local > 0 ? (size_t)local : 1);
    int *counts = calloc((size_t)size, sizeof counts[0]), *starts = calloc((size_t)size, sizeof starts[0]);
    fftw_plan plan = NULL;
    if (!everywhere(slab != NULL && counts != NULL && starts != NULL, comm))
        goto out;
    plan = fftw_mpi_plan_dft(transform->dimensions, transform->n, slab, slab, comm, transform->sign, flags);
    if (!everywhere(plan != NULL, comm))
        goto out;

    slabs(rows, first_row, points / transform->n[0], counts, starts, comm);
    MPI_Scatterv(whole, counts, starts, MPI_C_DOUBLE_COMPLEX, slab, counts[rank], MPI_C_DOUBLE_COMPLEX, 0, comm);
    fftw_execute(plan);
    if (transform->transposed)
        slabs(columns, first_column, points / transform->n[1], counts, starts, comm);
    MPI_Gatherv(slab, counts[rank], MPI_C_DOUBLE_COMPLEX, whole, counts, starts, MPI_C_DOUBLE_COMPLEX, 0, comm);
    result = 0;
out:
    if (plan != NULL)
        fftw_destroy_plan(plan);
    free(starts);
    free(counts);
    fftw_free(slab);
    return result;
}
