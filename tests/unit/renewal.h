/* SPDX-License-Identifier: BSD-2-Clause */
/* renewal.h: for unit tests of ranks that die and are replaced: a job of four ranks, of which rank 0 looks on, and the others
 * are in tests together. */
#ifndef RENEWAL_H
#define RENEWAL_H

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launch.h"
#include "mock/objects.h" /* before cmocka.h, which has a macro mock_type */
#include "mock/segment.h"

#include "ranks.h"

#define MPI (&mpimock_backend_mock)

enum { RENEWAL_BIG = 1 << 20, RENEWAL_TAG = 7 };

static MPI_Comm control;
static jmp_buf way_out;
static int own;

/* ---- On the control communicator ---- */

static inline int tell(int to, int tag, int value)
{
    return MPI->Send(&value, 1, MPI_INT, to, tag, control);
}

static inline int hear(int from, int tag, int *value)
{
    mpimock_wait_is_idle(true);
    int error = MPI->Recv(value, 1, MPI_INT, from, tag, control, MPI_STATUS_IGNORE);
    mpimock_wait_is_idle(false);
    return error;
}

/* ---- Tests ---- */

static inline MPI_Comm begin_assigned(uint32_t serial, int size, const uint32_t members[], const uint32_t incarnations[])
{
    MPI_Comm team = MPI_COMM_NULL;
    int ranks[8];
    for (int i = 0; i < size; i++)
        ranks[i] = (int)members[i];
    if (mpimock_team_create(size, ranks, serial, &team) != MPI_SUCCESS ||
        mpimock_test_begin(serial, (uint32_t)size, members, incarnations) != 0)
        abort();
    return team;
}

static inline MPI_Comm begin(uint32_t serial, int size, const uint32_t members[])
{
    return begin_assigned(serial, size, members, NULL);
}

static inline void end(MPI_Comm team)
{
    mpimock_test_end();
    mpimock_team_free(&team);
}

/* The hook: leaves a test of which a member has died. */
static inline void leave_if_lost(void)
{
    if (mpimock_test_lost_member() < 0)
        return;
    mpimock_test_left();
    longjmp(way_out, 1);
}

/* ---- Jobs ---- */

static inline int renewal_run(void *argument)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        signal(signals[i], SIG_DFL); /* not cmocka's, which would go on with the next test */
    own = mock.rank;
    if (mpimock_control_comm(&control) != MPI_SUCCESS)
        return __LINE__;
    mpimock_tests_only();
    return (*(int (**)(void))argument)();
}

/* Runs part() on n ranks; returns how many were replaced. */
static inline int play(int n, int (*part)(void))
{
    struct problem problem = {{0}};
    int replaced = -1, died = -1;
    mpimock_use(&mpimock_backend_mock);
    assert_int_equal(mpimock_launch(&(struct mpimock_launch){.n = n,
                                                             .function = renewal_run,
                                                             .argument = &part,
                                                             .died = &died,
                                                             .replace = true,
                                                             .replaced = &replaced},
                                    &problem),
                     0);
    assert_int_equal(died, 0);
    return replaced;
}

#endif
