/* SPDX-License-Identifier: BSD-2-Clause */
/* engine.h: what transfer.c, sending.c and receiving.c share, and nobody else: this rank's ends of all rings, what
 * waits for room in them, and the matcher.
 */
#ifndef MPIMOCK_ENGINE_H
#define MPIMOCK_ENGINE_H

#include "transfer.h"

#define ENGINE_BOUNCE_BYTES (64u * 1024)

struct queue {
    struct outgoing *first, *last;
};

struct engine {
    struct mailbox *in, *out; /* [n], by world rank of the other end */
    struct queue *queues;     /* [n] what waits for room, by destination */
    struct message **partial; /* [n] what has come of a message in pieces, by sender; NULL: none is under way */
    uint32_t *known;          /* [n] each rank's incarnation when it was last looked at */
    size_t queued;            /* in all queues */
    struct matcher matcher;
    bool copy_refused, out_of_memory, advancing;
    uint64_t random;       /* state of --mock-sends random */
    unsigned char *bounce; /* ENGINE_BOUNCE_BYTES, for data that is read packed and must be scattered */
};
extern struct engine engine;

static inline struct message *engine_message(struct match_entry *entry)
{
    return entry == NULL ? NULL : (struct message *)(void *)((char *)entry - offsetof(struct message, entry));
}

/* ---- sending.c ---- */
/* A record of its own, without payload. There is no way back from here without memory: the peer would wait for ever. */
void sending_put(int to, const struct envelope *envelope);
/* The same: an answer to the sender of a message, which asked for it in this envelope. */
void sending_answer(int to, enum envelope_kind kind, const struct envelope *asked, uint8_t flags);
/* CLEAR_TO_SEND came: the data goes through the ring. */
void sending_begin_data(int to, const struct envelope *envelope);
/* DONE or CANCELLED came. */
void sending_finish(const struct envelope *envelope);
/* Puts what waits into the ring to that rank, while there is room. True: something was put. */
bool sending_flush(int to);
bool sending_is_queued(const struct mock_request *request);
/* The process at the other end is gone: completes, with an error, the sends that it would have answered, but not those of
 * tests, which are left. */
void sending_lost(int to);
/* Takes what the request has to put off its queue, if it is there; and those of all requests of these contexts. */
void sending_withdraw(struct mock_request *request);
void sending_withdraw_all(bool (*stale)(uint64_t context, const void *argument), const void *argument);

/* ---- receiving.c ---- */
/* A message has come. False: no memory to keep it. */
bool receiving_arrive(int from, const struct envelope *envelope);
/* DATA of a rendezvous came. */
void receiving_take_data(int from, const struct envelope *envelope);
/* A piece of a message came. False: no memory to keep it. */
bool receiving_take_piece(int from, const struct envelope *envelope);
/* The process at the other end is gone: completes, with an error, the receives that it was sending data to, but not those
 * of tests, which are left. */
void receiving_lost(int from);
/* CANCEL came: the sender wants its message back. If it is matched already, its DONE or CLEAR_TO_SEND tells it so. */
void receiving_take_back(int from, const struct envelope *envelope);
/* Takes an unexpected message off its queue and frees it. */
void receiving_free(struct match_entry *message, void *unused);

#endif
