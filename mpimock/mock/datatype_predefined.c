/* SPDX-License-Identifier: BSD-2-Clause */
/* datatype_predefined.c: the named datatypes, one table (MPI-3.1 §3.2.2, §5.9.2, §5.9.4, appendix A.1).
 *
 * Relies on the mpi.h in use for which of the optional ones there are, and on the C compiler for sizes and alignments.
 * Fortran's are taken to be those of a compiler without options: INTEGER, REAL and LOGICAL have 4 bytes.
 */
#include <errno.h>
#include <stdalign.h>
#include <string.h>
#include <wchar.h>

#include "datatype.h"

struct predefined {
    MPI_Datatype handle;
    const char *name;
    size_t size, alignment;
    enum type_repr repr;
    enum type_class class;
    MPI_Datatype first, second; /* of a pair: its two members, at their places in a C struct; else size says all */
};

#define SIGNED_OF(type_)                                                                                               \
    (sizeof(type_) == 1 ? REPR_INT8 : sizeof(type_) == 2 ? REPR_INT16 : sizeof(type_) == 4 ? REPR_INT32 : REPR_INT64)
#define UNSIGNED_OF(type_) (SIGNED_OF(type_) - REPR_INT8 + REPR_UINT8)
/* Handles may be macros, so each name is made a string before its handle is expanded. */
#define ROW(handle_, name_, type_, repr_, class_)                                                                      \
    {                                                                                                                  \
        handle_, name_, sizeof(type_), alignof(type_), repr_, class_, MPI_DATATYPE_NULL, MPI_DATATYPE_NULL             \
    }
#define BASIC(handle_, type_, repr_, class_) ROW(handle_, #handle_, type_, repr_, class_)
#define SIGNED(handle_, type_)               ROW(handle_, #handle_, type_, SIGNED_OF(type_), CLASS_C_INTEGER)
#define UNSIGNED(handle_, type_)             ROW(handle_, #handle_, type_, UNSIGNED_OF(type_), CLASS_C_INTEGER)
#define FORTRAN(handle_, type_)              ROW(handle_, #handle_, type_, SIGNED_OF(type_), CLASS_FORTRAN_INTEGER)
#define PAIR(handle_, repr_, first_, second_)                                                                          \
    {                                                                                                                  \
        handle_, #handle_, 0, 0, repr_, CLASS_PAIR, first_, second_                                                    \
    }

static const struct predefined table[] = {
    BASIC(MPI_CHAR, char, REPR_CHARACTER, CLASS_NONE),
    SIGNED(MPI_SIGNED_CHAR, signed char),
    UNSIGNED(MPI_UNSIGNED_CHAR, unsigned char),
    BASIC(MPI_BYTE, unsigned char, REPR_BYTE, CLASS_BYTE),
    BASIC(MPI_PACKED, unsigned char, REPR_PACKED, CLASS_NONE),
    BASIC(MPI_WCHAR, wchar_t, REPR_WCHAR, CLASS_NONE),
    SIGNED(MPI_SHORT, short),
    UNSIGNED(MPI_UNSIGNED_SHORT, unsigned short),
    SIGNED(MPI_INT, int),
    UNSIGNED(MPI_UNSIGNED, unsigned),
    SIGNED(MPI_LONG, long),
    UNSIGNED(MPI_UNSIGNED_LONG, unsigned long),
    SIGNED(MPI_LONG_LONG, long long),
    UNSIGNED(MPI_UNSIGNED_LONG_LONG, unsigned long long),
    SIGNED(MPI_INT8_T, int8_t),
    SIGNED(MPI_INT16_T, int16_t),
    SIGNED(MPI_INT32_T, int32_t),
    SIGNED(MPI_INT64_T, int64_t),
    UNSIGNED(MPI_UINT8_T, uint8_t),
    UNSIGNED(MPI_UINT16_T, uint16_t),
    UNSIGNED(MPI_UINT32_T, uint32_t),
    UNSIGNED(MPI_UINT64_T, uint64_t),
    BASIC(MPI_FLOAT, float, REPR_FLOAT, CLASS_FLOATING),
    BASIC(MPI_DOUBLE, double, REPR_DOUBLE, CLASS_FLOATING),
    BASIC(MPI_LONG_DOUBLE, long double, REPR_LONG_DOUBLE, CLASS_FLOATING),
    BASIC(MPI_C_BOOL, bool, REPR_BOOL, CLASS_LOGICAL),
    BASIC(MPI_C_COMPLEX, float _Complex, REPR_COMPLEX_FLOAT, CLASS_COMPLEX),
    BASIC(MPI_C_FLOAT_COMPLEX, float _Complex, REPR_COMPLEX_FLOAT, CLASS_COMPLEX),
    BASIC(MPI_C_DOUBLE_COMPLEX, double _Complex, REPR_COMPLEX_DOUBLE, CLASS_COMPLEX),
    BASIC(MPI_C_LONG_DOUBLE_COMPLEX, long double _Complex, REPR_COMPLEX_LONG_DOUBLE, CLASS_COMPLEX),
    BASIC(MPI_AINT, MPI_Aint, SIGNED_OF(MPI_Aint), CLASS_MULTI_LANGUAGE),
    BASIC(MPI_OFFSET, MPI_Offset, SIGNED_OF(MPI_Offset), CLASS_MULTI_LANGUAGE),
    BASIC(MPI_COUNT, MPI_Count, SIGNED_OF(MPI_Count), CLASS_MULTI_LANGUAGE),
    PAIR(MPI_FLOAT_INT, REPR_FLOAT_INT, MPI_FLOAT, MPI_INT),
    PAIR(MPI_DOUBLE_INT, REPR_DOUBLE_INT, MPI_DOUBLE, MPI_INT),
    PAIR(MPI_LONG_INT, REPR_LONG_INT, MPI_LONG, MPI_INT),
    PAIR(MPI_2INT, REPR_2INT, MPI_INT, MPI_INT),
    PAIR(MPI_SHORT_INT, REPR_SHORT_INT, MPI_SHORT, MPI_INT),
    PAIR(MPI_LONG_DOUBLE_INT, REPR_LONG_DOUBLE_INT, MPI_LONG_DOUBLE, MPI_INT),
#if defined(MPI_LB) && !defined(OPEN_MPI) /* there the name is a macro that stops the compiler */
    {MPI_LB, "MPI_LB", 0, 1, REPR_BOUND, CLASS_NONE, MPI_DATATYPE_NULL, MPI_DATATYPE_NULL},
    {MPI_UB, "MPI_UB", 0, 1, REPR_BOUND, CLASS_NONE, MPI_DATATYPE_NULL, MPI_DATATYPE_NULL},
#endif
#ifdef MPI_CXX_BOOL
    BASIC(MPI_CXX_BOOL, bool, REPR_BOOL, CLASS_LOGICAL),
    BASIC(MPI_CXX_FLOAT_COMPLEX, float _Complex, REPR_COMPLEX_FLOAT, CLASS_COMPLEX),
    BASIC(MPI_CXX_DOUBLE_COMPLEX, double _Complex, REPR_COMPLEX_DOUBLE, CLASS_COMPLEX),
    BASIC(MPI_CXX_LONG_DOUBLE_COMPLEX, long double _Complex, REPR_COMPLEX_LONG_DOUBLE, CLASS_COMPLEX),
#endif
#ifdef MPI_INTEGER
    BASIC(MPI_CHARACTER, char, REPR_CHARACTER, CLASS_NONE),
    FORTRAN(MPI_INTEGER, int32_t),
    BASIC(MPI_REAL, float, REPR_FLOAT, CLASS_FLOATING),
    BASIC(MPI_DOUBLE_PRECISION, double, REPR_DOUBLE, CLASS_FLOATING),
    BASIC(MPI_COMPLEX, float _Complex, REPR_COMPLEX_FLOAT, CLASS_COMPLEX),
    BASIC(MPI_DOUBLE_COMPLEX, double _Complex, REPR_COMPLEX_DOUBLE, CLASS_COMPLEX),
    BASIC(MPI_LOGICAL, int32_t, REPR_LOGICAL32, CLASS_LOGICAL),
    PAIR(MPI_2INTEGER, REPR_2INT, MPI_INTEGER, MPI_INTEGER),
    PAIR(MPI_2REAL, REPR_2FLOAT, MPI_REAL, MPI_REAL),
    PAIR(MPI_2DOUBLE_PRECISION, REPR_2DOUBLE, MPI_DOUBLE_PRECISION, MPI_DOUBLE_PRECISION),
#endif
#ifdef MPI_INTEGER1
    FORTRAN(MPI_INTEGER1, int8_t),
#endif
#ifdef MPI_INTEGER2
    FORTRAN(MPI_INTEGER2, int16_t),
#endif
#ifdef MPI_INTEGER4
    FORTRAN(MPI_INTEGER4, int32_t),
#endif
#ifdef MPI_INTEGER8
    FORTRAN(MPI_INTEGER8, int64_t),
#endif
#ifdef MPI_LOGICAL1
    BASIC(MPI_LOGICAL1, int8_t, REPR_LOGICAL8, CLASS_LOGICAL),
#endif
#ifdef MPI_LOGICAL2
    BASIC(MPI_LOGICAL2, int16_t, REPR_LOGICAL16, CLASS_LOGICAL),
#endif
#ifdef MPI_LOGICAL4
    BASIC(MPI_LOGICAL4, int32_t, REPR_LOGICAL32, CLASS_LOGICAL),
#endif
#ifdef MPI_LOGICAL8
    BASIC(MPI_LOGICAL8, int64_t, REPR_LOGICAL64, CLASS_LOGICAL),
#endif
#ifdef MPI_REAL4
    BASIC(MPI_REAL4, float, REPR_FLOAT, CLASS_FLOATING),
#endif
#ifdef MPI_REAL8
    BASIC(MPI_REAL8, double, REPR_DOUBLE, CLASS_FLOATING),
#endif
#if defined(MPI_REAL16) && defined(__SIZEOF_FLOAT128__)
    BASIC(MPI_REAL16, __float128, REPR_FLOAT128, CLASS_FLOATING),
#endif
#ifdef MPI_COMPLEX8
    BASIC(MPI_COMPLEX8, float _Complex, REPR_COMPLEX_FLOAT, CLASS_COMPLEX),
#endif
#ifdef MPI_COMPLEX16
    BASIC(MPI_COMPLEX16, double _Complex, REPR_COMPLEX_DOUBLE, CLASS_COMPLEX),
#endif
};

#define TABLE_ROWS (sizeof table / sizeof table[0])
_Static_assert(sizeof table / sizeof table[0] < 127, "collective.c gives a row 7 bits");

/* A pair is a C struct of its two members, whose padding counts in the extent (§5.9.4). */
static struct mock_type *make_pair(const struct predefined *row, int number)
{
    struct mock_type *first = mock_type(row->first), *second = mock_type(row->second);
    size_t alignment = second->layout->alignment;
    size_t place = (first->size + alignment - 1) / alignment * alignment;
    struct type_parts parts = {0};
    type_parts_add(&parts, first, 0, 1, 0, 1);
    type_parts_add(&parts, second, (MPI_Aint)place, 1, 0, 1);
    int error;
    struct mock_type *type = type_build(&parts, &error);
    if (type == NULL)
        return NULL;
    type->committed = type->predefined = true;
    type->layout->class = CLASS_PAIR;
    type->layout->repr = row->repr;
    type->layout->predefined = number;
    type->layout->recipe.combiner = MPI_COMBINER_NAMED;
    return type;
}

int datatype_chapter_init(void)
{
    for (size_t i = 0; i < TABLE_ROWS; i++) {
        const struct predefined *row = &table[i];
        /* some mpi.h have null handles, or one handle for two names */
        if (row->handle == MPI_DATATYPE_NULL || mock_type(row->handle) != NULL)
            continue;
        int number = (int)i + 1;
        struct mock_type *type = row->class == CLASS_PAIR
                                     ? make_pair(row, number)
                                     : type_basic(row->repr, row->class, row->size, row->alignment, number);
        if (type == NULL)
            return -ENOMEM;
        if (row->repr == REPR_BOUND) {
            type->layout->lb_marked = strcmp(row->name, "MPI_LB") == 0;
            type->layout->ub_marked = !type->layout->lb_marked;
        }
        type->handle = row->handle;
        chapters_copy_name(type->layout->name, sizeof type->layout->name, row->name);
        chapters_bound(HANDLE_DATATYPE, HANDLE_KEY(row->handle), type, &type->layout->link);
    }
    return 0;
}

const char *type_predefined_name(int row)
{
    return row >= 1 && (size_t)row <= TABLE_ROWS ? table[row - 1].name : "a derived datatype";
}
