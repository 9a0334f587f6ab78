/* SPDX-License-Identifier: BSD-2-Clause */
/* test_pack.c: packing gives the bytes of the type map in order, whatever the type, the offset and the piece. */
#include "naive_type.h"

enum { TYPES = 3000 };

/* What a random type and a random count come to, packed the naive way. */
struct sample {
    struct both_types both;
    struct mock_type *type;
    size_t count, bytes, memory_bytes;
    char *memory, *base, *packed;
};

static struct sample *sample_new(void)
{
    struct sample *sample = calloc(1, sizeof *sample);
    naive_random_type(4, &sample->both);
    sample->type = mock_type(sample->both.mock);
    sample->count = (size_t)naive_between(0, 4);
    sample->bytes = sample->count * sample->type->size;
    sample->memory = naive_memory(&sample->both.naive, sample->count, &sample->base, &sample->memory_bytes);
    sample->packed = calloc(1, sample->bytes + 1);
    naive_pack(sample->base, sample->count, &sample->both.naive, sample->packed);
    return sample;
}

static void sample_free(struct sample *sample)
{
    if (!sample->type->predefined)
        assert_int_equal(mock_Type_free(&sample->both.mock), MPI_SUCCESS);
    free(sample->memory);
    free(sample->packed);
    free(sample);
}

static void packing_random_types_gives_their_type_map(void **state)
{
    (void)state;
    for (int i = 0; i < TYPES; i++) {
        struct sample *s = sample_new();
        char *packed = calloc(1, s->bytes + 1);
        assert_int_equal(mock_pack(s->base, s->count, s->type, 0, packed, s->bytes + 100), s->bytes);
        assert_memory_equal(packed, s->packed, s->bytes);
        free(packed);
        sample_free(s);
    }
}

static void packing_may_begin_and_end_at_any_byte(void **state)
{
    (void)state;
    for (int i = 0; i < TYPES; i++) {
        struct sample *s = sample_new();
        char *piece = malloc(s->bytes + 1);
        for (int k = 0; k < 20 && s->bytes > 0; k++) {
            size_t offset = naive_random((uint32_t)s->bytes + 1), bytes = naive_random((uint32_t)s->bytes + 2);
            size_t expected = bytes < s->bytes - offset ? bytes : s->bytes - offset;
            memset(piece, 0, s->bytes);
            assert_int_equal(mock_pack(s->base, s->count, s->type, offset, piece, bytes), expected);
            assert_memory_equal(piece, s->packed + offset, expected);
        }
        free(piece);
        sample_free(s);
    }
}

/* Unpacks into other memory, in random pieces, and expects just the bytes of the type to have changed. */
static void unpacking_in_pieces_writes_the_type_map_and_nothing_else(void **state)
{
    (void)state;
    for (int i = 0; i < TYPES; i++) {
        struct sample *s = sample_new();
        char *expected = malloc(s->memory_bytes), *got = malloc(s->memory_bytes);
        memset(expected, 0x5a, s->memory_bytes);
        memset(got, 0x5a, s->memory_bytes);
        for (size_t b = 0; b < s->bytes; b++)
            s->packed[b] = (char)naive_random(256);
        naive_unpack(expected + (s->base - s->memory), s->count, &s->both.naive, s->packed);
        for (size_t done = 0; done < s->bytes;) {
            size_t piece = 1 + naive_random(naive_random(2) ? 7 : 200);
            size_t left = s->bytes - done;
            size_t moved = mock_unpack(got + (s->base - s->memory), s->count, s->type, done, s->packed + done,
                                       piece < left ? piece : left);
            assert_int_equal(moved, piece < left ? piece : left);
            done += moved;
        }
        assert_memory_equal(got, expected, s->memory_bytes);
        free(expected);
        free(got);
        sample_free(s);
    }
}

struct gathered {
    const char *base;
    char *packed;
    size_t bytes;
    MPI_Aint end; /* of the latest block */
    bool any, merged;
};

static int gather_block(void *argument, MPI_Aint displacement, size_t length)
{
    struct gathered *gathered = argument;
    gathered->merged = gathered->merged && (!gathered->any || displacement != gathered->end) && length > 0;
    gathered->any = true;
    gathered->end = displacement + (MPI_Aint)length;
    memcpy(gathered->packed + gathered->bytes, gathered->base + displacement, length);
    gathered->bytes += length;
    return 0;
}

static void blocks_are_visited_in_order_and_adjacent_ones_as_one(void **state)
{
    (void)state;
    for (int i = 0; i < TYPES; i++) {
        struct sample *s = sample_new();
        size_t offset = naive_random((uint32_t)s->bytes + 1), bytes = naive_random((uint32_t)s->bytes + 2);
        size_t expected = bytes < s->bytes - offset ? bytes : s->bytes - offset;
        struct gathered gathered = {.base = s->base, .packed = malloc(s->bytes + 1), .merged = true};
        assert_int_equal(mock_type_for_each_block(s->type, s->count, offset, bytes, gather_block, &gathered), 0);
        assert_int_equal(gathered.bytes, expected);
        assert_memory_equal(gathered.packed, s->packed + offset, expected);
        assert_true(gathered.merged);
        free(gathered.packed);
        sample_free(s);
    }
}

static int stop_at_once(void *argument, MPI_Aint displacement, size_t length)
{
    (void)displacement;
    (void)length;
    ++*(int *)argument;
    return 42;
}

static void a_visitor_ends_the_walk(void **state)
{
    (void)state;
    MPI_Datatype vector;
    int calls = 0;
    assert_int_equal(mock_Type_vector(10, 1, 2, MPI_INT, &vector), MPI_SUCCESS);
    assert_int_equal(mock_type_for_each_block(mock_type(vector), 3, 0, 1000, stop_at_once, &calls), 42);
    assert_int_equal(calls, 1);
    mock_Type_free(&vector);
}

static int keep_displacement(void *argument, MPI_Aint displacement, size_t length)
{
    *(MPI_Aint *)argument = displacement;
    return length == 1 ? 0 : -1;
}

/* A file view repeats without end: far away must cost no more than near. */
static void a_block_far_away_is_found_without_walking_there(void **state)
{
    (void)state;
    MPI_Datatype vector;
    MPI_Aint where = 0;
    const size_t far = (size_t)1 << 50;
    assert_int_equal(mock_Type_vector(1000, 1, 2, MPI_BYTE, &vector), MPI_SUCCESS);
    assert_int_equal(mock_type_for_each_block(mock_type(vector), SIZE_MAX, far, 1, keep_displacement, &where), 0);
    assert_int_equal(where, far / 1000 * 1999 + far % 1000 * 2);
    mock_Type_free(&vector);
}

static void copying_between_types_is_packing_and_unpacking(void **state)
{
    (void)state;
    for (int i = 0; i < TYPES / 4; i++) {
        struct sample *from = sample_new(), *to = sample_new();
        char *expected = malloc(to->memory_bytes);
        memcpy(expected, to->memory, to->memory_bytes);
        char *image = calloc(1, from->bytes + to->bytes + 1);
        memcpy(image, to->packed, to->bytes);
        int error = mock_type_copy(from->base, from->count, from->type, to->base, to->count, to->type);
        if (from->bytes > to->bytes) {
            assert_int_equal(error, MPI_ERR_TRUNCATE);
            assert_memory_equal(to->memory, expected, to->memory_bytes);
        } else {
            assert_int_equal(error, MPI_SUCCESS);
            mock_unpack(expected + (to->base - to->memory), to->count, to->type, 0, from->packed, from->bytes);
            assert_memory_equal(to->memory, expected, to->memory_bytes);
        }
        free(image);
        free(expected);
        sample_free(from);
        sample_free(to);
    }
}

static void pack_and_unpack_move_the_position(void **state)
{
    (void)state;
    int numbers[4] = {1, 2, 3, 4}, back[4] = {0}, position = 0, size;
    double real = 2.5, real_back = 0;
    char buffer[64];
    assert_int_equal(mock_Pack_size(4, MPI_INT, MPI_COMM_WORLD, &size), MPI_SUCCESS);
    assert_int_equal(size, 16);
    assert_int_equal(mock_Pack(numbers, 4, MPI_INT, buffer, sizeof buffer, &position, MPI_COMM_WORLD), MPI_SUCCESS);
    assert_int_equal(mock_Pack(&real, 1, MPI_DOUBLE, buffer, sizeof buffer, &position, MPI_COMM_WORLD), MPI_SUCCESS);
    assert_int_equal(position, 24);
    position = 0;
    assert_int_equal(mock_Unpack(buffer, 24, &position, back, 4, MPI_INT, MPI_COMM_WORLD), MPI_SUCCESS);
    assert_int_equal(mock_Unpack(buffer, 24, &position, &real_back, 1, MPI_DOUBLE, MPI_COMM_WORLD), MPI_SUCCESS);
    assert_int_equal(position, 24);
    assert_memory_equal(back, numbers, sizeof numbers);
    assert_true(real_back == real);
}

static void pack_refuses_what_does_not_fit(void **state)
{
    (void)state;
    int numbers[4] = {0}, position = 1;
    char buffer[16];
    assert_int_equal(mock_Pack(numbers, 4, MPI_INT, buffer, 16, &position, MPI_COMM_WORLD), MPI_ERR_TRUNCATE);
    assert_int_equal(position, 1);
    assert_int_equal(mock_Unpack(buffer, 16, &position, numbers, 4, MPI_INT, MPI_COMM_WORLD), MPI_ERR_TRUNCATE);
    assert_int_equal(mock_Pack(numbers, -1, MPI_INT, buffer, 16, &position, MPI_COMM_WORLD), MPI_ERR_COUNT);
    assert_int_equal(mock_Pack(numbers, 1, MPI_DATATYPE_NULL, buffer, 16, &position, MPI_COMM_WORLD), MPI_ERR_TYPE);
    assert_int_equal(mock_Pack(numbers, 1, MPI_INT, buffer, 16, &position, MPI_COMM_NULL), MPI_ERR_COMM);
    int size;
    assert_int_equal(mock_Pack_size(INT32_MAX, MPI_INT, MPI_COMM_WORLD, &size), MPI_ERR_COUNT);
}

/* ---- external32 ---- */

static void external32_is_big_endian_with_the_sizes_of_the_standard(void **state)
{
    (void)state;
    unsigned char buffer[64];
    MPI_Aint position = 0, size;
    long minus_two = -2;
    short number = 0x0102;
    double one = 1.0;
    long double half = 0.5L;
    assert_int_equal(mock_Pack_external("external32", &minus_two, 1, MPI_LONG, buffer, 64, &position), MPI_SUCCESS);
    assert_int_equal(mock_Pack_external("external32", &number, 1, MPI_SHORT, buffer, 64, &position), MPI_SUCCESS);
    assert_int_equal(mock_Pack_external("external32", &one, 1, MPI_DOUBLE, buffer, 64, &position), MPI_SUCCESS);
    assert_int_equal(mock_Pack_external("external32", &half, 1, MPI_LONG_DOUBLE, buffer, 64, &position), MPI_SUCCESS);
    const unsigned char expected[30] = {0xff, 0xff, 0xff, 0xfe, 1, 2, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 0x3f, 0xfe};
    assert_int_equal(position, 30);
    assert_memory_equal(buffer, expected, 30);
    assert_int_equal(mock_Pack_external_size("external32", 3, MPI_LONG, &size), MPI_SUCCESS);
    assert_int_equal(size, 12);
    assert_int_equal(mock_Pack_external_size("native", 3, MPI_LONG, &size), MPI_ERR_ARG);

    position = 0;
    minus_two = number = 0;
    half = 0;
    assert_int_equal(mock_Unpack_external("external32", buffer, 30, &position, &minus_two, 1, MPI_LONG), MPI_SUCCESS);
    assert_int_equal(mock_Unpack_external("external32", buffer, 30, &position, &number, 1, MPI_SHORT), MPI_SUCCESS);
    position += 8;
    assert_int_equal(mock_Unpack_external("external32", buffer, 30, &position, &half, 1, MPI_LONG_DOUBLE), MPI_SUCCESS);
    assert_int_equal(minus_two, -2);
    assert_int_equal(number, 0x0102);
    assert_true(half == 0.5L);
    assert_int_equal(mock_Unpack_external("external32", buffer, 30, &position, &number, 1, MPI_SHORT),
                     MPI_ERR_TRUNCATE);
}

static void external32_of_random_types_comes_back(void **state)
{
    (void)state;
    for (int i = 0; i < TYPES / 4; i++) {
        struct sample *s = sample_new();
        if (!s->type->predefined)
            assert_int_equal(mock_Type_commit(&s->both.mock), MPI_SUCCESS);
        MPI_Aint position = 0, size;
        assert_int_equal(mock_Pack_external_size("external32", (int)s->count, s->both.mock, &size), MPI_SUCCESS);
        assert_int_equal(size, s->bytes); /* of the types in there none has another size outside */
        char *packed = malloc((size_t)size + 1), *expected = malloc(s->memory_bytes);
        memcpy(expected, s->memory, s->memory_bytes);
        assert_int_equal(
            mock_Pack_external("external32", s->base, (int)s->count, s->both.mock, packed, size, &position),
            MPI_SUCCESS);
        assert_int_equal(position, size);
        char *zero = malloc(s->bytes + 1);
        memset(zero, 0, s->bytes + 1);
        mock_unpack(s->base, s->count, s->type, 0, zero, s->bytes);
        position = 0;
        assert_int_equal(
            mock_Unpack_external("external32", packed, size, &position, s->base, (int)s->count, s->both.mock),
            MPI_SUCCESS);
        assert_memory_equal(s->memory, expected, s->memory_bytes);
        free(zero);
        free(packed);
        free(expected);
        sample_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packing_random_types_gives_their_type_map),
        cmocka_unit_test(packing_may_begin_and_end_at_any_byte),
        cmocka_unit_test(unpacking_in_pieces_writes_the_type_map_and_nothing_else),
        cmocka_unit_test(blocks_are_visited_in_order_and_adjacent_ones_as_one),
        cmocka_unit_test(a_visitor_ends_the_walk),
        cmocka_unit_test(a_block_far_away_is_found_without_walking_there),
        cmocka_unit_test(copying_between_types_is_packing_and_unpacking),
        cmocka_unit_test(pack_and_unpack_move_the_position),
        cmocka_unit_test(pack_refuses_what_does_not_fit),
        cmocka_unit_test(external32_is_big_endian_with_the_sizes_of_the_standard),
        cmocka_unit_test(external32_of_random_types_comes_back),
    };
    return cmocka_run_group_tests(tests, naive_setup, naive_teardown);
}
