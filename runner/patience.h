/* SPDX-License-Identifier: BSD-2-Clause */
/* patience.h: what the main rank does about time, beside what each rank does about its own (limit.h): it says which tests are
 * slow, and which ranks have not reported although the time of their test was up long ago. */
#ifndef MRT_PATIENCE_H
#define MRT_PATIENCE_H

#include "reporter.h"
#include "running_team.h"

struct patience {
    struct running_team *const *team_of; /* [ranks] NULL: in none */
    int ranks;
    const struct plan *plan;
    struct reporters *reporters;
    double slow; /* seconds; 0: no test is slow */
};
/* "slow: halo.ring runs for 10 s on ranks 1 to 4", once for each test. */
void patience_tell_slow(const struct patience *patience, double now);
/* The first rank from `rank` on that is overdue; -1: none. Rank 0 is not. */
int patience_next_overdue(const struct patience *patience, int rank, double now);

#endif
