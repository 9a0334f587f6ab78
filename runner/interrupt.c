/* SPDX-License-Identifier: BSD-2-Clause */
/* interrupt.c: see interrupt.h. */
#include "interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "limit.h"
#include "text.h"

#define GRACE_SECONDS          3.0
#define GRACE_LAUNCHED_SECONDS 0.3
#define SAME_SECONDS           0.25
#define ANCESTORS_MAX          4
#define COMMAND_MAX            65536

static const int numbers[] = {SIGINT, SIGTERM, SIGUSR1};

static struct {
    pid_t process;
    bool launched;
    _Atomic double last;
    atomic_int count, number;
} interrupted;

static void on_signal(int number, siginfo_t *info, void *context)
{
    int saved = errno;
    double now = clock_now();
    (void)info, (void)context;
    if (getpid() != interrupted.process) { /* a child that a test has forked: this is none of its business */
        signal(number, SIG_DFL);
        raise(number);
        return;
    }
    if (atomic_load(&interrupted.count) > 0 && now - atomic_load(&interrupted.last) < SAME_SECONDS)
        return;
    atomic_store(&interrupted.last, now);
    atomic_store(&interrupted.number, number);
    if (atomic_fetch_add(&interrupted.count, 1) == 0) {
        limit_hasten_end(now + (interrupted.launched && number != SIGUSR1 ? GRACE_LAUNCHED_SECONDS : GRACE_SECONDS));
    }
    errno = saved;
}

void interrupt_begin(bool launched)
{
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART}, before;
    interrupted.process = getpid();
    interrupted.launched = launched;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
}

int interrupt_count(void)
{
    return atomic_load(&interrupted.count);
}

const char *interrupt_name(void)
{
    int number = atomic_load(&interrupted.number);
    return number == SIGINT ? "SIGINT" : number == SIGTERM ? "SIGTERM" : "SIGUSR1";
}

/* ---- How to go on ---- */

/* A word as a shell reads it. */
static void add_word(struct text *text, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=./,:+@%";
    if (text->size > 0)
        text_add_string(text, " ");
    if (word[0] && word[strspn(word, plain)] == '\0') {
        text_add_string(text, word);
        return;
    }
    text_add_string(text, "'");
    for (; *word; word++)
        if (*word == '\'')
            text_add_string(text, "'\\''");
        else
            text_add(text, word, 1);
    text_add_string(text, "'");
}

/* Reads a small file of /proc; -1 on failure. */
static ssize_t read_proc(pid_t pid, const char *name, char *bytes, size_t room)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd >= 0 ? read(fd, bytes, room - 1) : -1;
    if (fd >= 0)
        close(fd);
    if (got >= 0)
        bytes[got] = '\0';
    return got;
}

static pid_t parent_of(pid_t pid)
{
    char status[1024];
    const char *line = read_proc(pid, "status", status, sizeof status) > 0 ? strstr(status, "\nPPid:") : NULL;
    return line ? (pid_t)atoi(line + 6) : 0;
}

/* The words of the process above us whose words end with ours, but for ours: mpiexec's own. False: there is none near. */
static bool add_launcher(struct text *text, char *const argv[])
{
    char *command = malloc(COMMAND_MAX);
    bool found = false;
    size_t ours = 0;
    for (char *const *word = argv; *word; word++)
        ours += strlen(*word) + 1;
    pid_t pid = getppid();
    for (int i = 0; command && i < ANCESTORS_MAX && pid > 1 && !found; i++, pid = parent_of(pid)) {
        ssize_t size = read_proc(pid, "cmdline", command, COMMAND_MAX);
        if (size <= (ssize_t)ours)
            continue;
        const char *end = command + size - ours, *at = end;
        for (char *const *word = argv; *word && at && strcmp(at, *word) == 0; word++)
            at += strlen(at) + 1;
        found = at == command + size && end[-1] == '\0';
        for (const char *word = command; found && word < end; word += strlen(word) + 1)
            add_word(text, word);
    }
    free(command);
    return found;
}

char *interrupt_resume_line(char *const argv[], int ranks, bool launched, const char *journal)
{
    struct text text = {0};
    if (launched && !add_launcher(&text, argv))
        text_printf(&text, "mpiexec -n %d", ranks);
    for (size_t i = 0; argv[i]; i++) {
        bool resume = strcmp(argv[i], "--resume") == 0 || strcmp(argv[i], "--journal") == 0;
        if (resume && argv[i + 1])
            i++;
        else if (strncmp(argv[i], "--resume=", 9) != 0 && strncmp(argv[i], "--journal=", 10) != 0)
            add_word(&text, argv[i]);
    }
    add_word(&text, "--resume");
    add_word(&text, journal);
    if (text.failed) {
        text_finish(&text);
        return NULL;
    }
    return text.bytes;
}
