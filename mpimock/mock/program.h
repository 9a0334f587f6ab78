/* SPDX-License-Identifier: BSD-2-Clause */
/* program.h: a rank becomes a program with libmpimock ahead of every other MPI. */
#ifndef MPIMOCK_PROGRAM_H
#define MPIMOCK_PROGRAM_H

#include "../problem.h"

struct program {
    char *const *arguments;
    char *
        preload; /* value of LD_PRELOAD; NULL: this libmpimock is no shared library, so the program must have its own */
};

/* Before forking. 0 or a negative errno value with a sentence. */
int program_init(struct program *program, char *const arguments[], struct problem *problem);
void program_finish(struct program *program);
/* In the rank's process: returns only if it fails, with a (positive) errno value. */
int program_exec(const struct program *program, int segment_fd, int rank);

#endif
