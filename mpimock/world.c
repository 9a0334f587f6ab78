/* SPDX-License-Identifier: BSD-2-Clause */
/* world.c: between mpimock_world_enter and mpimock_world_leave MPI_COMM_WORLD is a team.
 *
 *     outside --enter--> entered --MPI_Finalize--> entered, finalized --leave--> outside
 *                           \------------------leave------------------------->/
 *
 * MPI is initialised throughout. The communicators that stand for MPI_COMM_SELF, and for MPI_COMM_WORLD where a
 * single-rank world brought no team, are duplicates made when first used, so that a world in which nothing happens
 * costs nothing.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "door_entry.h"
#include "door_functions.h"
#include "keyval.h"
#include "mock/objects.h"

struct door_world door_world = {.team = MPI_COMM_NULL, .self = MPI_COMM_NULL};

static struct {
    bool closed;      /* the world is being left, or there was one and is none now */
    bool own_team;    /* made here */
    bool initialized; /* MPI_Init or MPI_Init_thread was called */
    int level_limit;
    int level; /* granted */
    pthread_t main_thread;
    bool team_named, self_named; /* by MPI_Comm_set_name */
    int (*stop)(long *pending);  /* the host's way to agree, or NULL */
} state;
static size_t kept; /* objects that worlds left behind */
static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;

/* ---- MPI_COMM_WORLD and MPI_COMM_SELF ---- */

/* Makes *comm unless another thread just did. */
static int make(MPI_Comm *comm)
{
    MPI_Comm made = MPI_COMM_NULL;
    int error = MPI_SUCCESS;
    pthread_mutex_lock(&making);
    if (*comm == MPI_COMM_NULL) {
        door_inside();
        error = door_backend()->Comm_dup(MPI_COMM_SELF, &made);
        door_outside();
        if (error == MPI_SUCCESS) {
            door_real_quiet(DOOR_COMM, HANDLE_KEY(made));
            *comm = made;
        }
    }
    pthread_mutex_unlock(&making);
    return error;
}

int door_world_translate(MPI_Comm *comm)
{
    MPI_Comm *place = *comm == MPI_COMM_WORLD ? &door_world.team : *comm == MPI_COMM_SELF ? &door_world.self : NULL;
    if (!door_world.entered || !place)
        return MPI_SUCCESS;
    int error = *place == MPI_COMM_NULL ? make(place) : MPI_SUCCESS;
    if (error == MPI_SUCCESS)
        *comm = *place;
    return error;
}

/* ---- The gate ---- */

enum door_gate door_gate;

int door_gate_check(void)
{
    int initialized = 0, finalized = door_gate == GATE_FINALIZED;
    if (state.closed && door_hooks.stray)
        door_hooks.stray();
    if (door_gate == GATE_UNKNOWN) {
        door_backend()->Initialized(&initialized);
        door_backend()->Finalized(&finalized);
        if (initialized && !finalized) {
            door_real_prepare();
            door_gate = GATE_OPEN;
            return MPI_SUCCESS;
        }
    }
    return mpimock_error(MPI_ERR_OTHER, finalized ? "called after MPI_Finalize" : "called before MPI_Init");
}

/* ---- Enter and leave ---- */

int mpimock_world_enter(const struct mpimock_world *world)
{
    if (!world || !world->name)
        return -EINVAL;
    if (door_world.entered)
        return -EBUSY;
    door_real_prepare();
    if (world->team != MPI_COMM_NULL)
        door_real_quiet(DOOR_COMM, HANDLE_KEY(world->team));
    state = (__typeof__(state)){.own_team = world->team == MPI_COMM_NULL,
                                .level_limit = world->thread_level,
                                .level = world->thread_level,
                                .main_thread = pthread_self(),
                                .stop = world->stop};
    door_pending_begin();
    door_thread.depth = 0;
    door_thread.call.function = MPIMOCK_NONE;
    door_errors_world_begins();
    door_live_world_begins();
    door_world = (struct door_world){.entered = true, .team = world->team, .self = MPI_COMM_NULL, .name = world->name};
    door_gate = GATE_OPEN;
    return 0;
}

/* Takes every message off the communicator that has arrived and that nobody received. */
static int drain_real(MPI_Comm comm)
{
    const struct mpimock_backend *backend = door_backend();
    for (;;) {
        MPI_Status status;
        int flag = 0, bytes = 0;
        int error = backend->Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, comm, &flag, &status);
        if (error != MPI_SUCCESS)
            return -EIO;
        if (!flag)
            return 0;
        if (backend->Get_count(&status, MPI_BYTE, &bytes) != MPI_SUCCESS || bytes == MPI_UNDEFINED)
            bytes = 0; /* above 2 GiB: received as truncated */
        char *sink = malloc(bytes > 0 ? (size_t)bytes : 1);
        if (!sink)
            return -ENOMEM;
        backend->Recv(sink, bytes, MPI_BYTE, status.MPI_SOURCE, status.MPI_TAG, comm, MPI_STATUS_IGNORE);
        mpimock_message_left(status.MPI_SOURCE, status.MPI_TAG, (size_t)bytes);
        free(sink);
    }
}

static int drain(MPI_Comm comm)
{
    if (comm == MPI_COMM_NULL)
        return 0;
    if (door_backend() != &mpimock_backend_mock)
        return drain_real(comm);
    const struct mock_comm *mock_communicator = mock_comm(comm);
    if (mock_communicator)
        mock_discard_context(mock_communicator->context);
    return 0;
}

/* Frees a duplicate of the door's own; where requests are pending it is kept, for they may use it. */
static void drop(MPI_Comm *comm, bool pending)
{
    if (*comm == MPI_COMM_NULL)
        return;
    if (pending)
        kept++;
    else
        door_backend()->Comm_free(comm);
    *comm = MPI_COMM_NULL;
}

/* A team of several ranks of a real MPI meets, so that what was sent has arrived. */
static int agree(MPI_Comm team, long *pending)
{
    int size = 1;
    if (state.stop)
        return state.stop(pending);
    if (team == MPI_COMM_NULL || state.own_team || door_backend() == &mpimock_backend_mock)
        return 0;
    if (door_backend()->Comm_size(team, &size) != MPI_SUCCESS)
        return -EIO;
    return size == 1 || door_backend()->Barrier(team) == MPI_SUCCESS ? 0 : -EIO;
}

int mpimock_world_leave(void)
{
    if (!door_world.entered)
        return -EINVAL;
    door_thread.depth = 0;
    door_thread.call.function = MPIMOCK_NONE;
    door_keyvals_world_ends(); /* runs functions of the user's; nothing when MPI_Finalize has done it */
    state.closed = true;
    door_gate = GATE_UNKNOWN;
    door_inside();
    MPI_Comm team = door_world.team, self = door_world.self;
    long pending = atomic_load(&door_pending.own) + atomic_load(&door_pending.others);
    int error = agree(team, &pending);
    if (!error)
        error = drain(team);
    if (!error)
        error = drain(self);
    if (state.own_team)
        drop(&team, pending > 0);
    drop(&self, pending > 0);
    door_outside();
    door_live_world_ends();
    kept += door_objects_world_ends();
    door_errors_world_ends();
    door_world = (struct door_world){.team = MPI_COMM_NULL, .self = MPI_COMM_NULL};
    door_gate = GATE_UNKNOWN;
    door_pending_begin();
    if (error)
        return error;
    return pending < 0 ? 0 : pending > INT32_MAX ? INT32_MAX : (int)pending;
}

size_t mpimock_worlds_kept(void)
{
    return kept;
}

/* ---- MPI_Init to MPI_Abort ---- */

/* In a world: one of the two initialising calls, once. */
static int init_in_world(int level)
{
    if (door_gate == GATE_FINALIZED)
        return door_gate_check();
    if (state.initialized)
        return mpimock_error(MPI_ERR_OTHER,
                             "MPI was initialised before: MPI_Init or MPI_Init_thread may be called once");
    state.initialized = true;
    state.level = level < state.level_limit ? level : state.level_limit;
    state.main_thread = pthread_self();
    return MPI_SUCCESS;
}

int door_Init(int *argc, char ***argv)
{
    if (door_world.entered)
        return init_in_world(MPI_THREAD_SINGLE);
    return door_backend()->Init(argc, argv);
}

int door_Init_thread(int *argc, char ***argv, int required, int *provided)
{
    if (!door_world.entered)
        return door_backend()->Init_thread(argc, argv, required, provided);
    int error = init_in_world(required);
    if (error == MPI_SUCCESS)
        *provided = state.level;
    return error;
}

int door_Initialized(int *flag)
{
    if (!door_world.entered)
        return door_backend()->Initialized(flag);
    *flag = 1;
    return MPI_SUCCESS;
}

/* Collective over the team. The attributes of MPI_COMM_SELF go first of all (MPI-3.1 §8.7.1), while MPI still works. */
int door_Finalize(void)
{
    if (!door_world.entered) {
        door_gate = GATE_UNKNOWN;
        return door_backend()->Finalize();
    }
    door_keyvals_world_ends();
    int error = MPI_SUCCESS;
    if (!state.own_team)
        error = door_backend()->Barrier(door_world.team);
    if (error == MPI_SUCCESS)
        door_gate = GATE_FINALIZED;
    return error;
}

int door_Finalized(int *flag)
{
    if (!door_world.entered)
        return door_backend()->Finalized(flag);
    *flag = door_gate == GATE_FINALIZED;
    return MPI_SUCCESS;
}

int door_Query_thread(int *provided)
{
    if (!door_world.entered)
        return door_backend()->Query_thread(provided);
    *provided = state.level;
    return MPI_SUCCESS;
}

int mpimock_world_thread_level(void)
{
    return door_world.entered ? state.level : MPI_THREAD_MULTIPLE;
}

int door_Is_thread_main(int *flag)
{
    if (!door_world.entered)
        return door_backend()->Is_thread_main(flag);
    *flag = pthread_equal(state.main_thread, pthread_self()) != 0;
    return MPI_SUCCESS;
}

int door_Abort(MPI_Comm comm, int errorcode)
{
    if (!door_hooks.abort)
        return door_backend()->Abort(door_comm_translated(comm), errorcode);
    struct door_saved saved = door_to_user();
    door_hooks.abort(comm, errorcode);
    door_from_user(&saved);
    return MPI_SUCCESS;
}

/* ---- Names (MPI-3.1 §6.8): those of MPI_COMM_WORLD and MPI_COMM_SELF are fresh in each world ---- */

static bool *named(MPI_Comm comm)
{
    if (!door_world.entered)
        return NULL;
    return comm == MPI_COMM_WORLD ? &state.team_named : comm == MPI_COMM_SELF ? &state.self_named : NULL;
}

int door_Comm_set_name(MPI_Comm comm, const char *comm_name)
{
    bool *flag = named(comm);
    int error = door_backend()->Comm_set_name(door_comm_translated(comm), comm_name);
    if (error == MPI_SUCCESS && flag)
        *flag = true;
    return error;
}

int door_Comm_get_name(MPI_Comm comm, char *comm_name, int *resultlen)
{
    const bool *flag = named(comm);
    if (!flag || *flag)
        return door_backend()->Comm_get_name(door_comm_translated(comm), comm_name, resultlen);
    strcpy(comm_name, comm == MPI_COMM_WORLD ? "MPI_COMM_WORLD" : "MPI_COMM_SELF");
    *resultlen = (int)strlen(comm_name);
    return MPI_SUCCESS;
}
