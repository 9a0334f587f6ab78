/* SPDX-License-Identifier: BSD-2-Clause */
/* process.c: this process as a rank: how it comes to its segment, its lock, its node, its MPI_Init and MPI_Finalize.
 *
 * A rank is either forked by the supervisor and runs a function (it is attached before that), or a program that the
 * supervisor started (MPI_Init attaches it by the descriptor that it inherited), or was started by nobody: MPI_Init
 * then makes a world of one on the spot.
 */
#include "process.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "bsend.h"
#include "test.h"
#include "transfer.h"
#include "waiting.h"

struct mock_process mock = {.rank = -1};

/* ---- The lock ---- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(const void *) owner; /* address of the owning thread's `self` */
static unsigned depth;              /* the owner's */
static _Thread_local char self;

void mock_lock(void)
{
    if (atomic_load_explicit(&owner, memory_order_relaxed) != &self) {
        pthread_mutex_lock(&mutex);
        atomic_store_explicit(&owner, &self, memory_order_relaxed);
    }
    depth++;
}

void mock_unlock(void)
{
    if (--depth > 0)
        return;
    atomic_store_explicit(&owner, NULL, memory_order_relaxed);
    pthread_mutex_unlock(&mutex);
}

unsigned process_unlock_all(void)
{
    unsigned was = depth;
    depth = 1;
    mock_unlock();
    return was;
}

void process_lock_again(unsigned was)
{
    mock_lock();
    depth = was;
}

/* ---- To be a rank ---- */

int process_attach(struct segment *segment, int rank, struct problem *problem)
{
    process_detach();
    mock = (struct mock_process){.rank = rank, .size = (int)segment->n, .segment = segment};
    mock.incarnation = (uint16_t)atomic_load(&segment_rank(segment, rank)->incarnation);
    atomic_store(&segment_rank(segment, rank)->pid, (int32_t)getpid());
    /* Where Yama restricts ptrace, let the other ranks read this one's messages: they descend from the supervisor too.
     * It fails where there is no Yama, and is not needed there. */
    if (segment->supervisor != 0)
        prctl(PR_SET_PTRACER, (unsigned long)segment->supervisor, 0, 0, 0);
    if (transfer_start() == 0 && mock_chapters_init() == 0)
        return 0;
    transfer_stop();
    mock = (struct mock_process){.rank = -1};
    return problem_set(problem, ENOMEM, "out of memory when rank %d started", rank);
}

void process_detach(void)
{
    if (mock.segment == NULL)
        return;
    transfer_stop();
    request_finish();
    mock_chapters_finish();
    bsend_finish();
    segment_unmap(mock.segment);
    mock = (struct mock_process){.rank = -1};
}

static int attach_by_environment(const char *fd_text, struct problem *problem)
{
    const char *rank_text = getenv(SEGMENT_ENVIRONMENT_RANK);
    char *end_of_fd, *end_of_rank;
    struct segment *segment;
    long fd = strtol(fd_text, &end_of_fd, 10);
    long rank = rank_text == NULL ? -1 : strtol(rank_text, &end_of_rank, 10);
    if (*fd_text == '\0' || *end_of_fd != '\0' || fd < 0 || fd > INT_MAX || rank < 0 || *end_of_rank != '\0')
        return problem_set(problem, EINVAL, "%s=%.20s and %s=%.20s are not what mpimockexec sets",
                           SEGMENT_ENVIRONMENT_FD, fd_text, SEGMENT_ENVIRONMENT_RANK,
                           rank_text == NULL ? "" : rank_text);
    int error = segment_attach((int)fd, &segment, problem);
    if (error != 0)
        return error;
    int32_t started = SEGMENT_STARTED;
    if (rank >= (long)segment->n)
        error = problem_set(problem, EINVAL, "%s=%ld, but the segment has %u ranks", SEGMENT_ENVIRONMENT_RANK, rank,
                            segment->n);
    else if (!atomic_compare_exchange_strong(&segment_rank(segment, (int)rank)->state, &started, SEGMENT_INITIALIZED))
        error =
            problem_set(problem, EBUSY, "rank %ld has called MPI_Init already, in this process or in another", rank);
    if (error == 0)
        error = process_attach(segment, (int)rank, problem);
    if (error != 0) {
        segment_unmap(segment);
        return error;
    }
    /* Programs that this one starts are no ranks. If a script was started and this is its child, it ends with it. */
    close((int)fd);
    unsetenv(SEGMENT_ENVIRONMENT_FD);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    return 0;
}

static int attach_alone(struct problem *problem)
{
    struct segment *segment;
    struct segment_settings settings;
    int error = segment_settings_read(&settings, problem);
    if (error == 0)
        error = segment_create(1, NULL, &settings, &segment, NULL, problem);
    if (error != 0)
        return error;
    error = process_attach(segment, 0, problem);
    if (error != 0)
        segment_unmap(segment);
    return error;
}

int mock_node_of(int world_rank)
{
    return segment_rank(mock.segment, world_rank)->node;
}

const char *mock_node_name(int node)
{
    return segment_node_name(mock.segment, node);
}

uint64_t mock_new_contexts(int count)
{
    uint64_t number = atomic_fetch_add(&mock.segment->next_context, (uint64_t)count);
    return test_context(number);
}

/* ---- MPI_Init and MPI_Finalize (MPI-3.1 §8.7, §12.4) ---- */

static pthread_t main_thread;

int mock_Init_thread(int *argc, char ***argv, int required, int *provided)
{
    struct problem problem = {""};
    (void)argc;
    (void)argv;
    if (mock.finalized)
        return mpimock_error(MPI_ERR_OTHER, "MPI_Finalize was called before: MPI cannot be initialised again");
    if (mock.initialized)
        return mpimock_error(MPI_ERR_OTHER, "MPI is initialised already");
    if (required < MPI_THREAD_SINGLE || required > MPI_THREAD_MULTIPLE)
        return mpimock_error(MPI_ERR_ARG, "thread level %d is none of MPI_THREAD_SINGLE … MPI_THREAD_MULTIPLE",
                             required);
    if (mock.segment == NULL) {
        const char *fd = getenv(SEGMENT_ENVIRONMENT_FD);
        int error = fd != NULL ? attach_by_environment(fd, &problem) : attach_alone(&problem);
        if (error != 0)
            return mpimock_error(error == -ENOMEM ? MPI_ERR_NO_MEM : MPI_ERR_OTHER, "%s", problem.text);
    }
    atomic_store(&segment_rank(mock.segment, mock.rank)->state, SEGMENT_INITIALIZED);
    main_thread = pthread_self();
    mock.thread_level = required;
    mock.initialized = true;
    if (provided != NULL)
        *provided = required;
    return MPI_SUCCESS;
}

int mock_Init(int *argc, char ***argv)
{
    return mock_Init_thread(argc, argv, MPI_THREAD_SINGLE, NULL);
}

int mock_Initialized(int *flag)
{
    *flag = mock.initialized;
    return MPI_SUCCESS;
}

int mock_Finalized(int *flag)
{
    *flag = mock.finalized;
    return MPI_SUCCESS;
}

int mock_Query_thread(int *provided)
{
    *provided = mock.thread_level;
    return MPI_SUCCESS;
}

int mock_Is_thread_main(int *flag)
{
    *flag = mock.initialized && pthread_equal(pthread_self(), main_thread);
    return MPI_SUCCESS;
}

static bool all_finalize(void *unused)
{
    (void)unused;
    return atomic_load(&mock.segment->finalizing) >= mock.segment->n;
}

static void describe_finalize(void *unused, struct segment_wait *wait)
{
    (void)unused;
    strcpy(wait->call, "MPI_Finalize");
    wait->meets = true;
    wait->kind = SEGMENT_WAIT_OTHER;
    wait->peer = wait->peer_world = SEGMENT_WAIT_NOBODY;
    wait->tag = SEGMENT_WAIT_ANY;
}

/* All ranks meet here: nobody leaves who may still have to give or to take a message. */
static int meet(void)
{
    if (atomic_fetch_add(&mock.segment->finalizing, 1) + 1 >= mock.segment->n) {
        for (int i = 0; i < mock.size; i++)
            if (i != mock.rank)
                segment_wake(segment_rank(mock.segment, i));
        return MPI_SUCCESS;
    }
    return mock_wait_until(&(struct waiting){all_finalize, describe_finalize, NULL, NULL});
}

int mock_Finalize(void)
{
    if (!mock.initialized || mock.finalized)
        return mpimock_error(MPI_ERR_OTHER,
                             mock.finalized ? "MPI_Finalize was called before" : "MPI_Init was not called");
    mock_lock();
    struct mock_comm *alone = mock_comm(MPI_COMM_SELF);
    int error = alone == NULL ? MPI_SUCCESS : mock_attributes_delete(alone);
    if (error == MPI_SUCCESS)
        error = meet();
    if (error == MPI_SUCCESS) {
        mock.finalized = true;
        atomic_store(&segment_rank(mock.segment, mock.rank)->state, SEGMENT_FINALIZED);
    }
    mock_unlock();
    return error;
}

/* Not exit(): this may be a signal's handler, or a thread of many. Standard output is what people look for. */
void process_end(int status)
{
    fflush(stdout);
    if (mock.segment != NULL && mock.segment->supervisor == 0) {
        if (atomic_load(&mock.segment->end) == SEGMENT_END_DEADLOCK)
            fputs(segment_text(mock.segment), stderr);
        else
            fprintf(stderr, "mpimock: MPI_Abort was called with code %d\n", mock.segment->end_code);
    }
    fflush(stderr);
    _exit(status);
}

int mock_Abort(MPI_Comm comm, int code)
{
    (void)comm; /* all ranks end, as the standard allows (MPI-3.1 §8.7) */
    int status = (code & 0xff) != 0 ? code & 0xff : 1;
    if (mock.segment != NULL)
        segment_abort(mock.segment, mock.rank, code);
    process_end(status);
}
