/* SPDX-License-Identifier: BSD-2-Clause */
/* give_up.h: the end of this rank's process, where the step cannot be left: its stack or its heap is not to be trusted, or it
 * is inside an MPI call.
 *
 * On the mock the process leaves its last words and ends; another one takes its place, and tells them. Under a real MPI a line
 * on standard error says why, and the process ends by the signal that it got, which a recoverable launcher takes for the loss
 * of one rank, and others for the end of the job.
 */
#ifndef MRT_GIVE_UP_H
#define MRT_GIVE_UP_H

#include "outcome.h"

/* Async-signal-safe. `text` says why; execution.sudden how, and its backtrace goes along. */
__attribute__((noreturn)) void give_up(enum outcome outcome, const char *text);

#endif
