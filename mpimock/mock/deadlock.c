/* SPDX-License-Identifier: BSD-2-Clause */
/* deadlock.c: which ranks can never go on.
 *
 * Relies on what waiting.c publishes, and on each rank that looks for itself when it has done so: the last event that
 * makes ranks stuck is that one of them blocks (it looks), or that a rank which they need is over (whoever sees to that
 * lets them look again).
 *
 * It goes from the rank that looks to those that it needs, to those that they need … and notes of each that is blocked its
 * counter, while there is no news for it and nobody about to wake it. Of these the stuck ones are what is left when every
 * rank is struck out that needs one that runs or was struck out already, until there is no more to strike out. Then their
 * counters and their news are looked at again: if all are as they were, there was a moment between the two looks at which
 * all of them were blocked, with nothing on its way to any of them. What they wait for can come only from each other, since
 * for all others they do not wait; none of them sends, answers or posts a receive while it is blocked without news. So
 * none will ever go on, whatever the others do: they may send to one that is stuck, which then wakes, finds that it is
 * not what it waits for, and looks again.
 *
 * Two things this leaves out: that MPI_Waitall may return early because one of its messages is in error, and that another
 * rank takes the test, or the job, to its end. Neither makes a correct program.
 */
#include "deadlock.h"

#include <stdlib.h>
#include <string.h>

#include "collective.h"
#include "needs.h"

static bool has_news(struct segment *segment, const struct segment_rank *slot)
{
    for (uint32_t word = 0; word * 64 < segment->n; word++)
        if (atomic_load(&slot->news[word]) != 0)
            return true;
    return false;
}

/* ---- Looking ---- */

struct look {
    const struct deadlock_view *view;
    segment_set in_view;
    segment_set seen;    /* it is known whether they can be candidates … */
    segment_set blocked; /* … these can … */
    segment_set over;    /* … and these will never do anything */
    segment_set queued;  /* blocked ones whose needs are, or will be, looked at */
    segment_set stuck;   /* … of which these are left */
    segment_set meeting; /* blocked ones with wait.meets */
    uint16_t queue[MPIMOCK_RANKS_MAX];
    int queue_length;
    uint32_t sequences[MPIMOCK_RANKS_MAX], bells[MPIMOCK_RANKS_MAX];
};

/* Will it never do anything in the test, or in the job? One that has left the test early will be followed by all of its
 * team-mates, who are told so: they do not wait for ever. */
static bool is_over(const struct deadlock_view *view, struct segment_rank *slot)
{
    int state = atomic_load(&slot->state);
    if (view->serial != 0)
        return atomic_load(&slot->ended) >= view->serial && atomic_load(&slot->quit) != view->serial;
    return state == SEGMENT_FINALIZED || state == SEGMENT_GONE;
}

static void see(struct look *look, int rank)
{
    struct segment *segment = look->view->segment;
    struct segment_rank *slot = segment_rank(segment, rank);
    set_add(look->seen, rank);
    if (is_over(look->view, slot)) {
        set_add(look->over, rank);
        return;
    }
    uint32_t sequence = atomic_load(&slot->blocked);
    if ((sequence & 1) == 0 || atomic_load(&slot->test) != look->view->serial)
        return;
    uint32_t bell = atomic_load(&slot->bell);
    if (bell != slot->wait.bell || has_news(segment, slot))
        return;
    look->sequences[rank] = sequence;
    look->bells[rank] = bell;
    set_add(look->blocked, rank);
    if (slot->wait.meets)
        set_add(look->meeting, rank);
}

static bool is_unchanged(const struct look *look, int rank)
{
    struct segment *segment = look->view->segment;
    struct segment_rank *slot = segment_rank(segment, rank);
    return atomic_load(&slot->blocked) == look->sequences[rank] && atomic_load(&slot->bell) == look->bells[rank] &&
           !has_news(segment, slot);
}

static void enqueue(struct look *look, int rank)
{
    if (!set_has(look->seen, rank))
        see(look, rank);
    if (!set_has(look->blocked, rank) || set_has(look->queued, rank))
        return;
    set_add(look->queued, rank);
    look->queue[look->queue_length++] = (uint16_t)rank;
}

static int words_of(const struct look *look)
{
    return (int)(look->view->segment->n + 63) / 64;
}

#define FOR_EACH_IN(rank, set, look)                                                                                    \
    for (int word_ = 0; word_ < words_of(look); word_++)                                                                \
        for (uint64_t bits_ = (set)[word_] & (look)->in_view[word_];                                                    \
             bits_ != 0 && ((rank) = word_ * 64 + __builtin_ctzll(bits_), true); bits_ &= bits_ - 1)

/* Looks at those that the rank needs. One of a set that runs is enough, and keeps us from looking at the others. */
static void expand(struct look *look, int rank)
{
    const struct segment_wait *wait = &segment_rank(look->view->segment, rank)->wait;
    int other;
    FOR_EACH_IN (other, wait->all, look)
        enqueue(look, other);
    if (wait->meets)
        FOR_EACH_IN (other, look->in_view, look)
            enqueue(look, other);
    for (uint32_t i = 0; i < wait->sets && i < SEGMENT_WAIT_SETS; i++) {
        bool one_is_free = false;
        FOR_EACH_IN (other, wait->one[i], look) {
            if (!set_has(look->seen, other))
                see(look, other);
            one_is_free |= !set_has(look->blocked, other) && !set_has(look->over, other);
            if (one_is_free)
                break;
        }
        if (one_is_free)
            continue;
        FOR_EACH_IN (other, wait->one[i], look)
            enqueue(look, other);
    }
}

static bool needs_stuck_ones(const struct look *look, int rank)
{
    const struct segment_wait *wait = &segment_rank(look->view->segment, rank)->wait;
    bool enough[SEGMENT_WAIT_SETS] = {false};
    uint32_t sets = wait->sets < SEGMENT_WAIT_SETS ? wait->sets : SEGMENT_WAIT_SETS;
    /* Once all have come to the meeting those that are over have been there. */
    bool meets = wait->meets && atomic_load(&look->view->segment->finalizing) < look->view->segment->n;
    for (int word = 0; word < words_of(look); word++) {
        uint64_t dead = (look->stuck[word] | look->over[word]) & look->in_view[word];
        if ((wait->all[word] & dead) != 0 || (meets && (dead & ~look->meeting[word]) != 0))
            return true;
        for (uint32_t i = 0; i < sets; i++)
            enough[i] |= (wait->one[i][word] & look->in_view[word] & ~dead) != 0;
    }
    for (uint32_t i = 0; i < sets; i++)
        if (!enough[i])
            return true;
    return false;
}

/* The last ones that were come by are struck out first: those before may need them. */
static void strike_out(struct look *look)
{
    memcpy(look->stuck, look->queued, sizeof look->stuck);
    for (bool again = true; again;) {
        again = false;
        for (int i = look->queue_length - 1; i >= 0; i--) {
            int rank = look->queue[i];
            if (set_has(look->stuck, rank) && !needs_stuck_ones(look, rank)) {
                set_remove(look->stuck, rank);
                again = true;
            }
        }
    }
}

/* Goes through those that the rank needs (-1: through all). */
static void walk(struct look *look, const struct deadlock_view *view, int rank)
{
    int other;
    memset(look, 0, offsetof(struct look, queue));
    look->queue_length = 0;
    look->view = view;
    for (uint32_t i = 0; i < view->size; i++)
        set_add(look->in_view, view->members != NULL ? (int)view->members[i] : (int)i);
    if (rank >= 0)
        enqueue(look, rank);
    else
        FOR_EACH_IN (other, look->in_view, look)
            enqueue(look, other);
    for (int i = 0; i < look->queue_length; i++)
        expand(look, look->queue[i]);
}

/* Those that are stuck among the rank and all that it needs (-1: among all). False: there are none, or something changed
 * meanwhile. */
static bool look_from(struct look *look, const struct deadlock_view *view, int rank)
{
    int other;
    walk(look, view, rank);
    strike_out(look);
    if (rank >= 0 && !set_has(look->stuck, rank))
        return false;
    bool somebody = false;
    FOR_EACH_IN (other, look->stuck, look)
        somebody |= !segment_rank(view->segment, other)->wait.idle;
    FOR_EACH_IN (other, look->stuck, look)
        if (!is_unchanged(look, other))
            return false;
    return somebody;
}

bool deadlock_look(const struct deadlock_view *view, int rank)
{
    struct look look;
    return look_from(&look, view, rank);
}

/* Each of the two has said by itself in which call it is: whether both are still there does not matter. But nothing may be on
 * its way to this rank: a peer that has gone on to its next call has sent before what this one waits for. */
bool deadlock_clash(const struct deadlock_view *view, int rank, int *peer, uint64_t *what)
{
    struct look look;
    struct segment_rank *own_slot = segment_rank(view->segment, rank);
    const struct segment_wait *own = &own_slot->wait;
    walk(&look, view, rank);
    for (int i = 0; i < look.queue_length; i++) {
        int other = look.queue[i];
        const struct segment_rank *slot = segment_rank(view->segment, other);
        const struct segment_wait *wait = &slot->wait;
        if (other == rank || !wait->collective || wait->context != own->context || wait->tag != own->tag ||
            !collective_differs(own->what, wait->what))
            continue;
        *peer = other;
        *what = wait->what;
        atomic_thread_fence(memory_order_seq_cst);
        if (atomic_load(&slot->blocked) == look.sequences[other])
            return atomic_load(&own_slot->bell) == own->bell && !has_news(view->segment, own_slot);
    }
    return false;
}

/* ---- The picture ---- */

/* Places in the view instead of ranks of the world, so that they are those of the ranks' own MPI_COMM_WORLD. */
static void translate_set(const struct deadlock_view *view, segment_set set)
{
    segment_set places = {0};
    for (uint32_t i = 0; i < view->size; i++)
        if (set_has(set, (int)view->members[i]))
            set_add(places, (int)i);
    memcpy(set, places, sizeof places);
}

static void translate_rank(const struct deadlock_view *view, int32_t *rank)
{
    for (uint32_t i = 0; i < view->size; i++)
        if ((int32_t)view->members[i] == *rank) {
            *rank = (int32_t)i;
            return;
        }
}

static void translate(const struct deadlock_view *view, struct segment_wait *wait)
{
    translate_rank(view, &wait->peer_world);
    for (uint32_t i = 0; i < wait->requests && i < SEGMENT_WAIT_PARTS; i++)
        translate_rank(view, &wait->parts[i].peer_world);
    translate_set(view, wait->all);
    for (uint32_t i = 0; i < wait->sets; i++)
        translate_set(view, wait->one[i]);
}

static void take(const struct look *look, int world, struct deadlock_rank *rank)
{
    struct segment_rank *slot = segment_rank(look->view->segment, world);
    rank->state = atomic_load(&slot->state);
    rank->waits_in = atomic_load(&slot->waits_in);
    rank->polls_in = atomic_load(&slot->polls_in);
    rank->has_left = look->view->serial != 0 && is_over(look->view, slot);
    if (look->view->serial != 0 && !rank->has_left) {
        rank->is_leaving = atomic_load(&slot->left) >= look->view->serial;
        rank->is_early = !rank->is_leaving && atomic_load(&slot->test) != look->view->serial;
    }
    if (set_has(look->over, world) || rank->has_left || rank->is_early || rank->is_leaving)
        return;
    uint32_t sequence = atomic_load(&slot->blocked);
    memcpy(&rank->wait, &slot->wait, sizeof rank->wait);
    atomic_thread_fence(memory_order_seq_cst);
    if ((sequence & 1) == 0 || atomic_load(&slot->blocked) != sequence)
        return;
    rank->sequence = sequence;
    rank->stuck = set_has(look->stuck, world);
    if (look->view->members != NULL)
        translate(look->view, &rank->wait);
}

void deadlock_report(const struct deadlock_view *view, const char *who, char *text, size_t bytes)
{
    struct look look;
    struct deadlock_rank *ranks = calloc(view->size, sizeof *ranks);
    char heading[200];
    if (ranks == NULL) {
        snprintf(text, bytes, "%sdeadlock (and no memory to tell of whom)\n", who);
        return;
    }
    look_from(&look, view, -1);
    bool all = true;
    for (uint32_t i = 0; i < view->size; i++) {
        int world = view->members != NULL ? (int)view->members[i] : (int)i;
        take(&look, world, &ranks[i]);
        all &= ranks[i].stuck || set_has(look.over, world);
    }
    snprintf(heading, sizeof heading, "%sdeadlock: %s", who,
             all ? "every rank waits, and no message is on its way"
                 : "some ranks can never go on, whatever the others do");
    deadlock_describe(heading, ranks, (int)view->size, text, bytes);
    free(ranks);
}

bool deadlock_declare(struct segment *segment, int rank)
{
    const struct deadlock_view view = {segment, 0, segment->n, NULL};
    if (!deadlock_look(&view, rank) || !segment_end_claim(segment, rank))
        return false;
    deadlock_report(&view, "mpimock: ", segment_text(segment), SEGMENT_TEXT_BYTES);
    segment_end_publish(segment, SEGMENT_END_DEADLOCK, -1, 1);
    return true;
}
