/* SPDX-License-Identifier: BSD-2-Clause */
/* journal_file.c: see journal_file.h. */
#include "journal_file.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "../mpimock/launch.h"
#include "hash.h"

struct head {
    uint32_t kind, size, head_check, body_check;
};
_Static_assert(sizeof(struct head) == 16, "the head of a record in the file");

struct journal_file {
    char *path;
    int fd;
    int error;
    off_t size;
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t mutex; /* of the rest */
    pthread_cond_t changed;
    bool dirty, closing, runs;
};

/* FNV-1a, but by words of 64 bits: every byte of every record goes through it. */
static uint32_t check_of(const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    uint64_t hash = HASH_START ^ size, word;
    for (; size >= sizeof word; size -= sizeof word, at += sizeof word) {
        memcpy(&word, at, sizeof word);
        hash = (hash ^ word) * UINT64_C(0x100000001b3);
        hash ^= hash >> 29; /* or a flip of a word's high bits would reach only those of the hash */
    }
    hash = hash_bytes(hash, at, size);
    return (uint32_t)(hash ^ hash >> 32);
}

/* ---- Reading ---- */

static bool all_zero(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

int journal_file_begin(const unsigned char *bytes, size_t size, size_t *at, struct problem *problem)
{
    const size_t magic = sizeof JOURNAL_MAGIC - 1;
    if (memcmp(bytes, JOURNAL_MAGIC, size < magic ? size : magic) != 0)
        return problem_set(problem, EINVAL, "it is no journal of this version of mpirun-tests");
    *at = size < magic ? 0 : magic;
    return 0;
}

int journal_file_next(const unsigned char *bytes, size_t size, size_t base, size_t *at, uint32_t *kind, struct wire_reader *body,
                      struct problem *problem)
{
    struct head head;
    if (size - *at < sizeof head)
        return 0;
    memcpy(&head, bytes + *at, sizeof head);
    if (head.head_check != check_of(&head, offsetof(struct head, head_check)) || head.size > JOURNAL_RECORD_MAX) {
        if (all_zero(bytes + *at, size - *at))
            return 0;
        return problem_set(problem, EINVAL, "it is damaged at byte %zu: no record begins there", base + *at);
    }
    if (size - *at - sizeof head < head.size)
        return 0;
    const unsigned char *start = bytes + *at + sizeof head;
    if (head.body_check != check_of(start, head.size)) {
        /* The last one may lack parts that never came to the disk. */
        size_t next = *at + sizeof head + head.size;
        if (all_zero(bytes + next, size - next))
            return 0;
        return problem_set(problem, EINVAL, "it is damaged at byte %zu: the record there does not match its checksum",
                           base + *at);
    }
    *kind = head.kind;
    *body = (struct wire_reader){.bytes = start, .size = head.size};
    *at += sizeof head + head.size;
    return 1;
}

/* ---- Writing ---- */

/* Brings to the disk what was written, at most ten times a second. */
static void *sync_now_and_then(void *argument)
{
    struct journal_file *file = argument;
    mpimock_thread_is_helper(true);
    pthread_mutex_lock(&file->mutex);
    file->runs = true;
    pthread_cond_signal(&file->changed);
    while (!file->closing) {
        while (!file->dirty && !file->closing)
            pthread_cond_wait(&file->changed, &file->mutex);
        file->dirty = false;
        pthread_mutex_unlock(&file->mutex);
        fdatasync(file->fd);
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += (long)(JOURNAL_SYNC_SECONDS * 1e9);
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_mutex_lock(&file->mutex);
        while (!file->closing && pthread_cond_timedwait(&file->changed, &file->mutex, &until) == 0)
            ; /* more was written: it waits for its turn */
    }
    pthread_mutex_unlock(&file->mutex);
    mpimock_thread_is_helper(false);
    return NULL;
}

/* Signals are for the thread that runs tests. Without the thread the file is as good, but for the death of a node. */
static void start_thread(struct journal_file *file)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    file->has_thread = pthread_create(&file->thread, NULL, sync_now_and_then, file) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_mutex_lock(&file->mutex);
    while (file->has_thread && !file->runs) /* the mock must not take it for a thread of a test's */
        pthread_cond_wait(&file->changed, &file->mutex);
    pthread_mutex_unlock(&file->mutex);
}

static int open_file(struct journal_file **opened, const char *path, int flags, struct problem *problem)
{
    struct journal_file *file = calloc(1, sizeof *file);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (!file)
        return problem_set(problem, ENOMEM, "out of memory for the journal %s", path);
    pthread_mutex_init(&file->mutex, NULL);
    pthread_cond_init(&file->changed, NULL);
    file->fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC | O_NOCTTY | flags, 0600);
    int error = file->fd < 0 ? errno : 0;
    struct stat status;
    if (!error && fstat(file->fd, &status) == 0 && !S_ISREG(status.st_mode))
        error = EINVAL;
    if (!error && fcntl(file->fd, F_SETLK, &lock) != 0 && (errno == EAGAIN || errno == EACCES))
        error = EBUSY; /* a file system without locks has none: it goes without */
    if (!error && !(file->path = realpath(path, NULL)))
        error = errno;
    if (error) {
        journal_file_close(file);
        if (error == EBUSY)
            return problem_set(problem, EBUSY, "the journal %s is being written by another run: wait for its end, or name another file",
                               path);
        return problem_set(problem, error, "cannot open the journal %s: %s", path,
                           error == EINVAL ? "it is no regular file" : strerror(error));
    }
    *opened = file;
    return 0;
}

int journal_file_create(struct journal_file **created, const char *path, struct problem *problem)
{
    struct journal_file *file;
    char magic[sizeof JOURNAL_MAGIC - 1];
    int error = open_file(&file, path, O_CREAT, problem);
    if (error)
        return error;
    ssize_t got = pread(file->fd, magic, sizeof magic, 0);
    if (got > 0 && memcmp(magic, JOURNAL_MAGIC, (size_t)got) != 0) {
        journal_file_close(file);
        return problem_set(problem, EEXIST, "--journal %s: there is a file of that name that is no journal: it is left alone", path);
    }
    if (got < 0 || ftruncate(file->fd, 0) != 0 || write(file->fd, JOURNAL_MAGIC, sizeof magic) != (ssize_t)sizeof magic) {
        error = errno;
        journal_file_close(file);
        return problem_set(problem, error, "cannot write the journal %s: %s", path, strerror(error));
    }
    file->size = sizeof magic;
    start_thread(file);
    *created = file;
    return 0;
}

int journal_file_continue(struct journal_file **opened, const char *path, uint64_t size, struct problem *problem)
{
    struct journal_file *file;
    int error = open_file(&file, path, 0, problem);
    if (error)
        return error;
    if (ftruncate(file->fd, (off_t)size) != 0) {
        error = errno;
        journal_file_close(file);
        return problem_set(problem, error, "cannot write the journal %s: %s", path, strerror(error));
    }
    file->size = (off_t)size;
    start_thread(file);
    *opened = file;
    return 0;
}

int journal_file_add(struct journal_file *file, uint32_t kind, const struct wire_writer *body)
{
    if (file->error)
        return file->error;
    if (body->failed || body->size > JOURNAL_RECORD_MAX)
        return file->error = body->failed ? -ENOMEM : -EFBIG;
    struct head head = {.kind = kind, .size = (uint32_t)body->size};
    head.head_check = check_of(&head, offsetof(struct head, head_check));
    head.body_check = check_of(body->bytes, body->size);
    const struct iovec parts[] = {{&head, sizeof head}, {body->bytes, body->size}};
    ssize_t whole = (ssize_t)(sizeof head + body->size), written;
    do
        written = writev(file->fd, parts, 2);
    while (written < 0 && errno == EINTR);
    if (written != whole) {
        file->error = written < 0 ? -errno : -ENOSPC;
        if (ftruncate(file->fd, file->size) != 0)
            file->error = -errno; /* a reader drops what is there of the record */
        return file->error;
    }
    file->size += whole;
    pthread_mutex_lock(&file->mutex);
    bool wake = !file->dirty;
    file->dirty = true;
    if (wake)
        pthread_cond_signal(&file->changed);
    pthread_mutex_unlock(&file->mutex);
    return 0;
}

void journal_file_touch(struct journal_file *file)
{
    futimens(file->fd, NULL);
}

const char *journal_file_path(const struct journal_file *file)
{
    return file->path;
}

int journal_file_close(struct journal_file *file)
{
    if (!file)
        return 0;
    if (file->has_thread) {
        pthread_mutex_lock(&file->mutex);
        file->closing = true;
        pthread_cond_signal(&file->changed);
        pthread_mutex_unlock(&file->mutex);
        pthread_join(file->thread, NULL);
        fdatasync(file->fd);
    }
    int error = file->error;
    if (file->fd >= 0)
        close(file->fd);
    pthread_mutex_destroy(&file->mutex);
    pthread_cond_destroy(&file->changed);
    free(file->path);
    free(file);
    return error;
}
