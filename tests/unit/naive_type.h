/* SPDX-License-Identifier: BSD-2-Clause */
/* naive_type.h: for tests of datatypes: a derived type as its type map, written out entry by entry (MPI-3.1 §4.1), and
 * random types that are made twice: by the mock, and like this.
 */
#ifndef NAIVE_TYPE_H
#define NAIVE_TYPE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef mock_type /* cmocka's macro; ours is a function */

#include "mock/objects.h"

#define NAIVE_MAX 4000 /* entries */

struct naive_entry {
    size_t size, alignment; /* of the basic type */
    long where;
};
struct naive_type {
    size_t count;
    struct naive_entry entries[NAIVE_MAX];
    bool lb_marked, ub_marked;
    long lb_mark, ub_mark;
};
/* A type made twice. */
struct both_types {
    MPI_Datatype mock;
    struct naive_type naive;
};

static uint64_t naive_seed;

static inline uint32_t naive_random(uint32_t below)
{
    naive_seed ^= naive_seed << 13;
    naive_seed ^= naive_seed >> 7;
    naive_seed ^= naive_seed << 17;
    return (uint32_t)(naive_seed >> 32) % below;
}

static inline long naive_between(long low, long high)
{
    return low + (long)naive_random((uint32_t)(high - low + 1));
}

/* ---- Bounds, by the formulas of §4.1.6 and §4.1.8 ---- */

struct naive_bounds {
    long lb, ub, true_lb, true_ub;
    size_t size;
};

static inline struct naive_bounds naive_bounds(const struct naive_type *type)
{
    struct naive_bounds b = {0};
    size_t alignment = 1;
    for (size_t i = 0; i < type->count; i++) {
        const struct naive_entry *e = &type->entries[i];
        if (i == 0 || e->where < b.true_lb)
            b.true_lb = e->where;
        if (i == 0 || e->where + (long)e->size > b.true_ub)
            b.true_ub = e->where + (long)e->size;
        if (e->alignment > alignment)
            alignment = e->alignment;
        b.size += e->size;
    }
    b.lb = type->lb_marked ? type->lb_mark : b.true_lb;
    b.ub = b.true_ub;
    if (type->ub_marked)
        b.ub = type->ub_mark;
    else if (type->count > 0)
        while ((b.ub - b.lb) % (long)alignment != 0)
            b.ub++;
    return b;
}

static inline long naive_extent(const struct naive_type *type)
{
    struct naive_bounds b = naive_bounds(type);
    return b.ub - b.lb;
}

/* ---- Composition: `old` at a displacement, behind what is there ---- */

static inline void naive_add(struct naive_type *to, const struct naive_type *old, long where)
{
    for (size_t i = 0; i < old->count; i++) {
        to->entries[to->count] = old->entries[i];
        to->entries[to->count++].where += where;
    }
    if (old->lb_marked && (!to->lb_marked || old->lb_mark + where < to->lb_mark))
        to->lb_mark = old->lb_mark + where;
    if (old->ub_marked && (!to->ub_marked || old->ub_mark + where > to->ub_mark))
        to->ub_mark = old->ub_mark + where;
    to->lb_marked |= old->lb_marked;
    to->ub_marked |= old->ub_marked;
}

static inline void naive_add_block(struct naive_type *to, const struct naive_type *old, long where, long blocklength)
{
    long extent = naive_extent(old);
    for (long i = 0; i < blocklength; i++)
        naive_add(to, old, where + i * extent);
}

/* ---- Packing, entry by entry ---- */

static inline void naive_pack(const char *base, size_t count, const struct naive_type *type, char *packed)
{
    long extent = naive_extent(type);
    for (size_t n = 0; n < count; n++)
        for (size_t i = 0; i < type->count; i++) {
            const struct naive_entry *e = &type->entries[i];
            memcpy(packed, base + (long)n * extent + e->where, e->size);
            packed += e->size;
        }
}

static inline void naive_unpack(char *base, size_t count, const struct naive_type *type, const char *packed)
{
    long extent = naive_extent(type);
    for (size_t n = 0; n < count; n++)
        for (size_t i = 0; i < type->count; i++) {
            const struct naive_entry *e = &type->entries[i];
            memcpy(base + (long)n * extent + e->where, packed, e->size);
            packed += e->size;
        }
}

/* ---- Random types ---- */

static inline void naive_basic(struct both_types *both)
{
    static const struct {
        size_t size;
        MPI_Datatype type;
    } basics[] = {{1, MPI_CHAR}, {2, MPI_SHORT}, {4, MPI_INT}, {4, MPI_FLOAT}, {8, MPI_DOUBLE}, {1, MPI_BYTE}};
    uint32_t which = naive_random(sizeof basics / sizeof basics[0]);
    memset(&both->naive, 0, offsetof(struct naive_type, entries));
    both->naive.lb_marked = both->naive.ub_marked = false;
    both->naive.count = 1;
    both->naive.entries[0] = (struct naive_entry){basics[which].size, basics[which].size, 0};
    both->mock = basics[which].type;
}

static inline void naive_clear(struct naive_type *type)
{
    type->count = 0;
    type->lb_marked = type->ub_marked = false;
}

static inline void naive_mark(struct naive_type *type, long lb, long ub)
{
    type->lb_marked = type->ub_marked = true;
    type->lb_mark = lb;
    type->ub_mark = ub;
}

/* Which of `size` indices the process at `place` of `processes` has (§4.1.4). */
static inline bool naive_has(int index, int size, int distribution, int argument, int processes, int place)
{
    if (distribution == MPI_DISTRIBUTE_NONE)
        return true;
    if (argument == MPI_DISTRIBUTE_DFLT_DARG)
        argument = distribution == MPI_DISTRIBUTE_BLOCK ? (size + processes - 1) / processes : 1;
    return index / argument % processes == place;
}

struct naive_array {
    int ndims, order;
    int sizes[3];
    bool taken[3][8]; /* which indices of each dimension */
};

/* Visits all elements in the order of memory. */
static inline void naive_add_array(struct naive_type *to, const struct naive_type *old, const struct naive_array *array)
{
    long extent = naive_extent(old), total = 1;
    for (int d = 0; d < array->ndims; d++)
        total *= array->sizes[d];
    for (long place = 0; place < total; place++) {
        long rest = place;
        bool taken = true;
        for (int i = 0; i < array->ndims; i++) { /* the fastest dimension first */
            int d = array->order == MPI_ORDER_C ? array->ndims - 1 - i : i;
            taken = taken && array->taken[d][rest % array->sizes[d]];
            rest /= array->sizes[d];
        }
        if (taken)
            naive_add(to, old, place * extent);
    }
    naive_mark(to, 0, total * extent);
}

static inline void naive_make_subarray(const struct both_types *old, struct both_types *made)
{
    struct naive_array array = {.ndims = (int)naive_between(1, 3),
                                .order = naive_random(2) ? MPI_ORDER_C : MPI_ORDER_FORTRAN};
    int subsizes[3], starts[3];
    for (int d = 0; d < array.ndims; d++) {
        array.sizes[d] = (int)naive_between(1, 5);
        subsizes[d] = (int)naive_between(1, array.sizes[d]);
        starts[d] = (int)naive_between(0, array.sizes[d] - subsizes[d]);
        for (int i = 0; i < array.sizes[d]; i++)
            array.taken[d][i] = i >= starts[d] && i < starts[d] + subsizes[d];
    }
    assert_int_equal(
        mock_Type_create_subarray(array.ndims, array.sizes, subsizes, starts, array.order, old->mock, &made->mock),
        MPI_SUCCESS);
    naive_add_array(&made->naive, &old->naive, &array);
}

static inline void naive_make_darray(const struct both_types *old, struct both_types *made)
{
    struct naive_array array = {.ndims = (int)naive_between(1, 3),
                                .order = naive_random(2) ? MPI_ORDER_C : MPI_ORDER_FORTRAN};
    int distributions[3], arguments[3], processes[3], places[3], size = 1, rank = 0;
    for (int d = 0; d < array.ndims; d++) {
        const int kinds[] = {MPI_DISTRIBUTE_NONE, MPI_DISTRIBUTE_BLOCK, MPI_DISTRIBUTE_CYCLIC};
        array.sizes[d] = (int)naive_between(1, 6);
        distributions[d] = kinds[naive_random(3)];
        processes[d] = distributions[d] == MPI_DISTRIBUTE_NONE ? 1 : (int)naive_between(1, 3);
        arguments[d] = MPI_DISTRIBUTE_DFLT_DARG;
        if (naive_random(2) && distributions[d] == MPI_DISTRIBUTE_CYCLIC)
            arguments[d] = (int)naive_between(1, 4);
        else if (naive_random(2) && distributions[d] == MPI_DISTRIBUTE_BLOCK)
            arguments[d] = (array.sizes[d] + processes[d] - 1) / processes[d] + (int)naive_between(0, 2);
        places[d] = (int)naive_between(0, processes[d] - 1);
        size *= processes[d];
        rank = rank * processes[d] + places[d];
        for (int i = 0; i < array.sizes[d]; i++)
            array.taken[d][i] = naive_has(i, array.sizes[d], distributions[d], arguments[d], processes[d], places[d]);
    }
    assert_int_equal(mock_Type_create_darray(size, rank, array.ndims, array.sizes, distributions, arguments, processes,
                                             array.order, old->mock, &made->mock),
                     MPI_SUCCESS);
    naive_add_array(&made->naive, &old->naive, &array);
}

static inline void naive_make_vector(const struct both_types *old, struct both_types *made)
{
    int count = (int)naive_between(0, 4), blocklength = (int)naive_between(0, 4), stride = (int)naive_between(-6, 8);
    long extent = naive_extent(&old->naive), bytes = naive_between(-40, 60);
    bool in_bytes = naive_random(2) != 0;
    for (int i = 0; i < count; i++)
        naive_add_block(&made->naive, &old->naive, i * (in_bytes ? bytes : stride * extent), blocklength);
    if (in_bytes)
        assert_int_equal(mock_Type_create_hvector(count, blocklength, bytes, old->mock, &made->mock), MPI_SUCCESS);
    else
        assert_int_equal(mock_Type_vector(count, blocklength, stride, old->mock, &made->mock), MPI_SUCCESS);
}

static inline void naive_make_indexed(const struct both_types *old, struct both_types *made)
{
    int count = (int)naive_between(0, 5), lengths[5] = {0}, places[5] = {0}, all = (int)naive_between(0, 3);
    MPI_Aint bytes[5] = {0};
    bool in_bytes = naive_random(2) != 0, one_length = naive_random(2) != 0, regular = naive_random(3) == 0;
    long extent = naive_extent(&old->naive);
    for (int i = 0; i < count; i++) {
        lengths[i] = one_length ? all : (int)naive_between(0, 3);
        places[i] = regular ? 3 * i : (int)naive_between(-5, 12);
        bytes[i] = regular ? 24 * i : naive_between(-30, 60);
        naive_add_block(&made->naive, &old->naive, in_bytes ? bytes[i] : places[i] * extent, lengths[i]);
    }
    int error;
    if (one_length)
        error = in_bytes ? mock_Type_create_hindexed_block(count, all, bytes, old->mock, &made->mock)
                         : mock_Type_create_indexed_block(count, all, places, old->mock, &made->mock);
    else
        error = in_bytes ? mock_Type_create_hindexed(count, lengths, bytes, old->mock, &made->mock)
                         : mock_Type_indexed(count, lengths, places, old->mock, &made->mock);
    assert_int_equal(error, MPI_SUCCESS);
}

static inline void naive_random_type(int depth, struct both_types *both);

static inline void naive_make_struct(int depth, struct both_types *made)
{
    int count = (int)naive_between(0, 4), lengths[4];
    MPI_Aint places[4], next = 0;
    struct both_types *members = calloc(4, sizeof *members);
    MPI_Datatype types[4];
    for (int i = 0; i < count; i++) {
        naive_random_type(depth - 1, &members[i]);
        types[i] = members[i].mock;
        lengths[i] = (int)naive_between(0, 3);
        places[i] = naive_random(2) ? next : naive_between(-40, 120);
        next = places[i] + lengths[i] * naive_extent(&members[i].naive);
        naive_add_block(&made->naive, &members[i].naive, places[i], lengths[i]);
    }
    assert_int_equal(mock_Type_create_struct(count, lengths, places, types, &made->mock), MPI_SUCCESS);
    for (int i = 0; i < count; i++)
        if (!mock_type(types[i])->predefined)
            assert_int_equal(mock_Type_free(&types[i]), MPI_SUCCESS);
    free(members);
}

/* Makes a random type of at most that many levels; what it is made of is freed already. */
static inline void naive_random_type(int depth, struct both_types *both)
{
    naive_basic(both);
    if (depth == 0 || naive_random(6) == 0)
        return;
    struct both_types *old = calloc(1, sizeof *old);
    naive_random_type(depth - 1, old);
    if (old->naive.count > NAIVE_MAX / 220) { /* at most 216 copies, in darrays */
        memcpy(both, old, sizeof *both);
        free(old);
        return;
    }
    naive_clear(&both->naive);
    int count = (int)naive_between(0, 4);
    long lb = naive_between(-20, 20), extent = naive_between(-10, 100);
    switch (naive_random(9)) {
    case 0:
        assert_int_equal(mock_Type_contiguous(count, old->mock, &both->mock), MPI_SUCCESS);
        naive_add_block(&both->naive, &old->naive, 0, count);
        break;
    case 1:
        assert_int_equal(mock_Type_create_resized(old->mock, lb, extent, &both->mock), MPI_SUCCESS);
        naive_add(&both->naive, &old->naive, 0);
        naive_mark(&both->naive, lb, lb + extent);
        break;
    case 2:
        assert_int_equal(mock_Type_dup(old->mock, &both->mock), MPI_SUCCESS);
        naive_add(&both->naive, &old->naive, 0);
        break;
    case 3:
    case 4:
        naive_make_vector(old, both);
        break;
    case 5:
        naive_make_indexed(old, both);
        break;
    case 6:
        naive_make_subarray(old, both);
        break;
    case 7:
        naive_make_darray(old, both);
        break;
    default:
        naive_make_struct(depth > 2 ? 2 : depth, both);
        break;
    }
    if (!mock_type(old->mock)->predefined)
        assert_int_equal(mock_Type_free(&old->mock), MPI_SUCCESS);
    free(old);
}

/* Memory for `count` elements, filled with a pattern; *base is where element 0 begins. For the caller to free. */
static inline char *naive_memory(const struct naive_type *type, size_t count, char **base, size_t *bytes)
{
    struct naive_bounds b = naive_bounds(type);
    long span = (long)(count > 0 ? count - 1 : 0) * (b.ub - b.lb);
    long low = b.true_lb + (span < 0 ? span : 0), high = b.true_ub + (span > 0 ? span : 0);
    *bytes = (size_t)(high - low) + 32;
    char *memory = malloc(*bytes);
    for (size_t i = 0; i < *bytes; i++)
        memory[i] = (char)(i * 7 + (i >> 8) + 3);
    *base = memory - low + 16;
    return memory;
}

/* In a group's setup and teardown: this process as the mock's only rank. */
static inline int naive_setup(void **state)
{
    (void)state;
    naive_seed = UINT64_C(0x853c49e6748fea9b);
    print_message("seed 0x%llx\n", (unsigned long long)naive_seed);
    mpimock_use(&mpimock_backend_mock);
    return MPI_Init(NULL, NULL);
}

static inline int naive_teardown(void **state)
{
    (void)state;
    return MPI_Finalize();
}

#endif
