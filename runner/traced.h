/* SPDX-License-Identifier: BSD-2-Clause */
/* traced.h: is a debugger attached (ptrace(2))? Then nobody's time is up: a team waits for the rank that is looked at. */
#ifndef MRT_TRACED_H
#define MRT_TRACED_H

#include <stdbool.h>
#include <sys/types.h>

/* As /proc/PID/status tells; false where that cannot be read. */
bool traced_process(pid_t pid);
/* Any rank of the run on this node, this one included. In any thread, once the ranks are known. */
bool traced_node(void);

#endif
