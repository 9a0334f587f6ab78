/* SPDX-License-Identifier: BSD-2-Clause */
/* test_collective_data.c: broadcast, gather, scatter, all-gather and all-to-all bring each number to its place: on
 * teams of several sizes, from all roots, with several types and counts (0 too), in place too, and touch nothing else.
 */
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

/* ---- Shapes: types made of ints, of which some have gaps ---- */

enum { UNTOUCHED = -77, SHAPES = 3 };

struct shape {
    MPI_Datatype type;
    int ints;     /* in an element */
    int extent;   /* in ints */
    int place[3]; /* of each int in an element */
};

static int make_shapes(struct shape shapes[SHAPES])
{
    MPI_Datatype vector;
    shapes[0] = (struct shape){MPI_INT, 1, 1, {0}};
    shapes[1] = (struct shape){MPI_DATATYPE_NULL, 3, 3, {0, 1, 2}};
    CHECK_OK(MPI_Type_contiguous(3, MPI_INT, &shapes[1].type));
    CHECK_OK(MPI_Type_commit(&shapes[1].type));
    shapes[2] = (struct shape){MPI_DATATYPE_NULL, 2, 5, {1, 3}};
    CHECK_OK(MPI_Type_indexed(2, (int[]){1, 1}, (int[]){1, 3}, MPI_INT, &vector));
    CHECK_OK(MPI_Type_create_resized(vector, 0, 5 * (MPI_Aint)sizeof(int), &shapes[2].type));
    CHECK_OK(MPI_Type_commit(&shapes[2].type));
    CHECK_OK(MPI_Type_free(&vector));
    return 0;
}

static int value(int from, int to, int index)
{
    return 1000000 * from + 10000 * to + index % 10000 + 1;
}

/* Where the index-th int of a buffer of that shape is, the buffer beginning `first` elements on. */
static int place(const struct shape *shape, int first, int index)
{
    return (first + index / shape->ints) * shape->extent + shape->place[index % shape->ints];
}

static void fill(int *data, const struct shape *shape, int first, int ints, int from, int to)
{
    for (int i = 0; i < ints; i++)
        data[place(shape, first, i)] = value(from, to, i);
}

static bool holds(const int *data, const struct shape *shape, int first, int ints, int from, int to)
{
    for (int i = 0; i < ints; i++)
        if (data[place(shape, first, i)] != value(from, to, i))
            return false;
    return true;
}

/* Room for so many elements, all untouched. */
static int *room(const struct shape *shape, int elements)
{
    size_t n = (size_t)elements * (size_t)shape->extent + 8;
    int *data = malloc(n * sizeof *data);
    for (size_t i = 0; i < n; i++)
        data[i] = UNTOUCHED;
    return data;
}

/* As many ints are still untouched as there would be without the `ints` that were received. */
static bool is_else_untouched(const int *data, const struct shape *shape, int elements, int ints)
{
    size_t n = (size_t)elements * (size_t)shape->extent + 8, untouched = 0;
    for (size_t i = 0; i < n; i++)
        untouched += data[i] == UNTOUCHED;
    return untouched == n - (size_t)ints;
}

/* Numbers of ints that fit all shapes; the largest does not travel eagerly. */
static const int lengths[] = {0, 6, 60, 30000};
enum { LENGTHS = sizeof lengths / sizeof lengths[0] };

/* One case: lengths and shapes, for each call below. */
struct trial {
    MPI_Comm comm;
    int rank, size, root;
    int ints; /* of one message */
    const struct shape *send, *receive;
};

static int for_all_trials(MPI_Comm comm, bool roots, int (*function)(const struct trial *trial))
{
    struct shape shapes[SHAPES];
    struct trial trial = {.comm = comm};
    CHECK(make_shapes(shapes) == 0);
    CHECK_OK(MPI_Comm_rank(comm, &trial.rank));
    CHECK_OK(MPI_Comm_size(comm, &trial.size));
    for (trial.root = 0; trial.root < (roots ? trial.size : 1); trial.root++)
        for (int l = 0; l < LENGTHS; l++)
            for (int s = 0; s < SHAPES * SHAPES; s++) {
                if (lengths[l] > 1000 && trial.size > 3 && s % 4 != trial.root % 4)
                    continue; /* not all of the large ones */
                trial.ints = lengths[l];
                trial.send = &shapes[s % SHAPES];
                trial.receive = &shapes[s / SHAPES];
                CHECK(function(&trial) == 0);
            }
    return 0;
}

/* ---- Broadcast ---- */

static int broadcast(const struct trial *t)
{
    const struct shape *shape = t->rank % 2 ? t->send : t->receive; /* types may differ if they match */
    int elements = t->ints / shape->ints;
    int *data = room(shape, elements);
    if (t->rank == t->root)
        fill(data, shape, 0, t->ints, t->root, 0);
    CHECK_OK(MPI_Bcast(data, elements, shape->type, t->root, t->comm));
    CHECK(holds(data, shape, 0, t->ints, t->root, 0));
    CHECK(is_else_untouched(data, shape, elements, t->ints));
    free(data);
    return 0;
}

static int rank_broadcasts(MPI_Comm comm, void *argument)
{
    (void)argument;
    return for_all_trials(comm, true, broadcast);
}

static void a_broadcast_reaches_all_from_any_root(void **state)
{
    (void)state;
    run_teams(rank_broadcasts);
}

/* ---- Gather and scatter ---- */

static int gather(const struct trial *t, bool in_place)
{
    int send_elements = t->ints / t->send->ints, elements = t->ints / t->receive->ints, all = elements * t->size;
    int *send = room(t->send, send_elements), *receive = room(t->receive, all);
    bool at_root = t->rank == t->root;
    fill(send, t->send, 0, t->ints, t->rank, 0);
    if (in_place)
        fill(receive, t->receive, t->rank * elements, t->ints, t->rank, 0);
    CHECK_OK(MPI_Gather(in_place && at_root ? MPI_IN_PLACE : send, send_elements, t->send->type,
                        at_root ? receive : NULL, at_root ? elements : -1,
                        at_root ? t->receive->type : MPI_DATATYPE_NULL, t->root, t->comm));
    for (int i = 0; i < t->size && at_root; i++)
        CHECK(holds(receive, t->receive, i * elements, t->ints, i, 0));
    if (at_root)
        CHECK(is_else_untouched(receive, t->receive, all, t->ints * t->size));
    free(send);
    free(receive);
    return 0;
}

static int scatter(const struct trial *t, bool in_place)
{
    int elements = t->ints / t->send->ints, receive_elements = t->ints / t->receive->ints, all = elements * t->size;
    int *send = room(t->send, all), *receive = room(t->receive, receive_elements);
    bool at_root = t->rank == t->root, skip = in_place && at_root;
    for (int i = 0; i < t->size && at_root; i++)
        fill(send, t->send, i * elements, t->ints, t->root, i);
    CHECK_OK(MPI_Scatter(at_root ? send : NULL, at_root ? elements : -1, at_root ? t->send->type : MPI_DATATYPE_NULL,
                         skip ? MPI_IN_PLACE : receive, receive_elements, t->receive->type, t->root, t->comm));
    CHECK(skip || holds(receive, t->receive, 0, t->ints, t->root, t->rank));
    CHECK(is_else_untouched(receive, t->receive, receive_elements, skip ? 0 : t->ints));
    free(send);
    free(receive);
    return 0;
}

static int gather_and_scatter(const struct trial *t)
{
    CHECK(gather(t, false) == 0);
    CHECK(gather(t, true) == 0);
    CHECK(scatter(t, false) == 0);
    CHECK(scatter(t, true) == 0);
    return 0;
}

static int rank_gathers(MPI_Comm comm, void *argument)
{
    (void)argument;
    return for_all_trials(comm, true, gather_and_scatter);
}

static void gather_and_scatter_keep_the_order_of_ranks(void **state)
{
    (void)state;
    run_teams(rank_gathers);
}

/* ---- With a count for each rank: rank i has i messages' worth, in an order that is not theirs, with gaps between ----
 */

struct layout {
    int counts[RANKS_MAX], displacements[RANKS_MAX], elements;
};

static struct layout layout_of(int size, int unit)
{
    struct layout layout = {.elements = 1};
    for (int i = size - 1; i >= 0; i--) {
        layout.counts[i] = i % 4 * unit;
        layout.displacements[i] = layout.elements;
        layout.elements += layout.counts[i] + i % 2;
    }
    return layout;
}

static int gather_different(const struct trial *t, bool to_all, bool in_place)
{
    int unit = t->ints / t->receive->ints, mine = t->rank % 4 * t->ints, total = 0;
    struct layout layout = layout_of(t->size, unit);
    int *send = room(t->send, mine / t->send->ints), *receive = room(t->receive, layout.elements);
    bool gets = to_all || t->rank == t->root;
    fill(send, t->send, 0, mine, t->rank, 1);
    if (in_place)
        fill(receive, t->receive, layout.displacements[t->rank], mine, t->rank, 1);
    const void *from = in_place && gets ? MPI_IN_PLACE : send;
    if (to_all)
        CHECK_OK(MPI_Allgatherv(from, mine / t->send->ints, t->send->type, receive, layout.counts, layout.displacements,
                                t->receive->type, t->comm));
    else
        CHECK_OK(MPI_Gatherv(from, mine / t->send->ints, t->send->type, receive, layout.counts, layout.displacements,
                             t->receive->type, t->root, t->comm));
    for (int i = 0; i < t->size && gets; i++) {
        CHECK(holds(receive, t->receive, layout.displacements[i], i % 4 * t->ints, i, 1));
        total += i % 4 * t->ints;
    }
    if (gets)
        CHECK(is_else_untouched(receive, t->receive, layout.elements, total));
    free(send);
    free(receive);
    return 0;
}

static int scatter_different(const struct trial *t, bool in_place)
{
    int unit = t->ints / t->send->ints, mine = t->rank % 4 * t->ints;
    struct layout layout = layout_of(t->size, unit);
    int *send = room(t->send, layout.elements), *receive = room(t->receive, mine / t->receive->ints);
    bool skip = in_place && t->rank == t->root;
    for (int i = 0; i < t->size; i++)
        fill(send, t->send, layout.displacements[i], i % 4 * t->ints, t->root, i);
    CHECK_OK(MPI_Scatterv(send, layout.counts, layout.displacements, t->send->type, skip ? MPI_IN_PLACE : receive,
                          mine / t->receive->ints, t->receive->type, t->root, t->comm));
    CHECK(skip || holds(receive, t->receive, 0, mine, t->root, t->rank));
    CHECK(is_else_untouched(receive, t->receive, mine / t->receive->ints, skip ? 0 : mine));
    free(send);
    free(receive);
    return 0;
}

static int different_counts(const struct trial *t)
{
    for (int in_place = 0; in_place < 2; in_place++) {
        CHECK(gather_different(t, false, in_place) == 0);
        CHECK(gather_different(t, true, in_place) == 0);
        CHECK(scatter_different(t, in_place) == 0);
    }
    return 0;
}

static int rank_has_its_count(MPI_Comm comm, void *argument)
{
    (void)argument;
    return for_all_trials(comm, true, different_counts);
}

static void each_rank_may_have_its_own_count_and_place(void **state)
{
    (void)state;
    run_teams(rank_has_its_count);
}

/* ---- To all ---- */

static int allgather(const struct trial *t)
{
    int elements = t->ints / t->receive->ints, all = elements * t->size;
    for (int in_place = 0; in_place < 2; in_place++) {
        int *send = room(t->send, t->ints / t->send->ints), *receive = room(t->receive, all);
        fill(send, t->send, 0, t->ints, t->rank, 2);
        if (in_place)
            fill(receive, t->receive, t->rank * elements, t->ints, t->rank, 2);
        CHECK_OK(MPI_Allgather(in_place ? MPI_IN_PLACE : send, t->ints / t->send->ints, t->send->type, receive,
                               elements, t->receive->type, t->comm));
        for (int i = 0; i < t->size; i++)
            CHECK(holds(receive, t->receive, i * elements, t->ints, i, 2));
        CHECK(is_else_untouched(receive, t->receive, all, t->ints * t->size));
        free(send);
        free(receive);
    }
    return 0;
}

static int alltoall(const struct trial *t)
{
    int elements = t->ints / t->receive->ints, send_elements = t->ints / t->send->ints, all = elements * t->size;
    for (int in_place = 0; in_place < 2; in_place++) {
        int *send = room(t->send, send_elements * t->size), *receive = room(t->receive, all);
        for (int i = 0; i < t->size; i++) {
            fill(send, t->send, i * send_elements, t->ints, t->rank, i);
            if (in_place)
                fill(receive, t->receive, i * elements, t->ints, t->rank, i);
        }
        CHECK_OK(MPI_Alltoall(in_place ? MPI_IN_PLACE : send, send_elements, t->send->type, receive, elements,
                              t->receive->type, t->comm));
        for (int i = 0; i < t->size; i++)
            CHECK(holds(receive, t->receive, i * elements, t->ints, i, t->rank));
        CHECK(is_else_untouched(receive, t->receive, all, t->ints * t->size));
        free(send);
        free(receive);
    }
    return 0;
}

static int all_of_one_length(const struct trial *t)
{
    CHECK(allgather(t) == 0);
    CHECK(alltoall(t) == 0);
    return 0;
}

static int rank_sends_to_all(MPI_Comm comm, void *argument)
{
    (void)argument;
    return for_all_trials(comm, false, all_of_one_length);
}

static void all_ranks_get_what_all_ranks_have(void **state)
{
    (void)state;
    run_teams(rank_sends_to_all);
}

/* Rank i sends (i + 2 j) % 3 units to rank j, or so many in both directions, which in-place calls need. */
static int units(int i, int j, bool in_place)
{
    return in_place ? (i + j) % 3 : (i + 2 * j) % 3;
}

static void pair_layout(const struct trial *t, int unit, bool sends, bool in_place, struct layout *layout)
{
    layout->elements = 0;
    for (int i = 0; i < t->size; i++) {
        layout->counts[i] = unit * (sends ? units(t->rank, i, in_place) : units(i, t->rank, in_place));
        layout->displacements[i] = layout->elements + 1;
        layout->elements += layout->counts[i] + 2;
    }
}

/* MPI_Alltoallw: the same, with displacements in bytes and a type for each. */
static int call_alltoall(const struct trial *t, const int *send, struct layout s, int *receive, struct layout r,
                         bool wide)
{
    if (!wide)
        return MPI_Alltoallv(send, s.counts, s.displacements, t->send->type, receive, r.counts, r.displacements,
                             t->receive->type, t->comm);
    MPI_Datatype send_types[RANKS_MAX], receive_types[RANKS_MAX];
    for (int i = 0; i < t->size; i++) {
        send_types[i] = s.counts[i] > 0 ? t->send->type : MPI_DATATYPE_NULL;
        receive_types[i] = r.counts[i] > 0 ? t->receive->type : MPI_DATATYPE_NULL;
        s.displacements[i] *= t->send->extent * (int)sizeof(int);
        r.displacements[i] *= t->receive->extent * (int)sizeof(int);
    }
    return MPI_Alltoallw(send, s.counts, s.displacements, send_types, receive, r.counts, r.displacements, receive_types,
                         t->comm);
}

static int alltoall_different(const struct trial *t, bool in_place, bool wide)
{
    struct layout s, r;
    pair_layout(t, t->ints / t->send->ints, true, in_place, &s);
    pair_layout(t, t->ints / t->receive->ints, false, in_place, &r);
    int *send = room(t->send, s.elements), *receive = room(t->receive, r.elements), total = 0;
    for (int i = 0; i < t->size; i++) {
        fill(send, t->send, s.displacements[i], t->ints * units(t->rank, i, in_place), t->rank, i);
        if (in_place)
            fill(receive, t->receive, r.displacements[i], t->ints * units(t->rank, i, in_place), t->rank, i);
    }
    CHECK_OK(call_alltoall(t, in_place ? MPI_IN_PLACE : send, s, receive, r, wide));
    for (int i = 0; i < t->size; i++) {
        int ints = t->ints * units(i, t->rank, in_place);
        CHECK(holds(receive, t->receive, r.displacements[i], ints, i, t->rank));
        total += ints;
    }
    CHECK(is_else_untouched(receive, t->receive, r.elements, total));
    free(send);
    free(receive);
    return 0;
}

static int all_pairs(const struct trial *t)
{
    for (int i = 0; i < 4; i++)
        CHECK(alltoall_different(t, i % 2, i / 2) == 0);
    return 0;
}

static int rank_sends_to_each(MPI_Comm comm, void *argument)
{
    (void)argument;
    return for_all_trials(comm, false, all_pairs);
}

static void each_pair_of_ranks_may_have_its_own_count_place_and_type(void **state)
{
    (void)state;
    run_teams(rank_sends_to_each);
}

/* ---- Barrier ---- */

/* Before rank i leaves the barrier, every rank's message to it has been sent: each is there to be probed. */
static int rank_waits_for_all(MPI_Comm comm, void *argument)
{
    (void)argument;
    int rank, size, flag;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    CHECK_OK(MPI_Comm_size(comm, &size));
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < size; i++)
            CHECK_OK(MPI_Send(NULL, 0, MPI_BYTE, i, round, comm));
        CHECK_OK(MPI_Barrier(comm));
        for (int i = 0; i < size; i++) {
            CHECK_OK(MPI_Iprobe(i, round, comm, &flag, MPI_STATUS_IGNORE));
            CHECK(flag);
            CHECK_OK(MPI_Recv(NULL, 0, MPI_BYTE, i, round, comm, MPI_STATUS_IGNORE));
        }
    }
    return 0;
}

static void nobody_leaves_a_barrier_before_all_have_come(void **state)
{
    (void)state;
    run_teams(rank_waits_for_all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_broadcast_reaches_all_from_any_root),
        cmocka_unit_test(gather_and_scatter_keep_the_order_of_ranks),
        cmocka_unit_test(each_rank_may_have_its_own_count_and_place),
        cmocka_unit_test(all_ranks_get_what_all_ranks_have),
        cmocka_unit_test(each_pair_of_ranks_may_have_its_own_count_place_and_type),
        cmocka_unit_test(nobody_leaves_a_barrier_before_all_have_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
