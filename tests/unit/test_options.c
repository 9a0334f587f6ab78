/* SPDX-License-Identifier: BSD-2-Clause */
/* test_options.c: every form of every option is read, every mistake is one sentence that names what the user wrote. */
#include <errno.h>
#include <inttypes.h>

#include "../../runner/options.h"
#include "../../runner/options_table.h"
#include "report_events.h"

#define ARGUMENTS_MAX 16

static int parse_array(struct options *options, struct problem *problem, int argc, const char *const arguments[])
{
    problem->text[0] = '\0';
    return options_parse(options, argc, (char *const *)arguments, problem);
}
/* The program's name and these arguments. */
#define PARSE(options, problem, ...)                                                                                   \
    parse_array(options, problem, (int)(sizeof((const char *[]){"p", __VA_ARGS__}) / sizeof(char *)),                  \
                (const char *const[]){"p", __VA_ARGS__})

#define ACCEPT(options, ...)                                                                                           \
    do {                                                                                                               \
        struct problem problem_;                                                                                       \
        if (PARSE(options, &problem_, __VA_ARGS__) != 0)                                                               \
            fail_msg("refused: %s", problem_.text);                                                                    \
    } while (0)
#define REFUSE(sentence, ...)                                                                                          \
    do {                                                                                                               \
        struct problem problem_;                                                                                       \
        struct options options_;                                                                                       \
        assert_int_equal(PARSE(&options_, &problem_, __VA_ARGS__), -EINVAL);                                           \
        assert_string_equal(problem_.text, sentence);                                                                  \
    } while (0)

static int clean_environment(void **state)
{
    (void)state;
    for (size_t i = 0; environ[i];) {
        char name[256];

        snprintf(name, sizeof name, "%.*s", (int)strcspn(environ[i], "="), environ[i]);
        if (strncmp(name, "MPIRUN_TESTS_", 13) == 0)
            unsetenv(name);
        else
            i++;
    }
    return 0;
}

static void nothing_given_is_the_default(void **state)
{
    struct options options;
    struct problem problem;

    (void)state;
    assert_int_equal(parse_array(&options, &problem, 1, (const char *const[]){"p"}), 0);
    assert_false(options.mock || options.mpi || options.shuffle || options.seed_given || options.n_auto);
    assert_int_equal(options.n, 0);
    assert_int_equal(options.n_multiply, 1);
    assert_int_equal(options.n_divide, 1);
    assert_int_equal(options.verbosity, 0);
    assert_int_equal(options.colour, WHEN_AUTO);
    assert_int_equal(options.list, LIST_NO);
    assert_null(options.filter);
    assert_null(options.tap);
    assert_int_equal(options.suite_count, 0);
    options_finish(&options);
    assert_int_equal(parse_array(&options, &problem, 0, (const char *const[]){NULL}), 0);
    options_finish(&options);
}

static void values_come_behind_a_blank_or_an_equals_sign(void **state)
{
    struct options options;

    (void)state;
    ACCEPT(&options, "--filter", "-*slow", "--tags=a=b", "--junit", "-", "--json=x.json",
           "--durations=10", "--maxfail", "3", "--hostfile", "hosts");
    assert_string_equal(options.filter, "-*slow");
    assert_string_equal(options.tags, "a=b");
    assert_string_equal(options.junit, "-");
    assert_string_equal(options.json, "x.json");
    assert_string_equal(options.hostfile, "hosts");
    assert_int_equal(options.durations, 10);
    assert_int_equal(options.maxfail, 3);
    options_finish(&options);
}

static void ranks_are_a_number_or_automatic(void **state)
{
    static const struct {
        const char *value;
        int n;
        bool automatic;
        int multiply, divide;
    } good[] = {{"4", 4, false, 1, 1},     {"1", 1, false, 1, 1},     {"auto", 0, true, 1, 1},
                {"auto*2", 0, true, 2, 1}, {"auto/2", 0, true, 1, 2}, {"1000000", 1000000, false, 1, 1}};
    static const char *const bad[] = {
        "0",      "-1",     "+4",     " 4",     "4 ",    "4x",  "",        "p",
        "auto*",  "auto*0", "auto/0", "auto+1", "autos", "0x4", "1000001", "99999999999999999999",
        "2*auto", "AUTO"};
    struct options options;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        ACCEPT(&options, "-n", good[i].value);
        assert_int_equal(options.n, good[i].n);
        assert_int_equal(options.n_auto, good[i].automatic);
        assert_int_equal(options.n_multiply, good[i].multiply);
        assert_int_equal(options.n_divide, good[i].divide);
        options_finish(&options);
    }
    ACCEPT(&options, "-n4", "suite.so");
    assert_int_equal(options.n, 4);
    assert_int_equal(options.suite_count, 1);
    options_finish(&options);
    ACCEPT(&options, "-n", "auto*3", "-n", "5"); /* the last counts */
    assert_int_equal(options.n, 5);
    assert_false(options.n_auto);
    options_finish(&options);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char sentence[256];

        snprintf(sentence, sizeof sentence, "-n: '%s' is no number of ranks (1 to 1000000, auto, auto*2, auto/2)",
                 bad[i]);
        REFUSE(sentence, "-n", bad[i]);
    }
    REFUSE("-n: 'p' is no number of ranks (1 to 1000000, auto, auto*2, auto/2)", "-np", "4");
}

static void letters_stand_together(void **state)
{
    struct options options;

    (void)state;
    ACCEPT(&options, "-vsv", "-n", "2");
    assert_int_equal(options.verbosity, 2);
    assert_true(options.no_capture);
    options_finish(&options);
    ACCEPT(&options, "-vvv");
    assert_int_equal(options.verbosity, 2);
    options_finish(&options);
    ACCEPT(&options, "-vv", "-q");
    assert_int_equal(options.verbosity, -1);
    options_finish(&options);
    ACCEPT(&options, "-q", "-v");
    assert_int_equal(options.verbosity, 1);
    options_finish(&options);
    ACCEPT(&options, "-sn4");
    assert_int_equal(options.n, 4);
    options_finish(&options);
    ACCEPT(&options, "--verbose=2", "--no-capture=no", "-h");
    assert_int_equal(options.verbosity, 2);
    assert_false(options.no_capture);
    assert_true(options.help);
    options_finish(&options);
}

static void optional_values_need_the_equals_sign(void **state)
{
    struct options options;

    (void)state;
    ACCEPT(&options, "--tap", "a.so", "--list");
    assert_string_equal(options.tap, "-");
    assert_string_equal(options.suites[0], "a.so");
    assert_int_equal(options.list, LIST_TEXT);
    options_finish(&options);
    ACCEPT(&options, "--tap=x.tap", "--list=json");
    assert_string_equal(options.tap, "x.tap");
    assert_int_equal(options.list, LIST_JSON);
    options_finish(&options);
    REFUSE("--list: 'xml' is neither text nor json", "--list=xml");
    REFUSE("--tap: a file is missing behind the =", "--tap=");
}

static void the_rest_is_suites(void **state)
{
    struct options options;

    (void)state;
    ACCEPT(&options, "a.so", "--mock", "b.so", "--", "--mpi", "-x");
    assert_true(options.mock);
    assert_false(options.mpi);
    assert_int_equal(options.suite_count, 4);
    assert_string_equal(options.suites[0], "a.so");
    assert_string_equal(options.suites[1], "b.so");
    assert_string_equal(options.suites[2], "--mpi");
    assert_string_equal(options.suites[3], "-x");
    options_finish(&options);
}

static void seeds_have_64_bits_and_imply_shuffle(void **state)
{
    struct options options;

    (void)state;
    ACCEPT(&options, "--seed", "18446744073709551615");
    assert_true(options.seed_given && options.shuffle && options.seed == UINT64_MAX);
    options_finish(&options);
    ACCEPT(&options, "--seed=0", "--shuffle=no");
    assert_true(options.seed_given && !options.shuffle && options.seed == 0);
    options_finish(&options);
    ACCEPT(&options, "--shuffle");
    assert_true(options.shuffle && !options.seed_given);
    options_finish(&options);
    REFUSE("--seed: '18446744073709551616' is no seed (a number from 0 to 18446744073709551615)", "--seed",
           "18446744073709551616");
    REFUSE("--seed: '-1' is no seed (a number from 0 to 18446744073709551615)", "--seed", "-1");
    REFUSE("--seed: '' is no seed (a number from 0 to 18446744073709551615)", "--seed=");
}

static void bad_values_are_refused_in_a_sentence(void **state)
{
    (void)state;
    REFUSE("--maxfail: '-1' is no number of tests (0 to 2147483647)", "--maxfail", "-1");
    REFUSE("--maxfail: '2147483648' is no number of tests (0 to 2147483647)", "--maxfail=2147483648");
    REFUSE("--durations: 'all' is no number of tests (0 to 2147483647)", "--durations", "all");
    REFUSE("--color: 'blue' is not auto, always or never", "--color", "blue");
    REFUSE("--progress: '' is not auto, always or never", "--progress=");
    REFUSE("--mock: 'maybe' is neither yes nor no", "--mock=maybe");
    REFUSE("--fail-fast: '2' is neither yes nor no", "--fail-fast=2");
    REFUSE("--verbose: '3' is not 0, 1 or 2", "--verbose=3");
    REFUSE("--junit: the name of a file is missing", "--junit=");
    REFUSE("--color: 'a b\\x1b[31m' is not auto, always or never", "--color", "a\nb\033[31m");
}

static void missing_values_are_refused(void **state)
{
    (void)state;
    REFUSE("--junit: a value is missing: --junit FILE", "--junit");
    REFUSE("-n: a value is missing: -n N|auto|auto*K|auto/K", "-n");
    REFUSE("--filter: a value is missing before --shuffle (or write --filter=…)", "--filter", "--shuffle");
    REFUSE("--seed: a value is missing before -- (or write --seed=…)", "--seed", "--");
}

static void unknown_options_come_with_the_nearest_name(void **state)
{
    char longest[5000];

    (void)state;
    REFUSE("--filtr: no such option; did you mean --filter?", "--filtr", "x");
    REFUSE("--flier: no such option; did you mean --filter?", "--flier");
    REFUSE("--dura=3: no such option; did you mean --durations?", "--dura=3");
    REFUSE("--fail-on-skp: no such option; did you mean --fail-on-skip?", "--fail-on-skp");
    REFUSE("--colour=never: no such option; did you mean --color?", "--colour=never");
    REFUSE("-filter=x: no such option; did you mean --filter?", "-filter=x");
    REFUSE("-verbose: no such option; did you mean --verbose?", "-verbose");
    REFUSE("--xyzzy: no such option; --help names them all", "--xyzzy");
    REFUSE("-z: no such option; --help names them all", "-z");
    REFUSE("-vz: no such option; --help names them all", "-vz");
    REFUSE("--n: no such option; --help names them all", "--n", "4");
    REFUSE("--=x: no such option; --help names them all", "--=x");
    memset(longest, 'x', sizeof longest - 1);
    longest[0] = longest[1] = '-';
    longest[sizeof longest - 1] = '\0';
    struct options options;
    struct problem problem;
    assert_int_equal(PARSE(&options, &problem, longest), -EINVAL);
    assert_contains(problem.text, " bytes left out] ");
    assert_true(strlen(problem.text) < 250);
}

static void what_contradicts_is_refused(void **state)
{
    (void)state;
    REFUSE("--mock and --mpi contradict each other; leave one out", "--mpi", "--mock");
    REFUSE("--tap and --json both write to standard output; give one of them another file", "--tap", "--json=-");
    REFUSE("--junit and --json both write to one file; give one of them another file", "--junit=x", "--json=x");
}

static void variables_are_read_where_arguments_say_nothing(void **state)
{
    struct options options;

    (void)state;
    setenv("MPIRUN_TESTS_N", "auto/2", 1);
    setenv("MPIRUN_TESTS_FAIL_ON_SKIP", "Yes", 1);
    setenv("MPIRUN_TESTS_MPI", "1", 1);
    setenv("MPIRUN_TESTS_VERBOSE", "2", 1);
    setenv("MPIRUN_TESTS_MAXFAIL", "7", 1);
    setenv("MPIRUN_TESTS_LIST", "json", 1);
    setenv("MPIRUN_TESTS_TAP", "x.tap", 1);
    setenv("MPIRUN_TESTS_FILTER", "", 1); /* empty: unset */
    setenv("MPIRUN_TESTS_SEED", "5", 1);
    ACCEPT(&options, "--color=never");
    assert_true(options.n_auto && options.n_divide == 2 && options.fail_on_skip && options.mpi && options.shuffle);
    assert_int_equal(options.verbosity, 2);
    assert_int_equal(options.maxfail, 7);
    assert_int_equal(options.list, LIST_JSON);
    assert_string_equal(options.tap, "x.tap");
    assert_null(options.filter);
    options_finish(&options);
    /* The command line wins, also through an option that stands for the same. */
    ACCEPT(&options, "--mock", "-n3", "--fail-on-skip=no", "-q", "--fail-fast", "--shuffle=off");
    assert_true(options.mock && !options.mpi && !options.fail_on_skip && !options.n_auto && !options.shuffle);
    assert_int_equal(options.n, 3);
    assert_int_equal(options.verbosity, -1);
    assert_int_equal(options.maxfail, 1);
    options_finish(&options);
}

static void mistakes_in_variables_name_the_variable(void **state)
{
    struct options options;

    (void)state;
    setenv("MPIRUN_TESTS_N", "0", 1);
    REFUSE("MPIRUN_TESTS_N: '0' is no number of ranks (1 to 1000000, auto, auto*2, auto/2)", "--mock");
    ACCEPT(&options, "--help"); /* help is for everybody */
    options_finish(&options);
    clean_environment(NULL);
    setenv("MPIRUN_TESTS_FAIL_ON_SKIP", "perhaps", 1);
    REFUSE("MPIRUN_TESTS_FAIL_ON_SKIP: 'perhaps' is neither yes nor no", "--mock");
    clean_environment(NULL);
    setenv("MPIRUN_TESTS_MAXFAL", "3", 1);
    REFUSE("MPIRUN_TESTS_MAXFAL in the environment stands for no option; did you mean MPIRUN_TESTS_MAXFAIL?", "--mock");
    clean_environment(NULL);
    setenv("MPIRUN_TESTS_SPEED", "3", 1);
    REFUSE("MPIRUN_TESTS_SPEED in the environment stands for no option; did you mean MPIRUN_TESTS_SEED?", "--mock");
    clean_environment(NULL);
    setenv("MPIRUN_TESTS_GALAXY", "3", 1);
    REFUSE("MPIRUN_TESTS_GALAXY in the environment stands for no option; unset it", "--mock");
    clean_environment(NULL);
    setenv("MPIRUN_TESTS_HELP", "1", 1);
    REFUSE("MPIRUN_TESTS_HELP in the environment stands for no option; unset it", "--mock");
    clean_environment(NULL);
    setenv("MPIRUN_TESTS_ROOT", "/opt/x", 1); /* for CMake */
    setenv("MPIRUN_TESTS_VERSION", "0.1.0", 1);
    ACCEPT(&options, "--mock");
    options_finish(&options);
}

static void each_row_of_the_table_works(void **state)
{
    (void)state;
    for (size_t i = 0; i < options_table_size; i++) {
        const struct options_row *row = &options_table[i];

        assert_true((row->flag != 0) + (row->string != 0) + (row->set != NULL) == 1);
        assert_true(strlen(row->name) < OPTIONS_NAME_MAX);
        assert_int_equal(row->name[strspn(row->name, "abcdefghijklmnopqrstuvwxyz-")], '\0');
        assert_int_equal(row->value == OPTIONS_VALUE_NONE, row->value_name == NULL);
        assert_true(row->name[1] != '\0' || row->letter == row->name[0]);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(row->name, options_table[j].name);
            assert_true(row->letter == 0 || row->letter != options_table[j].letter);
        }
    }
}

/* The text of the man page that lies beside the sources. */
static char *man_page(void)
{
    char path[4096];
    const char *slash = strrchr(__FILE__, '/');

    snprintf(path, sizeof path, "%.*s../../runner/mpirun-tests.1", slash ? (int)(slash - __FILE__) + 1 : 0, __FILE__);
    return contents_of(path);
}

static void help_and_man_page_name_every_option(void **state)
{
    char *help = options_help("mpirun-tests"), *page = man_page(), *line, *rest;

    (void)state;
    assert_non_null(help);
    for (size_t i = 0; i < options_table_size; i++) {
        const struct options_row *row = &options_table[i];
        char name[64], letter[8] = {'-', row->letter, '\0'}, item[128] = "";

        snprintf(name, sizeof name, "%s%s", row->name[1] ? "--" : "-", row->name);
        assert_contains(help, name);
        assert_contains(help, row->letter ? letter : name);
        for (const char *at = name; *at; at++) /* as man pages write it: \-\-fail\-on\-skip */
            snprintf(item + strlen(item), sizeof item - strlen(item), "%s%c", *at == '-' ? "\\" : "", *at);
        assert_contains(page, item);
    }
    assert_contains(help, "Examples:");
    for (line = strtok_r(help, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        size_t columns = 0;

        for (const char *at = line; *at; at++)
            columns += ((unsigned char)*at & 0xC0) != 0x80;
        if (columns > 110)
            fail_msg("wider than a terminal: %s", line);
    }
    free(help);
    free(page);
}

static uint64_t next_random(uint64_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random;
}

static void whatever_is_given_is_read_or_refused_with_a_sentence(void **state)
{
    static const char *const pieces[] = {
        "--",       "-",    "n",      "auto",    "*",       "/",     "=",
        "4",        "0",    "filter", "list",    "json",    "tap",   "v",
        "q",        "s",    "seed",   "shuffle", "maxfail", "1.5",   "\xFF",
        "\n",       " ",    "x.so",   "mock",    "color",   "never", "99999999999999999999",
        "fail-on-", "skip", "h",      ""};
    const size_t count = sizeof pieces / sizeof pieces[0];
    uint64_t seed = 7041776, random = seed;
    unsigned accepted = 0;

    (void)state;
    print_message("seed %" PRIu64 "\n", seed);
    for (int round = 0; round < 50000; round++) {
        char arguments[4][256];
        const char *argv[5] = {"p"};
        int argc = 1 + (int)(next_random(&random) % 5);
        struct options options;
        struct problem problem = {""};
        int error;

        for (int i = 1; i < argc; i++) {
            arguments[i - 1][0] = '\0';
            for (uint64_t piece = next_random(&random) % 6; piece > 0; piece--)
                strcat(arguments[i - 1], pieces[next_random(&random) % count]);
            argv[i] = arguments[i - 1];
        }
        error = options_parse(&options, argc, (char *const *)argv, &problem);
        if (error) {
            assert_int_equal(error, -EINVAL);
            assert_true(problem.text[0] != '\0');
            assert_null(strchr(problem.text, '\n'));
            continue;
        }
        accepted++;
        assert_true(options.n >= 0 && options.n_multiply >= 1 && options.n_divide >= 1);
        assert_in_range(options.verbosity + 1, 0, 3);
        assert_true(options.suite_count < (size_t)argc);
        options_finish(&options);
    }
    assert_true(accepted > 500); /* else the pieces make no sense */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_given_is_the_default, clean_environment),
        cmocka_unit_test_setup(values_come_behind_a_blank_or_an_equals_sign, clean_environment),
        cmocka_unit_test_setup(ranks_are_a_number_or_automatic, clean_environment),
        cmocka_unit_test_setup(letters_stand_together, clean_environment),
        cmocka_unit_test_setup(optional_values_need_the_equals_sign, clean_environment),
        cmocka_unit_test_setup(the_rest_is_suites, clean_environment),
        cmocka_unit_test_setup(seeds_have_64_bits_and_imply_shuffle, clean_environment),
        cmocka_unit_test_setup(bad_values_are_refused_in_a_sentence, clean_environment),
        cmocka_unit_test_setup(missing_values_are_refused, clean_environment),
        cmocka_unit_test_setup(unknown_options_come_with_the_nearest_name, clean_environment),
        cmocka_unit_test_setup(what_contradicts_is_refused, clean_environment),
        cmocka_unit_test_setup(variables_are_read_where_arguments_say_nothing, clean_environment),
        cmocka_unit_test_setup(mistakes_in_variables_name_the_variable, clean_environment),
        cmocka_unit_test(each_row_of_the_table_works),
        cmocka_unit_test(help_and_man_page_name_every_option),
        cmocka_unit_test_setup(whatever_is_given_is_read_or_refused_with_a_sentence, clean_environment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
