/* SPDX-License-Identifier: BSD-2-Clause */
/* test_p2p.c: messages between ranks of the mock arrive whole, in order, with the right status, by every protocol. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ranks.h"

static unsigned char pattern(int seed, size_t place)
{
    return (unsigned char)(seed * 37 + (int)(place * 11 + (place >> 8)));
}

static void fill(unsigned char *data, size_t bytes, int seed)
{
    for (size_t i = 0; i < bytes; i++)
        data[i] = pattern(seed, i);
}

static bool is_filled(const unsigned char *data, size_t bytes, int seed)
{
    for (size_t i = 0; i < bytes; i++)
        if (data[i] != pattern(seed, i))
            return false;
    return true;
}

/* Runs it with direct copies, and with the fallback where those are refused. */
static void run_both_ways(int n, int (*function)(MPI_Comm comm, void *argument))
{
    run_ranks(n, function, NULL);
    setenv("MPIMOCK_COPY", "ring", 1);
    run_ranks(n, function, NULL);
    unsetenv("MPIMOCK_COPY");
}

static const int sizes[] = {0, 1, 8, 9, 1000, 8191, 8192, 8193, 65536, 65537, 1000003};
enum { SIZES = sizeof sizes / sizeof sizes[0], SIZE_MAX_ = 1000003 };

static int rank_sends_all_sizes(MPI_Comm comm, void *argument)
{
    int rank, count;
    MPI_Status status;
    unsigned char *data = malloc(SIZE_MAX_ + 1);
    (void)argument;
    CHECK(data != NULL);
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    for (int i = 0; i < SIZES; i++) {
        if (rank == 0) {
            fill(data, (size_t)sizes[i], i);
            CHECK_OK(MPI_Send(data, sizes[i], MPI_BYTE, 1, 10 + i, comm));
            continue;
        }
        memset(data, 0xee, SIZE_MAX_ + 1);
        CHECK_OK(MPI_Recv(data, SIZE_MAX_, MPI_BYTE, 0, 10 + i, comm, &status));
        CHECK(is_filled(data, (size_t)sizes[i], i));
        CHECK(data[sizes[i]] == 0xee);
        CHECK(status.MPI_SOURCE == 0 && status.MPI_TAG == 10 + i);
        CHECK_OK(MPI_Get_count(&status, MPI_BYTE, &count));
        CHECK(count == sizes[i]);
    }
    free(data);
    return 0;
}

static void a_message_of_any_size_arrives_with_its_status(void **state)
{
    (void)state;
    run_both_ways(2, rank_sends_all_sizes);
}

static int rank_mixes_protocols(MPI_Comm comm, void *argument)
{
    enum { MESSAGES = 200 };
    int rank;
    unsigned char *data = malloc(70000);
    MPI_Request requests[MESSAGES];
    unsigned char *all = NULL;
    (void)argument;
    CHECK(data != NULL);
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    if (rank == 0) {
        all = malloc((size_t)MESSAGES * 70000);
        CHECK(all != NULL);
        for (int i = 0; i < MESSAGES; i++) {
            unsigned char *mine = all + (size_t)i * 70000;
            int size = sizes[i % 10] > 70000 ? 70000 : sizes[i % 10];
            fill(mine, (size_t)size, i);
            CHECK_OK(MPI_Isend(mine, size, MPI_BYTE, 1, 5, comm, &requests[i]));
        }
        CHECK_OK(MPI_Waitall(MESSAGES, requests, MPI_STATUSES_IGNORE));
    } else {
        for (int i = 0; i < MESSAGES; i++) {
            MPI_Status status;
            int count, size = sizes[i % 10] > 70000 ? 70000 : sizes[i % 10];
            CHECK_OK(MPI_Recv(data, 70000, MPI_BYTE, MPI_ANY_SOURCE, i % 2 ? 5 : MPI_ANY_TAG, comm, &status));
            CHECK_OK(MPI_Get_count(&status, MPI_BYTE, &count));
            CHECK(count == size);
            CHECK(is_filled(data, (size_t)size, i));
        }
    }
    free(all);
    free(data);
    return 0;
}

static void messages_of_a_pair_keep_their_order_whatever_their_protocol(void **state)
{
    (void)state;
    run_both_ways(2, rank_mixes_protocols);
}

static int rank_uses_vectors(MPI_Comm comm, void *argument)
{
    enum { ROWS = 300, COLUMNS = 40 };
    static int matrix[ROWS][COLUMNS], got[ROWS][COLUMNS], line[ROWS * 10];
    int rank;
    MPI_Datatype columns;
    (void)argument;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    CHECK_OK(MPI_Type_vector(ROWS, 10, COLUMNS, MPI_INT, &columns)); /* 12,000 bytes: a rendezvous */
    CHECK_OK(MPI_Type_commit(&columns));
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLUMNS; j++)
            matrix[i][j] = i * 1000 + j;
    if (rank == 0) {
        CHECK_OK(MPI_Send(&matrix[0][3], 1, columns, 1, 0, comm));
        CHECK_OK(MPI_Send(&matrix[0][3], 1, columns, 1, 1, comm));
        CHECK_OK(MPI_Recv(line, ROWS * 10, MPI_INT, 1, 2, comm, MPI_STATUS_IGNORE));
        for (int i = 0; i < ROWS * 10; i++)
            CHECK(line[i] == matrix[i / 10][20 + i % 10]);
    } else {
        CHECK_OK(MPI_Recv(&got[0][7], 1, columns, 0, 0, comm, MPI_STATUS_IGNORE));
        for (int i = 0; i < ROWS; i++)
            for (int j = 0; j < COLUMNS; j++)
                CHECK(got[i][j] == (j >= 7 && j < 17 ? matrix[i][j - 4] : 0));
        CHECK_OK(MPI_Recv(line, ROWS * 10, MPI_INT, 0, 1, comm, MPI_STATUS_IGNORE));
        for (int i = 0; i < ROWS * 10; i++)
            CHECK(line[i] == matrix[i / 10][3 + i % 10]);
        CHECK_OK(MPI_Send(&matrix[0][20], 1, columns, 0, 2, comm));
    }
    CHECK_OK(MPI_Type_free(&columns));
    return 0;
}

static void data_with_gaps_is_gathered_and_scattered(void **state)
{
    (void)state;
    run_both_ways(2, rank_uses_vectors);
}

static int rank_truncates(MPI_Comm comm, void *argument)
{
    int rank;
    unsigned char data[20000];
    (void)argument;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    CHECK_OK(MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN));
    for (int size = 100; size <= 20000; size += 19900) {
        if (rank == 0) {
            fill(data, sizeof data, 1);
            CHECK_OK(MPI_Ssend(data, size, MPI_BYTE, 1, 3, comm));
        } else {
            memset(data, 0xee, sizeof data);
            CHECK_FAILS(MPI_Recv(data, size - 1, MPI_BYTE, 0, 3, comm, MPI_STATUS_IGNORE), MPI_ERR_TRUNCATE);
            CHECK(is_filled(data, (size_t)size - 1, 1) && data[size - 1] == 0xee);
        }
    }
    return 0;
}

static void a_receive_that_is_too_small_is_an_error_and_writes_nothing_behind_it(void **state)
{
    (void)state;
    run_both_ways(2, rank_truncates);
}

static int rank_floods(MPI_Comm comm, void *argument)
{
    enum { MESSAGES = 500, BYTES = 8000 };
    unsigned char *data = malloc(BYTES);
    int rank;
    (void)argument;
    CHECK(data != NULL);
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    for (int i = 0; i < MESSAGES; i++) {
        fill(data, BYTES, rank + i);
        CHECK_OK(MPI_Send(data, BYTES, MPI_BYTE, 1 - rank, 0, comm));
    }
    for (int i = 0; i < MESSAGES; i++) {
        CHECK_OK(MPI_Recv(data, BYTES, MPI_BYTE, 1 - rank, 0, comm, MPI_STATUS_IGNORE));
        CHECK(is_filled(data, BYTES, 1 - rank + i));
    }
    free(data);
    return 0;
}

static void two_ranks_that_flood_each_other_never_hang(void **state)
{
    (void)state;
    run_ranks(2, rank_floods, NULL);
}

static int rank_talks_to_itself(MPI_Comm comm, void *argument)
{
    unsigned char *data = malloc(100000), *got = malloc(100000);
    (void)argument;
    CHECK(data != NULL && got != NULL);
    for (int i = 0; i < SIZES; i++) {
        int size = sizes[i] > 100000 ? 100000 : sizes[i];
        MPI_Request request;
        fill(data, (size_t)size, i);
        CHECK_OK(MPI_Irecv(got, size, MPI_BYTE, 0, 1, comm, &request));
        CHECK_OK(MPI_Send(data, size, MPI_BYTE, 0, 1, comm));
        CHECK_OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
        CHECK(is_filled(got, (size_t)size, i));
        CHECK_OK(MPI_Isend(data, size, MPI_BYTE, 0, 2, MPI_COMM_SELF, &request));
        CHECK_OK(MPI_Recv(got, size, MPI_BYTE, MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_SELF, MPI_STATUS_IGNORE));
        CHECK_OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
    }
    free(data);
    free(got);
    return 0;
}

static void a_rank_can_send_to_itself(void **state)
{
    (void)state;
    run_both_ways(1, rank_talks_to_itself);
}

static int rank_sends_synchronously(MPI_Comm comm, void *argument)
{
    int rank, flag = -1, value = 42;
    MPI_Request request;
    (void)argument;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    if (rank == 0) {
        CHECK_OK(MPI_Issend(&value, 1, MPI_INT, 1, 1, comm, &request));
        CHECK_OK(MPI_Send(&value, 1, MPI_INT, 1, 2, comm));
        CHECK_OK(MPI_Recv(&value, 1, MPI_INT, 1, 3, comm, MPI_STATUS_IGNORE));
        CHECK_OK(MPI_Test(&request, &flag, MPI_STATUS_IGNORE)); /* it has arrived, and is not matched */
        CHECK(flag == 0);
        CHECK_OK(MPI_Send(&value, 1, MPI_INT, 1, 4, comm));
        CHECK_OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
    } else {
        CHECK_OK(MPI_Recv(&value, 1, MPI_INT, 0, 2, comm, MPI_STATUS_IGNORE));
        CHECK_OK(MPI_Send(&value, 1, MPI_INT, 0, 3, comm));
        CHECK_OK(MPI_Recv(&value, 1, MPI_INT, 0, 4, comm, MPI_STATUS_IGNORE));
        CHECK_OK(MPI_Recv(&value, 1, MPI_INT, 0, 1, comm, MPI_STATUS_IGNORE));
    }
    return 0;
}

static void a_synchronous_send_waits_until_it_is_matched(void **state)
{
    (void)state;
    run_ranks(2, rank_sends_synchronously, NULL);
}

static int rank_uses_proc_null(MPI_Comm comm, void *argument)
{
    int value = 5, count;
    MPI_Status status;
    MPI_Request request;
    (void)argument;
    CHECK_OK(MPI_Send(&value, 1, MPI_INT, MPI_PROC_NULL, 0, comm));
    CHECK_OK(MPI_Recv(&value, 1, MPI_INT, MPI_PROC_NULL, 0, comm, &status));
    CHECK(value == 5 && status.MPI_SOURCE == MPI_PROC_NULL && status.MPI_TAG == MPI_ANY_TAG);
    CHECK_OK(MPI_Get_count(&status, MPI_INT, &count));
    CHECK(count == 0);
    CHECK_OK(MPI_Irecv(&value, 1, MPI_INT, MPI_PROC_NULL, 0, comm, &request));
    CHECK_OK(MPI_Wait(&request, &status));
    CHECK(status.MPI_SOURCE == MPI_PROC_NULL);
    CHECK_OK(MPI_Probe(MPI_PROC_NULL, 0, comm, &status));
    CHECK(status.MPI_SOURCE == MPI_PROC_NULL);
    return 0;
}

static void proc_null_takes_and_gives_nothing(void **state)
{
    (void)state;
    run_ranks(1, rank_uses_proc_null, NULL);
}

static int rank_makes_mistakes(MPI_Comm comm, void *argument)
{
    int value = 0;
    MPI_Datatype uncommitted;
    MPI_Request request = MPI_REQUEST_NULL;
    (void)argument;
    CHECK_OK(MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN));
    CHECK_FAILS(MPI_Send(&value, 1, MPI_INT, 2, 0, comm), MPI_ERR_RANK);
    CHECK_FAILS(MPI_Send(&value, 1, MPI_INT, MPI_ANY_SOURCE, 0, comm), MPI_ERR_RANK);
    CHECK_FAILS(MPI_Recv(&value, 1, MPI_INT, -17, 0, comm, MPI_STATUS_IGNORE), MPI_ERR_RANK);
    CHECK_FAILS(MPI_Send(&value, 1, MPI_INT, 0, -5, comm), MPI_ERR_TAG);
    CHECK_FAILS(MPI_Isend(&value, 1, MPI_INT, 0, MPI_ANY_TAG, comm, &request), MPI_ERR_TAG);
    CHECK_FAILS(MPI_Send(&value, -1, MPI_INT, 0, 0, comm), MPI_ERR_COUNT);
    CHECK_FAILS(MPI_Irecv(NULL, 1, MPI_INT, 0, 0, comm, &request), MPI_ERR_BUFFER);
    CHECK_FAILS(MPI_Send(MPI_IN_PLACE, 1, MPI_INT, 0, 0, comm), MPI_ERR_BUFFER);
    CHECK_FAILS(MPI_Send(&value, 1, MPI_DATATYPE_NULL, 0, 0, comm), MPI_ERR_TYPE);
    CHECK_OK(MPI_Type_contiguous(2, MPI_INT, &uncommitted));
    CHECK_FAILS(MPI_Send(&value, 0, uncommitted, 0, 0, comm), MPI_ERR_TYPE);
    CHECK_OK(MPI_Type_free(&uncommitted));
    CHECK(request == MPI_REQUEST_NULL);
    /* None of them has left anything behind. */
    CHECK_OK(MPI_Sendrecv(&value, 1, MPI_INT, 0, 0, NULL, 0, MPI_INT, MPI_PROC_NULL, 0, comm, MPI_STATUS_IGNORE));
    CHECK_OK(MPI_Recv(&value, 1, MPI_INT, 0, 0, comm, MPI_STATUS_IGNORE));
    return 0;
}

static void wrong_arguments_are_refused_by_class(void **state)
{
    (void)state;
    run_ranks(1, rank_makes_mistakes, NULL);
}

static int rank_sends_absolutely(MPI_Comm comm, void *argument)
{
    static double value, got;
    int length = 1;
    MPI_Aint address;
    MPI_Datatype type;
    (void)argument;
    value = 2.5;
    CHECK_OK(MPI_Get_address(&value, &address));
    CHECK_OK(MPI_Type_create_hindexed(1, &length, &address, MPI_DOUBLE, &type));
    CHECK_OK(MPI_Type_commit(&type));
    CHECK_OK(MPI_Send(MPI_BOTTOM, 1, type, 0, 0, comm));
    CHECK_OK(MPI_Recv(&got, 1, MPI_DOUBLE, 0, 0, comm, MPI_STATUS_IGNORE));
    CHECK(got == 2.5);
    CHECK_OK(MPI_Type_free(&type));
    return 0;
}

static void mpi_bottom_with_absolute_addresses_is_no_null_buffer(void **state)
{
    (void)state;
    run_ranks(1, rank_sends_absolutely, NULL);
}

static int rank_sends_buffered(MPI_Comm comm, void *argument)
{
    static char attached[3 * (30000 + MPI_BSEND_OVERHEAD)];
    unsigned char data[30000];
    void *back = NULL;
    int rank, size = 0;
    (void)argument;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    CHECK_OK(MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN));
    if (rank == 0) {
        fill(data, sizeof data, 0);
        CHECK_FAILS(MPI_Bsend(data, 1, MPI_BYTE, 1, 0, comm), MPI_ERR_BUFFER);
        CHECK_OK(MPI_Buffer_attach(attached, sizeof attached));
        CHECK_FAILS(MPI_Buffer_attach(attached, sizeof attached), MPI_ERR_BUFFER);
        for (int i = 0; i < 3; i++) {
            fill(data, sizeof data, i);
            CHECK_OK(MPI_Bsend(data, sizeof data, MPI_BYTE, 1, i, comm)); /* though nobody receives yet */
        }
        CHECK_FAILS(MPI_Bsend(data, sizeof data, MPI_BYTE, 1, 9, comm), MPI_ERR_BUFFER);
        memset(data, 0, sizeof data);
        CHECK_OK(MPI_Send(NULL, 0, MPI_BYTE, 1, 7, comm));
        CHECK_OK(MPI_Buffer_detach(&back, &size)); /* waits until they are received */
        CHECK(back == attached && size == (int)sizeof attached);
        CHECK_FAILS(MPI_Buffer_detach(&back, &size), MPI_ERR_BUFFER);
    } else {
        CHECK_OK(MPI_Recv(NULL, 0, MPI_BYTE, 0, 7, comm, MPI_STATUS_IGNORE));
        for (int i = 2; i >= 0; i--) {
            CHECK_OK(MPI_Recv(data, sizeof data, MPI_BYTE, 0, i, comm, MPI_STATUS_IGNORE));
            CHECK(is_filled(data, sizeof data, i));
        }
    }
    return 0;
}

static void buffered_sends_use_the_attached_buffer_and_no_more(void **state)
{
    (void)state;
    run_both_ways(2, rank_sends_buffered);
}

static int rank_shifts(MPI_Comm comm, void *argument)
{
    int rank, size, *data = malloc(50000 * sizeof *data), *got = malloc(50000 * sizeof *got);
    MPI_Status status;
    (void)argument;
    CHECK(data != NULL && got != NULL);
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    CHECK_OK(MPI_Comm_size(comm, &size));
    int left = (rank + size - 1) % size, right = (rank + 1) % size;
    for (int count = 1; count <= 50000; count *= 50000) {
        for (int i = 0; i < count; i++)
            data[i] = rank * 100000 + i;
        CHECK_OK(MPI_Sendrecv(data, count, MPI_INT, right, 3, got, count, MPI_INT, left, 3, comm, &status));
        CHECK(status.MPI_SOURCE == left && got[count - 1] == left * 100000 + count - 1);
        CHECK_OK(MPI_Sendrecv_replace(data, count, MPI_INT, right, 4, MPI_ANY_SOURCE, 4, comm, &status));
        CHECK(status.MPI_SOURCE == left && memcmp(data, got, (size_t)count * sizeof *data) == 0);
        if (count == 50000)
            break;
    }
    free(data);
    free(got);
    return 0;
}

static void a_ring_shifts_by_sendrecv(void **state)
{
    (void)state;
    run_both_ways(1, rank_shifts);
    run_both_ways(5, rank_shifts);
}

static int rank_sends_head_to_head(MPI_Comm comm, void *argument)
{
    int rank;
    unsigned char *data = malloc(1 << 20);
    (void)argument;
    CHECK(data != NULL);
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    for (int i = 0; i < 3; i++) {
        fill(data, 1 << 20, rank);
        CHECK_OK(MPI_Send(data, 1 << 20, MPI_BYTE, 1 - rank, 0, comm));
        memset(data, 0, 1 << 20);
        CHECK_OK(MPI_Recv(data, 1 << 20, MPI_BYTE, 1 - rank, 0, comm, MPI_STATUS_IGNORE));
        CHECK(is_filled(data, 1 << 20, 1 - rank));
    }
    free(data);
    return 0;
}

static void eager_sends_complete_locally_whatever_their_size(void **state)
{
    (void)state;
    setenv("MPIMOCK_SENDS", "eager", 1);
    run_both_ways(2, rank_sends_head_to_head);
    unsetenv("MPIMOCK_SENDS");
}

/* ---- Everything at random ---- */

static unsigned hash(unsigned a, unsigned b, unsigned c)
{
    unsigned x = a * 2654435761u ^ b * 40503u ^ c * 2246822519u;
    x ^= x >> 15;
    x *= 2654435761u;
    return x ^ x >> 13;
}

enum { STRESS_RANKS = 4, STRESS_MESSAGES = 150, STRESS_WINDOW = 4, STRESS_BYTES = 150000 };

static int size_of(int from, int to, int i)
{
    unsigned h = hash((unsigned)from, (unsigned)to, (unsigned)i);
    return h % 8 == 0 ? (int)(h >> 3) % STRESS_BYTES : h % 8 < 3 ? (int)(h >> 3) % 20000 : (int)(h >> 3) % 200;
}

struct lane { /* of one pair, in one direction, at one end */
    MPI_Request requests[STRESS_WINDOW];
    unsigned char *data[STRESS_WINDOW];
    int started, finished;
};

static int lane_send(struct lane *lane, int rank, int other, MPI_Comm comm)
{
    int i = lane->started, slot = i % STRESS_WINDOW, size = size_of(rank, other, i);
    fill(lane->data[slot], (size_t)size, i + rank);
    if (hash((unsigned)i, 7, (unsigned)rank) % 3 == 0)
        CHECK_OK(MPI_Issend(lane->data[slot], size, MPI_BYTE, other, i % 3, comm, &lane->requests[slot]));
    else
        CHECK_OK(MPI_Isend(lane->data[slot], size, MPI_BYTE, other, i % 3, comm, &lane->requests[slot]));
    lane->started++;
    return 0;
}

static int lane_receive(struct lane *lane, int other, MPI_Comm comm)
{
    int i = lane->started, slot = i % STRESS_WINDOW;
    CHECK_OK(MPI_Irecv(lane->data[slot], STRESS_BYTES, MPI_BYTE, other, i % 2 ? i % 3 : MPI_ANY_TAG, comm,
                       &lane->requests[slot]));
    lane->started++;
    return 0;
}

/* Finishes the oldest if it is complete, and starts new ones up to the window. */
static int lane_advance(struct lane *lane, int rank, int other, bool sends, MPI_Comm comm)
{
    int flag = 0, slot = lane->finished % STRESS_WINDOW, count;
    MPI_Status status;
    while (lane->started < STRESS_MESSAGES && lane->started - lane->finished < STRESS_WINDOW) {
        int line = sends ? lane_send(lane, rank, other, comm) : lane_receive(lane, other, comm);
        if (line != 0)
            return line;
    }
    CHECK_OK(MPI_Test(&lane->requests[slot], &flag, &status));
    if (!flag)
        return 0;
    if (!sends) {
        int i = lane->finished, size = size_of(other, rank, i);
        CHECK_OK(MPI_Get_count(&status, MPI_BYTE, &count));
        CHECK(count == size && status.MPI_SOURCE == other && status.MPI_TAG == i % 3);
        CHECK(is_filled(lane->data[slot], (size_t)size, i + other));
    }
    lane->finished++;
    return 0;
}

static int rank_is_stressed(MPI_Comm comm, void *argument)
{
    static struct lane lanes[STRESS_RANKS][2];
    int rank, line = 0, left = STRESS_RANKS * 2;
    (void)argument;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    for (int i = 0; i < STRESS_RANKS * 2 * STRESS_WINDOW; i++) {
        unsigned char **data = &lanes[i / (2 * STRESS_WINDOW)][i / STRESS_WINDOW % 2].data[i % STRESS_WINDOW];
        CHECK((*data = malloc(STRESS_BYTES)) != NULL);
    }
    while (left > 0) {
        left = 0;
        for (int other = 0; other < STRESS_RANKS; other++)
            for (int sends = 0; sends < 2; sends++) {
                struct lane *lane = &lanes[other][sends];
                if (lane->finished == STRESS_MESSAGES)
                    continue;
                left++;
                line = lane_advance(lane, rank, other, sends, comm);
                if (line != 0)
                    return line;
            }
    }
    for (int i = 0; i < STRESS_RANKS * 2 * STRESS_WINDOW; i++)
        free(lanes[i / (2 * STRESS_WINDOW)][i / STRESS_WINDOW % 2].data[i % STRESS_WINDOW]);
    return 0;
}

static void random_traffic_arrives_whole_and_in_order(void **state)
{
    (void)state;
    run_both_ways(STRESS_RANKS, rank_is_stressed);
}

static void random_traffic_survives_random_sends(void **state)
{
    (void)state;
    setenv("MPIMOCK_SENDS", "random", 1);
    setenv("MPIMOCK_SEED", "3", 1);
    run_both_ways(STRESS_RANKS, rank_is_stressed);
    unsetenv("MPIMOCK_SENDS");
    unsetenv("MPIMOCK_SEED");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_of_any_size_arrives_with_its_status),
        cmocka_unit_test(messages_of_a_pair_keep_their_order_whatever_their_protocol),
        cmocka_unit_test(data_with_gaps_is_gathered_and_scattered),
        cmocka_unit_test(a_receive_that_is_too_small_is_an_error_and_writes_nothing_behind_it),
        cmocka_unit_test(two_ranks_that_flood_each_other_never_hang),
        cmocka_unit_test(a_rank_can_send_to_itself),
        cmocka_unit_test(a_synchronous_send_waits_until_it_is_matched),
        cmocka_unit_test(proc_null_takes_and_gives_nothing),
        cmocka_unit_test(wrong_arguments_are_refused_by_class),
        cmocka_unit_test(mpi_bottom_with_absolute_addresses_is_no_null_buffer),
        cmocka_unit_test(buffered_sends_use_the_attached_buffer_and_no_more),
        cmocka_unit_test(a_ring_shifts_by_sendrecv),
        cmocka_unit_test(eager_sends_complete_locally_whatever_their_size),
        cmocka_unit_test(random_traffic_arrives_whole_and_in_order),
        cmocka_unit_test(random_traffic_survives_random_sends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
