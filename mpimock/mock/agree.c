/* SPDX-License-Identifier: BSD-2-Clause */
/* agree.c: one reduction tells every member whether all are content, and of the same mind.
 *
 * Relies on the backend's own MPI_Allreduce, and so on its checks that all members are in the same call.
 */
#include "agree.h"

uint64_t agree_hash(uint64_t hash, const void *bytes, size_t size)
{
    const unsigned char *byte = bytes;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ byte[i]) * UINT64_C(1099511628211);
    return hash;
}

int mock_agree(const struct mock_comm *comm, int error, uint64_t value, const char *what)
{
    /* The largest of a value and of its complement are equal opposites only where all values are one. An error beats
     * none, a lower rank's beats a higher one's. */
    uint64_t mine[3] = {value, ~value, 0};
    if (error != MPI_SUCCESS)
        mine[2] = (uint64_t)(UINT32_MAX - (uint32_t)comm->rank) << 32 | (uint32_t)error;

    uint64_t all[3];
    int result = mock_Allreduce(mine, all, 3, MPI_UINT64_T, MPI_MAX, comm->handle);
    if (result != MPI_SUCCESS)
        return result;
    if (error != MPI_SUCCESS)
        return error; /* the detail was given when it was found */
    if (all[2] != 0)
        return mpimock_error((int)(all[2] & UINT32_MAX), "this rank's part was fine, but rank %u's was not",
                             (unsigned)(UINT32_MAX - (uint32_t)(all[2] >> 32)));
    if (all[0] != ~all[1])
        return mpimock_error(MPI_ERR_NOT_SAME, "%s must be the same on all ranks, and differs", what);
    return MPI_SUCCESS;
}
