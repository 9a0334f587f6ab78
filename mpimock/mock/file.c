/* SPDX-License-Identifier: BSD-2-Clause */
/* file.c: MPI-IO's files as such (MPI-3.1 §13.2, §13.6): opening, closing, size, hints, consistency.
 *
 * Relies on agree.h: a collective call that fails on one rank fails on all, and arguments that must be alike are
 * compared. Files carry no error handler here: the door's business, as everywhere.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agree.h"
#include "file.h"

static MPI_File file_handle(uintptr_t key)
{
    return (MPI_File)key;
}

struct mock_file *mock_file(MPI_File handle, int *error)
{
    mock_lock();
    struct mock_file *file = handle_object(HANDLE_FILE, HANDLE_KEY(handle));
    mock_unlock();
    if (file == NULL)
        *error = mpimock_error(MPI_ERR_FILE, "not an open file");
    return file;
}

int mock_file_error(int errno_value, const char *doing, const char *path)
{
    static const struct {
        int errno_value, error_class;
    } classes[] = {
        {ENOENT, MPI_ERR_NO_SUCH_FILE}, {EEXIST, MPI_ERR_FILE_EXISTS}, {EACCES, MPI_ERR_ACCESS},
        {EPERM, MPI_ERR_ACCESS},        {EROFS, MPI_ERR_READ_ONLY},    {ENOSPC, MPI_ERR_NO_SPACE},
        {EFBIG, MPI_ERR_NO_SPACE},      {EDQUOT, MPI_ERR_QUOTA},       {ENAMETOOLONG, MPI_ERR_BAD_FILE},
        {EISDIR, MPI_ERR_BAD_FILE},     {ENOTDIR, MPI_ERR_BAD_FILE},   {ELOOP, MPI_ERR_BAD_FILE},
        {ETXTBSY, MPI_ERR_FILE_IN_USE}, {EBUSY, MPI_ERR_FILE_IN_USE},  {ENOMEM, MPI_ERR_NO_MEM},
    };
    int error_class = MPI_ERR_IO;
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (classes[i].errno_value == errno_value)
            error_class = classes[i].error_class;
    return mpimock_error(error_class, "cannot %s %s: %s", doing, path, strerror(errno_value));
}

/* ---- Hints: none is used; the user's are kept, and given back ---- */

int mock_file_hints_add(struct mock_file *file, MPI_Info info)
{
    if (info == MPI_INFO_NULL)
        return MPI_SUCCESS;
    if (file->info == MPI_INFO_NULL)
        return mock_Info_dup(info, &file->info);

    int count = 0;
    int error = mock_Info_get_nkeys(info, &count);
    for (int i = 0; error == MPI_SUCCESS && i < count; i++) {
        char key[MPI_MAX_INFO_KEY + 1], value[MPI_MAX_INFO_VAL + 1];
        int found = 0;
        error = mock_Info_get_nthkey(info, i, key);
        if (error == MPI_SUCCESS)
            error = mock_Info_get(info, key, MPI_MAX_INFO_VAL, value, &found);
        if (error == MPI_SUCCESS && found)
            error = mock_Info_set(file->info, key, value);
    }
    return error;
}

int mock_File_set_info(MPI_File fh, MPI_Info info)
{
    int error = MPI_SUCCESS;
    struct mock_file *file = mock_file(fh, &error);
    if (file == NULL)
        return error;
    return mock_agree(file->comm, mock_file_hints_add(file, info), 0, "");
}

int mock_File_get_info(MPI_File fh, MPI_Info *info_used)
{
    int error = MPI_SUCCESS;
    struct mock_file *file = mock_file(fh, &error);
    if (file == NULL)
        return error;
    if (info_used == NULL)
        return mpimock_error(MPI_ERR_ARG, "info_used is a null pointer");
    return file->info == MPI_INFO_NULL ? mock_Info_create(info_used) : mock_Info_dup(file->info, info_used);
}

/* ---- Opening and closing ---- */

/* MPI-3.1 §13.2.1. */
static int check_amode(int amode)
{
    const int all = MPI_MODE_RDONLY | MPI_MODE_RDWR | MPI_MODE_WRONLY | MPI_MODE_CREATE | MPI_MODE_EXCL |
                    MPI_MODE_DELETE_ON_CLOSE | MPI_MODE_UNIQUE_OPEN | MPI_MODE_SEQUENTIAL | MPI_MODE_APPEND;
    int ways = ((amode & MPI_MODE_RDONLY) != 0) + ((amode & MPI_MODE_RDWR) != 0) + ((amode & MPI_MODE_WRONLY) != 0);
    if ((amode & ~all) != 0)
        return mpimock_error(MPI_ERR_AMODE, "amode %#x has bits that stand for no MPI_MODE_", (unsigned)amode);
    if (ways != 1)
        return mpimock_error(MPI_ERR_AMODE,
                             "amode has %s of MPI_MODE_RDONLY, MPI_MODE_RDWR, MPI_MODE_WRONLY; it must have one",
                             ways == 0 ? "none" : "several");
    if ((amode & MPI_MODE_RDONLY) != 0 && (amode & (MPI_MODE_CREATE | MPI_MODE_EXCL)) != 0)
        return mpimock_error(MPI_ERR_AMODE, "MPI_MODE_RDONLY does not go with MPI_MODE_CREATE or MPI_MODE_EXCL");
    if ((amode & MPI_MODE_SEQUENTIAL) != 0 && (amode & MPI_MODE_RDWR) != 0)
        return mpimock_error(MPI_ERR_AMODE, "MPI_MODE_RDWR does not go with MPI_MODE_SEQUENTIAL");
    if ((amode & MPI_MODE_SEQUENTIAL) != 0)
        return mpimock_error(MPI_ERR_UNSUPPORTED_OPERATION,
                             "the mock has no shared file pointers, and so no MPI_MODE_SEQUENTIAL");
    return MPI_SUCCESS;
}

/* Opens the file of this rank. Rank 0 comes first and alone creates, so that MPI_MODE_EXCL means the file, not the
 * rank. */
static int open_here(struct mock_file *file, bool first)
{
    int flags = (file->amode & MPI_MODE_RDONLY) != 0   ? O_RDONLY
                : (file->amode & MPI_MODE_WRONLY) != 0 ? O_WRONLY
                                                       : O_RDWR;
    if (first && (file->amode & MPI_MODE_CREATE) != 0)
        flags |= O_CREAT | ((file->amode & MPI_MODE_EXCL) != 0 ? O_EXCL : 0);
    do
        file->fd = open(file->path, flags | O_CLOEXEC, 0666);
    while (file->fd < 0 && errno == EINTR);
    if (file->fd < 0)
        return mock_file_error(errno, "open", file->path);

    struct stat status;
    if (fstat(file->fd, &status) != 0)
        return mock_file_error(errno, "open", file->path);
    if (S_ISDIR(status.st_mode))
        return mock_file_error(EISDIR, "open", file->path);
    if ((file->amode & MPI_MODE_APPEND) != 0)
        file->position = status.st_size;
    return MPI_SUCCESS;
}

/* On every rank, after rank 0's turn; all have opened the same file, or none keeps it open. */
static int open_everywhere(struct mock_file *file)
{
    int error = file->comm->rank == 0 ? open_here(file, true) : MPI_SUCCESS;
    error = mock_agree(file->comm, error, 0, "");
    if (error != MPI_SUCCESS)
        return error;
    if (file->comm->rank != 0)
        error = open_here(file, false);
    uint64_t value = AGREE_HASH_START;
    struct stat status;
    if (error == MPI_SUCCESS && fstat(file->fd, &status) == 0) {
        value = agree_hash(value, &status.st_dev, sizeof status.st_dev);
        value = agree_hash(value, &status.st_ino, sizeof status.st_ino);
    }
    return mock_agree(file->comm, error, value, "the file that filename names");
}

/* Takes apart what is there of it. */
static void file_destroy(struct mock_file *file)
{
    if (file == NULL)
        return;
    if (file->fd >= 0)
        close(file->fd);
    if (file->info != MPI_INFO_NULL)
        mock_Info_free(&file->info);
    mock_file_view_finish(&file->view);
    mock_lock();
    if (file->comm != NULL)
        mock_comm_destroy(file->comm);
    mock_unlock();
    free(file);
}

/* The file before it is open: all that can go wrong on one rank alone. */
static int file_create(const char *filename, int amode, MPI_Info info, struct mock_file **result)
{
    if (filename == NULL)
        return mpimock_error(MPI_ERR_ARG, "filename is a null pointer");
    int error = check_amode(amode);
    if (error != MPI_SUCCESS)
        return error;
    struct mock_file *file = calloc(1, sizeof *file + strlen(filename) + 1);
    if (file == NULL)
        return mpimock_error(MPI_ERR_NO_MEM, "no memory for a file");
    strcpy(file->path, filename);
    file->fd = -1;
    file->amode = amode;
    file->info = MPI_INFO_NULL;
    mock_file_view_init(&file->view);
    error = mock_file_hints_add(file, info);
    if (error != MPI_SUCCESS) {
        file_destroy(file);
        return error;
    }
    *result = file;
    return MPI_SUCCESS;
}

/* A communicator of the file's own: its collectives never meet the user's, and it outlives the user's. */
static int own_comm(struct mock_file *file, const struct mock_comm *parent)
{
    MPI_Comm comm = MPI_COMM_NULL;
    int error = mock_Comm_split(parent->handle, 0, parent->rank, &comm);
    if (error != MPI_SUCCESS)
        return error;
    mock_lock();
    file->comm = mock_comm(comm);
    mock_unlock();
    return MPI_SUCCESS;
}

int mock_File_open(MPI_Comm comm, const char *filename, int amode, MPI_Info info, MPI_File *fh)
{
    mock_lock();
    const struct mock_comm *parent = mock_comm(comm);
    mock_unlock();
    if (parent == NULL || parent->remote != NULL)
        return mpimock_error(MPI_ERR_COMM, "%s",
                             parent == NULL ? "not a communicator" : "files need an intracommunicator");

    struct mock_file *file = NULL;
    int error =
        fh == NULL ? mpimock_error(MPI_ERR_ARG, "fh is a null pointer") : file_create(filename, amode, info, &file);
    error = mock_agree(parent, error, (uint64_t)amode, "amode");
    if (error == MPI_SUCCESS)
        error = own_comm(file, parent);
    if (error == MPI_SUCCESS)
        error = open_everywhere(file);
    if (error != MPI_SUCCESS) {
        file_destroy(file);
        return error;
    }

    uintptr_t key = chapters_made(HANDLE_FILE, file, &file->link);
    error =
        mock_agree(file->comm, key != 0 ? MPI_SUCCESS : mpimock_error(MPI_ERR_NO_MEM, "too many open files"), 0, "");
    if (error != MPI_SUCCESS) {
        if (key != 0)
            chapters_ended(HANDLE_FILE, key, &file->link);
        file_destroy(file);
        return error;
    }
    file->handle = file_handle(key);
    *fh = file->handle;
    return MPI_SUCCESS;
}

int mock_File_close(MPI_File *fh)
{
    if (fh == NULL)
        return mpimock_error(MPI_ERR_ARG, "fh is a null pointer");
    int error = MPI_SUCCESS;
    struct mock_file *file = mock_file(*fh, &error);
    if (file == NULL)
        return error;

    int closed = close(file->fd) == 0 || errno == EINTR ? MPI_SUCCESS : mock_file_error(errno, "close", file->path);
    file->fd = -1;
    error = mock_agree(file->comm, closed, 0, "");
    if ((file->amode & MPI_MODE_DELETE_ON_CLOSE) != 0) {
        /* Only now has everybody closed it; and it is gone when the first returns. */
        bool failed = file->comm->rank == 0 && unlink(file->path) != 0 && errno != ENOENT;
        int deleted =
            mock_agree(file->comm, failed ? mock_file_error(errno, "delete", file->path) : MPI_SUCCESS, 0, "");
        if (error == MPI_SUCCESS)
            error = deleted;
    }
    chapters_ended(HANDLE_FILE, HANDLE_KEY(*fh), &file->link);
    file_destroy(file);
    *fh = MPI_FILE_NULL;
    return error;
}

void file_chapter_finish(void)
{
    struct mock_link *link;
    while ((link = chapters_first(HANDLE_FILE)) != NULL) {
        struct mock_file *file = LINK_OWNER(link, struct mock_file, link);
        chapters_ended(HANDLE_FILE, HANDLE_KEY(file->handle), link);
        file_destroy(file);
    }
}

int mock_File_delete(const char *filename, MPI_Info info)
{
    (void)info;
    if (filename == NULL)
        return mpimock_error(MPI_ERR_ARG, "filename is a null pointer");
    return unlink(filename) == 0 ? MPI_SUCCESS : mock_file_error(errno, "delete", filename);
}

/* ---- What is known of it ---- */

int mock_File_get_amode(MPI_File fh, int *amode)
{
    int error = MPI_SUCCESS;
    const struct mock_file *file = mock_file(fh, &error);
    if (file == NULL)
        return error;
    if (amode == NULL)
        return mpimock_error(MPI_ERR_ARG, "amode is a null pointer");
    *amode = file->amode;
    return MPI_SUCCESS;
}

int mock_File_get_group(MPI_File fh, MPI_Group *group)
{
    int error = MPI_SUCCESS;
    const struct mock_file *file = mock_file(fh, &error);
    return file == NULL ? error : mock_Comm_group(file->comm->handle, group);
}

int mock_File_get_size(MPI_File fh, MPI_Offset *size)
{
    int error = MPI_SUCCESS;
    const struct mock_file *file = mock_file(fh, &error);
    if (file == NULL)
        return error;
    if (size == NULL)
        return mpimock_error(MPI_ERR_ARG, "size is a null pointer");
    struct stat status;
    if (fstat(file->fd, &status) != 0)
        return mock_file_error(errno, "tell the size of", file->path);
    *size = status.st_size;
    return MPI_SUCCESS;
}

/* ---- Collectives that change it: rank 0 does it for all, who wait for it ---- */

static int check_new_size(const struct mock_file *file, MPI_Offset size)
{
    if (size < 0)
        return mpimock_error(MPI_ERR_ARG, "size is %lld; it must be 0 or more", (long long)size);
    if ((file->amode & MPI_MODE_RDONLY) != 0)
        return mpimock_error(MPI_ERR_READ_ONLY, "%s was opened with MPI_MODE_RDONLY", file->path);
    return MPI_SUCCESS;
}

static int truncate_to(const struct mock_file *file, MPI_Offset size)
{
    int result;
    do
        result = ftruncate(file->fd, size);
    while (result != 0 && errno == EINTR);
    return result == 0 ? MPI_SUCCESS : mock_file_error(errno, "set the size of", file->path);
}

/* Never shrinks the file (MPI-3.1 §13.2.5). */
static int allocate_up_to(const struct mock_file *file, MPI_Offset size)
{
    int result = 0; /* posix_fallocate returns the error, and wants at least a byte */
    while (size > 0 && (result = posix_fallocate(file->fd, 0, size)) == EINTR)
        ;
    return result == 0 ? MPI_SUCCESS : mock_file_error(result, "allocate space for", file->path);
}

static int change_size(MPI_File fh, MPI_Offset size, int (*change)(const struct mock_file *file, MPI_Offset size))
{
    int error = MPI_SUCCESS;
    const struct mock_file *file = mock_file(fh, &error);
    if (file == NULL)
        return error;
    error = mock_agree(file->comm, check_new_size(file, size), (uint64_t)size, "size");
    if (error != MPI_SUCCESS)
        return error;
    return mock_agree(file->comm, file->comm->rank == 0 ? change(file, size) : MPI_SUCCESS, 0, "");
}

int mock_File_set_size(MPI_File fh, MPI_Offset size)
{
    return change_size(fh, size, truncate_to);
}

int mock_File_preallocate(MPI_File fh, MPI_Offset size)
{
    return change_size(fh, size, allocate_up_to);
}

int mock_File_sync(MPI_File fh)
{
    int error = MPI_SUCCESS;
    const struct mock_file *file = mock_file(fh, &error);
    if (file == NULL)
        return error;
    /* Pipes and devices have nothing to sync; that is no failure. */
    bool failed = fsync(file->fd) != 0 && errno != EINVAL && errno != EROFS;
    return mock_agree(file->comm, failed ? mock_file_error(errno, "sync", file->path) : MPI_SUCCESS, 0, "");
}

int mock_File_set_atomicity(MPI_File fh, int flag)
{
    int error = MPI_SUCCESS;
    struct mock_file *file = mock_file(fh, &error);
    if (file == NULL)
        return error;
    error = mock_agree(file->comm, MPI_SUCCESS, flag != 0, "flag");
    if (error == MPI_SUCCESS)
        file->atomic = flag != 0;
    return error;
}

int mock_File_get_atomicity(MPI_File fh, int *flag)
{
    int error = MPI_SUCCESS;
    const struct mock_file *file = mock_file(fh, &error);
    if (file == NULL)
        return error;
    if (flag == NULL)
        return mpimock_error(MPI_ERR_ARG, "flag is a null pointer");
    *flag = file->atomic;
    return MPI_SUCCESS;
}
