/* SPDX-License-Identifier: BSD-2-Clause */
/* generate.h: the list of MPI functions (functions.list) in memory, as generate_list.c reads it and generate.c writes
 * code from it. For the build only: neither is part of the library.
 */
#ifndef MPIMOCK_GENERATE_H
#define MPIMOCK_GENERATE_H

#include <stdbool.h>
#include <stddef.h>

#include "problem.h"

#define NAME_MAX_      64
#define TYPE_MAX_      64
#define PARAMETERS_MAX 16
#define FUNCTIONS_MAX  1024

/* What the door does with a parameter. */
enum role {
    ROLE_PLAIN,
    ROLE_ELEMENTS, /* recorded in struct mpimock_call, as are the next two */
    ROLE_PEER,
    ROLE_TAG,
    ROLE_HANDLE,    /* must not be null */
    ROLE_HANDLE_AT, /* must not point to null */
    ROLE_MADE,      /* an object that the user is to free */
    ROLE_GONE,      /* freed; must not point to null, where its kind has a null */
    ROLE_COMM,      /* translated; null, freed or made in an earlier world: refused */
    ROLE_COMM_OUT,  /* noted: its error handler, and its world */
    ROLE_COMM_FREE,
    ROLE_WIN,
    ROLE_WIN_OUT,
    ROLE_WIN_FREE,
    ROLE_FILE,
    ROLE_FILE_OUT,
    ROLE_FILE_FREE,
    ROLE_REQUEST_OUT, /* requests are counted */
    ROLE_REQUEST_INOUT,
    ROLE_REQUESTS, /* array, as long as the call's count says */
};

struct kind {
    const char *name;
    const char *type; /* in C; % is the place of the name, at the end if there is none */
    enum role role;
    const char *null; /* the null handle, and the error class for one */
    const char *error;
};
const struct kind *kind_named(const char *name); /* NULL: there is none */

struct parameter {
    char name[NAME_MAX_];
    char type[TYPE_MAX_];
    enum role role;
    const struct kind *kind; /* NULL: given by its C type */
    bool optional;           /* its kind has a `?` */
};

enum provider { PROVIDER_NONE, PROVIDER_MOCK, PROVIDER_DOOR, PROVIDER_DOOR_AND_MOCK };
enum version { VERSION_31, VERSION_REMOVED, VERSION_40 };

struct function {
    char name[NAME_MAX_]; /* without MPI_ */
    char result[TYPE_MAX_];
    bool returns_error; /* an int that is an error code */
    enum provider provider;
    enum version version;
    bool anytime;
    bool collective;
    bool variadic; /* MPI_Pcontrol; the rest is not handed on */
    bool exported; /* by the installed libmpi: it gets an entry point */
    int line;
    size_t count;
    struct parameter parameters[PARAMETERS_MAX];
};

struct list {
    size_t count;
    struct function functions[FUNCTIONS_MAX];
};

/* Reads the list from its text; 0, or a negative errno value with a sentence that names `path` and the line. */
int list_parse(struct list *list, char *text, const char *path, struct problem *problem);

/* Marks the functions that libmpi exports. `symbols` is the output of `nm -D --defined-only`, or names alone, one to a
 * line; NULL: there is no libmpi, and the functions of MPI-3.1 and the removed ones count as exported. Fails with the
 * names where MPI_* functions are missing from the list: left out, they would bypass the door in silence. */
int list_mark_exported(struct list *list, char *symbols, struct problem *problem);

#endif
