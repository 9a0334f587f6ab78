/* SPDX-License-Identifier: BSD-2-Clause */
/* isolate_words.c: how a process that isolated tests ran in came to its end, in words; see isolate_private.h. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "backtrace.h"
#include "isolate_private.h"

static char *words_of_signal(int number)
{
    char *words;
    return asprintf(&words, "its process was ended by signal %d (%s)", number, strsignal(number)) < 0 ? NULL : words;
}

/* The process knew that it had to end, and has said why. Nothing of it can be trusted but to be there. */
static enum outcome last_words(const struct mpimock_last_words *words, char **message)
{
    void *pcs[MPIMOCK_WORDS_FRAMES];
    size_t frames = words->frames < MPIMOCK_WORDS_FRAMES ? words->frames : MPIMOCK_WORDS_FRAMES;
    for (size_t i = 0; i < frames; i++)
        pcs[i] = (void *)(uintptr_t)words->backtrace[i];
    char *trace = frames > 0 ? backtrace_text(pcs, frames) : NULL;
    if (asprintf(message, "%.*s%s%s", (int)sizeof words->text, words->text, trace && trace[0] ? "\n" : "", trace ? trace : "") < 0)
        *message = NULL;
    free(trace);
    return words->outcome >= OUTCOME_NOTRUN && words->outcome < OUTCOME_COUNT ? (enum outcome)words->outcome : OUTCOME_CRASHED;
}

enum outcome isolate_describe(const struct isolate_end *end, char **message)
{
    const bool exited = WIFEXITED(end->wait_status);
    const int status = end->team && exited ? end->status : WEXITSTATUS(end->wait_status);
    if (end->words->written)
        return last_words(end->words, message);
    if (end->timed_out) {
        if (end->limit < 0)
            *message = strdup("the time of the whole run was up (--global-timeout), and its process did not leave the test: it was killed");
        else if (asprintf(message, "its time of %g s was up, and its process did not leave the test: it was killed", end->limit) < 0)
            *message = NULL;
        return OUTCOME_TIMEOUT;
    }
    if (!exited) {
        *message = words_of_signal(WTERMSIG(end->wait_status));
        return OUTCOME_CRASHED;
    }
    if (end->team && status == 128 + SIGTERM && end->another_died) {
        *message = strdup("its process was ended, because that of another rank had ended");
        return OUTCOME_NOTRUN;
    }
    if (end->team && status > 128)
        *message = words_of_signal(status - 128);
    else if (asprintf(message, "its process exited with status %d, and the test had not ended", status) < 0)
        *message = NULL;
    return OUTCOME_CRASHED;
}

char *isolate_describe_after(int wait_status, bool timed_out)
{
    char *words;
    if (timed_out)
        return strdup("its process did not end, and was killed");
    if (WIFSIGNALED(wait_status))
        return words_of_signal(WTERMSIG(wait_status));
    return asprintf(&words, "its process exited with status %d", WEXITSTATUS(wait_status)) < 0 ? NULL : words;
}
