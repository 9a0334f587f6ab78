/* SPDX-License-Identifier: BSD-2-Clause */
/* words.h: what the members of a communicator tell each other before a collective, and what they conclude.
 *
 * Each starts with its own intent; whenever two meet, both hold the union of what they knew: the intent of the lowest
 * rank, and one that differs from it, if any does. So when all have heard of all (dissemination, agreement.h) all
 * conclude the same. Pure: no MPI, no state.
 */
#ifndef MRT_GUARD_WORDS_H
#define MRT_GUARD_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../mpimock/door.h"

/* Root or operation that the call does not have; an operation that the test made. */
#define GUARD_NO_ROOT INT32_MIN
#define GUARD_NO_OP   0
#define GUARD_OWN_OP  UINT32_MAX

struct guard_intent {
    uint32_t function; /* enum mpimock_function */
    int32_t rank;      /* in the communicator */
    int32_t root;
    uint32_t op;      /* guard_op_number() */
    uint32_t started; /* non-blocking collectives before it, on that communicator */
};

/* As it travels. */
struct guard_words {
    struct guard_intent first, odd; /* odd.function 0: all agree so far */
};
_Static_assert(sizeof(struct guard_words) == 10 * sizeof(uint32_t), "travels as words, without gaps");

void guard_words_merge(struct guard_words *mine, const struct guard_words *theirs);
bool guard_words_agree(const struct guard_words *words);
/* "rank 1 calls MPI_Allreduce with MPI_SUM, rank 0 calls MPI_Barrier" */
void guard_words_text(const struct guard_words *words, char *text, size_t size);
/* The same on all ranks for a predefined operation. */
uint32_t guard_op_number(MPI_Op op);

#endif
