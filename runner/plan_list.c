/* SPDX-License-Identifier: BSD-2-Clause */
/* plan_list.c: see plan_list.h. JSON by jansson, which escapes. */
#include "plan_list.h"

#include <math.h>
#include <string.h>

#include "expect.h"

#ifdef HAVE_JANSSON
#include <jansson.h>
#endif

#define COLUMN_MAX 60 /* a longer name moves its own line only */

static void list_text(const struct plan *plan, FILE *stream)
{
    size_t widest = 0;
    for (size_t i = 0; i < plan->count; i++) {
        size_t width = strlen(plan->tests[i].name);
        if (width > widest && width <= COLUMN_MAX)
            widest = width;
    }
    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_test *test = &plan->tests[i];
        fprintf(stream, "%-*s  ", (int)widest, test->name);
        if (test->np == MRT_NP_ALL)
            fputs("all ranks", stream);
        else
            fprintf(stream, "%d rank%s", test->np, test->np == 1 ? "" : "s");
        fprintf(stream, "%s%s\n", test->tags[0] ? "  " : "", test->tags);
    }
}

#ifdef HAVE_JANSSON
/* Paths may hold any byte; JSON is UTF-8. */
static json_t *make_string(const char *text)
{
    json_t *string = json_string(text);
    if (string)
        return string;
    char copy[4096];
    size_t length = 0;
    for (; text[length] && length < sizeof copy - 1; length++)
        copy[length] = (unsigned char)text[length] < 128 ? text[length] : '?';
    copy[length] = '\0';
    return json_string(copy);
}

static json_t *make_tags(const char *tags)
{
    json_t *array = json_array();
    for (const char *word = tags; *word;) {
        size_t length = strcspn(word, " ");
        char copy[256];
        snprintf(copy, sizeof copy, "%.*s", length < sizeof copy ? (int)length : (int)sizeof copy - 1, word);
        if (json_array_append_new(array, make_string(copy)) < 0) {
            json_decref(array);
            return NULL;
        }
        word += length + strspn(word + length, " ");
    }
    return array;
}

static json_t *make_expect(const struct mrt_expect *expect)
{
    char words[64];
    expect_words(expect, words, sizeof words);
    return expect->end_ == MRT_END_ANY_ ? json_null() : json_string(words);
}

static json_t *make_test(const struct plan *plan, const struct plan_test *test)
{
    /* "o" takes over the value also on failure; NULL makes the whole NULL. */
    return json_pack("{s:o, s:o, s:o, s:i, s:o, s:i, s:b, s:o, s:o, s:o, s:o, s:i}", "name", make_string(test->name), "suite",
                     make_string(test->suite), "np",
                     test->np == MRT_NP_ALL ? json_string("all") : json_integer(test->np), "case", test->case_number,
                     "timeout", test->timeout < 0 || isinf(test->timeout) ? json_null() : json_real(test->timeout),
                     "priority", test->priority, "isolated", test->isolated, "expect", make_expect(&test->expect), "tags", make_tags(test->tags), "unit",
                     test->unit < 0 ? json_null() : make_string(plan->units[test->unit].name), "file",
                     make_string(test->file), "line", test->line);
}

static int list_json(const struct plan *plan, FILE *stream, struct problem *problem)
{
    json_t *tests = json_array(), *document = json_pack("{s:o}", "tests", tests);
    int error = document ? 0 : -ENOMEM;
    for (size_t i = 0; i < plan->count && !error; i++)
        if (json_array_append_new(tests, make_test(plan, &plan->tests[i])) < 0)
            error = -ENOMEM;
    if (error)
        problem_set(problem, ENOMEM, "out of memory while the tests were listed");
    else if (json_dumpf(document, stream, JSON_INDENT(1) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(15)) == 0)
        fputc('\n', stream);
    json_decref(document);
    return error;
}
#else
static int list_json(const struct plan *plan, FILE *stream, struct problem *problem)
{
    (void)plan;
    (void)stream;
    return problem_set(
        problem, ENOTSUP,
        "--list=json: this program was built without jansson; build it where libjansson-dev is installed");
}
#endif

int plan_list(const struct plan *plan, bool json, FILE *stream, struct problem *problem)
{
    if (json) {
        int error = list_json(plan, stream, problem);
        if (error)
            return error;
    } else {
        list_text(plan, stream);
    }
    if (fflush(stream) != 0 || ferror(stream))
        return problem_set(problem, EIO, "the list of tests cannot be written: %s", strerror(errno));
    return 0;
}
