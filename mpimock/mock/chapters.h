/* SPDX-License-Identifier: BSD-2-Clause */
/* chapters.h: what datatypes, groups, communicators, attributes, operations, collectives, info objects and the
 * environment share beyond objects.h: objects with handles, all of which are found again in the end.
 */
#ifndef MPIMOCK_CHAPTERS_H
#define MPIMOCK_CHAPTERS_H

#include "objects.h"

/* The object that a link is in. */
#define LINK_OWNER(link_, type_, member_) ((type_ *)(void *)((char *)(link_)-offsetof(type_, member_)))

/* Gives an object a handle and remembers it. Returns the key, or 0: out of memory or of handles. */
uintptr_t chapters_made(enum handle_kind kind, void *object, struct mock_link *link);
/* The same for a predefined handle. */
void chapters_bound(enum handle_kind kind, uintptr_t key, void *object, struct mock_link *link);
/* Ends a handle of either sort; the object is the caller's again. */
void chapters_ended(enum handle_kind kind, uintptr_t key, struct mock_link *link);
/* The latest object with a handle of that kind, or NULL. */
struct mock_link *chapters_first(enum handle_kind kind);

/* Each chapter binds what is predefined (0 or -ENOMEM), and frees whatever it has made, without callbacks. */
int datatype_chapter_init(void);
void datatype_chapter_finish(void);
int group_chapter_init(void);
void group_chapter_finish(void);
int comm_chapter_init(void);
void comm_chapter_finish(void);
int op_chapter_init(void);
void op_chapter_finish(void);
int info_chapter_init(void);
void info_chapter_finish(void);
void attribute_chapter_finish(void);
void collective_chapter_finish(void);
void environment_chapter_finish(void);

/* Copies a string given by the user into one of MPI's fixed lengths (MPI_MAX_OBJECT_NAME …), cut if it is too long. */
void chapters_copy_name(char *to, size_t size, const char *from);

#endif
