/* SPDX-License-Identifier: BSD-2-Clause */
/* heading.h: what reporters are told before the first test: version, MPI, suites, ranks, nodes, plan. */
#ifndef MRT_HEADING_H
#define MRT_HEADING_H

#include "main_rank.h"

/* Hosts are numbered in the order in which ranks first name them: node_of[ranks], names[result]; both have room for all
 * ranks. */
int heading_number_nodes(const struct main_rank_settings *settings, int node_of[], const char *names[]);
/* 0 or -ENOMEM. */
int heading_tell(const struct main_rank_settings *settings, int nodes, const char *const names[]);

#endif
