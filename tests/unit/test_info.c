/* SPDX-License-Identifier: BSD-2-Clause */
/* test_info.c: info objects keep strings under keys, in order (MPI-3.1 chapter 9). */
#include <string.h>

#include "ranks.h"

static int set_and_get(MPI_Comm comm, void *argument)
{
    (void)argument;
    MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);
    MPI_Info info, copy;
    char value[32], key[MPI_MAX_INFO_KEY];
    int flag, n;
    CHECK_OK(MPI_Info_create(&info));
    CHECK_OK(MPI_Info_set(info, "b", "first"));
    CHECK_OK(MPI_Info_set(info, "a", "second"));
    CHECK_OK(MPI_Info_set(info, "c", "third"));
    CHECK_OK(MPI_Info_set(info, "b", "replaced")); /* keeps its place */
    CHECK_OK(MPI_Info_get_nkeys(info, &n));
    CHECK(n == 3);
    const char *order[] = {"b", "a", "c"};
    for (int i = 0; i < 3; i++) {
        CHECK_OK(MPI_Info_get_nthkey(info, i, key));
        CHECK(strcmp(key, order[i]) == 0);
    }
    CHECK_OK(MPI_Info_get(info, "b", 31, value, &flag));
    CHECK(flag && strcmp(value, "replaced") == 0);
    CHECK_OK(MPI_Info_get(info, "b", 3, value, &flag)); /* three characters and the zero */
    CHECK(flag && strcmp(value, "rep") == 0);
    CHECK_OK(MPI_Info_get_valuelen(info, "b", &n, &flag));
    CHECK(flag && n == 8);
    strcpy(value, "untouched");
    CHECK_OK(MPI_Info_get(info, "missing", 31, value, &flag));
    CHECK(!flag && strcmp(value, "untouched") == 0);

    CHECK_OK(MPI_Info_dup(info, &copy));
    CHECK_OK(MPI_Info_delete(info, "a"));
    CHECK_OK(MPI_Info_get_nkeys(info, &n));
    CHECK(n == 2);
    CHECK_OK(MPI_Info_get_nthkey(info, 1, key));
    CHECK(strcmp(key, "c") == 0);
    CHECK_OK(MPI_Info_get(copy, "a", 31, value, &flag));
    CHECK(flag && strcmp(value, "second") == 0);
    CHECK_OK(MPI_Info_free(&info));
    CHECK_OK(MPI_Info_free(&copy));
    CHECK(info == MPI_INFO_NULL);
    return 0;
}

static void keys_have_an_order_and_copies_their_own_values(void **state)
{
    (void)state;
    run_ranks(1, set_and_get, NULL);
}

static int mistakes(MPI_Comm comm, void *argument)
{
    (void)argument;
    MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);
    MPI_Info info, stale;
    char key[MPI_MAX_INFO_KEY + 2], value[MPI_MAX_INFO_VAL + 2];
    int n;
    memset(key, 'k', sizeof key - 1);
    key[sizeof key - 1] = '\0';
    memset(value, 'v', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    CHECK_OK(MPI_Info_create(&info));
    CHECK_FAILS(MPI_Info_set(info, key, "v"), MPI_ERR_INFO_KEY);
    CHECK_FAILS(MPI_Info_set(info, "", "v"), MPI_ERR_INFO_KEY);
    CHECK_FAILS(MPI_Info_set(info, "k", value), MPI_ERR_INFO_VALUE);
    CHECK_FAILS(MPI_Info_set(info, "k", ""), MPI_ERR_INFO_VALUE);
    CHECK_FAILS(MPI_Info_delete(info, "k"), MPI_ERR_INFO_NOKEY);
    CHECK_FAILS(MPI_Info_get_nthkey(info, 0, key), MPI_ERR_ARG);
    CHECK_FAILS(MPI_Info_get_nkeys(MPI_INFO_NULL, &n), MPI_ERR_INFO);
    stale = info;
    CHECK_OK(MPI_Info_free(&info));
    CHECK_FAILS(MPI_Info_get_nkeys(stale, &n), MPI_ERR_INFO);
    return 0;
}

static void mistakes_are_errors_of_their_class(void **state)
{
    (void)state;
    run_ranks(1, mistakes, NULL);
}

static int environment_info(MPI_Comm comm, void *argument)
{
    (void)argument;
    MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);
    char value[128];
    int flag;
    CHECK_OK(MPI_Info_get(MPI_INFO_ENV, "maxprocs", 127, value, &flag));
    CHECK(flag && strcmp(value, "3") == 0);
    CHECK_OK(MPI_Info_get(MPI_INFO_ENV, "wdir", 127, value, &flag));
    CHECK(flag && value[0] == '/');
    CHECK_FAILS(MPI_Info_set(MPI_INFO_ENV, "maxprocs", "4"), MPI_ERR_INFO);
    MPI_Info info = MPI_INFO_ENV;
    CHECK_FAILS(MPI_Info_free(&info), MPI_ERR_INFO);
    return 0;
}

static void the_environment_can_be_read_and_not_changed(void **state)
{
    (void)state;
    run_ranks(3, environment_info, NULL);
}

static int many_keys(MPI_Comm comm, void *argument)
{
    (void)argument;
    (void)comm;
    MPI_Info info;
    char key[16], value[16], got[16];
    int flag;
    CHECK_OK(MPI_Info_create(&info));
    for (int i = 0; i < 500; i++) {
        snprintf(key, sizeof key, "key%d", i);
        snprintf(value, sizeof value, "%d", i * i);
        CHECK_OK(MPI_Info_set(info, key, value));
    }
    for (int i = 0; i < 500; i += 2) {
        snprintf(key, sizeof key, "key%d", i);
        CHECK_OK(MPI_Info_delete(info, key));
    }
    for (int i = 0; i < 500; i++) {
        snprintf(key, sizeof key, "key%d", i);
        snprintf(value, sizeof value, "%d", i * i);
        CHECK_OK(MPI_Info_get(info, key, 15, got, &flag));
        CHECK(flag == i % 2 && (!flag || strcmp(got, value) == 0));
    }
    return 0; /* never freed: the mock does that */
}

static void many_keys_come_and_go(void **state)
{
    (void)state;
    run_ranks(1, many_keys, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_have_an_order_and_copies_their_own_values),
        cmocka_unit_test(mistakes_are_errors_of_their_class),
        cmocka_unit_test(the_environment_can_be_read_and_not_changed),
        cmocka_unit_test(many_keys_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
