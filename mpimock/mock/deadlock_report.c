/* SPDX-License-Identifier: BSD-2-Clause */
/* deadlock_report.c: what can be said of a deadlock, from the picture that deadlock.c took:
 *
 *     deadlock: every rank waits, and no message is on its way
 *       ranks 0, 1, 3: MPI_Allreduce on MPI_COMM_WORLD (solver.c:88)
 *       rank 2: MPI_Recv from rank 0, tag 7 on MPI_COMM_WORLD (solver.c:61)
 *       ranks 0, 1, 3 wait in MPI_Allreduce on MPI_COMM_WORLD; rank 2 is in MPI_Recv from rank 0, tag 7 on MPI_COMM_WORLD
 *       the cycle: 0 -> 2 -> 0
 *       found 0.012 ms after the last of them was blocked
 *
 * First a line for each rank, or for those of which the same is to be said; then what explains it.
 */
#include "deadlock.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collective.h"
#include "needs.h"
#include "test.h"

#define LINE_BYTES   1024
#define GROUPS_MAX   4 /* collective calls that are explained */
#define MISSING_MAX  8 /* ranks that are named for each */

static void (*place_hook)(const void *address, char *text, size_t size);

void mpimock_place_hook_set(void (*place)(const void *address, char *text, size_t size))
{
    place_hook = place;
}

struct report {
    char *text;
    size_t bytes, used;
    const struct deadlock_rank *ranks;
    int n;
};

__attribute__((format(printf, 2, 3))) static void add(struct report *report, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(report->text + report->used, report->bytes - report->used, format, arguments);
    va_end(arguments);
    if (length > 0)
        report->used += (size_t)length;
    if (report->used >= report->bytes)
        report->used = report->bytes - 1;
}

/* ---- One rank ---- */

static const char *noun(int kind)
{
    static const char *const nouns[SEGMENT_WAIT_KIND_COUNT] = {"a call", "a receive", "a send", "a probe"};
    return nouns[kind >= 0 && kind < SEGMENT_WAIT_KIND_COUNT ? kind : 0];
}

static void add_peer(struct report *report, const struct segment_part *part)
{
    static const char *const words[SEGMENT_WAIT_KIND_COUNT] = {"", "from", "to", "from"};
    if (part->kind <= SEGMENT_WAIT_OTHER || part->kind >= SEGMENT_WAIT_KIND_COUNT)
        return;
    if (part->peer == SEGMENT_WAIT_ANY)
        add(report, " %s any rank", words[part->kind]);
    else if (part->peer == part->peer_world)
        add(report, " %s rank %d", words[part->kind], part->peer);
    else
        add(report, " %s rank %d (rank %d of the job)", words[part->kind], part->peer, part->peer_world);
    if (part->tag == SEGMENT_WAIT_ANY)
        add(report, ", any tag");
    else
        add(report, ", tag %d", part->tag);
}

static void add_parts(struct report *report, const struct segment_wait *wait)
{
    const struct segment_part first = {wait->kind, wait->peer, wait->peer_world, wait->tag};
    if (wait->requests <= 1) {
        add_peer(report, &first);
        return;
    }
    add(report, " for %s%u requests", wait->any ? "one of " : "", wait->requests);
    for (uint32_t i = 0; i < wait->requests && i < SEGMENT_WAIT_PARTS; i++) {
        const struct segment_part *part = &wait->parts[i];
        add(report, "%s%s", i == 0 ? ": " : "; ", noun(part->kind));
        add_peer(report, part);
    }
    if (wait->requests > SEGMENT_WAIT_PARTS)
        add(report, "; and %u more", wait->requests - SEGMENT_WAIT_PARTS);
}

static void add_comm(struct report *report, const struct segment_wait *wait)
{
    uint64_t number = wait->context & (wait->context & TEST_CONTEXT ? TEST_CONTEXT_NUMBER : UINT64_MAX) & ~UINT64_C(1);
    if (wait->comm[0] != '\0')
        add(report, " on %.*s", SEGMENT_WAIT_COMM_BYTES, wait->comm);
    else if (wait->kind != SEGMENT_WAIT_OTHER)
        add(report, " on communicator %llu", (unsigned long long)number);
}

static void add_place(struct report *report, const struct segment_wait *wait)
{
    char place[256] = "";
    if (place_hook != NULL && wait->caller != 0)
        place_hook((const void *)(uintptr_t)wait->caller, place, sizeof place);
    if (place[0] != '\0')
        add(report, " (%s)", place);
}

static bool is_over(const struct deadlock_rank *rank)
{
    return rank->has_left || rank->state == SEGMENT_FINALIZED || rank->state == SEGMENT_GONE;
}

static const char *why_over(const struct deadlock_rank *rank)
{
    return rank->has_left ? "has ended the test" : rank->state == SEGMENT_GONE ? "has ended" : "is past MPI_Finalize";
}

static bool is_same_collective(const struct segment_wait *a, const struct segment_wait *b)
{
    return a->collective && b->collective && a->context == b->context && a->tag == b->tag;
}

/* Is another rank in an earlier or a later collective call on the same communicator? */
static bool number_matters(const struct report *report, const struct segment_wait *wait)
{
    for (int i = 0; i < report->n; i++) {
        const struct segment_wait *other = &report->ranks[i].wait;
        if (report->ranks[i].sequence != 0 && other->collective && other->context == wait->context &&
            other->tag != wait->tag)
            return true;
    }
    return false;
}

static void add_collective(struct report *report, const struct segment_wait *wait)
{
    char call[128];
    collective_describe(call, sizeof call, wait->what, wait->call);
    add(report, "%s", call);
    add_comm(report, wait);
    if (number_matters(report, wait))
        add(report, ", collective call number %d there", wait->tag + 1);
}

/* As what follows "is in" and the like; the place apart. */
static void add_call(struct report *report, const struct segment_wait *wait)
{
    if (wait->collective) {
        add_collective(report, wait);
        return;
    }
    add(report, "%.*s", SEGMENT_WAIT_CALL_BYTES, wait->call[0] != '\0' ? wait->call : noun(wait->kind));
    add_parts(report, wait);
    add_comm(report, wait);
    if (wait->threads > 1)
        add(report, "; %d other thread%s of it wait%s too", wait->threads - 1, wait->threads > 2 ? "s" : "",
            wait->threads > 2 ? "" : "s");
}

static void add_running(struct report *report, const struct deadlock_rank *rank)
{
    if (rank->is_early)
        add(report, "has not begun the test yet");
    else if (rank->is_leaving)
        add(report, "leaves the test");
    else if (rank->waits_in > 0 && rank->waits_in < MPIMOCK_FUNCTION_COUNT)
        add(report, "runs (in %s)", mpimock_function_name((enum mpimock_function)rank->waits_in));
    else if (rank->polls_in > 0 && rank->polls_in < MPIMOCK_FUNCTION_COUNT)
        add(report, "runs (asks by %s)", mpimock_function_name((enum mpimock_function)rank->polls_in));
    else
        add(report, "runs (not in an MPI call that waits)");
}

static void add_rank(struct report *report, const struct deadlock_rank *rank)
{
    if (rank->sequence == 0) {
        if (is_over(rank))
            add(report, "%s", why_over(rank));
        else
            add_running(report, rank);
        return;
    }
    if (rank->wait.idle) {
        add(report, "waits for work");
        return;
    }
    add_call(report, &rank->wait);
    add_place(report, &rank->wait);
}

/* ---- Ranks of which the same is to be said ---- */

static int count_of(const struct report *report, const int keys[], int key)
{
    int count = 0;
    for (int i = 0; i < report->n; i++)
        count += keys[i] == key;
    return count;
}

/* "rank 3", "ranks 0, 1, 4 to 9" for those i with keys[i] == key. */
static void add_list(struct report *report, const int keys[], int key)
{
    add(report, "rank%s", count_of(report, keys, key) > 1 ? "s" : "");
    const char *comma = " ";
    for (int first = 0, last; first < report->n; first = last + 1) {
        last = first;
        if (keys[first] != key)
            continue;
        while (last + 1 < report->n && keys[last + 1] == key)
            last++;
        if (last > first + 1)
            add(report, "%s%d to %d", comma, first, last);
        else if (last > first)
            add(report, "%s%d, %d", comma, first, last);
        else
            add(report, "%s%d", comma, first);
        comma = ", ";
    }
}

static uint64_t hash_of(const char *text)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return hash;
}

/* keys[i] becomes the first rank of which the same is said. */
static void add_ranks(struct report *report, int keys[], uint64_t hashes[])
{
    char line[LINE_BYTES];
    for (int i = 0; i < report->n; i++) {
        struct report one = {line, sizeof line, 0, report->ranks, report->n};
        line[0] = '\0';
        add_rank(&one, &report->ranks[i]);
        hashes[i] = hash_of(line);
        keys[i] = i;
        for (int first = 0; first < i; first++)
            if (hashes[first] == hashes[i]) {
                keys[i] = first;
                break;
            }
    }
    for (int i = 0; i < report->n && report->used + 1 < report->bytes; i++) {
        if (keys[i] != i)
            continue;
        add(report, "  ");
        add_list(report, keys, i);
        add(report, ": ");
        add_rank(report, &report->ranks[i]);
        add(report, "\n");
    }
}

/* ---- Collective calls, and who is missing there ---- */

static bool waits_in_collective(const struct deadlock_rank *rank)
{
    return rank->sequence != 0 && rank->wait.collective;
}

/* Is it waited for by one that is in the group, of which it is no part? */
static bool is_missing(const struct report *report, const int keys[], int group, int rank)
{
    if (keys[rank] == group)
        return false;
    for (int i = 0; i < report->n; i++)
        if (keys[i] == group && set_has(report->ranks[i].wait.all, rank))
            return true;
    return false;
}

static void add_missing(struct report *report, const int keys[], int group)
{
    int named = 0;
    for (int i = 0; i < report->n; i++) {
        const struct deadlock_rank *rank = &report->ranks[i];
        if (!is_missing(report, keys, group, i))
            continue;
        if (named++ == 0) {
            add(report, "  ");
            add_list(report, keys, group);
            char call[128];
            const struct segment_wait *wait = &report->ranks[group].wait;
            collective_describe(call, sizeof call, wait->what, wait->call);
            add(report, " %s in %s", count_of(report, keys, group) > 1 ? "wait" : "waits", call);
            add_comm(report, wait);
        }
        if (named > MISSING_MAX)
            continue;
        bool waits = rank->sequence != 0 && !rank->wait.idle;
        add(report, "; rank %d %s", i, waits ? "is in " : "");
        add_rank(report, rank);
    }
    if (named > MISSING_MAX)
        add(report, "; and %d more", named - MISSING_MAX);
    if (named > 0)
        add(report, "\n");
}

/* Those in one call of one communicator with different functions, roots or operations. */
static void add_clash(struct report *report, const int keys[], int group)
{
    const struct segment_wait *wait = &report->ranks[group].wait;
    for (int i = 0; i < report->n; i++) {
        const struct segment_wait *other = &report->ranks[i].wait;
        if (keys[i] != group || i == group || !collective_differs(wait->what, other->what))
            continue;
        char here[128], there[128];
        collective_describe(here, sizeof here, wait->what, wait->call);
        collective_describe(there, sizeof there, other->what, other->call);
        add(report, "  the collective calls do not match: rank %d is in %s, rank %d in %s\n", group, here, i, there);
        return;
    }
}

static void add_collectives(struct report *report, int keys[])
{
    int groups = 0;
    for (int i = 0; i < report->n; i++)
        keys[i] = -1;
    for (int i = 0; i < report->n && groups < GROUPS_MAX; i++) {
        if (keys[i] >= 0 || !waits_in_collective(&report->ranks[i]) || !report->ranks[i].stuck)
            continue;
        for (int j = i; j < report->n; j++)
            if (waits_in_collective(&report->ranks[j]) &&
                is_same_collective(&report->ranks[i].wait, &report->ranks[j].wait))
                keys[j] = i;
        groups++;
        add_clash(report, keys, i);
        add_missing(report, keys, i);
    }
}

/* ---- Cycles and knots ---- */

/* A rank that this one cannot do without, and that is stuck or over, or -1: it waits for several, for any, or not at
 * all. */
static int needs(const struct report *report, int place)
{
    const struct deadlock_rank *rank = &report->ranks[place];
    if (rank->sequence == 0 || rank->wait.idle || (rank->wait.any && rank->wait.requests > 1))
        return -1;
    for (int i = 0; i < report->n; i++)
        if (set_has(rank->wait.all, i) && (report->ranks[i].stuck || is_over(&report->ranks[i])))
            return i;
    if (rank->wait.peer_world < 0 || rank->wait.peer_world >= report->n)
        return -1;
    const struct deadlock_rank *other = &report->ranks[rank->wait.peer_world];
    return other->sequence != 0 || is_over(other) ? rank->wait.peer_world : -1;
}

static void add_cycle(struct report *report, int seen[])
{
    memset(seen, 0, (size_t)report->n * sizeof *seen); /* the start of the walk that came by, from 1 */
    for (int start = 0; start < report->n; start++) {
        int rank = start;
        while (rank >= 0 && seen[rank] == 0) {
            seen[rank] = start + 1;
            rank = needs(report, rank);
        }
        if (rank < 0 || seen[rank] != start + 1)
            continue;
        add(report, "  the cycle: %d", rank);
        for (int next = needs(report, rank); next != rank; next = needs(report, next))
            add(report, " -> %d", next);
        add(report, " -> %d\n", rank);
        return;
    }
}

/* Ranks for which one of several would be enough, but none of these goes on. */
static void add_knot(struct report *report, int keys[])
{
    int some = 0;
    for (int i = 0; i < report->n; i++) {
        const struct deadlock_rank *rank = &report->ranks[i];
        keys[i] = rank->stuck && rank->wait.sets > 0 && !rank->wait.idle;
        some += keys[i];
    }
    if (some == 0)
        return;
    add(report, "  ");
    add_list(report, keys, 1);
    add(report, " could be freed by any of several ranks, none of which goes on\n");
}

static void add_over(struct report *report)
{
    for (int i = 0; i < report->n; i++) {
        int other = needs(report, i);
        if (other >= 0 && is_over(&report->ranks[other]))
            add(report, "  rank %d waits for rank %d, which %s\n", i, other, why_over(&report->ranks[other]));
    }
}

static void add_time(struct report *report)
{
    struct timespec time;
    uint64_t last = 0;
    clock_gettime(CLOCK_MONOTONIC, &time);
    uint64_t now = (uint64_t)time.tv_sec * UINT64_C(1000000000) + (uint64_t)time.tv_nsec;
    for (int i = 0; i < report->n; i++)
        if (report->ranks[i].stuck && report->ranks[i].wait.since > last)
            last = report->ranks[i].wait.since;
    for (int i = 0; last == 0 && i < report->n; i++) /* the picture is of a moment later: the one that waits is no longer marked */
        last = report->ranks[i].wait.since;
    if (last != 0)
        add(report, "  found %.3f ms after the last of them was blocked\n", (double)(now - last) * 1e-6);
}

void deadlock_describe(const char *heading, const struct deadlock_rank ranks[], int n, char *text, size_t bytes)
{
    struct report report = {text, bytes, 0, ranks, n};
    int *keys = calloc((size_t)n, sizeof *keys);
    uint64_t *hashes = calloc((size_t)n, sizeof *hashes);
    text[0] = '\0';
    add(&report, "%s\n", heading);
    if (keys != NULL && hashes != NULL) {
        add_ranks(&report, keys, hashes);
        add_collectives(&report, keys);
        add_cycle(&report, keys);
        add_knot(&report, keys);
        add_over(&report);
        add_time(&report);
    }
    free(keys);
    free(hashes);
}
