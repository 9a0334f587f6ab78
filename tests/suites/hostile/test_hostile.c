/* SPDX-License-Identifier: BSD-2-Clause */
/* test_hostile.c: tests that do to their process and their team what must end them alone, between good ones that check
 * that nothing of it has reached them. None of these may cost a rank. What must come of each stands in `expected`.
 *
 * Run by tests/system/hostile.sh, under mpiexec, on the mock, and in shuffled orders.
 */
#define _GNU_SOURCE /* memfd_create */
#undef NDEBUG
#include "hostile.h"

#include <assert.h>
#include <fcntl.h>
#include <fenv.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

MRT_SUITE(hostile, .timeout = 30.0);

static volatile int zero;
static int *volatile nowhere;

static int own_rank(void)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank;
}

static void receive_from(int rank)
{
    int value;
    MPI_Recv(&value, 1, MPI_INT, rank, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

static void allreduce(void)
{
    int one = 1, sum;
    MPI_Allreduce(&one, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
}

/* ---- Assertions and errors ---- */

MRT_TEST(assertion_on_one_rank, .np = 3)
{
    assert_int_not_equal(own_rank(), 1);
    MPI_Barrier(MPI_COMM_WORLD);
}

GOOD(4, a_failed_assertion)

MRT_TEST(assertion_on_all_ranks, .np = 4)
{
    assert_int_equal(own_rank(), -1);
}

GOOD(1, the_assertions)

MRT_TEST(mpi_error, .np = 2)
{
    int value = 0;
    if (own_rank() == 0)
        MPI_Send(&value, 1, MPI_INT, 17, 0, MPI_COMM_WORLD);
    receive_from(0);
}

GOOD(2, an_mpi_error)

MRT_TEST(null_datatype)
{
    MPI_Datatype type = MPI_DATATYPE_NULL;
    MPI_Type_commit(&type);
}

GOOD(1, a_null_handle)

MRT_TEST(truncated_message, .np = 2)
{
    int values[8] = {0};
    if (own_rank() == 0)
        MPI_Send(values, 8, MPI_INT, 1, 0, MPI_COMM_WORLD);
    else
        MPI_Recv(values, 2, MPI_INT, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Barrier(MPI_COMM_WORLD);
}

GOOD(3, a_truncation)

MRT_TEST(abort_with_code_0, .np = 2)
{
    if (own_rank() == 1)
        MPI_Abort(MPI_COMM_WORLD, 0);
    receive_from(1);
}

GOOD(2, abort_with_code_0)

MRT_TEST(abort_with_code_3_while_others_reduce, .np = 4)
{
    if (own_rank() == 2)
        MPI_Abort(MPI_COMM_WORLD, 3);
    allreduce();
}

GOOD(4, abort_with_code_3)

/* ---- Signals ---- */

MRT_TEST(segmentation_fault)
{
    *nowhere = 1;
}

GOOD(1, a_segmentation_fault)

MRT_TEST(segmentation_fault_while_others_receive, .np = 3)
{
    if (own_rank() == 1)
        *nowhere = 1;
    receive_from(1);
}

GOOD(3, a_segmentation_fault)

__attribute__((noinline)) static int deeper(volatile char *above)
{
    volatile char here[4096];
    here[0] = above[0];
    return zero == 1 ? 0 : deeper(here) + here[1];
}

MRT_TEST(stack_overflow)
{
    volatile char bottom = 0;
    deeper(&bottom);
}

GOOD(1, a_stack_overflow)

MRT_TEST(division_by_zero)
{
    zero = 7 / zero;
}

GOOD(2, a_division_by_zero)

MRT_TEST(illegal_instruction)
{
    __builtin_trap();
}

GOOD(1, an_illegal_instruction)

MRT_TEST(bus_error)
{
    int file = memfd_create("hostile", MFD_CLOEXEC);
    volatile char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    page[0] = 1;
}

GOOD(1, a_bus_error)

MRT_TEST(abort_function, .np = 2)
{
    if (own_rank() == 0)
        abort();
    MPI_Barrier(MPI_COMM_WORLD);
}

GOOD(2, abort)

MRT_TEST(assert_macro)
{
    assert(zero == 1);
}

GOOD(1, assert)

MRT_TEST(terminates_itself)
{
    raise(SIGTERM);
}

GOOD(1, a_raised_signal)

MRT_TEST(alarm_clock)
{
    kill(getpid(), SIGALRM);
    pause();
}

GOOD(1, an_alarm)

MRT_TEST(unhandled_user_signal, .np = 2)
{
    if (own_rank() == 1)
        raise(SIGUSR2);
    receive_from(1);
}

GOOD(2, a_user_signal)

MRT_TEST(real_time_signal)
{
    raise(SIGRTMIN + 7);
}

GOOD(1, a_real_time_signal)

/* ---- Exits ---- */

MRT_TEST(exit_with_status_0)
{
    exit(0);
}

GOOD(1, exit_0)

MRT_TEST(exit_with_status_3_of_one_rank, .np = 3)
{
    if (own_rank() == 2)
        exit(3);
    MPI_Barrier(MPI_COMM_WORLD);
}

GOOD(3, exit_3)

MRT_TEST(immediate_exit, .np = 2)
{
    if (own_rank() == 0)
        _exit(0);
    receive_from(0);
}

GOOD(2, an_immediate_exit)

/* ---- Never-ending ones ---- */

MRT_TEST(endless_loop, .timeout = 0.5)
{
    for (volatile unsigned i = 0;; i++)
        ;
}

GOOD(1, an_endless_loop)

MRT_TEST(allocates_for_ever, .timeout = 0.5)
{
    for (;;) {
        void *volatile memory = malloc(3000);
        free(memory);
    }
}

GOOD(1, a_loop_in_malloc)

MRT_TEST(sleeps_for_ever, .timeout = 0.5)
{
    for (;;)
        sleep(1000);
}

GOOD(1, a_long_sleep)

MRT_TEST(pauses, .timeout = 0.5)
{
    for (;;)
        pause();
}

GOOD(1, a_pause)

__attribute__((noinline)) static void compute(void)
{
    for (volatile unsigned i = 0;; i++)
        ;
}

MRT_TEST(others_wait_for_one_that_computes, .np = 4, .timeout = 0.7)
{
    if (own_rank() == 1)
        compute();
    allreduce();
}

GOOD(4, a_computing_rank)

/* Not in a function of its own: its backtrace is one frame. */
MRT_TEST(one_computes_and_one_waits, .np = 2, .timeout = 0.4)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank == 0)
        for (volatile unsigned long steps = 0;; steps++)
            continue;
    MPI_Barrier(MPI_COMM_WORLD);
}

GOOD(2, a_rank_that_computes_itself)

MRT_TEST(polls_for_ever, .np = 2, .timeout = 0.5)
{
    int found = 0;
    while (!found)
        MPI_Iprobe(MPI_ANY_SOURCE, 1, MPI_COMM_WORLD, &found, MPI_STATUS_IGNORE);
}

GOOD(2, polling)

/* ---- Deadlocks and mismatches ---- */

MRT_TEST(two_receives, .np = 2)
{
    receive_from(1 - own_rank());
}

GOOD(2, a_deadlock)

MRT_TEST(a_rank_is_missing_in_a_collective, .np = 3)
{
    if (own_rank() != 2)
        MPI_Barrier(MPI_COMM_WORLD);
    else
        receive_from(0);
}

GOOD(3, a_missing_rank)

MRT_TEST(different_collectives, .np = 3)
{
    if (own_rank() == 1)
        MPI_Barrier(MPI_COMM_WORLD);
    else
        allreduce();
}

GOOD(3, different_collectives)

MRT_TEST(different_roots, .np = 2)
{
    int value = 0;
    MPI_Bcast(&value, 1, MPI_INT, own_rank(), MPI_COMM_WORLD);
    MPI_Barrier(MPI_COMM_WORLD);
}

GOOD(2, different_roots)

/* ---- Threads and children ---- */

static void *wait_in_mpi(void *unused)
{
    (void)unused;
    receive_from(0);
    return NULL;
}

MRT_TEST(fails_while_a_thread_waits, .np = 2)
{
    pthread_t thread;
    int level;
    MPI_Init_thread(NULL, NULL, MPI_THREAD_MULTIPLE, &level);
    if (level < MPI_THREAD_MULTIPLE)
        mrt_skip("no threads here");
    if (own_rank() == 1) {
        pthread_create(&thread, NULL, wait_in_mpi, NULL);
        pthread_detach(thread);
        fail_msg("a thread of this rank waits");
    }
    receive_from(1);
}

GOOD(2, a_waiting_thread)

MRT_TEST(child_returns_from_the_test)
{
    if (fork() == 0)
        return;
}

GOOD(1, a_fork)

MRT_TEST(child_fails)
{
    if (fork() == 0)
        fail();
}

GOOD(1, a_failing_child)

MRT_TEST(leaves_a_child)
{
    if (fork() == 0) {
        for (;;)
            pause();
    }
}

GOOD(1, a_child_that_stays)

/* As a debugger does: holds this process for longer than its test may last, while its team-mate waits for it. */
static pid_t be_debugged(void)
{
    pid_t process = getpid();
    int attached[2];
    char byte;
    assert_int_equal(pipe(attached), 0);
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
    pid_t child = fork();
    if (child == 0) {
        long result = ptrace(PTRACE_SEIZE, process, NULL, NULL);
        ssize_t told = write(attached[1], result == 0 ? "y" : "n", 1);
        nanosleep(&(struct timespec){.tv_sec = 1}, NULL); /* three times the limit */
        _exit(told != 1);
    }
    assert_int_equal(read(attached[0], &byte, 1), 1);
    close(attached[0]);
    close(attached[1]);
    if (byte != 'y')
        mrt_skip("no process may be traced here");
    return child;
}

MRT_TEST(is_debugged, .np = 2, .timeout = 0.3)
{
    int value = 7;
    if (own_rank() == 1) {
        pid_t debugger = be_debugged();
        assert_int_equal(waitpid(debugger, NULL, 0), debugger);
        MPI_Send(&value, 1, MPI_INT, 0, 0, MPI_COMM_WORLD);
    } else {
        receive_from(1);
    }
}

GOOD(2, a_debugger)

/* ---- What is left behind ---- */

MRT_TEST(spoils_the_process)
{
    assert_int_equal(chdir("/"), 0);
    umask(0777);
    setenv("HOSTILE", "yes", 1);
    unsetenv("PATH");
    fesetround(FE_DOWNWARD);
    setlocale(LC_ALL, "C.UTF-8");
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    signal(SIGUSR2, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);
    setitimer(ITIMER_REAL, &(struct itimerval){.it_value.tv_sec = 1000}, NULL);
}

GOOD(1, a_spoiled_process)

MRT_TEST(lowers_limits)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 64;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_DATA, &limit);
    limit.rlim_cur = limit.rlim_max < (64u << 20) ? limit.rlim_max : 64u << 20;
    setrlimit(RLIMIT_DATA, &limit);
}

GOOD(1, lowered_limits)

MRT_TEST(closes_its_streams)
{
    close(STDOUT_FILENO);
    close(STDERR_FILENO);
    close(STDIN_FILENO);
}

GOOD(1, closed_streams)

MRT_TEST(redirects_its_streams)
{
    int nothing = open("/dev/null", O_WRONLY);
    dup2(nothing, STDOUT_FILENO);
    dup2(nothing, STDERR_FILENO);
    close(nothing);
    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
    printf("never seen");
}

GOOD(1, redirected_streams)

MRT_TEST(leaves_messages, .np = 2)
{
    int value = 7;
    MPI_Request request;
    MPI_Isend(&value, 1, MPI_INT, 1 - own_rank(), 5, MPI_COMM_WORLD, &request);
    MPI_Request_free(&request);
    MPI_Barrier(MPI_COMM_WORLD);
}

GOOD(2, unreceived_messages)

MRT_TEST(leaves_requests, .np = 3)
{
    static int values[3];
    MPI_Request request;
    MPI_Irecv(&values[0], 1, MPI_INT, MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &request);
}

GOOD(3, open_requests)

MRT_TEST(leaves_objects, .np = 2)
{
    MPI_Comm comm;
    MPI_Datatype type;
    MPI_Comm_dup(MPI_COMM_WORLD, &comm);
    MPI_Type_contiguous(3, MPI_INT, &type);
    MPI_Type_commit(&type);
}

GOOD(2, objects_left)

MRT_TEST(changes_its_world, .np = 2)
{
    int keyval;
    MPI_Comm_set_name(MPI_COMM_WORLD, "hostile");
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, MPI_COMM_NULL_DELETE_FN, &keyval, NULL);
    MPI_Comm_set_attr(MPI_COMM_WORLD, keyval, &keyval);
    MPI_Finalize();
}

GOOD(2, a_changed_world)

MRT_TEST(floods_its_output, .np = 4)
{
    static char line[1 << 16];
    memset(line, 'x', sizeof line);
    line[sizeof line - 1] = '\n';
    puts("the first line");
    fflush(stdout);
    for (int i = 0; i < (1 << 28) / (int)sizeof line; i++)
        if (write(STDOUT_FILENO, line, sizeof line) != (ssize_t)sizeof line)
            fail_msg("the runner stopped the flood");
    fputs("the last line\n", stderr);
}

GOOD(4, a_flood)
