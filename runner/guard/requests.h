/* SPDX-License-Identifier: BSD-2-Clause */
/* requests.h: the requests that a test has open, by handle. A multiset: for what completes at once an MPI gives the
 * same handle again and again. Open addressing, so that a request costs a few nanoseconds. */
#ifndef MRT_GUARD_REQUESTS_H
#define MRT_GUARD_REQUESTS_H

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum guard_request_kind {
    GUARD_SEND,
    GUARD_RECEIVE,
    GUARD_NO_PARTNER, /* from or to MPI_PROC_NULL */
    GUARD_PERSISTENT_SEND,
    GUARD_PERSISTENT_RECEIVE,
    GUARD_COLLECTIVE,
};

struct guard_request {
    MPI_Request request; /* MPI_REQUEST_NULL: a free place */
    uint32_t count;      /* how many there are of it … */
    uint32_t own;        /* … of which the test has no handle: freed by it, or of a blocking call that was left */
    enum guard_request_kind kind;
    void *memory; /* belongs to the request; freed with it */
};
struct guard_requests {
    struct guard_request *places;
    size_t capacity; /* 0, or a power of two */
    size_t used;
};

/* The entry, for more to be said about it; valid until the next call. NULL: no memory, and the request is not kept. */
struct guard_request *guard_requests_add(struct guard_requests *self, MPI_Request request,
                                         enum guard_request_kind kind);
/* NULL: not there. */
struct guard_request *guard_requests_find(const struct guard_requests *self, MPI_Request request);
/* Takes one of it away, and its memory with the last. Its kind; -1: it is not there, and nothing happens. */
int guard_requests_remove(struct guard_requests *self, MPI_Request request);
/* Takes all away; what was freed by the test, or not, is the caller's business. */
void guard_requests_finish(struct guard_requests *self);

#endif
