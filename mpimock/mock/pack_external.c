/* SPDX-License-Identifier: BSD-2-Clause */
/* pack_external.c: the data representation "external32" (MPI-3.1 §4.3, §13.5.2): big-endian, sizes that do not depend
 * on the machine: a long has 4 bytes there, a wide character 2, a long double is IEEE 754's format of 128 bits.
 *
 * Relies on the type map of each type, element by element: made for exchange with other programs, not for speed.
 */
#include <string.h>

#include "datatype.h"

#ifdef __SIZEOF_FLOAT128__
typedef __float128 quad;
#else
typedef long double quad; /* where that has 128 bits; checked below */
#endif

struct external {
    unsigned char *packed; /* next byte */
    bool pack;
};

/* Numbers in one basic type (complex ones have two), and the bytes of one number in the packed form. */
static size_t numbers_in(const struct mock_type *basic)
{
    enum type_repr repr = basic->layout->repr;
    return repr == REPR_COMPLEX_FLOAT || repr == REPR_COMPLEX_DOUBLE || repr == REPR_COMPLEX_LONG_DOUBLE ? 2 : 1;
}

static bool is_long_double(const struct mock_type *basic)
{
    return basic->layout->repr == REPR_LONG_DOUBLE || basic->layout->repr == REPR_COMPLEX_LONG_DOUBLE;
}

static size_t external_bytes(const struct mock_type *basic)
{
    if (basic->handle == MPI_LONG || basic->handle == MPI_UNSIGNED_LONG)
        return 4;
    if (basic->layout->repr == REPR_WCHAR)
        return 2;
    return is_long_double(basic) ? 16 : basic->size / numbers_in(basic);
}

/* The bytes of a number between the machine's order and big-endian. */
static void copy_swapped(void *to, const void *from, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        ((unsigned char *)to)[i] =
            ((const unsigned char *)from)[__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? bytes - 1 - i : i];
}

/* An integer with `have` bytes in memory and `wide` in the packed form, which is not wider. */
static void convert_integer(struct external *external, unsigned char *where, size_t have, size_t wide, bool is_signed)
{
    size_t low = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 0 : have - wide; /* the bytes that count */
    if (external->pack) {
        copy_swapped(external->packed, where + low, wide);
    } else {
        bool negative = is_signed && (external->packed[0] & 0x80) != 0;
        memset(where, negative ? 0xff : 0, have);
        copy_swapped(where + low, external->packed, wide);
    }
    external->packed += wide;
}

static void convert_long_double(struct external *external, char *where)
{
    long double value;
    quad wide;
    if (external->pack) {
        memcpy(&value, where, sizeof value);
        wide = (quad)value;
        copy_swapped(external->packed, &wide, 16);
    } else {
        copy_swapped(&wide, external->packed, 16);
        value = (long double)wide;
        memcpy(where, &value, sizeof value);
    }
    external->packed += 16;
}

static int convert(void *argument, const struct mock_type *basic, char *where)
{
    struct external *external = argument;
    size_t numbers = numbers_in(basic), bytes = basic->size / numbers, wide = external_bytes(basic);
    for (size_t i = 0; i < numbers; i++, where += bytes) {
        if (is_long_double(basic))
            convert_long_double(external, where);
        else
            convert_integer(external, (unsigned char *)where, bytes, wide, basic->handle == MPI_LONG);
    }
    return 0;
}

static int add_bytes(void *argument, const struct mock_type *basic, char *where)
{
    (void)where;
    *(MPI_Aint *)argument += (MPI_Aint)(numbers_in(basic) * external_bytes(basic));
    return 0;
}

/* The size of the packed form; checks the arguments that all three functions have. */
static int external_size(const char *datarep, int count, MPI_Datatype datatype, struct mock_type **type, MPI_Aint *size)
{
    int error;
    if (strcmp(datarep, "external32") != 0)
        return mpimock_error(MPI_ERR_ARG, "no such data representation as \"%.32s\"; there is \"external32\"", datarep);
    *type = type_for_message(datatype, count, &error);
    if (*type == NULL)
        return error;
    if (sizeof(quad) != 16)
        return mpimock_error(MPI_ERR_UNSUPPORTED_DATAREP, "this machine has no numbers of 128 bits");
    MPI_Aint one = 0;
    type_walk(*type, 1, NULL, add_bytes, &one);
    if (__builtin_mul_overflow(one, (MPI_Aint)count, size))
        return mpimock_error(MPI_ERR_COUNT, "%d elements are larger than the memory", count);
    return MPI_SUCCESS;
}

static int check_room(MPI_Aint position, MPI_Aint room, MPI_Aint bytes)
{
    if (position < 0 || room < 0)
        return mpimock_error(MPI_ERR_ARG, "position %lld in a buffer of %lld bytes", (long long)position,
                             (long long)room);
    if (bytes > room - position)
        return mpimock_error(MPI_ERR_TRUNCATE, "%lld bytes at position %lld of a buffer of %lld", (long long)bytes,
                             (long long)position, (long long)room);
    return MPI_SUCCESS;
}

int mock_Pack_external_size(const char *datarep, int incount, MPI_Datatype datatype, MPI_Aint *size)
{
    struct mock_type *type;
    MPI_Aint bytes;
    int error = external_size(datarep, incount, datatype, &type, &bytes);
    if (error == MPI_SUCCESS)
        *size = bytes;
    return error;
}

int mock_Pack_external(const char *datarep, const void *inbuf, int incount, MPI_Datatype datatype, void *outbuf,
                       MPI_Aint outsize, MPI_Aint *position)
{
    struct mock_type *type;
    MPI_Aint bytes;
    int error = external_size(datarep, incount, datatype, &type, &bytes);
    if (error == MPI_SUCCESS)
        error = check_room(*position, outsize, bytes);
    if (error != MPI_SUCCESS)
        return error;
    struct external external = {.packed = (unsigned char *)outbuf + *position, .pack = true};
    type_walk(type, (size_t)incount, type_at(inbuf, 0), convert, &external);
    *position += bytes;
    return MPI_SUCCESS;
}

int mock_Unpack_external(const char datarep[], const void *inbuf, MPI_Aint insize, MPI_Aint *position, void *outbuf,
                         int outcount, MPI_Datatype datatype)
{
    struct mock_type *type;
    MPI_Aint bytes;
    int error = external_size(datarep, outcount, datatype, &type, &bytes);
    if (error == MPI_SUCCESS)
        error = check_room(*position, insize, bytes);
    if (error != MPI_SUCCESS)
        return error;
    struct external external = {.packed = (unsigned char *)(uintptr_t)inbuf + *position};
    type_walk(type, (size_t)outcount, outbuf, convert, &external);
    *position += bytes;
    return MPI_SUCCESS;
}
