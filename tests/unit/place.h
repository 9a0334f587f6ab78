/* SPDX-License-Identifier: BSD-2-Clause */
/* place.h: for unit tests that need a file: a temporary folder for each test, as cmocka's setup and teardown. */
#ifndef PLACE_H
#define PLACE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What *state points to. */
struct place {
    char folder[64];
    char file[96]; /* a path in the folder; nothing is there yet */
};

static inline int place_setup(void **state)
{
    static struct place place;
    strcpy(place.folder, "/tmp/mpimock-test-XXXXXX");
    if (mkdtemp(place.folder) == NULL)
        return -1;
    snprintf(place.file, sizeof place.file, "%s/data", place.folder);
    *state = &place;
    return 0;
}

/* Fails where a test has left anything but the file. */
static inline int place_teardown(void **state)
{
    struct place *place = *state;
    unlink(place->file);
    return rmdir(place->folder);
}

#endif
