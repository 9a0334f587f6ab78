/* SPDX-License-Identifier: BSD-2-Clause */
/* hash.h: a 64-bit hash (FNV-1a) that is the same on every machine: to compare what the ranks of a run have, not to
 * resist an attacker. Start from HASH_START and hand each result to the next call. */
#ifndef MRT_HASH_H
#define MRT_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_START UINT64_C(0xcbf29ce484222325)

uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t size);
/* With its final NUL, so that "ab" "c" and "a" "bc" differ. */
uint64_t hash_string(uint64_t hash, const char *string);
/* By value, whatever the byte order. */
uint64_t hash_number(uint64_t hash, uint64_t number);

#endif
