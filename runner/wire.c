/* SPDX-License-Identifier: BSD-2-Clause */
/* wire.c: see wire.h. */
#include "wire.h"

#include <stdlib.h>
#include <string.h>

void wire_writer_reset(struct wire_writer *writer)
{
    writer->size = 0;
    writer->failed = false;
}

void wire_writer_finish(struct wire_writer *writer)
{
    free(writer->bytes);
    *writer = (struct wire_writer){0};
}

static void put(struct wire_writer *writer, const void *bytes, size_t size)
{
    if (writer->failed || size == 0)
        return;
    if (size > writer->capacity - writer->size) {
        size_t capacity = writer->capacity ? writer->capacity : 256;
        while (capacity - writer->size < size)
            capacity *= 2;
        unsigned char *grown = realloc(writer->bytes, capacity);
        if (!grown) {
            writer->failed = true;
            return;
        }
        writer->bytes = grown;
        writer->capacity = capacity;
    }
    memcpy(writer->bytes + writer->size, bytes, size);
    writer->size += size;
}

void wire_put_u32(struct wire_writer *writer, uint32_t value)
{
    put(writer, &value, sizeof value);
}

void wire_put_u64(struct wire_writer *writer, uint64_t value)
{
    put(writer, &value, sizeof value);
}

void wire_put_f64(struct wire_writer *writer, double value)
{
    put(writer, &value, sizeof value);
}

void wire_put_bytes(struct wire_writer *writer, const void *bytes, size_t size)
{
    wire_put_u64(writer, size);
    put(writer, bytes, size);
}

void wire_put_raw(struct wire_writer *writer, const void *bytes, size_t size)
{
    put(writer, bytes, size);
}

void wire_put_string(struct wire_writer *writer, const char *string)
{
    if (!string)
        string = "";
    wire_put_bytes(writer, string, strlen(string) + 1);
}

static void get(struct wire_reader *reader, void *value, size_t size)
{
    if (reader->failed || reader->size - reader->at < size) {
        reader->failed = true;
        memset(value, 0, size);
        return;
    }
    memcpy(value, reader->bytes + reader->at, size);
    reader->at += size;
}

uint32_t wire_get_u32(struct wire_reader *reader)
{
    uint32_t value;
    get(reader, &value, sizeof value);
    return value;
}

uint64_t wire_get_u64(struct wire_reader *reader)
{
    uint64_t value;
    get(reader, &value, sizeof value);
    return value;
}

double wire_get_f64(struct wire_reader *reader)
{
    double value;
    get(reader, &value, sizeof value);
    return value;
}

const void *wire_get_bytes(struct wire_reader *reader, size_t *size)
{
    uint64_t length = wire_get_u64(reader);
    if (reader->failed || reader->size - reader->at < length) {
        reader->failed = true;
        *size = 0;
        return "";
    }
    const void *bytes = reader->bytes + reader->at;
    reader->at += length;
    *size = length;
    return bytes;
}

const char *wire_get_string(struct wire_reader *reader)
{
    size_t size;
    const char *string = wire_get_bytes(reader, &size);
    if (reader->failed || size == 0 || string[size - 1] != '\0') {
        reader->failed = true;
        return "";
    }
    return string;
}

bool wire_reader_done(const struct wire_reader *reader)
{
    return !reader->failed && reader->at == reader->size;
}
