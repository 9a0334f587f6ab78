/* SPDX-License-Identifier: BSD-2-Clause */
/* test_topology.c: Cartesian, graph and distributed graph topologies, against a naive reference. */
#include <stdlib.h>
#include <string.h>

#include "ranks.h"

#define DIMS_MAX 4

/* ---- MPI_Dims_create: a local call, but one that needs MPI ---- */

/* The best grid by trying all: lexicographically smallest of the non-increasing ones. */
static int best_dims(int n, int count, int limit, int dims[])
{
    if (count == 0)
        return n == 1;
    for (int side = 1; side <= limit && side <= n; side++)
        if (n % side == 0 && best_dims(n / side, count - 1, side, dims + 1)) {
            dims[0] = side;
            return 1;
        }
    return 0;
}

static int dims_are_best(MPI_Comm comm, void *argument)
{
    (void)argument;
    (void)comm;
    for (int ndims = 1; ndims <= DIMS_MAX; ndims++)
        for (int n = 1; n <= 200; n++) {
            int dims[DIMS_MAX] = {0}, best[DIMS_MAX];
            CHECK_OK(MPI_Dims_create(n, ndims, dims));
            best_dims(n, ndims, n, best);
            CHECK(memcmp(dims, best, (size_t)ndims * sizeof dims[0]) == 0);
        }
    return 0;
}

static void dims_are_as_close_to_each_other_as_can_be(void **state)
{
    (void)state;
    run_ranks(1, dims_are_best, NULL);
}

static int dims_given(MPI_Comm comm, void *argument)
{
    (void)argument;
    MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);
    int dims[3] = {0, 3, 0};
    CHECK_OK(MPI_Dims_create(6, 3, dims)); /* the standard's own examples */
    CHECK(dims[0] == 2 && dims[1] == 3 && dims[2] == 1);
    memcpy(dims, (int[]){0, 3, 0}, sizeof dims);
    CHECK_FAILS(MPI_Dims_create(7, 3, dims), MPI_ERR_DIMS);
    CHECK(dims[0] == 0 && dims[1] == 3 && dims[2] == 0);

    memcpy(dims, (int[]){2, 2, 2}, sizeof dims);
    CHECK_OK(MPI_Dims_create(8, 3, dims));
    CHECK_FAILS(MPI_Dims_create(16, 3, dims), MPI_ERR_DIMS); /* a multiple, but nothing is free to grow */
    memcpy(dims, (int[]){0, -1, 0}, sizeof dims);
    CHECK_FAILS(MPI_Dims_create(4, 3, dims), MPI_ERR_DIMS);
    CHECK_FAILS(MPI_Dims_create(4, -1, dims), MPI_ERR_DIMS);
    memset(dims, 0, sizeof dims);
    CHECK(MPI_Dims_create(0, 3, dims) != MPI_SUCCESS);

    int large[2] = {0, 0};
    CHECK_OK(MPI_Dims_create(2147483647, 2, large)); /* a prime */
    CHECK(large[0] == 2147483647 && large[1] == 1);
    memset(large, 0, sizeof large);
    CHECK_OK(MPI_Dims_create(1 << 30, 2, large));
    CHECK(large[0] == 1 << 15 && large[1] == 1 << 15);
    int many[64] = {0};
    CHECK_OK(MPI_Dims_create(1 << 30, 64, many));
    CHECK(many[0] == 2 && many[29] == 2 && many[30] == 1 && many[63] == 1);
    return 0;
}

static void dims_that_are_given_stay_or_are_refused(void **state)
{
    (void)state;
    run_ranks(1, dims_given, NULL);
}

/* ---- Cartesian ---- */

/* A grid of 2 * 3 of 7 ranks, the second dimension periodic. */
static const int grid_dims[2] = {2, 3}, grid_periods[2] = {0, 1};

static int grid_is_row_major(MPI_Comm comm, void *argument)
{
    (void)argument;
    int world, rank, size, kind, ndims;
    MPI_Comm grid;
    MPI_Comm_rank(comm, &world);
    CHECK_OK(MPI_Topo_test(comm, &kind));
    CHECK(kind == MPI_UNDEFINED);
    CHECK_OK(MPI_Cart_create(comm, 2, grid_dims, grid_periods, 1, &grid));
    if (world == 6) {
        CHECK(grid == MPI_COMM_NULL);
        return 0;
    }
    CHECK_OK(MPI_Comm_rank(grid, &rank));
    CHECK_OK(MPI_Comm_size(grid, &size));
    CHECK(rank == world && size == 6);
    CHECK_OK(MPI_Topo_test(grid, &kind));
    CHECK(kind == MPI_CART);
    CHECK_OK(MPI_Cartdim_get(grid, &ndims));
    CHECK(ndims == 2);

    int dims[2], periods[2], coords[2];
    CHECK_OK(MPI_Cart_get(grid, 2, dims, periods, coords));
    CHECK(dims[0] == 2 && dims[1] == 3 && periods[0] == 0 && periods[1] == 1);
    CHECK(coords[0] == rank / 3 && coords[1] == rank % 3);
    for (int other = 0; other < size; other++) {
        int back = -1;
        CHECK_OK(MPI_Cart_coords(grid, other, 2, coords));
        CHECK(coords[0] == other / 3 && coords[1] == other % 3);
        for (int wraps = -2; wraps <= 2; wraps++) {
            CHECK_OK(MPI_Cart_rank(grid, (int[]){coords[0], coords[1] + 3 * wraps}, &back));
            CHECK(back == other);
        }
    }
    return MPI_Comm_free(&grid);
}

static void ranks_of_a_grid_are_row_major_and_wrap_where_periodic(void **state)
{
    (void)state;
    run_ranks(7, grid_is_row_major, NULL);
}

static int shifts(MPI_Comm comm, void *argument)
{
    (void)argument;
    int rank;
    MPI_Comm grid;
    CHECK_OK(MPI_Cart_create(comm, 2, grid_dims, grid_periods, 0, &grid));
    CHECK_OK(MPI_Comm_rank(grid, &rank));
    int row = rank / 3, column = rank % 3;
    for (int disp = -7; disp <= 7; disp++) {
        int source, dest;
        CHECK_OK(MPI_Cart_shift(grid, 0, disp, &source, &dest));
        CHECK(dest == (row + disp < 0 || row + disp > 1 ? MPI_PROC_NULL : rank + 3 * disp));
        CHECK(source == (row - disp < 0 || row - disp > 1 ? MPI_PROC_NULL : rank - 3 * disp));
        CHECK_OK(MPI_Cart_shift(grid, 1, disp, &source, &dest));
        CHECK(dest == row * 3 + (column + disp + 9) % 3);
        CHECK(source == row * 3 + (column - disp + 9) % 3);
    }

    /* It is what a halo exchange uses: at the border, MPI_PROC_NULL; around the ring, the neighbour. */
    int source, dest, got = -1;
    CHECK_OK(MPI_Cart_shift(grid, 1, 1, &source, &dest));
    CHECK_OK(MPI_Sendrecv(&rank, 1, MPI_INT, dest, 0, &got, 1, MPI_INT, source, 0, grid, MPI_STATUS_IGNORE));
    CHECK(got == source);
    got = -1;
    CHECK_OK(MPI_Cart_shift(grid, 0, 1, &source, &dest));
    CHECK_OK(MPI_Sendrecv(&rank, 1, MPI_INT, dest, 0, &got, 1, MPI_INT, source, 0, grid, MPI_STATUS_IGNORE));
    CHECK(got == (row == 0 ? -1 : rank - 3));
    return MPI_Comm_free(&grid);
}

static void shift_gives_neighbours_and_no_process_beyond_a_border(void **state)
{
    (void)state;
    run_ranks(6, shifts, NULL);
}

static int slices(MPI_Comm comm, void *argument)
{
    (void)argument;
    const int dims[3] = {2, 3, 2}, periods[3] = {1, 0, 1};
    int rank;
    MPI_Comm grid, plane, point;
    CHECK_OK(MPI_Cart_create(comm, 3, dims, periods, 0, &grid));
    CHECK_OK(MPI_Comm_rank(grid, &rank));
    int coords[3] = {rank / 6, rank / 2 % 3, rank % 2};

    CHECK_OK(MPI_Cart_sub(grid, (int[]){1, 0, 1}, &plane));
    int plane_dims[2], plane_periods[2], plane_coords[2], size, ndims, kind;
    CHECK_OK(MPI_Comm_size(plane, &size));
    CHECK_OK(MPI_Cart_get(plane, 2, plane_dims, plane_periods, plane_coords));
    CHECK(size == 4);
    CHECK(plane_dims[0] == 2 && plane_dims[1] == 2 && plane_periods[0] == 1 && plane_periods[1] == 1);
    CHECK(plane_coords[0] == coords[0] && plane_coords[1] == coords[2]);
    int sum = 0;
    CHECK_OK(MPI_Allreduce(&coords[1], &sum, 1, MPI_INT, MPI_SUM, plane));
    CHECK(sum == 4 * coords[1]);

    CHECK_OK(MPI_Cart_sub(plane, (int[]){0, 0}, &point));
    CHECK_OK(MPI_Comm_size(point, &size));
    CHECK_OK(MPI_Cartdim_get(point, &ndims));
    CHECK_OK(MPI_Topo_test(point, &kind));
    CHECK(size == 1 && ndims == 0 && kind == MPI_CART);
    int place = -1;
    CHECK_OK(MPI_Cart_rank(point, NULL, &place));
    CHECK(place == 0);

    MPI_Comm_free(&point);
    MPI_Comm_free(&plane);
    return MPI_Comm_free(&grid);
}

static void slices_are_grids_of_the_dimensions_that_remain(void **state)
{
    (void)state;
    run_ranks(12, slices, NULL);
}

static int duplicate(MPI_Comm comm, void *argument)
{
    (void)argument;
    MPI_Comm grid, copy;
    int dims[2], periods[2], coords[2], kind, rank;
    CHECK_OK(MPI_Cart_create(comm, 2, grid_dims, grid_periods, 0, &grid));
    CHECK_OK(MPI_Comm_dup(grid, &copy));
    CHECK_OK(MPI_Comm_free(&grid));
    CHECK_OK(MPI_Comm_rank(copy, &rank));
    CHECK_OK(MPI_Topo_test(copy, &kind));
    CHECK(kind == MPI_CART);
    CHECK_OK(MPI_Cart_get(copy, 2, dims, periods, coords));
    CHECK(dims[0] == 2 && dims[1] == 3 && coords[0] == rank / 3 && coords[1] == rank % 3);

    MPI_Comm split;
    CHECK_OK(MPI_Comm_split(copy, 0, 0, &split));
    CHECK_OK(MPI_Topo_test(split, &kind));
    CHECK(kind == MPI_UNDEFINED);
    MPI_Comm_free(&split);
    return MPI_Comm_free(&copy);
}

static void duplicate_has_the_topology_and_split_has_not(void **state)
{
    (void)state;
    run_ranks(6, duplicate, NULL);
}

static int cartesian_mistakes(MPI_Comm comm, void *argument)
{
    (void)argument;
    int rank, number = 77, coords[2] = {0, 0}, periods[2] = {0, 0}, dims[2] = {0, 0};
    MPI_Comm grid, other = MPI_COMM_SELF;
    MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);
    MPI_Comm_rank(comm, &rank);
    CHECK_FAILS(MPI_Cart_create(comm, 2, (int[]){2, 4}, periods, 0, &other), MPI_ERR_ARG);
    CHECK_FAILS(MPI_Cart_create(comm, 2, (int[]){2, 0}, periods, 0, &other), MPI_ERR_DIMS);
    CHECK_FAILS(MPI_Cart_create(comm, 2, (int[]){65536, 65536}, periods, 0, &other), MPI_ERR_ARG);
    CHECK_FAILS(MPI_Cart_create(comm, -1, dims, periods, 0, &other), MPI_ERR_ARG);
    CHECK(other == MPI_COMM_SELF);
    CHECK_FAILS(MPI_Cart_rank(comm, coords, &number), MPI_ERR_TOPOLOGY);
    CHECK_FAILS(MPI_Cartdim_get(comm, &number), MPI_ERR_TOPOLOGY);
    CHECK_FAILS(MPI_Graphdims_get(comm, &number, &number), MPI_ERR_TOPOLOGY);

    CHECK_OK(MPI_Cart_create(comm, 2, (int[]){2, 3}, (int[]){0, 1}, 0, &grid));
    MPI_Comm_set_errhandler(grid, MPI_ERRORS_RETURN);
    CHECK_FAILS(MPI_Cart_rank(grid, (int[]){2, 0}, &number), MPI_ERR_ARG);
    CHECK_FAILS(MPI_Cart_rank(grid, (int[]){-1, 0}, &number), MPI_ERR_ARG);
    CHECK_FAILS(MPI_Cart_coords(grid, 6, 2, coords), MPI_ERR_RANK);
    CHECK_FAILS(MPI_Cart_coords(grid, -1, 2, coords), MPI_ERR_RANK);
    CHECK_FAILS(MPI_Cart_coords(grid, 0, 1, coords), MPI_ERR_ARG);
    CHECK_FAILS(MPI_Cart_get(grid, 1, dims, periods, coords), MPI_ERR_ARG);
    CHECK_FAILS(MPI_Cart_shift(grid, 2, 1, &number, &number), MPI_ERR_DIMS);
    CHECK_FAILS(MPI_Cart_shift(grid, -1, 1, &number, &number), MPI_ERR_DIMS);
    CHECK_FAILS(MPI_Graph_neighbors_count(grid, 0, &number), MPI_ERR_TOPOLOGY);
    CHECK(number == 77);
    return MPI_Comm_free(&grid);
}

static void cartesian_mistakes_are_errors_of_their_class(void **state)
{
    (void)state;
    run_ranks(6, cartesian_mistakes, NULL);
}

static int disagreement(MPI_Comm comm, void *argument)
{
    (void)argument;
    int rank;
    MPI_Comm grid = MPI_COMM_NULL;
    MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);
    MPI_Comm_rank(comm, &rank);
    CHECK_FAILS(MPI_Cart_create(comm, 1, (int[]){rank == 2 ? 3 : 4}, (int[]){0}, 0, &grid), MPI_ERR_NOT_SAME);
    CHECK_FAILS(MPI_Cart_create(comm, 1, (int[]){rank == 2 ? 5 : 4}, (int[]){0}, 0, &grid), MPI_ERR_ARG);
    CHECK(grid == MPI_COMM_NULL);
    /* Nobody is left behind in a collective. */
    CHECK_OK(MPI_Barrier(comm));
    return 0;
}

static void grids_that_differ_between_ranks_are_an_error_on_all(void **state)
{
    (void)state;
    run_ranks(4, disagreement, NULL);
}

static int zero_dimensions(MPI_Comm comm, void *argument)
{
    (void)argument;
    int rank, size, ndims = -1;
    MPI_Comm point;
    MPI_Comm_rank(comm, &rank);
    CHECK_OK(MPI_Cart_create(comm, 0, NULL, NULL, 0, &point));
    CHECK((point != MPI_COMM_NULL) == (rank == 0));
    if (point == MPI_COMM_NULL)
        return 0;
    CHECK_OK(MPI_Comm_size(point, &size));
    CHECK_OK(MPI_Cartdim_get(point, &ndims));
    CHECK(size == 1 && ndims == 0);
    return MPI_Comm_free(&point);
}

static void grid_without_dimensions_holds_one_rank(void **state)
{
    (void)state;
    run_ranks(3, zero_dimensions, NULL);
}

static int maps(MPI_Comm comm, void *argument)
{
    (void)argument;
    int rank, place = -1;
    MPI_Comm_rank(comm, &rank);
    CHECK_OK(MPI_Cart_map(comm, 2, (int[]){1, 3}, (int[]){0, 0}, &place));
    CHECK(place == (rank < 3 ? rank : MPI_UNDEFINED));
    CHECK_OK(MPI_Graph_map(comm, 2, (int[]){1, 2}, (int[]){1, 0}, &place));
    CHECK(place == (rank < 2 ? rank : MPI_UNDEFINED));
    return 0;
}

static void maps_leave_ranks_out_that_have_no_place(void **state)
{
    (void)state;
    run_ranks(4, maps, NULL);
}

/* ---- Graphs ---- */

/* The example of MPI-3.1 §7.5.3: 0: 1, 3 · 1: 0 · 2: 3 · 3: 0, 2. */
static const int graph_index[4] = {2, 3, 4, 6}, graph_edges[6] = {1, 3, 0, 3, 0, 2};

static int graph(MPI_Comm comm, void *argument)
{
    (void)argument;
    int rank, kind, nodes, edges, index[4], list[6];
    MPI_Comm made;
    MPI_Comm_rank(comm, &rank);
    CHECK_OK(MPI_Graph_create(comm, 4, graph_index, graph_edges, 1, &made));
    CHECK((made == MPI_COMM_NULL) == (rank == 4));
    if (made == MPI_COMM_NULL)
        return 0;
    CHECK_OK(MPI_Topo_test(made, &kind));
    CHECK(kind == MPI_GRAPH);
    CHECK_OK(MPI_Graphdims_get(made, &nodes, &edges));
    CHECK(nodes == 4 && edges == 6);
    CHECK_OK(MPI_Graph_get(made, 4, 6, index, list));
    CHECK(memcmp(index, graph_index, sizeof index) == 0 && memcmp(list, graph_edges, sizeof list) == 0);
    for (int node = 0; node < 4; node++) {
        int begin = node > 0 ? graph_index[node - 1] : 0, count = -1;
        CHECK_OK(MPI_Graph_neighbors_count(made, node, &count));
        CHECK(count == graph_index[node] - begin);
        CHECK_OK(MPI_Graph_neighbors(made, node, 6, list));
        CHECK(memcmp(list, graph_edges + begin, (size_t)count * sizeof list[0]) == 0);
    }
    MPI_Comm_set_errhandler(made, MPI_ERRORS_RETURN);
    CHECK_FAILS(MPI_Graph_neighbors(made, 0, 1, list), MPI_ERR_ARG);
    CHECK_FAILS(MPI_Graph_neighbors_count(made, 4, &kind), MPI_ERR_RANK);
    CHECK_FAILS(MPI_Graph_get(made, 3, 6, index, list), MPI_ERR_ARG);
    return MPI_Comm_free(&made);
}

static void graph_gives_back_its_nodes_and_neighbours(void **state)
{
    (void)state;
    run_ranks(5, graph, NULL);
}

static int graph_mistakes(MPI_Comm comm, void *argument)
{
    (void)argument;
    MPI_Comm made = MPI_COMM_NULL;
    MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);
    CHECK_FAILS(MPI_Graph_create(comm, 3, (int[]){1, 2, 3}, (int[]){1, 2, 0}, 0, &made), MPI_ERR_ARG);
    CHECK_FAILS(MPI_Graph_create(comm, 2, (int[]){2, 1}, (int[]){1, 0}, 0, &made), MPI_ERR_ARG);
    CHECK_FAILS(MPI_Graph_create(comm, 2, (int[]){1, 2}, (int[]){1, 2}, 0, &made), MPI_ERR_ARG);
    CHECK_FAILS(MPI_Graph_create(comm, 2, (int[]){1, 2}, (int[]){-1, 0}, 0, &made), MPI_ERR_ARG);
    CHECK_FAILS(MPI_Graph_create(comm, -1, graph_index, graph_edges, 0, &made), MPI_ERR_ARG);
    CHECK_OK(MPI_Graph_create(comm, 0, graph_index, graph_edges, 0, &made));
    CHECK(made == MPI_COMM_NULL);
    return 0;
}

static void graph_mistakes_are_errors_of_their_class(void **state)
{
    (void)state;
    run_ranks(2, graph_mistakes, NULL);
}

/* ---- Distributed graphs ---- */

/* MPI_UNWEIGHTED is a small number in most mpi.h, and gcc 12 warns of an array there unless it cannot see that. */
static int *volatile unweighted;

/* A ring, each rank naming its own neighbours; the weight of an edge is ten times its source. */
static int ring_adjacent(MPI_Comm comm, void *argument)
{
    (void)argument;
    int rank, size, kind, in, out, weighted;
    MPI_Comm ring;
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &size);
    int left = (rank + size - 1) % size, right = (rank + 1) % size;
    CHECK_OK(MPI_Dist_graph_create_adjacent(comm, 1, &left, (int[]){10 * left}, 1, &right, (int[]){10 * rank},
                                            MPI_INFO_NULL, 0, &ring));
    CHECK_OK(MPI_Topo_test(ring, &kind));
    CHECK(kind == MPI_DIST_GRAPH);
    CHECK_OK(MPI_Dist_graph_neighbors_count(ring, &in, &out, &weighted));
    CHECK(in == 1 && out == 1 && weighted != 0);
    int source, source_weight, destination, weight;
    CHECK_OK(MPI_Dist_graph_neighbors(ring, 1, &source, &source_weight, 1, &destination, &weight));
    CHECK(source == left && source_weight == 10 * left && destination == right && weight == 10 * rank);
    return MPI_Comm_free(&ring);
}

/* Rank 0 alone describes a star: it sends to all others, they to it. */
static int star_from_one(MPI_Comm comm, void *argument)
{
    (void)argument;
    int rank, size, in, out, weighted;
    MPI_Comm star;
    unweighted = MPI_UNWEIGHTED;
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &size);
    int sources[RANKS_MAX], degrees[RANKS_MAX], destinations[2 * RANKS_MAX], edges = 0;
    for (int i = 0; i < size; i++) {
        sources[i] = i;
        degrees[i] = i == 0 ? size - 1 : 1;
        for (int j = 1; i == 0 && j < size; j++)
            destinations[edges++] = j;
        if (i > 0)
            destinations[edges++] = 0;
    }
    CHECK_OK(MPI_Dist_graph_create(comm, rank == 0 ? size : 0, sources, degrees, destinations, unweighted,
                                   MPI_INFO_NULL, 0, &star));
    CHECK_OK(MPI_Dist_graph_neighbors_count(star, &in, &out, &weighted));
    CHECK(in == (rank == 0 ? size - 1 : 1) && out == in && weighted == 0);
    int from[RANKS_MAX], to[RANKS_MAX], seen[RANKS_MAX] = {0};
    CHECK_OK(MPI_Dist_graph_neighbors(star, in, from, unweighted, out, to, unweighted));
    for (int i = 0; i < in; i++) {
        seen[from[i]]++;
        seen[to[i]]++;
    }
    for (int i = 0; i < size; i++)
        CHECK(seen[i] == (rank == 0 ? (i != 0) * 2 : (i == 0) * 2));
    return MPI_Comm_free(&star);
}

static void ring_of_own_neighbours_comes_back_with_its_weights(void **state)
{
    (void)state;
    run_ranks(5, ring_adjacent, NULL);
}

static void star_described_by_one_rank_reaches_all(void **state)
{
    (void)state;
    run_ranks(5, star_from_one, NULL);
}

static int dist_mistakes(MPI_Comm comm, void *argument)
{
    (void)argument;
    int rank, other = 0, weight = 1;
    MPI_Comm made = MPI_COMM_NULL;
    unweighted = MPI_UNWEIGHTED;
    MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);
    MPI_Comm_rank(comm, &rank);
    CHECK_FAILS(
        MPI_Dist_graph_create_adjacent(comm, 1, (int[]){2}, &weight, 1, &other, &weight, MPI_INFO_NULL, 0, &made),
        MPI_ERR_RANK);
    CHECK_FAILS(
        MPI_Dist_graph_create_adjacent(comm, 1, &other, (int[]){-1}, 1, &other, &weight, MPI_INFO_NULL, 0, &made),
        MPI_ERR_ARG);
    CHECK_FAILS(MPI_Dist_graph_create_adjacent(comm, -1, &other, &weight, 1, &other, &weight, MPI_INFO_NULL, 0, &made),
                MPI_ERR_ARG);
    /* Weights on one rank only. */
    int *weights = rank == 0 ? unweighted : &weight;
    CHECK_FAILS(MPI_Dist_graph_create_adjacent(comm, 1, &other, weights, 1, &other, weights, MPI_INFO_NULL, 0, &made),
                MPI_ERR_NOT_SAME);
    CHECK_FAILS(MPI_Dist_graph_create(comm, 1, &other, (int[]){-1}, &other, unweighted, MPI_INFO_NULL, 0, &made),
                MPI_ERR_ARG);
    CHECK(made == MPI_COMM_NULL);
    return 0;
}

static void distributed_graph_mistakes_are_errors_of_their_class(void **state)
{
    (void)state;
    run_ranks(2, dist_mistakes, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dims_are_as_close_to_each_other_as_can_be),
        cmocka_unit_test(dims_that_are_given_stay_or_are_refused),
        cmocka_unit_test(ranks_of_a_grid_are_row_major_and_wrap_where_periodic),
        cmocka_unit_test(shift_gives_neighbours_and_no_process_beyond_a_border),
        cmocka_unit_test(slices_are_grids_of_the_dimensions_that_remain),
        cmocka_unit_test(duplicate_has_the_topology_and_split_has_not),
        cmocka_unit_test(cartesian_mistakes_are_errors_of_their_class),
        cmocka_unit_test(grids_that_differ_between_ranks_are_an_error_on_all),
        cmocka_unit_test(grid_without_dimensions_holds_one_rank),
        cmocka_unit_test(maps_leave_ranks_out_that_have_no_place),
        cmocka_unit_test(graph_gives_back_its_nodes_and_neighbours),
        cmocka_unit_test(graph_mistakes_are_errors_of_their_class),
        cmocka_unit_test(ring_of_own_neighbours_comes_back_with_its_weights),
        cmocka_unit_test(star_described_by_one_rank_reaches_all),
        cmocka_unit_test(distributed_graph_mistakes_are_errors_of_their_class),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
