/* SPDX-License-Identifier: BSD-2-Clause */
/* samplesort.c: see samplesort.h. */
#include "samplesort.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { TAG_EVEN_OUT = 77 };

int record_compare(const void *left, const void *right)
{
    const struct record *a = left, *b = right;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    if (a->from_rank != b->from_rank)
        return a->from_rank < b->from_rank ? -1 : 1;
    return (a->from_place > b->from_place) - (a->from_place < b->from_place);
}

MPI_Datatype record_type(void)
{
    int lengths[3] = {1, (int)sizeof(((struct record *)0)->label), 2};
    MPI_Aint places[3] = {offsetof(struct record, key), offsetof(struct record, label),
                          offsetof(struct record, from_rank)};
    MPI_Datatype types[3] = {MPI_DOUBLE, MPI_CHAR, MPI_INT};
    MPI_Datatype members, type;
    MPI_Type_create_struct(3, lengths, places, types, &members);
    MPI_Type_create_resized(members, 0, (MPI_Aint)sizeof(struct record), &type);
    MPI_Type_free(&members);
    MPI_Type_commit(&type);
    return type;
}

/* Whether it holds on every rank: so that all of them give up together. */
static bool everywhere(bool here, MPI_Comm comm)
{
    int mine = here, all;
    MPI_Allreduce(&mine, &all, 1, MPI_INT, MPI_LAND, comm);
    return all != 0;
}

/* Never NULL for want of elements: that would look like a want of memory. */
static void *array(int count, size_t size)
{
    return calloc((size_t)(count > 0 ? count : 1), size);
}

static int running_sum(const int counts[], int n, int starts[])
{
    int sum = 0;
    for (int i = 0; i < n; i++) {
        starts[i] = sum;
        sum += counts[i];
    }
    return sum;
}

/* Chooses the size - 1 records that part the ranks' shares, from regular samples of the sorted runs of all ranks. Ranks
 * with few records give few samples. Returns how many there are: 0 if there are no records at all. */
static int choose_splitters(const struct records *records, int size, struct record splitters[], struct record *samples,
                            int *counts, MPI_Datatype type, MPI_Comm comm)
{
    int *starts = counts + size;
    int mine = records->count < size ? records->count : size;
    MPI_Allgather(&mine, 1, MPI_INT, counts, 1, MPI_INT, comm);
    int total = running_sum(counts, size, starts), rank;
    MPI_Comm_rank(comm, &rank);
    for (int i = 0; i < mine; i++)
        samples[starts[rank] + i] = records->items[(long long)i * records->count / mine];
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, samples, counts, starts, type, comm);
    qsort(samples, (size_t)total, sizeof samples[0], record_compare);
    if (total == 0)
        return 0;
    for (int i = 0; i < size - 1; i++)
        splitters[i] = samples[(long long)(i + 1) * total / size];
    return size - 1;
}

/* Cuts a sorted run at the splitters: counts[i] records go to rank i. */
static void cut(const struct records *records, const struct record splitters[], int splitter_count, int size,
                int counts[])
{
    memset(counts, 0, (size_t)size * sizeof counts[0]);
    int to = 0;
    for (int i = 0; i < records->count; i++) {
        while (to < splitter_count && record_compare(&records->items[i], &splitters[to]) >= 0)
            to++;
        counts[to]++;
    }
}

int samplesort(struct records *records, MPI_Comm comm)
{
    int size, result = -1;
    MPI_Comm_size(comm, &size);
    struct record *samples = array(size * size, sizeof samples[0]);
    struct record *splitters = array(size, sizeof splitters[0]);
    struct record *received = NULL;
    int *counts = array(4 * size, sizeof counts[0]);
    MPI_Datatype type = record_type();
    if (!everywhere(samples != NULL && splitters != NULL && counts != NULL, comm))
        goto out;

    qsort(records->items, (size_t)records->count, sizeof records->items[0], record_compare);
    int splitter_count = choose_splitters(records, size, splitters, samples, counts, type, comm);
    int *to = counts, *to_start = to + size, *from = to_start + size, *from_start = from + size;
    cut(records, splitters, splitter_count, size, to);
    MPI_Alltoall(to, 1, MPI_INT, from, 1, MPI_INT, comm);
    running_sum(to, size, to_start);
    int total = running_sum(from, size, from_start);
    received = array(total, sizeof received[0]);
    if (!everywhere(received != NULL, comm))
        goto out;
    MPI_Alltoallv(records->items, to, to_start, type, received, from, from_start, type, comm);
    qsort(received, (size_t)total, sizeof received[0], record_compare);
    free(records->items);
    records->items = received;
    records->count = total;
    received = NULL;
    result = 0;
out:
    MPI_Type_free(&type);
    free(received);
    free(counts);
    free(splitters);
    free(samples);
    return result;
}

/* The first record of a rank's even share. */
static long long share_start(long long total, int size, int rank)
{
    return total / size * rank + (rank < total % size ? rank : total % size);
}

/* Receives until `wanted` records are there. Who sends, and how many, is known to the senders only; they come in any
 * order. Each sender's run is arrived[places[sender]], counts[sender] long. (A message of the next call cannot come in
 * between: nobody is past that call's MPI_Allreduce before everybody has left this one.) */
static void collect(struct record *arrived, int wanted, int places[], int counts[], MPI_Datatype type, MPI_Comm comm)
{
    for (int have = 0; have < wanted;) {
        MPI_Status status;
        int count;
        MPI_Probe(MPI_ANY_SOURCE, TAG_EVEN_OUT, comm, &status);
        MPI_Get_count(&status, type, &count);
        MPI_Recv(&arrived[have], count, type, status.MPI_SOURCE, TAG_EVEN_OUT, comm, MPI_STATUS_IGNORE);
        places[status.MPI_SOURCE] = have;
        counts[status.MPI_SOURCE] = count;
        have += count;
    }
}

int samplesort_even_out(struct records *records, MPI_Comm comm)
{
    int size, rank, result = -1;
    MPI_Comm_size(comm, &size);
    MPI_Comm_rank(comm, &rank);
    long long mine = records->count, before = 0, total;
    MPI_Exscan(&mine, &before, 1, MPI_LONG_LONG, MPI_SUM, comm);
    if (rank == 0)
        before = 0; /* MPI_Exscan leaves it undefined there */
    MPI_Allreduce(&mine, &total, 1, MPI_LONG_LONG, MPI_SUM, comm);
    int wanted = (int)(share_start(total, size, rank + 1) - share_start(total, size, rank));

    struct record *arrived = array(wanted, sizeof arrived[0]), *even = array(wanted, sizeof even[0]);
    MPI_Request *sent = array(size, sizeof sent[0]);
    int *places = array(2 * size, sizeof places[0]), sends = 0;
    MPI_Datatype type = record_type();
    if (!everywhere(arrived != NULL && even != NULL && sent != NULL && places != NULL, comm))
        goto out;

    for (int to = 0; to < size; to++) {
        long long first = share_start(total, size, to), last = share_start(total, size, to + 1);
        first = first > before ? first : before;
        last = last < before + mine ? last : before + mine;
        if (first < last)
            MPI_Isend(&records->items[first - before], (int)(last - first), type, to, TAG_EVEN_OUT, comm,
                      &sent[sends++]);
    }
    int *counts = places + size, filled = 0;
    collect(arrived, wanted, places, counts, type, comm);
    for (int from = 0; from < size; from++) {
        memcpy(&even[filled], &arrived[places[from]], (size_t)counts[from] * sizeof even[0]);
        filled += counts[from];
    }
    MPI_Waitall(sends, sent, MPI_STATUSES_IGNORE);
    free(records->items);
    records->items = even;
    records->count = wanted;
    even = NULL;
    result = 0;
out:
    MPI_Type_free(&type);
    free(places);
    free(sent);
    free(even);
    free(arrived);
    return result;
}
