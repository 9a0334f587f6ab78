/* SPDX-License-Identifier: BSD-2-Clause */
/* isolate.c: the rank's side of isolated tests; see isolate.h.
 *
 * Every member of a team gets exactly one result for each test that it has a part in: from its own helper where it is the first
 * member, else from the first member, by message. What never comes is made up here, as an error that says why.
 */
#include "isolate.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "isolate_private.h"
#include "limit.h"

/* Beyond the tests' own time limits, for processes to be made and ended; on a loaded machine too. */
#define PATIENCE_SECONDS 30.0

struct isolate {
    pid_t keeper;   /* 0: none */
    int socket;
    char lost[128]; /* why there is no helper; "": there is one */
    struct isolate_message message;
    struct wire_writer writer;
};

/* ---- Coming and going ---- */

struct isolate *isolate_create(const struct plan *plan, bool capture)
{
    int sockets[2];
    struct isolate *isolate = calloc(1, sizeof *isolate);
    if (!isolate)
        return NULL;
    isolate->socket = -1;
    pid_t self = getpid();
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) {
        snprintf(isolate->lost, sizeof isolate->lost, "no socket pair could be made: %s", strerror(errno));
        return isolate;
    }
    fflush(NULL); /* or children would write what is in the buffers */
    isolate->keeper = fork();
    if (isolate->keeper == 0) {
        close(sockets[0]);
        isolate_keep(plan, capture, sockets[1], self);
    }
    close(sockets[1]);
    isolate->socket = sockets[0];
    if (isolate->keeper < 0) {
        snprintf(isolate->lost, sizeof isolate->lost, "no process could be forked for it: %s", strerror(errno));
        isolate->keeper = 0;
    }
    return isolate;
}

/* With its descendants, and for good. */
static void end_keeper(struct isolate *isolate)
{
    if (isolate->socket >= 0)
        close(isolate->socket);
    isolate->socket = -1;
    if (isolate->keeper > 0) {
        kill(isolate->keeper, SIGKILL);
        while (waitpid(isolate->keeper, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    isolate->keeper = 0;
}

void isolate_destroy(struct isolate *isolate)
{
    if (!isolate)
        return;
    end_keeper(isolate);
    wire_writer_finish(&isolate->message.bytes);
    wire_writer_finish(&isolate->writer);
    free(isolate);
}

/* ---- Results ---- */

static const struct plan_test *test_at(const struct isolate_request *request, uint32_t place)
{
    return &request->plan->tests[request->tests[place]];
}

/* The latest moment at which all results must have come; INFINITY where a test has no limit. */
static double deadline_of(const struct isolate_request *request)
{
    const int unit = request->assignment->unit;
    double seconds = PATIENCE_SECONDS, fixture = unit >= 0 ? plan_unit_timeout(request->plan, &request->plan->units[unit]) : 0;
    if (fixture < 0)
        return INFINITY;
    for (uint32_t i = 0; i < request->count; i++)
        seconds += test_at(request, i)->timeout < 0 ? INFINITY : test_at(request, i)->timeout + 2 * fixture + 5;
    return fmin(clock_now() + seconds, limit_last_moment() + PATIENCE_SECONDS);
}

/* The first place from `place` on of a test in which the member has a part; `count`: none. */
static uint32_t next_of(const struct isolate_request *request, uint32_t member, uint32_t place)
{
    while (place < request->count && !isolate_takes_part(test_at(request, place), member))
        place++;
    return place;
}

/* Gives a result to the member that it is for. */
static int give(const struct isolate_request *request, uint32_t member, uint32_t place, const struct message_result *given)
{
    struct message_result result = *given;
    result.assignment = request->assignment->assignment;
    result.test = request->tests[place];
    if (member == request->me)
        return request->take(request->context, &result);
    struct wire_writer *writer = &request->isolate->writer;
    message_result_encode(writer, &result);
    if (writer->failed)
        return -ENOMEM;
    return control_send(request->control, MESSAGE_ISOLATED, (int)request->assignment->members[member], writer->bytes, writer->size);
}

static int give_error(const struct isolate_request *request, uint32_t member, uint32_t from, const char *words)
{
    int error = 0;
    for (uint32_t at = next_of(request, member, from); at < request->count && !error; at = next_of(request, member, at + 1))
        error = give(request, member, at,
                     &(struct message_result){
                         .outcome = OUTCOME_ERROR, .message = words, .place = "", .warnings = "", .output = ""});
    return error;
}

/* ---- The first member: from its helper ---- */

/* Passes results on as they come; next[member] is the place of its first test that is not told. 1: there is no more to
 * come, and `words` say why something is missing. */
static int pass_on(const struct isolate_request *request, uint32_t next[], double deadline, char *words, size_t size)
{
    struct isolate *isolate = request->isolate;
    struct message_result result;
    int error = isolate_receive(isolate->socket, deadline, &isolate->message);
    const struct wire_writer *bytes = &isolate->message.bytes;
    uint32_t member = isolate->message.member;
    if (error) {
        if (error == -ETIMEDOUT)
            snprintf(isolate->lost, sizeof isolate->lost, "the process that isolates tests did not answer");
        else
            snprintf(isolate->lost, sizeof isolate->lost, "the process that isolates tests is gone");
        end_keeper(isolate);
        snprintf(words, size, "%s", isolate->lost);
        return 1;
    }
    switch (isolate->message.kind) {
    case ISOLATE_RESULT:
        if (member >= request->assignment->size || message_result_decode(bytes->bytes, bytes->size, &result) != 0 ||
            result.test >= request->count || result.test < next[member])
            return 0;
        next[member] = next_of(request, member, result.test + 1);
        return give(request, member, result.test, &result);
    case ISOLATE_LOST:
        snprintf(words, size, "the process that isolates tests %.*s", (int)bytes->size, (const char *)bytes->bytes);
        return 1;
    default:
        snprintf(words, size, "its process gave no result");
        return 1;
    }
}

static int lead(const struct isolate_request *request)
{
    struct isolate *isolate = request->isolate;
    const uint32_t size = request->assignment->size;
    char words[256];
    int error = 0;
    uint32_t *next = calloc(size, sizeof *next);
    if (!next)
        return -ENOMEM;
    isolate_run_encode(&isolate->writer, request->plan,
                       &(struct isolate_run){.size = size,
                                             .unit = request->assignment->unit >= 0,
                                             .end = limit_last_moment(),
                                             .count = request->count,
                                             .tests = request->tests});
    if (!isolate->lost[0] && (isolate->writer.failed || isolate_send(isolate->socket, ISOLATE_RUN, 0, isolate->writer.bytes,
                                                                     isolate->writer.size) != 0))
        snprintf(isolate->lost, sizeof isolate->lost, "the process that isolates tests is gone");
    snprintf(words, sizeof words, "%s", isolate->lost);
    double deadline = deadline_of(request);
    for (bool more = !isolate->lost[0]; more && error >= 0; more = error == 0)
        error = pass_on(request, next, deadline, words, sizeof words);
    char message[320];
    snprintf(message, sizeof message, "could not be isolated: %s", words);
    for (uint32_t i = 0; i < size && error >= 0; i++)
        error = give_error(request, i, next[i], message);
    free(next);
    return error < 0 ? error : 0;
}

/* ---- The others: from the first ---- */

static int follow(const struct isolate_request *request)
{
    const double deadline = deadline_of(request);
    uint32_t place = next_of(request, request->me, 0);
    int error = 0;
    while (place < request->count && !error) {
        struct control_message message;
        struct message_result result;
        error = control_receive_until(request->control, (int)request->assignment->members[0], deadline, &message);
        if (error == -ETIMEDOUT)
            return give_error(request, request->me, place, "could not be isolated: the rank whose process ran it says nothing");
        if (error)
            return error;
        if (message.kind != MESSAGE_ISOLATED || message_result_decode(message.bytes, message.size, &result) != 0 ||
            result.assignment != request->assignment->assignment || result.test != request->tests[place])
            continue; /* of an earlier team, too late */
        error = give(request, request->me, place, &result);
        place = next_of(request, request->me, place + 1);
    }
    return error;
}

int isolate_run(const struct isolate_request *request)
{
    return request->me == 0 ? lead(request) : follow(request);
}
