/* SPDX-License-Identifier: BSD-2-Clause */
/* job.c: see job.h. */
#include "job.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "interrupt.h"
#include "journal.h"
#include "outcome.h"

#define LOOK_SECONDS    0.1
#define SILENCE_SECONDS 30.0 /* without a sign of life of rank 0, which gives one twice a second */
#define QUIET_SECONDS   2.0  /* … after which it is looked for the end of the run in the journal */
#define END_SECONDS     10.0 /* from the end of the run to the end of the job */
#define ORDER_SECONDS   10.0 /* from a signal to the end of the job */
#define FRUITLESS_MAX   2    /* jobs in a row that die and finish no test */
#define JOBS_MAX        1000

struct job {
    const struct job_settings *settings;
    char **launcher;
    char program[PATH_MAX];
    char *path; /* of the journal */
    int number;
    sigset_t signals, before;
    pid_t pid;      /* of the launcher; 0: it has ended */
    int wait_status;
    int interrupts;
    double interrupted_at;
    const char *why; /* it was killed; NULL: it ended by itself */
};

/* ---- The command ---- */

static bool is_option(const char *argument, const char *name)
{
    size_t length = strlen(name);
    return strncmp(argument, name, length) == 0 && (argument[length] == '\0' || argument[length] == '=');
}

/* The launcher's words, this program, its options but for those that are ours, and the journal. */
static char **make_command(const struct job *job, bool resume)
{
    size_t count = 0, at = 0;
    while (job->launcher[count])
        count++;
    size_t launcher = count;
    for (char *const *argument = job->settings->argv; *argument; argument++)
        count++;
    char **command = calloc(count + 8, sizeof *command);
    if (!command)
        return NULL;
    for (size_t i = 0; i < launcher; i++)
        command[at++] = job->launcher[i];
    command[at++] = (char *)job->program;
    command[at++] = (char *)(resume ? "--resume" : "--journal");
    command[at++] = job->path;
    if (isatty(STDOUT_FILENO) && job->settings->options->colour == WHEN_AUTO && !getenv("NO_COLOR"))
        command[at++] = (char *)"--color=always";
    for (char *const *argument = job->settings->argv + 1; *argument; argument++) {
        bool ours = is_option(*argument, "--launch") || is_option(*argument, "--journal") || is_option(*argument, "--resume") ||
                    is_option(*argument, "--start-timeout");
        if (!ours)
            command[at++] = *argument;
        else if (!strchr(*argument, '=') && argument[1])
            argument++;
    }
    return command;
}

__attribute__((noreturn)) static void become(const struct job *job, char *const command[], pid_t parent)
{
    char number[16];
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    snprintf(number, sizeof number, "%d", job->number);
    setenv(JOB_VARIABLE, number, 1);
    unsetenv("MPIRUN_TESTS_LAUNCH");
    unsetenv("MPIRUN_TESTS_JOURNAL");
    unsetenv("MPIRUN_TESTS_RESUME");
    setsid(); /* the terminal's signals are for the process that holds it */
    if (nothing >= 0)
        dup2(nothing, STDIN_FILENO);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    sigprocmask(SIG_SETMASK, &job->before, NULL);
    if (getppid() == parent)
        execvp(command[0], command);
    fprintf(stderr, "mpirun-tests: --launch: cannot start %s: %s\n", command[0], strerror(errno));
    _exit(127);
}

/* ---- What is left of a job ---- */

static pid_t parent_of(const char *pid)
{
    char path[64], status[512];
    snprintf(path, sizeof path, "/proc/%.20s/status", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd >= 0 ? read(fd, status, sizeof status - 1) : -1;
    if (fd >= 0)
        close(fd);
    status[got > 0 ? got : 0] = '\0';
    const char *line = strstr(status, "\nPPid:");
    return line ? (pid_t)atoi(line + 6) : 0;
}

/* Kills all children. Theirs become ours then. */
static void kill_children(pid_t mine)
{
    DIR *processes = opendir("/proc");
    for (struct dirent *entry; processes && (entry = readdir(processes));)
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && parent_of(entry->d_name) == mine)
            kill((pid_t)atoi(entry->d_name), SIGKILL);
    if (processes)
        closedir(processes);
}

static void kill_all(struct job *job)
{
    int status;
    pid_t pid;
    for (int rounds = 0; rounds < 1000; rounds++) {
        kill_children(getpid());
        while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
            if (pid == job->pid)
                job->pid = 0;
        if (pid < 0)
            return; /* there is none any more */
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL); /* until those that were killed are gone */
    }
}

/* ---- Watching ---- */

struct sight {
    bool there;
    off_t size;
    struct timespec changed;
};

static struct sight see(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return (struct sight){.there = false};
    return (struct sight){.there = true, .size = status.st_size, .changed = status.st_mtim};
}

static bool differs(const struct sight *a, const struct sight *b)
{
    return a->there != b->there || a->size != b->size || a->changed.tv_sec != b->changed.tv_sec ||
           a->changed.tv_nsec != b->changed.tv_nsec;
}

/* How long may the journal be silent? Rank 0 gives no sign of life while it takes part in a test. */
static double patience(const struct job *job, const struct journal *journal)
{
    double seconds = SILENCE_SECONDS;
    for (size_t i = 0; i < job->settings->plan->count && i < journal->run.tests; i++) {
        const struct journal_test *test = &journal->tests[i];
        double limit = job->settings->plan->tests[i].timeout;
        if (test->state != JOURNAL_DIED || test->size == 0 || test->ranks[0] != 0)
            continue;
        if (limit < 0)
            return INFINITY;
        seconds = 2 * limit + SILENCE_SECONDS > seconds ? 2 * limit + SILENCE_SECONDS : seconds;
    }
    return seconds;
}

/* The journal has not changed for a while: is the run over, or is rank 0 no more? NULL: neither. */
static const char *judge_silence(const struct job *job, double silent)
{
    struct journal *journal;
    struct problem unused;
    const char *why = NULL;
    if (journal_read(&journal, job->path, &unused) != 0)
        return silent > SILENCE_SECONDS ? "its journal cannot be read" : NULL;
    if (journal->finished)
        why = silent > END_SECONDS ? "it did not end after the end of the run" : NULL;
    else if (silent > patience(job, journal))
        why = "rank 0 gave no sign of life any more";
    journal_destroy(journal);
    return why;
}

static void take_signal(struct job *job, int number)
{
    (void)number;
    job->interrupts++;
    job->interrupted_at = clock_now();
    if (job->pid > 0) /* launchers hand SIGUSR1 to the ranks; of SIGTERM they make an end by force */
        kill(job->pid, job->interrupts == 1 ? SIGUSR1 : SIGTERM);
}

static void wait_a_moment(struct job *job)
{
    siginfo_t info;
    int number = sigtimedwait(&job->signals, &info, &(struct timespec){.tv_nsec = (long)(LOOK_SECONDS * 1e9)}), status;
    if (number > 0 && number != SIGCHLD)
        take_signal(job, number);
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
        if (pid == job->pid) {
            job->pid = 0;
            job->wait_status = status;
        }
}

static void watch(struct job *job)
{
    struct sight first = see(job->path), last = first;
    double began = clock_now(), changed = began, looked = began;
    bool started = false;
    while (job->pid > 0 && !job->why) {
        wait_a_moment(job);
        double now = clock_now();
        struct sight sight = see(job->path);
        if (differs(&sight, &last)) {
            changed = looked = now;
            started = true;
        }
        last = sight;
        if (job->interrupts > 0 && now - job->interrupted_at > ORDER_SECONDS) {
            job->why = "it did not end in order";
        } else if (!started && now - began > job->settings->options->start_timeout) {
            job->why = "it gave no sign of life (--start-timeout)";
        } else if (started && now - changed > QUIET_SECONDS && now - looked > QUIET_SECONDS) {
            looked = now;
            job->why = judge_silence(job, now - changed);
        }
    }
}

/* ---- Jobs ---- */

static int start(struct job *job, bool resume, struct problem *problem)
{
    char **command = make_command(job, resume);
    pid_t parent = getpid();
    if (!command)
        return problem_set(problem, ENOMEM, "out of memory");
    fflush(NULL);
    job->pid = fork();
    if (job->pid == 0)
        become(job, command, parent);
    free(command);
    job->why = NULL;
    job->wait_status = 0;
    return job->pid < 0 ? problem_set(problem, errno, "cannot start the job: %s", strerror(errno)) : 0;
}

static void describe_end(const struct job *job, char *words, size_t size)
{
    if (job->why)
        snprintf(words, size, "%s, and was ended", job->why);
    else if (WIFSIGNALED(job->wait_status))
        snprintf(words, size, "its launcher was ended by signal %d (%s)", WTERMSIG(job->wait_status),
                 strsignal(WTERMSIG(job->wait_status)));
    else
        snprintf(words, size, "its launcher ended with status %d", WEXITSTATUS(job->wait_status));
}

static void say_how_to_resume(const struct job *job)
{
    char *line = interrupt_resume_line(job->settings->argv, 0, false, job->path);
    if (line)
        fprintf(stderr, "mpirun-tests: to go on: %s\n", line);
    free(line);
}

/* What the job that has ended means. -1: another one is to go on; else the exit status. */
static int judge(struct job *job, size_t *ended, int *fruitless, struct problem *problem)
{
    struct journal *journal = NULL;
    struct problem unused;
    char words[256];
    describe_end(job, words, sizeof words);
    bool read = journal_read(&journal, job->path, &unused) == 0;
    size_t before = *ended;
    bool finished = read && journal->finished && (!journal->interrupted || job->interrupts > 0), again = read && journal->ranks_missing, interrupted = read && journal->interrupted && job->interrupts > 0;
    int status = read ? (int)journal->status : 0;
    if (read)
        *ended = journal->ended;
    journal_destroy(journal);
    *fruitless = read && *ended > before ? 0 : *fruitless + 1;
    if (finished && (interrupted || !again || *fruitless > 0)) {
        if (interrupted)
            say_how_to_resume(job);
        return status;
    }
    if (job->interrupts > 0) {
        say_how_to_resume(job);
        return EXIT_STATUS_INTERRUPTED;
    }
    int code = !job->why && WIFEXITED(job->wait_status) ? WEXITSTATUS(job->wait_status) : 0;
    if (!read && (code == EXIT_STATUS_USAGE || code == EXIT_STATUS_INTERNAL || code == EXIT_STATUS_NO_TESTS || code == 127))
        return code == 127 ? EXIT_STATUS_USAGE : code; /* it has said why */
    if (*fruitless >= FRUITLESS_MAX || job->number >= JOBS_MAX) {
        if (read)
            problem_set(problem, EIO, "the job died %s: %s; to go on: --resume %s",
                        *fruitless >= FRUITLESS_MAX ? "twice without finishing a test" : "too often", words, job->path);
        else
            problem_set(problem, EIO, "the job does not begin: %s", words);
        return EXIT_STATUS_JOB_DIED;
    }
    fprintf(stderr, "mpirun-tests: job %d %s: %s; another goes on (%zu of %zu tests are done)\n", job->number,
            finished ? "lost ranks" : "died", words, *ended, job->settings->plan->count);
    return -1;
}

static bool has_begun(const char *path)
{
    struct journal *journal;
    struct problem unused;
    bool begun = journal_read(&journal, path, &unused) == 0;
    if (begun)
        journal_destroy(journal);
    return begun;
}

static int run_jobs(struct job *job, struct problem *problem)
{
    size_t ended = 0;
    int fruitless = 0, status = -1;
    bool resume = job->settings->journal != NULL;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    while (status < 0) {
        job->number++;
        if (start(job, resume, problem) != 0)
            return EXIT_STATUS_INTERNAL;
        watch(job);
        kill_all(job);
        status = judge(job, &ended, &fruitless, problem);
        resume = has_begun(job->path);
    }
    return status;
}

static int find_journal(struct job *job, struct problem *problem)
{
    const struct options *options = job->settings->options;
    if (options->journal && strcmp(options->journal, "none") == 0)
        return problem_set(problem, EINVAL, "--launch goes on from the journal when the job dies: leave out --journal none");
    if ((options->tap && strcmp(options->tap, "-") == 0) || (options->junit && strcmp(options->junit, "-") == 0) ||
        (options->json && strcmp(options->json, "-") == 0))
        return problem_set(problem, EINVAL, "--launch: each job writes its reports anew: give them files, not standard output");
    job->path = job->settings->journal ? strdup(job->settings->journal)
                : options->journal     ? strdup(options->journal)
                                       : journal_new_path(plan_hash(job->settings->plan), problem);
    if (!job->path)
        return problem->text[0] ? -EINVAL : problem_set(problem, ENOMEM, "out of memory");
    if (!job->settings->journal) { /* one of an earlier run would be taken for this one's */
        struct journal_file *file;
        int error = journal_file_create(&file, job->path, problem);
        if (error)
            return error;
        journal_file_close(file);
        if (truncate(job->path, 0) != 0)
            return problem_set(problem, errno, "cannot write the journal %s: %s", job->path, strerror(errno));
    }
    return 0;
}

int job_run(const struct job_settings *settings, struct problem *problem)
{
    struct job job = {.settings = settings};
    int status = EXIT_STATUS_USAGE;
    ssize_t length = readlink("/proc/self/exe", job.program, sizeof job.program - 1);
    job.program[length > 0 ? length : 0] = '\0';
    sigemptyset(&job.signals);
    for (const int *number = (const int[]){SIGCHLD, SIGINT, SIGTERM, SIGUSR1, SIGHUP, 0}; *number; number++)
        sigaddset(&job.signals, *number);
    sigprocmask(SIG_BLOCK, &job.signals, &job.before);
    if (job_split(settings->options->launch, &job.launcher, problem) == 0 && find_journal(&job, problem) == 0)
        status = run_jobs(&job, problem);
    sigprocmask(SIG_SETMASK, &job.before, NULL);
    job_words_free(job.launcher);
    free(job.path);
    return status;
}
