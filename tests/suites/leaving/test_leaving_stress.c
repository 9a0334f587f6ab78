/* SPDX-License-Identifier: BSD-2-Clause */
/* test_leaving_stress.c: hundreds of team tests that do the same random calls on all ranks and verify every value; in half
 * of them one random rank leaves at a random point, with messages of all kinds on their way. Nothing of these may reach the
 * others.
 *
 * Cases with an even number pass, those with an odd number end otherwise: fail or crash.
 */
#include <string.h>

#include <mpirun_tests.h>

MRT_SUITE(leaving_stress, .timeout = 60.0);

enum { STEPS = 24, LARGE = 40000, SMALL = 10 };

/* The same numbers on all ranks of a case. */
static unsigned draw(unsigned *state, unsigned below)
{
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 16) % below;
}

struct scene {
    int rank, size, step;
    unsigned state;
    int salt; /* in all values, so that those of another test are wrong here */
    MPI_Comm comm;
};

static int value_of(const struct scene *scene, int rank, int index)
{
    return scene->salt * 1000003 + scene->step * 1009 + rank * 31 + index;
}

static void fill(const struct scene *scene, int *values, int count)
{
    for (int i = 0; i < count; i++)
        values[i] = value_of(scene, scene->rank, i);
}

static void verify(const struct scene *scene, const int *values, int count, int rank)
{
    for (int i = 0; i < count; i++)
        if (values[i] != value_of(scene, rank, i))
            fail_msg("step %d: value %d of rank %d is %d, not %d", scene->step, i, rank, values[i], value_of(scene, rank, i));
}

/* ---- The calls ---- */

static void ring(struct scene *scene, int count)
{
    static int out[LARGE]; /* not malloc: who leaves does not come to free() */
    int in[LARGE];
    int next = (scene->rank + 1) % scene->size, previous = (scene->rank + scene->size - 1) % scene->size;
    MPI_Request requests[2];
    fill(scene, out, count);
    MPI_Irecv(in, count, MPI_INT, previous, scene->step, scene->comm, &requests[0]);
    MPI_Isend(out, count, MPI_INT, next, scene->step, scene->comm, &requests[1]);
    MPI_Waitall(2, requests, MPI_STATUSES_IGNORE);
    verify(scene, in, count, previous);
}

static void pair(struct scene *scene, int count)
{
    int from = (int)draw(&scene->state, (unsigned)scene->size);
    int to = (from + 1 + (int)draw(&scene->state, (unsigned)scene->size - 1)) % scene->size;
    int values[LARGE];
    if (scene->rank == from) {
        fill(scene, values, count);
        MPI_Send(values, count, MPI_INT, to, 100 + scene->step, scene->comm);
    } else if (scene->rank == to) {
        MPI_Status status;
        int got;
        MPI_Probe(MPI_ANY_SOURCE, 100 + scene->step, scene->comm, &status);
        MPI_Get_count(&status, MPI_INT, &got);
        assert_int_equal(got, count);
        MPI_Recv(values, count, MPI_INT, status.MPI_SOURCE, status.MPI_TAG, scene->comm, MPI_STATUS_IGNORE);
        verify(scene, values, count, from);
    }
}

static void reduce(struct scene *scene)
{
    int mine = scene->rank + scene->step, sum = 0;
    MPI_Allreduce(&mine, &sum, 1, MPI_INT, MPI_SUM, scene->comm);
    assert_int_equal(sum, scene->size * (scene->size - 1) / 2 + scene->size * scene->step);
}

static void broadcast(struct scene *scene, int count)
{
    int root = (int)draw(&scene->state, (unsigned)scene->size), values[LARGE];
    if (scene->rank == root)
        fill(scene, values, count);
    MPI_Bcast(values, count, MPI_INT, root, scene->comm);
    verify(scene, values, count, root);
}

static void gather(struct scene *scene)
{
    int values[SMALL], all[8 * SMALL];
    fill(scene, values, SMALL);
    MPI_Allgather(values, SMALL, MPI_INT, all, SMALL, MPI_INT, scene->comm);
    for (int rank = 0; rank < scene->size; rank++)
        verify(scene, all + rank * SMALL, SMALL, rank);
}

static void on_a_duplicate(struct scene *scene)
{
    struct scene inner = *scene;
    MPI_Comm_dup(scene->comm, &inner.comm);
    ring(&inner, SMALL);
    reduce(&inner);
    MPI_Comm_free(&inner.comm);
}

static void all_calls(struct scene *scene)
{
    int count = draw(&scene->state, 3) == 0 ? LARGE : SMALL;
    switch (draw(&scene->state, 7)) {
    case 0: ring(scene, count); break;
    case 1: pair(scene, count); break;
    case 2: reduce(scene); break;
    case 3: broadcast(scene, count); break;
    case 4: gather(scene); break;
    case 5: on_a_duplicate(scene); break;
    default: MPI_Barrier(scene->comm);
    }
}

/* ---- Ways to leave ---- */

/* With receives posted to the stack, and sends of it on their way. */
static void leave_with_messages_open(struct scene *scene)
{
    int in[LARGE], out[LARGE];
    MPI_Request requests[2];
    memset(out, 0x55, sizeof out);
    MPI_Irecv(in, LARGE, MPI_INT, MPI_ANY_SOURCE, MPI_ANY_TAG, scene->comm, &requests[0]);
    MPI_Isend(out, LARGE, MPI_INT, (scene->rank + 1) % scene->size, 77, scene->comm, &requests[1]);
    fail_msg("with messages open");
}

static void leave(struct scene *scene)
{
    int value = 0;
    switch (draw(&scene->state, 4)) {
    case 0: fail_msg("an assertion"); break;
    case 1: MPI_Abort(scene->comm, 7); break;
    case 2: MPI_Send(&value, 1, MPI_INT, scene->size, 0, scene->comm); break;
    default: leave_with_messages_open(scene);
    }
}

static void play(unsigned salt)
{
    unsigned number = (unsigned)mrt_case();
    struct scene scene = {.state = number * 2654435761u + salt, .salt = (int)(number % 1000 + salt), .comm = MPI_COMM_WORLD};
    MPI_Comm_rank(MPI_COMM_WORLD, &scene.rank);
    MPI_Comm_size(MPI_COMM_WORLD, &scene.size);
    int who = number % 2 ? (int)draw(&scene.state, (unsigned)scene.size) : -1;
    int when = (int)draw(&scene.state, STEPS);
    for (scene.step = 0; scene.step < STEPS; scene.step++) {
        if (scene.step == when && scene.rank == who)
            leave(&scene);
        all_calls(&scene);
    }
    MPI_Barrier(MPI_COMM_WORLD);
}

MRT_TEST(two, .np = 2, .cases = 200)
{
    play(2);
}

MRT_TEST(three, .np = 3, .cases = 200)
{
    play(3);
}

MRT_TEST(four, .np = 4, .cases = 200)
{
    play(4);
}
