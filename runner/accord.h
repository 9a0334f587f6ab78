/* SPDX-License-Identifier: BSD-2-Clause */
/* accord.h: the members of a unit agree on what came of its setup or teardown, by messages on the control communicator: each
 * tells the first member, which answers all. So nobody waits for a member that is gone. */
#ifndef MRT_ACCORD_H
#define MRT_ACCORD_H

#include <stdbool.h>

#include "../mpimock/problem.h"
#include "control.h"

struct accord {
    struct control *control;
    const struct message_assign *assignment;
    uint32_t me;     /* this rank's place among the members */
    uint32_t serial; /* tells apart the accords of an assignment, and of all others */
    double seconds;  /* so long the others may still take; INFINITY: no limit */
};
/* `words`: what went wrong on this rank, "" for nothing; becomes what the first member with a problem has to say, "" where none
 * has one. Those who only followed another come last. 0; -ECANCELED: a member is gone, and `words` says which; or a negative
 * errno value of the communicator. */
int accord_reach(const struct accord *accord, bool followed, char words[PROBLEM_MAX]);

#endif
