/* SPDX-License-Identifier: BSD-2-Clause */
/* mailbox.h: one end of a ring, as a rank's private memory sees it: records go in whole at one end and come out in
 * order at the other. See struct segment_ring for what is shared.
 *
 *     sender     mailbox_reserve (is there room?) · mailbox_write (fill, piece by piece) · mailbox_commit (publish)
 *     receiver   mailbox_front (a record, or none) · mailbox_read · mailbox_consume (give its room back)
 *
 * A record is an envelope and its payload, rounded up to a cache line; an envelope therefore never wraps around, and an
 * eager message of 8 bytes is one line. Nothing is visible before commit, and commit is one store: a sender that dies
 * at any instruction leaves only whole records.
 *
 * The process that takes a dead one's place goes on at both ends where that one stopped: the sender's behind its last
 * record, the receiver's at the first that it did not consume. So records may have been written by, or meant for, a process
 * that is no more: `incarnation` tells of which one the numbers and addresses in the envelope are.
 */
#ifndef MPIMOCK_MAILBOX_H
#define MPIMOCK_MAILBOX_H

#include "segment.h"

enum envelope_kind {
    ENVELOPE_EAGER = 1,     /* a message; its data follows */
    ENVELOPE_RENDEZVOUS,    /* a message; its data is at `address` of the sender */
    ENVELOPE_CLEAR_TO_SEND, /* to the sender of a rendezvous: send `bytes` of the data through the ring */
    ENVELOPE_DATA,          /* data of a rendezvous from byte `address` on */
    ENVELOPE_DONE,          /* to the sender: its message was received (rendezvous) or matched (synchronous) */
    ENVELOPE_CANCEL,        /* to the receiver: take the message back if it is not matched */
    ENVELOPE_CANCELLED,     /* to the sender: it was taken back */
    ENVELOPE_STREAM,        /* a piece of a message, from byte `address` on; the other pieces are next to it in the ring */
    ENVELOPE_KIND_COUNT
};

#define ENVELOPE_SYNCHRONOUS 1u /* the sender waits for DONE */
#define ENVELOPE_READY       2u /* MPI_Rsend */
#define ENVELOPE_BASIC       4u /* `type` is that of a predefined datatype, so that it can be compared */
#define ENVELOPE_FAILED      8u /* DONE: the data could not be read */

struct envelope {
    uint8_t kind, flags;
    uint16_t payload; /* bytes that follow in the ring */
    int32_t tag;
    uint16_t source;      /* the sender's rank in the communicator */
    uint16_t incarnation; /* whose number `request` is: for DATA the receiver's of the message, else the sender's */
    uint32_t request;     /* of the sender of the message, where an answer is due; DATA: of its receiver */
    uint64_t context;
    uint64_t bytes;     /* of the whole message */
    uint64_t type;      /* the datatype's signature; 0: not known, or matches all */
    uint64_t signature; /* a collective's, see mock_isend */
    union {
        uint64_t address; /* RENDEZVOUS, DATA, STREAM */
        struct {
            uint32_t reply;             /* CLEAR_TO_SEND: the receiver's request, for DATA's `request` … */
            uint32_t reply_incarnation; /* … and `incarnation` */
        };
    };
};
_Static_assert(MPIMOCK_RANKS_MAX <= UINT16_MAX, "`source` holds any rank");
_Static_assert(sizeof(struct envelope) == 56, "the layout of version 2: with 8 bytes of data, one cache line");

/* Most payload that a record can have: what all of its users must stay below. */
#define MAILBOX_PAYLOAD_MAX(ring_bytes) ((ring_bytes) / 4)

struct mailbox {
    struct segment_ring *ring;
    unsigned char *data;
    uint32_t capacity;
    uint64_t tail, head; /* its own end, and what it last saw of the other */
};

/* Where the one before, if there was one, has stopped. */
void mailbox_open(struct mailbox *mailbox, struct segment *segment, int receiver, int sender);

/* Room for a record with that much payload? The answer no is certain to be followed by the sender's news (its bit set
 * by the receiver) once there is room. */
bool mailbox_reserve(struct mailbox *mailbox, size_t payload);
/* Where byte `offset` of the record that was reserved goes; `bytes` is cut down to what fits there in one piece. */
unsigned char *mailbox_write(const struct mailbox *mailbox, size_t offset, size_t *bytes);
/* Publishes the record. The caller rings the receiver's doorbell (segment_tell). */
void mailbox_commit(struct mailbox *mailbox, size_t payload);

/* The next record's envelope, or NULL: the ring is empty. Valid until it is consumed. */
const struct envelope *mailbox_front(struct mailbox *mailbox);
/* Where byte `offset` of the front record's payload is; `bytes` is cut down to what lies there in one piece. */
const unsigned char *mailbox_read(const struct mailbox *mailbox, size_t offset, size_t *bytes);
void mailbox_consume(struct mailbox *mailbox);
/* After the last record: does the sender wait for room? Then the caller sets the sender's news. */
bool mailbox_space_wanted(struct mailbox *mailbox);

#endif
