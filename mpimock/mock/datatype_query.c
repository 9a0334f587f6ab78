/* SPDX-License-Identifier: BSD-2-Clause */
/* datatype_query.c: what a program may ask of a datatype: sizes, bounds, names, how it was made (MPI-3.1 §4.1.5 to
 * §4.1.13), and how many elements of it a message holds.
 *
 * Relies on what datatype.c worked out when the type was made.
 */
#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "datatype.h"

/* ---- The type map ---- */

static int walk_one(const struct mock_type *type, char *element, type_visit *visit, void *argument)
{
    const struct mock_type_layout *layout = type->layout;
    if (layout->part_count == 0)
        return type->size > 0 ? visit(argument, type, element) : 0;
    for (size_t i = 0; i < layout->part_count; i++) {
        const struct type_part *part = &layout->parts[i];
        for (size_t block = 0; block < part->blocks; block++) {
            char *at = type_at(element, part->displacement + (MPI_Aint)block * part->stride);
            int result = type_walk(part->type, part->blocklength, at, visit, argument);
            if (result != 0)
                return result;
        }
    }
    return 0;
}

int type_walk(const struct mock_type *type, size_t count, char *base, type_visit *visit, void *argument)
{
    for (size_t i = 0; i < count; i++) {
        int result = walk_one(type, type_at(base, (MPI_Aint)i * type->extent), visit, argument);
        if (result != 0)
            return result;
    }
    return 0;
}

/* Basic types in the first `bytes` of the data of `count` elements; what is left of the bytes when one is not whole
 * stays in *bytes. */
static long long count_basics(const struct mock_type *type, size_t count, size_t *bytes)
{
    if (type->size == 0)
        return 0;
    size_t whole = *bytes / type->size;
    if (whole >= count) {
        *bytes -= count * type->size;
        return (long long)(count * type->layout->basics);
    }
    long long basics = (long long)(whole * type->layout->basics);
    *bytes -= whole * type->size;
    for (size_t i = 0; i < type->layout->part_count; i++) {
        const struct type_part *part = &type->layout->parts[i];
        size_t elements = part->blocks * part->blocklength, before = *bytes;
        basics += count_basics(part->type, elements, bytes);
        if (before - *bytes < elements * part->type->size)
            break;
    }
    return basics;
}

long long mock_type_elements(const struct mock_type *type, size_t bytes)
{
    long long basics = count_basics(type, SIZE_MAX, &bytes);
    return bytes == 0 ? basics : -1;
}

bool type_overlap(const void *a, size_t a_count, const struct mock_type *a_type, const void *b, size_t b_count,
                  const struct mock_type *b_type)
{
    if (a_count == 0 || b_count == 0 || a_type->size == 0 || b_type->size == 0)
        return false;
    uintptr_t a_first = (uintptr_t)a + (uintptr_t)a_type->true_lb, b_first = (uintptr_t)b + (uintptr_t)b_type->true_lb;
    if (!a_type->contiguous || !b_type->contiguous)
        return a_first == b_first;
    return a_first < b_first + b_count * b_type->size && b_first < a_first + a_count * a_type->size;
}

/* ---- Elements of a message (§3.2.5, §4.1.11) ---- */

int mock_Get_elements_x(const MPI_Status *status, MPI_Datatype datatype, MPI_Count *count)
{
    int error;
    const struct mock_type *type = type_get(datatype, &error);
    if (type == NULL)
        return error;
    long long elements = mock_type_elements(type, mock_status_bytes(status));
    *count = elements >= 0 ? (MPI_Count)elements : MPI_UNDEFINED;
    return MPI_SUCCESS;
}

int mock_Get_elements(const MPI_Status *status, MPI_Datatype datatype, int *count)
{
    MPI_Count elements;
    int error = mock_Get_elements_x(status, datatype, &elements);
    if (error == MPI_SUCCESS)
        *count = elements > INT_MAX ? MPI_UNDEFINED : (int)elements;
    return error;
}

/* ---- Sizes and bounds ---- */

int mock_Type_size_x(MPI_Datatype datatype, MPI_Count *size)
{
    int error;
    const struct mock_type *type = type_get(datatype, &error);
    if (type == NULL)
        return error;
    *size = (MPI_Count)type->size;
    return MPI_SUCCESS;
}

int mock_Type_size(MPI_Datatype datatype, int *size)
{
    MPI_Count bytes = 0;
    int error = mock_Type_size_x(datatype, &bytes);
    if (error == MPI_SUCCESS)
        *size = bytes > INT_MAX ? MPI_UNDEFINED : (int)bytes;
    return error;
}

int mock_Type_get_extent(MPI_Datatype datatype, MPI_Aint *lb, MPI_Aint *extent)
{
    int error;
    const struct mock_type *type = type_get(datatype, &error);
    if (type == NULL)
        return error;
    *lb = type->lb;
    *extent = type->extent;
    return MPI_SUCCESS;
}

int mock_Type_get_extent_x(MPI_Datatype datatype, MPI_Count *lb, MPI_Count *extent)
{
    int error;
    const struct mock_type *type = type_get(datatype, &error);
    if (type == NULL)
        return error;
    *lb = type->lb;
    *extent = type->extent;
    return MPI_SUCCESS;
}

int mock_Type_get_true_extent(MPI_Datatype datatype, MPI_Aint *true_lb, MPI_Aint *true_extent)
{
    int error;
    const struct mock_type *type = type_get(datatype, &error);
    if (type == NULL)
        return error;
    *true_lb = type->true_lb;
    *true_extent = type->true_extent;
    return MPI_SUCCESS;
}

int mock_Type_get_true_extent_x(MPI_Datatype datatype, MPI_Count *true_lb, MPI_Count *true_extent)
{
    int error;
    const struct mock_type *type = type_get(datatype, &error);
    if (type == NULL)
        return error;
    *true_lb = type->true_lb;
    *true_extent = type->true_extent;
    return MPI_SUCCESS;
}

int mock_Type_extent(MPI_Datatype datatype, MPI_Aint *extent)
{
    MPI_Aint lb;
    return mock_Type_get_extent(datatype, &lb, extent);
}

int mock_Type_lb(MPI_Datatype datatype, MPI_Aint *displacement)
{
    MPI_Aint extent;
    return mock_Type_get_extent(datatype, displacement, &extent);
}

int mock_Type_ub(MPI_Datatype datatype, MPI_Aint *displacement)
{
    MPI_Aint lb = 0, extent = 0;
    int error = mock_Type_get_extent(datatype, &lb, &extent);
    if (error == MPI_SUCCESS)
        *displacement = lb + extent;
    return error;
}

/* ---- Names ---- */

int mock_Type_set_name(MPI_Datatype datatype, const char *type_name)
{
    int error;
    struct mock_type *type = type_get(datatype, &error);
    if (type == NULL)
        return error;
    chapters_copy_name(type->layout->name, sizeof type->layout->name, type_name);
    return MPI_SUCCESS;
}

int mock_Type_get_name(MPI_Datatype datatype, char *type_name, int *resultlen)
{
    int error;
    const struct mock_type *type = type_get(datatype, &error);
    if (type == NULL)
        return error;
    strcpy(type_name, type->layout->name);
    *resultlen = (int)strlen(type_name);
    return MPI_SUCCESS;
}

/* ---- How it was made (§4.1.13) ---- */

int mock_Type_get_envelope(MPI_Datatype datatype, int *num_integers, int *num_addresses, int *num_datatypes,
                           int *combiner)
{
    int error;
    const struct mock_type *type = type_get(datatype, &error);
    if (type == NULL)
        return error;
    const struct type_recipe *recipe = &type->layout->recipe;
    *num_integers = (int)recipe->integer_count;
    *num_addresses = (int)recipe->address_count;
    *num_datatypes = (int)recipe->type_count;
    *combiner = recipe->combiner;
    return MPI_SUCCESS;
}

int mock_Type_get_contents(MPI_Datatype datatype, int max_integers, int max_addresses, int max_datatypes,
                           int array_of_integers[], MPI_Aint array_of_addresses[], MPI_Datatype array_of_datatypes[])
{
    int error;
    const struct mock_type *type = type_get(datatype, &error);
    if (type == NULL)
        return error;
    const struct type_recipe *recipe = &type->layout->recipe;
    if (type->predefined)
        return mpimock_error(MPI_ERR_TYPE, "%s is predefined and has no contents", type->layout->name);
    if (max_integers < (int)recipe->integer_count || max_addresses < (int)recipe->address_count ||
        max_datatypes < (int)recipe->type_count)
        return mpimock_error(MPI_ERR_ARG, "room for %d integers, %d addresses, %d datatypes; needed %zu, %zu, %zu",
                             max_integers, max_addresses, max_datatypes, recipe->integer_count, recipe->address_count,
                             recipe->type_count);
    for (size_t i = 0; i < recipe->type_count; i++) {
        struct mock_type *inner = recipe->types[i];
        if (inner->predefined) {
            array_of_datatypes[i] = inner->handle;
            continue;
        }
        /* "as if … committed" is not said: the user gets an equal type, to be freed (§4.1.13) */
        struct mock_type *clone = type_clone(inner, true);
        if (clone == NULL)
            return mpimock_error(MPI_ERR_NO_MEM, "out of memory for a datatype");
        error = type_publish(clone, &array_of_datatypes[i]);
        if (error != MPI_SUCCESS)
            return error;
    }
    if (recipe->integer_count > 0)
        memcpy(array_of_integers, recipe->integers, recipe->integer_count * sizeof *recipe->integers);
    if (recipe->address_count > 0)
        memcpy(array_of_addresses, recipe->addresses, recipe->address_count * sizeof *recipe->addresses);
    return MPI_SUCCESS;
}

int mock_Type_match_size(int typeclass, int size, MPI_Datatype *datatype)
{
    static const struct {
        int typeclass;
        size_t size;
        MPI_Datatype datatype;
    } matches[] = {
        {MPI_TYPECLASS_INTEGER, sizeof(signed char), MPI_SIGNED_CHAR},
        {MPI_TYPECLASS_INTEGER, sizeof(short), MPI_SHORT},
        {MPI_TYPECLASS_INTEGER, sizeof(int), MPI_INT},
        {MPI_TYPECLASS_INTEGER, sizeof(long), MPI_LONG},
        {MPI_TYPECLASS_INTEGER, sizeof(long long), MPI_LONG_LONG},
        {MPI_TYPECLASS_REAL, sizeof(float), MPI_FLOAT},
        {MPI_TYPECLASS_REAL, sizeof(double), MPI_DOUBLE},
        {MPI_TYPECLASS_REAL, sizeof(long double), MPI_LONG_DOUBLE},
        {MPI_TYPECLASS_COMPLEX, sizeof(float _Complex), MPI_C_FLOAT_COMPLEX},
        {MPI_TYPECLASS_COMPLEX, sizeof(double _Complex), MPI_C_DOUBLE_COMPLEX},
        {MPI_TYPECLASS_COMPLEX, sizeof(long double _Complex), MPI_C_LONG_DOUBLE_COMPLEX},
    };
    if (typeclass != MPI_TYPECLASS_INTEGER && typeclass != MPI_TYPECLASS_REAL && typeclass != MPI_TYPECLASS_COMPLEX)
        return mpimock_error(MPI_ERR_ARG, "no such type class as %d", typeclass);
    for (size_t i = 0; i < sizeof matches / sizeof matches[0]; i++)
        if (matches[i].typeclass == typeclass && size >= 0 && matches[i].size == (size_t)size) {
            *datatype = matches[i].datatype;
            return MPI_SUCCESS;
        }
    return mpimock_error(MPI_ERR_ARG, "no type of that class has %d bytes", size);
}
