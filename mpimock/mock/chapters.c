/* SPDX-License-Identifier: BSD-2-Clause */
/* chapters.c: the objects of all chapters that have handles, and their beginning and end.
 *
 * Relies on handle.c. Promises that whatever a program made and never freed is freed by mock_chapters_finish(), so that
 * a leak checker sees only leaks that are the mock's.
 */
#include "chapters.h"

#include <string.h>

#include "file.h"

static struct mock_link *lists[HANDLE_KIND_COUNT];

static void link_add(enum handle_kind kind, struct mock_link *link)
{
    link->next = lists[kind];
    link->to_this = &lists[kind];
    if (link->next != NULL)
        link->next->to_this = &link->next;
    lists[kind] = link;
}

uintptr_t chapters_made(enum handle_kind kind, void *object, struct mock_link *link)
{
    mock_lock();
    uintptr_t key = handle_create(kind, object);
    if (key != 0)
        link_add(kind, link);
    mock_unlock();
    return key;
}

void chapters_bound(enum handle_kind kind, uintptr_t key, void *object, struct mock_link *link)
{
    mock_lock();
    handle_bind(kind, key, object);
    link_add(kind, link);
    mock_unlock();
}

void chapters_ended(enum handle_kind kind, uintptr_t key, struct mock_link *link)
{
    mock_lock();
    handle_destroy(kind, key);
    *link->to_this = link->next;
    if (link->next != NULL)
        link->next->to_this = link->to_this;
    mock_unlock();
}

struct mock_link *chapters_first(enum handle_kind kind)
{
    return lists[kind];
}

void chapters_copy_name(char *to, size_t size, const char *from)
{
    size_t length = strnlen(from, size - 1);
    memcpy(to, from, length);
    to[length] = '\0';
}

int mock_chapters_init(void)
{
    int error = datatype_chapter_init();
    if (error == 0)
        error = op_chapter_init();
    if (error == 0)
        error = info_chapter_init();
    if (error == 0)
        error = group_chapter_init();
    if (error == 0)
        error = comm_chapter_init();
    if (error != 0)
        mock_chapters_finish();
    return error;
}

void mock_chapters_finish(void)
{
    file_chapter_finish();
    collective_chapter_finish();
    comm_chapter_finish();
    attribute_chapter_finish();
    group_chapter_finish();
    info_chapter_finish();
    op_chapter_finish();
    datatype_chapter_finish();
    environment_chapter_finish();
}
