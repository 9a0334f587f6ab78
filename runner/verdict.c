/* SPDX-License-Identifier: BSD-2-Clause */
/* verdict.c: what came of a step: its outcome, its message and its output, out of what cmocka said, the phase that was
 * reached and the reason with which it was left. */
#include <stdlib.h>
#include <string.h>

#include "cmocka_text.h"
#include "execution_private.h"

static enum outcome verdict(bool failed, const char *message)
{
    if (execution.following || execution.left == OUTCOME_DEADLOCK || execution.left == OUTCOME_TIMEOUT)
        return (enum outcome)execution.left;
    if (!failed)
        return execution.body_returned ? OUTCOME_PASSED : OUTCOME_SKIPPED;
    if (execution.left == OUTCOME_SKIPPED && execution.phase == PHASE_SETUP)
        return OUTCOME_SKIPPED;
    if (execution.phase == PHASE_SETUP || (execution.phase == PHASE_TEARDOWN && execution.body_returned))
        return OUTCOME_ERROR;
    if (execution.left >= 0)
        return (enum outcome)execution.left;
    if (execution.body_returned && execution.phase == PHASE_DONE && strstr(message, "Test teardown failed"))
        return OUTCOME_ERROR;
    return strstr(message, "Test failed with exception: ") ? OUTCOME_CRASHED : OUTCOME_FAILED;
}

static char *copy_of(const char *text)
{
    char *copy = strdup(text);
    return copy ? copy : calloc(1, 1);
}

/* cmocka's words about a failure: from its own stream, or out of the output when a fixture was left by a long jump; then
 * *end is where they begin. */
static char *read_message(size_t *end)
{
    if (execution.phase != PHASE_SETUP && execution.phase != PHASE_TEARDOWN)
        return cmocka_text_message(execution.chatter_text, execution.chatter_size);
    size_t size = 0;
    char *text = capture_text(&execution.capture, 0, *end, &size), *message = NULL;
    if (text) {
        size_t begin = cmocka_text_begin(text, size);
        if (begin < size) {
            *end = begin;
            message = cmocka_text_message(text + begin, size - begin);
        } else {
            message = cmocka_text_message(execution.chatter_text, execution.chatter_size);
        }
    }
    free(text);
    return message;
}

/* fail_msg() prints its words before it fails, as the test's own output: "ERROR: " and what follows, up to where the body was
 * left, belong to a message that is a place without words. */
static void move_words(struct execution_result *result)
{
    size_t place = strlen(result->message), end = execution.body_end, begin = SIZE_MAX;
    if (place == 0 || result->message[place - 1] != ':' || end > result->output_size)
        return;
    for (size_t i = 0; i + 7 < end; i++)
        if ((i == 0 || result->output[i - 1] == '\n') && memcmp(result->output + i, "ERROR: ", 7) == 0)
            begin = i;
    if (begin == SIZE_MAX || memchr(result->output + begin, '\0', end - begin))
        return;
    size_t words = end - begin - 7;
    char *message = malloc(place + 1 + words + 1);
    if (!message)
        return;
    memcpy(message, result->message, place);
    message[place] = ' ';
    memcpy(message + place + 1, result->output + begin + 7, words);
    message[place + 1 + words] = '\0';
    while (words > 0 && message[place + words] == '\n')
        message[place + words--] = '\0';
    free(result->message);
    result->message = message;
    memmove(result->output + begin, result->output + end, result->output_size + 1 - end);
    result->output_size -= end - begin;
}

/* Below the reason, where it was. */
static void add_trace(struct execution_result *result)
{
    char *message;
    if (!execution.trace || !execution.trace[0] || asprintf(&message, "%s\n%s", result->message, execution.trace) < 0)
        return;
    free(result->message);
    result->message = message;
}

void read_result(bool failed, struct execution_result *result)
{
    size_t size = capture_size(&execution.capture), end = size;
    fflush(execution.chatter);
    result->message = failed ? read_message(&end) : NULL;
    if (!result->message)
        result->message = copy_of("");
    result->outcome = verdict(failed, result->message);
    if (execution.left >= 0 || result->outcome == OUTCOME_SKIPPED) {
        free(result->message);
        result->message = copy_of(execution.reason);
        add_trace(result);
    }
    result->how = execution.how != HOW_NORMALLY || result->outcome != OUTCOME_FAILED ? execution.how : HOW_FAILED;
    result->code = execution.code;
    if (execution.place[0])
        result->place = copy_of(execution.place);
    result->output = end > 0 ? capture_text(&execution.capture, 0, end, &result->output_size) : NULL;
    if (!result->output)
        result->output = copy_of("");
    if (execution.body_end > 0 && size <= CAPTURE_KEPT_MAX)
        move_words(result);
    result->pending = execution.pending;
    if (result->outcome == OUTCOME_PASSED && execution.leftovers.size > 0)
        result->warnings = copy_of(text_string(&execution.leftovers)); /* one that was left could not clean up */
    if (size > 0)
        capture_clear(&execution.capture);
}

void spoil(struct execution_result *result, const char *message)
{
    result->outcome = OUTCOME_ERROR;
    free(result->message);
    result->message = copy_of(message);
}
