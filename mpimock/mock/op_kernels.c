/* SPDX-License-Identifier: BSD-2-Clause */
/* op_kernels.c: the predefined reduction operations as loops over arrays, one for each operation and C type.
 *
 * Relies on the classes of datatype_predefined.c for which operation is defined for which type (MPI-3.1 §5.9.2). Sums
 * and products of integers wrap around, as they do under every MPI; operands are taken in the order given, so that the
 * same operands always give the same bits.
 */
#include "op_kernels.h"

#define LOOP(name_, type_, expression_)                                                                                \
    static void name_(const void *in, void *inout, size_t n)                                                           \
    {                                                                                                                  \
        const type_ *a = in;                                                                                           \
        type_ *b = inout;                                                                                              \
        for (size_t i = 0; i < n; i++)                                                                                 \
            b[i] = (type_)(expression_);                                                                               \
    }

/* Integers: arithmetic without sign, in 64 bits, so that an overflow is no undefined behaviour. */
#define INTEGER_LOOPS(tag_, type_)                                                                                     \
    LOOP(max_##tag_, type_, a[i] > b[i] ? a[i] : b[i])                                                                 \
    LOOP(min_##tag_, type_, a[i] < b[i] ? a[i] : b[i])                                                                 \
    LOOP(sum_##tag_, type_, (uint64_t)a[i] + (uint64_t)b[i])                                                           \
    LOOP(prod_##tag_, type_, (uint64_t)a[i] * (uint64_t)b[i])                                                          \
    LOOP(band_##tag_, type_, a[i] & b[i])                                                                              \
    LOOP(bor_##tag_, type_, a[i] | b[i])                                                                               \
    LOOP(bxor_##tag_, type_, a[i] ^ b[i])                                                                              \
    LOGICAL_LOOPS(tag_, type_)
#define LOGICAL_LOOPS(tag_, type_)                                                                                     \
    LOOP(land_##tag_, type_, a[i] && b[i])                                                                             \
    LOOP(lor_##tag_, type_, a[i] || b[i])                                                                              \
    LOOP(lxor_##tag_, type_, !a[i] != !b[i])
#define FLOATING_LOOPS(tag_, type_)                                                                                    \
    LOOP(max_##tag_, type_, a[i] > b[i] ? a[i] : b[i])                                                                 \
    LOOP(min_##tag_, type_, a[i] < b[i] ? a[i] : b[i])                                                                 \
    LOOP(sum_##tag_, type_, a[i] + b[i])                                                                               \
    LOOP(prod_##tag_, type_, a[i] * b[i])
#define COMPLEX_LOOPS(tag_, type_)                                                                                     \
    LOOP(sum_##tag_, type_, a[i] + b[i])                                                                               \
    LOOP(prod_##tag_, type_, a[i] * b[i])
/* Of equal values the lower index counts (§5.9.4). */
#define PAIR_LOOPS(tag_, value_, index_)                                                                               \
    struct pair_##tag_ {                                                                                               \
        value_ value;                                                                                                  \
        index_ index;                                                                                                  \
    };                                                                                                                 \
    PAIR_LOOP(minloc_##tag_, struct pair_##tag_, <)                                                                    \
    PAIR_LOOP(maxloc_##tag_, struct pair_##tag_, >)
#define PAIR_LOOP(name_, type_, better_)                                                                               \
    static void name_(const void *in, void *inout, size_t n)                                                           \
    {                                                                                                                  \
        const type_ *a = in;                                                                                           \
        type_ *b = inout;                                                                                              \
        for (size_t i = 0; i < n; i++) {                                                                               \
            if (a[i].value better_ b[i].value || (a[i].value == b[i].value && a[i].index < b[i].index)) {              \
                b[i].value = a[i].value; /* not the padding: it may lie in between the user's data */                  \
                b[i].index = a[i].index;                                                                               \
            }                                                                                                          \
        }                                                                                                              \
    }

INTEGER_LOOPS(int8, int8_t)
INTEGER_LOOPS(int16, int16_t)
INTEGER_LOOPS(int32, int32_t)
INTEGER_LOOPS(int64, int64_t)
INTEGER_LOOPS(uint8, uint8_t)
INTEGER_LOOPS(uint16, uint16_t)
INTEGER_LOOPS(uint32, uint32_t)
INTEGER_LOOPS(uint64, uint64_t)
LOGICAL_LOOPS(bool, bool)
FLOATING_LOOPS(float, float)
FLOATING_LOOPS(double, double)
FLOATING_LOOPS(long_double, long double)
#ifdef __SIZEOF_FLOAT128__
FLOATING_LOOPS(float128, __float128)
#endif
COMPLEX_LOOPS(complex_float, float _Complex)
COMPLEX_LOOPS(complex_double, double _Complex)
COMPLEX_LOOPS(complex_long_double, long double _Complex)
PAIR_LOOPS(float_int, float, int)
PAIR_LOOPS(double_int, double, int)
PAIR_LOOPS(long_int, long, int)
PAIR_LOOPS(2int, int, int)
PAIR_LOOPS(short_int, short, int)
PAIR_LOOPS(long_double_int, long double, int)
PAIR_LOOPS(2float, float, float)
PAIR_LOOPS(2double, double, double)

#define INTEGER_ROW(tag_)                                                                                              \
    {                                                                                                                  \
        [OP_MAX] = max_##tag_, [OP_MIN] = min_##tag_, [OP_SUM] = sum_##tag_, [OP_PROD] = prod_##tag_,                  \
        [OP_LAND] = land_##tag_, [OP_LOR] = lor_##tag_, [OP_LXOR] = lxor_##tag_, [OP_BAND] = band_##tag_,              \
        [OP_BOR] = bor_##tag_, [OP_BXOR] = bxor_##tag_                                                                 \
    }
#define LOGICAL_ROW(tag_)                                                                                              \
    {                                                                                                                  \
        [OP_LAND] = land_##tag_, [OP_LOR] = lor_##tag_, [OP_LXOR] = lxor_##tag_                                        \
    }
#define FLOATING_ROW(tag_)                                                                                             \
    {                                                                                                                  \
        [OP_MAX] = max_##tag_, [OP_MIN] = min_##tag_, [OP_SUM] = sum_##tag_, [OP_PROD] = prod_##tag_                   \
    }
#define COMPLEX_ROW(tag_)                                                                                              \
    {                                                                                                                  \
        [OP_SUM] = sum_##tag_, [OP_PROD] = prod_##tag_                                                                 \
    }
#define PAIR_ROW(tag_)                                                                                                 \
    {                                                                                                                  \
        [OP_MINLOC] = minloc_##tag_, [OP_MAXLOC] = maxloc_##tag_                                                       \
    }

static op_kernel *const kernels[REPR_COUNT][OP_NUMBER_COUNT] = {
    [REPR_INT8] = INTEGER_ROW(int8),
    [REPR_INT16] = INTEGER_ROW(int16),
    [REPR_INT32] = INTEGER_ROW(int32),
    [REPR_INT64] = INTEGER_ROW(int64),
    [REPR_UINT8] = INTEGER_ROW(uint8),
    [REPR_UINT16] = INTEGER_ROW(uint16),
    [REPR_UINT32] = INTEGER_ROW(uint32),
    [REPR_UINT64] = INTEGER_ROW(uint64),
    [REPR_BYTE] = {[OP_BAND] = band_uint8, [OP_BOR] = bor_uint8, [OP_BXOR] = bxor_uint8},
    [REPR_BOOL] = LOGICAL_ROW(bool),
    [REPR_LOGICAL8] = LOGICAL_ROW(int8),
    [REPR_LOGICAL16] = LOGICAL_ROW(int16),
    [REPR_LOGICAL32] = LOGICAL_ROW(int32),
    [REPR_LOGICAL64] = LOGICAL_ROW(int64),
    [REPR_FLOAT] = FLOATING_ROW(float),
    [REPR_DOUBLE] = FLOATING_ROW(double),
    [REPR_LONG_DOUBLE] = FLOATING_ROW(long_double),
#ifdef __SIZEOF_FLOAT128__
    [REPR_FLOAT128] = FLOATING_ROW(float128),
#endif
    [REPR_COMPLEX_FLOAT] = COMPLEX_ROW(complex_float),
    [REPR_COMPLEX_DOUBLE] = COMPLEX_ROW(complex_double),
    [REPR_COMPLEX_LONG_DOUBLE] = COMPLEX_ROW(complex_long_double),
    [REPR_FLOAT_INT] = PAIR_ROW(float_int),
    [REPR_DOUBLE_INT] = PAIR_ROW(double_int),
    [REPR_LONG_INT] = PAIR_ROW(long_int),
    [REPR_2INT] = PAIR_ROW(2int),
    [REPR_SHORT_INT] = PAIR_ROW(short_int),
    [REPR_LONG_DOUBLE_INT] = PAIR_ROW(long_double_int),
    [REPR_2FLOAT] = PAIR_ROW(2float),
    [REPR_2DOUBLE] = PAIR_ROW(2double),
};

/* Where a class has fewer operations than its representation: Fortran's integers are no truth values, and MPI_AINT and
 * the like neither. */
static bool is_refused(enum op_number number, enum type_class class)
{
    bool logical = number == OP_LAND || number == OP_LOR || number == OP_LXOR;
    return logical && (class == CLASS_FORTRAN_INTEGER || class == CLASS_MULTI_LANGUAGE);
}

op_kernel *op_kernel_for(enum op_number number, const struct mock_type *type)
{
    const struct mock_type_layout *layout = type->layout;
    if (!type->predefined || layout->class == CLASS_NONE || is_refused(number, layout->class))
        return NULL;
    return kernels[layout->repr][number];
}
