/* SPDX-License-Identifier: BSD-2-Clause */
/* fourier.h: Fourier transforms of an array on rank 0, computed by all ranks of a communicator with FFTW's MPI library.
 *
 * FFTW cuts the array into slabs along the first dimension; with more ranks than slabs the last ones hold nothing. What
 * is here brings the slabs out and home again. fftw_mpi_init() must have been called.
 */
#ifndef FOURIER_H
#define FOURIER_H

#include <complex.h>
#include <stdbool.h>
#include <stddef.h>

#include <fftw3-mpi.h>

enum { FOURIER_RANK_MAX = 3 };

struct fourier {
    int dimensions;                /* 2 or 3 */
    ptrdiff_t n[FOURIER_RANK_MAX]; /* points in each, the last one varies fastest */
    int sign;                      /* FFTW_FORWARD or FFTW_BACKWARD; neither is normalised */
    bool transposed;               /* leave the first two dimensions of the result exchanged, as is cheapest */
};

ptrdiff_t fourier_points(const struct fourier *transform);

/* Collective. whole[fourier_points()] on rank 0 is replaced by its transform; NULL elsewhere. Returns 0 on every rank,
 * or -1: no memory, or no plan. */
int fourier_execute(const struct fourier *transform, fftw_complex *whole, MPI_Comm comm);

#endif
