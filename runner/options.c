/* SPDX-License-Identifier: BSD-2-Clause */
/* options.c: reads the command line and its environment variables; see options.h. What single options are is said by
 * the table (options_table.c).
 *
 * Arguments are read first, then the environment for what they leave open. A mistake in either is one sentence that
 * names the option or the variable as the user wrote it. Pure but for reading environ.
 */
#include "options.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options_table.h"
#include "text.h"

#define VARIABLE_PREFIX "MPIRUN_TESTS_"
#define HELP_COLUMNS    96
#define HELP_LEFT       30 /* columns of the names */

/* Variables of our prefix that are no options: CMake's find_package(mpirun_tests) looks at the first, and all are names
 * that build scripts like to give. */
static const char *const other_variables[] = {"ROOT", "DIR", "VERSION"};

static const char *const group_titles[] = {
    [OPTIONS_WHERE] = "Where",
    [OPTIONS_WHAT] = "What",
    [OPTIONS_HOW] = "How",
    [OPTIONS_CONSOLE] = "Console",
    [OPTIONS_REPORTS] = "Reports (- is standard output)",
    [OPTIONS_OTHER] = "Other",
};
_Static_assert(sizeof group_titles / sizeof group_titles[0] == OPTIONS_GROUP_COUNT, "every group has a title");

static int unknown_option(const char *argument, struct problem *problem)
{
    const char *name = argument + strspn(argument, "-");
    char given[OPTIONS_NAME_MAX + 2];
    struct options_quoted quoted;
    const struct options_row *nearest;

    snprintf(given, sizeof given, "%.*s", (int)strcspn(name, "="), name);
    nearest = options_nearest(given);
    if (nearest)
        return problem_set(problem, EINVAL, "%s: no such option; did you mean --%s?", options_quote(&quoted, argument),
                           nearest->name);
    return problem_set(problem, EINVAL, "%s: no such option; --help names them all", options_quote(&quoted, argument));
}

/* What is known while options are read. */
struct reading {
    struct options *options;
    int argc, next; /* the argument to be read next */
    char *const *argv;
    bool *given; /* [options_table_size] what the arguments said */
};

/* Marks the row, and what stands for the same, as said by the arguments. */
static void mark_given(struct reading *reading, const struct options_row *row)
{
    for (size_t i = 0; i < options_table_size; i++)
        if (&options_table[i] == row || (row->family != OPTIONS_FAMILY_NONE && options_table[i].family == row->family))
            reading->given[i] = true;
}

/* The value of a row that needs one, from the next argument. */
static int next_value(struct reading *reading, const struct options_row *row, const char *where, const char **value,
                      struct problem *problem)
{
    struct options_quoted quoted;

    if (reading->next == reading->argc)
        return problem_set(problem, EINVAL, "%s: a value is missing: %s %s", where, where, row->value_name);
    if (strncmp(reading->argv[reading->next], "--", 2) == 0) /* "-*slow" is a filter, "--shuffle" a value forgotten */
        return problem_set(problem, EINVAL, "%s: a value is missing before %s (or write %s%s…)", where,
                           options_quote(&quoted, reading->argv[reading->next]), where, row->name[1] ? "=" : "");
    *value = reading->argv[reading->next++];
    return 0;
}

static int read_long(struct reading *reading, const char *argument, struct problem *problem)
{
    const char *name = argument + 2, *value = strchr(name, '=');
    size_t length = value ? (size_t)(value - name) : strlen(name);
    char where[OPTIONS_NAME_MAX + 4];
    int error = 0;
    size_t i;

    for (i = 0; i < options_table_size; i++)
        if (strlen(options_table[i].name) == length && length > 1 && strncmp(options_table[i].name, name, length) == 0)
            break;
    if (i == options_table_size)
        return unknown_option(argument, problem);
    snprintf(where, sizeof where, "--%s", options_table[i].name);
    value = value ? value + 1 : NULL;
    if (!value && options_table[i].value == OPTIONS_VALUE_NEEDED)
        error = next_value(reading, &options_table[i], where, &value, problem);
    if (!error)
        error = options_row_set(&options_table[i], reading->options, value, where, problem);
    mark_given(reading, &options_table[i]);
    return error;
}

/* Letters in one argument: -vs, -n4, -n 4. */
static int read_letters(struct reading *reading, const char *argument, struct problem *problem)
{
    const char *letter;

    for (letter = argument + 1; *letter; letter++) {
        const char *value = NULL;
        char where[] = {'-', *letter, '\0'};
        int error = 0;
        size_t i;

        for (i = 0; i < options_table_size && options_table[i].letter != *letter; i++)
            ;
        if (i == options_table_size)
            return unknown_option(argument, problem);
        if (options_table[i].value == OPTIONS_VALUE_NEEDED && letter[1])
            value = letter + 1;
        else if (options_table[i].value == OPTIONS_VALUE_NEEDED)
            error = next_value(reading, &options_table[i], where, &value, problem);
        if (!error)
            error = options_row_set(&options_table[i], reading->options, value, where, problem);
        mark_given(reading, &options_table[i]);
        if (error || value)
            return error;
    }
    return 0;
}

static int read_arguments(struct reading *reading, struct problem *problem)
{
    bool options_ended = false;

    while (reading->next < reading->argc) {
        const char *argument = reading->argv[reading->next++];
        int error = 0;

        if (options_ended || argument[0] != '-' || argument[1] == '\0')
            reading->options->suites[reading->options->suite_count++] = argument;
        else if (strcmp(argument, "--") == 0)
            options_ended = true;
        else if (argument[1] == '-')
            error = read_long(reading, argument, problem);
        else
            error = read_letters(reading, argument, problem);
        if (error)
            return error;
    }
    return 0;
}

/* "fail-on-skip" is FAIL_ON_SKIP in the environment. */
static void variable_name(const char *name, char variable[OPTIONS_NAME_MAX + 1])
{
    size_t i;

    for (i = 0; name[i]; i++)
        variable[i] = name[i] == '-' ? '_' : (char)(name[i] - 'a' + 'A');
    variable[i] = '\0';
}

static int unknown_variable(const char *name, size_t length, struct problem *problem)
{
    char lower[OPTIONS_NAME_MAX + 2], variable[OPTIONS_NAME_MAX + 1], whole[OPTIONS_QUOTED_MAX];
    struct options_quoted quoted;
    const struct options_row *nearest;
    size_t i;

    snprintf(whole, sizeof whole, VARIABLE_PREFIX "%.*s", (int)length, name);
    for (i = 0; i < length && i < sizeof lower - 1; i++)
        lower[i] = name[i] == '_' ? '-' : name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] - 'A' + 'a') : name[i];
    lower[i] = '\0';
    nearest = options_nearest(lower);
    if (!nearest || nearest->no_variable)
        return problem_set(problem, EINVAL, "%s in the environment stands for no option; unset it",
                           options_quote(&quoted, whole));
    variable_name(nearest->name, variable);
    return problem_set(problem, EINVAL,
                       "%s in the environment stands for no option; did you mean " VARIABLE_PREFIX "%s?",
                       options_quote(&quoted, whole), variable);
}

/* One variable: `name` without our prefix. An empty value counts as unset. */
static int read_variable(struct reading *reading, const char *name, struct problem *problem)
{
    const char *value = strchr(name, '=');
    char variable[OPTIONS_NAME_MAX + 1], where[OPTIONS_NAME_MAX + sizeof VARIABLE_PREFIX];
    size_t length = value ? (size_t)(value - name) : 0, i;

    if (!value || value[1] == '\0')
        return 0;
    value++;
    for (i = 0; i < sizeof other_variables / sizeof other_variables[0]; i++)
        if (strlen(other_variables[i]) == length && strncmp(other_variables[i], name, length) == 0)
            return 0;
    for (i = 0; i < options_table_size; i++) {
        variable_name(options_table[i].name, variable);
        if (!options_table[i].no_variable && strlen(variable) == length && strncmp(variable, name, length) == 0)
            break;
    }
    if (i == options_table_size)
        return unknown_variable(name, length, problem);
    snprintf(where, sizeof where, VARIABLE_PREFIX "%s", variable);
    return reading->given[i] ? 0 : options_row_set(&options_table[i], reading->options, value, where, problem);
}

static int read_environment(struct reading *reading, struct problem *problem)
{
    size_t prefix = strlen(VARIABLE_PREFIX), i;

    for (i = 0; environ && environ[i]; i++) {
        int error = strncmp(environ[i], VARIABLE_PREFIX, prefix) == 0
                        ? read_variable(reading, environ[i] + prefix, problem)
                        : 0;

        if (error)
            return error;
    }
    return 0;
}

/* What no single option can see. */
static int check_together(struct options *options, const struct reading *reading, struct problem *problem)
{
    const struct {
        const char *name, *path;
    } reports[] = {{"tap", options->tap}, {"junit", options->junit}, {"json", options->json}};
    size_t i, j;

    for (i = 0; i < 3; i++)
        for (j = i + 1; j < 3; j++)
            if (reports[i].path && reports[j].path && strcmp(reports[i].path, reports[j].path) == 0)
                return problem_set(problem, EINVAL, "--%s and --%s both write to %s; give one of them another file",
                                   reports[i].name, reports[j].name,
                                   strcmp(reports[i].path, "-") == 0 ? "standard output" : "one file");
    if (options->mock && options->mpi)
        return problem_set(problem, EINVAL, "--mock and --mpi contradict each other; leave one out");
    if (options->launch && options->mock)
        return problem_set(problem, EINVAL, "--launch starts a job of MPI's, --mock needs none; leave one out");
    if (options->launch && (options->n > 0 || options->n_auto))
        return problem_set(problem, EINVAL, "-n is for the mock; with --launch give the number of ranks to the launcher: "
                                            "--launch 'mpiexec -n 4'");
    if (options->resume && options->journal && strcmp(options->resume, options->journal) != 0)
        return problem_set(problem, EINVAL,
                           "--resume goes on in the journal that it names; leave out --journal, or give it the same file");
    /* A seed asks for its order, unless --shuffle=no says otherwise. */
    for (i = 0; i < options_table_size; i++)
        if (strcmp(options_table[i].name, "shuffle") == 0 && options->seed_given && !reading->given[i])
            options->shuffle = true;
    return 0;
}

int options_parse(struct options *options, int argc, char *const argv[], struct problem *problem)
{
    struct options parsed = {.n_multiply = 1, .n_divide = 1, .start_timeout = 30};
    struct reading reading = {.options = &parsed, .argc = argc, .next = 1, .argv = argv};
    int error;

    parsed.suites = calloc(argc > 0 ? (size_t)argc : 1, sizeof *parsed.suites);
    reading.given = calloc(options_table_size, sizeof *reading.given);
    if (!parsed.suites || !reading.given)
        error = problem_set(problem, ENOMEM, "out of memory while the command line is read");
    else
        error = read_arguments(&reading, problem);
    /* Help is also for those who have a wrong variable. */
    if (!error && !parsed.help && !parsed.version)
        error = read_environment(&reading, problem);
    if (!error)
        error = check_together(&parsed, &reading, problem);
    free(reading.given);
    if (error) {
        options_finish(&parsed);
        return error;
    }
    *options = parsed;
    return 0;
}

int options_set_suites(struct options *options, const char *const suites[], size_t count)
{
    const char **copy = calloc(count + 1, sizeof *copy);

    if (!copy)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++)
        copy[i] = suites[i];
    free(options->suites);
    options->suites = copy;
    options->suite_count = count;
    return 0;
}

void options_finish(struct options *options)
{
    free(options->suites);
    options->suites = NULL;
    options->suite_count = 0;
}

/* Adds words in lines of HELP_COLUMNS, the first behind what is there, the others below it. */
static void add_wrapped(struct text *text, size_t column, const char *words)
{
    size_t indent = column;

    while (*words) {
        size_t length = strcspn(words, " ");

        if (column + length > HELP_COLUMNS) {
            text_printf(text, "\n%*s", (int)indent, "");
            column = indent;
        }
        text_add(text, words, length);
        column += length + 1;
        words += length;
        if (*words == ' ') {
            words++;
            if (column + strcspn(words, " ") <= HELP_COLUMNS)
                text_add(text, " ", 1);
        }
    }
    text_add(text, "\n", 1);
}

static void add_row(struct text *text, const struct options_row *row)
{
    size_t start = text->size, width;

    if (row->name[1] == '\0')
        text_printf(text, "  -%c", row->letter);
    else if (row->letter)
        text_printf(text, "  -%c, --%s", row->letter, row->name);
    else
        text_printf(text, "      --%s", row->name);
    if (row->value == OPTIONS_VALUE_OPTIONAL)
        text_printf(text, "[=%s]", row->value_name);
    else if (row->value == OPTIONS_VALUE_NEEDED)
        text_printf(text, " %s", row->value_name);
    width = text->size - start;
    if (width + 2 > HELP_LEFT) {
        text_add(text, "\n", 1);
        width = 0;
    }
    text_printf(text, "%*s", (int)(HELP_LEFT - width), "");
    add_wrapped(text, HELP_LEFT, row->help);
}

char *options_help(const char *program)
{
    struct text text = {0};

    text_printf(&text,
                "Usage: %s [OPTION…] [SUITE.so…]\n"
                "       mpiexec -n N %s [OPTION…] [SUITE.so…]\n"
                "Runs tests of MPI code: one job for all, whatever number of ranks each of them wants.\n",
                program, program);
    for (int group = 0; group < OPTIONS_GROUP_COUNT; group++) {
        text_printf(&text, "\n%s:\n", group_titles[group]);
        for (size_t i = 0; i < options_table_size; i++)
            if ((int)options_table[i].group == group)
                add_row(&text, &options_table[i]);
    }
    text_printf(
        &text,
        "\nOptions without a value also take =yes or =no. Each option but --help and --version has a variable,\n"
        "such as MPIRUN_TESTS_FAIL_ON_SKIP=yes or MPIRUN_TESTS_N=4; the command line wins.\n"
        "Exit status: 0 all passed, 1 some did not, 2 interrupted, 3 internal error, 4 wrong usage, 5 no tests,\n"
        "6 the job died (--launch).\n"
        "\nExamples:\n"
        "  mpiexec -n 8 %s                      all tests, on up to 8 ranks each\n"
        "  %s --mock -n 4                       the same tests without MPI\n"
        "  %s --mock --filter 'halo.*' -v       one suite, a line for each test\n"
        "  mpiexec -n 8 %s --junit results.xml  for a build server\n",
        program, program, program, program);
    if (text.failed) {
        text_finish(&text);
        return NULL;
    }
    return text.bytes;
}
