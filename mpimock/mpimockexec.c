/* SPDX-License-Identifier: BSD-2-Clause */
/* mpimockexec.c: runs any MPI program on the mock, as mpiexec does on a real MPI.
 *
 * The command line is a table; help comes from it. A mistake is one sentence and status 4.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "launch.h"

#define STATUS_USAGE    4
#define STATUS_INTERNAL 3

#ifndef MPIMOCK_VERSION_TEXT
#define MPIMOCK_VERSION_TEXT "(built without a version)"
#endif

struct options {
    int n;
    const char *hostfile;
    char *const *program;
    bool help, version;
};

struct option {
    const char *names[2];
    const char *value;       /* what it is called; NULL: it has none */
    const char *environment; /* the variable that it sets */
    const char *help;        /* NULL: accepted for mpiexec's sake, and nothing to be said of it */
};

enum {
    OPTION_N,
    OPTION_HOSTFILE,
    OPTION_SENDS,
    OPTION_SEED,
    OPTION_HELP,
    OPTION_VERSION,
    OPTION_OVERSUBSCRIBE,
    OPTION_QUIET,
    OPTION_COUNT
};

static const struct option table[OPTION_COUNT] = {
    [OPTION_N] = {{"-n", "-np"}, "N", NULL, "ranks, from 1 to 1024 (default: the hostfile's slots, else 1)"},
    [OPTION_HOSTFILE] = {{"--hostfile", "-f"}, "FILE", NULL, "lay the ranks out on virtual nodes"},
    [OPTION_SENDS] = {{"--mock-sends", NULL},
                      "HOW",
                      "MPIMOCK_SENDS",
                      "eager: standard sends never wait; sync: they wait for their receiver; random: by the seed"},
    [OPTION_SEED] = {{"--mock-seed", NULL}, "N", "MPIMOCK_SEED", "for what is drawn at random"},
    [OPTION_HELP] = {{"--help", "-h"}, NULL, NULL, "this text"},
    [OPTION_VERSION] = {{"--version", "-V"}, NULL, NULL, "the version"},
    [OPTION_OVERSUBSCRIBE] = {{"--oversubscribe", NULL}, NULL, NULL, NULL},
    [OPTION_QUIET] = {{"-q", "--quiet"}, NULL, NULL, NULL},
};

/* The option of that name, with or without `=value` behind it; OPTION_COUNT: none. */
static int find_option(const char *word, const char **value)
{
    for (int i = 0; i < OPTION_COUNT; i++)
        for (int j = 0; j < 2; j++) {
            const char *name = table[i].names[j];
            size_t length = name == NULL ? 0 : strlen(name);
            if (length == 0 || strncmp(word, name, length) != 0)
                continue;
            if (word[length] == '\0') {
                *value = NULL;
                return i;
            }
            if (word[length] == '=' && name[1] == '-' && table[i].value != NULL) {
                *value = word + length + 1;
                return i;
            }
        }
    return OPTION_COUNT;
}

static int parse_n(const char *text, int *n, struct problem *problem)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || errno != 0)
        return problem_set(problem, EINVAL, "-n %.40s: not a number of ranks", text);
    if (value < 1 || value > MPIMOCK_RANKS_MAX)
        return problem_set(problem, EINVAL, "-n %ld: the mock has from 1 to %d ranks", value, MPIMOCK_RANKS_MAX);
    *n = (int)value;
    return 0;
}

static int apply(struct options *options, int option, const char *value, struct problem *problem)
{
    switch (option) {
    case OPTION_N:
        return parse_n(value, &options->n, problem);
    case OPTION_HOSTFILE:
        options->hostfile = value;
        return 0;
    case OPTION_HELP:
        options->help = true;
        return 0;
    case OPTION_VERSION:
        options->version = true;
        return 0;
    default:
        if (table[option].environment != NULL && setenv(table[option].environment, value, 1) != 0)
            return problem_set(problem, errno, "cannot set %s: %s", table[option].environment, strerror(errno));
        return 0;
    }
}

static int parse(struct options *options, char *const words[], struct problem *problem)
{
    int i = 1, error = 0;
    for (; words[i] != NULL && words[i][0] == '-' && error == 0; i++) {
        const char *value = NULL;
        if (strcmp(words[i], "--") == 0) {
            i++;
            break;
        }
        int option = find_option(words[i], &value);
        if (option == OPTION_COUNT)
            return problem_set(problem, EINVAL, "unknown option %.60s (--help lists them)", words[i]);
        if (table[option].value != NULL && value == NULL) {
            value = words[++i];
            if (value == NULL)
                return problem_set(problem, EINVAL, "%s needs a value: %s %s", words[i - 1], words[i - 1],
                                   table[option].value);
        }
        error = apply(options, option, value, problem);
    }
    options->program = words + i;
    if (error == 0 && words[i] == NULL && !options->help && !options->version)
        error = problem_set(problem, EINVAL, "no program is named: mpimockexec -n 4 PROGRAM ARGUMENTS…");
    return error;
}

static void print_help(void)
{
    puts("Usage: mpimockexec [-n N] [options] PROGRAM ARGUMENTS…\n"
         "Runs an MPI program, compiled with any mpicc, on the mock: N ranks on this machine, without MPI.\n");
    for (int i = 0; i < OPTION_COUNT; i++) {
        char left[64];
        const struct option *option = &table[i];
        if (option->help == NULL)
            continue;
        snprintf(left, sizeof left, "%s%s%s%s%s", option->names[0], option->names[1] != NULL ? ", " : "",
                 option->names[1] != NULL ? option->names[1] : "", option->value != NULL ? " " : "",
                 option->value != NULL ? option->value : "");
        printf("  %-24s %s\n", left, option->help);
    }
    puts("\nExit status: the first rank's that is not 0, 128 + the signal that ended one, what MPI_Abort was given;\n"
         "1 after a deadlock, 4 wrong usage, 127 the program was not found.");
}

static int run(const struct options *options, struct problem *problem)
{
    struct hostfile hostfile = {NULL, 0};
    int n = options->n;
    if (options->hostfile != NULL && hostfile_read(&hostfile, options->hostfile, problem) != 0)
        return -EINVAL;
    if (n == 0)
        n = options->hostfile != NULL ? hostfile_slots(&hostfile) : 1;
    int status = mpimock_launch(&(struct mpimock_launch){.n = n,
                                                         .nodes = options->hostfile != NULL ? &hostfile : NULL,
                                                         .program = options->program},
                                problem);
    hostfile_finish(&hostfile);
    return status;
}

int main(int argc, char *argv[])
{
    struct options options = {.n = 0};
    struct problem problem = {""};
    (void)argc;
    int status = parse(&options, argv, &problem);
    if (status == 0 && options.help) {
        print_help();
        return 0;
    }
    if (status == 0 && options.version) {
        puts("mpimockexec " MPIMOCK_VERSION_TEXT);
        return 0;
    }
    if (status == 0)
        status = run(&options, &problem);
    if (status >= 0)
        return status & 0xff;
    fprintf(stderr, "mpimockexec: %s\n", problem.text);
    return status == -EINVAL ? STATUS_USAGE : STATUS_INTERNAL;
}
