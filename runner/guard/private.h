/* SPDX-License-Identifier: BSD-2-Clause */
/* private.h: what the guard's files share: guard.c (its state, leaving), talk.c (letters), scopes.c (what collectives
 * are over), p2p.c, collective.c, creation.c, stop.c. One team at a time, so the state is one variable. */
#ifndef MRT_GUARD_PRIVATE_H
#define MRT_GUARD_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "../../mpimock/biased_lock.h"
#include "../../mpimock/mock/handle.h"
#include "agreement.h"
#include "guard.h"
#include "requests.h"

/* ---- What a collective is over: a communicator, a window or a file ---- */
enum guard_scope_kind { GUARD_COMM, GUARD_WIN, GUARD_FILE };

struct guard_scope {
    enum guard_scope_kind kind;
    uintptr_t key;     /* HANDLE_KEY of its handle; 0: a free place (no MPI's handle) */
    uint64_t number;   /* the same on all members; of no other that two of them share */
    uint32_t sequence; /* of its last blocking collective */
    uint32_t started;  /* non-blocking ones */
    int rank, size;    /* of all members: those of an intercommunicator are both groups, in the order of their ranks */
    bool inter;
    uint32_t made; /* the how manyeth that this rank has seen */
    int *members;  /* [size] ranks of the control communicator */
};
static inline MPI_Comm guard_comm_of(uintptr_t key)
{
    return (MPI_Comm)key;
}
static inline MPI_Win guard_win_of(uintptr_t key)
{
    return (MPI_Win)key;
}
static inline MPI_File guard_file_of(uintptr_t key)
{
    return (MPI_File)key;
}

enum guard_stance {
    GUARD_STAYING,
    GUARD_FOLLOWING, /* was told that the test is left: never arrives at a collective again, and leaves where it can */
    GUARD_LEFT,      /* calls are refused */
};

struct guard_state {
    struct control *control;
    const struct mpimock_backend *mpi; /* the real one; NULL: not opened */
    MPI_Comm comm;                     /* private, of all ranks of the run */
    MPI_Group everyone;
    struct mpimock_backend table;

    bool on, stopped, clean;
    _Atomic enum guard_stance stance;
    bool declared; /* its mates know that it never arrives again */
    pthread_t main_thread;
    struct guard_host host;
    struct guard_team team;
    struct guard_requests requests;
    struct guard_counter {
        _Atomic int64_t own, others; /* by the test's thread; by others */
    } sent, received;                /* messages, from user code */
    _Atomic int64_t sent_bytes;     /* … by sends that were not complete at once */
    bool uncounted;                 /* … not all of them: persistent ones, cancelled ones */
    struct guard_found {
        MPI_Message message;
        int bytes;
    } * found; /* by MPI_Mprobe, and not yet received */
    size_t found_count, found_capacity;
    long unseen; /* requests that completed in a call that was left: the door counts them still */
    long stuck;  /* collectives that were left, and pend for ever */

    struct guard_scope *scopes; /* the first is the team's */
    size_t scope_count, scope_last;
    uint32_t scopes_made;
    struct guard_arrival *past; /* on communicators, windows and files that were freed, or have no handle */
    size_t past_count, past_capacity;

    struct guard_mailbox mailbox;
    MPI_Comm *kept; /* of teams that left something pending, in this run */
    size_t kept_count, kept_others;
    uint32_t misses; /* of MPI_Test and its kin */
    struct biased_lock lock; /* its owner is the thread that runs tests */
};
extern struct guard_state guard;

/* Its address stands for the thread. */
extern __thread char guard_self __attribute__((tls_model("initial-exec"), visibility("hidden")));

static inline void guard_lock(void)
{
    biased_lock_take(&guard.lock, &guard_self);
}
static inline void guard_unlock(void)
{
    biased_lock_give(&guard.lock, &guard_self);
}

/* One more; cheap in the thread that runs the test. */
static inline void guard_count(struct guard_counter *counter)
{
    if (__builtin_expect(atomic_load_explicit(&guard.lock.owner, memory_order_relaxed) == &guard_self, 1))
        atomic_store_explicit(&counter->own, atomic_load_explicit(&counter->own, memory_order_relaxed) + 1,
                              memory_order_relaxed);
    else
        atomic_fetch_add_explicit(&counter->others, 1, memory_order_relaxed);
}
static inline int64_t guard_counted(const struct guard_counter *counter)
{
    return atomic_load(&counter->own) + atomic_load(&counter->others);
}

/* ---- Waiting and leaving (guard.c) ---- */

/* One turn of a polling loop; true: the test is left, so the caller puts away what it has open and calls guard_go(). */
bool guard_pause(uint32_t turns);
static inline bool guard_turn(uint32_t *turns)
{
    return (++*turns & 63) == 0 && guard_pause(*turns);
}
/* Yields or rests. */
void guard_relax(uint32_t turns);
/* Is the test left? Looks for a notice, if this thread is the one that does. */
bool guard_look(void);
/* Says GONE to the team, once. */
void guard_declare(void);
__attribute__((noreturn)) void guard_go(void);
/* A call while the test is left: leaves it if this rank has not yet; else the error for it. */
int guard_refuse(void);
#define GUARD_ENTER()                                                                                                  \
    do {                                                                                                               \
        if (__builtin_expect(atomic_load_explicit(&guard.stance, memory_order_relaxed) != GUARD_STAYING, 0))           \
            return guard_refuse();                                                                                     \
    } while (0)
/* Is a member dead, by its rank in the control communicator? */
bool guard_is_dead(int rank);
double guard_now(void);

/* ---- Deadlock (blocked.c) ---- */
void guard_blocked_begin(void);
void guard_blocked_end(void);
/* This rank waits; `finished`: at the test's end. Called every 64 turns, from the 64th of each wait on. */
void guard_blocked(uint32_t turns, bool finished);
void guard_blocked_heard(int from, const struct guard_letter *letter);

/* ---- Letters (talk.c) ---- */
int guard_talk_open(void);
/* No letter is half said: the thread that runs the tests begins one. */
void guard_talk_begin(void);
void guard_talk_close(void);
void guard_say(int to, const struct guard_letter *letter);
/* Puts what has come into the mailbox. */
void guard_hear(void);
/* Advances the agreement with what was in the mailbox, or comes. */
enum guard_verdict guard_converse(struct guard_agreement *agreement);
/* The same, then guard_mailbox_take. */
bool guard_read(int from, const struct guard_letter *wanted, struct guard_letter *letter);
void guard_unread(int from, const struct guard_letter *letter);
/* Has a mate said that it never again arrives? */
bool guard_anyone_gone(void);
/* Until all that was said has left. */
void guard_talk_flush(void);

/* ---- Requests (p2p.c) ---- */
void guard_track(MPI_Request request, enum guard_request_kind kind);
/* The same for one that the test has no handle of. */
struct guard_request *guard_track_own(MPI_Request request, enum guard_request_kind kind);
/* A look of the test's own that found nothing: now and then for a notice, too. */
void guard_missed(void);
void guard_fill_p2p(struct mpimock_backend *table);

/* ---- Scopes (scopes.c) ---- */
int guard_scopes_begin(void);
void guard_scopes_end(void);
/* This rank arrives at its next collective: counts it, and copies what is known. False: not known, or of one rank; or
 * (*late) the test is left. */
bool guard_scope_arrive(enum guard_scope_kind kind, uintptr_t key, struct guard_scope *copy, bool *late);
/* It starts a non-blocking one: never waited for, so no arrival; the mates compare how many there were. */
bool guard_scope_start(enum guard_scope_kind kind, uintptr_t key, struct guard_scope *copy);
/* An arrival at what a group of ranks without a handle does: the `number` names it. */
uint32_t guard_scope_arrive_at(uint64_t number, bool *late);
/* It was made by a collective on `parent`, with the parent's members, or (NULL) with those that the MPI names. */
void guard_scope_add(enum guard_scope_kind kind, uintptr_t key, uint64_t number, const struct guard_scope *parent);
/* 0: not known. */
uint64_t guard_scope_number(enum guard_scope_kind kind, uintptr_t key);
void guard_scope_freed(enum guard_scope_kind kind, uintptr_t key);
/* Names what collective `sequence` of `number` makes, the same on all who took part. */
uint64_t guard_number_after(uint64_t number, uint32_t sequence);
/* All members of a group as ranks of the control communicator; false: it has others. */
bool guard_group_members(MPI_Group group, int size, int members[]);
/* What GONE says: all arrivals, in an array of malloc's, or NULL for none or without memory. */
struct guard_arrival *guard_scopes_arrivals(size_t *count);

/* ---- Collectives (collective.c, creation.c) ---- */
enum { GUARD_UNKNOWN = -1 };
/* Waits until all members are about to call the same. MPI_SUCCESS; an MPI error class on mismatch; GUARD_UNKNOWN where
 * there is no agreeing. *scope: as guard_scope_arrive. */
int guard_agree(enum guard_scope_kind kind, uintptr_t key, enum mpimock_function function, int root, MPI_Op op,
                struct guard_scope *scope);
/* The same among those ranks of the control communicator. */
int guard_agree_among(const int members[], int size, int rank, uint64_t number, uint32_t sequence,
                      const struct guard_intent *intent);
/* It was made by the collective on `parent`, at which this rank arrived as in that copy. MPI_COMM_NULL is fine. */
void guard_made(enum guard_scope_kind kind, uintptr_t key, const struct guard_scope *parent, bool same_members);
/* Waits, polling, for the collective that was started with that error, and that all members have entered. */
int guard_run(int error, MPI_Request *request);
/* After a collective that all have entered: leaves, if the test is left. Returns the error. */
int guard_after(int error);
void guard_fill_collectives(struct mpimock_backend *table);
void guard_fill_creation(struct mpimock_backend *table);

/* ---- One-sided (onesided.c) ---- */
void guard_fill_onesided(struct mpimock_backend *table);
/* For the stop: closes the epochs that this rank can close alone; are those over that others must close? How many are
 * not. */
void guard_epochs_close(void);
size_t guard_epochs_test(void);
void guard_epochs_answer(void); /* when all letters have come */
bool guard_epochs_open(void);
void guard_epochs_forget(void);

/* ---- The stop (stop.c) ---- */
/* Before a stack is unwound: takes back the receives into it. */
void guard_withdraw(void);

#endif
