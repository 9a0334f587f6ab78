/* SPDX-License-Identifier: BSD-2-Clause */
/* test_isolate.c: however an isolated test ends its process, the rank has a result that says so; and what rank, helper and
 * children say to each other survives whoever dies in the middle.
 *
 * The helper is forked before cmocka runs, as in a rank: its children are not within a test of cmocka's. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../mpimock/door.h"
#include "../../runner/clock.h"
#include "../../runner/isolate.h"
#include "../../runner/isolate_private.h"

/* ---- Isolated tests ---- */

static int counter;

/* Shared by all processes of this program, for what a test must tell beside its result. */
static struct {
    _Atomic int child, pid[3];
} *shared;

#define BODY(name_) static void name_(__attribute__((unused)) void **state)

BODY(passes) { printf("said by passes\n"); }
BODY(counts) { assert_int_equal(counter++, 0); }
BODY(fails) { assert_int_equal(1, 2); }
BODY(skips) { mrt_skip("no device"); }
BODY(aborts) { MPI_Abort(MPI_COMM_WORLD, 3); }
BODY(sends_to_nobody) { MPI_Send(NULL, 0, MPI_INT, 5, 0, MPI_COMM_WORLD); }
BODY(leaves) { syscall(SYS_exit_group, 7); }
BODY(exits) { exit(0); }
BODY(kills_the_helper)
{
    kill(getppid(), SIGKILL);
    for (;;)
        pause();
}
BODY(kills_itself)
{
    printf("the last words\n");
    kill(getpid(), SIGKILL);
}

__attribute__((noinline)) static int descend(volatile char *above, int depth)
{
    volatile char frame[4096];
    frame[0] = above ? above[0] : 1;
    return depth == 0 ? frame[0] : descend(frame, depth - 1) + frame[0];
}
BODY(overflows) { descend(NULL, 1 << 20); }

BODY(corrupts)
{
    char *volatile block = malloc(24), *volatile next = malloc(2000);
    memset(block, 0x5a, 48);
    free(next);
    free(block);
    abort(); /* where the allocator has not noticed */
}

BODY(frees_twice)
{
    char *volatile block = malloc(24);
    free(block);
    free(block);
}

BODY(spins)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    printf("round and round\n");
    fflush(stdout);
    for (volatile unsigned long turn = 0;; turn++)
        continue;
}

BODY(stops) { kill(getpid(), SIGSTOP); }

BODY(closes)
{
    for (int descriptor = 0; descriptor < 256; descriptor++)
        close(descriptor);
}

BODY(leaves_children)
{
    atomic_store(&shared->child, (int)getpid());
    for (int i = 0; i < 3; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            if (i == 1)
                setsid();
            for (;;)
                pause();
        }
        atomic_store(&shared->pid[i], (int)pid);
    }
}

BODY(floods)
{
    static char line[1024];
    memset(line, 'x', sizeof line);
    line[sizeof line - 1] = '\n';
    for (int i = 0; i < 100 * 1024; i++)
        fwrite(line, 1, sizeof line, stdout);
    kill(getpid(), SIGKILL);
}

BODY(changes_its_process)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_NOFILE, &none);
    setenv("ISOLATED_WAS_HERE", "1", 1);
    assert_int_equal(chdir("/"), 0);
}
BODY(finds_all_as_it_was)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_true(limit.rlim_cur > 0);
    assert_null(getenv("ISOLATED_WAS_HERE"));
}

BODY(writes_wherever_it_can)
{
    /* The memory that it shares with the helper is among what it can write to. */
    char from[64], to[64], line[256];
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && fgets(line, sizeof line, maps)) {
        if (!strstr(line, "rw-s") || sscanf(line, "%63[0-9a-f]-%63[0-9a-f]", from, to) != 2)
            continue;
        char *begin = (char *)strtoul(from, NULL, 16), *end = (char *)strtoul(to, NULL, 16);
        if ((char *)shared >= begin && (char *)shared < end)
            continue;
        memset(begin, 0xff, (size_t)(end - begin) < 8192 ? (size_t)(end - begin) : 8192);
    }
    _exit(0);
}

static void crash(void)
{
    kill(getpid(), SIGSEGV);
}
BODY(crashes_at_exit) { atexit(crash); }

/* A unit. */
static int set_up;
static int unit_setup(void **state)
{
    *state = &counter;
    return set_up++;
}
static int unit_teardown(void **state)
{
    return *state == &counter ? 0 : -1;
}
BODY(unit_counts) { assert_int_equal(counter++, 0); }
BODY(unit_counts_on) { assert_int_equal(counter++, 1); }
BODY(unit_dies) { kill(getpid(), SIGKILL); }

static int dying_setup(void **state)
{
    (void)state;
    return kill(getpid(), SIGKILL);
}

/* ---- The plan ---- */

#define FILE_OF_TESTS "isolated.c"
#define FILE_OF_UNIT  "unit.c"
#define FILE_OF_SETUP "setup.c"

#define TEST(name_, file_, line_, ...)                                                                                 \
    {                                                                                                                  \
        .name = #name_, .function = name_, .file = file_, .line = line_, .options = {__VA_ARGS__}                      \
    }
static const struct mrt_test tests[] = {
    TEST(passes, FILE_OF_TESTS, 1, .np = 0),
    TEST(counts, FILE_OF_TESTS, 2, .cases = 2),
    TEST(fails, FILE_OF_TESTS, 3, .np = 0),
    TEST(skips, FILE_OF_TESTS, 4, .np = 0),
    TEST(aborts, FILE_OF_TESTS, 5, .np = 0),
    TEST(sends_to_nobody, FILE_OF_TESTS, 6, .np = 0),
    TEST(leaves, FILE_OF_TESTS, 7, .np = 0),
    TEST(exits, FILE_OF_TESTS, 8, .np = 0),
    TEST(kills_the_helper, FILE_OF_TESTS, 9, .np = 0),
    TEST(kills_itself, FILE_OF_TESTS, 10, .np = 0),
    TEST(overflows, FILE_OF_TESTS, 11, .np = 0),
    TEST(corrupts, FILE_OF_TESTS, 12, .np = 0),
    TEST(spins, FILE_OF_TESTS, 13, .timeout = 0.05),
    TEST(closes, FILE_OF_TESTS, 14, .np = 0),
    TEST(leaves_children, FILE_OF_TESTS, 15, .np = 0),
    TEST(floods, FILE_OF_TESTS, 16, .np = 0),
    TEST(changes_its_process, FILE_OF_TESTS, 17, .np = 0),
    TEST(finds_all_as_it_was, FILE_OF_TESTS, 18, .np = 0),
    TEST(writes_wherever_it_can, FILE_OF_TESTS, 19, .np = 0),
    TEST(frees_twice, FILE_OF_TESTS, 21, .np = 0),
    TEST(stops, FILE_OF_TESTS, 22, .timeout = 0.05),
    TEST(crashes_at_exit, FILE_OF_TESTS, 20, .np = 0),
    TEST(unit_counts, FILE_OF_UNIT, 1, .np = 0),
    TEST(unit_counts_on, FILE_OF_UNIT, 2, .np = 0),
    TEST(unit_dies, FILE_OF_UNIT, 3, .np = 0),
    {.name = "counts_again", .function = unit_counts, .file = FILE_OF_UNIT, .line = 4},
    {.name = "one", .function = passes, .file = FILE_OF_SETUP, .line = 1},
    {.name = "two", .function = passes, .file = FILE_OF_SETUP, .line = 2},
};

static struct plan plan;
static struct isolate *isolate;
static struct control control;

static int make_plan(void)
{
    static const struct mrt_suite unit = {
        "unit", FILE_OF_UNIT, 1, {.isolate = MRT_YES, .setup = unit_setup, .teardown = unit_teardown}};
    static const struct mrt_suite setup = {"setup", FILE_OF_SETUP, 1, {.isolate = MRT_YES, .setup = dying_setup}};
    struct problem problem = {""};
    mrt_register_suite(&unit);
    mrt_register_suite(&setup);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        mrt_register_test(&tests[i]);
    int error = plan_create(&plan, registry_get(), &(struct plan_selection){.isolate = true}, &problem);
    if (error)
        fprintf(stderr, "%s\n", problem.text);
    return error;
}

/* ---- Results ---- */

#define RESULTS_MAX 8
static struct {
    struct message_result result;
    char message[1024], warnings[1024], output[64];
} results[RESULTS_MAX];
static uint32_t result_count;

static int take(void *context, const struct message_result *result)
{
    (void)context;
    assert_in_range(result_count, 0, RESULTS_MAX - 1);
    results[result_count].result = *result;
    snprintf(results[result_count].message, sizeof results->message, "%s", result->message);
    snprintf(results[result_count].warnings, sizeof results->warnings, "%s", result->warnings);
    snprintf(results[result_count].output, sizeof results->output, "%s", result->output);
    result_count++;
    return 0;
}

/* Runs the tests whose names are first … first + count - 1 in the plan. */
static void run(const char *name, uint32_t count)
{
    static const uint32_t members[] = {0};
    uint32_t places[RESULTS_MAX], first = 0;
    while (first < plan.count && strcmp(plan.tests[first].name, name) != 0)
        first++;
    assert_in_range(first, 0, plan.count - count);
    for (uint32_t i = 0; i < count; i++)
        places[i] = first + i;
    const struct message_assign assignment = {
        .assignment = 5, .unit = plan.tests[first].unit, .members = members, .size = 1, .tests = places, .count = count};
    result_count = 0;
    assert_int_equal(isolate_run(&(struct isolate_request){.isolate = isolate,
                                                           .control = &control,
                                                           .plan = &plan,
                                                           .assignment = &assignment,
                                                           .tests = places,
                                                           .count = count,
                                                           .take = take}),
                     0);
    assert_int_equal(result_count, count);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(results[i].result.test, places[i]);
        assert_int_equal(results[i].result.assignment, 5);
    }
}

static void expect(uint32_t place, enum outcome outcome, const char *words)
{
    if (results[place].result.outcome != outcome || !strstr(results[place].message, words))
        fail_msg("%s: %s, \"%s\", wanted: %s, \"%s\"", plan.tests[results[place].result.test].name,
                 outcome_name(results[place].result.outcome), results[place].message, outcome_name(outcome), words);
}

static void run_one(const char *name, enum outcome outcome, const char *words)
{
    run(name, 1);
    expect(0, outcome, words);
}

/* ---- Tests ---- */

static void ordinary_ends_are_told_as_ever(void **state)
{
    (void)state;
    run_one("isolated.passes", OUTCOME_PASSED, "");
    assert_string_equal(results[0].output, "said by passes\n");
    run_one("isolated.fails", OUTCOME_FAILED, "0x1 != 0x2");
    run_one("isolated.skips", OUTCOME_SKIPPED, "no device");
    run_one("isolated.aborts", OUTCOME_CRASHED, "MPI_Abort(MPI_COMM_WORLD, 3) called");
    run_one("isolated.sends_to_nobody", OUTCOME_FAILED, "MPI_ERR_RANK");
}

static void statics_are_fresh_in_each(void **state)
{
    (void)state;
    counter = 5; /* what happens in the rank after the helper was forked does not matter either */
    run_one("isolated.counts/0", OUTCOME_PASSED, "");
    run_one("isolated.counts/1", OUTCOME_PASSED, "");
    run_one("isolated.counts/0", OUTCOME_PASSED, "");
    assert_int_equal(counter, 5);
}

static void an_end_of_the_process_has_its_words(void **state)
{
    (void)state;
    run_one("isolated.leaves", OUTCOME_CRASHED, "its process exited with status 7, and the test had not ended");
    run_one("isolated.exits", OUTCOME_CRASHED, "exit");
    run_one("isolated.kills_itself", OUTCOME_CRASHED, "its process was ended by signal 9 (Killed)");
    run_one("isolated.overflows", OUTCOME_CRASHED, "");
    run_one("isolated.passes", OUTCOME_PASSED, "");
}

static void what_was_written_before_a_death_is_kept(void **state)
{
    (void)state;
    run_one("isolated.kills_itself", OUTCOME_CRASHED, "");
    assert_string_equal(results[0].output, "the last words\n");
}

static void a_corrupt_heap_hurts_nobody(void **state)
{
    (void)state;
    run_one("isolated.corrupts", OUTCOME_CRASHED, "");
    run_one("isolated.frees_twice", OUTCOME_CRASHED, "");
#if !defined(__SANITIZE_ADDRESS__)
    /* The process could not leave the test, and left its last words. */
    expect(0, OUTCOME_CRASHED, "signal 6 (Aborted), in the allocator");
    expect(0, OUTCOME_CRASHED, "\n#0 ");
#endif
    run_one("isolated.writes_wherever_it_can", OUTCOME_CRASHED, "");
    run_one("isolated.passes", OUTCOME_PASSED, "");
}

static void a_test_that_nothing_stops_is_killed(void **state)
{
    (void)state;
    double begin = clock_now();
    run_one("isolated.spins", OUTCOME_TIMEOUT, "0.05 s");
    assert_true(clock_now() - begin < 30);
    assert_string_equal(results[0].output, "round and round\n");
    run_one("isolated.stops", OUTCOME_TIMEOUT, "its time of 0.05 s was up, and its process did not leave the test: it was killed");
}

static void closed_descriptors_do_not_matter(void **state)
{
    (void)state;
    run_one("isolated.closes", OUTCOME_PASSED, "");
    run_one("isolated.passes", OUTCOME_PASSED, "");
}

/* A zombie would be somebody's who forgot to reap it: none is left either. */
static void no_process_stays(void **state)
{
    (void)state;
    run("isolated.leaves_children", 1);
    assert_int_not_equal(atomic_load(&shared->child), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_not_equal(atomic_load(&shared->pid[i]), 0);
        assert_int_equal(kill((pid_t)atomic_load(&shared->pid[i]), 0), -1);
        assert_int_equal(errno, ESRCH);
    }
    assert_int_equal(kill((pid_t)atomic_load(&shared->child), 0), -1);
}

static void much_output_is_bounded(void **state)
{
    (void)state;
    run_one("isolated.floods", OUTCOME_CRASHED, "signal 9");
    assert_in_range(results[0].result.output_size, 1 << 16, (1 << 20) + 1024);
}

static void what_it_does_to_its_process_ends_with_it(void **state)
{
    (void)state;
    run_one("isolated.changes_its_process", OUTCOME_PASSED, "");
    run_one("isolated.finds_all_as_it_was", OUTCOME_PASSED, "");
}

static void a_crash_after_the_test_is_a_warning(void **state)
{
    (void)state;
    run_one("isolated.crashes_at_exit", OUTCOME_PASSED, "");
    assert_non_null(strstr(results[0].warnings, "after the test its process "));
}

static void a_helper_that_dies_is_replaced(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        run_one("isolated.kills_the_helper", OUTCOME_ERROR, "was ended by signal 9 (Killed)");
        run_one("isolated.passes", OUTCOME_PASSED, "");
    }
}

static void a_unit_runs_in_one_process_until_a_test_ends_it(void **state)
{
    (void)state;
    run("unit.unit_counts", 4);
    expect(0, OUTCOME_PASSED, "");
    expect(1, OUTCOME_PASSED, "");
    expect(2, OUTCOME_CRASHED, "signal 9");
    expect(3, OUTCOME_PASSED, "");
}

static void a_setup_that_dies_is_the_error_of_each_test(void **state)
{
    (void)state;
    run("setup.one", 2);
    expect(0, OUTCOME_ERROR, "setup did not end: its process was ended by signal 9");
    expect(1, OUTCOME_ERROR, "setup did not end: its process was ended by signal 9");
}

/* The last of those that use the helper. */
static void without_a_keeper_a_test_is_an_error(void **state)
{
    (void)state;
    struct isolate *other = isolate;
    pid_t keeper = 0;
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *children = fopen(path, "r");
    if (!children || fscanf(children, "%d", &keeper) != 1)
        skip();
    fclose(children);
    kill(keeper, SIGKILL);
    run_one("isolated.passes", OUTCOME_ERROR, "could not be isolated: the process that isolates tests is gone");
    run_one("isolated.passes", OUTCOME_ERROR, "could not be isolated: the process that isolates tests is gone");
    isolate_destroy(other);
    isolate = NULL;
}

/* ---- Packets and requests ---- */

static int sockets[2];
static struct isolate_message message;

static int open_pair(void **state)
{
    (void)state;
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets);
}

static int close_pair(void **state)
{
    (void)state;
    close(sockets[0]);
    close(sockets[1]);
    wire_writer_finish(&message.bytes);
    message = (struct isolate_message){0};
    return 0;
}

static void a_message_of_any_length_arrives_whole(void **state)
{
    (void)state;
    static unsigned char bytes[100 * 1000];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 7);
    for (size_t size = 0; size <= sizeof bytes; size = 3 * size + 1) {
        assert_int_equal(isolate_send(sockets[0], ISOLATE_RESULT, 4, bytes, size), 0);
        assert_int_equal(isolate_receive(sockets[1], INFINITY, &message), 0);
        assert_int_equal(message.kind, ISOLATE_RESULT);
        assert_int_equal(message.member, 4);
        assert_int_equal(message.bytes.size, size);
        assert_true(size == 0 || memcmp(message.bytes.bytes, bytes, size) == 0);
    }
}

static void a_message_that_breaks_off_is_dropped_for_the_word_of_the_loss(void **state)
{
    (void)state;
    struct isolate_packet packet = {.kind = ISOLATE_RESULT, .more = 1, .size = 5, .bytes = "half"};
    assert_int_equal(send(sockets[0], &packet, offsetof(struct isolate_packet, bytes) + 5, 0),
                     offsetof(struct isolate_packet, bytes) + 5);
    assert_int_equal(isolate_send(sockets[0], ISOLATE_LOST, 0, "died", 5), 0);
    assert_int_equal(isolate_receive(sockets[1], INFINITY, &message), 0);
    assert_int_equal(message.kind, ISOLATE_LOST);
    assert_string_equal((const char *)message.bytes.bytes, "died");
}

static void silence_and_nonsense_have_their_errors(void **state)
{
    (void)state;
    struct isolate_packet packet = {.kind = ISOLATE_RESULT, .size = 500};
    assert_int_equal(isolate_receive(sockets[1], clock_now() + 0.01, &message), -ETIMEDOUT);
    assert_true(send(sockets[0], &packet, 40, 0) == 40);
    assert_int_equal(isolate_receive(sockets[1], INFINITY, &message), -EBADMSG);
    assert_true(send(sockets[0], &packet, 3, 0) == 3);
    assert_int_equal(isolate_receive(sockets[1], INFINITY, &message), -EBADMSG);
    close(sockets[0]);
    assert_int_equal(isolate_receive(sockets[1], INFINITY, &message), -EPIPE);
    assert_int_equal(isolate_send(sockets[1], ISOLATE_END, 0, NULL, 0), -EPIPE);
}

static void a_request_travels_by_names(void **state)
{
    (void)state;
    static const uint32_t some[] = {3, 0, 4};
    struct wire_writer writer = {0};
    struct isolate_run decoded;
    const struct isolate_run sent = {.size = 2, .unit = true, .end = 7.5, .count = 3, .tests = some};
    isolate_run_encode(&writer, &plan, &sent);
    assert_int_equal(isolate_run_decode(writer.bytes, writer.size, &plan, &decoded), 0);
    assert_int_equal(decoded.size, 2);
    assert_true(decoded.unit);
    assert_true(decoded.end == 7.5);
    assert_memory_equal(decoded.tests, some, sizeof some);
    free((uint32_t *)(uintptr_t)decoded.tests);
    for (size_t size = 0; size < writer.size; size++)
        assert_int_not_equal(isolate_run_decode(writer.bytes, size, &plan, &decoded), 0);
    const struct plan shorter = {.tests = plan.tests, .count = 4};
    assert_int_equal(isolate_run_decode(writer.bytes, writer.size, &shorter, &decoded), -ENOENT);
    wire_writer_finish(&writer);
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(ordinary_ends_are_told_as_ever),
        cmocka_unit_test(statics_are_fresh_in_each),
        cmocka_unit_test(an_end_of_the_process_has_its_words),
        cmocka_unit_test(what_was_written_before_a_death_is_kept),
        cmocka_unit_test(a_corrupt_heap_hurts_nobody),
        cmocka_unit_test(a_test_that_nothing_stops_is_killed),
        cmocka_unit_test(closed_descriptors_do_not_matter),
        cmocka_unit_test(no_process_stays),
        cmocka_unit_test(much_output_is_bounded),
        cmocka_unit_test(what_it_does_to_its_process_ends_with_it),
        cmocka_unit_test(a_crash_after_the_test_is_a_warning),
        cmocka_unit_test(a_helper_that_dies_is_replaced),
        cmocka_unit_test(a_unit_runs_in_one_process_until_a_test_ends_it),
        cmocka_unit_test(a_setup_that_dies_is_the_error_of_each_test),
        cmocka_unit_test(without_a_keeper_a_test_is_an_error),
        cmocka_unit_test_setup_teardown(a_message_of_any_length_arrives_whole, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(a_message_that_breaks_off_is_dropped_for_the_word_of_the_loss, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(silence_and_nonsense_have_their_errors, open_pair, close_pair),
        cmocka_unit_test(a_request_travels_by_names),
    };
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED || make_plan() != 0)
        return 1;
    isolate = isolate_create(&plan, true);
    mpimock_use(&mpimock_backend_mock);
    if (!isolate || mpimock_backend_mock.Init_thread(NULL, NULL, MPI_THREAD_MULTIPLE, NULL) != MPI_SUCCESS ||
        control_create(&control) != 0)
        return 1;
    int failed = cmocka_run_group_tests(all, NULL, NULL);
    isolate_destroy(isolate);
    control_destroy(&control);
    plan_finish(&plan);
    return failed;
}
