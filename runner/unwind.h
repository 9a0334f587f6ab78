/* SPDX-License-Identifier: BSD-2-Clause */
/* unwind.h: may this thread be taken out of what it computes by a long jump, from a signal's handler?
 *
 * Only where it holds nothing of anybody's: the program counter is in code of the user's, or the thread sleeps in one of the
 * kernel's calls that wait (sleep, poll, read, a lock …). Not in the C library, the loader, an MPI or this runner: a long jump
 * out of malloc() leaves its lock taken and its lists broken. (Whether a call of MPI is below on the stack is the caller's
 * matter.)
 */
#ifndef MRT_UNWIND_H
#define MRT_UNWIND_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <ucontext.h>

/* Learns where the libraries are; again after more were loaded. Not in a handler. */
void unwind_begin(void);
/* Of another thread of this process, before it is sent the signal: in which of the kernel's calls does it sleep? The handler
 * then knows. */
void unwind_look(pid_t thread);
/* In the handler. */
bool unwind_is_safe(const ucontext_t *context);
/* The program counter of a handler's context. */
uintptr_t unwind_counter(const ucontext_t *context);

#endif
