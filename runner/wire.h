/* SPDX-License-Identifier: BSD-2-Clause */
/* wire.h: values in messages between ranks, as bytes in the host's order (one job runs on one kind of machine; the
 * registry's hash, compared at start, would differ otherwise).
 *
 * Neither writer nor reader stops at a mistake: they remember it in `failed`, and every further value is nothing. The
 * caller checks once, at the end. A reader never reads past the bytes that it was given.
 */
#ifndef MRT_WIRE_H
#define MRT_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire_writer {
    unsigned char *bytes; /* grown as needed; freed by wire_writer_finish */
    size_t size, capacity;
    bool failed; /* out of memory */
};
void wire_writer_reset(struct wire_writer *writer); /* empty again, memory kept */
void wire_writer_finish(struct wire_writer *writer);
void wire_put_u32(struct wire_writer *writer, uint32_t value);
void wire_put_u64(struct wire_writer *writer, uint64_t value);
void wire_put_f64(struct wire_writer *writer, double value);
void wire_put_bytes(struct wire_writer *writer, const void *bytes, size_t size);
void wire_put_raw(struct wire_writer *writer, const void *bytes, size_t size); /* without their number */
void wire_put_string(struct wire_writer *writer, const char *string); /* NULL as "" */

struct wire_reader {
    const unsigned char *bytes;
    size_t size, at;
    bool failed; /* the message was too short, or a length in it is a lie */
};
uint32_t wire_get_u32(struct wire_reader *reader);
uint64_t wire_get_u64(struct wire_reader *reader);
double wire_get_f64(struct wire_reader *reader);
/* A pointer into the message, with its size. */
const void *wire_get_bytes(struct wire_reader *reader, size_t *size);
/* Likewise, ending with a zero byte that travelled with it; "" after a mistake. */
const char *wire_get_string(struct wire_reader *reader);
/* True if all went well and nothing is left over. */
bool wire_reader_done(const struct wire_reader *reader);

#endif
