/* SPDX-License-Identifier: BSD-2-Clause */
/* agreement.c: see agreement.h. */
#include "agreement.h"

void guard_agreement_begin(struct guard_agreement *self, uint32_t serial, uint64_t number, uint32_t sequence,
                           const int members[], int size, int rank, const struct guard_intent *intent)
{
    self->members = members;
    self->size = size;
    self->rank = rank;
    self->distance = 1;
    self->told = false;
    self->letter.serial = serial;
    self->letter.kind = GUARD_AGREE;
    self->letter.number = number;
    self->letter.sequence = sequence;
    self->letter.round = 0;
    self->letter.words = (struct guard_words){.first = *intent};
}

static bool is_impossible(const struct guard_agreement *self, const struct guard_mailbox *mailbox)
{
    uint32_t last;
    if (!guard_mailbox_any_gone(mailbox, self->letter.serial))
        return false;
    for (int i = 0; i < self->size; i++)
        if (i != self->rank &&
            guard_mailbox_gone(mailbox, self->letter.serial, self->members[i], self->letter.number, &last) &&
            last < self->letter.sequence)
            return true;
    return false;
}

enum guard_verdict guard_agreement_advance(struct guard_agreement *self, struct guard_mailbox *mailbox,
                                           const struct guard_writer *writer)
{
    struct guard_letter theirs;
    while (self->distance < self->size) {
        if (!self->told)
            writer->write(writer->context, self->members[(self->rank + self->distance) % self->size], &self->letter);
        self->told = true;
        int from = self->members[(self->rank - self->distance + self->size) % self->size];
        if (!guard_mailbox_take(mailbox, from, &self->letter, &theirs))
            return is_impossible(self, mailbox) ? GUARD_IMPOSSIBLE : GUARD_WAITING;
        guard_words_merge(&self->letter.words, &theirs.words);
        self->distance *= 2;
        self->letter.round++;
        self->told = false;
    }
    return GUARD_AGREED;
}
