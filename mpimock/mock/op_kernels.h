/* SPDX-License-Identifier: BSD-2-Clause */
/* op_kernels.h: the predefined reduction operations as loops over arrays. */
#ifndef MPIMOCK_OP_KERNELS_H
#define MPIMOCK_OP_KERNELS_H

#include "datatype.h"

/* Numbers are what messages carry: the same in all processes of a job. */
enum op_number {
    OP_NONE,
    OP_MAX,
    OP_MIN,
    OP_SUM,
    OP_PROD,
    OP_LAND,
    OP_BAND,
    OP_LOR,
    OP_BOR,
    OP_LXOR,
    OP_BXOR,
    OP_MINLOC,
    OP_MAXLOC,
    OP_REPLACE, /* these two for one-sided communication only */
    OP_NO_OP,
    OP_NUMBER_COUNT
};

/* inout[i] = in[i] op inout[i] for n elements. */
typedef void op_kernel(const void *in, void *inout, size_t n);
/* NULL: not defined for that type (MPI-3.1 §5.9.2, §5.9.4). */
op_kernel *op_kernel_for(enum op_number number, const struct mock_type *type);

#endif
