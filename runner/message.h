/* SPDX-License-Identifier: BSD-2-Clause */
/* message.h: what main rank and workers say to each other, on the runner's private communicator.
 *
 *     worker                                   main rank
 *       HELLO    (registry's hash, host)   ──▶
 *                                          ◀── WELCOME  (go on, or leave)
 *       READY                              ──▶
 *                                          ◀── ASSIGN   (team, tests)      or   STOP
 *       RESULT   (one for each test)       ──▶
 *       READY                              ──▶
 *
 * and each rank to its team-mates, when it leaves a test before its end: NOTICE (notice.h). Who sees that a rank is gone tells
 * rank 0: LOST. A fresh process in the place of one that died says RENEWED instead of HELLO, and waits for its WELCOME; that
 * stands for READY. The members of a unit agree on what came of its fixtures: AGREE, AGREED.
 *
 * The first member of a team whose test is isolated (isolate.h) gives the others their results, as in RESULT: ISOLATED.
 *
 * The tag is the kind. Decoded strings and arrays point into the bytes that were received, or (the arrays) into the
 * message struct, and are valid as long as those. A decoder returns -EBADMSG for what no encoder wrote.
 */
#ifndef MRT_MESSAGE_H
#define MRT_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "outcome.h"
#include "wire.h"

enum message_kind {
    MESSAGE_HELLO = 1,
    MESSAGE_WELCOME,
    MESSAGE_READY,
    MESSAGE_ASSIGN,
    MESSAGE_RESULT,
    MESSAGE_STOP,
    MESSAGE_NOTICE,
    MESSAGE_LOST,
    MESSAGE_RENEWED,
    MESSAGE_AGREE,
    MESSAGE_AGREED,
    MESSAGE_ISOLATED,
};

struct message_hello {
    uint64_t hash;       /* plan_hash */
    const char *host;    /* MPI_Get_processor_name */
    const char *suites;  /* names and sizes of what was loaded, to name the difference when hashes differ */
    uint32_t pid;        /* of this process, on its host … */
    uint64_t start;      /* … and when it started (process_start()) */
    const char *problem; /* why this rank cannot go on; "" if it can */
};
struct message_welcome {
    bool go_on;
    uint32_t incarnation; /* of the process that it is for */
    double seconds;      /* until the run must end; INFINITY: no limit */
    const struct message_neighbour *neighbours; /* [count] ranks on the receiver's host, under a real MPI */
    uint32_t count;
};
struct message_neighbour {
    uint64_t start;
    uint32_t rank, pid;
};
struct message_stop {
    uint32_t broken;     /* ranks were lost: MPI_Finalize would wait for them */
};
struct message_assign {
    uint32_t assignment;      /* the scheduler's number */
    uint32_t serial;          /* of the team; serial + 1 + i is that of test i's: no two teams of a run share one */
    int unit;                 /* index into the plan's units, or -1 */
    const uint32_t *members;  /* [size] ranks of the run; the first is the team's rank 0 */
    const uint32_t *incarnations; /* [size] of the processes that are meant (launch.h); NULL: the first of each */
    uint32_t size;
    const uint32_t *tests;    /* [count] indices into the plan */
    uint32_t count;
};
struct message_result {
    uint32_t assignment;
    uint32_t test;            /* index into the plan */
    enum outcome outcome;
    enum how how;
    int code;                 /* see enum how */
    double seconds;
    const char *message;      /* "" for none */
    const char *place;        /* where it was when its time was up, in few words; "" */
    const char *warnings;     /* what the test left behind, a line for each; "" */
    const char *output;       /* bytes, with a zero byte after them that does not count */
    size_t output_size;
};
struct message_notice {
    uint32_t serial;          /* of the test's team */
    uint32_t member;          /* the team's rank that leaves */
    enum outcome outcome;
    const char *reason;       /* "" for none */
};

/* Of a unit's fixture, from a member to the first, which answers each with the first of all problems. */
struct message_agree {
    uint32_t serial;          /* of the assignment, and which agreement of it */
    uint32_t followed;        /* it only followed another member */
    const char *words;        /* what went wrong; "": nothing */
};

struct message_lost {
    uint32_t rank;            /* of the run */
    uint32_t incarnation;     /* RENEWED: of the process that says so; it took the place of the one before */
    uint32_t test;            /* serial of the team of the test that it was in; 0: none; LOST_ANYWHERE: not known */
    enum outcome outcome;     /* of the test that it was in */
    enum how how;
    int code;
    const char *reason;       /* "was ended by signal 9 (Killed)" */
    const char *output;       /* what it had written, with a zero byte after it that does not count */
    size_t output_size;
};
#define LOST_ANYWHERE UINT32_MAX

void message_hello_encode(struct wire_writer *writer, const struct message_hello *message);
int message_hello_decode(const void *bytes, size_t size, struct message_hello *message);
void message_welcome_encode(struct wire_writer *writer, const struct message_welcome *message);
int message_welcome_decode(const void *bytes, size_t size, struct message_welcome *message);
void message_assign_encode(struct wire_writer *writer, const struct message_assign *message);
int message_assign_decode(const void *bytes, size_t size, struct message_assign *message);
void message_result_encode(struct wire_writer *writer, const struct message_result *message);
int message_result_decode(const void *bytes, size_t size, struct message_result *message);
void message_notice_encode(struct wire_writer *writer, const struct message_notice *message);
int message_notice_decode(const void *bytes, size_t size, struct message_notice *message);
void message_stop_encode(struct wire_writer *writer, const struct message_stop *message);
int message_stop_decode(const void *bytes, size_t size, struct message_stop *message);
void message_agree_encode(struct wire_writer *writer, const struct message_agree *message);
int message_agree_decode(const void *bytes, size_t size, struct message_agree *message);
void message_lost_encode(struct wire_writer *writer, const struct message_lost *message);
int message_lost_decode(const void *bytes, size_t size, struct message_lost *message);

#endif
