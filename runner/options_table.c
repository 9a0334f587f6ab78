/* SPDX-License-Identifier: BSD-2-Clause */
/* options_table.c: all that is particular to one option: its row, how its value is read, what a wrong value is told.
 *
 * A new option is a row, and where neither a bool nor a string will do, a function. Pure.
 */
#include "options_table.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "text.h"

#define RETRIES_MAX 100
#define N_MAX       1000000 /* ranks: what the backend can do is its own matter */

static options_setter set_timeout, set_slow_timeout, set_global_timeout;
static options_setter set_n, set_list, set_seed, set_maxfail, set_fail_fast, set_verbose, set_quiet,
    set_colour, set_progress, set_durations, set_tap, set_retries, set_journal,
    set_launch, set_start_timeout;

#define FLAG(member)   .flag = 1 + offsetof(struct options, member)
#define STRING(member) .string = 1 + offsetof(struct options, member)

const struct options_row options_table[] = {
    {"mock", .group = OPTIONS_WHERE, FLAG(mock), .family = OPTIONS_FAMILY_BACKEND,
     .help = "run on the mock: no mpiexec, no MPI"},
    {"mpi", .group = OPTIONS_WHERE, FLAG(mpi), .family = OPTIONS_FAMILY_BACKEND,
     .help = "run on the installed MPI; without a launcher as a world of one"},
    {"n", 'n', OPTIONS_VALUE_NEEDED, "N|auto|auto*K|auto/K", .group = OPTIONS_WHERE, .set = set_n,
     .help = "ranks of the mock; auto: usable cores + 1 (rank 0 only hands out); auto*2: twice the cores + 1"},
    {"hostfile", 0, OPTIONS_VALUE_NEEDED, "FILE", .group = OPTIONS_WHERE, STRING(hostfile),
     .help = "virtual nodes of the mock, in Open MPI's or MPICH's form"},

    {"launch", 0, OPTIONS_VALUE_NEEDED, "COMMAND", .group = OPTIONS_WHERE, .set = set_launch,
     .help = "start the job with that ('mpiexec -n 8'), watch it, and start it again with what is left if it dies"},
    {"start-timeout", 0, OPTIONS_VALUE_NEEDED, "S", .group = OPTIONS_WHERE, .set = set_start_timeout,
     .help = "of --launch: seconds in which the job must have begun; 30"},

    {"filter", 0, OPTIONS_VALUE_NEEDED, "PATTERNS", .group = OPTIONS_WHAT, STRING(filter),
     .help = "tests by name: 'halo.*:io.*-*slow' (: or, - but not; * and ? are special)"},
    {"tags", 0, OPTIONS_VALUE_NEEDED, "EXPRESSION", .group = OPTIONS_WHAT, STRING(tags),
     .help = "tests by tag: 'slow and not io'"},
    {"list", 0, OPTIONS_VALUE_OPTIONAL, "text|json", .group = OPTIONS_WHAT, .set = set_list,
     .help = "name the tests that would run, in order; run none"},

    {"shuffle", .group = OPTIONS_HOW, FLAG(shuffle), .help = "random order; the heading tells the seed"},
    {"seed", 0, OPTIONS_VALUE_NEEDED, "N", .group = OPTIONS_HOW, .set = set_seed,
     .help = "the order of that seed (64 bits; implies --shuffle)"},
    {"maxfail", 0, OPTIONS_VALUE_NEEDED, "N", .group = OPTIONS_HOW, .set = set_maxfail,
     .family = OPTIONS_FAMILY_MAXFAIL, .help = "start no test after N did not pass; 0: no limit"},
    {"fail-fast", .group = OPTIONS_HOW, .set = set_fail_fast, .family = OPTIONS_FAMILY_MAXFAIL,
     .help = "the same as --maxfail 1"},
    {"isolate", .group = OPTIONS_HOW, FLAG(isolate),
     .help = "each test in a process of its own, on the mock, also under mpiexec (but .isolate = MRT_NO)"},
    {"timeout", 0, OPTIONS_VALUE_NEEDED, "S", .group = OPTIONS_HOW, .set = set_timeout,
     .help = "seconds for a test that names none of its own (.timeout); 60; 0: no limit"},
    {"slow-timeout", 0, OPTIONS_VALUE_NEEDED, "S", .group = OPTIONS_HOW, .set = set_slow_timeout,
     .help = "say so when a test runs longer than S seconds, and let it go on"},
    {"global-timeout", 0, OPTIONS_VALUE_NEEDED, "S", .group = OPTIONS_HOW, .set = set_global_timeout,
     .help = "end the run after S seconds: what runs has timed out, what waits is not run"},
    {"retries", 0, OPTIONS_VALUE_NEEDED, "N", .group = OPTIONS_HOW, .set = set_retries,
     .help = "run what did not pass again, after everything else, up to N times; passed then: flaky"},
    {"fail-on-skip", .group = OPTIONS_HOW, FLAG(fail_on_skip), .help = "a skipped test makes the exit status 1"},
    {"fail-on-flaky", .group = OPTIONS_HOW, FLAG(fail_on_flaky), .help = "so does one that passed on a retry only"},
    {"strict", .group = OPTIONS_HOW, FLAG(strict),
     .help = "a test that leaves something behind (communicators, messages, processes, a changed environment …) fails"},

    {"verbose", 'v', OPTIONS_VALUE_OPTIONAL, "0|1|2", .group = OPTIONS_CONSOLE, .set = set_verbose,
     .family = OPTIONS_FAMILY_VERBOSITY, .help = "a line for each test as it ends; -vv: also as it starts"},
    {"quiet", 'q', .group = OPTIONS_CONSOLE, .set = set_quiet, .family = OPTIONS_FAMILY_VERBOSITY,
     .help = "only what did not pass, and the summary"},
    {"no-capture", 's', .group = OPTIONS_CONSOLE, FLAG(no_capture),
     .help = "let the tests' output through as it comes"},
    {"color", 0, OPTIONS_VALUE_NEEDED, "auto|always|never", .group = OPTIONS_CONSOLE, .set = set_colour,
     .help = "colours; auto: on a terminal, not under a launcher"},
    {"progress", 0, OPTIONS_VALUE_NEEDED, "auto|always|never", .group = OPTIONS_CONSOLE, .set = set_progress,
     .help = "a line that shows how far the run is; auto: likewise"},
    {"durations", 0, OPTIONS_VALUE_NEEDED, "N", .group = OPTIONS_CONSOLE, .set = set_durations,
     .help = "name the N slowest tests at the end"},

    {"tap", 0, OPTIONS_VALUE_OPTIONAL, "FILE", .group = OPTIONS_REPORTS, .set = set_tap,
     .help = "Test Anything Protocol; without a file: standard output"},
    {"junit", 0, OPTIONS_VALUE_NEEDED, "FILE", .group = OPTIONS_REPORTS, STRING(junit), .help = "JUnit's XML"},
    {"json", 0, OPTIONS_VALUE_NEEDED, "FILE", .group = OPTIONS_REPORTS, STRING(json), .help = "one JSON object a line"},

    {"journal", 0, OPTIONS_VALUE_NEEDED, "FILE", .group = OPTIONS_REPORTS, .set = set_journal,
     .family = OPTIONS_FAMILY_JOURNAL,
     .help = "what ran so far, to go on with; default: in the cache folder; none: no journal"},
    {"resume", 0, OPTIONS_VALUE_NEEDED, "FILE|last", .group = OPTIONS_REPORTS, STRING(resume),
     .family = OPTIONS_FAMILY_JOURNAL,
     .help = "go on with that journal: run what is left, report the whole; last: the last one of these tests"},

    {"help", 'h', .group = OPTIONS_OTHER, FLAG(help), .no_variable = true, .help = "this text"},
    {"version", .group = OPTIONS_OTHER, FLAG(version), .no_variable = true, .help = "print the version"},
};
const size_t options_table_size = sizeof options_table / sizeof options_table[0];

const char *options_quote(struct options_quoted *quoted, const char *string)
{
    struct text text = {0};

    text_add_cut(&text, TEXT_LINE, string, strlen(string), OPTIONS_QUOTED_MAX);
    snprintf(quoted->text, sizeof quoted->text, "%s", text_string(&text));
    text_finish(&text);
    return quoted->text;
}

static bool read_boolean(const char *value, bool *result)
{
    static const char *const words[] = {"no", "yes", "0", "1", "false", "true", "off", "on"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcasecmp(value, words[i]) == 0) {
            *result = i % 2 == 1;
            return true;
        }
    return false;
}

/* Decimal digits only: no sign, no blanks, nothing behind. */
static bool read_number(const char *value, uint64_t least, uint64_t most, uint64_t *result)
{
    uint64_t number = 0;

    if (*value == '\0')
        return false;
    for (; *value; value++) {
        unsigned digit = (unsigned)(unsigned char)*value - '0';

        if (digit > 9 || number > (UINT64_MAX - digit) / 10)
            return false;
        number = 10 * number + digit;
    }
    if (number < least || number > most)
        return false;
    *result = number;
    return true;
}

static int set_flag(struct options *options, const struct options_row *row, const char *value, const char *where,
                    struct problem *problem)
{
    bool *flag = (bool *)((char *)options + row->flag - 1);
    struct options_quoted quoted;

    if (!value)
        *flag = true;
    else if (!read_boolean(value, flag))
        return problem_set(problem, EINVAL, "%s: '%s' is neither yes nor no", where, options_quote(&quoted, value));
    return 0;
}

static int set_n(struct options *options, const char *value, const char *where, struct problem *problem)
{
    uint64_t number = 1;
    struct options_quoted quoted;
    char sign = '\0';

    if (strncmp(value, "auto", 4) == 0) {
        sign = value[4];
        if (sign == '\0' || ((sign == '*' || sign == '/') && read_number(value + 5, 1, N_MAX, &number))) {
            options->n = 0;
            options->n_auto = true;
            options->n_multiply = sign == '*' ? (int)number : 1;
            options->n_divide = sign == '/' ? (int)number : 1;
            return 0;
        }
    } else if (read_number(value, 1, N_MAX, &number)) {
        options->n = (int)number;
        options->n_auto = false;
        options->n_multiply = options->n_divide = 1;
        return 0;
    }
    return problem_set(problem, EINVAL, "%s: '%s' is no number of ranks (1 to %d, auto, auto*2, auto/2)", where,
                       options_quote(&quoted, value), N_MAX);
}

static int set_list(struct options *options, const char *value, const char *where, struct problem *problem)
{
    struct options_quoted quoted;

    if (!value || strcmp(value, "text") == 0)
        options->list = LIST_TEXT;
    else if (strcmp(value, "json") == 0)
        options->list = LIST_JSON;
    else
        return problem_set(problem, EINVAL, "%s: '%s' is neither text nor json", where, options_quote(&quoted, value));
    return 0;
}

static int set_seed(struct options *options, const char *value, const char *where, struct problem *problem)
{
    struct options_quoted quoted;

    if (!read_number(value, 0, UINT64_MAX, &options->seed))
        return problem_set(problem, EINVAL, "%s: '%s' is no seed (a number from 0 to %llu)", where,
                           options_quote(&quoted, value), (unsigned long long)UINT64_MAX);
    options->seed_given = true;
    return 0;
}

static int set_count(int *count, const char *value, const char *where, const char *what, struct problem *problem)
{
    struct options_quoted quoted;
    uint64_t number;

    if (!read_number(value, 0, INT_MAX, &number))
        return problem_set(problem, EINVAL, "%s: '%s' is no number of %s (0 to %d)", where,
                           options_quote(&quoted, value), what, INT_MAX);
    *count = (int)number;
    return 0;
}

/* Up to a thousand years, which fits whatever it is converted to. */
static int set_seconds(double *seconds, const char *value, const char *where, struct problem *problem)
{
    struct options_quoted quoted;
    char *end;
    double number = strtod(value, &end);

    if (!strchr("0123456789.", *value) || end == value || *end || !(number <= 3.2e10))
        return problem_set(problem, EINVAL, "%s: '%s' is no time: give seconds, like 60 or 0.5", where,
                           options_quote(&quoted, value));
    *seconds = number;
    return 0;
}

static int set_timeout(struct options *options, const char *value, const char *where, struct problem *problem)
{
    int error = set_seconds(&options->timeout, value, where, problem);

    if (!error && options->timeout == 0)
        options->timeout = -1;
    return error;
}

static int set_slow_timeout(struct options *options, const char *value, const char *where, struct problem *problem)
{
    return set_seconds(&options->slow_timeout, value, where, problem);
}

static int set_global_timeout(struct options *options, const char *value, const char *where, struct problem *problem)
{
    return set_seconds(&options->global_timeout, value, where, problem);
}

static int set_start_timeout(struct options *options, const char *value, const char *where, struct problem *problem)
{
    int error = set_seconds(&options->start_timeout, value, where, problem);

    if (!error && options->start_timeout == 0)
        return problem_set(problem, EINVAL, "%s: no job begins in 0 seconds", where);
    return error;
}

static int set_launch(struct options *options, const char *value, const char *where, struct problem *problem)
{
    if (value[strspn(value, " \t\n")] == '\0')
        return problem_set(problem, EINVAL, "%s: a command is missing, such as 'mpiexec -n 4'", where);
    options->launch = value;
    return 0;
}

static int set_maxfail(struct options *options, const char *value, const char *where, struct problem *problem)
{
    return set_count(&options->maxfail, value, where, "tests", problem);
}

static int set_fail_fast(struct options *options, const char *value, const char *where, struct problem *problem)
{
    struct options_quoted quoted;
    bool on = true;

    if (value && !read_boolean(value, &on))
        return problem_set(problem, EINVAL, "%s: '%s' is neither yes nor no", where, options_quote(&quoted, value));
    options->maxfail = on ? 1 : 0;
    return 0;
}

static int set_durations(struct options *options, const char *value, const char *where, struct problem *problem)
{
    return set_count(&options->durations, value, where, "tests", problem);
}

static int set_retries(struct options *options, const char *value, const char *where, struct problem *problem)
{
    struct options_quoted quoted;
    uint64_t number;

    if (!read_number(value, 0, RETRIES_MAX, &number))
        return problem_set(problem, EINVAL, "%s: '%s' is no number of retries (0 to %d)", where,
                           options_quote(&quoted, value), RETRIES_MAX);
    options->retries = (int)number;
    return 0;
}

static int set_journal(struct options *options, const char *value, const char *where, struct problem *problem)
{
    if (value[0] == '\0' || strcmp(value, "-") == 0)
        return problem_set(problem, EINVAL, "%s: the journal is a file, or none: name one", where);
    options->journal = value;
    return 0;
}

static int set_verbose(struct options *options, const char *value, const char *where, struct problem *problem)
{
    struct options_quoted quoted;
    uint64_t number;

    if (!value)
        options->verbosity = options->verbosity < 0 ? 1 : options->verbosity < 2 ? options->verbosity + 1 : 2;
    else if (read_number(value, 0, 2, &number))
        options->verbosity = (int)number;
    else
        return problem_set(problem, EINVAL, "%s: '%s' is not 0, 1 or 2", where, options_quote(&quoted, value));
    return 0;
}

static int set_quiet(struct options *options, const char *value, const char *where, struct problem *problem)
{
    struct options_quoted quoted;
    bool on = true;

    if (value && !read_boolean(value, &on))
        return problem_set(problem, EINVAL, "%s: '%s' is neither yes nor no", where, options_quote(&quoted, value));
    options->verbosity = on ? -1 : 0;
    return 0;
}

static int set_when(enum options_when *when, const char *value, const char *where, struct problem *problem)
{
    static const char *const words[] = {[WHEN_AUTO] = "auto", [WHEN_ALWAYS] = "always", [WHEN_NEVER] = "never"};
    struct options_quoted quoted;

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(value, words[i]) == 0) {
            *when = (enum options_when)i;
            return 0;
        }
    return problem_set(problem, EINVAL, "%s: '%s' is not auto, always or never", where, options_quote(&quoted, value));
}

static int set_colour(struct options *options, const char *value, const char *where, struct problem *problem)
{
    return set_when(&options->colour, value, where, problem);
}

static int set_progress(struct options *options, const char *value, const char *where, struct problem *problem)
{
    return set_when(&options->progress, value, where, problem);
}

static int set_tap(struct options *options, const char *value, const char *where, struct problem *problem)
{
    if (value && value[0] == '\0')
        return problem_set(problem, EINVAL, "%s: a file is missing behind the =", where);
    options->tap = value ? value : "-";
    return 0;
}

int options_row_set(const struct options_row *row, struct options *options, const char *value, const char *where,
                    struct problem *problem)
{
    if (row->flag)
        return set_flag(options, row, value, where, problem);
    if (row->set)
        return row->set(options, value, where, problem);
    if (value[0] == '\0' && row->group != OPTIONS_WHAT) /* a file; an empty filter is the filter's matter */
        return problem_set(problem, EINVAL, "%s: the name of a file is missing", where);
    *(const char **)((char *)options + row->string - 1) = value;
    return 0;
}

/* How many letters must be added, left out, changed or swapped with their neighbour to get from a to b; both at most
 * OPTIONS_NAME_MAX long (optimal string alignment). */
static unsigned name_distance(const char *a, const char *b)
{
    unsigned rows[3][OPTIONS_NAME_MAX + 1];
    size_t length = strlen(b), i, j;

    for (j = 0; j <= length; j++)
        rows[0][j] = (unsigned)j;
    for (i = 1; a[i - 1]; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *twice_above = rows[(i + 1) % 3];

        row[0] = (unsigned)i;
        for (j = 1; j <= length; j++) {
            unsigned best = above[j - 1] + (a[i - 1] != b[j - 1]);

            best = above[j] + 1 < best ? above[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && twice_above[j - 2] + 1 < best)
                best = twice_above[j - 2] + 1;
            row[j] = best;
        }
    }
    return rows[(i - 1) % 3][length];
}

const struct options_row *options_nearest(const char *name)
{
    const struct options_row *nearest = NULL;
    size_t length = strlen(name);
    unsigned least = length < 3 ? 1 : 2 + (unsigned)length / 6;

    if (length == 0 || length > OPTIONS_NAME_MAX)
        return NULL;
    for (size_t i = 0; i < options_table_size; i++) {
        unsigned distance;

        if (options_table[i].name[1] == '\0')
            continue;
        if (length >= 3 && strncmp(name, options_table[i].name, length) == 0)
            return &options_table[i];
        distance = name_distance(name, options_table[i].name);
        if (distance <= least && (!nearest || distance < least)) {
            nearest = &options_table[i];
            least = distance;
        }
    }
    return nearest;
}
