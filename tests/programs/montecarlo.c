/* SPDX-License-Identifier: BSD-2-Clause */
/* montecarlo.c: a plain MPI program: π from random points, summed by MPI_Reduce. `montecarlo [POINTS]`, for each rank.
 * Exit status 1 if the result is far off; the points do not depend on time, so a run can be repeated. */
#include <math.h>
#include <mpi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static double random_number(uint64_t *state) /* xorshift64*, in [0, 1) */
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (double)((*state * UINT64_C(0x2545F4914F6CDD1D)) >> 11) / 9007199254740992.0;
}

int main(int argc, char **argv)
{
    int rank, size;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    long long points = argc > 1 ? strtoll(argv[1], NULL, 10) : 200000, inside = 0, total = 0;
    MPI_Bcast(&points, 1, MPI_LONG_LONG, 0, MPI_COMM_WORLD);
    uint64_t state = UINT64_C(0x9E3779B97F4A7C15) * (uint64_t)(rank + 1);
    for (long long i = 0; i < points; i++) {
        double x = random_number(&state), y = random_number(&state);
        inside += x * x + y * y < 1.0;
    }
    MPI_Reduce(&inside, &total, 1, MPI_LONG_LONG, MPI_SUM, 0, MPI_COMM_WORLD);
    int wrong = 0;
    if (rank == 0) {
        double pi = 4.0 * (double)total / (double)(points * size);
        printf("pi is about %.6f, from %lld points on %d ranks\n", pi, points * size, size);
        wrong = !(fabs(pi - 3.14159265358979) < 0.02);
    }
    MPI_Finalize();
    return wrong;
}
