/* SPDX-License-Identifier: BSD-2-Clause */
/* attribute.c: values that programs cache on communicators (MPI-3.1 §6.7), with the functions that copy and delete
 * them.
 *
 * The predefined attributes (§8.1.2) answer on every communicator. A freed keyval lives on while an attribute has it.
 * The user's functions run under the mock's lock, which their thread may take again.
 */
#include <limits.h>
#include <stdlib.h>

#include "comm.h"
#include "environment.h"

#define FIRST_KEYVAL 0x1000000 /* above all predefined ones but MPICH's, below those */

struct keyval {
    struct keyval *next;
    int number;
    int references; /* the program's, and one for each attribute */
    bool freed;     /* by the program */
    MPI_Comm_copy_attr_function *copy;
    MPI_Comm_delete_attr_function *delete;
    void *extra_state;
};

struct attribute {
    struct attribute *next; /* set before this one */
    struct keyval *keyval;
    void *value;
};

struct mock_attributes {
    struct attribute *latest;
};

static struct keyval *keyvals;
static int next_number = FIRST_KEYVAL;

/* ---- Keyvals ---- */

static struct keyval *keyval_find(int number)
{
    struct keyval *keyval = keyvals;
    while (keyval != NULL && (keyval->number != number || keyval->freed))
        keyval = keyval->next;
    return keyval;
}

static void keyval_release(struct keyval *keyval)
{
    if (--keyval->references > 0)
        return;
    struct keyval **place = &keyvals;
    while (*place != keyval)
        place = &(*place)->next;
    *place = keyval->next;
    free(keyval);
}

static int bad_keyval(int number)
{
    return mpimock_error(MPI_ERR_KEYVAL, number == MPI_KEYVAL_INVALID ? "the keyval is MPI_KEYVAL_INVALID"
                                                                      : "not a keyval, or one that was freed");
}

int mock_Comm_create_keyval(MPI_Comm_copy_attr_function *copy, MPI_Comm_delete_attr_function *delete, int *number,
                            void *extra_state)
{
    struct keyval *keyval = calloc(1, sizeof *keyval);
    if (keyval == NULL)
        return mpimock_error(MPI_ERR_NO_MEM, "out of memory for a keyval");
    mock_lock();
    *keyval = (struct keyval){.next = keyvals,
                              .number = next_number++,
                              .references = 1,
                              .copy = copy,
                              .delete = delete,
                              .extra_state = extra_state};
    keyvals = keyval;
    *number = keyval->number;
    mock_unlock();
    return MPI_SUCCESS;
}

int mock_Comm_free_keyval(int *number)
{
    int error = MPI_SUCCESS;
    mock_lock();
    struct keyval *keyval = keyval_find(*number);
    if (keyval != NULL) {
        keyval->freed = true;
        keyval_release(keyval);
        *number = MPI_KEYVAL_INVALID;
    } else {
        error = bad_keyval(*number);
    }
    mock_unlock();
    return error;
}

/* ---- The user's functions; the constants for "nothing" and "just copy" are told by their addresses ---- */

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

static int call_copy(const struct attribute *attribute, MPI_Comm from, void **copied, int *flag)
{
    const struct keyval *keyval = attribute->keyval;
    *flag = 0;
    if (keyval->copy == MPI_COMM_NULL_COPY_FN || keyval->copy == (MPI_Comm_copy_attr_function *)MPI_NULL_COPY_FN)
        return MPI_SUCCESS;
    if (keyval->copy == MPI_COMM_DUP_FN || keyval->copy == (MPI_Comm_copy_attr_function *)MPI_DUP_FN) {
        *copied = attribute->value;
        *flag = 1;
        return MPI_SUCCESS;
    }
    return keyval->copy(from, keyval->number, keyval->extra_state, attribute->value, copied, flag);
}

static int call_delete(const struct attribute *attribute, MPI_Comm comm)
{
    const struct keyval *keyval = attribute->keyval;
    if (keyval->delete == MPI_COMM_NULL_DELETE_FN ||
        keyval->delete == (MPI_Comm_delete_attr_function *)MPI_NULL_DELETE_FN)
        return MPI_SUCCESS;
    return keyval->delete (comm, keyval->number, attribute->value, keyval->extra_state);
}

#pragma GCC diagnostic pop

/* ---- The attributes of one communicator ---- */

static struct attribute **attribute_place(struct mock_comm *comm, const struct keyval *keyval)
{
    if (comm->attributes == NULL)
        return NULL;
    struct attribute **place = &comm->attributes->latest;
    while (*place != NULL && (*place)->keyval != keyval)
        place = &(*place)->next;
    return *place != NULL ? place : NULL;
}

/* False: out of memory. */
static bool attribute_add(struct mock_comm *comm, struct keyval *keyval, void *value)
{
    if (comm->attributes == NULL)
        comm->attributes = calloc(1, sizeof *comm->attributes);
    struct attribute *attribute = comm->attributes != NULL ? malloc(sizeof *attribute) : NULL;
    if (attribute == NULL)
        return false;
    keyval->references++;
    *attribute = (struct attribute){comm->attributes->latest, keyval, value};
    comm->attributes->latest = attribute;
    return true;
}

static void attribute_remove(struct attribute **place)
{
    struct attribute *attribute = *place;
    *place = attribute->next;
    keyval_release(attribute->keyval);
    free(attribute);
}

/* Deletes one with the user's function; it stays where that refuses (§6.7.2). */
static int attribute_delete(struct mock_comm *comm, const struct keyval *keyval)
{
    struct attribute **place = attribute_place(comm, keyval);
    int error = call_delete(*place, comm->handle);
    if (error != MPI_SUCCESS)
        return mpimock_error(error, "the attribute's delete function refused");
    place = attribute_place(comm, keyval); /* the function may have set others */
    if (place != NULL)
        attribute_remove(place);
    return MPI_SUCCESS;
}

int mock_attributes_delete(struct mock_comm *comm)
{
    int error = MPI_SUCCESS;
    mock_lock();
    while (comm->attributes != NULL && comm->attributes->latest != NULL && error == MPI_SUCCESS)
        error = attribute_delete(comm, comm->attributes->latest->keyval);
    mock_unlock();
    return error;
}

void attribute_forget(struct mock_comm *comm)
{
    if (comm->attributes == NULL)
        return;
    while (comm->attributes->latest != NULL)
        attribute_remove(&comm->attributes->latest);
    free(comm->attributes);
    comm->attributes = NULL;
}

/* Oldest first, so that the copies are in the same order. */
static int copy_from(const struct attribute *attribute, struct mock_comm *from, struct mock_comm *to)
{
    if (attribute == NULL)
        return MPI_SUCCESS;
    int error = copy_from(attribute->next, from, to), flag = 0;
    void *copied = NULL;
    if (error != MPI_SUCCESS)
        return error;
    error = call_copy(attribute, from->handle, &copied, &flag);
    if (error != MPI_SUCCESS)
        return mpimock_error(error, "an attribute's copy function refused");
    if (flag != 0 && !attribute_add(to, attribute->keyval, copied))
        return mpimock_error(MPI_ERR_NO_MEM, "out of memory for an attribute");
    return MPI_SUCCESS;
}

int mock_attributes_copy(struct mock_comm *from, struct mock_comm *to)
{
    if (from->attributes == NULL)
        return MPI_SUCCESS;
    mock_lock();
    int error = copy_from(from->attributes->latest, from, to);
    mock_unlock();
    return error;
}

void attribute_chapter_finish(void)
{
    while (keyvals != NULL) { /* no communicator is left, so no attribute has one */
        struct keyval *keyval = keyvals;
        keyvals = keyval->next;
        free(keyval);
    }
}

/* ---- Functions ---- */

/* A predefined attribute's value (§8.1.2), or NULL. */
static int *predefined(int number)
{
    static int tag_ub = INT_MAX, host = MPI_PROC_NULL, io = MPI_ANY_SOURCE, wtime_is_global = 1, application = 0;
    static int universe_size;
    static int last_used_code;
    universe_size = mock.size;
    last_used_code = environment_last_used_code();
    const struct {
        int number;
        int *value;
    } values[] = {
        {MPI_TAG_UB, &tag_ub},
        {MPI_HOST, &host},
        {MPI_IO, &io},
        {MPI_WTIME_IS_GLOBAL, &wtime_is_global},
        {MPI_UNIVERSE_SIZE, &universe_size},
        {MPI_APPNUM, &application},
        {MPI_LASTUSEDCODE, &last_used_code},
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        if (values[i].number == number)
            return values[i].value;
    return NULL;
}

int mock_Comm_set_attr(MPI_Comm handle, int number, void *value)
{
    int error;
    struct mock_comm *comm = comm_get(handle, &error);
    if (comm == NULL)
        return error;
    if (predefined(number) != NULL)
        return mpimock_error(MPI_ERR_KEYVAL, "a predefined attribute cannot be set");
    mock_lock();
    struct keyval *keyval = keyval_find(number);
    error = keyval == NULL ? bad_keyval(number) : MPI_SUCCESS;
    if (error == MPI_SUCCESS && attribute_place(comm, keyval) != NULL)
        error = attribute_delete(comm, keyval); /* setting deletes what was there (§6.7.2) */
    if (error == MPI_SUCCESS && !attribute_add(comm, keyval, value))
        error = mpimock_error(MPI_ERR_NO_MEM, "out of memory for an attribute");
    mock_unlock();
    return error;
}

int mock_Comm_get_attr(MPI_Comm handle, int number, void *value, int *flag)
{
    int error = MPI_SUCCESS;
    struct mock_comm *comm = comm_get(handle, &error);
    if (comm == NULL)
        return error;
    void *found = predefined(number);
    *flag = found != NULL;
    if (found == NULL) {
        mock_lock();
        const struct keyval *keyval = keyval_find(number);
        error = keyval == NULL ? bad_keyval(number) : MPI_SUCCESS;
        struct attribute **place = keyval != NULL ? attribute_place(comm, keyval) : NULL;
        if (place != NULL) {
            found = (*place)->value;
            *flag = 1;
        }
        mock_unlock();
    }
    if (*flag)
        *(void **)value = found;
    return error;
}

int mock_Comm_delete_attr(MPI_Comm handle, int number)
{
    int error;
    struct mock_comm *comm = comm_get(handle, &error);
    if (comm == NULL)
        return error;
    if (predefined(number) != NULL)
        return mpimock_error(MPI_ERR_KEYVAL, "a predefined attribute cannot be deleted");
    mock_lock();
    const struct keyval *keyval = keyval_find(number);
    if (keyval == NULL)
        error = bad_keyval(number);
    else if (attribute_place(comm, keyval) == NULL)
        error = mpimock_error(MPI_ERR_KEYVAL, "the communicator has no attribute of that keyval");
    else
        error = attribute_delete(comm, keyval);
    mock_unlock();
    return error;
}

/* ---- The deprecated names (§15.1) ---- */

int mock_Keyval_create(MPI_Copy_function *copy, MPI_Delete_function *delete, int *number, void *extra_state)
{
    return mock_Comm_create_keyval((MPI_Comm_copy_attr_function *)copy, (MPI_Comm_delete_attr_function *)delete, number,
                                   extra_state);
}

int mock_Keyval_free(int *number)
{
    return mock_Comm_free_keyval(number);
}

int mock_Attr_put(MPI_Comm comm, int number, void *value)
{
    return mock_Comm_set_attr(comm, number, value);
}

int mock_Attr_get(MPI_Comm comm, int number, void *value, int *flag)
{
    return mock_Comm_get_attr(comm, number, value, flag);
}

int mock_Attr_delete(MPI_Comm comm, int number)
{
    return mock_Comm_delete_attr(comm, number);
}
