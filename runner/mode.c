/* SPDX-License-Identifier: BSD-2-Clause */
/* mode.c: see mode.h. */
#include "mode.h"

#include "../mpimock/launch.h"

int mode_decide(enum mode *mode, bool *fell_back, const struct options *options, const struct launcher *launcher,
                bool built_with_mpi, struct problem *problem)
{
    bool n_given = options->n > 0 || options->n_auto;
    *fell_back = false;
    if (options->mock && options->mpi)
        return problem_set(problem, EINVAL, "--mock and --mpi contradict each other: give one of them");
    if (options->mpi && !built_with_mpi)
        return problem_set(problem, EINVAL, "--mpi: this build has no MPI: configure it with -DMPIRUN_TESTS_MPI=ON");
    if (launcher->present && options->mock)
        return problem_set(problem, EINVAL,
                           "--mock starts its own ranks, but a launcher started this process already (%s is set): leave "
                           "out mpiexec or srun, or leave out --mock",
                           launcher->variable);
    if (launcher->present && !built_with_mpi)
        return problem_set(problem, EINVAL,
                           "this build has no MPI, but a launcher started this process (%s is set), so each would run "
                           "every test: start it without mpiexec, or configure it with -DMPIRUN_TESTS_MPI=ON",
                           launcher->variable);
    if (launcher->present && n_given)
        return problem_set(problem, EINVAL,
                           "-n is for the mock, but a launcher started this process (%s is set) and decides how many "
                           "ranks there are: give -n to the launcher",
                           launcher->variable);
    *mode = launcher->present || options->mpi ? MODE_MPI : MODE_MOCK;
    if (*mode == MODE_MPI && n_given)
        return problem_set(problem, EINVAL, "-n is for the mock: start an MPI job with mpiexec -n N");
    if (*mode == MODE_MPI && options->hostfile)
        return problem_set(problem, EINVAL,
                           "--hostfile %s gives the mock its virtual nodes: under an MPI give the hostfile to mpiexec",
                           options->hostfile);
    *fell_back = *mode == MODE_MOCK && !options->mock;
    return 0;
}

static int automatic(const struct options *options, int cores)
{
    int multiply = options->n_multiply > 0 ? options->n_multiply : 1, divide = options->n_divide > 0 ? options->n_divide : 1;
    long long workers = (long long)cores * multiply / divide;
    return (int)((workers < 1 ? 1 : workers > MPIMOCK_RANKS_MAX ? MPIMOCK_RANKS_MAX : workers) + 1);
}

int mode_ranks(const struct options *options, const struct plan *plan, int (*cores)(void), int *ranks,
               struct problem *problem)
{
    int wanted = options->n;
    if (wanted == 0) {
        wanted = automatic(options, cores());
        for (size_t i = 0; i < plan->count && !options->n_auto; i++)
            if (plan->tests[i].np > wanted)
                wanted = plan->tests[i].np;
        if (wanted > MPIMOCK_RANKS_MAX)
            wanted = MPIMOCK_RANKS_MAX;
    }
    if (wanted > MPIMOCK_RANKS_MAX)
        return problem_set(problem, EINVAL, "-n %d: the mock has at most %d ranks", wanted, MPIMOCK_RANKS_MAX);
    *ranks = wanted;
    return 0;
}
