/* SPDX-License-Identifier: BSD-2-Clause */
/* test_launch.c: the supervisor brings every result back, ends the job when a rank dies, and never leaves a rank
 * behind. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "launch.h"
#include "mock/objects.h" /* before cmocka.h, which has a macro mock_type */

#include "captured.h"

#define RANKS 4

static int results[MPIMOCK_RANKS_MAX];

static int run(int n, int (*function)(void *argument), void *argument)
{
    struct problem problem = {""};
    memset(results, 0x77, sizeof results);
    return mpimock_launch(
        &(struct mpimock_launch){.n = n, .function = function, .argument = argument, .results = results}, &problem);
}

static int run_program(int n, char *const program[])
{
    struct problem problem = {""};
    return mpimock_launch(&(struct mpimock_launch){.n = n, .program = program, .results = results}, &problem);
}

/* Blocks for ever in the mock. */
static int wait_for_ever(void)
{
    int value;
    mock_Init(NULL, NULL);
    return mock_Recv(&value, 1, MPI_INT, MPI_ANY_SOURCE, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

/* A computation that never ends: not blocked in the mock, so that there is no deadlock. */
__attribute__((noreturn)) static void compute_for_ever(void)
{
    for (;;)
        pause();
}

/* ---- Results ---- */

static int return_a_large_number(void *argument)
{
    (void)argument;
    return mock.rank == 1 ? -1000000 : mock.rank == 2 ? 256 : 0;
}

static void whole_integers_come_back(void **state)
{
    (void)state;
    assert_int_equal(run(RANKS, return_a_large_number, NULL), 0xc0); /* of -1000000, what an exit status holds */
    assert_int_equal(results[0], 0);
    assert_int_equal(results[1], -1000000);
    assert_int_equal(results[2], 256);
    assert_int_equal(results[3], 0);
}

static int return_what_is_pointed_to(void *argument)
{
    int *shared = argument;
    shared[mock.rank] = mock.rank + 1;
    return mock.size;
}

static void every_rank_knows_its_place(void **state)
{
    (void)state;
    int *shared = mmap(NULL, 64 * sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_int_equal(run(64, return_what_is_pointed_to, shared), 64);
    for (int i = 0; i < 64; i++)
        assert_int_equal(shared[i], i + 1);
    munmap(shared, 64 * sizeof *shared);
}

static int exit_with_3(void *argument)
{
    (void)argument;
    if (mock.rank == 1)
        exit(3);
    return 0;
}

static void an_exit_is_a_result_and_counted_as_a_death(void **state)
{
    (void)state;
    struct problem problem = {""};
    int died = 77;
    assert_int_equal(
        mpimock_launch(&(struct mpimock_launch){.n = 2, .function = exit_with_3, .results = results, .died = &died},
                       &problem),
        3);
    assert_int_equal(results[1], 3);
    assert_in_range(died, 1, 2); /* the other one is ended, unless it has returned by then */
}

static int write_without_newline(void *argument)
{
    (void)argument;
    printf("rank");
    return 0;
}

static void what_ranks_print_comes_out_once(void **state)
{
    (void)state;
    struct captured captured;
    captured_begin(&captured, stdout);
    printf("before ");
    run(3, write_without_newline, NULL);
    captured_end(&captured);
    assert_string_equal(captured.text, "before rankrankrank");
}

/* ---- Deaths ---- */

static int one_is_killed(void *argument)
{
    if (mock.rank == 2)
        raise(*(int *)argument);
    if (mock.rank % 2)
        wait_for_ever();
    compute_for_ever();
}

static void a_signal_ends_the_job_with_one_sentence(void **state)
{
    (void)state;
    int number = SIGKILL;
    struct captured captured;
    captured_begin(&captured, stderr);
    int status = run(RANKS, one_is_killed, &number);
    captured_end(&captured);
    assert_int_equal(status, 128 + SIGKILL);
    assert_int_equal(results[2], 128 + SIGKILL);
    assert_int_equal(results[0], 128 + SIGTERM);
    assert_non_null(strstr(captured.text, "mpimock: rank 2 (pid "));
    assert_non_null(strstr(captured.text, "was ended by signal 9 (Killed)\n"));
    assert_ptr_equal(strchr(captured.text, '\n'), strrchr(captured.text, '\n'));
}

static int one_aborts(void *argument)
{
    mock_Init(NULL, NULL);
    if (mock.rank == 1)
        mock_Abort(MPI_COMM_WORLD, *(int *)argument);
    return wait_for_ever();
}

static void an_abort_ends_the_job_with_its_code(void **state)
{
    (void)state;
    int code = 42;
    struct captured captured;
    captured_begin(&captured, stderr);
    int status = run(RANKS, one_aborts, &code);
    captured_end(&captured);
    assert_int_equal(status, 42);
    assert_int_equal(results[1], 42);
    assert_non_null(strstr(captured.text, "rank 1 (pid "));
    assert_non_null(strstr(captured.text, "called MPI_Abort with code 42\n"));
}

static void an_abort_with_code_0_is_no_success(void **state)
{
    (void)state;
    int code = 0;
    struct captured captured;
    captured_begin(&captured, stderr);
    int status = run(2, one_aborts, &code);
    captured_end(&captured);
    assert_int_equal(status, 1);
}

static int one_exits_in_between(void *argument)
{
    (void)argument;
    mock_Init(NULL, NULL);
    if (mock.rank == 0)
        exit(0);
    return wait_for_ever();
}

static void a_rank_that_exits_before_it_returns_ends_the_job(void **state)
{
    (void)state;
    struct captured captured;
    captured_begin(&captured, stderr);
    int status = run(RANKS, one_exits_in_between, NULL);
    captured_end(&captured);
    assert_int_equal(status, 1);
    assert_non_null(strstr(captured.text, "rank 0 (pid "));
    assert_non_null(strstr(captured.text, "without returning from its function"));
}

static int one_ignores_sigterm(void *argument)
{
    (void)argument;
    if (mock.rank == 0)
        signal(SIGTERM, SIG_IGN);
    mock_Init(NULL, NULL);
    if (mock.rank == 1) {
        int value = 0;
        mock_Recv(&value, 1, MPI_INT, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        abort();
    }
    mock_Ssend(&mock.rank, 1, MPI_INT, 1, 0, MPI_COMM_WORLD);
    compute_for_ever();
}

static void a_rank_that_ignores_sigterm_is_killed(void **state)
{
    (void)state;
    struct captured captured;
    captured_begin(&captured, stderr);
    int status = run(2, one_ignores_sigterm, NULL);
    captured_end(&captured);
    assert_int_equal(status, 128 + SIGABRT);
    assert_int_equal(results[0], 128 + SIGKILL);
}

static void quiet_means_no_sentence(void **state)
{
    (void)state;
    struct problem problem = {""};
    struct captured captured;
    int number = SIGKILL;
    captured_begin(&captured, stderr);
    mpimock_launch(&(struct mpimock_launch){.n = RANKS, .function = one_is_killed, .argument = &number, .quiet = true},
                   &problem);
    captured_end(&captured);
    assert_string_equal(captured.text, "");
}

/* ---- Signals to the supervisor ---- */

static volatile sig_atomic_t got_signal;

static void note_signal(int number)
{
    got_signal = number;
}

static int tell_the_supervisor(void *argument)
{
    struct sigaction action = {.sa_handler = note_signal};
    sigset_t blocked, before;
    int value;
    (void)argument;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    sigaction(SIGUSR1, &action, NULL);
    mock_Init(NULL, NULL);
    if (mock.rank == 0) {
        mock_Recv(&value, 1, MPI_INT, 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE); /* rank 1 is ready for the signal */
        kill(getppid(), SIGUSR1);
    } else {
        mock_Send(&mock.rank, 1, MPI_INT, 0, 0, MPI_COMM_WORLD);
    }
    while (got_signal == 0)
        sigsuspend(&before);
    mock_Finalize();
    return got_signal;
}

static void signals_are_handed_on_to_every_rank(void **state)
{
    (void)state;
    assert_int_equal(run(2, tell_the_supervisor, NULL), SIGUSR1);
    assert_int_equal(results[0], SIGUSR1);
    assert_int_equal(results[1], SIGUSR1);
}

static void the_callers_handlers_come_back(void **state)
{
    (void)state;
    struct sigaction before, after;
    signal(SIGHUP, note_signal);
    sigaction(SIGHUP, NULL, &before);
    assert_int_equal(run(1, return_what_is_pointed_to, results), 1);
    sigaction(SIGHUP, NULL, &after);
    assert_ptr_equal(before.sa_handler, after.sa_handler);
    signal(SIGHUP, SIG_DFL);
}

static int hold_the_pipe(void *argument)
{
    int *pipe_ends = argument;
    close(pipe_ends[0]);
    if (write(pipe_ends[1], "x", 1) != 1)
        return 1;
    compute_for_ever();
}

static void ranks_do_not_survive_their_supervisor(void **state)
{
    (void)state;
    int pipe_ends[2];
    char bytes[4];
    ssize_t got, count = 0;
    assert_int_equal(pipe(pipe_ends), 0);
    pid_t supervisor = fork();
    if (supervisor == 0)
        _exit(run(2, hold_the_pipe, pipe_ends));
    close(pipe_ends[1]);
    while (count < 2 && (got = read(pipe_ends[0], bytes, 1)) > 0)
        count += got;
    kill(supervisor, SIGKILL);
    waitpid(supervisor, NULL, 0);
    assert_int_equal(read(pipe_ends[0], bytes, 1), 0); /* the last writer is gone; otherwise this hangs */
    close(pipe_ends[0]);
}

/* ---- Programs ---- */

static void a_program_is_run_and_its_status_comes_back(void **state)
{
    (void)state;
    char *const three[] = {"sh", "-c", "exit $((MPIMOCK_RANK * 3))", NULL};
    char *const none[] = {"true", NULL};
    assert_int_equal(run_program(2, none), 0);
    assert_int_equal(run_program(3, three), 3);
    assert_int_equal(results[0], 0);
    assert_int_equal(results[1], 3);
    assert_int_equal(results[2], 6);
}

static void a_program_that_is_missing_is_127_with_one_sentence(void **state)
{
    (void)state;
    char *const missing[] = {"/nonexistent/program", NULL};
    char *const folder[] = {"/", NULL};
    struct captured captured;
    captured_begin(&captured, stderr);
    int status = run_program(RANKS, missing);
    captured_end(&captured);
    assert_int_equal(status, 127);
    assert_string_equal(captured.text, "mpimock: cannot run /nonexistent/program: No such file or directory\n");
    captured_begin(&captured, stderr);
    status = run_program(1, folder);
    captured_end(&captured);
    assert_int_equal(status, 126);
}

/* ---- Mistakes ---- */

static void wrong_launches_are_refused_with_a_sentence(void **state)
{
    (void)state;
    struct problem problem = {""};
    struct mpimock_launch launch = {.n = 0, .function = exit_with_3};
    assert_int_equal(mpimock_launch(&launch, &problem), -EINVAL);
    assert_non_null(strstr(problem.text, "0 ranks"));
    launch.n = MPIMOCK_RANKS_MAX + 1;
    assert_int_equal(mpimock_launch(&launch, &problem), -EINVAL);
    assert_non_null(strstr(problem.text, "1024"));
    launch = (struct mpimock_launch){.n = 1};
    assert_int_equal(mpimock_launch(&launch, &problem), -EINVAL);
    launch = (struct mpimock_launch){.n = 1, .function = exit_with_3};
    setenv("MPIMOCK_SENDS", "wrong", 1);
    assert_int_equal(mpimock_launch(&launch, &problem), -EINVAL);
    assert_non_null(strstr(problem.text, "wrong"));
    setenv("MPIMOCK_SENDS", "random", 1);
    assert_int_equal(mpimock_launch(&launch, &problem), -EINVAL);
    assert_non_null(strstr(problem.text, "seed"));
    unsetenv("MPIMOCK_SENDS");
    setenv("MPIMOCK_CHECKS", "types,all", 1);
    assert_int_equal(mpimock_launch(&launch, &problem), -EINVAL);
    assert_non_null(strstr(problem.text, "all"));
    unsetenv("MPIMOCK_CHECKS");
}

/* ---- Places, cores ---- */

static int check_node(void *argument)
{
    static const char *const names[] = {"n1", "n1", "n2", "n1"};
    (void)argument;
    return strcmp(mock_node_name(mock_node_of(mock.rank)), names[mock.rank]) != 0 || mock_node_of(2) != 1;
}

static void ranks_lie_on_the_nodes_of_the_hostfile(void **state)
{
    (void)state;
    struct problem problem = {""};
    struct hostfile hostfile;
    static const char text[] = "n1:2\nn2:1\n";
    assert_int_equal(hostfile_parse(&hostfile, text, strlen(text), "hosts", &problem), 0);
    assert_int_equal(
        mpimock_launch(&(struct mpimock_launch){.n = 4, .nodes = &hostfile, .function = check_node}, &problem), 0);
    hostfile_finish(&hostfile);
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec * 1e-6;
}

/* Rank 0 lets time pass while the others wait. */
static int wait_idly(void *argument)
{
    int value = 0;
    mock_Init(NULL, NULL);
    if (mock.rank == 0) {
        nanosleep(argument, NULL);
        for (int i = 1; i < mock.size; i++)
            mock_Send(&value, 1, MPI_INT, i, 0, MPI_COMM_WORLD);
    } else {
        mock_Recv(&value, 1, MPI_INT, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
    return 0;
}

static double processor_seconds(struct timespec time)
{
    struct rusage before, after;
    getrusage(RUSAGE_CHILDREN, &before);
    assert_int_equal(run(8, wait_idly, &time), 0);
    getrusage(RUSAGE_CHILDREN, &after);
    return seconds_of(after.ru_utime) + seconds_of(after.ru_stime) - seconds_of(before.ru_utime) -
           seconds_of(before.ru_stime);
}

static void ranks_that_wait_use_no_processor_time(void **state)
{
    (void)state;
    double start = processor_seconds((struct timespec){0, 0}),
           both = processor_seconds((struct timespec){0, 500000000});
    print_message("8 ranks: %.3f s of processor time, and %.3f s with a wait of 0.5 s\n", start, both);
    assert_true(both - start < 0.3); /* one rank that spins would use 0.5 s */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_integers_come_back),
        cmocka_unit_test(every_rank_knows_its_place),
        cmocka_unit_test(an_exit_is_a_result_and_counted_as_a_death),
        cmocka_unit_test(what_ranks_print_comes_out_once),
        cmocka_unit_test(a_signal_ends_the_job_with_one_sentence),
        cmocka_unit_test(an_abort_ends_the_job_with_its_code),
        cmocka_unit_test(an_abort_with_code_0_is_no_success),
        cmocka_unit_test(a_rank_that_exits_before_it_returns_ends_the_job),
        cmocka_unit_test(a_rank_that_ignores_sigterm_is_killed),
        cmocka_unit_test(quiet_means_no_sentence),
        cmocka_unit_test(signals_are_handed_on_to_every_rank),
        cmocka_unit_test(the_callers_handlers_come_back),
        cmocka_unit_test(ranks_do_not_survive_their_supervisor),
        cmocka_unit_test(a_program_is_run_and_its_status_comes_back),
        cmocka_unit_test(a_program_that_is_missing_is_127_with_one_sentence),
        cmocka_unit_test(wrong_launches_are_refused_with_a_sentence),
        cmocka_unit_test(ranks_lie_on_the_nodes_of_the_hostfile),
        cmocka_unit_test(ranks_that_wait_use_no_processor_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
