/* SPDX-License-Identifier: BSD-2-Clause */
/* file_io.c: reading and writing (MPI-3.1 §13.4), individually and collectively.
 *
 * Data goes straight between the caller's memory and the file where memory is contiguous, else through a buffer of
 * bounded size; each run of the view is one pread or pwrite. The end of the file is a short count in the status, no
 * error. The collective forms agree that all are in the same call (so that one who is missing is a deadlock with a
 * name) and then work on their own. In atomic mode the range in question is locked against the other ranks.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* F_OFD_SETLKW */
#endif
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agree.h"
#include "file.h"

#define STAGE_BYTES ((size_t)1 << 20)

enum access_kind {
    ACCESS_WRITE = 1,
    ACCESS_COLLECTIVE = 2,
    ACCESS_AT = 4, /* at an explicit offset, else at the individual file pointer */
};

/* One call's data. */
struct access {
    bool write;
    void *buffer; /* only read from where `write` */
    size_t count;
    const struct mock_type *type;
    size_t bytes;
};

static int access_check(const struct mock_file *file, int count, MPI_Datatype datatype, struct access *access)
{
    if (access->write && (file->amode & MPI_MODE_RDONLY) != 0)
        return mpimock_error(MPI_ERR_READ_ONLY, "%s was opened with MPI_MODE_RDONLY", file->path);
    if (!access->write && (file->amode & MPI_MODE_WRONLY) != 0)
        return mpimock_error(MPI_ERR_ACCESS, "%s was opened with MPI_MODE_WRONLY", file->path);
    if (count < 0)
        return mpimock_error(MPI_ERR_COUNT, "count is %d; it must be 0 or more", count);
    access->count = (size_t)count;

    mock_lock();
    access->type = mock_type(datatype);
    mock_unlock();
    if (access->type == NULL)
        return mpimock_error(MPI_ERR_TYPE, "not a datatype");
    if (!access->type->committed && !access->type->predefined)
        return mpimock_error(MPI_ERR_TYPE, "the datatype is not committed: call MPI_Type_commit first");
    if (__builtin_mul_overflow(access->count, access->type->size, &access->bytes) || access->bytes > INT64_MAX)
        return mpimock_error(MPI_ERR_COUNT, "count %d of %zu bytes each is too much", count, access->type->size);
    /* Types made of absolute addresses go with MPI_BOTTOM, which is a null pointer. */
    if (access->buffer == NULL && access->bytes > 0 && access->type->predefined)
        return mpimock_error(MPI_ERR_BUFFER, "buf is a null pointer");
    return MPI_SUCCESS;
}

/* ---- Runs of the file ---- */

struct cursor {
    const struct mock_file *file;
    bool write;
    unsigned char *memory; /* of the run's first byte that is still to do */
    size_t done;
    int error; /* errno */
};

/* Returns 1 to end the visit: the end of the file, or an error. */
static int move_run(void *argument, MPI_Offset position, size_t length)
{
    struct cursor *cursor = argument;
    while (length > 0) {
        ssize_t moved = cursor->write ? pwrite(cursor->file->fd, cursor->memory, length, position)
                                      : pread(cursor->file->fd, cursor->memory, length, position);
        if (moved < 0 && errno == EINTR)
            continue;
        if (moved <= 0) {
            cursor->error = moved < 0 ? errno : cursor->write ? ENOSPC : 0;
            return 1;
        }
        cursor->memory += moved;
        cursor->done += (size_t)moved;
        position += moved;
        length -= (size_t)moved;
    }
    return 0;
}

/* Moves the whole access, from `place` of the view's data on; *done says how far it came, also after an error. */
static int move_contiguous(const struct mock_file *file, const struct access *access, MPI_Offset place, size_t *done)
{
    struct cursor cursor = {.file = file, .write = access->write, .memory = access->buffer};
    mock_file_view_visit(&file->view, place, access->bytes, move_run, &cursor);
    *done = cursor.done;
    return cursor.error;
}

static int move_staged(const struct mock_file *file, const struct access *access, MPI_Offset place, size_t *done)
{
    size_t size = access->bytes < STAGE_BYTES ? access->bytes : STAGE_BYTES;
    unsigned char *stage = malloc(size);
    if (stage == NULL)
        return ENOMEM;

    int error = 0;
    size_t moved = 0, wanted = 0;
    while (error == 0 && moved == wanted && moved < access->bytes) {
        size_t part = access->bytes - moved < size ? access->bytes - moved : size;
        if (access->write)
            mock_pack(access->buffer, access->count, access->type, moved, stage, part);
        struct cursor cursor = {.file = file, .write = access->write, .memory = stage};
        mock_file_view_visit(&file->view, place + (MPI_Offset)moved, part, move_run, &cursor);
        if (!access->write)
            mock_unpack(access->buffer, access->count, access->type, moved, stage, cursor.done);
        wanted = moved + part;
        moved += cursor.done;
        error = cursor.error;
    }
    free(stage);
    *done = moved;
    return error;
}

/* ---- Atomic mode (MPI-3.1 §13.6.1) ---- */

struct span {
    MPI_Offset begin, end; /* end: 0 before the first run */
};

static int widen_span(void *argument, MPI_Offset position, size_t length)
{
    struct span *span = argument;
    if (span->end == 0)
        span->begin = position;
    span->end = position + (MPI_Offset)length;
    return 0;
}

/* Locks of open file descriptions: between ranks, and gone with the rank that held one. Held for the time of one
 * access, never while anything is waited for. */
static int lock_span(const struct mock_file *file, const struct span *span, short type)
{
    struct flock lock = {
        .l_type = type, .l_whence = SEEK_SET, .l_start = span->begin, .l_len = span->end - span->begin};
    int result;
    do
        result = fcntl(file->fd, F_OFD_SETLKW, &lock);
    while (result != 0 && errno == EINTR);
    return result == 0 ? 0 : errno;
}

static int move(const struct mock_file *file, const struct access *access, MPI_Offset place, size_t *done)
{
    struct span span = {0, 0};
    *done = 0;
    if (access->bytes == 0)
        return 0;
    if (file->atomic) {
        mock_file_view_visit(&file->view, place, 1, widen_span, &span);
        mock_file_view_visit(&file->view, place + (MPI_Offset)access->bytes - 1, 1, widen_span, &span);
        int error = lock_span(file, &span, access->write ? F_WRLCK : F_RDLCK);
        if (error != 0)
            return error;
    }
    int error =
        access->type->contiguous ? move_contiguous(file, access, place, done) : move_staged(file, access, place, done);
    if (file->atomic)
        lock_span(file, &span, F_UNLCK);
    return error;
}

/* ---- The calls ---- */

/* The individual file pointer moves to after the last etype accessed: at the end of a file, not as far as was asked
 * for. */
static void settle_position(struct mock_file *file, MPI_Offset from, size_t asked, size_t done)
{
    size_t unit = file->view.etype->size;
    mock_lock();
    if (file->position == from + (MPI_Offset)(asked / unit))
        file->position = from + (MPI_Offset)((done + unit - 1) / unit);
    mock_unlock();
}

static int access_file(MPI_File fh, int kind, MPI_Offset offset, const void *buffer, int count, MPI_Datatype datatype,
                       MPI_Status *status)
{
    int error = MPI_SUCCESS;
    struct mock_file *file = mock_file(fh, &error);
    if (file == NULL)
        return error;

    struct access access = {.write = (kind & ACCESS_WRITE) != 0, .buffer = (void *)(uintptr_t)buffer};
    MPI_Offset place = 0;
    error = access_check(file, count, datatype, &access);
    if (error == MPI_SUCCESS) {
        mock_lock();
        if ((kind & ACCESS_AT) == 0)
            offset = file->position;
        mock_unlock();
        error = mock_file_view_place(&file->view, offset, access.bytes, &place);
    }
    if ((kind & ACCESS_COLLECTIVE) != 0)
        error = mock_agree(file->comm, error, (uint64_t)kind, "the function (read or write, _all or _at_all)");
    if (error != MPI_SUCCESS)
        return error;

    /* Moved on before the data is, so that a second thread goes on where this one will end. */
    if ((kind & ACCESS_AT) == 0) {
        mock_lock();
        file->position = offset + (MPI_Offset)(access.bytes / file->view.etype->size);
        mock_unlock();
    }
    size_t done = 0;
    int failure = move(file, &access, place, &done);
    if ((kind & ACCESS_AT) == 0)
        settle_position(file, offset, access.bytes, done);
    if (status != MPI_STATUS_IGNORE)
        mock_status_set(status, MPI_ANY_SOURCE, MPI_ANY_TAG, status->MPI_ERROR, done, false);
    return failure == 0 ? MPI_SUCCESS : mock_file_error(failure, access.write ? "write to" : "read", file->path);
}

int mock_File_read(MPI_File fh, void *buf, int count, MPI_Datatype datatype, MPI_Status *status)
{
    return access_file(fh, 0, 0, buf, count, datatype, status);
}

int mock_File_write(MPI_File fh, const void *buf, int count, MPI_Datatype datatype, MPI_Status *status)
{
    return access_file(fh, ACCESS_WRITE, 0, buf, count, datatype, status);
}

int mock_File_read_all(MPI_File fh, void *buf, int count, MPI_Datatype datatype, MPI_Status *status)
{
    return access_file(fh, ACCESS_COLLECTIVE, 0, buf, count, datatype, status);
}

int mock_File_write_all(MPI_File fh, const void *buf, int count, MPI_Datatype datatype, MPI_Status *status)
{
    return access_file(fh, ACCESS_WRITE | ACCESS_COLLECTIVE, 0, buf, count, datatype, status);
}

int mock_File_read_at(MPI_File fh, MPI_Offset offset, void *buf, int count, MPI_Datatype datatype, MPI_Status *status)
{
    return access_file(fh, ACCESS_AT, offset, buf, count, datatype, status);
}

int mock_File_write_at(MPI_File fh, MPI_Offset offset, const void *buf, int count, MPI_Datatype datatype,
                       MPI_Status *status)
{
    return access_file(fh, ACCESS_WRITE | ACCESS_AT, offset, buf, count, datatype, status);
}

int mock_File_read_at_all(MPI_File fh, MPI_Offset offset, void *buf, int count, MPI_Datatype datatype,
                          MPI_Status *status)
{
    return access_file(fh, ACCESS_COLLECTIVE | ACCESS_AT, offset, buf, count, datatype, status);
}

int mock_File_write_at_all(MPI_File fh, MPI_Offset offset, const void *buf, int count, MPI_Datatype datatype,
                           MPI_Status *status)
{
    return access_file(fh, ACCESS_WRITE | ACCESS_COLLECTIVE | ACCESS_AT, offset, buf, count, datatype, status);
}
