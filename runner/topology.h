/* SPDX-License-Identifier: BSD-2-Clause */
/* topology.h: what hwloc tells of this machine. */
#ifndef MRT_TOPOLOGY_H
#define MRT_TOPOLOGY_H

/* Cores that this process may use: within its cpuset (cgroup, taskset, mpiexec's binding). At least 1. */
int topology_usable_cores(void);

#endif
