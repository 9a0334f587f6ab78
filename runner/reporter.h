/* SPDX-License-Identifier: BSD-2-Clause */
/* reporter.h: a reporter is a table of event functions, NULL where it is not interested. It never reads options or the
 * scheduler; where it writes is given to it. Every report is whole and valid at any moment. */
#ifndef MRT_REPORTER_H
#define MRT_REPORTER_H

#include <stdio.h>

#include "../mpimock/problem.h"
#include "event.h"

struct journal_file;
struct reporter; /* a reporter's own state */

struct reporter_settings {
    const char *path;      /* a file, or "-" for standard output */
    bool colour;           /* console */
    bool progress;         /* console: a line that is drawn over */
    int verbosity;         /* console: -1 quiet, 0, 1 each test as it ends, 2 the runner's steps */
    int durations;         /* console: so many slowest tests in the summary; 0 none */
    int columns;           /* console: width of the terminal, or 0 */
    FILE *stream;          /* console: where to, else NULL */
    int job;               /* console: the number of this job of the run, from 1: later ones are brief about what is known */
    struct journal_file *journal; /* journal: the file, which is the reporter's from then on */
};

struct reporter_type {
    const char *name;      /* "console", "tap", "junit", "json" */
    int (*create)(struct reporter **reporter, const struct reporter_settings *settings, struct problem *problem);
    void (*run_started)(struct reporter *reporter, const struct event_run_started *event);
    void (*test_started)(struct reporter *reporter, const struct event_test_started *event);
    /* It did not pass, and will be run again: it is told as finished later, with this try among the earlier ones. */
    void (*test_retried)(struct reporter *reporter, const struct event_test_finished *event);
    void (*test_finished)(struct reporter *reporter, const struct event_test_finished *event);
    void (*notice)(struct reporter *reporter, const struct event_notice *event);
    void (*run_finished)(struct reporter *reporter, const struct event_run_finished *event);
    /* Now and then while no test ends (about once a second): what was held back is written, what tells time redrawn. */
    void (*tick)(struct reporter *reporter);
    int (*destroy)(struct reporter *reporter, struct problem *problem); /* last write errors; frees */
};
extern const struct reporter_type reporter_console, reporter_tap, reporter_junit, reporter_json;

/* Several reporters as one. */
struct reporters;
struct reporters *reporters_create(void);
int reporters_add(struct reporters *reporters, const struct reporter_type *type, const struct reporter_settings *settings,
                  struct problem *problem);
void reporters_run_started(struct reporters *reporters, const struct event_run_started *event);
void reporters_test_started(struct reporters *reporters, const struct event_test_started *event);
void reporters_test_retried(struct reporters *reporters, const struct event_test_finished *event);
void reporters_test_finished(struct reporters *reporters, const struct event_test_finished *event);
void reporters_notice(struct reporters *reporters, const struct event_notice *event);
void reporters_run_finished(struct reporters *reporters, const struct event_run_finished *event);
void reporters_tick(struct reporters *reporters);
/* Destroys all, also when one has a problem; the first problem comes back. NULL is allowed. */
int reporters_destroy(struct reporters *reporters, struct problem *problem);

#endif
