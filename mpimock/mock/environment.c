/* SPDX-License-Identifier: BSD-2-Clause */
/* environment.c: versions, names, errors in words, clocks, memory, addresses (MPI-3.1 chapter 8, §4.1.5).
 *
 * Error codes are error classes here; programs may add classes and codes of their own.
 */
#include "environment.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "chapters.h"

#ifndef MPIMOCK_VERSION_TEXT /* the build gives it */
#define MPIMOCK_VERSION_TEXT "(no version)"
#endif

/* ---- Versions and names ---- */

int mock_Get_version(int *version, int *subversion)
{
    *version = MPI_VERSION; /* of the mpi.h in use, which the program has seen too */
    *subversion = MPI_SUBVERSION;
    return MPI_SUCCESS;
}

int mock_Get_library_version(char *version, int *resultlen)
{
#if defined(MPIMOCK_NO_MPI)
    const char *header = "its own mpi.h";
#elif defined(OPEN_MPI)
    const char *header = "the mpi.h of Open MPI";
#elif defined(MPICH_VERSION)
    const char *header = "the mpi.h of MPICH " MPICH_VERSION;
#else
    const char *header = "the installed mpi.h";
#endif
    *resultlen = snprintf(version, MPI_MAX_LIBRARY_VERSION_STRING,
                          "mpimock " MPIMOCK_VERSION_TEXT ": a strict MPI-3.1 for one machine, with %s (MPI %d.%d)",
                          header, MPI_VERSION, MPI_SUBVERSION);
    return MPI_SUCCESS;
}

int mock_Get_processor_name(char *name, int *resultlen)
{
    const char *node = mock_node_name(mock_node_of(mock.rank));
    chapters_copy_name(name, MPI_MAX_PROCESSOR_NAME, node != NULL ? node : "localhost");
    *resultlen = (int)strlen(name);
    return MPI_SUCCESS;
}

int mock_Pcontrol(const int level, ...)
{
    (void)level; /* nothing is profiled */
    return MPI_SUCCESS;
}

/* ---- Clocks: one for all processes, as MPI_WTIME_IS_GLOBAL says ---- */

double mock_Wtime(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double mock_Wtick(void)
{
    struct timespec tick;
    clock_getres(CLOCK_MONOTONIC, &tick);
    return (double)tick.tv_sec + 1e-9 * (double)tick.tv_nsec;
}

/* ---- Memory and addresses ---- */

int mock_Alloc_mem(MPI_Aint size, MPI_Info info, void *baseptr)
{
    (void)info; /* hints only */
    void *memory;
    if (size < 0)
        return mpimock_error(MPI_ERR_ARG, "%lld bytes", (long long)size);
    if (posix_memalign(&memory, 64, size > 0 ? (size_t)size : 1) != 0)
        return mpimock_error(MPI_ERR_NO_MEM, "no memory for %lld bytes", (long long)size);
    *(void **)baseptr = memory;
    return MPI_SUCCESS;
}

int mock_Free_mem(void *base)
{
    free(base);
    return MPI_SUCCESS;
}

int mock_Get_address(const void *location, MPI_Aint *address)
{
    *address = (MPI_Aint)(uintptr_t)location;
    return MPI_SUCCESS;
}

int mock_Address(void *location, MPI_Aint *address)
{
    return mock_Get_address(location, address);
}

MPI_Aint mock_Aint_add(MPI_Aint base, MPI_Aint disp)
{
    return (MPI_Aint)((uintptr_t)base + (uintptr_t)disp);
}

MPI_Aint mock_Aint_diff(MPI_Aint addr1, MPI_Aint addr2)
{
    return (MPI_Aint)((uintptr_t)addr1 - (uintptr_t)addr2);
}

/* ---- Errors in words (§8.4) ---- */

static const struct {
    int class;
    const char *text;
} classes[] = {
    {MPI_SUCCESS, "MPI_SUCCESS: no error"},
    {MPI_ERR_BUFFER, "MPI_ERR_BUFFER: invalid buffer pointer"},
    {MPI_ERR_COUNT, "MPI_ERR_COUNT: invalid count"},
    {MPI_ERR_TYPE, "MPI_ERR_TYPE: invalid datatype"},
    {MPI_ERR_TAG, "MPI_ERR_TAG: invalid tag"},
    {MPI_ERR_COMM, "MPI_ERR_COMM: invalid communicator"},
    {MPI_ERR_RANK, "MPI_ERR_RANK: invalid rank"},
    {MPI_ERR_REQUEST, "MPI_ERR_REQUEST: invalid request"},
    {MPI_ERR_ROOT, "MPI_ERR_ROOT: invalid root"},
    {MPI_ERR_GROUP, "MPI_ERR_GROUP: invalid group"},
    {MPI_ERR_OP, "MPI_ERR_OP: invalid reduction operation"},
    {MPI_ERR_TOPOLOGY, "MPI_ERR_TOPOLOGY: invalid topology"},
    {MPI_ERR_DIMS, "MPI_ERR_DIMS: invalid dimensions"},
    {MPI_ERR_ARG, "MPI_ERR_ARG: invalid argument"},
    {MPI_ERR_UNKNOWN, "MPI_ERR_UNKNOWN: unknown error"},
    {MPI_ERR_TRUNCATE, "MPI_ERR_TRUNCATE: message truncated"},
    {MPI_ERR_OTHER, "MPI_ERR_OTHER: known error not in this list"},
    {MPI_ERR_INTERN, "MPI_ERR_INTERN: internal error"},
    {MPI_ERR_PENDING, "MPI_ERR_PENDING: pending request"},
    {MPI_ERR_IN_STATUS, "MPI_ERR_IN_STATUS: the error code is in the status"},
    {MPI_ERR_KEYVAL, "MPI_ERR_KEYVAL: invalid keyval"},
    {MPI_ERR_NO_MEM, "MPI_ERR_NO_MEM: out of memory"},
    {MPI_ERR_BASE, "MPI_ERR_BASE: invalid base"},
    {MPI_ERR_INFO_KEY, "MPI_ERR_INFO_KEY: invalid info key"},
    {MPI_ERR_INFO_VALUE, "MPI_ERR_INFO_VALUE: invalid info value"},
    {MPI_ERR_INFO_NOKEY, "MPI_ERR_INFO_NOKEY: no such info key"},
    {MPI_ERR_INFO, "MPI_ERR_INFO: invalid info object"},
    {MPI_ERR_SPAWN, "MPI_ERR_SPAWN: processes could not be spawned"},
    {MPI_ERR_PORT, "MPI_ERR_PORT: invalid port name"},
    {MPI_ERR_SERVICE, "MPI_ERR_SERVICE: invalid service name"},
    {MPI_ERR_NAME, "MPI_ERR_NAME: name not published"},
    {MPI_ERR_WIN, "MPI_ERR_WIN: invalid window"},
    {MPI_ERR_SIZE, "MPI_ERR_SIZE: invalid size"},
    {MPI_ERR_DISP, "MPI_ERR_DISP: invalid displacement"},
    {MPI_ERR_LOCKTYPE, "MPI_ERR_LOCKTYPE: invalid lock type"},
    {MPI_ERR_ASSERT, "MPI_ERR_ASSERT: invalid assertion"},
    {MPI_ERR_RMA_CONFLICT, "MPI_ERR_RMA_CONFLICT: conflicting accesses to a window"},
    {MPI_ERR_RMA_SYNC, "MPI_ERR_RMA_SYNC: wrong synchronization of a window"},
    {MPI_ERR_RMA_RANGE, "MPI_ERR_RMA_RANGE: target memory is not in the window"},
    {MPI_ERR_RMA_ATTACH, "MPI_ERR_RMA_ATTACH: memory cannot be attached"},
    {MPI_ERR_RMA_SHARED, "MPI_ERR_RMA_SHARED: memory cannot be shared"},
    {MPI_ERR_RMA_FLAVOR, "MPI_ERR_RMA_FLAVOR: wrong flavor of window"},
    {MPI_ERR_FILE, "MPI_ERR_FILE: invalid file handle"},
    {MPI_ERR_NOT_SAME, "MPI_ERR_NOT_SAME: arguments differ between ranks, or collective calls in different order"},
    {MPI_ERR_AMODE, "MPI_ERR_AMODE: invalid access mode"},
    {MPI_ERR_UNSUPPORTED_DATAREP, "MPI_ERR_UNSUPPORTED_DATAREP: unsupported data representation"},
    {MPI_ERR_UNSUPPORTED_OPERATION, "MPI_ERR_UNSUPPORTED_OPERATION: unsupported operation"},
    {MPI_ERR_NO_SUCH_FILE, "MPI_ERR_NO_SUCH_FILE: no such file"},
    {MPI_ERR_FILE_EXISTS, "MPI_ERR_FILE_EXISTS: file exists"},
    {MPI_ERR_BAD_FILE, "MPI_ERR_BAD_FILE: invalid file name"},
    {MPI_ERR_ACCESS, "MPI_ERR_ACCESS: permission denied"},
    {MPI_ERR_NO_SPACE, "MPI_ERR_NO_SPACE: not enough space"},
    {MPI_ERR_QUOTA, "MPI_ERR_QUOTA: quota exceeded"},
    {MPI_ERR_READ_ONLY, "MPI_ERR_READ_ONLY: read-only file or file system"},
    {MPI_ERR_FILE_IN_USE, "MPI_ERR_FILE_IN_USE: file in use"},
    {MPI_ERR_DUP_DATAREP, "MPI_ERR_DUP_DATAREP: data representation defined before"},
    {MPI_ERR_CONVERSION, "MPI_ERR_CONVERSION: a conversion function failed"},
    {MPI_ERR_IO, "MPI_ERR_IO: other input or output error"},
};

/* What programs added: number MPI_ERR_LASTCODE + 1 + index. */
struct added {
    int class; /* its own number, if it is a class */
    char text[MPI_MAX_ERROR_STRING];
};
static struct added *added;
static int added_count, added_capacity;

int environment_last_used_code(void)
{
    return MPI_ERR_LASTCODE + added_count;
}

void environment_chapter_finish(void)
{
    free(added);
    added = NULL;
    added_count = added_capacity = 0;
}

static struct added *added_of(int code)
{
    long long index = (long long)code - MPI_ERR_LASTCODE - 1;
    return index >= 0 && index < added_count ? &added[index] : NULL;
}

static const char *text_of(int class)
{
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (classes[i].class == class)
            return classes[i].text;
    return NULL;
}

/* `class`: 0 makes a new class. */
static int add(int class, int *number)
{
    int error = MPI_SUCCESS;
    mock_lock();
    if (added_count == added_capacity) {
        int capacity = added_capacity + 16;
        struct added *larger = reallocarray(added, (size_t)capacity, sizeof *larger);
        if (larger == NULL) {
            error = mpimock_error(MPI_ERR_NO_MEM, "out of memory for an error class");
        } else {
            added = larger;
            added_capacity = capacity;
        }
    }
    if (error == MPI_SUCCESS) {
        *number = MPI_ERR_LASTCODE + 1 + added_count;
        added[added_count++] = (struct added){.class = class == 0 ? *number : class};
    }
    mock_unlock();
    return error;
}

int mock_Add_error_class(int *errorclass)
{
    return add(0, errorclass);
}

int mock_Add_error_code(int errorclass, int *errorcode)
{
    mock_lock();
    const struct added *class = added_of(errorclass);
    bool known =
        (class != NULL && class->class == errorclass) || (errorclass != MPI_SUCCESS && text_of(errorclass) != NULL);
    mock_unlock();
    if (!known)
        return mpimock_error(MPI_ERR_ARG, "%d is not an error class", errorclass);
    return add(errorclass, errorcode);
}

int mock_Add_error_string(int errorcode, const char *string)
{
    mock_lock();
    struct added *code = added_of(errorcode);
    if (code != NULL)
        chapters_copy_name(code->text, sizeof code->text, string);
    mock_unlock();
    if (code == NULL)
        return mpimock_error(MPI_ERR_ARG, "%d is not an error class or code that the program added", errorcode);
    return MPI_SUCCESS;
}

int mock_Error_class(int errorcode, int *errorclass)
{
    int class = errorcode;
    mock_lock();
    const struct added *code = added_of(errorcode);
    bool known = code != NULL || text_of(errorcode) != NULL;
    if (code != NULL)
        class = code->class;
    mock_unlock();
    if (!known)
        return mpimock_error(MPI_ERR_ARG, "%d is not an error code", errorcode);
    *errorclass = class;
    return MPI_SUCCESS;
}

int mock_Error_string(int errorcode, char *string, int *resultlen)
{
    mock_lock();
    const struct added *code = added_of(errorcode);
    const char *text = code != NULL ? code->text : text_of(errorcode);
    if (text != NULL)
        chapters_copy_name(string, MPI_MAX_ERROR_STRING, text);
    mock_unlock();
    if (text == NULL)
        return mpimock_error(MPI_ERR_ARG, "%d is not an error code", errorcode);
    *resultlen = (int)strlen(string);
    return MPI_SUCCESS;
}
