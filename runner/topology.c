/* SPDX-License-Identifier: BSD-2-Clause */
/* topology.c: see topology.h. Discovery is kept to what is asked for: no I/O devices, no caches. */
#include "topology.h"

#include <hwloc.h>

int topology_usable_cores(void)
{
    hwloc_topology_t topology;
    int cores = 1;
    if (hwloc_topology_init(&topology) != 0)
        return cores;
    hwloc_topology_set_type_filter(topology, HWLOC_OBJ_NUMANODE, HWLOC_TYPE_FILTER_KEEP_ALL);
    hwloc_topology_set_cache_types_filter(topology, HWLOC_TYPE_FILTER_KEEP_NONE);
    hwloc_bitmap_t bound = hwloc_bitmap_alloc();
    if (bound && hwloc_topology_load(topology) == 0) {
        /* A binding of ours (taskset, mpiexec --bind-to) is not among what hwloc takes as allowed. */
        if (hwloc_get_cpubind(topology, bound, HWLOC_CPUBIND_PROCESS) != 0)
            hwloc_bitmap_copy(bound, hwloc_topology_get_allowed_cpuset(topology));
        hwloc_obj_t core = NULL;
        int found = 0;
        while ((core = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_CORE, core)))
            found += hwloc_bitmap_intersects(core->cpuset, bound);
        cores = found > 0 ? found : hwloc_bitmap_weight(bound);
    }
    hwloc_bitmap_free(bound);
    hwloc_topology_destroy(topology);
    return cores < 1 ? 1 : cores;
}
