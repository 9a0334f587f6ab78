/* SPDX-License-Identifier: BSD-2-Clause */
/* text.h: text as reports need it: a buffer that grows, bytes of any origin made into text that a form allows, long
 * text cut to a bound with its head and its tail kept, durations as people read them.
 *
 * What tests write is bytes: it may be no UTF-8, hold terminal escapes or be endless. Nothing of it goes into a report
 * before it went through text_add_clean() or text_add_cut(). Nothing here depends on the locale: a test that runs on
 * the main rank may have set one.
 */
#ifndef MRT_TEXT_H
#define MRT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* All zero is an empty text. Once memory ran out, `failed` is set and nothing more is added. */
struct text {
    char *bytes; /* [size], and a NUL; NULL while nothing was added: see text_string() */
    size_t size, room;
    bool failed;
};

enum text_form {
    TEXT_UTF8,     /* valid UTF-8 without NUL: what is not becomes U+FFFD */
    TEXT_XML,      /* … and only characters that XML 1.0 §2.2 allows; others become U+FFFD */
    TEXT_TERMINAL, /* … and no control character but \n and \t: others are written out (\x1b); \r\n and \r become \n */
    TEXT_LINE      /* likewise, on one line: \n, \r and \t become blanks */
};

void text_finish(struct text *text);
void text_clear(struct text *text); /* empty again, its memory kept */
const char *text_string(const struct text *text);

void text_add(struct text *text, const char *bytes, size_t size);
void text_add_string(struct text *text, const char *string);
__attribute__((format(printf, 2, 3))) void text_printf(struct text *text, const char *format, ...);

/* Adds bytes in the given form. */
void text_add_clean(struct text *text, enum text_form form, const char *bytes, size_t size);

/* The same, but of more than `bound` bytes only the head and the tail, at whole lines if lines are short enough, else
 * at whole characters, and between them how much was left out. `bound` is for the bytes given, not for what they
 * become. */
void text_add_cut(struct text *text, enum text_form form, const char *bytes, size_t size, size_t bound);

/* Adds lines, each behind `indent`, the last with its newline; empty lines at the end are left out. */
void text_add_indented(struct text *text, const char *indent, const char *lines, size_t size);

/* Adds a string in double quotes that JSON (RFC 8259 §7) and YAML (1.2.2 §5.7) read alike. */
void text_add_quoted(struct text *text, const char *bytes, size_t size);

/* Adds numbers, ascending, as ranges: "0-3,5". After 16 ranges: how many more there are. */
void text_add_ranges(struct text *text, const int numbers[], size_t count);

/* Adds seconds with `decimals` (0 to 6) digits and a point: "0.003". Negative, endless and NaN are 0. */
void text_add_seconds(struct text *text, double seconds, int decimals);

/* Adds a duration as people read it: "0.4 ms", "25 ms", "1.24 s", "2 min 5 s", "3 h 20 min". */
void text_add_duration(struct text *text, double seconds);

#endif
