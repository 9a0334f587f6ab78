/* SPDX-License-Identifier: BSD-2-Clause */
/* name_table.h: which names are taken, and by what. Names belong to the caller and must stay. */
#ifndef MRT_NAME_TABLE_H
#define MRT_NAME_TABLE_H

#include <stdbool.h>
#include <stddef.h>

struct name_table {
    struct name_entry {
        const char *name; /* NULL: free */
        size_t value;
    } * entries;
    size_t mask; /* number of entries, a power of two, less 1 */
};

/* For at most `count` names. 0 or -ENOMEM. */
int name_table_init(struct name_table *table, size_t count);
void name_table_finish(struct name_table *table);
/* Is the name there? Then its value is in *value (which may be NULL). */
bool name_table_find(const struct name_table *table, const char *name, size_t *value);
/* A name that is not there. */
void name_table_add(struct name_table *table, const char *name, size_t value);

#endif
