/* SPDX-License-Identifier: BSD-2-Clause */
/* launcher.c: see launcher.h. */
#include "launcher.h"

#include <stdlib.h>
#include <string.h>

/* One line for each launcher: the variable that is its sign, and where rank and size are told. */
static const struct {
    const char *sign, *rank, *size, *words;
} launchers[] = {
    {"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "Open MPI's mpiexec"},
    {"PMI_RANK", "PMI_RANK", "PMI_SIZE", "MPICH's mpiexec or srun (PMI)"},
    {"PMIX_RANK", "PMIX_RANK", "SLURM_NTASKS", "srun or prterun (PMIx)"},
};

static int number(const char *text)
{
    long value = text ? strtol(text, NULL, 10) : 0;
    return value > 0 && value < 100000000 ? (int)value : 0;
}

void launcher_detect(struct launcher *launcher, const char *(*environment)(const char *name))
{
    *launcher = (struct launcher){0};
    for (size_t i = 0; i < sizeof launchers / sizeof *launchers; i++) {
        if (!environment(launchers[i].sign))
            continue;
        launcher->present = true;
        launcher->variable = launchers[i].sign;
        launcher->rank = number(environment(launchers[i].rank));
        launcher->size = number(environment(launchers[i].size));
        return;
    }
}

static const char *words(const struct launcher *launcher)
{
    for (size_t i = 0; i < sizeof launchers / sizeof *launchers; i++)
        if (strcmp(launcher->variable, launchers[i].sign) == 0)
            return launchers[i].words;
    return "a launcher";
}

int launcher_check(const struct launcher *launcher, int world_size, const char *mpi, struct problem *problem)
{
    if (!launcher->present || launcher->size == 0 || launcher->size == world_size)
        return 0;
    return problem_set(problem, EINVAL,
                       "%s started %d processes, but each is a world of %d to the MPI that this program was built with "
                       "(%s), so each would run every test: start it with that MPI's own mpiexec (or srun --mpi=pmix)",
                       words(launcher), launcher->size, world_size, mpi);
}
