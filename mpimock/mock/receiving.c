/* SPDX-License-Identifier: BSD-2-Clause */
/* receiving.c: the receiver's side of the protocols (transfer.h): messages find their receives, and receives their
 * messages; data goes from the ring, or from the sender's memory, straight to the user's buffer where that is posted.
 */
#include "engine.h"

#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "test.h"

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
        if (!in_place && piece > ENGINE_BOUNCE_BYTES)
            piece = ENGINE_BOUNCE_BYTES;
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

/* The sender of the data has died. In a test the receive is never complete: its test is about to end, like the job where
 * nobody takes the place of who dies. */
static void lose(struct mock_request *request, uint64_t context)
{
    if (mock.segment->renews == 0 || (context & TEST_CONTEXT) != 0)
        return;
    request->lost = true;
    request->error = MPI_ERR_OTHER;
    request_complete(request);
}

static bool ask_for_data(struct mock_request *request, const struct envelope *envelope, int from, size_t wanted)
{
    engine.copy_refused = true;
    request->received = 0;
    request->expected = wanted;
    request->sender = from;
    uint32_t id = request_track(request);
    if (id == 0)
        return false;
    sending_put(from, &(struct envelope){.kind = ENVELOPE_CLEAR_TO_SEND,
                                         .request = envelope->request,
                                         .incarnation = envelope->incarnation,
                                         .bytes = wanted,
                                         .reply = id,
                                         .reply_incarnation = mock.incarnation});
    return true;
}

/* Gets the data of a rendezvous. */
static void fetch(struct mock_request *request, const struct envelope *envelope, int from)
{
    size_t wanted = envelope->bytes < request->bytes ? envelope->bytes : request->bytes;
    int error = wanted == 0 ? 0 : engine.copy_refused ? -EPERM : pull(request, from, envelope->address, wanted);
    if (test_was_left_by(from, envelope->context))
        return; /* what was read may be anything: this receive is never complete, and its test is about to end */
    /* A fork of the same process has other data at the same address; so whose it was is asked after it was read. */
    if (error == -ESRCH || (uint16_t)atomic_load(&segment_rank(mock.segment, from)->incarnation) != envelope->incarnation) {
        lose(request, envelope->context);
        return;
    }
    if (error == -EPERM || error == -ENOSYS) {
        if (ask_for_data(request, envelope, from, wanted))
            return;
        request->error = MPI_ERR_NO_MEM;
    } else if (error != 0) {
        request->error = MPI_ERR_BUFFER;
    }
    sending_answer(from, ENVELOPE_DONE, envelope, error != 0 ? ENVELOPE_FAILED : 0);
    request_complete(request);
}

void receiving_lost(int from)
{
    for (struct mock_request *request = request_first_message(), *next; request != NULL; request = next) {
        next = request->next;
        if (request->kind == REQUEST_RECEIVE && !request->complete && request->id != 0 && request->sender == from)
            lose(request, request->context);
    }
}

/* Its payload is where mailbox_read finds it (from >= 0), or at `data`. */
static void deliver(struct mock_request *request, const struct envelope *envelope, int from, const unsigned char *data)
{
    begin_receive(request, envelope, data == NULL);
    if (envelope->kind == ENVELOPE_RENDEZVOUS) {
        fetch(request, envelope, from);
        return;
    }
    size_t total = data != NULL ? envelope->bytes : envelope->payload, piece = total;
    for (size_t done = 0; done < total; done += piece) {
        piece = total - done;
        const unsigned char *place = data != NULL ? data + done : mailbox_read(&engine.in[from], done, &piece);
        copy_in(request, done, place, piece);
    }
    if (envelope->flags & ENVELOPE_SYNCHRONOUS)
        sending_answer(from, ENVELOPE_DONE, envelope, 0);
    request_complete(request);
}

static struct mock_request *request_of_entry(struct match_entry *entry)
{
    return (struct mock_request *)((char *)entry - offsetof(struct mock_request, entry));
}

/* Not queued yet; `bytes` is room for its data. NULL: no memory. */
static struct message *message_new(int from, const struct envelope *envelope, size_t bytes)
{
    struct message *message = malloc(sizeof *message + bytes);
    if (message == NULL)
        return NULL;
    message->entry.queued = false;
    message->envelope = *envelope;
    message->from = from;
    message->entry.context = envelope->context;
    message->entry.source = envelope->source;
    message->entry.tag = envelope->tag;
    return message;
}

/* The front record's payload is the message's data from `offset` on. */
static void take_payload(struct message *message, int from, const struct envelope *envelope, size_t offset)
{
    size_t piece;
    for (size_t done = 0; done < envelope->payload; done += piece) {
        piece = envelope->payload - done;
        const unsigned char *place = mailbox_read(&engine.in[from], done, &piece);
        memcpy(message->data + offset + done, place, piece);
    }
}

bool receiving_arrive(int from, const struct envelope *envelope)
{
    struct match_entry *posted =
        matcher_find_posted(&engine.matcher, envelope->context, envelope->source, envelope->tag);
    if (posted != NULL) {
        matcher_withdraw_posted(&engine.matcher, posted);
        deliver(request_of_entry(posted), envelope, from, NULL);
        return true;
    }
    struct message *message = message_new(from, envelope, envelope->payload);
    if (message == NULL)
        return false;
    take_payload(message, from, envelope, 0);
    matcher_arrive(&engine.matcher, &message->entry);
    return true;
}

/* As it would have come whole: only now, so that nobody sees one whose sender has died before its end. */
static void arrive_whole(struct message *message)
{
    struct match_entry *posted =
        matcher_find_posted(&engine.matcher, message->entry.context, message->entry.source, message->entry.tag);
    if (posted == NULL) {
        matcher_arrive(&engine.matcher, &message->entry);
        return;
    }
    matcher_withdraw_posted(&engine.matcher, posted);
    deliver(request_of_entry(posted), &message->envelope, message->from, message->data);
    free(message);
}

bool receiving_take_piece(int from, const struct envelope *envelope)
{
    struct message **partial = &engine.partial[from];
    if (envelope->address == 0) {
        *partial = message_new(from, envelope, envelope->bytes);
        if (*partial == NULL)
            return false;
    }
    if (*partial == NULL)
        return true; /* its beginning has gone to the process that was this rank before */
    take_payload(*partial, from, envelope, envelope->address);
    if (envelope->address + envelope->payload >= envelope->bytes) {
        struct message *message = *partial;
        *partial = NULL;
        arrive_whole(message);
    }
    return true;
}

void receiving_take_data(int from, const struct envelope *envelope)
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

struct sought {
    int from;
    uint32_t request;
    uint16_t incarnation;
    struct message *found;
};

static void seek(struct match_entry *entry, void *argument)
{
    struct sought *sought = argument;
    struct message *message = engine_message(entry);
    if (message->from == sought->from && message->envelope.request == sought->request &&
        message->envelope.incarnation == sought->incarnation)
        sought->found = message;
}

void receiving_take_back(int from, const struct envelope *envelope)
{
    struct sought sought = {.from = from, .request = envelope->request, .incarnation = envelope->incarnation};
    matcher_each_message(&engine.matcher, seek, &sought);
    if (sought.found == NULL)
        return;
    receiving_free(&sought.found->entry, NULL);
    sending_answer(from, ENVELOPE_CANCELLED, envelope, 0);
}

void receiving_free(struct match_entry *entry, void *unused)
{
    (void)unused;
    matcher_withdraw_message(&engine.matcher, entry);
    free(engine_message(entry));
}

/* ---- Receives ---- */

int transfer_receive(struct mock_request *request)
{
    request->active = true;
    request->complete = request->cancelled = request->cancel_asked = request->lost = false;
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
        transfer_receive_message(request, engine_message(found));
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
