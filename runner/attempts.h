/* SPDX-License-Identifier: BSD-2-Clause */
/* attempts.h: what came of tests that will be run again (--retries), kept until they end. */
#ifndef MRT_ATTEMPTS_H
#define MRT_ATTEMPTS_H

#include <stdbool.h>
#include <stddef.h>

#include "event.h"

#define ATTEMPTS_BYTES_MAX (256u * 1024 * 1024) /* of all that is kept: beyond it, what ranks said and wrote is not */

struct attempts;

/* For tests 0 … count - 1. NULL: out of memory. */
struct attempts *attempts_create(size_t count);
void attempts_destroy(struct attempts *attempts); /* NULL is allowed */
/* Keeps a try of event->test. 0 or -ENOMEM. */
int attempts_keep(struct attempts *attempts, const struct event_test_finished *event);
/* The same, as event_wire_put() wrote it. Also -EBADMSG. */
int attempts_keep_bytes(struct attempts *attempts, size_t test, const void *bytes, size_t size);
int attempts_count(const struct attempts *attempts, size_t test);
/* The kept tries of a test, the first first, each with this name: [attempts_count()] events, valid until the next call for
 * any test. NULL where there are none, or out of memory. */
const struct event_test_finished *attempts_of(struct attempts *attempts, size_t test, const char *name);

#endif
