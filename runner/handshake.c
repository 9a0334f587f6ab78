/* SPDX-License-Identifier: BSD-2-Clause */
/* handshake.c: see handshake.h. */
#include "handshake.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "limit.h"
#include "loss.h"
#include "watch.h"

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

static int gather(struct control *control, const struct message_hello *ours, char *hosts[], struct message_neighbour processes[],
                  struct problem *problem)
{
    int status = judge(ours, ours, 0, problem);
    hosts[0] = strdup(control->host);
    processes[0] = (struct message_neighbour){.rank = 0, .pid = ours->pid, .start = ours->start};
    for (int rank = 1; rank < control->size; rank++) {
        struct control_message message;
        struct message_hello theirs;
        if (control_receive(control, rank, &message) != 0 || message.kind != MESSAGE_HELLO ||
            message_hello_decode(message.bytes, message.size, &theirs) != 0) {
            problem_set(problem, EINVAL, "rank %d sent no greeting that this version understands: install one version on every node", rank);
            return EXIT_STATUS_INTERNAL;
        }
        hosts[rank] = strdup(theirs.host);
        processes[rank] = (struct message_neighbour){.rank = (uint32_t)rank, .pid = theirs.pid, .start = theirs.start};
        if (status == 0)
            status = judge(ours, &theirs, rank, problem);
    }
    return status;
}

/* Moves the processes on that rank's host to the front, and says how many they are; their order is nobody's matter. None on the
 * mock, where the supervisor sees who dies. */
static uint32_t neighbours_of(const struct control *control, int rank, char *const hosts[], struct message_neighbour processes[])
{
    uint32_t count = 0;
    for (uint32_t i = 0; control->real && i < (uint32_t)control->size; i++)
        if (strcmp(hosts[processes[i].rank], hosts[rank]) == 0) {
            struct message_neighbour one = processes[i];
            processes[i] = processes[count];
            processes[count++] = one;
        }
    return count;
}

static void welcome_rank(struct control *control, int rank, bool go_on, double seconds, char *const hosts[],
                         struct message_neighbour processes[])
{
    struct wire_writer writer = {0};
    message_welcome_encode(&writer, &(struct message_welcome){.go_on = go_on,
                                                              .seconds = seconds,
                                                              .neighbours = processes,
                                                              .count = go_on ? neighbours_of(control, rank, hosts, processes) : 0});
    control_send(control, MESSAGE_WELCOME, rank, writer.bytes, writer.size);
    wire_writer_finish(&writer);
}

static void expect(const struct message_welcome *welcome)
{
    for (uint32_t i = 0; i < welcome->count; i++) {
        struct message_neighbour one;
        memcpy(&one, (const char *)welcome->neighbours + i * sizeof one, sizeof one);
        loss_expect(one.rank, (pid_t)one.pid, one.start);
    }
}

int handshake(struct control *control, const struct handshake_settings *settings, char *hosts[], struct problem *problem)
{
    const struct plan *plan = settings->plan;
    char suites[SUITES_MAX];
    describe(plan, suites);
    const struct message_hello ours = {.hash = plan_hash(plan),
                                       .host = control->host,
                                       .suites = suites,
                                       .pid = (uint32_t)getpid(),
                                       .start = process_start(getpid()),
                                       .problem = settings->own->text};
    struct message_neighbour *processes = calloc((size_t)control->size, sizeof *processes);
    struct wire_writer writer = {0};
    struct control_message message;
    struct message_welcome welcome = {.seconds = settings->seconds};
    int status = EXIT_STATUS_INTERNAL;
    if (control->rank == 0) {
        status = processes ? gather(control, &ours, hosts, processes, problem) : EXIT_STATUS_INTERNAL;
        for (int rank = 1; rank < control->size; rank++)
            welcome_rank(control, rank, status == 0, settings->seconds, hosts, processes);
        welcome.count = status == 0 ? neighbours_of(control, 0, hosts, processes) : 0;
        welcome.neighbours = processes;
    } else {
        message_hello_encode(&writer, &ours);
        if (control_send(control, MESSAGE_HELLO, 0, writer.bytes, writer.size) == 0 &&
            control_receive(control, 0, &message) == 0 && message.kind == MESSAGE_WELCOME &&
            message_welcome_decode(message.bytes, message.size, &welcome) == 0 && welcome.go_on)
            status = 0;
    }
    if (status == 0)
        expect(&welcome);
    free(processes);
    wire_writer_finish(&writer);
    limit_set_end(clock_now() + welcome.seconds);
    return status;
}
