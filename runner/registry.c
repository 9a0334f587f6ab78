/* SPDX-License-Identifier: BSD-2-Clause */
/* registry.c: see registry.h.
 *
 * Constructors call mrt_register_*() before main, and while a suite is loaded: `module` says which object they belong
 * to, so that two objects may have files of one name. Within a module a file is known by the text of its __FILE__: the
 * pointer is only a short cut, for the compiler may give each use its own. The records stay where their module has
 * them, which is never unloaded.
 */
#include "registry.h"

#include <ctype.h>
#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

#include "needed.h"

struct registry {
    struct registry_suite *suites;
    size_t count, room;
    size_t tests;
    size_t module, modules; /* the object being loaded; how many were loaded */
    void **handles;         /* [modules] of dlopen */
    bool incomplete;
};

struct registry *registry_get(void)
{
    static struct registry registry;
    return &registry;
}

/* The file's name without folder and last extension, every other character than a letter or digit as _: it becomes part
 * of names, where filters give `.`, `-` and others a meaning. */
static char *make_stem(const char *file)
{
    const char *slash = strrchr(file, '/'), *name = slash ? slash + 1 : file, *dot = strrchr(name, '.');
    char *stem = strndup(name, dot && dot > name ? (size_t)(dot - name) : strlen(name));
    for (char *c = stem; c && *c; c++)
        if (!isalnum((unsigned char)*c) || (unsigned char)*c > 127)
            *c = '_';
    return stem;
}

static struct registry_suite *add_suite(struct registry *registry, const char *file)
{
    if (registry->count == registry->room) {
        size_t room = registry->room ? 2 * registry->room : 16;
        struct registry_suite *grown = realloc(registry->suites, room * sizeof *grown);
        if (!grown)
            return NULL;
        registry->suites = grown;
        registry->room = room;
    }
    struct registry_suite *suite = &registry->suites[registry->count++];
    *suite = (struct registry_suite){.file = file, .module = registry->module};
    return suite;
}

/* The suite of a source file, made if there is none yet. The last first: a file's constructors follow each other. */
static struct registry_suite *suite_of_file(struct registry *registry, const char *file)
{
    for (size_t i = registry->count; i-- > 0;) {
        struct registry_suite *suite = &registry->suites[i];
        if (!suite->group && suite->module == registry->module &&
            (suite->file == file || strcmp(suite->file, file) == 0))
            return suite;
    }
    char *stem = make_stem(file);
    struct registry_suite *suite = stem ? add_suite(registry, file) : NULL;
    if (!suite) {
        free(stem);
        return NULL;
    }
    suite->name = suite->stem = stem;
    return suite;
}

static int insert_test(struct registry_suite *suite, const struct mrt_test *test)
{
    if (suite->count == suite->room) {
        size_t room = suite->room ? 2 * suite->room : 8;
        const struct mrt_test **grown = realloc(suite->tests, room * sizeof *grown);
        if (!grown)
            return -ENOMEM;
        suite->tests = grown;
        suite->room = room;
    }
    size_t place = suite->count++;
    for (; place > 0 && suite->tests[place - 1]->line > test->line; place--)
        suite->tests[place] = suite->tests[place - 1];
    suite->tests[place] = test;
    return 0;
}

void mrt_register_test(const struct mrt_test *test)
{
    struct registry *registry = registry_get();
    struct registry_suite *suite = suite_of_file(registry, test->file);
    if (!suite || insert_test(suite, test) < 0)
        registry->incomplete = true;
    else
        registry->tests++;
}

void mrt_register_suite(const struct mrt_suite *record)
{
    struct registry *registry = registry_get();
    struct registry_suite *suite = suite_of_file(registry, record->file);
    if (!suite) {
        registry->incomplete = true;
    } else if (suite->suite) {
        suite->second = record;
    } else {
        suite->suite = record;
        suite->name = record->name;
    }
}

void mrt_register_cmocka_group(const struct mrt_cmocka_group *group)
{
    struct registry *registry = registry_get();
    struct registry_suite *suite = add_suite(registry, group->file);
    if (!suite) {
        registry->incomplete = true;
        return;
    }
    suite->name = group->name;
    suite->group = group;
    registry->tests += group->count;
}

/* The name without folder, if it is one of the MPI library's own: "libmpi.so.40" (Open MPI; also MPICH's upstream
 * builds and what derives from them, with another number), "libmpich.so.12" (Debian's MPICH), "libmpi_abi.so.1" (the
 * MPI-5.0 ABI). Not the libraries beside it (libmpi_cxx, libmpi_mpifh), for which the C library's name stands. */
static const char *mpi_library(const char *path)
{
    static const char *const stems[] = {"libmpi.so", "libmpich.so", "libmpi_abi.so"};
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    for (size_t i = 0; i < sizeof stems / sizeof stems[0]; i++) {
        size_t length = strlen(stems[i]);
        if (strncmp(name, stems[i], length) == 0 && (name[length] == '\0' || name[length] == '.'))
            return name;
    }
    return NULL;
}

struct mpi_names {
    char ours[64], theirs[64]; /* "" for none */
};

static int find_ours(struct dl_phdr_info *info, size_t size, void *argument)
{
    struct mpi_names *names = argument;
    const char *name = info->dlpi_name ? mpi_library(info->dlpi_name) : NULL;
    (void)size;
    if (name)
        snprintf(names->ours, sizeof names->ours, "%s", name);
    return name != NULL;
}

static bool find_theirs(void *argument, const char *needed)
{
    struct mpi_names *names = argument;
    const char *name = mpi_library(needed);
    if (name)
        snprintf(names->theirs, sizeof names->theirs, "%s", name);
    return !name;
}

/* Open MPI's libraries are also found as libmpi.so.40.30.4: what counts is the name up to the first number. */
static bool same_library(const char *a, const char *b)
{
    size_t length = strcspn(a, "0123456789");
    length += strspn(a + length, "0123456789");
    return strncmp(a, b, length) == 0 && (b[length] == '\0' || b[length] == '.');
}

static const char *mpi_words(const char *library)
{
    if (strncmp(library, "libmpich.", 9) == 0 || strncmp(library, "libmpi.so.12", 12) == 0)
        return "MPICH or one derived from it";
    if (strncmp(library, "libmpi_abi.", 11) == 0)
        return "an MPI with the ABI of MPI-5.0";
    return strncmp(library, "libmpi.so.40", 12) == 0 ? "Open MPI" : "another MPI";
}

static int check_mpi(const struct mpi_names *names, const char *path, struct problem *problem)
{
    if (!names->theirs[0])
        return 0;
    /* Without an MPI our own mpi.h was used, which follows the ABI of MPI-5.0. */
    if (names->ours[0] ? same_library(names->ours, names->theirs) : strncmp(names->theirs, "libmpi_abi.", 11) == 0)
        return 0;
    if (!names->ours[0])
        return problem_set(problem, EINVAL,
                           "suite \"%s\" was built for an MPI library (%s: %s), but this runner was built without one; "
                           "build the suite with the mpi.h of mpimock, or use a runner built for that MPI",
                           path, names->theirs, mpi_words(names->theirs));
    return problem_set(
        problem, EINVAL,
        "suite \"%s\" was built for another MPI (%s: %s) than this runner (%s: %s); build both with the same "
        "compiler wrapper (mpicc)",
        path, names->theirs, mpi_words(names->theirs), names->ours, mpi_words(names->ours));
}

static int refuse_file(int error, const char *path, struct problem *problem)
{
    switch (-error) {
    case ENOENT:
        return problem_set(problem, ENOENT, "suite \"%s\": there is no such file", path);
    case EISDIR:
        return problem_set(problem, EINVAL, "suite \"%s\" is a folder; name the shared objects in it", path);
    case ELIBEXEC:
        return problem_set(problem, EINVAL,
                           "suite \"%s\" is a program or an object file, not a shared object; link it with -shared",
                           path);
    case ENOEXEC:
        return problem_set(problem, EINVAL, "suite \"%s\" is not a shared object: it is not in ELF format", path);
    case ELIBBAD:
        return problem_set(
            problem, EINVAL,
            "suite \"%s\" cannot be loaded: it is damaged, cut off, or built for another kind of machine", path);
    default:
        return problem_set(problem, -error, "suite \"%s\" cannot be read: %s", path, strerror(-error));
    }
}

static int refuse_load(const char *path, const char *message, struct problem *problem)
{
    static const char undefined[] = "undefined symbol: ";
    const char *symbol = message ? strstr(message, undefined) : NULL;
    if (symbol)
        return problem_set(
            problem, EINVAL,
            "suite \"%s\" cannot be loaded: the symbol %s is missing; link the suite with the library that "
            "defines it",
            path, symbol + strlen(undefined));
    return problem_set(problem, EINVAL, "suite \"%s\" cannot be loaded: %s", path, message ? message : "unknown error");
}

static bool is_loaded(const struct registry *registry, const void *handle)
{
    for (size_t i = 0; i < registry->modules; i++)
        if (registry->handles[i] == handle)
            return true;
    return false;
}

/* Runs the constructors of the file as those of a new module. */
static int open_module(struct registry *registry, const char *real, const char *path, struct problem *problem)
{
    size_t tests = registry->tests;
    void **grown = realloc(registry->handles, (registry->modules + 1) * sizeof *grown);
    if (!grown)
        return problem_set(problem, ENOMEM, "suite \"%s\" cannot be loaded: out of memory", path);
    registry->handles = grown;
    registry->module = registry->modules + 1;
    void *handle = dlopen(real, RTLD_NOW | RTLD_LOCAL);
    registry->module = 0;
    if (!handle)
        return refuse_load(path, dlerror(), problem);
    if (is_loaded(registry, handle))
        return 0;
    registry->handles[registry->modules++] = handle;
    if (registry->tests == tests)
        return problem_set(problem, EINVAL,
                           "suite \"%s\" registers no test; tests are defined by MRT_TEST or MRT_CMOCKA_GROUP", path);
    return 0;
}

int registry_load(struct registry *registry, const char *path, struct problem *problem)
{
    struct mpi_names names = {"", ""};
    int error = needed_read(path, find_theirs, &names);
    if (error)
        return refuse_file(error, path, problem);
    dl_iterate_phdr(find_ours, &names);
    error = check_mpi(&names, path, problem);
    if (error)
        return error;
    char *real = realpath(path, NULL); /* with a slash: else dlopen looks for it elsewhere */
    if (!real)
        return refuse_file(-errno, path, problem);
    error = open_module(registry, real, path, problem);
    free(real);
    return error;
}

const struct registry_suite *registry_suites(const struct registry *registry, size_t *count)
{
    *count = registry->count;
    return registry->suites;
}

bool registry_is_incomplete(const struct registry *registry)
{
    return registry->incomplete;
}

size_t registry_test_count(const struct registry *registry)
{
    return registry->tests;
}

size_t registry_suite_count(const struct registry *registry)
{
    return registry->count;
}

void registry_clear(struct registry *registry)
{
    for (size_t i = 0; i < registry->count; i++) {
        free(registry->suites[i].tests);
        free(registry->suites[i].stem);
    }
    free(registry->suites);
    free(registry->handles);
    *registry = (struct registry){0};
}
