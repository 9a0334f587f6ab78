/* SPDX-License-Identifier: BSD-2-Clause */
/* test_journal.c: what is written is read again, wherever the file is cut; damage is told; what was in flight is known. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../runner/event_wire.h"
#include "../../runner/journal.h"
#include "place.h"

#define TESTS 6

static struct journal_file *file_of(struct reporter *reporter)
{
    return *(struct journal_file **)reporter; /* its first member */
}

static struct reporter *begin(const char *path)
{
    struct journal_file *file = NULL;
    struct problem problem = {""};
    struct reporter *reporter = NULL;
    static const char *const suites[] = {"/suites/halo.so", "/suites/io.so"};
    const struct journal_run run = {.version = "0.0.test",
                                    .plan_hash = 42,
                                    .tests = TESTS,
                                    .filter = "halo.*",
                                    .shuffle = true,
                                    .seed = 7,
                                    .suites = suites,
                                    .suite_count = 2,
                                    .time = 1.5};
    assert_int_equal(journal_file_create(&file, path, &problem), 0);
    assert_int_equal(journal_begin(file, &run), 0);
    assert_int_equal(reporter_journal.create(&reporter, &(struct reporter_settings){.journal = file}, &problem), 0);
    return reporter;
}

static void begin_job(struct reporter *reporter)
{
    reporter_journal.run_started(reporter, &(struct event_run_started){.version = "0.0.test", .mpi = "mpimock", .ranks = 4});
}

static void end(struct reporter *reporter)
{
    struct problem problem = {""};
    assert_int_equal(reporter_journal.destroy(reporter, &problem), 0);
}

/* Tests first … last are handed out together to ranks 1 … size. */
static void hand_out(struct reporter *reporter, uint32_t assignment, size_t first, size_t last, int size)
{
    const int ranks[] = {1, 2, 3};
    for (size_t test = first; test <= last; test++)
        reporter_journal.test_started(reporter, &(struct event_test_started){.test = test,
                                                                             .name = "x",
                                                                             .ranks = ranks,
                                                                             .size = size,
                                                                             .assignment = assignment,
                                                                             .more = test < last});
}

static struct event_test_finished event_of(size_t test, enum outcome outcome)
{
    static struct event_rank_result ranks[2];
    ranks[0] = (struct event_rank_result){.rank = 1, .node = "n1", .outcome = outcome, .seconds = 0.25, .message = "a.c:3: x",
                                          .place = "in MPI_Recv", .warnings = "left: a\nleft: b", .output = "a\0b\n", .output_size = 4};
    ranks[1] = (struct event_rank_result){.rank = 2, .team_rank = 1, .node = "n2", .outcome = OUTCOME_PASSED, .message = "",
                                          .place = "", .warnings = "", .output = ""};
    return (struct event_test_finished){.test = test, .name = "x", .outcome = outcome, .seconds = 0.5, .message = "a.c:3: x",
                                        .ranks = ranks, .size = 2};
}

static void result(struct reporter *reporter, size_t test, enum outcome outcome)
{
    struct event_test_finished event = event_of(test, outcome);
    reporter_journal.test_finished(reporter, &event);
}

static void retried(struct reporter *reporter, size_t test)
{
    struct event_test_finished event = event_of(test, OUTCOME_FAILED);
    reporter_journal.test_retried(reporter, &event);
}

static struct journal *read_back(const char *path)
{
    struct journal *journal = NULL;
    struct problem problem = {""};
    if (journal_read(&journal, path, &problem) != 0)
        fail_msg("%s", problem.text);
    return journal;
}

static void what_is_written_is_read(void **state)
{
    const char *path = ((struct place *)*state)->file;
    struct reporter *reporter = begin(path);
    struct event_test_finished event;
    begin_job(reporter);
    hand_out(reporter, 1, 0, 1, 2);
    result(reporter, 0, OUTCOME_FAILED);
    result(reporter, 1, OUTCOME_PASSED);
    hand_out(reporter, 2, 2, 2, 1);
    retried(reporter, 2);
    reporter_journal.run_finished(reporter, &(struct event_run_finished){.status = EXIT_STATUS_FAILED, .interrupted = true});
    end(reporter);

    struct journal *journal = read_back(path);
    assert_string_equal(journal->run.version, "0.0.test");
    assert_string_equal(journal->run.filter, "halo.*");
    assert_null(journal->run.tags);
    assert_true(journal->run.shuffle);
    assert_int_equal(journal->run.seed, 7);
    assert_int_equal(journal->run.suite_count, 2);
    assert_string_equal(journal->run.suites[1], "/suites/io.so");
    assert_int_equal(journal->ended, 2);
    assert_int_equal(journal->jobs, 1);
    assert_true(journal->finished && journal->interrupted && !journal->ranks_missing);
    assert_int_equal(journal->status, EXIT_STATUS_FAILED);
    assert_int_equal(journal->tests[2].state, JOURNAL_WAITS); /* the job ended in order: nothing was in flight */
    assert_int_equal(journal->tests[2].retry_count, 1);
    assert_int_equal(journal->tests[0].state, JOURNAL_ENDED);
    assert_int_equal(event_wire_get(journal->tests[0].result.bytes, journal->tests[0].result.size, &event), 0);
    assert_int_equal(event.outcome, OUTCOME_FAILED);
    assert_int_equal(event.size, 2);
    assert_string_equal(event.ranks[0].node, "n1");
    assert_string_equal(event.ranks[0].message, "a.c:3: x");
    assert_string_equal(event.ranks[0].place, "in MPI_Recv");
    assert_string_equal(event.ranks[0].warnings, "left: a\nleft: b");
    assert_int_equal(event.ranks[0].output_size, 4);
    assert_memory_equal(event.ranks[0].output, "a\0b\n", 4);
    assert_int_equal(event.ranks[1].team_rank, 1);
    event_wire_finish(&event);
    journal_destroy(journal);
}

static void the_file_is_its_owners_alone(void **state)
{
    const char *path = ((struct place *)*state)->file;
    struct stat status;
    end(begin(path));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

/* Of each assignment that did not end, the first test without a result; also after the next job began. */
static void what_was_in_flight_is_known(void **state)
{
    const char *path = ((struct place *)*state)->file;
    struct reporter *reporter = begin(path);
    char words[128];
    begin_job(reporter);
    hand_out(reporter, 1, 0, 2, 2); /* a batch on ranks 1, 2 */
    hand_out(reporter, 2, 3, 3, 3);
    result(reporter, 0, OUTCOME_PASSED);
    struct journal *journal = read_back(path);
    const enum journal_state wanted[TESTS] = {JOURNAL_ENDED, JOURNAL_DIED, JOURNAL_WAITS, JOURNAL_DIED, JOURNAL_WAITS, JOURNAL_WAITS};
    for (size_t i = 0; i < TESTS; i++)
        assert_int_equal(journal->tests[i].state, wanted[i]);
    assert_int_equal(journal->ended, 3);
    journal_died_words(&journal->tests[1], words, sizeof words);
    assert_string_equal(words, "the job died while it ran on ranks 1-2");
    journal_destroy(journal);

    begin_job(reporter); /* another job, which dies at once: the same is known */
    journal = read_back(path);
    assert_int_equal(journal->jobs, 2);
    for (size_t i = 0; i < TESTS; i++)
        assert_int_equal(journal->tests[i].state, wanted[i]);
    journal_destroy(journal);

    result(reporter, 1, OUTCOME_CRASHED); /* told by the other job */
    retried(reporter, 3);                 /* with --retries */
    hand_out(reporter, 1, 2, 2, 1);
    journal = read_back(path);
    assert_int_equal(journal->tests[1].state, JOURNAL_ENDED);
    assert_int_equal(journal->tests[2].state, JOURNAL_DIED);
    assert_int_equal(journal->tests[3].state, JOURNAL_WAITS);
    assert_int_equal(journal->tests[3].retry_count, 1);
    journal_destroy(journal);
    end(reporter);
}

static void what_was_not_run_is_left(void **state)
{
    const char *path = ((struct place *)*state)->file;
    struct reporter *reporter = begin(path);
    begin_job(reporter);
    hand_out(reporter, 1, 0, 0, 2);
    result(reporter, 0, OUTCOME_NOTRUN); /* interrupted */
    const struct event_test_finished small = {.test = 1, .name = "x", .outcome = OUTCOME_SKIPPED, .message = "needs 9 ranks"};
    reporter_journal.test_finished(reporter, &small);
    result(reporter, 2, OUTCOME_SKIPPED); /* by the test itself */
    end(reporter);
    struct journal *journal = read_back(path);
    assert_int_equal(journal->tests[0].state, JOURNAL_WAITS);
    assert_int_equal(journal->tests[1].state, JOURNAL_WAITS);
    assert_int_equal(journal->tests[2].state, JOURNAL_ENDED);
    journal_destroy(journal);
}

static void write_small(const char *path)
{
    struct reporter *reporter = begin(path);
    begin_job(reporter);
    hand_out(reporter, 1, 0, 1, 2);
    result(reporter, 0, OUTCOME_PASSED);
    retried(reporter, 1);
    hand_out(reporter, 2, 1, 3, 1);
    result(reporter, 1, OUTCOME_PASSED);
    end(reporter);
}

static unsigned char *bytes_of(const char *path, size_t *size)
{
    struct stat status;
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &status), 0);
    *size = (size_t)status.st_size;
    unsigned char *bytes = malloc(*size + 1);
    assert_int_equal(read(fd, bytes, *size), (ssize_t)*size);
    close(fd);
    return bytes;
}

static void put_bytes(const char *path, const unsigned char *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), (ssize_t)size);
    close(fd);
}

static void cut_anywhere_it_has_its_whole_records(void **state)
{
    const char *path = ((struct place *)*state)->file;
    size_t size, ended = 0;
    uint64_t whole = 0;
    write_small(path);
    unsigned char *bytes = bytes_of(path, &size);
    for (size_t cut = 0; cut <= size; cut++) {
        struct journal *journal = NULL;
        struct problem problem = {""};
        put_bytes(path, bytes, cut);
        int error = journal_read(&journal, path, &problem);
        if (error) { /* before RUN is whole */
            assert_int_equal(whole, 0);
            assert_non_null(strstr(problem.text, "never began"));
            assert_non_null(strstr(problem.text, path));
            continue;
        }
        assert_true(journal->size <= cut && journal->size >= whole);
        assert_true(journal->ended + 1 >= ended); /* what is in flight may be found to have been retried */
        whole = journal->size;
        ended = journal->ended;
        journal_destroy(journal);
    }
    assert_int_equal(whole, size);
    assert_int_equal(ended, 3);
    free(bytes);
}

static void zeros_at_the_end_are_no_damage(void **state)
{
    const char *path = ((struct place *)*state)->file;
    size_t size;
    write_small(path);
    unsigned char *bytes = bytes_of(path, &size);
    bytes = realloc(bytes, size + 4096);
    memset(bytes + size, 0, 4096);
    put_bytes(path, bytes, size + 4096);
    struct journal *journal = read_back(path);
    assert_int_equal(journal->size, size);
    journal_destroy(journal);
    free(bytes);
}

/* Each bit in turn: it is told, or what is read is what was written but for the last record. */
static void a_flipped_bit_is_told(void **state)
{
    const char *path = ((struct place *)*state)->file;
    size_t size, told = 0, taken = 0;
    write_small(path);
    unsigned char *bytes = bytes_of(path, &size);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        struct journal *journal = NULL;
        struct problem problem = {""};
        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        put_bytes(path, bytes, size);
        if (journal_read(&journal, path, &problem) != 0) {
            assert_non_null(strstr(problem.text, path));
            assert_null(strchr(problem.text, '\n'));
            told++;
        } else {
            assert_int_equal(journal->tests[0].state, JOURNAL_ENDED);
            assert_int_equal(journal->tests[1].retry_count, 1);
            taken++;
            journal_destroy(journal);
        }
        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    assert_true(told > 3 * taken);
    free(bytes);
}

/* What is no journal at all, and records that are whole and make no sense. */
static void nonsense_is_refused(void **state)
{
    const char *path = ((struct place *)*state)->file;
    uint32_t random = 12345;
    struct problem problem;
    struct journal *journal;
    for (int round = 0; round < 300; round++) {
        struct journal_file *file;
        struct wire_writer writer = {0};
        unlink(path);
        assert_int_equal(journal_file_create(&file, path, &problem), 0);
        if (round % 2)
            journal_begin(file, &(struct journal_run){.version = "v", .tests = 3});
        for (int record = 0; record < 4; record++) {
            wire_writer_reset(&writer);
            for (int words = (int)(random >> 8) % 9; words > 0; words--) {
                random = random * 1664525u + 1013904223u;
                wire_put_u32(&writer, random % 4 ? random >> 28 : random);
            }
            random = random * 1664525u + 1013904223u;
            journal_file_add(file, (random >> 16) % 8, &writer);
        }
        assert_int_equal(journal_file_close(file), 0);
        wire_writer_finish(&writer);
        if (journal_read(&journal, path, &problem) == 0)
            journal_destroy(journal);
        else
            assert_non_null(strstr(problem.text, path));
    }
    put_bytes(path, (const unsigned char *)"<testsuites/>\n", 14);
    assert_int_equal(journal_read(&journal, path, &problem), -EINVAL);
    assert_non_null(strstr(problem.text, "no journal"));
    struct journal_file *file;
    assert_int_equal(journal_file_create(&file, path, &problem), -EEXIST); /* left alone */
    size_t size;
    unsigned char *bytes = bytes_of(path, &size);
    assert_int_equal(size, 14);
    free(bytes);
}

static void one_goes_on_behind_the_whole_records(void **state)
{
    const char *path = ((struct place *)*state)->file;
    struct journal_file *file;
    struct problem problem = {""};
    struct reporter *reporter = NULL;
    size_t size;
    write_small(path);
    unsigned char *bytes = bytes_of(path, &size);
    put_bytes(path, bytes, size - 3);
    free(bytes);
    struct journal *journal = read_back(path);
    assert_int_equal(journal->tests[1].state, JOURNAL_DIED); /* its result was cut */
    assert_int_equal(journal_file_continue(&file, path, journal->size, &problem), 0);
    journal_destroy(journal);
    assert_int_equal(reporter_journal.create(&reporter, &(struct reporter_settings){.journal = file}, &problem), 0);
    assert_ptr_equal(file_of(reporter), file);
    begin_job(reporter);
    result(reporter, 1, OUTCOME_CRASHED);
    struct event_test_finished again = event_of(0, OUTCOME_PASSED);
    again.resumed = true;
    reporter_journal.test_finished(reporter, &again); /* is there already */
    end(reporter);
    journal = read_back(path);
    assert_int_equal(journal->tests[1].state, JOURNAL_ENDED);
    assert_int_equal(journal->jobs, 2);
    journal_destroy(journal);
}

static void long_output_is_cut(void **state)
{
    (void)state;
    char *output = malloc(4 * EVENT_OUTPUT_MAX);
    struct wire_writer writer = {0};
    memset(output, 'x', 4 * EVENT_OUTPUT_MAX);
    output[0] = 'h';
    output[4 * EVENT_OUTPUT_MAX - 1] = 't';
    struct event_test_finished event = event_of(0, OUTCOME_FAILED);
    struct event_rank_result rank = event.ranks[0];
    rank.output = output;
    rank.output_size = 4 * EVENT_OUTPUT_MAX;
    event.ranks = &rank;
    event.size = 1;
    event_wire_put(&writer, &event);
    assert_int_equal(event_wire_get(writer.bytes, writer.size, &event), 0);
    assert_in_range(event.ranks[0].output_size, EVENT_OUTPUT_MAX, EVENT_OUTPUT_MAX + 64);
    assert_int_equal(event.ranks[0].output[0], 'h');
    assert_int_equal(event.ranks[0].output[event.ranks[0].output_size - 1], 't');
    event_wire_finish(&event);
    wire_writer_finish(&writer);
    free(output);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_written_is_read, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(the_file_is_its_owners_alone, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(what_was_in_flight_is_known, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(what_was_not_run_is_left, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(cut_anywhere_it_has_its_whole_records, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(zeros_at_the_end_are_no_damage, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(a_flipped_bit_is_told, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(nonsense_is_refused, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(one_goes_on_behind_the_whole_records, place_setup, place_teardown),
        cmocka_unit_test(long_output_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
