/* SPDX-License-Identifier: BSD-2-Clause */
/* comm.c: communicators: what they are, and what may be asked of them (MPI-3.1 §6.4, §6.8). How new ones come to be is
 * in comm_create.c.
 *
 * A communicator is a group and two context numbers: messages match only within one. MPI_COMM_WORLD has contexts 0 and
 * 1, MPI_COMM_SELF those of its rank behind that; all others come from the segment's counter, or from a team's serial
 * number.
 */
#include "comm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "group.h"
#include "info.h"

/* ---- Objects ---- */

/* Without a handle yet. */
static struct mock_comm *comm_new(uint64_t context, struct mock_group *group)
{
    struct mock_comm *comm = calloc(1, sizeof *comm);
    if (comm == NULL)
        return NULL;
    comm->handle = MPI_COMM_NULL;
    comm->context = context;
    comm->rank = group->rank;
    comm->size = group->size;
    comm->group = mock_group_keep(group);
    return comm;
}

static void comm_free(struct mock_comm *comm)
{
    attribute_forget(comm);
    mock_topology_release(comm->topology);
    info_destroy(comm->info);
    mock_group_release(comm->group);
    mock_group_release(comm->remote);
    free(comm);
}

struct mock_comm *mock_comm_create(uint64_t context, struct mock_group *group)
{
    struct mock_comm *comm = comm_new(context, group);
    if (comm == NULL)
        return NULL;
    uintptr_t key = chapters_made(HANDLE_COMM, comm, &comm->link);
    if (key == 0) {
        comm_free(comm);
        return NULL;
    }
    comm->handle = (MPI_Comm)key;
    return comm;
}

void mock_comm_destroy(struct mock_comm *comm)
{
    if (comm == NULL)
        return;
    chapters_ended(HANDLE_COMM, HANDLE_KEY(comm->handle), &comm->link);
    comm_free(comm);
}

struct mock_comm *mock_comm(MPI_Comm handle)
{
    return handle_object(HANDLE_COMM, HANDLE_KEY(handle));
}

struct mock_comm *comm_get(MPI_Comm handle, int *error)
{
    struct mock_comm *comm = mock_comm(handle);
    if (comm == NULL)
        *error = handle == MPI_COMM_NULL ? mpimock_error(MPI_ERR_COMM, "the communicator is MPI_COMM_NULL")
                                         : mpimock_error(MPI_ERR_COMM, "not a communicator, or one that was freed");
    return comm;
}

/* False: out of memory. */
static bool bind(MPI_Comm handle, const char *name, uint64_t context, int size, const int world_ranks[])
{
    struct mock_group *group = mock_group_create(size, world_ranks);
    struct mock_comm *comm = group != NULL ? comm_new(context, group) : NULL;
    mock_group_release(group);
    if (comm == NULL)
        return false;
    comm->handle = handle;
    comm->predefined = true;
    chapters_copy_name(comm->name, sizeof comm->name, name);
    chapters_bound(HANDLE_COMM, HANDLE_KEY(handle), comm, &comm->link);
    return true;
}

int comm_chapter_init(void)
{
    int *everyone = malloc((size_t)mock.size * sizeof *everyone);
    if (everyone == NULL)
        return -ENOMEM;
    for (int i = 0; i < mock.size; i++)
        everyone[i] = i;
    bool made = bind(MPI_COMM_WORLD, "MPI_COMM_WORLD", 0, mock.size, everyone) &&
                bind(MPI_COMM_SELF, "MPI_COMM_SELF", 2 + 2 * (uint64_t)mock.rank, 1, &mock.rank);
    free(everyone);
    return made ? 0 : -ENOMEM;
}

void comm_chapter_finish(void)
{
    struct mock_link *link;
    while ((link = chapters_first(HANDLE_COMM)) != NULL)
        mock_comm_destroy(LINK_OWNER(link, struct mock_comm, link));
}

/* ---- Questions (§6.4.1) ---- */

int mock_Comm_size(MPI_Comm handle, int *size)
{
    int error;
    const struct mock_comm *comm = comm_get(handle, &error);
    if (comm == NULL)
        return error;
    *size = comm->size;
    return MPI_SUCCESS;
}

int mock_Comm_rank(MPI_Comm handle, int *rank)
{
    int error;
    const struct mock_comm *comm = comm_get(handle, &error);
    if (comm == NULL)
        return error;
    *rank = comm->rank;
    return MPI_SUCCESS;
}

int mock_Comm_compare(MPI_Comm comm1, MPI_Comm comm2, int *result)
{
    int error;
    const struct mock_comm *a = comm_get(comm1, &error);
    const struct mock_comm *b = a != NULL ? comm_get(comm2, &error) : NULL;
    if (b == NULL)
        return error;
    if (a == b) {
        *result = MPI_IDENT;
        return MPI_SUCCESS;
    }
    int groups = group_compare(a->group, b->group);
    *result = groups == MPI_IDENT ? MPI_CONGRUENT : groups;
    return MPI_SUCCESS;
}

int mock_Comm_group(MPI_Comm handle, MPI_Group *group)
{
    int error;
    const struct mock_comm *comm = comm_get(handle, &error);
    if (comm == NULL)
        return error;
    return group_publish(comm->group->size, comm->group->world_ranks, group);
}

int mock_Comm_test_inter(MPI_Comm handle, int *flag)
{
    int error;
    const struct mock_comm *comm = comm_get(handle, &error);
    if (comm == NULL)
        return error;
    *flag = comm->remote != NULL;
    return MPI_SUCCESS;
}

/* The remote group of an intercommunicator (§6.6.1), or NULL with *error set. */
static const struct mock_group *remote_of(MPI_Comm handle, int *error)
{
    const struct mock_comm *comm = comm_get(handle, error);
    if (comm == NULL)
        return NULL;
    if (comm->remote == NULL)
        *error = mpimock_error(MPI_ERR_COMM, "an intracommunicator has no remote group");
    return comm->remote;
}

int mock_Comm_remote_size(MPI_Comm handle, int *size)
{
    int error;
    const struct mock_group *remote = remote_of(handle, &error);
    if (remote == NULL)
        return error;
    *size = remote->size;
    return MPI_SUCCESS;
}

int mock_Comm_remote_group(MPI_Comm handle, MPI_Group *group)
{
    int error;
    const struct mock_group *remote = remote_of(handle, &error);
    return remote == NULL ? error : group_publish(remote->size, remote->world_ranks, group);
}

/* ---- Names and hints ---- */

int mock_Comm_set_name(MPI_Comm handle, const char *comm_name)
{
    int error;
    struct mock_comm *comm = comm_get(handle, &error);
    if (comm == NULL)
        return error;
    chapters_copy_name(comm->name, sizeof comm->name, comm_name);
    return MPI_SUCCESS;
}

int mock_Comm_get_name(MPI_Comm handle, char *comm_name, int *resultlen)
{
    int error;
    const struct mock_comm *comm = comm_get(handle, &error);
    if (comm == NULL)
        return error;
    strcpy(comm_name, comm->name);
    *resultlen = (int)strlen(comm_name);
    return MPI_SUCCESS;
}

int mock_Comm_set_info(MPI_Comm handle, MPI_Info info)
{
    int error;
    struct mock_comm *comm = comm_get(handle, &error);
    if (comm == NULL)
        return error;
    if (info == MPI_INFO_NULL)
        return MPI_SUCCESS;
    const struct mock_info *hints = info_get(info, &error);
    if (hints == NULL)
        return error;
    if (comm->info == NULL)
        comm->info = info_new();
    if (comm->info == NULL || !info_merge(comm->info, hints))
        return mpimock_error(MPI_ERR_NO_MEM, "out of memory for the hints");
    return MPI_SUCCESS;
}

int mock_Comm_get_info(MPI_Comm handle, MPI_Info *info_used)
{
    int error;
    const struct mock_comm *comm = comm_get(handle, &error);
    if (comm == NULL)
        return error;
    struct mock_info *copy = info_new();
    if (copy != NULL && comm->info != NULL && !info_merge(copy, comm->info)) {
        info_destroy(copy);
        copy = NULL;
    }
    return info_publish(copy, info_used);
}

/* ---- Their end (§6.4.3) ---- */

int mock_Comm_free(MPI_Comm *handle)
{
    int error;
    struct mock_comm *comm = comm_get(*handle, &error);
    if (comm == NULL)
        return error;
    if (comm->predefined)
        return mpimock_error(MPI_ERR_COMM, "%s is predefined and cannot be freed", comm->name);
    error = mock_attributes_delete(comm);
    if (error != MPI_SUCCESS)
        return error;
    mock_comm_destroy(comm);
    *handle = MPI_COMM_NULL;
    return MPI_SUCCESS;
}
