/* SPDX-License-Identifier: BSD-2-Clause */
/* text.c: a buffer that grows, and what makes arbitrary bytes fit for a report; see text.h.
 *
 * Relies on nothing but libc. Promises that what text_add_clean() and its like add is valid UTF-8, whatever came in,
 * and that a bound holds. Numbers are printed as integers, so that no locale puts a comma where a report wants a point.
 */
#include "text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INVALID     UINT32_MAX     /* no character: bytes that are no UTF-8 */
#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */
#define RANGES_MAX  16

void text_finish(struct text *text)
{
    free(text->bytes);
    *text = (struct text){0};
}

void text_clear(struct text *text)
{
    text->size = 0;
    text->failed = false;
    if (text->bytes)
        text->bytes[0] = '\0';
}

const char *text_string(const struct text *text)
{
    return text->bytes ? text->bytes : "";
}

/* Makes room for `more` bytes and a NUL. */
static bool text_reserve(struct text *text, size_t more)
{
    size_t room = text->room ? text->room : 64;
    char *bytes;

    if (text->failed || more > SIZE_MAX / 4 || text->size > SIZE_MAX / 4) {
        text->failed = true;
        return false;
    }
    while (room < text->size + more + 1)
        room *= 2;
    if (room == text->room)
        return true;
    bytes = realloc(text->bytes, room);
    if (!bytes) {
        text->failed = true;
        return false;
    }
    text->bytes = bytes;
    text->room = room;
    return true;
}

void text_add(struct text *text, const char *bytes, size_t size)
{
    if (!text_reserve(text, size))
        return;
    if (size > 0)
        memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    text->bytes[text->size] = '\0';
}

void text_add_string(struct text *text, const char *string)
{
    text_add(text, string, strlen(string));
}

void text_printf(struct text *text, const char *format, ...)
{
    va_list arguments, again;
    int size;

    va_start(arguments, format);
    va_copy(again, arguments);
    size = vsnprintf(NULL, 0, format, arguments);
    if (size < 0)
        text->failed = true;
    else if (text_reserve(text, (size_t)size))
        text->size += (size_t)vsnprintf(text->bytes + text->size, (size_t)size + 1, format, again);
    va_end(again);
    va_end(arguments);
}

/* The character at the start of bytes[size], size ≥ 1. Returns its length; where it is no UTF-8
 * (Unicode 15 §3.9, table 3-7), the character is INVALID and the length that of the part that one U+FFFD stands for: as
 * far as the sequence was good, at least one byte. */
static size_t utf8_decode(const unsigned char *bytes, size_t size, uint32_t *character)
{
    static const struct {
        unsigned char first, last;  /* of the lead byte */
        unsigned char lower, upper; /* of the second byte: shuts out overlong forms, surrogates, above U+10FFFF */
        unsigned char length;
    } leads[] = {
        {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3}, {0xE1, 0xEC, 0x80, 0xBF, 3},
        {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3}, {0xF0, 0xF0, 0x90, 0xBF, 4},
        {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
    };
    size_t lead = 0, i;
    uint32_t value;

    if (bytes[0] < 0x80) {
        *character = bytes[0];
        return 1;
    }
    *character = INVALID;
    while (lead < sizeof leads / sizeof leads[0] && !(bytes[0] >= leads[lead].first && bytes[0] <= leads[lead].last))
        lead++;
    if (lead == sizeof leads / sizeof leads[0])
        return 1;
    value = bytes[0] & (0x7FU >> leads[lead].length);
    for (i = 1; i < leads[lead].length; i++) {
        unsigned char lower = i == 1 ? leads[lead].lower : 0x80, upper = i == 1 ? leads[lead].upper : 0xBF;

        if (i == size || bytes[i] < lower || bytes[i] > upper)
            return i;
        value = value << 6 | (bytes[i] & 0x3FU);
    }
    *character = value;
    return i;
}

static bool is_control(uint32_t character)
{
    return character < 0x20 || (character >= 0x7F && character < 0xA0);
}

static bool is_legal_in_xml(uint32_t character)
{
    if (character < 0x20)
        return character == '\t' || character == '\n' || character == '\r';
    return character != 0xFFFE && character != 0xFFFF;
}

/* One character in the given form; `source` is how it was written, for one that stays as it is. `next` is the byte
 * behind it, or 0. */
static void add_character(struct text *text, enum text_form form, uint32_t character, const char *source, size_t length,
                          char next)
{
    bool kept = character != 0 && character != INVALID && (form != TEXT_XML || is_legal_in_xml(character));

    if (form == TEXT_TERMINAL && character == '\r') {
        if (next != '\n')
            text_add(text, "\n", 1);
    } else if (form == TEXT_LINE && (character == '\n' || character == '\r' || character == '\t')) {
        if (!(character == '\r' && next == '\n'))
            text_add(text, " ", 1);
    } else if ((form == TEXT_TERMINAL || form == TEXT_LINE) && is_control(character) && character != '\n' &&
               character != '\t') {
        text_printf(text, "\\x%02x", (unsigned)character);
    } else if (kept) {
        text_add(text, source, length);
    } else {
        text_add_string(text, REPLACEMENT);
    }
}

/* How many bytes at the start need no look: printable ASCII, newlines. */
static size_t plain_span(enum text_form form, const char *bytes, size_t size)
{
    size_t i = 0;

    while (i < size && ((bytes[i] >= 0x20 && bytes[i] < 0x7F) || (bytes[i] == '\n' && form != TEXT_LINE)))
        i++;
    return i;
}

void text_add_clean(struct text *text, enum text_form form, const char *bytes, size_t size)
{
    size_t at = 0;

    while (at < size && !text->failed) {
        size_t span = plain_span(form, bytes + at, size - at), length;
        uint32_t character;

        if (span > 0) {
            text_add(text, bytes + at, span);
            at += span;
            continue;
        }
        length = utf8_decode((const unsigned char *)bytes + at, size - at, &character);
        add_character(text, form, character, bytes + at, length, at + length < size ? bytes[at + length] : '\0');
        at += length;
    }
}

static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

/* Where the head ends: at most `bound` bytes, at the end of a line if one ends in the second half of them. */
static size_t cut_head(const char *bytes, size_t bound)
{
    size_t end = bound;

    while (end > bound / 2 && bytes[end - 1] != '\n')
        end--;
    if (end > bound / 2)
        return end;
    for (end = bound; end > 0 && bound - end < 3 && is_continuation(bytes[end]); end--)
        ;
    return end;
}

/* Where the tail begins: at most `bound` bytes, at the start of a line if one starts in the first half of them. */
static size_t cut_tail(const char *bytes, size_t size, size_t bound)
{
    size_t start = size - bound;

    while (start < size - bound / 2 && bytes[start - 1] != '\n')
        start++;
    if (start < size - bound / 2)
        return start;
    for (start = size - bound; start < size && start - (size - bound) < 3 && is_continuation(bytes[start]); start++)
        ;
    return start;
}

void text_add_cut(struct text *text, enum text_form form, const char *bytes, size_t size, size_t bound)
{
    size_t head, tail;
    bool lines;

    if (size <= bound) {
        text_add_clean(text, form, bytes, size);
        return;
    }
    head = cut_head(bytes, bound - bound / 2);
    tail = cut_tail(bytes, size, bound / 2);
    lines = form != TEXT_LINE;
    text_add_clean(text, form, bytes, head);
    if (head > 0)
        text_add_string(text, !lines ? " " : bytes[head - 1] != '\n' ? "\n" : "");
    text_printf(text, "[%zu bytes left out]%s", tail - head, lines ? "\n" : " ");
    text_add_clean(text, form, bytes + tail, size - tail);
}

void text_add_indented(struct text *text, const char *indent, const char *lines, size_t size)
{
    while (size > 0 && lines[size - 1] == '\n')
        size--;
    while (size > 0) {
        const char *newline = memchr(lines, '\n', size);
        size_t length = newline ? (size_t)(newline - lines) : size;

        if (length > 0)
            text_add_string(text, indent);
        text_add(text, lines, length);
        text_add(text, "\n", 1);
        length += newline ? 1 : 0;
        lines += length;
        size -= length;
    }
}

void text_add_quoted(struct text *text, const char *bytes, size_t size)
{
    size_t at = 0;

    text_add(text, "\"", 1);
    while (at < size && !text->failed) {
        uint32_t character;
        size_t length = utf8_decode((const unsigned char *)bytes + at, size - at, &character);

        if (character == '"' || character == '\\')
            text_printf(text, "\\%c", (char)character);
        else if (character == '\n')
            text_add(text, "\\n", 2);
        else if (character == '\t')
            text_add(text, "\\t", 2);
        else if (character == 0 || character == INVALID || character == 0xFFFE || character == 0xFFFF)
            text_add_string(text, REPLACEMENT);
        else if (is_control(character) || character == 0x2028 || character == 0x2029 || character == 0xFEFF)
            text_printf(text, "\\u%04x", (unsigned)character);
        else
            text_add(text, bytes + at, length);
        at += length;
    }
    text_add(text, "\"", 1);
}

void text_add_ranges(struct text *text, const int numbers[], size_t count)
{
    size_t first, last, ranges = 0;

    for (first = 0; first < count; first = last + 1) {
        last = first;
        if (ranges == RANGES_MAX) {
            text_printf(text, " and %zu more", count - first);
            return;
        }
        while (last + 1 < count && numbers[last + 1] == numbers[last] + 1)
            last++;
        text_printf(text, "%s%d", ranges++ ? "," : "", numbers[first]);
        if (last > first)
            text_printf(text, "-%d", numbers[last]);
    }
}

/* Seconds in units of 1/parts, rounded; 0 for what is no duration. */
static uint64_t seconds_in(double seconds, uint64_t parts)
{
    if (!(seconds > 0) || seconds > 1e12)
        return 0;
    return (uint64_t)(seconds * (double)parts + 0.5);
}

void text_add_seconds(struct text *text, double seconds, int decimals)
{
    uint64_t parts = 1, value;
    int i;

    for (i = 0; i < decimals; i++)
        parts *= 10;
    value = seconds_in(seconds, parts);
    text_printf(text, "%llu", (unsigned long long)(value / parts));
    if (decimals > 0)
        text_printf(text, ".%0*llu", decimals, (unsigned long long)(value % parts));
}

void text_add_duration(struct text *text, double seconds)
{
    uint64_t tenths = seconds_in(seconds, 10000), milliseconds = seconds_in(seconds, 1000);
    uint64_t hundredths = seconds_in(seconds, 100), whole = seconds_in(seconds, 1);

    /* Each form begins where the one before it, rounded, would end: 0.9996 s is 1.00 s, not 1000 ms. */
    if (tenths < 100)
        text_printf(text, "%u.%u ms", (unsigned)(tenths / 10), (unsigned)(tenths % 10));
    else if (milliseconds < 1000)
        text_printf(text, "%u ms", (unsigned)milliseconds);
    else if (hundredths < 6000)
        text_printf(text, "%u.%02u s", (unsigned)(hundredths / 100), (unsigned)(hundredths % 100));
    else if (whole < 3600)
        text_printf(text, "%u min %u s", (unsigned)(whole / 60), (unsigned)(whole % 60));
    else
        text_printf(text, "%llu h %u min", (unsigned long long)(whole / 3600), (unsigned)(whole / 60 % 60));
}
