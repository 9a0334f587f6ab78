/* SPDX-License-Identifier: BSD-2-Clause */
/* rank.c: see rank.h. */
#include "rank.h"

#include <math.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../mpimock/launch.h"
#include "control.h"
#include "execution.h"
#include "guard/guard.h"
#include "handshake.h"
#include "interrupt.h"
#include "journal_open.h"
#include "limit.h"
#include "loss.h"
#include "main_rank.h"
#include "reporter.h"
#include "watch.h"
#include "worker.h"

void rank_say(const struct problem *problem)
{
    fprintf(stderr, "mpirun-tests: %s\n", problem->text);
}

/* ---- Reporters ---- */

static bool to_stdout(const char *path)
{
    return path && strcmp(path, "-") == 0;
}

/* Automatic colour and progress need a terminal of our own: under a launcher rank 0's is not (Open MPI gives ranks a
 * pseudo-terminal even when output goes to a file). */
static bool wanted(enum options_when when, bool terminal)
{
    return when == WHEN_ALWAYS || (when == WHEN_AUTO && terminal);
}

/* The console's stream is a duplicate, so that it is apart from the stdout that tests write to. When a report takes
 * standard output, the console moves to standard error. */
static FILE *console_stream(const struct options *options)
{
    bool taken = to_stdout(options->tap) || to_stdout(options->junit) || to_stdout(options->json);
    int copy = dup(taken ? STDERR_FILENO : STDOUT_FILENO);
    return copy >= 0 ? fdopen(copy, "w") : NULL;
}

static int columns_of(int descriptor)
{
    struct winsize size;
    return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/* The first of all: a result is in the journal before anything else tells of it. */
static int add_journal(struct reporters *reporters, const struct rank_settings *settings, struct problem *warning,
                       struct problem *problem)
{
    struct journal_file *file;
    int error = journal_open(&(struct journal_opening){.options = settings->options,
                                                       .plan = settings->plan,
                                                       .seed = settings->seed,
                                                       .journal = settings->journal,
                                                       .path = settings->journal_path},
                             &file, warning, problem);
    settings->journal_written[0] = '\0';
    if (error || !file)
        return error;
    snprintf(settings->journal_written, PATH_MAX, "%s", journal_file_path(file));
    error = reporters_add(reporters, &reporter_journal, &(struct reporter_settings){.journal = file}, problem);
    if (error)
        journal_file_close(file);
    return error;
}

static int add_reporters(struct reporters *reporters, const struct rank_settings *settings, FILE *console, bool launched,
                         struct problem *problem)
{
    const struct options *options = settings->options;
    struct problem warning;
    bool terminal = !launched && isatty(fileno(console)) && !getenv("NO_COLOR");
    int error = add_journal(reporters, settings, &warning, problem);
    if (!error)
        error = reporters_add(reporters, &reporter_console,
                              &(struct reporter_settings){.stream = console,
                                                          .colour = wanted(options->colour, terminal),
                                                          .progress = wanted(options->progress, !launched && isatty(fileno(console))),
                                                          .verbosity = options->verbosity,
                                                          .durations = options->durations,
                                                          .job = settings->job,
                                                          .columns = columns_of(fileno(console))},
                              problem);
    const struct {
        const struct reporter_type *type;
        const char *path;
    } files[] = {{&reporter_tap, options->tap}, {&reporter_junit, options->junit}, {&reporter_json, options->json}};
    for (size_t i = 0; i < sizeof files / sizeof *files && !error; i++)
        if (files[i].path)
            error = reporters_add(reporters, files[i].type, &(struct reporter_settings){.path = files[i].path}, problem);
    if (!error && warning.text[0])
        reporters_notice(reporters, &(struct event_notice){.level = NOTICE_WARNING, .text = warning.text});
    return error;
}

/* What steps need. Without a watch no step's time is ever up. */
static int begin(const struct rank_settings *settings, const struct control *control)
{
    int output = settings->outputs ? settings->outputs[control->rank] : -1;
    watch_start(&(struct watch_settings){.due = execution_due, .ended = loss_ended});
    if (control->real)
        loss_watch(control, settings->launched); /* what is not watched is missed when it does not answer */
    /* Last: what is there now is not a test's. */
    return output >= 0 ? execution_begin_in(output) : execution_begin(!settings->options->no_capture);
}

static void end(void)
{
    watch_stop();
    execution_end();
}

/* ---- Rank 0 ---- */

/* "Open MPI 4.1.4" out of "Open MPI v4.1.4, package: …"; "MPICH 4.0.2" out of "MPICH Version:\t4.0.2\n…". */
static void name_mpi(const struct mpimock_backend *mpi, char *name, size_t size)
{
    char text[MPI_MAX_LIBRARY_VERSION_STRING];
    int length;
    if (mpi->Get_library_version(text, &length) != MPI_SUCCESS) {
        snprintf(name, size, "MPI");
        return;
    }
    char version[32] = "";
    if (sscanf(text, "Open MPI v%31[^, \n]", version) == 1)
        snprintf(name, size, "Open MPI %s", version);
    else if (sscanf(text, "MPICH Version: %31s", version) == 1)
        snprintf(name, size, "MPICH %s", version);
    else
        snprintf(name, size, "%.*s", (int)strcspn(text, "\n,:"), text);
}

static int run_reported(const struct rank_settings *settings, struct control *control, char *const hosts[],
                        struct reporters *reporters, struct problem *problem)
{
    const struct options *options = settings->options;
    char mpi[128];
    name_mpi(control->mpi, mpi, sizeof mpi);
    return main_rank_run(&(struct main_rank_settings){.control = control,
                                                      .plan = settings->plan,
                                                      .reporters = reporters,
                                                      .hosts = (const char *const *)hosts,
                                                      .mpi = mpi,
                                                      .shuffled = options->shuffle,
                                                      .seed = settings->seed,
                                                      .maxfail = options->maxfail,
                                                      .slow_timeout = options->slow_timeout,
                                                      .retries = options->retries,
                                                      .job = settings->job,
                                                      .journal = settings->journal,
                                                      .fail_on_skip = options->fail_on_skip,
                                                      .fail_on_flaky = options->fail_on_flaky,
                                                      .strict = options->strict,
                                                      .thread_level = settings->thread_level,
                                                      .isolate = settings->isolate},
                         problem);
}

static void say_how_to_resume(const struct rank_settings *settings, const struct control *control)
{
    char *line = settings->journal_written[0]
                     ? interrupt_resume_line(settings->argv, control->size, control->real, settings->journal_written)
                     : NULL;
    fprintf(stderr, "mpirun-tests: interrupted by %s%s%s\n", interrupt_name(), line ? "; to go on: " : "", line ? line : "");
    free(line);
}

static int run_main(const struct rank_settings *settings, struct control *control, char *const hosts[])
{
    struct problem problem = {{0}};
    signal(SIGPIPE, SIG_IGN); /* a reader of ours that leaves (`| head`) is a write error, told at the end */
    struct reporters *reporters = reporters_create();
    FILE *console = console_stream(settings->options);
    int status = EXIT_STATUS_INTERNAL;
    bool begun = false;
    if (!reporters || !console)
        problem_set(&problem, ENOMEM, "no memory, or no file descriptor, for the reporters");
    else if (add_reporters(reporters, settings, console, control->real, &problem) != 0)
        status = EXIT_STATUS_USAGE;
    else
        begun = begin(settings, control) == 0;
    if (begun)
        status = run_reported(settings, control, hosts, reporters, &problem);
    else if (!problem.text[0])
        problem_set(&problem, EIO, "the output of tests cannot be captured on this machine: try --no-capture");
    if (begun)
        end();
    if (problem.text[0])
        rank_say(&problem);
    problem.text[0] = '\0';
    if (reporters && reporters_destroy(reporters, &problem) != 0) {
        rank_say(&problem);
        status = EXIT_STATUS_INTERNAL;
    }
    if (console)
        fclose(console);
    if (status == EXIT_STATUS_INTERRUPTED && settings->job == 0)
        say_how_to_resume(settings, control);
    if (interrupt_count() > 1) { /* nobody was waited for, so nobody can be left in order */
        fflush(NULL);
        control->mpi->Abort(MPI_COMM_WORLD, EXIT_STATUS_INTERRUPTED);
    }
    return begun ? status : -status; /* negative: the workers wait for a word still */
}

/* ---- Both ---- */

static int run_worker(const struct rank_settings *settings, struct control *control)
{
    struct worker worker = {.control = control,
                            .plan = settings->plan,
                            .thread_level = settings->thread_level,
                            .isolate = settings->isolate,
                            .ready = !control->real && mpimock_incarnation() > 0};
    begin(settings, control); /* what cannot be captured is seen on the terminal */
    int error = worker_serve(&worker);
    end();
    worker_finish(&worker);
    if (error)
        fprintf(stderr, "mpirun-tests: rank %d on %s cannot go on: %s\n", control->rank, control->host, strerror(-error));
    return error ? EXIT_STATUS_INTERNAL : 0;
}

/* The workers wait for their first assignment: they get STOP instead. */
static void send_home(struct control *control)
{
    for (int rank = 1; rank < control->size; rank++) {
        struct control_message message;
        if (control_receive(control, rank, &message) == 0)
            control_send(control, MESSAGE_STOP, rank, NULL, 0);
    }
}

/* Ranks were lost: MPI_Finalize would wait for them. Where the launcher goes on without them, each process just ends, rank 0
 * last; elsewhere rank 0 ends all, those included that do not answer. */
__attribute__((noreturn)) static void leave_broken(struct control *control, int status)
{
    fflush(NULL);
    if (loss_is_recoverable())
        _exit(status);
#ifdef OPEN_MPI
    if (control->rank == 0)
        control->mpi->Abort(control->comm, status);
#else
    if (control->rank == 0)
        _exit(status); /* MPICH's MPI_Abort waits for those that do not answer; its launcher ends them when a rank ends so */
#endif
    pid_t parent = getppid();
    while (getppid() == parent) /* until it ends this process */
        usleep(100 * 1000);
    _exit(EXIT_FAILURE);
}

int rank_run(const struct rank_settings *settings)
{
    struct control control;
    struct problem problem = {{0}};
    if (control_create(&control) != 0 || guard_open(&control) != 0) {
        problem_set(&problem, EIO, "MPI could not make the runner's communicator");
        rank_say(&problem);
        control_destroy(&control);
        return EXIT_STATUS_INTERNAL;
    }
    interrupt_begin(control.real);
    int output = settings->outputs ? settings->outputs[control.rank] : -1;
    double seconds = settings->options->global_timeout;
    const struct handshake_settings greeting = {
        .plan = settings->plan, .own = settings->problem, .seconds = seconds > 0 ? seconds : INFINITY};
    char **hosts = calloc((size_t)control.size, sizeof *hosts);
    bool takes_place = !control.real && mpimock_incarnation() > 0;
    int status = !hosts         ? EXIT_STATUS_INTERNAL
                 : takes_place ? -loss_take_place(&control, output)
                                : handshake(&control, &greeting, hosts, &problem);
    if (status != 0 && control.rank == 0) {
        rank_say(&problem);
    } else if (status == 0 && control.rank == 0) {
        status = run_main(settings, &control, hosts);
        if (status < 0) {
            send_home(&control);
            status = -status;
        }
    } else if (status == 0) {
        status = run_worker(settings, &control);
    } else {
        status = 0; /* rank 0 carries the status of a refusal */
    }
    for (int rank = 0; hosts && rank < control.size; rank++)
        free(hosts[rank]);
    free(hosts);
    if (control.broken)
        leave_broken(&control, status);
    guard_close();
    control_destroy(&control);
    return status;
}
