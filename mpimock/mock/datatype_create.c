/* SPDX-License-Identifier: BSD-2-Clause */
/* datatype_create.c: the constructors of MPI-3.1 §4.1.2 to §4.1.10, but for arrays (datatype_array.c); commit and free.
 *
 * Relies on datatype.c for bounds and on the caller's arrays only while a constructor runs. Each keeps its arguments as
 * the recipe that MPI_Type_get_contents gives back.
 */
#include "datatype.h"

static int check_count(const char *what, long long count)
{
    return count >= 0 ? MPI_SUCCESS : mpimock_error(MPI_ERR_COUNT, "%s is %lld", what, count);
}

/* The old type of a constructor, or NULL with *error set. */
static struct mock_type *old_type(MPI_Datatype handle, int count, int *error)
{
    *error = check_count("the count", count);
    return *error == MPI_SUCCESS ? type_get(handle, error) : NULL;
}

/* Builds the type and makes room for its recipe. NULL, and *error set, where that fails. */
static struct mock_type *build(struct type_parts *parts, int combiner, size_t integers, size_t addresses, size_t types,
                               int *error)
{
    struct mock_type *type = type_build(parts, error);
    if (type != NULL && !type_recipe_init(type, combiner, integers, addresses, types)) {
        *error = mpimock_error(MPI_ERR_NO_MEM, "out of memory for a datatype");
        mock_type_release(type);
        type = NULL;
    }
    return type;
}

int mock_Type_contiguous(int count, MPI_Datatype oldtype, MPI_Datatype *newtype)
{
    int error;
    struct mock_type *old = old_type(oldtype, count, &error);
    if (old == NULL)
        return error;
    struct type_parts parts = {0};
    type_parts_add(&parts, old, 0, 1, 0, (size_t)count);
    struct mock_type *type = build(&parts, MPI_COMBINER_CONTIGUOUS, 1, 0, 1, &error);
    if (type == NULL)
        return error;
    type->layout->recipe.integers[0] = count;
    type->layout->recipe.types[0] = mock_type_keep(old);
    return type_publish(type, newtype);
}

static int vector(int combiner, int count, int blocklength, MPI_Aint stride, MPI_Aint stride_in_bytes,
                  struct mock_type *old, MPI_Datatype *newtype)
{
    int error = check_count("the block length", blocklength);
    if (error != MPI_SUCCESS)
        return error;
    struct type_parts parts = {0};
    type_parts_add(&parts, old, 0, (size_t)count, stride_in_bytes, (size_t)blocklength);
    bool in_bytes = combiner == MPI_COMBINER_HVECTOR;
    struct mock_type *type = build(&parts, combiner, in_bytes ? 2 : 3, in_bytes ? 1 : 0, 1, &error);
    if (type == NULL)
        return error;
    struct type_recipe *recipe = &type->layout->recipe;
    recipe->integers[0] = count;
    recipe->integers[1] = blocklength;
    if (in_bytes)
        recipe->addresses[0] = stride;
    else
        recipe->integers[2] = (int)stride;
    recipe->types[0] = mock_type_keep(old);
    return type_publish(type, newtype);
}

int mock_Type_vector(int count, int blocklength, int stride, MPI_Datatype oldtype, MPI_Datatype *newtype)
{
    int error;
    struct mock_type *old = old_type(oldtype, count, &error);
    if (old == NULL)
        return error;
    MPI_Aint bytes;
    if (__builtin_mul_overflow((MPI_Aint)stride, old->extent, &bytes))
        return mpimock_error(MPI_ERR_ARG, "a stride of %d elements is larger than the memory", stride);
    return vector(MPI_COMBINER_VECTOR, count, blocklength, stride, bytes, old, newtype);
}

int mock_Type_create_hvector(int count, int blocklength, MPI_Aint stride, MPI_Datatype oldtype, MPI_Datatype *newtype)
{
    int error;
    struct mock_type *old = old_type(oldtype, count, &error);
    if (old == NULL)
        return error;
    return vector(MPI_COMBINER_HVECTOR, count, blocklength, stride, stride, old, newtype);
}

/* The four indexed constructors in one. */
struct indexed {
    int combiner;
    int count;
    const int *blocklengths; /* NULL: all of them are `blocklength` */
    int blocklength;
    const int *displacements; /* in elements, or NULL: */
    const MPI_Aint *byte_displacements;
};

static void indexed_parts(const struct indexed *indexed, struct mock_type *old, struct type_parts *parts)
{
    for (int i = 0; i < indexed->count && parts->error == MPI_SUCCESS; i++) {
        int length = indexed->blocklengths != NULL ? indexed->blocklengths[i] : indexed->blocklength;
        MPI_Aint displacement = 0;
        if (length < 0)
            parts->error = mpimock_error(MPI_ERR_ARG, "the length of block %d is %d", i, length);
        else if (indexed->byte_displacements != NULL)
            displacement = indexed->byte_displacements[i];
        else if (__builtin_mul_overflow((MPI_Aint)indexed->displacements[i], old->extent, &displacement))
            parts->error = mpimock_error(MPI_ERR_ARG, "displacement %d is larger than the memory", i);
        if (parts->error == MPI_SUCCESS)
            type_parts_add(parts, old, displacement, 1, 0, (size_t)length);
    }
}

static void indexed_recipe(const struct indexed *indexed, struct type_recipe *recipe)
{
    int *integer = recipe->integers;
    *integer++ = indexed->count;
    if (indexed->blocklengths == NULL)
        *integer++ = indexed->blocklength;
    for (int i = 0; indexed->blocklengths != NULL && i < indexed->count; i++)
        *integer++ = indexed->blocklengths[i];
    for (int i = 0; i < indexed->count; i++) {
        if (indexed->displacements != NULL)
            *integer++ = indexed->displacements[i];
        else
            recipe->addresses[i] = indexed->byte_displacements[i];
    }
}

static int make_indexed(const struct indexed *indexed, MPI_Datatype oldtype, MPI_Datatype *newtype)
{
    int error;
    struct mock_type *old = old_type(oldtype, indexed->count, &error);
    if (old == NULL)
        return error;
    if (indexed->blocklengths == NULL && indexed->blocklength < 0)
        return mpimock_error(MPI_ERR_ARG, "the block length is %d", indexed->blocklength);
    struct type_parts parts = {0};
    indexed_parts(indexed, old, &parts);
    size_t count = (size_t)indexed->count;
    size_t integers = 1 + (indexed->blocklengths != NULL ? count : 1) + (indexed->displacements != NULL ? count : 0);
    size_t addresses = indexed->displacements != NULL ? 0 : count;
    struct mock_type *type = build(&parts, indexed->combiner, integers, addresses, 1, &error);
    if (type == NULL)
        return error;
    indexed_recipe(indexed, &type->layout->recipe);
    type->layout->recipe.types[0] = mock_type_keep(old);
    return type_publish(type, newtype);
}

/* An array that the caller may leave out where there are no blocks. */
#define ARRAY(array_, count_, nothing_) ((array_) != NULL || (count_) > 0 ? (array_) : (nothing_))
static const int no_integers[1];
static const MPI_Aint no_addresses[1];

int mock_Type_indexed(int count, const int array_of_blocklengths[], const int array_of_displacements[],
                      MPI_Datatype oldtype, MPI_Datatype *newtype)
{
    struct indexed indexed = {.combiner = MPI_COMBINER_INDEXED,
                              .count = count,
                              .blocklengths = ARRAY(array_of_blocklengths, count, no_integers),
                              .displacements = ARRAY(array_of_displacements, count, no_integers)};
    return make_indexed(&indexed, oldtype, newtype);
}

int mock_Type_create_hindexed(int count, const int array_of_blocklengths[], const MPI_Aint array_of_displacements[],
                              MPI_Datatype oldtype, MPI_Datatype *newtype)
{
    struct indexed indexed = {.combiner = MPI_COMBINER_HINDEXED,
                              .count = count,
                              .blocklengths = ARRAY(array_of_blocklengths, count, no_integers),
                              .byte_displacements = ARRAY(array_of_displacements, count, no_addresses)};
    return make_indexed(&indexed, oldtype, newtype);
}

int mock_Type_create_indexed_block(int count, int blocklength, const int array_of_displacements[], MPI_Datatype oldtype,
                                   MPI_Datatype *newtype)
{
    struct indexed indexed = {.combiner = MPI_COMBINER_INDEXED_BLOCK,
                              .count = count,
                              .blocklength = blocklength,
                              .displacements = ARRAY(array_of_displacements, count, no_integers)};
    return make_indexed(&indexed, oldtype, newtype);
}

int mock_Type_create_hindexed_block(int count, int blocklength, const MPI_Aint array_of_displacements[],
                                    MPI_Datatype oldtype, MPI_Datatype *newtype)
{
    struct indexed indexed = {.combiner = MPI_COMBINER_HINDEXED_BLOCK,
                              .count = count,
                              .blocklength = blocklength,
                              .byte_displacements = ARRAY(array_of_displacements, count, no_addresses)};
    return make_indexed(&indexed, oldtype, newtype);
}

int mock_Type_create_struct(int count, const int array_of_blocklengths[], const MPI_Aint array_of_displacements[],
                            const MPI_Datatype array_of_types[], MPI_Datatype *newtype)
{
    int error = check_count("the count", count);
    if (error != MPI_SUCCESS)
        return error;
    struct type_parts parts = {0};
    for (int i = 0; i < count && parts.error == MPI_SUCCESS; i++) {
        struct mock_type *old = mock_type(array_of_types[i]);
        if (old == NULL)
            parts.error = mpimock_error(MPI_ERR_TYPE, "member %d has no valid datatype", i);
        else if (array_of_blocklengths[i] < 0)
            parts.error = mpimock_error(MPI_ERR_ARG, "the length of block %d is %d", i, array_of_blocklengths[i]);
        else
            type_parts_add(&parts, old, array_of_displacements[i], 1, 0, (size_t)array_of_blocklengths[i]);
    }
    struct mock_type *type =
        build(&parts, MPI_COMBINER_STRUCT, (size_t)count + 1, (size_t)count, (size_t)count, &error);
    if (type == NULL)
        return error;
    struct type_recipe *recipe = &type->layout->recipe;
    recipe->integers[0] = count;
    for (int i = 0; i < count; i++) {
        recipe->integers[1 + i] = array_of_blocklengths[i];
        recipe->addresses[i] = array_of_displacements[i];
        recipe->types[i] = mock_type_keep(mock_type(array_of_types[i]));
    }
    return type_publish(type, newtype);
}

int mock_Type_create_resized(MPI_Datatype oldtype, MPI_Aint lb, MPI_Aint extent, MPI_Datatype *newtype)
{
    int error;
    struct mock_type *old = type_get(oldtype, &error);
    if (old == NULL)
        return error;
    struct mock_type *type = type_clone(old, false);
    if (type == NULL || !type_recipe_init(type, MPI_COMBINER_RESIZED, 0, 2, 1)) {
        mock_type_release(type);
        return mpimock_error(MPI_ERR_NO_MEM, "out of memory for a datatype");
    }
    type->committed = false;
    type->layout->class = CLASS_NONE;
    type_resize(type, lb, extent);
    type->layout->recipe.addresses[0] = lb;
    type->layout->recipe.addresses[1] = extent;
    type->layout->recipe.types[0] = mock_type_keep(old);
    return type_publish(type, newtype);
}

int mock_Type_dup(MPI_Datatype oldtype, MPI_Datatype *newtype)
{
    int error;
    struct mock_type *old = type_get(oldtype, &error);
    if (old == NULL)
        return error;
    struct mock_type *type = type_clone(old, false);
    if (type == NULL || !type_recipe_init(type, MPI_COMBINER_DUP, 0, 0, 1)) {
        mock_type_release(type);
        return mpimock_error(MPI_ERR_NO_MEM, "out of memory for a datatype");
    }
    type->layout->class = CLASS_NONE; /* operations are defined for the named types alone */
    type->layout->recipe.types[0] = mock_type_keep(old);
    return type_publish(type, newtype);
}

int mock_Type_commit(MPI_Datatype *datatype)
{
    int error;
    struct mock_type *type = type_get(*datatype, &error);
    if (type == NULL)
        return error;
    type->committed = true;
    return MPI_SUCCESS;
}

int mock_Type_free(MPI_Datatype *datatype)
{
    int error;
    struct mock_type *type = type_get(*datatype, &error);
    if (type == NULL)
        return error;
    if (type->predefined)
        return mpimock_error(MPI_ERR_TYPE, "%s is predefined and cannot be freed", type->layout->name);
    chapters_ended(HANDLE_DATATYPE, HANDLE_KEY(type->handle), &type->layout->link);
    mock_type_release(type);
    *datatype = MPI_DATATYPE_NULL;
    return MPI_SUCCESS;
}

/* ---- What MPI-3.0 removed: the same with int and MPI_Aint mixed ---- */

int mock_Type_hvector(int count, int blocklength, MPI_Aint stride, MPI_Datatype oldtype, MPI_Datatype *newtype)
{
    return mock_Type_create_hvector(count, blocklength, stride, oldtype, newtype);
}

int mock_Type_hindexed(int count, int array_of_blocklengths[], MPI_Aint array_of_displacements[], MPI_Datatype oldtype,
                       MPI_Datatype *newtype)
{
    return mock_Type_create_hindexed(count, array_of_blocklengths, array_of_displacements, oldtype, newtype);
}

int mock_Type_struct(int count, int array_of_blocklengths[], MPI_Aint array_of_displacements[],
                     MPI_Datatype array_of_types[], MPI_Datatype *newtype)
{
    return mock_Type_create_struct(count, array_of_blocklengths, array_of_displacements, array_of_types, newtype);
}
