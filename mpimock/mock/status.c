/* SPDX-License-Identifier: BSD-2-Clause */
/* status.c: what is in an MPI_Status besides source, tag and error: the count in bytes and whether it was cancelled.
 *
 * These live in the private fields of the mpi.h in use, so that a status that a real MPI filled, or will read, is not
 * mistaken: Open MPI's _ucount and _cancelled, MPICH's count in two halves with the flag in the lowest bit of the upper
 * one, and our own mpi.h's MPI_internal (MPI-5.0 ABI): bytes in 0 and 1, the flag in 2.
 */
#include <limits.h>

#include "objects.h"

#if defined(OPEN_MPI)
static void set_bytes(MPI_Status *status, size_t bytes, bool cancelled)
{
    status->_ucount = bytes;
    status->_cancelled = cancelled;
}

size_t mock_status_bytes(const MPI_Status *status)
{
    return status->_ucount;
}

bool mock_status_cancelled(const MPI_Status *status)
{
    return status->_cancelled != 0;
}
#elif defined(MPICH)
static void set_bytes(MPI_Status *status, size_t bytes, bool cancelled)
{
    status->count_lo = (int)(unsigned)bytes;
    status->count_hi_and_cancelled = (int)((unsigned)((uint64_t)bytes >> 32) << 1 | cancelled);
}

size_t mock_status_bytes(const MPI_Status *status)
{
    return (size_t)((uint64_t)((unsigned)status->count_hi_and_cancelled >> 1) << 32 | (unsigned)status->count_lo);
}

bool mock_status_cancelled(const MPI_Status *status)
{
    return status->count_hi_and_cancelled & 1;
}
#else
static void set_bytes(MPI_Status *status, size_t bytes, bool cancelled)
{
    status->MPI_internal[0] = (int)(unsigned)bytes;
    status->MPI_internal[1] = (int)(unsigned)((uint64_t)bytes >> 32);
    status->MPI_internal[2] = cancelled;
}

size_t mock_status_bytes(const MPI_Status *status)
{
    return (size_t)((uint64_t)(unsigned)status->MPI_internal[1] << 32 | (unsigned)status->MPI_internal[0]);
}

bool mock_status_cancelled(const MPI_Status *status)
{
    return status->MPI_internal[2] != 0;
}
#endif

void mock_status_set(MPI_Status *status, int source, int tag, int error, size_t bytes, bool cancelled)
{
    if (status == MPI_STATUS_IGNORE)
        return;
    status->MPI_SOURCE = source;
    status->MPI_TAG = tag;
    status->MPI_ERROR = error;
    set_bytes(status, bytes, cancelled);
}

int mock_Get_count(const MPI_Status *status, MPI_Datatype datatype, int *count)
{
    const struct mock_type *type = mock_type(datatype);
    if (type == NULL)
        return mpimock_error(MPI_ERR_TYPE, "not a datatype");
    size_t bytes = mock_status_bytes(status);
    if (type->size == 0)
        *count = bytes == 0 ? 0 : MPI_UNDEFINED;
    else if (bytes % type->size != 0 || bytes / type->size > INT_MAX)
        *count = MPI_UNDEFINED;
    else
        *count = (int)(bytes / type->size);
    return MPI_SUCCESS;
}

/* MPI-3.1 §12.3: `count` basic elements of the datatype; those of a type of one kind have the same size. */
int mock_Status_set_elements_x(MPI_Status *status, MPI_Datatype datatype, MPI_Count count)
{
    const struct mock_type *type = mock_type(datatype);
    if (type == NULL)
        return mpimock_error(MPI_ERR_TYPE, "not a datatype");
    if (count < 0)
        return mpimock_error(MPI_ERR_COUNT, "the count is %lld", (long long)count);
    long long elements = mock_type_elements(type, type->size);
    size_t whole = elements > 0 ? (size_t)(count / elements) : 0, rest = elements > 0 ? (size_t)(count % elements) : 0;
    size_t bytes = whole * type->size;
    /* The elements of one item that is begun: as many bytes as hold that many. */
    for (size_t part = 1; rest > 0 && part <= type->size; part++)
        if (mock_type_elements(type, part) == (long long)rest) {
            bytes += part;
            break;
        }
    set_bytes(status, bytes, mock_status_cancelled(status));
    return MPI_SUCCESS;
}

int mock_Status_set_elements(MPI_Status *status, MPI_Datatype datatype, int count)
{
    return mock_Status_set_elements_x(status, datatype, count);
}

int mock_Status_set_cancelled(MPI_Status *status, int flag)
{
    set_bytes(status, mock_status_bytes(status), flag != 0);
    return MPI_SUCCESS;
}

int mock_Test_cancelled(const MPI_Status *status, int *flag)
{
    *flag = mock_status_cancelled(status);
    return MPI_SUCCESS;
}
