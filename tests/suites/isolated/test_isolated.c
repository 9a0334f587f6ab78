/* SPDX-License-Identifier: BSD-2-Clause */
/* test_isolated.c: isolated tests that end in every way that a process can end, amid good ones. Each name begins with how the
 * test is to be reported; isolate.sh reads it. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <mpirun_tests.h>

MRT_SUITE(isolated, .isolate = MRT_YES);

/* ---- Fresh statics: the same in each ---- */

static int counter;
static MPI_Comm kept = MPI_COMM_NULL;

static void count_once(void)
{
    assert_int_equal(counter++, 0);
    assert_true(kept == MPI_COMM_NULL);
    assert_int_equal(MPI_Comm_dup(MPI_COMM_WORLD, &kept), MPI_SUCCESS); /* never freed, as code that keeps it does */
}

MRT_TEST(passed_with_fresh_statics, .cases = 4)
{
    int size;
    count_once();
    MPI_Comm_size(kept, &size);
    assert_int_equal(size, 1);
}

MRT_TEST(passed_as_a_team_with_fresh_statics, .np_list = {2, 3}, .cases = 2)
{
    int size, rank, sum;
    count_once();
    MPI_Comm_size(kept, &size);
    MPI_Comm_rank(kept, &rank);
    MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, kept);
    assert_int_equal(sum, size * (size - 1) / 2);
}

MRT_TEST(passed_after_init_and_finalize)
{
    int flag;
    assert_int_equal(MPI_Init(NULL, NULL), MPI_SUCCESS);
    assert_int_equal(MPI_Finalize(), MPI_SUCCESS);
    MPI_Finalized(&flag);
    assert_true(flag);
}

/* ---- Ordinary ends ---- */

MRT_TEST(failed_by_an_assertion)
{
    printf("said before it failed\n");
    assert_int_equal(1, 2);
}

MRT_TEST(skipped_with_words)
{
    mrt_skip("there is no device");
}

MRT_TEST(crashed_by_mpi_abort)
{
    MPI_Abort(MPI_COMM_WORLD, 3);
}

/* ---- Ends of the process ---- */

MRT_TEST(crashed_by_sigkill)
{
    printf("the last words\n");
    fflush(stdout);
    kill(getpid(), SIGKILL);
}

MRT_TEST(crashed_by_exit_0)
{
    exit(0);
}

MRT_TEST(crashed_by_exit_7_at_once)
{
    _exit(7);
}

MRT_TEST(crashed_past_the_c_library)
{
    syscall(SYS_exit_group, 8);
}

__attribute__((noinline)) static int descend(volatile char *above, int depth)
{
    volatile char frame[4096];
    frame[0] = above ? above[0] : 1;
    return depth == 0 ? frame[0] : descend(frame, depth - 1) + frame[0];
}

MRT_TEST(crashed_by_stack_overflow)
{
    descend(NULL, 1 << 20);
}

#if !defined(__SANITIZE_ADDRESS__)
MRT_TEST(crashed_by_heap_corruption)
{
    char *volatile block = malloc(24), *volatile next = malloc(2000), *volatile guard = malloc(24);
    memset(block, 0x5a, 48);
    free(next);
    free(block);
    free(guard);
    abort(); /* where the allocator does not mind */
}
#endif

/* A signal that comes within the allocator: no way out of the test, and no cause of it. */
static void *allocate(void *nothing)
{
    for (void *volatile block = NULL; !block || !nothing;) {
        block = malloc(100);
        free(block);
    }
    return nothing;
}

MRT_TEST(crashed_by_a_signal_to_the_process)
{
    pthread_t thread;
    pthread_create(&thread, NULL, allocate, NULL);
    kill(getpid(), SIGBUS);
    for (;;)
        pause();
}

MRT_TEST(timeout_with_all_signals_blocked, .timeout = 0.3)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    for (volatile unsigned long spin = 0;; spin++)
        continue;
}

MRT_TEST(timeout_of_a_stopped_process, .timeout = 0.3)
{
    kill(getpid(), SIGSTOP);
}

MRT_TEST(error_by_killing_the_helper)
{
    kill(getppid(), SIGKILL);
    for (;;)
        pause();
}

MRT_TEST(passed_after_the_helper_was_killed)
{
    count_once();
}

/* ---- What they do to their process ---- */

MRT_TEST(passed_with_everything_closed)
{
    for (int descriptor = 0; descriptor < 256; descriptor++)
        close(descriptor);
}

MRT_TEST(passed_with_children_that_stay)
{
    for (int i = 0; i < 3; i++) {
        if (fork() == 0) {
            if (i == 1)
                setsid();
            for (;;)
                pause();
        }
    }
}

MRT_TEST(passed_with_limits_folder_and_environment_changed)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_NOFILE, &none);
    setrlimit(RLIMIT_CORE, &none);
    setenv("ISOLATED_WAS_HERE", "1", 1);
    assert_int_equal(chdir("/"), 0);
    umask(0777);
}

MRT_TEST(failed_with_much_output)
{
    static char line[1024];
    memset(line, 'x', sizeof line);
    line[sizeof line - 1] = '\n';
    for (int i = 0; i < 100 * 1024; i++)
        fwrite(line, 1, sizeof line, stdout);
    fail();
}

static void crash(void)
{
    raise(SIGSEGV);
}

MRT_TEST(passed_with_a_crash_at_exit)
{
    atexit(crash);
}

/* ---- Teams ---- */

MRT_TEST(crashed_as_one_of_a_team, .np = 2)
{
    int rank, value = 0;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank == 1) {
        printf("rank 1 was here\n");
        fflush(stdout);
        kill(getpid(), SIGKILL);
    }
    MPI_Recv(&value, 1, MPI_INT, 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

MRT_TEST(deadlock_of_a_team, .np = 2)
{
    int rank, value;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Recv(&value, 1, MPI_INT, 1 - rank, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

MRT_TEST(failed_on_one_rank_of_a_team, .np = 2)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    assert_int_equal(rank, 0);
    MPI_Barrier(MPI_COMM_WORLD);
}
