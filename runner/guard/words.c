/* SPDX-License-Identifier: BSD-2-Clause */
/* words.c: see words.h. */
#include "words.h"

#include <stdio.h>

static const struct {
    MPI_Op op;
    const char *name;
} operations[] = {
#define OPERATION(op)                                                                                                  \
    {                                                                                                                  \
        op, #op                                                                                                        \
    }
    OPERATION(MPI_MAX),    OPERATION(MPI_MIN),    OPERATION(MPI_SUM),     OPERATION(MPI_PROD),  OPERATION(MPI_LAND),
    OPERATION(MPI_BAND),   OPERATION(MPI_LOR),    OPERATION(MPI_BOR),     OPERATION(MPI_LXOR),  OPERATION(MPI_BXOR),
    OPERATION(MPI_MAXLOC), OPERATION(MPI_MINLOC), OPERATION(MPI_REPLACE), OPERATION(MPI_NO_OP),
#undef OPERATION
};
#define OPERATIONS ((uint32_t)(sizeof operations / sizeof *operations))

uint32_t guard_op_number(MPI_Op op)
{
    for (uint32_t i = 0; i < OPERATIONS; i++)
        if (operations[i].op == op)
            return i + 1;
    return GUARD_OWN_OP;
}

static bool same(const struct guard_intent *a, const struct guard_intent *b)
{
    return a->function == b->function && a->root == b->root && a->op == b->op && a->started == b->started;
}

void guard_words_merge(struct guard_words *mine, const struct guard_words *theirs)
{
    if (mine->odd.function == MPIMOCK_NONE)
        mine->odd = theirs->odd;
    bool lower = theirs->first.rank < mine->first.rank;
    struct guard_intent other = lower ? mine->first : theirs->first;
    if (lower)
        mine->first = theirs->first;
    if (!same(&mine->first, &other))
        mine->odd = other;
}

bool guard_words_agree(const struct guard_words *words)
{
    return words->odd.function == MPIMOCK_NONE;
}

static size_t write_intent(const struct guard_intent *intent, bool with_started, char *text, size_t size)
{
    char root[32] = "", op[48] = "", started[64] = "";
    if (intent->root != GUARD_NO_ROOT)
        snprintf(root, sizeof root, " with root %d", (int)intent->root);
    if (intent->op != GUARD_NO_OP)
        snprintf(op, sizeof op, "%s %s", root[0] ? " and" : " with",
                 intent->op <= OPERATIONS ? operations[intent->op - 1].name : "an operation of its own");
    if (with_started)
        snprintf(started, sizeof started, " after %u non-blocking collective%s", intent->started,
                 intent->started == 1 ? "" : "s");
    int length = snprintf(text, size, "rank %d calls %s%s%s%s", (int)intent->rank,
                          mpimock_function_name((enum mpimock_function)intent->function), root, op, started);
    return length < 0 ? 0 : (size_t)length;
}

void guard_words_text(const struct guard_words *words, char *text, size_t size)
{
    bool with_started = !guard_words_agree(words) && words->first.started != words->odd.started;
    size_t length = write_intent(&words->first, with_started, text, size);
    if (guard_words_agree(words) || length + 3 > size)
        return;
    length += (size_t)snprintf(text + length, size - length, ", ");
    write_intent(&words->odd, with_started, text + length, size - length);
}
