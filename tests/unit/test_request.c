/* SPDX-License-Identifier: BSD-2-Clause */
/* test_request.c: requests complete, are reported once, cancelled, freed and started again as MPI-3.1 §3.7 to §3.9 say;
 * and probes see what receives would get.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ranks.h"

enum { LARGE = 100000 };

/* Tells the other rank of two to go on, and waits for it to say the same. */
static int meet(MPI_Comm comm, int rank)
{
    return MPI_Sendrecv(NULL, 0, MPI_INT, 1 - rank, 99, NULL, 0, MPI_INT, 1 - rank, 99, comm, MPI_STATUS_IGNORE);
}

static bool is_empty(const MPI_Status *status)
{
    int count = -1, flag = -1;
    MPI_Get_count(status, MPI_INT, &count);
    MPI_Test_cancelled(status, &flag);
    return status->MPI_SOURCE == MPI_ANY_SOURCE && status->MPI_TAG == MPI_ANY_TAG && count == 0 && flag == 0;
}

static int rank_waits_for_null(MPI_Comm comm, void *argument)
{
    MPI_Request requests[3] = {MPI_REQUEST_NULL, MPI_REQUEST_NULL, MPI_REQUEST_NULL};
    MPI_Status status, statuses[3];
    int flag = 0, index = 0, count = 0, indices[3];
    (void)comm;
    (void)argument;
    memset(&status, 0x55, sizeof status);
    CHECK_OK(MPI_Wait(&requests[0], &status));
    CHECK(is_empty(&status));
    CHECK_OK(MPI_Test(&requests[0], &flag, &status));
    CHECK(flag && is_empty(&status));
    CHECK_OK(MPI_Waitall(3, requests, statuses));
    CHECK(is_empty(&statuses[2]));
    CHECK_OK(MPI_Testall(3, requests, &flag, MPI_STATUSES_IGNORE));
    CHECK(flag);
    CHECK_OK(MPI_Waitany(3, requests, &index, &status));
    CHECK(index == MPI_UNDEFINED && is_empty(&status));
    flag = 0;
    CHECK_OK(MPI_Testany(3, requests, &index, &flag, &status));
    CHECK(flag && index == MPI_UNDEFINED);
    CHECK_OK(MPI_Waitsome(3, requests, &count, indices, statuses));
    CHECK(count == MPI_UNDEFINED);
    CHECK_OK(MPI_Testsome(3, requests, &count, indices, statuses));
    CHECK(count == MPI_UNDEFINED);
    CHECK_OK(MPI_Request_get_status(MPI_REQUEST_NULL, &flag, &status));
    CHECK(flag && is_empty(&status));
    return 0;
}

static void null_requests_are_complete_and_empty(void **state)
{
    (void)state;
    run_ranks(1, rank_waits_for_null, NULL);
}

static int rank_waits_for_any(MPI_Comm comm, void *argument)
{
    int rank, index, values[3] = {0}, count, indices[3], flag;
    MPI_Request requests[3];
    MPI_Status status, statuses[3];
    (void)argument;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    if (rank == 0) {
        for (int tag = 0; tag < 3; tag++)
            CHECK_OK(MPI_Irecv(&values[tag], 1, MPI_INT, 1, tag, comm, &requests[tag]));
        CHECK_OK(MPI_Testany(3, requests, &index, &flag, &status));
        CHECK(!flag && index == MPI_UNDEFINED);
        CHECK_OK(MPI_Testsome(3, requests, &count, indices, statuses));
        CHECK(count == 0);
        CHECK_OK(meet(comm, rank));
        CHECK_OK(MPI_Waitany(3, requests, &index, &status));
        CHECK(index == 1 && status.MPI_TAG == 1 && values[1] == 101 && requests[1] == MPI_REQUEST_NULL);
        CHECK_OK(meet(comm, rank)); /* the others are sent only now */
        CHECK_OK(meet(comm, rank));
        CHECK_OK(MPI_Request_get_status(requests[2], &flag, &status));
        CHECK(flag && status.MPI_TAG == 2 && requests[2] != MPI_REQUEST_NULL);
        CHECK_OK(MPI_Waitsome(3, requests, &count, indices, statuses));
        CHECK(count == 2 && indices[0] == 0 && indices[1] == 2 && statuses[1].MPI_TAG == 2);
        CHECK(values[0] == 100 && values[2] == 102);
        CHECK(requests[0] == MPI_REQUEST_NULL && requests[2] == MPI_REQUEST_NULL);
    } else {
        static const int order[] = {1, 2, 0};
        CHECK_OK(meet(comm, rank));
        for (int i = 0; i < 3; i++) {
            int value = 100 + order[i];
            CHECK_OK(MPI_Send(&value, 1, MPI_INT, 0, order[i], comm));
            if (i != 1)
                CHECK_OK(meet(comm, rank));
        }
    }
    return 0;
}

static void waitany_and_waitsome_report_what_is_complete_and_only_once(void **state)
{
    (void)state;
    run_ranks(2, rank_waits_for_any, NULL);
}

static int rank_waits_for_failures(MPI_Comm comm, void *argument)
{
    int rank, small = 0, large[4] = {1, 2, 3, 4};
    MPI_Request requests[3];
    MPI_Status statuses[3];
    (void)argument;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    CHECK_OK(MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN));
    CHECK_OK(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
    if (rank == 0) {
        CHECK_OK(MPI_Irecv(large, 4, MPI_INT, 1, 0, comm, &requests[0]));
        CHECK_OK(MPI_Irecv(&small, 1, MPI_INT, 1, 1, comm, &requests[1]));
        CHECK_OK(MPI_Irecv(large, 4, MPI_INT, 1, 2, comm, &requests[2])); /* comes only after the failure */
        CHECK_OK(meet(comm, rank));
        CHECK_FAILS(MPI_Waitall(3, requests, statuses), MPI_ERR_IN_STATUS);
        CHECK(ranks_class(statuses[0].MPI_ERROR) == MPI_SUCCESS);
        CHECK(ranks_class(statuses[1].MPI_ERROR) == MPI_ERR_TRUNCATE);
        CHECK(ranks_class(statuses[2].MPI_ERROR) == MPI_ERR_PENDING);
        CHECK(requests[0] == MPI_REQUEST_NULL && requests[1] == MPI_REQUEST_NULL);
        CHECK(requests[2] != MPI_REQUEST_NULL);
        CHECK_OK(MPI_Send(NULL, 0, MPI_INT, 1, 5, comm));
        CHECK_OK(MPI_Wait(&requests[2], &statuses[0]));
    } else {
        CHECK_OK(MPI_Send(large, 4, MPI_INT, 0, 0, comm));
        CHECK_OK(MPI_Send(large, 4, MPI_INT, 0, 1, comm));
        CHECK_OK(meet(comm, rank));
        CHECK_OK(MPI_Recv(NULL, 0, MPI_INT, 0, 5, comm, MPI_STATUS_IGNORE));
        CHECK_OK(MPI_Send(large, 4, MPI_INT, 0, 2, comm));
    }
    return 0;
}

static void waitall_says_which_request_failed_and_which_is_pending(void **state)
{
    (void)state;
    run_ranks(2, rank_waits_for_failures, NULL);
}

static int rank_leaves_the_error_field(MPI_Comm comm, void *argument)
{
    int value = 1, got;
    MPI_Status status;
    (void)argument;
    status.MPI_ERROR = 12345;
    CHECK_OK(MPI_Sendrecv(&value, 1, MPI_INT, 0, 0, &got, 1, MPI_INT, 0, 0, comm, &status));
    CHECK(status.MPI_ERROR == 12345);
    return 0;
}

static void a_single_status_keeps_its_error_field(void **state)
{
    (void)state;
    run_ranks(1, rank_leaves_the_error_field, NULL);
}

static int rank_cancels(MPI_Comm comm, void *argument)
{
    int rank, flag, value = 7;
    static char data[LARGE];
    MPI_Request request;
    MPI_Status status;
    (void)argument;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    if (rank == 0) {
        /* A receive that nobody sends to. */
        CHECK_OK(MPI_Irecv(&value, 1, MPI_INT, 1, 3, comm, &request));
        CHECK_OK(MPI_Cancel(&request));
        CHECK_OK(MPI_Wait(&request, &status));
        CHECK_OK(MPI_Test_cancelled(&status, &flag));
        CHECK(flag);
        /* Sends that wait: their messages have arrived, and are taken back. */
        for (int large = 0; large < 2; large++) {
            CHECK_OK(MPI_Issend(data, large ? LARGE : 4, MPI_BYTE, 1, 4, comm, &request));
            CHECK_OK(meet(comm, rank));
            CHECK_OK(MPI_Cancel(&request));
            CHECK_OK(MPI_Wait(&request, &status));
            CHECK_OK(MPI_Test_cancelled(&status, &flag));
            CHECK(flag);
        }
        /* One that is matched is not. */
        CHECK_OK(MPI_Issend(data, LARGE, MPI_BYTE, 1, 5, comm, &request));
        CHECK_OK(meet(comm, rank));
        CHECK_OK(meet(comm, rank));
        CHECK_OK(MPI_Cancel(&request));
        CHECK_OK(MPI_Wait(&request, &status));
        CHECK_OK(MPI_Test_cancelled(&status, &flag));
        CHECK(!flag);
        CHECK_OK(MPI_Send(&value, 1, MPI_INT, 1, 4, comm));
    } else {
        CHECK_OK(meet(comm, rank));
        CHECK_OK(meet(comm, rank));
        CHECK_OK(meet(comm, rank));
        CHECK_OK(MPI_Recv(data, LARGE, MPI_BYTE, 0, 5, comm, MPI_STATUS_IGNORE));
        CHECK_OK(meet(comm, rank));
        value = 0;
        CHECK_OK(MPI_Recv(&value, 1, MPI_INT, 0, 4, comm, &status)); /* not one of those taken back */
        CHECK(value == 7);
    }
    return 0;
}

static void what_is_not_matched_can_be_cancelled(void **state)
{
    (void)state;
    run_ranks(2, rank_cancels, NULL);
}

static int rank_frees(MPI_Comm comm, void *argument)
{
    int rank, value = 7;
    static char data[LARGE];
    MPI_Request request;
    (void)argument;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    CHECK_OK(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
    if (rank == 0) {
        MPI_Request stale;
        memset(data, 3, sizeof data);
        CHECK_OK(MPI_Isend(data, LARGE, MPI_BYTE, 1, 0, comm, &request));
        stale = request;
        CHECK_OK(MPI_Request_free(&request));
        CHECK(request == MPI_REQUEST_NULL);
        CHECK_FAILS(MPI_Wait(&stale, MPI_STATUS_IGNORE), MPI_ERR_REQUEST);
        CHECK_FAILS(MPI_Cancel(&stale), MPI_ERR_REQUEST);
        CHECK_OK(MPI_Recv(&value, 1, MPI_INT, 1, 1, comm, MPI_STATUS_IGNORE)); /* it went on meanwhile */
    } else {
        CHECK_OK(MPI_Recv(data, LARGE, MPI_BYTE, 0, 0, comm, MPI_STATUS_IGNORE));
        CHECK(data[0] == 3 && data[LARGE - 1] == 3);
        CHECK_OK(MPI_Send(&value, 1, MPI_INT, 0, 1, comm));
    }
    return 0;
}

static void a_freed_request_goes_on_and_its_handle_is_stale(void **state)
{
    (void)state;
    run_ranks(2, rank_frees, NULL);
}

static int rank_starts_again(MPI_Comm comm, void *argument)
{
    enum { ROUNDS = 50 };
    int rank, flag, data[3] = {0};
    MPI_Request requests[2];
    MPI_Status status;
    (void)argument;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    CHECK_OK(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
    CHECK_OK(MPI_Recv_init(data, 1, MPI_INT, MPI_ANY_SOURCE, MPI_ANY_TAG, comm, &requests[0]));
    CHECK_OK(MPI_Send_init(&data[1], 1, MPI_INT, 1 - rank, 6, comm, &requests[1]));
    CHECK_OK(MPI_Wait(&requests[0], &status)); /* inactive */
    CHECK(is_empty(&status));
    CHECK_FAILS(MPI_Cancel(&requests[0]), MPI_ERR_REQUEST);
    for (int i = 0; i < ROUNDS; i++) {
        data[1] = i * 10 + rank;
        CHECK_OK(MPI_Startall(2, requests));
        CHECK_FAILS(MPI_Start(&requests[0]), MPI_ERR_REQUEST);
        CHECK_OK(MPI_Waitall(2, requests, MPI_STATUSES_IGNORE));
        CHECK(data[0] == i * 10 + 1 - rank);
        CHECK(requests[0] != MPI_REQUEST_NULL && requests[1] != MPI_REQUEST_NULL);
    }
    CHECK_OK(MPI_Testall(2, requests, &flag, MPI_STATUSES_IGNORE));
    CHECK(flag);
    CHECK_OK(MPI_Request_free(&requests[0]));
    CHECK_OK(MPI_Request_free(&requests[1]));
    CHECK_OK(MPI_Isend(data, 1, MPI_INT, MPI_PROC_NULL, 0, comm, &requests[0]));
    CHECK_FAILS(MPI_Start(&requests[0]), MPI_ERR_REQUEST);
    CHECK_OK(MPI_Wait(&requests[0], MPI_STATUS_IGNORE));
    return 0;
}

static void persistent_requests_start_any_number_of_times(void **state)
{
    (void)state;
    run_ranks(2, rank_starts_again, NULL);
}

static int rank_probes(MPI_Comm comm, void *argument)
{
    int rank, count, flag, values[20];
    MPI_Message message;
    MPI_Request request;
    MPI_Status status;
    (void)argument;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    if (rank == 0) {
        for (int i = 0; i < 20; i++)
            values[i] = i;
        CHECK_OK(MPI_Send(values, 20, MPI_INT, 1, 1, comm));
        CHECK_OK(MPI_Send(values, 5, MPI_INT, 1, 2, comm));
        CHECK_OK(MPI_Ssend(values, 3, MPI_INT, 1, 2, comm));
        return 0;
    }
    CHECK_OK(MPI_Probe(MPI_ANY_SOURCE, MPI_ANY_TAG, comm, &status));
    CHECK_OK(MPI_Get_count(&status, MPI_INT, &count));
    CHECK(count == 20 && status.MPI_SOURCE == 0 && status.MPI_TAG == 1);
    CHECK_OK(MPI_Mprobe(0, 2, comm, &message, &status));
    CHECK_OK(MPI_Get_count(&status, MPI_INT, &count));
    CHECK(count == 5);
    /* The message is only its handle's now: the next of that tag is another one. */
    CHECK_OK(MPI_Recv(values, 20, MPI_INT, 0, 2, comm, &status));
    CHECK_OK(MPI_Get_count(&status, MPI_INT, &count));
    CHECK(count == 3);
    CHECK_OK(MPI_Mrecv(values, 5, MPI_INT, &message, &status));
    CHECK(message == MPI_MESSAGE_NULL && values[4] == 4);
    CHECK_OK(MPI_Iprobe(0, 2, comm, &flag, &status));
    CHECK(!flag);
    CHECK_OK(MPI_Improbe(0, 1, comm, &flag, &message, &status));
    CHECK(flag);
    CHECK_OK(MPI_Imrecv(values, 20, MPI_INT, &message, &request));
    CHECK_OK(MPI_Wait(&request, &status));
    CHECK(status.MPI_TAG == 1 && values[19] == 19);
    CHECK_OK(MPI_Improbe(MPI_PROC_NULL, 1, comm, &flag, &message, &status));
    CHECK(flag && message == MPI_MESSAGE_NO_PROC);
    CHECK_OK(MPI_Mrecv(values, 1, MPI_INT, &message, &status));
    CHECK(status.MPI_SOURCE == MPI_PROC_NULL);
    return 0;
}

static void probes_see_messages_and_matched_probes_take_them(void **state)
{
    (void)state;
    run_ranks(2, rank_probes, NULL);
}

static int rank_checks_types(MPI_Comm comm, void *argument)
{
    int rank, value = 1;
    float got;
    (void)argument;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    CHECK_OK(MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN));
    if (rank == 0) {
        CHECK_OK(MPI_Send(&value, 1, MPI_INT, 1, 0, comm));
        CHECK_OK(MPI_Send(&value, 1, MPI_INT, 1, 1, comm));
        CHECK_OK(MPI_Send(&value, 4, MPI_BYTE, 1, 2, comm));
    } else {
        CHECK_FAILS(MPI_Recv(&got, 1, MPI_FLOAT, 0, 0, comm, MPI_STATUS_IGNORE), MPI_ERR_TYPE);
        CHECK_OK(MPI_Recv(&value, 1, MPI_INT, 0, 1, comm, MPI_STATUS_IGNORE));
        CHECK_OK(MPI_Recv(&value, 1, MPI_INT, 0, 2, comm, MPI_STATUS_IGNORE));
    }
    return 0;
}

static void another_datatype_is_an_error_where_that_is_checked(void **state)
{
    (void)state;
    setenv("MPIMOCK_CHECKS", "types", 1);
    run_ranks(2, rank_checks_types, NULL);
    unsetenv("MPIMOCK_CHECKS");
}

static int rank_checks_ready(MPI_Comm comm, void *argument)
{
    int rank, value = 1;
    MPI_Request request;
    (void)argument;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    CHECK_OK(MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN));
    if (rank == 1)
        CHECK_OK(MPI_Irecv(&value, 1, MPI_INT, 0, 0, comm, &request));
    CHECK_OK(meet(comm, rank));
    if (rank == 0) {
        CHECK_OK(MPI_Rsend(&value, 1, MPI_INT, 1, 0, comm));
        CHECK_OK(MPI_Rsend(&value, 1, MPI_INT, 1, 1, comm)); /* nobody waits for this one */
        CHECK_OK(meet(comm, rank));
    } else {
        CHECK_OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
        CHECK_OK(meet(comm, rank));
        CHECK_FAILS(MPI_Recv(&value, 1, MPI_INT, 0, 1, comm, MPI_STATUS_IGNORE), MPI_ERR_OTHER);
    }
    return 0;
}

static void a_ready_send_without_its_receive_is_an_error_where_that_is_checked(void **state)
{
    (void)state;
    setenv("MPIMOCK_CHECKS", "ready", 1);
    run_ranks(2, rank_checks_ready, NULL);
    unsetenv("MPIMOCK_CHECKS");
}

static int rank_sets_a_status(MPI_Comm comm, void *argument)
{
    MPI_Status status = {.MPI_SOURCE = 1, .MPI_TAG = 2, .MPI_ERROR = 3};
    int count, flag;
    (void)comm;
    (void)argument;
    CHECK_OK(MPI_Status_set_cancelled(&status, 1));
    CHECK_OK(MPI_Status_set_elements(&status, MPI_DOUBLE, 5));
    CHECK_OK(MPI_Test_cancelled(&status, &flag));
    CHECK(flag);
    CHECK_OK(MPI_Get_count(&status, MPI_DOUBLE, &count));
    CHECK(count == 5);
    CHECK_OK(MPI_Get_elements(&status, MPI_DOUBLE, &count));
    CHECK(count == 5);
    CHECK_OK(MPI_Status_set_elements_x(&status, MPI_BYTE, (MPI_Count)5 << 32));
    CHECK_OK(MPI_Test_cancelled(&status, &flag));
    CHECK(flag);
    CHECK_OK(MPI_Get_count(&status, MPI_BYTE, &count));
    CHECK(count == MPI_UNDEFINED); /* more than an int holds */
    CHECK_OK(MPI_Status_set_elements(&status, MPI_BYTE, 7));
    CHECK_OK(MPI_Get_count(&status, MPI_INT, &count));
    CHECK(count == MPI_UNDEFINED); /* not a whole number of them */
    CHECK(status.MPI_SOURCE == 1 && status.MPI_TAG == 2 && status.MPI_ERROR == 3);
    return 0;
}

static void a_status_holds_large_counts_and_the_cancelled_flag(void **state)
{
    (void)state;
    run_ranks(1, rank_sets_a_status, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_requests_are_complete_and_empty),
        cmocka_unit_test(waitany_and_waitsome_report_what_is_complete_and_only_once),
        cmocka_unit_test(waitall_says_which_request_failed_and_which_is_pending),
        cmocka_unit_test(a_single_status_keeps_its_error_field),
        cmocka_unit_test(what_is_not_matched_can_be_cancelled),
        cmocka_unit_test(a_freed_request_goes_on_and_its_handle_is_stale),
        cmocka_unit_test(persistent_requests_start_any_number_of_times),
        cmocka_unit_test(probes_see_messages_and_matched_probes_take_them),
        cmocka_unit_test(another_datatype_is_an_error_where_that_is_checked),
        cmocka_unit_test(a_ready_send_without_its_receive_is_an_error_where_that_is_checked),
        cmocka_unit_test(a_status_holds_large_counts_and_the_cancelled_flag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
