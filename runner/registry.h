/* SPDX-License-Identifier: BSD-2-Clause */
/* registry.h: what the macros registered, by source file: linked in, or brought by shared objects. */
#ifndef MRT_REGISTRY_H
#define MRT_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>

#include <mpirun_tests.h>

#include "../mpimock/problem.h"

struct registry; /* one for the process: constructors run before main, and while a shared object is loaded */
struct registry *registry_get(void);

/* Loads a suite (dlopen, RTLD_NOW | RTLD_LOCAL), for the life of the process. -ENOENT, -EINVAL with a sentence: no such
 * file, not a shared object, a symbol that is missing, built for another MPI (its NEEDED names another libmpi than
 * ours: read before it is loaded), or one that registers no test. Loading one again does nothing. */
int registry_load(struct registry *registry, const char *path, struct problem *problem);

/* What was registered under one suite: by MRT_SUITE and MRT_TEST in one source file of one module (the program, or a
 * shared object), or by one MRT_CMOCKA_GROUP. Belongs to the registry, valid until something else is registered; names
 * are valid until registry_clear(). */
struct registry_suite {
    const char *name; /* of MRT_SUITE or the group, else the file's stem in letters, digits and _ */
    const char *file;
    size_t module;                  /* 0: the program; else the number of the shared object, in order of loading */
    const struct mrt_suite *suite;  /* NULL: the file has no MRT_SUITE */
    const struct mrt_suite *second; /* another MRT_SUITE of the same file: a mistake; else NULL */
    const struct mrt_cmocka_group *group; /* NULL: not a group */
    const struct mrt_test **tests; /* [count] by line, those of one line in order of registration; none in a group */
    size_t count, room;
    char *stem; /* what `name` is made of where there is no MRT_SUITE */
};
/* In order of registration. NULL with *count 0 where there is none. */
const struct registry_suite *registry_suites(const struct registry *registry, size_t *count);
/* Did memory run out while something was registered? Constructors have nobody to tell. */
bool registry_is_incomplete(const struct registry *registry);

/* Tests as they were written: one with several sizes or cases counts once. */
size_t registry_test_count(const struct registry *registry);
size_t registry_suite_count(const struct registry *registry);
/* Forgets everything: for unit tests. */
void registry_clear(struct registry *registry);

#endif
