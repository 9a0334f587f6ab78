/* SPDX-License-Identifier: BSD-2-Clause */
/* scene.h: what the suites about deadlocks share: calls in short, and events between ranks that are no messages.
 *
 * The runner loads suites before it forks the ranks of the mock, so memory mapped by a constructor is shared by all.
 */
#ifndef SCENE_H
#define SCENE_H

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>

#include <mpirun_tests.h>

enum { LARGE = 1 << 20, EVENTS = 64, MANY = 20000 };

__attribute__((unused)) static char large[2][LARGE]; /* one to send, one to receive */
static _Atomic int *scene_events;

__attribute__((constructor)) static void scene_map(void)
{
    void *memory =
        mmap(NULL, EVENTS * sizeof *scene_events, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    scene_events = memory == MAP_FAILED ? NULL : memory;
}

static inline int own_rank(void)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank;
}

static inline int own_size(void)
{
    int size;
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    return size;
}

static inline int next_rank(void)
{
    return (own_rank() + 1) % own_size();
}

static inline int previous_rank(void)
{
    return (own_rank() + own_size() - 1) % own_size();
}

static inline void give(int to, int tag, MPI_Comm comm)
{
    int value = tag;
    MPI_Send(&value, 1, MPI_INT, to, tag, comm);
}

static inline void take(int from, int tag, MPI_Comm comm)
{
    int value = -1;
    MPI_Recv(&value, 1, MPI_INT, from, tag, comm, MPI_STATUS_IGNORE);
    if (tag != MPI_ANY_TAG)
        assert_int_equal(value, tag);
}

static inline void happen(int event)
{
    assert_non_null((void *)scene_events);
    atomic_fetch_add(&scene_events[event], 1);
}

/* Runs, outside of MPI, until the event has happened so often; then it may happen anew. */
static inline void compute_until(int event, int times)
{
    assert_non_null((void *)scene_events);
    while (atomic_load(&scene_events[event]) < times)
        sched_yield();
    atomic_store(&scene_events[event], 0);
}

/* For about a millisecond, so that those who are about to wait are asleep mostly. */
static inline void compute_a_little(void)
{
    volatile unsigned sum = 0;
    for (unsigned i = 0; i < 1000u * 1000u; i++)
        sum += i;
    (void)sum;
}

#endif
