/* SPDX-License-Identifier: BSD-2-Clause */
/* transfer.c: progress: takes records out of rings and hands them to sending.c and receiving.c; and what the functions
 * of MPI ask of messages besides sending and receiving them.
 *
 * Relies on mailboxes and the matcher. Promises that the envelopes from one rank to another are handled in the order in
 * which they were started, so that MPI's order between a pair holds whatever the protocol.
 */
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "waiting.h"

struct engine engine;

int transfer_start(void)
{
    size_t n = (size_t)mock.size;
    engine.in = calloc(n, sizeof *engine.in);
    engine.out = calloc(n, sizeof *engine.out);
    engine.queues = calloc(n, sizeof *engine.queues);
    engine.partial = calloc(n, sizeof *engine.partial);
    engine.known = calloc(n, sizeof *engine.known);
    engine.bounce = malloc(ENGINE_BOUNCE_BYTES);
    if (engine.in == NULL || engine.out == NULL || engine.queues == NULL || engine.partial == NULL ||
        engine.known == NULL || engine.bounce == NULL) {
        transfer_stop();
        return -ENOMEM;
    }
    for (int i = 0; i < mock.size; i++) {
        mailbox_open(&engine.in[i], mock.segment, mock.rank, i);
        mailbox_open(&engine.out[i], mock.segment, i, mock.rank);
        engine.known[i] = atomic_load(&segment_rank(mock.segment, i)->incarnation);
    }
    matcher_init(&engine.matcher);
    engine.copy_refused = mock.segment->copy_by_ring != 0;
    engine.random = mock.segment->seed * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)mock.rank * 2 + 1;
    return 0;
}

void transfer_stop(void)
{
    if (engine.queues != NULL)
        matcher_each_message(&engine.matcher, receiving_free, NULL);
    for (int i = 0; engine.queues != NULL && i < mock.size; i++)
        while (engine.queues[i].first != NULL) {
            struct outgoing *out = engine.queues[i].first;
            engine.queues[i].first = out->next;
            if (out->request == NULL)
                free(out);
        }
    for (int i = 0; engine.partial != NULL && i < mock.size; i++)
        free(engine.partial[i]);
    free(engine.in);
    free(engine.out);
    free(engine.queues);
    free(engine.partial);
    free(engine.known);
    free(engine.bounce);
    memset(&engine, 0, sizeof engine);
}

/* Is it an answer to the process that was this rank before, or from that one to itself? */
static bool is_stale(int from, const struct envelope *envelope)
{
    bool answers = envelope->kind == ENVELOPE_CLEAR_TO_SEND || envelope->kind == ENVELOPE_DATA ||
                   envelope->kind == ENVELOPE_DONE || envelope->kind == ENVELOPE_CANCELLED;
    return (answers || from == mock.rank) && envelope->incarnation != mock.incarnation;
}

static bool handle_record(int from, const struct envelope *envelope)
{
    if (engine.partial[from] != NULL && (envelope->kind != ENVELOPE_STREAM || envelope->address == 0)) {
        free(engine.partial[from]); /* its sender has died, or taken it back: the rest will not come */
        engine.partial[from] = NULL;
    }
    if (is_stale(from, envelope))
        return true;
    switch ((enum envelope_kind)envelope->kind) {
    case ENVELOPE_EAGER:
    case ENVELOPE_RENDEZVOUS:
        return receiving_arrive(from, envelope);
    case ENVELOPE_CLEAR_TO_SEND:
        sending_begin_data(from, envelope);
        return true;
    case ENVELOPE_DATA:
        receiving_take_data(from, envelope);
        return true;
    case ENVELOPE_DONE:
    case ENVELOPE_CANCELLED:
        sending_finish(envelope);
        return true;
    case ENVELOPE_CANCEL:
        receiving_take_back(from, envelope);
        return true;
    case ENVELOPE_STREAM:
        return receiving_take_piece(from, envelope);
    case ENVELOPE_KIND_COUNT:
        break;
    }
    fprintf(stderr, "mpimock: rank %d: a record of unknown kind %u came from rank %d\n", mock.rank, envelope->kind,
            from);
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

/* Drains that ring; then, if another process has taken the place of that rank, nothing comes from the one before any more,
 * whose records were all in the ring when the number changed. */
static bool drain_and_look_after(int rank)
{
    uint32_t incarnation = atomic_load(&segment_rank(mock.segment, rank)->incarnation);
    bool some = drain(rank);
    if (incarnation == engine.known[rank] || mailbox_front(&engine.in[rank]) != NULL)
        return some; /* there will be news again */
    engine.known[rank] = incarnation;
    sending_lost(rank);
    receiving_lost(rank);
    return true;
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
            some |= mock.segment->renews != 0 ? drain_and_look_after(from) : drain(from);
            some |= sending_flush(from);
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

struct message *transfer_find(uint64_t context, int source, int tag)
{
    return engine_message(matcher_find_message(&engine.matcher, context, source, tag));
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
    if (request->kind == REQUEST_RECEIVE ? request->entry.queued : sending_is_queued(request)) {
        if (request->kind == REQUEST_SEND &&
            (request->out.envelope.kind == ENVELOPE_DATA ||
             (request->out.envelope.kind == ENVELOPE_STREAM && request->out.sent > 0)))
            return MPI_SUCCESS; /* matched already, or on its way */
        if (request->kind == REQUEST_RECEIVE)
            matcher_withdraw_posted(&engine.matcher, &request->entry);
        else
            sending_withdraw(request);
        request->cancelled = true;
        request_complete(request);
        if (atomic_load(&segment_rank(mock.segment, mock.rank)->sleeping) != 0) /* a thread may wait for this one */
            segment_wake(segment_rank(mock.segment, mock.rank));
    } else if (request->kind == REQUEST_SEND && request->id != 0) {
        sending_put(request->peer_world, &(struct envelope){.kind = ENVELOPE_CANCEL,
                                                            .request = request->id,
                                                            .incarnation = mock.incarnation});
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

bool transfer_is_sending(bool (*stale)(uint64_t context, const void *argument), const void *argument,
                         bool (*wanted)(int to))
{
    for (const struct mock_request *request = request_first_message(); request != NULL; request = request->next)
        if (request->detached && request->kind == REQUEST_SEND && !request->complete && stale(request->context, argument) &&
            wanted(request->peer_world))
            return true;
    return false;
}

size_t transfer_unexpected(void)
{
    return engine.matcher.message_count;
}

struct discarding {
    bool (*stale)(uint64_t context, const void *argument);
    const void *argument;
    size_t count;
};

static void discard_message(struct match_entry *entry, void *argument)
{
    struct discarding *discarding = argument;
    if (!discarding->stale(entry->context, discarding->argument))
        return;
    discarding->count++;
    if ((entry->context & 1) == 0) /* a collective's are nobody's */
        mpimock_message_left(entry->source, entry->tag, engine_message(entry)->envelope.bytes);
    receiving_free(entry, NULL);
}

size_t transfer_discard_all(bool (*stale)(uint64_t context, const void *argument), const void *argument,
                            enum transfer_discarding how)
{
    struct discarding discarding = {.stale = stale, .argument = argument};
    matcher_each_message(&engine.matcher, discard_message, &discarding);
    if (how != TRANSFER_DISCARD_BUT_DETACHED && engine.queued > 0)
        sending_withdraw_all(stale, argument);
    for (struct mock_request *request = request_first_message(), *next; request != NULL; request = next) {
        next = request->next;
        if (!stale(request->context, argument) || (request->detached && how == TRANSFER_DISCARD_BUT_DETACHED))
            continue;
        bool open = request->active && !request->complete;
        bool own = request->handle == 0, release = how == TRANSFER_DISCARD_RELEASE;
        if (open && request->kind == REQUEST_RECEIVE)
            matcher_withdraw_posted(&engine.matcher, &request->entry);
        else if (open && how == TRANSFER_DISCARD_BUT_DETACHED)
            sending_withdraw(request);
        /* One without a handle is a blocking call's, which was left by a long jump, unless another thread waits for it. */
        if (open && own && waiting_threads() == 0)
            request->detached = true;
        request->cancelled |= open;
        if (open && (own || !release))
            request_complete(request);
        else if (release && (!own || waiting_threads() == 0))
            request_release(request);
    }
    return discarding.count;
}

static bool is_of(uint64_t context, const void *wanted)
{
    return context == *(const uint64_t *)wanted;
}

size_t transfer_discard(uint64_t context)
{
    return transfer_discard_all(is_of, &context, TRANSFER_DISCARD_BUT_DETACHED);
}
