/* SPDX-License-Identifier: BSD-2-Clause */
/* mode.h: which MPI serves this run: decided from options and launcher alone. Pure. */
#ifndef MRT_MODE_H
#define MRT_MODE_H

#include <stdbool.h>

#include "launcher.h"
#include "options.h"
#include "plan.h"

enum mode {
    MODE_MPI,  /* the MPI that we were built with, under its launcher or as a world of one */
    MODE_MOCK, /* ranks forked by ourselves */
};

/* -EINVAL with a sentence where options and launcher contradict each other. *fell_back: the mock was chosen because there
 * is no launcher, and a line should say so. */
int mode_decide(enum mode *mode, bool *fell_back, const struct options *options, const struct launcher *launcher,
                bool built_with_mpi, struct problem *problem);

/* Ranks of a run on the mock: `-n N` as given; `auto` is `cores` + 1 (rank 0 sleeps), times and divided as told; without
 * -n the largest fixed size among the tests, and at least auto. `cores` is asked for only where it is needed.
 * -EINVAL with a sentence above the mock's bound. */
int mode_ranks(const struct options *options, const struct plan *plan, int (*cores)(void), int *ranks,
               struct problem *problem);

#endif
