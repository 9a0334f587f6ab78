/* SPDX-License-Identifier: BSD-2-Clause */
/* fork_loop.c: the least that a process for each test costs: a small program that forks, and waits for the child to end.
 * `fork_loop [FORKS]`; prints forks a second. The peer of bench_isolate. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

int main(int argc, char **argv)
{
    long forks = argc > 1 ? strtol(argv[1], NULL, 10) : 2000;
    double start = now();
    for (long i = 0; i < forks; i++) {
        pid_t child = fork();
        if (child == 0)
            _exit(0);
        if (child < 0 || waitpid(child, NULL, 0) != child)
            return 1;
    }
    printf("%.0f\n", (double)forks / (now() - start));
    return 0;
}
