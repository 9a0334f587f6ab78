/* SPDX-License-Identifier: BSD-2-Clause */
/* sending.c: the sender's side of the protocols (transfer.h): which one a message takes, its records, its end.
 *
 * What finds no room waits in a queue of its destination, behind whatever waits there, so that the order of a pair
 * holds.
 */
#include "engine.h"

#include <stdlib.h>
#include <string.h>

#include "bsend.h"
#include "test.h"

/* Data of the request, in packed order. */
static void copy_out(const struct mock_request *request, size_t offset, void *to, size_t bytes)
{
    if (request->packed != NULL)
        memcpy(to, request->packed + offset, bytes);
    else if (request->type == NULL || request->type->contiguous)
        memcpy(to, (char *)request->buffer + offset, bytes);
    else
        mock_pack(request->buffer, request->count, request->type, offset, to, bytes);
}

/* ---- Records into rings ---- */

static void put(int to, const struct envelope *envelope, const struct mock_request *request, size_t offset)
{
    struct mailbox *mailbox = &engine.out[to];
    size_t piece = sizeof *envelope;
    memcpy(mailbox_write(mailbox, 0, &piece), envelope, sizeof *envelope);
    for (size_t done = 0; done < envelope->payload; done += piece) {
        piece = envelope->payload - done;
        unsigned char *place = mailbox_write(mailbox, sizeof *envelope + done, &piece);
        copy_out(request, offset + done, place, piece);
    }
    mailbox_commit(mailbox, envelope->payload);
}

/* Data through the ring, as much as there is room for. True: all of it has been put. */
static bool put_data(int to, struct outgoing *out)
{
    uint64_t total = out->envelope.bytes;
    uint64_t most = MAILBOX_PAYLOAD_MAX(mock.segment->ring_bytes) - sizeof(struct envelope);
    while (out->sent < total) {
        uint64_t piece = total - out->sent < most ? total - out->sent : most;
        if (!mailbox_reserve(&engine.out[to], piece))
            return false;
        out->envelope.payload = (uint16_t)piece;
        out->envelope.address = out->sent;
        put(to, &out->envelope, out->request, out->sent);
        segment_tell(mock.segment, to, mock.rank);
        out->sent += piece;
    }
    return true;
}

static bool put_out(int to, struct outgoing *out)
{
    if (out->envelope.kind == ENVELOPE_DATA || out->envelope.kind == ENVELOPE_STREAM)
        return put_data(to, out);
    if (!mailbox_reserve(&engine.out[to], out->envelope.payload))
        return false;
    put(to, &out->envelope, out->request, 0);
    segment_tell(mock.segment, to, mock.rank);
    return true;
}

/* The request's record is in the ring: does that complete it? */
static void after_put(struct mock_request *request)
{
    const struct envelope *envelope = &request->out.envelope;
    if (envelope->kind == ENVELOPE_DATA || envelope->kind == ENVELOPE_STREAM ||
        (envelope->kind == ENVELOPE_EAGER && !(envelope->flags & ENVELOPE_SYNCHRONOUS)))
        request_complete(request);
}

static void enqueue(int to, struct outgoing *out)
{
    struct queue *queue = &engine.queues[to];
    out->next = NULL;
    if (queue->last != NULL)
        queue->last->next = out;
    else
        queue->first = out;
    queue->last = out;
    engine.queued++;
}

static void dequeue(int to, struct outgoing *out)
{
    struct queue *queue = &engine.queues[to];
    struct outgoing *previous = NULL, *other = queue->first;
    while (other != NULL && other != out) {
        previous = other;
        other = other->next;
    }
    if (other == NULL)
        return;
    if (previous != NULL)
        previous->next = out->next;
    else
        queue->first = out->next;
    if (queue->last == out)
        queue->last = previous;
    engine.queued--;
}

bool sending_is_queued(const struct mock_request *request)
{
    const struct outgoing *other = engine.queues[request->peer_world].first;
    while (other != NULL && other != &request->out)
        other = other->next;
    return other != NULL;
}

void sending_withdraw(struct mock_request *request)
{
    dequeue(request->peer_world, &request->out);
}

void sending_withdraw_all(bool (*stale)(uint64_t context, const void *argument), const void *argument)
{
    for (int to = 0; to < mock.size; to++) {
        struct queue *queue = &engine.queues[to];
        struct outgoing **place = &queue->first;
        queue->last = NULL;
        for (struct outgoing *out; (out = *place) != NULL;) {
            if (out->request != NULL && stale(out->request->context, argument)) {
                *place = out->next;
                out->next = NULL;
                engine.queued--;
            } else {
                queue->last = out;
                place = &out->next;
            }
        }
    }
}

bool sending_flush(int to)
{
    bool some = false;
    for (struct outgoing *out; (out = engine.queues[to].first) != NULL;) {
        uint64_t sent = out->sent;
        if (!put_out(to, out))
            return some || out->sent != sent;
        dequeue(to, out);
        if (out->request != NULL)
            after_put(out->request);
        else
            free(out);
        some = true;
    }
    return some;
}

/* The request's record: into the ring now, or when there is room. */
static void submit(int to, struct mock_request *request)
{
    if (engine.queues[to].first == NULL && put_out(to, &request->out))
        after_put(request);
    else
        enqueue(to, &request->out);
}

void sending_put(int to, const struct envelope *envelope)
{
    if (engine.queues[to].first == NULL && mailbox_reserve(&engine.out[to], 0)) {
        put(to, envelope, NULL, 0);
        segment_tell(mock.segment, to, mock.rank);
        return;
    }
    struct outgoing *out = calloc(1, sizeof *out);
    if (out == NULL) {
        fprintf(stderr, "mpimock: rank %d: out of memory for an answer to rank %d\n", mock.rank, to);
        abort();
    }
    out->envelope = *envelope;
    enqueue(to, out);
}

void sending_answer(int to, enum envelope_kind kind, const struct envelope *asked, uint8_t flags)
{
    sending_put(to, &(struct envelope){.kind = (uint8_t)kind,
                                       .flags = flags,
                                       .request = asked->request,
                                       .incarnation = asked->incarnation});
}

static bool pack_for_later(struct mock_request *request, enum request_packed where)
{
    unsigned char *packed = where == PACKED_BSEND ? bsend_allocate(request->bytes) : malloc(request->bytes | 1);
    if (packed == NULL)
        return false;
    copy_out(request, 0, packed, request->bytes);
    request->packed = packed;
    request->packed_where = where;
    return true;
}

bool transfer_pack(struct mock_request *request)
{
    return pack_for_later(request, PACKED_HEAP);
}

static void address_data(struct mock_request *request)
{
    struct envelope *envelope = &request->out.envelope;
    envelope->kind = ENVELOPE_RENDEZVOUS;
    envelope->payload = 0;
    envelope->address = (uintptr_t)(request->packed != NULL ? (void *)request->packed : request->buffer);
}

static void describe_message(struct mock_request *request)
{
    const struct mock_type *type = request->type;
    request->out.request = request;
    request->out.sent = 0;
    request->out.envelope = (struct envelope){
        .kind = ENVELOPE_EAGER,
        .flags = (request->mode == MOCK_READY ? ENVELOPE_READY : 0) |
                 (type != NULL && type->predefined ? ENVELOPE_BASIC : 0),
        .tag = request->tag,
        .source = (uint16_t)request->comm_rank,
        .incarnation = mock.incarnation,
        .context = request->context,
        .bytes = request->bytes,
        .type = type != NULL ? type->signature : 0,
        .signature = request->signature,
    };
}

/* Completes the user's request, and goes on with a copy of the data behind it. */
static int send_buffered(struct mock_request *request)
{
    struct envelope *envelope = &request->out.envelope;
    int to = request->peer_world;
    bool small = request->bytes <= mock.segment->eager_limit;
    enum request_packed where = request->mode == MOCK_BUFFERED ? PACKED_BSEND : PACKED_HEAP;
    struct mock_request *behind = request_new(REQUEST_SEND);
    if (behind == NULL)
        return mpimock_error(MPI_ERR_NO_MEM, "no memory for a send of %zu bytes", request->bytes);
    behind->detached = true;
    behind->active = true;
    behind->bytes = request->bytes;
    behind->context = request->context;
    behind->peer_world = to;
    if ((request->packed == NULL && !pack_for_later(request, where)) || (!small && request_track(behind) == 0)) {
        request_release(behind);
        return where == PACKED_BSEND
                   ? bsend_why(request->bytes)
                   : mpimock_error(MPI_ERR_NO_MEM, "no memory for a send of %zu bytes", request->bytes);
    }
    behind->packed = request->packed;
    behind->packed_where = request->packed_where;
    request->packed = NULL;
    request->packed_where = PACKED_NONE;
    behind->out.request = behind;
    behind->out.envelope = *envelope;
    behind->out.envelope.request = behind->id;
    behind->out.envelope.payload = (uint16_t)(small ? request->bytes : 0);
    if (!small)
        address_data(behind);
    submit(to, behind);
    request_complete(request);
    return MPI_SUCCESS;
}

/* --mock-sends: does this send wait for its receiver, complete locally, or neither by order? */
static enum mock_mode mode_of(const struct mock_request *request)
{
    static const enum mock_mode drawn[3] = {MOCK_STANDARD, MOCK_SYNCHRONOUS, MOCK_BUFFERED};
    if (request->mode == MOCK_SYNCHRONOUS || request->mode == MOCK_BUFFERED || request->collective ||
        test_is_runners(request->context))
        return request->mode;
    switch (mock.segment->sends) {
    case SEGMENT_SENDS_EAGER:
        return MOCK_BUFFERED;
    case SEGMENT_SENDS_SYNC:
        return MOCK_SYNCHRONOUS;
    case SEGMENT_SENDS_RANDOM: /* xorshift64 */
        engine.random ^= engine.random << 13;
        engine.random ^= engine.random >> 7;
        engine.random ^= engine.random << 17;
        return drawn[(engine.random >> 33) % 3];
    default:
        return MOCK_STANDARD;
    }
}

int transfer_send(struct mock_request *request)
{
    struct envelope *envelope = &request->out.envelope;
    int to = request->peer_world;
    request->active = true;
    request->complete = request->cancelled = request->cancel_asked = request->lost = false;
    request->error = MPI_SUCCESS;
    if (to == SEGMENT_WAIT_NOBODY) {
        request_complete(request);
        return MPI_SUCCESS;
    }
    describe_message(request);
    enum mock_mode mode = mode_of(request);
    bool small = request->bytes <= mock.segment->eager_limit;
    bool room = small && engine.queues[to].first == NULL && mailbox_reserve(&engine.out[to], request->bytes);
    if (mode == MOCK_BUFFERED && (!room || request->mode == MOCK_BUFFERED))
        return send_buffered(request);

    if (mode == MOCK_STANDARD && !small && test_is_control(request->context)) {
        envelope->kind = ENVELOPE_STREAM; /* needs nothing of this process once it is in the ring */
        submit(to, request);
        return MPI_SUCCESS;
    }
    if (mode == MOCK_SYNCHRONOUS)
        envelope->flags |= ENVELOPE_SYNCHRONOUS;
    if (mode == MOCK_SYNCHRONOUS || !small) {
        envelope->request = request_track(request);
        if (envelope->request == 0)
            return mpimock_error(MPI_ERR_NO_MEM, "no memory for a send of %zu bytes", request->bytes);
    }
    if (small) {
        envelope->payload = (uint16_t)request->bytes;
    } else {
        bool in_place = request->packed != NULL || request->type == NULL || request->type->contiguous;
        if (!in_place && !pack_for_later(request, PACKED_HEAP))
            return mpimock_error(MPI_ERR_NO_MEM, "no memory for a send of %zu bytes", request->bytes);
        address_data(request);
    }
    submit(to, request);
    return MPI_SUCCESS;
}

/* ---- What the receiver answers ---- */

void sending_begin_data(int from, const struct envelope *envelope)
{
    struct mock_request *request = request_tracked(envelope->request);
    if (request == NULL)
        return;
    request->out.envelope = (struct envelope){.kind = ENVELOPE_DATA,
                                              .request = envelope->reply,
                                              .incarnation = (uint16_t)envelope->reply_incarnation,
                                              .bytes = envelope->bytes};
    request->out.sent = 0;
    submit(from, request);
}

void sending_finish(const struct envelope *envelope)
{
    struct mock_request *request = request_tracked(envelope->request);
    if (request == NULL)
        return;
    request->cancelled = envelope->kind == ENVELOPE_CANCELLED;
    if (envelope->flags & ENVELOPE_FAILED) {
        request->error = MPI_ERR_BUFFER;
        request->message_bytes = request->bytes;
        request->found_tag = request->tag;
    }
    request_complete(request);
}

/* Whether the one before has answered, and what of it has come, is not known of a record that waits in the ring; so all
 * that have left fail. */
void sending_lost(int to)
{
    for (struct mock_request *request = request_first_message(), *next; request != NULL; request = next) {
        next = request->next;
        if (request->kind != REQUEST_SEND || request->complete || request->id == 0 || request->peer_world != to ||
            (request->context & TEST_CONTEXT) != 0 || sending_is_queued(request))
            continue;
        request->lost = true;
        request->error = MPI_ERR_OTHER;
        request_complete(request);
    }
}
