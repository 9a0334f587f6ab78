/* SPDX-License-Identifier: BSD-2-Clause */
/* checkpoint.h: writes a simulation's state every so many seconds and keeps the last few, on whatever storage is given.
 */
#ifndef CHECKPOINT_H
#define CHECKPOINT_H

#include <stddef.h>

/* Where checkpoints go. Each returns 0 or a negative errno value. */
struct storage {
    int (*put)(void *self, const char *name, const void *data, size_t size);
    int (*remove)(void *self, const char *name);
    void *self;
};

/* Seconds that have passed; the program that uses checkpoints defines it. */
double checkpoint_clock(void);

struct checkpoint;

/* The first is due `every` seconds from now. At most `keep` (at least 1) stay on the storage. NULL: no memory. */
struct checkpoint *checkpoint_create(const struct storage *storage, const char *stem, double every, int keep);
void checkpoint_destroy(struct checkpoint *checkpoint);

/* Writes `data` as stem.0, stem.1 … if one is due, then removes the one that is too many. Returns 1: written, 0: not
 * due, or the negative errno value of a write that failed three times. An old one that cannot be removed is no error.
 */
int checkpoint_offer(struct checkpoint *checkpoint, const void *data, size_t size);

#endif
