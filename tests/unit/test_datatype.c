/* SPDX-License-Identifier: BSD-2-Clause */
/* test_datatype.c: sizes, bounds, elements, signatures and recipes of datatypes, against their type maps written out.
 */
#include "naive_type.h"

enum { TYPES = 5000 };

static void free_type(MPI_Datatype *type)
{
    if (!mock_type(*type)->predefined)
        assert_int_equal(mock_Type_free(type), MPI_SUCCESS);
}

static void assert_bounds(MPI_Datatype type, MPI_Aint lb, MPI_Aint extent)
{
    MPI_Aint got_lb, got_extent;
    assert_int_equal(mock_Type_get_extent(type, &got_lb, &got_extent), MPI_SUCCESS);
    assert_int_equal(got_lb, lb);
    assert_int_equal(got_extent, extent);
}

/* ---- Named types ---- */

static void named_types_have_the_sizes_of_c(void **state)
{
    (void)state;
    const struct {
        MPI_Datatype type;
        size_t size;
    } expected[] = {
        {MPI_CHAR, 1},
        {MPI_SHORT, sizeof(short)},
        {MPI_INT, sizeof(int)},
        {MPI_LONG, sizeof(long)},
        {MPI_LONG_LONG, 8},
        {MPI_FLOAT, 4},
        {MPI_DOUBLE, 8},
        {MPI_LONG_DOUBLE, sizeof(long double)},
        {MPI_C_BOOL, 1},
        {MPI_C_DOUBLE_COMPLEX, 16},
        {MPI_AINT, sizeof(MPI_Aint)},
        {MPI_OFFSET, sizeof(MPI_Offset)},
        {MPI_COUNT, sizeof(MPI_Count)},
        {MPI_BYTE, 1},
        {MPI_PACKED, 1},
        {MPI_INT16_T, 2},
        {MPI_UINT64_T, 8},
        {MPI_WCHAR, sizeof(wchar_t)},
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        int size;
        assert_int_equal(mock_Type_size(expected[i].type, &size), MPI_SUCCESS);
        assert_int_equal(size, expected[i].size);
        assert_bounds(expected[i].type, 0, (MPI_Aint)expected[i].size);
        assert_true(mock_type(expected[i].type)->contiguous);
    }
}

static void pairs_are_c_structs_with_their_padding(void **state)
{
    (void)state;
    struct double_int {
        double value;
        int index;
    };
    struct short_int {
        short value;
        int index;
    };
    struct long_double_int {
        long double value;
        int index;
    };
    int size;
    assert_int_equal(mock_Type_size(MPI_DOUBLE_INT, &size), MPI_SUCCESS);
    assert_int_equal(size, 12);
    assert_bounds(MPI_DOUBLE_INT, 0, sizeof(struct double_int));
    assert_int_equal(mock_Type_size(MPI_SHORT_INT, &size), MPI_SUCCESS);
    assert_int_equal(size, 6);
    assert_bounds(MPI_SHORT_INT, 0, sizeof(struct short_int));
    assert_bounds(MPI_LONG_DOUBLE_INT, 0, sizeof(struct long_double_int));
    assert_bounds(MPI_2INT, 0, 8);
    assert_true(mock_type(MPI_2INT)->contiguous);
    assert_false(mock_type(MPI_DOUBLE_INT)->contiguous);
    assert_int_equal(mock_type_elements(mock_type(MPI_DOUBLE_INT), 24), 4);
    assert_int_equal(mock_type_elements(mock_type(MPI_DOUBLE_INT), 20), 3);
    assert_int_equal(mock_type_elements(mock_type(MPI_DOUBLE_INT), 22), -1);
}

static void named_types_know_their_names_and_refuse_to_go(void **state)
{
    (void)state;
    char name[MPI_MAX_OBJECT_NAME];
    int length;
    const struct {
        MPI_Datatype type;
        const char *name;
    } expected[] = {
        {MPI_INT, "MPI_INT"}, {MPI_UINT64_T, "MPI_UINT64_T"}, {MPI_2INT, "MPI_2INT"}, {MPI_BYTE, "MPI_BYTE"}};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_int_equal(mock_Type_get_name(expected[i].type, name, &length), MPI_SUCCESS);
        assert_string_equal(name, expected[i].name);
    }
    MPI_Datatype type = MPI_DOUBLE;
    assert_int_equal(mock_Type_get_name(type, name, &length), MPI_SUCCESS);
    assert_string_equal(name, "MPI_DOUBLE");
    assert_int_equal(length, strlen("MPI_DOUBLE"));
    assert_int_equal(mock_Type_free(&type), MPI_ERR_TYPE);
    assert_true(type == MPI_DOUBLE);
    assert_int_equal(mock_Type_commit(&type), MPI_SUCCESS);
}

/* ---- Random types ---- */

static void bounds_and_sizes_of_random_types_follow_the_formulas(void **state)
{
    (void)state;
    struct both_types *both = calloc(1, sizeof *both);
    int derived = 0, with_data = 0;
    for (int i = 0; i < TYPES; i++) {
        naive_random_type(4, both);
        struct naive_bounds expected = naive_bounds(&both->naive);
        MPI_Aint true_lb, true_extent;
        MPI_Count size;
        assert_bounds(both->mock, expected.lb, expected.ub - expected.lb);
        assert_int_equal(mock_Type_get_true_extent(both->mock, &true_lb, &true_extent), MPI_SUCCESS);
        assert_int_equal(true_lb, expected.true_lb);
        assert_int_equal(true_extent, expected.true_ub - expected.true_lb);
        assert_int_equal(mock_Type_size_x(both->mock, &size), MPI_SUCCESS);
        assert_int_equal(size, expected.size);
        derived += !mock_type(both->mock)->predefined;
        with_data += size > 8;
        free_type(&both->mock);
    }
    assert_true(derived > TYPES / 2 && with_data > TYPES / 4); /* else this tests little */
    free(both);
}

static void elements_of_random_types_are_counted_to_the_byte(void **state)
{
    (void)state;
    struct both_types *both = calloc(1, sizeof *both);
    for (int i = 0; i < TYPES; i++) {
        naive_random_type(4, both);
        const struct naive_type *naive = &both->naive;
        const struct mock_type *type = mock_type(both->mock);
        size_t bytes = 0;
        for (size_t n = 0; n < 2 * naive->count; n++) {
            const struct naive_entry *entry = &naive->entries[n % naive->count];
            assert_int_equal(mock_type_elements(type, bytes), n);
            if (entry->size > 1)
                assert_int_equal(mock_type_elements(type, bytes + 1), -1);
            bytes += entry->size;
        }
        free_type(&both->mock);
    }
    free(both);
}

static void contiguous_means_that_elements_follow_each_other(void **state)
{
    (void)state;
    struct both_types *both = calloc(1, sizeof *both);
    int found = 0;
    for (int i = 0; i < TYPES; i++) {
        naive_random_type(3, both);
        const struct naive_type *naive = &both->naive;
        const struct mock_type *type = mock_type(both->mock);
        bool expected = type->lb == 0 && type->extent == (MPI_Aint)type->size;
        long next = 0;
        for (size_t n = 0; n < naive->count; n++) {
            expected = expected && naive->entries[n].where == next;
            next += (long)naive->entries[n].size;
        }
        assert_int_equal(type->contiguous, expected);
        found += expected && !type->predefined && type->size > 0;
        free_type(&both->mock);
    }
    assert_true(found > TYPES / 100);
    free(both);
}

/* ---- Constructors ---- */

static void a_vector_of_a_million_blocks_stays_small(void **state)
{
    (void)state;
    MPI_Datatype vector, column, resized;
    static int matrix[1000][1000];
    assert_int_equal(mock_Type_vector(1000, 1, 1000, MPI_INT, &column), MPI_SUCCESS);
    assert_int_equal(mock_Type_create_resized(column, 0, sizeof(int), &resized), MPI_SUCCESS);
    assert_int_equal(mock_Type_contiguous(1000, resized, &vector), MPI_SUCCESS);
    assert_bounds(column, 0, (999 * 1000 + 1) * (MPI_Aint)sizeof(int));
    for (int i = 0; i < 1000; i++)
        for (int j = 0; j < 1000; j++)
            matrix[i][j] = 1000 * i + j;
    int *transposed = malloc(sizeof matrix);
    assert_int_equal(mock_pack(matrix, 1, mock_type(vector), 0, transposed, sizeof matrix), sizeof matrix);
    for (int i = 0; i < 1000; i++)
        for (int j = 0; j < 1000; j++)
            assert_int_equal(transposed[1000 * j + i], 1000 * i + j);
    free(transposed);
    assert_int_equal(mock_Type_vector(1000000, 1, 2, MPI_INT, &vector), MPI_SUCCESS);
    assert_bounds(vector, 0, (2 * 999999 + 1) * (MPI_Aint)sizeof(int));
}

static void markers_win_over_data_in_enclosing_types(void **state)
{
    (void)state;
    MPI_Datatype wide, both;
    assert_int_equal(mock_Type_create_resized(MPI_CHAR, -3, 10, &wide), MPI_SUCCESS);
    assert_bounds(wide, -3, 10);
    /* the double lies outside the markers, which count alone (§4.1.6) */
    assert_int_equal(
        mock_Type_create_struct(2, (int[]){1, 1}, (MPI_Aint[]){4, 64}, (MPI_Datatype[]){wide, MPI_DOUBLE}, &both),
        MPI_SUCCESS);
    assert_bounds(both, 1, 10);
    MPI_Aint true_lb, true_extent;
    assert_int_equal(mock_Type_get_true_extent(both, &true_lb, &true_extent), MPI_SUCCESS);
    assert_int_equal(true_lb, 4);
    assert_int_equal(true_extent, 68);
    free_type(&wide);
    free_type(&both);
}

#if defined(MPI_UB) && !defined(OPEN_MPI)
static void the_removed_markers_still_mark(void **state)
{
    (void)state;
    MPI_Datatype type;
    assert_int_equal(mock_Type_struct(3, (int[]){1, 1, 1}, (MPI_Aint[]){-8, 0, 40},
                                      (MPI_Datatype[]){MPI_LB, MPI_INT, MPI_UB}, &type),
                     MPI_SUCCESS);
    assert_bounds(type, -8, 48);
    int size;
    assert_int_equal(mock_Type_size(type, &size), MPI_SUCCESS);
    assert_int_equal(size, 4);
    free_type(&type);
}
#endif

static void the_removed_names_do_what_the_new_ones_do(void **state)
{
    (void)state;
    MPI_Datatype type;
    MPI_Aint extent, lb, ub;
    assert_int_equal(mock_Type_hvector(3, 2, 20, MPI_INT, &type), MPI_SUCCESS);
    assert_int_equal(mock_Type_extent(type, &extent), MPI_SUCCESS);
    assert_int_equal(mock_Type_lb(type, &lb), MPI_SUCCESS);
    assert_int_equal(mock_Type_ub(type, &ub), MPI_SUCCESS);
    assert_int_equal(extent, 48);
    assert_int_equal(lb, 0);
    assert_int_equal(ub, 48);
    free_type(&type);
    assert_int_equal(mock_Type_hindexed(2, (int[]){1, 2}, (MPI_Aint[]){8, 100}, MPI_INT, &type), MPI_SUCCESS);
    assert_bounds(type, 8, 100);
    free_type(&type);
}

static void wrong_arguments_are_refused_by_class(void **state)
{
    (void)state;
    MPI_Datatype type = MPI_DATATYPE_NULL, gone;
    assert_int_equal(mock_Type_contiguous(-1, MPI_INT, &type), MPI_ERR_COUNT);
    assert_int_equal(mock_Type_contiguous(1, MPI_DATATYPE_NULL, &type), MPI_ERR_TYPE);
    assert_int_equal(mock_Type_vector(2, -1, 3, MPI_INT, &type), MPI_ERR_COUNT);
    assert_int_equal(mock_Type_indexed(2, (int[]){1, -1}, (int[]){0, 1}, MPI_INT, &type), MPI_ERR_ARG);
    assert_int_equal(mock_Type_create_struct(1, (int[]){1}, (MPI_Aint[]){0}, &type, &type), MPI_ERR_TYPE);
    assert_int_equal(mock_Type_create_subarray(1, (int[]){4}, (int[]){3}, (int[]){2}, MPI_ORDER_C, MPI_INT, &type),
                     MPI_ERR_ARG);
    assert_int_equal(mock_Type_create_subarray(0, NULL, NULL, NULL, MPI_ORDER_C, MPI_INT, &type), MPI_ERR_ARG);
    assert_int_equal(mock_Type_create_subarray(1, (int[]){4}, (int[]){3}, (int[]){0}, 12345, MPI_INT, &type),
                     MPI_ERR_ARG);
    assert_int_equal(mock_Type_create_darray(4, 0, 1, (int[]){9}, (int[]){MPI_DISTRIBUTE_BLOCK}, (int[]){2}, (int[]){4},
                                             MPI_ORDER_C, MPI_INT, &type),
                     MPI_ERR_ARG); /* 4 blocks of 2 < 9 */
    assert_int_equal(mock_Type_create_darray(4, 4, 1, (int[]){9}, (int[]){MPI_DISTRIBUTE_BLOCK},
                                             (int[]){MPI_DISTRIBUTE_DFLT_DARG}, (int[]){4}, MPI_ORDER_C, MPI_INT,
                                             &type),
                     MPI_ERR_ARG);
    assert_true(type == MPI_DATATYPE_NULL);

    MPI_Datatype huge;
    assert_int_equal(mock_Type_contiguous(INT32_MAX, MPI_DOUBLE, &huge), MPI_SUCCESS);
    int size;
    assert_int_equal(mock_Type_size(huge, &size), MPI_SUCCESS);
    assert_int_equal(size, MPI_UNDEFINED);
    assert_int_equal(mock_Type_contiguous(INT32_MAX, huge, &type), MPI_ERR_COUNT);
    gone = huge;
    free_type(&huge);
    assert_true(huge == MPI_DATATYPE_NULL);
    assert_int_equal(mock_Type_commit(&gone), MPI_ERR_TYPE);
    assert_int_equal(mock_Type_size(gone, &size), MPI_ERR_TYPE);
}

static void a_freed_type_lives_on_in_those_made_of_it(void **state)
{
    (void)state;
    MPI_Datatype inner, outer;
    int data[8] = {0, 1, 2, 3, 4, 5, 6, 7}, packed[4];
    assert_int_equal(mock_Type_vector(2, 1, 2, MPI_INT, &inner), MPI_SUCCESS);
    assert_int_equal(mock_Type_create_hvector(2, 1, 16, inner, &outer), MPI_SUCCESS);
    free_type(&inner);
    assert_int_equal(mock_pack(data, 1, mock_type(outer), 0, packed, sizeof packed), sizeof packed);
    assert_memory_equal(packed, ((int[]){0, 2, 4, 6}), sizeof packed);
    free_type(&outer);
}

/* ---- Signatures ---- */

static void types_that_match_have_the_same_signature(void **state)
{
    (void)state;
    MPI_Datatype two, vector, mixed, bytes;
    assert_int_equal(mock_Type_contiguous(2, MPI_INT, &two), MPI_SUCCESS);
    assert_int_equal(mock_Type_vector(3, 2, 5, MPI_INT, &vector), MPI_SUCCESS);
    uint64_t six = mock_type_signature(mock_type(MPI_INT), 6);
    assert_int_equal(mock_type_signature(mock_type(two), 3), six);
    assert_int_equal(mock_type_signature(mock_type(vector), 1), six);
    assert_int_not_equal(mock_type_signature(mock_type(MPI_INT), 5), six);
    assert_int_not_equal(mock_type_signature(mock_type(MPI_FLOAT), 6), six);
    assert_int_equal(mock_type_signature(mock_type(MPI_INT32_T), 6), six);
    assert_int_equal(mock_type_signature(mock_type(MPI_SIGNED_CHAR), 6), mock_type_signature(mock_type(MPI_CHAR), 6));

    assert_int_equal(
        mock_Type_create_struct(2, (int[]){1, 1}, (MPI_Aint[]){0, 8}, (MPI_Datatype[]){MPI_DOUBLE, MPI_INT}, &mixed),
        MPI_SUCCESS);
    assert_int_equal(mock_type_signature(mock_type(mixed), 7), mock_type_signature(mock_type(MPI_DOUBLE_INT), 7));
    assert_int_not_equal(mock_type_signature(mock_type(mixed), 1), 0);
    free_type(&mixed);
    /* the same types in another order */
    assert_int_equal(
        mock_Type_create_struct(2, (int[]){1, 1}, (MPI_Aint[]){0, 8}, (MPI_Datatype[]){MPI_INT, MPI_DOUBLE}, &mixed),
        MPI_SUCCESS);
    assert_int_not_equal(mock_type_signature(mock_type(mixed), 7), mock_type_signature(mock_type(MPI_DOUBLE_INT), 7));

    assert_int_equal(mock_Type_contiguous(3, MPI_BYTE, &bytes), MPI_SUCCESS);
    assert_int_equal(mock_type_signature(mock_type(bytes), 2), 0);
    assert_int_equal(mock_type_signature(mock_type(MPI_PACKED), 2), 0);
    free_type(&two);
    free_type(&vector);
    free_type(&mixed);
    free_type(&bytes);
}

/* ---- How it was made ---- */

/* Makes the type again from what MPI_Type_get_contents tells. */
static MPI_Datatype made_again(MPI_Datatype type)
{
    int ni, na, nd, combiner;
    assert_int_equal(mock_Type_get_envelope(type, &ni, &na, &nd, &combiner), MPI_SUCCESS);
    if (combiner == MPI_COMBINER_NAMED)
        return type;
    int *i = calloc((size_t)ni + 1, sizeof *i);
    MPI_Aint *a = calloc((size_t)na + 1, sizeof *a);
    MPI_Datatype *d = calloc((size_t)nd + 1, sizeof *d), made = MPI_DATATYPE_NULL;
    assert_int_equal(mock_Type_get_contents(type, ni, na, nd, i, a, d), MPI_SUCCESS);
    for (int k = 0; k < nd; k++) {
        MPI_Datatype inner = made_again(d[k]);
        if (inner != d[k])
            free_type(&d[k]);
        d[k] = inner;
    }
    int error = MPI_ERR_OTHER, n = ni > 0 ? i[0] : 0;
    if (combiner == MPI_COMBINER_CONTIGUOUS)
        error = mock_Type_contiguous(n, d[0], &made);
    else if (combiner == MPI_COMBINER_DUP)
        error = mock_Type_dup(d[0], &made);
    else if (combiner == MPI_COMBINER_VECTOR)
        error = mock_Type_vector(n, i[1], i[2], d[0], &made);
    else if (combiner == MPI_COMBINER_HVECTOR)
        error = mock_Type_create_hvector(n, i[1], a[0], d[0], &made);
    else if (combiner == MPI_COMBINER_INDEXED)
        error = mock_Type_indexed(n, i + 1, i + 1 + n, d[0], &made);
    else if (combiner == MPI_COMBINER_HINDEXED)
        error = mock_Type_create_hindexed(n, i + 1, a, d[0], &made);
    else if (combiner == MPI_COMBINER_INDEXED_BLOCK)
        error = mock_Type_create_indexed_block(n, i[1], i + 2, d[0], &made);
    else if (combiner == MPI_COMBINER_HINDEXED_BLOCK)
        error = mock_Type_create_hindexed_block(n, i[1], a, d[0], &made);
    else if (combiner == MPI_COMBINER_STRUCT)
        error = mock_Type_create_struct(n, i + 1, a, d, &made);
    else if (combiner == MPI_COMBINER_SUBARRAY)
        error = mock_Type_create_subarray(n, i + 1, i + 1 + n, i + 1 + 2 * n, i[3 * n + 1], d[0], &made);
    else if (combiner == MPI_COMBINER_DARRAY)
        error = mock_Type_create_darray(i[0], i[1], i[2], i + 3, i + 3 + i[2], i + 3 + 2 * i[2], i + 3 + 3 * i[2],
                                        i[4 * i[2] + 3], d[0], &made);
    else if (combiner == MPI_COMBINER_RESIZED)
        error = mock_Type_create_resized(d[0], a[0], a[1], &made);
    assert_int_equal(error, MPI_SUCCESS);
    for (int k = 0; k < nd; k++)
        free_type(&d[k]);
    free(i);
    free(a);
    free(d);
    return made;
}

static void random_types_can_be_made_again_from_their_contents(void **state)
{
    (void)state;
    struct both_types *both = calloc(1, sizeof *both);
    for (int n = 0; n < TYPES / 2; n++) {
        naive_random_type(4, both);
        MPI_Datatype again = made_again(both->mock);
        const struct mock_type *a = mock_type(both->mock), *b = mock_type(again);
        assert_int_equal(a->size, b->size);
        assert_int_equal(a->lb, b->lb);
        assert_int_equal(a->extent, b->extent);
        assert_int_equal(a->signature, b->signature);
        char *base, *one = malloc(a->size + 1), *other = malloc(a->size + 1);
        size_t bytes;
        char *memory = naive_memory(&both->naive, 1, &base, &bytes);
        mock_pack(base, 1, a, 0, one, a->size);
        mock_pack(base, 1, b, 0, other, b->size);
        assert_memory_equal(one, other, a->size);
        free(memory);
        free(one);
        free(other);
        if (again != both->mock)
            free_type(&again);
        free_type(&both->mock);
    }
    free(both);
}

static void contents_need_room_and_a_derived_type(void **state)
{
    (void)state;
    MPI_Datatype type, inner;
    int integers[3];
    assert_int_equal(mock_Type_vector(3, 2, 5, MPI_INT, &type), MPI_SUCCESS);
    assert_int_equal(mock_Type_get_contents(type, 2, 0, 1, integers, NULL, &inner), MPI_ERR_ARG);
    assert_int_equal(mock_Type_get_contents(MPI_INT, 3, 0, 1, integers, NULL, &inner), MPI_ERR_TYPE);
    assert_int_equal(mock_Type_get_contents(type, 3, 0, 1, integers, NULL, &inner), MPI_SUCCESS);
    assert_true(inner == MPI_INT && integers[0] == 3 && integers[1] == 2 && integers[2] == 5);
    free_type(&type);
}

static void a_duplicate_is_committed_if_the_original_is_and_has_no_name(void **state)
{
    (void)state;
    MPI_Datatype type, dup;
    char name[MPI_MAX_OBJECT_NAME];
    int length;
    assert_int_equal(mock_Type_contiguous(2, MPI_INT, &type), MPI_SUCCESS);
    assert_int_equal(mock_Type_set_name(type, "pair"), MPI_SUCCESS);
    assert_int_equal(mock_Type_dup(type, &dup), MPI_SUCCESS);
    assert_false(mock_type(dup)->committed);
    free_type(&dup);
    assert_int_equal(mock_Type_commit(&type), MPI_SUCCESS);
    assert_int_equal(mock_Type_dup(type, &dup), MPI_SUCCESS);
    assert_true(mock_type(dup)->committed);
    assert_int_equal(mock_Type_get_name(type, name, &length), MPI_SUCCESS);
    assert_string_equal(name, "pair");
    assert_int_equal(mock_Type_get_name(dup, name, &length), MPI_SUCCESS);
    assert_int_equal(length, 0);
    free_type(&type);
    free_type(&dup);
}

static void match_size_finds_the_type_of_that_size(void **state)
{
    (void)state;
    MPI_Datatype type;
    assert_int_equal(mock_Type_match_size(MPI_TYPECLASS_REAL, 8, &type), MPI_SUCCESS);
    assert_true(type == MPI_DOUBLE);
    assert_int_equal(mock_Type_match_size(MPI_TYPECLASS_INTEGER, 4, &type), MPI_SUCCESS);
    assert_true(type == MPI_INT);
    assert_int_equal(mock_Type_match_size(MPI_TYPECLASS_COMPLEX, 7, &type), MPI_ERR_ARG);
    assert_int_equal(mock_Type_match_size(-99, 8, &type), MPI_ERR_ARG);
}

static void fortran_numbers_lead_back_to_the_type(void **state)
{
    (void)state;
    MPI_Datatype type;
    assert_int_equal(mock_Type_contiguous(2, MPI_INT, &type), MPI_SUCCESS);
    assert_true(mock_Type_f2c(mock_Type_c2f(type)) == type);
    assert_true(mock_Type_f2c(mock_Type_c2f(MPI_DOUBLE)) == MPI_DOUBLE);
    assert_true(mock_Type_f2c(mock_Type_c2f(MPI_DATATYPE_NULL)) == MPI_DATATYPE_NULL);
    free_type(&type);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(named_types_have_the_sizes_of_c),
        cmocka_unit_test(pairs_are_c_structs_with_their_padding),
        cmocka_unit_test(named_types_know_their_names_and_refuse_to_go),
        cmocka_unit_test(bounds_and_sizes_of_random_types_follow_the_formulas),
        cmocka_unit_test(elements_of_random_types_are_counted_to_the_byte),
        cmocka_unit_test(contiguous_means_that_elements_follow_each_other),
        cmocka_unit_test(a_vector_of_a_million_blocks_stays_small),
        cmocka_unit_test(markers_win_over_data_in_enclosing_types),
#if defined(MPI_UB) && !defined(OPEN_MPI)
        cmocka_unit_test(the_removed_markers_still_mark),
#endif
        cmocka_unit_test(the_removed_names_do_what_the_new_ones_do),
        cmocka_unit_test(wrong_arguments_are_refused_by_class),
        cmocka_unit_test(a_freed_type_lives_on_in_those_made_of_it),
        cmocka_unit_test(types_that_match_have_the_same_signature),
        cmocka_unit_test(random_types_can_be_made_again_from_their_contents),
        cmocka_unit_test(contents_need_room_and_a_derived_type),
        cmocka_unit_test(a_duplicate_is_committed_if_the_original_is_and_has_no_name),
        cmocka_unit_test(match_size_finds_the_type_of_that_size),
        cmocka_unit_test(fortran_numbers_lead_back_to_the_type),
    };
    return cmocka_run_group_tests(tests, naive_setup, naive_teardown);
}
