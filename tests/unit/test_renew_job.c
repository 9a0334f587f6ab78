/* SPDX-License-Identifier: BSD-2-Clause */
/* test_renew_job.c: the supervisor of a job whose ranks are replaced when they die: how the job ends, what it costs, and what
 * it leaves behind. */
#include <dirent.h>
#include <sys/resource.h>

#include "renewal.h" /* before cmocka.h */

#include "captured.h"

static struct captured captured;

/* Ends in another way than by returning 0. */
static int launch(int n, int (*part)(void), int results[], int *died)
{
    struct problem problem = {{0}};
    mpimock_use(&mpimock_backend_mock);
    captured_begin(&captured, stderr);
    int status = mpimock_launch(&(struct mpimock_launch){.n = n,
                                                         .function = renewal_run,
                                                         .argument = &part,
                                                         .results = results,
                                                         .died = died,
                                                         .replace = true},
                                &problem);
    captured_end(&captured);
    return status;
}

__attribute__((noreturn)) static void wait_for_ever(void)
{
    for (;;)
        pause();
}

/* ---- How the job ends ---- */

static int always_dies(void)
{
    if (own == 1)
        raise(SIGKILL);
    wait_for_ever();
}

static void a_rank_that_dies_again_and_again_ends_the_job(void **state)
{
    (void)state;
    int results[2], died;
    assert_int_equal(launch(2, always_dies, results, &died), 128 + SIGKILL);
    assert_non_null(strstr(captured.text, "rank 1 has died 100 times in a row, and not begun a test since: the last time"));
    assert_non_null(strstr(captured.text, "it was ended by signal 9 (Killed)\n"));
    assert_int_equal(results[1], 128 + SIGKILL);
    assert_int_equal(died, 2); /* rank 0 was ended */
}

/* Each process begins a test before it dies: that is no reason to end the job. */
static int dies_in_many_tests(void)
{
    static const uint32_t alone[] = {1};
    int value;
    if (own == 0)
        return hear(1, 1, &value);
    unsigned incarnation = mpimock_incarnation();
    if (incarnation == 2 * MPIMOCK_DEATHS_MAX)
        return tell(0, 1, 1);
    MPI_Comm team = begin(incarnation + 1, 1, alone);
    if (incarnation % 2 == 0)
        end(team);
    raise(SIGKILL);
    return 0;
}

static void deaths_in_tests_do_not_end_the_job(void **state)
{
    (void)state;
    assert_int_equal(play(2, dies_in_many_tests), 2 * MPIMOCK_DEATHS_MAX);
}

static int rank_0_dies(void)
{
    if (own == 0)
        raise(SIGKILL);
    wait_for_ever();
}

static void the_death_of_rank_0_ends_the_job(void **state)
{
    (void)state;
    int results[2], died;
    assert_int_equal(launch(2, rank_0_dies, results, &died), 128 + SIGKILL);
    assert_non_null(strstr(captured.text, "rank 0"));
    assert_int_equal(died, 2);
}

static int aborts(void)
{
    if (own == 1)
        MPI->Abort(MPI_COMM_WORLD, 42);
    wait_for_ever();
}

static void mpi_abort_ends_the_job(void **state)
{
    (void)state;
    int died;
    assert_int_equal(launch(2, aborts, NULL, &died), 42);
    assert_non_null(strstr(captured.text, "called MPI_Abort with code 42"));
}

static int dies_while_it_ends_the_job(void)
{
    int value;
    if (own == 1 && mpimock_incarnation() == 0) {
        segment_end_claim(mock.segment, 1);
        raise(SIGKILL);
    }
    if (own == 1)
        tell(0, 1, 1);
    else if (hear(1, 1, &value) == MPI_SUCCESS)
        MPI->Abort(MPI_COMM_WORLD, 42);
    wait_for_ever();
}

static void a_claim_of_the_dead_keeps_nobody_from_ending_the_job(void **state)
{
    (void)state;
    int died;
    assert_int_equal(launch(2, dies_while_it_ends_the_job, NULL, &died), 42);
    assert_non_null(strstr(captured.text, "called MPI_Abort with code 42"));
}

/* Rank 0 ends; the process in rank 1's place waits for work, and gets none. */
static int ends_without_a_word(void)
{
    int value;
    if (own == 1 && mpimock_incarnation() == 0)
        raise(SIGKILL);
    if (own == 1) {
        tell(0, 1, 1);
        hear(0, 1, &value);
        return 99;
    }
    return own == 0 ? hear(1, 1, &value) : 0;
}

static void a_successor_that_nobody_needs_ends_with_rank_0(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++)
        assert_int_equal(play(3, ends_without_a_word), 1);
}

/* A member of a test dies when rank 0 has ended: its team-mate still hears of it. */
static int dies_after_rank_0(void)
{
    static const uint32_t both[] = {1, 2};
    int value;
    if (own == 0)
        return hear(2, 1, &value);
    mpimock_waiting_hook_set(leave_if_lost);
    MPI_Comm team = begin(1, 2, both);
    if (own == 1) {
        while (atomic_load(&segment_rank(mock.segment, 0)->state) != SEGMENT_GONE ||
               (atomic_load(&segment_rank(mock.segment, 2)->blocked) & 1) == 0)
            usleep(100);
        raise(SIGKILL);
    }
    tell(0, 1, 1);
    if (setjmp(way_out) == 0)
        return MPI->Recv(&value, 1, MPI_INT, 0, 1, team, MPI_STATUS_IGNORE), __LINE__;
    mpimock_waiting_hook_set(NULL);
    end(team);
    hear(0, 1, &value);
    return __LINE__;
}

static void deaths_after_the_end_of_rank_0_are_told_but_not_mended(void **state)
{
    (void)state;
    for (int round = 0; round < 10; round++)
        assert_int_equal(play(3, dies_after_rank_0), 0);
}

static int straggles(void)
{
    if (own == 1)
        wait_for_ever();
    return 0;
}

static void who_does_not_end_with_rank_0_is_killed(void **state)
{
    (void)state;
    int results[2], died;
    assert_int_equal(launch(2, straggles, results, &died), 0);
    assert_non_null(strstr(captured.text, "1 of the 2 ranks had not returned 5 seconds after rank 0, and were killed"));
    assert_int_equal(died, 0);
}

/* It has the word that it may go: it must be heard, however late. */
static int last_word(void)
{
    int value = 0;
    if (own == 0)
        return tell(1, 1, 17);
    usleep(5 * 1000);
    CHECK_OK(hear(0, 1, &value));
    CHECK(value == 17);
    return 0;
}

static void the_last_word_of_rank_0_is_heard(void **state)
{
    (void)state;
    for (int round = 0; round < 10; round++)
        assert_int_equal(play(2, last_word), 0);
}

static void crash(void)
{
    raise(SIGKILL);
}

static int dies_after_returning(void)
{
    int value;
    if (own == 1) {
        atexit(crash);
        tell(0, 1, 1);
        return 0;
    }
    return hear(1, 1, &value);
}

static void who_has_returned_is_not_needed_again(void **state)
{
    (void)state;
    for (int round = 0; round < 10; round++)
        assert_int_equal(play(2, dies_after_returning), 0);
}

/* ---- Signals ---- */

static int is_signalled(void)
{
    int value;
    if (own == 0) {
        signal(SIGUSR1, SIG_IGN);
        for (int rank = 1; rank < 3; rank++)
            CHECK_OK(hear(rank, 1, &value));
        kill(getppid(), SIGUSR1);
        for (int rank = 1; rank < 3; rank++)
            CHECK_OK(hear(rank, 2, &value));
        return 0;
    }
    if (mpimock_incarnation() == 0) {
        CHECK_OK(tell(0, 1, 1));
        wait_for_ever();
    }
    CHECK(WTERMSIG(mpimock_predecessor()->wait_status) == SIGUSR1);
    return tell(0, 2, 1);
}

static void ranks_that_a_signal_of_the_job_ends_are_replaced(void **state)
{
    (void)state;
    assert_int_equal(play(3, is_signalled), 2);
}

static int is_ended(void)
{
    int value;
    if (own == 1 && mpimock_incarnation() == 1)
        tell(0, 1, 1);
    if (own == 0) {
        hear(1, 1, &value);
        kill(getppid(), SIGTERM);
    }
    if (own == 1 && mpimock_incarnation() == 0)
        raise(SIGKILL);
    wait_for_ever();
}

static void sigterm_ends_the_job(void **state)
{
    (void)state;
    int died;
    assert_int_equal(launch(3, is_ended, NULL, &died), 128 + SIGTERM);
}

static int lives_on; /* the write end of a pipe, which all ranks have */

static int outlives(void)
{
    int value;
    if (own == 1 && mpimock_incarnation() == 0)
        raise(SIGKILL);
    if (own == 1)
        tell(0, 1, 1);
    if (own == 0 && (hear(1, 1, &value) != MPI_SUCCESS || write(lives_on, "", 1) != 1))
        return __LINE__;
    wait_for_ever();
}

/* The supervisor is killed when rank 1 has been replaced: the pipe ends when the last rank has. */
static void successors_die_with_the_supervisor(void **state)
{
    (void)state;
    int ends[2];
    char byte;
    assert_int_equal(pipe(ends), 0);
    pid_t supervisor = fork();
    if (supervisor == 0) {
        close(ends[0]);
        lives_on = ends[1];
        int (*part)(void) = outlives;
        struct problem problem = {{0}};
        mpimock_launch(
            &(struct mpimock_launch){.n = 3, .function = renewal_run, .argument = &part, .quiet = true, .replace = true},
            &problem);
        _exit(1);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    kill(supervisor, SIGKILL);
    waitpid(supervisor, NULL, 0);
    assert_int_equal(read(ends[0], &byte, 1), 0);
    close(ends[0]);
}

/* ---- What it costs ---- */

static int count_descriptors(void)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

static long resident_pages(const char *of)
{
    long pages = 0;
    FILE *file = fopen(of, "r");
    if (file == NULL || fscanf(file, "%*d %ld", &pages) != 1)
        pages = -1;
    if (file != NULL)
        fclose(file);
    return pages;
}

#ifdef __SANITIZE_ADDRESS__ /* keeps what was freed */
#define PAGES (1 << 16)
#else
#define PAGES 64
#endif

/* Rank 0 looks at itself and at the supervisor after few and after many deaths. */
static int dies_often(void)
{
    enum { FEW = 100, MANY = 600 };
    static const uint32_t alone[] = {1};
    static char large[40 * 1000];
    char supervisor[64];
    int value = 0, descriptors = 0;
    long mine = 0, its = 0;
    if (own == 1) {
        begin(mpimock_incarnation() + 1, 1, alone);
        memset(mpimock_last_words()->text, 'x', 100);
        CHECK_OK(tell(0, 1, (int)mpimock_incarnation()));
        CHECK_OK(MPI->Send(large, sizeof large, MPI_BYTE, 0, 2, control));
        if (mpimock_incarnation() == MANY)
            return 0;
        raise(SIGKILL);
    }
    snprintf(supervisor, sizeof supervisor, "/proc/%d/statm", (int)getppid());
    for (int i = 0; i <= MANY; i++) {
        CHECK_OK(hear(1, 1, &value));
        CHECK(value == i);
        CHECK_OK(MPI->Recv(large, sizeof large, MPI_BYTE, 1, 2, control, MPI_STATUS_IGNORE));
        if (i == FEW) {
            descriptors = count_descriptors();
            mine = resident_pages("/proc/self/statm");
            its = resident_pages(supervisor);
        }
    }
    CHECK(count_descriptors() == descriptors);
    CHECK(mine > 0 && resident_pages("/proc/self/statm") - mine < PAGES);
    CHECK(its > 0 && resident_pages(supervisor) - its < PAGES);
    return 0;
}

static void many_deaths_leave_no_memory_and_no_descriptors(void **state)
{
    (void)state;
    int before = count_descriptors();
    assert_int_equal(play(2, dies_often), 600);
    assert_int_equal(count_descriptors(), before);
}

static void programs_are_not_replaced(void **state)
{
    (void)state;
    struct problem problem = {{0}};
    char *program[] = {(char[]){"true"}, NULL};
    assert_int_equal(mpimock_launch(&(struct mpimock_launch){.n = 1, .program = program, .replace = true}, &problem), -EINVAL);
    assert_non_null(strstr(problem.text, "only ranks that run a function"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rank_that_dies_again_and_again_ends_the_job),
        cmocka_unit_test(deaths_in_tests_do_not_end_the_job),
        cmocka_unit_test(the_death_of_rank_0_ends_the_job),
        cmocka_unit_test(mpi_abort_ends_the_job),
        cmocka_unit_test(a_claim_of_the_dead_keeps_nobody_from_ending_the_job),
        cmocka_unit_test(a_successor_that_nobody_needs_ends_with_rank_0),
        cmocka_unit_test(deaths_after_the_end_of_rank_0_are_told_but_not_mended),
        cmocka_unit_test(who_does_not_end_with_rank_0_is_killed),
        cmocka_unit_test(the_last_word_of_rank_0_is_heard),
        cmocka_unit_test(who_has_returned_is_not_needed_again),
        cmocka_unit_test(ranks_that_a_signal_of_the_job_ends_are_replaced),
        cmocka_unit_test(sigterm_ends_the_job),
        cmocka_unit_test(successors_die_with_the_supervisor),
        cmocka_unit_test(many_deaths_leave_no_memory_and_no_descriptors),
        cmocka_unit_test(programs_are_not_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
