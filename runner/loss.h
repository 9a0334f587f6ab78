/* SPDX-License-Identifier: BSD-2-Clause */
/* loss.h: which of the run's processes are gone, as this rank knows it.
 *
 * On the mock, whose supervisor tells, that is known at once. Under a real MPI the watch sees the processes of its own node, and
 * rank 0 tells of others. */
#ifndef MRT_LOSS_H
#define MRT_LOSS_H

#include <stdbool.h>
#include <sys/types.h>

#include "control.h"

#define LOSS_REASON  "its process is gone: it was killed, or ended by itself"
#define LOSS_SECONDS 0.5 /* between two looks of who waits for work */

/* ---- Under a real MPI ---- */

/* A process of this host that is to be watched, and of which rank. */
void loss_expect(uint32_t rank, pid_t pid, uint64_t start);
/* Watches those, and the launcher's process if there is one (`launched`). The end of that one, or of rank 0, ends this process
 * at once: nobody would miss it. After watch_start(), whose `ended` is loss_ended. */
int loss_watch(const struct control *control, bool launched);
void loss_ended(int number);
/* That rank is gone. */
void loss_note(uint32_t rank);
bool loss_of_rank(uint32_t rank);
/* Notes what rank 0 (to rank 0: anyone) has told of losses meanwhile. */
void loss_take(const struct control_message *message);
void loss_take_news(struct control *control);
/* Tells rank 0 of losses that it has not been told of by this rank. 0 or a negative errno value. */
int loss_tell(struct control *control);
/* Does the launcher go on when a rank is gone? */
bool loss_is_recoverable(void);
/* Is it so for any process of the run on this host? */
bool loss_any_neighbour(bool (*is)(pid_t pid));
/* Ends a process of this host that does not answer, where the launcher goes on without it. */
void loss_kill(int rank);

/* ---- */

/* Is the process gone that was meant to be this member? */
bool loss_is_gone(struct control *control, const struct message_assign *assignment, uint32_t member);
/* The first member that is; UINT32_MAX: all are there. */
uint32_t loss_first_gone(struct control *control, const struct message_assign *assignment);

/* How the process ended whose place this one has taken (the mock), told to rank 0. Returns when rank 0 has said that this one is
 * the rank now, and has work for it. `output`: the file that the process before wrote to, or -1. 0 or a negative errno value. */
int loss_take_place(struct control *control, int output);

#endif
