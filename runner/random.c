/* SPDX-License-Identifier: BSD-2-Clause */
/* random.c: see random.h. The generators are those of Blackman and Vigna (public domain), written anew. */
#include "random.h"

static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t rotate_left(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

void random_init(struct random_source *source, uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        source->state[i] = splitmix64(&seed);
}

uint64_t random_next(struct random_source *source)
{
    uint64_t *s = source->state;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t random_below(struct random_source *source, uint64_t bound)
{
    if (bound == 0)
        return 0;
    /* 2^64 mod bound: below it the low numbers would come once too often. */
    uint64_t uneven = -bound % bound, number;
    do
        number = random_next(source);
    while (number < uneven);
    return number % bound;
}

void random_shuffle(struct random_source *source, size_t numbers[], size_t count)
{
    for (size_t left = count; left > 1; left--) {
        size_t pick = (size_t)random_below(source, left), last = left - 1;
        size_t number = numbers[pick];
        numbers[pick] = numbers[last];
        numbers[last] = number;
    }
}
