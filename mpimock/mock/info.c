/* SPDX-License-Identifier: BSD-2-Clause */
/* info.c: info objects (MPI-3.1 chapter 9): strings under keys, in order. MPI_INFO_ENV says how the job was started
 * (§10.5.3).
 *
 * Nothing here communicates, and no key means anything here.
 */
#include "info.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

struct info_pair {
    char *key, *value;
};

/* ---- Objects ---- */

struct mock_info *info_new(void)
{
    struct mock_info *info = calloc(1, sizeof *info);
    if (info != NULL)
        info->handle = MPI_INFO_NULL;
    return info;
}

void info_destroy(struct mock_info *info)
{
    if (info == NULL)
        return;
    for (size_t i = 0; i < info->count; i++) {
        free(info->pairs[i].key);
        free(info->pairs[i].value);
    }
    free(info->pairs);
    free(info);
}

static struct info_pair *find(const struct mock_info *info, const char *key)
{
    for (size_t i = 0; i < info->count; i++)
        if (strcmp(info->pairs[i].key, key) == 0)
            return &info->pairs[i];
    return NULL;
}

/* False: out of memory. */
static bool set(struct mock_info *info, const char *key, const char *value)
{
    char *copy = strdup(value);
    if (copy == NULL)
        return false;
    struct info_pair *pair = find(info, key);
    if (pair != NULL) {
        free(pair->value);
        pair->value = copy;
        return true;
    }
    if (info->count == info->capacity) {
        size_t capacity = info->capacity == 0 ? 4 : 2 * info->capacity;
        struct info_pair *pairs = reallocarray(info->pairs, capacity, sizeof *pairs);
        if (pairs == NULL) {
            free(copy);
            return false;
        }
        info->pairs = pairs;
        info->capacity = capacity;
    }
    char *name = strdup(key);
    if (name == NULL) {
        free(copy);
        return false;
    }
    info->pairs[info->count++] = (struct info_pair){name, copy};
    return true;
}

bool info_merge(struct mock_info *to, const struct mock_info *from)
{
    bool whole = true;
    for (size_t i = 0; i < from->count && whole; i++)
        whole = set(to, from->pairs[i].key, from->pairs[i].value);
    return whole;
}

struct mock_info *info_get(MPI_Info handle, int *error)
{
    struct mock_info *info = handle_object(HANDLE_INFO, HANDLE_KEY(handle));
    if (info == NULL)
        *error = handle == MPI_INFO_NULL ? mpimock_error(MPI_ERR_INFO, "the info object is MPI_INFO_NULL")
                                         : mpimock_error(MPI_ERR_INFO, "not an info object, or one that was freed");
    return info;
}

static int no_memory(void)
{
    return mpimock_error(MPI_ERR_NO_MEM, "out of memory for an info object");
}

int info_publish(struct mock_info *info, MPI_Info *handle)
{
    uintptr_t key = info != NULL ? chapters_made(HANDLE_INFO, info, &info->link) : 0;
    if (key == 0) {
        info_destroy(info);
        return no_memory();
    }
    info->handle = (MPI_Info)key;
    *handle = info->handle;
    return MPI_SUCCESS;
}

/* ---- MPI_INFO_ENV ---- */

static bool set_environment(struct mock_info *info)
{
    char text[4096];
    bool whole = true;
    FILE *file = fopen("/proc/self/comm", "r");
    if (file != NULL) {
        if (fgets(text, sizeof text, file) != NULL) {
            text[strcspn(text, "\n")] = '\0';
            whole = set(info, "command", text);
        }
        fclose(file);
    }
    snprintf(text, sizeof text, "%d", mock.size);
    whole = whole && set(info, "maxprocs", text);
    const char *node = mock_node_name(mock_node_of(mock.rank));
    if (node != NULL)
        whole = whole && set(info, "host", node);
    struct utsname system;
    if (uname(&system) == 0)
        whole = whole && set(info, "arch", system.machine);
    if (getcwd(text, sizeof text) != NULL)
        whole = whole && set(info, "wdir", text);
    return whole;
}

int info_chapter_init(void)
{
    struct mock_info *info = info_new();
    if (info == NULL)
        return -ENOMEM;
    if (!set_environment(info)) {
        info_destroy(info);
        return -ENOMEM;
    }
    info->handle = MPI_INFO_ENV;
    info->predefined = true;
    chapters_bound(HANDLE_INFO, HANDLE_KEY(info->handle), info, &info->link);
    return 0;
}

void info_chapter_finish(void)
{
    struct mock_link *link;
    while ((link = chapters_first(HANDLE_INFO)) != NULL) {
        struct mock_info *info = LINK_OWNER(link, struct mock_info, link);
        chapters_ended(HANDLE_INFO, HANDLE_KEY(info->handle), link);
        info_destroy(info);
    }
}

/* ---- Functions ---- */

int mock_Info_create(MPI_Info *info)
{
    return info_publish(info_new(), info);
}

int mock_Info_dup(MPI_Info handle, MPI_Info *newinfo)
{
    int error;
    const struct mock_info *info = info_get(handle, &error);
    if (info == NULL)
        return error;
    struct mock_info *copy = info_new();
    if (copy != NULL && !info_merge(copy, info)) {
        info_destroy(copy);
        copy = NULL;
    }
    return info_publish(copy, newinfo);
}

int mock_Info_free(MPI_Info *handle)
{
    int error;
    struct mock_info *info = info_get(*handle, &error);
    if (info == NULL)
        return error;
    if (info->predefined)
        return mpimock_error(MPI_ERR_INFO, "MPI_INFO_ENV cannot be freed");
    chapters_ended(HANDLE_INFO, HANDLE_KEY(info->handle), &info->link);
    info_destroy(info);
    *handle = MPI_INFO_NULL;
    return MPI_SUCCESS;
}

static int check_key(const char *key)
{
    if (key == NULL || key[0] == '\0')
        return mpimock_error(MPI_ERR_INFO_KEY, "the key is empty");
    if (strlen(key) >= MPI_MAX_INFO_KEY)
        return mpimock_error(MPI_ERR_INFO_KEY, "a key of %zu characters; %d are allowed", strlen(key),
                             MPI_MAX_INFO_KEY - 1);
    return MPI_SUCCESS;
}

int mock_Info_set(MPI_Info handle, const char *key, const char *value)
{
    int error;
    struct mock_info *info = info_get(handle, &error);
    if (info == NULL)
        return error;
    error = check_key(key);
    if (error != MPI_SUCCESS)
        return error;
    if (info->predefined)
        return mpimock_error(MPI_ERR_INFO, "MPI_INFO_ENV cannot be changed");
    if (value == NULL || value[0] == '\0')
        return mpimock_error(MPI_ERR_INFO_VALUE, "the value of \"%s\" is empty", key);
    if (strlen(value) >= MPI_MAX_INFO_VAL)
        return mpimock_error(MPI_ERR_INFO_VALUE, "a value of %zu characters; %d are allowed", strlen(value),
                             MPI_MAX_INFO_VAL - 1);
    return set(info, key, value) ? MPI_SUCCESS : no_memory();
}

int mock_Info_delete(MPI_Info handle, const char *key)
{
    int error;
    struct mock_info *info = info_get(handle, &error);
    if (info == NULL)
        return error;
    error = check_key(key);
    if (error != MPI_SUCCESS)
        return error;
    struct info_pair *pair = info->predefined ? NULL : find(info, key);
    if (pair == NULL)
        return mpimock_error(MPI_ERR_INFO_NOKEY, "there is no key \"%s\" to be deleted", key);
    free(pair->key);
    free(pair->value);
    size_t after = info->count - 1 - (size_t)(pair - info->pairs);
    memmove(pair, pair + 1, after * sizeof *pair);
    info->count--;
    return MPI_SUCCESS;
}

/* The value of a key, or NULL: none. */
static int get(MPI_Info handle, const char *key, const char **value)
{
    int error;
    const struct mock_info *info = info_get(handle, &error);
    if (info == NULL)
        return error;
    error = check_key(key);
    if (error != MPI_SUCCESS)
        return error;
    const struct info_pair *pair = find(info, key);
    *value = pair != NULL ? pair->value : NULL;
    return MPI_SUCCESS;
}

int mock_Info_get(MPI_Info info, const char *key, int valuelen, char *value, int *flag)
{
    const char *found;
    int error = get(info, key, &found);
    if (error != MPI_SUCCESS)
        return error;
    if (valuelen < 0)
        return mpimock_error(MPI_ERR_ARG, "room for %d characters", valuelen);
    *flag = found != NULL;
    if (found != NULL) /* `valuelen` does not count the terminating zero (§9) */
        chapters_copy_name(value, (size_t)valuelen + 1, found);
    return MPI_SUCCESS;
}

int mock_Info_get_valuelen(MPI_Info info, const char *key, int *valuelen, int *flag)
{
    const char *found;
    int error = get(info, key, &found);
    if (error != MPI_SUCCESS)
        return error;
    *flag = found != NULL;
    if (found != NULL)
        *valuelen = (int)strlen(found);
    return MPI_SUCCESS;
}

int mock_Info_get_nkeys(MPI_Info handle, int *nkeys)
{
    int error;
    const struct mock_info *info = info_get(handle, &error);
    if (info == NULL)
        return error;
    *nkeys = (int)info->count;
    return MPI_SUCCESS;
}

int mock_Info_get_nthkey(MPI_Info handle, int n, char *key)
{
    int error;
    const struct mock_info *info = info_get(handle, &error);
    if (info == NULL)
        return error;
    if (n < 0 || (size_t)n >= info->count)
        return mpimock_error(MPI_ERR_ARG, "key %d of %zu", n, info->count);
    strcpy(key, info->pairs[n].key);
    return MPI_SUCCESS;
}
