/* SPDX-License-Identifier: BSD-2-Clause */
/* give_up.c: see give_up.h. */
#include "give_up.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../mpimock/door.h"
#include "../mpimock/launch.h"
#include "execution_private.h"
#include "leftovers.h"

#define STATUS_GIVEN_UP 70 /* sysexits.h: an internal error; nobody reads it */

_Static_assert(MPIMOCK_WORDS_FRAMES >= BACKTRACE_FRAMES_MAX, "a backtrace fits into last words");

static void write_last_words(struct mpimock_last_words *words, enum outcome outcome, const char *text)
{
    const struct sudden_end *sudden = &execution.sudden;
    words->outcome = (int32_t)outcome;
    words->signal = sudden->how == HOW_SIGNAL ? sudden->code : 0;
    words->code = sudden->code;
    words->address = sudden->address;
    words->frames = (uint32_t)sudden->frames;
    for (size_t i = 0; i < sudden->frames; i++)
        words->backtrace[i] = (uintptr_t)sudden->pcs[i];
    mpimock_call_text(words->call, sizeof words->call);
    size_t size = strnlen(text, sizeof words->text - 1);
    memcpy(words->text, text, size);
    words->text[size] = '\0';
    __atomic_store_n(&words->written, 1, __ATOMIC_RELEASE);
}

static void end_by_signal(int number)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t set;
    sigaction(number, &action, NULL);
    sigemptyset(&set);
    sigaddset(&set, number);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    kill(getpid(), number);
}

void give_up(enum outcome outcome, const char *text)
{
    struct mpimock_last_words *words = mpimock_backend() == &mpimock_backend_mock ? mpimock_last_words() : NULL;
    leftovers_flush_coverage();
    if (words) {
        write_last_words(words, outcome, text);
    } else {
        char line[1024];
        int size = snprintf(line, sizeof line, "mpirun-tests: a rank is given up in %s: %s\n",
                            execution.step ? execution.step->name : "a fixture", text);
        size = size < (int)sizeof line ? size : (int)sizeof line - 1;
        ssize_t written = write(execution.capture.file >= 0 ? execution.capture.saved[1] : STDERR_FILENO, line, (size_t)size);
        (void)written;
        end_by_signal(execution.sudden.how == HOW_SIGNAL ? execution.sudden.code : SIGABRT);
    }
    for (;;)
        syscall(SYS_exit_group, STATUS_GIVEN_UP);
}
