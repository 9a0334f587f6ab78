/* SPDX-License-Identifier: BSD-2-Clause */
/* test_report_file.c: reports are whole at any moment, replace what was there, and no write error is lost. */
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>

#include "../../runner/report_file.h"
#include "report_events.h"

static void lines_are_there_as_soon_as_they_are_added(void **state)
{
    struct report_file *file;
    struct problem problem;
    struct folder folder;
    char *bytes;

    (void)state;
    make_folder(&folder, "report");
    assert_int_equal(report_file_open(&file, folder.file, REPORT_FILE_LINES, &problem), 0);
    assert_false(report_file_is_stream(file));
    report_file_append(file, "one\n", 4);
    bytes = contents_of(folder.file);
    assert_string_equal(bytes, "one\n");
    free(bytes);
    report_file_append(file, "two\n", 4);
    assert_int_equal(report_file_close(file, &problem), 0);
    bytes = contents_of(folder.file);
    assert_string_equal(bytes, "one\ntwo\n");
    free(bytes);
    remove_folder(&folder);
}

static void a_whole_report_changes_at_commit_only(void **state)
{
    struct report_file *file;
    struct problem problem;
    struct folder folder;
    struct stat status;
    char *bytes, here[4096];
    mode_t mask = umask(027);

    (void)state;
    make_folder(&folder, "report");
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(folder.path), 0);
    assert_int_equal(report_file_open(&file, "report", REPORT_FILE_WHOLE, &problem), 0);
    assert_int_equal(chdir("/"), 0); /* a test may do so: the report stays where it is */
    assert_int_equal(report_file_begin(file), 0);
    assert_int_equal(report_file_write(file, "first", 5), 0);
    assert_int_equal(access(folder.file, F_OK), -1);
    assert_int_equal(report_file_commit(file, true), 0);
    assert_int_equal(report_file_begin(file), 0);
    assert_int_equal(report_file_write(file, "given up", 8), 0);
    bytes = contents_of(folder.file);
    assert_string_equal(bytes, "first");
    free(bytes);
    assert_int_not_equal(report_file_commit(file, false), 0);
    bytes = contents_of(folder.file);
    assert_string_equal(bytes, "first");
    free(bytes);
    assert_int_equal(report_file_begin(file), 0);
    assert_int_equal(report_file_commit(file, true), 0);
    assert_int_equal(report_file_close(file, &problem), 0); /* the commit that worked made up for the one before */
    assert_int_equal(stat(folder.file, &status), 0);
    assert_int_equal(status.st_size, 0);
    assert_int_equal(status.st_mode & 0777, 0640);
    umask(mask);
    assert_int_equal(chdir(here), 0);
    remove_folder(&folder);
}

static void large_documents_pass_the_buffer(void **state)
{
    struct report_file *file;
    struct problem problem;
    struct folder folder;
    char *bytes, *large = malloc(200001);

    (void)state;
    make_folder(&folder, "report");
    memset(large, 'x', 200000);
    large[200000] = '\0';
    assert_int_equal(report_file_open(&file, folder.file, REPORT_FILE_WHOLE, &problem), 0);
    assert_int_equal(report_file_begin(file), 0);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(report_file_write(file, "0123456789", 10), 0);
    assert_int_equal(report_file_write(file, large, 200000), 0);
    assert_int_equal(report_file_write(file, "end", 3), 0);
    assert_int_equal(report_file_commit(file, true), 0);
    assert_int_equal(report_file_close(file, &problem), 0);
    bytes = contents_of(folder.file);
    assert_int_equal(strlen(bytes), 300003);
    assert_int_equal(occurrences(bytes, "0123456789"), 10000);
    assert_string_equal(bytes + 300000, "end");
    free(bytes);
    free(large);
    remove_folder(&folder);
}

static void a_symbolic_link_is_followed_not_replaced(void **state)
{
    struct report_file *file;
    struct problem problem;
    struct folder folder;
    struct stat status;
    char link[160], *bytes;

    (void)state;
    make_folder(&folder, "report");
    snprintf(link, sizeof link, "%s/link", folder.path);
    assert_int_equal(close(open(folder.file, O_CREAT | O_WRONLY, 0600)), 0);
    assert_int_equal(symlink("report", link), 0);
    assert_int_equal(report_file_open(&file, link, REPORT_FILE_WHOLE, &problem), 0);
    assert_int_equal(report_file_begin(file), 0);
    assert_int_equal(report_file_write(file, "new", 3), 0);
    assert_int_equal(report_file_commit(file, true), 0);
    assert_int_equal(report_file_close(file, &problem), 0);
    assert_int_equal(lstat(link, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    bytes = contents_of(folder.file);
    assert_string_equal(bytes, "new");
    free(bytes);
    unlink(link);
    remove_folder(&folder);
}

static void a_path_that_cannot_be_is_refused_with_its_name(void **state)
{
    static const struct {
        const char *path;
        int error;
    } refused[] = {{"/nowhere/at/all", -ENOENT}, {"/tmp", -EISDIR}, {"", -EINVAL}, {"/tmp/nowhere/", -EISDIR}};
    struct report_file *file = NULL;
    struct problem problem;

    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        int lines = report_file_open(&file, refused[i].path, REPORT_FILE_LINES, &problem);

        assert_true(lines < 0);
        assert_contains(problem.text, "cannot open the report");
        assert_contains(problem.text, refused[i].path);
        lines = report_file_open(&file, refused[i].path, REPORT_FILE_WHOLE, &problem);
        if (strcmp(refused[i].path, "/tmp/nowhere/") != 0)
            assert_int_equal(lines, refused[i].error);
        assert_true(lines < 0);
        assert_null(file);
    }
    assert_int_equal(report_file_close(NULL, &problem), 0);
}

static void a_full_device_is_an_error_at_close(void **state)
{
    struct report_file *file;
    struct problem problem;

    (void)state;
    assert_int_equal(report_file_open(&file, "/dev/full", REPORT_FILE_LINES, &problem), 0);
    assert_int_equal(report_file_append(file, "line\n", 5), -ENOSPC);
    assert_int_equal(report_file_close(file, &problem), -ENOSPC);
    assert_string_equal(problem.text, "cannot write to the report /dev/full: No space left on device");

    assert_int_equal(report_file_open(&file, "/dev/full", REPORT_FILE_WHOLE, &problem), 0);
    assert_true(report_file_is_stream(file));
    assert_int_equal(report_file_begin(file), 0);
    report_file_write(file, "text", 4);
    assert_int_equal(report_file_commit(file, true), -ENOSPC);
    assert_int_equal(report_file_close(file, &problem), -ENOSPC);
}

/* A file that may not grow stands for a full disk: the write gets in part, then fails. */
static void half_a_line_is_taken_back_from_a_full_disk(void **state)
{
    struct rlimit before, small;
    struct report_file *file;
    struct problem problem;
    struct folder folder;
    char *bytes;
    int error;

    (void)state;
    make_folder(&folder, "report");
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(report_file_open(&file, folder.file, REPORT_FILE_LINES, &problem), 0);
    assert_int_equal(report_file_append(file, "whole line\n", 11), 0);
    small = before;
    small.rlim_cur = 15;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    error = report_file_append(file, "cut line\n", 9);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(error, -EFBIG);
    assert_int_equal(report_file_append(file, "after\n", 6), -EFBIG); /* a report with a gap would lie */
    assert_int_equal(report_file_close(file, &problem), -EFBIG);
    bytes = contents_of(folder.file);
    assert_string_equal(bytes, "whole line\n");
    free(bytes);
    remove_folder(&folder);
}

static void standard_output_is_kept_while_it_is_captured(void **state)
{
    struct report_file *file;
    struct problem problem;
    int ends[2], saved = dup(STDOUT_FILENO), null = open("/dev/null", O_WRONLY);
    char bytes[16] = "";
    ssize_t size;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    fflush(stdout);
    dup2(ends[1], STDOUT_FILENO);
    close(ends[1]);
    assert_int_equal(report_file_open(&file, "-", REPORT_FILE_WHOLE, &problem), 0);
    assert_true(report_file_is_stream(file));
    dup2(null, STDOUT_FILENO); /* as while a test runs on the main rank */
    assert_int_equal(report_file_begin(file), 0);
    assert_int_equal(report_file_write(file, "told", 4), 0);
    assert_int_equal(report_file_commit(file, true), 0);
    assert_int_equal(report_file_close(file, &problem), 0);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    close(null);
    size = read(ends[0], bytes, sizeof bytes);
    assert_int_equal(size, 4);
    assert_memory_equal(bytes, "told", 4);
    assert_int_equal(read(ends[0], bytes, sizeof bytes), 0); /* closed */
    close(ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_there_as_soon_as_they_are_added),
        cmocka_unit_test(a_whole_report_changes_at_commit_only),
        cmocka_unit_test(large_documents_pass_the_buffer),
        cmocka_unit_test(a_symbolic_link_is_followed_not_replaced),
        cmocka_unit_test(a_path_that_cannot_be_is_refused_with_its_name),
        cmocka_unit_test(a_full_device_is_an_error_at_close),
        cmocka_unit_test(half_a_line_is_taken_back_from_a_full_disk),
        cmocka_unit_test(standard_output_is_kept_while_it_is_captured),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
