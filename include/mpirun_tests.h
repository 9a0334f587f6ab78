/* SPDX-License-Identifier: BSD-2-Clause */
/* mpirun_tests.h: what a test author includes: MPI, cmocka, and the macros that register tests.
 *
 *     #include <mpirun_tests.h>
 *
 *     MRT_SUITE(halo, .timeout = 10.0);
 *
 *     MRT_TEST(ring, .np = 4)
 *     {
 *         int rank;
 *         MPI_Comm_rank(MPI_COMM_WORLD, &rank);
 *         assert_in_range(rank, 0, 3);
 *     }
 *
 * C11 and C++20. Options are designated initialisers, in the order of the members below (C++ wants that order); zero
 * means "as the suite says, else the default".
 */
#ifndef MPIRUN_TESTS_H
#define MPIRUN_TESTS_H

#include <setjmp.h>
#include <signal.h> /* numbers, for MRT_SIGNALS */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* The C++ bindings that MPI-3.0 removed: Open MPI's warn under g++ -Wextra, and need a library of their own. Who wants
 * them includes mpi.h first. */
#ifdef __cplusplus
#ifndef OMPI_SKIP_MPICXX
#define OMPI_SKIP_MPICXX 1
#endif
#ifndef MPICH_SKIP_MPICXX
#define MPICH_SKIP_MPICXX 1
#endif
#endif
#include <mpi.h>

#ifdef __cplusplus
extern "C" {
#endif

#include <cmocka.h>

#pragma GCC visibility push(default)

#define MRT_NP_ALL           (-1) /* every rank of the run */
#define MRT_TIMEOUT_NONE     (-1.0)
#define MRT_PRIORITY_DEFAULT 100
#define MRT_NP_LIST_MAX      16

#ifdef __cplusplus
#define MRT_ZERO_ = {} /* a default, so that g++ -Wextra does not warn of options left out */
#else
#define MRT_ZERO_
#endif

/* For options that are a yes or a no. 0: as the suite says, else as the command line says. */
enum mrt_choice { MRT_YES = 1, MRT_NO };

/* How a test is expected to end, for tests of code that ends itself. Written by the macros below. */
enum mrt_end_ { MRT_END_ANY_, MRT_END_FAILED_, MRT_END_SIGNAL_, MRT_END_EXIT_, MRT_END_ABORT_ };
struct mrt_expect {
    enum mrt_end_ end_ MRT_ZERO_;
    int code_ MRT_ZERO_;
};
#define MRT_ABORTS(code)   {MRT_END_ABORT_, code}    /* MPI_Abort with this code */
#define MRT_EXITS(status)  {MRT_END_EXIT_, status}   /* exit(), _exit(), _Exit() or quick_exit() with this status */
#define MRT_SIGNALS(number) {MRT_END_SIGNAL_, number} /* a signal; abort() and a failing assert() are SIGABRT */
#define MRT_FAILS          {MRT_END_FAILED_, 0}      /* a failed assertion, or an MPI error that came to MPI_ERRORS_ARE_FATAL */

/* Options of a test; for a suite, the defaults of its tests.
 *
 * .expect = MRT_ABORTS(3): the test passes if it ends so, and fails if it ends in any other way, or just returns. In a team what
 * counts is the rank that ended it; the others, which had to leave, do not.
 *
 * .isolate = MRT_YES: the test runs in a process of its own, forked for it from one in which no test has run: it finds every
 * static variable as the program's start left it, and whatever it does to its process (memory overwritten, descriptors
 * closed, limits lowered, killed by whatever) reaches no other test. Its MPI is the mock, also under mpiexec; a team of
 * several ranks is as many processes beside each other, on the node of the team's rank 0, while the ranks that stand for
 * them wait. A suite with setup or teardown, or a cmocka group, is isolated as a whole, setup and all; if its process ends
 * in the middle of a test, the tests after that one run in another, with setup again. */
struct mrt_options {
    int np MRT_ZERO_;                       /* ranks; default 1 */
    int np_list[MRT_NP_LIST_MAX] MRT_ZERO_; /* one instance for each, up to the first 0; not together with np */
    int cases MRT_ZERO_;                    /* that many instances; mrt_case() tells which, from 0 */
    double timeout MRT_ZERO_;               /* seconds, setup and teardown included; default 60 (--timeout) */
    int priority MRT_ZERO_;                 /* lower runs earlier; default MRT_PRIORITY_DEFAULT */
    enum mrt_choice isolate MRT_ZERO_;      /* see above; default MRT_NO, or MRT_YES by --isolate */
    struct mrt_expect expect MRT_ZERO_;     /* see above; default: that the test returns */
    const char *tags MRT_ZERO_;             /* words, separated by blanks; a test has its suite's too */
    int end_ MRT_ZERO_;                     /* of the macros' own */
};

struct mrt_suite_options {
    int np MRT_ZERO_;
    int np_list[MRT_NP_LIST_MAX] MRT_ZERO_;
    int cases MRT_ZERO_;
    double timeout MRT_ZERO_;
    int priority MRT_ZERO_;
    enum mrt_choice isolate MRT_ZERO_;
    struct mrt_expect expect MRT_ZERO_;
    const char *tags MRT_ZERO_;
    /* Once before the suite's tests, and once after them, on each rank of the one team that runs them all. */
    CMFixtureFunction setup MRT_ZERO_;
    CMFixtureFunction teardown MRT_ZERO_;
    int end_ MRT_ZERO_;
};

/* What the macros register; written by them, read by the runner. */
struct mrt_test {
    const char *name;
    CMUnitTestFunction function;
    const char *file;
    int line;
    struct mrt_options options;
};
struct mrt_suite {
    const char *name;
    const char *file;
    int line;
    struct mrt_suite_options options;
};
struct mrt_cmocka_group {
    const char *name;
    const struct CMUnitTest *tests;
    size_t count;
    CMFixtureFunction setup, teardown;
    const char *file;
    int line;
    struct mrt_options options;
};
void mrt_register_test(const struct mrt_test *test);
void mrt_register_suite(const struct mrt_suite *suite);
void mrt_register_cmocka_group(const struct mrt_cmocka_group *group);

/* For use in a test. */

/* The number of the running case, from 0; 0 where the test has no cases. */
int mrt_case(void);

/* Ends the test here: skipped, with the reason. On any rank it skips the team's test, unless one failed. */
__attribute__((noreturn)) void mrt_skip(const char *why);

#pragma GCC visibility pop

#ifdef __cplusplus
}

/* cmocka has fail() and skip() as macros, which break <iostream> and every other member function of that name. Written
 * as functions they are called alike, and still name the line that calls. */
#ifdef fail
#undef fail
[[noreturn]] inline void fail(const char *file = __builtin_FILE(), int line = __builtin_LINE())
{
    _fail(file, line);
    __builtin_unreachable();
}
#endif
#ifdef skip
#undef skip
[[noreturn]] inline void skip(const char *file = __builtin_FILE(), int line = __builtin_LINE())
{
    _skip(file, line);
    __builtin_unreachable();
}
#endif
#endif

/* MRT_TEST(name, options…) { body }: defines and registers a test. The body sees cmocka's `void **state`. */
#define MRT_TEST(...) MRT_TEST_(__VA_ARGS__, .end_ = 0)
#define MRT_TEST_(name_, ...)                                                                                          \
    static void mrt_function_##name_(void **state);                                                                    \
    static const struct mrt_test mrt_test_##name_ = {#name_, mrt_function_##name_, __FILE__, __LINE__, {__VA_ARGS__}}; \
    __attribute__((constructor)) static void mrt_register_##name_(void)                                                \
    {                                                                                                                  \
        mrt_register_test(&mrt_test_##name_);                                                                          \
    }                                                                                                                  \
    static void mrt_function_##name_(__attribute__((unused)) void **state)

/* What the macros below end with, for the semicolon after them: a name that nothing else has, in any namespace. */
struct mrt_semicolon_;

/* MRT_SUITE(name, options…): the suite of this source file, and its tests' defaults. Without it: the file's stem. */
#define MRT_SUITE(...) MRT_SUITE_(__VA_ARGS__, .end_ = 0)
#define MRT_SUITE_(name_, ...)                                                                                         \
    static const struct mrt_suite mrt_suite_##name_ = {#name_, __FILE__, __LINE__, {__VA_ARGS__}};                     \
    __attribute__((constructor)) static void mrt_register_suite_##name_(void)                                          \
    {                                                                                                                  \
        mrt_register_suite(&mrt_suite_##name_);                                                                        \
    }                                                                                                                  \
    struct mrt_semicolon_

/* MRT_CMOCKA_GROUP(name, tests, group_setup, group_teardown, options…): takes over an array of struct CMUnitTest as it
 * is; the whole group runs on one rank (or team) with its setup once. */
#define MRT_CMOCKA_GROUP(...) MRT_CMOCKA_GROUP_(__VA_ARGS__, .end_ = 0)
#define MRT_CMOCKA_GROUP_(name_, tests_, setup_, teardown_, ...)                                                       \
    static const struct mrt_cmocka_group mrt_group_##name_ = {                                                         \
        #name_, tests_, sizeof(tests_) / sizeof((tests_)[0]), setup_, teardown_, __FILE__, __LINE__, {__VA_ARGS__}};   \
    __attribute__((constructor)) static void mrt_register_group_##name_(void)                                          \
    {                                                                                                                  \
        mrt_register_cmocka_group(&mrt_group_##name_);                                                                 \
    }                                                                                                                  \
    struct mrt_semicolon_

#endif
