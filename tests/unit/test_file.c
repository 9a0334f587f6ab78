/* SPDX-License-Identifier: BSD-2-Clause */
/* test_file.c: opening and closing files, what is known of them, and all that can be wrong with it. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mock/file.h" /* before cmocka.h, which has a macro mock_type */
#include "place.h"
#include "ranks.h"

static off_t size_of(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? status.st_size : -1;
}

static void fill(const char *path, const char *text)
{
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    fputs(text, stream);
    assert_int_equal(fclose(stream), 0);
}

/* ---- Modes ---- */

static int modes(MPI_Comm comm, void *argument)
{
    const char *path = argument;
    const int bad[] = {
        0,
        MPI_MODE_CREATE,
        MPI_MODE_RDONLY | MPI_MODE_WRONLY,
        MPI_MODE_RDONLY | MPI_MODE_RDWR,
        MPI_MODE_WRONLY | MPI_MODE_RDWR,
        MPI_MODE_RDONLY | MPI_MODE_CREATE,
        MPI_MODE_RDONLY | MPI_MODE_EXCL,
        MPI_MODE_RDWR | MPI_MODE_SEQUENTIAL,
        MPI_MODE_RDWR | 1 << 20,
    };
    MPI_File file = MPI_FILE_NULL;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_FAILS(MPI_File_open(comm, path, bad[i], MPI_INFO_NULL, &file), MPI_ERR_AMODE);
    CHECK_FAILS(MPI_File_open(comm, path, MPI_MODE_WRONLY | MPI_MODE_SEQUENTIAL, MPI_INFO_NULL, &file),
                MPI_ERR_UNSUPPORTED_OPERATION);
    CHECK(file == MPI_FILE_NULL);
    CHECK(size_of(path) == -1);
    return 0;
}

static void modes_that_contradict_themselves_are_refused(void **state)
{
    run_ranks(2, modes, ((struct place *)*state)->file);
}

static int creation(MPI_Comm comm, void *argument)
{
    const char *path = argument;
    MPI_File file;
    int amode = -1, rank;
    MPI_Comm_rank(comm, &rank);
    CHECK_FAILS(MPI_File_open(comm, path, MPI_MODE_RDONLY, MPI_INFO_NULL, &file), MPI_ERR_NO_SUCH_FILE);
    CHECK_FAILS(MPI_File_open(comm, path, MPI_MODE_RDWR, MPI_INFO_NULL, &file), MPI_ERR_NO_SUCH_FILE);

    /* All ranks ask for a new file, and none of them is told that another was faster. */
    const int wanted = MPI_MODE_WRONLY | MPI_MODE_CREATE | MPI_MODE_EXCL;
    CHECK_OK(MPI_File_open(comm, path, wanted, MPI_INFO_NULL, &file));
    CHECK_OK(MPI_File_get_amode(file, &amode));
    CHECK(amode == wanted);
    CHECK(size_of(path) == 0);
    CHECK_OK(MPI_File_close(&file));
    CHECK(file == MPI_FILE_NULL);
    CHECK_FAILS(MPI_File_open(comm, path, wanted, MPI_INFO_NULL, &file), MPI_ERR_FILE_EXISTS);

    /* Without MPI_MODE_EXCL an old file keeps what it has. */
    if (rank == 0)
        CHECK(truncate(path, 10) == 0);
    CHECK_OK(MPI_Barrier(comm));
    CHECK_OK(MPI_File_open(comm, path, MPI_MODE_RDWR | MPI_MODE_CREATE, MPI_INFO_NULL, &file));
    MPI_Offset size = -1;
    CHECK_OK(MPI_File_get_size(file, &size));
    CHECK(size == 10);
    return MPI_File_close(&file);
}

static void created_once_by_all_ranks_together(void **state)
{
    run_ranks(4, creation, ((struct place *)*state)->file);
}

static int append(MPI_Comm comm, void *argument)
{
    MPI_File file;
    MPI_Offset position = -1;
    int rank, size;
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &size);
    CHECK_OK(MPI_File_open(comm, argument, MPI_MODE_WRONLY | MPI_MODE_APPEND, MPI_INFO_NULL, &file));
    CHECK_OK(MPI_File_get_position(file, &position));
    CHECK(position == 5);
    /* The mode sets where pointers begin; explicit offsets still mean what they say. */
    CHECK_OK(MPI_File_write_at(file, rank, &"ABCD"[rank], 1, MPI_CHAR, MPI_STATUS_IGNORE));
    return MPI_File_close(&file);
}

static void append_begins_at_the_end_and_binds_nobody_to_it(void **state)
{
    const char *path = ((struct place *)*state)->file;
    fill(path, "12345");
    run_ranks(2, append, (void *)(uintptr_t)path);
    assert_int_equal(size_of(path), 5);
    char text[6] = "";
    FILE *stream = fopen(path, "r");
    assert_non_null(stream);
    assert_non_null(fgets(text, sizeof text, stream));
    fclose(stream);
    assert_string_equal(text, "AB345");
}

static int on_close(MPI_Comm comm, void *argument)
{
    const char *path = argument;
    MPI_File file;
    CHECK_OK(MPI_File_open(comm, path,
                           MPI_MODE_RDWR | MPI_MODE_CREATE | MPI_MODE_DELETE_ON_CLOSE | MPI_MODE_UNIQUE_OPEN,
                           MPI_INFO_NULL, &file));
    CHECK(size_of(path) == 0);
    CHECK_OK(MPI_Barrier(comm));
    CHECK_OK(MPI_File_close(&file));
    CHECK(size_of(path) == -1); /* on every rank, whoever returns first */
    return 0;
}

static void deleted_on_close_is_gone_when_close_returns(void **state)
{
    for (int i = 0; i < 5; i++)
        run_ranks(3, on_close, ((struct place *)*state)->file);
}

/* ---- Failures, of one rank and of all ---- */

static int failures(MPI_Comm comm, void *argument)
{
    const struct place *place = argument;
    MPI_File file = MPI_FILE_NULL;
    int rank;
    char path[256];
    MPI_Comm_rank(comm, &rank);
    CHECK_FAILS(MPI_File_open(comm, place->folder, MPI_MODE_RDONLY, MPI_INFO_NULL, &file), MPI_ERR_BAD_FILE);
    CHECK_FAILS(MPI_File_open(comm, place->folder, MPI_MODE_RDWR, MPI_INFO_NULL, &file), MPI_ERR_BAD_FILE);
    snprintf(path, sizeof path, "%s/no/such/folder", place->folder);
    CHECK_FAILS(MPI_File_open(comm, path, MPI_MODE_WRONLY | MPI_MODE_CREATE, MPI_INFO_NULL, &file),
                MPI_ERR_NO_SUCH_FILE);
    CHECK_FAILS(MPI_File_delete(path, MPI_INFO_NULL), MPI_ERR_NO_SUCH_FILE);

    /* One rank has another mode, another file, none at all, or an impossible mode: nobody opens, nobody is left
     * waiting. */
    int amode = rank == 1 ? MPI_MODE_RDONLY : MPI_MODE_RDWR;
    CHECK_FAILS(MPI_File_open(comm, place->file, amode, MPI_INFO_NULL, &file), MPI_ERR_NOT_SAME);
    amode = rank == 1 ? MPI_MODE_RDONLY | MPI_MODE_RDWR : MPI_MODE_RDWR;
    CHECK_FAILS(MPI_File_open(comm, place->file, amode, MPI_INFO_NULL, &file), MPI_ERR_AMODE);
    CHECK_FAILS(MPI_File_open(comm, rank == 2 ? path : place->file, MPI_MODE_RDWR, MPI_INFO_NULL, &file),
                MPI_ERR_NO_SUCH_FILE);
    CHECK_FAILS(MPI_File_open(comm, rank == 2 ? "/dev/null" : place->file, MPI_MODE_RDWR, MPI_INFO_NULL, &file),
                MPI_ERR_NOT_SAME);
    CHECK(file == MPI_FILE_NULL);
    return 0;
}

static void failure_of_one_rank_is_one_of_all(void **state)
{
    struct place *place = *state;
    fill(place->file, "x");
    run_ranks(3, failures, place);
}

static int stale(MPI_Comm comm, void *argument)
{
    MPI_File file = MPI_FILE_NULL, copy;
    MPI_Offset size = -1;
    CHECK_FAILS(MPI_File_get_size(file, &size), MPI_ERR_FILE);
    CHECK_FAILS(MPI_File_close(&file), MPI_ERR_FILE);
    CHECK_OK(MPI_File_open(comm, argument, MPI_MODE_RDWR | MPI_MODE_CREATE, MPI_INFO_NULL, &file));
    copy = file;
    CHECK_OK(MPI_File_close(&file));
    CHECK_FAILS(MPI_File_get_size(copy, &size), MPI_ERR_FILE);
    CHECK_FAILS(MPI_File_close(&copy), MPI_ERR_FILE);
    CHECK(size == -1);
    return 0;
}

static void closed_file_is_an_error_and_no_crash(void **state)
{
    run_ranks(1, stale, ((struct place *)*state)->file);
}

/* What the end of the mock does for a program that forgot to. */
static int left_open(MPI_Comm comm, void *argument)
{
    MPI_File files[3];
    MPI_Offset size = -1;
    char descriptor[64];
    MPI_Datatype pair;
    CHECK_OK(MPI_Type_vector(2, 1, 2, MPI_INT, &pair));
    CHECK_OK(MPI_Type_commit(&pair));
    for (int i = 0; i < 3; i++) {
        CHECK_OK(MPI_File_open(comm, argument, MPI_MODE_RDWR | MPI_MODE_CREATE, MPI_INFO_NULL, &files[i]));
        CHECK_OK(MPI_File_set_view(files[i], 0, MPI_INT, pair, "native", MPI_INFO_NULL));
    }
    CHECK_OK(MPI_Type_free(&pair));
    int error = MPI_SUCCESS, number = mock_file(files[1], &error)->fd;
    snprintf(descriptor, sizeof descriptor, "/proc/self/fd/%d", number);
    CHECK(access(descriptor, F_OK) == 0);
    file_chapter_finish();
    CHECK(access(descriptor, F_OK) != 0);
    for (int i = 0; i < 3; i++)
        CHECK_FAILS(MPI_File_get_size(files[i], &size), MPI_ERR_FILE);
    return 0;
}

static void files_left_open_are_closed_without_the_other_ranks(void **state)
{
    run_ranks(2, left_open, ((struct place *)*state)->file);
}

static int deletion(MPI_Comm comm, void *argument)
{
    const char *path = argument;
    (void)comm;
    CHECK_OK(MPI_File_delete(path, MPI_INFO_NULL));
    CHECK(size_of(path) == -1);
    CHECK_FAILS(MPI_File_delete(path, MPI_INFO_NULL), MPI_ERR_NO_SUCH_FILE);
    return 0;
}

static void deleted_file_is_gone(void **state)
{
    const char *path = ((struct place *)*state)->file;
    fill(path, "x");
    run_ranks(1, deletion, (void *)(uintptr_t)path);
}

/* ---- Size ---- */

static int sizes(MPI_Comm comm, void *argument)
{
    const char *path = argument;
    MPI_File file;
    MPI_Offset size = -1;
    int rank;
    MPI_Comm_rank(comm, &rank);
    CHECK_OK(MPI_File_open(comm, path, MPI_MODE_RDWR | MPI_MODE_CREATE, MPI_INFO_NULL, &file));
    CHECK_OK(MPI_File_set_size(file, 1000));
    CHECK_OK(MPI_File_get_size(file, &size)); /* at once, on every rank */
    CHECK(size == 1000);
    CHECK_OK(MPI_Barrier(comm));
    CHECK_OK(MPI_File_set_size(file, 10));
    CHECK_OK(MPI_File_get_size(file, &size));
    CHECK(size == 10);
    CHECK_OK(MPI_Barrier(comm));
    CHECK_OK(MPI_File_preallocate(file, 500));
    CHECK_OK(MPI_File_get_size(file, &size));
    CHECK(size == 500);
    CHECK_OK(MPI_File_preallocate(file, 5));
    CHECK_OK(MPI_File_preallocate(file, 0));
    CHECK_OK(MPI_File_get_size(file, &size));
    CHECK(size == 500);
    CHECK_OK(MPI_File_sync(file));

    CHECK_FAILS(MPI_File_set_size(file, -1), MPI_ERR_ARG);
    CHECK_FAILS(MPI_File_preallocate(file, -1), MPI_ERR_ARG);
    CHECK_FAILS(MPI_File_set_size(file, 100 + rank), MPI_ERR_NOT_SAME);
    CHECK_OK(MPI_File_get_size(file, &size));
    CHECK(size == 500);
    CHECK_OK(MPI_File_close(&file));

    CHECK_OK(MPI_File_open(comm, path, MPI_MODE_RDONLY, MPI_INFO_NULL, &file));
    CHECK_FAILS(MPI_File_set_size(file, 1), MPI_ERR_READ_ONLY);
    CHECK_FAILS(MPI_File_preallocate(file, 1000), MPI_ERR_READ_ONLY);
    return MPI_File_close(&file);
}

static void size_is_set_for_all_and_preallocation_never_shrinks(void **state)
{
    run_ranks(3, sizes, ((struct place *)*state)->file);
}

/* ---- Hints, group, atomicity ---- */

static int hint(MPI_Info info, const char *key, char value[], int *found)
{
    value[0] = '\0';
    return MPI_Info_get(info, key, 20, value, found);
}

static int properties(MPI_Comm comm, void *argument)
{
    MPI_File file;
    MPI_Info info, used;
    MPI_Group group, world;
    char value[21];
    int found = 0, flag = -1, rank, same = MPI_UNEQUAL;
    MPI_Comm_rank(comm, &rank);
    MPI_Info_create(&info);
    MPI_Info_set(info, "cb_nodes", "2");
    CHECK_OK(MPI_File_open(comm, argument, MPI_MODE_RDWR | MPI_MODE_CREATE, info, &file));
    MPI_Info_set(info, "cb_nodes", "3");
    MPI_Info_set(info, "striping_factor", "8");
    CHECK_OK(MPI_File_get_info(file, &used));
    CHECK_OK(hint(used, "cb_nodes", value, &found));
    CHECK(found && strcmp(value, "2") == 0); /* as it was when the file was opened */
    MPI_Info_free(&used);
    CHECK_OK(MPI_File_set_info(file, info));
    MPI_Info_free(&info);
    CHECK_OK(MPI_File_get_info(file, &used));
    CHECK_OK(hint(used, "cb_nodes", value, &found));
    CHECK(found && strcmp(value, "3") == 0);
    CHECK_OK(hint(used, "striping_factor", value, &found));
    CHECK(found && strcmp(value, "8") == 0);
    MPI_Info_free(&used);

    CHECK_OK(MPI_File_get_group(file, &group));
    CHECK_OK(MPI_Comm_group(comm, &world));
    CHECK_OK(MPI_Group_compare(group, world, &same));
    CHECK(same == MPI_IDENT);
    MPI_Group_free(&group);
    MPI_Group_free(&world);

    CHECK_OK(MPI_File_get_atomicity(file, &flag));
    CHECK(flag == 0);
    CHECK_OK(MPI_File_set_atomicity(file, 7));
    CHECK_OK(MPI_File_get_atomicity(file, &flag));
    CHECK(flag != 0);
    CHECK_FAILS(MPI_File_set_atomicity(file, rank == 0), MPI_ERR_NOT_SAME);
    return MPI_File_close(&file);
}

static void hints_group_and_atomicity_are_those_that_were_given(void **state)
{
    run_ranks(2, properties, ((struct place *)*state)->file);
}

static int without_hints(MPI_Comm comm, void *argument)
{
    MPI_File file;
    MPI_Info used = MPI_INFO_NULL;
    int count = -1;
    CHECK_OK(MPI_File_open(comm, argument, MPI_MODE_RDWR | MPI_MODE_CREATE, MPI_INFO_NULL, &file));
    CHECK_OK(MPI_File_get_info(file, &used));
    CHECK(used != MPI_INFO_NULL);
    CHECK_OK(MPI_Info_get_nkeys(used, &count));
    CHECK(count == 0);
    MPI_Info_free(&used);
    return MPI_File_close(&file);
}

static void file_without_hints_has_an_empty_info(void **state)
{
    run_ranks(1, without_hints, ((struct place *)*state)->file);
}

/* ---- Subsets ---- */

static int halves(MPI_Comm comm, void *argument)
{
    const char *folder = argument;
    char path[256];
    int rank;
    MPI_Comm half;
    MPI_File file;
    MPI_Comm_rank(comm, &rank);
    CHECK_OK(MPI_Comm_split(comm, rank % 2, 0, &half));
    snprintf(path, sizeof path, "%s/half%d", folder, rank % 2);
    CHECK_OK(
        MPI_File_open(half, path, MPI_MODE_RDWR | MPI_MODE_CREATE | MPI_MODE_DELETE_ON_CLOSE, MPI_INFO_NULL, &file));
    CHECK_OK(MPI_Comm_free(&half)); /* a file does not need the communicator it was opened with */
    CHECK_OK(MPI_File_set_size(file, 10 + rank % 2));
    MPI_Offset size = -1;
    CHECK_OK(MPI_File_get_size(file, &size));
    CHECK(size == 10 + rank % 2);
    return MPI_File_close(&file);
}

static void each_half_of_the_ranks_has_its_own_file(void **state)
{
    run_ranks(4, halves, ((struct place *)*state)->folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(modes_that_contradict_themselves_are_refused, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(created_once_by_all_ranks_together, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(append_begins_at_the_end_and_binds_nobody_to_it, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(deleted_on_close_is_gone_when_close_returns, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(failure_of_one_rank_is_one_of_all, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(closed_file_is_an_error_and_no_crash, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(files_left_open_are_closed_without_the_other_ranks, place_setup,
                                        place_teardown),
        cmocka_unit_test_setup_teardown(deleted_file_is_gone, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(size_is_set_for_all_and_preallocation_never_shrinks, place_setup,
                                        place_teardown),
        cmocka_unit_test_setup_teardown(hints_group_and_atomicity_are_those_that_were_given, place_setup,
                                        place_teardown),
        cmocka_unit_test_setup_teardown(file_without_hints_has_an_empty_info, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(each_half_of_the_ranks_has_its_own_file, place_setup, place_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
