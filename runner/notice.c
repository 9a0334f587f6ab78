/* SPDX-License-Identifier: BSD-2-Clause */
/* notice.c: see notice.h.
 *
 * Serial numbers that a rank sees only grow, so a notice is of the past, of now, or of a test that team-mates have begun
 * before this rank: those are kept in a list, which is as long as notices were sent ahead of this rank, and mostly empty.
 */
#include "notice.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct notice {
    struct notice *next;
    bool taken;
    struct message_notice message;
    char reason[NOTICE_REASON_MAX];
};

/* Room for the fields and the reason. */
#define NOTICE_BYTES (NOTICE_REASON_MAX + 64)

/* At most `bytes` bytes, cut between characters of UTF-8. */
static void copy_cut(char *copy, size_t bytes, const char *text)
{
    size_t length = strnlen(text, bytes);
    if (length == bytes)
        for (length = bytes - 1; length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80;)
            length--;
    memcpy(copy, text, length);
    copy[length] = '\0';
}

int notice_send(struct control *control, const uint32_t members[], uint32_t size, uint32_t serial, uint32_t me,
                enum outcome outcome, const char *reason)
{
    char cut[NOTICE_REASON_MAX];
    struct wire_writer writer = {0};
    int error = 0;
    copy_cut(cut, sizeof cut, reason);
    message_notice_encode(&writer,
                          &(struct message_notice){.serial = serial, .member = me, .outcome = outcome, .reason = cut});
    if (writer.failed)
        error = -ENOMEM;
    for (uint32_t i = 0; i < size && !error; i++)
        if (i != me)
            error = control_post(control, MESSAGE_NOTICE, (int)members[i], writer.bytes, writer.size);
    wire_writer_finish(&writer);
    return error;
}

/* Takes the next notice that has arrived off the communicator. False: there is none. */
static bool next_arrived(struct control *control, struct notice **arrived)
{
    const struct mpimock_backend *mpi = control->mpi;
    unsigned char bytes[NOTICE_BYTES] __attribute__((aligned(16)));
    MPI_Status status;
    int found = 0, size = 0;
    *arrived = NULL;
    if (mpi->Iprobe(MPI_ANY_SOURCE, MESSAGE_NOTICE, control->comm, &found, &status) != MPI_SUCCESS || !found)
        return false;
    if (mpi->Get_count(&status, MPI_BYTE, &size) != MPI_SUCCESS || size < 0 || (size_t)size > sizeof bytes ||
        mpi->Recv(bytes, size, MPI_BYTE, status.MPI_SOURCE, MESSAGE_NOTICE, control->comm, MPI_STATUS_IGNORE) != MPI_SUCCESS)
        return false;
    struct notice *notice = malloc(sizeof *notice);
    if (!notice)
        return true;
    *notice = (struct notice){.next = NULL};
    if (message_notice_decode(bytes, (size_t)size, &notice->message) != 0) {
        free(notice);
        return true;
    }
    copy_cut(notice->reason, sizeof notice->reason, notice->message.reason);
    notice->message.reason = notice->reason;
    *arrived = notice;
    return true;
}

/* Frees the one taken last, and those of tests before `serial`. */
static void drop_past(struct control *control, uint32_t serial)
{
    for (struct notice **place = &control->notices, *notice; (notice = *place) != NULL;) {
        if (!notice->taken && notice->message.serial >= serial) {
            place = &notice->next;
            continue;
        }
        *place = notice->next;
        free(notice);
    }
}

bool notice_take(struct control *control, uint32_t serial, struct message_notice *notice)
{
    struct notice *arrived;
    if (control->notices)
        drop_past(control, serial);
    while (next_arrived(control, &arrived)) {
        if (arrived && arrived->message.serial >= serial) {
            arrived->next = control->notices;
            control->notices = arrived;
        } else {
            free(arrived);
        }
    }
    for (struct notice *kept = control->notices; kept; kept = kept->next)
        if (kept->message.serial == serial) {
            kept->taken = true;
            *notice = kept->message;
            return true;
        }
    return false;
}

void notice_forget(struct control *control)
{
    while (control->notices) {
        struct notice *notice = control->notices;
        control->notices = notice->next;
        free(notice);
    }
}
