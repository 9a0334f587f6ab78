/* SPDX-License-Identifier: BSD-2-Clause */
/* graph.c: graph topologies (MPI-3.1 §7.5.3, §7.5.5). What topologies share is in topology.c.
 *
 * Every rank gives, and holds, the whole of a graph. Ranks are never reordered.
 */
#include <stdlib.h>
#include <string.h>

#include "agree.h"
#include "topology.h"

static int graph_check(int nodes, const int index[], const int edges[], int size)
{
    if (nodes < 0)
        return mpimock_error(MPI_ERR_ARG, "nnodes is %d; it must be 0 or more", nodes);
    if (nodes > size)
        return mpimock_error(MPI_ERR_ARG, "the graph has %d nodes, the communicator %d ranks", nodes, size);
    if (nodes > 0 && index == NULL)
        return mpimock_error(MPI_ERR_ARG, "index is a null pointer");
    for (int i = 0; i < nodes; i++)
        if (index[i] < (i > 0 ? index[i - 1] : 0))
            return mpimock_error(MPI_ERR_ARG, "index[%d] is %d, less than %d: it counts the edges of all nodes so far",
                                 i, index[i], i > 0 ? index[i - 1] : 0);
    int count = nodes > 0 ? index[nodes - 1] : 0;
    if (count > 0 && edges == NULL)
        return mpimock_error(MPI_ERR_ARG, "edges is a null pointer");
    for (int i = 0; i < count; i++)
        if (edges[i] < 0 || edges[i] >= nodes)
            return mpimock_error(MPI_ERR_ARG, "edges[%d] is %d; the nodes are 0 to %d", i, edges[i], nodes - 1);
    return MPI_SUCCESS;
}

static int graph_create(int nodes, const int index[], const int edges[], struct mock_topology **result)
{
    int count = nodes > 0 ? index[nodes - 1] : 0;
    struct mock_topology *graph = topology_create(MPI_GRAPH, (size_t)nodes + (size_t)count);
    if (graph == NULL)
        return mpimock_error(MPI_ERR_NO_MEM, "no memory for a topology");
    graph->nodes = nodes;
    graph->nedges = count;
    if (nodes > 0)
        memcpy(graph->numbers, index, (size_t)nodes * sizeof index[0]);
    if (count > 0)
        memcpy(graph->numbers + nodes, edges, (size_t)count * sizeof edges[0]);
    *result = graph;
    return MPI_SUCCESS;
}

int mock_Graph_create(MPI_Comm comm_old, int nnodes, const int index[], const int edges[], int reorder,
                      MPI_Comm *comm_graph)
{
    int error = MPI_SUCCESS;
    struct mock_comm *parent = topology_parent(comm_old, &error);
    if (parent == NULL)
        return error;

    struct mock_topology *graph = NULL;
    error = graph_check(nnodes, index, edges, parent->size);
    if (error == MPI_SUCCESS && comm_graph == NULL)
        error = mpimock_error(MPI_ERR_ARG, "comm_graph is a null pointer");
    if (error == MPI_SUCCESS)
        error = graph_create(nnodes, index, edges, &graph);

    uint64_t value = agree_hash(AGREE_HASH_START, &(int){reorder != 0}, sizeof reorder);
    if (graph != NULL)
        value = agree_hash(value, graph->numbers, (size_t)(graph->nodes + graph->nedges) * sizeof graph->numbers[0]);
    error = mock_agree(parent, error, value, "the graph (nnodes, index, edges, reorder)");
    if (error != MPI_SUCCESS) {
        mock_topology_release(graph);
        return error;
    }
    return topology_attach(parent, parent->rank < nnodes ? 0 : MPI_UNDEFINED, parent->rank, graph, comm_graph);
}

int mock_Graph_map(MPI_Comm comm, int nnodes, const int index[], const int edges[], int *newrank)
{
    int error = MPI_SUCCESS;
    const struct mock_comm *parent = topology_parent(comm, &error);
    if (parent == NULL)
        return error;
    if (newrank == NULL)
        return mpimock_error(MPI_ERR_ARG, "newrank is a null pointer");
    error = graph_check(nnodes, index, edges, parent->size);
    if (error != MPI_SUCCESS)
        return error;
    *newrank = parent->rank < nnodes ? parent->rank : MPI_UNDEFINED;
    return MPI_SUCCESS;
}

int mock_Graphdims_get(MPI_Comm comm, int *nnodes, int *nedges)
{
    int error = MPI_SUCCESS;
    const struct mock_topology *graph = topology_of(comm, MPI_GRAPH, &error);
    if (graph == NULL)
        return error;
    if (nnodes == NULL || nedges == NULL)
        return mpimock_error(MPI_ERR_ARG, "%s is a null pointer", nnodes == NULL ? "nnodes" : "nedges");
    *nnodes = graph->nodes;
    *nedges = graph->nedges;
    return MPI_SUCCESS;
}

int mock_Graph_get(MPI_Comm comm, int maxindex, int maxedges, int index[], int edges[])
{
    int error = MPI_SUCCESS;
    const struct mock_topology *graph = topology_of(comm, MPI_GRAPH, &error);
    if (graph == NULL)
        return error;
    if (maxindex < graph->nodes || maxedges < graph->nedges)
        return mpimock_error(MPI_ERR_ARG, "room for %d nodes and %d edges; the graph has %d and %d", maxindex, maxedges,
                             graph->nodes, graph->nedges);
    if (index == NULL || (graph->nedges > 0 && edges == NULL))
        return mpimock_error(MPI_ERR_ARG, "%s is a null pointer", index == NULL ? "index" : "edges");
    memcpy(index, graph->numbers, (size_t)graph->nodes * sizeof index[0]);
    if (graph->nedges > 0)
        memcpy(edges, graph->numbers + graph->nodes, (size_t)graph->nedges * sizeof edges[0]);
    return MPI_SUCCESS;
}

/* The neighbours of a node: where they begin, and how many. */
static const int *graph_neighbors(const struct mock_topology *graph, int node, int *count)
{
    int begin = node > 0 ? graph->numbers[node - 1] : 0;
    *count = graph->numbers[node] - begin;
    return graph->numbers + graph->nodes + begin;
}

static int graph_rank_check(const struct mock_topology *graph, int rank)
{
    if (rank < 0 || rank >= graph->nodes)
        return mpimock_error(MPI_ERR_RANK, "rank %d in a graph of %d nodes", rank, graph->nodes);
    return MPI_SUCCESS;
}

int mock_Graph_neighbors_count(MPI_Comm comm, int rank, int *nneighbors)
{
    int error = MPI_SUCCESS;
    const struct mock_topology *graph = topology_of(comm, MPI_GRAPH, &error);
    if (graph == NULL)
        return error;
    error = graph_rank_check(graph, rank);
    if (error != MPI_SUCCESS)
        return error;
    if (nneighbors == NULL)
        return mpimock_error(MPI_ERR_ARG, "nneighbors is a null pointer");
    graph_neighbors(graph, rank, nneighbors);
    return MPI_SUCCESS;
}

int mock_Graph_neighbors(MPI_Comm comm, int rank, int maxneighbors, int neighbors[])
{
    int error = MPI_SUCCESS, count = 0;
    const struct mock_topology *graph = topology_of(comm, MPI_GRAPH, &error);
    if (graph == NULL)
        return error;
    error = graph_rank_check(graph, rank);
    if (error != MPI_SUCCESS)
        return error;
    const int *found = graph_neighbors(graph, rank, &count);
    if (maxneighbors < count)
        return mpimock_error(MPI_ERR_ARG, "maxneighbors is %d, and rank %d has %d neighbours", maxneighbors, rank,
                             count);
    if (count > 0 && neighbors == NULL)
        return mpimock_error(MPI_ERR_ARG, "neighbors is a null pointer");
    if (count > 0)
        memcpy(neighbors, found, (size_t)count * sizeof neighbors[0]);
    return MPI_SUCCESS;
}
