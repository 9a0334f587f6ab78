/* SPDX-License-Identifier: BSD-2-Clause */
/* handle.h: handles of the mock: small numbers in the handle types of whatever mpi.h is in use, looked up, never
 * dereferenced. A stale or foreign handle is NULL here, and an error with a name above.
 *
 * 30 bits: kind (4) · generation (8, from 1) · index (18). Below MPICH's predefined handles (bits 30 and 31 set apart),
 * above those of the MPI-5.0 ABI (< 0x1000), and no address of Open MPI's. Predefined handles are keys that are bound.
 */
#ifndef MPIMOCK_HANDLE_H
#define MPIMOCK_HANDLE_H

#include <stdint.h>

enum handle_kind {
    HANDLE_COMM = 1,
    HANDLE_GROUP,
    HANDLE_DATATYPE,
    HANDLE_OP,
    HANDLE_REQUEST,
    HANDLE_ERRHANDLER,
    HANDLE_INFO,
    HANDLE_MESSAGE,
    HANDLE_WIN,
    HANDLE_FILE,
    HANDLE_KIND_COUNT
};

/* MPI_Comm and the like to a key and back, for pointers and ints alike. */
#define HANDLE_KEY(handle) ((uintptr_t)(handle) & (sizeof(handle) == 4 ? 0xffffffffu : UINTPTR_MAX))

uintptr_t handle_create(enum handle_kind kind, void *object); /* 0: out of memory, or of handles (262,143 of a kind) */
void handle_bind(enum handle_kind kind, uintptr_t predefined, void *object);
void *handle_object(enum handle_kind kind, uintptr_t key); /* NULL: stale, foreign or null */
void handle_destroy(enum handle_kind kind, uintptr_t key);
/* Fortran's integers (MPI-3.1 §17.2.4): -1 and 0 where there is none. */
int handle_to_fortran(enum handle_kind kind, uintptr_t key);
uintptr_t handle_from_fortran(enum handle_kind kind, int number);

#endif
