/* SPDX-License-Identifier: BSD-2-Clause */
/* cmocka_text.c: see cmocka_text.h. Pure. */
#include "cmocka_text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char error_mark[] = "[  ERROR   ] --- ";
static const char line_mark[] = "[   LINE   ] --- ";
static const char fixture_mark[] = "Could not run test: ";
static const char location_end[] = ": error: Failure!";

/* Beginnings of lines that say nothing about the failure. */
static const char *const totals[] = {
    "[==========]", "[ RUN      ]", "[       OK ]", "[  FAILED  ]", "[  PASSED  ]", "[  SKIPPED ]", "[  ERROR   ] ",
};

static bool begins(const char *line, size_t length, const char *mark)
{
    size_t size = strlen(mark);
    return length >= size && memcmp(line, mark, size) == 0;
}

struct text {
    char *bytes;
    size_t size;
};

static void append(struct text *text, const char *bytes, size_t size)
{
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
}

static void append_line(struct text *text, const char *line, size_t length)
{
    if (text->size > 0 && text->bytes[text->size - 1] != '\n')
        append(text, "\n", 1);
    append(text, line, length);
}

/* "[   LINE   ] --- halo.c:88: error: Failure!Test setup failed": the location goes before the text that it belongs to,
 * which begins at `start`; what follows is a line of its own. */
static void place_location(struct text *text, size_t start, const char *line, size_t length)
{
    const char *end = memmem(line, length, location_end, sizeof location_end - 1);
    if (!end) {
        append_line(text, line, length);
        return;
    }
    size_t location = (size_t)(end - line);
    memmove(text->bytes + start + location + 2, text->bytes + start, text->size - start);
    memcpy(text->bytes + start, line, location);
    memcpy(text->bytes + start + location, ": ", 2);
    text->size += location + 2;
    const char *rest = end + sizeof location_end - 1;
    size_t left = length - (size_t)(rest - line);
    if (left > 0)
        append_line(text, rest, left);
}

char *cmocka_text_message(const char *chatter, size_t size)
{
    struct text text = {malloc(2 * size + 16), 0};
    if (!text.bytes)
        return NULL;
    size_t start = 0; /* of the text that a location belongs to */
    const char *end = chatter + size;
    for (const char *line = chatter; line < end;) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        size_t length = (size_t)((newline ? newline : end) - line);
        const char *next = newline ? newline + 1 : end;
        bool total = false;
        if (begins(line, length, fixture_mark)) {
            line += sizeof fixture_mark - 1;
            length -= sizeof fixture_mark - 1;
        }
        if (begins(line, length, error_mark)) {
            append_line(&text, "", 0);
            start = text.size;
            line += sizeof error_mark - 1;
            length -= sizeof error_mark - 1;
            if (!begins(line, length, line_mark)) { /* fail() has no words, only a place */
                append(&text, line, length);
                line = next;
                continue;
            }
        }
        if (begins(line, length, line_mark)) {
            place_location(&text, start, line + sizeof line_mark - 1, length - (sizeof line_mark - 1));
            line = next;
            continue;
        }
        if (begins(line, length, "[  PASSED  ]"))
            break; /* only totals follow */
        for (size_t i = 0; i < sizeof totals / sizeof *totals; i++)
            total = total || begins(line, length, totals[i]);
        if (!total && (length > 0 || text.size > 0))
            append_line(&text, line, length);
        line = next;
    }
    while (text.size > 0 && (text.bytes[text.size - 1] == '\n' || text.bytes[text.size - 1] == ' '))
        text.size--;
    text.bytes[text.size] = '\0';
    return text.bytes;
}

size_t cmocka_text_begin(const char *output, size_t size)
{
    static const char *const marks[] = {error_mark, fixture_mark};
    size_t found = size;
    for (size_t i = 0; i < 2; i++) {
        const char *from = output;
        size_t left = size;
        for (const char *at; (at = memmem(from, left, marks[i], strlen(marks[i])));) {
            size_t offset = (size_t)(at - output);
            if (found == size || offset > found)
                found = offset;
            left -= (size_t)(at + 1 - from);
            from = at + 1;
        }
    }
    return found;
}
