/* SPDX-License-Identifier: BSD-2-Clause */
/* test_execution.c: each way in which a step can end has its outcome, its words and its output.
 *
 * cmocka's groups do not nest, so the steps run first, and cmocka looks at their results afterwards. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../mpimock/door.h"
#include "../../runner/execution.h"

/* ---- Steps ---- */

static void passes(void **state)
{
    (void)state;
    printf("said by passes");
}

static void is_silent(void **state)
{
    (void)state;
}

static void asserts(void **state)
{
    (void)state;
    printf("before the assertion\n");
    fprintf(stderr, "and on standard error\n");
    assert_int_equal(1, 2);
    printf("never\n");
}

static void fails_with_words(void **state)
{
    (void)state;
    printf("before\n");
    fail_msg("the residual is %g\nafter %d steps", 0.25, 7);
}

static void skips_with_a_reason(void **state)
{
    (void)state;
    mrt_skip("no device here");
}

static void skips_with_cmocka(void **state)
{
    (void)state;
    skip();
}

static void leaks(void **state)
{
    (void)state;
    (void)test_malloc(12);
}

static void takes_a_null_pointer(void **state)
{
    (void)state;
    volatile int *volatile null = NULL;
    *null = 1;
}

static void aborts(void **state)
{
    (void)state;
    MPI_Abort(MPI_COMM_WORLD, 3);
}

static void sends_to_nobody(void **state)
{
    (void)state;
    int value = 0;
    MPI_Send(&value, 1, MPI_INT, 5, 0, MPI_COMM_WORLD);
}

static void leaves_a_request_open(void **state)
{
    static int value;
    MPI_Request request;
    (void)state;
    MPI_Irecv(&value, 1, MPI_INT, 0, 0, MPI_COMM_WORLD, &request);
}

static void tells_its_case(void **state)
{
    (void)state;
    assert_int_equal(mrt_case(), 7);
}

static void finds_its_state(void **state)
{
    assert_string_equal(*state, "from setup");
}

static int sets_state(void **state)
{
    *state = "from setup";
    return 0;
}

static int succeeds_noisily(void **state)
{
    (void)state;
    printf("teardown speaks\n");
    return 0;
}

static int fails_by_result(void **state)
{
    (void)state;
    printf("setup speaks\n");
    return -1;
}

static int fails_by_assertion(void **state)
{
    (void)state;
    printf("setup speaks\n");
    assert_true(0);
    return 0;
}

enum { PASSES, SILENT, ASSERTS, WORDS, SKIPS, SKIPS_CMOCKA, LEAKS, NULL_POINTER, ABORTS, NOBODY, OPEN, CASE, STATE, SETUP_RESULT,
       SETUP_ASSERTION, TEARDOWN_RESULT, TEARDOWN_ASSERTION, BOTH_FAIL, AFTER_ALL, STEP_COUNT };

static const struct execution_step steps[STEP_COUNT] = {
    [PASSES] = {.name = "passes", .function = passes},
    [SILENT] = {.name = "silent", .function = is_silent},
    [ASSERTS] = {.name = "asserts", .function = asserts},
    [WORDS] = {.name = "words", .function = fails_with_words, .teardown = succeeds_noisily},
    [SKIPS] = {.name = "skips", .function = skips_with_a_reason},
    [SKIPS_CMOCKA] = {.name = "skips_cmocka", .function = skips_with_cmocka},
    [LEAKS] = {.name = "leaks", .function = leaks},
    [NULL_POINTER] = {.name = "null_pointer", .function = takes_a_null_pointer},
    [ABORTS] = {.name = "aborts", .function = aborts},
    [NOBODY] = {.name = "nobody", .function = sends_to_nobody},
    [OPEN] = {.name = "open", .function = leaves_a_request_open},
    [CASE] = {.name = "case", .function = tells_its_case, .case_number = 7},
    [STATE] = {.name = "state", .function = finds_its_state, .setup = sets_state},
    [SETUP_RESULT] = {.name = "setup_result", .function = passes, .setup = fails_by_result},
    [SETUP_ASSERTION] = {.name = "setup_assertion", .function = passes, .setup = fails_by_assertion},
    [TEARDOWN_RESULT] = {.name = "teardown_result", .function = passes, .teardown = fails_by_result},
    [TEARDOWN_ASSERTION] = {.name = "teardown_assertion", .function = passes, .teardown = fails_by_assertion},
    [BOTH_FAIL] = {.name = "both_fail", .function = asserts, .teardown = fails_by_result},
    [AFTER_ALL] = {.name = "after_all", .function = is_silent},
};
static struct execution_result results[STEP_COUNT];

static void run_steps(void)
{
    for (int i = 0; i < STEP_COUNT; i++) {
        struct execution_step step = steps[i];
        void *state = NULL;
        step.state = &state;
        step.team = MPI_COMM_NULL;
        step.thread_level = MPI_THREAD_SINGLE;
#ifdef __SANITIZE_ADDRESS__
        if (i == NULL_POINTER)
            continue; /* the sanitizer takes the signal for itself */
#endif
        execution_run(&step, &results[i]);
    }
}

/* ---- Units ---- */

static int allocates(void **state)
{
    *state = test_malloc(16);
    printf("allocated\n");
    return 0;
}

static int frees(void **state)
{
    test_free(*state);
    return 0;
}

static int forgets_to_free(void **state)
{
    (void)state;
    return 0;
}

static int leaves_by_abort(void **state)
{
    (void)state;
    MPI_Abort(MPI_COMM_WORLD, 5);
    return 0;
}

enum { UNIT_PASSES, UNIT_SETUP_RESULT, UNIT_SETUP_ASSERTION, UNIT_SETUP_ABORTS, UNIT_TEARDOWN_RESULT,
       UNIT_TEARDOWN_ASSERTION, UNIT_LEAKS, UNIT_BARE, UNIT_COUNT };

static const struct {
    CMFixtureFunction setup, teardown;
} units[UNIT_COUNT] = {
    [UNIT_PASSES] = {allocates, frees},
    [UNIT_SETUP_RESULT] = {fails_by_result, frees},
    [UNIT_SETUP_ASSERTION] = {fails_by_assertion, frees},
    [UNIT_SETUP_ABORTS] = {leaves_by_abort, frees},
    [UNIT_TEARDOWN_RESULT] = {NULL, fails_by_result},
    [UNIT_TEARDOWN_ASSERTION] = {NULL, fails_by_assertion},
    [UNIT_LEAKS] = {allocates, forgets_to_free},
    [UNIT_BARE] = {NULL, NULL},
};
static struct execution_result setups[UNIT_COUNT], inners[UNIT_COUNT], teardowns[UNIT_COUNT], after_units;

/* A test inside the unit: it fails, and allocates, so that nothing of it may reach the unit's own fixtures. */
static void fails_inside(void **state)
{
    (void)state;
    (void)test_malloc(3);
    assert_int_equal(3, 4);
}

static bool between(void *context, const struct execution_result *setup)
{
    size_t unit = (size_t)context;
    void *state = NULL;
    setups[unit] = (struct execution_result){.outcome = setup->outcome,
                                             .message = strdup(setup->message),
                                             .output = strdup(setup->output),
                                             .output_size = setup->output_size};
    if (setup->outcome != OUTCOME_PASSED)
        return false;
    execution_run(&(struct execution_step){.name = "inside", .function = fails_inside, .state = &state, .team = MPI_COMM_NULL},
                  &inners[unit]);
    return true;
}

static void run_units(void)
{
    for (size_t i = 0; i < UNIT_COUNT; i++) {
        void *state = NULL;
        execution_run_unit(&(struct execution_unit){.name = "halo",
                                                    .setup = units[i].setup,
                                                    .teardown = units[i].teardown,
                                                    .state = &state,
                                                    .setup_team = MPI_COMM_NULL,
                                                    .teardown_team = MPI_COMM_NULL,
                                                    .between = between,
                                                    .context = (void *)i},
                           &teardowns[i]);
    }
}

/* ---- What they must have come to ---- */

static void expect(int step, enum outcome outcome, const char *message, const char *output)
{
    const struct execution_result *result = &results[step];
    assert_string_equal(outcome_name(result->outcome), outcome_name(outcome));
    if (!strstr(result->message, message))
        fail_msg("message of %s: \"%s\" lacks \"%s\"", steps[step].name, result->message, message);
    assert_string_equal(result->output, output);
    assert_int_equal(result->output_size, strlen(output));
    assert_true(result->seconds >= 0);
}

static void a_test_that_returns_has_passed(void **state)
{
    (void)state;
    expect(PASSES, OUTCOME_PASSED, "", "said by passes");
    expect(SILENT, OUTCOME_PASSED, "", "");
    expect(CASE, OUTCOME_PASSED, "", "");
    expect(STATE, OUTCOME_PASSED, "", "");
}

static void an_assertion_fails_with_its_place(void **state)
{
    (void)state;
    expect(ASSERTS, OUTCOME_FAILED, "test_execution.c:", "before the assertion\nand on standard error\n");
    assert_non_null(strstr(results[ASSERTS].message, "0x1 != 0x2"));
    assert_null(strstr(results[ASSERTS].message, "FAILED"));
}

static void the_words_of_fail_msg_are_the_message_and_not_output(void **state)
{
    (void)state;
    expect(WORDS, OUTCOME_FAILED, ": the residual is 0.25\nafter 7 steps", "before\nteardown speaks\n");
}

static void a_skip_keeps_its_reason(void **state)
{
    (void)state;
    expect(SKIPS, OUTCOME_SKIPPED, "no device here", "");
    expect(SKIPS_CMOCKA, OUTCOME_SKIPPED, "", "");
}

static void a_leak_of_test_malloc_fails(void **state)
{
    (void)state;
    expect(LEAKS, OUTCOME_FAILED, "Blocks allocated", "");
}

static void a_signal_is_a_crash(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    skip();
#endif
    expect(NULL_POINTER, OUTCOME_CRASHED, "Segmentation fault", "");
}

static void mpi_abort_is_a_crash_with_its_code(void **state)
{
    (void)state;
    expect(ABORTS, OUTCOME_CRASHED, "MPI_Abort(MPI_COMM_WORLD, 3) called", "");
}

static void an_mpi_error_fails_with_call_and_class(void **state)
{
    (void)state;
    expect(NOBODY, OUTCOME_FAILED, "MPI_Send", "");
    assert_non_null(strstr(results[NOBODY].message, "MPI_ERR_RANK"));
}

static void requests_left_open_are_told_and_fail_nothing(void **state)
{
    (void)state;
    expect(OPEN, OUTCOME_PASSED, "", "");
    assert_true(results[OPEN].pending);
    assert_false(results[CASE].pending);
}

static void fixtures_that_fail_are_errors(void **state)
{
    (void)state;
    expect(SETUP_RESULT, OUTCOME_ERROR, "setup", "setup speaks\n");
    expect(SETUP_ASSERTION, OUTCOME_ERROR, "test_execution.c:", "setup speaks\n");
    expect(TEARDOWN_RESULT, OUTCOME_ERROR, "teardown", "said by passessetup speaks\n");
    expect(TEARDOWN_ASSERTION, OUTCOME_ERROR, "test_execution.c:", "said by passessetup speaks\n");
}

static void a_failed_test_stays_failed_when_its_teardown_fails_too(void **state)
{
    (void)state;
    assert_int_equal(results[BOTH_FAIL].outcome, OUTCOME_FAILED);
    assert_non_null(strstr(results[BOTH_FAIL].message, "0x1 != 0x2"));
}

static void nothing_of_one_step_reaches_the_next(void **state)
{
    (void)state;
    expect(AFTER_ALL, OUTCOME_PASSED, "", "");
    assert_string_equal(results[AFTER_ALL].message, "");
}

static void is(const struct execution_result *result, enum outcome outcome, const char *message, const char *output)
{
    assert_string_equal(outcome_name(result->outcome), outcome_name(outcome));
    if (!strstr(result->message, message))
        fail_msg("message \"%s\" lacks \"%s\"", result->message, message);
    assert_string_equal(result->output, output);
}

static void a_unit_passes_with_what_its_setup_allocates(void **state)
{
    (void)state;
    is(&setups[UNIT_PASSES], OUTCOME_PASSED, "", "allocated\n");
    is(&inners[UNIT_PASSES], OUTCOME_FAILED, "0x3 != 0x4", "");
    is(&teardowns[UNIT_PASSES], OUTCOME_PASSED, "", "");
    is(&setups[UNIT_BARE], OUTCOME_PASSED, "", "");
    is(&teardowns[UNIT_BARE], OUTCOME_PASSED, "", "");
}

static void a_unit_whose_setup_fails_runs_neither_tests_nor_teardown(void **state)
{
    (void)state;
    is(&setups[UNIT_SETUP_RESULT], OUTCOME_ERROR, "it returned a value other than 0", "setup speaks\n");
    is(&setups[UNIT_SETUP_ASSERTION], OUTCOME_ERROR, "test_execution.c:", "setup speaks\n");
    is(&setups[UNIT_SETUP_ABORTS], OUTCOME_ERROR, "MPI_Abort(MPI_COMM_WORLD, 5) called", "");
    for (int unit = UNIT_SETUP_RESULT; unit <= UNIT_SETUP_ABORTS; unit++) {
        assert_null(inners[unit].message);
        is(&teardowns[unit], OUTCOME_PASSED, "", "");
    }
}

static void a_unit_whose_teardown_fails_says_so(void **state)
{
    (void)state;
    is(&inners[UNIT_TEARDOWN_RESULT], OUTCOME_FAILED, "0x3 != 0x4", "");
    is(&teardowns[UNIT_TEARDOWN_RESULT], OUTCOME_ERROR, "", "setup speaks\n");
    is(&teardowns[UNIT_TEARDOWN_ASSERTION], OUTCOME_ERROR, "test_execution.c:", "setup speaks\n");
    is(&teardowns[UNIT_LEAKS], OUTCOME_ERROR, "Blocks allocated", "");
}

static void the_rank_goes_on_after_units(void **state)
{
    (void)state;
    is(&after_units, OUTCOME_PASSED, "", "");
}

int main(void)
{
    mpimock_use(&mpimock_backend_mock);
    if (mpimock_backend()->Init(NULL, NULL) != MPI_SUCCESS)
        return 1;
    if (execution_begin(true) != 0)
        return 1;
    run_steps();
    run_units();
    execution_run(&(struct execution_step){.name = "after units", .function = is_silent, .team = MPI_COMM_NULL}, &after_units);
    execution_end();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_test_that_returns_has_passed),
        cmocka_unit_test(an_assertion_fails_with_its_place),
        cmocka_unit_test(the_words_of_fail_msg_are_the_message_and_not_output),
        cmocka_unit_test(a_skip_keeps_its_reason),
        cmocka_unit_test(a_leak_of_test_malloc_fails),
        cmocka_unit_test(a_signal_is_a_crash),
        cmocka_unit_test(mpi_abort_is_a_crash_with_its_code),
        cmocka_unit_test(an_mpi_error_fails_with_call_and_class),
        cmocka_unit_test(requests_left_open_are_told_and_fail_nothing),
        cmocka_unit_test(fixtures_that_fail_are_errors),
        cmocka_unit_test(a_failed_test_stays_failed_when_its_teardown_fails_too),
        cmocka_unit_test(nothing_of_one_step_reaches_the_next),
        cmocka_unit_test(a_unit_passes_with_what_its_setup_allocates),
        cmocka_unit_test(a_unit_whose_setup_fails_runs_neither_tests_nor_teardown),
        cmocka_unit_test(a_unit_whose_teardown_fails_says_so),
        cmocka_unit_test(the_rank_goes_on_after_units),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    for (int i = 0; i < STEP_COUNT; i++)
        execution_result_finish(&results[i]);
    for (int i = 0; i < UNIT_COUNT; i++) {
        execution_result_finish(&setups[i]);
        execution_result_finish(&inners[i]);
        execution_result_finish(&teardowns[i]);
    }
    execution_result_finish(&after_units);
    mpimock_backend()->Finalize();
    return failed;
}
