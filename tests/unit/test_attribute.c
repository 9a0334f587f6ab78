/* SPDX-License-Identifier: BSD-2-Clause */
/* test_attribute.c: attributes are copied, deleted and told apart as MPI-3.1 §6.7 says. */
#include <limits.h>
#include <string.h>

#include "ranks.h"

/* What the callbacks of a test saw, in order. */
static struct {
    int n;
    struct {
        char what; /* 'c' copy, 'd' delete */
        MPI_Comm comm;
        int keyval;
        void *value, *extra;
    } event[32];
    int copy_fails, delete_fails; /* with that code */
    int copy_flag;
} seen;

static void note(char what, MPI_Comm comm, int keyval, void *value, void *extra)
{
    if (seen.n < 32) {
        seen.event[seen.n].what = what;
        seen.event[seen.n].comm = comm;
        seen.event[seen.n].keyval = keyval;
        seen.event[seen.n].value = value;
        seen.event[seen.n].extra = extra;
    }
    seen.n++;
}

static int copy(MPI_Comm comm, int keyval, void *extra, void *in, void *out, int *flag)
{
    note('c', comm, keyval, in, extra);
    *(void **)out = (char *)in + 1;
    *flag = seen.copy_flag;
    return seen.copy_fails;
}

static int delete (MPI_Comm comm, int keyval, void *value, void *extra)
{
    note('d', comm, keyval, value, extra);
    return seen.delete_fails;
}

static char bytes[8];

static int life(MPI_Comm world, void *argument)
{
    (void)argument;
    MPI_Comm comm, dup;
    int keyval, flag, extra;
    void *value;
    CHECK_OK(MPI_Comm_dup(world, &comm));
    CHECK_OK(MPI_Comm_create_keyval(copy, delete, &keyval, &extra));
    CHECK(keyval != MPI_KEYVAL_INVALID);
    CHECK_OK(MPI_Comm_get_attr(comm, keyval, &value, &flag));
    CHECK(!flag);
    CHECK_OK(MPI_Comm_set_attr(comm, keyval, bytes));
    CHECK_OK(MPI_Comm_get_attr(comm, keyval, &value, &flag));
    CHECK(flag && value == bytes && seen.n == 0);
    CHECK_OK(MPI_Comm_set_attr(comm, keyval, bytes + 4)); /* deletes the first value */
    CHECK(seen.n == 1 && seen.event[0].what == 'd' && seen.event[0].value == bytes && seen.event[0].extra == &extra);

    seen.copy_flag = 1;
    CHECK_OK(MPI_Comm_dup(comm, &dup));
    CHECK(seen.n == 2 && seen.event[1].what == 'c' && seen.event[1].value == bytes + 4 && seen.event[1].comm == comm);
    CHECK_OK(MPI_Comm_get_attr(dup, keyval, &value, &flag));
    CHECK(flag && value == bytes + 5);
    CHECK_OK(MPI_Comm_free(&dup));
    CHECK(seen.n == 3 && seen.event[2].what == 'd' && seen.event[2].value == bytes + 5);

    seen.copy_flag = 0;
    CHECK_OK(MPI_Comm_dup(comm, &dup));
    CHECK_OK(MPI_Comm_get_attr(dup, keyval, &value, &flag));
    CHECK(!flag);
    CHECK_OK(MPI_Comm_free(&dup));
    CHECK(seen.n == 4);

    int freed = keyval;
    CHECK_OK(MPI_Comm_free_keyval(&freed)); /* lives on in the attribute */
    CHECK(freed == MPI_KEYVAL_INVALID);
    CHECK_OK(MPI_Comm_free(&comm));
    CHECK(seen.n == 5 && seen.event[4].what == 'd' && seen.event[4].value == bytes + 4 &&
          seen.event[4].keyval == keyval);
    return 0;
}

static void values_are_copied_with_the_communicator_and_deleted_with_it(void **state)
{
    (void)state;
    run_ranks(2, life, NULL);
}

static int order(MPI_Comm world, void *argument)
{
    (void)argument;
    MPI_Comm comm, dup;
    int keys[4];
    CHECK_OK(MPI_Comm_dup(world, &comm));
    for (int i = 0; i < 4; i++) {
        CHECK_OK(MPI_Comm_create_keyval(copy, delete, &keys[i], NULL));
        CHECK_OK(MPI_Comm_set_attr(comm, keys[i], bytes + i));
    }
    seen.copy_flag = 1;
    CHECK_OK(MPI_Comm_dup(comm, &dup));
    seen.n = 0;
    CHECK_OK(MPI_Comm_free(&dup));
    CHECK_OK(MPI_Comm_free(&comm));
    CHECK(seen.n == 8);
    for (int i = 0; i < 8; i++)
        CHECK(seen.event[i].keyval == keys[3 - i % 4]);
    for (int i = 0; i < 4; i++)
        CHECK_OK(MPI_Comm_free_keyval(&keys[i]));
    return 0;
}

static void the_last_one_set_is_the_first_one_deleted(void **state)
{
    (void)state;
    run_ranks(1, order, NULL);
}

static int refusal(MPI_Comm world, void *argument)
{
    (void)argument;
    MPI_Comm comm, dup = MPI_COMM_NULL, stale;
    int keyval, flag;
    void *value;
    MPI_Comm_set_errhandler(world, MPI_ERRORS_RETURN);
    CHECK_OK(MPI_Comm_dup(world, &comm));
    CHECK_OK(MPI_Comm_create_keyval(copy, delete, &keyval, NULL));
    CHECK_OK(MPI_Comm_set_attr(comm, keyval, bytes));
    seen.copy_flag = 1;
    seen.copy_fails = MPI_ERR_OTHER;
    CHECK_FAILS(MPI_Comm_dup(comm, &dup), MPI_ERR_OTHER);
    seen.copy_fails = MPI_SUCCESS;
    seen.delete_fails = MPI_ERR_INTERN;
    CHECK_FAILS(MPI_Comm_delete_attr(comm, keyval), MPI_ERR_INTERN);
    CHECK_FAILS(MPI_Comm_set_attr(comm, keyval, bytes + 1), MPI_ERR_INTERN);
    stale = comm;
    CHECK_FAILS(MPI_Comm_free(&stale), MPI_ERR_INTERN);
    CHECK_OK(MPI_Comm_get_attr(comm, keyval, &value, &flag)); /* all as before */
    CHECK(flag && value == bytes);
    seen.delete_fails = MPI_SUCCESS;
    CHECK_OK(MPI_Comm_delete_attr(comm, keyval));
    CHECK_FAILS(MPI_Comm_delete_attr(comm, keyval), MPI_ERR_KEYVAL);
    CHECK_OK(MPI_Comm_free_keyval(&keyval));
    CHECK_FAILS(MPI_Comm_free_keyval(&keyval), MPI_ERR_KEYVAL);
    CHECK_FAILS(MPI_Comm_get_attr(comm, keyval, &value, &flag), MPI_ERR_KEYVAL);
    CHECK_OK(MPI_Comm_free(&comm));
    return 0;
}

static void a_callback_that_refuses_leaves_all_as_it_was(void **state)
{
    (void)state;
    run_ranks(2, refusal, NULL);
}

static int constants(MPI_Comm world, void *argument)
{
    (void)argument;
    MPI_Comm dup;
    int kept, lost, flag;
    void *value;
    CHECK_OK(MPI_Comm_create_keyval(MPI_COMM_DUP_FN, MPI_COMM_NULL_DELETE_FN, &kept, NULL));
    CHECK_OK(MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, MPI_COMM_NULL_DELETE_FN, &lost, NULL));
    CHECK_OK(MPI_Comm_set_attr(world, kept, bytes));
    CHECK_OK(MPI_Comm_set_attr(world, lost, bytes));
    CHECK_OK(MPI_Comm_dup(world, &dup));
    CHECK_OK(MPI_Comm_get_attr(dup, kept, &value, &flag));
    CHECK(flag && value == bytes);
    CHECK_OK(MPI_Comm_get_attr(dup, lost, &value, &flag));
    CHECK(!flag);
    CHECK_OK(MPI_Comm_free(&dup));
    return 0;
}

static void the_constants_copy_the_value_or_nothing(void **state)
{
    (void)state;
    run_ranks(2, constants, NULL);
}

static int predefined(MPI_Comm world, void *argument)
{
    (void)argument;
    int *value, flag, size, class;
    MPI_Comm_set_errhandler(world, MPI_ERRORS_RETURN);
    CHECK_OK(MPI_Comm_get_attr(world, MPI_TAG_UB, &value, &flag));
    CHECK(flag && *value >= 32767);
    CHECK_OK(MPI_Comm_get_attr(world, MPI_UNIVERSE_SIZE, &value, &flag));
    CHECK_OK(MPI_Comm_size(world, &size));
    CHECK(flag && *value == size);
    CHECK_OK(MPI_Comm_get_attr(world, MPI_WTIME_IS_GLOBAL, &value, &flag));
    CHECK(flag && *value == 1);
    CHECK_OK(MPI_Comm_get_attr(world, MPI_IO, &value, &flag));
    CHECK(flag && *value == MPI_ANY_SOURCE);
    CHECK_OK(MPI_Comm_get_attr(world, MPI_HOST, &value, &flag));
    CHECK(flag && *value == MPI_PROC_NULL);
    CHECK_OK(MPI_Comm_get_attr(world, MPI_LASTUSEDCODE, &value, &flag));
    CHECK(flag && *value == MPI_ERR_LASTCODE);
    CHECK_OK(MPI_Add_error_class(&class));
    CHECK_OK(MPI_Comm_get_attr(world, MPI_LASTUSEDCODE, &value, &flag));
    CHECK(flag && *value == class && class > MPI_ERR_LASTCODE);
    CHECK_FAILS(MPI_Comm_set_attr(world, MPI_TAG_UB, &size), MPI_ERR_KEYVAL);
    CHECK_FAILS(MPI_Comm_delete_attr(world, MPI_TAG_UB), MPI_ERR_KEYVAL);
    return 0;
}

static void the_predefined_attributes_tell_about_the_mock(void **state)
{
    (void)state;
    run_ranks(3, predefined, NULL);
}

/* MPI_Finalize deletes what MPI_COMM_SELF has (§8.7.1); the callback tells by the process's status. */
static int end_with(MPI_Comm comm, int keyval, void *value, void *extra)
{
    (void)comm;
    (void)keyval;
    (void)extra;
    *(int *)value = 77;
    return MPI_SUCCESS;
}

static int at_finalize(MPI_Comm world, void *argument)
{
    (void)argument;
    (void)world;
    int keyval;
    static int told;
    CHECK_OK(MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, end_with, &keyval, NULL));
    CHECK_OK(MPI_Comm_set_attr(MPI_COMM_SELF, keyval, &told));
    CHECK_OK(MPI_Finalize());
    CHECK(told == 77);
    return 0;
}

static void finalize_deletes_the_attributes_of_self(void **state)
{
    (void)state;
    run_ranks(2, at_finalize, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_copied_with_the_communicator_and_deleted_with_it),
        cmocka_unit_test(the_last_one_set_is_the_first_one_deleted),
        cmocka_unit_test(a_callback_that_refuses_leaves_all_as_it_was),
        cmocka_unit_test(the_constants_copy_the_value_or_nothing),
        cmocka_unit_test(the_predefined_attributes_tell_about_the_mock),
        cmocka_unit_test(finalize_deletes_the_attributes_of_self),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
