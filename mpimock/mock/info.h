/* SPDX-License-Identifier: BSD-2-Clause */
/* info.h: info objects, for chapters that keep hints. */
#ifndef MPIMOCK_INFO_H
#define MPIMOCK_INFO_H

#include "chapters.h"

/* Pairs of key and value, in the order in which the keys were first set. */
struct mock_info {
    MPI_Info handle;
    struct mock_link link;
    bool predefined;
    size_t count, capacity;
    struct info_pair *pairs;
};

/* An info object without a handle; NULL: out of memory. */
struct mock_info *info_new(void);
void info_destroy(struct mock_info *info); /* NULL is fine */
/* Sets the pairs of `from` in `to` as well. False: out of memory. */
bool info_merge(struct mock_info *to, const struct mock_info *from);
/* Looks a handle up. NULL: it is none, and *error is the class with the detail given. */
struct mock_info *info_get(MPI_Info handle, int *error);
/* Gives it a handle, in *handle; destroys it where that fails. Returns an error class. */
int info_publish(struct mock_info *info, MPI_Info *handle);

#endif
