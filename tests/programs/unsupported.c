/* SPDX-License-Identifier: BSD-2-Clause */
/* unsupported.c: a plain MPI program that calls what the mock does not provide. There it must end with the function's
 * name and a non-zero status; with `unsupported return`, which lets errors return, it prints the error's text and ends
 * with 0. Under a real MPI both end with 1. */
#include <mpi.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    MPI_Win window;
    char text[MPI_MAX_ERROR_STRING] = "";
    int memory[4] = {0}, class = MPI_SUCCESS, length = 0;
    MPI_Init(&argc, &argv);
    if (argc > 1)
        MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    int error = MPI_Win_create(memory, sizeof memory, sizeof memory[0], MPI_INFO_NULL, MPI_COMM_WORLD, &window);
    if (error == MPI_SUCCESS)
        MPI_Win_free(&window);
    MPI_Error_class(error, &class);
    MPI_Error_string(error, text, &length);
    printf("%s: %s\n", class == MPI_ERR_UNSUPPORTED_OPERATION ? "unsupported" : "not what was expected", text);
    MPI_Finalize();
    return class == MPI_ERR_UNSUPPORTED_OPERATION ? 0 : 1;
}
