/* SPDX-License-Identifier: BSD-2-Clause */
/* cmocka_text.h: the sentence of a failure, out of what cmocka prints about it.
 *
 * cmocka prints "[  ERROR   ] --- 0x1 != 0x2", "[   LINE   ] --- halo.c:88: error: Failure!" and lines about its own
 * totals; people want "halo.c:88: 0x1 != 0x2". Lines of a form that is not known are kept as they are, so that nothing is
 * lost to a cmocka of another version.
 */
#ifndef MRT_CMOCKA_TEXT_H
#define MRT_CMOCKA_TEXT_H

#include <stddef.h>

/* The message in `size` bytes of cmocka's chatter, without a newline at its end; the caller frees. NULL: out of memory. */
char *cmocka_text_message(const char *chatter, size_t size);
/* Where the chatter begins in output whose end was not marked, because a fixture was left by a long jump: the last line
 * that opens a report of cmocka's, or `size`. */
size_t cmocka_text_begin(const char *output, size_t size);

#endif
