/* SPDX-License-Identifier: BSD-2-Clause */
/* report_ranks.c: groups of ranks that said the same; see report_ranks.h.
 *
 * Sorts, so that a test on thousands of ranks costs no comparison of each with each. Pure.
 */
#include "report_ranks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NODES_MAX 16

static int compare_messages(const struct event_rank_result *a, const struct event_rank_result *b)
{
    return a->outcome != b->outcome ? (int)b->outcome - (int)a->outcome : strcmp(a->message, b->message);
}

static int compare_outputs(const struct event_rank_result *a, const struct event_rank_result *b)
{
    if (a->output_size != b->output_size)
        return a->output_size < b->output_size ? -1 : 1;
    return memcmp(a->output, b->output, a->output_size);
}

static int compare_warnings(const struct event_rank_result *a, const struct event_rank_result *b)
{
    return strcmp(a->warnings, b->warnings);
}

static int by_message(const void *a, const void *b)
{
    const struct event_rank_result *const *x = a, *const *y = b;
    int order = compare_messages(*x, *y);

    return order ? order : (*x)->team_rank - (*y)->team_rank;
}

static int by_output(const void *a, const void *b)
{
    const struct event_rank_result *const *x = a, *const *y = b;
    int order = compare_outputs(*x, *y);

    return order ? order : (*x)->team_rank - (*y)->team_rank;
}

static int by_warnings(const void *a, const void *b)
{
    const struct event_rank_result *const *x = a, *const *y = b;
    int order = compare_warnings(*x, *y);

    return order ? order : (*x)->team_rank - (*y)->team_rank;
}

static int groups_by_gravity(const void *a, const void *b)
{
    const struct report_ranks_group *x = a, *y = b;

    if (x->first->outcome != y->first->outcome)
        return (int)y->first->outcome - (int)x->first->outcome;
    return x->team_ranks[0] - y->team_ranks[0];
}

static int groups_by_rank(const void *a, const void *b)
{
    const struct report_ranks_group *x = a, *y = b;

    return x->team_ranks[0] - y->team_ranks[0];
}

/* What each of the ways to group needs. */
static bool says_message(const struct event_rank_result *result)
{
    return result->message && result->message[0];
}

static bool says_output(const struct event_rank_result *result)
{
    return result->output_size > 0;
}

static bool says_warnings(const struct event_rank_result *result)
{
    return result->warnings && result->warnings[0];
}

static const struct {
    bool (*says)(const struct event_rank_result *result);
    int (*compare)(const struct event_rank_result *a, const struct event_rank_result *b);
    int (*sort)(const void *a, const void *b);
    int (*sort_groups)(const void *a, const void *b);
} ways[] = {[REPORT_RANKS_BY_MESSAGE] = {says_message, compare_messages, by_message, groups_by_gravity},
            [REPORT_RANKS_BY_OUTPUT] = {says_output, compare_outputs, by_output, groups_by_rank},
            [REPORT_RANKS_BY_WARNINGS] = {says_warnings, compare_warnings, by_warnings, groups_by_rank}};

int report_ranks_group(struct report_ranks *ranks, const struct event_test_finished *event, enum report_ranks_by by)
{
    size_t size = event->size > 0 ? (size_t)event->size : 0, told = 0, i;
    const struct event_rank_result **sorted = malloc((size + 1) * sizeof *sorted);
    struct report_ranks made = {0};

    made.groups = malloc((size + 1) * sizeof *made.groups);
    made.numbers = malloc((size + 1) * sizeof *made.numbers);
    if (!sorted || !made.groups || !made.numbers) {
        free(sorted);
        report_ranks_finish(&made);
        return -ENOMEM;
    }
    for (i = 0; i < size; i++)
        if (ways[by].says(&event->ranks[i]))
            sorted[told++] = &event->ranks[i];
    qsort(sorted, told, sizeof *sorted, ways[by].sort);
    for (i = 0; i < told; i++) {
        struct report_ranks_group *group = made.groups + made.count - 1;

        if (i == 0 || ways[by].compare(sorted[i - 1], sorted[i]) != 0)
            *(group = made.groups + made.count++) =
                (struct report_ranks_group){.first = sorted[i], .team_ranks = made.numbers + i};
        made.numbers[i] = sorted[i]->team_rank;
        group->count++;
    }
    qsort(made.groups, made.count, sizeof *made.groups, ways[by].sort_groups);
    free(sorted);
    *ranks = made;
    return 0;
}

void report_ranks_finish(struct report_ranks *ranks)
{
    free(ranks->groups);
    free(ranks->numbers);
    *ranks = (struct report_ranks){0};
}

static bool is_member(const struct report_ranks_group *group, int team_rank)
{
    size_t low = 0, high = group->count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (group->team_ranks[middle] == team_rank)
            return true;
        if (group->team_ranks[middle] < team_rank)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

/* The nodes of a group's ranks, or of all (NULL), each once. */
static void add_nodes(struct text *text, const struct event_test_finished *event,
                      const struct report_ranks_group *group, const char *separator)
{
    const char *seen[NODES_MAX];
    size_t count = 0, i;
    int rank;

    for (rank = 0; rank < event->size; rank++) {
        const struct event_rank_result *result = &event->ranks[rank];

        if (!result->node || (group && !is_member(group, result->team_rank)))
            continue;
        for (i = 0; i < count && strcmp(seen[i], result->node) != 0; i++)
            ;
        if (i < count)
            continue;
        if (count == NODES_MAX) {
            text_printf(text, "%sand more", separator);
            return;
        }
        seen[count++] = result->node;
        if (count > 1)
            text_add_string(text, separator);
        text_add_clean(text, TEXT_LINE, result->node, strlen(result->node));
    }
}

void report_ranks_add_names(struct text *text, const struct event_test_finished *event,
                            const struct report_ranks_group *group, bool nodes)
{
    text_add_string(text, group->count == 1 ? "rank " : "ranks ");
    text_add_ranges(text, group->team_ranks, group->count);
    if (nodes) {
        text_add_string(text, " (");
        add_nodes(text, event, group, ", ");
        text_add_string(text, ")");
    }
}

static int compare_numbers(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

void report_ranks_add_run(struct text *text, const struct event_test_finished *event)
{
    size_t size = event->size > 0 ? (size_t)event->size : 0, i;
    int *numbers = malloc((size + 1) * sizeof *numbers);

    if (!numbers) {
        text->failed = true;
        return;
    }
    for (i = 0; i < size; i++)
        numbers[i] = event->ranks[i].rank;
    qsort(numbers, size, sizeof *numbers, compare_numbers);
    text_add_ranges(text, numbers, size);
    free(numbers);
}

void report_ranks_add_nodes(struct text *text, const struct event_test_finished *event, const char *separator)
{
    add_nodes(text, event, NULL, separator);
}

bool report_ranks_any_warnings(const struct event_test_finished *event)
{
    int i;

    for (i = 0; i < event->size; i++)
        if (says_warnings(&event->ranks[i]))
            return true;
    return false;
}

bool report_ranks_tell(const struct report_ranks *groups, const char *message)
{
    size_t i;

    for (i = 0; i < groups->count; i++)
        if (strcmp(groups->groups[i].first->message, message) == 0)
            return true;
    return false;
}
