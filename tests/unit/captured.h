/* SPDX-License-Identifier: BSD-2-Clause */
/* captured.h: for unit tests: what this process and its children write to standard output or error meanwhile. */
#ifndef CAPTURED_H
#define CAPTURED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

struct captured {
    FILE *stream, *file;
    int saved;
    char text[16 * 1024]; /* cut there */
};

static inline void captured_begin(struct captured *captured, FILE *stream)
{
    captured->stream = stream;
    captured->file = tmpfile();
    assert_non_null(captured->file);
    fflush(stream);
    captured->saved = dup(fileno(stream));
    assert_true(captured->saved >= 0);
    assert_true(dup2(fileno(captured->file), fileno(stream)) >= 0);
}

static inline void captured_end(struct captured *captured)
{
    fflush(captured->stream);
    dup2(captured->saved, fileno(captured->stream));
    close(captured->saved);
    rewind(captured->file);
    size_t length = fread(captured->text, 1, sizeof captured->text - 1, captured->file);
    captured->text[length] = '\0';
    fclose(captured->file);
}

#endif
