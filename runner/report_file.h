/* SPDX-License-Identifier: BSD-2-Clause */
/* report_file.h: where a report goes: a file that is whole at any moment, a device or pipe, or standard output ("-").
 *
 * A report of lines (TAP, JSON) grows: report_file_append() adds whole lines with one write(), and what a full disk
 * leaves of a line is taken back. A whole report (JUnit) is written anew each time, beside the file, and renamed over
 * it; to a stream (standard output, a device, a pipe) it can be written once only: report_file_is_stream() tells.
 *
 * Standard output is duplicated when opened and a folder is held open, so that neither a test's captured output nor its
 * chdir() changes where the report goes. Reports get the mode that the user's umask gives to any file.
 */
#ifndef MRT_REPORT_FILE_H
#define MRT_REPORT_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "../mpimock/problem.h"

struct report_file;

enum report_file_kind { REPORT_FILE_LINES, REPORT_FILE_WHOLE };

/* Opens the file: one of lines is emptied, a whole one only looked at. -EINVAL (no name), -EISDIR, -ENOENT, -EACCES …
 * with a sentence that names the path. */
int report_file_open(struct report_file **file, const char *path, enum report_file_kind kind, struct problem *problem);
bool report_file_is_stream(const struct report_file *file);

/* REPORT_FILE_LINES: adds bytes that end a line. After the first error nothing more is written; that error comes back
 * from report_file_close(). */
int report_file_append(struct report_file *file, const char *bytes, size_t size);

/* REPORT_FILE_WHOLE: begin, any number of writes, then commit (with ok false: give up what was written, the file stays
 * as it was). A failure leaves the file as it was; a later commit that works makes up for it. */
int report_file_begin(struct report_file *file);
int report_file_write(struct report_file *file, const char *bytes, size_t size);
int report_file_commit(struct report_file *file, bool ok);

/* Closes and frees (NULL is allowed). The error that stands, if any, with a sentence. */
int report_file_close(struct report_file *file, struct problem *problem);

#endif
