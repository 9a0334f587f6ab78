/* SPDX-License-Identifier: BSD-2-Clause */
/* request.h: one operation in progress, and how to wait for it.
 *
 * A request goes from inactive (made, or persistent and not started) over active to complete. A user's request has a
 * handle; one without is the mock's own: a blocking call's, a collective's, or a buffered send that goes on behind its
 * completed user's request (`detached`), which is released as soon as it is complete.
 *
 * All of this happens under mock_lock().
 */
#ifndef MPIMOCK_REQUEST_H
#define MPIMOCK_REQUEST_H

#include "mailbox.h"
#include "match.h"
#include "objects.h"

enum request_kind { REQUEST_SEND, REQUEST_RECEIVE, REQUEST_OTHER, REQUEST_KIND_COUNT };

/* A record on its way into a ring: a request's own, or (request NULL) an answer that found the ring full. */
struct outgoing {
    struct outgoing *next;
    struct envelope envelope;
    struct mock_request *request;
    uint64_t sent; /* DATA: bytes so far */
};

enum request_packed { PACKED_NONE, PACKED_HEAP, PACKED_BSEND };

/* How a request of another chapter (a non-blocking collective, a file's operation) goes on. */
struct request_verbs {
    /* Called after each event, under the lock; must not block; may start and test requests. True: complete, with
     * request->error set. */
    bool (*advance)(struct mock_request *request, void *state);
    void (*destroy)(void *state); /* once, when the request is released */
};

struct mock_request {
    struct match_entry entry; /* a receive's, while it is posted */
    struct outgoing out;      /* a send's */
    enum request_kind kind;
    enum mock_mode mode;
    bool active, complete;
    bool persistent, detached, collective;
    bool cancelled, cancel_asked;
    bool lost;        /* its error is that the process at the other end has died */
    uintptr_t handle; /* 0: the mock's own */
    uint32_t id;      /* in envelopes, while an answer is due; 0: none */

    /* What was asked for */
    void *buffer;
    size_t count, bytes;    /* bytes: of the message, or of the receive's room */
    struct mock_type *type; /* kept; NULL: plain bytes */
    uint64_t context;
    MPI_Comm comm;          /* of that context, for its error handler; it may be gone by now */
    int comm_rank;        /* this process's in the communicator */
    int peer, peer_world; /* MATCH_ANY; SEGMENT_WAIT_NOBODY (world): MPI_PROC_NULL */
    int tag;              /* MATCH_ANY */

    /* What came of it */
    int error, source, found_tag;
    size_t message_bytes, received, expected;
    int sender;         /* a receive's, whose data comes in pieces: its world rank */
    uint64_t signature; /* a send's, or the one that came */

    unsigned char *packed; /* a copy of the data in packed form */
    enum request_packed packed_where;

    const struct request_verbs *verbs;
    void *state;
    struct mock_request *next, *previous; /* among the live ones, or among the spare ones */
};

/* A request with everything zero and its kind set, not active; NULL: out of memory. */
struct mock_request *request_new(enum request_kind kind);
/* Gives back its type, its packed copy, its id and its handle. The operation must not be in progress. NULL is fine. */
void request_release(struct mock_request *request);
/* The user's request of a handle, or NULL; and the handle of a request, made when first asked for (MPI_REQUEST_NULL:
 * out of memory). */
struct mock_request *request_of(MPI_Request handle);
MPI_Request request_handle(struct mock_request *request);
/* An id for envelopes, from 1 (0: out of memory); the request of an id, or NULL if that one is over. */
uint32_t request_track(struct mock_request *request);
struct mock_request *request_tracked(uint32_t id);
/* Marks it complete with its error set, and releases it if it is detached. */
void request_complete(struct mock_request *request);
/* What its error is, in a sentence. */
void request_explain(const struct mock_request *request, char *text, size_t bytes);
/* Returns its error, with mpimock_error()'s detail. */
int request_report(const struct mock_request *request);
/* The status that a Wait gives: that of the message, or the empty one for sends and inactive requests. Leaves MPI_ERROR
 * as it is (MPI-3.1 §3.2.5); MPI_STATUS_IGNORE is fine. */
void request_status(const struct mock_request *request, MPI_Status *status);
/* The same with MPI_ERROR set. */
void request_status_with_error(const struct mock_request *request, MPI_Status *status, int error);
/* After its completion was told to the user: an inactive persistent request, or gone and *handle MPI_REQUEST_NULL. */
void request_retire(struct mock_request *request, MPI_Request *handle);
/* For the deadlock's report; who can complete it: needs.h. */
void request_describe(const struct mock_request *request, struct segment_wait *wait);
/* First of all live requests, linked by `next`: the messages', or other chapters'. */
struct mock_request *request_first_message(void);
struct mock_request *request_first_other(void);

/* For other chapters: a request that goes on by its verbs, and one that is complete already (its status: `bytes`).
 * NULL: out of memory. The user's handle is request_handle(). */
struct mock_request *request_other(const struct request_verbs *verbs, void *state);
struct mock_request *request_done(size_t bytes, int error);

/* Events so far that may have completed something, and completions with an error: cheap signs that nothing changed. */
extern _Atomic uint32_t request_events;
extern uint32_t request_failures;
/* Frees all of them, whatever goes on. */
void request_finish(void);

#endif
