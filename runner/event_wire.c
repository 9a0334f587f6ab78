/* SPDX-License-Identifier: BSD-2-Clause */
/* event_wire.c: see event_wire.h. */
#include "event_wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RANK_BYTES 40 /* of a rank, at the least: no count in a message can make us allocate much more than it holds */

/* Bytes with a zero byte behind, which does not count. */
static void put_output(struct wire_writer *writer, const char *output, size_t size, size_t bound)
{
    if (size <= bound) {
        wire_put_bytes(writer, output, size);
        return;
    }
    char middle[64], *cut = malloc(bound + sizeof middle);
    size_t half = bound / 2;
    if (!cut) {
        wire_put_bytes(writer, output, half);
        return;
    }
    int length = snprintf(middle, sizeof middle, "\n[… %zu bytes left out …]\n", size - 2 * half);
    memcpy(cut, output, half);
    memcpy(cut + half, middle, (size_t)length);
    memcpy(cut + half + (size_t)length, output + size - half, half);
    wire_put_bytes(writer, cut, 2 * half + (size_t)length);
    free(cut);
}

static void put_rank(struct wire_writer *writer, const struct event_rank_result *rank, size_t bound)
{
    wire_put_u32(writer, (uint32_t)rank->rank);
    wire_put_u32(writer, (uint32_t)rank->team_rank);
    wire_put_u32(writer, (uint32_t)rank->outcome);
    wire_put_f64(writer, rank->seconds);
    wire_put_string(writer, rank->node);
    wire_put_string(writer, rank->message);
    wire_put_string(writer, rank->place);
    wire_put_string(writer, rank->warnings);
    put_output(writer, rank->output ? rank->output : "", rank->output ? rank->output_size : 0, bound);
}

void event_wire_put(struct wire_writer *writer, const struct event_test_finished *event)
{
    size_t bound = event->size > 0 ? EVENT_OUTPUTS_MAX / (size_t)event->size : 0;
    if (bound > EVENT_OUTPUT_MAX)
        bound = EVENT_OUTPUT_MAX;
    wire_put_u64(writer, event->test);
    wire_put_u32(writer, (uint32_t)event->outcome);
    wire_put_f64(writer, event->seconds);
    wire_put_string(writer, event->message);
    wire_put_u32(writer, (uint32_t)event->size);
    for (int i = 0; i < event->size; i++)
        put_rank(writer, &event->ranks[i], bound);
}

static enum outcome get_outcome(struct wire_reader *reader)
{
    uint32_t outcome = wire_get_u32(reader);
    if (outcome >= OUTCOME_COUNT)
        reader->failed = true;
    return outcome < OUTCOME_COUNT ? (enum outcome)outcome : OUTCOME_ERROR;
}

static void get_rank(struct wire_reader *reader, struct event_rank_result *rank)
{
    rank->rank = (int)wire_get_u32(reader);
    rank->team_rank = (int)wire_get_u32(reader);
    rank->outcome = get_outcome(reader);
    rank->seconds = wire_get_f64(reader);
    rank->node = wire_get_string(reader);
    rank->message = wire_get_string(reader);
    rank->place = wire_get_string(reader);
    rank->warnings = wire_get_string(reader);
    rank->output = wire_get_bytes(reader, &rank->output_size);
    if (!rank->output)
        rank->output = "";
    if (rank->rank < 0 || rank->team_rank < 0)
        reader->failed = true;
}

int event_wire_get(const void *bytes, size_t size, struct event_test_finished *event)
{
    struct wire_reader reader = {.bytes = bytes, .size = size};
    struct event_test_finished got = {.test = wire_get_u64(&reader)};
    got.outcome = get_outcome(&reader);
    got.seconds = wire_get_f64(&reader);
    got.message = wire_get_string(&reader);
    uint32_t count = wire_get_u32(&reader);
    if (reader.failed || count > size / RANK_BYTES)
        return -EBADMSG;
    struct event_rank_result *ranks = calloc(count ? count : 1, sizeof *ranks);
    if (!ranks)
        return -ENOMEM;
    for (uint32_t i = 0; i < count; i++)
        get_rank(&reader, &ranks[i]);
    if (!wire_reader_done(&reader)) {
        free(ranks);
        return -EBADMSG;
    }
    got.ranks = ranks;
    got.size = (int)count;
    *event = got;
    return 0;
}

void event_wire_finish(struct event_test_finished *event)
{
    free((void *)event->ranks);
    event->ranks = NULL;
    event->size = 0;
}
