/* SPDX-License-Identifier: BSD-2-Clause */
/* collective.c: collectives: the members agree (agreement.h), then enter. Where the MPI has a non-blocking form that
 * runs, polled; else the MPI's own, for all have come and want the same. The wrappers are made from the list of the
 * MPI's collectives (collectives.h, generated), so none is forgotten.
 *
 * MPI_Barrier is an agreement, and nothing else. A non-blocking collective must not wait, so its members do not agree:
 * it is counted, and the next agreement compares the counts.
 *
 * Once all have agreed the operation completes, so it is waited for even when a notice comes meanwhile; only where that
 * takes longer than GRACE (a member got an error of its own, or left out of an operation of the test's, or died) the
 * rank leaves.
 */
#include "private.h"

#define GRACE 1.0 /* seconds */

/* ---- Agreement ---- */

static bool any_dead(const int members[], int size)
{
    for (int i = 0; guard.host.dead && i < size; i++)
        if (guard_is_dead(members[i]))
            return true;
    return false;
}

/* The notice that belongs to it is under way. */
__attribute__((noreturn)) static void go_when_told(uint32_t turns)
{
    while (!guard_look())
        guard_relax(turns += 64);
    guard_go();
}

int guard_agree_among(const int members[], int size, int rank, uint64_t number, uint32_t sequence,
                      const struct guard_intent *intent)
{
    struct guard_agreement agreement;
    enum guard_verdict verdict;
    uint32_t turns = 0;
    guard_agreement_begin(&agreement, guard.team.serial, number, sequence, members, size, rank, intent);
    while ((verdict = guard_converse(&agreement)) == GUARD_WAITING)
        if ((++turns & 63) == 0) {
            guard_look(); /* says GONE if the test is left, and waits on */
            if (any_dead(members, size))
                verdict = GUARD_IMPOSSIBLE;
            if (verdict == GUARD_IMPOSSIBLE)
                break;
            guard_blocked(turns, false);
            guard_relax(turns);
        }
    if (verdict == GUARD_IMPOSSIBLE)
        go_when_told(turns);
    const struct guard_words *words = &agreement.letter.words;
    if (guard_words_agree(words))
        return MPI_SUCCESS;
    char text[320];
    guard_words_text(words, text, sizeof text);
    return mpimock_error(MPI_ERR_OTHER, "the members do not call the same: %s", text);
}

int guard_agree(enum guard_scope_kind kind, uintptr_t key, enum mpimock_function function, int root, MPI_Op op,
                struct guard_scope *scope)
{
    bool late;
    scope->size = 0;
    if (!guard_scope_arrive(kind, key, scope, &late))
        return late ? guard_refuse() : GUARD_UNKNOWN;
    if (scope->size < 2)
        return GUARD_UNKNOWN;
    const struct guard_intent intent = {.function = (uint32_t)function,
                                        .rank = scope->rank,
                                        .root = scope->inter ? GUARD_NO_ROOT : root,
                                        .op = op == MPI_OP_NULL ? GUARD_NO_OP : guard_op_number(op),
                                        .started = scope->started};
    return guard_agree_among(scope->members, scope->size, scope->rank, scope->number, scope->sequence, &intent);
}

void guard_made(enum guard_scope_kind kind, uintptr_t key, const struct guard_scope *parent, bool same_members)
{
    if (parent->size > 0 && !(kind == GUARD_COMM && key == HANDLE_KEY(MPI_COMM_NULL)))
        guard_scope_add(kind, key, guard_number_after(parent->number, parent->sequence), same_members ? parent : NULL);
}

int guard_after(int error)
{
    if (__builtin_expect(atomic_load_explicit(&guard.stance, memory_order_relaxed) == GUARD_FOLLOWING, 0) &&
        pthread_equal(pthread_self(), guard.main_thread))
        guard_go();
    return error;
}

/* ---- Running ---- */

int guard_run(int error, MPI_Request *request)
{
    uint32_t turns = 0;
    int done = 0;
    double since = 0;
    while (error == MPI_SUCCESS) {
        error = guard.mpi->Test(request, &done, MPI_STATUS_IGNORE);
        if (done || error != MPI_SUCCESS)
            break;
        if ((++turns & 63) != 0)
            continue;
        guard_hear();
        if (guard_look() && since == 0)
            since = guard_now();
        if (since > 0 && guard_now() - since > GRACE) {
            guard.stuck++;
            guard_go();
        }
        guard_relax(turns);
    }
    return error;
}

/* ---- The wrappers ---- */

#define NO_ROOT GUARD_NO_ROOT
#define NO_OP   MPI_OP_NULL

#define COLLECTIVE_POLLED(Name, FUNCTION, KIND, over, root, op, parameters, arguments, Started, its_arguments)         \
    static int guard_##Name parameters                                                                                 \
    {                                                                                                                  \
        struct guard_scope scope;                                                                                      \
        MPI_Request request = MPI_REQUEST_NULL;                                                                        \
        int error = guard_agree(GUARD_##KIND, HANDLE_KEY(over), MPIMOCK_##FUNCTION, root, op, &scope);                 \
        if (error != MPI_SUCCESS && error != GUARD_UNKNOWN)                                                            \
            return error;                                                                                              \
        return guard_after(guard_run(guard.mpi->Started its_arguments, &request));                                     \
    }
#define COLLECTIVE_ENTERED(Name, FUNCTION, KIND, over, root, op, parameters, arguments)                                \
    static int guard_##Name parameters                                                                                 \
    {                                                                                                                  \
        struct guard_scope scope;                                                                                      \
        int error = guard_agree(GUARD_##KIND, HANDLE_KEY(over), MPIMOCK_##FUNCTION, root, op, &scope);                 \
        if (error != MPI_SUCCESS && error != GUARD_UNKNOWN)                                                            \
            return error;                                                                                              \
        return guard_after(guard.mpi->Name arguments);                                                                 \
    }
#define COLLECTIVE_STARTED(Name, FUNCTION, KIND, over, root, op, request, parameters, arguments)                       \
    static int guard_##Name parameters                                                                                 \
    {                                                                                                                  \
        struct guard_scope scope;                                                                                      \
        GUARD_ENTER();                                                                                                 \
        int error = guard.mpi->Name arguments;                                                                         \
        if (error == MPI_SUCCESS && guard_scope_start(GUARD_##KIND, HANDLE_KEY(over), &scope))                         \
            guard_track(*request, GUARD_COLLECTIVE);                                                                   \
        return error;                                                                                                  \
    }
/* Windows and files have the members of their communicator; another communicator may have fewer. */
#define COLLECTIVE_MADE(Name, FUNCTION, KIND, over, root, op, MADE, made, parameters, arguments)                       \
    static int guard_##Name parameters                                                                                 \
    {                                                                                                                  \
        struct guard_scope scope;                                                                                      \
        int error = guard_agree(GUARD_##KIND, HANDLE_KEY(over), MPIMOCK_##FUNCTION, root, op, &scope);                 \
        if (error != MPI_SUCCESS && error != GUARD_UNKNOWN)                                                            \
            return error;                                                                                              \
        error = guard.mpi->Name arguments;                                                                             \
        if (error == MPI_SUCCESS)                                                                                      \
            guard_made(GUARD_##MADE, HANDLE_KEY(*made), &scope, GUARD_##MADE != GUARD_COMM);                           \
        return guard_after(error);                                                                                     \
    }
#define COLLECTIVE_FREED(Name, FUNCTION, KIND, over, root, op, parameters, arguments)                                  \
    static int guard_##Name parameters                                                                                 \
    {                                                                                                                  \
        struct guard_scope scope;                                                                                      \
        uintptr_t key = HANDLE_KEY(*over);                                                                             \
        int error = guard_agree(GUARD_##KIND, key, MPIMOCK_##FUNCTION, root, op, &scope);                              \
        if (error != MPI_SUCCESS && error != GUARD_UNKNOWN)                                                            \
            return error;                                                                                              \
        guard_scope_freed(GUARD_##KIND, key);                                                                          \
        return guard.mpi->Name arguments; /* the next call leaves: this one could not say any more what it was on */   \
    }
#include "collectives.h"
#undef COLLECTIVE_POLLED
#undef COLLECTIVE_ENTERED
#undef COLLECTIVE_STARTED
#undef COLLECTIVE_MADE
#undef COLLECTIVE_FREED

/* MPI_Finalize of a test is a barrier underneath. */
static int guard_barrier(MPI_Comm comm)
{
    struct guard_scope scope;
    MPI_Request request = MPI_REQUEST_NULL;
    enum mpimock_function function = MPIMOCK_BARRIER;
    if (mpimock_call()->function == MPIMOCK_FINALIZE)
        function = MPIMOCK_FINALIZE;
    int error = guard_agree(GUARD_COMM, HANDLE_KEY(comm), function, GUARD_NO_ROOT, MPI_OP_NULL, &scope);
    return error != GUARD_UNKNOWN ? guard_after(error) : guard_run(guard.mpi->Ibarrier(comm, &request), &request);
}

void guard_fill_collectives(struct mpimock_backend *table)
{
#define COLLECTIVE_POLLED(Name, ...)  table->Name = guard_##Name;
#define COLLECTIVE_ENTERED(Name, ...) table->Name = guard_##Name;
#define COLLECTIVE_STARTED(Name, ...) table->Name = guard_##Name;
#define COLLECTIVE_MADE(Name, ...)    table->Name = guard_##Name;
#define COLLECTIVE_FREED(Name, ...)   table->Name = guard_##Name;
#include "collectives.h"
    table->Barrier = guard_barrier;
}
