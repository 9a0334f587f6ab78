/* SPDX-License-Identifier: BSD-2-Clause */
/* leftovers_files.c: descriptors 0 to 2 and the streams above them, which are put back; other descriptors, which are told of.
 *
 * Whether a stream is as it was, and its buffer ours, is read from glibc's FILE; where there is another libc only its
 * descriptor is looked at. */
#include "leftovers_private.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "../mpimock/door.h"

#define FREE_LOOKED 12 /* of the lowest free descriptors, by the thrifty look */

static char buffer[BUFSIZ]; /* of stdout */

/* ---- 0 to 2 ---- */

static bool is_as_saved(const struct files_baseline *baseline, int number, bool thorough)
{
    struct stat now;
    if (!thorough) /* a fourth of the time, and redirections mostly differ in that */
        return fcntl(number, F_GETFL) == baseline->flags[number];
    return fstat(number, &now) == 0 && now.st_dev == baseline->devices[number] && now.st_ino == baseline->inodes[number];
}

/* True: it had to be put back. */
static bool put_back(const struct files_baseline *baseline, int number, struct look *look)
{
    static const char *const names[] = {"standard input", "standard output", "standard error"};
    if (baseline->saved[number] < 0 || is_as_saved(baseline, number, look->thorough))
        return false;
    bool closed = fcntl(number, F_GETFD) < 0;
    if (dup2(baseline->saved[number], number) < 0)
        look_tell(look, "%s was %s, and cannot be put back: %s", names[number], closed ? "closed" : "redirected",
                  strerror(errno));
    else
        (number == 0 ? look_tell_rare : look_tell)(look, "%s was %s", names[number], closed ? "closed" : "redirected");
    return true;
}

/* ---- The streams ---- */

static bool is_sound(FILE *stream, int number)
{
    return fileno(stream) == number && __fwritable(stream) && fwide(stream, 0) <= 0;
}

static bool has_own_buffer(FILE *stream)
{
#ifdef __GLIBC__
    return stream == stdout ? stream->_IO_buf_base == buffer && __fbufsize(stream) == sizeof buffer && __flbf(stream)
                            : __fbufsize(stream) <= 1 && (!stream->_IO_buf_base || stream->_IO_buf_base == stream->_shortbuf);
#else
    (void)stream;
    return true;
#endif
}

static void give_buffer(FILE *stream)
{
    setvbuf(stream, stream == stdout ? buffer : NULL, stream == stdout ? _IOLBF : _IONBF, stream == stdout ? sizeof buffer : 0);
}

/* Opens the stream anew on what the descriptor was, since a closed or a wide one is of no use. */
static void open_anew(const struct files_baseline *baseline, FILE *stream, int number)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", baseline->saved[number]);
    if (fileno(stream) != number)
        close(number); /* the lowest free number is what the stream gets */
    if (!freopen(path, "a", stream))
        return;
    if (fileno(stream) != number && dup2(baseline->saved[number], number) >= 0) {
#ifdef __GLIBC__
        int other = fileno(stream);
        stream->_fileno = number;
        close(other);
#endif
    }
    dup2(baseline->saved[number], number); /* the very same open file as before, not one of the same name */
}

static void check_stream(const struct files_baseline *baseline, FILE *stream, int number, bool moved, struct look *look)
{
    const char *name = number == 1 ? "stdout" : "stderr";
    bool sound = is_sound(stream, number), closed = fileno(stream) < 0;
    if (sound && has_own_buffer(stream))
        return;
    if (sound) {
        look_tell(look, "the buffering of %s was changed", name);
    } else {
        if (!moved || closed)
            look_tell(look, "the stream %s was %s", name,
                      closed                    ? "closed"
                      : fwide(stream, 0) > 0 ? "used with wide characters, after which others are lost"
                                                : "opened anew");
        open_anew(baseline, stream, number);
    }
    give_buffer(stream);
}

/* ---- Other descriptors ---- */

/* The runner's own, and what a real MPI opens when it likes. */
static bool is_excepted(const char *target)
{
    static const char *const ours[] = {"anon_inode:[pidfd]"}, *const of_mpi[] = {"socket:", "anon_inode:", "/dev/shm/", "/memfd:", "/dev/infiniband"};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (strncmp(target, ours[i], strlen(ours[i])) == 0)
            return true;
    for (size_t i = 0; i < sizeof of_mpi / sizeof of_mpi[0] && mpimock_backend() != &mpimock_backend_mock; i++)
        if (strncmp(target, of_mpi[i], strlen(of_mpi[i])) == 0)
            return true;
    return false;
}

static void list_open(bool open[DESCRIPTORS_LOOKED])
{
    struct pollfd polled[DESCRIPTORS_LOOKED];
    for (int i = 0; i < DESCRIPTORS_LOOKED; i++)
        polled[i] = (struct pollfd){.fd = i};
    bool known = poll(polled, DESCRIPTORS_LOOKED, 0) >= 0;
    for (int i = 0; i < DESCRIPTORS_LOOKED; i++)
        open[i] = known ? !(polled[i].revents & POLLNVAL) : fcntl(i, F_GETFD) >= 0; /* fewer may be allowed than polled */
}

static void tell_descriptor(int number, struct look *look)
{
    char path[64], target[256];
    snprintf(path, sizeof path, "/proc/self/fd/%d", number);
    ssize_t length = readlink(path, target, sizeof target - 1);
    target[length > 0 ? length : 0] = '\0';
    if (!is_excepted(target))
        look_tell(look, "descriptor %d was left open: %s", number, target);
}

static void check_others(struct files_baseline *baseline, struct look *look)
{
    bool now[DESCRIPTORS_LOOKED];
    size_t told = 0, left_out = 0;
    list_open(now);
    for (int i = 3; i < DESCRIPTORS_LOOKED; i++) {
        if (now[i] && !baseline->open[i] && told++ < LINES_OF_A_KIND)
            tell_descriptor(i, look);
        else if (now[i] && !baseline->open[i])
            left_out++;
        else if (!now[i] && baseline->open[i])
            look_tell(look, "descriptor %d, which it did not open, was closed", i);
        baseline->told[i] = now[i] && (baseline->told[i] || !baseline->open[i]);
        baseline->open[i] = now[i];
    }
    if (left_out > 0)
        look_tell(look, "and %zu other descriptors", left_out);
}

/* Is one of the lowest free ones not free any more? */
static bool some_opened(const struct files_baseline *baseline)
{
    struct pollfd polled[FREE_LOOKED];
    nfds_t count = 0;
    for (int i = 3; i < DESCRIPTORS_LOOKED && count < FREE_LOOKED; i++)
        if (!baseline->open[i])
            polled[count++] = (struct pollfd){.fd = i};
    poll(polled, count, 0);
    for (nfds_t i = 0; i < count; i++)
        if (!(polled[i].revents & POLLNVAL))
            return true;
    return false;
}

/* ---- All of it ---- */

void files_read(struct files_baseline *baseline)
{
    memset(baseline->told, 0, sizeof baseline->told);
    for (int i = 0; i < 3; i++) {
        struct stat status;
        baseline->saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 3);
        baseline->flags[i] = fcntl(i, F_GETFL);
        if (baseline->saved[i] >= 0 && fstat(i, &status) == 0) {
            baseline->devices[i] = status.st_dev;
            baseline->inodes[i] = status.st_ino;
        }
    }
    give_buffer(stdout);
}

void files_list(struct files_baseline *baseline)
{
    list_open(baseline->open);
}

void files_merge(struct files_baseline *baseline, const struct files_baseline *inner)
{
    for (int i = 0; i < DESCRIPTORS_LOOKED; i++)
        baseline->open[i] = baseline->open[i] || inner->told[i];
}

void files_finish(struct files_baseline *baseline)
{
    for (int i = 0; i < 3; i++) {
        if (baseline->saved[i] >= 0)
            close(baseline->saved[i]);
        baseline->saved[i] = -1;
    }
}

void files_check(struct files_baseline *baseline, struct look *look)
{
    bool moved[3] = {false};
    /* What is in the streams' buffers belongs where they lead now. */
    if (__fpending(stdout) > 0)
        fflush(stdout);
    for (int i = 0; i < 3; i++)
        moved[i] = put_back(baseline, i, look);
    check_stream(baseline, stdout, 1, moved[1], look);
    check_stream(baseline, stderr, 2, moved[2], look);
    if (look->thorough || some_opened(baseline))
        check_others(baseline, look);
}
