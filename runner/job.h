/* SPDX-License-Identifier: BSD-2-Clause */
/* job.h: --launch: starts the job, watches it, and starts it again with what is left when it dies.
 *
 *     starting ──the journal begins──▶ running ──END in the journal──▶ ending ──gone──▶ over
 *         \──no sign of life──▶           \──gone, or silent──▶            \──it lingers──▶ killed, over
 *                               what is left of it is killed; again, from the journal
 *
 * The journal tells all that is known of the job: rank 0 touches it twice a second. Whatever the job leaves on this machine is
 * reparented to this process (PR_SET_CHILD_SUBREAPER), and killed. When this process dies the launcher is told to end the job.
 */
#ifndef MRT_JOB_H
#define MRT_JOB_H

#include <stddef.h>

#include "../mpimock/problem.h"
#include "options.h"
#include "plan.h"

#define JOB_VARIABLE "MRT_JOB" /* in the environment of the jobs: the number of this one, from 1 */

struct job_settings {
    char *const *argv;
    const struct options *options;
    const struct plan *plan;
    const char *journal; /* to go on with, or NULL: a new one */
};

/* Runs jobs until the run is whole. The exit status; a sentence in `problem` where there is one to say. */
int job_run(const struct job_settings *settings, struct problem *problem);

/* Splits a command into words as a shell does: blanks, '…', "…" (\ before " and \), \. *words, NULL at its end, is freed with
 * job_words_free(). -EINVAL with a sentence: a quote that has no end, no word. */
int job_split(const char *command, char ***words, struct problem *problem);
void job_words_free(char **words);

#endif
