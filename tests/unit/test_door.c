/* SPDX-License-Identifier: BSD-2-Clause */
/* test_door.c: the front door (mpimock/door.c, objects.c, error.c, keyval.c, world.c and the generated entry points)
 * before a backend made for the test: no MPI is initialised, and every handle is a number that nothing looks into.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../../mpimock/door.h"

/* ---- The backend ---- */

#define TEAM       ((MPI_Comm)(uintptr_t)0x10001)
#define FIRST_MADE 0x20000 /* handles of communicators that the backend makes */

static struct {
    MPI_Comm comm;            /* of the last call, as the backend saw it */
    struct mpimock_call call; /* as recorded during that call */
    int calls;                /* that reached the backend */
    int made, freed;          /* communicators */
    int result;               /* what the next MPI_Send or MPI_Wait returns */
    MPI_Comm error_comm;      /* … and to which communicator its error belongs */
    bool call_back;           /* MPI_Send calls MPI_Comm_rank(MPI_COMM_WORLD), as an MPI library does */
    int barriers, unreceived;
    MPI_Comm asked_attribute; /* on which communicator the last attribute was looked up */
    MPI_Request request;      /* that MPI_Isend gives */
    MPI_Comm_copy_attr_function *copy;
    MPI_Comm_delete_attr_function *delete;
    void *extra_state;
    int set_keys[8], key_count;
    bool not_initialized, finalized;
} seen;

static void note(MPI_Comm comm)
{
    seen.comm = comm;
    seen.call = *mpimock_call();
    seen.calls++;
}

static int fake_Comm_rank(MPI_Comm comm, int *rank)
{
    note(comm);
    *rank = comm == TEAM ? 1 : 0;
    return MPI_SUCCESS;
}

static int fake_Comm_size(MPI_Comm comm, int *size)
{
    *size = comm == TEAM ? 4 : 1;
    return MPI_SUCCESS;
}

static int fake_Send(const void *buf, int count, MPI_Datatype datatype, int dest, int tag, MPI_Comm comm)
{
    (void)buf, (void)count, (void)datatype, (void)dest, (void)tag;
    note(comm);
    if (seen.call_back) {
        int rank;
        MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    }
    return seen.result == MPI_ERR_RANK ? mpimock_error(MPI_ERR_RANK, "rank %d in a communicator of 4", dest)
                                       : seen.result;
}

static int fake_Isend(const void *buf, int count, MPI_Datatype datatype, int dest, int tag, MPI_Comm comm,
                      MPI_Request *request)
{
    (void)buf, (void)count, (void)datatype, (void)dest, (void)tag;
    note(comm);
    *request = seen.request;
    return MPI_SUCCESS;
}

static int fake_Wait(MPI_Request *request, MPI_Status *status)
{
    (void)status;
    note(MPI_COMM_NULL);
    *request = MPI_REQUEST_NULL;
    if (seen.result == MPI_SUCCESS)
        return MPI_SUCCESS;
    mpimock_error_comm(seen.error_comm);
    return mpimock_error(seen.result, "4 bytes came, 2 fit");
}

static int fake_Comm_dup(MPI_Comm comm, MPI_Comm *newcomm)
{
    note(comm);
    int flag = 0;
    void *copied;
    for (int i = 0; seen.copy && i < seen.key_count; i++)
        seen.copy(comm, seen.set_keys[i], seen.extra_state, NULL, &copied, &flag);
    *newcomm = (MPI_Comm)(uintptr_t)(FIRST_MADE + seen.made++);
    return MPI_SUCCESS;
}

static int fake_Comm_free(MPI_Comm *comm)
{
    note(*comm);
    *comm = MPI_COMM_NULL;
    seen.freed++;
    return MPI_SUCCESS;
}

static int fake_Comm_compare(MPI_Comm comm1, MPI_Comm comm2, int *result)
{
    *result = comm1 == comm2 ? MPI_IDENT : MPI_CONGRUENT;
    return MPI_SUCCESS;
}

static int fake_Barrier(MPI_Comm comm)
{
    note(comm);
    seen.barriers++;
    return MPI_SUCCESS;
}

static int fake_Iprobe(int source, int tag, MPI_Comm comm, int *flag, MPI_Status *status)
{
    (void)source, (void)tag, (void)comm;
    memset(status, 0, sizeof *status);
    *flag = seen.unreceived > 0;
    return MPI_SUCCESS;
}

static int fake_Get_count(const MPI_Status *status, MPI_Datatype datatype, int *count)
{
    (void)status, (void)datatype;
    *count = 8;
    return MPI_SUCCESS;
}

static int fake_Recv(void *buf, int count, MPI_Datatype datatype, int source, int tag, MPI_Comm comm,
                     MPI_Status *status)
{
    (void)count, (void)datatype, (void)source, (void)tag, (void)comm, (void)status;
    memset(buf, 0, 8);
    seen.unreceived--;
    return MPI_SUCCESS;
}

static int fake_Error_class(int errorcode, int *errorclass)
{
    *errorclass = errorcode;
    return MPI_SUCCESS;
}

static int fake_Error_string(int errorcode, char *string, int *resultlen)
{
    (void)errorcode;
    strcpy(string, "MPI_ERR_X: what the backend says");
    *resultlen = (int)strlen(string);
    return MPI_SUCCESS;
}

static int fake_Comm_get_name(MPI_Comm comm, char *name, int *resultlen)
{
    strcpy(name, comm == TEAM ? "backend's team" : "");
    *resultlen = (int)strlen(name);
    return MPI_SUCCESS;
}

static int fake_Comm_set_name(MPI_Comm comm, const char *name)
{
    (void)name;
    note(comm);
    return MPI_SUCCESS;
}

static int fake_Type_commit(MPI_Datatype *datatype)
{
    (void)datatype;
    note(MPI_COMM_NULL);
    return MPI_SUCCESS;
}

static int fake_Comm_create_keyval(MPI_Comm_copy_attr_function *copy, MPI_Comm_delete_attr_function *delete,
                                   int *keyval, void *extra_state)
{
    static int next_keyval = 1000;
    seen.copy = copy;
    seen.delete = delete;
    seen.extra_state = extra_state;
    *keyval = next_keyval++;
    return MPI_SUCCESS;
}

static int fake_Comm_set_attr(MPI_Comm comm, int keyval, void *value)
{
    (void)value;
    note(comm);
    seen.set_keys[seen.key_count++] = keyval;
    return MPI_SUCCESS;
}

static int fake_Comm_get_attr(MPI_Comm comm, int keyval, void *value, int *flag)
{
    static int answer = 32767;
    (void)keyval;
    seen.asked_attribute = comm;
    *(int **)value = &answer;
    *flag = 1;
    return MPI_SUCCESS;
}

static int fake_Comm_delete_attr(MPI_Comm comm, int keyval)
{
    int error = seen.delete ? seen.delete(comm, keyval, NULL, seen.extra_state) : MPI_SUCCESS;
    if (seen.key_count > 0 && seen.set_keys[seen.key_count - 1] == keyval)
        seen.key_count--;
    return error;
}

static int fake_File_open(MPI_Comm comm, const char *filename, int amode, MPI_Info info, MPI_File *fh)
{
    (void)filename, (void)amode, (void)info;
    note(comm);
    *fh = (MPI_File)(uintptr_t)0x30000;
    return seen.result;
}

static int fake_File_sync(MPI_File fh)
{
    (void)fh;
    return MPI_ERR_IO;
}

static int fake_Init(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    note(MPI_COMM_NULL);
    return MPI_SUCCESS;
}

static int fake_Finalize(void)
{
    return MPI_SUCCESS;
}

static int fake_Initialized(int *flag)
{
    *flag = !seen.not_initialized;
    return MPI_SUCCESS;
}

static int fake_Finalized(int *flag)
{
    *flag = seen.finalized;
    return MPI_SUCCESS;
}

static int fake_Abort(MPI_Comm comm, int errorcode)
{
    (void)errorcode;
    note(comm);
    return MPI_SUCCESS;
}

static const struct mpimock_backend fake = {
    .Comm_rank = fake_Comm_rank,
    .Comm_size = fake_Comm_size,
    .Send = fake_Send,
    .Isend = fake_Isend,
    .Wait = fake_Wait,
    .Comm_dup = fake_Comm_dup,
    .Comm_free = fake_Comm_free,
    .Comm_compare = fake_Comm_compare,
    .Barrier = fake_Barrier,
    .Iprobe = fake_Iprobe,
    .Get_count = fake_Get_count,
    .Recv = fake_Recv,
    .Error_class = fake_Error_class,
    .Error_string = fake_Error_string,
    .Comm_get_name = fake_Comm_get_name,
    .Comm_set_name = fake_Comm_set_name,
    .Type_commit = fake_Type_commit,
    .Comm_create_keyval = fake_Comm_create_keyval,
    .Comm_set_attr = fake_Comm_set_attr,
    .Comm_get_attr = fake_Comm_get_attr,
    .Comm_delete_attr = fake_Comm_delete_attr,
    .File_open = fake_File_open,
    .File_sync = fake_File_sync,
    .Init = fake_Init,
    .Finalize = fake_Finalize,
    .Initialized = fake_Initialized,
    .Finalized = fake_Finalized,
    .Abort = fake_Abort,
};

/* ---- The host ---- */

static struct {
    int fatal_error;
    char text[512];
    MPI_Comm aborted;
    int abort_code;
    jmp_buf *jump; /* where the fatal hook leaves to; NULL: it returns */
} host;

static void on_fatal(int error, const char *text)
{
    host.fatal_error = error;
    snprintf(host.text, sizeof host.text, "%s", text);
    if (host.jump)
        longjmp(*host.jump, 1);
}

static void on_abort(MPI_Comm comm, int code)
{
    host.aborted = comm;
    host.abort_code = code;
}

static int setup(void **unused)
{
    static const struct mpimock_hooks hooks = {.abort = on_abort, .fatal = on_fatal};
    (void)unused;
    memset(&seen, 0, sizeof seen);
    memset(&host, 0, sizeof host);
    mpimock_use(&fake);
    mpimock_hooks_set(&hooks);
    return 0;
}

static int teardown(void **unused)
{
    (void)unused;
    mpimock_world_leave();
    return 0;
}

static void enter(const char *name, MPI_Comm team)
{
    const struct mpimock_world world = {.team = team, .thread_level = MPI_THREAD_SERIALIZED, .name = name};
    assert_int_equal(mpimock_world_enter(&world), 0);
}

static int send_to(int dest, MPI_Comm comm)
{
    int data[3] = {1, 2, 3};
    return MPI_Send(data, 3, MPI_INT, dest, 5, comm);
}

#define assert_comm_equal(a, b) assert_true((a) == (b))

/* ---- MPI_COMM_WORLD ---- */

static void outside_of_worlds_handles_pass_as_they_are(void **unused)
{
    (void)unused;
    int rank;
    assert_int_equal(MPI_Comm_rank(MPI_COMM_WORLD, &rank), MPI_SUCCESS);
    assert_comm_equal(seen.comm, MPI_COMM_WORLD);
    assert_int_equal(MPI_Comm_rank(MPI_COMM_SELF, &rank), MPI_SUCCESS);
    assert_comm_equal(seen.comm, MPI_COMM_SELF);
}

static void in_a_world_the_team_is_mpi_comm_world(void **unused)
{
    (void)unused;
    int rank = -1, result = -1;
    enter("suite.test", TEAM);
    assert_int_equal(MPI_Comm_rank(MPI_COMM_WORLD, &rank), MPI_SUCCESS);
    assert_int_equal(rank, 1);
    assert_comm_equal(seen.comm, TEAM);
    assert_int_equal(MPI_Comm_compare(MPI_COMM_WORLD, MPI_COMM_WORLD, &result), MPI_SUCCESS);
    assert_int_equal(result, MPI_IDENT);
    assert_int_equal(mpimock_world_leave(), 0);
    assert_int_equal(MPI_Comm_rank(MPI_COMM_WORLD, &rank), MPI_SUCCESS);
    assert_comm_equal(seen.comm, MPI_COMM_WORLD);
}

static void a_world_in_which_nothing_happens_asks_the_backend_nothing(void **unused)
{
    (void)unused;
    enter("suite.empty", MPI_COMM_NULL);
    assert_int_equal(mpimock_world_leave(), 0);
    assert_int_equal(seen.calls, 0);
    assert_int_equal(seen.made, 0);
}

static void a_world_without_a_team_duplicates_self_when_first_used_and_frees_it(void **unused)
{
    (void)unused;
    int rank;
    enter("suite.single", MPI_COMM_NULL);
    assert_int_equal(MPI_Comm_rank(MPI_COMM_WORLD, &rank), MPI_SUCCESS);
    MPI_Comm team = seen.comm;
    assert_comm_equal(team, (MPI_Comm)(uintptr_t)FIRST_MADE);
    assert_int_equal(MPI_Comm_rank(MPI_COMM_WORLD, &rank), MPI_SUCCESS);
    assert_comm_equal(seen.comm, team);
    assert_int_equal(MPI_Comm_rank(MPI_COMM_SELF, &rank), MPI_SUCCESS);
    assert_true(seen.comm != team && seen.comm != MPI_COMM_SELF);
    assert_int_equal(seen.made, 2);
    seen.unreceived = 3;
    assert_int_equal(mpimock_world_leave(), 0);
    assert_int_equal(seen.freed, 2);
    assert_int_equal(seen.unreceived, 0);
    assert_int_equal(seen.barriers, 0);
}

static void a_team_of_several_meets_when_it_leaves_and_is_not_freed(void **unused)
{
    (void)unused;
    enter("suite.team", TEAM);
    assert_int_equal(mpimock_world_leave(), 0);
    assert_int_equal(seen.barriers, 1);
    assert_int_equal(seen.freed, 0);
}

static void only_one_world_at_a_time(void **unused)
{
    (void)unused;
    const struct mpimock_world world = {.team = TEAM, .name = "second"};
    enter("first", TEAM);
    assert_int_equal(mpimock_world_enter(&world), -EBUSY);
    assert_int_equal(mpimock_world_leave(), 0);
    assert_int_equal(mpimock_world_leave(), -EINVAL);
}

static void calls_from_inside_mpi_are_not_translated(void **unused)
{
    (void)unused;
    enter("suite.test", TEAM);
    seen.call_back = true;
    assert_int_equal(send_to(0, MPI_COMM_WORLD), MPI_SUCCESS);
    assert_int_equal(seen.calls, 2);
    assert_comm_equal(seen.comm, MPI_COMM_WORLD);
    assert_int_equal(seen.call.function, MPIMOCK_SEND); /* the user's call is still the one recorded */
}

static void the_call_is_recorded_while_it_lasts(void **unused)
{
    (void)unused;
    enter("suite.test", TEAM);
    assert_int_equal(send_to(2, MPI_COMM_WORLD), MPI_SUCCESS);
    assert_int_equal(seen.call.function, MPIMOCK_SEND);
    assert_string_equal(mpimock_function_name(seen.call.function), "MPI_Send");
    assert_string_equal(mpimock_function_peer(seen.call.function), "dest");
    assert_comm_equal(seen.call.comm, MPI_COMM_WORLD);
    assert_int_equal(seen.call.peer, 2);
    assert_int_equal(seen.call.tag, 5);
    assert_int_equal(seen.call.count, 3);
    assert_non_null(seen.call.caller);
    assert_int_equal(mpimock_call()->function, MPIMOCK_NONE);
}

#ifndef MPI_Comm_c2f /* a macro in MPICH */
static MPI_Fint fake_Comm_c2f(MPI_Comm comm)
{
    return comm == TEAM ? 17 : 0;
}

static MPI_Comm fake_Comm_f2c(MPI_Fint comm)
{
    return comm == 17 ? TEAM : MPI_COMM_NULL;
}

static void fortran_gets_the_team_and_gives_back_mpi_comm_world(void **unused)
{
    (void)unused;
    struct mpimock_backend backend = fake;
    backend.Comm_c2f = fake_Comm_c2f;
    backend.Comm_f2c = fake_Comm_f2c;
    mpimock_use(&backend);
    enter("suite.test", TEAM);
    assert_int_equal(MPI_Comm_c2f(MPI_COMM_WORLD), 17);
    assert_comm_equal(MPI_Comm_f2c(17), MPI_COMM_WORLD);
    assert_comm_equal(MPI_Comm_f2c(0), MPI_COMM_NULL);
    assert_int_equal(mpimock_world_leave(), 0);
    mpimock_use(&fake);
}
#endif

/* ---- Errors ---- */

static void a_fatal_error_names_the_call_its_arguments_and_the_reason(void **unused)
{
    (void)unused;
    enter("suite.test", TEAM);
    seen.result = MPI_ERR_RANK;
    assert_int_equal(send_to(7, MPI_COMM_WORLD), MPI_ERR_RANK);
    assert_int_equal(host.fatal_error, MPI_ERR_RANK);
    assert_string_equal(
        host.text, "MPI_Send(count=3, dest=7, tag=5, MPI_COMM_WORLD): MPI_ERR_RANK: rank 7 in a communicator of 4");
}

static void where_the_backend_gives_no_reason_its_own_text_stands_in(void **unused)
{
    (void)unused;
    enter("suite.test", TEAM);
    seen.result = MPI_ERR_INTERN;
    assert_int_equal(send_to(1, MPI_COMM_WORLD), MPI_ERR_INTERN);
    assert_string_equal(host.text, "MPI_Send(count=3, dest=1, tag=5, MPI_COMM_WORLD): MPI_ERR_INTERN: "
                                   "what the backend says");
}

static void null_handles_do_not_reach_the_backend(void **unused)
{
    (void)unused;
    MPI_Datatype type = MPI_DATATYPE_NULL;
    MPI_Comm comm = MPI_COMM_NULL;
    int rank, data = 0;
    enter("suite.test", TEAM);
    assert_int_equal(MPI_Type_commit(&type), MPI_ERR_TYPE);
    assert_string_equal(host.text, "MPI_Type_commit(): MPI_ERR_TYPE: argument datatype is MPI_DATATYPE_NULL");
    assert_int_equal(MPI_Comm_rank(MPI_COMM_NULL, &rank), MPI_ERR_COMM);
    assert_string_equal(host.text, "MPI_Comm_rank(): MPI_ERR_COMM: the communicator is MPI_COMM_NULL");
    assert_int_equal(MPI_Send(&data, 1, MPI_DATATYPE_NULL, 0, 0, MPI_COMM_WORLD), MPI_ERR_TYPE);
    assert_int_equal(MPI_Comm_free(&comm), MPI_ERR_COMM);
    assert_int_equal(seen.calls, 0);
}

static void mpi_comm_world_cannot_be_freed(void **unused)
{
    (void)unused;
    MPI_Comm comm = MPI_COMM_WORLD;
    enter("suite.test", TEAM);
    assert_int_equal(MPI_Comm_free(&comm), MPI_ERR_COMM);
    assert_comm_equal(comm, MPI_COMM_WORLD);
    assert_int_equal(seen.freed, 0);
}

static void errors_return_returns_and_holds_for_children_and_for_this_world_only(void **unused)
{
    (void)unused;
    MPI_Comm child = MPI_COMM_NULL;
    MPI_Errhandler handler = MPI_ERRHANDLER_NULL;
    enter("suite.test", TEAM);
    assert_int_equal(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), MPI_SUCCESS);
    assert_int_equal(MPI_Comm_dup(MPI_COMM_WORLD, &child), MPI_SUCCESS);
    seen.result = MPI_ERR_RANK;
    assert_int_equal(send_to(7, MPI_COMM_WORLD), MPI_ERR_RANK);
    assert_int_equal(send_to(7, child), MPI_ERR_RANK);
    assert_int_equal(host.fatal_error, MPI_SUCCESS);
    assert_int_equal(MPI_Comm_get_errhandler(child, &handler), MPI_SUCCESS);
    assert_true(handler == MPI_ERRORS_RETURN);
    assert_int_equal(MPI_Comm_free(&child), MPI_SUCCESS);
    assert_int_equal(mpimock_world_leave(), 0);
    enter("suite.next", TEAM);
    assert_int_equal(send_to(7, MPI_COMM_WORLD), MPI_ERR_RANK);
    assert_int_equal(host.fatal_error, MPI_ERR_RANK);
}

static struct {
    int calls, code;
    MPI_Comm comm;
    MPI_Comm inner; /* what the backend saw of MPI_COMM_WORLD inside the handler */
} handled;

static void user_handler(MPI_Comm *comm, int *code, ...)
{
    int rank;
    handled.calls++;
    handled.comm = *comm;
    handled.code = *code;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    handled.inner = seen.comm;
}

static void a_handler_of_the_users_sees_mpi_comm_world_and_runs_in_user_code(void **unused)
{
    (void)unused;
    MPI_Errhandler handler = MPI_ERRHANDLER_NULL, got = MPI_ERRHANDLER_NULL;
    memset(&handled, 0, sizeof handled);
    enter("suite.test", TEAM);
    assert_int_equal(MPI_Comm_create_errhandler(user_handler, &handler), MPI_SUCCESS);
    assert_int_equal(MPI_Comm_set_errhandler(MPI_COMM_WORLD, handler), MPI_SUCCESS);
    assert_int_equal(MPI_Comm_get_errhandler(MPI_COMM_WORLD, &got), MPI_SUCCESS);
    assert_true(got == handler);
    assert_int_equal(MPI_Errhandler_free(&got), MPI_SUCCESS);
    assert_int_equal(MPI_Errhandler_free(&handler), MPI_SUCCESS); /* it stays in force */
    assert_true(handler == MPI_ERRHANDLER_NULL);
    seen.result = MPI_ERR_RANK;
    assert_int_equal(send_to(7, MPI_COMM_WORLD), MPI_ERR_RANK);
    assert_int_equal(handled.calls, 1);
    assert_int_equal(handled.code, MPI_ERR_RANK);
    assert_comm_equal(handled.comm, MPI_COMM_WORLD);
    assert_comm_equal(handled.inner, TEAM);
    assert_int_equal(MPI_Comm_call_errhandler(MPI_COMM_WORLD, 42), MPI_SUCCESS);
    assert_int_equal(handled.calls, 2);
    assert_int_equal(handled.code, 42);
    assert_int_equal(host.fatal_error, MPI_SUCCESS);
}

static void file_handler(MPI_File *file, int *code, ...)
{
    (void)file;
    handled.calls++;
    handled.code = *code;
}

static void handlers_of_another_kind_are_refused(void **unused)
{
    (void)unused;
    MPI_Errhandler handler = MPI_ERRHANDLER_NULL;
    enter("suite.test", TEAM);
    assert_int_equal(MPI_File_create_errhandler(file_handler, &handler), MPI_SUCCESS);
    assert_int_equal(MPI_Comm_set_errhandler(MPI_COMM_WORLD, handler), MPI_ERR_ARG);
    assert_non_null(strstr(host.text, "made by MPI_File_create_errhandler"));
    MPI_Errhandler stale = handler;
    assert_int_equal(MPI_Errhandler_free(&handler), MPI_SUCCESS);
    assert_int_equal(MPI_File_set_errhandler(MPI_FILE_NULL, stale), MPI_ERR_ARG);
}

static void files_return_errors_unless_told_otherwise(void **unused)
{
    (void)unused;
    MPI_File file;
    MPI_Errhandler handler = MPI_ERRHANDLER_NULL;
    memset(&handled, 0, sizeof handled);
    enter("suite.test", TEAM);
    assert_int_equal(MPI_File_open(MPI_COMM_WORLD, "f", MPI_MODE_RDONLY, MPI_INFO_NULL, &file), MPI_SUCCESS);
    assert_comm_equal(seen.comm, TEAM);
    assert_int_equal(MPI_File_sync(file), MPI_ERR_IO);
    assert_int_equal(host.fatal_error, MPI_SUCCESS);
    assert_int_equal(MPI_File_set_errhandler(file, MPI_ERRORS_ARE_FATAL), MPI_SUCCESS);
    assert_int_equal(MPI_File_sync(file), MPI_ERR_IO);
    assert_int_equal(host.fatal_error, MPI_ERR_IO);

    assert_int_equal(MPI_File_create_errhandler(file_handler, &handler), MPI_SUCCESS);
    assert_int_equal(MPI_File_set_errhandler(MPI_FILE_NULL, handler), MPI_SUCCESS);
    seen.result = MPI_ERR_NO_SUCH_FILE; /* a file that is not open has the handler of MPI_FILE_NULL */
    assert_int_equal(MPI_File_open(MPI_COMM_WORLD, "g", MPI_MODE_RDONLY, MPI_INFO_NULL, &file), MPI_ERR_NO_SUCH_FILE);
    assert_int_equal(handled.calls, 1);
    seen.result = MPI_SUCCESS; /* … and hands it on to files opened later */
    assert_int_equal(MPI_File_open(MPI_COMM_WORLD, "g", MPI_MODE_RDONLY, MPI_INFO_NULL, &file), MPI_SUCCESS);
    assert_int_equal(MPI_File_sync(file), MPI_ERR_IO);
    assert_int_equal(handled.calls, 2);
    assert_int_equal(MPI_Errhandler_free(&handler), MPI_SUCCESS);
}

static void an_error_of_mpi_wait_goes_to_the_communicator_of_the_request(void **unused)
{
    (void)unused;
    MPI_Comm quiet = MPI_COMM_NULL;
    MPI_Request request = (MPI_Request)(uintptr_t)0x40000;
    enter("suite.test", TEAM);
    assert_int_equal(MPI_Comm_dup(MPI_COMM_WORLD, &quiet), MPI_SUCCESS);
    assert_int_equal(MPI_Comm_set_errhandler(quiet, MPI_ERRORS_RETURN), MPI_SUCCESS);
    seen.result = MPI_ERR_TRUNCATE;
    seen.error_comm = quiet;
    assert_int_equal(MPI_Wait(&request, MPI_STATUS_IGNORE), MPI_ERR_TRUNCATE);
    assert_int_equal(host.fatal_error, MPI_SUCCESS);
    request = (MPI_Request)(uintptr_t)0x40000;
    seen.error_comm = TEAM;
    assert_int_equal(MPI_Wait(&request, MPI_STATUS_IGNORE), MPI_ERR_TRUNCATE);
    assert_string_equal(host.text, "MPI_Wait(): MPI_ERR_TRUNCATE: 4 bytes came, 2 fit");
    assert_int_equal(MPI_Comm_free(&quiet), MPI_SUCCESS);
}

static void without_hooks_a_fatal_error_aborts(void **unused)
{
    (void)unused;
    mpimock_hooks_set(NULL);
    seen.result = MPI_ERR_RANK;
    fflush(stderr);
    assert_int_equal(send_to(7, MPI_COMM_WORLD), MPI_ERR_RANK);
    assert_int_equal(seen.calls, 2); /* MPI_Send and MPI_Abort */
}

static void a_long_jump_out_of_the_fatal_hook_leaves_the_door_in_order(void **unused)
{
    (void)unused;
    jmp_buf here;
    int rank = -1;
    enter("suite.test", TEAM);
    seen.result = MPI_ERR_RANK;
    host.jump = &here;
    if (setjmp(here) == 0) {
        send_to(7, MPI_COMM_WORLD);
        fail_msg("the hook did not jump");
    }
    assert_int_equal(mpimock_world_leave(), 0);
    enter("suite.next", TEAM);
    assert_int_equal(MPI_Comm_rank(MPI_COMM_WORLD, &rank), MPI_SUCCESS);
    assert_comm_equal(seen.comm, TEAM);
}

static void mpi_abort_goes_to_the_host_with_the_users_communicator(void **unused)
{
    (void)unused;
    enter("suite.test", TEAM);
    MPI_Abort(MPI_COMM_WORLD, 3);
    assert_comm_equal(host.aborted, MPI_COMM_WORLD);
    assert_int_equal(host.abort_code, 3);
    assert_int_equal(seen.calls, 0);
}

static void what_the_mock_lacks_says_its_name(void **unused)
{
    (void)unused;
    MPI_Win win;
    int data;
    enter("suite.test", TEAM);
    struct mpimock_backend backend = fake;
    backend.Win_create = mpimock_backend_mock.Win_create;
    mpimock_use(&backend);
    int error = MPI_Win_create(&data, sizeof data, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &win);
    mpimock_use(&fake);
    assert_int_equal(error, MPI_ERR_UNSUPPORTED_OPERATION);
    assert_string_equal(host.text, "MPI_Win_create(MPI_COMM_WORLD): MPI_ERR_UNSUPPORTED_OPERATION: "
                                   "MPI_Win_create is not provided by mpimock");
}

/* ---- Objects of other worlds, and freed ones ---- */

static void a_communicator_of_an_earlier_world_is_refused_by_its_name(void **unused)
{
    (void)unused;
    MPI_Comm kept = MPI_COMM_NULL;
    int rank;
    size_t before = mpimock_worlds_kept();
    enter("halo.ring", TEAM);
    assert_int_equal(MPI_Comm_dup(MPI_COMM_WORLD, &kept), MPI_SUCCESS);
    assert_int_equal(MPI_Comm_rank(kept, &rank), MPI_SUCCESS);
    assert_int_equal(mpimock_world_leave(), 0);
    assert_int_equal(mpimock_worlds_kept() - before, 1);
    enter("halo.next", TEAM);
    int calls = seen.calls;
    assert_int_equal(MPI_Comm_rank(kept, &rank), MPI_ERR_COMM);
    assert_int_equal(seen.calls, calls);
    assert_string_equal(host.text,
                        "MPI_Comm_rank(a communicator): MPI_ERR_COMM: this communicator was made in halo.ring; "
                        "it does not exist here");
}

static void a_freed_communicator_is_refused_until_its_handle_is_given_out_again(void **unused)
{
    (void)unused;
    MPI_Comm comm = MPI_COMM_NULL, again = MPI_COMM_NULL;
    int rank;
    enter("suite.test", TEAM);
    assert_int_equal(MPI_Comm_dup(MPI_COMM_WORLD, &comm), MPI_SUCCESS);
    MPI_Comm stale = comm;
    assert_int_equal(MPI_Comm_rank(stale, &rank), MPI_SUCCESS);
    assert_int_equal(MPI_Comm_free(&comm), MPI_SUCCESS);
    assert_comm_equal(comm, MPI_COMM_NULL);
    assert_int_equal(MPI_Comm_rank(stale, &rank), MPI_ERR_COMM);
    assert_non_null(strstr(host.text, "was freed"));
    seen.made--;
    assert_int_equal(MPI_Comm_dup(MPI_COMM_WORLD, &again), MPI_SUCCESS);
    assert_comm_equal(again, stale);
    assert_int_equal(MPI_Comm_rank(again, &rank), MPI_SUCCESS);
    assert_int_equal(MPI_Comm_free(&again), MPI_SUCCESS);
}

static void a_thousand_communicators_are_told_apart(void **unused)
{
    (void)unused;
    static MPI_Comm comms[3000];
    int rank;
    size_t before = mpimock_worlds_kept();
    enter("suite.many", TEAM);
    for (size_t i = 0; i < 3000; i++)
        assert_int_equal(MPI_Comm_dup(MPI_COMM_WORLD, &comms[i]), MPI_SUCCESS);
    for (size_t i = 0; i < 3000; i += 2) {
        MPI_Comm comm = comms[i];
        assert_int_equal(MPI_Comm_free(&comm), MPI_SUCCESS);
    }
    for (size_t i = 2400; i < 3000; i++) /* the marks of earlier ones may have been dropped */
        assert_int_equal(MPI_Comm_rank(comms[i], &rank), i % 2 ? MPI_SUCCESS : MPI_ERR_COMM);
    assert_int_equal(mpimock_world_leave(), 0);
    assert_int_equal(mpimock_worlds_kept() - before, 1500);
}

static void pending_requests_keep_the_private_duplicates(void **unused)
{
    (void)unused;
    MPI_Request requests[2];
    int data = 0;
    size_t before = mpimock_worlds_kept();
    enter("suite.test", MPI_COMM_NULL);
    seen.request = (MPI_Request)(uintptr_t)0x40000;
    assert_int_equal(MPI_Isend(&data, 1, MPI_INT, 0, 0, MPI_COMM_WORLD, &requests[0]), MPI_SUCCESS);
    assert_int_equal(MPI_Isend(&data, 1, MPI_INT, 0, 0, MPI_COMM_WORLD, &requests[1]), MPI_SUCCESS);
    assert_int_equal(MPI_Wait(&requests[0], MPI_STATUS_IGNORE), MPI_SUCCESS);
    assert_int_equal(mpimock_world_leave(), 1);
    assert_int_equal(seen.freed, 0);
    assert_int_equal(mpimock_worlds_kept() - before, 1);
    enter("suite.next", MPI_COMM_NULL);
    assert_int_equal(mpimock_world_leave(), 0);
}

/* ---- MPI_Init to MPI_Finalize ---- */

static void in_a_world_mpi_is_initialised_and_may_be_initialised_once_more(void **unused)
{
    (void)unused;
    int flag = 0, provided = -1;
    seen.not_initialized = true;
    enter("suite.test", TEAM);
    assert_int_equal(MPI_Initialized(&flag), MPI_SUCCESS);
    assert_true(flag);
    assert_int_equal(MPI_Init_thread(NULL, NULL, MPI_THREAD_MULTIPLE, &provided), MPI_SUCCESS);
    assert_int_equal(provided, MPI_THREAD_SERIALIZED); /* the world's limit */
    assert_int_equal(MPI_Query_thread(&provided), MPI_SUCCESS);
    assert_int_equal(provided, MPI_THREAD_SERIALIZED);
    assert_int_equal(MPI_Is_thread_main(&flag), MPI_SUCCESS);
    assert_true(flag);
    assert_int_equal(seen.calls, 0);
    assert_int_equal(MPI_Init(NULL, NULL), MPI_ERR_OTHER);
    assert_non_null(strstr(host.text, "MPI_Init()"));
    assert_int_equal(mpimock_world_leave(), 0);
    assert_int_equal(MPI_Initialized(&flag), MPI_SUCCESS);
    assert_false(flag); /* as the backend says */
}

static void outside_of_worlds_calls_before_init_and_after_finalize_are_errors(void **unused)
{
    (void)unused;
    int rank;
    seen.not_initialized = true;
    assert_int_equal(MPI_Comm_rank(MPI_COMM_WORLD, &rank), MPI_ERR_OTHER);
    assert_non_null(strstr(host.text, "called before MPI_Init"));
    assert_int_equal(seen.calls, 0);
    assert_int_equal(MPI_Init(NULL, NULL), MPI_SUCCESS);
    assert_int_equal(seen.calls, 1);
    seen.not_initialized = false;
    assert_int_equal(MPI_Comm_rank(MPI_COMM_WORLD, &rank), MPI_SUCCESS);
    assert_int_equal(MPI_Finalize(), MPI_SUCCESS);
    seen.finalized = true;
    assert_int_equal(MPI_Comm_rank(MPI_COMM_WORLD, &rank), MPI_ERR_OTHER);
    assert_non_null(strstr(host.text, "called after MPI_Finalize"));
}

static int deleted[4], deletions;
static MPI_Comm deleted_on, rank_inside;

static int user_delete(MPI_Comm comm, int keyval, void *value, void *extra_state)
{
    (void)value, (void)extra_state;
    int rank;
    deleted[deletions++ % 4] = keyval;
    deleted_on = comm;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    rank_inside = seen.comm;
    return MPI_SUCCESS;
}

static void finalize_deletes_selfs_attributes_last_first_and_closes_the_world(void **unused)
{
    (void)unused;
    int first, second, flag = 0, rank;
    deletions = 0;
    enter("suite.test", TEAM);
    assert_int_equal(MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, user_delete, &first, NULL), MPI_SUCCESS);
    assert_int_equal(MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, user_delete, &second, NULL), MPI_SUCCESS);
    assert_int_equal(MPI_Comm_set_attr(MPI_COMM_SELF, first, NULL), MPI_SUCCESS);
    assert_int_equal(MPI_Comm_set_attr(MPI_COMM_SELF, second, NULL), MPI_SUCCESS);
    assert_int_equal(MPI_Finalize(), MPI_SUCCESS);
    assert_int_equal(deletions, 2);
    assert_int_equal(deleted[0], second);
    assert_int_equal(deleted[1], first);
    assert_comm_equal(deleted_on, MPI_COMM_SELF);
    assert_comm_equal(rank_inside, TEAM);
    assert_int_equal(seen.barriers, 1);
    assert_int_equal(MPI_Finalized(&flag), MPI_SUCCESS);
    assert_true(flag);
    assert_int_equal(MPI_Comm_rank(MPI_COMM_WORLD, &rank), MPI_ERR_OTHER);
    assert_string_equal(host.text, "MPI_Comm_rank(MPI_COMM_WORLD): MPI_ERR_OTHER: called after MPI_Finalize");
    assert_int_equal(MPI_Finalize(), MPI_ERR_OTHER);
    assert_int_equal(mpimock_world_leave(), 0);
    assert_int_equal(deletions, 2);
    enter("suite.next", TEAM);
    assert_int_equal(MPI_Comm_rank(MPI_COMM_WORLD, &rank), MPI_SUCCESS);
}

static void leaving_a_world_deletes_attributes_that_finalize_did_not(void **unused)
{
    (void)unused;
    int keyval, other;
    deletions = 0;
    enter("suite.test", TEAM);
    assert_int_equal(MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, user_delete, &keyval, NULL), MPI_SUCCESS);
    assert_int_equal(MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, user_delete, &other, NULL), MPI_SUCCESS);
    assert_int_equal(MPI_Comm_set_attr(MPI_COMM_WORLD, keyval, NULL), MPI_SUCCESS);
    assert_int_equal(MPI_Comm_set_attr(MPI_COMM_WORLD, other, NULL), MPI_SUCCESS);
    assert_int_equal(MPI_Comm_delete_attr(MPI_COMM_WORLD, other), MPI_SUCCESS);
    assert_int_equal(deletions, 1);
    assert_comm_equal(deleted_on, MPI_COMM_WORLD);
    assert_int_equal(mpimock_world_leave(), 0);
    assert_int_equal(deletions, 2);
    assert_int_equal(deleted[1], keyval);
}

static int user_copy(MPI_Comm comm, int keyval, void *extra_state, void *in, void *out, int *flag)
{
    (void)keyval, (void)in, (void)out;
    *(MPI_Comm *)extra_state = comm;
    *flag = 0;
    return MPI_SUCCESS;
}

static void copy_functions_see_mpi_comm_world(void **unused)
{
    (void)unused;
    MPI_Comm copied_from = MPI_COMM_NULL, child = MPI_COMM_NULL;
    int keyval;
    enter("suite.test", TEAM);
    assert_int_equal(MPI_Comm_create_keyval(user_copy, MPI_COMM_NULL_DELETE_FN, &keyval, &copied_from), MPI_SUCCESS);
    assert_int_equal(MPI_Comm_set_attr(MPI_COMM_WORLD, keyval, NULL), MPI_SUCCESS);
    assert_comm_equal(seen.comm, TEAM);
    assert_int_equal(MPI_Comm_dup(MPI_COMM_WORLD, &child), MPI_SUCCESS);
    assert_comm_equal(copied_from, MPI_COMM_WORLD);
    assert_int_equal(MPI_Comm_free(&child), MPI_SUCCESS);
}

static void predefined_attributes_answer_as_for_the_real_world(void **unused)
{
    (void)unused;
    int *value, flag = 0, own;
    enter("suite.test", TEAM);
    assert_int_equal(MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_TAG_UB, &value, &flag), MPI_SUCCESS);
    assert_comm_equal(seen.asked_attribute, MPI_COMM_WORLD);
    assert_true(flag);
    assert_int_equal(MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, MPI_COMM_NULL_DELETE_FN, &own, NULL), MPI_SUCCESS);
    assert_int_equal(MPI_Comm_get_attr(MPI_COMM_WORLD, own, &value, &flag), MPI_SUCCESS);
    assert_comm_equal(seen.asked_attribute, TEAM);
    assert_int_equal(MPI_Comm_set_attr(MPI_COMM_WORLD, MPI_TAG_UB, NULL), MPI_ERR_KEYVAL);
}

static void mpi_comm_world_has_its_usual_name_in_every_world(void **unused)
{
    (void)unused;
    char name[MPI_MAX_OBJECT_NAME] = "";
    int length = 0;
    enter("suite.test", TEAM);
    assert_int_equal(MPI_Comm_get_name(MPI_COMM_WORLD, name, &length), MPI_SUCCESS);
    assert_string_equal(name, "MPI_COMM_WORLD");
    assert_int_equal(length, 14);
    assert_int_equal(MPI_Comm_set_name(MPI_COMM_WORLD, "mine"), MPI_SUCCESS);
    assert_comm_equal(seen.comm, TEAM);
    assert_int_equal(MPI_Comm_get_name(MPI_COMM_WORLD, name, &length), MPI_SUCCESS);
    assert_string_equal(name, "backend's team"); /* asked, now that it was set */
    assert_int_equal(mpimock_world_leave(), 0);
    enter("suite.next", TEAM);
    assert_int_equal(MPI_Comm_get_name(MPI_COMM_WORLD, name, &length), MPI_SUCCESS);
    assert_string_equal(name, "MPI_COMM_WORLD");
}

static void the_door_is_open_in_this_program(void **unused)
{
    (void)unused;
    const char *culprit = "nobody";
    assert_true(mpimock_door_is_open(&culprit));
    assert_string_equal(culprit, "nobody");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(outside_of_worlds_handles_pass_as_they_are),
        TEST(in_a_world_the_team_is_mpi_comm_world),
        TEST(a_world_in_which_nothing_happens_asks_the_backend_nothing),
        TEST(a_world_without_a_team_duplicates_self_when_first_used_and_frees_it),
        TEST(a_team_of_several_meets_when_it_leaves_and_is_not_freed),
        TEST(only_one_world_at_a_time),
        TEST(calls_from_inside_mpi_are_not_translated),
        TEST(the_call_is_recorded_while_it_lasts),
#ifndef MPI_Comm_c2f
        TEST(fortran_gets_the_team_and_gives_back_mpi_comm_world),
#endif
        TEST(a_fatal_error_names_the_call_its_arguments_and_the_reason),
        TEST(where_the_backend_gives_no_reason_its_own_text_stands_in),
        TEST(null_handles_do_not_reach_the_backend),
        TEST(mpi_comm_world_cannot_be_freed),
        TEST(errors_return_returns_and_holds_for_children_and_for_this_world_only),
        TEST(a_handler_of_the_users_sees_mpi_comm_world_and_runs_in_user_code),
        TEST(handlers_of_another_kind_are_refused),
        TEST(files_return_errors_unless_told_otherwise),
        TEST(an_error_of_mpi_wait_goes_to_the_communicator_of_the_request),
        TEST(without_hooks_a_fatal_error_aborts),
        TEST(a_long_jump_out_of_the_fatal_hook_leaves_the_door_in_order),
        TEST(mpi_abort_goes_to_the_host_with_the_users_communicator),
        TEST(what_the_mock_lacks_says_its_name),
        TEST(a_communicator_of_an_earlier_world_is_refused_by_its_name),
        TEST(a_freed_communicator_is_refused_until_its_handle_is_given_out_again),
        TEST(a_thousand_communicators_are_told_apart),
        TEST(pending_requests_keep_the_private_duplicates),
        TEST(in_a_world_mpi_is_initialised_and_may_be_initialised_once_more),
        TEST(outside_of_worlds_calls_before_init_and_after_finalize_are_errors),
        TEST(finalize_deletes_selfs_attributes_last_first_and_closes_the_world),
        TEST(leaving_a_world_deletes_attributes_that_finalize_did_not),
        TEST(copy_functions_see_mpi_comm_world),
        TEST(predefined_attributes_answer_as_for_the_real_world),
        TEST(mpi_comm_world_has_its_usual_name_in_every_world),
        TEST(the_door_is_open_in_this_program),
    };
    return cmocka_run_group_tests_name("door", tests, NULL, NULL);
}
