/* SPDX-License-Identifier: BSD-2-Clause */
/* handshake.c: see handshake.h. */
#include "handshake.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "limit.h"

#define SUITES_MAX 4096

/* "halo:8fd03c… heat:77ab12… ": each suite with its hash, in the plan's order. */
static void describe(const struct plan *plan, char text[SUITES_MAX])
{
    size_t at = 0;
    text[0] = '\0';
    for (size_t i = 0; i < plan->count && at < SUITES_MAX;) {
        const char *suite = plan->tests[i].suite;
        while (i < plan->count && strcmp(plan->tests[i].suite, suite) == 0)
            i++;
        at += (size_t)snprintf(text + at, SUITES_MAX - at, "%s:%" PRIx64 " ", suite, plan_suite_hash(plan, suite));
    }
}

/* The first word of `theirs` that `ours` has not got at the same place, or the other way round. */
static void first_difference(const char *ours, const char *theirs, char *word, size_t size)
{
    size_t at = 0, begin = 0;
    while (ours[at] && ours[at] == theirs[at]) {
        at++;
        if (ours[at - 1] == ' ')
            begin = at;
    }
    const char *from = theirs[begin] ? theirs + begin : ours + begin;
    size_t length = strcspn(from, ": ");
    if (*from)
        snprintf(word, size, "suite %.*s", (int)length, from);
    else
        snprintf(word, size, "something beyond the names of suites");
}

/* Rank 0's judgement of one rank. 0, or an exit status with a sentence. */
static int judge(const struct message_hello *ours, const struct message_hello *theirs, int rank, struct problem *problem)
{
    char word[256];
    if (theirs->problem[0]) {
        if (rank == 0)
            problem_set(problem, EINVAL, "%s", theirs->problem);
        else
            problem_set(problem, EINVAL, "rank %d on %s: %s", rank, theirs->host, theirs->problem);
        return EXIT_STATUS_USAGE;
    }
    if (theirs->hash != ours->hash) {
        first_difference(ours->suites, theirs->suites, word, sizeof word);
        problem_set(problem, EINVAL,
                    "rank %d on %s has other tests than rank 0 on %s: %s differs: install the same build, and give the "
                    "same options, on every node",
                    rank, theirs->host, ours->host, word);
        return EXIT_STATUS_INTERNAL;
    }
    return 0;
}

static int gather(struct control *control, const struct message_hello *ours, char *hosts[], struct problem *problem)
{
    int status = judge(ours, ours, 0, problem);
    hosts[0] = strdup(control->host);
    for (int rank = 1; rank < control->size; rank++) {
        struct control_message message;
        struct message_hello theirs;
        if (control_receive(control, rank, &message) != 0 || message.kind != MESSAGE_HELLO ||
            message_hello_decode(message.bytes, message.size, &theirs) != 0) {
            problem_set(problem, EINVAL, "rank %d sent no greeting that this version understands: install one version on every node", rank);
            return EXIT_STATUS_INTERNAL;
        }
        hosts[rank] = strdup(theirs.host);
        if (status == 0)
            status = judge(ours, &theirs, rank, problem);
    }
    return status;
}

int handshake(struct control *control, const struct handshake_settings *settings, char *hosts[], struct problem *problem)
{
    const struct plan *plan = settings->plan;
    char suites[SUITES_MAX];
    describe(plan, suites);
    const struct message_hello ours = {
        .hash = plan_hash(plan), .host = control->host, .suites = suites, .problem = settings->own->text};
    struct wire_writer writer = {0};
    struct control_message message;
    struct message_welcome welcome = {.seconds = settings->seconds};
    int status = EXIT_STATUS_INTERNAL;
    if (control->rank == 0) {
        status = gather(control, &ours, hosts, problem);
        message_welcome_encode(&writer, &(struct message_welcome){.go_on = status == 0, .seconds = settings->seconds});
        for (int rank = 1; rank < control->size; rank++)
            control_send(control, MESSAGE_WELCOME, rank, writer.bytes, writer.size);
    } else {
        message_hello_encode(&writer, &ours);
        if (control_send(control, MESSAGE_HELLO, 0, writer.bytes, writer.size) == 0 &&
            control_receive(control, 0, &message) == 0 && message.kind == MESSAGE_WELCOME &&
            message_welcome_decode(message.bytes, message.size, &welcome) == 0 && welcome.go_on)
            status = 0;
    }
    wire_writer_finish(&writer);
    limit_set_end(clock_now() + welcome.seconds);
    return status;
}
