/* SPDX-License-Identifier: BSD-2-Clause */
/* journal.h: what a run did, so that another job can go on with it: rank 0 writes it as a reporter, the first of all.
 *
 *     RUN       version, hash and number of the tests, selection, seed, suites        once, at the start
 *     JOB       a job begins: ranks, MPI, time                                        once for each job that goes on with it
 *     START     tests were handed out together: which, in order, and to which ranks
 *     RETRY     one of them did not pass, and will be run again
 *     RESULT    one of them has ended
 *     END       the job came to the end of its run: status
 *
 * A result is in the journal as soon as rank 0 has it: before any other report tells of it, and before a rank of its team is
 * given something else. Where several short tests were handed out together, a worker begins the next when its result has left
 * it, not when it is written; under --launch it waits until rank 0 has taken it.
 *
 * In flight when a job died is of each assignment without an end the first test without a result. Tests are known by their
 * place in the plan, which is the same wherever the hash is.
 */
#ifndef MRT_JOURNAL_H
#define MRT_JOURNAL_H

#include "journal_file.h"
#include "plan.h"
#include "reporter.h"

enum journal_kind {
    JOURNAL_RUN = 1,
    JOURNAL_JOB,
    JOURNAL_START,
    JOURNAL_RETRY,
    JOURNAL_RESULT,
    JOURNAL_END,
};

struct journal_run {
    const char *version;
    uint64_t plan_hash;
    size_t tests;
    const char *filter, *tags; /* NULL: none */
    bool shuffle;
    uint64_t seed;
    const char *const *suites; /* [suite_count] paths, absolute; none: those of the program, or beside it */
    size_t suite_count;
    double time; /* seconds since the epoch */
};

/* ---- Writing ---- */

/* Begins a journal in a new file: adds RUN. */
int journal_begin(struct journal_file *file, const struct journal_run *run);

/* Settings: `journal`, a file that belongs to the reporter from then on. What cannot be written is a warning at the end. */
extern const struct reporter_type reporter_journal;

/* ---- Reading ---- */

enum journal_state {
    JOURNAL_WAITS, /* it has not run to an end, or was not run (`notrun`, or skipped before it began): it is to run */
    JOURNAL_DIED,  /* the job died while it ran */
    JOURNAL_ENDED
};
struct journal_bytes {
    const void *bytes; /* as event_wire_get takes them */
    size_t size;
};
struct journal_test {
    enum journal_state state;
    struct journal_bytes result;   /* ENDED */
    struct journal_bytes *retries; /* [retry_count] tries that did not pass */
    size_t retry_count;
    int *ranks;                    /* [size] that it was given to last; DIED: that it ran on */
    int size;
    uint64_t assignment;           /* private to the reader */
};
struct journal {
    struct journal_run run;
    struct journal_test *tests; /* [run.tests] */
    size_t ended;               /* how many are ENDED or DIED */
    unsigned jobs;
    bool finished;              /* the last job came to its end: the next three */
    bool interrupted, ranks_missing;
    enum exit_status status;
    uint64_t size;              /* bytes of the whole records */
    unsigned char *bytes;       /* of the file: all strings are in it */
    const char **suites;
};

/* Reads a journal. -EINVAL, -ENOENT … with a sentence. */
int journal_read(struct journal **journal, const char *path, struct problem *problem);
void journal_destroy(struct journal *journal);
/* Is it of these tests, and of this version? -EINVAL with a sentence. */
int journal_check(const struct journal *journal, const char *path, const struct plan *plan, struct problem *problem);
/* The words about a test that is DIED: "the job died while it ran on ranks 1-3". */
void journal_died_words(const struct journal_test *test, char *words, size_t size);

/* ---- Where (journal_folder.c) ---- */

/* The path of a new journal in the user's cache folder ($XDG_CACHE_HOME/mpirun-tests or ~/.cache/mpirun-tests, made if need
 * be), after older ones than the last JOURNALS_KEPT were removed from there. The caller frees. NULL with a sentence where
 * there is no such folder. */
#define JOURNALS_KEPT 32
char *journal_new_path(uint64_t plan_hash, struct problem *problem);
/* The path of the last one of these tests; likewise. */
char *journal_last_path(uint64_t plan_hash, struct problem *problem);

#endif
