/* SPDX-License-Identifier: BSD-2-Clause */
/* test_registry.c: what the macros register is found by file and module; suites that cannot be loaded are refused with
 * the reason. Shared objects are compiled by the compiler `cc` in a folder of the test's own; without one those tests
 * are skipped. Their constructors call back through an address in the environment, so that this program need not export
 * anything.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mpirun_tests.h>

#include "../../runner/registry.h"

static void body(void **state)
{
    (void)state;
}

static struct mrt_test test_at(const char *name, const char *file, int line)
{
    return (struct mrt_test){.name = name, .function = body, .file = file, .line = line};
}

static const struct registry_suite *suite_at(size_t place)
{
    size_t count;
    const struct registry_suite *suites = registry_suites(registry_get(), &count);
    assert_true(place < count);
    return &suites[place];
}

static int clear(void **state)
{
    (void)state;
    registry_clear(registry_get());
    return 0;
}

/* ---- Registration ---- */

/* The macros themselves, used as authors do. They register before main. */
MRT_SUITE(own, .timeout = 3.0);
MRT_TEST(first, .np = 2)
{
    (void)state;
}
MRT_TEST(second)
{
    (void)state;
}
static const struct CMUnitTest legacy_tests[] = {cmocka_unit_test(body), cmocka_unit_test(body)};
MRT_CMOCKA_GROUP(legacy, legacy_tests, NULL, NULL, .priority = 3);

static void the_macros_register_before_main(void **state)
{
    (void)state; /* the first test of all: nothing was cleared yet */
    assert_int_equal(registry_suite_count(registry_get()), 2);
    assert_int_equal(registry_test_count(registry_get()), 4);
    assert_string_equal(suite_at(0)->name, "own");
    assert_int_equal(suite_at(0)->count, 2);
    assert_string_equal(suite_at(0)->tests[0]->name, "first");
    assert_int_equal(suite_at(0)->tests[0]->options.np, 2);
    assert_true(suite_at(0)->suite->options.timeout == 3.0);
    assert_string_equal(suite_at(1)->name, "legacy");
    assert_int_equal(suite_at(1)->group->count, 2);
    assert_int_equal(suite_at(1)->group->options.priority, 3);
    assert_false(registry_is_incomplete(registry_get()));
}

static void a_file_is_known_by_the_text_of_its_name(void **state)
{
    (void)state;
    char copy[] = "src/halo.c";
    struct mrt_test a = test_at("a", "src/halo.c", 10), b = test_at("b", copy, 5), c = test_at("c", "src/io.c", 1);
    struct mrt_suite suite = {.name = "ring", .file = copy, .line = 3};
    mrt_register_test(&a);
    mrt_register_test(&c);
    mrt_register_suite(&suite);
    mrt_register_test(&b);
    assert_int_equal(registry_suite_count(registry_get()), 2);
    assert_int_equal(registry_test_count(registry_get()), 3);
    assert_string_equal(suite_at(0)->name, "ring");
    assert_int_equal(suite_at(0)->count, 2);
    assert_ptr_equal(suite_at(0)->tests[0], &b); /* by line */
    assert_ptr_equal(suite_at(0)->tests[1], &a);
    assert_string_equal(suite_at(1)->name, "io");
}

static void tests_of_one_line_keep_the_order_of_registration(void **state)
{
    (void)state;
    struct mrt_test tests[20];
    for (int i = 0; i < 20; i++) {
        tests[i] = test_at("t", "a.c", i < 10 ? 7 : 3);
        mrt_register_test(&tests[i]);
    }
    for (int i = 0; i < 20; i++)
        assert_ptr_equal(suite_at(0)->tests[i], &tests[(i + 10) % 20]);
}

static void without_a_suite_the_stem_is_its_name(void **state)
{
    (void)state;
    static const struct {
        const char *file, *name;
    } cases[] = {{"/a/b/heat.c", "heat"},
                 {"heat-2d.test.cpp", "heat_2d_test"},
                 {"noextension", "noextension"},
                 {"./dir.d/.hidden", "_hidden"},
                 {"sch\xc3\xb6n.c", "sch__n"}};
    struct mrt_test tests[5];
    for (size_t i = 0; i < 5; i++) {
        tests[i] = test_at("t", cases[i].file, 1);
        mrt_register_test(&tests[i]);
        assert_string_equal(suite_at(i)->name, cases[i].name);
    }
}

static void a_second_suite_in_a_file_is_remembered(void **state)
{
    (void)state;
    struct mrt_suite first = {.name = "a", .file = "x.c", .line = 1}, second = {.name = "b", .file = "x.c", .line = 2};
    mrt_register_suite(&first);
    mrt_register_suite(&second);
    assert_string_equal(suite_at(0)->name, "a");
    assert_ptr_equal(suite_at(0)->second, &second);
    assert_int_equal(registry_test_count(registry_get()), 0);
}

static void a_group_is_a_suite_beside_that_of_its_file(void **state)
{
    (void)state;
    struct mrt_cmocka_group group = {.name = "legacy", .tests = legacy_tests, .count = 2, .file = "x.c", .line = 9};
    struct mrt_test test = test_at("t", "x.c", 10);
    mrt_register_cmocka_group(&group);
    mrt_register_test(&test);
    assert_string_equal(suite_at(0)->name, "legacy");
    assert_int_equal(suite_at(0)->count, 0);
    assert_string_equal(suite_at(1)->name, "x");
    assert_int_equal(registry_test_count(registry_get()), 3);
}

/* ---- Loading ---- */

static char folder[] = "/tmp/mrt_registry_XXXXXX";
static struct mrt_test loaded[8];
static size_t loaded_count;

/* Called by constructors of what is loaded: registers a test of a file of the same name each time. */
static void call_back(void)
{
    loaded[loaded_count] = test_at("t", "same.c", 1);
    mrt_register_test(&loaded[loaded_count++]);
}

#define CALLS_BACK                                                                                                     \
    "#include <stdlib.h>\n"                                                                                            \
    "__attribute__((constructor)) static void start(void)\n"                                                           \
    "{ ((void (*)(void))strtoull(getenv(\"MRT_TEST_CALL_BACK\"), 0, 16))(); }\n"

/* Compiles `name` from C text; returns its path. */
static const char *compile(const char *name, const char *text, const char *flags)
{
    static char path[256];
    char source[512], command[2048];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    snprintf(source, sizeof source, "%s.c", path);
    FILE *file = fopen(source, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    snprintf(command, sizeof command, "cc -shared -fPIC -o '%s' '%s' -L'%s' %s >'%s/log' 2>&1", path, source, folder,
             flags, folder);
    if (system(command) != 0)
        skip();
    return path;
}

static int make_folder(void **state)
{
    char address[32];
    (void)state;
    snprintf(address, sizeof address, "%llx", (unsigned long long)(uintptr_t)call_back);
    return mkdtemp(folder) && setenv("MRT_TEST_CALL_BACK", address, 1) == 0 ? 0 : -1;
}

static int remove_folder(void **state)
{
    char command[128];
    (void)state;
    registry_clear(registry_get());
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

static void refused(const char *path, int error, const char *words)
{
    struct problem problem = {""};
    assert_int_equal(registry_load(registry_get(), path, &problem), -error);
    if (!strstr(problem.text, words) || !strstr(problem.text, path))
        fail_msg("\"%s\" lacks \"%s\" or the path", problem.text, words);
    assert_null(strchr(problem.text, '\n'));
}

static void files_of_one_name_in_two_objects_are_two_suites(void **state)
{
    (void)state;
    struct problem problem = {""};
    struct mrt_test linked = test_at("t", "same.c", 1);
    mrt_register_test(&linked);
    assert_int_equal(registry_load(registry_get(), compile("one.so", CALLS_BACK, ""), &problem), 0);
    assert_int_equal(registry_load(registry_get(), compile("two.so", CALLS_BACK, ""), &problem), 0);
    assert_string_equal(problem.text, "");
    assert_int_equal(registry_suite_count(registry_get()), 3);
    assert_int_equal(registry_test_count(registry_get()), 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(suite_at(i)->module, i);
    /* Once more, by another way to the same file: nothing new. */
    char again[300];
    snprintf(again, sizeof again, "%s/../%s/two.so", folder, strrchr(folder, '/') + 1);
    assert_int_equal(registry_load(registry_get(), again, &problem), 0);
    assert_int_equal(registry_test_count(registry_get()), 3);
    /* What is registered afterwards is the program's. */
    struct mrt_test later = test_at("later", "later.c", 1);
    mrt_register_test(&later);
    assert_int_equal(suite_at(3)->module, 0);
}

static void a_name_without_a_folder_is_a_file_here(void **state)
{
    (void)state;
    struct problem problem = {""};
    char before[4096];
    compile("here.so", CALLS_BACK, "");
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(folder), 0);
    int error = registry_load(registry_get(), "here.so", &problem);
    assert_int_equal(chdir(before), 0);
    assert_int_equal(error, 0);
}

static void files_that_are_no_shared_objects_are_refused(void **state)
{
    (void)state;
    char path[300];
    refused("/nowhere/at/all.so", ENOENT, "no such file");
    refused("", ENOENT, "no such file");
    refused("/proc/self/exe", EINVAL, "link it with -shared");
    refused(folder, EINVAL, "is a folder");
    snprintf(path, sizeof path, "%s/text.so", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("INPUT(libm.so)\n", file);
    assert_int_equal(fclose(file), 0);
    refused(path, EINVAL, "not in ELF format");
}

static void a_damaged_object_is_refused_before_it_is_loaded(void **state)
{
    (void)state;
    const char *path = compile("cut.so", CALLS_BACK, "");
    assert_int_equal(truncate(path, 3000), 0);
    refused(path, EINVAL, "damaged, cut off");
}

static void a_missing_symbol_is_named(void **state)
{
    (void)state;
    const char *path = compile("symbol.so", "extern int nowhere_at_all; int *use = &nowhere_at_all;\n", "");
    refused(path, EINVAL, "the symbol nowhere_at_all is missing");
    path = compile("libgone.so", "int gone;\n", "-Wl,-soname,libgone.so.1");
    path = compile("library.so", "extern int gone; int *use = &gone;\n", "-lgone");
    refused(path, EINVAL, "libgone.so.1");
}

static void an_object_without_tests_is_refused(void **state)
{
    (void)state;
    refused(compile("nothing.so", "int nothing;\n", ""), EINVAL, "registers no test");
    struct mrt_suite suite = {.name = "a", .file = "x.c", .line = 1};
    mrt_register_suite(&suite); /* one that was there before does not count */
    refused(compile("empty.so", "int empty;\n", ""), EINVAL, "registers no test");
}

/* A stub with that soname, and a suite that needs it. */
static const char *compile_for_mpi(const char *name, const char *soname)
{
    char flags[100];
    snprintf(flags, sizeof flags, "-Wl,-soname,%s", soname);
    compile("libstub.so", "int stub_mpi;\n", flags);
    return compile(name, CALLS_BACK "extern int stub_mpi; int *use = &stub_mpi;\n", "-lstub");
}

static void objects_built_for_other_mpis_are_refused(void)
{
    static const char *const others[] = {"libmpi.so.99", "libmpich.so.99", "libmpi.so.4"};
    size_t tests = registry_test_count(registry_get());
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        refused(compile_for_mpi("other.so", others[i]), EINVAL, others[i]);
    assert_int_equal(registry_test_count(registry_get()), tests); /* none was loaded */
}

/* Is one of these loaded? This program itself may be linked with one or with none. */
static const char *our_mpi(void)
{
    static const char *const known[] = {"libmpi.so.40", "libmpich.so.12"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (dlopen(known[i], RTLD_NOLOAD | RTLD_LAZY))
            return known[i];
    return NULL;
}

static void an_object_built_for_another_mpi_is_refused(void **state)
{
    (void)state;
    objects_built_for_other_mpis_are_refused();
    if (!our_mpi()) {
        refused(compile_for_mpi("other.so", "libmpi.so.40"), EINVAL, "this runner was built without one");
        assert_non_null(dlopen(compile("libmpi.so.40", "int stub_mpi;\n", "-Wl,-soname,libmpi.so.40"), RTLD_NOW));
        objects_built_for_other_mpis_are_refused();
    }
    refused(compile_for_mpi("other.so", "libmpi.so.99"), EINVAL, our_mpi());
}

/* After the test before, some MPI is loaded. */
static void an_object_built_for_our_mpi_is_loaded(void **state)
{
    (void)state;
    char flags[100];
    struct problem problem = {""};
    snprintf(flags, sizeof flags, "-Wl,-soname,%s", our_mpi());
    compile("libours.so", "int ours;\n", flags);
    const char *path = compile("ours.so", CALLS_BACK, "-Wl,--no-as-needed -lours");
    int error = registry_load(registry_get(), path, &problem);
    assert_string_equal(problem.text, "");
    assert_int_equal(error, 0);
    assert_int_equal(registry_test_count(registry_get()), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_macros_register_before_main, clear),
        cmocka_unit_test_teardown(a_file_is_known_by_the_text_of_its_name, clear),
        cmocka_unit_test_teardown(tests_of_one_line_keep_the_order_of_registration, clear),
        cmocka_unit_test_teardown(without_a_suite_the_stem_is_its_name, clear),
        cmocka_unit_test_teardown(a_second_suite_in_a_file_is_remembered, clear),
        cmocka_unit_test_teardown(a_group_is_a_suite_beside_that_of_its_file, clear),
        cmocka_unit_test_teardown(files_of_one_name_in_two_objects_are_two_suites, clear),
        cmocka_unit_test_teardown(a_name_without_a_folder_is_a_file_here, clear),
        cmocka_unit_test_teardown(files_that_are_no_shared_objects_are_refused, clear),
        cmocka_unit_test_teardown(a_damaged_object_is_refused_before_it_is_loaded, clear),
        cmocka_unit_test_teardown(a_missing_symbol_is_named, clear),
        cmocka_unit_test_teardown(an_object_without_tests_is_refused, clear),
        cmocka_unit_test_teardown(an_object_built_for_another_mpi_is_refused, clear),
        cmocka_unit_test_teardown(an_object_built_for_our_mpi_is_loaded, clear),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
