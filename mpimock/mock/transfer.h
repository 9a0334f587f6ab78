/* SPDX-License-Identifier: BSD-2-Clause */
/* transfer.h: moves messages: from requests into rings, from rings to matching requests.
 *
 *     eager         the data travels with the envelope; a synchronous send waits for DONE, sent when it is matched
 *     rendezvous    the envelope says where the data is; the receiver reads it there (process_vm_readv): DONE
 *     … refused     the receiver answers CLEAR_TO_SEND; DATA follows through the ring, piece by piece
 *     buffered      a rendezvous from a packed copy, by a detached request
 *
 * What finds its ring full waits in a queue of its destination, in order, and goes on when the receiver has made room.
 * All of this happens under mock_lock().
 */
#ifndef MPIMOCK_TRANSFER_H
#define MPIMOCK_TRANSFER_H

#include "request.h"

/* A message that came before its receive. */
struct message {
    struct match_entry entry;
    struct envelope envelope;
    int from;             /* world rank */
    unsigned char data[]; /* an eager message's */
};

int transfer_start(void); /* for mock.segment, mock.rank; 0 or -ENOMEM */
void transfer_stop(void);

/* Copies the data of a send that is not started, so that its buffer may be overwritten. False: no memory. */
bool transfer_pack(struct mock_request *request);
/* Starts what the request describes; both may complete it at once. Return an MPI error class. */
int transfer_send(struct mock_request *request);
int transfer_receive(struct mock_request *request);
/* Receives a message that matcher gave up (MPI_Mrecv); frees it. */
void transfer_receive_message(struct mock_request *request, struct message *message);
/* The first unexpected message that fits, still queued; NULL: none. */
struct message *transfer_find(uint64_t context, int source, int tag);
void transfer_take(struct message *message);
/* MPI_Cancel: asks for it; completion tells whether it worked. A send whose envelope has left is taken back by its
 * receiver, so waiting for it is not local as MPI-3.1 §3.8.4 wants it: the receiver must make progress. */
int transfer_cancel(struct mock_request *request);
/* Takes news, drains rings, fills rings, advances other chapters' requests. True: something happened. */
bool transfer_progress(void);
/* Since the last call: was there no memory for a message that has come? It stays in its ring. */
bool transfer_out_of_memory(void);
/* Nothing is left to be put into rings. */
bool transfer_is_flushed(void);
/* Forgets everything of a context: unexpected messages (their number is returned), posted receives, sends in progress;
 * detached ones go on. */
size_t transfer_discard(uint64_t context);
/* The same for all contexts for which stale() is true. */
enum transfer_discarding {
    TRANSFER_DISCARD_BUT_DETACHED, /* requests that the user has a handle of are complete, as if cancelled */
    TRANSFER_DISCARD_COMPLETE,     /* the same, and detached ones too */
    TRANSFER_DISCARD_RELEASE       /* all are gone */
};
size_t transfer_discard_all(bool (*stale)(uint64_t context, const void *argument), const void *argument,
                            enum transfer_discarding how);
/* Does a detached send of such a context still go on, to a rank that is wanted? */
bool transfer_is_sending(bool (*stale)(uint64_t context, const void *argument), const void *argument,
                         bool (*wanted)(int to));
/* Messages that no receive took. */
size_t transfer_unexpected(void);

#endif
