/* SPDX-License-Identifier: BSD-2-Clause */
/* loss_watch.c: losses under a real MPI; see loss.h. The flags are set in the thread of the watch, and read by all. */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "loss.h"
#include "watch.h"

#define LAUNCHER (-1) /* its number for the watch */

static struct {
    const struct control *control;
    struct neighbour {
        uint32_t rank;
        pid_t pid;
        uint64_t start;
    } *neighbours; /* processes of this host */
    size_t neighbour_count;
    atomic_bool *gone; /* [size] */
    bool *told;        /* [size] rank 0 was told so */
    size_t size;
    atomic_uint count; /* of `gone` */
    unsigned told_count;
} losses;

static void end_now(void)
{
    for (;;)
        syscall(SYS_exit_group, EXIT_FAILURE);
}

/* ---- Before the run ---- */

void loss_expect(uint32_t rank, pid_t pid, uint64_t start)
{
    struct neighbour *more = realloc(losses.neighbours, (losses.neighbour_count + 1) * sizeof *more);
    if (!more)
        return; /* it is not watched */
    losses.neighbours = more;
    losses.neighbours[losses.neighbour_count++] = (struct neighbour){rank, pid, start};
}

static bool is_launcher(pid_t pid, pid_t *parent)
{
    static const char *const names[] = {"mpiexec", "mpirun", "orte", "prte", "prun", "hydra", "srun"};
    char path[64], text[256], name[64] = "";
    int ppid = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    bool read = fgets(text, sizeof text, file) && sscanf(text, "%*d (%63[^)]) %*c %d", name, &ppid) == 2;
    fclose(file);
    *parent = ppid;
    for (size_t i = 0; read && i < sizeof names / sizeof *names; i++)
        if (strncmp(name, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

/* The process that started this one, and the launcher above it if they are two (MPICH's proxy). */
static int watch_launcher(void)
{
    pid_t parent = getppid(), grandparent = 0, other;
    uint64_t start = process_start(parent);
    if (parent <= 1 || start == 0)
        end_now(); /* it has ended already */
    is_launcher(parent, &grandparent);
    int error = watch_process(LAUNCHER, parent, start);
    if (!error && grandparent > 1 && is_launcher(grandparent, &other))
        error = watch_process(LAUNCHER, grandparent, process_start(grandparent));
    return error;
}

int loss_watch(const struct control *control, bool launched)
{
    losses.control = control;
    losses.size = (size_t)control->size;
    losses.told = calloc(losses.size, sizeof *losses.told);
    losses.gone = calloc(losses.size, sizeof *losses.gone);
    if (!losses.told || !losses.gone)
        return -ENOMEM;
    int error = launched ? watch_launcher() : 0;
    for (size_t i = 0; i < losses.neighbour_count && !error; i++) {
        const struct neighbour *one = &losses.neighbours[i];
        if (one->rank != (uint32_t)control->rank)
            error = watch_process((int)one->rank, one->pid, one->start);
    }
    return error;
}

bool loss_any_neighbour(bool (*is)(pid_t pid))
{
    for (size_t i = 0; i < losses.neighbour_count; i++)
        if (is(losses.neighbours[i].pid))
            return true;
    return false;
}

/* ---- Who is gone ---- */

void loss_note(uint32_t rank)
{
    if (losses.gone && rank < losses.size && !atomic_exchange(&losses.gone[rank], true))
        atomic_fetch_add(&losses.count, 1);
}

void loss_ended(int number)
{
    if (number == LAUNCHER || number == 0)
        end_now();
    loss_note((uint32_t)number);
}

bool loss_of_rank(uint32_t rank)
{
    return atomic_load_explicit(&losses.count, memory_order_relaxed) > 0 && rank < losses.size && atomic_load(&losses.gone[rank]);
}

void loss_take(const struct control_message *message)
{
    struct message_lost lost;
    if (message_lost_decode(message->bytes, message->size, &lost) == 0)
        loss_note(lost.rank);
}

void loss_take_news(struct control *control)
{
    struct control_message message;
    while (control->real && control_receive_kind(control, control->rank == 0 ? MPI_ANY_SOURCE : 0, MESSAGE_LOST, 0, &message) == 0)
        loss_take(&message);
}

int loss_tell(struct control *control)
{
    unsigned count = atomic_load(&losses.count);
    int error = 0;
    if (!control->real || control->rank == 0 || count == losses.told_count)
        return 0;
    for (uint32_t rank = 0; rank < losses.size && !error; rank++) {
        struct wire_writer writer = {0};
        if (losses.told[rank] || !atomic_load(&losses.gone[rank]))
            continue;
        message_lost_encode(&writer, &(struct message_lost){.rank = rank,
                                                            .test = LOST_ANYWHERE,
                                                            .outcome = OUTCOME_CRASHED,
                                                            .reason = LOSS_REASON,
                                                            .output = ""});
        error = writer.failed ? -ENOMEM : control_send(control, MESSAGE_LOST, 0, writer.bytes, writer.size);
        wire_writer_finish(&writer);
        losses.told[rank] = true;
    }
    losses.told_count = count;
    return error;
}

/* ---- Those that do not answer ---- */

bool loss_is_recoverable(void)
{
    const char *open_mpi = getenv("OMPI_MCA_orte_enable_recovery"), *slurm = getenv("SLURM_NO_KILL");
    return (open_mpi && open_mpi[0] && strcmp(open_mpi, "0") != 0) || (slurm && strcmp(slurm, "1") == 0);
}

void loss_kill(int rank)
{
    for (size_t i = 0; loss_is_recoverable() && i < losses.neighbour_count; i++) {
        const struct neighbour *one = &losses.neighbours[i];
        if (one->rank == (uint32_t)rank && process_start(one->pid) == one->start)
            kill(one->pid, SIGKILL);
    }
}
