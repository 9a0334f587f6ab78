/* SPDX-License-Identifier: BSD-2-Clause */
/* deadlock.c: see deadlock.h. */
#include "deadlock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A report is of now while the next is not overdue. */
#define FRESH (1.5 * GUARD_DEADLOCK_EVERY)

int guard_deadlock_begin(struct guard_deadlock *self, uint32_t size)
{
    self->reports = calloc(size, sizeof *self->reports);
    self->size = self->reports ? size : 0;
    return self->reports ? 0 : -ENOMEM;
}

void guard_deadlock_finish(struct guard_deadlock *self)
{
    free(self->reports);
    *self = (struct guard_deadlock){0};
}

void guard_deadlock_report(struct guard_deadlock *self, uint32_t member, const struct guard_letter *letter, double now)
{
    if (member >= self->size)
        return;
    struct guard_report *report = &self->reports[member];
    if (!report->come || report->letter.blocked.moves != letter->blocked.moves)
        report->since = now;
    report->come = true;
    report->last = now;
    memcpy(&report->letter, letter, guard_letter_size(letter));
}

bool guard_deadlock_is(const struct guard_deadlock *self, double now)
{
    uint64_t sent = 0, received = 0, bytes = 0;
    double since = 0;
    for (uint32_t i = 0; i < self->size; i++) {
        const struct guard_report *report = &self->reports[i];
        if (!report->come || now - report->last > FRESH)
            return false;
        since = report->since > since ? report->since : since;
        sent += report->letter.blocked.sent;
        received += report->letter.blocked.received;
        bytes += report->letter.blocked.bytes;
    }
    /* All have been where they are since then: each has told so, and once more at least the time of a report later. */
    double quiet = 0.9 * GUARD_DEADLOCK_EVERY + (sent == received ? 0 : GUARD_DEADLOCK_QUIET) +
                   (double)bytes / GUARD_DEADLOCK_SLOWEST;
    for (uint32_t i = 0; i < self->size; i++)
        if (self->reports[i].last - since < quiet)
            return false;
    return self->size > 0;
}

void guard_deadlock_text(const struct guard_deadlock *self, char *text, size_t size)
{
    size_t length = (size_t)snprintf(text, size, "all ranks of the team wait:");
    for (uint32_t i = 0; i < self->size && length < size; i++) {
        char line[GUARD_CALL_MAX + 64];
        const struct guard_letter *letter = &self->reports[i].letter;
        int written = letter->blocked.finished ? snprintf(line, sizeof line, "\nrank %u: has ended the test", i)
                                               : snprintf(line, sizeof line, "\nrank %u: %s", i, letter->blocked.call);
        if (length + (size_t)written + 32 >= size && i + 1 < self->size) {
            snprintf(text + length, size - length, "\nand %u more", self->size - i);
            return;
        }
        length += (size_t)snprintf(text + length, size - length, "%s", line);
    }
}
