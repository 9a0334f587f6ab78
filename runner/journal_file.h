/* SPDX-License-Identifier: BSD-2-Clause */
/* journal_file.h: the file of a journal: records at its end, each by one write(); and the records of one that is there.
 *
 * The file begins with JOURNAL_MAGIC. A record is a head of four numbers of 32 bits in the host's order (kind, bytes of the
 * body, a check of these two, a check of the body) and the body. A file cut anywhere, as a job leaves that was killed, or
 * with zeros at its end, as a node leaves that crashed, has its whole records; what is wrong anywhere else is damage, and
 * told.
 *
 * What was written survives the process at once; the disk has it within JOURNAL_SYNC_SECONDS: a thread of its own sees to
 * that, so that a slow disk does not stop the run. A lock (fcntl) keeps two runs from writing to one journal.
 */
#ifndef MRT_JOURNAL_FILE_H
#define MRT_JOURNAL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../mpimock/problem.h"
#include "wire.h"

#define JOURNAL_MAGIC        "mpirun-tests journal 1\n"
#define JOURNAL_SYNC_SECONDS 0.1
#define JOURNAL_RECORD_MAX   (64u * 1024 * 1024) /* bytes of a body */

struct journal_file;

/* Makes the file anew, for its owner alone; what was there is emptied if it was a journal, or empty, and refused otherwise.
 * A negative errno value with a sentence. */
int journal_file_create(struct journal_file **file, const char *path, struct problem *problem);
/* Goes on in a journal behind its first `size` bytes; what follows them is cut off. Likewise. */
int journal_file_continue(struct journal_file **file, const char *path, uint64_t size, struct problem *problem);
/* Adds a record. 0 or a negative errno value: then nothing of it is in the file, nor is anything added any more. */
int journal_file_add(struct journal_file *file, uint32_t kind, const struct wire_writer *body);
/* A sign of life for who watches the journal from outside: its time of change. */
void journal_file_touch(struct journal_file *file);
/* Brings everything to the disk, and closes. NULL is allowed. The first error of writing, or 0. */
int journal_file_close(struct journal_file *file);
const char *journal_file_path(const struct journal_file *file); /* absolute */

/* Is this the beginning of a journal? *at becomes where its records begin (0 where not even the magic is whole). -EINVAL with
 * words that follow "the journal FILE: ". */
int journal_file_begin(const unsigned char *bytes, size_t size, size_t *at, struct problem *problem);
/* The next whole record, from *at, which moves behind it. 1: there is one; 0: there is none any more, *at is where the whole
 * records end; -EINVAL with words: damage at *at. `base` is the place in the file at which the bytes begin, for the words. */
int journal_file_next(const unsigned char *bytes, size_t size, size_t base, size_t *at, uint32_t *kind, struct wire_reader *body,
                      struct problem *problem);

#endif
