/* SPDX-License-Identifier: BSD-2-Clause */
/* datatype.h: the inside of datatypes, shared by datatype*.c, pack*.c, op*.c and the collectives.
 *
 * A derived type is a list of parts: each repeats `blocks` times, `stride` bytes apart, a block of `blocklength`
 * elements of another type. That is how the program made it, run-length coded: a vector of a million blocks is one
 * part, and an indexed type has one part for each stretch that is not regular. The type map (MPI-3.1 §4.1) is the parts
 * in order. The same list drives packing: a block without gaps is copied as a whole.
 */
#ifndef MPIMOCK_DATATYPE_H
#define MPIMOCK_DATATYPE_H

#include "chapters.h"

/* How a basic type lies in memory. Two with the same one match each other: the mock is not stricter than the data. */
enum type_repr {
    REPR_MIXED, /* a derived type of several, or of none */
    REPR_INT8,
    REPR_INT16,
    REPR_INT32,
    REPR_INT64,
    REPR_UINT8,
    REPR_UINT16,
    REPR_UINT32,
    REPR_UINT64,
    REPR_FLOAT,
    REPR_DOUBLE,
    REPR_LONG_DOUBLE,
    REPR_FLOAT128,
    REPR_COMPLEX_FLOAT,
    REPR_COMPLEX_DOUBLE,
    REPR_COMPLEX_LONG_DOUBLE,
    REPR_CHARACTER,
    REPR_WCHAR,
    REPR_BOOL,
    REPR_LOGICAL8,
    REPR_LOGICAL16,
    REPR_LOGICAL32,
    REPR_LOGICAL64,
    REPR_BYTE,
    REPR_PACKED,
    REPR_BOUND, /* MPI_LB and MPI_UB: no data */
    REPR_FLOAT_INT,
    REPR_DOUBLE_INT,
    REPR_LONG_INT,
    REPR_2INT,
    REPR_SHORT_INT,
    REPR_LONG_DOUBLE_INT,
    REPR_2FLOAT,
    REPR_2DOUBLE,
    REPR_COUNT
};

/* What operations are defined for (MPI-3.1 §5.9.2). */
enum type_class {
    CLASS_NONE,
    CLASS_C_INTEGER,
    CLASS_FORTRAN_INTEGER,
    CLASS_FLOATING,
    CLASS_LOGICAL,
    CLASS_COMPLEX,
    CLASS_BYTE,
    CLASS_MULTI_LANGUAGE, /* MPI_AINT, MPI_OFFSET, MPI_COUNT */
    CLASS_PAIR,
    CLASS_COUNT
};

struct type_part {
    struct mock_type *type; /* a reference is held */
    MPI_Aint displacement;  /* of the first block's first element */
    size_t blocks;          /* at least 1 */
    MPI_Aint stride;        /* bytes from block to block */
    size_t blocklength;     /* elements, `type->extent` apart; at least 1 */

    /* Worked out by datatype.c */
    size_t offset;  /* where it begins in the packed form of one element of the whole */
    size_t bytes;   /* data in a block */
    bool dense;     /* a block is `bytes` bytes without a gap, in order … */
    MPI_Aint first; /* … from here: displacement + type->true_lb */
};

/* Sequences of basic types as polynomials, so that hashes of parts join to the hash of the whole. */
struct type_sequence {
    uint64_t hash, power; /* power: the base to the number of basic types */
};

/* For MPI_Type_get_envelope and MPI_Type_get_contents (MPI-3.1 §4.1.13). */
struct type_recipe {
    int combiner;
    size_t integer_count, address_count, type_count;
    int *integers;
    MPI_Aint *addresses;
    struct mock_type **types; /* references are held */
};

struct mock_type_layout {
    struct mock_type *owner;
    struct mock_link link;
    struct type_recipe recipe;
    struct type_part *parts; /* none: a basic type */
    size_t part_count;
    size_t alignment;          /* the strictest of its basic types', at least 1 */
    size_t basics;             /* basic types in one */
    bool lb_marked, ub_marked; /* by MPI_Type_create_resized and the like: enclosing types keep to it (§4.1.6) */
    bool solid;                /* the data of one is `size` bytes without a gap, in order, from true_lb */
    bool wild;                 /* holds MPI_BYTE or MPI_PACKED, which match anything */
    enum type_repr repr;       /* of a basic type, or the only one among its basic types */
    enum type_class class;     /* of a basic type */
    int predefined; /* row of the table of predefined types, from 1; for derived ones that of their only basic type, or
                       0 */
    struct type_sequence sequence;
    char name[MPI_MAX_OBJECT_NAME];
};

/* base + offset; base may be MPI_BOTTOM, to which C would not let one add. */
static inline char *type_at(const void *base, MPI_Aint offset)
{
    return (char *)((uintptr_t)base + (uintptr_t)offset);
}

/* ---- Making types (datatype.c) ---- */

/* A list of parts that grows. `error` keeps the first MPI error class met; nothing is added after it. */
struct type_parts {
    struct type_part *items;
    size_t count, capacity;
    int error;
};
/* Adds a part behind the others, or lengthens the last one where that comes to the same. Empty ones are left out. */
void type_parts_add(struct type_parts *parts, struct mock_type *type, MPI_Aint displacement, size_t blocks,
                    MPI_Aint stride, size_t blocklength);
/* Makes a type of the parts, which it takes over, with the bounds of §4.1.6; one reference, no handle. NULL, and *error
 * set: out of memory, or too large. The parts are gone in either case. */
struct mock_type *type_build(struct type_parts *parts, int *error);
/* A basic type, committed; `row` as in the layout. NULL: out of memory. */
struct mock_type *type_basic(enum type_repr repr, enum type_class class, size_t size, size_t alignment, int row);
/* Sets lower bound and extent for good, as MPI_Type_create_resized does. */
void type_resize(struct mock_type *type, MPI_Aint lb, MPI_Aint extent);
/* Makes room for the recipe, for the caller to fill. False: out of memory. */
bool type_recipe_init(struct mock_type *type, int combiner, size_t integers, size_t addresses, size_t types);
/* Gives the finished type its handle, in *newtype. Takes the reference over; returns an error class. */
int type_publish(struct mock_type *type, MPI_Datatype *newtype);
/* Another type, equal but without handle and name; its recipe is the same, or yet to be made. NULL: out of memory. */
struct mock_type *type_clone(const struct mock_type *type, bool with_recipe);
/* Looks a handle up. NULL: it is none, and *error is the class with the detail given. */
struct mock_type *type_get(MPI_Datatype handle, int *error);
/* The name of the predefined type of that row (from 1). */
const char *type_predefined_name(int row);

/* ---- Checks for communication ---- */

/* Looks up the type of a message, which must be committed, and checks its count. NULL, and *error set, otherwise. */
struct mock_type *type_for_message(MPI_Datatype handle, int count, int *error);
/* Do the two buffers share bytes that one call may not read and write? Types with gaps may lie in between each other,
 * so for them only the first byte counts. */
bool type_overlap(const void *a, size_t a_count, const struct mock_type *a_type, const void *b, size_t b_count,
                  const struct mock_type *b_type);

/* ---- The type map ---- */

/* Calls visit for each basic type of `count` elements at `base`, in order, until it returns anything but 0. */
typedef int type_visit(void *argument, const struct mock_type *basic, char *where);
int type_walk(const struct mock_type *type, size_t count, char *base, type_visit *visit, void *argument);

struct type_sequence type_sequence_join(struct type_sequence a, struct type_sequence b);
struct type_sequence type_sequence_repeat(struct type_sequence sequence, size_t times);

#endif
