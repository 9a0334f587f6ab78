/* SPDX-License-Identifier: BSD-2-Clause */
/* datatype_array.c: a piece of an array (MPI_Type_create_subarray, MPI-3.1 §4.1.3), and one process's share of a
 * distributed array (MPI_Type_create_darray, §4.1.4).
 *
 * Both are made dimension by dimension, the fastest first: each is a type whose element is the dimension before,
 * resized to the whole extent of that dimension.
 */
#include "datatype.h"

/* Which indices of one dimension are taken: `blocks` of `length`, `stride` apart from `first`, then `rest` more. */
struct dimension {
    MPI_Aint size;
    MPI_Aint first, blocks, stride, length;
    MPI_Aint rest_first, rest;
};

/* Takes the reference to `inner` over. */
static struct mock_type *add_dimension(struct mock_type *inner, const struct dimension *dimension, int *error)
{
    MPI_Aint unit = inner->extent, extent;
    struct type_parts parts = {0};
    if (__builtin_mul_overflow(unit, dimension->size, &extent))
        parts.error = mpimock_error(MPI_ERR_ARG, "the array is larger than the memory");
    type_parts_add(&parts, inner, dimension->first * unit, (size_t)dimension->blocks, dimension->stride * unit,
                   (size_t)dimension->length);
    type_parts_add(&parts, inner, dimension->rest_first * unit, 1, 0, (size_t)dimension->rest);
    mock_type_release(inner);
    struct mock_type *type = type_build(&parts, error);
    if (type != NULL)
        type_resize(type, 0, extent);
    return type;
}

/* NULL, and *error set, where it fails. */
static struct mock_type *build_array(struct mock_type *old, int ndims, const struct dimension dimensions[], int order,
                                     int *error)
{
    struct mock_type *type = mock_type_keep(old);
    for (int i = 0; i < ndims && type != NULL; i++)
        type = add_dimension(type, &dimensions[order == MPI_ORDER_C ? ndims - 1 - i : i], error);
    return type;
}

static int check_array(int ndims, int order, MPI_Datatype oldtype, struct mock_type **old)
{
    int error;
    *old = type_get(oldtype, &error);
    if (*old == NULL)
        return error;
    if (ndims < 1)
        return mpimock_error(MPI_ERR_ARG, "an array of %d dimensions", ndims);
    if (ndims > 64)
        return mpimock_error(MPI_ERR_ARG, "an array of %d dimensions; the mock takes 64 at most", ndims);
    if (order != MPI_ORDER_C && order != MPI_ORDER_FORTRAN)
        return mpimock_error(MPI_ERR_ARG, "the order is neither MPI_ORDER_C nor MPI_ORDER_FORTRAN");
    return MPI_SUCCESS;
}

static int *put(int *to, const int from[], int count)
{
    for (int i = 0; i < count; i++)
        *to++ = from[i];
    return to;
}

static int no_memory(struct mock_type *type)
{
    mock_type_release(type);
    return mpimock_error(MPI_ERR_NO_MEM, "out of memory for a datatype");
}

int mock_Type_create_subarray(int ndims, const int array_of_sizes[], const int array_of_subsizes[],
                              const int array_of_starts[], int order, MPI_Datatype oldtype, MPI_Datatype *newtype)
{
    struct mock_type *old;
    int error = check_array(ndims, order, oldtype, &old);
    if (error != MPI_SUCCESS)
        return error;
    struct dimension dimensions[64] = {0};
    for (int i = 0; i < ndims; i++) {
        int size = array_of_sizes[i], subsize = array_of_subsizes[i], start = array_of_starts[i];
        if (size < 1 || subsize < 1 || subsize > size || start < 0 || start > size - subsize)
            return mpimock_error(MPI_ERR_ARG, "dimension %d: %d elements from %d on, of an array of %d", i, subsize,
                                 start, size);
        dimensions[i] = (struct dimension){.size = size, .first = start, .blocks = 1, .length = subsize};
    }
    struct mock_type *type = build_array(old, ndims, dimensions, order, &error);
    if (type == NULL)
        return error;
    if (!type_recipe_init(type, MPI_COMBINER_SUBARRAY, 3 * (size_t)ndims + 2, 0, 1))
        return no_memory(type);
    int *integer = type->layout->recipe.integers;
    *integer++ = ndims;
    integer = put(integer, array_of_sizes, ndims);
    integer = put(integer, array_of_subsizes, ndims);
    integer = put(integer, array_of_starts, ndims);
    *integer = order;
    type->layout->recipe.types[0] = mock_type_keep(old);
    return type_publish(type, newtype);
}

/* One dimension's share for the process at `place` of `processes`. */
static int distribute(struct dimension *dimension, int index, int size, int distribution, int argument, int processes,
                      int place)
{
    if (size < 1 || processes < 1)
        return mpimock_error(MPI_ERR_ARG, "dimension %d: %d elements over %d processes", index, size, processes);
    *dimension = (struct dimension){.size = size};
    if (distribution == MPI_DISTRIBUTE_NONE) {
        if (processes != 1)
            return mpimock_error(MPI_ERR_ARG, "dimension %d is not distributed, but over %d processes", index,
                                 processes);
        dimension->blocks = 1;
        dimension->length = size;
        return MPI_SUCCESS;
    }
    if (distribution != MPI_DISTRIBUTE_BLOCK && distribution != MPI_DISTRIBUTE_CYCLIC)
        return mpimock_error(MPI_ERR_ARG, "dimension %d: no such distribution as %d", index, distribution);
    bool block = distribution == MPI_DISTRIBUTE_BLOCK;
    MPI_Aint length = argument;
    if (argument == MPI_DISTRIBUTE_DFLT_DARG)
        length = block ? ((MPI_Aint)size + processes - 1) / processes : 1;
    else if (argument < 1)
        return mpimock_error(MPI_ERR_ARG, "dimension %d: a distribution argument of %d", index, argument);
    if (block && length * processes < size)
        return mpimock_error(MPI_ERR_ARG, "dimension %d: %d blocks of %d do not hold %d elements", index, processes,
                             argument, size);
    /* block k of `length` belongs to process k modulo `processes`; the last block may be short */
    MPI_Aint whole = size / length;
    dimension->length = length;
    dimension->first = place * length;
    dimension->stride = processes * length;
    dimension->blocks = whole > place ? (whole - place - 1) / processes + 1 : 0;
    if (whole % processes == place) {
        dimension->rest = size % length;
        dimension->rest_first = whole * length;
    }
    return MPI_SUCCESS;
}

int mock_Type_create_darray(int size, int rank, int ndims, const int array_of_gsizes[], const int array_of_distribs[],
                            const int array_of_dargs[], const int array_of_psizes[], int order, MPI_Datatype oldtype,
                            MPI_Datatype *newtype)
{
    struct mock_type *old;
    int error = check_array(ndims, order, oldtype, &old);
    if (error != MPI_SUCCESS)
        return error;
    MPI_Aint processes = 1;
    for (int i = 0; i < ndims; i++)
        if (array_of_psizes[i] < 1 || (processes *= array_of_psizes[i]) > size)
            return mpimock_error(MPI_ERR_ARG, "the grid of processes does not hold %d of them", size);
    if (processes != size || rank < 0 || rank >= size)
        return mpimock_error(MPI_ERR_ARG, "rank %d of %d in a grid of %lld processes", rank, size,
                             (long long)processes);
    struct dimension dimensions[64] = {0};
    int left = size, place = rank; /* ranks are in row-major order on the grid, whatever the order of the array */
    for (int i = 0; i < ndims; i++) {
        left /= array_of_psizes[i];
        error = distribute(&dimensions[i], i, array_of_gsizes[i], array_of_distribs[i], array_of_dargs[i],
                           array_of_psizes[i], place / left);
        if (error != MPI_SUCCESS)
            return error;
        place %= left;
    }
    struct mock_type *type = build_array(old, ndims, dimensions, order, &error);
    if (type == NULL)
        return error;
    if (!type_recipe_init(type, MPI_COMBINER_DARRAY, 4 * (size_t)ndims + 4, 0, 1))
        return no_memory(type);
    int *integer = type->layout->recipe.integers;
    *integer++ = size;
    *integer++ = rank;
    *integer++ = ndims;
    integer = put(integer, array_of_gsizes, ndims);
    integer = put(integer, array_of_distribs, ndims);
    integer = put(integer, array_of_dargs, ndims);
    integer = put(integer, array_of_psizes, ndims);
    *integer = order;
    type->layout->recipe.types[0] = mock_type_keep(old);
    return type_publish(type, newtype);
}
