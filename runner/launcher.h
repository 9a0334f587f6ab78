/* SPDX-License-Identifier: BSD-2-Clause */
/* launcher.h: were we started by a launcher (mpiexec, srun), and by whose? Told from the environment alone, before any
 * MPI call. Pure: the environment is a function.
 *
 * OMPI_COMM_WORLD_SIZE is Open MPI's mpiexec; PMI_RANK that of MPICH and its relatives, and srun --mpi=pmi2; PMIX_RANK
 * srun --mpi=pmix and prterun. SLURM_PROCID alone is no sign: a batch script has it too.
 */
#ifndef MRT_LAUNCHER_H
#define MRT_LAUNCHER_H

#include <stdbool.h>

#include "../mpimock/problem.h"

struct launcher {
    bool present;
    const char *variable; /* that told it: "PMI_RANK" */
    int rank;             /* of this process, or 0 if the launcher does not say */
    int size;             /* of the job, or 0 likewise */
};
void launcher_detect(struct launcher *launcher, const char *(*environment)(const char *name));

/* After MPI_Init: does the MPI see the job that the launcher started? -EINVAL with the sentence that mends it. The
 * sentence is for launcher->rank 0 to print: where this fails every process believes to be rank 0. */
int launcher_check(const struct launcher *launcher, int world_size, const char *mpi, struct problem *problem);

#endif
