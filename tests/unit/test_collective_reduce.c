/* SPDX-License-Identifier: BSD-2-Clause */
/* test_collective_reduce.c: reductions and prefixes give the serial result, in the order of ranks, the same bits to
 * all. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ranks.h"

static const int team_sizes[] = {1, 2, 3, 5, 8};

static void run_teams(int (*function)(MPI_Comm comm, void *argument))
{
    for (size_t i = 0; i < sizeof team_sizes / sizeof team_sizes[0]; i++)
        run_ranks(team_sizes[i], function, NULL);
}

/* ---- Operands: maps x → a x + b modulo a prime, whose composition is associative and not commutative ---- */

#define PRIME 99991u
enum { LENGTH_MAX = 20000 };

struct map {
    unsigned a, b;
};

static struct map map_of(int rank, int index)
{
    unsigned x = (unsigned)(rank * 31 + index * 17 + 1);
    return (struct map){(x * x + 3) % PRIME, (x * 7919) % PRIME};
}

static struct map compose(struct map first, struct map second)
{
    return (struct map){(unsigned)((unsigned long long)first.a * second.a % PRIME),
                        (unsigned)(((unsigned long long)first.b * second.a + second.b) % PRIME)};
}

static void compose_all(void *in, void *inout, int *length, MPI_Datatype *type)
{
    (void)type;
    for (int i = 0; i < *length; i++)
        ((struct map *)inout)[i] = compose(((struct map *)in)[i], ((struct map *)inout)[i]);
}

/* The serial result of ranks [0, count) at one index. */
static struct map serial(int count, int index)
{
    struct map result = map_of(0, index);
    for (int rank = 1; rank < count; rank++)
        result = compose(result, map_of(rank, index));
    return result;
}

static bool is_serial(const struct map *got, int length, int count, int first_index)
{
    for (int i = 0; i < length; i++) {
        struct map expected = serial(count, first_index + i);
        if (got[i].a != expected.a || got[i].b != expected.b)
            return false;
    }
    return true;
}

struct trial {
    MPI_Comm comm;
    int rank, size, length;
    MPI_Datatype type;
    MPI_Op op;
    struct map *send, *receive; /* LENGTH_MAX each */
};

static void reset(const struct trial *t)
{
    for (int i = 0; i < LENGTH_MAX; i++) {
        t->send[i] = map_of(t->rank, i);
        t->receive[i] = (struct map){0, 0};
    }
}

static int for_all_lengths(MPI_Comm comm, int (*function)(const struct trial *t))
{
    static const int all[] = {0, 1, 7, 1000, LENGTH_MAX};
    struct trial t = {.comm = comm};
    CHECK_OK(MPI_Comm_rank(comm, &t.rank));
    CHECK_OK(MPI_Comm_size(comm, &t.size));
    CHECK_OK(MPI_Type_contiguous(2, MPI_UNSIGNED, &t.type));
    CHECK_OK(MPI_Type_commit(&t.type));
    CHECK_OK(MPI_Op_create(compose_all, 0, &t.op));
    t.send = malloc(LENGTH_MAX * sizeof *t.send);
    t.receive = malloc(LENGTH_MAX * sizeof *t.receive);
    for (int i = 0; i < 5; i++) {
        t.length = all[i];
        CHECK(function(&t) == 0);
    }
    free(t.send);
    free(t.receive);
    CHECK_OK(MPI_Type_free(&t.type));
    CHECK_OK(MPI_Op_free(&t.op));
    return 0;
}

static int reduce(const struct trial *t)
{
    for (int root = 0; root < t->size; root++)
        for (int in_place = 0; in_place < 2; in_place++) {
            reset(t);
            bool at_root = t->rank == root;
            void *receive = at_root ? (in_place ? t->send : t->receive) : NULL;
            CHECK_OK(MPI_Reduce(in_place && at_root ? MPI_IN_PLACE : t->send, receive, t->length, t->type, t->op, root,
                                t->comm));
            CHECK(!at_root || is_serial(receive, t->length, t->size, 0));
            CHECK(at_root || t->send[0].a == map_of(t->rank, 0).a);
        }
    return 0;
}

static int allreduce(const struct trial *t)
{
    reset(t);
    CHECK_OK(MPI_Allreduce(t->send, t->receive, t->length, t->type, t->op, t->comm));
    CHECK(is_serial(t->receive, t->length, t->size, 0));
    CHECK_OK(MPI_Allreduce(MPI_IN_PLACE, t->send, t->length, t->type, t->op, t->comm));
    CHECK(is_serial(t->send, t->length, t->size, 0));
    return 0;
}

static int scans(const struct trial *t)
{
    for (int in_place = 0; in_place < 2; in_place++) {
        reset(t);
        struct map *receive = in_place ? t->send : t->receive;
        CHECK_OK(MPI_Scan(in_place ? MPI_IN_PLACE : t->send, receive, t->length, t->type, t->op, t->comm));
        CHECK(is_serial(receive, t->length, t->rank + 1, 0));
        reset(t);
        CHECK_OK(MPI_Exscan(in_place ? MPI_IN_PLACE : t->send, receive, t->length, t->type, t->op, t->comm));
        if (t->rank > 0)
            CHECK(is_serial(receive, t->length, t->rank, 0));
        else if (!in_place && t->length > 0)
            CHECK(t->receive[0].a == 0 && t->receive[0].b == 0);
    }
    return 0;
}

static int scatters(const struct trial *t)
{
    int counts[RANKS_MAX], mine = 0, before = 0, total = 0, each = t->length / t->size;
    for (int i = 0; i < t->size; i++) { /* uneven: every third gets nothing, the last one the rest */
        counts[i] = i == t->size - 1 ? t->length - total : i % 3 == 2 ? 0 : each;
        if (i < t->rank)
            before += counts[i];
        total += counts[i];
    }
    mine = counts[t->rank];
    for (int in_place = 0; in_place < 2; in_place++) {
        reset(t);
        struct map *receive = in_place ? t->send : t->receive;
        CHECK_OK(MPI_Reduce_scatter(in_place ? MPI_IN_PLACE : t->send, receive, counts, t->type, t->op, t->comm));
        CHECK(is_serial(receive, mine, t->size, before));
        reset(t);
        CHECK_OK(MPI_Reduce_scatter_block(in_place ? MPI_IN_PLACE : t->send, receive, each, t->type, t->op, t->comm));
        CHECK(is_serial(receive, each, t->size, t->rank * each));
    }
    return 0;
}

static int all_calls(const struct trial *t)
{
    CHECK(reduce(t) == 0);
    CHECK(allreduce(t) == 0);
    CHECK(scans(t) == 0);
    CHECK(scatters(t) == 0);
    return 0;
}

static int rank_composes(MPI_Comm comm, void *argument)
{
    (void)argument;
    return for_all_lengths(comm, all_calls);
}

static void operands_are_taken_in_the_order_of_ranks(void **state)
{
    (void)state;
    run_teams(rank_composes);
}

/* ---- Floating point: every rank, root and repetition gets the same bits ---- */

static int rank_sums(MPI_Comm comm, void *argument)
{
    (void)argument;
    int rank, size;
    enum { N = 100 };
    double mine[N], all[N], again[N], at_root[N];
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    CHECK_OK(MPI_Comm_size(comm, &size));
    for (int i = 0; i < N; i++) /* sums of these depend on the order */
        mine[i] = (rank % 2 ? 1e16 : -1e16) / (i + 1) + 1.0 / (3 + rank + i);
    CHECK_OK(MPI_Allreduce(mine, all, N, MPI_DOUBLE, MPI_SUM, comm));
    for (int round = 0; round < 20; round++) {
        CHECK_OK(MPI_Allreduce(mine, again, N, MPI_DOUBLE, MPI_SUM, comm));
        CHECK(memcmp(all, again, sizeof all) == 0);
    }
    for (int root = 0; root < size; root++) {
        CHECK_OK(MPI_Reduce(mine, at_root, N, MPI_DOUBLE, MPI_SUM, root, comm));
        CHECK(rank != root || memcmp(all, at_root, sizeof all) == 0);
    }
    memcpy(again, all, sizeof all);
    CHECK_OK(MPI_Bcast(again, N, MPI_DOUBLE, size - 1, comm));
    CHECK(memcmp(all, again, sizeof all) == 0);
    return 0;
}

static void a_floating_point_sum_has_the_same_bits_everywhere_and_always(void **state)
{
    (void)state;
    run_teams(rank_sums);
}

/* ---- Predefined operations across ranks ---- */

static int rank_uses_them_all(MPI_Comm comm, void *argument)
{
    (void)argument;
    int rank, size, got;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    CHECK_OK(MPI_Comm_size(comm, &size));
    CHECK_OK(MPI_Allreduce(&rank, &got, 1, MPI_INT, MPI_SUM, comm));
    CHECK(got == size * (size - 1) / 2);
    CHECK_OK(MPI_Allreduce(&rank, &got, 1, MPI_INT, MPI_MAX, comm));
    CHECK(got == size - 1);
    int bit = 1 << rank;
    CHECK_OK(MPI_Allreduce(&bit, &got, 1, MPI_INT, MPI_BOR, comm));
    CHECK(got == (1 << size) - 1);
    CHECK_OK(MPI_Allreduce(&rank, &got, 1, MPI_INT, MPI_LAND, comm));
    CHECK(got == 0);
    struct {
        double value;
        int index;
    } pair = {(rank + 1) / 2, rank}, largest;
    CHECK_OK(MPI_Allreduce(&pair, &largest, 1, MPI_DOUBLE_INT, MPI_MAXLOC, comm));
    CHECK(largest.value == size / 2 && largest.index == (size == 1 ? 0 : size % 2 ? size - 2 : size - 1));
    return 0;
}

static void predefined_operations_work_across_ranks(void **state)
{
    (void)state;
    run_teams(rank_uses_them_all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operands_are_taken_in_the_order_of_ranks),
        cmocka_unit_test(a_floating_point_sum_has_the_same_bits_everywhere_and_always),
        cmocka_unit_test(predefined_operations_work_across_ranks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
