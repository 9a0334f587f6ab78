/* SPDX-License-Identifier: BSD-2-Clause */
/* rollcall.h: the sentence that finds the odd one among ranks whose time was up:
 *
 *     ranks 0, 2, 3 wait in MPI_Allreduce (solver.c:88); rank 1 is in compute(), solver.c:61
 *
 * The places that most ranks are in come first, the odd one last. Pure.
 */
#ifndef MRT_ROLLCALL_H
#define MRT_ROLLCALL_H

#include "event.h"

#define ROLLCALL_PLACES_MAX 8 /* what is in further places is counted */

/* Of a test's ranks, by their places ("waits in …", "is in …"; for a rank without, what came of it). The caller frees; NULL: out
 * of memory, or there is nothing to compare: one rank. */
char *rollcall_sentence(const struct event_rank_result ranks[], int size);

#endif
