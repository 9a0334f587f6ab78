/* SPDX-License-Identifier: BSD-2-Clause */
/* heading.c: see heading.h. */
#include "heading.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int heading_number_nodes(const struct main_rank_settings *settings, int node_of[], const char *names[])
{
    int nodes = 0;
    for (int rank = 0; rank < settings->control->size; rank++) {
        int node = 0;
        while (node < nodes && strcmp(names[node], settings->hosts[rank]) != 0)
            node++;
        if (node == nodes)
            names[nodes++] = settings->hosts[rank];
        node_of[rank] = node;
    }
    return nodes;
}

static bool is_named(const char *text, const char *suite)
{
    size_t length = strlen(suite);
    for (const char *at = text; (at = strstr(at, suite)); at += length)
        if ((at == text || at[-1] == ' ') && (at[length] == ',' || at[length] == '\0'))
            return true;
    return false;
}

/* "heat, spmv, …": the suites in order of the plan, as many as fit. */
static void name_suites(const struct plan *plan, char *text, size_t size)
{
    size_t at = 0;
    text[0] = '\0';
    for (size_t i = 0; i < plan->count; i++) {
        const char *suite = plan->tests[i].suite;
        if ((i > 0 && strcmp(suite, plan->tests[i - 1].suite) == 0) || is_named(text, suite))
            continue;
        if (at + strlen(suite) + sizeof ", , …" > size) {
            snprintf(text + at, size - at, ", …");
            return;
        }
        at += (size_t)snprintf(text + at, size - at, "%s%s", at ? ", " : "", suite);
    }
}

int heading_tell(const struct main_rank_settings *settings, int nodes, const char *const names[])
{
    const struct plan *plan = settings->plan;
    struct event_planned_test *tests = calloc(plan->count ? plan->count : 1, sizeof *tests);
    if (!tests)
        return -ENOMEM;
    for (size_t i = 0; i < plan->count; i++)
        tests[i] = (struct event_planned_test){.name = plan->tests[i].name,
                                               .suite = plan->tests[i].suite,
                                               .file = plan->tests[i].file,
                                               .line = plan->tests[i].line,
                                               .np = plan->tests[i].np,
                                               .timeout = plan->tests[i].timeout,
                                               .tags = plan->tests[i].tags};
    struct timespec time;
    char suites[256];
    name_suites(plan, suites, sizeof suites);
    clock_gettime(CLOCK_REALTIME, &time);
    reporters_run_started(settings->reporters, &(struct event_run_started){.version = MRT_VERSION,
                                                                           .mpi = settings->mpi,
                                                                           .suites = suites,
                                                                           .ranks = settings->control->size,
                                                                           .nodes = nodes,
                                                                           .node_names = names,
                                                                           .shuffled = settings->shuffled,
                                                                           .seed = settings->seed,
                                                                           .time = (double)time.tv_sec + 1e-9 * (double)time.tv_nsec,
                                                                           .tests = tests,
                                                                           .count = plan->count});
    free(tests);
    return 0;
}
