/* SPDX-License-Identifier: BSD-2-Clause */
/* watch.h: one thread of a rank that never calls MPI: it sees that time is up, and that processes have ended, whatever the
 * rank's own thread does meanwhile.
 *
 * It sleeps in one ppoll(2) on the processes' pidfds until the next moment that matters, so a quiet run costs nothing. All
 * signals are blocked in it. Where the kernel has no pidfd_open(2) (before Linux 5.3), or no descriptor is left, it looks into
 * /proc twice a second instead.
 */
#ifndef MRT_WATCH_H
#define MRT_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define WATCH_PROCESSES_MAX 1024 /* what more is asked for is refused with -ENOSPC */

/* Called in the thread of the watch. */
struct watch_settings {
    /* Does what is due at `now` (clock.h); returns when to be called next at the latest, INFINITY: when told. NULL: none. */
    double (*due)(double now);
    /* The process that was added under this number has ended; once for each. */
    void (*ended)(int number);
    bool poll_proc; /* do not use pidfds: for tests */
};

/* 0 or a negative errno value. One watch for each process. */
int watch_start(const struct watch_settings *settings);
/* Returns when the thread has ended: no function of the settings runs any more. Nothing happens where none was started. */
void watch_stop(void);
/* `due` is to be called at that moment, or before. Two loads where the thread wakes soon enough anyway. */
void watch_expect(double moment);
/* Watches a process, told by its number and the time when it started (process_start(); 0: unknown), so that no later process
 * of that number is taken for it. One that has ended already is told too. 0, -ENOSPC or -ENOMEM. */
int watch_process(int number, pid_t pid, uint64_t start);
/* When the process started, in ticks since the boot (proc_pid_stat(5)); 0: there is none, or it has ended. */
uint64_t process_start(pid_t pid);

#endif
