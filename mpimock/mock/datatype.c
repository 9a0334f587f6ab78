/* SPDX-License-Identifier: BSD-2-Clause */
/* datatype.c: what a datatype is: its parts, its bounds, its life.
 *
 * Relies on the handle table and chapters.c. Promises the bounds of MPI-3.1 §4.1.6 to every type that is made here: the
 * constructors (datatype_create.c, datatype_array.c) only say which parts there are, and where markers lie.
 */
#include "datatype.h"

#include <stdlib.h>
#include <string.h>

#define SEQUENCE_BASE UINT64_C(0x9e3779b97f4a7c15)

/* ---- Sequences of basic types ---- */

struct type_sequence type_sequence_join(struct type_sequence a, struct type_sequence b)
{
    return (struct type_sequence){a.hash * b.power + b.hash, a.power * b.power};
}

struct type_sequence type_sequence_repeat(struct type_sequence sequence, size_t times)
{
    struct type_sequence result = {0, 1};
    for (; times > 0; times >>= 1) {
        if (times & 1)
            result = type_sequence_join(result, sequence);
        sequence = type_sequence_join(sequence, sequence);
    }
    return result;
}

/* Types of one byte that hold characters or small numbers are all alike: programs mix them, and nothing is lost. */
static struct type_sequence sequence_of_basic(enum type_repr repr)
{
    if (repr == REPR_INT8 || repr == REPR_UINT8)
        repr = REPR_CHARACTER;
    uint64_t hash = ((uint64_t)repr + 1) * UINT64_C(0xbf58476d1ce4e5b9);
    return (struct type_sequence){hash ^ hash >> 31, SEQUENCE_BASE};
}

uint64_t mock_type_signature(const struct mock_type *type, size_t count)
{
    if (type->layout->wild || type->size == 0 || count == 0)
        return 0;
    uint64_t hash = type_sequence_repeat(type->layout->sequence, count).hash;
    hash ^= hash >> 29; /* the high bits of the polynomial are the good ones */
    hash *= UINT64_C(0x94d049bb133111eb);
    hash ^= hash >> 32;
    return hash != 0 ? hash : 1;
}

/* ---- Parts ---- */

static void parts_fail(struct type_parts *parts, int error)
{
    if (parts->error == MPI_SUCCESS)
        parts->error = error;
}

static bool parts_grow(struct type_parts *parts)
{
    if (parts->count < parts->capacity)
        return true;
    size_t capacity = parts->capacity == 0 ? 4 : 2 * parts->capacity;
    struct type_part *items = reallocarray(parts->items, capacity, sizeof *items);
    if (items == NULL) {
        parts_fail(parts, mpimock_error(MPI_ERR_NO_MEM, "out of memory for a datatype of %zu parts", capacity));
        return false;
    }
    parts->items = items;
    parts->capacity = capacity;
    return true;
}

/* Does the block continue the last part? Then that part grows, and the type map is the same. */
static bool parts_continue(struct type_part *last, const struct mock_type *type, MPI_Aint displacement,
                           size_t blocklength)
{
    if (last->type != type)
        return false;
    MPI_Aint offset = displacement - last->displacement;
    if (last->blocks == 1 && offset == (MPI_Aint)last->blocklength * type->extent) {
        last->blocklength += blocklength;
        return true;
    }
    if (last->blocklength != blocklength)
        return false;
    if (last->blocks > 1 && offset != (MPI_Aint)last->blocks * last->stride)
        return false;
    if (last->blocks == 1)
        last->stride = offset;
    last->blocks++;
    return true;
}

void type_parts_add(struct type_parts *parts, struct mock_type *type, MPI_Aint displacement, size_t blocks,
                    MPI_Aint stride, size_t blocklength)
{
    const struct mock_type_layout *layout = type->layout;
    bool nothing = type->size == 0 && !layout->lb_marked && !layout->ub_marked;
    if (blocks == 0 || blocklength == 0 || nothing || parts->error != MPI_SUCCESS)
        return;
    MPI_Aint length;
    size_t elements;
    if (__builtin_mul_overflow((MPI_Aint)blocklength, type->extent, &length) ||
        __builtin_mul_overflow(blocks, blocklength, &elements) || elements > SIZE_MAX / 2) {
        parts_fail(parts, mpimock_error(MPI_ERR_COUNT, "a datatype of that many elements is larger than the memory"));
        return;
    }
    if (blocks > 1 && stride == length) { /* a vector without gaps is one block */
        blocks = 1;
        blocklength = elements;
    }
    if (blocks == 1 && parts->count > 0 &&
        parts_continue(&parts->items[parts->count - 1], type, displacement, blocklength))
        return;
    if (!parts_grow(parts))
        return;
    parts->items[parts->count++] = (struct type_part){
        .type = mock_type_keep(type),
        .displacement = displacement,
        .blocks = blocks,
        .stride = stride,
        .blocklength = blocklength,
    };
}

/* ---- Bounds ---- */

struct bounds {
    MPI_Aint low, high;
    bool any;
};

static void bounds_include(struct bounds *bounds, MPI_Aint low, MPI_Aint high)
{
    if (!bounds->any || low < bounds->low)
        bounds->low = low;
    if (!bounds->any || high > bounds->high)
        bounds->high = high;
    bounds->any = true;
}

/* Spreads [*low, *high] over `times` copies of it, `step` apart. False: beyond the address space. */
static bool spread(MPI_Aint *low, MPI_Aint *high, size_t times, MPI_Aint step)
{
    MPI_Aint distance;
    if (__builtin_mul_overflow((MPI_Aint)(times - 1), step, &distance))
        return false;
    if (distance < 0)
        return !__builtin_add_overflow(*low, distance, low);
    return !__builtin_add_overflow(*high, distance, high);
}

/* Where the bounds [low, high] of one element of the part come to lie, for all its elements. */
static bool part_bounds(const struct type_part *part, MPI_Aint low, MPI_Aint high, struct bounds *bounds)
{
    if (!spread(&low, &high, part->blocklength, part->type->extent) ||
        !spread(&low, &high, part->blocks, part->stride) || __builtin_add_overflow(low, part->displacement, &low) ||
        __builtin_add_overflow(high, part->displacement, &high))
        return false;
    bounds_include(bounds, low, high);
    return true;
}

/* §4.1.6: markers decide where there are some; else the data does, and the extent is padded to its alignment. */
static bool find_bounds(struct mock_type *type)
{
    struct mock_type_layout *layout = type->layout;
    struct bounds data = {0}, low_mark = {0}, high_mark = {0};
    for (size_t i = 0; i < layout->part_count; i++) {
        const struct type_part *part = &layout->parts[i];
        const struct mock_type *old = part->type;
        MPI_Aint ub = old->lb + old->extent;
        if (old->size > 0 && !part_bounds(part, old->true_lb, old->true_lb + old->true_extent, &data))
            return false;
        if (old->layout->lb_marked && !part_bounds(part, old->lb, old->lb, &low_mark))
            return false;
        if (old->layout->ub_marked && !part_bounds(part, ub, ub, &high_mark))
            return false;
    }
    type->true_lb = data.low;
    type->true_extent = data.high - data.low;
    type->lb = low_mark.any ? low_mark.low : data.low;
    MPI_Aint ub = data.high;
    if (high_mark.any) {
        ub = high_mark.high;
    } else if (data.any) {
        MPI_Aint over = (ub - type->lb) % (MPI_Aint)layout->alignment;
        if (over > 0)
            ub += (MPI_Aint)layout->alignment - over;
        else if (over < 0)
            ub -= over;
    }
    type->extent = ub - type->lb;
    layout->lb_marked = low_mark.any;
    layout->ub_marked = high_mark.any;
    return true;
}

/* ---- Making a type ---- */

static void find_contiguity(struct mock_type *type)
{
    struct mock_type_layout *layout = type->layout;
    MPI_Aint next = type->true_lb;
    layout->solid = true;
    for (size_t i = 0; i < layout->part_count && layout->solid; i++) {
        const struct type_part *part = &layout->parts[i];
        if (part->bytes == 0)
            continue;
        layout->solid = part->dense && part->blocks == 1 && part->first == next;
        next += (MPI_Aint)part->bytes;
    }
    type->contiguous = layout->solid && type->lb == 0 && type->extent == (MPI_Aint)type->size &&
                       (type->true_lb == 0 || type->size == 0);
}

/* Sizes, alignment and sequence, from the parts. False: too large. */
static bool sum_parts(struct mock_type *type)
{
    struct mock_type_layout *layout = type->layout;
    layout->alignment = 1;
    layout->sequence = (struct type_sequence){0, 1};
    for (size_t i = 0; i < layout->part_count; i++) {
        struct type_part *part = &layout->parts[i];
        const struct mock_type *old = part->type;
        const struct mock_type_layout *inner = old->layout;
        size_t bytes, elements = part->blocks * part->blocklength;
        if (__builtin_mul_overflow(elements, old->size, &bytes) || bytes > SIZE_MAX / 2 - type->size)
            return false;
        part->offset = type->size;
        part->bytes = part->blocklength * old->size;
        part->dense = inner->solid && (part->blocklength == 1 || old->extent == (MPI_Aint)old->size);
        part->first = part->displacement + old->true_lb;
        type->size += bytes;
        layout->basics += elements * inner->basics;
        layout->wild |= inner->wild;
        if (inner->alignment > layout->alignment)
            layout->alignment = inner->alignment;
        layout->predefined = i == 0 || layout->predefined == inner->predefined ? inner->predefined : 0;
        layout->repr = layout->predefined != 0 ? inner->repr : REPR_MIXED;
        layout->sequence = type_sequence_join(layout->sequence, type_sequence_repeat(inner->sequence, elements));
    }
    return true;
}

static struct mock_type *type_allocate(void)
{
    struct mock_type *type = calloc(1, sizeof *type);
    struct mock_type_layout *layout = calloc(1, sizeof *layout);
    if (type == NULL || layout == NULL) {
        free(type);
        free(layout);
        return NULL;
    }
    type->handle = MPI_DATATYPE_NULL;
    type->references = 1;
    type->layout = layout;
    layout->owner = type;
    return type;
}

static void parts_free(struct type_part *parts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        mock_type_release(parts[i].type);
    free(parts);
}

struct mock_type *type_build(struct type_parts *parts, int *error)
{
    struct mock_type *type = NULL;
    *error = parts->error;
    if (*error == MPI_SUCCESS) {
        type = type_allocate();
        if (type == NULL)
            *error = mpimock_error(MPI_ERR_NO_MEM, "out of memory for a datatype");
    }
    if (*error != MPI_SUCCESS) {
        parts_free(parts->items, parts->count);
        *parts = (struct type_parts){0};
        return NULL;
    }
    type->layout->parts = parts->items;
    type->layout->part_count = parts->count;
    *parts = (struct type_parts){0};
    if (!sum_parts(type) || !find_bounds(type)) {
        *error = mpimock_error(MPI_ERR_COUNT, "a datatype of that many elements is larger than the memory");
        mock_type_release(type);
        return NULL;
    }
    find_contiguity(type);
    type->signature = mock_type_signature(type, 1);
    return type;
}

void type_resize(struct mock_type *type, MPI_Aint lb, MPI_Aint extent)
{
    type->lb = lb;
    type->extent = extent;
    type->layout->lb_marked = type->layout->ub_marked = true;
    find_contiguity(type);
}

struct mock_type *type_basic(enum type_repr repr, enum type_class class, size_t size, size_t alignment, int row)
{
    struct mock_type *type = type_allocate();
    if (type == NULL)
        return NULL;
    struct mock_type_layout *layout = type->layout;
    type->size = size;
    type->extent = type->true_extent = (MPI_Aint)size;
    type->committed = type->predefined = true;
    layout->alignment = alignment;
    layout->solid = true;
    type->contiguous = size > 0;
    layout->wild = repr == REPR_BYTE || repr == REPR_PACKED;
    layout->repr = repr;
    layout->class = class;
    layout->predefined = row;
    layout->recipe.combiner = MPI_COMBINER_NAMED;
    layout->basics = size > 0 ? 1 : 0;
    layout->sequence = size > 0 ? sequence_of_basic(repr) : (struct type_sequence){0, 1};
    type->signature = mock_type_signature(type, 1);
    return type;
}

bool type_recipe_init(struct mock_type *type, int combiner, size_t integers, size_t addresses, size_t types)
{
    struct type_recipe recipe = {combiner, integers, addresses, types, NULL, NULL, NULL};
    /* one more, so that nothing is asked of calloc(0) */
    recipe.integers = calloc(integers + 1, sizeof *recipe.integers);
    recipe.addresses = calloc(addresses + 1, sizeof *recipe.addresses);
    recipe.types = calloc(types + 1, sizeof *recipe.types);
    if (recipe.integers == NULL || recipe.addresses == NULL || recipe.types == NULL) {
        free(recipe.integers);
        free(recipe.addresses);
        free(recipe.types);
        return false;
    }
    type->layout->recipe = recipe;
    return true;
}

static bool recipe_copy(struct mock_type *to, const struct type_recipe *from)
{
    if (!type_recipe_init(to, from->combiner, from->integer_count, from->address_count, from->type_count))
        return false;
    struct type_recipe *recipe = &to->layout->recipe;
    for (size_t i = 0; i < from->integer_count; i++)
        recipe->integers[i] = from->integers[i];
    for (size_t i = 0; i < from->address_count; i++)
        recipe->addresses[i] = from->addresses[i];
    for (size_t i = 0; i < from->type_count; i++)
        recipe->types[i] = mock_type_keep(from->types[i]);
    return true;
}

struct mock_type *type_clone(const struct mock_type *type, bool with_recipe)
{
    struct mock_type *clone = type_allocate();
    if (clone == NULL)
        return NULL;
    struct mock_type_layout *to = clone->layout;
    const struct mock_type_layout *from = type->layout;
    struct type_part *parts = calloc(from->part_count + 1, sizeof *parts);
    if (parts == NULL || (with_recipe && !recipe_copy(clone, &from->recipe))) {
        free(parts);
        mock_type_release(clone);
        return NULL;
    }
    for (size_t i = 0; i < from->part_count; i++) {
        parts[i] = from->parts[i];
        mock_type_keep(parts[i].type);
    }
    struct type_recipe recipe = to->recipe;
    *to = *from;
    to->owner = clone;
    to->link = (struct mock_link){0};
    to->recipe = recipe;
    to->parts = parts;
    to->name[0] = '\0';
    *clone = *type;
    clone->layout = to;
    clone->handle = MPI_DATATYPE_NULL;
    clone->references = 1;
    clone->predefined = false;
    return clone;
}

/* ---- Handles and lives ---- */

int type_publish(struct mock_type *type, MPI_Datatype *newtype)
{
    uintptr_t key = chapters_made(HANDLE_DATATYPE, type, &type->layout->link);
    if (key == 0) {
        mock_type_release(type);
        return mpimock_error(MPI_ERR_NO_MEM, "out of memory, or of handles for datatypes");
    }
    type->handle = (MPI_Datatype)key;
    *newtype = type->handle;
    return MPI_SUCCESS;
}

struct mock_type *mock_type(MPI_Datatype handle)
{
    return handle_object(HANDLE_DATATYPE, HANDLE_KEY(handle));
}

struct mock_type *type_get(MPI_Datatype handle, int *error)
{
    struct mock_type *type = mock_type(handle);
    if (type == NULL)
        *error = handle == MPI_DATATYPE_NULL ? mpimock_error(MPI_ERR_TYPE, "the datatype is MPI_DATATYPE_NULL")
                                             : mpimock_error(MPI_ERR_TYPE, "not a datatype, or one that was freed");
    return type;
}

struct mock_type *type_for_message(MPI_Datatype handle, int count, int *error)
{
    if (count < 0) {
        *error = mpimock_error(MPI_ERR_COUNT, "the count is %d", count);
        return NULL;
    }
    struct mock_type *type = type_get(handle, error);
    if (type != NULL && !type->committed) {
        *error = mpimock_error(MPI_ERR_TYPE, "the datatype was not committed (MPI_Type_commit)");
        return NULL;
    }
    return type;
}

struct mock_type *mock_type_keep(struct mock_type *type)
{
    __atomic_add_fetch(&type->references, 1, __ATOMIC_RELAXED);
    return type;
}

void mock_type_release(struct mock_type *type)
{
    if (type == NULL || __atomic_sub_fetch(&type->references, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    struct mock_type_layout *layout = type->layout;
    parts_free(layout->parts, layout->part_count);
    struct type_recipe *recipe = &layout->recipe;
    for (size_t i = 0; i < recipe->type_count; i++)
        mock_type_release(recipe->types[i]);
    free(recipe->integers);
    free(recipe->addresses);
    free(recipe->types);
    free(layout);
    free(type);
}

void datatype_chapter_finish(void)
{
    struct mock_link *link;
    while ((link = chapters_first(HANDLE_DATATYPE)) != NULL) {
        struct mock_type *type = LINK_OWNER(link, struct mock_type_layout, link)->owner;
        chapters_ended(HANDLE_DATATYPE, HANDLE_KEY(type->handle), link);
        mock_type_release(type);
    }
}
