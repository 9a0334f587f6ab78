/* SPDX-License-Identifier: BSD-2-Clause */
/* traced.c: see traced.h. */
#include "traced.h"

#include <stdio.h>
#include <unistd.h>

#include "../mpimock/door.h"
#include "../mpimock/launch.h"
#include "loss.h"

bool traced_process(pid_t pid)
{
    char line[256];
    int tracer = 0;
    snprintf(line, sizeof line, "/proc/%d/status", (int)pid);
    FILE *file = pid > 0 ? fopen(line, "re") : NULL;
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "TracerPid: %d", &tracer) == 1)
            break;
    if (file)
        fclose(file);
    return tracer != 0;
}

bool traced_node(void)
{
    if (traced_process(getpid()))
        return true;
    if (mpimock_backend() != &mpimock_backend_mock)
        return loss_any_neighbour(traced_process);
    for (int rank = 0; rank < mpimock_rank_count(); rank++)
        if (traced_process(mpimock_rank_pid(rank)))
            return true;
    return false;
}
