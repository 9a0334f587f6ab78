/* SPDX-License-Identifier: BSD-2-Clause */
/* journal_open.h: the journal of a run, as its options say. */
#ifndef MRT_JOURNAL_OPEN_H
#define MRT_JOURNAL_OPEN_H

#include "journal.h"
#include "options.h"

struct journal_opening {
    const struct options *options;
    const struct plan *plan;
    uint64_t seed;
    const struct journal *journal; /* to go on with, at `path`; NULL: a new one */
    const char *path;
};

/* *file becomes the journal, or NULL where there is none: because none is wanted, or none can be made where nobody named one
 * (then `warning` says why). A negative errno value with a sentence where the one that was named cannot be written. */
int journal_open(const struct journal_opening *opening, struct journal_file **file, struct problem *warning,
                 struct problem *problem);

#endif
