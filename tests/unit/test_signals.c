/* SPDX-License-Identifier: BSD-2-Clause */
/* test_signals.c: every signal whose default ends a process ends the test that got it, with its name, its address, a backtrace;
 * and nothing of it reaches the next test. Where the test cannot be left, the process ends, and says why. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "steps.h"

static volatile int sink;
static bool teardown_ran;

/* ---- Steps ---- */

__attribute__((noinline)) static void write_to(volatile int *where)
{
    *where = 1;
}

static void segmentation_fault(void **state)
{
    (void)state;
    printf("before");
    write_to((int *)0x10);
    sink++;
}

static void write_to_constant(void **state)
{
    (void)state;
    int *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    write_to(page);
}

static void beyond_the_file(void **state)
{
    (void)state;
    int file = memfd_create("short", MFD_CLOEXEC);
    int *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    write_to(memory);
}

static void division_by_zero(void **state)
{
    (void)state;
#if defined(__x86_64__)
    volatile int zero = 0, more = 100;
    sink = more / zero;
#else
    raise(SIGFPE); /* other processors do not mind */
#endif
}

static void illegal_instruction(void **state)
{
    (void)state;
#if defined(__x86_64__)
    __asm__ volatile("ud2");
#else
    raise(SIGILL);
#endif
}

static void breakpoint(void **state)
{
    (void)state;
    raise(SIGTRAP);
    sink++;
}

__attribute__((noinline)) static int descend(volatile char *memory)
{
    volatile char more[400];
    more[0] = memory[0];
    return sink < 0 ? 0 : descend(more) + more[1];
}

static void stack_overflow(void **state)
{
    (void)state;
    char first = 0;
    sink = descend(&first);
}

static void call_of_nothing(void **state)
{
    (void)state;
    void (*volatile nothing)(void) = NULL;
    nothing();
    sink++;
}

static void in_memcpy(void **state)
{
    (void)state;
    static char from[100];
    memcpy((void *)(uintptr_t)(8 + sink), from, sizeof from);
}

static int mask_before;
static void masked_and_terminated(void **state)
{
    (void)state;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    mask_before = pthread_sigmask(SIG_BLOCK, &set, NULL);
    raise(SIGTERM);
}

static void alarm_while_it_computes(void **state)
{
    (void)state;
    alarm(1);
    for (;;)
        sink++;
}

static void timer_while_it_allocates(void **state)
{
    (void)state;
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 3};
    const struct itimerspec soon = {{0, 0}, {0, 1000000}};
    timer_create(CLOCK_MONOTONIC, &event, &timer);
    timer_settime(timer, 0, &soon, NULL);
    for (size_t size = 1;; size = size * 7 % 9973) {
        void *volatile memory = malloc(size), *volatile other = malloc(2 * size);
        free(memory);
        free(other);
    }
}

static void sleeps_until_sigusr2(void **state)
{
    (void)state;
    if (fork() == 0) {
        kill(getppid(), SIGUSR2);
        _exit(0);
    }
    for (;;)
        pause();
}

static void broken_pipe(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    (void)!write(ends[1], "x", 1);
}

static volatile sig_atomic_t handled;
static void count_signal(int number)
{
    handled = number;
}

static void handles_its_own(void **state)
{
    (void)state;
    signal(SIGUSR2, count_signal);
    raise(SIGUSR2);
    signal(SIGUSR2, SIG_DFL);
    assert_int_equal(handled, SIGUSR2);
}

static sigjmp_buf own_way;
static void jump(int number)
{
    siglongjmp(own_way, number);
}

static void survives_its_own_fault(void **state)
{
    (void)state;
    signal(SIGSEGV, jump);
    if (sigsetjmp(own_way, 1) == 0)
        write_to((int *)0x10);
}

static void *faults(void *unused)
{
    write_to((int *)0x20);
    sink++;
    return unused;
}

static void fault_in_another_thread(void **state)
{
    (void)state;
    pthread_t thread;
    pthread_create(&thread, NULL, faults, NULL);
    pthread_join(thread, NULL);
}

static void fault_in_another_thread_while_it_receives(void **state)
{
    (void)state;
    pthread_t thread;
    int value;
    pthread_create(&thread, NULL, faults, NULL);
    MPI_Recv(&value, 1, MPI_INT, 0, 0, MPI_COMM_SELF, MPI_STATUS_IGNORE);
}

static void signal_of_the_process(void **state)
{
    (void)state;
    kill(getpid(), SIGUSR1);
    for (;;)
        sink++;
}

static int crashing_fixture(void **state)
{
    (void)state;
    write_to((int *)0x30);
    return 0;
}

static int noting_teardown(void **state)
{
    (void)state;
    teardown_ran = true;
    return 0;
}

static void fails(void **state)
{
    (void)state;
    assert_true(0);
}

static void passes(void **state)
{
    (void)state;
}

enum { SEGV, READ_ONLY, BUS, FPE, ILL, TRAP, OVERFLOW, NOTHING, MEMCPY, TERM, ALARM, ALLOCATES, SLEEPS, PIPE, OWN, OWN_FAULT, THREAD,
       THREAD_RECEIVES, PROCESS, SETUP, TEARDOWN, BOTH, LAST, STEP_COUNT };

static const struct {
    const char *name;
    CMUnitTestFunction function;
    CMFixtureFunction setup, teardown;
} steps[STEP_COUNT] = {
    [SEGV] = {"segv", segmentation_fault, NULL, noting_teardown},
    [READ_ONLY] = {"read_only", write_to_constant, NULL, NULL},
    [BUS] = {"bus", beyond_the_file, NULL, NULL},
    [FPE] = {"fpe", division_by_zero, NULL, NULL},
    [ILL] = {"ill", illegal_instruction, NULL, NULL},
    [TRAP] = {"trap", breakpoint, NULL, NULL},
    [OVERFLOW] = {"overflow", stack_overflow, NULL, NULL},
    [NOTHING] = {"nothing", call_of_nothing, NULL, NULL},
    [MEMCPY] = {"memcpy", in_memcpy, NULL, NULL},
    [TERM] = {"term", masked_and_terminated, NULL, NULL},
    [ALARM] = {"alarm", alarm_while_it_computes, NULL, NULL},
    [ALLOCATES] = {"allocates", timer_while_it_allocates, NULL, NULL},
    [SLEEPS] = {"sleeps", sleeps_until_sigusr2, NULL, NULL},
    [PIPE] = {"pipe", broken_pipe, NULL, NULL},
    [OWN] = {"own", handles_its_own, NULL, NULL},
    [OWN_FAULT] = {"own_fault", survives_its_own_fault, NULL, NULL},
    [THREAD] = {"thread", fault_in_another_thread, NULL, NULL},
    [THREAD_RECEIVES] = {"thread_receives", fault_in_another_thread_while_it_receives, NULL, NULL},
    [PROCESS] = {"process", signal_of_the_process, NULL, NULL},
    [SETUP] = {"setup", passes, crashing_fixture, NULL},
    [TEARDOWN] = {"teardown", passes, NULL, crashing_fixture},
    [BOTH] = {"both", fails, NULL, crashing_fixture},
    [LAST] = {"last", passes, NULL, NULL},
};

static void run_steps(void)
{
    for (int i = 0; i < STEP_COUNT; i++)
        run_step(i, steps[i].name, steps[i].function, steps[i].setup, steps[i].teardown);
}

/* ---- What they must have come to ---- */

static void crashed(int step, int number, const char *message)
{
    step_ended(step, OUTCOME_CRASHED, HOW_SIGNAL, number, message);
}

static void a_fault_tells_its_address_and_its_line(void **state)
{
    (void)state;
    crashed(SEGV, SIGSEGV, "signal 11 (Segmentation fault) at address 0x10\n#0 ");
    step_names(SEGV, "#0 write_to() at test_signals.c:");
    step_names(SEGV, "segmentation_fault() at test_signals.c:");
    assert_null(strstr(step_results[SEGV].message, "execution"));
    assert_string_equal(step_results[SEGV].output, "before");
    assert_true(teardown_ran);
    crashed(READ_ONLY, SIGSEGV, ": not permitted");
    crashed(BUS, SIGBUS, "signal 7 (Bus error) at address 0x");
}

static void a_call_of_nothing_names_its_caller(void **state)
{
    (void)state;
    crashed(NOTHING, SIGSEGV, "signal 11 (Segmentation fault) at address 0x0");
    step_names(NOTHING, "#1 call_of_nothing() at test_signals.c:");
}

static void exceptions_of_the_processor_are_named(void **state)
{
    (void)state;
    crashed(FPE, SIGFPE, "signal 8 (Floating point exception)");
    crashed(ILL, SIGILL, "signal 4 (Illegal instruction)");
    crashed(TRAP, SIGTRAP, "signal 5 (Trace/breakpoint trap)");
    step_names(TRAP, "#0 breakpoint() at test_signals.c:");
}

static void a_stack_overflow_is_contained(void **state)
{
    (void)state;
    crashed(OVERFLOW, SIGSEGV, "signal 11 (Segmentation fault): stack overflow\n");
    step_names(OVERFLOW, "descend() at test_signals.c:");
    step_names(OVERFLOW, "stack_overflow() at test_signals.c:");
}

static void a_bad_pointer_in_the_c_library_is_contained(void **state)
{
    (void)state;
    crashed(MEMCPY, SIGSEGV, "signal 11 (Segmentation fault) at address 0x");
    step_names(MEMCPY, "in_memcpy() at test_signals.c:");
}

static void signals_that_a_test_sends_itself_end_it(void **state)
{
    (void)state;
    crashed(TERM, SIGTERM, "signal 15 (Terminated)");
    crashed(PROCESS, SIGUSR1, "signal 10 (User defined signal 1)");
    crashed(PIPE, SIGPIPE, "signal 13 (Broken pipe)");
}

static void the_mask_is_the_tests_afterwards(void **state)
{
    (void)state;
    sigset_t now;
    assert_int_equal(mask_before, 0);
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    for (int number = 1; number < SIGRTMIN; number++)
        assert_int_equal(sigismember(&now, number), 0); /* main() unblocked the one that the test had blocked */
}

static void timers_end_it_where_that_is_safe(void **state)
{
    char message[100];
    (void)state;
    crashed(ALARM, SIGALRM, "signal 14 (Alarm clock)");
    step_names(ALARM, "alarm_while_it_computes() at test_signals.c:");
    snprintf(message, sizeof message, "signal %d (real-time signal 3)", SIGRTMIN + 3);
    crashed(ALLOCATES, SIGRTMIN + 3, message);
}

static void one_that_comes_while_it_sleeps_tells_who_sent_it(void **state)
{
    (void)state;
    crashed(SLEEPS, SIGUSR2, "signal 12 (User defined signal 2) from process ");
}

static void handlers_of_the_tests_are_its_own(void **state)
{
    (void)state;
    step_ended(OWN, OUTCOME_PASSED, HOW_NORMALLY, 0, "");
    step_ended(OWN_FAULT, OUTCOME_PASSED, HOW_NORMALLY, 0, "");
}

static void a_fault_in_another_thread_ends_the_test(void **state)
{
    (void)state;
    crashed(THREAD, SIGSEGV, "signal 11 (Segmentation fault) at address 0x20, in another thread");
    step_names(THREAD, "#1 faults() at test_signals.c:");
    crashed(THREAD_RECEIVES, SIGSEGV, "at address 0x20, in another thread");
}

static void in_fixtures_it_is_an_error(void **state)
{
    (void)state;
    step_ended(SETUP, OUTCOME_ERROR, HOW_SIGNAL, SIGSEGV, "signal 11 (Segmentation fault) at address 0x30");
    step_ended(TEARDOWN, OUTCOME_ERROR, HOW_SIGNAL, SIGSEGV, "signal 11 (Segmentation fault) at address 0x30");
    assert_int_equal(step_results[BOTH].outcome, OUTCOME_FAILED);
}

static void nothing_reaches_the_next(void **state)
{
    (void)state;
    step_ended(LAST, OUTCOME_PASSED, HOW_NORMALLY, 0, "");
    assert_string_equal(step_results[LAST].message, "");
}

/* ---- Where the test cannot be left ---- */

static void corrupts_the_heap(void **state)
{
    (void)state;
    char *volatile memory = malloc(2000), *volatile inside = memory + 16;
    free(inside);
}

static void faults_in_the_allocator(void **state)
{
    (void)state;
    char *volatile nowhere = (char *)0x1010;
    free(nowhere);
}

static void faults_in_mpi(void **state)
{
    (void)state;
    char *volatile nowhere = (char *)0x1000;
    char bytes[64] = "";
    MPI_Sendrecv(bytes, 64, MPI_CHAR, 0, 0, nowhere, 64, MPI_CHAR, 0, 0, MPI_COMM_SELF, MPI_STATUS_IGNORE);
}

/* Its wait status, and what it said on standard error. */
static int run_in_child(CMUnitTestFunction function, char *said, size_t size)
{
    int file = memfd_create("said", 0), status;
    pid_t child = fork();
    assert_true(file >= 0 && child >= 0);
    if (child == 0) {
        dup2(file, STDERR_FILENO);
        if (execution_begin(true) != 0)
            _exit(99);
        run_step(0, "hopeless", function, NULL, NULL);
        _exit(98);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    ssize_t length = pread(file, said, size - 1, 0);
    said[length < 0 ? 0 : length] = '\0';
    close(file);
    return status;
}

static void is_given_up(CMUnitTestFunction function, int number, const char *words)
{
    char said[1000];
    int status = run_in_child(function, said, sizeof said);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != number || !strstr(said, "mpirun-tests: a rank is given up in hopeless: ") ||
        !strstr(said, words))
        fail_msg("wait status %#x, \"%s\" lacks \"%s\"", status, said, words);
}

static void a_corrupt_heap_costs_the_process(void **state)
{
    (void)state;
    is_given_up(corrupts_the_heap, SIGABRT, "signal 6 (Aborted), in the allocator");
    is_given_up(faults_in_the_allocator, SIGSEGV, "signal 11 (Segmentation fault) at address 0x");
}

static void a_fault_inside_mpi_costs_the_process(void **state)
{
    (void)state;
    is_given_up(faults_in_mpi, SIGSEGV, ", in an MPI call: the rank could not go on");
}

static int finish(void **state)
{
    (void)state;
    for (int i = 0; i < STEP_COUNT; i++)
        execution_result_finish(&step_results[i]);
    return 0;
}

int main(void)
{
#ifdef __SANITIZE_ADDRESS__
    puts("skipped: the sanitizer takes these signals for itself");
    return 77;
#endif
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fault_tells_its_address_and_its_line),
        cmocka_unit_test(a_call_of_nothing_names_its_caller),
        cmocka_unit_test(exceptions_of_the_processor_are_named),
        cmocka_unit_test(a_stack_overflow_is_contained),
        cmocka_unit_test(a_bad_pointer_in_the_c_library_is_contained),
        cmocka_unit_test(signals_that_a_test_sends_itself_end_it),
        cmocka_unit_test(the_mask_is_the_tests_afterwards),
        cmocka_unit_test(timers_end_it_where_that_is_safe),
        cmocka_unit_test(one_that_comes_while_it_sleeps_tells_who_sent_it),
        cmocka_unit_test(handlers_of_the_tests_are_its_own),
        cmocka_unit_test(a_fault_in_another_thread_ends_the_test),
        cmocka_unit_test(in_fixtures_it_is_an_error),
        cmocka_unit_test(nothing_reaches_the_next),
        cmocka_unit_test(a_corrupt_heap_costs_the_process),
        cmocka_unit_test(a_fault_inside_mpi_costs_the_process),
    };
    mpimock_use(&mpimock_backend_mock);
    int level;
    if (mpimock_backend()->Init_thread(NULL, NULL, MPI_THREAD_MULTIPLE, &level) != MPI_SUCCESS || execution_begin(true) != 0)
        return 1;
    run_steps();
    execution_end();
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    int failed = cmocka_run_group_tests(tests, NULL, finish);
    mpimock_backend()->Finalize();
    return failed;
}
