/* SPDX-License-Identifier: BSD-2-Clause */
/* hash.c: see hash.h. FNV-1a as in RFC 9923. */
#include "hash.h"

#include <string.h>

#define PRIME UINT64_C(0x100000001b3)

uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t size)
{
    const unsigned char *byte = bytes;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ byte[i]) * PRIME;
    return hash;
}

uint64_t hash_string(uint64_t hash, const char *string)
{
    return hash_bytes(hash, string, strlen(string) + 1);
}

uint64_t hash_number(uint64_t hash, uint64_t number)
{
    for (int i = 0; i < 8; i++, number >>= 8)
        hash = (hash ^ (number & 0xff)) * PRIME;
    return hash;
}
