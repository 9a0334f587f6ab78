/* SPDX-License-Identifier: BSD-2-Clause */
/* file_view.c: which bytes of a file a rank sees, and where it is among them (MPI-3.1 §13.3, §13.4.2, §13.4.3).
 *
 * A view is a displacement, and from there on copies of the filetype, extent after extent; its data, numbered in
 * etypes, is what reads and writes go along. Relies on mock_type_for_each_block. Promises to file_io.c that positions
 * ascend, which is why a filetype is looked through when it is set.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "agree.h"
#include "file.h"

#define NATIVE "native"

/* ---- From the view's data to positions in the file ---- */

int mock_file_view_place(const struct mock_file_view *view, MPI_Offset offset, size_t bytes, MPI_Offset *place)
{
    const struct mock_type *filetype = view->filetype;
    if (offset < 0)
        return mpimock_error(MPI_ERR_ARG, "the offset is %lld; it must be 0 or more", (long long)offset);
    if (bytes % view->etype->size != 0)
        return mpimock_error(MPI_ERR_ARG, "%zu bytes are no whole number of the view's etype of %zu bytes", bytes,
                             view->etype->size);
    if (filetype->size == 0 && bytes > 0)
        return mpimock_error(MPI_ERR_ARG, "the view's filetype has no data, so there is no place for %zu bytes", bytes);

    long long start = 0, end = 0, last = 0;
    bool fits = !__builtin_mul_overflow((long long)offset, (long long)view->etype->size, &start) &&
                !__builtin_add_overflow(start, bytes, &end);
    if (fits && filetype->size > 0)
        fits = !__builtin_mul_overflow(end / (long long)filetype->size + 1, (long long)filetype->extent, &last) &&
               !__builtin_add_overflow(last, (long long)(filetype->true_lb + filetype->true_extent), &last) &&
               !__builtin_add_overflow(last, (long long)view->disp, &last);
    if (!fits)
        return mpimock_error(MPI_ERR_ARG, "offset %lld is further than a file can reach", (long long)offset);
    *place = start;
    return MPI_SUCCESS;
}

/* Joins runs that lie side by side before they are visited: each costs a system call. */
struct joiner {
    MPI_Offset disp;
    MPI_Offset position; /* of the run that waits */
    size_t length;       /* 0: none waits */
    mock_file_visit *visit;
    void *argument;
};

static int join_block(void *argument, MPI_Aint displacement, size_t length)
{
    struct joiner *joiner = argument;
    MPI_Offset position = joiner->disp + displacement;
    if (joiner->length > 0 && position == joiner->position + (MPI_Offset)joiner->length) {
        joiner->length += length;
        return 0;
    }
    int result = joiner->length > 0 ? joiner->visit(joiner->argument, joiner->position, joiner->length) : 0;
    joiner->position = position;
    joiner->length = length;
    return result;
}

int mock_file_view_visit(const struct mock_file_view *view, MPI_Offset offset, size_t bytes, mock_file_visit *visit,
                         void *argument)
{
    const struct mock_type *filetype = view->filetype;
    if (bytes == 0 || filetype->size == 0)
        return 0;
    if (filetype->contiguous)
        return visit(argument, view->disp + offset, bytes);

    struct joiner joiner = {.disp = view->disp, .visit = visit, .argument = argument};
    size_t count = ((size_t)offset + bytes) / filetype->size + 1;
    int result = mock_type_for_each_block(filetype, count, (size_t)offset, bytes, join_block, &joiner);
    if (result == 0 && joiner.length > 0)
        result = visit(argument, joiner.position, joiner.length);
    return result;
}

static int note_position(void *argument, MPI_Offset position, size_t length)
{
    (void)length;
    *(MPI_Offset *)argument = position;
    return 1;
}

/* Sums what of one filetype lies before `end`, counted from where that filetype begins. */
struct before {
    MPI_Offset end;
    MPI_Offset bytes;
};

static int add_before(void *argument, MPI_Aint displacement, size_t length)
{
    struct before *before = argument;
    if (displacement >= before->end)
        return 1;
    MPI_Offset room = before->end - displacement;
    before->bytes += room < (MPI_Offset)length ? room : (MPI_Offset)length;
    return 0;
}

/* How many bytes of the view's data lie before that position of the file. */
static MPI_Offset view_bytes_before(const struct mock_file_view *view, MPI_Offset position)
{
    const struct mock_type *filetype = view->filetype;
    MPI_Offset end = position - view->disp;
    if (end <= 0 || filetype->size == 0)
        return 0;
    if (filetype->contiguous)
        return end;

    MPI_Offset last = filetype->true_lb + filetype->true_extent;
    MPI_Offset whole = end >= last ? (end - last) / filetype->extent + 1 : 0;
    struct before before = {.bytes = whole * (MPI_Offset)filetype->size};
    /* One filetype is cut by the end; more where they overlap, as they may in a file that is only read. */
    for (MPI_Offset i = whole; i * filetype->extent + filetype->true_lb < end; i++) {
        before.end = end - i * filetype->extent;
        mock_type_for_each_block(filetype, 1, 0, filetype->size, add_before, &before);
    }
    return before.bytes;
}

/* ---- Setting and getting it ---- */

void mock_file_view_init(struct mock_file_view *view)
{
    mock_lock();
    struct mock_type *byte = mock_type(MPI_BYTE);
    mock_unlock();
    *view = (struct mock_file_view){.disp = 0, .etype = byte, .filetype = byte};
}

static void type_put_back(struct mock_type *type)
{
    if (type == NULL || type->predefined)
        return;
    MPI_Datatype handle = type->handle;
    mock_Type_free(&handle);
}

void mock_file_view_finish(struct mock_file_view *view)
{
    type_put_back(view->etype);
    type_put_back(view->filetype);
    view->etype = view->filetype = NULL;
}

/* The type, if it may be used in a view: `type` is its duplicate, or itself if predefined. */
static int type_take(MPI_Datatype handle, const char *name, struct mock_type **type)
{
    mock_lock();
    struct mock_type *found = mock_type(handle);
    mock_unlock();
    if (found == NULL)
        return mpimock_error(MPI_ERR_TYPE, "%s is not a datatype", name);
    if (!found->committed && !found->predefined)
        return mpimock_error(MPI_ERR_TYPE, "%s is not committed: call MPI_Type_commit first", name);
    if (!found->predefined) {
        MPI_Datatype duplicate = MPI_DATATYPE_NULL;
        int error = mock_Type_dup(handle, &duplicate);
        if (error != MPI_SUCCESS)
            return error;
        mock_lock();
        found = mock_type(duplicate);
        mock_unlock();
    }
    *type = found;
    return MPI_SUCCESS;
}

/* Looks through one filetype for what a view must not have (MPI-3.1 §13.1.1, §13.3). */
struct inspection {
    bool writable;
    bool whole_etypes; /* runs must be: the etype has no holes of its own */
    size_t etype_size;
    MPI_Aint begin, end; /* of the block before this one */
    size_t run;          /* bytes since the last hole */
    bool any;
    const char *problem;
};

static int inspect_block(void *argument, MPI_Aint displacement, size_t length)
{
    struct inspection *look = argument;
    bool hole = look->any && displacement != look->end;
    if (displacement < 0)
        look->problem = "it has a negative displacement";
    else if (look->any && displacement < look->begin)
        look->problem = "its displacements do not ascend";
    else if (look->any && look->writable && displacement < look->end)
        look->problem = "it overlaps itself, which a file open for writing does not allow";
    else if (hole && look->whole_etypes && look->run % look->etype_size != 0)
        look->problem = "it is not made of etypes: a hole begins inside of one";
    if (look->problem != NULL)
        return 1;
    look->run = (hole ? 0 : look->run) + length;
    look->begin = displacement;
    look->end = displacement + (MPI_Aint)length;
    look->any = true;
    return 0;
}

static int check_filetype(const struct mock_type *filetype, const struct mock_type *etype, bool writable)
{
    if (etype->size == 0 || etype->extent <= 0)
        return mpimock_error(MPI_ERR_TYPE, "etype has no data, or no positive extent");
    if (filetype->size % etype->size != 0)
        return mpimock_error(MPI_ERR_TYPE, "filetype is not made of etypes: it has %zu bytes of data, etype %zu",
                             filetype->size, etype->size);
    if (filetype->size == 0 || filetype->contiguous)
        return MPI_SUCCESS;
    if (filetype->extent <= 0)
        return mpimock_error(MPI_ERR_TYPE, "filetype has extent %lld; its copies would all lie in one place",
                             (long long)filetype->extent);

    struct inspection look = {.writable = writable, .whole_etypes = etype->contiguous, .etype_size = etype->size};
    mock_type_for_each_block(filetype, 1, 0, filetype->size, inspect_block, &look);
    if (look.problem != NULL)
        return mpimock_error(MPI_ERR_TYPE, "filetype is not fit for a view: %s", look.problem);
    if (filetype->extent + filetype->true_lb < (writable ? look.end : look.begin))
        return mpimock_error(MPI_ERR_TYPE,
                             "filetype is not fit for a view: its copies overlap, for its extent is %lld and "
                             "its data ends at %lld",
                             (long long)filetype->extent, (long long)look.end);
    return MPI_SUCCESS;
}

/* All that one rank can find wrong with the arguments alone. */
static int view_create(const struct mock_file *file, MPI_Offset disp, MPI_Datatype etype, MPI_Datatype filetype,
                       const char *datarep, struct mock_file_view *view)
{
    if (datarep == NULL)
        return mpimock_error(MPI_ERR_ARG, "datarep is a null pointer");
    if (strcmp(datarep, NATIVE) != 0)
        return mpimock_error(MPI_ERR_UNSUPPORTED_DATAREP, "datarep is \"%.*s\"; the mock has \"native\" only",
                             MPI_MAX_DATAREP_STRING, datarep);
    if (disp == MPI_DISPLACEMENT_CURRENT)
        return mpimock_error(MPI_ERR_ARG, "disp is MPI_DISPLACEMENT_CURRENT, which only MPI_MODE_SEQUENTIAL allows");
    if (disp < 0)
        return mpimock_error(MPI_ERR_ARG, "disp is %lld; it must be 0 or more", (long long)disp);

    struct mock_file_view made = {.disp = disp};
    int error = type_take(etype, "etype", &made.etype);
    if (error == MPI_SUCCESS)
        error = type_take(filetype, "filetype", &made.filetype);
    if (error == MPI_SUCCESS)
        error = check_filetype(made.filetype, made.etype, (file->amode & MPI_MODE_RDONLY) == 0);
    if (error != MPI_SUCCESS) {
        mock_file_view_finish(&made);
        return error;
    }
    *view = made;
    return MPI_SUCCESS;
}

int mock_File_set_view(MPI_File fh, MPI_Offset disp, MPI_Datatype etype, MPI_Datatype filetype, const char *datarep,
                       MPI_Info info)
{
    int error = MPI_SUCCESS;
    struct mock_file *file = mock_file(fh, &error);
    if (file == NULL)
        return error;

    struct mock_file_view view = {.disp = 0};
    error = view_create(file, disp, etype, filetype, datarep, &view);
    if (error == MPI_SUCCESS)
        error = mock_file_hints_add(file, info);
    /* MPI-3.1 §13.3: the extent of etype and datarep are the same on all ranks; the rest is each rank's own. */
    uint64_t value = view.etype != NULL ? (uint64_t)view.etype->extent : 0;
    error = mock_agree(file->comm, error, value, "the extent of etype");
    if (error != MPI_SUCCESS) {
        mock_file_view_finish(&view);
        return error;
    }
    mock_file_view_finish(&file->view);
    mock_lock();
    file->view = view;
    file->position = 0;
    mock_unlock();
    return MPI_SUCCESS;
}

/* What the user gets: a duplicate to free, or a predefined type. */
static int type_give(const struct mock_type *type, MPI_Datatype *handle)
{
    if (!type->predefined)
        return mock_Type_dup(type->handle, handle);
    *handle = type->handle;
    return MPI_SUCCESS;
}

int mock_File_get_view(MPI_File fh, MPI_Offset *disp, MPI_Datatype *etype, MPI_Datatype *filetype, char *datarep)
{
    int error = MPI_SUCCESS;
    const struct mock_file *file = mock_file(fh, &error);
    if (file == NULL)
        return error;
    if (disp == NULL || etype == NULL || filetype == NULL || datarep == NULL)
        return mpimock_error(MPI_ERR_ARG, "one of disp, etype, filetype and datarep is a null pointer");

    MPI_Datatype unit = MPI_DATATYPE_NULL;
    error = type_give(file->view.etype, &unit);
    if (error != MPI_SUCCESS)
        return error;
    error = type_give(file->view.filetype, filetype);
    if (error != MPI_SUCCESS) {
        if (!file->view.etype->predefined)
            mock_Type_free(&unit);
        return error;
    }
    *etype = unit;
    *disp = file->view.disp;
    strcpy(datarep, NATIVE);
    return MPI_SUCCESS;
}

int mock_File_get_type_extent(MPI_File fh, MPI_Datatype datatype, MPI_Aint *extent)
{
    int error = MPI_SUCCESS;
    if (mock_file(fh, &error) == NULL)
        return error;
    mock_lock();
    const struct mock_type *type = mock_type(datatype);
    mock_unlock();
    if (type == NULL)
        return mpimock_error(MPI_ERR_TYPE, "not a datatype");
    if (extent == NULL)
        return mpimock_error(MPI_ERR_ARG, "extent is a null pointer");
    *extent = type->extent;
    return MPI_SUCCESS;
}

/* ---- Positions in it ---- */

int mock_File_get_position(MPI_File fh, MPI_Offset *offset)
{
    int error = MPI_SUCCESS;
    const struct mock_file *file = mock_file(fh, &error);
    if (file == NULL)
        return error;
    if (offset == NULL)
        return mpimock_error(MPI_ERR_ARG, "offset is a null pointer");
    mock_lock();
    *offset = file->position;
    mock_unlock();
    return MPI_SUCCESS;
}

/* Where MPI_SEEK_END counts from: after the last etype of the view of which any byte is in the file. */
static int view_end(const struct mock_file *file, MPI_Offset *etypes)
{
    MPI_Offset size = 0;
    int error = mock_File_get_size(file->handle, &size);
    if (error != MPI_SUCCESS)
        return error;
    MPI_Offset unit = (MPI_Offset)file->view.etype->size;
    *etypes = (view_bytes_before(&file->view, size) + unit - 1) / unit;
    return MPI_SUCCESS;
}

int mock_File_seek(MPI_File fh, MPI_Offset offset, int whence)
{
    int error = MPI_SUCCESS;
    struct mock_file *file = mock_file(fh, &error);
    if (file == NULL)
        return error;

    MPI_Offset from = 0;
    if (whence == MPI_SEEK_CUR)
        error = mock_File_get_position(fh, &from);
    else if (whence == MPI_SEEK_END)
        error = view_end(file, &from);
    else if (whence != MPI_SEEK_SET)
        error =
            mpimock_error(MPI_ERR_ARG, "whence is %d; it must be MPI_SEEK_SET, MPI_SEEK_CUR or MPI_SEEK_END", whence);
    if (error != MPI_SUCCESS)
        return error;

    MPI_Offset position = 0, place = 0;
    if (__builtin_add_overflow(from, offset, &position) || position < 0)
        return mpimock_error(MPI_ERR_ARG, "offset %lld leads from %lld to before the view's begin, or too far",
                             (long long)offset, (long long)from);
    error = mock_file_view_place(&file->view, position, 0, &place);
    if (error != MPI_SUCCESS)
        return error;
    mock_lock();
    file->position = position;
    mock_unlock();
    return MPI_SUCCESS;
}

int mock_File_get_byte_offset(MPI_File fh, MPI_Offset offset, MPI_Offset *disp)
{
    int error = MPI_SUCCESS;
    const struct mock_file *file = mock_file(fh, &error);
    if (file == NULL)
        return error;
    if (disp == NULL)
        return mpimock_error(MPI_ERR_ARG, "disp is a null pointer");
    MPI_Offset place = 0, position = file->view.disp;
    error = mock_file_view_place(&file->view, offset, 0, &place);
    if (error != MPI_SUCCESS)
        return error;
    mock_file_view_visit(&file->view, place, 1, note_position, &position);
    *disp = position;
    return MPI_SUCCESS;
}
