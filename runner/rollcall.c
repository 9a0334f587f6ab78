/* SPDX-License-Identifier: BSD-2-Clause */
/* rollcall.c: see rollcall.h. */
#include "rollcall.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"

struct group {
    const char *place;
    int first, count; /* in the sorted list of ranks */
    int lowest;       /* rank of the team */
};

static const char *place_of(const struct event_rank_result *rank)
{
    if (rank->place && rank->place[0])
        return rank->place;
    switch (rank->outcome) {
    case OUTCOME_TIMEOUT:
        return "does not answer";
    case OUTCOME_CRASHED:
        return "is gone";
    case OUTCOME_FAILED:
        return "has failed";
    case OUTCOME_NOTRUN:
        return "has left the test";
    default:
        return "has ended the test";
    }
}

static int by_place(const void *a, const void *b)
{
    const struct event_rank_result *const *x = a, *const *y = b;
    int order = strcmp(place_of(*x), place_of(*y));
    return order ? order : (*x)->team_rank - (*y)->team_rank;
}

static bool waits(const struct group *group)
{
    return strncmp(group->place, "waits ", 6) == 0;
}

static int by_size(const void *a, const void *b)
{
    const struct group *x = a, *y = b;
    if (x->count != y->count)
        return y->count - x->count;
    if (waits(x) != waits(y))
        return waits(x) ? -1 : 1; /* who waits is not the odd one */
    return x->lowest - y->lowest;
}

/* "0, 2 to 5, 9" */
static void add_numbers(struct text *text, const struct event_rank_result *const ranks[], int count)
{
    for (int i = 0; i < count;) {
        int end = i + 1;
        while (end < count && ranks[end]->team_rank == ranks[end - 1]->team_rank + 1)
            end++;
        if (end - i < 3)
            end = i + 1;
        text_printf(text, "%s%d", i > 0 ? ", " : "", ranks[i]->team_rank);
        if (end - i > 1)
            text_printf(text, " to %d", ranks[end - 1]->team_rank);
        i = end;
    }
}

/* "waits in …" becomes "wait in …". */
static void add_plural(struct text *text, const char *place)
{
    static const char *const verbs[][2] = {{"is ", "are "}, {"has ", "have "}, {"does ", "do "}, {"waits ", "wait "}};
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        size_t length = strlen(verbs[i][0]);
        if (strncmp(place, verbs[i][0], length) == 0) {
            text_printf(text, "%s%s", verbs[i][1], place + length);
            return;
        }
    }
    text_add_string(text, place);
}

static void add_group(struct text *text, const struct group *group, const struct event_rank_result *const ranks[], int size)
{
    if (group->count == size) {
        text_printf(text, size == 2 ? "both ranks " : "all %d ranks ", size);
    } else {
        text_add_string(text, group->count == 1 ? "rank " : "ranks ");
        add_numbers(text, ranks + group->first, group->count);
        text_add_string(text, " ");
    }
    if (group->count == 1)
        text_add_string(text, group->place);
    else
        add_plural(text, group->place);
}

static char *write_sentence(struct group groups[], int count, const struct event_rank_result *const ranks[], int size)
{
    struct text text = {0};
    int left = size;
    qsort(groups, (size_t)count, sizeof *groups, by_size);
    for (int i = 0; i < count && i < ROLLCALL_PLACES_MAX; i++) {
        text_add_string(&text, i > 0 ? "; " : "");
        add_group(&text, &groups[i], ranks, size);
        left -= groups[i].count;
    }
    if (left > 0)
        text_printf(&text, "; %d more rank%s in other places", left, left == 1 ? " is" : "s are");
    char *sentence = text.failed ? NULL : strdup(text_string(&text));
    text_finish(&text);
    return sentence;
}

char *rollcall_sentence(const struct event_rank_result ranks[], int size)
{
    if (size < 2)
        return NULL;
    const struct event_rank_result **sorted = malloc((size_t)size * sizeof *sorted);
    struct group *groups = malloc((size_t)size * sizeof *groups);
    char *sentence = NULL;
    int count = 0;
    if (sorted && groups) {
        for (int i = 0; i < size; i++)
            sorted[i] = &ranks[i];
        qsort(sorted, (size_t)size, sizeof *sorted, by_place);
        for (int i = 0; i < size; i++) {
            if (i == 0 || strcmp(place_of(sorted[i]), place_of(sorted[i - 1])) != 0)
                groups[count++] = (struct group){.place = place_of(sorted[i]), .first = i, .lowest = sorted[i]->team_rank};
            groups[count - 1].count++;
        }
        sentence = write_sentence(groups, count, sorted, size);
    }
    free(groups);
    free(sorted);
    return sentence;
}
