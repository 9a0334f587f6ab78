/* SPDX-License-Identifier: BSD-2-Clause */
/* exec.c: mpimock_exec: a function on n ranks from within a program.
 *
 * Relies on the supervisor (launch.c). Each rank is a fork that forgets the world that its parent may be in, takes the
 * mock as its MPI, and initialises and finalises it around the function.
 */
#include <mpimock.h>

#include "door_entry.h"
#include "launch.h"

struct call {
    int (*function)(MPI_Comm comm, void *argument);
    void *argument;
};

/* A fork of a process that is in a world is not: no call is made on behalf of the parent's. */
static void forget_world(void)
{
    door_thread.depth = 0;
    door_thread.call.function = MPIMOCK_NONE;
    if (!door_world.entered)
        return;
    door_objects_world_ends();
    door_errors_world_ends();
    door_world = (struct door_world){.team = MPI_COMM_NULL, .self = MPI_COMM_NULL};
    door_pending_begin();
}

static int run(void *argument)
{
    const struct call *call = argument;
    int flag = 0, result;
    forget_world();
    mpimock_hooks_set(NULL);
    mpimock_use(&mpimock_backend_mock);
    int provided;
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_MULTIPLE, &provided) != MPI_SUCCESS)
        return 1;
    result = call->function(MPI_COMM_WORLD, call->argument);
    MPI_Finalized(&flag);
    if (!flag)
        MPI_Finalize();
    return result;
}

/* A real MPI does not survive a fork. */
static bool has_real_mpi(void)
{
#ifdef MPIMOCK_NO_MPI
    return false;
#else
    int initialized = 0, finalized = 0;
    mpimock_backend_real.Initialized(&initialized);
    mpimock_backend_real.Finalized(&finalized);
    return initialized && !finalized;
#endif
}

__attribute__((visibility("default"))) int mpimock_exec(int n, int (*function)(MPI_Comm comm, void *argument),
                                                        void *argument, int results[])
{
    struct problem problem = {""};
    struct call call = {function, argument};
    int died = 0;
    if (n < 1 || n > MPIMOCK_RANKS_MAX || function == NULL)
        return -EINVAL;
    if (has_real_mpi())
        return -EBUSY;
    struct mpimock_launch launch = {.n = n, .function = run, .argument = &call, .results = results, .died = &died};
    int status = mpimock_launch(&launch, &problem);
    if (status < 0) {
        fprintf(stderr, "mpimock_exec: %s\n", problem.text);
        return status;
    }
    return died > 0 ? -ECHILD : 0;
}
