/* SPDX-License-Identifier: BSD-2-Clause */
/* test_near_deadlocks.c: correct programs that come close to a deadlock: the shapes of test_deadlocks.c, each with the one
 * thing that saves it. All must pass, whatever sends do.
 */
#include <pthread.h>

#include "scene.h"

MRT_SUITE(near_deadlocks, .timeout = 20.0);

enum event { RING, ANYBODY, KNOT, ANY, SOME, ALLREDUCE, PROBES, SPLIT, DETACH, SUBSET, DRAIN, FINALIZE, THREAD, SYNC };

/* The last rank computes until all others are about to wait, and a little longer. */
static bool is_late(int event)
{
    if (own_rank() < own_size() - 1) {
        happen(event);
        return false;
    }
    compute_until(event, own_size() - 1);
    compute_a_little();
    return true;
}

/* ---- Receives ---- */

MRT_TEST(passes_a_ring_of_receives_that_one_opens, .np = 4)
{
    if (is_late(RING)) {
        give(next_rank(), 0, MPI_COMM_WORLD);
        take(previous_rank(), 0, MPI_COMM_WORLD);
    } else {
        take(previous_rank(), 0, MPI_COMM_WORLD);
        give(next_rank(), 0, MPI_COMM_WORLD);
    }
}

MRT_TEST(passes_a_receive_from_itself)
{
    int value = 0;
    MPI_Request request;
    MPI_Isend(&value, 1, MPI_INT, 0, 0, MPI_COMM_WORLD, &request);
    take(0, 0, MPI_COMM_WORLD);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
}

MRT_TEST(passes_a_message_behind_others_of_other_tags, .np = 2)
{
    int values[100];
    MPI_Request requests[100];
    if (own_rank() == 0) {
        for (int i = 0; i < 100; i++) {
            values[i] = i;
            MPI_Isend(&values[i], 1, MPI_INT, 1, i, MPI_COMM_WORLD, &requests[i]);
        }
        take(1, 3, MPI_COMM_WORLD);
        MPI_Waitall(100, requests, MPI_STATUSES_IGNORE);
    } else {
        take(0, 99, MPI_COMM_WORLD);
        give(0, 3, MPI_COMM_WORLD);
        for (int i = 0; i < 99; i++)
            take(0, i, MPI_COMM_WORLD);
    }
}

MRT_TEST(passes_the_same_message_on_two_communicators, .np = 2)
{
    MPI_Comm other;
    MPI_Comm_dup(MPI_COMM_WORLD, &other);
    if (own_rank() == 0) {
        int value = 1;
        MPI_Request request;
        MPI_Isend(&value, 1, MPI_INT, 1, 1, MPI_COMM_WORLD, &request);
        give(1, 1, other);
        MPI_Wait(&request, MPI_STATUS_IGNORE);
    } else {
        take(0, 1, other);
        take(0, 1, MPI_COMM_WORLD);
    }
    MPI_Comm_free(&other);
}

MRT_TEST(passes_persistent_receives, .np = 2)
{
    int value;
    MPI_Request request;
    MPI_Recv_init(&value, 1, MPI_INT, 1 - own_rank(), 0, MPI_COMM_WORLD, &request);
    for (int i = 0; i < 20; i++) {
        MPI_Start(&request);
        give(1 - own_rank(), 0, MPI_COMM_WORLD);
        MPI_Wait(&request, MPI_STATUS_IGNORE);
    }
    MPI_Request_free(&request);
}

MRT_TEST(passes_a_chain_of_sendrecv, .np = 4)
{
    for (int i = 0; i < 50; i++) {
        int out = i, in = -1;
        MPI_Sendrecv(&out, 1, MPI_INT, next_rank(), 0, &in, 1, MPI_INT, previous_rank(), 0, MPI_COMM_WORLD,
                     MPI_STATUS_IGNORE);
        assert_int_equal(in, i);
    }
}

MRT_TEST(passes_a_rank_that_returns_early, .np = 3)
{
    if (own_rank() == 0)
        take(2, 0, MPI_COMM_WORLD);
    else if (own_rank() == 2)
        give(0, 0, MPI_COMM_WORLD);
}

MRT_TEST(passes_probes, .np = 3)
{
    MPI_Status status;
    if (is_late(PROBES)) {
        give(0, 5, MPI_COMM_WORLD);
        return;
    }
    MPI_Probe(own_rank() == 0 ? MPI_ANY_SOURCE : 0, MPI_ANY_TAG, MPI_COMM_WORLD, &status);
    take(status.MPI_SOURCE, status.MPI_TAG, MPI_COMM_WORLD);
    if (own_rank() == 0)
        give(1, 6, MPI_COMM_WORLD);
}

MRT_TEST(passes_matched_probes, .np = 2)
{
    MPI_Message message;
    int value;
    if (own_rank() == 0)
        give(1, 5, MPI_COMM_WORLD);
    MPI_Mprobe(1 - own_rank(), 5, MPI_COMM_WORLD, &message, MPI_STATUS_IGNORE);
    MPI_Mrecv(&value, 1, MPI_INT, &message, MPI_STATUS_IGNORE);
    if (own_rank() == 1)
        give(0, 5, MPI_COMM_WORLD);
}

MRT_TEST(passes_a_receive_that_is_cancelled, .np = 2)
{
    int value, cancelled;
    MPI_Request request;
    MPI_Status status;
    MPI_Irecv(&value, 1, MPI_INT, 1 - own_rank(), 0, MPI_COMM_WORLD, &request);
    MPI_Cancel(&request);
    MPI_Wait(&request, &status);
    MPI_Test_cancelled(&status, &cancelled);
    assert_true(cancelled);
}

/* ---- Sends ---- */

MRT_TEST(passes_a_ring_of_synchronous_sends_by_turns, .np = 4)
{
    int value = 0;
    if (own_rank() % 2 == 0)
        MPI_Ssend(&value, 1, MPI_INT, next_rank(), 0, MPI_COMM_WORLD);
    take(previous_rank(), 0, MPI_COMM_WORLD);
    if (own_rank() % 2 == 1)
        MPI_Ssend(&value, 1, MPI_INT, next_rank(), 0, MPI_COMM_WORLD);
}

MRT_TEST(passes_a_synchronous_send_to_itself)
{
    int value = 0, other = -1;
    MPI_Request request;
    MPI_Irecv(&other, 1, MPI_INT, 0, 0, MPI_COMM_WORLD, &request);
    MPI_Ssend(&value, 1, MPI_INT, 0, 0, MPI_COMM_WORLD);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    assert_int_equal(other, 0);
}

MRT_TEST(passes_large_messages_that_cross, .np = 2)
{
    MPI_Request requests[2];
    for (int i = 0; i < 10; i++) {
        MPI_Isend(large[0], LARGE, MPI_BYTE, 1 - own_rank(), 0, MPI_COMM_WORLD, &requests[0]);
        MPI_Irecv(large[1], LARGE, MPI_BYTE, 1 - own_rank(), 0, MPI_COMM_WORLD, &requests[1]);
        MPI_Waitall(2, requests, MPI_STATUSES_IGNORE);
    }
}

MRT_TEST(passes_buffered_sends_head_to_head, .np = 2)
{
    static char buffer[LARGE + MPI_BSEND_OVERHEAD];
    void *address;
    int size;
    MPI_Buffer_attach(buffer, sizeof buffer);
    MPI_Bsend(large[0], LARGE, MPI_BYTE, 1 - own_rank(), 0, MPI_COMM_WORLD);
    MPI_Recv(large[1], LARGE, MPI_BYTE, 1 - own_rank(), 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Buffer_detach(&address, &size);
}

MRT_TEST(passes_the_detaching_of_a_buffer, .np = 2)
{
    static char buffer[LARGE + MPI_BSEND_OVERHEAD];
    void *address;
    int size;
    if (is_late(DETACH)) {
        MPI_Recv(large[1], LARGE, MPI_BYTE, 0, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        return;
    }
    MPI_Buffer_attach(buffer, sizeof buffer);
    MPI_Bsend(large[0], LARGE, MPI_BYTE, 1, 1, MPI_COMM_WORLD);
    MPI_Buffer_detach(&address, &size);
}

MRT_TEST(passes_many_sends_to_one_that_is_late, .np = 2)
{
    if (is_late(DRAIN)) {
        for (int i = 0; i < MANY; i++)
            take(0, 0, MPI_COMM_WORLD);
        return;
    }
    for (int i = 0; i < MANY; i++)
        give(1, 0, MPI_COMM_WORLD);
}

MRT_TEST(passes_synchronous_sends_to_one_that_is_late, .np = 4)
{
    if (is_late(SYNC)) {
        for (int from = 0; from < 3; from++)
            take(from, 0, MPI_COMM_WORLD);
        return;
    }
    int value = 0;
    MPI_Ssend(&value, 1, MPI_INT, 3, 0, MPI_COMM_WORLD);
}

/* ---- From any rank, and one of several ---- */

MRT_TEST(passes_a_receive_that_the_last_one_serves, .np = 4)
{
    if (is_late(ANYBODY))
        give(0, 0, MPI_COMM_WORLD);
    else if (own_rank() == 0)
        take(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD);
}

MRT_TEST(passes_a_knot_of_receives_that_one_opens, .np = 4)
{
    if (is_late(KNOT)) {
        give(1, 0, MPI_COMM_WORLD);
        return;
    }
    take(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD);
    if (own_rank() == 1) {
        give(2, 0, MPI_COMM_WORLD);
        give(0, 0, MPI_COMM_WORLD);
    }
}

MRT_TEST(passes_a_waitany_that_one_opens, .np = 4)
{
    int values[3], index;
    MPI_Request requests[3];
    if (is_late(ANY)) {
        for (int to = 0; to < 3; to++)
            give(to, 0, MPI_COMM_WORLD);
        return;
    }
    for (int i = 0; i < 3; i++)
        MPI_Irecv(&values[i], 1, MPI_INT, (own_rank() + 1 + i) % 4, 0, MPI_COMM_WORLD, &requests[i]);
    MPI_Waitany(3, requests, &index, MPI_STATUS_IGNORE);
    assert_int_equal((own_rank() + 1 + index) % 4, 3);
    for (int i = 0; i < 3; i++)
        if (i != index)
            MPI_Cancel(&requests[i]);
    MPI_Waitall(3, requests, MPI_STATUSES_IGNORE);
}

MRT_TEST(passes_a_waitsome_that_one_opens, .np = 3)
{
    int values[2], count, indices[2];
    MPI_Request requests[2];
    if (is_late(SOME)) {
        give(0, 1, MPI_COMM_WORLD);
        give(1, 1, MPI_COMM_WORLD);
        return;
    }
    MPI_Irecv(&values[0], 1, MPI_INT, 1 - own_rank(), 0, MPI_COMM_WORLD, &requests[0]);
    MPI_Irecv(&values[1], 1, MPI_INT, MPI_ANY_SOURCE, 1, MPI_COMM_WORLD, &requests[1]);
    MPI_Waitsome(2, requests, &count, indices, MPI_STATUSES_IGNORE);
    assert_int_equal(count, 1);
    MPI_Cancel(&requests[0]);
    MPI_Wait(&requests[0], MPI_STATUS_IGNORE);
}

MRT_TEST(passes_crossed_waitalls, .np = 2)
{
    int values[2] = {0}, own = 1;
    MPI_Request requests[4];
    MPI_Irecv(&values[0], 1, MPI_INT, 1 - own_rank(), 0, MPI_COMM_WORLD, &requests[0]);
    MPI_Irecv(&values[1], 1, MPI_INT, MPI_ANY_SOURCE, 1, MPI_COMM_WORLD, &requests[1]);
    MPI_Issend(&own, 1, MPI_INT, 1 - own_rank(), 1, MPI_COMM_WORLD, &requests[2]);
    MPI_Isend(&own, 1, MPI_INT, 1 - own_rank(), 0, MPI_COMM_WORLD, &requests[3]);
    MPI_Waitall(4, requests, MPI_STATUSES_IGNORE);
}

/* ---- Collectives ---- */

MRT_TEST(passes_an_allreduce_to_which_one_comes_late, .np = 4)
{
    int one = 1, sum = 0;
    is_late(ALLREDUCE);
    MPI_Allreduce(&one, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    assert_int_equal(sum, 4);
}

MRT_TEST(passes_barriers_of_overlapping_communicators, .np = 4)
{
    MPI_Comm row, column;
    MPI_Comm_split(MPI_COMM_WORLD, own_rank() / 2, 0, &row);
    MPI_Comm_split(MPI_COMM_WORLD, own_rank() % 2, 0, &column);
    for (int i = 0; i < 50; i++) {
        MPI_Barrier(row);
        MPI_Barrier(column);
    }
    MPI_Comm_free(&row);
    MPI_Comm_free(&column);
}

MRT_TEST(passes_a_subcommunicator_that_waits_for_the_other, .np = 4)
{
    MPI_Comm half;
    int rank;
    MPI_Comm_split(MPI_COMM_WORLD, own_rank() % 2, 0, &half);
    MPI_Comm_rank(half, &rank);
    if (own_rank() % 2 == 0 && rank == 0)
        take(1, 0, MPI_COMM_WORLD);
    MPI_Barrier(half);
    if (own_rank() == 1)
        give(0, 0, MPI_COMM_WORLD);
    MPI_Comm_free(&half);
}

MRT_TEST(passes_a_split_to_which_one_comes_late, .np = 4)
{
    MPI_Comm half;
    is_late(SPLIT);
    MPI_Comm_split(MPI_COMM_WORLD, own_rank() % 2, 0, &half);
    MPI_Comm_free(&half);
}

MRT_TEST(passes_a_finalize_to_which_one_comes_late, .np = 3)
{
    MPI_Init(NULL, NULL);
    is_late(FINALIZE);
    MPI_Finalize();
}

/* ---- Others that run ---- */

MRT_TEST(passes_two_that_a_third_frees_late, .np = 4)
{
    if (is_late(SUBSET))
        give(0, 0, MPI_COMM_WORLD);
    else if (own_rank() == 0)
        take(3, 0, MPI_COMM_WORLD);
    if (own_rank() == 0)
        give(1, 1, MPI_COMM_WORLD);
    if (own_rank() == 1)
        take(0, 1, MPI_COMM_WORLD);
}

MRT_TEST(passes_ranks_that_poll, .np = 4)
{
    int in = -1, out = own_rank(), done = 0;
    MPI_Request requests[2];
    MPI_Irecv(&in, 1, MPI_INT, previous_rank(), 0, MPI_COMM_WORLD, &requests[0]);
    MPI_Issend(&out, 1, MPI_INT, next_rank(), 0, MPI_COMM_WORLD, &requests[1]);
    while (!done)
        MPI_Testall(2, requests, &done, MPI_STATUSES_IGNORE);
    assert_int_equal(in, previous_rank());
}

MRT_TEST(passes_one_that_polls_before_it_frees_the_others, .np = 3)
{
    int found = 0;
    if (own_rank() == 0) {
        while (!found)
            MPI_Iprobe(MPI_ANY_SOURCE, 1, MPI_COMM_WORLD, &found, MPI_STATUS_IGNORE);
        take(MPI_ANY_SOURCE, 1, MPI_COMM_WORLD);
        give(1, 2, MPI_COMM_WORLD);
        give(2, 2, MPI_COMM_WORLD);
    } else {
        if (own_rank() == 1)
            give(0, 1, MPI_COMM_WORLD);
        take(0, 2, MPI_COMM_WORLD);
    }
}

static void *send_in_a_thread(void *unused)
{
    (void)unused;
    compute_until(THREAD, 1);
    compute_a_little();
    give(own_rank(), 4, MPI_COMM_WORLD);
    return NULL;
}

MRT_TEST(passes_a_thread_that_sends_to_the_other)
{
    int provided;
    pthread_t thread;
    MPI_Init_thread(NULL, NULL, MPI_THREAD_MULTIPLE, &provided);
    assert_int_equal(provided, MPI_THREAD_MULTIPLE);
    assert_int_equal(pthread_create(&thread, NULL, send_in_a_thread, NULL), 0);
    happen(THREAD);
    take(0, 4, MPI_COMM_WORLD);
    pthread_join(thread, NULL);
    MPI_Finalize();
}

static void *receive_in_a_thread(void *unused)
{
    (void)unused;
    take(0, 5, MPI_COMM_WORLD);
    give(0, 7, MPI_COMM_WORLD);
    return NULL;
}

/* What frees one thread of a rank frees the rank, though its other thread needs one that is blocked. */
MRT_TEST(passes_a_thread_that_is_blocked_and_freed, .np = 2)
{
    int provided;
    pthread_t thread;
    MPI_Init_thread(NULL, NULL, MPI_THREAD_MULTIPLE, &provided);
    if (own_rank() == 0) {
        compute_a_little();
        give(1, 5, MPI_COMM_WORLD);
        take(1, 7, MPI_COMM_WORLD);
        give(1, 6, MPI_COMM_WORLD);
    } else {
        assert_int_equal(pthread_create(&thread, NULL, receive_in_a_thread, NULL), 0);
        take(0, 6, MPI_COMM_WORLD);
        pthread_join(thread, NULL);
    }
    MPI_Finalize();
}
