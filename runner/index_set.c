/* SPDX-License-Identifier: BSD-2-Clause */
/* index_set.c: see index_set.h. */
#include "index_set.h"

#include <errno.h>
#include <stdlib.h>

static uint64_t bit(size_t number)
{
    return UINT64_C(1) << (number % 64);
}

int index_set_init(struct index_set *set, size_t room)
{
    size_t sizes[INDEX_SET_LEVELS], total = 0, size = room;
    int depth = 0;
    do {
        if (depth == INDEX_SET_LEVELS)
            return -ENOMEM;
        size = (size + 63) / 64;
        sizes[depth++] = size;
        total += size;
    } while (size > 1);
    uint64_t *words = calloc(total, sizeof *words);
    if (!words)
        return -ENOMEM;
    *set = (struct index_set){.words = words, .depth = depth};
    for (int level = 0; level < depth; words += sizes[level++])
        set->levels[level] = words;
    return 0;
}

void index_set_finish(struct index_set *set)
{
    free(set->words);
    *set = (struct index_set){0};
}

void index_set_add(struct index_set *set, size_t number)
{
    for (int level = 0; level < set->depth; level++, number /= 64)
        set->levels[level][number / 64] |= bit(number);
}

void index_set_remove(struct index_set *set, size_t number)
{
    for (int level = 0; level < set->depth; level++, number /= 64) {
        set->levels[level][number / 64] &= ~bit(number);
        if (set->levels[level][number / 64])
            return;
    }
}

bool index_set_has(const struct index_set *set, size_t number)
{
    return set->levels[0][number / 64] & bit(number);
}

/* The least member under the word `place` of `level`, which is not 0. */
static size_t least_under(const struct index_set *set, int level, size_t place)
{
    for (;; level--) {
        place = place * 64 + (size_t)__builtin_ctzll(set->levels[level][place]);
        if (level == 0)
            return place;
    }
}

size_t index_set_next(const struct index_set *set, size_t from)
{
    size_t place = from;
    uint64_t word = set->levels[0][place / 64] & -bit(place);
    for (int level = 0;;) {
        if (word) {
            place = place / 64 * 64 + (size_t)__builtin_ctzll(word);
            return level == 0 ? place : least_under(set, level - 1, place);
        }
        if (++level == set->depth)
            return INDEX_SET_NONE;
        place /= 64; /* the word just looked at; now those after it */
        word = place % 64 == 63 ? 0 : set->levels[level][place / 64] & -bit(place + 1);
    }
}

size_t index_set_last(const struct index_set *set)
{
    int level = set->depth - 1;
    if (!set->levels[level][0])
        return INDEX_SET_NONE;
    for (size_t place = 0;; level--) {
        place = place * 64 + 63 - (size_t)__builtin_clzll(set->levels[level][place]);
        if (level == 0)
            return place;
    }
}
