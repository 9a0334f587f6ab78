/* SPDX-License-Identifier: BSD-2-Clause */
/* objects.h: the mock's objects in one rank's private memory, and the verbs that the chapters share.
 *
 * Chapters: p2p.c request.c match.c (messages), datatype.c pack.c, group.c, comm.c, attribute.c, op.c, collective.c,
 * info.c, environment.c, topology.c graph.c dist_graph.c dims.c, file.c file_view.c file_io.c. The chapters define the
 * backend's functions, `int mock_Send(const void *buf, …)`, with the signatures of backend.h. They return MPI error classes, by `return mpimock_error(MPI_ERR_RANK, "…")`, and untouched
 * results. The door has translated MPI_COMM_WORLD already, but the mock's own MPI_COMM_WORLD (all ranks) is a
 * communicator like any other here, with context 0; MPI_COMM_SELF has context 2 + 2 * world rank … see comm.c.
 *
 * One recursive lock for each process (mock_lock) makes MPI_THREAD_MULTIPLE safe: entry points of chapters that touch
 * shared state take it; a wait gives it up while it sleeps.
 */
#ifndef MPIMOCK_OBJECTS_H
#define MPIMOCK_OBJECTS_H

#include <stdatomic.h>

#include "../door.h"
#include "handle.h"

/* ---- This process (segment.c, process.c) ---- */
struct mock_process {
    int rank; /* in the mock's world */
    int size; /* of the mock's world */
    uint16_t incarnation; /* processes that were this rank before (modulo 2^16, as envelopes have it) */
    struct segment *segment;
    bool initialized, finalized; /* MPI_Init and MPI_Finalize of a program run by mpimockexec */
    int thread_level;
};
extern struct mock_process mock;
void mock_lock(void);
void mock_unlock(void);
int mock_node_of(int world_rank);               /* index of its virtual node, from 0 */
const char *mock_node_name(int node);           /* MPI_Get_processor_name there */
uint64_t mock_new_contexts(int count);          /* a run of `count` numbers never used before in the segment */

/* ---- The chapters (chapters.c) ---- */
struct mock_link { /* in each object that has a handle, so that what a program never frees is found in the end */
    struct mock_link *next, **to_this;
};
/* Binds the predefined handles (when process.c attaches; needs mock.rank and mock.size); 0 or -ENOMEM. */
int mock_chapters_init(void);
/* Frees every object that was made, without callbacks, and unbinds the predefined handles. */
void mock_chapters_finish(void);

/* ---- Groups (group.c): world ranks in order; counted references ---- */
struct mock_group {
    int references;
    int size;
    int rank; /* this process's, or MPI_UNDEFINED */
    MPI_Group handle;      /* MPI_GROUP_NULL: none, as in communicators … */
    struct mock_link link; /* … which do not use this */
    int world_ranks[]; /* [size] */
};
struct mock_group *mock_group(MPI_Group handle); /* NULL: not a group; the caller returns MPI_ERR_GROUP */
struct mock_group *mock_group_create(int size, const int world_ranks[]);
struct mock_group *mock_group_keep(struct mock_group *group);
void mock_group_release(struct mock_group *group); /* NULL is fine */

/* ---- Communicators (comm.c) ---- */
struct mock_comm {
    MPI_Comm handle;
    uint64_t context;     /* of point-to-point messages; context + 1 carries the collectives */
    int rank, size;
    struct mock_group *group;
    struct mock_group *remote; /* NULL: an intracommunicator */
    struct mock_attributes *attributes;
    struct mock_topology *topology; /* NULL: none */
    uint32_t collectives; /* begun so far on this communicator: the tag of the next one's messages */
    uint64_t call;        /* the last one begun: collective.c's */
    bool predefined;
    uint8_t history;      /* hash of the collectives begun so far: ranks that disagreed earlier find out later */
    struct mock_info *info;
    struct mock_link link;
    char name[MPI_MAX_OBJECT_NAME];
};
struct mock_comm *mock_comm(MPI_Comm handle); /* NULL: not a communicator; the caller returns MPI_ERR_COMM */
/* A communicator made without communication, because every member knows context and members already: how the runner's
 * teams are made. Two contexts (context, context + 1) are used. Takes a reference to the group of its own, and needs this
 * process in it. NULL: out of memory, or of handles. */
struct mock_comm *mock_comm_create(uint64_t context, struct mock_group *group);
void mock_comm_destroy(struct mock_comm *comm);

/* ---- Datatypes (datatype.c, pack.c) ---- */
struct mock_type {
    MPI_Datatype handle;
    int references;
    size_t size;                  /* bytes of data in one */
    MPI_Aint lb, extent;          /* MPI-3.1 §4.1.6 */
    MPI_Aint true_lb, true_extent;
    bool contiguous;              /* `count` of them are size * count bytes without a gap, in order, from true_lb = lb = 0 */
    bool committed, predefined;
    uint64_t signature;           /* hash of the sequence of basic types, for mismatches; MPI_BYTE and MPI_PACKED match all */
    struct mock_type_layout *layout; /* how it was made (envelope and contents) and flattened blocks: datatype.c's own */
};
struct mock_type *mock_type(MPI_Datatype handle); /* NULL: not a datatype */
struct mock_type *mock_type_keep(struct mock_type *type);
void mock_type_release(struct mock_type *type);
/* Copies up to `bytes` bytes of the packed form of count elements at `base`, starting at byte `offset` of it, to or from
 * `packed`; returns how many were copied. */
size_t mock_pack(const void *base, size_t count, const struct mock_type *type, size_t offset, void *packed, size_t bytes);
size_t mock_unpack(void *base, size_t count, const struct mock_type *type, size_t offset, const void *packed, size_t bytes);
/* Visits where bytes [offset, offset + bytes) of the packed form of `count` elements lie, in the order of the packed form,
 * as runs of memory at `displacement` from their base. It skips to `offset` by division, not by walking, for it is also
 * how a file view with a count without end is mapped. Ends early, returning it, when visit returns anything but 0. */
int mock_type_for_each_block(const struct mock_type *type, size_t count, size_t offset, size_t bytes,
                             int (*visit)(void *argument, MPI_Aint displacement, size_t length), void *argument);
/* Copies typed data within this process, as a message to oneself would: MPI_SUCCESS or MPI_ERR_TRUNCATE (with a detail). */
int mock_type_copy(const void *from, size_t from_count, const struct mock_type *from_type, void *to, size_t to_count,
                   const struct mock_type *to_type);
/* Hash of the sequence of basic types of `count` elements: the same for all types that match it; 0 matches all. */
uint64_t mock_type_signature(const struct mock_type *type, size_t count);
/* Number of basic elements in `bytes` of data (MPI_Get_elements), or -1 where it ends inside one. */
long long mock_type_elements(const struct mock_type *type, size_t bytes);

/* ---- Messages (p2p.c, request.c, match.c): what collectives stand on ---- */
enum mock_mode { MOCK_STANDARD, MOCK_SYNCHRONOUS, MOCK_READY, MOCK_BUFFERED };
struct mock_request;
/* `peer` and MPI_ANY_SOURCE, MPI_PROC_NULL are ranks of `comm`. `collective` chooses context + 1. `signature` travels in
 * the envelope of a collective's messages: what the sender believes to take part in (function, root, operation, type,
 * count); match.c hands it to the receiver's request, and collective.c compares. */
int mock_isend(const void *buffer, size_t count, struct mock_type *type, int peer, int tag, struct mock_comm *comm,
               enum mock_mode mode, bool collective, uint64_t signature, struct mock_request **request);
int mock_irecv(void *buffer, size_t count, struct mock_type *type, int peer, int tag, struct mock_comm *comm,
               bool collective, struct mock_request **request);
/* Waits (sleeping, making progress for all other requests), frees the request, sets it to NULL. `status` may be
 * MPI_STATUS_IGNORE. `signature` may be NULL. Returns the message's error (MPI_ERR_TRUNCATE …). */
int mock_wait(struct mock_request **request, MPI_Status *status, uint64_t *signature);
/* Blocking forms of the two above, in one. */
int mock_send(const void *buffer, size_t count, struct mock_type *type, int peer, int tag, struct mock_comm *comm,
              bool collective, uint64_t signature);
int mock_recv(void *buffer, size_t count, struct mock_type *type, int peer, int tag, struct mock_comm *comm,
              bool collective, MPI_Status *status, uint64_t *signature);
/* Takes every unexpected message of this context and the next off this rank's queues, and returns how many there were. */
size_t mock_discard_context(uint64_t context);
/* In status: count in bytes and cancelled flag, in the fields that this mpi.h keeps private (status.c). */
void mock_status_set(MPI_Status *status, int source, int tag, int error, size_t bytes, bool cancelled);
size_t mock_status_bytes(const MPI_Status *status);
bool mock_status_cancelled(const MPI_Status *status);

/* ---- Topologies (topology.c): immutable once made, counted references ---- */
struct mock_topology *mock_topology_copy(struct mock_topology *topology); /* for MPI_Comm_dup; NULL gives NULL */
void mock_topology_release(struct mock_topology *topology);               /* NULL is fine */

/* ---- Attributes (attribute.c) ---- */
/* Copies (MPI_Comm_dup) and deletes (MPI_Comm_free, MPI_Finalize on MPI_COMM_SELF) with the user's callbacks, last set
 * first deleted (MPI-3.1 §8.7.1). */
int mock_attributes_copy(struct mock_comm *from, struct mock_comm *to);
int mock_attributes_delete(struct mock_comm *comm);

#endif
