/* SPDX-License-Identifier: BSD-2-Clause */
/* signals_safe.h: may a signal's handler leave what it interrupted by a long jump?
 *
 * Not out of the allocator (a lock would stay taken, a list half changed; and if that is where it crashed, the heap is corrupt),
 * the loader, or an MPI library. Other functions of the C library may be left when they crash, as memcpy() or qsort() with a
 * bad pointer do; but not when they are merely interrupted, unless they wait in the kernel.
 */
#ifndef MRT_SIGNALS_SAFE_H
#define MRT_SIGNALS_SAFE_H

#include <stdbool.h>
#include <stddef.h>

/* Learns where these functions and libraries are; not in a handler. Again after libraries were loaded. */
void signals_safe_begin(void);
/* In a handler, of a backtrace of what it interrupted. `own`: the thread itself is the cause; `aborted`: by SIGABRT. NULL: yes;
 * else why not, in words that go after "in ". */
const char *signals_unsafe(void *const pcs[], size_t frames, const void *context, bool own, bool aborted);

#endif
