/* SPDX-License-Identifier: BSD-2-Clause */
/* test_op.c: each predefined operation on each type that it is defined for, and on no other (MPI-3.1 §5.9.2, §5.9.4);
 * operations of programs.
 */
#include <complex.h>

#include "naive_type.h"

/* ---- Which operation is defined for which type ---- */

enum { MAX_MIN = 1, SUM_PROD = 2, LOGICAL = 4, BITS = 8, LOCATION = 16 };
enum { C_INTEGER = MAX_MIN | SUM_PROD | LOGICAL | BITS, FLOATING = MAX_MIN | SUM_PROD };

static void each_operation_is_defined_for_the_types_of_the_standard_alone(void **state)
{
    (void)state;
    const struct {
        MPI_Datatype type;
        int groups;
    } types[] = {
        {MPI_INT, C_INTEGER},
        {MPI_LONG, C_INTEGER},
        {MPI_SHORT, C_INTEGER},
        {MPI_UNSIGNED_SHORT, C_INTEGER},
        {MPI_UNSIGNED, C_INTEGER},
        {MPI_UNSIGNED_LONG, C_INTEGER},
        {MPI_LONG_LONG, C_INTEGER},
        {MPI_UNSIGNED_LONG_LONG, C_INTEGER},
        {MPI_SIGNED_CHAR, C_INTEGER},
        {MPI_UNSIGNED_CHAR, C_INTEGER},
        {MPI_INT8_T, C_INTEGER},
        {MPI_INT16_T, C_INTEGER},
        {MPI_INT32_T, C_INTEGER},
        {MPI_INT64_T, C_INTEGER},
        {MPI_UINT8_T, C_INTEGER},
        {MPI_UINT16_T, C_INTEGER},
        {MPI_UINT32_T, C_INTEGER},
        {MPI_UINT64_T, C_INTEGER},
        {MPI_FLOAT, FLOATING},
        {MPI_DOUBLE, FLOATING},
        {MPI_LONG_DOUBLE, FLOATING},
        {MPI_C_BOOL, LOGICAL},
        {MPI_C_COMPLEX, SUM_PROD},
        {MPI_C_DOUBLE_COMPLEX, SUM_PROD},
        {MPI_C_LONG_DOUBLE_COMPLEX, SUM_PROD},
        {MPI_BYTE, BITS},
        {MPI_CHAR, 0},
        {MPI_WCHAR, 0},
        {MPI_PACKED, 0},
        {MPI_AINT, MAX_MIN | SUM_PROD | BITS},
        {MPI_OFFSET, MAX_MIN | SUM_PROD | BITS},
        {MPI_COUNT, MAX_MIN | SUM_PROD | BITS},
        {MPI_FLOAT_INT, LOCATION},
        {MPI_DOUBLE_INT, LOCATION},
        {MPI_LONG_INT, LOCATION},
        {MPI_2INT, LOCATION},
        {MPI_SHORT_INT, LOCATION},
        {MPI_LONG_DOUBLE_INT, LOCATION},
#ifdef MPI_INTEGER
        {MPI_INTEGER, MAX_MIN | SUM_PROD | BITS},
        {MPI_REAL, FLOATING},
        {MPI_DOUBLE_PRECISION, FLOATING},
        {MPI_COMPLEX, SUM_PROD},
        {MPI_LOGICAL, LOGICAL},
        {MPI_CHARACTER, 0},
        {MPI_2REAL, LOCATION},
        {MPI_2DOUBLE_PRECISION, LOCATION},
        {MPI_2INTEGER, LOCATION},
#endif
#if defined(MPI_REAL16) && defined(__SIZEOF_FLOAT128__)
        {MPI_REAL16, FLOATING},
#endif
    };
    const struct {
        MPI_Op op;
        int group;
    } ops[] = {
        {MPI_MAX, MAX_MIN},     {MPI_MIN, MAX_MIN},     {MPI_SUM, SUM_PROD}, {MPI_PROD, SUM_PROD}, {MPI_LAND, LOGICAL},
        {MPI_LOR, LOGICAL},     {MPI_LXOR, LOGICAL},    {MPI_BAND, BITS},    {MPI_BOR, BITS},      {MPI_BXOR, BITS},
        {MPI_MINLOC, LOCATION}, {MPI_MAXLOC, LOCATION}, {MPI_REPLACE, 0},    {MPI_NO_OP, 0},
    };
    _Alignas(16) char in[32] = {0}, inout[32] = {0};
    for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
        if (types[t].type == MPI_DATATYPE_NULL) /* as some mpi.h have optional ones */
            continue;
        for (size_t o = 0; o < sizeof ops / sizeof ops[0]; o++) {
            int expected = (types[t].groups & ops[o].group) != 0 ? MPI_SUCCESS : MPI_ERR_OP;
            int got = mock_Reduce_local(in, inout, 1, types[t].type, ops[o].op);
            if (got != expected)
                print_message("row %zu of the types, row %zu of the operations\n", t, o);
            assert_int_equal(got, expected);
        }
    }
}

/* ---- What they compute ---- */

#define N 64
#define CHECK_OP(type_, handle_, op_, expression_)                                                                     \
    do {                                                                                                               \
        for (int i_ = 0; i_ < N; i_++) {                                                                               \
            a[i_] = (type_)(naive_random(7) == 0 ? 0 : (long)naive_random(200) - 100);                                 \
            b[i_] = (type_)(naive_random(7) == 0 ? a[i_] : (type_)naive_random(100));                                  \
            before[i_] = b[i_];                                                                                        \
        }                                                                                                              \
        assert_int_equal(mock_Reduce_local(a, b, N, handle_, op_), MPI_SUCCESS);                                       \
        for (int i_ = 0; i_ < N; i_++) {                                                                               \
            type_ x = a[i_], y = before[i_];                                                                           \
            assert_true(b[i_] == (type_)(expression_));                                                                \
        }                                                                                                              \
    } while (0)
#define CHECK_ARITHMETIC(type_, handle_)                                                                               \
    do {                                                                                                               \
        type_ a[N], b[N], before[N];                                                                                   \
        CHECK_OP(type_, handle_, MPI_MAX, x > y ? x : y);                                                              \
        CHECK_OP(type_, handle_, MPI_MIN, x < y ? x : y);                                                              \
        CHECK_OP(type_, handle_, MPI_SUM, x + y);                                                                      \
        CHECK_OP(type_, handle_, MPI_PROD, x *y);                                                                      \
    } while (0)
#define CHECK_INTEGER(type_, handle_)                                                                                  \
    do {                                                                                                               \
        CHECK_ARITHMETIC(type_, handle_);                                                                              \
        type_ a[N], b[N], before[N];                                                                                   \
        CHECK_OP(type_, handle_, MPI_LAND, x &&y);                                                                     \
        CHECK_OP(type_, handle_, MPI_LOR, x || y);                                                                     \
        CHECK_OP(type_, handle_, MPI_LXOR, (x != 0) != (y != 0));                                                      \
        CHECK_OP(type_, handle_, MPI_BAND, x &y);                                                                      \
        CHECK_OP(type_, handle_, MPI_BOR, x | y);                                                                      \
        CHECK_OP(type_, handle_, MPI_BXOR, x ^ y);                                                                     \
    } while (0)

static void arithmetic_is_that_of_c(void **state)
{
    (void)state;
    CHECK_INTEGER(signed char, MPI_SIGNED_CHAR);
    CHECK_INTEGER(short, MPI_SHORT);
    CHECK_INTEGER(int, MPI_INT);
    CHECK_INTEGER(long, MPI_LONG);
    CHECK_INTEGER(long long, MPI_LONG_LONG);
    CHECK_INTEGER(unsigned char, MPI_UNSIGNED_CHAR);
    CHECK_INTEGER(unsigned short, MPI_UNSIGNED_SHORT);
    CHECK_INTEGER(unsigned, MPI_UNSIGNED);
    CHECK_INTEGER(unsigned long, MPI_UNSIGNED_LONG);
    CHECK_INTEGER(uint16_t, MPI_UINT16_T);
    CHECK_ARITHMETIC(float, MPI_FLOAT);
    CHECK_ARITHMETIC(double, MPI_DOUBLE);
    CHECK_ARITHMETIC(long double, MPI_LONG_DOUBLE);
}

static void integer_overflow_wraps_around(void **state)
{
    (void)state;
    int a = INT32_MAX, b = 2;
    assert_int_equal(mock_Reduce_local(&a, &b, 1, MPI_INT, MPI_SUM), MPI_SUCCESS);
    assert_true(b == INT32_MIN + 1);
    unsigned short c = 65535, d = 65535;
    assert_int_equal(mock_Reduce_local(&c, &d, 1, MPI_UNSIGNED_SHORT, MPI_PROD), MPI_SUCCESS);
    assert_int_equal(d, 1);
}

static void complex_numbers_are_added_and_multiplied(void **state)
{
    (void)state;
    double complex a = 1 + 2 * I, b = 3 - I;
    assert_int_equal(mock_Reduce_local(&a, &b, 1, MPI_C_DOUBLE_COMPLEX, MPI_PROD), MPI_SUCCESS);
    assert_true(b == 5 + 5 * I);
    assert_int_equal(mock_Reduce_local(&a, &b, 1, MPI_C_DOUBLE_COMPLEX, MPI_SUM), MPI_SUCCESS);
    assert_true(b == 6 + 7 * I);
}

static void locations_take_the_lowest_index_of_equal_values(void **state)
{
    (void)state;
    struct {
        double value;
        int index;
    } a[3] = {{1, 5}, {2, 5}, {3, 5}}, b[3] = {{2, 7}, {2, 7}, {2, 1}};
    assert_int_equal(mock_Reduce_local(a, b, 3, MPI_DOUBLE_INT, MPI_MAXLOC), MPI_SUCCESS);
    assert_true(b[0].value == 2 && b[0].index == 7);
    assert_true(b[1].value == 2 && b[1].index == 5);
    assert_true(b[2].value == 3 && b[2].index == 5);
    struct {
        short value;
        int index;
    } c[2] = {{-4, 9}, {6, 2}}, d[2] = {{-4, 3}, {5, 8}};
    assert_int_equal(mock_Reduce_local(c, d, 2, MPI_SHORT_INT, MPI_MINLOC), MPI_SUCCESS);
    assert_true(d[0].value == -4 && d[0].index == 3);
    assert_true(d[1].value == 5 && d[1].index == 8);
}

/* ---- Operations of programs ---- */

static struct {
    int calls, length;
    MPI_Datatype type;
} seen;

static void subtract(void *in, void *inout, int *length, MPI_Datatype *type)
{
    seen.calls++;
    seen.length = *length;
    seen.type = *type;
    for (int i = 0; i < *length; i++)
        ((int *)inout)[i] = ((int *)in)[i] - ((int *)inout)[i];
}

static void a_users_function_gets_the_operands_in_order(void **state)
{
    (void)state;
    MPI_Op op, stale;
    int commutes, in[2] = {10, 20}, inout[2] = {1, 2};
    assert_int_equal(mock_Op_create(subtract, 0, &op), MPI_SUCCESS);
    assert_int_equal(mock_Op_commutative(op, &commutes), MPI_SUCCESS);
    assert_int_equal(commutes, 0);
    assert_int_equal(mock_Op_commutative(MPI_SUM, &commutes), MPI_SUCCESS);
    assert_int_equal(commutes, 1);
    assert_int_equal(mock_Reduce_local(in, inout, 2, MPI_INT, op), MPI_SUCCESS);
    assert_true(inout[0] == 9 && inout[1] == 18);
    assert_true(seen.calls == 1 && seen.length == 2 && seen.type == MPI_INT);
    MPI_Datatype pair;
    assert_int_equal(mock_Type_contiguous(2, MPI_INT, &pair), MPI_SUCCESS);
    assert_int_equal(mock_Type_commit(&pair), MPI_SUCCESS);
    assert_int_equal(mock_Reduce_local(in, inout, 1, pair, op), MPI_SUCCESS); /* any type will do */
    assert_true(seen.length == 1 && seen.type == pair);
    assert_int_equal(mock_Reduce_local(in, inout, 1, pair, MPI_SUM), MPI_ERR_OP);
    assert_int_equal(mock_Type_free(&pair), MPI_SUCCESS);
    stale = op;
    assert_int_equal(mock_Op_free(&op), MPI_SUCCESS);
    assert_true(op == MPI_OP_NULL);
    assert_int_equal(mock_Reduce_local(in, inout, 2, MPI_INT, stale), MPI_ERR_OP);
}

static void wrong_arguments_are_refused_by_class(void **state)
{
    (void)state;
    int in[4] = {0}, inout[4] = {0};
    MPI_Op op = MPI_SUM;
    MPI_Datatype type;
    assert_int_equal(mock_Op_free(&op), MPI_ERR_OP);
    assert_int_equal(mock_Op_create(NULL, 1, &op), MPI_ERR_ARG);
    assert_int_equal(mock_Reduce_local(in, inout, -1, MPI_INT, MPI_SUM), MPI_ERR_COUNT);
    assert_int_equal(mock_Reduce_local(in, inout, 1, MPI_INT, MPI_OP_NULL), MPI_ERR_OP);
    assert_int_equal(mock_Reduce_local(in, in + 1, 3, MPI_INT, MPI_SUM), MPI_ERR_BUFFER);
    assert_int_equal(mock_Reduce_local(MPI_IN_PLACE, inout, 1, MPI_INT, MPI_SUM), MPI_ERR_BUFFER);
    assert_int_equal(mock_Reduce_local(NULL, inout, 1, MPI_INT, MPI_SUM), MPI_ERR_BUFFER);
    assert_int_equal(mock_Reduce_local(NULL, NULL, 0, MPI_INT, MPI_SUM), MPI_SUCCESS);
    assert_int_equal(mock_Type_contiguous(2, MPI_INT, &type), MPI_SUCCESS);
    assert_int_equal(mock_Reduce_local(in, inout, 1, type, MPI_SUM), MPI_ERR_TYPE); /* not committed */
    assert_int_equal(mock_Type_free(&type), MPI_SUCCESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_operation_is_defined_for_the_types_of_the_standard_alone),
        cmocka_unit_test(arithmetic_is_that_of_c),
        cmocka_unit_test(integer_overflow_wraps_around),
        cmocka_unit_test(complex_numbers_are_added_and_multiplied),
        cmocka_unit_test(locations_take_the_lowest_index_of_equal_values),
        cmocka_unit_test(a_users_function_gets_the_operands_in_order),
        cmocka_unit_test(wrong_arguments_are_refused_by_class),
    };
    return cmocka_run_group_tests(tests, naive_setup, naive_teardown);
}
