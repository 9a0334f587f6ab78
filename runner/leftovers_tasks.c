/* SPDX-License-Identifier: BSD-2-Clause */
/* leftovers_tasks.c: child processes, ended and reaped, and threads, told of.
 *
 * A process whose parent, a child of the test, has ended comes to this process, so ending children goes on until none are
 * left. Those that this process had before (helpers of the runner) are let alone. */
#include "leftovers_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS    200 /* from SIGTERM to SIGKILL */
#define LAST_MS        2000
#define GENERATIONS    64  /* children of children that were ended */
#define THREAD_ENDS_MS 50  /* a joined thread is seen for a moment still */

/* ---- Child processes ---- */

/* Fills with the children of this process; result: how many, at most `max`. */
static size_t list_children(pid_t children[], size_t max)
{
    size_t count = 0;
    DIR *folder = opendir("/proc/self/task");
    for (struct dirent *entry; folder && (entry = readdir(folder)) != NULL;) {
        char path[300];
        long child;
        snprintf(path, sizeof path, "/proc/self/task/%s/children", entry->d_name);
        FILE *list = entry->d_name[0] == '.' ? NULL : fopen(path, "re");
        while (list && count < max && fscanf(list, "%ld", &child) == 1)
            children[count++] = (pid_t)child;
        if (list)
            fclose(list);
    }
    if (folder)
        closedir(folder);
    return count;
}

static bool was_there(const struct tasks_baseline *baseline, pid_t child)
{
    for (size_t i = 0; i < baseline->child_count; i++)
        if (baseline->children[i] == child)
            return true;
    return false;
}

/* What it is called, as people know it. */
static void command_of(pid_t child, char *command, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/cmdline", (long)child);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = file >= 0 ? read(file, command, size - 1) : 0;
    if (file >= 0)
        close(file);
    for (ssize_t i = 0; i + 1 < length; i++)
        if (command[i] == '\0')
            command[i] = ' ';
    command[length > 0 ? length : 0] = '\0';
    if (length > 0)
        return;
    snprintf(path, sizeof path, "/proc/%ld/comm", (long)child); /* of one that has ended this is left */
    FILE *name = fopen(path, "re");
    if (!name || !fgets(command, (int)size, name))
        snprintf(command, size, "?");
    command[strcspn(command, "\n")] = '\0';
    if (name)
        fclose(name);
}

/* True: it has ended within that time, and is reaped. */
static bool reap_within(pid_t child, int pidfd, int milliseconds)
{
    struct pollfd polled = {.fd = pidfd, .events = POLLIN};
    if (pidfd >= 0)
        poll(&polled, 1, milliseconds);
    for (int waited = 0; waitpid(child, NULL, WNOHANG | __WALL) == 0; waited++) {
        if (pidfd >= 0 || waited >= milliseconds)
            return false;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL); /* without a pidfd there is no event to wait for */
    }
    return true;
}

static void end_child(pid_t child, struct look *look)
{
    char command[200];
    siginfo_t info = {0};
    command_of(child, command, sizeof command);
    if (waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0 && info.si_pid == child) {
        look_tell(look, "a child process (%s, process %ld) was not waited for", command, (long)child);
        waitpid(child, NULL, __WALL);
        return;
    }
    int pidfd = (int)syscall(SYS_pidfd_open, child, 0);
    kill(child, SIGTERM);
    kill(child, SIGCONT);
    bool ended = reap_within(child, pidfd, PATIENCE_MS);
    if (!ended) {
        kill(child, SIGKILL);
        reap_within(child, pidfd, LAST_MS);
    }
    if (pidfd >= 0)
        close(pidfd);
    look_tell(look, "a child process was left running (%s, process %ld); it is ended%s", command, (long)child,
              ended ? "" : " by SIGKILL");
}

static void check_children(const struct tasks_baseline *baseline, struct look *look)
{
    siginfo_t info;
    size_t told = 0, left_out = 0;
    struct text nobody = {0};
    struct look silent = {.told = &nobody};
    /* Most tests have none; where the runner has one, a look into /proc tells whether it is the only one. */
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) != 0 && errno == ECHILD)
        return;
    for (int generation = 0; generation < GENERATIONS; generation++) {
        pid_t children[256];
        size_t count = list_children(children, sizeof children / sizeof children[0]), ended = 0;
        for (size_t i = 0; i < count; i++) {
            if (was_there(baseline, children[i]))
                continue;
            end_child(children[i], told < LINES_OF_A_KIND ? look : &silent);
            left_out += told++ >= LINES_OF_A_KIND;
            ended++;
        }
        if (ended == 0)
            break;
    }
    if (left_out > 0)
        look_tell(look, "and %zu other child processes", left_out);
    text_finish(&nobody);
}

/* ---- Threads ---- */

static int compare_pids(const void *a, const void *b)
{
    const pid_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* NULL: no memory. */
static pid_t *list_threads(size_t *count)
{
    size_t room = 64;
    pid_t *threads = malloc(room * sizeof *threads);
    DIR *folder = opendir("/proc/self/task");
    *count = 0;
    for (struct dirent *entry; threads && folder && (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        if (*count == room) {
            pid_t *more = realloc(threads, 2 * room * sizeof *threads);
            if (!more)
                break;
            threads = more;
            room *= 2;
        }
        threads[(*count)++] = (pid_t)atol(entry->d_name);
    }
    if (folder)
        closedir(folder);
    if (threads)
        qsort(threads, *count, sizeof *threads, compare_pids);
    return threads;
}

/* How many there are, by the number of links of their folder; 0: unknown. */
static size_t count_threads(const struct tasks_baseline *baseline)
{
    struct stat status;
    return baseline->folder >= 0 && fstat(baseline->folder, &status) == 0 && status.st_nlink > 2 ? status.st_nlink - 2 : 0;
}

static int is_openmp(struct dl_phdr_info *info, size_t size, void *found)
{
    static const char *const names[] = {"libgomp.so", "libomp.so", "libiomp5.so", "libtbb.so"};
    (void)size;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (info->dlpi_name && strstr(info->dlpi_name, names[i]))
            *(bool *)found = true;
    return *(bool *)found;
}

static void tell_threads(const struct tasks_baseline *baseline, const pid_t threads[], size_t count, struct look *look)
{
    bool pool = false;
    size_t told = 0, left_out = 0;
    dl_iterate_phdr(is_openmp, &pool); /* keeps its threads for the next parallel region */
    for (size_t i = 0; i < count && !pool; i++) {
        char path[64], name[32] = "?\n";
        if (bsearch(&threads[i], baseline->threads, baseline->thread_count, sizeof threads[i], compare_pids))
            continue;
        if (told++ >= LINES_OF_A_KIND) {
            left_out++;
            continue;
        }
        snprintf(path, sizeof path, "/proc/self/task/%ld/comm", (long)threads[i]);
        FILE *file = fopen(path, "re");
        if (file && !fgets(name, sizeof name, file))
            name[0] = '\0';
        if (file)
            fclose(file);
        name[strcspn(name, "\n")] = '\0';
        if (strncmp(name, LEFTOVERS_OWN_THREAD, strlen(LEFTOVERS_OWN_THREAD)) != 0)
            look_tell(look, "a thread was left running (%s, thread %ld)", name, (long)threads[i]);
    }
    if (left_out > 0)
        look_tell(look, "and %zu other threads", left_out);
}

static void check_threads(struct tasks_baseline *baseline, struct look *look)
{
    size_t now = count_threads(baseline);
    if (now == baseline->thread_count || now == 0)
        return;
    for (int waited = 0; now > baseline->thread_count && waited < THREAD_ENDS_MS; waited++) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL); /* nothing tells when the kernel has done with a thread */
        now = count_threads(baseline);
    }
    size_t count;
    pid_t *threads = list_threads(&count);
    if (!threads)
        return;
    tell_threads(baseline, threads, count, look);
    free(baseline->threads);
    baseline->threads = threads;
    baseline->thread_count = count;
}

/* ---- All of it ---- */

void tasks_read(struct tasks_baseline *baseline)
{
    baseline->child_count = list_children(baseline->children, CHILDREN_KEPT);
    baseline->folder = open("/proc/self/task", O_PATH | O_DIRECTORY | O_CLOEXEC);
    baseline->threads = list_threads(&baseline->thread_count);
}

void tasks_merge(struct tasks_baseline *baseline, struct tasks_baseline *inner)
{
    pid_t *threads = baseline->threads;
    baseline->threads = inner->threads;
    inner->threads = threads;
    baseline->thread_count = inner->thread_count;
}

void tasks_finish(struct tasks_baseline *baseline)
{
    if (baseline->folder >= 0)
        close(baseline->folder);
    baseline->folder = -1;
    free(baseline->threads);
    baseline->threads = NULL;
}

void tasks_check(struct tasks_baseline *baseline, struct look *look)
{
    check_children(baseline, look);
    check_threads(baseline, look);
}
