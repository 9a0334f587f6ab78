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

/* Gets the data of a rendezvous. */
static void fetch(struct mock_request *request, const struct envelope *envelope, int from)
{
    size_t wanted = envelope->bytes < request->bytes ? envelope->bytes : request->bytes;
    int error = wanted == 0 ? 0 : engine.copy_refused ? -EPERM : pull(request, from, envelope->address, wanted);
    if (test_was_left_by(from, envelope->context))
        return; /* what was read may be anything: this receive is never complete, and its test is about to end */
    if (error == -EPERM || error == -ENOSYS) {
        engine.copy_refused = true;
        request->received = 0;
        request->expected = wanted;
        uint32_t id = request_track(request);
        if (id != 0) {
            sending_answer(from, ENVELOPE_CLEAR_TO_SEND, envelope->request, id, wanted, 0);
            return;
        }
        request->error = MPI_ERR_NO_MEM;
    } else if (error == -ESRCH) {
        return; /* the sender died: this receive is never complete, and the job is about to end */
    } else if (error != 0) {
        request->error = MPI_ERR_BUFFER;
    }
    sending_answer(from, ENVELOPE_DONE, envelope->request, 0, 0, error != 0 ? ENVELOPE_FAILED : 0);
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
        sending_answer(from, ENVELOPE_DONE, envelope->request, 0, 0, 0);
    request_complete(request);
}

static struct mock_request *request_of_entry(struct match_entry *entry)
{
    return (struct mock_request *)((char *)entry - offsetof(struct mock_request, entry));
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
    struct message *found;
};

static void seek(struct match_entry *entry, void *argument)
{
    struct sought *sought = argument;
    struct message *message = engine_message(entry);
    if (message->from == sought->from && message->envelope.request == sought->request)
        sought->found = message;
}

void receiving_take_back(int from, const struct envelope *envelope)
{
    struct sought sought = {.from = from, .request = envelope->request};
    matcher_each_message(&engine.matcher, seek, &sought);
    if (sought.found == NULL)
        return;
    receiving_free(&sought.found->entry, NULL);
    sending_answer(from, ENVELOPE_CANCELLED, envelope->request, 0, 0, 0);
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
