/* SPDX-License-Identifier: BSD-2-Clause */
/* agree.h: what the members of a communicator must say alike before a collective call goes on.
 *
 * A collective that only some members refuse would leave the others waiting: so each brings its own verdict, and all
 * return the same one. It is also where arguments that must be identical on all ranks are compared.
 */
#ifndef MPIMOCK_AGREE_H
#define MPIMOCK_AGREE_H

#include "objects.h"

#define AGREE_HASH_START UINT64_C(14695981039346656037)

/* FNV-1a, to fold several arguments into the one value that is compared. */
uint64_t agree_hash(uint64_t hash, const void *bytes, size_t size);

/* Collective over `comm` (an intracommunicator). `error` is the class of what is wrong on this rank, or MPI_SUCCESS;
 * `value` must be the same everywhere. Returns MPI_SUCCESS on all ranks or on none: this rank's own error with the
 * detail already given, else the error of the lowest rank that has one, else MPI_ERR_NOT_SAME where values differ;
 * `what` names them: "the amode". */
int mock_agree(const struct mock_comm *comm, int error, uint64_t value, const char *what);

#endif
