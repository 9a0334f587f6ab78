/* SPDX-License-Identifier: BSD-2-Clause */
/* main.c: the program: from the command line to ranks that run.
 *
 * Part of libmpirun_tests, so that a program of one's own is sources and this library. The order matters: options and
 * launcher first (--help and --list need no MPI and no ranks), then the suites, then the MPI: under a launcher
 * MPI_Init, on the mock a fork of every rank from this process, which has loaded the suites already.
 */
#include <glob.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../mpimock/door.h"
#include "../mpimock/launch.h"
#include "capture.h"
#include "job.h"
#include "journal.h"
#include "leftovers.h"
#include "mode.h"
#include "options.h"
#include "outcome.h"
#include "plan.h"
#include "plan_list.h"
#include "rank.h"
#include "registry.h"
#include "topology.h"

#define OUTPUTS_MAX 256 /* files that every process holds open */

/* ---- Suites ---- */

/* In the build tree the suites are in `suites/` beside the program. */
static int load_beside(struct registry *registry, struct problem *problem)
{
    char program[PATH_MAX], pattern[PATH_MAX + 16];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length < 0)
        return 0;
    program[length] = '\0';
    snprintf(pattern, sizeof pattern, "%s/suites/*.so", dirname(program));
    glob_t found;
    if (glob(pattern, 0, NULL, &found) != 0)
        return 0;
    int error = 0;
    for (size_t i = 0; i < found.gl_pathc && !error; i++)
        error = registry_load(registry, found.gl_pathv[i], problem);
    globfree(&found);
    return error;
}

static int load_suites(struct registry *registry, const struct options *options, struct problem *problem)
{
    int error = 0;
    for (size_t i = 0; i < options->suite_count && !error; i++)
        error = registry_load(registry, options->suites[i], problem);
    if (!error && options->suite_count == 0 && registry_test_count(registry) == 0)
        error = load_beside(registry, problem);
    if (!error && registry_test_count(registry) == 0)
        error = problem_set(problem, EINVAL,
                            "there is nothing to run: name suites (shared objects) on the command line, or link tests "
                            "into the program");
    return error;
}

static uint64_t choose_seed(const struct options *options)
{
    if (options->seed_given || !options->shuffle)
        return options->seed;
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return ((uint64_t)time.tv_sec * 1000003u + (uint64_t)time.tv_nsec) % 1000000000u; /* short enough to be typed again */
}

/* What the journal says of the run, where the options say nothing. Ranks that cannot read it go by their options: rank 0
 * compares their tests with its own. */
static int resume(struct options *options, const struct launcher *launcher, struct journal **journal, struct problem *problem)
{
    struct problem words = {{0}};
    if (!options->resume || strcmp(options->resume, "last") == 0)
        return 0;
    int error = journal_read(journal, options->resume, &words);
    if (error && launcher->rank == 0)
        *problem = words;
    if (error)
        return launcher->rank == 0 ? error : 0;
    const struct journal_run *run = &(*journal)->run;
    if (!options->filter)
        options->filter = run->filter;
    if (!options->tags)
        options->tags = run->tags;
    if (!options->shuffle && run->shuffle) {
        options->shuffle = options->seed_given = true;
        options->seed = run->seed;
    }
    return options->suite_count > 0 ? 0 : options_set_suites(options, run->suites, run->suite_count);
}

/* Rank 0 looks whether the journal is of the tests that it has. */
static int check_resume(const struct options *options, const struct plan *plan, struct journal **journal, char **path,
                        struct problem *problem)
{
    int error = 0;
    if (!options->resume)
        return 0;
    *path = strcmp(options->resume, "last") == 0 ? journal_last_path(plan_hash(plan), problem) : strdup(options->resume);
    if (!*path)
        return problem->text[0] ? -ENOENT : problem_set(problem, ENOMEM, "out of memory");
    if (!*journal)
        error = journal_read(journal, *path, problem);
    return error ? error : journal_check(*journal, *path, plan, problem);
}

static int make_plan(struct plan *plan, const struct options *options, uint64_t seed, struct problem *problem)
{
    return plan_create(plan, registry_get(),
                       &(struct plan_selection){
                           .filter = options->filter, .tags = options->tags, .shuffle = options->shuffle, .seed = seed, .timeout = options->timeout,
                           .isolate = options->isolate},
                       problem);
}

static void say_nothing_selected(const struct options *options, struct problem *problem)
{
    problem_set(problem, EINVAL, "no test was selected%s%s%s%s: --list shows the names", options->filter ? ": --filter " : "",
                options->filter ? options->filter : "", options->tags ? ": --tags " : "", options->tags ? options->tags : "");
}

/* ---- The two ways to have ranks ---- */

static struct isolate *isolate_if_needed(const struct rank_settings *settings)
{
    return plan_has_isolated(settings->plan) ? isolate_create(settings->plan, !settings->options->no_capture) : NULL;
}

static int run_rank_of_mock(void *argument)
{
    struct rank_settings *settings = argument;
    settings->isolate = isolate_if_needed(settings);
    int status = rank_run(settings);
    isolate_destroy(settings->isolate);
    return status;
}

/* Files that outlive the ranks which write to them, so that the output of one that dies is not lost. NULL, or -1 for one: not
 * of that rank. */
static int *make_outputs(int n)
{
    int *files = malloc((size_t)n * sizeof *files);
    for (int i = 0; files && i < n; i++)
        files[i] = i < OUTPUTS_MAX ? capture_file() : -1;
    return files;
}

static int run_on_mock(struct rank_settings *settings)
{
    struct problem problem = {{0}};
    struct hostfile nodes = {0};
    const struct options *options = settings->options;
    int n = 0, status = EXIT_STATUS_USAGE;
    if ((options->hostfile && hostfile_read(&nodes, options->hostfile, &problem) != 0) ||
        mode_ranks(options, settings->plan, topology_usable_cores, &n, &problem) != 0) {
        rank_say(&problem);
    } else {
        settings->thread_level = MPI_THREAD_MULTIPLE;
        settings->outputs = options->no_capture ? NULL : make_outputs(n);
        int died = 0;
        status = mpimock_launch(&(struct mpimock_launch){.n = n,
                                                         .nodes = options->hostfile ? &nodes : NULL,
                                                         .function = run_rank_of_mock,
                                                         .argument = settings,
                                                         .died = &died,
                                                         .replace = true},
                                &problem);
        if (status < 0) {
            rank_say(&problem);
            status = EXIT_STATUS_INTERNAL;
        } else if (died > 0 && status != EXIT_STATUS_INTERRUPTED) {
            status = EXIT_STATUS_JOB_DIED; /* a rank died, and took the job with it */
        }
    }
    for (int i = 0; settings->outputs && i < n; i++)
        if (settings->outputs[i] >= 0)
            close(settings->outputs[i]);
    free((void *)settings->outputs);
    settings->outputs = NULL;
    hostfile_finish(&nodes);
    return status;
}

#ifndef MPIMOCK_NO_MPI
/* Rank 0 alone chooses the seed: processes of a launcher would each have drawn their own, and not all can read the journal
 * that is resumed. */
static void share_seed(struct rank_settings *settings, const struct mpimock_backend *mpi, struct problem *problem)
{
    uint64_t seed = settings->seed;
    mpi->Bcast(&seed, sizeof seed, MPI_BYTE, 0, MPI_COMM_WORLD);
    if (!settings->options->shuffle || seed == settings->seed || problem->text[0])
        return;
    settings->seed = seed;
    plan_finish(settings->plan);
    make_plan(settings->plan, settings->options, seed, problem);
}

static int run_under_mpi(struct rank_settings *settings, const struct launcher *launcher, struct problem *own)
{
    struct problem problem = {{0}};
    char library[MPI_MAX_LIBRARY_VERSION_STRING];
    int size = 0, length, status;
    settings->isolate = isolate_if_needed(settings); /* a process that has initialised MPI must not be forked */
    mpimock_use(&mpimock_backend_real);
    const struct mpimock_backend *mpi = mpimock_backend();
    if (mpi->Init_thread(NULL, NULL, MPI_THREAD_MULTIPLE, &settings->thread_level) != MPI_SUCCESS)
        return EXIT_STATUS_INTERNAL; /* MPI has said why */
    mpi->Comm_size(MPI_COMM_WORLD, &size);
    mpi->Get_library_version(library, &length);
    library[strcspn(library, ",\n")] = '\0';
    if (launcher_check(launcher, size, library, &problem) != 0) {
        if (launcher->rank == 0)
            rank_say(&problem);
        status = launcher->rank == 0 ? EXIT_STATUS_USAGE : 0;
    } else {
        settings->launched = launcher->present;
        share_seed(settings, mpi, own);
        status = rank_run(settings);
    }
    leftovers_write_coverage(); /* a launcher ends ranks when the first one exits with a status */
    mpi->Finalize();
    isolate_destroy(settings->isolate);
    return status;
}
#endif

/* ---- The program ---- */

static const char *environment(const char *name)
{
    return getenv(name);
}

/* Under a launcher one process speaks for all, and carries the status. */
static int refuse(const struct launcher *launcher, const struct problem *problem, enum exit_status status)
{
    if (launcher->rank != 0)
        return 0;
    rank_say(problem);
    return status;
}

static int list(const struct plan *plan, const struct options *options, const struct launcher *launcher)
{
    struct problem problem = {{0}};
    if (launcher->rank != 0)
        return 0;
    if (plan_list(plan, options->list == LIST_JSON, stdout, &problem) != 0) {
        rank_say(&problem);
        return EXIT_STATUS_INTERNAL;
    }
    return EXIT_STATUS_PASSED;
}

static int help(const char *program, const struct launcher *launcher)
{
    char *text = launcher->rank == 0 ? options_help(program) : NULL;
    if (text)
        fputs(text, stdout);
    free(text);
    return EXIT_STATUS_PASSED;
}

/* From a plan to the end of the run. `problem` holds what went wrong so far, if anything. */
static int run(struct rank_settings *settings, const struct launcher *launcher, struct problem *problem)
{
    const struct options *options = settings->options;
    enum mode mode;
    bool fell_back;
    const char *culprit;
#ifdef MPIMOCK_NO_MPI
    const bool built_with_mpi = false;
#else
    const bool built_with_mpi = true;
#endif
    struct problem contradiction;
    if (mode_decide(&mode, &fell_back, options, launcher, built_with_mpi, &contradiction) != 0)
        return refuse(launcher, &contradiction, EXIT_STATUS_USAGE);
    if (!mpimock_door_is_open(&culprit)) {
        problem_set(&contradiction, EINVAL,
                    "MPI_Send of this program is that of %s, past the front door: link libmpirun_tests and libmpimock "
                    "before the MPI library (-lmpirun_tests -lmpimock ahead of -lmpi)",
                    culprit);
        return refuse(launcher, &contradiction, EXIT_STATUS_USAGE);
    }
    if (!problem->text[0] && settings->plan->count == 0) {
        say_nothing_selected(options, problem);
        return refuse(launcher, problem, EXIT_STATUS_NO_TESTS);
    }
#ifndef MPIMOCK_NO_MPI
    if (mode == MODE_MPI)
        return run_under_mpi(settings, launcher, problem);
#endif
    if (problem->text[0])
        return refuse(launcher, problem, EXIT_STATUS_USAGE);
    if (fell_back && built_with_mpi && options->verbosity >= 0)
        fprintf(stderr, "mpirun-tests: no launcher started this process: the tests run on the mock "
                        "(mpiexec -n N %s runs them on MPI, --mock says that the mock is meant)\n",
                program_invocation_name);
    mpimock_use(&mpimock_backend_mock);
    return run_on_mock(settings);
}

/* --launch: this process starts the job, and is no rank of it. */
static int launch(const struct options *options, const struct plan *plan, const struct launcher *launcher, const char *journal,
                  char *const argv[])
{
    struct problem problem = {{0}};
#ifdef MPIMOCK_NO_MPI
    problem_set(&problem, EINVAL, "--launch: this build has no MPI: configure it with -DMPIRUN_TESTS_MPI=ON");
    (void)journal, (void)argv;
#endif
    if (launcher->present)
        problem_set(&problem, EINVAL, "--launch starts the job, but a launcher started this process already (%s is set): leave out one",
                    launcher->variable);
    if (problem.text[0])
        return refuse(launcher, &problem, EXIT_STATUS_USAGE);
    if (plan->count == 0) {
        say_nothing_selected(options, &problem);
        return refuse(launcher, &problem, EXIT_STATUS_NO_TESTS);
    }
    int status = job_run(&(struct job_settings){.argv = argv, .options = options, .plan = plan, .journal = journal}, &problem);
    if (problem.text[0])
        rank_say(&problem);
    return status;
}

/* Of the job of --launch that this process is a rank of. A test's own processes are none. */
static int number_of_job(void)
{
    const char *number = getenv(JOB_VARIABLE);
    int job = number ? atoi(number) : 0;
    unsetenv(JOB_VARIABLE);
    return job;
}

__attribute__((visibility("default"))) int main(int argc, char *argv[])
{
    struct problem problem = {{0}};
    struct launcher launcher;
    struct options options;
    struct plan plan = {0};
    struct journal *journal = NULL;
    char *path = NULL, written[PATH_MAX];
    int status;
    launcher_detect(&launcher, environment);
    if (options_parse(&options, argc, argv, &problem) != 0)
        return refuse(&launcher, &problem, EXIT_STATUS_USAGE);
    if (options.help) {
        status = help(program_invocation_short_name, &launcher);
    } else if (options.version) {
        if (launcher.rank == 0)
            puts("mpirun-tests " MRT_VERSION);
        status = EXIT_STATUS_PASSED;
    } else {
        int error = resume(&options, &launcher, &journal, &problem);
        uint64_t seed = choose_seed(&options);
        if (!error)
            error = load_suites(registry_get(), &options, &problem);
        if (!error)
            error = make_plan(&plan, &options, seed, &problem);
        if (!error && launcher.rank == 0)
            error = check_resume(&options, &plan, &journal, &path, &problem);
        if (options.launch && options.list == LIST_NO)
            status = error ? refuse(&launcher, &problem, EXIT_STATUS_USAGE) : launch(&options, &plan, &launcher, path, argv);
        else if (options.list != LIST_NO)
            status = error ? refuse(&launcher, &problem, EXIT_STATUS_USAGE) : list(&plan, &options, &launcher);
        else
            status = run(&(struct rank_settings){.options = &options,
                                                 .plan = &plan,
                                                 .problem = &problem,
                                                 .seed = seed,
                                                 .journal = launcher.rank == 0 ? journal : NULL,
                                                 .journal_path = path,
                                                 .journal_written = written,
                                                 .job = number_of_job(),
                                                 .argv = argv},
                         &launcher, &problem);
    }
    plan_finish(&plan);
    journal_destroy(journal);
    free(path);
    options_finish(&options);
    return status;
}
