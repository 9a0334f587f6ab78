/* SPDX-License-Identifier: BSD-2-Clause */
/* op.h: reduction operations, for the collectives. */
#ifndef MPIMOCK_OP_H
#define MPIMOCK_OP_H

#include "datatype.h"

#define OP_NUMBER_USER 31 /* of every operation that a program made; those of MPI have 1 … 30 */

struct mock_op {
    MPI_Op handle;
    struct mock_link link;
    int number; /* the same on all ranks for the same predefined operation */
    const char *name;
    bool commutative;
    MPI_User_function *user; /* NULL: predefined */
};

/* Looks a handle up and checks that the operation is defined for the type (MPI-3.1 §5.9.2). NULL, and *error set, where
 * it is not. */
struct mock_op *op_for(MPI_Op handle, const struct mock_type *type, int *error);
/* inout[i] = in[i] op inout[i]: `in` is the operand of the lower ranks. */
void op_apply(const struct mock_op *op, const void *in, void *inout, size_t count, const struct mock_type *type);
/* "MPI_SUM", for a number; "a user's operation" */
const char *op_name(int number);

#endif
