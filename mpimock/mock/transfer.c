/* SPDX-License-Identifier: BSD-2-Clause */
/* transfer.c: the protocols between two ranks; see transfer.h.
 *
 * Relies on mailboxes, the matcher, and mock_pack and mock_unpack. Promises that the envelopes from one rank to another
 * arrive in the order in which they were started, so that MPI's order between a pair holds whatever the protocol.
 */
#include "transfer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bsend.h"

#define BOUNCE_BYTES (64u * 1024)

struct queue {
    struct outgoing *first, *last;
};

static struct {
    struct mailbox *in, *out; /* [n], by world rank of the other end */
    struct queue *queues;     /* [n] what waits for room, by destination */
    size_t queued;            /* in all queues */
    struct matcher matcher;
    bool copy_refused, out_of_memory, advancing;
    uint64_t random;
    unsigned char *bounce;    /* BOUNCE_BYTES, for data that is read packed and must be scattered */
} engine;

int transfer_start(void)
{
    size_t n = (size_t)mock.size;
    engine.in = calloc(n, sizeof *engine.in);
    engine.out = calloc(n, sizeof *engine.out);
    engine.queues = calloc(n, sizeof *engine.queues);
    engine.bounce = malloc(BOUNCE_BYTES);
    if (engine.in == NULL || engine.out == NULL || engine.queues == NULL || engine.bounce == NULL) {
        transfer_stop();
        return -ENOMEM;
    }
    for (int i = 0; i < mock.size; i++) {
        mailbox_open(&engine.in[i], mock.segment, mock.rank, i);
        mailbox_open(&engine.out[i], mock.segment, i, mock.rank);
    }
    matcher_init(&engine.matcher);
    engine.copy_refused = mock.segment->copy_by_ring != 0;
    engine.random = mock.segment->seed * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)mock.rank * 2 + 1;
    return 0;
}

static void free_message(struct match_entry *entry, void *unused)
{
    (void)unused;
    matcher_withdraw_message(&engine.matcher, entry);
    free((char *)entry - offsetof(struct message, entry));
}

void transfer_stop(void)
{
    if (engine.queues != NULL)
        matcher_each_message(&engine.matcher, free_message, NULL);
    for (int i = 0; engine.queues != NULL && i < mock.size; i++)
        while (engine.queues[i].first != NULL) {
            struct outgoing *out = engine.queues[i].first;
            engine.queues[i].first = out->next;
            if (out->request == NULL)
                free(out);
        }
    free(engine.in);
    free(engine.out);
    free(engine.queues);
    free(engine.bounce);
    memset(&engine, 0, sizeof engine);
}

/* ---- Data of a request, in packed order ---- */

static void copy_out(const struct mock_request *request, size_t offset, void *to, size_t bytes)
{
    if (request->packed != NULL)
        memcpy(to, request->packed + offset, bytes);
    else if (request->type == NULL || request->type->contiguous)
        memcpy(to, (char *)request->buffer + offset, bytes);
    else
        mock_pack(request->buffer, request->count, request->type, offset, to, bytes);
}

/* Drops what is beyond the receive's room. */
static void copy_in(struct mock_request *request, size_t offset, const void *from, size_t bytes)
{
    if (offset >= request->bytes)
        return;
    if (bytes > request->bytes - offset)
        bytes = request->bytes - offset;
    if (request->type == NULL || request->type->contiguous)
        memcpy((char *)request->buffer + offset, from, bytes);
    else
        mock_unpack(request->buffer, request->count, request->type, offset, from, bytes);
    request->received += bytes;
}

/* ---- Sending: records into rings ---- */

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
    if (out->envelope.kind == ENVELOPE_DATA)
        return put_data(to, out);
    if (!mailbox_reserve(&engine.out[to], out->envelope.payload))
        return false;
    put(to, &out->envelope, out->request, 0);
    segment_tell(mock.segment, to, mock.rank);
    return true;
}

/* The record is in the ring: does that complete its request? */
static void after_put(struct outgoing *out)
{
    struct mock_request *request = out->request;
    if (request == NULL)
        free(out);
    else if (out->envelope.kind == ENVELOPE_DATA ||
             (out->envelope.kind == ENVELOPE_EAGER && !(out->envelope.flags & ENVELOPE_SYNCHRONOUS)))
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

static bool is_queued(int to, const struct outgoing *out)
{
    const struct outgoing *other = engine.queues[to].first;
    while (other != NULL && other != out)
        other = other->next;
    return other != NULL;
}

static bool flush_queue(int to)
{
    bool some = false;
    for (struct outgoing *out; (out = engine.queues[to].first) != NULL;) {
        uint64_t sent = out->sent;
        if (!put_out(to, out))
            return some || out->sent != sent;
        dequeue(to, out);
        after_put(out);
        some = true;
    }
    return some;
}

/* A request's record: into the ring now, or when there is room. */
static void submit(int to, struct outgoing *out)
{
    if (engine.queues[to].first == NULL && put_out(to, out))
        after_put(out);
    else
        enqueue(to, out);
}

/* A record of its own. There is no way back from here without memory: the peer would wait for ever. */
static void answer(int to, enum envelope_kind kind, uint32_t to_request, uint32_t reply, uint64_t bytes, uint8_t flags)
{
    struct envelope envelope = {.kind = (uint8_t)kind, .flags = flags, .request = to_request, .bytes = bytes};
    envelope.reply = reply;
    if (engine.queues[to].first == NULL && mailbox_reserve(&engine.out[to], 0)) {
        put(to, &envelope, NULL, 0);
        segment_tell(mock.segment, to, mock.rank);
        return;
    }
    struct outgoing *out = calloc(1, sizeof *out);
    if (out == NULL) {
        fprintf(stderr, "mpimock: rank %d: out of memory for an answer to rank %d\n", mock.rank, to);
        abort();
    }
    out->envelope = envelope;
    enqueue(to, out);
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
        .flags = (request->mode == MOCK_READY ? ENVELOPE_READY : 0) | (type != NULL && type->predefined ? ENVELOPE_BASIC : 0),
        .tag = request->tag,
        .source = request->comm_rank,
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
        return where == PACKED_BSEND ? bsend_why(request->bytes)
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
    submit(to, &behind->out);
    request_complete(request);
    return MPI_SUCCESS;
}

/* --mock-sends: does this send wait for its receiver, complete locally, or neither by order? */
static enum mock_mode mode_of(const struct mock_request *request)
{
    static const enum mock_mode drawn[3] = {MOCK_STANDARD, MOCK_SYNCHRONOUS, MOCK_BUFFERED};
    if (request->mode == MOCK_SYNCHRONOUS || request->mode == MOCK_BUFFERED || request->collective)
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
    request->complete = request->cancelled = request->cancel_asked = false;
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
    submit(to, &request->out);
    return MPI_SUCCESS;
}

/* ---- Receiving: records out of rings ---- */

/* What the envelope tells the receive that it matched. */
static void begin_receive(struct mock_request *request, const struct envelope *envelope, bool was_posted)
{
    const struct mock_type *type = request->type;
    request->source = envelope->source;
    request->found_tag = envelope->tag;
    request->message_bytes = envelope->bytes;
    request->signature = envelope->signature;
    request->received = 0;
    if (envelope->bytes > request->bytes)
        request->error = MPI_ERR_TRUNCATE;
    else if ((mock.segment->checks & SEGMENT_CHECK_TYPES) && type != NULL && type->predefined && type->signature != 0 &&
             (envelope->flags & ENVELOPE_BASIC) && envelope->type != 0 && envelope->type != type->signature &&
             envelope->bytes > 0)
        request->error = MPI_ERR_TYPE;
    else if ((mock.segment->checks & SEGMENT_CHECK_READY) && (envelope->flags & ENVELOPE_READY) && !was_posted)
        request->error = MPI_ERR_OTHER;
}

/* Reads `bytes` bytes at `address` of rank `from` into the request's buffer. 0 or a negative errno value. */
static int pull(struct mock_request *request, int from, uint64_t address, size_t bytes)
{
    bool in_place = request->type == NULL || request->type->contiguous;
    if (from == mock.rank) {
        copy_in(request, 0, (const void *)(uintptr_t)address, bytes);
        return 0;
    }
    pid_t pid = atomic_load_explicit(&segment_rank(mock.segment, from)->pid, memory_order_relaxed);
    for (size_t done = 0; done < bytes;) {
        size_t piece = bytes - done;
        if (!in_place && piece > BOUNCE_BYTES)
            piece = BOUNCE_BYTES;
        struct iovec here = {in_place ? (char *)request->buffer + done : (char *)engine.bounce, piece};
        struct iovec there = {(void *)(uintptr_t)(address + done), piece};
        ssize_t got = process_vm_readv(pid, &here, 1, &there, 1, 0);
        if (got <= 0)
            return got == 0 ? -EFAULT : -errno;
        if (in_place)
            request->received += (size_t)got;
        else
            copy_in(request, done, engine.bounce, (size_t)got);
        done += (size_t)got;
    }
    return 0;
}

/* Gets the data of a rendezvous. */
static void fetch(struct mock_request *request, const struct envelope *envelope, int from)
{
    size_t wanted = envelope->bytes < request->bytes ? envelope->bytes : request->bytes;
    int error = wanted == 0 ? 0 : engine.copy_refused ? -EPERM : pull(request, from, envelope->address, wanted);
    if (error == -EPERM || error == -ENOSYS) {
        engine.copy_refused = true;
        request->received = 0;
        request->expected = wanted;
        uint32_t id = request_track(request);
        if (id != 0) {
            answer(from, ENVELOPE_CLEAR_TO_SEND, envelope->request, id, wanted, 0);
            return;
        }
        request->error = MPI_ERR_NO_MEM;
    } else if (error == -ESRCH) {
        return; /* the sender died: this receive is never complete, and the job is about to end */
    } else if (error != 0) {
        request->error = MPI_ERR_BUFFER;
    }
    answer(from, ENVELOPE_DONE, envelope->request, 0, 0, error != 0 ? ENVELOPE_FAILED : 0);
    request_complete(request);
}

/* Its payload is where mailbox_read finds it (from >= 0), or at `data`. */
static void deliver(struct mock_request *request, const struct envelope *envelope, int from, const unsigned char *data)
{
    begin_receive(request, envelope, data == NULL);
    if (envelope->kind == ENVELOPE_RENDEZVOUS) {
        fetch(request, envelope, from);
        return;
    }
    size_t piece = envelope->payload;
    for (size_t done = 0; done < envelope->payload; done += piece) {
        piece = envelope->payload - done;
        const unsigned char *place = data != NULL ? data + done : mailbox_read(&engine.in[from], done, &piece);
        copy_in(request, done, place, piece);
    }
    if (envelope->flags & ENVELOPE_SYNCHRONOUS)
        answer(from, ENVELOPE_DONE, envelope->request, 0, 0, 0);
    request_complete(request);
}

static struct mock_request *request_of_entry(struct match_entry *entry)
{
    return (struct mock_request *)((char *)entry - offsetof(struct mock_request, entry));
}

static struct message *message_of_entry(struct match_entry *entry)
{
    return entry == NULL ? NULL : (struct message *)((char *)entry - offsetof(struct message, entry));
}

/* A message has come. False: no memory to keep it. */
static bool arrive(int from, const struct envelope *envelope)
{
    struct match_entry *posted =
        matcher_find_posted(&engine.matcher, envelope->context, envelope->source, envelope->tag);
    if (posted != NULL) {
        matcher_withdraw_posted(&engine.matcher, posted);
        deliver(request_of_entry(posted), envelope, from, NULL);
        return true;
    }
    struct message *message = malloc(sizeof *message + envelope->payload);
    if (message == NULL)
        return false;
    size_t piece = envelope->payload;
    for (size_t done = 0; done < envelope->payload; done += piece) {
        piece = envelope->payload - done;
        const unsigned char *place = mailbox_read(&engine.in[from], done, &piece);
        memcpy(message->data + done, place, piece);
    }
    message->envelope = *envelope;
    message->from = from;
    message->entry.context = envelope->context;
    message->entry.source = envelope->source;
    message->entry.tag = envelope->tag;
    matcher_arrive(&engine.matcher, &message->entry);
    return true;
}

/* DATA of a rendezvous that could not be read directly. */
static void take_data(int from, const struct envelope *envelope)
{
    struct mock_request *request = request_tracked(envelope->request);
    if (request == NULL)
        return; /* forgotten meanwhile */
    size_t piece = envelope->payload;
    for (size_t done = 0; done < envelope->payload; done += piece) {
        piece = envelope->payload - done;
        const unsigned char *place = mailbox_read(&engine.in[from], done, &piece);
        copy_in(request, envelope->address + done, place, piece);
    }
    if (request->received >= request->expected)
        request_complete(request);
}

static void begin_data(int from, const struct envelope *envelope)
{
    struct mock_request *request = request_tracked(envelope->request);
    if (request == NULL)
        return;
    request->out.envelope = (struct envelope){.kind = ENVELOPE_DATA, .request = envelope->reply, .bytes = envelope->bytes};
    request->out.sent = 0;
    submit(from, &request->out);
}

struct sought {
    int from;
    uint32_t request;
    struct message *found;
};

static void seek(struct match_entry *entry, void *argument)
{
    struct sought *sought = argument;
    struct message *message = message_of_entry(entry);
    if (message->from == sought->from && message->envelope.request == sought->request)
        sought->found = message;
}

/* The sender wants its message back. If it is matched already, its DONE or CLEAR_TO_SEND tells the sender so. */
static void take_back(int from, const struct envelope *envelope)
{
    struct sought sought = {.from = from, .request = envelope->request};
    matcher_each_message(&engine.matcher, seek, &sought);
    if (sought.found == NULL)
        return;
    free_message(&sought.found->entry, NULL);
    answer(from, ENVELOPE_CANCELLED, envelope->request, 0, 0, 0);
}

static void finish_send(const struct envelope *envelope)
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

static bool handle_record(int from, const struct envelope *envelope)
{
    switch ((enum envelope_kind)envelope->kind) {
    case ENVELOPE_EAGER:
    case ENVELOPE_RENDEZVOUS:
        return arrive(from, envelope);
    case ENVELOPE_CLEAR_TO_SEND:
        begin_data(from, envelope);
        return true;
    case ENVELOPE_DATA:
        take_data(from, envelope);
        return true;
    case ENVELOPE_DONE:
    case ENVELOPE_CANCELLED:
        finish_send(envelope);
        return true;
    case ENVELOPE_CANCEL:
        take_back(from, envelope);
        return true;
    case ENVELOPE_KIND_COUNT:
        break;
    }
    fprintf(stderr, "mpimock: rank %d: a record of unknown kind %u came from rank %d\n", mock.rank, envelope->kind, from);
    abort();
}

/* Takes at most about a ring's worth, so that one rank that floods does not keep the others waiting. */
static bool drain(int from)
{
    struct mailbox *mailbox = &engine.in[from];
    uint64_t start = mailbox->head;
    const struct envelope *envelope;
    bool more = false;
    while (!more && (envelope = mailbox_front(mailbox)) != NULL) {
        if (!handle_record(from, envelope)) {
            engine.out_of_memory = more = true;
            break;
        }
        mailbox_consume(mailbox);
        more = mailbox->head - start >= mailbox->capacity;
    }
    if (mailbox_space_wanted(mailbox))
        segment_tell(mock.segment, from, mock.rank);
    if (more) /* look again */
        atomic_fetch_or(&segment_rank(mock.segment, mock.rank)->news[from / 64], UINT64_C(1) << (from % 64));
    return mailbox->head != start;
}

/* Lets the requests of other chapters go on, until none can. */
static bool advance_others(void)
{
    bool some = false, again = true;
    if (engine.advancing)
        return false; /* called by one of them */
    engine.advancing = true;
    while (again) {
        again = false;
        for (struct mock_request *request = request_first_other(), *next; request != NULL; request = next) {
            next = request->next;
            if (request->complete || !request->verbs->advance(request, request->state))
                continue;
            request_complete(request);
            some = again = true;
        }
    }
    engine.advancing = false;
    return some;
}

bool transfer_progress(void)
{
    if (mock.segment == NULL)
        return false; /* before MPI_Init */
    struct segment_rank *slot = segment_rank(mock.segment, mock.rank);
    bool some = false;
    for (int word = 0; word * 64 < mock.size; word++) {
        if (atomic_load_explicit(&slot->news[word], memory_order_relaxed) == 0)
            continue;
        for (uint64_t news = atomic_exchange(&slot->news[word], 0); news != 0; news &= news - 1) {
            int from = word * 64 + __builtin_ctzll(news);
            some |= drain(from);
            some |= flush_queue(from);
        }
    }
    if (request_first_other() != NULL)
        some |= advance_others();
    if (some) {
        atomic_fetch_add_explicit(&request_events, 1, memory_order_relaxed);
        if (atomic_load(&slot->sleeping) != 0) /* another thread of this rank may wait for what has come */
            segment_wake(slot);
    }
    return some;
}

/* ---- What the functions of MPI ask for ---- */

int transfer_receive(struct mock_request *request)
{
    request->active = true;
    request->complete = request->cancelled = request->cancel_asked = false;
    request->error = MPI_SUCCESS;
    request->received = request->message_bytes = 0;
    if (request->peer_world == SEGMENT_WAIT_NOBODY) { /* MPI-3.1 §3.11 */
        request->source = MPI_PROC_NULL;
        request->found_tag = MPI_ANY_TAG;
        request_complete(request);
        return MPI_SUCCESS;
    }
    struct match_entry *found = matcher_find_message(&engine.matcher, request->context, request->peer, request->tag);
    if (found != NULL) {
        matcher_withdraw_message(&engine.matcher, found);
        transfer_receive_message(request, message_of_entry(found));
        return MPI_SUCCESS;
    }
    request->entry.context = request->context;
    request->entry.source = request->peer;
    request->entry.tag = request->tag;
    matcher_post(&engine.matcher, &request->entry);
    return MPI_SUCCESS;
}

void transfer_receive_message(struct mock_request *request, struct message *message)
{
    request->active = true;
    deliver(request, &message->envelope, message->from, message->data);
    free(message);
}

struct message *transfer_find(uint64_t context, int source, int tag)
{
    return message_of_entry(matcher_find_message(&engine.matcher, context, source, tag));
}

void transfer_take(struct message *message)
{
    matcher_withdraw_message(&engine.matcher, &message->entry);
}

int transfer_cancel(struct mock_request *request)
{
    if (!request->active || request->complete || request->cancel_asked || request->kind == REQUEST_OTHER)
        return MPI_SUCCESS;
    request->cancel_asked = true;
    if (request->kind == REQUEST_RECEIVE ? request->entry.queued : is_queued(request->peer_world, &request->out)) {
        if (request->kind == REQUEST_SEND && request->out.envelope.kind == ENVELOPE_DATA)
            return MPI_SUCCESS; /* matched already */
        if (request->kind == REQUEST_RECEIVE)
            matcher_withdraw_posted(&engine.matcher, &request->entry);
        else
            dequeue(request->peer_world, &request->out);
        request->cancelled = true;
        request_complete(request);
        if (atomic_load(&segment_rank(mock.segment, mock.rank)->sleeping) != 0) /* a thread may wait for this one */
            segment_wake(segment_rank(mock.segment, mock.rank));
    } else if (request->kind == REQUEST_SEND && request->id != 0) {
        answer(request->peer_world, ENVELOPE_CANCEL, request->id, 0, 0, 0);
    }
    return MPI_SUCCESS;
}

bool transfer_out_of_memory(void)
{
    bool was = engine.out_of_memory;
    engine.out_of_memory = false;
    return was;
}

bool transfer_is_flushed(void)
{
    return engine.queued == 0;
}

size_t transfer_unexpected(void)
{
    return engine.matcher.message_count;
}

struct discarding {
    uint64_t context;
    size_t count;
};

static void discard_message(struct match_entry *entry, void *argument)
{
    struct discarding *discarding = argument;
    if (entry->context != discarding->context)
        return;
    discarding->count++;
    free_message(entry, NULL);
}

size_t transfer_discard(uint64_t context)
{
    struct discarding discarding = {.context = context};
    matcher_each_message(&engine.matcher, discard_message, &discarding);
    for (struct mock_request *request = request_first_message(), *next; request != NULL; request = next) {
        next = request->next;
        if (request->context != context || !request->active || request->complete)
            continue;
        if (request->kind == REQUEST_RECEIVE)
            matcher_withdraw_posted(&engine.matcher, &request->entry);
        else
            dequeue(request->peer_world, &request->out);
        request->cancelled = true;
        if (request->handle == 0) /* a blocking call's that was left by a long jump */
            request->detached = true;
        request_complete(request);
    }
    return discarding.count;
}
