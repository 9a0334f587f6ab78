/* SPDX-License-Identifier: BSD-2-Clause */
/* control.c: see control.h. */
#include "control.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../mpimock/launch.h"
#include "clock.h"
#include "notice.h"

int control_create(struct control *control)
{
    *control = (struct control){.mpi = mpimock_backend(), .comm = MPI_COMM_NULL};
    const struct mpimock_backend *mpi = control->mpi;
    control->real = mpi != &mpimock_backend_mock;
    if ((control->real ? mpi->Comm_dup(MPI_COMM_WORLD, &control->comm) : mpimock_control_comm(&control->comm)) != MPI_SUCCESS)
        return -EIO;
    int length;
    if (mpi->Comm_rank(control->comm, &control->rank) != MPI_SUCCESS ||
        mpi->Comm_size(control->comm, &control->size) != MPI_SUCCESS ||
        mpi->Get_processor_name(control->host, &length) != MPI_SUCCESS)
        return -EIO;
    if (!control->real)
        mpimock_tests_only();
    return 0;
}

void control_destroy(struct control *control)
{
    if (control->comm != MPI_COMM_NULL && !control->broken)
        control->mpi->Comm_free(&control->comm);
    notice_forget(control);
    free(control->buffer);
    control->buffer = NULL;
}

int control_send(struct control *control, enum message_kind kind, int to, const void *bytes, size_t size)
{
    if (size > INT_MAX)
        return -EMSGSIZE;
    return control->mpi->Send(bytes, (int)size, MPI_BYTE, to, (int)kind, control->comm) == MPI_SUCCESS ? 0 : -EIO;
}

struct control_posted {
    struct control_posted *next;
    MPI_Request request;
    unsigned char bytes[];
};

int control_post(struct control *control, enum message_kind kind, int to, const void *bytes, size_t size)
{
    if (size > INT_MAX)
        return -EMSGSIZE;
    struct control_posted *posted = malloc(sizeof *posted + size);
    if (!posted)
        return -ENOMEM;
    memcpy(posted->bytes, bytes, size);
    if (control->mpi->Isend(posted->bytes, (int)size, MPI_BYTE, to, (int)kind, control->comm, &posted->request) !=
        MPI_SUCCESS) {
        free(posted);
        return -EIO;
    }
    posted->next = control->posted;
    control->posted = posted;
    return 0;
}

int control_flush(struct control *control)
{
    int error = 0;
    while (control->posted) {
        struct control_posted *posted = control->posted;
        control->posted = posted->next;
        if (control->mpi->Wait(&posted->request, MPI_STATUS_IGNORE) != MPI_SUCCESS)
            error = -EIO;
        free(posted);
    }
    return error;
}

/* Rests as long as a hundredth of the time that nothing came, between 20 µs and 10 ms; before 100 µs only gives the core
 * to others. So a burst of messages costs no latency, and a long wait no CPU time. */
static void rest(double quiet)
{
    if (quiet < 100e-6) {
        sched_yield();
        return;
    }
    double seconds = quiet / 100 < 20e-6 ? 20e-6 : quiet / 100 > 10e-3 ? 10e-3 : quiet / 100;
    nanosleep(&(struct timespec){.tv_nsec = (long)(seconds * 1e9)}, NULL);
}

/* Waits until a message is there, and tells of which. */
static int wait_for_message(struct control *control, int from, int tag, double deadline, MPI_Status *status)
{
    const struct mpimock_backend *mpi = control->mpi;
    if (!control->real) {
        mpimock_wait_is_idle(true);
        mpimock_wait_deadline(deadline);
        int result = mpi->Probe(from, tag, control->comm, status);
        mpimock_wait_deadline(INFINITY);
        mpimock_wait_is_idle(false);
        return result == MPI_SUCCESS ? 0 : result == MPI_ERR_PENDING ? -ETIMEDOUT : -EIO;
    }
    double since = clock_now();
    for (;;) {
        int found;
        if (mpi->Iprobe(from, tag, control->comm, &found, status) != MPI_SUCCESS)
            return -EIO;
        if (found)
            return 0;
        double now = clock_now();
        if (now >= deadline)
            return -ETIMEDOUT;
        rest(now - since);
    }
}

/* Receives the message that was found into the buffer, which grows as needed. */
static int take(struct control *control, const MPI_Status *status, int *size)
{
    const struct mpimock_backend *mpi = control->mpi;
    if (mpi->Get_count(status, MPI_BYTE, size) != MPI_SUCCESS || *size < 0)
        return -EIO;
    if ((size_t)*size > control->capacity) {
        free(control->buffer);
        control->capacity = (size_t)*size < 4096 ? 4096 : (size_t)*size;
        control->buffer = malloc(control->capacity);
        if (!control->buffer) {
            control->capacity = 0;
            return -ENOMEM;
        }
    }
    return mpi->Recv(control->buffer, *size, MPI_BYTE, status->MPI_SOURCE, status->MPI_TAG, control->comm,
                     MPI_STATUS_IGNORE) == MPI_SUCCESS
               ? 0
               : -EIO;
}

int control_receive(struct control *control, int from, struct control_message *message)
{
    return control_receive_until(control, from, INFINITY, message);
}

int control_receive_until(struct control *control, int from, double deadline, struct control_message *message)
{
    return control_receive_kind(control, from, MPI_ANY_TAG, deadline, message);
}

int control_receive_kind(struct control *control, int from, int kind, double deadline, struct control_message *message)
{
    MPI_Status status;
    int size, error;
    do {
        error = wait_for_message(control, from, kind, deadline, &status);
        if (!error)
            error = take(control, &status, &size);
        if (error)
            return error;
    } while (status.MPI_TAG == MESSAGE_NOTICE);
    *message = (struct control_message){
        .kind = (enum message_kind)status.MPI_TAG, .from = status.MPI_SOURCE, .bytes = control->buffer, .size = (size_t)size};
    return 0;
}
