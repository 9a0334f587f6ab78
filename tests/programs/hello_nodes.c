/* SPDX-License-Identifier: BSD-2-Clause */
/* hello_nodes.c: a plain MPI program that says where its ranks are: for each, its number, its processor's name, and its
 * number among the ranks that share memory with it. Rank 0 prints all, in order. */
#include <mpi.h>
#include <stdio.h>

enum { LINE_SIZE = MPI_MAX_PROCESSOR_NAME + 128 };

int main(int argc, char **argv)
{
    int rank, size, node_rank, node_size, length;
    char name[MPI_MAX_PROCESSOR_NAME], line[LINE_SIZE] = "";
    MPI_Comm node;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
    MPI_Comm_rank(node, &node_rank);
    MPI_Comm_size(node, &node_size);
    MPI_Comm_free(&node);
    MPI_Get_processor_name(name, &length);
    snprintf(line, sizeof line, "rank %d of %d on %s, %d of %d there", rank, size, name, node_rank, node_size);
    if (rank == 0) {
        puts(line);
        for (int from = 1; from < size; from++) {
            MPI_Recv(line, LINE_SIZE, MPI_CHAR, from, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
            puts(line);
        }
    } else {
        MPI_Send(line, LINE_SIZE, MPI_CHAR, 0, 0, MPI_COMM_WORLD);
    }
    MPI_Finalize();
    return 0;
}
