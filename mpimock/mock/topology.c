/* SPDX-License-Identifier: BSD-2-Clause */
/* topology.c: Cartesian topologies (MPI-3.1 §7.5), and what all kinds of topologies share. Graphs are in
 * graph.c and dist_graph.c, MPI_Dims_create in dims.c.
 *
 * Relies on MPI_Comm_split for the new communicators and on agree.h for arguments that must be alike on all ranks.
 * `reorder` is always taken as a permission that is not used: ranks keep their order, so that a program's mistakes do
 * not depend on the machine.
 */
#include <stdlib.h>

#include "agree.h"
#include "topology.h"

struct mock_topology *topology_create(int kind, size_t numbers)
{
    struct mock_topology *topology = calloc(1, sizeof *topology + numbers * sizeof topology->numbers[0]);
    if (topology == NULL)
        return NULL;
    topology->references = 1;
    topology->kind = kind;
    return topology;
}

struct mock_topology *mock_topology_copy(struct mock_topology *topology)
{
    if (topology != NULL)
        topology->references++;
    return topology;
}

void mock_topology_release(struct mock_topology *topology)
{
    if (topology != NULL && --topology->references == 0)
        free(topology);
}

static const char *topology_name(int kind)
{
    return kind == MPI_CART ? "Cartesian" : kind == MPI_GRAPH ? "graph" : "distributed graph";
}

struct mock_topology *topology_of(MPI_Comm handle, int kind, int *error)
{
    mock_lock();
    const struct mock_comm *comm = mock_comm(handle);
    struct mock_topology *topology = comm != NULL ? comm->topology : NULL;
    mock_unlock();

    if (comm == NULL) {
        *error = mpimock_error(MPI_ERR_COMM, "not a communicator");
        return NULL;
    }
    if (topology == NULL) {
        *error = mpimock_error(MPI_ERR_TOPOLOGY, "the communicator has no topology");
        return NULL;
    }
    if (topology->kind != kind) {
        *error = mpimock_error(MPI_ERR_TOPOLOGY, "the communicator's topology is a %s one, not a %s one",
                               topology_name(topology->kind), topology_name(kind));
        return NULL;
    }
    return topology;
}

struct mock_comm *topology_parent(MPI_Comm handle, int *error)
{
    mock_lock();
    struct mock_comm *comm = mock_comm(handle);
    mock_unlock();

    if (comm == NULL) {
        *error = mpimock_error(MPI_ERR_COMM, "not a communicator");
        return NULL;
    }
    if (comm->remote != NULL) {
        *error = mpimock_error(MPI_ERR_COMM, "a topology needs an intracommunicator; this is an intercommunicator");
        return NULL;
    }
    return comm;
}

int topology_attach(const struct mock_comm *parent, int color, int key, struct mock_topology *topology, MPI_Comm *comm)
{
    MPI_Comm made = MPI_COMM_NULL;
    int error = mock_Comm_split(parent->handle, color, key, &made);
    if (error != MPI_SUCCESS || made == MPI_COMM_NULL) {
        mock_topology_release(topology);
        if (error == MPI_SUCCESS)
            *comm = MPI_COMM_NULL;
        return error;
    }
    mock_lock();
    mock_comm(made)->topology = topology;
    mock_unlock();
    *comm = made;
    return MPI_SUCCESS;
}

int mock_Topo_test(MPI_Comm handle, int *status)
{
    mock_lock();
    const struct mock_comm *comm = mock_comm(handle);
    int kind = comm != NULL && comm->topology != NULL ? comm->topology->kind : MPI_UNDEFINED;
    mock_unlock();

    if (comm == NULL)
        return mpimock_error(MPI_ERR_COMM, "not a communicator");
    if (status == NULL)
        return mpimock_error(MPI_ERR_ARG, "status is a null pointer");
    *status = kind;
    return MPI_SUCCESS;
}

/* ---- Making a grid ---- */

/* Is the grid a legal one, for at most `limit` ranks? Its number of nodes in *nodes. */
static int check_dims(int ndims, const int dims[], int limit, int *nodes)
{
    if (ndims < 0)
        return mpimock_error(MPI_ERR_ARG, "ndims is %d; it must be 0 or more", ndims);
    if (ndims > 0 && dims == NULL)
        return mpimock_error(MPI_ERR_ARG, "dims is a null pointer");
    long long product = 1;
    for (int i = 0; i < ndims; i++) {
        if (dims[i] <= 0)
            return mpimock_error(MPI_ERR_DIMS, "dims[%d] is %d; it must be 1 or more", i, dims[i]);
        product *= dims[i];
        if (product > limit)
            return mpimock_error(MPI_ERR_ARG, "the grid needs %s%lld ranks, the communicator has %d",
                                 i + 1 < ndims ? "at least " : "", product, limit);
    }
    *nodes = (int)product;
    return MPI_SUCCESS;
}

static int cart_create(int ndims, const int dims[], const int periods[], int nodes, struct mock_topology **result)
{
    struct mock_topology *topology = topology_create(MPI_CART, 2 * (size_t)ndims);
    if (topology == NULL)
        return mpimock_error(MPI_ERR_NO_MEM, "no memory for a topology");
    topology->ndims = ndims;
    topology->nodes = nodes;
    for (int i = 0; i < ndims; i++) {
        topology->numbers[i] = dims[i];
        topology->numbers[ndims + i] = periods[i] != 0;
    }
    *result = topology;
    return MPI_SUCCESS;
}

static const int *cart_dims(const struct mock_topology *cart)
{
    return cart->numbers;
}

static const int *cart_periods(const struct mock_topology *cart)
{
    return cart->numbers + cart->ndims;
}

int mock_Cart_create(MPI_Comm comm_old, int ndims, const int dims[], const int periods[], int reorder,
                     MPI_Comm *comm_cart)
{
    int error = MPI_SUCCESS;
    struct mock_comm *parent = topology_parent(comm_old, &error);
    if (parent == NULL)
        return error;

    struct mock_topology *cart = NULL;
    int nodes = 0;
    error = check_dims(ndims, dims, parent->size, &nodes);
    if (error == MPI_SUCCESS && ndims > 0 && periods == NULL)
        error = mpimock_error(MPI_ERR_ARG, "periods is a null pointer");
    if (error == MPI_SUCCESS && comm_cart == NULL)
        error = mpimock_error(MPI_ERR_ARG, "comm_cart is a null pointer");
    if (error == MPI_SUCCESS)
        error = cart_create(ndims, dims, periods, nodes, &cart);

    uint64_t value = agree_hash(AGREE_HASH_START, &(int){reorder != 0}, sizeof reorder);
    if (cart != NULL)
        value = agree_hash(value, cart->numbers, 2 * (size_t)ndims * sizeof cart->numbers[0]);
    error = mock_agree(parent, error, value, "the grid (ndims, dims, periods, reorder)");
    if (error != MPI_SUCCESS) {
        mock_topology_release(cart);
        return error;
    }
    return topology_attach(parent, parent->rank < nodes ? 0 : MPI_UNDEFINED, parent->rank, cart, comm_cart);
}

int mock_Cart_map(MPI_Comm comm, int ndims, const int dims[], const int periods[], int *newrank)
{
    int error = MPI_SUCCESS, nodes = 0;
    const struct mock_comm *parent = topology_parent(comm, &error);
    if (parent == NULL)
        return error;
    if (newrank == NULL)
        return mpimock_error(MPI_ERR_ARG, "newrank is a null pointer");
    if (ndims > 0 && periods == NULL)
        return mpimock_error(MPI_ERR_ARG, "periods is a null pointer");
    error = check_dims(ndims, dims, parent->size, &nodes);
    if (error != MPI_SUCCESS)
        return error;
    *newrank = parent->rank < nodes ? parent->rank : MPI_UNDEFINED;
    return MPI_SUCCESS;
}

/* ---- Looking around in it ---- */

/* Row-major: the last dimension varies fastest (MPI-3.1 §7.2). */
static void coords_of(const struct mock_topology *cart, int rank, int coords[])
{
    for (int i = cart->ndims - 1; i >= 0; i--) {
        coords[i] = rank % cart_dims(cart)[i];
        rank /= cart_dims(cart)[i];
    }
}

static int wrap(long long coordinate, int dim)
{
    int rest = (int)(coordinate % dim);
    return rest < 0 ? rest + dim : rest;
}

int mock_Cartdim_get(MPI_Comm comm, int *ndims)
{
    int error = MPI_SUCCESS;
    const struct mock_topology *cart = topology_of(comm, MPI_CART, &error);
    if (cart == NULL)
        return error;
    if (ndims == NULL)
        return mpimock_error(MPI_ERR_ARG, "ndims is a null pointer");
    *ndims = cart->ndims;
    return MPI_SUCCESS;
}

/* The caller's arrays have `maxdims` places. */
static int check_room(const struct mock_topology *cart, int maxdims)
{
    if (maxdims < cart->ndims)
        return mpimock_error(MPI_ERR_ARG, "maxdims is %d, and the grid has %d dimensions", maxdims, cart->ndims);
    return MPI_SUCCESS;
}

int mock_Cart_get(MPI_Comm comm, int maxdims, int dims[], int periods[], int coords[])
{
    int error = MPI_SUCCESS, rank = 0;
    const struct mock_topology *cart = topology_of(comm, MPI_CART, &error);
    if (cart == NULL)
        return error;
    error = check_room(cart, maxdims);
    if (error != MPI_SUCCESS)
        return error;
    if (cart->ndims > 0 && (dims == NULL || periods == NULL || coords == NULL))
        return mpimock_error(MPI_ERR_ARG, "%s is a null pointer",
                             dims == NULL      ? "dims"
                             : periods == NULL ? "periods"
                                               : "coords");
    mock_Comm_rank(comm, &rank);
    for (int i = 0; i < cart->ndims; i++) {
        dims[i] = cart_dims(cart)[i];
        periods[i] = cart_periods(cart)[i];
    }
    coords_of(cart, rank, coords);
    return MPI_SUCCESS;
}

int mock_Cart_rank(MPI_Comm comm, const int coords[], int *rank)
{
    int error = MPI_SUCCESS;
    const struct mock_topology *cart = topology_of(comm, MPI_CART, &error);
    if (cart == NULL)
        return error;
    if (rank == NULL || (cart->ndims > 0 && coords == NULL))
        return mpimock_error(MPI_ERR_ARG, "%s is a null pointer", rank == NULL ? "rank" : "coords");

    int place = 0;
    for (int i = 0; i < cart->ndims; i++) {
        int dim = cart_dims(cart)[i];
        if (!cart_periods(cart)[i] && (coords[i] < 0 || coords[i] >= dim))
            return mpimock_error(MPI_ERR_ARG, "coords[%d] is %d; that dimension has 0 to %d and is not periodic", i,
                                 coords[i], dim - 1);
        place = place * dim + wrap(coords[i], dim);
    }
    *rank = place;
    return MPI_SUCCESS;
}

int mock_Cart_coords(MPI_Comm comm, int rank, int maxdims, int coords[])
{
    int error = MPI_SUCCESS;
    const struct mock_topology *cart = topology_of(comm, MPI_CART, &error);
    if (cart == NULL)
        return error;
    if (rank < 0 || rank >= cart->nodes)
        return mpimock_error(MPI_ERR_RANK, "rank %d in a grid of %d ranks", rank, cart->nodes);
    error = check_room(cart, maxdims);
    if (error != MPI_SUCCESS)
        return error;
    if (cart->ndims > 0 && coords == NULL)
        return mpimock_error(MPI_ERR_ARG, "coords is a null pointer");
    coords_of(cart, rank, coords);
    return MPI_SUCCESS;
}

int mock_Cart_shift(MPI_Comm comm, int direction, int disp, int *rank_source, int *rank_dest)
{
    int error = MPI_SUCCESS, rank = 0;
    const struct mock_topology *cart = topology_of(comm, MPI_CART, &error);
    if (cart == NULL)
        return error;
    if (rank_source == NULL || rank_dest == NULL)
        return mpimock_error(MPI_ERR_ARG, "%s is a null pointer", rank_source == NULL ? "rank_source" : "rank_dest");
    if (direction < 0 || direction >= cart->ndims)
        return mpimock_error(MPI_ERR_DIMS, "direction is %d; the grid has %d dimensions, numbered from 0", direction,
                             cart->ndims);
    mock_Comm_rank(comm, &rank);

    int stride = 1;
    for (int i = direction + 1; i < cart->ndims; i++)
        stride *= cart_dims(cart)[i];
    int dim = cart_dims(cart)[direction];
    int here = rank / stride % dim;
    int found[2];
    for (int i = 0; i < 2; i++) {
        long long there = i == 0 ? (long long)here - disp : (long long)here + disp;
        if (cart_periods(cart)[direction])
            there = wrap(there, dim);
        found[i] = there < 0 || there >= dim ? MPI_PROC_NULL : rank + ((int)there - here) * stride;
    }
    *rank_source = found[0];
    *rank_dest = found[1];
    return MPI_SUCCESS;
}

/* ---- Slices of it ---- */

/* The grid that is left of `cart`, and where this rank is: which slice, and its place in it. */
static int cart_slice(const struct mock_topology *cart, const int remain_dims[], int rank, struct mock_topology **slice,
                      int *color, int *key)
{
    struct mock_topology *left = topology_create(MPI_CART, 2 * (size_t)cart->ndims);
    int *coords = calloc((size_t)cart->ndims + 1, sizeof *coords);
    if (left == NULL || coords == NULL) {
        mock_topology_release(left);
        free(coords);
        return mpimock_error(MPI_ERR_NO_MEM, "no memory for a topology");
    }
    coords_of(cart, rank, coords);
    for (int i = 0; i < cart->ndims; i++)
        left->ndims += remain_dims[i] != 0;
    left->nodes = 1;
    *color = *key = 0;
    for (int i = 0, j = 0; i < cart->ndims; i++) {
        int dim = cart_dims(cart)[i];
        if (!remain_dims[i]) {
            *color = *color * dim + coords[i];
            continue;
        }
        *key = *key * dim + coords[i];
        left->nodes *= dim;
        left->numbers[j] = dim;
        left->numbers[left->ndims + j] = cart_periods(cart)[i];
        j++;
    }
    free(coords);
    *slice = left;
    return MPI_SUCCESS;
}

int mock_Cart_sub(MPI_Comm comm, const int remain_dims[], MPI_Comm *newcomm)
{
    int error = MPI_SUCCESS, color = 0, key = 0;
    const struct mock_topology *cart = topology_of(comm, MPI_CART, &error);
    struct mock_comm *parent = topology_parent(comm, &error);
    if (cart == NULL || parent == NULL)
        return error;

    struct mock_topology *slice = NULL;
    uint64_t value = AGREE_HASH_START;
    if (newcomm == NULL || (cart->ndims > 0 && remain_dims == NULL))
        error = mpimock_error(MPI_ERR_ARG, "%s is a null pointer", newcomm == NULL ? "newcomm" : "remain_dims");
    else
        error = cart_slice(cart, remain_dims, parent->rank, &slice, &color, &key);
    for (int i = 0; error == MPI_SUCCESS && i < cart->ndims; i++)
        value = agree_hash(value, &(char){remain_dims[i] != 0}, 1);
    error = mock_agree(parent, error, value, "remain_dims");
    if (error != MPI_SUCCESS) {
        mock_topology_release(slice);
        return error;
    }
    return topology_attach(parent, color, key, slice, newcomm);
}
