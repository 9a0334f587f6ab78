/* SPDX-License-Identifier: BSD-2-Clause */
/* op.c: reduction operations: MPI's own and those of programs (MPI-3.1 §5.9).
 *
 * Relies on op_kernels.c for the loops. Promises that an operation is refused where the standard does not define it.
 */
#include "op.h"

#include <errno.h>
#include <stdlib.h>

#include "collective.h"
#include "op_kernels.h"

static const struct {
    MPI_Op handle;
    enum op_number number;
    const char *name;
} table[] = {
    {MPI_MAX, OP_MAX, "MPI_MAX"},
    {MPI_MIN, OP_MIN, "MPI_MIN"},
    {MPI_SUM, OP_SUM, "MPI_SUM"},
    {MPI_PROD, OP_PROD, "MPI_PROD"},
    {MPI_LAND, OP_LAND, "MPI_LAND"},
    {MPI_BAND, OP_BAND, "MPI_BAND"},
    {MPI_LOR, OP_LOR, "MPI_LOR"},
    {MPI_BOR, OP_BOR, "MPI_BOR"},
    {MPI_LXOR, OP_LXOR, "MPI_LXOR"},
    {MPI_BXOR, OP_BXOR, "MPI_BXOR"},
    {MPI_MINLOC, OP_MINLOC, "MPI_MINLOC"},
    {MPI_MAXLOC, OP_MAXLOC, "MPI_MAXLOC"},
    {MPI_REPLACE, OP_REPLACE, "MPI_REPLACE"},
    {MPI_NO_OP, OP_NO_OP, "MPI_NO_OP"},
};
#define TABLE_ROWS (sizeof table / sizeof table[0])
_Static_assert((int)OP_NUMBER_COUNT <= OP_NUMBER_USER, "numbers of operations have 5 bits");

const char *op_name(int number)
{
    for (size_t i = 0; i < TABLE_ROWS; i++)
        if ((int)table[i].number == number)
            return table[i].name;
    return "a user's operation";
}

static struct mock_op *op_new(int number, const char *name, bool commutative, MPI_User_function *user)
{
    struct mock_op *op = calloc(1, sizeof *op);
    if (op == NULL)
        return NULL;
    op->number = number;
    op->name = name;
    op->commutative = commutative;
    op->user = user;
    return op;
}

int op_chapter_init(void)
{
    for (size_t i = 0; i < TABLE_ROWS; i++) {
        struct mock_op *op = op_new(table[i].number, table[i].name, true, NULL);
        if (op == NULL)
            return -ENOMEM;
        op->handle = table[i].handle;
        chapters_bound(HANDLE_OP, HANDLE_KEY(op->handle), op, &op->link);
    }
    return 0;
}

void op_chapter_finish(void)
{
    struct mock_link *link;
    while ((link = chapters_first(HANDLE_OP)) != NULL) {
        struct mock_op *op = LINK_OWNER(link, struct mock_op, link);
        chapters_ended(HANDLE_OP, HANDLE_KEY(op->handle), link);
        free(op);
    }
}

static struct mock_op *op_get(MPI_Op handle, int *error)
{
    struct mock_op *op = handle_object(HANDLE_OP, HANDLE_KEY(handle));
    if (op == NULL)
        *error = handle == MPI_OP_NULL ? mpimock_error(MPI_ERR_OP, "the operation is MPI_OP_NULL")
                                       : mpimock_error(MPI_ERR_OP, "not an operation, or one that was freed");
    return op;
}

struct mock_op *op_for(MPI_Op handle, const struct mock_type *type, int *error)
{
    struct mock_op *op = op_get(handle, error);
    if (op == NULL || op->user != NULL || op_kernel_for((enum op_number)op->number, type) != NULL)
        return op;
    if (op->number == OP_REPLACE || op->number == OP_NO_OP)
        *error = mpimock_error(MPI_ERR_OP, "%s is for one-sided communication only", op->name);
    else
        *error = mpimock_error(MPI_ERR_OP, "%s is not defined for %s", op->name,
                               type->predefined ? type->layout->name : "a derived datatype");
    return NULL;
}

void op_apply(const struct mock_op *op, const void *in, void *inout, size_t count, const struct mock_type *type)
{
    if (count == 0)
        return;
    if (op->user != NULL) {
        int length = (int)count;
        MPI_Datatype handle = type->handle;
        op->user((void *)(uintptr_t)in, inout, &length, &handle);
    } else {
        op_kernel_for((enum op_number)op->number, type)(in, inout, count);
    }
}

int mock_Op_create(MPI_User_function *user_fn, int commute, MPI_Op *op)
{
    if (user_fn == NULL)
        return mpimock_error(MPI_ERR_ARG, "no function");
    struct mock_op *made = op_new(OP_NUMBER_USER, "a user's operation", commute != 0, user_fn);
    uintptr_t key = made != NULL ? chapters_made(HANDLE_OP, made, &made->link) : 0;
    if (key == 0) {
        free(made);
        return mpimock_error(MPI_ERR_NO_MEM, "out of memory, or of handles for operations");
    }
    made->handle = (MPI_Op)key;
    *op = made->handle;
    return MPI_SUCCESS;
}

int mock_Op_free(MPI_Op *op)
{
    int error;
    struct mock_op *old = op_get(*op, &error);
    if (old == NULL)
        return error;
    if (old->user == NULL)
        return mpimock_error(MPI_ERR_OP, "%s is predefined and cannot be freed", old->name);
    chapters_ended(HANDLE_OP, HANDLE_KEY(old->handle), &old->link);
    free(old);
    *op = MPI_OP_NULL;
    return MPI_SUCCESS;
}

int mock_Op_commutative(MPI_Op op, int *commute)
{
    int error;
    const struct mock_op *found = op_get(op, &error);
    if (found == NULL)
        return error;
    *commute = found->commutative;
    return MPI_SUCCESS;
}

int mock_Reduce_local(const void *inbuf, void *inoutbuf, int count, MPI_Datatype datatype, MPI_Op op)
{
    struct mock_type *type;
    int error = collective_check_buffer("input", inbuf, count, datatype, &type);
    if (error == MPI_SUCCESS)
        error = collective_check_buffer("output", inoutbuf, count, datatype, &type);
    if (error != MPI_SUCCESS)
        return error;
    const struct mock_op *found = op_for(op, type, &error);
    if (found == NULL)
        return error;
    if (type_overlap(inbuf, (size_t)count, type, inoutbuf, (size_t)count, type))
        return mpimock_error(MPI_ERR_BUFFER, "the input and the output buffer overlap");
    op_apply(found, inbuf, inoutbuf, (size_t)count, type);
    return MPI_SUCCESS;
}
