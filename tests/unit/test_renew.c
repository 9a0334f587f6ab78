/* SPDX-License-Identifier: BSD-2-Clause */
/* test_renew.c: a rank that dies is replaced, whatever killed it and whatever it was doing; its team-mates are told at once,
 * and its successor speaks with everybody. No test waits for a time: what is not told is waited for for ever. */
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "renewal.h"

static const uint32_t team_of_three[] = {1, 2, 3}, team_of_all[] = {0, 1, 2, 3};

/* ---- Ways to die ---- */

enum way { BY_KILL, BY_SEGV, BY_ABORT, BY_EXIT_0, BY_EXIT_3, WAYS };

__attribute__((noreturn)) static void die(enum way way)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    if (way == BY_KILL)
        kill(getpid(), SIGKILL);
    if (way == BY_SEGV)
        raise(SIGSEGV);
    if (way == BY_ABORT)
        abort();
    if (way == BY_EXIT_0)
        exit(0);
    _exit(3);
}

static bool is_how_it_ended(enum way way)
{
    int status = mpimock_predecessor()->wait_status;
    static const int signals[WAYS] = {SIGKILL, SIGSEGV, SIGABRT, 0, 0}, codes[WAYS] = {0, 0, 0, 0, 3};
    return signals[way] != 0 ? WIFSIGNALED(status) && WTERMSIG(status) == signals[way]
                             : WIFEXITED(status) && WEXITSTATUS(status) == codes[way];
}

/* Every rank with every other one, on the control communicator and in a test, small and large. */
static int exchange(uint32_t serial)
{
    static char out[4][RENEWAL_BIG], in[4][RENEWAL_BIG];
    MPI_Request requests[8];
    int value;
    for (int i = 0; i < 4; i++)
        if (i != own)
            CHECK_OK(tell(i, RENEWAL_TAG, 10 * own + i));
    for (int i = 0; i < 4; i++)
        if (i != own) {
            CHECK_OK(hear(i, RENEWAL_TAG, &value));
            CHECK(value == 10 * i + own);
        }
    MPI_Comm team = begin(serial, 4, team_of_all);
    for (int i = 0; i < 4; i++) {
        memset(out[i], 'a' + 4 * own + i, RENEWAL_BIG);
        CHECK_OK(MPI->Irecv(in[i], RENEWAL_BIG, MPI_BYTE, i, 1, team, &requests[i]));
        CHECK_OK(MPI->Isend(out[i], RENEWAL_BIG, MPI_BYTE, i, 1, team, &requests[4 + i]));
    }
    CHECK_OK(MPI->Waitall(8, requests, MPI_STATUSES_IGNORE));
    for (int i = 0; i < 4; i++)
        CHECK(in[i][0] == 'a' + 4 * i + own && in[i][RENEWAL_BIG - 1] == 'a' + 4 * i + own);
    CHECK_OK(MPI->Barrier(team));
    end(team);
    return 0;
}

/* ---- In no test ---- */

static enum way way;

/* Rank 1 dies, having said two things; both are heard before what its successor says. */
static int dies_idle(void)
{
    int value;
    if (own == 1 && mpimock_incarnation() == 0) {
        CHECK(mpimock_predecessor() == NULL);
        CHECK_OK(tell(0, 1, 100));
        CHECK_OK(tell(0, 1, 101));
        die(way);
    }
    if (own == 1) {
        CHECK(mpimock_incarnation() == 1 && mpimock_rank_incarnation(1) == 1);
        CHECK(mpimock_predecessor()->test == 0 && is_how_it_ended(way));
        CHECK(mpimock_rank_pid(1) == getpid());
        CHECK_OK(tell(0, 1, 102));
        for (int rank = 2; rank < 4; rank++)
            CHECK_OK(tell(rank, 1, 0));
    }
    if (own >= 2) /* or the dead one may have what is meant for the living */
        CHECK_OK(hear(1, 1, &value));
    for (int i = 0; own == 0 && i < 3; i++) {
        CHECK_OK(hear(1, 1, &value));
        CHECK(value == 100 + i);
    }
    return exchange(1);
}

static void a_rank_in_no_test_is_replaced(void **state)
{
    (void)state;
    for (int round = 0; round < 5; round++)
        for (way = 0; way < WAYS; way++)
            assert_int_equal(play(4, dies_idle), 1);
}

/* What was sent is there, small or large, however much, and whole: only then the successor speaks. */
static int dies_after_sending(void)
{
    static int large[100 * 1000];
    enum { SMALL = 2000, LARGE = 5, ELEMENTS = sizeof large / sizeof *large };
    int value;
    if (own == 1 && mpimock_incarnation() == 0) {
        MPI_Request request;
        for (int i = 0; i < SMALL; i++)
            CHECK_OK(tell(0, 1, i));
        for (int i = 0; i < LARGE; i++) {
            large[0] = large[ELEMENTS - 1] = i;
            CHECK_OK(MPI->Send(large, ELEMENTS, MPI_INT, 0, 2, control));
        }
        CHECK_OK(MPI->Isend(large, ELEMENTS, MPI_INT, 0, 2, control, &request)); /* part of it is in the ring */
        die(way);
    }
    if (own == 1) {
        CHECK_OK(tell(0, 2, 17));
    } else {
        for (int i = 0; i < SMALL; i++) {
            CHECK_OK(hear(1, 1, &value));
            CHECK(value == i);
        }
        for (int i = 0; i < LARGE; i++) {
            CHECK_OK(MPI->Recv(large, ELEMENTS, MPI_INT, 1, 2, control, MPI_STATUS_IGNORE));
            CHECK(large[0] == i && large[ELEMENTS - 1] == i);
        }
        CHECK_OK(hear(1, 2, &value));
        CHECK(value == 17);
    }
    return 0;
}

static void what_was_sent_before_arrives_and_what_was_not_does_not(void **state)
{
    (void)state;
    for (int round = 0; round < 5; round++)
        for (way = 0; way < WAYS; way++)
            assert_int_equal(play(2, dies_after_sending), 1);
}

/* Rank 0 sends to the dead more than a ring holds: nothing hangs. */
static int is_sent_to(void)
{
    static char large[RENEWAL_BIG];
    int value;
    if (own == 1 && mpimock_incarnation() == 0)
        die(BY_KILL);
    if (own == 0)
        for (int i = 0; i < 10; i++)
            CHECK_OK(MPI->Send(large, RENEWAL_BIG, MPI_BYTE, 1, 1, control));
    if (own == 0)
        CHECK_OK(tell(1, 2, 3));
    else
        CHECK_OK(hear(0, 2, &value));
    return 0;
}

static void sends_to_a_rank_that_dies_do_not_hang(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++)
        assert_int_equal(play(2, is_sent_to), 1);
}

/* On MPI_COMM_WORLD a large message is lost with its sender, or its receiver, and the other side is told. */
static int loses_a_large_message(void)
{
    static char large[RENEWAL_BIG];
    int value;
    MPI_Request request;
    if (own == 1 && mpimock_incarnation() == 0) {
        CHECK_OK(MPI->Isend(large, RENEWAL_BIG, MPI_BYTE, 0, 1, MPI_COMM_WORLD, &request));
        CHECK_OK(hear(0, 3, &value));
        die(BY_KILL);
    }
    if (own == 1)
        return tell(0, 2, 1);
    CHECK_OK(MPI->Isend(large, RENEWAL_BIG, MPI_BYTE, 1, 1, MPI_COMM_WORLD, &request));
    CHECK_OK(tell(1, 3, 1));
    CHECK_OK(hear(1, 2, &value));
    CHECK(MPI->Recv(large, RENEWAL_BIG, MPI_BYTE, 1, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE) == MPI_ERR_OTHER);
    CHECK(MPI->Wait(&request, MPI_STATUS_IGNORE) == MPI_ERR_OTHER);
    return 0;
}

static void a_rendezvous_with_the_dead_is_an_error(void **state)
{
    (void)state;
    assert_int_equal(play(2, loses_a_large_message), 1);
    setenv("MPIMOCK_COPY", "ring", 1);
    assert_int_equal(play(2, loses_a_large_message), 1);
    unsetenv("MPIMOCK_COPY");
}

static int says_last_words(void)
{
    int value;
    if (own == 1 && mpimock_incarnation() == 0) {
        struct mpimock_last_words *words = mpimock_last_words();
        words->signal = 11;
        words->frames = 1;
        words->backtrace[0] = (uintptr_t)&says_last_words;
        strcpy(words->call, "MPI_Send");
        memset(words->text, 'w', sizeof words->text);
        words->written = 1;
        begin(77, 1, &team_of_three[0]);
        die(BY_KILL);
    }
    if (own == 1) {
        const struct mpimock_death *death = mpimock_predecessor();
        CHECK(death->test == 77 && death->incarnation == 0);
        CHECK(death->words.written == 1 && death->words.signal == 11 && death->words.frames == 1);
        CHECK(death->words.backtrace[0] == (uintptr_t)&says_last_words);
        CHECK(strcmp(death->words.call, "MPI_Send") == 0);
        CHECK(death->words.text[0] == 'w' && death->words.text[sizeof death->words.text - 1] == 'w');
        CHECK(mpimock_last_words()->written == 0 && mpimock_last_words()->text[0] == '\0');
        CHECK_OK(tell(0, 1, 1));
    }
    if (own == 0)
        CHECK_OK(hear(1, 1, &value));
    return 0;
}

static void last_words_reach_the_successor(void **state)
{
    (void)state;
    assert_int_equal(play(2, says_last_words), 1);
}

/* ---- In a test ---- */

enum state { COMPUTE, RECEIVE, SEND_LARGE, SSEND, BARRIER, PROBE, POLL, WAITANY, STATES };

/* Ends only by the hook, or never: the partner, a place in the team, does not take part. */
static int stay(enum state where, int partner, MPI_Comm team)
{
    static char memory[RENEWAL_BIG];
    MPI_Request requests[2];
    int flag = 0, index;
    switch (where) {
    case COMPUTE:
        for (;;)
            pause();
    case RECEIVE:
        return MPI->Recv(memory, 1, MPI_BYTE, partner, 5, team, MPI_STATUS_IGNORE);
    case SEND_LARGE:
        return MPI->Send(memory, RENEWAL_BIG, MPI_BYTE, partner, 6, team);
    case SSEND:
        return MPI->Ssend(memory, 1, MPI_BYTE, partner, 6, team);
    case BARRIER:
        return MPI->Barrier(team);
    case PROBE:
        return MPI->Probe(MPI_ANY_SOURCE, 5, team, MPI_STATUS_IGNORE);
    case POLL:
        while (!flag)
            if (MPI->Iprobe(partner, 5, team, &flag, MPI_STATUS_IGNORE) != MPI_SUCCESS)
                return __LINE__;
        return 0;
    case WAITANY:
        if (MPI->Irecv(memory, 1, MPI_BYTE, MPI_ANY_SOURCE, 5, team, &requests[0]) != MPI_SUCCESS ||
            MPI->Isend(memory + 1, RENEWAL_BIG - 1, MPI_BYTE, partner, 6, team, &requests[1]) != MPI_SUCCESS)
            return __LINE__;
        return MPI->Waitany(2, requests, &index, MPI_STATUS_IGNORE);
    case STATES:
        break;
    }
    return __LINE__;
}

static enum state state_of_victim, state_of_mate;

static bool is_blocked(int rank)
{
    return (atomic_load(&segment_rank(mock.segment, rank)->blocked) & 1) != 0;
}

/* Rank 1 is killed by rank 0, who is not in the test, when it and rank 2 are where they shall be; rank 3 polls, so that there
 * is no deadlock. */
static int killed_in_test(void)
{
    int value;
    if (own == 0) {
        while (atomic_load(&segment_rank(mock.segment, 1)->test) != 1 || atomic_load(&segment_rank(mock.segment, 2)->test) != 1 ||
               (state_of_victim != COMPUTE && state_of_victim != POLL && !is_blocked(1)) ||
               (state_of_mate != COMPUTE && state_of_mate != POLL && !is_blocked(2)))
            sched_yield();
        CHECK(mpimock_rank_kill(1, 1, SIGKILL) == -ESRCH); /* that one is yet to come */
        CHECK(mpimock_rank_kill(1, 0, SIGKILL) == 0);
        for (int rank = 1; rank < 4; rank++)
            CHECK_OK(hear(rank, 1, &value));
    } else if (own == 1 && mpimock_incarnation() == 1) {
        CHECK(mpimock_predecessor()->test == 1 && is_how_it_ended(BY_KILL));
        CHECK_OK(tell(0, 1, 1));
    } else {
        mpimock_waiting_hook_set(leave_if_lost);
        MPI_Comm team = begin(1, 3, team_of_three);
        if (setjmp(way_out) == 0) {
            stay(own == 1 ? state_of_victim : own == 2 ? state_of_mate : POLL, own == 3 ? 0 : 2, team);
            return __LINE__;
        }
        CHECK(mpimock_test_lost_member() == 0);
        mpimock_waiting_hook_set(NULL);
        end(team);
        CHECK_OK(tell(0, 1, 1));
    }
    return exchange(2);
}

static void mates_of_a_rank_that_is_killed_leave_at_once(void **state)
{
    (void)state;
    for (state_of_victim = COMPUTE; state_of_victim < STATES; state_of_victim++)
        for (state_of_mate = RECEIVE; state_of_mate < STATES; state_of_mate++)
            assert_int_equal(play(4, killed_in_test), 1);
}

/* Rank 1 dies by itself in the test. */
static int dies_in_test(void)
{
    int value;
    if (own == 0) {
        CHECK_OK(hear(1, 1, &value));
    } else if (own == 1 && mpimock_incarnation() == 1) {
        CHECK(mpimock_predecessor()->test == 1 && is_how_it_ended(way));
        CHECK_OK(tell(0, 1, 1));
    } else if (own > 0) {
        mpimock_waiting_hook_set(leave_if_lost);
        MPI_Comm team = begin(1, 3, team_of_three);
        if (setjmp(way_out) == 0) {
            if (own == 1)
                die(way);
            stay(own == 2 ? state_of_mate : POLL, 0, team);
            return __LINE__;
        }
        mpimock_waiting_hook_set(NULL);
        end(team);
    }
    return exchange(2);
}

static void mates_of_a_rank_that_dies_leave_at_once(void **state)
{
    (void)state;
    for (way = 0; way < WAYS; way++)
        for (state_of_mate = RECEIVE; state_of_mate < STATES; state_of_mate++)
            assert_int_equal(play(4, dies_in_test), 1);
}

/* Half way through mpimock_test_end it is in no test any more, and has not ended it yet. */
static int dies_at_the_end(void)
{
    static const uint32_t both[] = {1, 2};
    int value;
    if (own == 1 && mpimock_incarnation() == 0) {
        begin(1, 2, both);
        atomic_store(&segment_rank(mock.segment, 1)->left, 1);
        atomic_store(&segment_rank(mock.segment, 1)->test, 0);
        die(BY_KILL);
    }
    if (own == 1) {
        CHECK(mpimock_predecessor()->test == 1);
        return tell(0, 1, 1);
    }
    if (own == 0)
        return hear(1, 1, &value);
    mpimock_waiting_hook_set(leave_if_lost);
    MPI_Comm team = begin(1, 2, both);
    if (setjmp(way_out) == 0) {
        stay(RECEIVE, 0, team);
        return __LINE__;
    }
    end(team);
    return 0;
}

static void a_death_at_the_end_of_a_test_is_one_in_the_test(void **state)
{
    (void)state;
    assert_int_equal(play(3, dies_at_the_end), 1);
}

/* Rank 1 dies in a synchronous send, which rank 2 answers only when rank 1's successor is in one to rank 3, in another test: the
 * successor must not take the answer for its own. */
static _Atomic int *receives;

static void wait_until_blocked(int rank, uint32_t serial, uint32_t *sequence)
{
    const struct segment_rank *slot = segment_rank(mock.segment, rank);
    uint32_t last = *sequence;
    while (atomic_load(&slot->test) != serial || (atomic_load(&slot->blocked) & 1) == 0 || atomic_load(&slot->blocked) == last)
        sched_yield();
    *sequence = atomic_load(&slot->blocked);
}

static int answers_late(void)
{
    static const uint32_t first[] = {1, 2}, second[] = {1, 3};
    int value = 0;
    uint32_t sequence = 0;
    MPI_Comm team;
    if (own == 0) {
        CHECK_OK(hear(2, 1, &value));
        wait_until_blocked(1, 1, &sequence);
        CHECK(mpimock_rank_kill(1, 0, SIGKILL) == 0);
        CHECK_OK(hear(1, 1, &value));
        wait_until_blocked(1, 2, &sequence);
        CHECK_OK(tell(2, 1, 0));
        wait_until_blocked(1, 2, &sequence); /* it has seen the answer */
        CHECK_OK(tell(3, 1, 0));
        for (int rank = 1; rank < 4; rank++)
            CHECK_OK(hear(rank, 2, &value));
        return 0;
    }
    if (own == 1 && mpimock_incarnation() == 0) {
        team = begin(1, 2, first);
        MPI->Ssend(&value, 1, MPI_INT, 1, 5, team);
        return __LINE__;
    }
    team = own == 2 ? begin(1, 2, first) : begin(2, 2, second);
    if (own == 1) {
        CHECK_OK(tell(0, 1, 0));
        CHECK_OK(MPI->Ssend(&value, 1, MPI_INT, 1, 5, team));
        CHECK(atomic_load(receives) == 1);
    } else {
        if (own == 2)
            CHECK_OK(tell(0, 1, 0));
        CHECK_OK(hear(0, 1, &value));
        if (own == 3)
            atomic_store(receives, 1);
        CHECK_OK(MPI->Recv(&value, 1, MPI_INT, 0, 5, team, MPI_STATUS_IGNORE));
    }
    end(team);
    return tell(0, 2, 0);
}

static void an_answer_to_the_dead_is_not_taken_by_its_successor(void **state)
{
    (void)state;
    receives = mmap(NULL, sizeof *receives, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(receives, MAP_FAILED);
    assert_int_equal(play(4, answers_late), 1);
    munmap(receives, sizeof *receives);
}

/* Rank 1 was assigned to the test, and died before it came: who knows of which process was assigned does not wait for the
 * one that took its place. */
static int dies_before_its_test(void)
{
    static const uint32_t assigned[] = {0, 0, 0};
    int value;
    if (own == 1 && mpimock_incarnation() == 0)
        die(way);
    if (own == 1)
        for (int to = 0; to < 4; to++)
            if (to != 1)
                CHECK_OK(tell(to, 1, 1));
    if (own == 0)
        CHECK_OK(hear(1, 1, &value));
    if (own > 1) {
        mpimock_waiting_hook_set(leave_if_lost);
        if (own == 2)
            CHECK_OK(hear(1, 1, &value)); /* rank 3 may be in the test before the death */
        MPI_Comm team = begin_assigned(1, 3, team_of_three, assigned);
        if (setjmp(way_out) == 0) {
            stay(state_of_mate, 0, team);
            return __LINE__;
        }
        CHECK(mpimock_test_lost_member() == 0);
        mpimock_waiting_hook_set(NULL);
        end(team);
        if (own == 3)
            CHECK_OK(hear(1, 1, &value));
    }
    return exchange(2);
}

static void a_member_that_never_came_is_not_waited_for(void **state)
{
    (void)state;
    for (way = 0; way < WAYS; way++)
        for (state_of_mate = RECEIVE; state_of_mate < STATES; state_of_mate++)
            assert_int_equal(play(4, dies_before_its_test), 1);
}

/* Rank 2 computes in a test, while rank 1 dies in it, or ends it, and then begins and dies in many others. */
static int deaths_after, dies_in_the_first;
static int is_looked_at_late(void)
{
    static const uint32_t both[] = {1, 2}, alone[] = {1};
    int value;
    if (own == 1) {
        uint32_t serial = 1 + mpimock_incarnation();
        if (serial == 1) {
            MPI_Comm team = begin(1, 2, both);
            CHECK_OK(hear(2, 1, &value));
            if (!dies_in_the_first)
                end(team);
        } else if ((int)serial <= deaths_after + 1) {
            begin(serial, 1, alone);
        } else {
            CHECK_OK(tell(2, 2, 1));
            return tell(0, 1, 1);
        }
        die(BY_KILL);
    }
    if (own == 2) {
        MPI_Comm team = begin(1, 2, both);
        CHECK(mpimock_test_lost_member() == -1);
        CHECK_OK(tell(1, 1, 1));
        CHECK_OK(hear(1, 2, &value));
        CHECK(mpimock_test_lost_member() == (dies_in_the_first || deaths_after > SEGMENT_LOSSES ? 0 : -1));
        end(team);
        return tell(0, 1, 1);
    }
    CHECK_OK(hear(1, 1, &value));
    return hear(2, 1, &value);
}

static void a_loss_is_found_however_late(void **state)
{
    (void)state;
    dies_in_the_first = 1;
    for (deaths_after = 0; deaths_after < 40; deaths_after += 13)
        assert_int_equal(play(3, is_looked_at_late), deaths_after + 1);
    dies_in_the_first = 0;
    for (deaths_after = 0; deaths_after < SEGMENT_LOSSES; deaths_after += 5)
        assert_int_equal(play(3, is_looked_at_late), deaths_after + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rank_in_no_test_is_replaced),
        cmocka_unit_test(what_was_sent_before_arrives_and_what_was_not_does_not),
        cmocka_unit_test(sends_to_a_rank_that_dies_do_not_hang),
        cmocka_unit_test(a_rendezvous_with_the_dead_is_an_error),
        cmocka_unit_test(last_words_reach_the_successor),
        cmocka_unit_test(mates_of_a_rank_that_is_killed_leave_at_once),
        cmocka_unit_test(mates_of_a_rank_that_dies_leave_at_once),
        cmocka_unit_test(a_death_at_the_end_of_a_test_is_one_in_the_test),
        cmocka_unit_test(an_answer_to_the_dead_is_not_taken_by_its_successor),
        cmocka_unit_test(a_member_that_never_came_is_not_waited_for),
        cmocka_unit_test(a_loss_is_found_however_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
