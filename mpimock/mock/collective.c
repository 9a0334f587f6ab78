/* SPDX-License-Identifier: BSD-2-Clause */
/* collective.c: messages of collective calls that say what their sender takes part in, and the checks of arguments.
 *
 * Relies on p2p.c for the messages, and on the door for the name of the call that the program made: a call that is
 * several collectives inside (MPI_Cart_create) is one to the user. Promises that two ranks in different calls never
 * exchange data in silence: the receiver compares.
 */
#include "collective.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transfer.h"

/* What a message says, in 64 bits. The history tells that an earlier call differed, where none of its messages met: two
 * ranks that are both the root of a broadcast, for example. */
#define FUNCTION_SHIFT 0  /* 10 bits, enum mpimock_function */
#define ROOT_SHIFT     10 /* 11 bits, rank + 1; 0: no root */
#define OP_SHIFT       21 /* 5 bits, op number; 0: no operation */
#define HISTORY_SHIFT  26 /* 8 bits */
#define ROW_SHIFT      34 /* 7 bits, row of the predefined type; 0: several, or none */
#define HASH_SHIFT     41 /* 23 bits of mock_type_signature(); 0: anything */
#define CALL_MASK      ((UINT64_C(1) << HISTORY_SHIFT) - 1)

_Static_assert(MPIMOCK_FUNCTION_COUNT <= 1 << 10, "functions have 10 bits");

static unsigned field(uint64_t signature, unsigned shift, unsigned bits)
{
    return (unsigned)(signature >> shift & ((1u << bits) - 1));
}

void collective_begin(struct collective *call, struct mock_comm *comm, enum mpimock_function function, int root,
                      const struct mock_op *op)
{
    enum mpimock_function users = mpimock_call()->function;
    if (users != MPIMOCK_NONE)
        function = users;
    uint64_t what = (uint64_t)function << FUNCTION_SHIFT | (uint64_t)(root + 1) << ROOT_SHIFT |
                    (uint64_t)(op != NULL ? op->number : 0) << OP_SHIFT;
    mock_lock();
    call->comm = comm;
    call->rank = comm->rank;
    call->size = comm->size;
    call->tag = (int)(comm->collectives++ & 0x3fffffff);
    call->call = comm->call = what | (uint64_t)comm->history << HISTORY_SHIFT;
    uint64_t mixed = (what ^ (uint64_t)comm->history << 26) * UINT64_C(0x9e3779b97f4a7c15);
    comm->history = (uint8_t)(mixed >> 56);
    mock_unlock();
}

static uint64_t signature_of(const struct collective *call, size_t count, const struct mock_type *type)
{
    uint64_t hash = mock_type_signature(type, count);
    uint64_t row = (uint64_t)type->layout->predefined;
    return call->call | row << ROW_SHIFT | (hash >> 32 ^ hash) << HASH_SHIFT;
}

/* ---- What went wrong, in words ---- */

static void describe(char *text, size_t size, uint64_t signature)
{
    const char *name = mpimock_function_name((enum mpimock_function)field(signature, FUNCTION_SHIFT, 10));
    int root = (int)field(signature, ROOT_SHIFT, 11) - 1;
    int op = (int)field(signature, OP_SHIFT, 5);
    char root_text[32] = "";
    if (root >= 0)
        snprintf(root_text, sizeof root_text, "root=%d", root);
    snprintf(text, size, "%s(%s%s%s)", name, root_text, root >= 0 && op > 0 ? ", " : "", op > 0 ? op_name(op) : "");
}

void collective_describe(char *text, size_t size, uint64_t what, const char *otherwise)
{
    if (what != 0)
        describe(text, size, what);
    else
        snprintf(text, size, "%.40s", otherwise);
    size_t length = strlen(text);
    if (length > 2 && strcmp(text + length - 2, "()") == 0)
        text[length - 2] = '\0';
}

bool collective_differs(uint64_t what, uint64_t other)
{
    return what != 0 && other != 0 && ((what ^ other) & CALL_MASK) != 0;
}

/* The two sides are in different calls. */
static int report_calls(const struct collective *call, int peer, uint64_t theirs)
{
    char here[128], there[128];
    describe(here, sizeof here, call->call);
    describe(there, sizeof there, theirs);
    if ((theirs & CALL_MASK) == (call->call & CALL_MASK))
        return mpimock_error(MPI_ERR_OTHER,
                             "ranks %d and %d are both in %s, but their earlier collective calls on this communicator "
                             "were not the same",
                             call->rank, peer, here);
    int error = MPI_ERR_OTHER;
    if (field(theirs, FUNCTION_SHIFT, 10) == field(call->call, FUNCTION_SHIFT, 10))
        error = field(theirs, ROOT_SHIFT, 11) != field(call->call, ROOT_SHIFT, 11) ? MPI_ERR_ROOT : MPI_ERR_OP;
    return mpimock_error(error, "rank %d is in %s, rank %d in %s", call->rank, here, peer, there);
}

int collective_refuse(const struct mock_comm *comm, int peer_world, uint64_t what)
{
    int peer = 0;
    while (peer < comm->size - 1 && comm->group->world_ranks[peer] != peer_world)
        peer++;
    return report_calls(&(struct collective){.rank = comm->rank, .call = comm->call}, peer, what);
}

/* Same call, but the data is not what was to come. */
static int report_data(const struct collective *call, const struct collective_message *message, uint64_t theirs,
                       int error, size_t bytes)
{
    char name[128];
    describe(name, sizeof name, call->call);
    const char *sent = type_predefined_name((int)field(theirs, ROW_SHIFT, 7));
    const char *expected = type_predefined_name(message->type->layout->predefined);
    size_t room = message->count * message->type->size;
    if (error == MPI_ERR_TRUNCATE)
        return mpimock_error(error, "rank %d sends more (%s) in %s than the %zu bytes (%s) that rank %d expects",
                             message->peer, sent, name, room, expected, call->rank);
    if (bytes != room)
        return mpimock_error(MPI_ERR_COUNT, "rank %d sends %zu bytes (%s) in %s, rank %d expects %zu (%s)",
                             message->peer, bytes, sent, name, call->rank, room, expected);
    return mpimock_error(MPI_ERR_TYPE, "rank %d sends %s in %s, rank %d expects %s (%zu bytes both)", message->peer,
                         sent, name, call->rank, expected, room);
}

static int check_message(const struct collective *call, const struct collective_message *message, uint64_t theirs,
                         int error, size_t bytes)
{
    if (theirs == 0) /* no message came: the wait was given up */
        return error;
    uint64_t ours = signature_of(call, message->count, message->type);
    if ((theirs ^ ours) << (64 - ROW_SHIFT) != 0)
        return report_calls(call, message->peer, theirs);
    uint64_t hash = ours >> HASH_SHIFT, their_hash = theirs >> HASH_SHIFT;
    bool types_differ = hash != 0 && their_hash != 0 && hash != their_hash;
    if (error == MPI_ERR_TRUNCATE ||
        (error == MPI_SUCCESS && (types_differ || bytes != message->count * message->type->size)))
        return report_data(call, message, theirs, error, bytes);
    return error;
}

/* ---- Messages ---- */

int collective_start_send(const struct collective *call, struct collective_message *message, const void *buffer,
                          size_t count, struct mock_type *type, int to)
{
    *message = (struct collective_message){.count = count, .type = type, .peer = to};
    return mock_isend(buffer, count, type, to, call->tag, call->comm, MOCK_STANDARD, true,
                      signature_of(call, count, type), &message->request);
}

int collective_start_receive(const struct collective *call, struct collective_message *message, void *buffer,
                             size_t count, struct mock_type *type, int from)
{
    *message = (struct collective_message){.count = count, .type = type, .peer = from, .receive = true};
    return mock_irecv(buffer, count, type, from, call->tag, call->comm, true, &message->request);
}

static int finish_one(const struct collective *call, struct collective_message *message)
{
    MPI_Status status;
    uint64_t signature = 0;
    mock_status_set(&status, MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_SUCCESS, 0, false);
    int error = mock_wait(&message->request, &status, &signature);
    return message->receive ? check_message(call, message, signature, error, mock_status_bytes(&status)) : error;
}

/* After an error the other messages may never come. */
static void give_up(struct collective_message *message)
{
    mock_lock();
    if (message->receive)
        transfer_cancel(message->request);
    mock_unlock();
}

int collective_finish(const struct collective *call, struct collective_message messages[], size_t count, int error)
{
    for (size_t i = 0; i < count; i++) {
        if (messages[i].request == NULL)
            continue;
        if (error != MPI_SUCCESS)
            give_up(&messages[i]);
        int result = finish_one(call, &messages[i]);
        if (error == MPI_SUCCESS)
            error = result;
    }
    return error;
}

int collective_send(const struct collective *call, const void *buffer, size_t count, struct mock_type *type, int to)
{
    struct collective_message message;
    int error = collective_start_send(call, &message, buffer, count, type, to);
    return error == MPI_SUCCESS ? finish_one(call, &message) : error;
}

int collective_receive(const struct collective *call, void *buffer, size_t count, struct mock_type *type, int from)
{
    struct collective_message message;
    int error = collective_start_receive(call, &message, buffer, count, type, from);
    return error == MPI_SUCCESS ? finish_one(call, &message) : error;
}

int collective_copy(const struct collective *call, const void *from, size_t from_count, struct mock_type *from_type,
                    void *to, size_t to_count, struct mock_type *to_type)
{
    struct collective_message message = {.count = to_count, .type = to_type, .peer = call->rank};
    size_t bytes = from_count * from_type->size, room = to_count * to_type->size;
    int error = check_message(call, &message, signature_of(call, from_count, from_type),
                              bytes > room ? MPI_ERR_TRUNCATE : MPI_SUCCESS, bytes);
    return error == MPI_SUCCESS ? mock_type_copy(from, from_count, from_type, to, to_count, to_type) : error;
}

/* ---- Trees: rank r, counted from the root, hears from r without its lowest bit, and tells r plus each bit below that
 * ---- */

static int lowest_bit(int place, int size)
{
    int bit = 1;
    while (bit < size && (place & bit) == 0)
        bit <<= 1;
    return bit;
}

int collective_broadcast(const struct collective *call, void *buffer, size_t count, struct mock_type *type, int root)
{
    int place = (call->rank - root + call->size) % call->size;
    int bit = lowest_bit(place, call->size);
    int error = MPI_SUCCESS;
    if (place != 0)
        error = collective_receive(call, buffer, count, type, (place - bit + root) % call->size);
    struct collective_message sends[32];
    size_t started = 0;
    for (bit >>= 1; bit > 0 && error == MPI_SUCCESS; bit >>= 1)
        if (place + bit < call->size)
            error =
                collective_start_send(call, &sends[started++], buffer, count, type, (place + bit + root) % call->size);
    return collective_finish(call, sends, started, error);
}

int collective_broadcast_bytes(const struct collective *call, void *buffer, size_t bytes)
{
    return collective_broadcast(call, buffer, bytes, mock_type(MPI_BYTE), 0);
}

int collective_barrier(const struct collective *call)
{
    struct mock_type *byte = mock_type(MPI_BYTE);
    int bit = lowest_bit(call->rank, call->size), error = MPI_SUCCESS;
    for (int child = 1; child < bit && call->rank + child < call->size && error == MPI_SUCCESS; child <<= 1)
        error = collective_receive(call, NULL, 0, byte, call->rank + child);
    if (call->rank != 0 && error == MPI_SUCCESS)
        error = collective_send(call, NULL, 0, byte, call->rank - bit);
    return error == MPI_SUCCESS ? collective_broadcast(call, NULL, 0, byte, 0) : error;
}
