/* SPDX-License-Identifier: BSD-2-Clause */
/* isolate_private.h: what the rank, the helper and its children (isolate.h) say to each other.
 *
 * Rank and helper: packets on a SOCK_SEQPACKET pair, small enough for any socket; longer messages are cut into several, and
 * a packet that is lost with a helper that dies leaves nothing half read. Helper and child: a memory that both map, a slot for
 * each rank of the child's world; a result is in the slot until the helper has taken it, and the child waits for that.
 *
 *     slot:  EMPTY ──child writes, SIGUSR1 to the helper──▶ FULL ──helper takes it, futex──▶ EMPTY
 *
 * The child may write anything into that memory: the helper copies, and checks, what it takes. */
#ifndef MRT_ISOLATE_PRIVATE_H
#define MRT_ISOLATE_PRIVATE_H

#include <stdatomic.h>
#include <sys/types.h>

#include "../mpimock/launch.h"
#include "message.h"
#include "plan.h"

/* ---- Packets ---- */

enum isolate_packet_kind {
    ISOLATE_RUN,    /* to the helper: a request */
    ISOLATE_RESULT, /* to the rank: `member` and a message_result, whose test is the place in the request */
    ISOLATE_END,    /* to the rank: all results have been told */
    ISOLATE_LOST,   /* from the keeper: the helper has ended so (a sentence's end); another one takes its place */
};

struct isolate_packet {
    uint32_t kind;
    uint32_t member;
    uint32_t more; /* not 0: the message goes on in the next packet */
    uint32_t size; /* of bytes */
    unsigned char bytes[32 * 1024 - 16];
};

/* Sends a message in as many packets as it takes. 0 or a negative errno value. */
int isolate_send(int socket, enum isolate_packet_kind kind, uint32_t member, const void *bytes, size_t size);

struct isolate_message {
    enum isolate_packet_kind kind;
    uint32_t member;
    struct wire_writer bytes; /* its memory is used for the next message too; freed by wire_writer_finish */
};
/* Receives a whole message; one that breaks off before an ISOLATE_LOST is dropped. -ETIMEDOUT at `deadline` (clock_now();
 * INFINITY: none) without one, -EPIPE when the other side is gone. */
int isolate_receive(int socket, double deadline, struct isolate_message *message);

/* ---- A request ---- */

struct isolate_run {
    uint32_t size; /* members: processes */
    bool unit;     /* the tests are a unit's, with its setup and teardown */
    uint32_t count;
    const uint32_t *tests; /* [count] indices into the plan */
    double end;            /* of the whole run's time (clock.h); INFINITY: none */
};
/* Travels with names: the plan of a rank may have another order than that of its helper, which is older. */
void isolate_run_encode(struct wire_writer *writer, const struct plan *plan, const struct isolate_run *run);
/* Fills `tests` (to be freed). -EBADMSG, or -ENOENT for a name that the plan has not. */
int isolate_run_decode(const void *bytes, size_t size, const struct plan *plan, struct isolate_run *run);

/* Has member `me` a part in that test? */
static inline bool isolate_takes_part(const struct plan_test *test, uint32_t me)
{
    return test->np == MRT_NP_ALL || me < (uint32_t)test->np;
}

/* ---- The memory that helper and child share ---- */

#define ISOLATE_RESULT_MAX ((size_t)2 << 20) /* output is bounded already (capture.h); longer words are cut */

enum isolate_slot_state { ISOLATE_EMPTY, ISOLATE_FULL };

struct isolate_slot {
    _Atomic uint32_t state;    /* enum isolate_slot_state; a futex */
    _Atomic uint32_t running;  /* place + 1 of the test begun last, in this child's request; 0: none yet */
    _Atomic uint32_t returned; /* the rank has done all that it was to do */
    _Atomic int32_t status;    /* of a team: what mpimock_launch says of it: 0, its exit status, or 128 + its signal */
    struct mpimock_last_words words;
    uint32_t size;             /* of bytes: a message_result, whose test is the place in the request */
    unsigned char bytes[ISOLATE_RESULT_MAX];
};

/* ---- The child ---- */

struct isolate_child {
    const struct plan *plan;
    const struct isolate_run *run;
    uint32_t first; /* the place to begin with */
    pid_t helper;
    struct isolate_slot *slots; /* [run->size], shared */
    const int *outputs;         /* [run->size] memory files, or NULL: nothing is captured */
};
/* In the fork: runs the tests, and ends the process. */
__attribute__((noreturn)) void isolate_child_run(const struct isolate_child *child);

/* ---- The end of a child that had not done all that it was to do ---- */

struct isolate_end {
    bool team;
    int wait_status;   /* of the child, as of waitpid */
    int status;        /* of this rank of a team, as in its slot */
    bool another_died; /* of the team's ranks, and so the job ended the others */
    bool timed_out;    /* it was killed because its time, in seconds, was up */
    double limit;      /* < 0: that of the whole run */
    const struct mpimock_last_words *words;
};
/* The outcome of the test that it was in, and the message, which the caller frees; NULL: out of memory. */
enum outcome isolate_describe(const struct isolate_end *end, char **message);
/* After all tests were done: words about an end that was not in order, to be freed; NULL: out of memory. */
char *isolate_describe_after(int wait_status, bool timed_out);

/* ---- The helper ---- */

/* The keeper's life, in its fork: forks helpers, until the rank is gone. */
__attribute__((noreturn)) void isolate_keep(const struct plan *plan, bool capture, int socket, pid_t rank);

#endif
