/* SPDX-License-Identifier: BSD-2-Clause */
/* launch.c: the supervising process: makes the segment, forks the ranks, hands signals on, reaps, and ends the job.
 *
 *     running --a rank died, aborted or found a deadlock--> ending (SIGTERM to the others) --GRACE--> killing (SIGKILL)
 *        \________________________________________________________\_____________________________________\--> all reaped
 *
 * With `replace` a death leaves the job running: the rank is buried (renew.h), reaped, and forked again. When rank 0 has
 * ended the others are expected to end too, and killed if they do not.
 *
 * Relies on signals alone, so that it works in a process with threads and under valgrind: handlers write their number
 * into a pipe, and the loop polls it. Promises that it returns only when every rank is reaped, with the caller's
 * handlers back in place; what a rank left half done in the segment is put right here (a dead rank no longer counts as
 * running).
 */
#include "launch.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "mock/deadlock.h"
#include "mock/process.h"
#include "mock/program.h"
#include "mock/renew.h"
#include "mock/segment.h"

#define GRACE_MILLISECONDS    2000
#define STRAGGLE_MILLISECONDS 5000 /* with `replace`: from rank 0's end to that of all others */

static const int signals[] = {SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};
#define SIGNALS     (sizeof signals / sizeof signals[0])
#define BY_TERMINAL 0x80 /* with a signal's number in the pipe: the ranks have got it too */

/* Of a rank that is replaced when it dies */
struct history {
    int deaths;     /* in a row, without a test begun */
    uint32_t ended; /* struct segment_rank's, when the process was forked */
};

struct job {
    const struct mpimock_launch *launch;
    struct segment *segment;
    int segment_fd;
    struct program program;
    pid_t *pids;  /* [n]; 0: reaped, or never forked */
    int *results; /* [n] */
    struct history *histories; /* [n] */
    int alive, died, replaced;
    int interrupted; /* a signal that was handed on */
    int status;      /* the cause of the end; 0: none yet */
    bool ending, killing;
    long long deadline; /* of `ending`, or after rank 0 has ended; 0: none */
    int pipe[2];
    sigset_t mask; /* the caller's */
    struct sigaction actions[SIGNALS];
};

static int wake_fd = -1; /* the write end, for the handlers; -1: no job */

static void on_signal(int number, siginfo_t *info, void *context)
{
    int saved = errno;
    (void)context;
    unsigned char byte = (unsigned char)(number | (info->si_code == SI_KERNEL ? BY_TERMINAL : 0));
    ssize_t written = write(wake_fd, &byte, 1); /* full: the loop will look anyway */
    (void)written;
    errno = saved;
}

static long long now_milliseconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

static int install_handlers(struct job *job, struct problem *problem)
{
    if (pipe2(job->pipe, O_CLOEXEC | O_NONBLOCK) != 0)
        return problem_set(problem, errno, "cannot make a pipe: %s", strerror(errno));
    wake_fd = job->pipe[1];
    for (size_t i = 0; i < SIGNALS; i++) {
        struct sigaction action = {.sa_flags = SA_SIGINFO | SA_RESTART, .sa_sigaction = on_signal};
        sigfillset(&action.sa_mask);
        sigaction(signals[i], NULL, &job->actions[i]);
        /* What the caller ignores (nohup) stays ignored; SIGCHLD must not be, or the kernel reaps in our place. */
        if (signals[i] == SIGCHLD || job->actions[i].sa_handler != SIG_IGN)
            sigaction(signals[i], &action, NULL);
    }
    return 0;
}

static void restore_handlers(struct job *job)
{
    for (size_t i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &job->actions[i], NULL);
    wake_fd = -1;
    close(job->pipe[0]);
    close(job->pipe[1]);
}

void mpimock_forget(void)
{
    process_detach();
}

/* ---- The ranks ---- */

static int exit_status_of(int result)
{
    return result == 0 ? 0 : (result & 0xff) != 0 ? result & 0xff : 1;
}

__attribute__((noreturn)) static void run_function(struct job *job, int rank)
{
    struct problem problem = {""};
    struct segment_rank *slot = segment_rank(job->segment, rank);
    int (*function)(void *) = job->launch->function;
    void *argument = job->launch->argument;
    close(job->segment_fd);
    if (process_attach(job->segment, rank, &problem) != 0) {
        fprintf(stderr, "mpimock: %s\n", problem.text);
        _exit(1);
    }
    /* What the supervisor needs, its ranks need not: a leak checker in a rank would find it. */
    free(job->pids);
    free(job->results);
    free(job->histories);
    program_finish(&job->program);
    slot->result = function(argument);
    atomic_store(&slot->returned, 1);
    exit(exit_status_of(slot->result));
}

__attribute__((noreturn)) static void run_rank(struct job *job, int rank, pid_t supervisor)
{
    restore_handlers(job);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != supervisor)
        _exit(1); /* the supervisor died before prctl */
    sigprocmask(SIG_SETMASK, &job->mask, NULL);
    if (job->launch->function != NULL)
        run_function(job, rank);
    if (rank > 0) { /* standard input is rank 0's, as with mpiexec */
        int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (nothing >= 0)
            dup2(nothing, STDIN_FILENO);
    }
    int error = program_exec(&job->program, job->segment_fd, rank);
    atomic_store(&segment_rank(job->segment, rank)->exec_error, error);
    _exit(error == ENOENT ? 127 : 126);
}

static void kill_all(struct job *job, int number)
{
    for (int i = 0; i < job->launch->n; i++)
        if (job->pids[i] > 0)
            kill(job->pids[i], number);
}

static void end_job(struct job *job, int status)
{
    if (job->ending)
        return;
    job->ending = true;
    job->status = status;
    job->deadline = now_milliseconds() + GRACE_MILLISECONDS;
    kill_all(job, SIGTERM);
}

/* With all signals blocked, so that no handler runs in a child before it has its own again. 0 or a negative errno value. */
static int fork_rank(struct job *job, int rank)
{
    sigset_t all;
    int error = 0;
    pid_t supervisor = getpid();
    sigfillset(&all);
    fflush(NULL); /* or each rank would write what is in the buffers */
    sigprocmask(SIG_SETMASK, &all, &job->mask);
    pid_t pid = fork();
    if (pid == 0)
        run_rank(job, rank, supervisor);
    if (pid < 0) {
        error = -errno;
    } else {
        job->pids[rank] = pid;
        job->alive++;
        if (job->launch->function != NULL) /* a program attaches itself, and may be another process */
            atomic_store(&segment_rank(job->segment, rank)->pid, (int32_t)pid);
    }
    sigprocmask(SIG_SETMASK, &job->mask, NULL);
    return error;
}

static int fork_ranks(struct job *job, struct problem *problem)
{
    int error = 0;
    for (int rank = 0; rank < job->launch->n && error == 0; rank++) {
        error = fork_rank(job, rank);
        if (error != 0)
            problem_set(problem, -error, "cannot fork rank %d of %d: %s", rank, job->launch->n, strerror(-error));
    }
    return error;
}

/* ---- How ranks end ---- */

__attribute__((format(printf, 2, 3))) static void tell(const struct job *job, const char *format, ...)
{
    char text[PROBLEM_MAX];
    va_list arguments;
    if (job->launch->quiet)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fprintf(stderr, "mpimock: %s\n", text);
}

/* The reason that a rank left in the segment, if there is one. */
static bool told_by_rank(struct job *job, int rank, pid_t pid, bool by_rank)
{
    struct segment *segment = job->segment;
    switch (atomic_load(&segment->end)) {
    case SEGMENT_END_DEADLOCK:
        if (!job->launch->quiet)
            fputs(segment_text(segment), stderr);
        end_job(job, PROCESS_STATUS_DEADLOCK);
        return true;
    case SEGMENT_END_ABORT:
        if (by_rank && segment->end_rank != rank)
            return false; /* it died by itself; the one that aborted is still to come */
        tell(job, "rank %d (pid %d) called MPI_Abort with code %d", rank, (int)pid, segment->end_code);
        end_job(job, exit_status_of(segment->end_code != 0 ? segment->end_code : 1));
        return true;
    default:
        return false;
    }
}

/* The rank is gone: is that a reason to end the job? */
static void judge(struct job *job, int rank, pid_t pid, int wait_status, int state)
{
    struct segment_rank *slot = segment_rank(job->segment, rank);
    int exec_error = atomic_load(&slot->exec_error);
    if (job->ending || told_by_rank(job, rank, pid, true))
        return;
    if (exec_error != 0) {
        tell(job, "cannot run %s: %s", job->launch->program[0], strerror(exec_error));
        end_job(job, exec_error == ENOENT ? 127 : 126);
    } else if (WIFSIGNALED(wait_status)) {
        int number = WTERMSIG(wait_status);
        if (number != job->interrupted)
            tell(job, "rank %d (pid %d) was ended by signal %d (%s)%s", rank, (int)pid, number, strsignal(number),
                 WCOREDUMP(wait_status) ? ", core dumped" : "");
        end_job(job, 128 + number);
    } else if ((state == SEGMENT_INITIALIZED || job->launch->function != NULL) && !atomic_load(&slot->returned)) {
        int status = WEXITSTATUS(wait_status);
        tell(job, "rank %d (pid %d) exited with status %d, without %s", rank, (int)pid, status,
             job->launch->function != NULL ? "returning from its function" : "calling MPI_Finalize");
        end_job(job, status != 0 ? status : 1);
    } else if (deadlock_declare(job->segment, -1)) {
        told_by_rank(job, rank, pid, false); /* the others wait for what this one will not send */
    }
}

/* Where ranks are replaced nobody needs this one any more. */
static bool has_served(const struct job *job, int rank)
{
    return job->launch->replace && rank != 0 && !job->ending &&
           (job->pids[0] == 0 || atomic_load(&segment_rank(job->segment, rank)->returned));
}

/* Rank 0 has ended, and hands out no more work: who waits for some ends (waiting.c). */
static void end_work(struct job *job)
{
    job->deadline = now_milliseconds() + STRAGGLE_MILLISECONDS;
    for (int i = 1; i < job->launch->n; i++)
        segment_tell(job->segment, i, 0);
}

static void kill_stragglers(struct job *job)
{
    if (!job->ending)
        tell(job, "%d of the %d ranks had not returned %d seconds after rank 0, and were killed", job->alive, job->launch->n,
             STRAGGLE_MILLISECONDS / 1000);
    job->killing = true;
    kill_all(job, SIGKILL);
}

static void rank_ended(struct job *job, int rank, int wait_status)
{
    struct segment_rank *slot = segment_rank(job->segment, rank);
    pid_t pid = job->pids[rank];
    bool returned = atomic_load(&slot->returned), served = has_served(job, rank);
    job->pids[rank] = 0;
    job->alive--;
    if (served)
        job->results[rank] = returned ? slot->result : 0;
    else if (WIFSIGNALED(wait_status))
        job->results[rank] = 128 + WTERMSIG(wait_status);
    else
        job->results[rank] = returned ? slot->result : WEXITSTATUS(wait_status);
    job->died += !served && (WIFSIGNALED(wait_status) || (job->launch->function != NULL && !returned));
    if (atomic_exchange(&slot->running, 0) != 0)
        atomic_fetch_sub(&job->segment->running, 1);
    segment_end_unclaim(job->segment, rank);
    int state = atomic_exchange(&slot->state, SEGMENT_GONE);
    if (!served)
        judge(job, rank, pid, wait_status, state);
    if (job->launch->replace && rank == 0 && !job->ending)
        end_work(job);
}

/* Another process becomes the rank that was buried, unless it dies again and again. */
static void replace(struct job *job, int rank, pid_t pid, int wait_status, bool began)
{
    struct history *history = &job->histories[rank];
    int error;
    job->pids[rank] = 0;
    history->deaths = began ? 0 : history->deaths + 1;
    if (history->deaths >= MPIMOCK_DEATHS_MAX) {
        bool by_signal = WIFSIGNALED(wait_status);
        tell(job, "rank %d has died %d times in a row, and not begun a test since: the last time (pid %d) it %s %d (%s)", rank,
             history->deaths, (int)pid, by_signal ? "was ended by signal" : "exited with status",
             by_signal ? WTERMSIG(wait_status) : WEXITSTATUS(wait_status),
             by_signal ? strsignal(WTERMSIG(wait_status)) : "without returning from its function");
        end_job(job, by_signal ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status) != 0 ? WEXITSTATUS(wait_status) : 1);
        rank_ended(job, rank, wait_status);
        return;
    }
    history->ended = atomic_load(&segment_rank(job->segment, rank)->ended);
    renew_prepare(job->segment, rank, wait_status);
    job->alive--;
    error = fork_rank(job, rank);
    if (error == 0) {
        job->replaced++;
        return;
    }
    tell(job, "cannot fork rank %d of %d again: %s", rank, job->launch->n, strerror(-error));
    job->died++;
    end_job(job, 1);
}

/* The rank's process is dead, but its number not yet another's. */
static void reap_rank(struct job *job, int rank)
{
    pid_t pid = job->pids[rank];
    int wait_status = 0;
    bool began = false;
    bool bury = job->launch->replace && rank != 0 && !job->ending &&
                !atomic_load(&segment_rank(job->segment, rank)->returned);
    bool renew = bury && !has_served(job, rank) && atomic_load(&job->segment->end) <= SEGMENT_END_NONE;
    if (bury)
        began = renew_bury(job->segment, rank, job->histories[rank].ended);
    if (waitpid(pid, &wait_status, 0) != pid)
        wait_status = 0; /* somebody else in this process has reaped it */
    if (renew)
        replace(job, rank, pid, wait_status, began);
    else
        rank_ended(job, rank, wait_status);
}

static void reap(struct job *job)
{
    for (int rank = 0; rank < job->launch->n; rank++) {
        siginfo_t info = {.si_pid = 0};
        if (job->pids[rank] == 0)
            continue;
        int got = waitid(P_PID, (id_t)job->pids[rank], &info, WEXITED | WNOHANG | WNOWAIT);
        if ((got == 0 && info.si_pid == job->pids[rank]) || (got < 0 && errno == ECHILD))
            reap_rank(job, rank);
    }
}

static void read_signals(struct job *job)
{
    unsigned char bytes[64];
    ssize_t got;
    while ((got = read(job->pipe[0], bytes, sizeof bytes)) > 0)
        for (ssize_t i = 0; i < got; i++) {
            int number = bytes[i] & ~BY_TERMINAL;
            if (number == SIGCHLD)
                continue;
            job->interrupted = number;
            if (!(bytes[i] & BY_TERMINAL))
                kill_all(job, number);
        }
}

static void supervise(struct job *job)
{
    while (job->alive > 0) {
        struct pollfd pollfd = {.fd = job->pipe[0], .events = POLLIN};
        int timeout = -1;
        if (job->deadline != 0 && !job->killing) {
            long long left = job->deadline - now_milliseconds();
            timeout = left > 0 ? (int)left : 0;
        }
        int ready = poll(&pollfd, 1, timeout);
        if (ready == 0)
            kill_stragglers(job);
        read_signals(job);
        reap(job);
    }
}

/* ---- The whole job ---- */

static int check(const struct mpimock_launch *launch, struct problem *problem)
{
    if (launch->n < 1 || launch->n > MPIMOCK_RANKS_MAX)
        return problem_set(problem, EINVAL, "%d ranks: the mock has from 1 to %d", launch->n, MPIMOCK_RANKS_MAX);
    if ((launch->function == NULL) == (launch->program == NULL || launch->program[0] == NULL))
        return problem_set(problem, EINVAL, "there is %s to run",
                           launch->function == NULL ? "no function and no program" : "both a function and a program");
    if (launch->replace && launch->function == NULL)
        return problem_set(problem, EINVAL, "only ranks that run a function can be replaced when they die");
    if (wake_fd >= 0)
        return problem_set(problem, EBUSY, "this process supervises another job of the mock already");
    return 0;
}

static int status_of(const struct job *job)
{
    if (job->status != 0)
        return job->status;
    for (int i = 0; i < job->launch->n; i++)
        if (job->results[i] != 0)
            return job->results[i] > 0 ? job->results[i] : exit_status_of(job->results[i]);
    return 0;
}

static int prepare(struct job *job, struct problem *problem)
{
    const struct mpimock_launch *launch = job->launch;
    struct segment_settings settings;
    int error = segment_settings_read(&settings, problem);
    if (error == 0 && launch->program != NULL)
        error = program_init(&job->program, launch->program, problem);
    if (error == 0)
        error = segment_create(launch->n, launch->nodes, &settings, &job->segment, &job->segment_fd, problem);
    if (error != 0)
        return error;
    job->segment->supervisor = (int32_t)getpid();
    job->segment->renews = launch->replace;
    job->pids = calloc((size_t)launch->n, sizeof *job->pids);
    job->results = calloc((size_t)launch->n, sizeof *job->results);
    job->histories = calloc((size_t)launch->n, sizeof *job->histories);
    if (job->pids == NULL || job->results == NULL || job->histories == NULL)
        return problem_set(problem, ENOMEM, "out of memory for %d ranks", launch->n);
    return 0;
}

int mpimock_launch(const struct mpimock_launch *launch, struct problem *problem)
{
    struct job job = {.launch = launch, .segment_fd = -1, .pipe = {-1, -1}};
    int error = check(launch, problem);
    if (error != 0)
        return error;
    error = prepare(&job, problem);
    if (error == 0)
        error = install_handlers(&job, problem);
    if (error == 0) {
        error = fork_ranks(&job, problem);
        if (error != 0)
            end_job(&job, 1);
        supervise(&job);
        restore_handlers(&job);
        for (int i = 0; error == 0 && launch->results != NULL && i < launch->n; i++)
            launch->results[i] = job.results[i];
        if (error == 0 && launch->died != NULL)
            *launch->died = job.died;
        if (error == 0 && launch->replaced != NULL)
            *launch->replaced = job.replaced;
        if (error == 0)
            error = status_of(&job);
    }
    if (job.segment_fd >= 0)
        close(job.segment_fd);
    segment_unmap(job.segment);
    program_finish(&job.program);
    free(job.pids);
    free(job.results);
    free(job.histories);
    return error;
}
