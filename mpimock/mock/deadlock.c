/* SPDX-License-Identifier: BSD-2-Clause */
/* deadlock.c: the picture of all ranks at one moment, and the report drawn from it.
 *
 * Relies on what waiting.c publishes. The picture is taken in two passes over the ranks: if each was blocked in the
 * first, with no news and nobody about to wake it, and its counter is the same in the second, then all were blocked in
 * between.
 */
#include "deadlock.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

static bool has_news(struct segment *segment, const struct segment_rank *slot)
{
    for (uint32_t word = 0; word * 64 < segment->n; word++)
        if (atomic_load(&slot->news[word]) != 0)
            return true;
    return false;
}

static bool is_over(int state)
{
    return state == SEGMENT_FINALIZED || state == SEGMENT_GONE;
}

/* Is it blocked (or over), with nothing to come? */
static bool look_at(struct segment *segment, int i, struct deadlock_rank *rank)
{
    struct segment_rank *slot = segment_rank(segment, i);
    memset(rank, 0, sizeof *rank);
    rank->state = atomic_load(&slot->state);
    if (is_over(rank->state))
        return true;
    rank->sequence = atomic_load(&slot->blocked);
    if ((rank->sequence & 1) == 0)
        return false;
    memcpy(&rank->wait, &slot->wait, sizeof rank->wait);
    atomic_thread_fence(memory_order_seq_cst);
    return atomic_load(&slot->blocked) == rank->sequence && atomic_load(&slot->bell) == rank->wait.bell &&
           !has_news(segment, slot);
}

static bool is_unchanged(struct segment *segment, int i, const struct deadlock_rank *rank)
{
    struct segment_rank *slot = segment_rank(segment, i);
    if (is_over(rank->state))
        return true;
    return atomic_load(&slot->blocked) == rank->sequence && atomic_load(&slot->bell) == rank->wait.bell &&
           !has_news(segment, slot);
}

bool deadlock_look(struct segment *segment, struct deadlock_rank ranks[])
{
    int n = (int)segment->n;
    bool somebody = false;
    for (int i = 0; i < n; i++) {
        if (atomic_load(&segment_rank(segment, i)->test) != 0 || !look_at(segment, i, &ranks[i]))
            return false;
        somebody |= ranks[i].sequence != 0 && !ranks[i].wait.idle;
    }
    for (int i = 0; i < n; i++)
        if (!is_unchanged(segment, i, &ranks[i]))
            return false;
    return somebody;
}

/* Is this member of a test's team over, or blocked in the test with nothing to come? */
static bool look_at_member(struct segment *segment, int i, uint32_t serial, struct deadlock_rank *rank)
{
    struct segment_rank *slot = segment_rank(segment, i);
    if (atomic_load(&slot->ended) >= serial) {
        memset(rank, 0, sizeof *rank);
        rank->has_left = true;
        return true;
    }
    return (atomic_load(&slot->blocked) & 1) != 0 && atomic_load(&slot->test) == serial && look_at(segment, i, rank);
}

bool deadlock_look_at_test(struct segment *segment, uint32_t serial, uint32_t size, const uint32_t members[],
                           struct deadlock_rank ranks[])
{
    for (uint32_t i = 0; i < size; i++)
        if (!look_at_member(segment, (int)members[i], serial, &ranks[i]))
            return false;
    for (uint32_t i = 0; i < size; i++)
        if (!ranks[i].has_left && !is_unchanged(segment, (int)members[i], &ranks[i]))
            return false;
    for (uint32_t i = 0; i < size; i++) {
        struct segment_wait *wait = &ranks[i].wait;
        uint32_t place = 0;
        while (place < size && (int32_t)members[place] != wait->peer_world)
            place++;
        if (place < size)
            wait->peer_world = (int32_t)place;
    }
    return true;
}

/* ---- The report ---- */

struct report {
    char *text;
    size_t bytes, used;
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

static void add_peer(struct report *report, const struct segment_wait *wait)
{
    static const char *const words[SEGMENT_WAIT_KIND_COUNT] = {"", "from", "to", "from"};
    if (wait->kind <= SEGMENT_WAIT_OTHER || wait->kind >= SEGMENT_WAIT_KIND_COUNT)
        return;
    if (wait->peer == SEGMENT_WAIT_ANY)
        add(report, " %s any rank", words[wait->kind]);
    else if (wait->peer == wait->peer_world)
        add(report, " %s rank %d", words[wait->kind], wait->peer);
    else
        add(report, " %s rank %d (rank %d of the job)", words[wait->kind], wait->peer, wait->peer_world);
    if (wait->tag == SEGMENT_WAIT_ANY)
        add(report, ", any tag");
    else
        add(report, ", tag %d", wait->tag);
}

static void add_comm(struct report *report, const struct segment_wait *wait)
{
    if (wait->comm[0] != '\0')
        add(report, " on %.*s", SEGMENT_WAIT_COMM_BYTES, wait->comm);
    else if (wait->kind != SEGMENT_WAIT_OTHER)
        add(report, " on communicator %llu", (unsigned long long)(wait->context & (wait->context & TEST_CONTEXT ? TEST_CONTEXT_NUMBER : UINT64_MAX) & ~UINT64_C(1)));
}

static const char *why_over(const struct deadlock_rank *rank)
{
    return rank->has_left ? "has ended the test" : rank->state == SEGMENT_GONE ? "has ended" : "is past MPI_Finalize";
}

static void add_wait(struct report *report, const struct deadlock_rank *rank)
{
    static const char *const nouns[SEGMENT_WAIT_KIND_COUNT] = {"a call", "a receive", "a send", "a probe"};
    const struct segment_wait *wait = &rank->wait;
    const char *noun = wait->kind >= 0 && wait->kind < SEGMENT_WAIT_KIND_COUNT ? nouns[wait->kind] : nouns[0];
    if (rank->sequence == 0) {
        add(report, "%s", why_over(rank));
        return;
    }
    if (wait->idle) {
        add(report, "waits for work");
        return;
    }
    add(report, "%.*s", SEGMENT_WAIT_CALL_BYTES, wait->call[0] != '\0' ? wait->call : noun);
    if (wait->collective) {
        add_comm(report, wait);
        if (wait->peer >= 0)
            add(report, " waits for rank %d", wait->peer);
        return;
    }
    if (wait->requests > 1)
        add(report, " for %s%u requests, the first %s", wait->any ? "one of " : "", wait->requests, noun);
    add_peer(report, wait);
    add_comm(report, wait);
}

/* One line for each rank, or for several neighbours of which the same is to be said. */
static void add_ranks(struct report *report, const struct deadlock_rank ranks[], int n)
{
    char line[512], next[512];
    for (int first = 0, last; first < n; first = last + 1) {
        struct report one = {line, sizeof line, 0};
        add_wait(&one, &ranks[first]);
        for (last = first; last + 1 < n; last++) {
            struct report other = {next, sizeof next, 0};
            add_wait(&other, &ranks[last + 1]);
            if (strcmp(line, next) != 0)
                break;
        }
        if (first == last)
            add(report, "  rank %d: %s\n", first, line);
        else
            add(report, "  ranks %d to %d: %s\n", first, last, line);
    }
}

/* The one rank that this one cannot do without, or -1: it waits for several, for any, or not at all. */
static int needs(const struct deadlock_rank *rank)
{
    if (rank->sequence == 0 || rank->wait.idle || (rank->wait.any && rank->wait.requests > 1))
        return -1;
    return rank->wait.peer_world >= 0 ? rank->wait.peer_world : -1;
}

/* The first cycle of ranks that need each other, and the ranks that need one that is over. */
static void add_reasons(struct report *report, const struct deadlock_rank ranks[], int n)
{
    int *seen = calloc((size_t)n, sizeof *seen); /* the start of the walk that came by, from 1 */
    if (seen == NULL)
        return;
    for (int start = 0; start < n; start++) {
        int rank = start;
        while (rank >= 0 && rank < n && seen[rank] == 0) {
            seen[rank] = start + 1;
            rank = needs(&ranks[rank]);
        }
        if (rank < 0 || rank >= n || seen[rank] != start + 1)
            continue;
        add(report, "  the cycle: %d", rank);
        for (int next = needs(&ranks[rank]); next != rank; next = needs(&ranks[next]))
            add(report, " -> %d", next);
        add(report, " -> %d\n", rank);
        break;
    }
    free(seen);
    for (int rank = 0; rank < n; rank++) {
        int other = needs(&ranks[rank]);
        if (other >= 0 && other < n && ranks[other].sequence == 0)
            add(report, "  rank %d waits for rank %d, which %s\n", rank, other, why_over(&ranks[other]));
    }
}

void deadlock_describe(const char *heading, const struct deadlock_rank ranks[], int n, char *text, size_t bytes)
{
    struct report report = {text, bytes, 0};
    text[0] = '\0';
    add(&report, "%s\n", heading);
    add_ranks(&report, ranks, n);
    add_reasons(&report, ranks, n);
}

bool deadlock_declare(struct segment *segment)
{
    struct deadlock_rank *ranks = calloc(segment->n, sizeof *ranks);
    if (ranks == NULL)
        return false;
    bool found = deadlock_look(segment, ranks) && segment_end_claim(segment);
    if (found) {
        deadlock_describe("mpimock: deadlock: every rank waits, and no message is on its way", ranks, (int)segment->n, segment_text(segment), SEGMENT_TEXT_BYTES);
        segment_end_publish(segment, SEGMENT_END_DEADLOCK, -1, 1);
    }
    free(ranks);
    return found;
}
