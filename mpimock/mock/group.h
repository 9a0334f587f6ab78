/* SPDX-License-Identifier: BSD-2-Clause */
/* group.h: what communicators need of groups beyond objects.h. */
#ifndef MPIMOCK_GROUP_H
#define MPIMOCK_GROUP_H

#include "chapters.h"

/* Looks a handle up. NULL: it is none, and *error is the class with the detail given. */
struct mock_group *group_get(MPI_Group handle, int *error);
/* A group of those world ranks with a handle of its own (MPI_GROUP_EMPTY for none). Returns an error class. */
int group_publish(int size, const int world_ranks[], MPI_Group *newgroup);
/* Rank in the group of a world rank, or MPI_UNDEFINED. */
int group_rank_of(const struct mock_group *group, int world_rank);
/* MPI_IDENT, MPI_SIMILAR or MPI_UNEQUAL. */
int group_compare(const struct mock_group *a, const struct mock_group *b);

#endif
