/* SPDX-License-Identifier: BSD-2-Clause */
/* process.h: this process as a rank of the mock, for the mock's own files and the supervisor. */
#ifndef MPIMOCK_PROCESS_H
#define MPIMOCK_PROCESS_H

#include "objects.h"
#include "segment.h"

/* Status with which a rank leaves that found a deadlock, and the job's. */
#define PROCESS_STATUS_DEADLOCK 1

/* Makes this process rank `rank` of the segment, which it takes over: a rank of another one it is no more (a fork of it
 * may be, of its own). 0 or a negative errno value with a sentence. */
int process_attach(struct segment *segment, int rank, struct problem *problem);
/* Frees everything; nothing is told to other ranks. Nothing happens where the process is no rank. */
void process_detach(void);

/* Gives up the lock however deep it is, and takes it again. */
unsigned process_unlock_all(void);
void process_lock_again(unsigned depth);

/* Ends this process because the segment says how the job ends; without a supervisor it tells the user why. */
__attribute__((noreturn)) void process_end(int status);

#endif
