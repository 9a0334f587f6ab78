/* SPDX-License-Identifier: BSD-2-Clause */
/* guard_private.h: what the guard's files share: guard.c (state, notices, waiting), guard_p2p.c, guard_collective.c,
 * guard_comms.c (the communicators of the test), guard_stop.c. One team at a time, so the state is one variable. */
#ifndef MRT_GUARD_PRIVATE_H
#define MRT_GUARD_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "guard.h"
#include "guard_requests.h"
#include "guard_words.h"

/* Tags on the private communicators. MPI guarantees tags up to 32,767 (MPI-3.1 §8.1.2). */
enum { GUARD_TAG_STOP = 1, GUARD_TAG_AGREE = 16, GUARD_TAG_GROUP = 16384, GUARD_TAGS = 16000 };

/* A communicator on whose collectives the members agree. */
struct guard_comm {
    MPI_Comm comm;     /* MPI_COMM_NULL: a free place */
    uint32_t number;   /* the same on all members, and different from any other that two of them share */
    uint32_t sequence; /* of its collectives */
    int rank, size;
    int *members;      /* [size] ranks of the control communicator */
};

struct guard_state {
    struct control *control;
    const struct mpimock_backend *mpi; /* the real one; NULL: not opened */
    MPI_Comm stops, agreements;        /* private, of all ranks of the run */
    MPI_Group everyone;
    struct mpimock_backend table;

    bool on, stopped, clean;
    atomic_bool left;                  /* this rank told, or was told, that the test is left */
    bool threads;                      /* other threads may call too */
    pthread_t main_thread;
    struct guard_host host;
    struct guard_team team;
    uint32_t next_number;              /* for communicators */
    struct guard_requests requests;
    long unseen;                       /* requests that completed in a call that was left: the door counts them still */
    long stuck;                        /* collectives that were left, and pend for ever */
    struct guard_comm *comms;          /* the first is the team's */
    size_t comm_count, comm_last;
    MPI_Comm *kept;                    /* of teams that left something pending, in this run */
    size_t kept_count;
    uint32_t misses;                   /* of MPI_Test and its kin */
    atomic_flag lock;
};
extern struct guard_state guard;

static inline void guard_lock(void)
{
    if (guard.threads)
        while (atomic_flag_test_and_set_explicit(&guard.lock, memory_order_acquire))
            ;
}
static inline void guard_unlock(void)
{
    if (guard.threads)
        atomic_flag_clear_explicit(&guard.lock, memory_order_release);
}

/* ---- Waiting (guard.c) ---- */

/* One turn of a polling loop; true: the test is left, so the caller puts away what it has open and calls guard_go(). */
bool guard_pause(uint32_t turns);
static inline bool guard_turn(uint32_t *turns)
{
    return (++*turns & 63) == 0 && guard_pause(*turns);
}
/* Yields or rests. */
void guard_relax(uint32_t turns);
__attribute__((noreturn)) void guard_go(void);
/* The error of a call after the test was left. */
int guard_refuse(void);
#define GUARD_ENTER()                                                                                                  \
    do {                                                                                                               \
        if (atomic_load_explicit(&guard.left, memory_order_relaxed))                                                   \
            return guard_refuse();                                                                                     \
    } while (0)

/* ---- Requests (guard_p2p.c) ---- */
void guard_track(MPI_Request request, bool receive);
/* The same for one that the test has no handle of. */
struct guard_request *guard_track_own(MPI_Request request, bool receive);
/* Polls until the request, of a call of the guard's own, is complete; leaves if the test is left. */
int guard_finish(MPI_Request *request, bool receive, MPI_Status *status);
void guard_fill_p2p(struct mpimock_backend *table);

/* ---- Communicators (guard_comms.c) ---- */
/* Counts a collective on it and copies what is known. False: a communicator that the guard does not know, or of one rank. */
bool guard_comm_next(MPI_Comm comm, struct guard_comm *copy);
void guard_comm_add(MPI_Comm comm, uint32_t number);
void guard_comm_remove(MPI_Comm comm);
int guard_comms_begin(void);
void guard_comms_end(void);

/* ---- Collectives (guard_collective.c, guard_creation.c) ---- */
enum { GUARD_UNKNOWN = -1 };
/* Waits until all members are about to call the same. MPI_SUCCESS; an MPI error class on mismatch; GUARD_UNKNOWN for a
 * communicator on which there is no agreeing. */
int guard_agree(MPI_Comm comm, enum mpimock_function function, int root, uint32_t op);
/* For a call that makes a communicator: its number, 0 where there is no agreeing. */
int guard_agree_on_number(MPI_Comm comm, enum mpimock_function function, uint32_t *number);
/* The same among those ranks of the control communicator. */
int guard_agree_among(const int members[], int size, int rank, int tag, struct guard_words *words);
void guard_fill_collectives(struct mpimock_backend *table);
void guard_fill_creation(struct mpimock_backend *table);

#endif
