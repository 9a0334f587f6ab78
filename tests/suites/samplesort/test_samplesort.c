/* SPDX-License-Identifier: BSD-2-Clause */
/* test_samplesort.c: the distributed sort gives what qsort gives, for all kinds of keys and of initial distributions.
 *
 * Every test makes its records from a seed that all ranks know, so that rank 0 can make the whole input once more, sort
 * it serially, and compare with what was gathered.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mpirun_tests.h>

#include "samplesort.h"

MRT_SUITE(samplesort, .timeout = 30.0);

/* How the keys come about, and who holds how many. */
struct input {
    const char *name;
    double (*key)(int rank, int place, int size);
    int (*count)(int rank, int size);
};

/* A number in [0, 1) that depends on both arguments and on nothing else (splitmix64's mixing step). */
static double noise(int rank, int place)
{
    uint64_t x = ((uint64_t)rank << 32 | (uint32_t)place) * UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return (double)((x ^ x >> 31) >> 11) / 9007199254740992.0;
}

static double random_key(int rank, int place, int size)
{
    (void)size;
    return noise(rank, place);
}

static double few_keys(int rank, int place, int size)
{
    (void)size;
    return (double)(int)(3 * noise(rank, place));
}

static double equal_keys(int rank, int place, int size)
{
    (void)rank;
    (void)place;
    (void)size;
    return 1.5;
}

static double sorted_keys(int rank, int place, int size)
{
    (void)size;
    return rank * 1000.0 + place;
}

static double reversed_keys(int rank, int place, int size)
{
    return (size - rank) * 1000.0 - place;
}

static int same_count(int rank, int size)
{
    (void)rank;
    (void)size;
    return 150;
}

static int rising_count(int rank, int size)
{
    (void)size;
    return 40 * rank + 1;
}

static int last_has_all(int rank, int size)
{
    return rank == size - 1 ? 400 : 0;
}

static int fewer_than_ranks(int rank, int size)
{
    (void)size;
    return rank == 0 ? 1 : 0;
}

static int none(int rank, int size)
{
    (void)rank;
    (void)size;
    return 0;
}

static const struct input inputs[] = {
    {"random keys", random_key, same_count},
    {"few different keys", few_keys, rising_count},
    {"equal keys", equal_keys, same_count},
    {"sorted already", sorted_keys, rising_count},
    {"reversed", reversed_keys, same_count},
    {"one rank holds all", random_key, last_has_all},
    {"a single record", random_key, fewer_than_ranks},
    {"no record", random_key, none},
};
enum { INPUT_COUNT = sizeof inputs / sizeof inputs[0] };

static struct record make_record(const struct input *input, int rank, int place, int size)
{
    struct record record;
    memset(&record, 0, sizeof record);
    record.key = input->key(rank, place, size);
    record.from_rank = rank;
    record.from_place = place;
    snprintf(record.label, sizeof record.label, "%04u", (unsigned)(rank * 31 + place) % 10000);
    return record;
}

static struct records make_records(const struct input *input, int rank, int size)
{
    struct records records = {.count = input->count(rank, size)};
    records.items = calloc((size_t)records.count + 1, sizeof records.items[0]);
    assert_non_null(records.items);
    for (int place = 0; place < records.count; place++)
        records.items[place] = make_record(input, rank, place, size);
    return records;
}

/* Brings all records to rank 0, in order of ranks; empty elsewhere. The counts, for each rank, come to `counts`. */
static struct records gather(const struct records *records, int rank, int size, int counts[])
{
    struct records all = {0};
    int starts[1024] = {0};
    assert_in_range(size, 1, 1024);
    MPI_Gather(&records->count, 1, MPI_INT, counts, 1, MPI_INT, 0, MPI_COMM_WORLD);
    for (int i = 0; rank == 0 && i < size; i++) {
        starts[i] = all.count;
        all.count += counts[i];
    }
    if (rank == 0) {
        all.items = calloc((size_t)all.count + 1, sizeof all.items[0]);
        assert_non_null(all.items);
    }
    MPI_Datatype type = record_type();
    MPI_Gatherv(records->items, records->count, type, all.items, counts, starts, type, 0, MPI_COMM_WORLD);
    MPI_Type_free(&type);
    return all;
}

static struct records sorted_serially(const struct input *input, int size)
{
    struct records all = {0};
    for (int rank = 0; rank < size; rank++)
        all.count += input->count(rank, size);
    all.items = calloc((size_t)all.count + 1, sizeof all.items[0]);
    assert_non_null(all.items);
    for (int rank = 0, i = 0; rank < size; rank++)
        for (int place = 0; place < input->count(rank, size); place++)
            all.items[i++] = make_record(input, rank, place, size);
    qsort(all.items, (size_t)all.count, sizeof all.items[0], record_compare);
    return all;
}

static void assert_same_records(const struct records *got, const struct records *want)
{
    assert_int_equal(got->count, want->count);
    for (int i = 0; i < want->count; i++) {
        const struct record *a = &got->items[i], *b = &want->items[i];
        if (record_compare(a, b) != 0 || strcmp(a->label, b->label) != 0)
            fail_msg("record %d is (%g, %s, %d, %d) instead of (%g, %s, %d, %d)", i, a->key, a->label, a->from_rank,
                     a->from_place, b->key, b->label, b->from_rank, b->from_place);
    }
}

static void check(const struct input *input)
{
    int rank, size, counts[1024] = {0};
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    struct records records = make_records(input, rank, size);
    assert_int_equal(samplesort(&records, MPI_COMM_WORLD), 0);
    struct records sorted = gather(&records, rank, size, counts);
    assert_int_equal(samplesort_even_out(&records, MPI_COMM_WORLD), 0);
    struct records even = gather(&records, rank, size, counts);
    free(records.items);
    if (rank != 0)
        return;

    struct records expected = sorted_serially(input, size);
    assert_same_records(&sorted, &expected);
    assert_same_records(&even, &expected);
    for (int i = 0; i < size; i++)
        assert_int_equal(counts[i], expected.count / size + (i < expected.count % size ? 1 : 0));
    free(expected.items);
    free(even.items);
    free(sorted.items);
}

MRT_TEST(record_type_has_the_structs_extent_and_leaves_the_padding_out)
{
    MPI_Datatype type = record_type();
    MPI_Aint lower_bound, extent;
    int size;
    MPI_Type_get_extent(type, &lower_bound, &extent);
    MPI_Type_size(type, &size);
    assert_int_equal(lower_bound, 0);
    assert_int_equal(extent, sizeof(struct record));
    assert_int_equal(size, sizeof(double) + sizeof(((struct record *)0)->label) + 2 * sizeof(int));
    MPI_Type_free(&type);
}

MRT_TEST(padding_of_a_record_is_not_overwritten, .np = 2)
{
    int rank;
    struct record record, untouched;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    memset(&untouched, 0xA5, sizeof untouched);
    memset(&record, rank == 0 ? 0 : 0xA5, sizeof record);
    MPI_Datatype type = record_type();
    MPI_Bcast(&record, 1, type, 0, MPI_COMM_WORLD);
    MPI_Type_free(&type);
    if (rank != 0) {
        size_t hole = offsetof(struct record, label) + sizeof record.label;
        assert_memory_equal((char *)&record + hole, (char *)&untouched + hole,
                            offsetof(struct record, from_rank) - hole);
        assert_int_equal(record.from_rank, 0);
    }
}

MRT_TEST(sorts, .np_list = {1, 2, 3, 4}, .cases = INPUT_COUNT)
{
    check(&inputs[mrt_case()]);
}

MRT_TEST(sorts_on_six_ranks, .np = 6)
{
    check(&inputs[1]);
}

MRT_TEST(sorts_on_every_rank, .np = MRT_NP_ALL)
{
    check(&inputs[0]);
}

MRT_TEST(keeps_the_order_of_equal_keys, .np = 3)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    struct records records = make_records(&inputs[2], rank, 3);
    assert_int_equal(samplesort(&records, MPI_COMM_WORLD), 0);
    for (int i = 1; i < records.count; i++)
        assert_true(record_compare(&records.items[i - 1], &records.items[i]) < 0);
    free(records.items);
}

MRT_TEST(regular_samples_bound_the_imbalance, .np = 4)
{
    int rank, most;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    struct records records = make_records(&inputs[0], rank, 4);
    assert_int_equal(samplesort(&records, MPI_COMM_WORLD), 0);
    MPI_Allreduce(&records.count, &most, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    assert_in_range(most, 150, 2 * 150); /* PSRS: no rank holds more than twice its share */
    free(records.items);
}

MRT_TEST(evens_out_again_and_again, .np = 4)
{
    /* No call must take messages of another one, although its probes accept any source. */
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    for (int round = 0; round < 20; round++) {
        struct records records = make_records(&inputs[round % 2 == 0 ? 5 : 1], rank, 4);
        int total;
        MPI_Allreduce(&records.count, &total, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
        assert_int_equal(samplesort_even_out(&records, MPI_COMM_WORLD), 0);
        assert_in_range(records.count, total / 4, total / 4 + 1);
        for (int i = 1; i < records.count; i++) {
            const struct record *a = &records.items[i - 1], *b = &records.items[i];
            assert_true(a->from_rank < b->from_rank || (a->from_rank == b->from_rank && a->from_place < b->from_place));
        }
        free(records.items);
    }
}

MRT_TEST(sorts_within_a_part_of_the_ranks, .np = 4)
{
    int rank;
    MPI_Comm half;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_split(MPI_COMM_WORLD, rank % 2, rank, &half);
    struct records records = make_records(&inputs[4], rank, 4);
    assert_int_equal(samplesort(&records, half), 0);
    for (int i = 0; i < records.count; i++) {
        assert_int_equal(records.items[i].from_rank % 2, rank % 2);
        assert_true(i == 0 || records.items[i - 1].key <= records.items[i].key);
    }
    free(records.items);
    MPI_Comm_free(&half);
}
