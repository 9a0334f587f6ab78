/* SPDX-License-Identifier: BSD-2-Clause */
/* bsend.c: MPI_Buffer_attach and MPI_Buffer_detach, and the pieces of the attached buffer.
 *
 * Relies on the user's memory being there until MPI_Buffer_detach returns. A piece is a head and its data, in a list
 * ordered by address that lives in the buffer itself; the head fits in MPI_BSEND_OVERHEAD, so that the arithmetic of
 * MPI-3.1 §3.6 (sum of MPI_Pack_size and MPI_BSEND_OVERHEAD) is always enough. The first gap that is large enough is
 * taken.
 */
#include "bsend.h"

#include <stdint.h>

#include "needs.h"
#include "process.h"
#include "waiting.h"

struct piece {
    struct piece *next, *previous;
    size_t bytes; /* of the data behind it */
};
#define PIECE_ALIGN 16u
_Static_assert(sizeof(struct piece) + 2 * PIECE_ALIGN <= MPI_BSEND_OVERHEAD,
               "the head and its alignment fit the overhead");

static void *user_buffer; /* as it was given */
static int user_bytes;
static char *begin, *end; /* what of it is used; begin is aligned */
static struct piece *first;

static char *align_up(char *place)
{
    return place + (PIECE_ALIGN - (uintptr_t)place % PIECE_ALIGN) % PIECE_ALIGN;
}

static char *end_of(const struct piece *piece)
{
    return align_up((char *)(piece + 1) + piece->bytes);
}

unsigned char *bsend_allocate(size_t bytes)
{
    struct piece *previous = NULL, *next = first;
    char *place = begin;
    if (user_buffer == NULL)
        return NULL;
    while (next != NULL && (size_t)((char *)next - place) < sizeof *next + bytes) {
        previous = next;
        place = end_of(next);
        next = next->next;
    }
    if (next == NULL && (place > end || (size_t)(end - place) < sizeof *next + bytes))
        return NULL;
    struct piece *piece = (struct piece *)(void *)place;
    *piece = (struct piece){next, previous, bytes};
    if (previous != NULL)
        previous->next = piece;
    else
        first = piece;
    if (next != NULL)
        next->previous = piece;
    return (unsigned char *)(piece + 1);
}

void bsend_free(unsigned char *data)
{
    struct piece *piece = (struct piece *)(void *)data - 1;
    if (piece->previous != NULL)
        piece->previous->next = piece->next;
    else
        first = piece->next;
    if (piece->next != NULL)
        piece->next->previous = piece->previous;
}

int bsend_why(size_t bytes)
{
    if (user_buffer == NULL)
        return mpimock_error(MPI_ERR_BUFFER,
                             "a buffered send of %zu bytes, but no buffer is attached (MPI_Buffer_attach)", bytes);
    return mpimock_error(MPI_ERR_BUFFER,
                         "a buffered send of %zu bytes does not fit what is free of the %d bytes attached by "
                         "MPI_Buffer_attach (each message takes MPI_BSEND_OVERHEAD, %d, more)",
                         bytes, user_bytes, (int)MPI_BSEND_OVERHEAD);
}

void bsend_finish(void)
{
    user_buffer = NULL;
    first = NULL;
}

int mock_Buffer_attach(void *buffer, int size)
{
    int error = MPI_SUCCESS;
    if (size < 0)
        return mpimock_error(MPI_ERR_ARG, "the buffer's size is %d", size);
    if (buffer == NULL)
        return mpimock_error(MPI_ERR_BUFFER, "the buffer is a null pointer");
    mock_lock();
    if (user_buffer != NULL) {
        error = mpimock_error(MPI_ERR_BUFFER, "a buffer of %d bytes is attached already: one at a time", user_bytes);
    } else {
        user_buffer = buffer;
        user_bytes = size;
        begin = align_up(buffer);
        end = (char *)buffer + size;
    }
    mock_unlock();
    return error;
}

static bool all_left(void *unused)
{
    (void)unused;
    return first == NULL;
}

static void describe(void *unused, struct segment_wait *wait)
{
    (void)unused;
    wait->kind = SEGMENT_WAIT_OTHER;
    wait->peer = wait->peer_world = SEGMENT_WAIT_NOBODY;
    wait->tag = SEGMENT_WAIT_ANY;
    for (const struct mock_request *request = request_first_message(); request != NULL; request = request->next)
        if (request->packed_where == PACKED_BSEND && !request->complete)
            needs_add_rank(wait, request->peer_world, false);
}

/* Waits until all messages in the buffer have left it (MPI-3.1 §3.6). */
int mock_Buffer_detach(void *buffer_address, int *size)
{
    int error;
    mock_lock();
    if (user_buffer == NULL) {
        error = mpimock_error(MPI_ERR_BUFFER, "no buffer is attached");
    } else {
        error = mock_wait_until(&(struct waiting){all_left, describe, NULL, NULL});
        if (error == MPI_SUCCESS) {
            *(void **)buffer_address = user_buffer;
            *size = user_bytes;
            user_buffer = NULL;
        }
    }
    mock_unlock();
    return error;
}
