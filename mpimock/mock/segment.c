/* SPDX-License-Identifier: BSD-2-Clause */
/* segment.c: makes, checks and maps the shared segment; rings doorbells.
 *
 * Relies on Linux: memfd_create, file seals, futexes. Promises that a mapped segment is one of this version, as large
 * as its header says, and can never shrink under its users.
 */
#include "segment.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RING_BYTES_MAX  (64u * 1024)
#define RING_BYTES_MIN  (4u * 1024)
#define RINGS_BUDGET    (128u * 1024 * 1024) /* all rings together stay below, as long as RING_BYTES_MIN is left */
#define EAGER_LIMIT_MAX (8u * 1024)

static const char *const sends_names[SEGMENT_SENDS_COUNT] = {"default", "eager", "sync", "random"};

static int read_sends(struct segment_settings *settings, const char *value, struct problem *problem)
{
    if (value == NULL || *value == '\0')
        return 0;
    for (int i = 0; i < SEGMENT_SENDS_COUNT; i++)
        if (strcmp(value, sends_names[i]) == 0) {
            settings->sends = (enum segment_sends)i;
            return 0;
        }
    return problem_set(problem, EINVAL, "--mock-sends (MPIMOCK_SENDS) is \"%.40s\", but must be eager, sync or random",
                       value);
}

static int read_seed(struct segment_settings *settings, const char *value, struct problem *problem)
{
    if (value == NULL || *value == '\0') {
        if (settings->sends == SEGMENT_SENDS_RANDOM)
            return problem_set(problem, EINVAL,
                               "--mock-sends random needs a seed: add --mock-seed N, or set MPIMOCK_SEED");
        return 0;
    }
    char *end;
    errno = 0;
    unsigned long long seed = strtoull(value, &end, 10);
    if (*value < '0' || *value > '9' || *end != '\0' || errno != 0)
        return problem_set(problem, EINVAL,
                           "--mock-seed (MPIMOCK_SEED) is \"%.40s\", but must be a number from 0 to %llu", value,
                           ULLONG_MAX);
    settings->seed = seed;
    return 0;
}

static int read_checks(struct segment_settings *settings, const char *value, struct problem *problem)
{
    while (value != NULL && *value != '\0') {
        size_t length = strcspn(value, ",");
        if (length == 5 && memcmp(value, "types", 5) == 0)
            settings->checks |= SEGMENT_CHECK_TYPES;
        else if (length == 5 && memcmp(value, "ready", 5) == 0)
            settings->checks |= SEGMENT_CHECK_READY;
        else if (length > 0)
            return problem_set(problem, EINVAL, "MPIMOCK_CHECKS names \"%.*s\", but the checks are types and ready",
                               (int)(length < 40 ? length : 40), value);
        value += length + (value[length] == ',');
    }
    return 0;
}

int segment_settings_read(struct segment_settings *settings, struct problem *problem)
{
    struct segment_settings read = {.sends = SEGMENT_SENDS_DEFAULT};
    const char *copy = getenv("MPIMOCK_COPY");
    int error = read_sends(&read, getenv("MPIMOCK_SENDS"), problem);
    if (error == 0)
        error = read_seed(&read, getenv("MPIMOCK_SEED"), problem);
    if (error == 0)
        error = read_checks(&read, getenv("MPIMOCK_CHECKS"), problem);
    if (error != 0)
        return error;
    if (copy != NULL && *copy != '\0') {
        if (strcmp(copy, "ring") != 0 && strcmp(copy, "direct") != 0)
            return problem_set(problem, EINVAL, "MPIMOCK_COPY is \"%.40s\", but must be ring or direct", copy);
        read.copy_by_ring = strcmp(copy, "ring") == 0;
    }
    *settings = read;
    return 0;
}

static uint64_t align(uint64_t offset, uint64_t to)
{
    return (offset + to - 1) / to * to;
}

static uint32_t ring_bytes_for(uint64_t n)
{
    uint32_t bytes = RING_BYTES_MAX;
    while (bytes > RING_BYTES_MIN && n * n * bytes > RINGS_BUDGET)
        bytes /= 2;
    return bytes;
}

static void lay_out(struct segment *segment, int n, int nodes)
{
    uint64_t count = (uint64_t)n, page = (uint64_t)sysconf(_SC_PAGESIZE);
    segment->magic = SEGMENT_MAGIC;
    segment->version = SEGMENT_VERSION;
    segment->n = (uint32_t)n;
    segment->nodes = (uint32_t)nodes;
    segment->ring_bytes = ring_bytes_for(count);
    segment->eager_limit = segment->ring_bytes / 4 < EAGER_LIMIT_MAX ? segment->ring_bytes / 4 : EAGER_LIMIT_MAX;
    segment->ranks_offset = align(sizeof *segment, SEGMENT_LINE);
    segment->names_offset = align(segment->ranks_offset + count * sizeof(struct segment_rank), SEGMENT_LINE);
    segment->text_offset = segment->names_offset + (uint64_t)nodes * SEGMENT_NAME_BYTES;
    segment->words_offset = align(segment->text_offset + SEGMENT_TEXT_BYTES, page);
    segment->heads_offset = align(segment->words_offset + count * sizeof(struct segment_words), page);
    segment->rings_offset = align(segment->heads_offset + count * count * sizeof(struct segment_ring), page);
    segment->bytes = align(segment->rings_offset + count * count * segment->ring_bytes, page);
}

/* Numbers the hosts that have ranks, in the order of their first rank, and names them; returns how many there are. */
static int spread(struct segment *segment, int n, const struct hostfile *hostfile, int node_of_host[])
{
    if (hostfile == NULL) {
        if (segment != NULL && gethostname(segment_node_name(segment, 0), SEGMENT_NAME_BYTES - 1) != 0)
            strcpy(segment_node_name(segment, 0), "localhost");
        return 1;
    }
    int nodes = 0;
    for (size_t i = 0; i < hostfile->count; i++)
        node_of_host[i] = -1;
    for (int rank = 0; rank < n; rank++) {
        int host = hostfile_node_of(hostfile, rank);
        if (node_of_host[host] < 0) {
            if (segment != NULL)
                strncpy(segment_node_name(segment, nodes), hostfile->hosts[host].name, SEGMENT_NAME_BYTES - 1);
            node_of_host[host] = nodes++;
        }
        if (segment != NULL)
            segment_rank(segment, rank)->node = node_of_host[host];
    }
    return nodes;
}

static int usable_cores(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return CPU_COUNT(&set);
    long online = sysconf(_SC_NPROCESSORS_ONLN); /* more cores than the set has bits */
    return online > 0 ? (int)online : 1;
}

static void fill(struct segment *segment, const struct segment *layout, const struct segment_settings *settings)
{
    memcpy(segment, layout, sizeof *segment);
    segment->sends = settings->sends;
    segment->copy_by_ring = settings->copy_by_ring;
    segment->checks = settings->checks;
    segment->seed = settings->seed;
    segment->cores = usable_cores();
    atomic_store(&segment->next_context, segment_control_context(segment) + 2);
    atomic_store(&segment->running, (int32_t)segment->n);
    for (uint32_t i = 0; i < segment->n; i++)
        atomic_store(&segment_rank(segment, (int)i)->running, 1);
}

int segment_create(int n, const struct hostfile *hostfile, const struct segment_settings *settings,
                   struct segment **segment, int *fd, struct problem *problem)
{
    int error, memory;
    struct segment layout = {.magic = 0};
    int *node_of_host = calloc(hostfile != NULL ? hostfile->count : 1, sizeof *node_of_host);
    if (node_of_host == NULL)
        return problem_set(problem, ENOMEM, "out of memory for %d ranks", n);
    lay_out(&layout, n, hostfile != NULL ? spread(NULL, n, hostfile, node_of_host) : 1);

    memory = memfd_create("mpimock", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (memory < 0) {
        error = problem_set(problem, errno, "cannot make the shared segment: memfd_create: %s", strerror(errno));
        goto free_nodes;
    }
    if (ftruncate(memory, (off_t)layout.bytes) != 0) {
        error = problem_set(problem, errno, "cannot make a shared segment of %llu bytes: %s",
                            (unsigned long long)layout.bytes, strerror(errno));
        goto close_memory;
    }
    fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW); /* a hardening only: without it nothing shrinks either */
    void *map = mmap(NULL, layout.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    if (map == MAP_FAILED) {
        error = problem_set(problem, errno, "cannot map a shared segment of %llu bytes: %s (is `ulimit -v` set?)",
                            (unsigned long long)layout.bytes, strerror(errno));
        goto close_memory;
    }
    fill(map, &layout, settings);
    spread(map, n, hostfile, node_of_host);
    *segment = map;
    if (fd != NULL)
        *fd = memory;
    else
        close(memory);
    free(node_of_host);
    return 0;

close_memory:
    close(memory);
free_nodes:
    free(node_of_host);
    return error;
}

int segment_attach(int fd, struct segment **segment, struct problem *problem)
{
    struct stat status;
    struct segment header;
    if (fstat(fd, &status) != 0 || pread(fd, &header, sizeof header, 0) != (ssize_t)sizeof header ||
        header.magic != SEGMENT_MAGIC)
        return problem_set(problem, EINVAL,
                           "%s=%d is no segment of mpimock: start the program by mpimockexec, and let it inherit its "
                           "descriptors",
                           SEGMENT_ENVIRONMENT_FD, fd);
    if (header.version != SEGMENT_VERSION)
        return problem_set(problem, EINVAL,
                           "mpimockexec speaks version %u of the segment, this libmpimock %u: use those of one build",
                           header.version, SEGMENT_VERSION);
    if (header.bytes != (uint64_t)status.st_size)
        return problem_set(problem, EINVAL, "the segment of mpimock has %lld bytes instead of %llu",
                           (long long)status.st_size, (unsigned long long)header.bytes);
    void *map = mmap(NULL, header.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return problem_set(problem, errno, "cannot map a shared segment of %llu bytes: %s (is `ulimit -v` set?)",
                           (unsigned long long)header.bytes, strerror(errno));
    *segment = map;
    return 0;
}

void segment_unmap(struct segment *segment)
{
    if (segment != NULL)
        munmap(segment, segment->bytes);
}

void segment_wake(struct segment_rank *slot)
{
    atomic_fetch_add(&slot->bell, 1);
    syscall(SYS_futex, &slot->bell, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

void segment_tell(struct segment *segment, int to, int from)
{
    struct segment_rank *slot = segment_rank(segment, to);
    atomic_fetch_or(&slot->news[from / 64], UINT64_C(1) << (from % 64));
    if (atomic_load(&slot->sleeping) != 0)
        segment_wake(slot);
}

bool segment_end_claim(struct segment *segment, int rank)
{
    int32_t none = SEGMENT_END_NONE;
    return atomic_compare_exchange_strong(&segment->end, &none, SEGMENT_END_CLAIMED(rank));
}

void segment_end_unclaim(struct segment *segment, int rank)
{
    int32_t claimed = SEGMENT_END_CLAIMED(rank);
    atomic_compare_exchange_strong(&segment->end, &claimed, SEGMENT_END_NONE);
}

void segment_end_publish(struct segment *segment, enum segment_end end, int rank, int code)
{
    segment->end_rank = rank;
    segment->end_code = code;
    atomic_store(&segment->end, end);
}

void segment_abort(struct segment *segment, int rank, int code)
{
    if (segment_end_claim(segment, rank))
        segment_end_publish(segment, SEGMENT_END_ABORT, rank, code);
}
