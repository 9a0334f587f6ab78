/* SPDX-License-Identifier: BSD-2-Clause */
/* name_table.c: see name_table.h. Open addressing, never more than half full. */
#include "name_table.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"

int name_table_init(struct name_table *table, size_t count)
{
    size_t room = 8;
    if (count > SIZE_MAX / 4 / sizeof(struct name_entry))
        return -ENOMEM;
    while (room < 2 * count)
        room *= 2;
    struct name_entry *entries = calloc(room, sizeof *entries);
    if (!entries)
        return -ENOMEM;
    *table = (struct name_table){entries, room - 1};
    return 0;
}

void name_table_finish(struct name_table *table)
{
    free(table->entries);
    *table = (struct name_table){0};
}

/* Where the name is, or where it would go. */
static struct name_entry *place_of(const struct name_table *table, const char *name)
{
    size_t at = (size_t)hash_string(HASH_START, name) & table->mask;
    while (table->entries[at].name && strcmp(table->entries[at].name, name) != 0)
        at = (at + 1) & table->mask;
    return &table->entries[at];
}

bool name_table_find(const struct name_table *table, const char *name, size_t *value)
{
    const struct name_entry *entry = place_of(table, name);
    if (entry->name && value)
        *value = entry->value;
    return entry->name;
}

void name_table_add(struct name_table *table, const char *name, size_t value)
{
    *place_of(table, name) = (struct name_entry){name, value};
}
