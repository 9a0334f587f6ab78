/* SPDX-License-Identifier: BSD-2-Clause */
/* isolate_helper.c: keeper and helper, the processes between a rank and its isolated tests (isolate.h, isolate_private.h).
 *
 *     request ──▶ fork ──▶ wait ──child ended, or its time was up──▶ kill what is left ──▶ tell ──tests left──▶ fork …
 *                          wait ──a result──▶ wait                                             ──none left──▶ END
 *
 * The helper has one thread, and waits in ppoll for signals alone: SIGUSR1 says that there is a result, SIGCHLD that the child
 * has ended. Both are blocked elsewhere, so none is missed. It reaps whatever its child's descendants leave behind
 * (PR_SET_CHILD_SUBREAPER). A result is told when the next one comes or when the child has ended, so that the last one can
 * say how it ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../mpimock/launch.h"
#include "capture.h"
#include "clock.h"
#include "isolate_private.h"

/* A test whose time is up is to end by itself; so much later its process is killed. */
#define GRACE_SECONDS 3.0

struct helper {
    const struct plan *plan;
    bool capture;
    int socket;
    struct isolate_message message;
    struct wire_writer writer;
};

/* What a member has told so far of one request. */
struct member {
    struct wire_writer held; /* the result that was taken last and is not told yet; empty: none */
    uint32_t told;           /* places that are settled: the first that is not */
};

struct request {
    struct helper *helper;
    struct isolate_run run;
    struct isolate_slot *slots;
    int *outputs;           /* [run.size], or NULL */
    struct member *members; /* [run.size] */
    /* Of the child that runs: */
    uint32_t first;
    pid_t child;
    int wait_status;
    bool timed_out;
    double since;           /* its start, or its last result */
};

/* ---- Results ---- */

static void tell_held(struct request *request, uint32_t member)
{
    struct wire_writer *held = &request->members[member].held;
    if (held->size > 0)
        isolate_send(request->helper->socket, ISOLATE_RESULT, member, held->bytes, held->size);
    wire_writer_reset(held);
}

/* Only the helper's own results, and those that it has checked, are told. */
static void hold(struct request *request, uint32_t member, const struct message_result *result)
{
    tell_held(request, member);
    message_result_encode(&request->members[member].held, result);
    request->members[member].told = result->test + 1;
}

/* Takes what a slot holds, if anything. Whatever is wrong with it: it counts as none. */
static bool take_result(struct request *request, uint32_t member)
{
    struct isolate_slot *slot = &request->slots[member];
    struct message_result result;
    if (atomic_load(&slot->state) != ISOLATE_FULL)
        return false;
    uint32_t size = *(volatile uint32_t *)&slot->size;
    struct wire_writer *copy = &request->helper->writer;
    wire_writer_reset(copy);
    wire_put_raw(copy, slot->bytes, size <= ISOLATE_RESULT_MAX ? size : 0);
    bool good = !copy->failed && message_result_decode(copy->bytes, copy->size, &result) == 0 &&
                result.test < request->run.count && result.test >= request->members[member].told;
    if (good)
        hold(request, member, &result);
    atomic_store(&slot->state, ISOLATE_EMPTY);
    syscall(SYS_futex, &slot->state, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
    return good;
}

static bool take_results(struct request *request)
{
    bool any = false;
    for (uint32_t i = 0; i < request->run.size; i++)
        any = take_result(request, i) || any;
    return any;
}

/* ---- The child ends ---- */

static const struct plan_test *test_at(const struct request *request, uint32_t place)
{
    return &request->helper->plan->tests[request->run.tests[place]];
}

/* Did this member's process end by itself, and not because another's did (then the job ends those that are left by SIGTERM)? */
static bool died(const struct request *request, uint32_t member)
{
    int status = atomic_load(&request->slots[member].status);
    return status != 0 && status != 128 + SIGTERM;
}

static bool any_died(const struct request *request)
{
    bool any = false;
    for (uint32_t i = 0; i < request->run.size; i++)
        any = any || died(request, i);
    return any;
}

/* The test that runs, or in which the child ended: the earliest that a member is in; of members, those count that died, or
 * if none did, those that have not returned. `count`: none, it was in setup, or has returned. */
static uint32_t running_place(const struct request *request)
{
    uint32_t least = UINT32_MAX;
    bool dead = any_died(request);
    for (uint32_t i = 0; i < request->run.size; i++) {
        uint32_t running = atomic_load(&request->slots[i].running);
        if ((dead ? died(request, i) : !atomic_load(&request->slots[i].returned)) && running < least)
            least = running;
    }
    return least > request->first && least <= request->run.count ? least - 1 : request->run.count;
}

static double fixture_limit(const struct request *request)
{
    const struct plan *plan = request->helper->plan;
    if (!request->run.unit)
        return 0;
    double seconds = plan_unit_timeout(plan, &plan->units[test_at(request, 0)->unit]);
    return seconds > 0 ? seconds : INFINITY;
}

/* Seconds that what runs now may take: a test, its teardown included, or the unit's setup. */
static double limit_of(const struct request *request, uint32_t place)
{
    if (place == request->run.count && request->run.unit)
        return fixture_limit(request);
    double seconds = test_at(request, place < request->run.count ? place : request->first)->timeout;
    return seconds > 0 ? seconds : INFINITY;
}

/* When the child's time is up. The unit's teardown follows its last test, and is not told apart. */
static double deadline_of(const struct request *request)
{
    uint32_t place = running_place(request);
    double limit = limit_of(request, place) + (place + 1 == request->run.count ? fixture_limit(request) : 0);
    return fmin(request->since + limit, request->run.end);
}

/* Waits until the child has ended, taking results meanwhile. It stays a zombie, so that its process group is still its own. */
static void wait_for_child(struct request *request)
{
    sigset_t waiting; /* blocks what is not for the helper: an interrupt at the terminal, say */
    sigfillset(&waiting);
    sigdelset(&waiting, SIGUSR1);
    sigdelset(&waiting, SIGCHLD);
    for (;;) {
        siginfo_t info = {.si_pid = 0};
        if (waitid(P_PID, (id_t)request->child, &info, WEXITED | WNOWAIT | WNOHANG) != 0 || info.si_pid != 0)
            break;
        double now = clock_now(), left = deadline_of(request) + GRACE_SECONDS - now;
        if (take_results(request)) {
            request->since = now;
        } else if (left <= 0) {
            request->timed_out = true;
            kill(-request->child, SIGKILL);
            kill(request->child, SIGKILL);
            while (waitid(P_PID, (id_t)request->child, &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
            }
            break;
        } else {
            struct timespec rest = {.tv_sec = left > 1e6 ? 1000000 : (time_t)left};
            rest.tv_nsec = left > 1e6 ? 0 : (long)(1e9 * (left - (double)rest.tv_sec));
            ppoll(NULL, 0, &rest, &waiting);
        }
    }
    take_results(request);
}

/* Processes that the child's own left behind have become this one's. Bounded where /proc does not name them. */
static void kill_orphans(void)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    for (;;) {
        pid_t got = waitpid(-1, NULL, WNOHANG | __WALL);
        if (got > 0)
            continue;
        if (got < 0)
            return;
        FILE *children = fopen(path, "re");
        int pid, count = 0;
        while (children && fscanf(children, "%d", &pid) == 1)
            count += kill(pid, SIGKILL) == 0;
        if (children)
            fclose(children);
        if (count == 0)
            return;
        waitpid(-1, NULL, __WALL);
    }
}

static void end_child(struct request *request)
{
    kill(-request->child, SIGKILL);
    while (waitpid(request->child, &request->wait_status, 0) < 0 && errno == EINTR) {
    }
    kill_orphans();
}

/* ---- What is told of one that ended before its tests did ---- */

/* How the process of a member came to its end: a message, to be freed. */
static enum outcome describe(const struct request *request, uint32_t member, char **message)
{
    const struct isolate_slot *slot = &request->slots[member];
    double limit = limit_of(request, running_place(request));
    bool in_time = request->since + limit <= request->run.end;
    return isolate_describe(&(struct isolate_end){.team = request->run.size > 1,
                                                  .wait_status = request->wait_status,
                                                  .status = atomic_load(&slot->status),
                                                  .another_died = any_died(request),
                                                  .timed_out = request->timed_out,
                                                  .limit = in_time ? limit : -1,
                                                  .words = &slot->words},
                            message);
}

static char *read_output(const struct request *request, uint32_t member, size_t *size)
{
    *size = 0;
    if (!request->outputs)
        return NULL;
    const struct capture capture = {.file = request->outputs[member]};
    return capture_text(&capture, 0, capture_size(&capture), size);
}

/* The result of a test that the child did not live to give. */
static void tell_unfinished(struct request *request, uint32_t member, uint32_t place, const char *before)
{
    char *words = NULL, *message = NULL;
    size_t size;
    enum outcome outcome = describe(request, member, &words);
    if (asprintf(&message, "%s%s", before, words ? words : "its process ended") < 0)
        message = NULL;
    free(words);
    int status = atomic_load(&request->slots[member].status); /* a team's; of one rank the process's own */
    if (request->run.size == 1)
        status = WIFSIGNALED(request->wait_status) ? 128 + WTERMSIG(request->wait_status) : WEXITSTATUS(request->wait_status);
    const struct mpimock_last_words *said = &request->slots[member].words;
    if (said->written && said->signal > 0)
        status = 128 + said->signal;
    char *output = read_output(request, member, &size);
    hold(request, member,
         &(struct message_result){.test = place,
                                  .outcome = before[0] ? OUTCOME_ERROR : outcome,
                                  .how = outcome != OUTCOME_CRASHED ? HOW_NORMALLY : status > 128 ? HOW_SIGNAL : HOW_EXIT,
                                  .code = outcome != OUTCOME_CRASHED ? 0 : status > 128 ? status - 128 : status,
                                  .seconds = clock_now() - request->since,
                                  .message = message ? message : "",
                                  .place = "",
                                  .warnings = "",
                                  .output = output ? output : "",
                                  .output_size = size});
    free(message);
    free(output);
}

/* All tests have been told of; how the process ended is worth a warning if that was not in order. */
static void warn(struct request *request, uint32_t member)
{
    struct wire_writer *held = &request->members[member].held, *copy = &request->helper->writer;
    struct message_result result;
    int status = request->wait_status;
    if (held->size == 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
        return;
    wire_writer_reset(copy);
    wire_put_raw(copy, held->bytes, held->size);
    if (copy->failed || message_result_decode(copy->bytes, copy->size, &result) != 0)
        return;
    char *warnings = NULL, *words = isolate_describe_after(status, request->timed_out);
    size_t size;
    char *output = read_output(request, member, &size);
    if (asprintf(&warnings, "%s%safter the test %s%s%s", result.warnings, result.warnings[0] ? "\n" : "",
                 words ? words : "its process ended",
                 size > 0 ? ":\n" : "", output ? output : "") < 0)
        warnings = NULL;
    free(words);
    free(output);
    if (!warnings)
        return;
    result.warnings = warnings;
    message_result_encode(held, &result);
    free(warnings);
}

/* After the child: settles what it left open; the place to go on from with another child. */
static uint32_t settle(struct request *request)
{
    uint32_t place = running_place(request), count = request->run.count, missing = 0;
    bool in_setup = place == count;
    for (uint32_t i = 0; i < request->run.size; i++) {
        struct member *member = &request->members[i];
        bool whole = atomic_load(&request->slots[i].returned) != 0;
        uint32_t end = in_setup || whole ? count : place + 1;
        for (uint32_t at = member->told; at < end; at++) {
            if (!isolate_takes_part(test_at(request, at), i))
                continue;
            tell_unfinished(request, i, at, in_setup && request->run.unit ? "setup did not end: " : "");
            missing++;
        }
        if (missing == 0)
            warn(request, i);
    }
    if (in_setup || missing == 0)
        return count;
    return place + 1;
}

/* ---- A request ---- */

static int prepare(struct request *request)
{
    size_t size = request->run.size;
    request->members = calloc(size, sizeof *request->members);
    request->slots = mmap(NULL, size * sizeof *request->slots, PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (request->slots == MAP_FAILED)
        request->slots = NULL;
    if (!request->slots || !request->members)
        return -ENOMEM;
    if (!request->helper->capture)
        return 0;
    request->outputs = malloc(size * sizeof *request->outputs);
    if (!request->outputs)
        return -ENOMEM;
    for (size_t i = 0; i < size; i++)
        request->outputs[i] = -1;
    for (size_t i = 0; i < size; i++) {
        request->outputs[i] = memfd_create("mpirun-tests output", MFD_CLOEXEC);
        if (request->outputs[i] < 0 || fcntl(request->outputs[i], F_SETFL, O_APPEND) < 0)
            return -errno;
    }
    return 0;
}

static void finish(struct request *request)
{
    size_t size = request->run.size;
    for (size_t i = 0; request->outputs && i < size; i++)
        if (request->outputs[i] >= 0)
            close(request->outputs[i]);
    free(request->outputs);
    for (size_t i = 0; request->members && i < size; i++)
        wire_writer_finish(&request->members[i].held);
    free(request->members);
    if (request->slots)
        munmap(request->slots, size * sizeof *request->slots);
    free((uint32_t *)(uintptr_t)request->run.tests);
}

static int fork_child(struct request *request, pid_t helper)
{
    for (uint32_t i = 0; i < request->run.size; i++) {
        struct isolate_slot *slot = &request->slots[i];
        atomic_store(&slot->state, ISOLATE_EMPTY);
        atomic_store(&slot->running, 0);
        atomic_store(&slot->returned, 0);
        atomic_store(&slot->status, 0);
        slot->words.written = 0;
        if (request->outputs && ftruncate(request->outputs[i], 0) != 0)
            return -errno;
    }
    request->timed_out = false;
    request->since = clock_now();
    request->child = fork();
    if (request->child == 0) {
        close(request->helper->socket);
        isolate_child_run(&(struct isolate_child){.plan = request->helper->plan,
                                                  .run = &request->run,
                                                  .first = request->first,
                                                  .helper = helper,
                                                  .slots = request->slots,
                                                  .outputs = request->outputs});
    }
    return request->child < 0 ? -errno : 0;
}

static void tell_error(struct request *request, const char *words)
{
    for (uint32_t place = request->first; place < request->run.count; place++)
        for (uint32_t i = 0; request->members && i < request->run.size; i++)
            if (isolate_takes_part(test_at(request, place), i))
                hold(request, i,
                     &(struct message_result){
                         .test = place, .outcome = OUTCOME_ERROR, .message = words, .place = "", .warnings = "", .output = ""});
}

static void run(struct helper *helper)
{
    struct request request = {.helper = helper};
    pid_t self = getpid();
    int error = isolate_run_decode(helper->message.bytes.bytes, helper->message.bytes.size, helper->plan, &request.run);
    if (error)
        _exit(1); /* the keeper tells */
    error = prepare(&request);
    while (!error && request.first < request.run.count) {
        error = fork_child(&request, self);
        if (error)
            break;
        wait_for_child(&request);
        end_child(&request);
        request.first = settle(&request);
    }
    if (error) {
        char words[128];
        snprintf(words, sizeof words, "no process could be made for it: %s", strerror(-error));
        tell_error(&request, words);
    }
    for (uint32_t i = 0; request.members && i < request.run.size; i++)
        tell_held(&request, i);
    isolate_send(helper->socket, ISOLATE_END, 0, NULL, 0);
    finish(&request);
}

/* ---- Life ---- */

static void wake(int number)
{
    (void)number;
}

__attribute__((noreturn)) static void help(const struct plan *plan, bool capture, int socket)
{
    struct helper helper = {.plan = plan, .capture = capture, .socket = socket};
    struct sigaction action = {.sa_handler = wake};
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGCHLD, &action, NULL);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    while (isolate_receive(socket, INFINITY, &helper.message) == 0 && helper.message.kind == ISOLATE_RUN)
        run(&helper);
    _exit(0);
}

/* Until the rank is gone or has closed its end: a helper ends with 0 then. */
void isolate_keep(const struct plan *plan, bool capture, int socket, pid_t rank)
{
    sigset_t all;
    pid_t self = getpid();
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL); /* what is sent to the job is the rank's business */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != rank)
        _exit(0);
    mpimock_forget();
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    prctl(PR_SET_NAME, "mrt-isolate");
    for (;;) {
        int status = 0;
        pid_t helper = fork();
        if (helper == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (getppid() != self)
                _exit(0);
            help(plan, capture, socket);
        }
        while (helper > 0 && waitpid(helper, &status, 0) < 0 && errno == EINTR) {
        }
        kill_orphans();
        if (helper < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
            _exit(0);
        char words[128];
        if (WIFSIGNALED(status))
            snprintf(words, sizeof words, "was ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
        else
            snprintf(words, sizeof words, "exited with status %d", WEXITSTATUS(status));
        if (isolate_send(socket, ISOLATE_LOST, 0, words, strlen(words) + 1) != 0)
            _exit(0);
    }
}
