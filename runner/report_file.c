/* SPDX-License-Identifier: BSD-2-Clause */
/* report_file.c: files that are whole at any moment; see report_file.h.
 *
 * Relies on O_APPEND and rename(2). Promises that no error is lost: the first of a report of lines, the last that
 * stands of a whole one.
 */
#include "report_file.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODE        0666 /* the umask takes from it */
#define BUFFER_SIZE 65536
#define NAMES_TRIED 100

struct report_file {
    enum report_file_kind kind;
    bool stream;
    char *path;   /* as the user gave it, for sentences */
    int error;    /* negative errno value that stands, or 0 */
    int fd;       /* lines and streams: the file; whole: the one beside, while it is written; or -1 */
    off_t size;   /* of lines that are in a regular file */
    int folder;   /* whole: where both files are, or -1 */
    char *name;   /* whole: of the file in its folder */
    char *beside; /* whole: of the one that is written */
    char *buffer; /* whole: [BUFFER_SIZE] */
    size_t buffered;
};

/* Writes everything, however the descriptor behaves: standard output may be a pipe that does not block. */
static int write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);

        if (written >= 0) {
            bytes += written;
            size -= (size_t)written;
        } else if (errno == EAGAIN) {
            struct pollfd descriptor = {.fd = fd, .events = POLLOUT};

            poll(&descriptor, 1, -1);
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

static int report_file_problem(const char *path, const char *doing, int error, struct problem *problem)
{
    if (strcmp(path, "-") == 0)
        return problem_set(problem, -error, "cannot %s standard output: %s", doing, strerror(-error));
    return problem_set(problem, -error, "cannot %s the report %s: %s", doing, path, strerror(-error));
}

/* Finds folder and name of a whole report; the target of a symbolic link is replaced, not the link. */
static int locate(struct report_file *file)
{
    char *real = realpath(file->path, NULL);
    const char *path = real ? real : file->path, *slash = strrchr(path, '/');
    char *folder = slash == path ? strdup("/") : slash ? strndup(path, (size_t)(slash - path)) : strdup(".");
    int error = 0;

    file->name = strdup(slash ? slash + 1 : path);
    file->buffer = malloc(BUFFER_SIZE);
    file->beside = file->name ? malloc(strlen(file->name) + 32) : NULL;
    if (!folder || !file->beside || !file->buffer)
        error = -ENOMEM;
    else if (file->name[0] == '\0')
        error = -EISDIR;
    else if ((file->folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
        error = -errno;
    free(folder);
    free(real);
    return error;
}

static bool is_below(const char *path, const char *folder)
{
    return strncmp(path, folder, strlen(folder)) == 0;
}

/* Opens what is no regular file, or is standard output, or a file for lines. */
static int report_file_open_as_it_is(struct report_file *file)
{
    int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (file->stream ? 0 : O_TRUNC);

    file->fd = strcmp(file->path, "-") == 0 ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3) : open(file->path, flags, MODE);
    return file->fd < 0 ? -errno : 0;
}

int report_file_open(struct report_file **opened, const char *path, enum report_file_kind kind, struct problem *problem)
{
    struct report_file *file = calloc(1, sizeof *file);
    struct stat status;
    bool there = stat(path, &status) == 0;
    int error;

    if (!file || !(file->path = strdup(path))) {
        free(file);
        return report_file_problem(path, "open", -ENOMEM, problem);
    }
    file->kind = kind;
    file->fd = file->folder = -1;
    /* /dev/stdout may lead to a regular file that others write to as well: it is not to be renamed over. */
    file->stream = strcmp(path, "-") == 0 || is_below(path, "/dev/") || is_below(path, "/proc/") ||
                   (there && !S_ISREG(status.st_mode));
    if (path[0] == '\0')
        error = -EINVAL;
    else if (there && S_ISDIR(status.st_mode) && strcmp(path, "-") != 0)
        error = -EISDIR;
    else if (kind == REPORT_FILE_LINES || file->stream)
        error = report_file_open_as_it_is(file);
    else
        error = locate(file);
    if (error) {
        struct problem unused;

        error = report_file_problem(path[0] ? path : "\"\"", "open", error, problem);
        report_file_close(file, &unused);
        return error;
    }
    *opened = file;
    return 0;
}

bool report_file_is_stream(const struct report_file *file)
{
    return file->stream;
}

int report_file_append(struct report_file *file, const char *bytes, size_t size)
{
    if (file->error)
        return file->error;
    file->error = write_all(file->fd, bytes, size);
    if (!file->error)
        file->size += (off_t)size;
    else if (!file->stream && ftruncate(file->fd, file->size) != 0)
        file->error = -errno;
    return file->error;
}

/* Creates the file beside, under a name that nobody else uses and nobody can guess. */
static int report_file_create_beside(struct report_file *file)
{
    int tries;

    for (tries = 0; tries < NAMES_TRIED; tries++) {
        uint64_t random;

        if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
            return -EAGAIN;
        /* A long name is cut, so that with the random part it is still a name (NAME_MAX). */
        sprintf(file->beside, ".%.*s.%016llx", NAME_MAX - 20, file->name, (unsigned long long)random);
        file->fd = openat(file->folder, file->beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE);
        if (file->fd >= 0)
            return 0;
        if (errno != EEXIST)
            return -errno;
    }
    return -EEXIST;
}

int report_file_begin(struct report_file *file)
{
    file->buffered = 0;
    file->error = file->stream ? 0 : report_file_create_beside(file);
    return file->error;
}

static int report_file_flush(struct report_file *file)
{
    if (!file->error)
        file->error = write_all(file->fd, file->buffer, file->buffered);
    file->buffered = 0;
    return file->error;
}

int report_file_write(struct report_file *file, const char *bytes, size_t size)
{
    if (file->stream || size > BUFFER_SIZE) {
        if (report_file_flush(file) == 0)
            file->error = write_all(file->fd, bytes, size);
        return file->error;
    }
    if (file->buffered + size > BUFFER_SIZE)
        report_file_flush(file);
    memcpy(file->buffer + file->buffered, bytes, size);
    file->buffered += size;
    return file->error;
}

int report_file_commit(struct report_file *file, bool ok)
{
    if (report_file_flush(file) == 0 && !ok)
        file->error = -EIO;
    if (file->stream)
        return file->error;
    if (file->fd >= 0 && close(file->fd) != 0 && !file->error)
        file->error = -errno;
    if (file->fd >= 0) {
        if (!file->error && renameat(file->folder, file->beside, file->folder, file->name) != 0)
            file->error = -errno;
        if (file->error)
            unlinkat(file->folder, file->beside, 0);
    }
    file->fd = -1;
    return file->error;
}

int report_file_close(struct report_file *file, struct problem *problem)
{
    int error;

    if (!file)
        return 0;
    if (file->fd >= 0 && close(file->fd) != 0 && !file->error)
        file->error = -errno;
    if (file->folder >= 0)
        close(file->folder);
    error = file->error ? report_file_problem(file->path, "write to", file->error, problem) : 0;
    free(file->path);
    free(file->name);
    free(file->beside);
    free(file->buffer);
    free(file);
    return error;
}
