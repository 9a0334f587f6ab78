/* SPDX-License-Identifier: BSD-2-Clause */
/* job_split.c: the words of a command; see job.h. */
#include "job.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void job_words_free(char **words)
{
    for (size_t i = 0; words && words[i]; i++)
        free(words[i]);
    free(words);
}

/* Reads the word at *at into `word`, which has room for all that is left. False: a quote has no end. */
static bool read_word(const char **at, char *word)
{
    char quote = '\0';
    const char *from = *at;
    for (; *from && (quote || !strchr(" \t\n", *from)); from++) {
        if (quote ? *from == quote : *from == '\'' || *from == '"')
            quote = quote ? '\0' : *from;
        else if (*from == '\\' && from[1] && quote != '\'' && (!quote || strchr("\"\\", from[1])))
            *word++ = *++from;
        else
            *word++ = *from;
    }
    *word = '\0';
    *at = from;
    return quote == '\0';
}

int job_split(const char *command, char ***words, struct problem *problem)
{
    size_t length = strlen(command), count = 0;
    char **found = calloc(length / 2 + 2, sizeof *found), *word = malloc(length + 1);
    int error = found && word ? 0 : problem_set(problem, ENOMEM, "out of memory");
    for (const char *at = command; !error;) {
        at += strspn(at, " \t\n");
        if (!*at)
            break;
        if (!read_word(&at, word))
            error = problem_set(problem, EINVAL, "--launch: a quote has no end in: %.200s", command);
        else if (!(found[count] = strdup(word)))
            error = problem_set(problem, ENOMEM, "out of memory");
        else
            count++;
    }
    if (!error && count == 0)
        error = problem_set(problem, EINVAL, "--launch: a command is missing, such as 'mpiexec -n 4'");
    free(word);
    if (error)
        job_words_free(found);
    else
        *words = found;
    return error;
}
