/* SPDX-License-Identifier: BSD-2-Clause */
/* collective_arguments.c: what collective calls are given: communicators, roots, buffers, blocks for each rank; and
 * memory for the time of a call.
 *
 * Promises that whatever can be seen to be wrong on one rank alone is found before its first message leaves.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "collective.h"

/* ---- Checks ---- */

struct mock_comm *collective_comm(MPI_Comm handle, int *error)
{
    struct mock_comm *comm = mock_comm(handle);
    if (comm == NULL)
        *error = mpimock_error(MPI_ERR_COMM, handle == MPI_COMM_NULL ? "the communicator is MPI_COMM_NULL"
                                                                     : "not a communicator, or one that was freed");
    else if (comm->remote != NULL)
        *error = mpimock_error(MPI_ERR_COMM, "the mock has no collectives on intercommunicators");
    else
        return comm;
    return NULL;
}

int collective_check_root(const struct mock_comm *comm, int root)
{
    if (root >= 0 && root < comm->size)
        return MPI_SUCCESS;
    return mpimock_error(MPI_ERR_ROOT, "root %d in a communicator of %d", root, comm->size);
}

int collective_refuse_in_place(const char *what, const void *buffer)
{
    if (buffer == MPI_IN_PLACE)
        return mpimock_error(MPI_ERR_BUFFER, "MPI_IN_PLACE is not allowed as the %s buffer here", what);
    return MPI_SUCCESS;
}

int collective_check_buffer(const char *what, const void *buffer, int count, MPI_Datatype datatype,
                            struct mock_type **type)
{
    int error = collective_refuse_in_place(what, buffer);
    if (error != MPI_SUCCESS)
        return error;
    *type = type_for_message(datatype, count, &error);
    if (*type == NULL)
        return error;
    /* addresses in the type count from MPI_BOTTOM, which is NULL too; no data of a named type is there */
    if (buffer == NULL && count > 0 && (*type)->size > 0 && (*type)->predefined)
        return mpimock_error(MPI_ERR_BUFFER, "the %s buffer is NULL, for %d elements", what, count);
    return MPI_SUCCESS;
}

int collective_check_overlap(const void *send, size_t send_count, const struct mock_type *send_type,
                             const void *receive, size_t receive_count, const struct mock_type *receive_type)
{
    if (!type_overlap(send, send_count, send_type, receive, receive_count, receive_type))
        return MPI_SUCCESS;
    return mpimock_error(MPI_ERR_BUFFER, "the send and the receive buffer overlap; MPI_IN_PLACE is for one buffer");
}

int collective_check_blocks(const char *what, struct collective_blocks *blocks, MPI_Datatype datatype, int size)
{
    if (blocks->counts == NULL && blocks->types == NULL)
        return collective_check_buffer(what, blocks->buffer, blocks->count, datatype, &blocks->type);
    int error = collective_refuse_in_place(what, blocks->buffer);
    for (int i = 0; i < size && error == MPI_SUCCESS; i++) {
        struct mock_type *type;
        MPI_Datatype handle = blocks->types != NULL ? blocks->types[i] : datatype;
        if (blocks->counts[i] < 0)
            error = mpimock_error(MPI_ERR_COUNT, "the %s count for rank %d is %d", what, i, blocks->counts[i]);
        else if (blocks->types == NULL || blocks->counts[i] > 0) /* for nothing no type is needed */
            error = collective_check_buffer(what, blocks->buffer, blocks->counts[i], handle, &type);
        if (i == 0 && error == MPI_SUCCESS && blocks->types == NULL)
            blocks->type = type;
    }
    return error;
}

struct collective_block collective_block(const struct collective_blocks *blocks, int rank)
{
    struct collective_block block = {.buffer = (char *)(uintptr_t)blocks->buffer, .type = blocks->type};
    block.count = (size_t)(blocks->counts != NULL ? blocks->counts[rank] : blocks->count);
    if (blocks->types != NULL)
        block.type = mock_type(block.count > 0 ? blocks->types[rank] : MPI_BYTE);
    if (block.count == 0)
        return block;
    if (blocks->types != NULL)
        block.buffer = type_at(blocks->buffer, blocks->displacements[rank]);
    else if (blocks->displacements != NULL)
        block.buffer = collective_at(blocks->buffer, block.type, blocks->displacements[rank]);
    else
        block.buffer = collective_at(blocks->buffer, block.type, (MPI_Aint)rank * blocks->count);
    return block;
}

/* The memory between the first and the last byte of all blocks; false: there is none. */
static bool span(const struct collective_blocks *blocks, int size, uintptr_t *low, uintptr_t *high)
{
    bool any = false;
    for (int i = 0; i < size; i++) {
        struct collective_block block = collective_block(blocks, i);
        if (block.count == 0 || block.type->size == 0)
            continue;
        MPI_Aint distance = (MPI_Aint)(block.count - 1) * block.type->extent;
        uintptr_t first = (uintptr_t)type_at(block.buffer, block.type->true_lb + (distance < 0 ? distance : 0));
        uintptr_t last = first + (uintptr_t)block.type->true_extent + (uintptr_t)(distance < 0 ? -distance : distance);
        *low = any && *low < first ? *low : first;
        *high = any && *high > last ? *high : last;
        any = true;
    }
    return any;
}

int collective_check_apart(const struct collective_blocks *sends, const struct collective_blocks *receives, int size)
{
    uintptr_t send_low, send_high, receive_low, receive_high;
    if (!span(sends, size, &send_low, &send_high) || !span(receives, size, &receive_low, &receive_high) ||
        send_high <= receive_low || receive_high <= send_low)
        return MPI_SUCCESS;
    int error = MPI_SUCCESS; /* they are mixed, so each pair of blocks must be looked at */
    for (int i = 0; i < size * size && error == MPI_SUCCESS; i++) {
        struct collective_block from = collective_block(sends, i / size), to = collective_block(receives, i % size);
        error = collective_check_overlap(from.buffer, from.count, from.type, to.buffer, to.count, to.type);
    }
    return error;
}

/* ---- Memory ---- */

struct scratch {
    struct scratch *next, **to_this;
    max_align_t data[];
};
static struct scratch *scratches;

void *collective_allocate(size_t bytes)
{
    struct scratch *scratch = malloc(sizeof *scratch + bytes);
    if (scratch == NULL)
        return NULL;
    mock_lock();
    scratch->next = scratches;
    scratch->to_this = &scratches;
    if (scratches != NULL)
        scratches->to_this = &scratch->next;
    scratches = scratch;
    mock_unlock();
    return scratch->data;
}

void collective_free(void *memory)
{
    if (memory == NULL)
        return;
    struct scratch *scratch = (struct scratch *)(void *)((char *)memory - offsetof(struct scratch, data));
    mock_lock();
    *scratch->to_this = scratch->next;
    if (scratch->next != NULL)
        scratch->next->to_this = scratch->to_this;
    mock_unlock();
    free(scratch);
}

void collective_chapter_finish(void)
{
    while (scratches != NULL)
        collective_free(scratches->data);
}

void *collective_allocate_elements(size_t count, const struct mock_type *type, void **memory)
{
    MPI_Aint distance = count > 0 ? (MPI_Aint)(count - 1) * type->extent : 0;
    MPI_Aint low = type->true_lb + (distance < 0 ? distance : 0);
    size_t bytes = (size_t)type->true_extent + (size_t)(distance < 0 ? -distance : distance);
    *memory = collective_allocate(bytes);
    if (*memory == NULL)
        return NULL;
    memset(*memory, 0, bytes);
    return type_at(*memory, -low);
}

int collective_no_memory(void)
{
    return mpimock_error(MPI_ERR_NO_MEM, "out of memory for a collective call");
}
