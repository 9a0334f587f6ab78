/* SPDX-License-Identifier: BSD-2-Clause */
/* watch.c: see watch.h. */
#include "watch.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../mpimock/mock/waiting.h"
#include "clock.h"

#define LOOK_SECONDS 0.5 /* between two looks at processes without a pidfd */

struct watched {
    int number;
    pid_t pid;
    uint64_t start;
    int fd; /* -1: none, look into /proc */
};

static struct {
    struct watch_settings settings;
    pthread_t thread;
    sem_t ready;
    bool started;
    atomic_bool stop;
    int event; /* wakes the thread */
    _Atomic double wakes_at;
    pthread_mutex_t lock; /* of the list: */
    struct watched processes[WATCH_PROCESSES_MAX];
    size_t count;
} watch = {.event = -1, .lock = PTHREAD_MUTEX_INITIALIZER};

uint64_t process_start(pid_t pid)
{
    char path[64], text[1024];
    unsigned long long start = 0;
    char state = 'Z';
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    size_t size = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[size] = '\0';
    const char *after_name = strrchr(text, ')'); /* the name may hold anything */
    if (!after_name || sscanf(after_name + 1,
                              " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &state,
                              &start) != 2)
        return 0;
    return state == 'Z' || state == 'X' ? 0 : start;
}

static void wake(void)
{
    uint64_t one = 1;
    ssize_t written = write(watch.event, &one, sizeof one); /* cannot block: the thread reads */
    (void)written;
}

void watch_expect(double moment)
{
    if (watch.started && moment < atomic_load(&watch.wakes_at))
        wake();
}

/* ---- Processes ---- */

static int open_process(const struct watched *process)
{
#ifdef SYS_pidfd_open
    if (!watch.settings.poll_proc)
        return (int)syscall(SYS_pidfd_open, process->pid, 0);
#endif
    errno = ENOSYS;
    (void)process;
    return -1;
}

int watch_process(int number, pid_t pid, uint64_t start)
{
    struct watched process = {.number = number, .pid = pid, .start = start};
    process.fd = open_process(&process);
    int error = 0;
    pthread_mutex_lock(&watch.lock);
    if (watch.count == WATCH_PROCESSES_MAX)
        error = -ENOSPC;
    else
        watch.processes[watch.count++] = process;
    pthread_mutex_unlock(&watch.lock);
    if (error && process.fd >= 0)
        close(process.fd);
    wake();
    return error;
}

static bool has_ended(const struct watched *process, bool readable)
{
    if (readable)
        return true;
    if (process->fd >= 0)
        return false;
    uint64_t start = process_start(process->pid);
    return start == 0 || (process->start != 0 && start != process->start);
}

/* The list as poll(2) wants it, after the event. A pidfd of a later process of the same number is no use. */
static size_t list(struct pollfd polls[], bool *look)
{
    size_t count = 0;
    polls[count++] = (struct pollfd){.fd = watch.event, .events = POLLIN};
    *look = false;
    pthread_mutex_lock(&watch.lock);
    for (size_t i = 0; i < watch.count; i++) {
        struct watched *process = &watch.processes[i];
        if (process->fd >= 0 && process->start != 0) { /* new: is it the one that was meant? */
            uint64_t start = process_start(process->pid);
            if (start != 0 && start != process->start) {
                close(process->fd);
                process->fd = -1;
            } else {
                process->start = 0;
            }
        }
        *look = *look || process->fd < 0;
        polls[count++] = (struct pollfd){.fd = process->fd, .events = POLLIN};
    }
    pthread_mutex_unlock(&watch.lock);
    return count;
}

/* New processes may have been added behind those that were polled; only this thread takes any away. */
static void tell_ended(const struct pollfd polls[], size_t polled)
{
    for (size_t i = polled - 1; i-- > 0;) {
        struct watched process;
        pthread_mutex_lock(&watch.lock);
        process = watch.processes[i];
        bool ended = has_ended(&process, (polls[i + 1].revents & (POLLIN | POLLHUP | POLLERR)) != 0);
        if (ended)
            watch.processes[i] = watch.processes[--watch.count];
        pthread_mutex_unlock(&watch.lock);
        if (!ended)
            continue;
        if (process.fd >= 0)
            close(process.fd);
        watch.settings.ended(process.number);
    }
}

/* ---- The thread ---- */

static const struct timespec *until(double moment, struct timespec *time)
{
    if (isinf(moment))
        return NULL;
    double left = moment - clock_now();
    if (left < 0)
        left = 0;
    if (left > 1e6)
        left = 1e6;
    *time = (struct timespec){.tv_sec = (time_t)left, .tv_nsec = (long)((left - floor(left)) * 1e9)};
    return time;
}

static void *watch_thread(void *unused)
{
    static struct pollfd polls[1 + WATCH_PROCESSES_MAX];
    (void)unused;
    mpimock_thread_is_helper(true);
    sem_post(&watch.ready);
    while (!atomic_load(&watch.stop)) {
        struct timespec time;
        bool look;
        size_t count = list(polls, &look);
        /* From here on whoever expects something before the moment that is written wakes this thread; what was expected
         * before is seen by the second call. */
        atomic_store(&watch.wakes_at, -INFINITY);
        double moment = watch.settings.due ? watch.settings.due(clock_now()) : INFINITY;
        if (look && clock_now() + LOOK_SECONDS < moment)
            moment = clock_now() + LOOK_SECONDS;
        atomic_store(&watch.wakes_at, moment);
        double again = watch.settings.due ? watch.settings.due(clock_now()) : INFINITY;
        int ready = ppoll(polls, count, until(again < moment ? again : moment, &time), NULL);
        atomic_store(&watch.wakes_at, -INFINITY); /* awake: nobody need wake it */
        if (ready < 0)
            continue;
        uint64_t number;
        if ((polls[0].revents & POLLIN) && read(watch.event, &number, sizeof number) < 0)
            continue;
        tell_ended(polls, count);
    }
    return NULL;
}

int watch_start(const struct watch_settings *settings)
{
    sigset_t all, before;
    watch.settings = *settings;
    watch.event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (watch.event < 0)
        return -errno;
    atomic_store(&watch.stop, false);
    atomic_store(&watch.wakes_at, -INFINITY);
    sem_init(&watch.ready, 0, 0);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&watch.thread, NULL, watch_thread, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    watch.started = error == 0;
    if (!error)
        while (sem_wait(&watch.ready) != 0) /* whoever counts threads that may call MPI must not count this one */
            continue;
    if (error) {
        close(watch.event);
        watch.event = -1;
    }
    return -error;
}

void watch_stop(void)
{
    if (!watch.started)
        return;
    atomic_store(&watch.stop, true);
    wake();
    pthread_join(watch.thread, NULL);
    for (size_t i = 0; i < watch.count; i++)
        if (watch.processes[i].fd >= 0)
            close(watch.processes[i].fd);
    watch.count = 0;
    watch.started = false;
    close(watch.event);
    watch.event = -1;
}
