/* SPDX-License-Identifier: BSD-2-Clause */
/* isolate_child.c: the process that runs isolated tests, forked by the helper for them; see isolate_private.h.
 *
 * It is the only rank of a world of the mock, or, for a team, the supervisor of a job whose ranks are its forks. Each rank
 * runs its tests by the worker's code, and gives each result to the helper before its next test begins.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../mpimock/door.h"
#include "../mpimock/launch.h"
#include "execution.h"
#include "isolate_private.h"
#include "limit.h"
#include "watch.h"
#include "worker.h"

#define WORDS_MAX (128u << 10) /* of each text beside the output */

struct rank {
    const struct isolate_child *child;
    struct isolate_slot *slot;
    struct wire_writer writer;
};

/* ---- Results ---- */

/* Its head, to be freed, where it is too long for the slot. */
static char *cut(const char *text)
{
    char *copy = NULL;
    if (asprintf(&copy, "%.*s\n[… cut here …]", (int)WORDS_MAX, text) < 0)
        return NULL;
    return copy;
}

static void encode(struct rank *rank, const struct message_result *result)
{
    message_result_encode(&rank->writer, result);
    if (rank->writer.failed || rank->writer.size <= ISOLATE_RESULT_MAX)
        return;
    struct message_result shorter = *result;
    char *message = cut(result->message), *place = cut(result->place), *warnings = cut(result->warnings);
    shorter.message = message;
    shorter.place = place;
    shorter.warnings = warnings;
    message_result_encode(&rank->writer, &shorter);
    free(message);
    free(place);
    free(warnings);
}

static void take(void *context, const struct message_result *result)
{
    struct rank *rank = context;
    struct isolate_slot *slot = rank->slot;
    const struct isolate_run *run = rank->child->run;
    struct message_result placed = *result;
    for (placed.test = 0; placed.test < run->count && run->tests[placed.test] != result->test;)
        placed.test++;
    encode(rank, &placed);
    if (rank->writer.failed || rank->writer.size > ISOLATE_RESULT_MAX)
        _exit(EXIT_STATUS_INTERNAL); /* out of memory: the helper says that there was no result */
    memcpy(slot->bytes, rank->writer.bytes, rank->writer.size);
    slot->size = (uint32_t)rank->writer.size;
    atomic_store(&slot->state, ISOLATE_FULL);
    kill(rank->child->helper, SIGUSR1);
    while (atomic_load(&slot->state) == ISOLATE_FULL) /* whatever wakes it: it looks again */
        syscall(SYS_futex, &slot->state, FUTEX_WAIT, ISOLATE_FULL, NULL, NULL, 0);
}

static void started(void *context, uint32_t place)
{
    struct rank *rank = context;
    atomic_store(&rank->slot->running, rank->child->first + place + 1);
}

/* ---- A rank ---- */

/* The same numbers in every rank: the child's ranks are the team, from 0. */
static int run_assignment(const struct isolate_child *child, struct control *control, struct rank *rank)
{
    const struct isolate_run *run = child->run;
    struct worker worker = {.control = control,
                            .plan = child->plan,
                            .thread_level = MPI_THREAD_MULTIPLE,
                            .take = take,
                            .started = started,
                            .context = rank,
                            .isolated = true};
    uint32_t *members = malloc(run->size * sizeof *members);
    if (!members)
        return -ENOMEM;
    for (uint32_t i = 0; i < run->size; i++)
        members[i] = i;
    int error = worker_run(&worker, &(struct message_assign){.serial = 1,
                                                             .unit = run->unit ? child->plan->tests[run->tests[0]].unit : -1,
                                                             .members = members,
                                                             .size = run->size,
                                                             .tests = run->tests + child->first,
                                                             .count = run->count - child->first});
    free(members);
    worker_finish(&worker);
    return error;
}

static void process_ended(int number)
{
    (void)number;
}

static int run_rank(const struct isolate_child *child, uint32_t me)
{
    struct rank rank = {.child = child, .slot = &child->slots[me]};
    struct control control;
    mpimock_last_words_in(&rank.slot->words);
    if (control_create(&control) != 0)
        return EXIT_STATUS_INTERNAL;
    limit_set_end(child->run->end);
    watch_start(&(struct watch_settings){.due = execution_due, .ended = process_ended});
    int error = child->outputs ? execution_begin_in(child->outputs[me]) : execution_begin(false);
    if (!error) {
        error = run_assignment(child, &control, &rank);
        execution_end(); /* the watch ends with the process: it is deaf where the test has closed its descriptors */
    }
    control_destroy(&control);
    wire_writer_finish(&rank.writer);
    if (!error)
        atomic_store(&rank.slot->returned, 1);
    return error ? EXIT_STATUS_INTERNAL : 0;
}

static int run_rank_of_team(void *argument)
{
    const struct isolate_child *child = argument;
    int rank;
    mpimock_backend_mock.Comm_rank(MPI_COMM_WORLD, &rank);
    return run_rank(child, (uint32_t)rank);
}

/* ---- The process ---- */

static int run_team(const struct isolate_child *child)
{
    uint32_t size = child->run->size;
    struct problem problem = {""};
    int *results = calloc(size, sizeof *results);
    if (!results)
        return EXIT_STATUS_INTERNAL;
    int status = mpimock_launch(&(struct mpimock_launch){.n = (int)size,
                                                         .function = run_rank_of_team,
                                                         .argument = (void *)(uintptr_t)child,
                                                         .results = results,
                                                         .quiet = true},
                                &problem);
    if (status < 0)
        fprintf(stderr, "mpirun-tests: %s\n", problem.text);
    for (uint32_t i = 0; i < size; i++)
        atomic_store(&child->slots[i].status, status < 0 ? EXIT_STATUS_INTERNAL : results[i]);
    free(results);
    return 0;
}

/* As a process of its own: its group, no terminal input, every signal as a fresh program has it. */
static void settle(const struct isolate_child *child)
{
    sigset_t none;
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != child->helper)
        _exit(EXIT_STATUS_INTERNAL);
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (nothing >= 0) {
        dup2(nothing, STDIN_FILENO);
        close(nothing);
    }
    if (child->outputs) {
        dup2(child->outputs[0], STDOUT_FILENO);
        dup2(child->outputs[0], STDERR_FILENO);
    }
    signal(SIGUSR1, SIG_DFL);
    signal(SIGCHLD, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

void isolate_child_run(const struct isolate_child *child)
{
    settle(child);
    mpimock_use(&mpimock_backend_mock);
    if (child->run->size > 1)
        exit(run_team(child));
    if (mpimock_backend_mock.Init_thread(NULL, NULL, MPI_THREAD_MULTIPLE, NULL) != MPI_SUCCESS)
        exit(EXIT_STATUS_INTERNAL);
    exit(run_rank(child, 0)); /* not _exit: what the test's libraries do at exit is part of it, and so are coverage data */
}
