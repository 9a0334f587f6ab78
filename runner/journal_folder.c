/* SPDX-License-Identifier: BSD-2-Clause */
/* journal_folder.c: where journals are that nobody named: in the user's cache folder. See journal.h.
 *
 * A name is "HASH-TIME-PID.journal", so that the order of names of one hash is the order of time.
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "journal.h"

#define SUFFIX ".journal"

/* Makes the folder and those above it, for their owner alone. */
static int make_folders(char *path)
{
    for (char *slash = path + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
        *slash = '\0';
        mkdir(path, 0700);
    }
    return mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : -errno;
}

static char *folder_of(struct problem *problem)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char *path = NULL;
    int length = -1;
    if (cache && cache[0] == '/') /* a relative one is to be ignored (XDG Base Directory Specification) */
        length = asprintf(&path, "%s/mpirun-tests", cache);
    else if (home && home[0] == '/')
        length = asprintf(&path, "%s/.cache/mpirun-tests", home);
    else
        problem_set(problem, ENOENT, "there is no cache folder (neither XDG_CACHE_HOME nor HOME is set)");
    return length < 0 ? NULL : path;
}

static bool is_journal(const char *name)
{
    size_t length = strlen(name);
    return length > sizeof SUFFIX && strcmp(name + length - (sizeof SUFFIX - 1), SUFFIX) == 0;
}

/* Oldest first: by what stands between hash and suffix. */
static int by_time(const void *a, const void *b)
{
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    const char *dash_x = strchr(x, '-'), *dash_y = strchr(y, '-');
    return strcmp(dash_x ? dash_x : x, dash_y ? dash_y : y);
}

/* Names of the journals in the folder, oldest first. */
static size_t list(int folder, char ***names)
{
    int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = copy >= 0 ? fdopendir(copy) : NULL;
    size_t count = 0, room = 0;
    *names = NULL;
    if (!directory) {
        if (copy >= 0)
            close(copy);
        return 0;
    }
    for (struct dirent *entry; (entry = readdir(directory));) {
        if (!is_journal(entry->d_name))
            continue;
        if (count == room) {
            room = room ? 2 * room : 64;
            char **grown = realloc(*names, room * sizeof *grown);
            if (!grown)
                break;
            *names = grown;
        }
        if (((*names)[count] = strdup(entry->d_name)))
            count++;
    }
    closedir(directory);
    if (count > 0)
        qsort(*names, count, sizeof **names, by_time);
    return count;
}

static void free_names(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

/* Does a run write to it now? */
static bool in_use(int folder, const char *name)
{
    int fd = openat(folder, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    bool used = fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    if (fd >= 0)
        close(fd);
    return used;
}

static void remove_older(int folder)
{
    char **names;
    size_t count = list(folder, &names);
    for (size_t i = 0; i + JOURNALS_KEPT <= count; i++)
        if (!in_use(folder, names[i]))
            unlinkat(folder, names[i], 0);
    free_names(names, count);
}

/* The folder, opened; *path is its path, which the caller frees in any case. */
static int open_folder(char **path, struct problem *problem)
{
    *path = folder_of(problem);
    if (!*path)
        return -ENOENT;
    int error = make_folders(*path);
    int folder = error ? error : open(*path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (!error && folder < 0)
        error = -errno;
    if (!error && faccessat(folder, ".", W_OK | X_OK, AT_EACCESS) != 0) {
        error = -errno;
        close(folder);
    }
    return error ? problem_set(problem, -error, "the cache folder %s cannot be written (%s)", *path, strerror(-error)) : folder;
}

char *journal_new_path(uint64_t plan_hash, struct problem *problem)
{
    char *path, *file = NULL, stamp[32];
    int folder = open_folder(&path, problem);
    if (folder >= 0) {
        struct timespec now;
        struct tm broken_down;
        remove_older(folder);
        close(folder);
        clock_gettime(CLOCK_REALTIME, &now);
        gmtime_r(&now.tv_sec, &broken_down);
        strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%S", &broken_down);
        if (asprintf(&file, "%s/%016" PRIx64 "-%s.%03ld-%ld" SUFFIX, path, plan_hash, stamp, now.tv_nsec / 1000000,
                     (long)getpid()) < 0) {
            file = NULL;
            problem_set(problem, ENOMEM, "out of memory");
        }
    }
    free(path);
    return file;
}

char *journal_last_path(uint64_t plan_hash, struct problem *problem)
{
    char *path, *file = NULL, prefix[32];
    int folder = open_folder(&path, problem);
    if (folder >= 0) {
        char **names;
        size_t count = list(folder, &names);
        snprintf(prefix, sizeof prefix, "%016" PRIx64 "-", plan_hash);
        for (size_t i = count; i-- > 0 && !file;)
            if (strncmp(names[i], prefix, strlen(prefix)) == 0 && asprintf(&file, "%s/%s", path, names[i]) < 0)
                file = NULL;
        if (!file)
            problem_set(problem, ENOENT, "--resume last: there is no journal of these tests in %s", path);
        free_names(names, count);
        close(folder);
    }
    free(path);
    return file;
}
