/* SPDX-License-Identifier: BSD-2-Clause */
/* hostfile.h: reads hostfiles in Open MPI's and MPICH's dialects; here each line is a virtual node of the mock.
 *
 *     n1 slots=4 max_slots=8      # Open MPI: `slots`, `max_slots` or `max-slots`; a bare name again adds a slot
 *     n2:4                        # MPICH (Hydra); `n2:4 ifname=…` and `binding=…` are accepted
 *
 * Comments begin with #. A line that is in neither dialect is refused with its number.
 */
#ifndef MPIMOCK_HOSTFILE_H
#define MPIMOCK_HOSTFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "problem.h"

#pragma GCC visibility push(default)

struct hostfile_host {
    char *name;
    int slots; /* at least 1 */
};
struct hostfile {
    struct hostfile_host *hosts;
    size_t count;
};

int hostfile_read(struct hostfile *hostfile, const char *path, struct problem *problem);
/* The same from text; `path` is for the sentence only. */
int hostfile_parse(struct hostfile *hostfile, const char *text, size_t length, const char *path, struct problem *problem);
void hostfile_finish(struct hostfile *hostfile);
int hostfile_slots(const struct hostfile *hostfile); /* their sum */
/* Node of rank `rank` when `ranks` ranks fill the slots in order; beyond the slots they wrap around. */
int hostfile_node_of(const struct hostfile *hostfile, int rank);

#pragma GCC visibility pop

#endif
