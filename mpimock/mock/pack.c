/* SPDX-License-Identifier: BSD-2-Clause */
/* pack.c: typed data to and from its packed form: the bytes of its type map in order, without gaps (MPI-3.1 §4.2).
 *
 * Relies on the parts that datatype.c keeps. Packing may start at any byte and end at any byte, for messages that
 * travel in pieces; it gets there by division and binary search. A block without gaps is one copy, a vector of them one
 * loop.
 */
#include <limits.h>
#include <string.h>

#include "datatype.h"

enum direction { PACK, UNPACK };

static inline __attribute__((always_inline)) void copy(enum direction direction, char *data, char *packed, size_t bytes)
{
    if (direction == PACK)
        memcpy(packed, data, bytes);
    else
        memcpy(data, packed, bytes);
}

/* `blocks` whole blocks, `stride` apart. The usual sizes get loops in which the compiler knows the size. */
static inline __attribute__((always_inline)) void copy_blocks(enum direction direction, char *data, char *packed,
                                                              size_t blocks, MPI_Aint stride, size_t bytes)
{
#define COPY_LOOP(bytes_)                                                                                              \
    for (size_t i = 0; i < blocks; i++, data += stride, packed += (bytes_))                                            \
    copy(direction, data, packed, bytes_)
    if (bytes == 8)
        COPY_LOOP(8);
    else if (bytes == 4)
        COPY_LOOP(4);
    else if (bytes == 16)
        COPY_LOOP(16);
    else
        COPY_LOOP(bytes);
#undef COPY_LOOP
}

static inline size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t move(enum direction direction, char *base, size_t count, const struct mock_type *type, size_t offset,
                   char *packed, size_t bytes);

/* Dense blocks of one part, from byte `within` of its packed form. */
static inline __attribute__((always_inline)) size_t move_dense(enum direction direction, char *first, size_t blocks,
                                                               MPI_Aint stride, size_t block_bytes, size_t within,
                                                               char *packed, size_t bytes)
{
    size_t block = within / block_bytes, done = 0;
    within %= block_bytes;
    char *data = type_at(first, (MPI_Aint)block * stride);
    if (within > 0 && block < blocks) { /* the rest of a block that was begun */
        done = least(block_bytes - within, bytes);
        copy(direction, data + within, packed, done);
        block++;
        data += stride;
    }
    size_t whole = least(blocks - least(block, blocks), (bytes - done) / block_bytes);
    if (whole > 0) {
        copy_blocks(direction, data, packed + done, whole, stride, block_bytes);
        done += whole * block_bytes;
        block += whole;
        data += (MPI_Aint)whole * stride;
    }
    if (block < blocks && done < bytes) {
        copy(direction, data, packed + done, bytes - done);
        done = bytes;
    }
    return done;
}

static size_t move_part(enum direction direction, char *element, const struct type_part *part, size_t within,
                        char *packed, size_t bytes)
{
    if (part->dense)
        return direction == PACK ? move_dense(PACK, type_at(element, part->first), part->blocks, part->stride,
                                              part->bytes, within, packed, bytes)
                                 : move_dense(UNPACK, type_at(element, part->first), part->blocks, part->stride,
                                              part->bytes, within, packed, bytes);
    size_t block = within / part->bytes, done = 0;
    within %= part->bytes;
    for (; block < part->blocks && done < bytes; block++, within = 0)
        done += move(direction, type_at(element, part->displacement + (MPI_Aint)block * part->stride),
                     part->blocklength, part->type, within, packed + done, bytes - done);
    return done;
}

/* The part in which that byte of one element's packed form lies. */
static size_t part_at(const struct mock_type_layout *layout, size_t offset)
{
    size_t low = 0, high = layout->part_count; /* parts[low] begins at or before it, parts[high] after it */
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (layout->parts[middle].offset <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static size_t move_element(enum direction direction, char *element, const struct mock_type_layout *layout,
                           size_t offset, char *packed, size_t bytes)
{
    size_t done = 0;
    size_t within = 0, i = 0;
    if (offset > 0) {
        i = part_at(layout, offset);
        within = offset - layout->parts[i].offset;
    }
    for (; i < layout->part_count && done < bytes; i++, within = 0)
        if (layout->parts[i].bytes > 0)
            done += move_part(direction, element, &layout->parts[i], within, packed + done, bytes - done);
    return done;
}

static size_t move(enum direction direction, char *base, size_t count, const struct mock_type *type, size_t offset,
                   char *packed, size_t bytes)
{
    size_t size = type->size;
    if (size == 0 || bytes == 0)
        return 0;
    const struct mock_type_layout *layout = type->layout;
    if (layout->solid && (count == 1 || type->extent == (MPI_Aint)size)) {
        size_t all = size * count;
        size_t moved = offset < all ? least(bytes, all - offset) : 0;
        if (moved > 0)
            copy(direction, type_at(base, type->true_lb + (MPI_Aint)offset), packed, moved);
        return moved;
    }
    if (layout->solid) /* elements with gaps between them only */
        return direction == PACK
                   ? move_dense(PACK, type_at(base, type->true_lb), count, type->extent, size, offset, packed, bytes)
                   : move_dense(UNPACK, type_at(base, type->true_lb), count, type->extent, size, offset, packed, bytes);
    size_t element = offset / size, done = 0;
    offset %= size;
    for (; element < count && done < bytes; element++, offset = 0)
        done += move_element(direction, type_at(base, (MPI_Aint)element * type->extent), layout, offset, packed + done,
                             bytes - done);
    return done;
}

size_t mock_pack(const void *base, size_t count, const struct mock_type *type, size_t offset, void *packed,
                 size_t bytes)
{
    return move(PACK, (char *)(uintptr_t)base, count, type, offset, packed, bytes);
}

size_t mock_unpack(void *base, size_t count, const struct mock_type *type, size_t offset, const void *packed,
                   size_t bytes)
{
    return move(UNPACK, base, count, type, offset, (char *)(uintptr_t)packed, bytes);
}

/* ---- The same walk, for a visitor ---- */

struct block_walk {
    int (*visit)(void *argument, MPI_Aint displacement, size_t length);
    void *argument;
    size_t bytes;   /* still wanted */
    MPI_Aint start; /* a run not told yet, because more may be adjacent */
    size_t length;
};

static int walk_tell(struct block_walk *walk)
{
    size_t length = walk->length;
    walk->length = 0;
    return length > 0 ? walk->visit(walk->argument, walk->start, length) : 0;
}

static int walk_run(struct block_walk *walk, MPI_Aint displacement, size_t length)
{
    length = least(length, walk->bytes);
    walk->bytes -= length;
    if (walk->length > 0 && walk->start + (MPI_Aint)walk->length == displacement) {
        walk->length += length;
        return 0;
    }
    int result = walk_tell(walk);
    walk->start = displacement;
    walk->length = length;
    return result;
}

static int walk_elements(struct block_walk *walk, MPI_Aint base, size_t count, const struct mock_type *type,
                         size_t offset);

static int walk_part(struct block_walk *walk, MPI_Aint element, const struct type_part *part, size_t within)
{
    int result = 0;
    if (part->bytes == 0)
        return 0;
    size_t block = within / part->bytes;
    within %= part->bytes;
    for (; block < part->blocks && walk->bytes > 0 && result == 0; block++, within = 0) {
        MPI_Aint at = element + (MPI_Aint)block * part->stride;
        result = part->dense ? walk_run(walk, at + part->first + (MPI_Aint)within, part->bytes - within)
                             : walk_elements(walk, at + part->displacement, part->blocklength, part->type, within);
    }
    return result;
}

static int walk_elements(struct block_walk *walk, MPI_Aint base, size_t count, const struct mock_type *type,
                         size_t offset)
{
    if (type->size == 0)
        return 0;
    const struct mock_type_layout *layout = type->layout;
    size_t element = offset / type->size;
    offset %= type->size;
    int result = 0;
    if (layout->solid && type->extent == (MPI_Aint)type->size && element < count) {
        size_t elements = least(count - element, walk->bytes / type->size + 2);
        return walk_run(walk, base + (MPI_Aint)element * type->extent + type->true_lb + (MPI_Aint)offset,
                        elements * type->size - offset);
    }
    for (; element < count && walk->bytes > 0 && result == 0; element++, offset = 0) {
        MPI_Aint at = base + (MPI_Aint)element * type->extent;
        if (layout->solid) {
            result = walk_run(walk, at + type->true_lb + (MPI_Aint)offset, type->size - offset);
            continue;
        }
        size_t i = part_at(layout, offset);
        size_t within = offset - layout->parts[i].offset;
        for (; i < layout->part_count && walk->bytes > 0 && result == 0; i++, within = 0)
            result = walk_part(walk, at, &layout->parts[i], within);
    }
    return result;
}

int mock_type_for_each_block(const struct mock_type *type, size_t count, size_t offset, size_t bytes,
                             int (*visit)(void *argument, MPI_Aint displacement, size_t length), void *argument)
{
    struct block_walk walk = {.visit = visit, .argument = argument, .bytes = bytes};
    int result = walk_elements(&walk, 0, count, type, offset);
    return result != 0 ? result : walk_tell(&walk);
}

/* ---- Copies within a process ---- */

int mock_type_copy(const void *from, size_t from_count, const struct mock_type *from_type, void *to, size_t to_count,
                   const struct mock_type *to_type)
{
    size_t bytes = from_count * from_type->size, room = to_count * to_type->size;
    if (bytes > room)
        return mpimock_error(MPI_ERR_TRUNCATE, "%zu bytes for a receive buffer of %zu", bytes, room);
    if (bytes == 0)
        return MPI_SUCCESS;
    if (from_type->contiguous) {
        mock_unpack(to, to_count, to_type, 0, from, bytes);
        return MPI_SUCCESS;
    }
    if (to_type->contiguous) {
        mock_pack(from, from_count, from_type, 0, to, bytes);
        return MPI_SUCCESS;
    }
    char piece[4096];
    for (size_t done = 0; done < bytes;) {
        size_t length = mock_pack(from, from_count, from_type, done, piece, sizeof piece);
        mock_unpack(to, to_count, to_type, done, piece, length);
        done += length;
    }
    return MPI_SUCCESS;
}

/* ---- MPI_Pack and its kin (§4.2) ---- */

/* The packed form's room, or -1 and *error set. */
static long long packed_bytes(int count, MPI_Datatype datatype, struct mock_type **type, int *error)
{
    *type = type_for_message(datatype, count, error);
    if (*type == NULL)
        return -1;
    if ((*type)->size > 0 && (size_t)count > (size_t)INT_MAX / (*type)->size) {
        *error = mpimock_error(MPI_ERR_COUNT, "%d elements of %zu bytes do not fit into one message's int", count,
                               (*type)->size);
        return -1;
    }
    return (long long)((size_t)count * (*type)->size);
}

/* Does [position, position + bytes) lie in a buffer of `size` bytes? */
static int check_room(long long position, long long size, long long bytes)
{
    if (size < 0 || position < 0)
        return mpimock_error(MPI_ERR_ARG, "position %lld in a buffer of %lld bytes", position, size);
    if (bytes > size - position)
        return mpimock_error(MPI_ERR_TRUNCATE, "%lld bytes at position %lld of a buffer of %lld", bytes, position,
                             size);
    return MPI_SUCCESS;
}

int mock_Pack(const void *inbuf, int incount, MPI_Datatype datatype, void *outbuf, int outsize, int *position,
              MPI_Comm comm)
{
    if (mock_comm(comm) == NULL)
        return mpimock_error(MPI_ERR_COMM, "not a communicator");
    struct mock_type *type;
    int error;
    long long bytes = packed_bytes(incount, datatype, &type, &error);
    if (bytes < 0)
        return error;
    error = check_room(*position, outsize, bytes);
    if (error != MPI_SUCCESS)
        return error;
    if (bytes > 0)
        mock_pack(inbuf, (size_t)incount, type, 0, (char *)outbuf + *position, (size_t)bytes);
    *position += (int)bytes;
    return MPI_SUCCESS;
}

int mock_Unpack(const void *inbuf, int insize, int *position, void *outbuf, int outcount, MPI_Datatype datatype,
                MPI_Comm comm)
{
    if (mock_comm(comm) == NULL)
        return mpimock_error(MPI_ERR_COMM, "not a communicator");
    struct mock_type *type;
    int error;
    long long bytes = packed_bytes(outcount, datatype, &type, &error);
    if (bytes < 0)
        return error;
    error = check_room(*position, insize, bytes);
    if (error != MPI_SUCCESS)
        return error;
    if (bytes > 0)
        mock_unpack(outbuf, (size_t)outcount, type, 0, (const char *)inbuf + *position, (size_t)bytes);
    *position += (int)bytes;
    return MPI_SUCCESS;
}

int mock_Pack_size(int incount, MPI_Datatype datatype, MPI_Comm comm, int *size)
{
    if (mock_comm(comm) == NULL)
        return mpimock_error(MPI_ERR_COMM, "not a communicator");
    struct mock_type *type;
    int error;
    long long bytes = packed_bytes(incount, datatype, &type, &error);
    if (bytes < 0)
        return error;
    *size = (int)bytes;
    return MPI_SUCCESS;
}
