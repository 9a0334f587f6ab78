/* SPDX-License-Identifier: BSD-2-Clause */
/* capture.h: what a test writes to standard output and standard error, kept apart from everybody else's.
 *
 * File descriptors 1 and 2 of this process go to one private memory file (memfd_create(2)), in which both keep their
 * order; so output of the code under test, of its libraries and of its child processes is held alike. Between two tests
 * the file is empty. A test that writes nothing costs one system call.
 *
 * A flood is bounded while it is written: another thread calls capture_bound() now and then, which gives the memory of what is
 * neither head nor tail back (a hole in the file), so that nobody who writes is ever stopped or refused, and one gigabyte holds
 * a few megabytes: what is written between two calls. The file outlives the process if somebody else has it open
 * (capture_begin_in), and is read there by capture_text().
 */
#ifndef MRT_CAPTURE_H
#define MRT_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>

/* At most so much of one test's output is kept: its head and its tail, with a line between that says what is left out. */
#define CAPTURE_KEPT_MAX ((size_t)1 << 20)

struct capture {
    int file;      /* the memory file, or -1 while nothing is captured */
    int saved[2];  /* what 1 and 2 were */
    size_t hole;   /* where the hole ends; 0: there is none */
};

/* Makes a file for capture_begin_in, which may outlive this process. -1: errno says why not. */
int capture_file(void);
/* Redirects. Negative errno value on failure, and everything as before. */
int capture_begin(struct capture *capture);
/* The same into a memory file that somebody else reads too, opened with O_APPEND; it is used by a duplicate. */
int capture_begin_in(struct capture *capture, int file);
/* Restores 1 and 2. */
void capture_end(struct capture *capture);
/* Bytes written so far since the last capture_clear, stdio's buffers flushed; 0 while nothing is captured. */
size_t capture_size(const struct capture *capture);
/* Bytes [from, to), bounded as above, with a zero byte after them that *size does not count. NULL: out of memory. */
char *capture_text(const struct capture *capture, size_t from, size_t to, size_t *size);
void capture_clear(struct capture *capture);
/* Gives back the memory of the middle. From any thread. True: more was written since the last call. */
bool capture_bound(struct capture *capture);

#endif
