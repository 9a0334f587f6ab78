/* SPDX-License-Identifier: BSD-2-Clause */
/* mailbox.h: the letters that the guards of a team write to each other, and those that have come and wait to be read.
 *
 * Letters come in any order: of this test, of tests that a mate has begun before this rank, of tests that are over
 * (those are thrown away: serial numbers that a rank sees only grow). Pure: no MPI.
 */
#ifndef MRT_GUARD_MAILBOX_H
#define MRT_GUARD_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "words.h"

enum guard_kind {
    GUARD_AGREE = 1, /* before a collective (agreement.h) */
    GUARD_STOP,      /* the test's end (stop.c) */
    GUARD_GONE,      /* the writer never again arrives at a collective: at which it did (agreement.h) */
    GUARD_POSTED,    /* the writer has posted on a window (onesided.c) */
    GUARD_MEMBERS,   /* of a group that makes an intercommunicator (creation.c), in the form of GONE */
    GUARD_BLOCKED,   /* the writer waits (deadlock.h) */
};

#define GUARD_ARRIVALS_MAX 32 /* in one letter */
#define GUARD_CALL_MAX     200

/* As it travels, between processes of one program: as many bytes as its kind needs. */
struct guard_letter {
    uint32_t serial; /* of the test's team */
    uint32_t kind;
    uint64_t number;   /* AGREE, POSTED: of the communicator or window; MEMBERS: of the call */
    uint32_t sequence; /* AGREE: of the collective on it; STOP: of the meeting */
    uint32_t round;    /* MEMBERS: of the letter */
    union {
        struct guard_words words; /* AGREE */
        struct {
            uint32_t unclean, pending;
            int64_t window, rest; /* of a sum (stop.c) */
        } stop;
        struct {
            uint32_t letters; /* of which this is one */
            uint32_t count;
            struct guard_arrival {
                uint64_t number;
                uint32_t last; /* sequence of the last collective at which the writer arrived; not listed: 0 */
                uint32_t unused;
            } arrivals[GUARD_ARRIVALS_MAX];
        } gone;
        struct {
            uint32_t moves;          /* changes whenever the writer has done something */
            uint32_t finished;       /* it waits at the test's end */
            uint64_t sent, received; /* messages */
            uint64_t bytes;          /* that its unfinished transfers may have to move */
            char call[GUARD_CALL_MAX];
        } blocked;
    };
};
size_t guard_letter_size(const struct guard_letter *letter); /* in bytes, as it travels */
/* Is what has come, `size` bytes, a letter? */
bool guard_letter_is_good(const struct guard_letter *letter, size_t size);

struct guard_kept_letter {
    int from;
    struct guard_letter letter;
};
struct guard_mailbox {
    uint32_t serial; /* older letters are thrown away */
    struct guard_kept_letter *letters;
    size_t count, capacity;
};

/* From here on only letters of this test, and of later ones, are kept. */
void guard_mailbox_begin(struct guard_mailbox *self, uint32_t serial);
/* False: there was no memory to keep it. */
bool guard_mailbox_put(struct guard_mailbox *self, int from, const struct guard_letter *letter);
/* Takes the letter like `wanted` (kind, serial, number, sequence, round) from that rank, if it has come. */
bool guard_mailbox_take(struct guard_mailbox *self, int from, const struct guard_letter *wanted,
                        struct guard_letter *letter);
/* Has that rank said that it never again arrives anywhere in this test? *last: where it did on that communicator. */
bool guard_mailbox_gone(const struct guard_mailbox *self, uint32_t serial, int from, uint64_t number, uint32_t *last);
/* Has any rank? */
bool guard_mailbox_any_gone(const struct guard_mailbox *self, uint32_t serial);
void guard_mailbox_finish(struct guard_mailbox *self);

#endif
