/* SPDX-License-Identifier: BSD-2-Clause */
/* control.h: the runner's private communicator, and messages over it.
 *
 * Calls go to the active backend directly, past the front door's translation (door.h). A rank that waits for a message
 * sleeps: the mock's waits do so themselves; under a real MPI, whose waits spin, it polls, and rests longer the longer
 * nothing comes (10 ms at most).
 */
#ifndef MRT_CONTROL_H
#define MRT_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#include "../mpimock/door.h"
#include "message.h"

struct control_posted;
struct notice;

struct control {
    const struct mpimock_backend *mpi;
    MPI_Comm comm;
    int rank, size;
    bool real;             /* a real MPI, not the mock */
    bool broken;           /* ranks were lost for good: what is collective over all of them would wait for ever */
    char host[MPI_MAX_PROCESSOR_NAME];
    struct control_posted *posted;
    struct notice *notices; /* notice.c's: those that came before their test, and the one taken last */
    unsigned char *buffer; /* of the message received last */
    size_t capacity;
};

struct control_message {
    enum message_kind kind;
    int from;
    const void *bytes; /* valid until the next control_receive */
    size_t size;
};

/* Collective over MPI_COMM_WORLD of the backend. 0, or -EIO where MPI failed. */
int control_create(struct control *control);
void control_destroy(struct control *control);

/* Returns when the bytes may be written again. */
int control_send(struct control *control, enum message_kind kind, int to, const void *bytes, size_t size);
/* Starts to send and returns at once, for a receiver that may not look before this rank has done something else for it;
 * the bytes are copied. control_flush waits until all have left. */
int control_post(struct control *control, enum message_kind kind, int to, const void *bytes, size_t size);
int control_flush(struct control *control);
/* Waits for a message from `from` (MPI_ANY_SOURCE: anyone). A notice (notice.h) that comes instead is dropped: who waits
 * here is in no test, and an assignment of rank 0's precedes its notices about it. */
int control_receive(struct control *control, int from, struct control_message *message);
/* The same until clock_now() is `deadline` (INFINITY: no end): -ETIMEDOUT then. */
int control_receive_until(struct control *control, int from, double deadline, struct control_message *message);
/* The same of one kind of message only, the others stay. */
int control_receive_kind(struct control *control, int from, int kind, double deadline, struct control_message *message);

#endif
