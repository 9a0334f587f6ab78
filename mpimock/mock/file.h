/* SPDX-License-Identifier: BSD-2-Clause */
/* file.h: an open file of MPI-IO (MPI-3.1 chapter 13), shared by file.c (handles, size, hints), file_view.c (views and
 * positions) and file_io.c (data).
 *
 * A file is a plain one of this machine, opened by each rank for itself; the kernel makes what one rank writes visible
 * to all at once, so no data is kept here.
 */
#ifndef MPIMOCK_FILE_H
#define MPIMOCK_FILE_H

#include "chapters.h"

struct mock_file_view {
    MPI_Offset disp; /* bytes */
    /* The user's types where they are predefined, else duplicates, which outlive them. */
    struct mock_type *etype;
    struct mock_type *filetype; /* may be without data; else it ascends in the file, and its extent is positive */
};

struct mock_file {
    MPI_File handle;
    struct mock_comm *comm; /* a private one with the members of the user's */
    int fd;
    int amode;
    bool atomic;
    struct mock_file_view view;
    MPI_Offset position; /* of the individual file pointer, in etypes of the view */
    MPI_Info info;       /* the user's hints, or MPI_INFO_NULL */
    struct mock_link link;
    char path[];
};

/* NULL, and *error set, where it is not an open file. */
struct mock_file *mock_file(MPI_File handle, int *error);
/* Closes what a program left open, each rank for itself; for mock_chapters_finish(), before communicators and types. */
void file_chapter_finish(void);
/* The class for a failed system call, with the reason kept as the error's detail; `doing` is "open". */
int mock_file_error(int errno_value, const char *doing, const char *path);
/* Adds the hints of `info` (may be MPI_INFO_NULL) to the file's. */
int mock_file_hints_add(struct mock_file *file, MPI_Info info);

/* The view of a file just opened: bytes from 0. */
void mock_file_view_init(struct mock_file_view *view);
void mock_file_view_finish(struct mock_file_view *view);
/* Where in the view's data, in bytes, etype number `offset` is, if `bytes` from there on are whole etypes at positions
 * that a file can have; else MPI_ERR_ARG. */
int mock_file_view_place(const struct mock_file_view *view, MPI_Offset offset, size_t bytes, MPI_Offset *place);
/* Visits where bytes [offset, offset + bytes) of the view's data lie in the file: runs of adjacent bytes, ascending.
 * Ends early, returning it, when visit returns anything but 0. A view without data visits nothing. */
typedef int mock_file_visit(void *argument, MPI_Offset position, size_t length);
int mock_file_view_visit(const struct mock_file_view *view, MPI_Offset offset, size_t bytes, mock_file_visit *visit,
                         void *argument);

#endif
