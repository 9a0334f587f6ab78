/* SPDX-License-Identifier: BSD-2-Clause */
/* test_deadlocks.c: deadlocks of different kinds. Not run by default: tests/system/deadlock.sh names this suite.
 *
 * deadlocks_… are deadlocks whatever the sends do; unsafe_… are where sends wait for their receivers (MPIMOCK_SENDS=sync),
 * and unsafe_large_… also where only large ones do (by default).
 */
#include <pthread.h>

#include "scene.h"

MRT_SUITE(deadlocks, .timeout = 20.0);

/* ---- Receives ---- */

MRT_TEST(deadlocks_in_a_ring_of_receives, .np = 4)
{
    take(previous_rank(), 0, MPI_COMM_WORLD);
    give(next_rank(), 0, MPI_COMM_WORLD);
}

MRT_TEST(deadlocks_in_a_receive_from_itself)
{
    take(0, 0, MPI_COMM_WORLD);
}

MRT_TEST(deadlocks_with_the_message_there_under_another_tag, .np = 2)
{
    if (own_rank() == 0) {
        int value = 1;
        MPI_Request request;
        MPI_Isend(&value, 1, MPI_INT, 1, 1, MPI_COMM_WORLD, &request);
        take(1, 3, MPI_COMM_WORLD);
        MPI_Wait(&request, MPI_STATUS_IGNORE);
    } else {
        take(0, 2, MPI_COMM_WORLD);
        give(0, 3, MPI_COMM_WORLD);
    }
}

MRT_TEST(deadlocks_with_the_message_on_another_communicator, .np = 2)
{
    int value = 1;
    MPI_Comm other;
    MPI_Request request;
    MPI_Comm_dup(MPI_COMM_WORLD, &other);
    MPI_Comm_set_name(other, "other");
    if (own_rank() == 0) {
        MPI_Isend(&value, 1, MPI_INT, 1, 1, MPI_COMM_WORLD, &request);
        MPI_Barrier(other);
        MPI_Wait(&request, MPI_STATUS_IGNORE);
    } else {
        take(0, 1, other);
        MPI_Barrier(other);
    }
    MPI_Comm_free(&other);
}

MRT_TEST(deadlocks_in_persistent_receives, .np = 2)
{
    int value;
    MPI_Request request;
    MPI_Recv_init(&value, 1, MPI_INT, 1 - own_rank(), 0, MPI_COMM_WORLD, &request);
    MPI_Start(&request);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    give(1 - own_rank(), 0, MPI_COMM_WORLD);
    MPI_Request_free(&request);
}

MRT_TEST(deadlocks_in_a_broken_chain_of_sendrecv, .np = 4)
{
    int out = 1, in;
    if (own_rank() == 3)
        take(2, 9, MPI_COMM_WORLD);
    else
        MPI_Sendrecv(&out, 1, MPI_INT, next_rank(), 0, &in, 1, MPI_INT, previous_rank(), 0, MPI_COMM_WORLD,
                     MPI_STATUS_IGNORE);
}

MRT_TEST(deadlocks_where_a_rank_returned_early, .np = 3)
{
    if (own_rank() != 1)
        take(1, 0, MPI_COMM_WORLD);
}

MRT_TEST(deadlocks_in_probes, .np = 2)
{
    MPI_Probe(1 - own_rank(), 5, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    give(1 - own_rank(), 5, MPI_COMM_WORLD);
}

MRT_TEST(deadlocks_in_matched_probes, .np = 3)
{
    MPI_Message message;
    int value;
    MPI_Mprobe(own_rank() == 0 ? MPI_ANY_SOURCE : 0, 5, MPI_COMM_WORLD, &message, MPI_STATUS_IGNORE);
    MPI_Mrecv(&value, 1, MPI_INT, &message, MPI_STATUS_IGNORE);
}

/* ---- Sends ---- */

MRT_TEST(deadlocks_in_a_ring_of_synchronous_sends, .np = 4)
{
    int value = 0;
    MPI_Ssend(&value, 1, MPI_INT, next_rank(), 0, MPI_COMM_WORLD);
    take(previous_rank(), 0, MPI_COMM_WORLD);
}

MRT_TEST(deadlocks_in_a_synchronous_send_to_itself)
{
    int value = 0;
    MPI_Ssend(&value, 1, MPI_INT, 0, 0, MPI_COMM_WORLD);
}

MRT_TEST(deadlocks_where_a_send_is_waited_for_too_early, .np = 2)
{
    int value = 0;
    MPI_Request request;
    MPI_Issend(&value, 1, MPI_INT, 1 - own_rank(), 0, MPI_COMM_WORLD, &request);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    take(1 - own_rank(), 0, MPI_COMM_WORLD);
}

MRT_TEST(deadlocks_in_the_detaching_of_a_buffer, .np = 2)
{
    static char buffer[LARGE + MPI_BSEND_OVERHEAD];
    void *address;
    int size;
    if (own_rank() == 0) {
        MPI_Buffer_attach(buffer, sizeof buffer);
        MPI_Bsend(large[0], LARGE, MPI_BYTE, 1, 1, MPI_COMM_WORLD);
        MPI_Buffer_detach(&address, &size);
        give(1, 2, MPI_COMM_WORLD);
    } else {
        take(0, 2, MPI_COMM_WORLD);
        MPI_Recv(large[1], LARGE, MPI_BYTE, 0, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
}

MRT_TEST(unsafe_ring_of_sends, .np = 4)
{
    give(next_rank(), 0, MPI_COMM_WORLD);
    take(previous_rank(), 0, MPI_COMM_WORLD);
}

MRT_TEST(unsafe_wait_for_a_send, .np = 2)
{
    int value = 0;
    MPI_Request request;
    MPI_Isend(&value, 1, MPI_INT, 1 - own_rank(), 0, MPI_COMM_WORLD, &request);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    take(1 - own_rank(), 0, MPI_COMM_WORLD);
}

MRT_TEST(unsafe_large_sends_head_to_head, .np = 2)
{
    MPI_Send(large[0], LARGE, MPI_BYTE, 1 - own_rank(), 0, MPI_COMM_WORLD);
    MPI_Recv(large[1], LARGE, MPI_BYTE, 1 - own_rank(), 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

MRT_TEST(unsafe_many_sends_head_to_head, .np = 2)
{
    for (int i = 0; i < MANY; i++)
        give(1 - own_rank(), 0, MPI_COMM_WORLD);
    for (int i = 0; i < MANY; i++)
        take(1 - own_rank(), 0, MPI_COMM_WORLD);
}

/* ---- From any rank, and one of several ---- */

MRT_TEST(deadlocks_in_a_receive_that_nobody_serves, .np = 4)
{
    if (own_rank() == 0)
        take(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD);
}

MRT_TEST(deadlocks_in_a_knot_of_receives_from_anybody, .np = 4)
{
    if (own_rank() == 3)
        take(1, 0, MPI_COMM_WORLD);
    else
        take(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD);
}

MRT_TEST(deadlocks_in_a_knot_of_waitany, .np = 3)
{
    int values[2], index;
    MPI_Request requests[2];
    MPI_Irecv(&values[0], 1, MPI_INT, next_rank(), 0, MPI_COMM_WORLD, &requests[0]);
    MPI_Irecv(&values[1], 1, MPI_INT, previous_rank(), 0, MPI_COMM_WORLD, &requests[1]);
    MPI_Waitany(2, requests, &index, MPI_STATUS_IGNORE);
}

MRT_TEST(deadlocks_in_a_knot_of_waitsome, .np = 4)
{
    int values[2], count, indices[2];
    MPI_Request requests[2];
    MPI_Irecv(&values[0], 1, MPI_INT, MPI_ANY_SOURCE, 1, MPI_COMM_WORLD, &requests[0]);
    MPI_Irecv(&values[1], 1, MPI_INT, previous_rank(), 2, MPI_COMM_WORLD, &requests[1]);
    MPI_Waitsome(2, requests, &count, indices, MPI_STATUSES_IGNORE);
}

MRT_TEST(deadlocks_in_crossed_waitalls, .np = 2)
{
    int values[2] = {0};
    MPI_Request requests[2];
    MPI_Irecv(&values[0], 1, MPI_INT, 1 - own_rank(), 0, MPI_COMM_WORLD, &requests[0]);
    MPI_Irecv(&values[1], 1, MPI_INT, MPI_ANY_SOURCE, 1, MPI_COMM_WORLD, &requests[1]);
    MPI_Waitall(2, requests, MPI_STATUSES_IGNORE);
    give(1 - own_rank(), 0, MPI_COMM_WORLD);
}

/* ---- Collectives ---- */

MRT_TEST(deadlocks_in_an_allreduce_without_one_rank, .np = 4)
{
    int one = 1, sum;
    if (own_rank() == 2)
        take(0, 7, MPI_COMM_WORLD);
    else
        MPI_Allreduce(&one, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
}

MRT_TEST(deadlocks_in_barriers_of_two_communicators_in_two_orders, .np = 4)
{
    MPI_Comm one, two;
    MPI_Comm_dup(MPI_COMM_WORLD, &one);
    MPI_Comm_dup(MPI_COMM_WORLD, &two);
    MPI_Comm_set_name(one, "one");
    MPI_Comm_set_name(two, "two");
    MPI_Barrier(own_rank() == 2 ? one : two);
    MPI_Barrier(own_rank() == 2 ? two : one);
    MPI_Comm_free(&one);
    MPI_Comm_free(&two);
}

MRT_TEST(deadlocks_in_different_collectives_of_two_communicators, .np = 3)
{
    int one = 1, sum;
    MPI_Comm other;
    MPI_Comm_dup(MPI_COMM_WORLD, &other);
    if (own_rank() == 0)
        MPI_Allreduce(&one, &sum, 1, MPI_INT, MPI_SUM, other);
    MPI_Bcast(&one, 1, MPI_INT, 2, MPI_COMM_WORLD);
    MPI_Barrier(MPI_COMM_WORLD);
    if (own_rank() != 0)
        MPI_Allreduce(&one, &sum, 1, MPI_INT, MPI_SUM, other);
    MPI_Comm_free(&other);
}

MRT_TEST(deadlocks_in_a_subcommunicator, .np = 4)
{
    MPI_Comm half;
    int rank;
    MPI_Comm_split(MPI_COMM_WORLD, own_rank() % 2, 0, &half);
    MPI_Comm_rank(half, &rank);
    if (own_rank() % 2 == 0)
        take(1 - rank, 0, half);
    MPI_Barrier(half);
    MPI_Comm_free(&half);
}

MRT_TEST(deadlocks_in_a_split_without_one_rank, .np = 4)
{
    MPI_Comm half;
    if (own_rank() == 1)
        take(3, 0, MPI_COMM_WORLD);
    MPI_Comm_split(MPI_COMM_WORLD, own_rank() % 2, 0, &half);
    MPI_Comm_free(&half);
}

MRT_TEST(deadlocks_in_splits_in_two_orders, .np = 3)
{
    MPI_Comm first, split;
    MPI_Comm_dup(MPI_COMM_WORLD, &first);
    MPI_Comm_split(own_rank() == 0 ? first : MPI_COMM_WORLD, 0, 0, &split);
    MPI_Comm_free(&split);
    MPI_Comm_split(own_rank() == 0 ? MPI_COMM_WORLD : first, 0, 0, &split);
    MPI_Comm_free(&split);
    MPI_Comm_free(&first);
}

MRT_TEST(deadlocks_with_a_rank_in_finalize, .np = 3)
{
    MPI_Init(NULL, NULL);
    if (own_rank() == 1)
        take(0, 0, MPI_COMM_WORLD);
    MPI_Finalize();
}

/* ---- Threads ---- */

static void *end_late(void *unused)
{
    compute_a_little();
    return unused;
}

/* While the thread runs it could still send; its end is what makes the deadlock. */
MRT_TEST(deadlocks_when_a_thread_has_ended)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, end_late, NULL), 0);
    pthread_detach(thread);
    take(0, 0, MPI_COMM_WORLD);
}

static void *receive_in_a_thread(void *tag)
{
    int value;
    MPI_Recv(&value, 1, MPI_INT, MPI_ANY_SOURCE, *(int *)tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    return NULL;
}

MRT_TEST(deadlocks_in_all_threads, .np = 2)
{
    int provided, tag = 3;
    pthread_t thread;
    MPI_Init_thread(NULL, NULL, MPI_THREAD_MULTIPLE, &provided);
    assert_int_equal(provided, MPI_THREAD_MULTIPLE);
    assert_int_equal(pthread_create(&thread, NULL, receive_in_a_thread, &tag), 0);
    take(1 - own_rank(), 4, MPI_COMM_WORLD);
    give(1 - own_rank(), 3, MPI_COMM_WORLD);
    pthread_join(thread, NULL);
    MPI_Finalize();
}
