/* SPDX-License-Identifier: BSD-2-Clause */
/* leftovers_private.h: the parts of leftovers.c. Each has a baseline of its own kind: read, compared and put back. */
#ifndef MRT_LEFTOVERS_PRIVATE_H
#define MRT_LEFTOVERS_PRIVATE_H

#include <fenv.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "leftovers.h"

#define LINES_OF_A_KIND    8 /* told one by one; then how many more there are */
#define DESCRIPTORS_LOOKED 256
#define CHILDREN_KEPT      16

/* What one look found. */
struct look {
    bool thorough;
    unsigned thrifty_before; /* looks since the last thorough one */
    struct text *told;
};

/* Adds a line. */
__attribute__((format(printf, 2, 3))) void look_tell(struct look *look, const char *format, ...);
/* The same of something that only a thorough look sees. */
__attribute__((format(printf, 2, 3))) void look_tell_rare(struct look *look, const char *format, ...);

/* ---- leftovers_place.c: working directory, environment, umask, limits, locale, floating point, processors ---- */
struct place_baseline {
    int directory; /* a descriptor, or -1 */
    char path[PATH_MAX];
    dev_t device;
    ino_t inode;
    char **environment; /* [variables] copies that nobody else has */
    char **pointers;    /* [variables] what they were in `environ` */
    size_t variables;
    mode_t mask;
    struct rlimit limits[RLIM_NLIMITS];
    char *locale;
    fenv_t modes;
    int rounding, traps;
    unsigned flush; /* subnormal numbers are 0: flags of x86's MXCSR */
    int nice;
    cpu_set_t processors;
};
int place_read(struct place_baseline *baseline);
void place_finish(struct place_baseline *baseline);
void place_check(struct place_baseline *baseline, struct look *look);

/* ---- leftovers_signals.c: mask, handlers, alternate stack, timers ---- */
struct signals_baseline {
    sigset_t mask;
    struct sigaction handlers[_NSIG];
    bool known[_NSIG];
    stack_t stack;
    int timer;       /* the number that the next POSIX timer would have had */
};
void signals_read(struct signals_baseline *baseline);
void signals_stop_timers(struct look *look);
void signals_check(struct signals_baseline *baseline, struct look *look);

/* ---- leftovers_files.c: standard streams and descriptors ---- */
struct files_baseline {
    int saved[3]; /* duplicates of 0, 1 and 2, or -1 */
    int flags[3];
    dev_t devices[3];
    ino_t inodes[3];
    bool open[DESCRIPTORS_LOOKED], told[DESCRIPTORS_LOOKED];
};
void files_read(struct files_baseline *baseline);
void files_list(struct files_baseline *baseline); /* which are open now */
void files_merge(struct files_baseline *baseline, const struct files_baseline *inner); /* what was told is not told again */
void files_finish(struct files_baseline *baseline);
void files_check(struct files_baseline *baseline, struct look *look);

/* ---- leftovers_tasks.c: child processes and threads ---- */
struct tasks_baseline {
    pid_t children[CHILDREN_KEPT]; /* that were there before */
    size_t child_count;
    int folder; /* /proc/self/task */
    pid_t *threads; /* [thread_count] ascending */
    size_t thread_count;
};
void tasks_read(struct tasks_baseline *baseline);
void tasks_merge(struct tasks_baseline *baseline, struct tasks_baseline *inner);
void tasks_finish(struct tasks_baseline *baseline);
void tasks_check(struct tasks_baseline *baseline, struct look *look);

/* ---- leftovers_mpi.c: objects and messages of MPI's, as the front door tells them ---- */
void objects_begin(void);
void objects_end(void);
/* Tells of those noted since the last call if they are somebody's fault, and forgets them. */
void objects_tell(bool blamed, struct look *look);

#endif
