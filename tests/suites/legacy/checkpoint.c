/* SPDX-License-Identifier: BSD-2-Clause */
/* checkpoint.c: see checkpoint.h. */
#include "checkpoint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef UNIT_TESTING /* cmocka's way of finding leaks */
void *_test_malloc(const size_t size, const char *file, const int line);
void _test_free(void *const pointer, const char *file, const int line);
#define malloc(size)  _test_malloc(size, __FILE__, __LINE__)
#define free(pointer) _test_free(pointer, __FILE__, __LINE__)
#endif

enum { NAME_SIZE = 64, TRIES = 3 };

struct checkpoint {
    struct storage storage;
    char *stem;
    double every, due;
    int keep, next;
};

struct checkpoint *checkpoint_create(const struct storage *storage, const char *stem, double every, int keep)
{
    struct checkpoint *checkpoint = malloc(sizeof *checkpoint);
    if (checkpoint == NULL)
        return NULL;
    *checkpoint = (struct checkpoint){.storage = *storage, .every = every, .keep = keep};
    checkpoint->stem = malloc(strlen(stem) + 1);
    if (checkpoint->stem == NULL) {
        free(checkpoint);
        return NULL;
    }
    strcpy(checkpoint->stem, stem);
    checkpoint->due = checkpoint_clock() + every;
    return checkpoint;
}

void checkpoint_destroy(struct checkpoint *checkpoint)
{
    if (checkpoint == NULL)
        return;
    free(checkpoint->stem);
    free(checkpoint);
}

int checkpoint_offer(struct checkpoint *checkpoint, const void *data, size_t size)
{
    const struct storage *storage = &checkpoint->storage;
    char name[NAME_SIZE];
    double now = checkpoint_clock();
    if (now < checkpoint->due)
        return 0;
    if (snprintf(name, sizeof name, "%s.%d", checkpoint->stem, checkpoint->next) >= (int)sizeof name)
        return -ENAMETOOLONG;
    int result = -EIO;
    for (int try = 0; try < TRIES && result != 0; try++)
        result = storage->put(storage->self, name, data, size);
    if (result != 0)
        return result;
    int old = checkpoint->next++ - checkpoint->keep;
    checkpoint->due = now + checkpoint->every;
    if (old >= 0 && snprintf(name, sizeof name, "%s.%d", checkpoint->stem, old) < (int)sizeof name)
        storage->remove(storage->self, name);
    return 1;
}
