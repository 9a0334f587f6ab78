/* SPDX-License-Identifier: BSD-2-Clause */
/* filter.h: which tests --filter and --tags choose.
 *
 * A filter has GoogleTest's form: patterns separated by `:`, and after a `-` patterns of what is left out; only * (any
 * text) and ? (any character) are special. A pattern is compared with the whole name of an instance,
 * `halo.ring[np=4]/3`, and with what precedes each of its suffixes, `halo.ring[np=4]` and `halo.ring`: so `halo.ring`
 * chooses all its instances, and
 * `-halo.ring[np=4]` leaves all cases of that size out.
 *
 * A tag expression has words, `and`, `or`, `not` and parentheses; `not` binds strongest, then `and`. A word is true for
 * a test that has that tag.
 */
#ifndef MRT_FILTER_H
#define MRT_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "../mpimock/problem.h"

#define FILTER_DEPTH_MAX 100 /* of parentheses and `not`s inside each other */

/* -EINVAL with a sentence: a second `-`. */
int filter_check(const char *filter, struct problem *problem);
/* Of a filter that filter_check() accepts. */
bool filter_matches(const char *filter, const char *name);

/* -EINVAL with a sentence: what was expected, and where. */
int filter_tags_check(const char *expression, struct problem *problem);
/* Of an expression that filter_tags_check() accepts; `tags` are words separated by blanks. */
bool filter_tags_match(const char *expression, const char *tags);
/* Is the word of `length` characters one of `tags`? */
bool filter_tags_have(const char *tags, const char *word, size_t length);

#endif
