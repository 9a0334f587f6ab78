/* SPDX-License-Identifier: BSD-2-Clause */
/* attempts.c: see attempts.h. */
#include "attempts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "event_wire.h"

struct attempt {
    struct attempt *next;
    size_t size;
    unsigned char bytes[];
};
struct attempts {
    struct attempt **first; /* [count] */
    size_t count, bytes;
    struct wire_writer writer;
    struct event_test_finished *events; /* [event_count] as handed out last */
    int event_count;
};

struct attempts *attempts_create(size_t count)
{
    struct attempts *attempts = calloc(1, sizeof *attempts);
    if (attempts)
        attempts->first = calloc(count ? count : 1, sizeof(struct attempt *));
    if (!attempts || !attempts->first) {
        free(attempts);
        return NULL;
    }
    attempts->count = count;
    return attempts;
}

static void forget_events(struct attempts *attempts)
{
    for (int i = 0; i < attempts->event_count; i++)
        event_wire_finish(&attempts->events[i]);
    free(attempts->events);
    attempts->events = NULL;
    attempts->event_count = 0;
}

void attempts_destroy(struct attempts *attempts)
{
    if (!attempts)
        return;
    forget_events(attempts);
    for (size_t i = 0; i < attempts->count; i++)
        for (struct attempt *attempt = attempts->first[i], *next; attempt; attempt = next) {
            next = attempt->next;
            free(attempt);
        }
    wire_writer_finish(&attempts->writer);
    free(attempts->first);
    free(attempts);
}

int attempts_keep_bytes(struct attempts *attempts, size_t test, const void *bytes, size_t size)
{
    struct event_test_finished event;
    int error = event_wire_get(bytes, size, &event);
    if (error)
        return error;
    event_wire_finish(&event);
    struct attempt *attempt = malloc(sizeof *attempt + size), **last = &attempts->first[test];
    if (!attempt)
        return -ENOMEM;
    attempt->next = NULL;
    attempt->size = size;
    memcpy(attempt->bytes, bytes, size);
    while (*last)
        last = &(*last)->next;
    *last = attempt;
    attempts->bytes += size;
    return 0;
}

int attempts_keep(struct attempts *attempts, const struct event_test_finished *event)
{
    struct event_test_finished bare = *event;
    if (attempts->bytes > ATTEMPTS_BYTES_MAX)
        bare.size = 0;
    wire_writer_reset(&attempts->writer);
    event_wire_put(&attempts->writer, &bare);
    if (attempts->writer.failed)
        return -ENOMEM;
    return attempts_keep_bytes(attempts, event->test, attempts->writer.bytes, attempts->writer.size);
}

int attempts_count(const struct attempts *attempts, size_t test)
{
    int count = 0;
    for (const struct attempt *attempt = attempts->first[test]; attempt; attempt = attempt->next)
        count++;
    return count;
}

const struct event_test_finished *attempts_of(struct attempts *attempts, size_t test, const char *name)
{
    int count = attempts_count(attempts, test);
    forget_events(attempts);
    if (count == 0 || !(attempts->events = calloc((size_t)count, sizeof *attempts->events)))
        return NULL;
    for (const struct attempt *attempt = attempts->first[test]; attempt; attempt = attempt->next) {
        if (event_wire_get(attempt->bytes, attempt->size, &attempts->events[attempts->event_count]) != 0)
            return NULL;
        attempts->events[attempts->event_count++].name = name;
    }
    return attempts->events;
}
