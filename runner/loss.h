/* SPDX-License-Identifier: BSD-2-Clause */
/* loss.h: which of the run's processes are gone, as this rank knows it.
 *
 * On the mock, whose supervisor tells, that is known at once. Under a real MPI the watch sees the processes of its own node, and
 * rank 0 tells of others. */
#ifndef MRT_LOSS_H
#define MRT_LOSS_H

#include <stdbool.h>

#include "control.h"

/* Is the process gone that was meant to be this member? */
bool loss_is_gone(struct control *control, const struct message_assign *assignment, uint32_t member);
/* The first member that is; UINT32_MAX: all are there. */
uint32_t loss_first_gone(struct control *control, const struct message_assign *assignment);

/* How the process ended whose place this one has taken (the mock), told to rank 0. Returns when rank 0 has said that this one is
 * the rank now, and has work for it. `output`: the file that the process before wrote to, or -1. 0 or a negative errno value. */
int loss_take_place(struct control *control, int output);

#endif
