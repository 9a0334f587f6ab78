/* SPDX-License-Identifier: BSD-2-Clause */
/* keyval.c: attributes of communicators (MPI-3.1 §6.7), as far as the door must look: the user's copy and delete
 * functions see MPI_COMM_WORLD for the team and run in user code; attributes set on the world's MPI_COMM_WORLD and
 * MPI_COMM_SELF are deleted when the world ends, the last one first; predefined ones answer as on the real
 * MPI_COMM_WORLD.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "door_entry.h"
#include "door_functions.h"
#include "keyval.h"

/* The user's functions, handed to the backend as the extra state of ours. They are kept for good, because attributes
 * live on after MPI_Comm_free_keyval, and looked for first, so that tests run again and again do not add to them. */
struct callbacks {
    MPI_Comm_copy_attr_function *copy;
    MPI_Comm_delete_attr_function *delete;
    void *extra_state;
    struct callbacks *next;
};
static struct callbacks *all_callbacks;
static pthread_mutex_t callbacks_lock = PTHREAD_MUTEX_INITIALIZER;

static struct callbacks *callbacks_for(MPI_Comm_copy_attr_function *copy, MPI_Comm_delete_attr_function *delete,
                                       void *extra_state)
{
    pthread_mutex_lock(&callbacks_lock);
    struct callbacks *callbacks = all_callbacks;
    while (callbacks &&
           (callbacks->copy != copy || callbacks->delete != delete || callbacks->extra_state != extra_state))
        callbacks = callbacks->next;
    if (!callbacks && (callbacks = malloc(sizeof *callbacks))) {
        *callbacks = (struct callbacks){copy, delete, extra_state, all_callbacks};
        all_callbacks = callbacks;
    }
    pthread_mutex_unlock(&callbacks_lock);
    return callbacks;
}

/* The deprecated names (MPI_DUP_FN and the like) may be functions of their own. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

static bool is_null_copy(MPI_Comm_copy_attr_function *copy)
{
    return copy == MPI_COMM_NULL_COPY_FN || copy == MPI_NULL_COPY_FN;
}

static bool is_dup(MPI_Comm_copy_attr_function *copy)
{
    return copy == MPI_COMM_DUP_FN || copy == MPI_DUP_FN;
}

static bool is_null_delete(MPI_Comm_delete_attr_function *delete)
{
    return delete == MPI_COMM_NULL_DELETE_FN || delete == MPI_NULL_DELETE_FN;
}
#pragma GCC diagnostic pop

static int copy_outside(MPI_Comm comm, int keyval, void *extra_state, void *value_in, void *value_out, int *flag)
{
    const struct callbacks *user = extra_state;
    *flag = 0;
    if (is_null_copy(user->copy))
        return MPI_SUCCESS;
    if (is_dup(user->copy)) {
        *(void **)value_out = value_in;
        *flag = 1;
        return MPI_SUCCESS;
    }
    struct door_saved saved = door_to_user();
    int error = user->copy(door_comm_translated_back(comm), keyval, user->extra_state, value_in, value_out, flag);
    door_from_user(&saved);
    return error;
}

static int delete_outside(MPI_Comm comm, int keyval, void *value, void *extra_state)
{
    const struct callbacks *user = extra_state;
    if (is_null_delete(user->delete))
        return MPI_SUCCESS;
    struct door_saved saved = door_to_user();
    int error = user->delete (door_comm_translated_back(comm), keyval, value, user->extra_state);
    door_from_user(&saved);
    return error;
}

int door_Comm_create_keyval(MPI_Comm_copy_attr_function *comm_copy_attr_fn,
                            MPI_Comm_delete_attr_function *comm_delete_attr_fn, int *comm_keyval, void *extra_state)
{
    if ((is_null_copy(comm_copy_attr_fn) || is_dup(comm_copy_attr_fn)) && is_null_delete(comm_delete_attr_fn))
        return door_backend()->Comm_create_keyval(comm_copy_attr_fn, comm_delete_attr_fn, comm_keyval, extra_state);
    struct callbacks *callbacks = callbacks_for(comm_copy_attr_fn, comm_delete_attr_fn, extra_state);
    if (!callbacks)
        return mpimock_error(MPI_ERR_NO_MEM, "no memory for one more attribute key");
    return door_backend()->Comm_create_keyval(copy_outside, delete_outside, comm_keyval, callbacks);
}

#ifdef MPIMOCK_HAS_KEYVAL_CREATE
int door_Keyval_create(MPI_Copy_function *copy_fn, MPI_Delete_function *delete_fn, int *keyval, void *extra_state)
{
    return door_Comm_create_keyval(copy_fn, delete_fn, keyval, extra_state);
}
#endif

/* ---- Attributes of the world's MPI_COMM_WORLD and MPI_COMM_SELF ---- */

/* Keys of what is set, the last one last. */
struct keyvals {
    int *keys;
    size_t count, room;
};
static struct keyvals on_world, on_self;

static struct keyvals *keyvals_of(MPI_Comm comm)
{
    if (!door_world.entered)
        return NULL;
    return comm == MPI_COMM_WORLD ? &on_world : comm == MPI_COMM_SELF ? &on_self : NULL;
}

static void keyvals_remove(struct keyvals *keyvals, int key)
{
    size_t kept = 0;
    for (size_t i = 0; i < keyvals->count; i++)
        if (keyvals->keys[i] != key)
            keyvals->keys[kept++] = keyvals->keys[i];
    keyvals->count = kept;
}

static int keyvals_reserve(struct keyvals *keyvals)
{
    if (keyvals->count < keyvals->room)
        return 0;
    size_t room = keyvals->room ? 2 * keyvals->room : 16;
    int *keys = realloc(keyvals->keys, room * sizeof *keys);
    if (!keys)
        return -ENOMEM;
    keyvals->keys = keys;
    keyvals->room = room;
    return 0;
}

static void delete_all(struct keyvals *keyvals, MPI_Comm comm)
{
    while (keyvals->count > 0) {
        int key = keyvals->keys[--keyvals->count];
        door_inside();
        door_backend()->Comm_delete_attr(comm, key);
        door_outside();
    }
}

void door_keyvals_world_ends(void)
{
    if (door_world.self != MPI_COMM_NULL)
        delete_all(&on_self, door_world.self);
    if (door_world.team != MPI_COMM_NULL)
        delete_all(&on_world, door_world.team);
    on_self.count = on_world.count = 0;
}

static bool is_predefined(int keyval)
{
    return keyval == MPI_TAG_UB || keyval == MPI_HOST || keyval == MPI_IO || keyval == MPI_WTIME_IS_GLOBAL ||
           keyval == MPI_APPNUM || keyval == MPI_UNIVERSE_SIZE || keyval == MPI_LASTUSEDCODE;
}

/* The communicator for the backend. */
static MPI_Comm inner(MPI_Comm comm, int keyval)
{
    return door_world.entered && is_predefined(keyval) ? MPI_COMM_WORLD : door_comm_translated(comm);
}

static int set(MPI_Comm comm, int keyval, void *value,
               int (*backend_set)(MPI_Comm comm, int keyval, void *attribute_val))
{
    struct keyvals *keyvals = keyvals_of(comm);
    if (keyvals && is_predefined(keyval))
        return mpimock_error(MPI_ERR_KEYVAL, "a predefined attribute cannot be changed");
    if (keyvals && keyvals_reserve(keyvals) < 0)
        return mpimock_error(MPI_ERR_NO_MEM, "no memory for one more attribute");
    int error = backend_set(door_comm_translated(comm), keyval, value);
    if (error == MPI_SUCCESS && keyvals) {
        keyvals_remove(keyvals, keyval);
        keyvals->keys[keyvals->count++] = keyval;
    }
    return error;
}

static int delete (MPI_Comm comm, int keyval, int (*backend_delete)(MPI_Comm comm, int keyval))
{
    struct keyvals *keyvals = keyvals_of(comm);
    if (keyvals && is_predefined(keyval))
        return mpimock_error(MPI_ERR_KEYVAL, "a predefined attribute cannot be deleted");
    int error = backend_delete(door_comm_translated(comm), keyval);
    if (error == MPI_SUCCESS && keyvals)
        keyvals_remove(keyvals, keyval);
    return error;
}

int door_Comm_set_attr(MPI_Comm comm, int comm_keyval, void *attribute_val)
{
    return set(comm, comm_keyval, attribute_val, door_backend()->Comm_set_attr);
}

int door_Comm_get_attr(MPI_Comm comm, int comm_keyval, void *attribute_val, int *flag)
{
    return door_backend()->Comm_get_attr(inner(comm, comm_keyval), comm_keyval, attribute_val, flag);
}

int door_Comm_delete_attr(MPI_Comm comm, int comm_keyval)
{
    return delete (comm, comm_keyval, door_backend()->Comm_delete_attr);
}

#ifdef MPIMOCK_HAS_ATTR_PUT
int door_Attr_put(MPI_Comm comm, int keyval, void *attribute_val)
{
    return set(comm, keyval, attribute_val, door_backend()->Attr_put);
}

int door_Attr_get(MPI_Comm comm, int keyval, void *attribute_val, int *flag)
{
    return door_backend()->Attr_get(inner(comm, keyval), keyval, attribute_val, flag);
}

int door_Attr_delete(MPI_Comm comm, int keyval)
{
    return delete (comm, keyval, door_backend()->Attr_delete);
}
#endif
