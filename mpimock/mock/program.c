/* SPDX-License-Identifier: BSD-2-Clause */
/* program.c: preloads this very libmpimock into a program, and hands it the segment.
 *
 * Relies on the dynamic loader (ld.so(8)): LD_PRELOAD comes first in the search order, so a program compiled with any
 * mpicc finds our MPI_*. Where this library was built with AddressSanitizer its runtime must come before it, also into
 * programs that were built without.
 */
#include "program.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "segment.h"

/* The shared library that holds the address, as an absolute path that the caller frees; NULL: it is in the program. */
static char *library_of(const void *address)
{
    Dl_info info;
    char program[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length < 0 || dladdr(address, &info) == 0)
        return NULL;
    program[length] = '\0';
    char *path = realpath(info.dli_fname, NULL);
    if (path != NULL && strcmp(path, program) == 0) {
        free(path);
        return NULL;
    }
    return path;
}

/* Puts the library before those that are there already. */
static int put_first(char **list, const char *library, struct problem *problem)
{
    char *longer;
    if (strpbrk(library, " :") != NULL)
        return problem_set(
            problem, EINVAL,
            "libmpimock lies in %s, but LD_PRELOAD takes no path with a blank or a colon: move or link it", library);
    if (asprintf(&longer, "%s%s%s", library, *list != NULL && **list != '\0' ? ":" : "", *list != NULL ? *list : "") <
        0)
        return problem_set(problem, ENOMEM, "out of memory");
    free(*list);
    *list = longer;
    return 0;
}

int program_init(struct program *program, char *const arguments[], struct problem *problem)
{
    int error = 0;
    const char *inherited = getenv("LD_PRELOAD");
    char *own = library_of((const void *)(uintptr_t)&program_init);
    char *list = inherited != NULL ? strdup(inherited) : NULL;
    if (own != NULL) {
        const void *sanitizer = dlsym(RTLD_DEFAULT, "__asan_init");
        char *runtime = sanitizer != NULL ? library_of(sanitizer) : NULL;
        error = put_first(&list, own, problem);
        if (error == 0 && runtime != NULL)
            error = put_first(&list, runtime, problem);
        free(runtime);
    }
    if (error != 0) {
        free(list);
        list = NULL;
    }
    free(own);
    *program = (struct program){arguments, list};
    return error;
}

void program_finish(struct program *program)
{
    free(program->preload);
    program->preload = NULL;
}

int program_exec(const struct program *program, int segment_fd, int rank)
{
    char number[16];
    if (program->preload != NULL && setenv("LD_PRELOAD", program->preload, 1) != 0)
        return errno;
    snprintf(number, sizeof number, "%d", segment_fd);
    if (setenv(SEGMENT_ENVIRONMENT_FD, number, 1) != 0)
        return errno;
    snprintf(number, sizeof number, "%d", rank);
    if (setenv(SEGMENT_ENVIRONMENT_RANK, number, 1) != 0)
        return errno;
    if (fcntl(segment_fd, F_SETFD, 0) != 0)
        return errno;
    execvp(program->arguments[0], program->arguments);
    return errno;
}
