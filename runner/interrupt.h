/* SPDX-License-Identifier: BSD-2-Clause */
/* interrupt.h: SIGINT, SIGTERM and SIGUSR1 that come from elsewhere end the run in order.
 *
 * Every rank that gets one lets the test that it is in go on for a short while, and ends it then as if its time were up (limit.h).
 * Rank 0 hands out nothing any more. A second signal: rank 0 waits for nobody. What a test raises itself is the test's matter
 * (signals.h).
 */
#ifndef MRT_INTERRUPT_H
#define MRT_INTERRUPT_H

#include <stdbool.h>

/* For this process. `launched`: by mpiexec, which ends a job by force about a second after SIGINT or SIGTERM. What was ignored
 * (nohup) stays ignored. */
void interrupt_begin(bool launched);
/* How often; one that comes within a moment of the one before is the same, sent by two. */
int interrupt_count(void);
const char *interrupt_name(void); /* of the signal: "SIGTERM" */

/* The command line that goes on with a run: that of this process, and of the mpiexec that started it, with --resume. The caller
 * frees; NULL: out of memory. */
char *interrupt_resume_line(char *const argv[], int ranks, bool launched, const char *journal);

#endif
