/* SPDX-License-Identifier: BSD-2-Clause */
/* accord.c: see accord.h. */
#include "accord.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "loss.h"

#define LOOK_SECONDS 0.05 /* between two looks whether a member is gone */

static int send(const struct accord *accord, enum message_kind kind, uint32_t member, const struct message_agree *message)
{
    struct wire_writer writer = {0};
    message_agree_encode(&writer, message);
    int error = writer.failed ? -ENOMEM
                              : control_send(accord->control, kind, (int)accord->assignment->members[member], writer.bytes,
                                             writer.size);
    wire_writer_finish(&writer);
    return error;
}

/* This accord's message of that member. -ECANCELED: none will come. It is valid until the next receive. */
static int receive(const struct accord *accord, enum message_kind kind, uint32_t member, double until,
                   struct message_agree *agree)
{
    struct control_message message;
    for (;;) {
        loss_take_news(accord->control);
        bool gone = loss_is_gone(accord->control, accord->assignment, member) || clock_now() > until;
        int error = control_receive_kind(accord->control, (int)accord->assignment->members[member], (int)kind,
                                         gone ? 0 : clock_now() + LOOK_SECONDS, &message);
        if (!error)
            error = message_agree_decode(message.bytes, message.size, agree);
        if (!error && agree->serial == accord->serial)
            return 0;
        if (error && error != -ETIMEDOUT)
            return error;
        if (error && gone)
            return -ECANCELED; /* what it had sent before it went has been looked for */
    }
}

static void say_gone(const struct accord *accord, uint32_t member, char words[PROBLEM_MAX])
{
    snprintf(words, PROBLEM_MAX, "rank %u of the run is gone", accord->assignment->members[member]);
}

/* The first member collects. */
static int collect(const struct accord *accord, bool followed, double until, char words[PROBLEM_MAX])
{
    int result = 0, error = 0;
    bool own = words[0] && !followed; /* the best there is so far is a problem of its own */
    for (uint32_t member = 1; member < accord->assignment->size && !error; member++) {
        struct message_agree agree;
        error = receive(accord, MESSAGE_AGREE, member, until, &agree);
        if (error == -ECANCELED) {
            say_gone(accord, member, words);
            own = true;
            result = error;
            error = 0;
        } else if (!error && !own && agree.words[0] && (!agree.followed || !words[0])) {
            snprintf(words, PROBLEM_MAX, "%s", agree.words);
            own = !agree.followed;
        }
    }
    for (uint32_t member = 1; member < accord->assignment->size && !error; member++)
        error = send(accord, MESSAGE_AGREED, member,
                     &(struct message_agree){.serial = accord->serial, .followed = result != 0, .words = words});
    return error ? error : result;
}

int accord_reach(const struct accord *accord, bool followed, char words[PROBLEM_MAX])
{
    double until = clock_now() + accord->seconds;
    struct message_agree agree;
    if (accord->assignment->size == 1)
        return 0;
    if (accord->me == 0)
        return collect(accord, followed, until, words);
    int error = send(accord, MESSAGE_AGREE, 0,
                     &(struct message_agree){.serial = accord->serial, .followed = followed, .words = words});
    /* The first member answers when it has waited for all others. */
    if (!error)
        error = receive(accord, MESSAGE_AGREED, 0, until + accord->seconds, &agree);
    if (!error)
        snprintf(words, PROBLEM_MAX, "%s", agree.words);
    else if (error == -ECANCELED)
        say_gone(accord, 0, words);
    return error ? error : agree.followed ? -ECANCELED : 0;
}
