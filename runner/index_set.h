/* SPDX-License-Identifier: BSD-2-Clause */
/* index_set.h: a set of small numbers (a bitmap with summaries above it), in which the next or the last member is found
 * by looking at a few words, however large the set. */
#ifndef MRT_INDEX_SET_H
#define MRT_INDEX_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INDEX_SET_NONE   SIZE_MAX
#define INDEX_SET_LEVELS 6

/* A bit of level 0 is a member; a bit of level i + 1 says that a word of level i is not 0. The last level is one word.
 */
struct index_set {
    uint64_t *words; /* of all levels */
    uint64_t *levels[INDEX_SET_LEVELS];
    int depth;
};

/* For numbers below `room`, which is at least 1; empty. 0 or -ENOMEM. */
int index_set_init(struct index_set *set, size_t room);
void index_set_finish(struct index_set *set);
void index_set_add(struct index_set *set, size_t number);
void index_set_remove(struct index_set *set, size_t number);
bool index_set_has(const struct index_set *set, size_t number);
/* The least member that is not below `from` (which is below `room`), or INDEX_SET_NONE. */
size_t index_set_next(const struct index_set *set, size_t from);
/* The greatest member, or INDEX_SET_NONE. */
size_t index_set_last(const struct index_set *set);

#endif
