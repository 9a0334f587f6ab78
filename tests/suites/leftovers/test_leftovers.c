/* SPDX-License-Identifier: BSD-2-Clause */
/* test_leftovers.c: tests that leave something behind in their process, followed by one that finds it as it should be. Not
 * run by default: tests/system names this suite on the command line, in source order on one rank.
 *
 * What the warning must say is the tag of each leaves_… (its words joined by +); finds_… and passes_… have none.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <fenv.h>
#include <locale.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include <mpirun_tests.h>

MRT_SUITE(leftovers, .timeout = 30.0);

/* What the first test saw: all are in one process. */
static char first_folder[4096];
static pid_t child;

MRT_TEST(passes_first)
{
    assert_non_null(getcwd(first_folder, sizeof first_folder));
    assert_null(getenv("LEFTOVER"));
}

MRT_TEST(leaves_cwd, .tags = "working+directory+was+changed+to+/")
{
    assert_int_equal(chdir("/"), 0);
}
MRT_TEST(finds_cwd)
{
    char folder[4096];
    assert_string_equal(getcwd(folder, sizeof folder), first_folder);
}

MRT_TEST(leaves_environment, .tags = "environment+variable+LEFTOVER+was+set environment+variable+PATH+was+changed environment+variable+HOME+was+removed")
{
    setenv("LEFTOVER", "1", 1);
    strtok(getenv("PATH"), ":/"); /* in place */
    getenv("PATH")[0] = '#';
    unsetenv("HOME");
}
MRT_TEST(finds_environment)
{
    assert_null(getenv("LEFTOVER"));
    assert_non_null(getenv("HOME"));
    assert_int_equal(getenv("PATH")[0], '/');
}
MRT_TEST(leaves_no_environment_at_all, .tags = "was+removed")
{
    clearenv();
}
MRT_TEST(finds_environment_again)
{
    assert_non_null(getenv("HOME"));
}

MRT_TEST(leaves_umask, .tags = "umask+was+changed+from")
{
    umask(umask(0) ^ 0711);
}
MRT_TEST(finds_umask)
{
    mode_t mask = umask(0);
    umask(mask);
    assert_int_equal(mask & 0700, 0);
}

MRT_TEST(leaves_limit, .tags = "RLIMIT_NOFILE+was+changed")
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 77;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}
MRT_TEST(finds_limit)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    assert_int_not_equal(limit.rlim_cur, 77);
}

static void nothing(int number)
{
    (void)number;
}
MRT_TEST(leaves_handlers, .tags = "handler+of+SIGUSR1+was+changed handler+of+SIGWINCH+was+changed handler+of+SIGINT")
{
    signal(SIGUSR1, nothing);
    signal(SIGWINCH, nothing);
    signal(SIGINT, SIG_IGN);
}
MRT_TEST(finds_handlers)
{
    struct sigaction action;
    sigaction(SIGUSR1, NULL, &action);
    assert_true(action.sa_handler != nothing);
    sigaction(SIGWINCH, NULL, &action);
    assert_true(action.sa_handler != nothing);
    sigaction(SIGINT, NULL, &action);
    assert_true(action.sa_handler != SIG_IGN);
}

MRT_TEST(leaves_mask, .tags = "signal+mask+was+changed:+SIGUSR2,+SIGTERM")
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR2); /* would end the process when it is unblocked */
}
MRT_TEST(finds_mask)
{
    sigset_t set;
    sigprocmask(SIG_SETMASK, NULL, &set);
    assert_false(sigismember(&set, SIGUSR2));
    assert_false(sigismember(&set, SIGTERM));
}

MRT_TEST(leaves_alarm, .tags = "alarm()+or+an+interval+timer+was+left+running")
{
    alarm(1000);
}
MRT_TEST(leaves_profiling_timer, .tags = "ITIMER_PROF")
{
    setitimer(ITIMER_PROF, &(struct itimerval){.it_value = {1000, 0}}, NULL);
}
MRT_TEST(leaves_posix_timer, .tags = "POSIX+timer+was+left+behind")
{
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    assert_int_equal(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
    timer_settime(timer, 0, &(struct itimerspec){.it_value = {1000, 0}}, NULL);
}
MRT_TEST(finds_no_timer)
{
    struct itimerval timer;
    assert_int_equal(alarm(0), 0);
    getitimer(ITIMER_PROF, &timer);
    assert_int_equal(timer.it_value.tv_sec, 0);
}

MRT_TEST(leaves_alternate_stack, .tags = "alternate+signal+stack+was+changed")
{
    static char stack[1 << 16];
    assert_int_equal(sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL), 0);
}

MRT_TEST(leaves_locale, .tags = "locale+was+changed+from+C+to+C.UTF-8")
{
    if (!setlocale(LC_ALL, "C.UTF-8"))
        mrt_skip("there is no C.UTF-8 here");
}
MRT_TEST(finds_locale)
{
    assert_string_equal(setlocale(LC_ALL, NULL), "C");
}

MRT_TEST(leaves_rounding, .tags = "rounding+mode+was+changed")
{
    fesetround(FE_UPWARD);
}
MRT_TEST(finds_rounding)
{
    assert_int_equal(fegetround(), FE_TONEAREST);
}
MRT_TEST(leaves_traps, .tags = "floating-point+traps+were+changed")
{
    feenableexcept(FE_DIVBYZERO);
}
MRT_TEST(finds_no_traps)
{
    assert_int_equal(fegetexcept(), 0);
}

MRT_TEST(leaves_one_processor, .tags = "processors")
{
    cpu_set_t set, all;
    sched_getaffinity(0, sizeof all, &all);
    if (CPU_COUNT(&all) < 2)
        mrt_skip("one processor is all there is");
    CPU_ZERO(&set);
    for (int i = 0; CPU_COUNT(&set) == 0; i++)
        if (CPU_ISSET(i, &all))
            CPU_SET(i, &set);
    assert_int_equal(sched_setaffinity(0, sizeof set, &set), 0);
}

/* ---- Streams and descriptors ---- */

MRT_TEST(leaves_descriptor_1_closed, .tags = "standard+output+was+closed")
{
    close(1);
}
MRT_TEST(finds_descriptor_1)
{
    assert_int_equal(write(1, "written\n", 8), 8);
}
MRT_TEST(leaves_descriptor_2_redirected, .tags = "standard+error+was+redirected")
{
    int file = open("/dev/null", O_WRONLY);
    dup2(file, 2);
    close(file);
}
MRT_TEST(leaves_standard_input_closed, .tags = "standard+input+was+closed")
{
    close(0);
}
MRT_TEST(leaves_stdout_closed, .tags = "stdout+was+closed")
{
    fclose(stdout);
}
MRT_TEST(finds_stdout)
{
    assert_true(printf("written\n") == 8);
    assert_int_equal(fflush(stdout), 0);
    assert_int_equal(fileno(stdout), 1);
}
MRT_TEST(leaves_stderr_closed, .tags = "stderr+was+closed")
{
    fclose(stderr);
}
MRT_TEST(finds_stderr)
{
    assert_true(fprintf(stderr, "written\n") == 8);
    assert_int_equal(fileno(stderr), 2);
}
MRT_TEST(leaves_stdout_reopened, .tags = "standard+output+was+redirected")
{
    assert_non_null(freopen("/dev/null", "r", stdout));
}
MRT_TEST(leaves_stdout_wide, .tags = "stdout+was+used+with+wide+characters")
{
    assert_int_equal(wprintf(L"wide\n"), 5);
}
MRT_TEST(finds_stdout_again)
{
    assert_true(printf("written\n") == 8);
    assert_int_equal(fflush(stdout), 0);
}
MRT_TEST(finds_stdout_narrow)
{
    assert_true(printf("written\n") == 8);
}
MRT_TEST(leaves_buffer_on_the_stack, .tags = "buffering+of+stdout+was+changed")
{
    char buffer[64];
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    printf("in the buffer");
}
MRT_TEST(finds_another_buffer)
{
    for (int i = 0; i < 100; i++)
        assert_true(printf("written\n") == 8);
    assert_int_equal(fflush(stdout), 0);
}
MRT_TEST(leaves_descriptor_open, .tags = "was+left+open:+/dev/zero")
{
    assert_true(open("/dev/zero", O_RDONLY) > 2);
}
MRT_TEST(passes_with_that_descriptor)
{
    int file = open("/dev/zero", O_RDONLY);
    close(file);
}
MRT_TEST(leaves_pipe_open, .tags = "left+open:+pipe:")
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
}

/* ---- Processes and threads ---- */

MRT_TEST(leaves_child_running, .tags = "child+process+was+left+running+(sleep+1000")
{
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        execlp("sleep", "sleep", "1000", (char *)NULL);
        _exit(1);
    }
    char path[64], name[32] = "";
    snprintf(path, sizeof path, "/proc/%d/cmdline", (int)child);
    while (strncmp(name, "sleep", 5) != 0) { /* until it is what the warning names */
        FILE *file = fopen(path, "r");
        if (!file || !fgets(name, sizeof name, file))
            name[0] = '\0';
        if (file)
            fclose(file);
    }
}
MRT_TEST(finds_no_child)
{
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(kill(child, 0), -1);
}
MRT_TEST(leaves_stubborn_grandchild, .tags = "child+process+was+left+running SIGKILL")
{
    int ends[2];
    char byte;
    assert_int_equal(pipe(ends), 0);
    pid_t first = fork();
    if (first == 0) {
        child = fork();
        if (child == 0) {
            signal(SIGTERM, SIG_IGN);
            if (write(ends[1], "x", 1) != 1)
                _exit(1);
            for (;;)
                pause();
        }
        _exit(0);
    }
    assert_int_equal(waitpid(first, NULL, 0), first);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    close(ends[1]);
}
MRT_TEST(leaves_zombie, .tags = "was+not+waited+for")
{
    child = fork();
    if (child == 0)
        _exit(3);
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
}
MRT_TEST(finds_no_child_again)
{
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void *sleep_long(void *unused)
{
    for (;;)
        pause();
    return unused;
}
static void *end_at_once(void *unused)
{
    return unused;
}
MRT_TEST(leaves_thread, .tags = "thread+was+left+running")
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, sleep_long, NULL), 0);
    pthread_detach(thread);
}
MRT_TEST(passes_with_threads_that_end, .cases = 20)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, end_at_once, NULL), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
}

/* ---- Left early: put back as well, and no warning ---- */

MRT_TEST(fails_elsewhere)
{
    assert_int_equal(chdir("/"), 0);
    umask(0777);
    setenv("LEFTOVER", "1", 1);
    fail();
}
MRT_TEST(crashes_elsewhere)
{
    assert_int_equal(chdir("/"), 0);
    MPI_Abort(MPI_COMM_WORLD, 3);
}
MRT_TEST(finds_all_as_it_was)
{
    char folder[4096];
    assert_string_equal(getcwd(folder, sizeof folder), first_folder);
    assert_null(getenv("LEFTOVER"));
    mode_t mask = umask(022);
    umask(mask);
    assert_int_not_equal(mask, 0777);
}
