/* SPDX-License-Identifier: BSD-2-Clause */
/* samplesort.h: sorts records that are spread over the ranks of a communicator, by regular sampling, and evens them
 * out.
 *
 * All calls are collective over the communicator, and return the same on every rank. Records are ordered by key, then
 * by the rank and the place that they came from, so that the result is the one that a stable serial sort gives.
 */
#ifndef SAMPLESORT_H
#define SAMPLESORT_H

#include <mpi.h>
#include <stddef.h>

struct record {
    double key;
    char label[5]; /* the padding behind it never travels */
    int from_rank, from_place;
};

/* A run of records in memory from malloc. */
struct records {
    struct record *items;
    int count;
};

/* The order above, for qsort. */
int record_compare(const void *left, const void *right);

/* The datatype of a struct record, committed; its extent is sizeof(struct record). The caller frees it. */
MPI_Datatype record_type(void);

/* Sorts: afterwards no record of a rank comes before one of a lower rank. How many each rank then holds depends on the
 * keys. records->items is replaced. Returns 0, or -1: no memory, and the records are untouched. */
int samplesort(struct records *records, MPI_Comm comm);

/* Moves records between ranks, without changing their order, until the counts differ by one at most (lower ranks hold
 * the longer runs). Returns as above. */
int samplesort_even_out(struct records *records, MPI_Comm comm);

#endif
