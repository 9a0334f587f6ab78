/* SPDX-License-Identifier: BSD-2-Clause */
/* options.h: the command line and its environment variables, from one table: names, forms, help and dispatch.
 *
 * Each option has a variable, MPIRUN_TESTS_<OPTION> with _ for -; the command line wins. Only options that work are in the
 * table. GTEST_* are not read here.
 */
#ifndef MRT_OPTIONS_H
#define MRT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../mpimock/problem.h"

enum options_when { WHEN_AUTO, WHEN_ALWAYS, WHEN_NEVER };
enum options_list { LIST_NO, LIST_TEXT, LIST_JSON };

struct options {
    bool mock, mpi;               /* --mock, --mpi */
    int n;                        /* -n N; 0: not given */
    bool n_auto;                  /* -n auto (auto*2, auto/2: n_multiply, n_divide) */
    int n_multiply, n_divide;     /* 1 where not given */
    const char *hostfile;
    const char *filter, *tags;
    enum options_list list;
    bool shuffle;
    uint64_t seed;                /* valid if seed_given; --seed implies --shuffle */
    bool seed_given;
    int maxfail;                  /* 0: none; --fail-fast is 1 */
    bool isolate;                 /* tests that say nothing about it */
    double timeout;               /* seconds, of tests that name none; 0: not given; < 0: no limit (--timeout 0) */
    double slow_timeout, global_timeout; /* seconds; 0: none */
    int retries;                  /* of a test that did not pass */
    const char *launch;           /* the command that starts the job */
    double start_timeout;         /* seconds, of --launch */
    const char *journal;          /* a file, or "none"; NULL: in the cache folder */
    const char *resume;           /* a journal to go on with, or "last" */
    int verbosity;                /* -q -1, -v 1, -vv 2 */
    bool no_capture;              /* -s, --no-capture */
    enum options_when colour, progress;
    int durations;
    bool fail_on_skip, fail_on_flaky, strict;
    const char *tap, *junit, *json; /* files; "-" is standard output; --tap alone is "-" */
    bool help, version;
    const char **suites;          /* [suite_count] shared objects named on the command line */
    size_t suite_count;
};

/* Reads arguments, then the environment for what they leave open. -EINVAL with one sentence: what, where (the option or
 * variable), how to mend it (the nearest known name for an unknown option). Strings point into argv and environ.
 * Together with --help or --version the environment is not read. *options is set on success only. */
int options_parse(struct options *options, int argc, char *const argv[], struct problem *problem);
/* Copies suites, where none was named. 0 or -ENOMEM. */
int options_set_suites(struct options *options, const char *const suites[], size_t count);
void options_finish(struct options *options);
/* The text of --help, made from the table; the caller frees. */
char *options_help(const char *program);

#endif
