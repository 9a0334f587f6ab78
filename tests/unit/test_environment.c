/* SPDX-License-Identifier: BSD-2-Clause */
/* test_environment.c: versions, errors in words, clocks, memory and addresses (MPI-3.1 chapter 8). */
#include <string.h>

#include "ranks.h"

static int versions(MPI_Comm comm, void *argument)
{
    (void)argument;
    (void)comm;
    int version, subversion, length;
    char text[MPI_MAX_LIBRARY_VERSION_STRING], name[MPI_MAX_PROCESSOR_NAME];
    CHECK_OK(MPI_Get_version(&version, &subversion));
    CHECK(version == MPI_VERSION && subversion == MPI_SUBVERSION);
    CHECK_OK(MPI_Get_library_version(text, &length));
    CHECK(strncmp(text, "mpimock ", 8) == 0 && strlen(text) == (size_t)length);
    CHECK_OK(MPI_Get_processor_name(name, &length));
    CHECK(length > 0 && strlen(name) == (size_t)length);
    CHECK_OK(MPI_Pcontrol(1, "anything"));
    return 0;
}

static void the_library_says_what_it_is(void **state)
{
    (void)state;
    run_ranks(2, versions, NULL);
}

static int words(MPI_Comm comm, void *argument)
{
    (void)argument;
    MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);
    char text[MPI_MAX_ERROR_STRING];
    int length, class, other, code, found;
    CHECK_OK(MPI_Error_string(MPI_ERR_TRUNCATE, text, &length));
    CHECK(strncmp(text, "MPI_ERR_TRUNCATE", 16) == 0 && strlen(text) == (size_t)length);
    CHECK_OK(MPI_Error_string(MPI_SUCCESS, text, &length));
    CHECK(strncmp(text, "MPI_SUCCESS", 11) == 0);
    CHECK_OK(MPI_Error_class(MPI_ERR_RANK, &found));
    CHECK(found == MPI_ERR_RANK);

    CHECK_OK(MPI_Add_error_class(&class));
    CHECK_OK(MPI_Add_error_class(&other));
    CHECK_OK(MPI_Add_error_code(class, &code));
    CHECK(class > MPI_ERR_LASTCODE && class != other && code != class && code != other);
    CHECK_OK(MPI_Error_class(code, &found));
    CHECK(found == class);
    CHECK_OK(MPI_Error_string(code, text, &length));
    CHECK(length == 0 && text[0] == '\0');
    CHECK_OK(MPI_Add_error_string(code, "the solver diverged"));
    CHECK_OK(MPI_Error_string(code, text, &length));
    CHECK(strcmp(text, "the solver diverged") == 0 && length == 19);
    CHECK_OK(MPI_Add_error_code(MPI_ERR_IO, &code)); /* of a class that was there */
    CHECK_OK(MPI_Error_class(code, &found));
    CHECK(found == MPI_ERR_IO);
    for (int i = 0; i < 100; i++)
        CHECK_OK(MPI_Add_error_code(class, &code));
    CHECK_OK(MPI_Error_class(code, &found));
    CHECK(found == class);

    CHECK_FAILS(MPI_Add_error_code(code, &code), MPI_ERR_ARG); /* a code is no class */
    CHECK_FAILS(MPI_Add_error_string(MPI_ERR_IO, "mine"), MPI_ERR_ARG);
    CHECK_FAILS(MPI_Error_string(code + 1, text, &length), MPI_ERR_ARG);
    CHECK_FAILS(MPI_Error_class(-12345, &found), MPI_ERR_ARG);
    return 0;
}

static void errors_have_words_and_programs_may_add_their_own(void **state)
{
    (void)state;
    run_ranks(2, words, NULL);
}

static int clocks(MPI_Comm comm, void *argument)
{
    (void)argument;
    int rank;
    double mine, before, tick = MPI_Wtick();
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    CHECK(tick > 0 && tick < 1);
    before = MPI_Wtime();
    if (rank == 0) {
        mine = MPI_Wtime();
        CHECK_OK(MPI_Send(&mine, 1, MPI_DOUBLE, 1, 0, comm));
    } else { /* one clock for all: a message arrives after it was sent */
        CHECK_OK(MPI_Recv(&mine, 1, MPI_DOUBLE, 0, 0, comm, MPI_STATUS_IGNORE));
        CHECK(MPI_Wtime() >= mine);
    }
    CHECK(MPI_Wtime() >= before);
    return 0;
}

static void the_clock_is_the_same_on_all_ranks(void **state)
{
    (void)state;
    run_ranks(2, clocks, NULL);
}

static int memory(MPI_Comm comm, void *argument)
{
    (void)argument;
    MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);
    char *data, array[100];
    MPI_Aint a, b;
    CHECK_OK(MPI_Alloc_mem(1000, MPI_INFO_NULL, &data));
    CHECK(((uintptr_t)data & 63) == 0);
    memset(data, 1, 1000);
    CHECK_OK(MPI_Free_mem(data));
    CHECK_OK(MPI_Alloc_mem(0, MPI_INFO_NULL, &data));
    CHECK_OK(MPI_Free_mem(data));
    CHECK_FAILS(MPI_Alloc_mem(-1, MPI_INFO_NULL, &data), MPI_ERR_ARG);
    CHECK_OK(MPI_Get_address(array + 10, &a));
    CHECK_OK(MPI_Get_address(array + 52, &b));
    CHECK(MPI_Aint_diff(b, a) == 42 && MPI_Aint_add(a, 42) == b);
    CHECK_OK(MPI_Get_address(MPI_BOTTOM, &a));
    CHECK(MPI_Aint_diff(b, a) == b);
    return 0;
}

static void memory_and_addresses_are_those_of_c(void **state)
{
    (void)state;
    run_ranks(1, memory, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_library_says_what_it_is),
        cmocka_unit_test(errors_have_words_and_programs_may_add_their_own),
        cmocka_unit_test(the_clock_is_the_same_on_all_ranks),
        cmocka_unit_test(memory_and_addresses_are_those_of_c),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
