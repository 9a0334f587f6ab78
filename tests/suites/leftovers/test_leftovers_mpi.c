/* SPDX-License-Identifier: BSD-2-Clause */
/* test_leftovers_mpi.c: objects of MPI's that are never freed, requests, messages; with the same rules as test_leftovers.c. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <mpirun_tests.h>

MRT_SUITE(leftovers_mpi, .timeout = 30.0);

__attribute__((noinline)) static MPI_Comm setup_halo(void)
{
    MPI_Comm comm;
    MPI_Comm_split(MPI_COMM_WORLD, 0, 0, &comm);
    return comm;
}

MRT_TEST(leaves_communicator, .np = 2, .tags = "a+communicator+from+MPI_Comm_split+in+setup_halo()")
{
    setup_halo();
}
MRT_TEST(passes_with_communicator_freed, .np = 2)
{
    MPI_Comm comm = setup_halo();
    MPI_Comm_free(&comm);
}
MRT_TEST(leaves_many_communicators, .tags = "20+communicators+from+MPI_Comm_dup were+never+freed")
{
    MPI_Comm comm;
    for (int i = 0; i < 20; i++)
        MPI_Comm_dup(MPI_COMM_WORLD, &comm);
}
MRT_TEST(leaves_messages_of_many_kinds, .np = 2, .tags = "a+message+from+rank+1,+tag+7, and+12+more+messages")
{
    int rank, value = 0;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    for (int tag = 0; tag <= 20 && rank == 1; tag++)
        MPI_Send(&value, 1, MPI_INT, 0, tag, MPI_COMM_WORLD);
    if (rank == 0)
        MPI_Recv(&value, 1, MPI_INT, 1, 20, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}
MRT_TEST(leaves_datatype, .tags = "a+datatype+from+MPI_Type_contiguous")
{
    MPI_Datatype type, other;
    MPI_Type_contiguous(3, MPI_INT, &type);
    MPI_Type_commit(&type);
    MPI_Type_vector(2, 1, 3, type, &other);
    MPI_Type_free(&other);
}
MRT_TEST(leaves_group, .tags = "a+group+from+MPI_Comm_group")
{
    MPI_Group group, same, empty;
    MPI_Comm_group(MPI_COMM_WORLD, &group);
    MPI_Comm_group(MPI_COMM_WORLD, &same); /* perhaps the same handle */
    MPI_Group_incl(group, 0, NULL, &empty); /* MPI_GROUP_EMPTY, or one like it */
    if (empty != MPI_GROUP_EMPTY)
        MPI_Group_free(&empty);
    MPI_Group_free(&same);
}
static void add(void *in, void *inout, int *count, MPI_Datatype *type)
{
    (void)type;
    for (int i = 0; i < *count; i++)
        ((int *)inout)[i] += ((int *)in)[i];
}
MRT_TEST(leaves_operation, .tags = "an+operation+from+MPI_Op_create")
{
    MPI_Op op;
    MPI_Op_create(add, 1, &op);
}
MRT_TEST(leaves_info, .tags = "an+info+object+from+MPI_Info_create")
{
    MPI_Info info, copy;
    MPI_Info_create(&info);
    MPI_Info_dup(info, &copy);
    MPI_Info_free(&copy);
}
static void handle(MPI_Comm *comm, int *error, ...)
{
    (void)comm, (void)error;
}
MRT_TEST(leaves_error_handler, .tags = "an+error+handler+from+MPI_Comm_create_errhandler")
{
    MPI_Errhandler handler, got;
    MPI_Comm_create_errhandler(handle, &handler);
    MPI_Comm_get_errhandler(MPI_COMM_WORLD, &got);
}
MRT_TEST(leaves_key, .tags = "a+key+for+attributes+from+MPI_Comm_create_keyval")
{
    int key, other;
    MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, MPI_COMM_NULL_DELETE_FN, &key, NULL);
    MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, MPI_COMM_NULL_DELETE_FN, &other, NULL);
    MPI_Comm_free_keyval(&other);
}
MRT_TEST(leaves_file, .tags = "a+file+from+MPI_File_open")
{
    MPI_File file;
    char name[] = "/tmp/mrt-leftover-XXXXXX";
    int descriptor = mkstemp(name);
    assert_true(descriptor >= 0);
    close(descriptor);
    assert_int_equal(MPI_File_open(MPI_COMM_SELF, name, MPI_MODE_RDWR | MPI_MODE_DELETE_ON_CLOSE, MPI_INFO_NULL, &file), MPI_SUCCESS);
    unlink(name);
}
MRT_TEST(leaves_persistent_request, .tags = "a+persistent+request+from+MPI_Recv_init was+never+freed")
{
    static int value;
    MPI_Request request;
    MPI_Recv_init(&value, 1, MPI_INT, MPI_PROC_NULL, 0, MPI_COMM_SELF, &request);
}
MRT_TEST(leaves_request, .tags = "a+request+from+MPI_Irecv was+never+completed")
{
    static int value;
    MPI_Request request;
    MPI_Irecv(&value, 1, MPI_INT, 0, 3, MPI_COMM_SELF, &request);
}
MRT_TEST(passes_with_requests_completed, .np = 2)
{
    enum { MANY = 100 };
    int values[2][MANY], rank;
    MPI_Request requests[2 * MANY];
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    for (int round = 0; round < 3; round++) {
        int count = round == 0 ? MANY : 10, done;
        for (int i = 0; i < count; i++) {
            MPI_Irecv(&values[0][i], 1, MPI_INT, 1 - rank, i, MPI_COMM_WORLD, &requests[2 * i]);
            values[1][i] = i;
            MPI_Isend(&values[1][i], 1, MPI_INT, 1 - rank, i, MPI_COMM_WORLD, &requests[2 * i + 1]);
        }
        if (round == 0)
            MPI_Waitall(2 * count, requests, MPI_STATUSES_IGNORE);
        for (int i = 0; round == 1 && i < 2 * count; i++)
            MPI_Waitany(2 * count, requests, &done, MPI_STATUS_IGNORE);
        for (int i = 0; round == 2 && i < 2 * count; i++)
            MPI_Wait(&requests[i], MPI_STATUS_IGNORE);
    }
}
MRT_TEST(leaves_message, .np = 2, .tags = "a+message+from+rank+1,+tag+7,+4+bytes+was+never+received")
{
    int rank, value = 1;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank == 1) {
        MPI_Send(&value, 1, MPI_INT, 0, 7, MPI_COMM_WORLD);
        MPI_Send(&value, 1, MPI_INT, 0, 8, MPI_COMM_WORLD);
    } else {
        MPI_Recv(&value, 1, MPI_INT, 1, 8, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
}
MRT_TEST(passes_with_messages_received, .np = 2)
{
    int rank, value = 1;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Sendrecv_replace(&value, 1, MPI_INT, 1 - rank, 7, 1 - rank, 7, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Allreduce(MPI_IN_PLACE, &value, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
}
MRT_TEST(leaves_buffer, .tags = "a+buffer+from+MPI_Buffer_attach")
{
    static char buffer[4096];
    assert_int_equal(MPI_Buffer_attach(buffer, sizeof buffer), MPI_SUCCESS);
}
MRT_TEST(fails_with_objects, .np = 2)
{
    setup_halo();
    fail();
}
MRT_TEST(passes_last, .np = 2)
{
    MPI_Barrier(MPI_COMM_WORLD);
}
