/* SPDX-License-Identifier: BSD-2-Clause */
/* collective.h: what the collective calls of one communicator share: the call that a rank believes to be in, messages
 * that say so, and the checks of arguments.
 *
 *     struct collective call;
 *     … check the arguments …
 *     collective_begin(&call, comm, MPIMOCK_BCAST, root, NULL);
 *     error = collective_receive(&call, buffer, count, type, parent);
 *
 * Every message carries what its sender takes part in: function, root, operation, and what the message holds. Who
 * receives something else than it waits for returns an error that names both sides.
 */
#ifndef MPIMOCK_COLLECTIVE_H
#define MPIMOCK_COLLECTIVE_H

#include "datatype.h"
#include "op.h"

#define COLLECTIVE_NO_ROOT (-1)

struct collective {
    struct mock_comm *comm;
    int rank, size; /* the communicator's */
    int tag;        /* of all messages of this call */
    uint64_t call;  /* function, root, operation and history, as in signatures */
};

/* Takes the next sequence number of the communicator, so each rank must come here as often as all others: after the
 * checks that fail on all ranks alike, before anything that may fail on some. `op`: NULL where the call has none. */
void collective_begin(struct collective *call, struct mock_comm *comm, enum mpimock_function function, int root,
                      const struct mock_op *op);

/* Messages within the call; blocking, to and from a rank of the communicator. Return an error class. A message must
 * hold just as many bytes as the receiver asks for, of the same basic types (MPI-3.1 §5.1). */
int collective_send(const struct collective *call, const void *buffer, size_t count, struct mock_type *type, int to);
int collective_receive(const struct collective *call, void *buffer, size_t count, struct mock_type *type, int from);

/* Several messages at once: start them all, then finish each, also after an error. */
struct collective_message {
    struct mock_request *request; /* NULL: not started, or finished */
    size_t count;
    struct mock_type *type;
    int peer;
    bool receive;
};
int collective_start_send(const struct collective *call, struct collective_message *message, const void *buffer,
                          size_t count, struct mock_type *type, int to);
int collective_start_receive(const struct collective *call, struct collective_message *message, void *buffer,
                             size_t count, struct mock_type *type, int from);
/* Finishes them in order and returns the first error, or `error` if that is one. */
int collective_finish(const struct collective *call, struct collective_message messages[], size_t count, int error);

/* A rank's message to itself, with the same demands. */
int collective_copy(const struct collective *call, const void *from, size_t from_count, struct mock_type *from_type,
                    void *to, size_t to_count, struct mock_type *to_type);

/* Broadcasts within the call, along a binomial tree; the latter of plain bytes from rank 0. */
int collective_broadcast(const struct collective *call, void *buffer, size_t count, struct mock_type *type, int root);
int collective_broadcast_bytes(const struct collective *call, void *buffer, size_t bytes);
/* All ranks have come here. */
int collective_barrier(const struct collective *call);

/* ---- For the deadlock's report: `what` is mock_comm's `call` ---- */

/* "MPI_Bcast(root=1)"; `otherwise` where nothing is known (0). */
void collective_describe(char *text, size_t size, uint64_t what, const char *otherwise);
/* Other functions, roots or operations? */
bool collective_differs(uint64_t what, uint64_t other);
/* The error of a rank that waits in the communicator's last call for one that will not send what is waited for, because it
 * is in another call. */
int collective_refuse(const struct mock_comm *comm, int peer_world, uint64_t what);

/* ---- Memory for the time of a call ---- */

/* NULL: out of memory. What a call never frees, because it was left by a long jump, mock_chapters_finish() does. */
void *collective_allocate(size_t bytes);
void collective_free(void *memory); /* NULL is fine */
/* Room for `count` elements, all zero; the result is where element 0 begins, *memory what to free. */
void *collective_allocate_elements(size_t count, const struct mock_type *type, void **memory);
/* Returns MPI_ERR_NO_MEM, with the detail given. */
int collective_no_memory(void);

/* ---- Blocks: the part of a buffer that belongs to each rank, in the many ways that calls describe it ---- */

struct collective_blocks {
    const void *buffer;
    const int *counts; /* NULL: each has `count` */
    int count;
    const int *displacements; /* in extents of the type, or in bytes (`types` given); NULL: one after the other */
    struct mock_type *type;
    const MPI_Datatype *types; /* MPI_Alltoallw: one for each rank; NULL: all have `type` */
};
struct collective_block {
    char *buffer;
    size_t count;
    struct mock_type *type;
};
/* An empty one is wherever the buffer begins. */
struct collective_block collective_block(const struct collective_blocks *blocks, int rank);
/* Checks the blocks of all ranks as collective_check_buffer() does; sets `type` from `datatype` unless there are
 * `types`. */
int collective_check_blocks(const char *what, struct collective_blocks *blocks, MPI_Datatype datatype, int size);

/* ---- Checks: each returns an error class, with the detail given ---- */

/* An intracommunicator; NULL, and *error set, otherwise. */
struct mock_comm *collective_comm(MPI_Comm handle, int *error);
int collective_check_root(const struct mock_comm *comm, int root);
/* A buffer of a message: type committed, count not negative, memory given. *type is set. `what` is "send" or "receive".
 */
int collective_check_buffer(const char *what, const void *buffer, int count, MPI_Datatype datatype,
                            struct mock_type **type);
/* The send and the receive buffer of one call share no bytes (MPI-3.1 §5.1 ff.; MPI_IN_PLACE is how to say so). */
int collective_check_overlap(const void *send, size_t send_count, const struct mock_type *send_type,
                             const void *receive, size_t receive_count, const struct mock_type *receive_type);
int collective_check_apart(const struct collective_blocks *sends, const struct collective_blocks *receives, int size);
/* `buffer` is not MPI_IN_PLACE. */
int collective_refuse_in_place(const char *what, const void *buffer);

/* Where element `index` of a buffer is. */
static inline char *collective_at(const void *buffer, const struct mock_type *type, MPI_Aint index)
{
    return type_at(buffer, index * type->extent);
}

#endif
