/* SPDX-License-Identifier: BSD-2-Clause */
/* isolate_packet.c: packets and requests; see isolate_private.h. */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "clock.h"
#include "isolate_private.h"

#define PACKET_HEAD offsetof(struct isolate_packet, bytes)

int isolate_send(int socket, enum isolate_packet_kind kind, uint32_t member, const void *bytes, size_t size)
{
    struct isolate_packet packet = {.kind = kind, .member = member};
    size_t at = 0;
    do {
        size_t part = size - at < sizeof packet.bytes ? size - at : sizeof packet.bytes;
        packet.size = (uint32_t)part;
        packet.more = at + part < size;
        if (part > 0)
            memcpy(packet.bytes, (const unsigned char *)bytes + at, part);
        ssize_t sent;
        do
            sent = send(socket, &packet, PACKET_HEAD + part, MSG_NOSIGNAL);
        while (sent < 0 && errno == EINTR);
        if (sent < 0)
            return -errno;
        at += part;
    } while (at < size);
    return 0;
}

static int wait_until_readable(int socket, double deadline)
{
    for (;;) {
        double left = deadline - clock_now();
        int milliseconds = isinf(deadline) ? -1 : left <= 0 ? 0 : left > 1e6 ? 1000000000 : (int)ceil(1e3 * left);
        int ready = poll(&(struct pollfd){.fd = socket, .events = POLLIN}, 1, milliseconds);
        if (ready > 0)
            return 0;
        if (ready == 0 && milliseconds < 1000000000)
            return -ETIMEDOUT;
        if (ready < 0 && errno != EINTR)
            return -errno;
    }
}

int isolate_receive(int socket, double deadline, struct isolate_message *message)
{
    struct isolate_packet packet;
    wire_writer_reset(&message->bytes);
    do {
        int error = wait_until_readable(socket, deadline);
        if (error)
            return error;
        ssize_t got = recv(socket, &packet, sizeof packet, 0);
        if (got < 0 && errno == EINTR) {
            packet.more = 1;
            continue;
        }
        if (got <= 0)
            return got < 0 && errno != ECONNRESET ? -errno : -EPIPE;
        if ((size_t)got < PACKET_HEAD || packet.size != (size_t)got - PACKET_HEAD)
            return -EBADMSG;
        if (packet.kind == ISOLATE_LOST)
            wire_writer_reset(&message->bytes);
        message->kind = (enum isolate_packet_kind)packet.kind;
        message->member = packet.member;
        wire_put_raw(&message->bytes, packet.bytes, packet.size);
    } while (packet.more);
    return message->bytes.failed ? -ENOMEM : 0;
}

/* ---- Requests ---- */

void isolate_run_encode(struct wire_writer *writer, const struct plan *plan, const struct isolate_run *run)
{
    wire_writer_reset(writer);
    wire_put_u32(writer, run->size);
    wire_put_u32(writer, run->unit);
    wire_put_f64(writer, run->end);
    wire_put_u32(writer, run->count);
    for (uint32_t i = 0; i < run->count; i++)
        wire_put_string(writer, plan->tests[run->tests[i]].name);
}

/* Most often the plan has the same order, and the next name is the next test: the search begins there. */
static bool find_test(const struct plan *plan, const char *name, uint32_t *place)
{
    for (size_t i = 0; i < plan->count; i++) {
        size_t at = (*place + i) % plan->count;
        if (strcmp(plan->tests[at].name, name) == 0) {
            *place = (uint32_t)at;
            return true;
        }
    }
    return false;
}

int isolate_run_decode(const void *bytes, size_t size, const struct plan *plan, struct isolate_run *run)
{
    static uint32_t place;
    struct wire_reader reader = {.bytes = bytes, .size = size};
    *run = (struct isolate_run){.size = wire_get_u32(&reader), .unit = wire_get_u32(&reader) != 0};
    run->end = wire_get_f64(&reader);
    run->count = wire_get_u32(&reader);
    if (reader.failed || run->size == 0 || run->count == 0 || run->count > plan->count)
        return -EBADMSG;
    uint32_t *tests = calloc(run->count, sizeof *tests);
    int error = tests ? 0 : -ENOMEM;
    for (uint32_t i = 0; i < run->count && !error; i++) {
        const char *name = wire_get_string(&reader);
        if (reader.failed)
            error = -EBADMSG;
        else if (!find_test(plan, name, &place))
            error = -ENOENT;
        else
            tests[i] = place++;
    }
    if (!error && !wire_reader_done(&reader))
        error = -EBADMSG;
    if (error) {
        free(tests);
        return error;
    }
    run->tests = tests;
    return 0;
}
