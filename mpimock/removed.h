/* SPDX-License-Identifier: BSD-2-Clause */
/* removed.h: what some mpi.h no longer declare although their library still exports the functions: the functions of
 * MPI-1 that MPI-3.0 removed (MPI-3.1 §16.1). Objects compiled long ago call them, so the door must serve them.
 *
 * Open MPI 4 makes their names macros that stop the compiler. Prototypes of the functions are generated (backend.h,
 * entry.c); here are the types that they need. In C11 a typedef may be repeated where mpi.h has it too.
 */
#ifndef MPIMOCK_REMOVED_H
#define MPIMOCK_REMOVED_H

#include <mpi.h>

#undef MPI_Address
#undef MPI_Errhandler_create
#undef MPI_Errhandler_get
#undef MPI_Errhandler_set
#undef MPI_Type_extent
#undef MPI_Type_hindexed
#undef MPI_Type_hvector
#undef MPI_Type_lb
#undef MPI_Type_struct
#undef MPI_Type_ub

typedef void MPI_Handler_function(MPI_Comm *comm, int *code, ...);
typedef int MPI_Copy_function(MPI_Comm comm, int keyval, void *extra_state, void *value_in, void *value_out, int *flag);
typedef int MPI_Delete_function(MPI_Comm comm, int keyval, void *value, void *extra_state);

#endif
