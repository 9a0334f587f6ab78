/* SPDX-License-Identifier: BSD-2-Clause */
/* leftovers_mpi.c: MPI objects that a step never freed, requests that it never completed, messages that nobody received. The
 * front door tells them as the step's world ends; places are looked up only when the step is to be blamed, since that takes
 * milliseconds. */
#include "leftovers_private.h"

#include <string.h>

#include "../mpimock/door.h"
#include "backtrace.h"

/* Those of one place are told in one line. */
struct noted {
    struct mpimock_leftover what;
    size_t times;
};

static struct {
    struct noted first[MPIMOCK_LEFT_COUNT][LINES_OF_A_KIND];
    size_t lines[MPIMOCK_LEFT_COUNT], others[MPIMOCK_LEFT_COUNT];
    bool any;
} left;

static const struct {
    const char *one, *many, *fate;
} words[MPIMOCK_LEFT_COUNT] = {
    /* clang-format off */
    [MPIMOCK_LEFT_COMM] = {"a communicator", "communicators", "freed"},
    [MPIMOCK_LEFT_WIN] = {"a window", "windows", "freed"},
    [MPIMOCK_LEFT_FILE] = {"a file", "files", "closed"},
    [MPIMOCK_LEFT_TYPE] = {"a datatype", "datatypes", "freed"},
    [MPIMOCK_LEFT_GROUP] = {"a group", "groups", "freed"},
    [MPIMOCK_LEFT_OP] = {"an operation", "operations", "freed"},
    [MPIMOCK_LEFT_INFO] = {"an info object", "info objects", "freed"},
    [MPIMOCK_LEFT_ERRHANDLER] = {"an error handler", "error handlers", "freed"},
    [MPIMOCK_LEFT_KEYVAL] = {"a key for attributes", "keys for attributes", "freed"},
    [MPIMOCK_LEFT_REQUEST] = {"a request", "requests", "completed"},
    [MPIMOCK_LEFT_BUFFER] = {"a buffer", "buffers", "detached"},
    [MPIMOCK_LEFT_MESSAGE] = {"a message", "messages", "received"},
    /* clang-format on */
};

static bool is_same(const struct mpimock_leftover *a, const struct mpimock_leftover *b)
{
    return a->function == b->function && a->caller == b->caller && a->source == b->source && a->tag == b->tag && a->bytes == b->bytes;
}

static void note(const struct mpimock_leftover *leftover)
{
    struct noted *first = left.first[leftover->kind];
    size_t *lines = &left.lines[leftover->kind], at = 0;
    left.any = true;
    while (at < *lines && !is_same(&first[at].what, leftover))
        at++;
    if (at == LINES_OF_A_KIND) {
        left.others[leftover->kind]++;
        return;
    }
    if (at == *lines)
        first[(*lines)++] = (struct noted){.what = *leftover};
    first[at].times++;
}

static void tell_one(const struct noted *noted, struct look *look)
{
    const struct mpimock_leftover *what = &noted->what;
    const char *function = mpimock_function_name(what->function), *was = noted->times > 1 ? "were" : "was";
    char place[512] = "", number[32] = "";
    if (noted->times > 1)
        snprintf(number, sizeof number, "%zu ", noted->times);
    const char *name = noted->times > 1 ? words[what->kind].many : words[what->kind].one;
    if (what->kind == MPIMOCK_LEFT_MESSAGE) {
        look_tell(look, "%s%s from rank %d, tag %d, %zu bytes %s never received", number, name, what->source, what->tag,
                  what->bytes, was);
        return;
    }
    bool persistent = what->kind == MPIMOCK_LEFT_REQUEST && strstr(function, "_init");
    if (persistent)
        name = noted->times > 1 ? "persistent requests" : "a persistent request";
    if (what->caller)
        backtrace_place((const char *)what->caller - 1, place, sizeof place);
    look_tell(look, "%s%s from %s%s%s%s %s never %s", number, name, function, place[0] ? " in " : "", place, place[0] ? "," : "",
              was, persistent ? "freed" : words[what->kind].fate);
}

void objects_begin(void)
{
    mpimock_leftover_hook_set(note);
}

void objects_end(void)
{
    mpimock_leftover_hook_set(NULL);
}

void objects_tell(bool blamed, struct look *look)
{
    if (!left.any)
        return;
    for (int kind = 0; kind < MPIMOCK_LEFT_COUNT && blamed; kind++) {
        for (size_t i = 0; i < left.lines[kind]; i++)
            tell_one(&left.first[kind][i], look);
        if (left.others[kind] > 0)
            look_tell(look, "and %zu more %s", left.others[kind], words[kind].many);
    }
    memset(left.lines, 0, sizeof left.lines);
    memset(left.others, 0, sizeof left.others);
    left.any = false;
}
