/* SPDX-License-Identifier: BSD-2-Clause */
/* test_generate.c: the list of MPI functions (mpimock/functions.list) and its reader (mpimock/generate_list.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

/* The reader is a part of the build's tool and of no library. */
#include "../../mpimock/generate_list.c"

static struct list list;
static struct problem problem;

static int parse(const char *text)
{
    static char copy[4096];
    snprintf(copy, sizeof copy, "%s", text);
    problem.text[0] = '\0';
    return list_parse(&list, copy, "some.list", &problem);
}

static void assert_refused(const char *text, const char *why)
{
    assert_int_equal(parse(text), -EINVAL);
    assert_non_null(strstr(problem.text, "some.list"));
    if (!strstr(problem.text, why))
        fail_msg("\"%s\" does not say \"%s\"", problem.text, why);
}

/* A file of the source tree, to be freed. */
static char *source_file(const char *path)
{
    char name[4096];
    int folder = (int)(strrchr(__FILE__, '/') ? strrchr(__FILE__, '/') - __FILE__ : 0);
    snprintf(name, sizeof name, "%.*s%s../../%s", folder, __FILE__, folder ? "/" : "", path);
    FILE *in = fopen(name, "r");
    if (!in)
        fail_msg("cannot open %s", name);
    enum { SIZE = 1 << 20 };
    char *text = malloc(SIZE);
    assert_non_null(text);
    size_t length = fread(text, 1, SIZE - 1, in);
    assert_true(length > 0 && length < SIZE - 1);
    text[length] = '\0';
    fclose(in);
    return text;
}

static void a_line_becomes_a_function(void **unused)
{
    (void)unused;
    assert_int_equal(parse("# comment\n\nchapter 3.1 Messages\n"
                           "Send  mock  (buffer buf, count, datatype? sendtype, dest, tag, comm)\n"
                           "Wtime door+mock anytime () -> double\n"
                           "Pcontrol - (\"const int\" level, ...)\n"
                           "Group_range_incl mock (\"int %[][3]\" ranges)\n"),
                     0);
    assert_int_equal(list.count, 4);
    const struct function *send = &list.functions[0];
    assert_string_equal(send->name, "Send");
    assert_int_equal(send->provider, PROVIDER_MOCK);
    assert_int_equal(send->count, 6);
    assert_string_equal(send->parameters[0].type, "const void *");
    assert_string_equal(send->parameters[0].name, "buf");
    assert_string_equal(send->parameters[1].name, "count");
    assert_int_equal(send->parameters[1].role, ROLE_ELEMENTS);
    assert_true(send->parameters[2].optional);
    assert_int_equal(send->parameters[2].role, ROLE_PLAIN);
    assert_int_equal(send->parameters[5].role, ROLE_COMM);
    assert_true(send->returns_error && !send->anytime);
    assert_int_equal(send->line, 4);
    assert_string_equal(list.functions[1].result, "double");
    assert_true(list.functions[1].anytime && !list.functions[1].returns_error);
    assert_int_equal(list.functions[1].provider, PROVIDER_DOOR_AND_MOCK);
    assert_true(list.functions[2].variadic);
    assert_string_equal(list.functions[3].parameters[0].type, "int %[][3]");
}

static void bad_lines_are_refused_with_their_number_and_the_reason(void **unused)
{
    (void)unused;
#define IN_CHAPTER "chapter 3.1 Messages\n"
    assert_refused("", "no function");
    assert_refused("Send mock ()\n", "line 1: a line \"chapter VERSION TITLE\" must come before");
    assert_refused("chapter 9.9 Dreams\n", "line 1: a chapter is of 3.1, 4.0 or removed, not \"9.9\"");
    assert_refused(IN_CHAPTER "MPI_Send mock ()\n", "line 2: names are given without MPI_: Send");
    assert_refused(IN_CHAPTER "!Send mock ()\n", "line 2: a line begins with the name");
    assert_refused(IN_CHAPTER "Send mocked ()\n", "MPI_Send is provided by \"mocked\"");
    assert_refused(IN_CHAPTER "Send mock\n", "in parentheses");
    assert_refused(IN_CHAPTER "Send mock (buffer buf\n", "a comma or ) is missing");
    assert_refused(IN_CHAPTER "Send mock (buffer buf count)\n", "a comma or ) is missing before \"count)");
    assert_refused(IN_CHAPTER "Send mock (buffers buf)\n", "no kind of parameter \"buffers\"");
    assert_refused(IN_CHAPTER "Send mock (buffer, )\n", "a name is missing");
    assert_refused(IN_CHAPTER "Send mock (int? a)\n", "only a handle can be optional");
    assert_refused(IN_CHAPTER "Send mock (\"int a)\n", "no closing quotation mark");
    assert_refused(IN_CHAPTER "Send mock (\"\" a)\n", "must have 1 to");
    assert_refused(IN_CHAPTER "Send mock (\"char *\")\n", "a type but no name");
    assert_refused(IN_CHAPTER "Send mock (int a, count a)\n", "two parameters named a");
    assert_refused(IN_CHAPTER "Send mock (comm) -> elsewhere\n", "known kind");
    assert_refused(IN_CHAPTER "Send mock (comm) - fint\n", "known kind");
    assert_refused(IN_CHAPTER "Send mock (comm) and more\n", "\"and more\" is not understood");
    assert_refused(IN_CHAPTER "Send mock (comm)\n\nSend mock (comm)\n", "line 4: MPI_Send is already in line 2");
    assert_refused(IN_CHAPTER "Send mock (int a, int b, int c, int d, int e, int f, int g, int h, int i, int j, int k, "
                              "int l, int m, int n, int o, int p, int q)\n",
                   "more than 16 parameters");
    assert_refused(IN_CHAPTER
                   "A_name_that_is_much_too_long_for_any_function_of_the_standard_or_its_successors mock ()\n",
                   "longer than");
}

static void random_text_is_refused_or_read_but_never_breaks_the_reader(void **unused)
{
    (void)unused;
    static const char *const pieces[] = {
        "chapter 3.1 x\n", "Send", " mock ", "(",  ")",    "comm", ", ", "\"", "int", "?", "->", "...", "\n", "%", "[]",
        " anytime ",       "-",    "#",      "\t", "\x80", "MPI_"};
    unsigned seed = 20240607;
    print_message("seed %u\n", seed);
    for (int round = 0; round < 20000; round++) {
        char text[512] = "";
        int count = (int)(rand_r(&seed) % 40);
        for (int i = 0; i < count; i++)
            strcat(text, pieces[(size_t)rand_r(&seed) % (sizeof pieces / sizeof pieces[0])]);
        int error = parse(text);
        assert_true(error == 0 || error == -EINVAL);
        assert_true((error == 0) == (problem.text[0] == '\0'));
    }
}

/* ---- Symbols ---- */

static int mark(const char *symbols)
{
    static char copy[4096];
    snprintf(copy, sizeof copy, "%s", symbols);
    problem.text[0] = '\0';
    return list_mark_exported(&list, copy, &problem);
}

static void exported_functions_that_the_list_lacks_are_named(void **unused)
{
    (void)unused;
    assert_int_equal(parse(IN_CHAPTER "Send mock (comm)\nRecv mock (comm)\nT_init_thread - ()\n"), 0);
    assert_int_equal(mark("0000000000059c10 W MPI_Send\n0000000000059c10 T PMPI_Send\n00 W MPI_T_init_thread\n"), 0);
    assert_true(list.functions[0].exported && !list.functions[1].exported && list.functions[2].exported);
    assert_int_equal(mark("00 W MPI_Send\n00 W MPI_Sned\n00 T MPI_Type_hindexed\n"), -ENOENT);
    assert_non_null(strstr(problem.text, " MPI_Sned MPI_Type_hindexed"));
}

static void symbols_that_are_no_c_functions_are_passed_over(void **unused)
{
    (void)unused;
    assert_int_equal(parse(IN_CHAPTER "Send mock (comm)\n"), 0);
    assert_int_equal(mark("00 T MPI_Send@@LIBMPI_1\n00 T MPI_COMM_DUP_FN\n00 T MPI_WTIME_F90\n00 D MPI_UNWEIGHTED\n"
                          "00 D MPI_T_PVAR_ALL_HANDLES\n00 T mpi_send_\n00 T ompi_mpi_init\n"),
                     0);
    assert_true(list.functions[0].exported);
}

static void a_file_without_mpi_functions_is_no_list_of_symbols(void **unused)
{
    (void)unused;
    assert_int_equal(parse(IN_CHAPTER "Send mock (comm)\n"), 0);
    assert_int_equal(mark("00 T printf\n"), -EINVAL);
    assert_non_null(strstr(problem.text, "nm -D"));
}

/* ---- The list itself ---- */

static void every_function_of_the_list_is_declared_in_our_mpi_h(void **unused)
{
    (void)unused;
    char *text = source_file("mpimock/functions.list"), *header = source_file("include/mpimock/mpi.h");
    if (list_parse(&list, text, "functions.list", &problem) != 0)
        fail_msg("%s", problem.text);
    assert_int_equal(list_mark_exported(&list, NULL, &problem), 0);
    size_t expected = 0, declared = 0;
    for (size_t i = 0; i < list.count; i++) {
        char call[2 * NAME_MAX_];
        snprintf(call, sizeof call, " MPI_%s(", list.functions[i].name);
        if (!list.functions[i].exported) {
            if (strstr(header, call))
                fail_msg("mpi.h declares%s), which is not of MPI-3.1", call);
            continue;
        }
        expected++;
        if (!strstr(header, call))
            fail_msg("mpi.h does not declare%s)", call);
        snprintf(call, sizeof call, " PMPI_%s(", list.functions[i].name);
        if (!strstr(header, call))
            fail_msg("mpi.h does not declare%s)", call);
    }
    for (const char *at = header; (at = strstr(at, " MPI_")); at++) {
        size_t length = strspn(at + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
        const char *line = at;
        while (line > header && line[-1] != '\n')
            line--;
        declared += at[1 + length] == '(' && *line != ' ' && *line != '#' && strncmp(line, "typedef", 7) != 0;
    }
    assert_int_equal(declared, expected);
    free(text);
    free(header);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_becomes_a_function),
        cmocka_unit_test(bad_lines_are_refused_with_their_number_and_the_reason),
        cmocka_unit_test(random_text_is_refused_or_read_but_never_breaks_the_reader),
        cmocka_unit_test(exported_functions_that_the_list_lacks_are_named),
        cmocka_unit_test(symbols_that_are_no_c_functions_are_passed_over),
        cmocka_unit_test(a_file_without_mpi_functions_is_no_list_of_symbols),
        cmocka_unit_test(every_function_of_the_list_is_declared_in_our_mpi_h),
    };
    return cmocka_run_group_tests_name("generate", tests, NULL, NULL);
}
