/* SPDX-License-Identifier: BSD-2-Clause */
/* mpimock.h: a small, strict MPI for one machine, for programs that do not use the runner.
 *
 * The functions of MPI itself are those of mpi.h. Any MPI program, also one that was compiled with the ordinary mpicc,
 * runs on the mock with `mpimockexec -n 4 PROGRAM ARGUMENTS…`.
 */
#ifndef MPIMOCK_H
#define MPIMOCK_H

/* The C++ bindings that MPI-3.0 removed: Open MPI's warn under g++ -Wextra, and need a library of their own. Who wants
 * them includes mpi.h first. */
#ifdef __cplusplus
#ifndef OMPI_SKIP_MPICXX
#define OMPI_SKIP_MPICXX 1
#endif
#ifndef MPICH_SKIP_MPICXX
#define MPICH_SKIP_MPICXX 1
#endif
#endif
#include <mpi.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Runs function(comm, argument) on n ranks, each a process forked from this one, with the mock as their MPI and
 * MPI_COMM_WORLD (also given as comm) holding them all; waits for them. MPI is initialised when the function starts and
 * is finalised after it returns. results[i] (results may be NULL) becomes what rank i returned, or 128 + the signal
 * that ended it, or the code it exited or aborted with. Memory written by a rank is its own; what must come back
 * travels by MPI, files or results (8 bits are not a limit: any int returned comes back whole).
 *
 * Returns 0 when all ranks returned, else -ECHILD when some rank died, -EINVAL (n < 1 or above 1024, no function),
 * -EBUSY (called by a process that has initialised a real MPI: it must not be forked), -ENOMEM, -EAGAIN (fork). */
__attribute__((visibility("default"))) int mpimock_exec(int n, int (*function)(MPI_Comm comm, void *argument),
                                                        void *argument, int results[]);

#ifdef __cplusplus
}
#endif

#endif
