/* SPDX-License-Identifier: BSD-2-Clause */
/* message.c: see message.h. */
#include "message.h"

#include <errno.h>

static int decoded(const struct wire_reader *reader)
{
    return wire_reader_done(reader) ? 0 : -EBADMSG;
}

void message_hello_encode(struct wire_writer *writer, const struct message_hello *message)
{
    wire_writer_reset(writer);
    wire_put_u64(writer, message->hash);
    wire_put_string(writer, message->host);
    wire_put_string(writer, message->suites);
    wire_put_u32(writer, message->pid);
    wire_put_u64(writer, message->start);
    wire_put_string(writer, message->problem);
}

int message_hello_decode(const void *bytes, size_t size, struct message_hello *message)
{
    struct wire_reader reader = {.bytes = bytes, .size = size};
    message->hash = wire_get_u64(&reader);
    message->host = wire_get_string(&reader);
    message->suites = wire_get_string(&reader);
    message->pid = wire_get_u32(&reader);
    message->start = wire_get_u64(&reader);
    message->problem = wire_get_string(&reader);
    return decoded(&reader);
}

void message_welcome_encode(struct wire_writer *writer, const struct message_welcome *message)
{
    wire_writer_reset(writer);
    wire_put_u32(writer, message->go_on);
    wire_put_u32(writer, message->incarnation);
    wire_put_f64(writer, message->seconds);
    wire_put_bytes(writer, message->neighbours, message->count * sizeof *message->neighbours);
}

int message_welcome_decode(const void *bytes, size_t size, struct message_welcome *message)
{
    struct wire_reader reader = {.bytes = bytes, .size = size};
    message->go_on = wire_get_u32(&reader) != 0;
    message->incarnation = wire_get_u32(&reader);
    message->seconds = wire_get_f64(&reader);
    size_t bytes_of_neighbours;
    const void *neighbours = wire_get_bytes(&reader, &bytes_of_neighbours);
    if (bytes_of_neighbours % sizeof *message->neighbours != 0)
        return -EBADMSG;
    message->neighbours = bytes_of_neighbours ? neighbours : NULL; /* read by memcpy: they are aligned to nothing */
    message->count = (uint32_t)(bytes_of_neighbours / sizeof *message->neighbours);
    return decoded(&reader);
}

/* Numbers are put so that the decoder can point at them: the message starts on a boundary of malloc's, and everything
 * before an array is a multiple of four bytes long. */
static void put_numbers(struct wire_writer *writer, const uint32_t numbers[], uint32_t count)
{
    wire_put_bytes(writer, numbers, numbers ? count * sizeof *numbers : 0);
}

static const uint32_t *get_numbers(struct wire_reader *reader, uint32_t *count)
{
    size_t size;
    const void *numbers = wire_get_bytes(reader, &size);
    if (size % sizeof(uint32_t) != 0 || (uintptr_t)numbers % _Alignof(uint32_t) != 0 || size / 4 > UINT32_MAX) {
        if (size > 0)
            reader->failed = true;
        size = 0;
    }
    *count = (uint32_t)(size / sizeof(uint32_t));
    return size > 0 ? numbers : NULL;
}

void message_assign_encode(struct wire_writer *writer, const struct message_assign *message)
{
    wire_writer_reset(writer);
    wire_put_u32(writer, message->assignment);
    wire_put_u32(writer, message->serial);
    wire_put_u32(writer, (uint32_t)message->unit);
    put_numbers(writer, message->members, message->size);
    put_numbers(writer, message->incarnations, message->size);
    put_numbers(writer, message->tests, message->count);
}

int message_assign_decode(const void *bytes, size_t size, struct message_assign *message)
{
    struct wire_reader reader = {.bytes = bytes, .size = size};
    message->assignment = wire_get_u32(&reader);
    message->serial = wire_get_u32(&reader);
    message->unit = (int)wire_get_u32(&reader);
    uint32_t processes = 0;
    message->members = get_numbers(&reader, &message->size);
    message->incarnations = get_numbers(&reader, &processes);
    message->tests = get_numbers(&reader, &message->count);
    if (message->size == 0 || (processes != message->size && processes != 0) || message->count == 0 || message->unit < -1)
        return -EBADMSG;
    return decoded(&reader);
}

static void put_how(struct wire_writer *writer, enum how how, int code)
{
    wire_put_u32(writer, how);
    wire_put_u32(writer, (uint32_t)code);
}

static void get_how(struct wire_reader *reader, enum how *how, int *code)
{
    uint32_t number = wire_get_u32(reader);
    *code = (int)wire_get_u32(reader);
    if (number >= HOW_COUNT)
        reader->failed = true;
    *how = number < HOW_COUNT ? (enum how)number : HOW_NORMALLY;
}

void message_result_encode(struct wire_writer *writer, const struct message_result *message)
{
    wire_writer_reset(writer);
    wire_put_u32(writer, message->assignment);
    wire_put_u32(writer, message->test);
    wire_put_u32(writer, message->outcome);
    put_how(writer, message->how, message->code);
    wire_put_f64(writer, message->seconds);
    wire_put_string(writer, message->message);
    wire_put_string(writer, message->place);
    wire_put_string(writer, message->warnings);
    wire_put_bytes(writer, message->output, message->output_size);
    wire_put_u32(writer, 0); /* ends the output with a zero byte, for whoever prints it as a string */
}

int message_result_decode(const void *bytes, size_t size, struct message_result *message)
{
    struct wire_reader reader = {.bytes = bytes, .size = size};
    message->assignment = wire_get_u32(&reader);
    message->test = wire_get_u32(&reader);
    uint32_t outcome = wire_get_u32(&reader);
    get_how(&reader, &message->how, &message->code);
    message->seconds = wire_get_f64(&reader);
    message->message = wire_get_string(&reader);
    message->place = wire_get_string(&reader);
    message->warnings = wire_get_string(&reader);
    message->output = wire_get_bytes(&reader, &message->output_size);
    wire_get_u32(&reader);
    if (outcome >= OUTCOME_COUNT)
        return -EBADMSG;
    message->outcome = (enum outcome)outcome;
    return decoded(&reader);
}

void message_notice_encode(struct wire_writer *writer, const struct message_notice *message)
{
    wire_writer_reset(writer);
    wire_put_u32(writer, message->serial);
    wire_put_u32(writer, message->member);
    wire_put_u32(writer, message->outcome);
    wire_put_string(writer, message->reason);
}

int message_notice_decode(const void *bytes, size_t size, struct message_notice *message)
{
    struct wire_reader reader = {.bytes = bytes, .size = size};
    message->serial = wire_get_u32(&reader);
    message->member = wire_get_u32(&reader);
    uint32_t outcome = wire_get_u32(&reader);
    message->reason = wire_get_string(&reader);
    if (outcome >= OUTCOME_COUNT)
        return -EBADMSG;
    message->outcome = (enum outcome)outcome;
    return decoded(&reader);
}

void message_stop_encode(struct wire_writer *writer, const struct message_stop *message)
{
    wire_writer_reset(writer);
    wire_put_u32(writer, message->broken);
}

int message_stop_decode(const void *bytes, size_t size, struct message_stop *message)
{
    struct wire_reader reader = {.bytes = bytes, .size = size};
    message->broken = wire_get_u32(&reader);
    return decoded(&reader);
}

void message_agree_encode(struct wire_writer *writer, const struct message_agree *message)
{
    wire_writer_reset(writer);
    wire_put_u32(writer, message->serial);
    wire_put_u32(writer, message->followed);
    wire_put_string(writer, message->words);
}

int message_agree_decode(const void *bytes, size_t size, struct message_agree *message)
{
    struct wire_reader reader = {.bytes = bytes, .size = size};
    message->serial = wire_get_u32(&reader);
    message->followed = wire_get_u32(&reader);
    message->words = wire_get_string(&reader);
    return decoded(&reader);
}

void message_lost_encode(struct wire_writer *writer, const struct message_lost *message)
{
    wire_writer_reset(writer);
    wire_put_u32(writer, message->rank);
    wire_put_u32(writer, message->incarnation);
    wire_put_u32(writer, message->test);
    wire_put_u32(writer, message->outcome);
    put_how(writer, message->how, message->code);
    wire_put_string(writer, message->reason);
    wire_put_bytes(writer, message->output, message->output_size);
    wire_put_u32(writer, 0); /* likewise */
}

int message_lost_decode(const void *bytes, size_t size, struct message_lost *message)
{
    struct wire_reader reader = {.bytes = bytes, .size = size};
    message->rank = wire_get_u32(&reader);
    message->incarnation = wire_get_u32(&reader);
    message->test = wire_get_u32(&reader);
    uint32_t outcome = wire_get_u32(&reader);
    get_how(&reader, &message->how, &message->code);
    message->reason = wire_get_string(&reader);
    message->output = wire_get_bytes(&reader, &message->output_size);
    wire_get_u32(&reader);
    if (outcome >= OUTCOME_COUNT)
        return -EBADMSG;
    message->outcome = (enum outcome)outcome;
    return decoded(&reader);
}
