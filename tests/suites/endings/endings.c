/* SPDX-License-Identifier: BSD-2-Clause */
/* endings.c: see endings.h. */
#undef NDEBUG
#include "endings.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static volatile int sink;

void write_to_address(unsigned long address)
{
    *(volatile int *)address = 1;
    sink++;
}

static int descend(volatile char *memory)
{
    volatile char more[300];
    more[0] = memory[0];
    return sink < 0 ? 0 : descend(more) + more[1];
}

int overflow_the_stack(void)
{
    char first = 0;
    return descend(&first);
}

void die(const char *why, int status)
{
    fprintf(stderr, "endings: %s\n", why);
    exit(status);
}

void give_up_by_abort(void)
{
    abort();
}

void divide(void)
{
#if defined(__x86_64__)
    volatile int zero = 0, hundred = 100;
    sink = hundred / zero;
#else
    raise(SIGFPE); /* other processors do not mind */
#endif
    sink++;
}

void check_argument(int argument)
{
    assert(argument == 17);
    sink++;
}
