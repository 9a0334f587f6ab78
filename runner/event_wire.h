/* SPDX-License-Identifier: BSD-2-Clause */
/* event_wire.h: a finished test as bytes, and back: for the journal, and for tries that are kept until a test ends.
 *
 * Output of ranks is bounded: of more than EVENT_OUTPUT_MAX bytes of a rank (less where ranks are many) head and tail are
 * kept. Earlier tries of the test are not part of it. Pure.
 */
#ifndef MRT_EVENT_WIRE_H
#define MRT_EVENT_WIRE_H

#include "event.h"
#include "wire.h"

#define EVENT_OUTPUT_MAX  (256u * 1024)       /* bytes of one rank … */
#define EVENT_OUTPUTS_MAX (16u * 1024 * 1024) /* … and of all ranks together */

void event_wire_put(struct wire_writer *writer, const struct event_test_finished *event);

/* Strings of the event point into the bytes, `ranks` into memory that event_wire_finish() frees. Its name is NULL. -EBADMSG
 * for what event_wire_put() did not write, -ENOMEM. */
int event_wire_get(const void *bytes, size_t size, struct event_test_finished *event);
void event_wire_finish(struct event_test_finished *event);

#endif
