/* SPDX-License-Identifier: BSD-2-Clause */
/* capture.c: see capture.h. Relies on O_APPEND, so that both descriptors always write at the end. */
#include "capture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int begin(struct capture *capture, int file)
{
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
    if (capture->file >= 0)
        close(capture->file);
    capture->file = -1;
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
    char *text = malloc((whole > CAPTURE_KEPT_MAX ? CAPTURE_KEPT_MAX + 128 : whole) + 1);
    if (!text)
        return NULL;
    if (whole <= CAPTURE_KEPT_MAX) {
        *size = whole > 0 ? read_at(capture->file, text, whole, from) : 0;
    } else {
        size_t half = CAPTURE_KEPT_MAX / 2;
        size_t at = read_at(capture->file, text, half, from);
        at += (size_t)sprintf(text + at, "\n[… %zu bytes left out …]\n", whole - 2 * half);
        at += read_at(capture->file, text + at, half, to - half);
        *size = at;
    }
    text[*size] = '\0';
    return text;
}

void capture_clear(struct capture *capture)
{
    if (capture->file >= 0 && ftruncate(capture->file, 0) != 0) {
        /* Cannot happen on a memory file that nobody sealed; if it does, the next test would show this one's output. */
        capture_end(capture);
    }
}
