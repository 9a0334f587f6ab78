/* SPDX-License-Identifier: BSD-2-Clause */
/* cpu_time.c: `cpu_time FILE COMMAND ARGUMENTS…` runs a command and writes to FILE one line: seconds of wall time, and
 * of CPU time (user and system) of the command and all its descendants. Ends with the command's status.
 *
 * Descendants whose parents have gone become this process's children (PR_SET_CHILD_SUBREAPER), so none is left out
 * unless it outlives the command.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(const struct timeval *time)
{
    return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    struct rusage used;
    int status = 0;
    if (argc < 3) {
        fprintf(stderr, "usage: cpu_time FILE COMMAND ARGUMENTS…\n");
        return 125;
    }
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    double start = now();
    pid_t command = fork();
    if (command == 0) {
        execvp(argv[2], &argv[2]);
        fprintf(stderr, "cpu_time: %s: %s\n", argv[2], strerror(errno));
        _exit(127);
    }
    while (command > 0) {
        int ended;
        pid_t pid = wait(&ended);
        if (pid == command) {
            status = ended;
            break;
        }
        if (pid < 0 && errno != EINTR)
            command = -1;
    }
    if (command < 0) {
        fprintf(stderr, "cpu_time: %s: %s\n", argv[2], strerror(errno));
        return 125;
    }
    double wall = now() - start;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    getrusage(RUSAGE_CHILDREN, &used);
    FILE *file = fopen(argv[1], "w");
    if (file == NULL || fprintf(file, "%.6f %.6f\n", wall, seconds(&used.ru_utime) + seconds(&used.ru_stime)) < 0 ||
        fclose(file) != 0) {
        fprintf(stderr, "cpu_time: %s: %s\n", argv[1], strerror(errno));
        return 125;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
