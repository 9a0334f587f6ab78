/* SPDX-License-Identifier: BSD-2-Clause */
/* fortran.c: handles and statuses between C and Fortran (MPI-3.1 §17.2.4, §17.2.5). The numbers are handle.c's. */
#include <string.h>

#include "chapters.h"

#define CONVERSIONS(Name_, Type_, kind_, null_)                                                                        \
    MPI_Fint mock_##Name_##_c2f(Type_ handle)                                                                          \
    {                                                                                                                  \
        return handle_to_fortran(kind_, HANDLE_KEY(handle));                                                           \
    }                                                                                                                  \
    Type_ mock_##Name_##_f2c(MPI_Fint number)                                                                          \
    {                                                                                                                  \
        uintptr_t key = handle_from_fortran(kind_, (int)number);                                                       \
        return key != 0 ? (Type_)key : null_;                                                                          \
    }

CONVERSIONS(Comm, MPI_Comm, HANDLE_COMM, MPI_COMM_NULL)
CONVERSIONS(Group, MPI_Group, HANDLE_GROUP, MPI_GROUP_NULL)
CONVERSIONS(Type, MPI_Datatype, HANDLE_DATATYPE, MPI_DATATYPE_NULL)
CONVERSIONS(Op, MPI_Op, HANDLE_OP, MPI_OP_NULL)
CONVERSIONS(Info, MPI_Info, HANDLE_INFO, MPI_INFO_NULL)
CONVERSIONS(Request, MPI_Request, HANDLE_REQUEST, MPI_REQUEST_NULL)
CONVERSIONS(Message, MPI_Message, HANDLE_MESSAGE, MPI_MESSAGE_NULL)
CONVERSIONS(File, MPI_File, HANDLE_FILE, MPI_FILE_NULL)

/* A Fortran status has the integers of the C one, in the same order, in each of the three mpi.h (MPI-3.1 §17.2.5). */
_Static_assert(sizeof(MPI_Fint) == sizeof(int), "a Fortran INTEGER is a C int");
_Static_assert(sizeof(MPI_Status) % sizeof(int) == 0, "a status consists of integers");

int mock_Status_c2f(const MPI_Status *c_status, MPI_Fint *f_status)
{
    if (c_status == MPI_STATUS_IGNORE || f_status == NULL)
        return mpimock_error(MPI_ERR_ARG, "a status that is to be ignored has nothing to be converted");
    memcpy(f_status, c_status, sizeof *c_status);
    return MPI_SUCCESS;
}

int mock_Status_f2c(const MPI_Fint *f_status, MPI_Status *c_status)
{
    if (c_status == MPI_STATUS_IGNORE || f_status == NULL)
        return mpimock_error(MPI_ERR_ARG, "a status that is to be ignored has nothing to be converted");
    memcpy(c_status, f_status, sizeof *c_status);
    return MPI_SUCCESS;
}
