/* SPDX-License-Identifier: BSD-2-Clause */
/* mailbox.c: the ring between two ranks as a protocol of one writer and one reader.
 *
 * Relies on segment.h's layout. The writer stores `tail` after the bytes (release), the reader loads it before them
 * (acquire), and likewise with `head` for the room. Each end keeps its own position and the last one it saw of the
 * other, and so touches the other's cache line only when it must.
 *
 * Room: a writer that found none says so in `wants_space`, then looks once more; a reader that has consumed stores
 * `head`, then looks at `wants_space`. A sequentially consistent fence on both sides lets one of the two see the other.
 */
#include "mailbox.h"

static size_t record_bytes(size_t payload)
{
    return (sizeof(struct envelope) + payload + SEGMENT_LINE - 1) / SEGMENT_LINE * SEGMENT_LINE;
}

void mailbox_open(struct mailbox *mailbox, struct segment *segment, int receiver, int sender)
{
    mailbox->ring = segment_ring(segment, receiver, sender);
    mailbox->data = segment_ring_data(segment, receiver, sender);
    mailbox->capacity = segment->ring_bytes;
    mailbox->tail = atomic_load(&mailbox->ring->tail);
    mailbox->head = atomic_load(&mailbox->ring->head);
}

static bool has_room(struct mailbox *mailbox, size_t bytes)
{
    return mailbox->tail - mailbox->head + bytes <= mailbox->capacity;
}

bool mailbox_reserve(struct mailbox *mailbox, size_t payload)
{
    size_t bytes = record_bytes(payload);
    if (has_room(mailbox, bytes))
        return true;
    mailbox->head = atomic_load_explicit(&mailbox->ring->head, memory_order_acquire);
    if (has_room(mailbox, bytes))
        return true;
    atomic_store(&mailbox->ring->wants_space, 1);
    atomic_thread_fence(memory_order_seq_cst);
    mailbox->head = atomic_load_explicit(&mailbox->ring->head, memory_order_acquire);
    return has_room(mailbox, bytes);
}

unsigned char *mailbox_write(const struct mailbox *mailbox, size_t offset, size_t *bytes)
{
    size_t place = (mailbox->tail + offset) & (mailbox->capacity - 1);
    if (*bytes > mailbox->capacity - place)
        *bytes = mailbox->capacity - place;
    return mailbox->data + place;
}

void mailbox_commit(struct mailbox *mailbox, size_t payload)
{
    mailbox->tail += record_bytes(payload);
    atomic_store_explicit(&mailbox->ring->tail, mailbox->tail, memory_order_release);
}

const struct envelope *mailbox_front(struct mailbox *mailbox)
{
    if (mailbox->head == mailbox->tail) {
        mailbox->tail = atomic_load_explicit(&mailbox->ring->tail, memory_order_acquire);
        if (mailbox->head == mailbox->tail)
            return NULL;
    }
    return (const struct envelope *)(mailbox->data + (mailbox->head & (mailbox->capacity - 1)));
}

const unsigned char *mailbox_read(const struct mailbox *mailbox, size_t offset, size_t *bytes)
{
    size_t place = (mailbox->head + sizeof(struct envelope) + offset) & (mailbox->capacity - 1);
    if (*bytes > mailbox->capacity - place)
        *bytes = mailbox->capacity - place;
    return mailbox->data + place;
}

void mailbox_consume(struct mailbox *mailbox)
{
    const struct envelope *envelope =
        (const struct envelope *)(mailbox->data + (mailbox->head & (mailbox->capacity - 1)));
    mailbox->head += record_bytes(envelope->payload);
    atomic_store_explicit(&mailbox->ring->head, mailbox->head, memory_order_release);
}

bool mailbox_space_wanted(struct mailbox *mailbox)
{
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load_explicit(&mailbox->ring->wants_space, memory_order_relaxed) == 0)
        return false;
    atomic_store(&mailbox->ring->wants_space, 0);
    return true;
}
