/* SPDX-License-Identifier: BSD-2-Clause */
/* mailbox.c: see mailbox.h. There are few letters at any time, so they are an array. */
#include "mailbox.h"

#include <stdlib.h>
#include <string.h>

size_t guard_letter_size(const struct guard_letter *letter)
{
    switch ((enum guard_kind)letter->kind) {
    case GUARD_AGREE:
        return offsetof(struct guard_letter, words) + sizeof letter->words;
    case GUARD_STOP:
        return offsetof(struct guard_letter, stop) + sizeof letter->stop;
    case GUARD_POSTED:
        return offsetof(struct guard_letter, words);
    case GUARD_GONE:
    case GUARD_MEMBERS:
        return offsetof(struct guard_letter, gone.arrivals) + letter->gone.count * sizeof letter->gone.arrivals[0];
    case GUARD_BLOCKED:
        return offsetof(struct guard_letter, blocked.call) + strnlen(letter->blocked.call, GUARD_CALL_MAX - 1) + 1;
    }
    return sizeof *letter;
}

bool guard_letter_is_good(const struct guard_letter *letter, size_t size)
{
    if (size < offsetof(struct guard_letter, words) || letter->kind < GUARD_AGREE || letter->kind > GUARD_BLOCKED)
        return false;
    if ((letter->kind == GUARD_GONE || letter->kind == GUARD_MEMBERS) &&
        (size < offsetof(struct guard_letter, gone.arrivals) || letter->gone.count > GUARD_ARRIVALS_MAX))
        return false;
    if (letter->kind == GUARD_BLOCKED && size <= offsetof(struct guard_letter, blocked.call))
        return false;
    return size == guard_letter_size(letter);
}

void guard_mailbox_begin(struct guard_mailbox *self, uint32_t serial)
{
    size_t kept = 0;
    self->serial = serial;
    for (size_t i = 0; i < self->count; i++)
        if (self->letters[i].letter.serial >= serial)
            self->letters[kept++] = self->letters[i];
    self->count = kept;
}

bool guard_mailbox_put(struct guard_mailbox *self, int from, const struct guard_letter *letter)
{
    if (letter->serial < self->serial)
        return true;
    if (self->count == self->capacity) {
        size_t capacity = self->capacity ? 2 * self->capacity : 16;
        struct guard_kept_letter *larger = realloc(self->letters, capacity * sizeof *larger);
        if (!larger)
            return false;
        self->letters = larger;
        self->capacity = capacity;
    }
    struct guard_kept_letter *kept = &self->letters[self->count++];
    kept->from = from;
    memcpy(&kept->letter, letter, guard_letter_size(letter));
    return true;
}

bool guard_mailbox_take(struct guard_mailbox *self, int from, const struct guard_letter *wanted,
                        struct guard_letter *letter)
{
    for (size_t i = 0; i < self->count; i++) {
        const struct guard_kept_letter *kept = &self->letters[i];
        if (kept->from != from || kept->letter.kind != wanted->kind || kept->letter.serial != wanted->serial ||
            kept->letter.number != wanted->number || kept->letter.sequence != wanted->sequence ||
            kept->letter.round != wanted->round)
            continue;
        memcpy(letter, &kept->letter, guard_letter_size(&kept->letter));
        self->count--;
        if (i < self->count)
            memmove(&self->letters[i], &self->letters[i + 1], (self->count - i) * sizeof *self->letters);
        return true;
    }
    return false;
}

bool guard_mailbox_gone(const struct guard_mailbox *self, uint32_t serial, int from, uint64_t number, uint32_t *last)
{
    uint32_t come = 0, of = 1, found = 0;
    for (size_t i = 0; i < self->count; i++) {
        const struct guard_letter *letter = &self->letters[i].letter;
        if (letter->kind != GUARD_GONE || letter->serial != serial || self->letters[i].from != from)
            continue;
        come++;
        of = letter->gone.letters;
        for (uint32_t k = 0; k < letter->gone.count; k++)
            if (letter->gone.arrivals[k].number == number)
                found = letter->gone.arrivals[k].last;
    }
    if (come < of)
        return false;
    *last = found;
    return true;
}

bool guard_mailbox_any_gone(const struct guard_mailbox *self, uint32_t serial)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->letters[i].letter.kind == GUARD_GONE && self->letters[i].letter.serial == serial)
            return true;
    return false;
}

void guard_mailbox_finish(struct guard_mailbox *self)
{
    free(self->letters);
    *self = (struct guard_mailbox){0};
}
