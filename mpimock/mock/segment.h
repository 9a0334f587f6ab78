/* SPDX-License-Identifier: BSD-2-Clause */
/* segment.h: the memory that all ranks of a job share: one private memfd, mapped by the supervisor and by every rank.
 *
 * Its layout is declared here and has a version; it holds offsets and numbers, no pointers. The file is as large as the
 * layout may ever need, but sparse: only pages that were touched take memory.
 *
 *     header · rank slots [n] · node names [nodes] · text of the end · last words [n] · ring heads [n][n] · ring bytes [n][n]
 *
 * Who writes what: the supervisor fills the header before it forks. A rank's slot is its own, but for the doorbell,
 * which every sender rings; between its death and the fork of its successor it is the supervisor's (renew.c). Ring
 * (receiver, sender) has one writer and one reader. No lock is needed anywhere, so the death of a rank at any instruction
 * leaves everything consistent.
 */
#ifndef MPIMOCK_SEGMENT_H
#define MPIMOCK_SEGMENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../launch.h"

#define SEGMENT_MAGIC      0x317470656d697071u
#define SEGMENT_VERSION    2
#define SEGMENT_LINE       64 /* bytes of a cache line: what two ranks write must not share one */
#define SEGMENT_NAME_BYTES 256
#define SEGMENT_TEXT_BYTES (64 * 1024)
#define SEGMENT_NEWS_WORDS (MPIMOCK_RANKS_MAX / 64)
#define SEGMENT_LOSSES     16 /* deaths of a rank that its team-mates may miss while they compute */

/* The environment of a program that a rank became. */
#define SEGMENT_ENVIRONMENT_FD   "MPIMOCK_SEGMENT"
#define SEGMENT_ENVIRONMENT_RANK "MPIMOCK_RANK"

/* How standard sends behave (--mock-sends, MPIMOCK_SENDS). */
enum segment_sends {
    SEGMENT_SENDS_DEFAULT, /* complete locally up to the eager limit, wait for the receiver above */
    SEGMENT_SENDS_EAGER,   /* complete locally whatever their size */
    SEGMENT_SENDS_SYNC,    /* wait for the receiver whatever their size */
    SEGMENT_SENDS_RANDOM,  /* each one draws among these three */
    SEGMENT_SENDS_COUNT
};

/* Bits of `checks` (MPIMOCK_CHECKS, words separated by commas). */
#define SEGMENT_CHECK_TYPES 1u /* a receive's datatype differs from its message's */
#define SEGMENT_CHECK_READY 2u /* MPI_Rsend without a posted receive */

/* Why the job ends before its ranks do. The first reason wins. */
enum segment_end {
    SEGMENT_END_NONE,
    SEGMENT_END_ABORT,
    SEGMENT_END_DEADLOCK,
    SEGMENT_END_COUNT
};
#define SEGMENT_END_CLAIMED(rank) (-2 - (rank)) /* that rank (-1: the supervisor) is writing down why */

enum segment_state {
    SEGMENT_STARTED,     /* forked */
    SEGMENT_INITIALIZED, /* between MPI_Init and MPI_Finalize */
    SEGMENT_FINALIZED,   /* past MPI_Finalize */
    SEGMENT_GONE,        /* reaped */
    SEGMENT_STATE_COUNT
};

/* What a blocked rank waits for, for the deadlock's report. */
enum segment_wait_kind {
    SEGMENT_WAIT_OTHER, /* no message: MPI_Finalize, MPI_Buffer_detach … */
    SEGMENT_WAIT_RECEIVE,
    SEGMENT_WAIT_SEND,
    SEGMENT_WAIT_PROBE,
    SEGMENT_WAIT_KIND_COUNT
};

#define SEGMENT_WAIT_ANY        (-1)
#define SEGMENT_WAIT_NOBODY     (-2)
#define SEGMENT_WAIT_CALL_BYTES 32
#define SEGMENT_WAIT_COMM_BYTES 56

#define SEGMENT_WAIT_PARTS      8
#define SEGMENT_WAIT_SETS       3

/* One request that is open. */
struct segment_part {
    int32_t kind;       /* enum segment_wait_kind */
    int32_t peer;       /* its rank in the communicator, or SEGMENT_WAIT_ANY or _NOBODY */
    int32_t peer_world; /* in the mock's world, likewise */
    int32_t tag;        /* or SEGMENT_WAIT_ANY */
};

/* A set of ranks of the mock's world. */
typedef uint64_t segment_set[SEGMENT_NEWS_WORDS];

struct segment_wait {
    char call[SEGMENT_WAIT_CALL_BYTES]; /* "MPI_Recv"; empty: not known */
    char comm[SEGMENT_WAIT_COMM_BYTES]; /* its name; empty: none was set */
    uint64_t context;
    int32_t kind;       /* of the first open request, as are the next three; see struct segment_part */
    int32_t peer;
    int32_t peer_world;
    int32_t tag;
    uint32_t requests;  /* open requests that the call waits for */
    uint32_t bell;      /* the bell's value that it sleeps on: a different one now means that it is about to wake */
    uint8_t collective; /* the request belongs to a collective function, of which `tag` is the number */
    uint8_t idle;       /* waits for work (mpimock_wait_is_idle): no part of a deadlock */
    uint8_t any;        /* one of the requests is enough (MPI_Waitany, MPI_Waitsome) */
    uint8_t meets;      /* waits for all ranks that do not wait so (MPI_Finalize) */
    uint8_t threads;    /* of the rank that wait, up to 255; this is the last one's call */
    uint8_t spare[3];
    uint64_t caller;    /* address in the user's code that the call returns to; 0: not known */
    uint64_t since;     /* CLOCK_MONOTONIC in nanoseconds */
    uint64_t what;      /* collective: function, root and operation (collective.c) */
    struct segment_part parts[SEGMENT_WAIT_PARTS]; /* the first open requests, where there are several */
    /* Who can free it (needs.h): the rank waits until each rank of `all` has done something, and one of each set. */
    uint32_t sets, spare_2;
    uint64_t set_contexts[SEGMENT_WAIT_SETS];
    segment_set all, one[SEGMENT_WAIT_SETS];
};

struct segment_rank {
    /* Written seldom */
    _Alignas(SEGMENT_LINE) _Atomic int32_t pid;
    int32_t node;
    _Atomic int32_t state;      /* enum segment_state */
    _Atomic int32_t exec_error; /* errno of the exec that failed */
    _Atomic int32_t returned;   /* `result` holds what the rank's function returned */
    int32_t result;
    _Atomic uint32_t running; /* counted in the header's `running` */
    /* Tests of the runner's (launch.h), by serial number: */
    _Atomic uint32_t test;  /* that it is in; 0: none */
    _Atomic uint32_t left;  /* … up to which it has taken back its messages: what they point to is no longer there */
    _Atomic uint32_t ended; /* … up to which it has ended, and sends nothing any more */
    _Atomic uint32_t quit;  /* … that it has left last before its end: its team-mates will hear of that */
    /* Processes that were this rank before. When it changes, the one before is dead, and all of its last records are in
     * the rings. */
    _Atomic uint32_t incarnation;
    _Atomic uint32_t lost[SEGMENT_LOSSES]; /* the tests in which the last ones died (0: in none), by incarnation modulo that */

    /* The doorbell: whoever leaves something for this rank sets the bit of its own rank in `news`, then, if somebody
     * sleeps, changes `bell` and wakes it. The rank announces that it sleeps before it looks at `news` for the last
     * time; all these are sequentially consistent, so one of the two sees the other. */
    _Alignas(SEGMENT_LINE) _Atomic uint64_t news[SEGMENT_NEWS_WORDS];
    _Alignas(SEGMENT_LINE) _Atomic uint32_t bell; /* futex */
    _Atomic uint32_t sleeping;                    /* threads of the rank that sleep or are about to */

    /* What it waits for: valid while `blocked` is odd, and was so throughout if it has not changed meanwhile. */
    _Alignas(SEGMENT_LINE) _Atomic uint32_t blocked;
    /* For the report: enum mpimock_function of the waiting call that it is in, though it does not sleep; and of the call
     * that it last asked in vain (MPI_Test and the like). 0: none. */
    _Atomic uint16_t waits_in, polls_in;
    struct segment_wait wait;
};

/* A ring of bytes for records from one rank to one other. Positions only grow; modulo ring_bytes they are the place. */
struct segment_ring {
    _Alignas(SEGMENT_LINE) _Atomic uint64_t tail; /* the sender's: behind the last whole record */
    _Alignas(SEGMENT_LINE) _Atomic uint64_t head; /* the receiver's: first record not yet consumed */
    _Atomic uint32_t wants_space; /* the sender has more: the receiver sets its news when it has consumed */
};

/* What a process that dies tells the one that takes its place. */
struct segment_words {
    struct mpimock_last_words own;    /* the living one's, to be written */
    struct mpimock_death predecessor; /* what the supervisor found of the one before */
};

struct segment {
    uint64_t magic;
    uint32_t version;
    uint32_t n, nodes;
    uint32_t ring_bytes;   /* a power of two */
    uint32_t eager_limit;  /* bytes of data that travel within the first record */
    uint32_t sends;        /* enum segment_sends */
    uint32_t copy_by_ring; /* MPIMOCK_COPY=ring: never process_vm_readv */
    uint32_t checks;
    uint64_t seed;
    uint64_t bytes; /* of the whole file */
    uint64_t ranks_offset, names_offset, text_offset, words_offset, heads_offset, rings_offset;
    int32_t supervisor; /* its pid; 0: none, a program that was started by itself */
    int32_t cores;      /* that the ranks may use together */
    uint32_t renews;    /* ranks that die are replaced, but for rank 0 */

    _Alignas(SEGMENT_LINE) _Atomic uint64_t next_context;
    /* Ranks not asleep. A hint for spinning, and the sign to look for a deadlock; a death may leave it too small, never
     * too large (see waiting.c). */
    _Alignas(SEGMENT_LINE) _Atomic int32_t running;
    _Alignas(SEGMENT_LINE) _Atomic uint32_t finalizing; /* ranks that have reached MPI_Finalize's meeting point */
    _Atomic int32_t end;                                /* enum segment_end */
    _Atomic uint32_t deaths; /* of ranks that are replaced, so far: the last that changes when one has died */
    int32_t end_rank;                                   /* who aborted */
    int32_t end_code;
};

_Static_assert(sizeof(struct segment_wait) == 824, "the layout of version 2");
_Static_assert(sizeof(struct segment_ring) == 128, "the layout of version 2");
_Static_assert(sizeof(struct segment_rank) == 1152, "the layout of version 2");
_Static_assert(sizeof(struct segment) == 320, "the layout of version 2");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2, "atomics are shared between processes");

/* Settings that come from the environment, read once by whoever makes the segment. */
struct segment_settings {
    enum segment_sends sends;
    bool copy_by_ring;
    uint32_t checks;
    uint64_t seed;
};
/* Reads MPIMOCK_SENDS, MPIMOCK_SEED, MPIMOCK_COPY and MPIMOCK_CHECKS. -EINVAL with a sentence. */
int segment_settings_read(struct segment_settings *settings, struct problem *problem);

/* Makes and maps a segment for n ranks on the nodes of `hostfile` (NULL: this host). `fd` (may be NULL) receives the
 * memfd, close-on-exec; without it the descriptor is closed. Returns 0 or a negative errno value with a sentence. */
int segment_create(int n, const struct hostfile *hostfile, const struct segment_settings *settings,
                   struct segment **segment, int *fd, struct problem *problem);
/* Maps the segment behind a descriptor that was inherited, having checked that it is one. The descriptor stays open. */
int segment_attach(int fd, struct segment **segment, struct problem *problem);
void segment_unmap(struct segment *segment); /* NULL is fine */

static inline struct segment_rank *segment_rank(struct segment *segment, int rank)
{
    return (struct segment_rank *)((char *)segment + segment->ranks_offset) + rank;
}

static inline char *segment_node_name(struct segment *segment, int node)
{
    return (char *)segment + segment->names_offset + (size_t)node * SEGMENT_NAME_BYTES;
}

static inline char *segment_text(struct segment *segment)
{
    return (char *)segment + segment->text_offset;
}

static inline struct segment_words *segment_words(struct segment *segment, int rank)
{
    return (struct segment_words *)((char *)segment + segment->words_offset) + rank;
}

/* MPI_COMM_WORLD uses 0 and 1, the MPI_COMM_SELFs the next 2 n, mpimock_control_comm the next 2. */
static inline uint64_t segment_control_context(const struct segment *segment)
{
    return 2 + 2 * (uint64_t)segment->n;
}

static inline struct segment_ring *segment_ring(struct segment *segment, int receiver, int sender)
{
    return (struct segment_ring *)((char *)segment + segment->heads_offset) + (size_t)receiver * segment->n + sender;
}

static inline unsigned char *segment_ring_data(struct segment *segment, int receiver, int sender)
{
    return (unsigned char *)segment + segment->rings_offset +
           ((size_t)receiver * segment->n + (size_t)sender) * segment->ring_bytes;
}

/* Wakes whoever sleeps in that rank. */
void segment_wake(struct segment_rank *slot);
/* Sets the bit of `from` in the news of `to`, and wakes it if it sleeps. What was written before is seen by whoever
 * takes the news. */
void segment_tell(struct segment *segment, int to, int from);
/* Claims the end of the job for a rank; false: somebody was first. The winner writes text and code, then calls
 * segment_end_publish. */
bool segment_end_claim(struct segment *segment, int rank);
/* The rank died: what it claimed and did not publish is nobody's. */
void segment_end_unclaim(struct segment *segment, int rank);
void segment_end_publish(struct segment *segment, enum segment_end end, int rank, int code);
/* MPI_Abort: writes the end down unless somebody was first. */
void segment_abort(struct segment *segment, int rank, int code);

#endif
