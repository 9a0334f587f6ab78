/* SPDX-License-Identifier: BSD-2-Clause */
/* test_deadlock.c: a deadlock is found the moment it is there, said once, and never found where there is none. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "launch.h"
#include "mock/deadlock.h"
#include "mock/objects.h" /* before cmocka.h, which has a macro mock_type */

#include "captured.h"
#include "ranks.h"

static struct captured captured;

/* Runs it, expecting a deadlock, and captures the report. */
static void run_into_deadlock(int n, int (*function)(MPI_Comm comm, void *argument))
{
    captured_begin(&captured, stderr);
    int ended = mpimock_exec(n, function, NULL, NULL);
    captured_end(&captured);
    assert_int_equal(ended, -ECHILD);
    const char *first = strstr(captured.text, "mpimock: deadlock");
    assert_non_null(first);
    assert_null(strstr(first + 1, "mpimock: deadlock"));
}

static int receive_in_a_circle(MPI_Comm comm, void *argument)
{
    int rank, size, value;
    (void)argument;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    CHECK_OK(MPI_Comm_size(comm, &size));
    return MPI_Recv(&value, 1, MPI_INT, (rank + 1) % size, 70 + rank, comm, MPI_STATUS_IGNORE);
}

static void a_circle_of_receives_is_told_with_calls_partners_and_tags(void **state)
{
    (void)state;
    run_into_deadlock(3, receive_in_a_circle);
    assert_non_null(strstr(captured.text, "  rank 0: MPI_Recv from rank 1, tag 70 on MPI_COMM_WORLD\n"));
    assert_non_null(strstr(captured.text, "  rank 1: MPI_Recv from rank 2, tag 71 on MPI_COMM_WORLD\n"));
    assert_non_null(strstr(captured.text, "  rank 2: MPI_Recv from rank 0, tag 72 on MPI_COMM_WORLD\n"));
    assert_non_null(strstr(captured.text, "  the cycle: 0 -> 1 -> 2 -> 0\n"));
}

static int send_head_to_head(MPI_Comm comm, void *argument)
{
    int rank, value = 0;
    (void)argument;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    CHECK_OK(MPI_Send(&value, 1, MPI_INT, 1 - rank, 4, comm));
    CHECK_OK(MPI_Recv(&value, 1, MPI_INT, 1 - rank, 4, comm, MPI_STATUS_IGNORE));
    return 0;
}

static void synchronous_sends_show_the_deadlock_that_buffering_hides(void **state)
{
    (void)state;
    run_ranks(2, send_head_to_head, NULL);
    setenv("MPIMOCK_SENDS", "sync", 1);
    run_into_deadlock(2, send_head_to_head);
    unsetenv("MPIMOCK_SENDS");
    assert_non_null(strstr(captured.text, "  rank 0: MPI_Send to rank 1, tag 4 on MPI_COMM_WORLD\n"));
}

static int one_misses_the_barrier(MPI_Comm comm, void *argument)
{
    int rank, value;
    (void)argument;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    if (rank == 2)
        return MPI_Recv(&value, 1, MPI_INT, MPI_ANY_SOURCE, MPI_ANY_TAG, comm, MPI_STATUS_IGNORE);
    return MPI_Barrier(comm);
}

static void a_collective_is_told_by_its_name(void **state)
{
    (void)state;
    run_into_deadlock(4, one_misses_the_barrier);
    assert_non_null(strstr(captured.text, "  rank 2: MPI_Recv from any rank, any tag on MPI_COMM_WORLD\n"));
    assert_non_null(strstr(captured.text, "MPI_Barrier on MPI_COMM_WORLD"));
}

static int one_finalizes(MPI_Comm comm, void *argument)
{
    int rank, value;
    MPI_Request requests[2];
    (void)argument;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    if (rank == 0)
        return 0; /* mpimock_exec finalises */
    CHECK_OK(MPI_Irecv(&value, 1, MPI_INT, 0, 1, comm, &requests[0]));
    CHECK_OK(MPI_Irecv(&value, 1, MPI_INT, 0, 2, comm, &requests[1]));
    return MPI_Waitall(2, requests, MPI_STATUSES_IGNORE);
}

static void a_rank_in_finalize_is_part_of_it(void **state)
{
    (void)state;
    run_into_deadlock(2, one_finalizes);
    assert_non_null(strstr(captured.text, "  rank 0: MPI_Finalize\n"));
    assert_non_null(
        strstr(captured.text, "  rank 1: MPI_Waitall for 2 requests: a receive from rank 0, tag 1; a receive from rank 0, tag 2"
                                         " on MPI_COMM_WORLD\n"));
}

static int wait_alone(MPI_Comm comm, void *argument)
{
    int value;
    (void)comm;
    (void)argument;
    return MPI_Recv(&value, 1, MPI_INT, 0, 0, MPI_COMM_SELF, MPI_STATUS_IGNORE);
}

static void a_single_rank_can_be_deadlocked_too(void **state)
{
    (void)state;
    run_into_deadlock(1, wait_alone);
}

/* A rank that never calls MPI ends while the other waits for it. */
static int leave_the_other_waiting(void *argument)
{
    int value;
    (void)argument;
    if (mock.rank == 1)
        return 0;
    mock_Init(NULL, NULL);
    return mock_Recv(&value, 1, MPI_INT, 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

static void a_rank_that_ended_is_named(void **state)
{
    (void)state;
    struct problem problem;
    captured_begin(&captured, stderr);
    int status = mpimock_launch(&(struct mpimock_launch){.n = 2, .function = leave_the_other_waiting}, &problem);
    captured_end(&captured);
    assert_int_equal(status, 1);
    assert_non_null(strstr(captured.text, "  rank 1: has ended\n"));
    assert_non_null(strstr(captured.text, "  rank 0 waits for rank 1, which has ended\n"));
}

/* ---- Where there is none ---- */

static void let_time_pass(void)
{
    struct timespec time = {0, 30000000};
    nanosleep(&time, NULL);
}

static int one_is_late(MPI_Comm comm, void *argument)
{
    int rank;
    (void)argument;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    for (int i = 0; i < 4; i++) {
        if (rank == i)
            let_time_pass(); /* the others all sleep meanwhile */
        CHECK_OK(MPI_Barrier(comm));
    }
    return 0;
}

static void a_rank_that_computes_is_no_deadlock(void **state)
{
    (void)state;
    run_ranks(4, one_is_late, NULL);
}

static int all_but_one_wait_for_work(MPI_Comm comm, void *argument)
{
    int rank, value = 0;
    (void)argument;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    mpimock_wait_is_idle(true);
    if (rank == 0) {
        let_time_pass();
        for (int i = 1; i < 4; i++)
            CHECK_OK(MPI_Send(&value, 1, MPI_INT, i, 0, comm));
    } else {
        CHECK_OK(MPI_Recv(&value, 1, MPI_INT, 0, 0, comm, MPI_STATUS_IGNORE));
    }
    mpimock_wait_is_idle(false);
    return 0;
}

static void ranks_that_wait_for_work_are_no_deadlock(void **state)
{
    (void)state;
    run_ranks(4, all_but_one_wait_for_work, NULL);
}

static int two_of_three_are_stuck(MPI_Comm comm, void *argument)
{
    int rank, value;
    (void)argument;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    mpimock_wait_is_idle(rank == 0);
    return MPI_Recv(&value, 1, MPI_INT, rank == 0 ? MPI_ANY_SOURCE : 3 - rank, 0, comm, MPI_STATUS_IGNORE);
}

static void ranks_that_are_stuck_beside_one_that_waits_for_work_are_a_deadlock(void **state)
{
    (void)state;
    run_into_deadlock(3, two_of_three_are_stuck);
    assert_non_null(strstr(captured.text, "  rank 1: MPI_Recv from rank 2, tag 0 on MPI_COMM_WORLD\n"));
}

static void *send_later(void *argument)
{
    int value = 1;
    let_time_pass();
    MPI_Send(&value, 1, MPI_INT, 0, 0, *(MPI_Comm *)argument);
    return NULL;
}

static int a_thread_comes_to_help(MPI_Comm comm, void *argument)
{
    int value = 0;
    pthread_t thread;
    (void)argument;
    CHECK(pthread_create(&thread, NULL, send_later, &comm) == 0);
    CHECK_OK(MPI_Recv(&value, 1, MPI_INT, 0, 0, comm, MPI_STATUS_IGNORE));
    CHECK(pthread_join(thread, NULL) == 0);
    return value != 1;
}

static void a_thread_that_is_not_blocked_is_waited_for(void **state)
{
    (void)state;
    run_ranks(1, a_thread_comes_to_help, NULL);
}

/* Random traffic in which everybody sleeps often: nothing of it may be taken for a deadlock. */
static int pass_the_token(MPI_Comm comm, void *argument)
{
    int rank, size, value = 0;
    (void)argument;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    CHECK_OK(MPI_Comm_size(comm, &size));
    for (int i = 0; i < 300; i++) {
        if (rank == 0)
            CHECK_OK(MPI_Send(&value, 1, MPI_INT, 1, i, comm));
        CHECK_OK(MPI_Recv(&value, 1, MPI_INT, (rank + size - 1) % size, i, comm, MPI_STATUS_IGNORE));
        if (rank != 0)
            CHECK_OK(MPI_Ssend(&value, 1, MPI_INT, (rank + 1) % size, i, comm));
    }
    return 0;
}

static void a_token_on_its_way_is_no_deadlock(void **state)
{
    (void)state;
    run_ranks(12, pass_the_token, NULL);
}

/* ---- The report from a picture ---- */

static struct deadlock_rank blocked(const char *call, int kind, int peer, int tag)
{
    struct deadlock_rank rank = {.state = SEGMENT_INITIALIZED, .sequence = 1};
    strncpy(rank.wait.call, call, sizeof rank.wait.call - 1);
    strcpy(rank.wait.comm, "halo");
    rank.wait.kind = kind;
    rank.wait.peer = rank.wait.peer_world = peer;
    rank.wait.tag = tag;
    rank.wait.requests = 1;
    return rank;
}

static void ranks_of_which_the_same_is_to_be_said_share_a_line(void **state)
{
    (void)state;
    struct deadlock_rank ranks[6];
    char text[2000];
    for (int i = 0; i < 6; i++)
        ranks[i] = blocked("MPI_Recv", SEGMENT_WAIT_RECEIVE, 5, 1);
    ranks[5] = blocked("MPI_Probe", SEGMENT_WAIT_PROBE, SEGMENT_WAIT_ANY, SEGMENT_WAIT_ANY);
    deadlock_describe("deadlock:", ranks, 6, text, sizeof text);
    assert_non_null(strstr(text, "  ranks 0 to 4: MPI_Recv from rank 5, tag 1 on halo\n"));
    assert_non_null(strstr(text, "  rank 5: MPI_Probe from any rank, any tag on halo\n"));
    assert_null(strstr(text, "cycle"));
}

static void a_rank_of_another_number_in_the_job_has_both(void **state)
{
    (void)state;
    struct deadlock_rank ranks[2] = {blocked("MPI_Ssend", SEGMENT_WAIT_SEND, 0, 3), {.state = SEGMENT_FINALIZED}};
    char text[2000];
    ranks[0].wait.peer_world = 1;
    deadlock_describe("deadlock:", ranks, 2, text, sizeof text);
    assert_non_null(strstr(text, "MPI_Ssend to rank 0 (rank 1 of the job), tag 3 on halo"));
    assert_non_null(strstr(text, "rank 1: is past MPI_Finalize"));
    assert_non_null(strstr(text, "rank 0 waits for rank 1, which is past MPI_Finalize"));
}

static void a_rank_that_waits_for_work_and_one_that_runs_are_told(void **state)
{
    (void)state;
    struct deadlock_rank ranks[3] = {blocked("MPI_Recv", SEGMENT_WAIT_RECEIVE, SEGMENT_WAIT_ANY, 3),
                                     {.state = SEGMENT_INITIALIZED, .polls_in = MPIMOCK_TEST},
                                     {.state = SEGMENT_INITIALIZED}};
    char text[2000];
    ranks[0].wait.idle = true;
    deadlock_describe("deadlock:", ranks, 3, text, sizeof text);
    assert_non_null(strstr(text, "  rank 0: waits for work\n"));
    assert_non_null(strstr(text, "  rank 1: runs (asks by MPI_Test)\n"));
    assert_non_null(strstr(text, "  rank 2: runs (not in an MPI call that waits)\n"));
}

static void a_long_report_is_cut_and_stays_a_string(void **state)
{
    (void)state;
    static struct deadlock_rank ranks[MPIMOCK_RANKS_MAX];
    char text[3000];
    for (int i = 0; i < MPIMOCK_RANKS_MAX; i++)
        ranks[i] = blocked("MPI_Recv", SEGMENT_WAIT_RECEIVE, (i + 1) % MPIMOCK_RANKS_MAX, i);
    memset(text, 'x', sizeof text);
    deadlock_describe("deadlock:", ranks, MPIMOCK_RANKS_MAX, text, 2000);
    assert_int_equal(strlen(text), 1999);
    assert_int_equal(text[2000], 'x');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_circle_of_receives_is_told_with_calls_partners_and_tags),
        cmocka_unit_test(synchronous_sends_show_the_deadlock_that_buffering_hides),
        cmocka_unit_test(a_collective_is_told_by_its_name),
        cmocka_unit_test(a_rank_in_finalize_is_part_of_it),
        cmocka_unit_test(a_single_rank_can_be_deadlocked_too),
        cmocka_unit_test(a_rank_that_ended_is_named),
        cmocka_unit_test(a_rank_that_computes_is_no_deadlock),
        cmocka_unit_test(ranks_that_wait_for_work_are_no_deadlock),
        cmocka_unit_test(ranks_that_are_stuck_beside_one_that_waits_for_work_are_a_deadlock),
        cmocka_unit_test(a_thread_that_is_not_blocked_is_waited_for),
        cmocka_unit_test(a_token_on_its_way_is_no_deadlock),
        cmocka_unit_test(ranks_of_which_the_same_is_to_be_said_share_a_line),
        cmocka_unit_test(a_rank_of_another_number_in_the_job_has_both),
        cmocka_unit_test(a_rank_that_waits_for_work_and_one_that_runs_are_told),
        cmocka_unit_test(a_long_report_is_cut_and_stays_a_string),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
