/* SPDX-License-Identifier: BSD-2-Clause */
/* journal_open.c: rank 0 opens its journal: a new one, or the one that it goes on with. See journal_open.h. */
#include "journal_open.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Suites by paths that hold wherever the run is resumed from. */
static int begin(struct journal_file *file, const struct journal_opening *opening)
{
    const struct options *options = opening->options;
    struct timespec now;
    char **suites = calloc(options->suite_count + 1, sizeof *suites);
    if (!suites)
        return -ENOMEM;
    for (size_t i = 0; i < options->suite_count; i++)
        suites[i] = realpath(options->suites[i], NULL);
    clock_gettime(CLOCK_REALTIME, &now);
    int error = journal_begin(file, &(struct journal_run){.version = MRT_VERSION,
                                                          .plan_hash = plan_hash(opening->plan),
                                                          .tests = opening->plan->count,
                                                          .filter = options->filter,
                                                          .tags = options->tags,
                                                          .shuffle = options->shuffle,
                                                          .seed = opening->seed,
                                                          .suites = (const char *const *)suites,
                                                          .suite_count = options->suite_count,
                                                          .time = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec});
    for (size_t i = 0; i < options->suite_count; i++)
        free(suites[i]);
    free(suites);
    return error;
}

static int open_named(const struct journal_opening *opening, struct journal_file **file, struct problem *problem)
{
    if (opening->journal)
        return journal_file_continue(file, opening->path, opening->journal->size, problem);
    int error = journal_file_create(file, opening->options->journal, problem);
    if (!error)
        begin(*file, opening); /* its error is told at the end of the run */
    return error;
}

/* Where nobody asked for a journal, one that cannot be is no reason not to run. */
static void open_unnamed(const struct journal_opening *opening, struct journal_file **file, struct problem *problem)
{
    char *path = journal_new_path(plan_hash(opening->plan), problem);
    if (path && journal_file_create(file, path, problem) == 0)
        begin(*file, opening);
    free(path);
}

int journal_open(const struct journal_opening *opening, struct journal_file **file, struct problem *warning,
                 struct problem *problem)
{
    const char *name = opening->options->journal;
    struct problem words = {""};
    *file = NULL;
    warning->text[0] = '\0';
    if (opening->journal || (name && strcmp(name, "none") != 0))
        return open_named(opening, file, problem);
    if (name)
        return 0;
    open_unnamed(opening, file, &words);
    if (!*file)
        problem_set(warning, EIO, "no journal: %s: this run cannot be resumed (--journal FILE puts it elsewhere, --journal none "
                    "does without)", words.text);
    return 0;
}
