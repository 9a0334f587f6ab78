/* SPDX-License-Identifier: BSD-2-Clause */
/* test_mpimock_exec.c: functions run on several ranks from within a program, with an MPI of their own. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "captured.h"
#include "launch.h"
#include "ranks.h"

static int return_rank(MPI_Comm comm, void *argument)
{
    int rank, size, initialized, finalized, result;
    CHECK_OK(MPI_Initialized(&initialized));
    CHECK_OK(MPI_Finalized(&finalized));
    CHECK(initialized && !finalized);
    CHECK(comm == MPI_COMM_WORLD);
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    CHECK_OK(MPI_Comm_size(comm, &size));
    CHECK(size == *(int *)argument);
    CHECK_OK(MPI_Comm_compare(comm, MPI_COMM_WORLD, &result));
    CHECK(result == MPI_IDENT);
    return 1000000 * rank;
}

static void every_rank_runs_the_function(void **state)
{
    (void)state;
    for (int n = 1; n <= 8; n *= 2) {
        int results[8];
        assert_int_equal(mpimock_exec(n, return_rank, &n, results), 0);
        for (int i = 0; i < n; i++)
            assert_int_equal(results[i], 1000000 * i);
        assert_int_equal(mpimock_exec(n, return_rank, &n, NULL), 0);
    }
}

static int die_on_rank_1(MPI_Comm comm, void *argument)
{
    int rank, how = *(int *)argument;
    MPI_Comm_rank(comm, &rank);
    if (rank == 1 && how == 0)
        raise(SIGKILL);
    if (rank == 1 && how == 1)
        exit(7);
    if (rank == 1 && how == 2)
        MPI_Abort(comm, 9);
    MPI_Barrier(comm);
    return 0;
}

static void a_rank_that_dies_is_reported(void **state)
{
    (void)state;
    static const int expected[] = {128 + SIGKILL, 7, 9};
    for (int how = 0; how < 3; how++) {
        int results[3];
        struct captured captured;
        captured_begin(&captured, stderr);
        int ended = mpimock_exec(3, die_on_rank_1, &how, results);
        captured_end(&captured);
        assert_int_equal(ended, -ECHILD);
        assert_int_equal(results[1], expected[how]);
        assert_true(captured.text[0] != '\0');
    }
}

static void wrong_arguments_are_refused(void **state)
{
    (void)state;
    int n = 1;
    assert_int_equal(mpimock_exec(0, return_rank, &n, NULL), -EINVAL);
    assert_int_equal(mpimock_exec(1025, return_rank, &n, NULL), -EINVAL);
    assert_int_equal(mpimock_exec(1, NULL, NULL, NULL), -EINVAL);
}

static int finalize_early(MPI_Comm comm, void *argument)
{
    (void)comm;
    (void)argument;
    CHECK_OK(MPI_Finalize());
    return 5;
}

static void a_function_may_finalize_by_itself(void **state)
{
    (void)state;
    int results[2] = {0, 0};
    assert_int_equal(mpimock_exec(2, finalize_early, NULL, results), 0);
    assert_int_equal(results[1], 5);
}

static int nest(MPI_Comm comm, void *argument)
{
    int rank, n = 3, results[3] = {0}, sum, one = 1;
    (void)argument;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    if (rank == 0) {
        CHECK(mpimock_exec(n, return_rank, &n, results) == 0);
        CHECK(results[2] == 2000000);
    }
    /* This rank's own MPI is as it was. */
    CHECK_OK(MPI_Allreduce(&one, &sum, 1, MPI_INT, MPI_SUM, comm));
    CHECK(sum == 2);
    return 0;
}

static void a_rank_may_itself_run_ranks(void **state)
{
    (void)state;
    run_ranks(2, nest, NULL);
}

static int work_in_teams(MPI_Comm comm, void *argument)
{
    static const int members[3] = {3, 0, 2};
    int world_rank, rank = -1, size, value, flag;
    (void)argument;
    CHECK_OK(MPI_Comm_rank(comm, &world_rank));
    for (uint32_t serial = 1; serial < 20 && world_rank != 1; serial++) {
        MPI_Comm team;
        MPI_Request never;
        CHECK_OK(mpimock_team_create(3, members, serial, &team));
        CHECK_OK(MPI_Comm_rank(team, &rank));
        CHECK_OK(MPI_Comm_size(team, &size));
        CHECK(size == 3 && members[rank] == world_rank);
        CHECK_OK(MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, team, &flag, MPI_STATUS_IGNORE));
        CHECK_OK(MPI_Allreduce(&rank, &value, 1, MPI_INT, MPI_SUM, team));
        CHECK(value == 3);
        /* What is left behind is of no concern to the next team. */
        CHECK_OK(MPI_Irecv(&value, 1, MPI_INT, (rank + 1) % 3, 1, team, &never));
        CHECK_OK(MPI_Send(&rank, 1, MPI_INT, (rank + 1) % 3, 0, team));
        CHECK_OK(MPI_Barrier(team));
        CHECK_OK(mpimock_team_free(&team));
        CHECK(team == MPI_COMM_NULL);
        CHECK_OK(MPI_Wait(&never, MPI_STATUS_IGNORE)); /* cancelled */
    }
    return 0;
}

static void teams_are_made_without_communication_and_leave_nothing_behind(void **state)
{
    (void)state;
    run_ranks(4, work_in_teams, NULL);
}

/* ---- Threads ---- */

enum { THREADS = 4, MESSAGES = 300 };

struct thread {
    MPI_Comm comm;
    int rank, tag, bad;
};

static void *ping_pong(void *argument)
{
    struct thread *thread = argument;
    int value, other = 1 - thread->rank;
    for (int i = 0; i < MESSAGES && thread->bad == 0; i++) {
        value = i * 10 + thread->tag;
        if (thread->rank == 0)
            MPI_Send(&value, 1, MPI_INT, other, thread->tag, thread->comm);
        value = -1;
        MPI_Recv(&value, 1, MPI_INT, other, thread->tag, thread->comm, MPI_STATUS_IGNORE);
        thread->bad = value != i * 10 + thread->tag;
        if (thread->rank == 1)
            MPI_Send(&value, 1, MPI_INT, other, thread->tag, thread->comm);
    }
    return NULL;
}

static int use_threads(MPI_Comm comm, void *argument)
{
    pthread_t threads[THREADS];
    struct thread arguments[THREADS];
    int rank, level;
    (void)argument;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    CHECK_OK(MPI_Query_thread(&level));
    CHECK(level == MPI_THREAD_MULTIPLE);
    for (int i = 0; i < THREADS; i++) {
        arguments[i] = (struct thread){comm, rank, i, 0};
        CHECK(pthread_create(&threads[i], NULL, ping_pong, &arguments[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
        CHECK(!arguments[i].bad);
    }
    return 0;
}

static void threads_of_a_rank_may_all_communicate(void **state)
{
    (void)state;
    run_ranks(2, use_threads, NULL);
}

/* Truncation on a communicator whose errors return, while those of MPI_COMM_WORLD are fatal (MPI-3.1 §8.3). */
static int truncate_on_a_duplicate(MPI_Comm comm, void *argument)
{
    MPI_Comm dup;
    MPI_Request requests[2];
    MPI_Status statuses[2];
    int sent[2] = {1, 2}, got, class = MPI_SUCCESS;
    (void)argument;
    MPI_Comm_dup(comm, &dup);
    MPI_Comm_set_errhandler(dup, MPI_ERRORS_RETURN);
    for (int all = 0; all < 2; all++) {
        MPI_Irecv(&got, 1, MPI_INT, 0, 0, dup, &requests[0]);
        MPI_Isend(sent, 2, MPI_INT, 0, 0, dup, &requests[1]);
        int error = all ? MPI_Waitall(2, requests, statuses) : MPI_Wait(&requests[0], &statuses[0]);
        MPI_Error_class(all && error == MPI_ERR_IN_STATUS ? statuses[0].MPI_ERROR : error, &class);
        if (class != MPI_ERR_TRUNCATE)
            return 1 + all;
        for (int i = 0; i < 2; i++)
            MPI_Wait(&requests[i], MPI_STATUS_IGNORE);
    }
    MPI_Comm_free(&dup);
    return 0;
}

static void an_error_of_a_request_goes_to_the_handler_of_its_communicator(void **state)
{
    (void)state;
    int results[1];
    assert_int_equal(mpimock_exec(1, truncate_on_a_duplicate, NULL, results), 0);
    assert_int_equal(results[0], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rank_runs_the_function),
        cmocka_unit_test(a_rank_that_dies_is_reported),
        cmocka_unit_test(wrong_arguments_are_refused),
        cmocka_unit_test(a_function_may_finalize_by_itself),
        cmocka_unit_test(a_rank_may_itself_run_ranks),
        cmocka_unit_test(teams_are_made_without_communication_and_leave_nothing_behind),
        cmocka_unit_test(threads_of_a_rank_may_all_communicate),
        cmocka_unit_test(an_error_of_a_request_goes_to_the_handler_of_its_communicator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
