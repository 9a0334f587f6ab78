/* SPDX-License-Identifier: BSD-2-Clause */
/* random.h: random numbers that are the same on every machine for one seed (xoshiro256**, seeded by splitmix64), unlike
 * the C library's. Not for secrets. */
#ifndef MRT_RANDOM_H
#define MRT_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random_source {
    uint64_t state[4];
};

void random_init(struct random_source *source, uint64_t seed);
uint64_t random_next(struct random_source *source);
/* Evenly from 0 to bound - 1; 0 for bound 0. */
uint64_t random_below(struct random_source *source, uint64_t bound);
/* Every order of the numbers equally likely (Fisher and Yates). */
void random_shuffle(struct random_source *source, size_t numbers[], size_t count);

#endif
