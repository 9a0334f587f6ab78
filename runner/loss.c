/* SPDX-License-Identifier: BSD-2-Clause */
/* loss.c: see loss.h. */
#include "loss.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../mpimock/launch.h"
#include "backtrace.h"
#include "capture.h"
#include "clock.h"
#include "limit.h"

bool loss_is_gone(struct control *control, const struct message_assign *assignment, uint32_t member)
{
    if (control->real)
        return loss_of_rank(assignment->members[member]);
    uint32_t meant = assignment->incarnations ? assignment->incarnations[member] : 0;
    return mpimock_rank_incarnation((int)assignment->members[member]) != meant;
}

uint32_t loss_first_gone(struct control *control, const struct message_assign *assignment)
{
    for (uint32_t member = 0; member < assignment->size; member++)
        if (loss_is_gone(control, assignment, member))
            return member;
    return UINT32_MAX;
}

/* ---- The process before this one ---- */

/* In words that go after "rank 3 ". */
static char *describe(const struct mpimock_death *death)
{
    const struct mpimock_last_words *words = &death->words;
    char *text = NULL, *trace = NULL;
    if (!words->written) {
        int status = death->wait_status;
        if (WIFSIGNALED(status) && asprintf(&text, "its process was ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status))) < 0)
            return NULL;
        if (!WIFSIGNALED(status) && asprintf(&text, "its process exited with status %d", WEXITSTATUS(status)) < 0)
            return NULL;
        return text;
    }
    void *pcs[MPIMOCK_WORDS_FRAMES];
    size_t count = words->frames < MPIMOCK_WORDS_FRAMES ? words->frames : MPIMOCK_WORDS_FRAMES;
    for (size_t i = 0; i < count; i++)
        pcs[i] = (void *)(uintptr_t)words->backtrace[i];
    if (count > 0)
        trace = backtrace_text(pcs, count);
    bool in_call = strncmp(words->call, "MPI_", 4) == 0;
    if (asprintf(&text, "%s%s%s%s%s", words->text, in_call ? ", in " : "", in_call ? words->call : "",
                 trace && trace[0] ? "\n" : "", trace ? trace : "") < 0)
        text = NULL;
    free(trace);
    return text;
}

/* What it had written and not handed over; emptied. */
static char *take_output(int file, size_t *size)
{
    struct stat status;
    char *text = NULL;
    *size = 0;
    if (file >= 0 && fstat(file, &status) == 0 && status.st_size > 0) {
        text = capture_text(&(struct capture){.file = file, .saved = {-1, -1}}, 0, (size_t)status.st_size, size);
        if (ftruncate(file, 0) != 0)
            *size = 0;
    }
    return text;
}

static int tell(struct control *control, int output)
{
    const struct mpimock_death *death = mpimock_predecessor();
    struct wire_writer writer = {0};
    size_t size;
    char *reason = describe(death), *written = take_output(output, &size);
    enum outcome outcome = OUTCOME_CRASHED;
    int status = death->wait_status, code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
    enum how how = WIFSIGNALED(status) ? HOW_SIGNAL : HOW_EXIT;
    if (death->words.written && death->words.outcome >= 0 && death->words.outcome < OUTCOME_COUNT)
        outcome = (enum outcome)death->words.outcome;
    if (death->words.written) { /* … and then it exited, so that they are told */
        how = death->words.signal != 0 ? HOW_SIGNAL : HOW_NORMALLY;
        code = death->words.signal;
    }
    message_lost_encode(&writer, &(struct message_lost){.rank = (uint32_t)control->rank,
                                                        .incarnation = mpimock_incarnation(),
                                                        .test = death->test,
                                                        .outcome = outcome,
                                                        .how = how,
                                                        .code = code,
                                                        .reason = reason ? reason : "it died",
                                                        .output = written ? written : "",
                                                        .output_size = size});
    int error = writer.failed ? -ENOMEM : control_send(control, MESSAGE_RENEWED, 0, writer.bytes, writer.size);
    wire_writer_finish(&writer);
    free(reason);
    free(written);
    return error;
}

int loss_take_place(struct control *control, int output)
{
    struct control_message message;
    struct message_welcome welcome;
    int error = tell(control, output);
    while (!error) {
        error = control_receive(control, 0, &message);
        /* All else was meant for the process before, or for one that this one has not been. */
        if (!error && message.kind == MESSAGE_WELCOME && message_welcome_decode(message.bytes, message.size, &welcome) == 0 &&
            welcome.go_on && welcome.incarnation == mpimock_incarnation()) {
            limit_set_end(clock_now() + welcome.seconds);
            return 0;
        }
    }
    return error;
}
