/* SPDX-License-Identifier: BSD-2-Clause */
/* hostile.h: the good tests that stand between hostile ones, and check that nothing of those has reached them.
 *
 *     GOOD(1, after_the_assertions)      the first number is how many ranks the test has
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <mpirun_tests.h>

/* How this process should be at the start of each test; written down when the suite is loaded. */
void good_process(void);
/* What this rank's MPI should be: a fresh team, in which all calls work and nothing has come. */
void good_world(void);

#define GOOD(ranks, name)                                                                                              \
    MRT_TEST(good_##name##_on_##ranks, .np = ranks)                                                                    \
    {                                                                                                                  \
        good_process();                                                                                                \
        good_world();                                                                                                  \
    }

#endif
