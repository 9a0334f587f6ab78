/* SPDX-License-Identifier: BSD-2-Clause */
/* topology.h: what topology.c (Cartesian), graph.c and dist_graph.c share. A topology never changes once made, so that
 * MPI_Comm_dup's copy is one more reference.
 */
#ifndef MPIMOCK_TOPOLOGY_H
#define MPIMOCK_TOPOLOGY_H

#include "objects.h"

struct mock_topology {
    int references;
    int kind; /* MPI_CART, MPI_GRAPH or MPI_DIST_GRAPH; it says which of the members below count */

    int ndims; /* Cartesian; may be 0 */
    int nodes; /* Cartesian and graph: how many ranks have a place in it */
    int nedges;
    int indegree, outdegree; /* of this rank, in a distributed graph */
    bool weighted;

    /* All in `numbers`, one after the other. Cartesian: dims[ndims], periods[ndims]. Graph: index[nodes],
     * edges[nedges]. Distributed graph: sources, their weights, destinations, their weights. */
    int numbers[];
};

/* With room for that many numbers, all zero, one reference; NULL: out of memory. */
struct mock_topology *topology_create(int kind, size_t numbers);
/* The topology of a communicator. NULL, and *error set: not a communicator, or none of that kind on it. */
struct mock_topology *topology_of(MPI_Comm comm, int kind, int *error);
/* The intracommunicator that a topology is to be made for. NULL, and *error set, where it is not one. */
struct mock_comm *topology_parent(MPI_Comm comm, int *error);
/* Makes the communicator of those ranks of `parent` that say so (`color` not MPI_UNDEFINED), in order of `key`, and
 * hands the topology over to it: it is the communicator's, or released, whatever comes. Collective. */
int topology_attach(const struct mock_comm *parent, int color, int key, struct mock_topology *topology, MPI_Comm *comm);

#endif
