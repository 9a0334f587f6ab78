/* SPDX-License-Identifier: BSD-2-Clause */
/* team.h: the communicator of a team, new for each test, so that no message, attribute, name or error handler of one test
 * reaches another. On the mock it is made without communication; under a real MPI by MPI_Comm_create_group, collective
 * over the members alone (MPI-3.1 §6.4.2). */
#ifndef MRT_TEAM_H
#define MRT_TEAM_H

#include <stdint.h>

#include "control.h"

/* `members` are ranks of the control communicator; the first becomes rank 0. A team of one is MPI_COMM_NULL: the front
 * door makes its communicator when the test first uses it. 0, or -EIO. */
int team_create(struct control *control, const uint32_t members[], uint32_t size, uint32_t serial, MPI_Comm *team);
/* Collective over the team, after every member has left its world. Where requests were left open on it under a real MPI
 * (by this rank: `pending`; by any: guard.h) it is kept instead: freeing a communicator with operations pending breaks Open
 * MPI. */
void team_free(struct control *control, MPI_Comm *team, bool pending);

#endif
