/* SPDX-License-Identifier: BSD-2-Clause */
/* test_test.c: the runner's tests on the mock: a team's deadlock is its own, found at once and never where there is none; what
 * a test leaves behind does not reach the next. Pauses only make one order of events likely: each check holds in any. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "launch.h"
#include "mock/objects.h" /* before cmocka.h, which has a macro mock_type */

#include "ranks.h"

#define MPI (&mpimock_backend_mock)

enum { BIG = 1 << 20 };

static jmp_buf way_out;
static int own;

/* A team of the first `size` ranks of the job. */
static MPI_Comm begin(uint32_t serial, int size)
{
    static const uint32_t members[] = {0, 1, 2, 3};
    static const int ranks[] = {0, 1, 2, 3};
    MPI_Comm team = MPI_COMM_NULL;
    if (mpimock_team_create(size, ranks, serial, &team) != MPI_SUCCESS ||
        mpimock_test_begin(serial, (uint32_t)size, members, NULL) != 0)
        abort();
    return team;
}

static void end(MPI_Comm team)
{
    mpimock_test_end();
    mpimock_team_free(&team);
}

static void leave_a_deadlock(void)
{
    if (mpimock_test_deadlock() == NULL)
        return;
    mpimock_test_left();
    longjmp(way_out, 1);
}

static int receive(MPI_Comm comm, int from, int *value)
{
    return MPI->Recv(value, 1, MPI_INT, from, 3, comm, MPI_STATUS_IGNORE);
}

static int send(MPI_Comm comm, int to, int value)
{
    return MPI->Send(&value, 1, MPI_INT, to, 3, comm);
}

/* Ranks in no test meet. */
static int meet(void)
{
    return MPI->Barrier(MPI_COMM_WORLD);
}

/* ---- Deadlock ---- */

/* Of two ranks, while the third is not in the test and runs. Who finds it tells the other, as the runner's notices do. */
static int two_of_three(void)
{
    volatile bool left = false;
    int value;
    mpimock_waiting_hook_set(leave_a_deadlock);
    if (own < 2) {
        MPI_Comm team = begin(1, 2);
        if (setjmp(way_out) == 0) {
            receive(team, 1 - own, &value);
        } else {
            left = true;
            CHECK(strstr(mpimock_test_deadlock(), "  the cycle: 0 -> 1 -> 0\n"));
            send(team, 1 - own, 0); /* the other goes on */
        }
        end(team);
    } else {
        usleep(20 * 1000);
    }
    int count = left, sum = 0;
    CHECK_OK(MPI->Allreduce(&count, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD));
    CHECK(sum >= 1);
    return 0;
}

/* One member returns without having sent. */
static int missing_member(void)
{
    volatile bool left = false;
    int value;
    mpimock_waiting_hook_set(leave_a_deadlock);
    MPI_Comm team = begin(1, 3);
    if (own == 0) {
        if (setjmp(way_out) == 0) {
            receive(team, MPI_ANY_SOURCE, &value);
        } else {
            left = true;
            CHECK(strstr(mpimock_test_deadlock(), "  ranks 1, 2: has ended the test\n"));
        }
    }
    end(team);
    CHECK(left == (own == 0));
    return meet();
}

/* A member comes late: the others wait, and nothing is wrong. */
static int late_member(void)
{
    int value = 0;
    mpimock_waiting_hook_set(leave_a_deadlock);
    if (own == 2)
        usleep(50 * 1000);
    MPI_Comm team = begin(1, 3);
    if (setjmp(way_out) != 0)
        return __LINE__;
    if (own == 2)
        for (int to = 0; to < 2; to++)
            CHECK_OK(send(team, to, 17));
    else
        CHECK_OK(receive(team, 2, &value));
    CHECK(own == 2 || value == 17);
    end(team);
    return meet();
}

/* ---- What is left behind ---- */

/* Rank 0 leaves with a receive posted and a message unreceived. Neither touches its memory, or the next test. */
static int leftovers(void)
{
    int posted = -1, value = -1;
    MPI_Request request;
    MPI_Comm team = begin(1, 2);
    if (own == 0) {
        CHECK_OK(MPI->Irecv(&posted, 1, MPI_INT, 1, 3, team, &request));
        mpimock_test_left();
    }
    CHECK_OK(meet()); /* rank 0 has left */
    if (own == 1) {
        CHECK_OK(send(team, 0, 99));
        CHECK_OK(send(team, 0, 98));
    }
    end(team);
    CHECK_OK(meet());
    team = begin(2, 2);
    if (own == 0)
        CHECK_OK(receive(team, MPI_ANY_SOURCE, &value));
    else
        CHECK_OK(send(team, 0, 5));
    end(team);
    CHECK(posted == -1 && value == (own == 0 ? 5 : -1));
    return meet();
}

/* Rank 0 is in the next test already, and has sent on a communicator that rank 1 has yet to make. */
static int early_messages(void)
{
    int value = 7;
    MPI_Comm inner;
    MPI_Comm team = begin(1, 2);
    if (own == 1)
        usleep(30 * 1000);
    end(team);
    team = begin(2, 2);
    CHECK_OK(MPI->Comm_dup(team, &inner));
    if (own == 0)
        CHECK_OK(send(inner, 1, 8));
    else
        CHECK_OK(receive(inner, 0, &value));
    CHECK(own == 0 || value == 8);
    CHECK_OK(MPI->Comm_free(&inner));
    end(team);
    return meet();
}

/* A buffered send goes on behind its test's end, until it is received. */
static int buffered(void)
{
    static char memory[BIG], buffer[BIG + 4096];
    MPI_Comm team = begin(1, 2);
    if (own == 0) {
        memset(memory, 'b', BIG);
        CHECK_OK(MPI->Buffer_attach(buffer, sizeof buffer));
        CHECK_OK(MPI->Bsend(memory, BIG, MPI_BYTE, 1, 3, team));
    } else {
        usleep(20 * 1000);
        CHECK_OK(MPI->Recv(memory, BIG, MPI_BYTE, 0, 3, team, MPI_STATUS_IGNORE));
        CHECK(memory[0] == 'b' && memory[BIG - 1] == 'b');
    }
    end(team);
    if (own == 0) /* nothing is attached any more */
        CHECK_OK(MPI->Buffer_attach(buffer, sizeof buffer));
    return meet();
}

/* Nobody receives it: its sender's test ends all the same. */
static int buffered_in_vain(void)
{
    static char memory[BIG], buffer[BIG + 4096];
    MPI_Comm team = begin(1, 2);
    if (own == 0) {
        CHECK_OK(MPI->Buffer_attach(buffer, sizeof buffer));
        CHECK_OK(MPI->Bsend(memory, BIG, MPI_BYTE, 1, 3, team));
    } else {
        usleep(5 * 1000);
    }
    end(team);
    return meet();
}

/* ---- */

static int run(void *argument)
{
    MPI->Comm_rank(MPI_COMM_WORLD, &own);
    return (*(int (**)(void))argument)();
}

static void play(int n, int (*part)(void))
{
    struct problem problem = {{0}};
    mpimock_use(&mpimock_backend_mock);
    assert_int_equal(mpimock_launch(&(struct mpimock_launch){.n = n, .function = run, .argument = &part}, &problem), 0);
}

static void a_deadlock_of_two_is_found_while_a_third_runs(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++)
        play(3, two_of_three);
}

static void a_member_that_ended_the_test_is_missed(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++)
        play(3, missing_member);
}

static void a_member_that_comes_late_is_waited_for(void **state)
{
    (void)state;
    play(3, late_member);
}

static void what_a_rank_left_behind_touches_nothing(void **state)
{
    (void)state;
    play(2, leftovers);
}

static void what_came_early_is_there(void **state)
{
    (void)state;
    play(2, early_messages);
}

static void a_buffered_message_outlives_its_senders_test(void **state)
{
    (void)state;
    play(2, buffered);
    play(2, buffered_in_vain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_deadlock_of_two_is_found_while_a_third_runs),
        cmocka_unit_test(a_member_that_ended_the_test_is_missed),
        cmocka_unit_test(a_member_that_comes_late_is_waited_for),
        cmocka_unit_test(what_a_rank_left_behind_touches_nothing),
        cmocka_unit_test(what_came_early_is_there),
        cmocka_unit_test(a_buffered_message_outlives_its_senders_test),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
