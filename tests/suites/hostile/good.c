/* SPDX-License-Identifier: BSD-2-Clause */
/* good.c: see hostile.h. */
#include "hostile.h"

#include <fenv.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
    char folder[PATH_MAX];
    mode_t mask;
    sigset_t signals;
    struct rlimit stack, files, data;
    int rounding;
} first;

__attribute__((constructor)) static void remember(void)
{
    if (!getcwd(first.folder, sizeof first.folder))
        first.folder[0] = '\0';
    first.mask = umask(0);
    umask(first.mask);
    sigprocmask(SIG_SETMASK, NULL, &first.signals);
    getrlimit(RLIMIT_STACK, &first.stack);
    getrlimit(RLIMIT_NOFILE, &first.files);
    getrlimit(RLIMIT_DATA, &first.data);
    first.rounding = fegetround();
}

static void same_limit(int which, const struct rlimit *before)
{
    struct rlimit now;
    getrlimit((__rlimit_resource_t)which, &now);
    assert_true(now.rlim_cur == before->rlim_cur);
}

static void good_signals(void)
{
    sigset_t now;
    struct sigaction action;
    struct itimerval timer;
    sigprocmask(SIG_SETMASK, NULL, &now);
    for (int number = 1; number < SIGRTMIN; number++)
        if (sigismember(&now, number) != sigismember(&first.signals, number))
            fail_msg("signal %d is blocked, or no longer", number);
    sigaction(SIGUSR2, NULL, &action);
    assert_true(action.sa_handler != SIG_IGN);
    sigaction(SIGCHLD, NULL, &action);
    assert_true(action.sa_handler == SIG_DFL || action.sa_flags & SA_SIGINFO);
    getitimer(ITIMER_REAL, &timer);
    assert_true(timer.it_value.tv_sec == 0 && timer.it_value.tv_usec == 0);
}

/* What a program prints to its two streams must still come to the same place. */
static void good_streams(void)
{
    struct stat out, err;
    assert_int_equal(fstat(STDOUT_FILENO, &out), 0);
    assert_int_equal(fstat(STDERR_FILENO, &err), 0);
    assert_true(out.st_ino == err.st_ino || out.st_dev != err.st_dev || !S_ISREG(out.st_mode));
    assert_true(printf("good\n") > 0);
    assert_int_equal(fflush(stdout), 0);
    assert_false(ferror(stdout));
}

void good_process(void)
{
    char folder[PATH_MAX];
    mode_t mask = umask(0);
    umask(mask);
    assert_int_equal(mask, first.mask);
    assert_non_null(getcwd(folder, sizeof folder));
    assert_string_equal(folder, first.folder);
    assert_null(getenv("HOSTILE"));
    assert_non_null(getenv("PATH"));
    assert_int_equal(fegetround(), first.rounding);
    same_limit(RLIMIT_STACK, &first.stack);
    same_limit(RLIMIT_NOFILE, &first.files);
    same_limit(RLIMIT_DATA, &first.data);
    good_signals();
    good_streams();
    assert_true(waitpid(-1, NULL, WNOHANG) <= 0); /* no dead child of another test */
    char *memory = malloc(100000);
    assert_non_null(memory);
    memset(memory, 1, 100000);
    free(memory);
}

static void good_messages(int rank, int size)
{
    enum { LARGE = 40000 };
    static int out[LARGE], in[LARGE];
    int next = (rank + 1) % size, previous = (rank + size - 1) % size, found = 1;
    MPI_Request requests[2];
    MPI_Status status;
    MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &found, MPI_STATUS_IGNORE);
    assert_false(found);
    MPI_Barrier(MPI_COMM_WORLD);
    for (int i = 0; i < LARGE; i++) {
        out[i] = rank * LARGE + i;
        in[i] = -1;
    }
    MPI_Irecv(in, LARGE, MPI_INT, MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &requests[0]);
    MPI_Isend(out, LARGE, MPI_INT, next, 5, MPI_COMM_WORLD, &requests[1]);
    MPI_Wait(&requests[0], &status);
    MPI_Wait(&requests[1], MPI_STATUS_IGNORE);
    assert_int_equal(status.MPI_SOURCE, previous);
    assert_int_equal(status.MPI_TAG, 5);
    for (int i = 0; i < LARGE; i++)
        if (in[i] != previous * LARGE + i)
            fail_msg("element %d is %d", i, in[i]);
}

void good_world(void)
{
    int rank, size, sum = 0, length, is_set = 1, initialized = 0, finalized = 1;
    char name[MPI_MAX_OBJECT_NAME];
    MPI_Comm half;
    MPI_Errhandler handler;
    MPI_Initialized(&initialized);
    MPI_Finalized(&finalized);
    assert_true(initialized && !finalized);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Comm_get_name(MPI_COMM_WORLD, name, &length);
    assert_string_equal(name, "MPI_COMM_WORLD");
    MPI_Comm_get_errhandler(MPI_COMM_WORLD, &handler);
    assert_true(handler == MPI_ERRORS_ARE_FATAL);
    good_messages(rank, size);
    MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    assert_int_equal(sum, size * (size - 1) / 2);
    MPI_Comm_split(MPI_COMM_WORLD, rank % 2, rank, &half);
    sum = 0;
    MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_MAX, half);
    assert_int_equal(sum, rank % 2 == (size - 1) % 2 ? size - 1 : size - 2);
    int keyval;
    void *value;
    MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, MPI_COMM_NULL_DELETE_FN, &keyval, NULL);
    MPI_Comm_get_attr(MPI_COMM_WORLD, keyval, &value, &is_set);
    assert_false(is_set);
    MPI_Comm_free_keyval(&keyval);
    MPI_Comm_free(&half);
    MPI_Barrier(MPI_COMM_WORLD);
}
