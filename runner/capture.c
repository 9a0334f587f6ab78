/* SPDX-License-Identifier: BSD-2-Clause */
/* capture.c: see capture.h. Relies on O_APPEND, so that both descriptors always write at the end. */
#include "capture.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD_HELD CAPTURE_KEPT_MAX       /* half of it is read … */
#define TAIL_HELD (2 * CAPTURE_KEPT_MAX) /* … and of that a fourth: enough when the file grows while it is read */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of `hole`, and of what makes the file shorter */

static int begin(struct capture *capture, int file)
{
    capture->hole = 0;
    int error;
    fflush(stdout);
    fflush(stderr);
    capture->saved[0] = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    capture->saved[1] = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    capture->file = file;
    if (capture->saved[0] < 0 || capture->saved[1] < 0 || capture->file < 0)
        goto fail;
    if (dup2(capture->file, STDOUT_FILENO) < 0 || dup2(capture->file, STDERR_FILENO) < 0)
        goto fail;
    return 0;
fail:
    error = -errno;
    capture_end(capture);
    return error;
}

int capture_file(void)
{
    int file = memfd_create("mpirun-tests output", MFD_CLOEXEC);
    if (file >= 0 && fcntl(file, F_SETFL, O_APPEND) < 0) {
        int error = errno;
        close(file);
        errno = error;
        return -1;
    }
    return file;
}

int capture_begin(struct capture *capture)
{
    return begin(capture, capture_file());
}

int capture_begin_in(struct capture *capture, int file)
{
    return begin(capture, fcntl(file, F_DUPFD_CLOEXEC, 3));
}

void capture_end(struct capture *capture)
{
    fflush(stdout);
    fflush(stderr);
    for (int i = 0; i < 2; i++) {
        if (capture->saved[i] >= 0) {
            dup2(capture->saved[i], i == 0 ? STDOUT_FILENO : STDERR_FILENO);
            close(capture->saved[i]);
        }
        capture->saved[i] = -1;
    }
    pthread_mutex_lock(&lock);
    if (capture->file >= 0)
        close(capture->file);
    capture->file = -1;
    pthread_mutex_unlock(&lock);
}

size_t capture_size(const struct capture *capture)
{
    struct stat status;
    if (capture->file < 0)
        return 0;
    fflush(stdout);
    fflush(stderr);
    return fstat(capture->file, &status) == 0 ? (size_t)status.st_size : 0;
}

static size_t read_at(int file, char *bytes, size_t size, size_t offset)
{
    size_t got = 0;
    while (got < size) {
        ssize_t more = pread(file, bytes + got, size - got, (off_t)(offset + got));
        if (more < 0 && errno == EINTR)
            continue;
        if (more <= 0)
            break;
        got += (size_t)more;
    }
    return got;
}

char *capture_text(const struct capture *capture, size_t from, size_t to, size_t *size)
{
    size_t whole = to > from && capture->file >= 0 ? to - from : 0;
    char *text = malloc((whole > CAPTURE_KEPT_MAX ? CAPTURE_KEPT_MAX + 256 : whole) + 1);
    if (!text)
        return NULL;
    if (whole <= CAPTURE_KEPT_MAX) {
        *size = whole > 0 ? read_at(capture->file, text, whole, from) : 0;
    } else {
        size_t half = CAPTURE_KEPT_MAX / 2;
        size_t at = read_at(capture->file, text, half, from);
        at += (size_t)sprintf(text + at, "\n[… %zu bytes left out …]\n", whole - 2 * half);
        at += read_at(capture->file, text + at, half, to - half);
        /* Once more at the end: reports that cut the text again keep its ends. */
        at += (size_t)sprintf(text + at, "\n[it wrote %zu bytes; those in the middle are left out]\n", whole);
        *size = at;
    }
    text[*size] = '\0';
    return text;
}

void capture_clear(struct capture *capture)
{
    pthread_mutex_lock(&lock);
    bool cleared = capture->file < 0 || ftruncate(capture->file, 0) == 0;
    capture->hole = 0;
    pthread_mutex_unlock(&lock);
    if (!cleared) {
        /* Cannot happen on a memory file that nobody sealed; if it does, the next test would show this one's output. */
        capture_end(capture);
    }
}

bool capture_bound(struct capture *capture)
{
    struct stat status;
    pthread_mutex_lock(&lock);
    size_t size = capture->file >= 0 && fstat(capture->file, &status) == 0 ? (size_t)status.st_size : 0;
    size_t from = capture->hole > 0 ? capture->hole : HEAD_HELD;
    bool more = size > from + TAIL_HELD + CAPTURE_KEPT_MAX;
    if (more) {
        size_t to = (size - TAIL_HELD) & ~((size_t)65536 - 1);
        if (fallocate(capture->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)from, (off_t)(to - from)) == 0)
            capture->hole = to;
    }
    pthread_mutex_unlock(&lock);
    return more;
}
