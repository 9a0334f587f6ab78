/* SPDX-License-Identifier: BSD-2-Clause */
/* journal_read.c: reading; see journal.h.
 *
 * The file is read whole, and only looked through: what it says of each test stays as bytes until it is wanted. When a job's
 * records end without END, or the next job's begin, what was in flight is found out from the records alone, so that it does
 * not matter how far the job that resumed came.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "event_wire.h"
#include "journal.h"
#include "text.h"

#define TESTS_MAX 100000000u

struct reading {
    struct journal *journal;
    uint64_t assignments; /* so far, over all jobs */
    size_t *open;         /* [open_count] tests of assignments of this job, in the order in which they were handed out */
    size_t open_count, open_room;
};

static int read_run(struct journal *journal, struct wire_reader *body)
{
    struct journal_run *run = &journal->run;
    run->version = wire_get_string(body);
    run->plan_hash = wire_get_u64(body);
    run->tests = wire_get_u64(body);
    run->filter = wire_get_string(body);
    run->tags = wire_get_string(body);
    run->shuffle = wire_get_u32(body) != 0;
    run->seed = wire_get_u64(body);
    run->time = wire_get_f64(body);
    run->suite_count = wire_get_u32(body);
    if (body->failed || run->tests > TESTS_MAX || run->suite_count > body->size / 8)
        return -EBADMSG;
    journal->suites = calloc(run->suite_count + 1, sizeof *journal->suites);
    journal->tests = calloc(run->tests + 1, sizeof *journal->tests);
    if (!journal->suites || !journal->tests)
        return -ENOMEM;
    for (size_t i = 0; i < run->suite_count; i++)
        journal->suites[i] = wire_get_string(body);
    run->suites = journal->suites;
    run->filter = run->filter[0] ? run->filter : NULL;
    run->tags = run->tags[0] ? run->tags : NULL;
    return wire_reader_done(body) ? 0 : -EBADMSG;
}

/* The job's records end here. */
static void close_job(struct reading *reading)
{
    uint64_t blamed = 0;
    for (size_t i = 0; i < reading->open_count; i++) {
        struct journal_test *test = &reading->journal->tests[reading->open[i]];
        if (test->assignment == 0 || test->state != JOURNAL_WAITS)
            continue;
        if (test->assignment != blamed && !reading->journal->finished) {
            blamed = test->assignment;
            test->state = JOURNAL_DIED;
        }
        test->assignment = 0;
    }
    reading->open_count = 0;
}

static int read_start_of_test(struct reading *reading, struct wire_reader *body)
{
    struct journal *journal = reading->journal;
    uint64_t number = wire_get_u64(body);
    uint32_t size = wire_get_u32(body);
    if (body->failed || number >= journal->run.tests || size > (body->size - body->at) / 4)
        return -EBADMSG;
    if (reading->open_count == reading->open_room) {
        size_t room = reading->open_room ? 2 * reading->open_room : 256;
        size_t *open = realloc(reading->open, room * sizeof *open);
        if (!open)
            return -ENOMEM;
        reading->open = open;
        reading->open_room = room;
    }
    struct journal_test *test = &journal->tests[number];
    int *ranks = realloc(test->ranks, (size ? size : 1) * sizeof *ranks);
    if (!ranks)
        return -ENOMEM;
    test->ranks = ranks;
    test->size = (int)size;
    for (uint32_t i = 0; i < size; i++)
        ranks[i] = (int)wire_get_u32(body);
    test->assignment = reading->assignments;
    if (test->state == JOURNAL_DIED)
        test->state = JOURNAL_WAITS;
    reading->open[reading->open_count++] = number;
    return 0;
}

static int read_start(struct reading *reading, struct wire_reader *body)
{
    uint32_t count = wire_get_u32(body);
    size_t size;
    const void *bytes = wire_get_bytes(body, &size);
    struct wire_reader tests = {.bytes = bytes, .size = size};
    int error = wire_reader_done(body) ? 0 : -EBADMSG;
    reading->assignments++;
    for (uint32_t i = 0; i < count && !error; i++)
        error = read_start_of_test(reading, &tests);
    return error ? error : wire_reader_done(&tests) ? 0 : -EBADMSG;
}

static int add_retry(struct journal_test *test, struct journal_bytes bytes)
{
    struct journal_bytes *retries = realloc(test->retries, (test->retry_count + 1) * sizeof *retries);
    if (!retries)
        return -ENOMEM;
    test->retries = retries;
    retries[test->retry_count++] = bytes;
    return 0;
}

static int read_result(struct journal *journal, const struct wire_reader *body, bool retry)
{
    struct event_test_finished event;
    const struct journal_bytes bytes = {body->bytes, body->size};
    int error = event_wire_get(body->bytes, body->size, &event);
    if (error)
        return error;
    bool not_run = event.outcome == OUTCOME_NOTRUN || (event.outcome == OUTCOME_SKIPPED && event.size == 0);
    size_t number = event.test;
    event_wire_finish(&event);
    if (number >= journal->run.tests)
        return -EBADMSG;
    struct journal_test *test = &journal->tests[number];
    test->assignment = 0;
    if (retry || not_run) {
        if (test->state != JOURNAL_ENDED)
            test->state = JOURNAL_WAITS;
        return retry ? add_retry(test, bytes) : 0;
    }
    test->state = JOURNAL_ENDED;
    test->result = bytes;
    return 0;
}

static int read_record(struct reading *reading, uint32_t kind, struct wire_reader *body)
{
    struct journal *journal = reading->journal;
    if ((kind == JOURNAL_RUN) != (journal->tests == NULL))
        return -EBADMSG; /* RUN comes first, and once */
    switch ((enum journal_kind)kind) {
    case JOURNAL_RUN:
        return read_run(journal, body);
    case JOURNAL_JOB:
        close_job(reading);
        journal->jobs++;
        journal->finished = journal->interrupted = journal->ranks_missing = false;
        return 0;
    case JOURNAL_START:
        return read_start(reading, body);
    case JOURNAL_RETRY:
        return read_result(journal, body, true);
    case JOURNAL_RESULT:
        return read_result(journal, body, false);
    case JOURNAL_END:
        journal->finished = true;
        journal->status = (enum exit_status)wire_get_u32(body);
        journal->interrupted = wire_get_u32(body) != 0;
        journal->ranks_missing = wire_get_u32(body) != 0;
        return wire_reader_done(body) ? 0 : -EBADMSG;
    }
    return -EBADMSG;
}

static int read_records(struct journal *journal, size_t size, struct problem *problem)
{
    struct reading reading = {.journal = journal};
    struct wire_reader body;
    uint32_t kind;
    size_t at = 0, before = 0;
    int more, error = journal_file_begin(journal->bytes, size, &at, problem);
    while (!error && at > 0 && (before = at, more = journal_file_next(journal->bytes, size, 0, &at, &kind, &body, problem)) != 0) {
        error = more < 0 ? more : read_record(&reading, kind, &body);
        if (error && more > 0)
            problem_set(problem, -error, error == -ENOMEM ? "out of memory" : "what it says at byte %zu makes no sense", before);
    }
    journal->size = at;
    if (!error)
        close_job(&reading);
    free(reading.open);
    if (!error && !journal->tests)
        error = problem_set(problem, EINVAL, "it is empty: the run that wrote it never began");
    return error;
}

/* All bytes of the file; on failure errno tells. */
static unsigned char *read_file(const char *path, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    unsigned char *bytes = NULL;
    *size = 0;
    if (fd < 0)
        return NULL;
    if (fstat(fd, &status) == 0) {
        if (!S_ISREG(status.st_mode))
            errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
        else
            bytes = malloc((size_t)status.st_size + 1);
    }
    while (bytes && *size < (size_t)status.st_size) {
        ssize_t got = read(fd, bytes + *size, (size_t)status.st_size - *size);
        if (got < 0 && errno != EINTR) {
            free(bytes);
            bytes = NULL;
        } else if (got == 0) {
            break;
        } else if (got > 0) {
            *size += (size_t)got;
        }
    }
    int error = errno;
    close(fd);
    errno = error;
    return bytes;
}

int journal_read(struct journal **read, const char *path, struct problem *problem)
{
    struct journal *journal = calloc(1, sizeof *journal);
    struct problem words = {""};
    size_t size;
    if (!journal || !(journal->bytes = read_file(path, &size))) {
        int error = errno ? errno : ENOMEM;
        free(journal);
        return problem_set(problem, error, "cannot read the journal %s: %s", path, strerror(error));
    }
    int error = read_records(journal, size, &words);
    if (error) {
        journal_destroy(journal);
        return problem_set(problem, -error, "cannot go on with the journal %s: %s", path, words.text);
    }
    for (size_t i = 0; i < journal->run.tests; i++)
        journal->ended += journal->tests[i].state != JOURNAL_WAITS;
    *read = journal;
    return 0;
}

void journal_destroy(struct journal *journal)
{
    if (!journal)
        return;
    for (size_t i = 0; journal->tests && i < journal->run.tests; i++) {
        free(journal->tests[i].retries);
        free(journal->tests[i].ranks);
    }
    free(journal->tests);
    free(journal->suites);
    free(journal->bytes);
    free(journal);
}

int journal_check(const struct journal *journal, const char *path, const struct plan *plan, struct problem *problem)
{
    if (strcmp(journal->run.version, MRT_VERSION) != 0)
        return problem_set(problem, EINVAL, "cannot go on with the journal %s: version %s wrote it, this is %s", path,
                           journal->run.version, MRT_VERSION);
    if (journal->run.plan_hash != plan_hash(plan) || journal->run.tests != plan->count)
        return problem_set(problem, EINVAL,
                           "cannot go on with the journal %s: it is of other tests, or of another selection of them "
                           "(%zu tests, here %zu): give the same suites and options, or start anew",
                           path, journal->run.tests, plan->count);
    return 0;
}

void journal_died_words(const struct journal_test *test, char *words, size_t size)
{
    struct text ranks = {0};
    text_add_ranges(&ranks, test->ranks, (size_t)test->size);
    snprintf(words, size, "the job died while it ran on rank%s %s", test->size == 1 ? "" : "s", text_string(&ranks));
    text_finish(&ranks);
}
