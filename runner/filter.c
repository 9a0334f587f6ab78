/* SPDX-License-Identifier: BSD-2-Clause */
/* filter.c: see filter.h. Both forms are read anew for each test: they are short, and nothing has to be freed. */
#include "filter.h"

#include <string.h>

/* Text from `at` to before `end`. */
struct span {
    const char *at, *end;
};

/* Does the pattern match all of the name? In time of the product of their lengths at most: where a text after a `*`
 * does not match, only the last `*` takes one character more. */
static bool glob_matches(struct span pattern, struct span name)
{
    const char *star = NULL, *resume = NULL;
    while (name.at < name.end) {
        if (pattern.at < pattern.end && *pattern.at == '*') {
            star = pattern.at++;
            resume = name.at;
        } else if (pattern.at < pattern.end && (*pattern.at == '?' || *pattern.at == *name.at)) {
            pattern.at++;
            name.at++;
        } else if (star) {
            pattern.at = star + 1;
            name.at = ++resume;
        } else {
            return false;
        }
    }
    while (pattern.at < pattern.end && *pattern.at == '*')
        pattern.at++;
    return pattern.at == pattern.end;
}

/* The name whole, or what precedes one of its suffixes. */
static bool pattern_matches(struct span pattern, const char *name)
{
    size_t length = strlen(name);
    for (;;) {
        if (glob_matches(pattern, (struct span){name, name + length}))
            return true;
        do
            if (length == 0)
                return false;
        while (name[--length] != '[' && name[length] != '/');
    }
}

/* Does one of the patterns between `:` match? None does in an empty list. */
static bool list_matches(struct span list, const char *name)
{
    while (list.at < list.end) {
        const char *colon = memchr(list.at, ':', (size_t)(list.end - list.at));
        struct span pattern = {list.at, colon ? colon : list.end};
        if (pattern.at < pattern.end && pattern_matches(pattern, name))
            return true;
        list.at = colon ? colon + 1 : list.end;
    }
    return false;
}

int filter_check(const char *filter, struct problem *problem)
{
    const char *minus = strchr(filter, '-');
    if (minus && strchr(minus + 1, '-'))
        return problem_set(problem, EINVAL,
                           "filter \"%s\" has a second '-': one '-' begins all patterns of what is left out, "
                           "which are separated by ':' as the others are",
                           filter);
    return 0;
}

bool filter_matches(const char *filter, const char *name)
{
    const char *end = filter + strlen(filter), *minus = strchr(filter, '-');
    struct span chosen = {filter, minus ? minus : end};
    struct span left_out = {minus ? minus + 1 : end, end};
    bool all = minus && chosen.at == chosen.end; /* "-io.*": everything else */
    return (all || list_matches(chosen, name)) && !list_matches(left_out, name);
}

/* Tag expressions. The reader knows the tags of the test, so that it has its value when it comes to the end; without
 * tags it only checks. Where it cannot go on, `wrong` is what was expected and `next` stays at what came instead. */
struct reader {
    struct span next; /* what comes: a word, one parenthesis, or nothing at the end */
    const char *tags;
    const char *wrong;
    int depth;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void advance(struct reader *reader)
{
    const char *at = reader->next.end;
    while (is_blank(*at))
        at++;
    reader->next.at = at;
    if (*at == '(' || *at == ')')
        at++;
    else
        while (*at && !is_blank(*at) && *at != '(' && *at != ')')
            at++;
    reader->next.end = at;
}

static bool next_is(const struct reader *reader, const char *word)
{
    size_t length = (size_t)(reader->next.end - reader->next.at);
    return length == strlen(word) && memcmp(reader->next.at, word, length) == 0;
}

static bool take(struct reader *reader, const char *word)
{
    if (!next_is(reader, word))
        return false;
    advance(reader);
    return true;
}

static bool refuse(struct reader *reader, const char *expected)
{
    if (!reader->wrong)
        reader->wrong = expected;
    return false;
}

static bool read_or(struct reader *reader);

static bool read_operand(struct reader *reader)
{
    bool value;
    if (reader->depth == FILTER_DEPTH_MAX)
        return refuse(reader, "fewer parentheses and nots inside each other");
    reader->depth++;
    if (take(reader, "not")) {
        value = !read_operand(reader);
    } else if (take(reader, "(")) {
        value = read_or(reader);
        if (!reader->wrong && !take(reader, ")"))
            refuse(reader, "\"and\", \"or\" or \")\"");
    } else if (next_is(reader, "") || next_is(reader, ")") || next_is(reader, "and") || next_is(reader, "or")) {
        value = refuse(reader, "a tag, \"not\" or \"(\"");
    } else {
        value = reader->tags &&
                filter_tags_have(reader->tags, reader->next.at, (size_t)(reader->next.end - reader->next.at));
        advance(reader);
    }
    reader->depth--;
    return value;
}

static bool read_and(struct reader *reader)
{
    bool value = read_operand(reader);
    while (!reader->wrong && take(reader, "and"))
        value &= read_operand(reader);
    return value;
}

static bool read_or(struct reader *reader)
{
    bool value = read_and(reader);
    while (!reader->wrong && take(reader, "or"))
        value |= read_and(reader);
    return value;
}

static bool read_expression(struct reader *reader, const char *expression, const char *tags)
{
    *reader = (struct reader){.next = {expression, expression}, .tags = tags};
    advance(reader);
    bool value = read_or(reader);
    if (!reader->wrong && !next_is(reader, ""))
        refuse(reader, "\"and\" or \"or\"");
    return value;
}

int filter_tags_check(const char *expression, struct problem *problem)
{
    struct reader reader;
    read_expression(&reader, expression, NULL);
    if (!reader.wrong)
        return 0;
    if (next_is(&reader, ""))
        return problem_set(problem, EINVAL, "tag expression \"%s\" ends where %s is expected", expression,
                           reader.wrong);
    return problem_set(problem, EINVAL, "tag expression \"%s\" has \"%.*s\" at character %d, where %s is expected",
                       expression, (int)(reader.next.end - reader.next.at), reader.next.at,
                       (int)(reader.next.at - expression) + 1, reader.wrong);
}

bool filter_tags_match(const char *expression, const char *tags)
{
    struct reader reader;
    return read_expression(&reader, expression, tags);
}

bool filter_tags_have(const char *tags, const char *word, size_t length)
{
    while (*tags) {
        size_t found = 0;
        while (tags[found] && !is_blank(tags[found]))
            found++;
        if (found == length && found > 0 && memcmp(tags, word, length) == 0)
            return true;
        tags += found;
        while (is_blank(*tags))
            tags++;
    }
    return false;
}
