/* SPDX-License-Identifier: BSD-2-Clause */
/* rank.h: the life of one rank, under either MPI, from the moment at which its MPI works. */
#ifndef MRT_RANK_H
#define MRT_RANK_H

#include "isolate.h"
#include "journal.h"
#include "options.h"
#include "plan.h"

struct rank_settings {
    const struct options *options;
    struct plan *plan;
    const struct problem *problem; /* what this rank met while it loaded its suites; "" if nothing */
    struct isolate *isolate;       /* of this rank; NULL where the plan has no isolated tests */
    uint64_t seed;                 /* of the shuffle */
    const int *outputs;            /* on the mock: by rank, the files of its output, which outlive it (capture.h); NULL: none */
    const struct journal *journal; /* to go on with, at journal_path; NULL: none, or not rank 0 */
    const char *journal_path;
    char *journal_written;         /* [PATH_MAX] becomes the path of the journal that rank 0 writes, or "" */
    int job;                       /* of --launch, from 1; 0: none */
    char *const *argv;             /* of the program, for the line that says how to go on */
    bool launched;                 /* by a launcher, whose end is that of the run */
    int thread_level;              /* that the MPI provides */
};

/* Handshake, then main rank or worker. Rank 0 writes all that there is to say, and returns the exit status of the run;
 * workers return 0. */
int rank_run(const struct rank_settings *settings);

/* "mpirun-tests: " and the sentence, on standard error. */
void rank_say(const struct problem *problem);

#endif
