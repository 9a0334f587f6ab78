/* SPDX-License-Identifier: BSD-2-Clause */
/* dist_graph.c: distributed graph topologies (MPI-3.1 §7.5.4, §7.5.5). What topologies share is in topology.c.
 *
 * Each rank gives some edges, and afterwards holds its own neighbours only: in the order in which it named them itself
 * (MPI_Dist_graph_create_adjacent), else in that in which the ranks did. Ranks are never reordered, hints
 * not used.
 */
#include <limits.h>
#include <stdlib.h>

#include "agree.h"
#include "topology.h"

/* One direction of a rank's edges, as the caller gives them. */
struct ends {
    int degree;
    const int *ranks;
    const int *weights;   /* or MPI_UNWEIGHTED, or MPI_WEIGHTS_EMPTY */
    const char *names[3]; /* of the three arguments, for sentences */
};

static int ends_check(const struct ends *ends, int size)
{
    if (ends->degree < 0)
        return mpimock_error(MPI_ERR_ARG, "%s is %d; it must be 0 or more", ends->names[0], ends->degree);
    if (ends->degree > 0 && ends->ranks == NULL)
        return mpimock_error(MPI_ERR_ARG, "%s is a null pointer", ends->names[1]);
    /* A null pointer where there is no edge is what a program without any passes (an array of size 0). */
    if (ends->degree > 0 && (ends->weights == NULL || ends->weights == MPI_WEIGHTS_EMPTY))
        return mpimock_error(MPI_ERR_ARG, "%s is %s, but there are %d edges", ends->names[2],
                             ends->weights == NULL ? "a null pointer" : "MPI_WEIGHTS_EMPTY", ends->degree);
    for (int i = 0; i < ends->degree; i++) {
        if (ends->ranks[i] < 0 || ends->ranks[i] >= size)
            return mpimock_error(MPI_ERR_RANK, "%s[%d] is %d in a communicator of %d ranks", ends->names[1], i,
                                 ends->ranks[i], size);
        if (ends->weights != MPI_UNWEIGHTED && ends->weights[i] < 0)
            return mpimock_error(MPI_ERR_ARG, "%s[%d] is %d; it must be 0 or more", ends->names[2], i,
                                 ends->weights[i]);
    }
    return MPI_SUCCESS;
}

static int *dist_sources(struct mock_topology *graph)
{
    return graph->numbers;
}

static int *dist_destinations(struct mock_topology *graph)
{
    return graph->numbers + 2 * (size_t)graph->indegree;
}

static struct mock_topology *dist_create(int indegree, int outdegree, bool weighted)
{
    struct mock_topology *graph = topology_create(MPI_DIST_GRAPH, 2 * ((size_t)indegree + (size_t)outdegree));
    if (graph == NULL)
        return NULL;
    graph->indegree = indegree;
    graph->outdegree = outdegree;
    graph->weighted = weighted;
    return graph;
}

/* Ranks, then weights, as dist_create lays them out. */
static void ends_store(const struct ends *ends, bool weighted, int *place)
{
    for (int i = 0; i < ends->degree; i++) {
        place[i] = ends->ranks[i];
        place[ends->degree + i] = weighted ? ends->weights[i] : 0;
    }
}

int mock_Dist_graph_create_adjacent(MPI_Comm comm_old, int indegree, const int sources[], const int sourceweights[],
                                    int outdegree, const int destinations[], const int destweights[], MPI_Info info,
                                    int reorder, MPI_Comm *comm_dist_graph)
{
    (void)info;
    int error = MPI_SUCCESS;
    struct mock_comm *parent = topology_parent(comm_old, &error);
    if (parent == NULL)
        return error;

    const struct ends in = {indegree, sources, sourceweights, {"indegree", "sources", "sourceweights"}};
    const struct ends out = {outdegree, destinations, destweights, {"outdegree", "destinations", "destweights"}};
    bool weighted = sourceweights != MPI_UNWEIGHTED && destweights != MPI_UNWEIGHTED;
    struct mock_topology *graph = NULL;
    error = ends_check(&in, parent->size);
    if (error == MPI_SUCCESS)
        error = ends_check(&out, parent->size);
    /* MPI-3.1 §7.5.4: MPI_UNWEIGHTED must come from all ranks, for both directions, or from none. */
    if (error == MPI_SUCCESS && (sourceweights == MPI_UNWEIGHTED) != (destweights == MPI_UNWEIGHTED))
        error = mpimock_error(MPI_ERR_ARG, "one of sourceweights and destweights is MPI_UNWEIGHTED, the other is not");
    if (error == MPI_SUCCESS && comm_dist_graph == NULL)
        error = mpimock_error(MPI_ERR_ARG, "comm_dist_graph is a null pointer");
    if (error == MPI_SUCCESS && (graph = dist_create(indegree, outdegree, weighted)) == NULL)
        error = mpimock_error(MPI_ERR_NO_MEM, "no memory for a topology");

    error =
        mock_agree(parent, error, (uint64_t)weighted * 2 + (reorder != 0), "reorder, and whether there are weights,");
    if (error != MPI_SUCCESS) {
        mock_topology_release(graph);
        return error;
    }
    ends_store(&in, weighted, dist_sources(graph));
    ends_store(&out, weighted, dist_destinations(graph));
    return topology_attach(parent, 0, parent->rank, graph, comm_dist_graph);
}

/* An edge as it travels to all ranks: MPI_Dist_graph_create lets any rank name any. */
struct edge {
    int source, destination, weight;
};

/* What fits into the int counts of a message of edges. */
#define EDGES_MAX (INT_MAX / 3)

static long long edge_count(int n, const int degrees[])
{
    long long count = 0;
    for (int i = 0; i < n; i++)
        count += degrees[i];
    return count;
}

/* All arguments of one rank; *edges, from malloc, gets what they say. */
static int edges_read(int n, const int sources[], const int degrees[], const int destinations[], const int weights[],
                      int size, struct edge **edges)
{
    if (n < 0)
        return mpimock_error(MPI_ERR_ARG, "n is %d; it must be 0 or more", n);
    if (n > 0 && (sources == NULL || degrees == NULL))
        return mpimock_error(MPI_ERR_ARG, "%s is a null pointer", sources == NULL ? "sources" : "degrees");
    const struct ends from = {n, sources, MPI_UNWEIGHTED, {"n", "sources", "weights"}};
    int error = ends_check(&from, size);
    if (error != MPI_SUCCESS)
        return error;
    for (int i = 0; i < n; i++)
        if (degrees[i] < 0)
            return mpimock_error(MPI_ERR_ARG, "degrees[%d] is %d; it must be 0 or more", i, degrees[i]);
    if (edge_count(n, degrees) > EDGES_MAX)
        return mpimock_error(MPI_ERR_ARG, "degrees sum up to %lld edges; the mock takes %d", edge_count(n, degrees),
                             EDGES_MAX);
    const struct ends to = {(int)edge_count(n, degrees), destinations, weights, {"degrees", "destinations", "weights"}};
    error = ends_check(&to, size);
    if (error != MPI_SUCCESS)
        return error;

    struct edge *read = calloc((size_t)to.degree + 1, sizeof *read);
    if (read == NULL)
        return mpimock_error(MPI_ERR_NO_MEM, "no memory for %d edges", to.degree);
    for (int i = 0, k = 0; i < n; i++)
        for (int j = 0; j < degrees[i]; j++, k++)
            read[k] = (struct edge){sources[i], destinations[k], weights != MPI_UNWEIGHTED ? weights[k] : 0};
    *edges = read;
    return MPI_SUCCESS;
}

/* All ranks' edges, in order of rank, in memory from malloc. Collective. */
static int edges_gather(const struct mock_comm *comm, const struct edge *mine, int count, struct edge **all, int *total)
{
    int *counts = calloc(2 * (size_t)comm->size, sizeof *counts);
    struct edge *gathered = NULL;
    int numbers = count * 3;
    long long sum = 0;
    int error = counts != NULL ? MPI_SUCCESS : mpimock_error(MPI_ERR_NO_MEM, "no memory for a topology");
    error = mock_agree(comm, error, 0, "");
    if (error == MPI_SUCCESS)
        error = mock_Allgather(&numbers, 1, MPI_INT, counts, 1, MPI_INT, comm->handle);
    if (error == MPI_SUCCESS) {
        for (int i = 0; i < comm->size; i++) {
            counts[comm->size + i] = (int)sum; /* meaningless above the bound, and then not used */
            sum += counts[i];
        }
        gathered = calloc((size_t)sum / 3 + 1, sizeof *gathered);
        if (gathered == NULL || sum / 3 > EDGES_MAX)
            error = mpimock_error(MPI_ERR_NO_MEM, "no room for %lld edges", sum / 3);
        error = mock_agree(comm, error, 0, "");
    }
    if (error == MPI_SUCCESS)
        error = mock_Allgatherv(mine, numbers, MPI_INT, gathered, counts, counts + comm->size, MPI_INT, comm->handle);
    free(counts);
    if (error != MPI_SUCCESS) {
        free(gathered);
        return error;
    }
    *all = gathered;
    *total = (int)(sum / 3);
    return MPI_SUCCESS;
}

static struct mock_topology *dist_from_edges(const struct edge edges[], int count, int rank, bool weighted)
{
    int in = 0, out = 0;
    for (int i = 0; i < count; i++) {
        in += edges[i].destination == rank;
        out += edges[i].source == rank;
    }
    struct mock_topology *graph = dist_create(in, out, weighted);
    if (graph == NULL)
        return NULL;
    int *sources = dist_sources(graph), *destinations = dist_destinations(graph);
    for (int i = 0, j = 0, k = 0; i < count; i++) {
        if (edges[i].destination == rank) {
            sources[in + j] = edges[i].weight;
            sources[j++] = edges[i].source;
        }
        if (edges[i].source == rank) {
            destinations[out + k] = edges[i].weight;
            destinations[k++] = edges[i].destination;
        }
    }
    return graph;
}

int mock_Dist_graph_create(MPI_Comm comm_old, int n, const int sources[], const int degrees[], const int destinations[],
                           const int weights[], MPI_Info info, int reorder, MPI_Comm *comm_dist_graph)
{
    (void)info;
    int error = MPI_SUCCESS, total = 0;
    struct mock_comm *parent = topology_parent(comm_old, &error);
    if (parent == NULL)
        return error;

    bool weighted = weights != MPI_UNWEIGHTED;
    struct edge *mine = NULL, *all = NULL;
    struct mock_topology *graph = NULL;
    error = edges_read(n, sources, degrees, destinations, weights, parent->size, &mine);
    if (error == MPI_SUCCESS && comm_dist_graph == NULL)
        error = mpimock_error(MPI_ERR_ARG, "comm_dist_graph is a null pointer");
    error =
        mock_agree(parent, error, (uint64_t)weighted * 2 + (reorder != 0), "reorder, and whether there are weights,");
    if (error == MPI_SUCCESS)
        error = edges_gather(parent, mine, (int)edge_count(n, degrees), &all, &total);
    if (error == MPI_SUCCESS) {
        graph = dist_from_edges(all, total, parent->rank, weighted);
        error = graph != NULL ? MPI_SUCCESS : mpimock_error(MPI_ERR_NO_MEM, "no memory for a topology");
        error = mock_agree(parent, error, 0, "");
    }
    free(mine);
    free(all);
    if (error != MPI_SUCCESS) {
        mock_topology_release(graph);
        return error;
    }
    return topology_attach(parent, 0, parent->rank, graph, comm_dist_graph);
}

int mock_Dist_graph_neighbors_count(MPI_Comm comm, int *indegree, int *outdegree, int *weighted)
{
    int error = MPI_SUCCESS;
    const struct mock_topology *graph = topology_of(comm, MPI_DIST_GRAPH, &error);
    if (graph == NULL)
        return error;
    if (indegree == NULL || outdegree == NULL || weighted == NULL)
        return mpimock_error(MPI_ERR_ARG, "%s is a null pointer",
                             indegree == NULL    ? "indegree"
                             : outdegree == NULL ? "outdegree"
                                                 : "weighted");
    *indegree = graph->indegree;
    *outdegree = graph->outdegree;
    *weighted = graph->weighted;
    return MPI_SUCCESS;
}

/* The first `room` of them go out (MPI-3.1 §7.5.5); without weights those arguments are not looked at. */
static void ends_load(const int *place, int degree, bool weighted, int room, int ranks[], int weights[])
{
    for (int i = 0; i < degree && i < room; i++) {
        ranks[i] = place[i];
        if (weighted && weights != MPI_UNWEIGHTED)
            weights[i] = place[degree + i];
    }
}

int mock_Dist_graph_neighbors(MPI_Comm comm, int maxindegree, int sources[], int sourceweights[], int maxoutdegree,
                              int destinations[], int destweights[])
{
    int error = MPI_SUCCESS;
    struct mock_topology *graph = topology_of(comm, MPI_DIST_GRAPH, &error);
    if (graph == NULL)
        return error;
    if (maxindegree < 0 || maxoutdegree < 0)
        return mpimock_error(MPI_ERR_ARG, "%s is negative", maxindegree < 0 ? "maxindegree" : "maxoutdegree");
    if ((maxindegree > 0 && graph->indegree > 0 && sources == NULL) ||
        (maxoutdegree > 0 && graph->outdegree > 0 && destinations == NULL))
        return mpimock_error(MPI_ERR_ARG, "sources or destinations is a null pointer");
    ends_load(dist_sources(graph), graph->indegree, graph->weighted, maxindegree, sources, sourceweights);
    ends_load(dist_destinations(graph), graph->outdegree, graph->weighted, maxoutdegree, destinations, destweights);
    return MPI_SUCCESS;
}
