/* SPDX-License-Identifier: BSD-2-Clause */
/* test.c: the runner's tests: whose members can never go on, and what a test leaves behind.
 *
 * A team's members send to each other alone. Every member looks, when it is about to sleep, whether it can ever go on
 * (deadlock.h); one that ends the test wakes those that wait, so that they look again. `ended` is set last, when nothing
 * of this rank's waits for room in a ring.
 */
#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../launch.h"
#include "bsend.h"
#include "deadlock.h"
#include "needs.h"
#include "transfer.h"
#include "waiting.h"

#define TEXT_BYTES 8192

static struct {
    uint32_t serial; /* 0: in none */
    uint32_t size, *members;
    uint32_t *incarnations; /* [size] that the members were assigned with, or had when this rank began */
    bool assigned;          /* the former */
    uint32_t deaths;        /* of the segment, when it was last looked for a lost member, … */
    int lost;               /* … and which was found, or -1 */
    bool left, ending;
    _Atomic bool stuck;
    char text[TEXT_BYTES];
} test;
static bool tests_only; /* other communicators than tests' are the runner's */

static struct segment_rank *own_slot(void)
{
    return segment_rank(mock.segment, mock.rank);
}

void mpimock_tests_only(void)
{
    tests_only = true;
    mock.thread_level = MPI_THREAD_MULTIPLE; /* tests may have threads, whatever they say to MPI_Init_thread */
}

bool test_is_runners(uint64_t context)
{
    return test_is_control(context) || (tests_only && (context & TEST_CONTEXT) == 0);
}

bool test_is_control(uint64_t context)
{
    return (context | 1) == (segment_control_context(mock.segment) | 1);
}

uint64_t test_context(uint64_t number)
{
    return test.serial != 0 ? test_context_of(test.serial, number) : number;
}

/* Does it belong to a test up to that one? */
static bool is_of_tests_until(uint64_t context, const void *serial)
{
    return (context & TEST_CONTEXT) != 0 && (uint32_t)(context >> 31) <= *(const uint32_t *)serial;
}

/* Requests of other chapters are all a test's. */
static void release_others(void)
{
    for (struct mock_request *request = request_first_other(), *next; request != NULL; request = next) {
        next = request->next;
        request_release(request);
    }
}

static void discard(uint32_t until)
{
    mock_lock();
    /* First what is posted, whose memory may be gone; then what has come meanwhile. */
    transfer_discard_all(is_of_tests_until, &until, TRANSFER_DISCARD_RELEASE);
    bool alone = waiting_threads() == 0;
    if (!alone)
        segment_wake(own_slot());
    if (alone)
        release_others();
    transfer_progress();
    transfer_discard_all(is_of_tests_until, &until, TRANSFER_DISCARD_RELEASE);
    if (alone)
        bsend_finish();
    mock_unlock();
}

static void forget_members(void)
{
    free(test.members);
    free(test.incarnations);
    test.members = test.incarnations = NULL;
}

int mpimock_test_begin(uint32_t serial, uint32_t size, const uint32_t members[], const uint32_t incarnations[])
{
    uint32_t *copy = malloc(size * sizeof *copy);
    uint32_t *second = malloc(size * sizeof *second);
    if (copy == NULL || second == NULL) {
        free(copy);
        free(second);
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < size; i++) {
        copy[i] = members[i];
        second[i] = incarnations != NULL ? incarnations[i] : mpimock_rank_incarnation((int)members[i]);
    }
    discard(serial - 1); /* what came late */
    forget_members();
    test.members = copy;
    test.incarnations = second;
    test.assigned = incarnations != NULL;
    test.deaths = atomic_load(&mock.segment->deaths) - 1; /* one may have died already */
    test.lost = -1;
    test.size = size;
    test.serial = serial;
    test.left = test.ending = false;
    atomic_store(&test.stuck, false);
    atomic_store(&own_slot()->polls_in, 0);
    atomic_store(&own_slot()->test, serial);
    return 0;
}

void mpimock_test_left(void)
{
    if (test.serial == 0 || test.left)
        return;
    test.left = true;
    atomic_store(&own_slot()->quit, test.serial);
    atomic_store(&own_slot()->left, test.serial);
    mock_lock();
    transfer_discard_all(is_of_tests_until, &test.serial, TRANSFER_DISCARD_COMPLETE);
    mock_unlock();
    if (waiting_threads() > 0)
        segment_wake(own_slot()); /* theirs are complete now */
}

/* ---- Members that die ---- */

/* In the test, or before they came to it. One that died too often since to tell where is missed too. */
static bool is_lost(uint32_t member)
{
    const struct segment_rank *slot = segment_rank(mock.segment, (int)test.members[member]);
    uint32_t deaths = atomic_load(&slot->incarnation) - test.incarnations[member];
    for (int i = 0; i < SEGMENT_LOSSES; i++)
        if (atomic_load(&slot->lost[i]) == test.serial)
            return true;
    return deaths > SEGMENT_LOSSES || (test.assigned && deaths > 0 && atomic_load(&slot->ended) < test.serial);
}

int mpimock_test_lost_member(void)
{
    if (test.serial == 0)
        return -1;
    uint32_t deaths = atomic_load(&mock.segment->deaths);
    if (deaths != test.deaths && test.lost < 0)
        for (uint32_t i = 0; i < test.size && test.lost < 0; i++)
            if (is_lost(i))
                test.lost = (int)i;
    test.deaths = deaths;
    return test.lost;
}

/* ---- The end ---- */

static bool is_in_test(int rank)
{
    const struct segment_rank *slot = segment_rank(mock.segment, rank);
    if (atomic_load(&slot->left) >= test.serial || atomic_load(&slot->ended) >= test.serial)
        return false;
    for (uint32_t i = 0; i < test.size; i++)
        if ((int)test.members[i] == rank)
            return !is_lost(i);
    return false;
}

static bool is_sent(void *unused)
{
    (void)unused;
    return !transfer_is_sending(is_of_tests_until, &test.serial, is_in_test);
}

static bool is_flushed(void *unused)
{
    (void)unused;
    return transfer_is_flushed();
}

static void describe_end(void *unused, struct segment_wait *wait)
{
    (void)unused;
    strcpy(wait->call, "the end of the test");
    wait->kind = SEGMENT_WAIT_OTHER;
    wait->peer = wait->peer_world = SEGMENT_WAIT_NOBODY;
    wait->tag = SEGMENT_WAIT_ANY;
    bool known = false;
    for (const struct mock_request *request = request_first_message(); request != NULL; request = request->next)
        if (request->detached && request->kind == REQUEST_SEND && !request->complete &&
            is_of_tests_until(request->context, &test.serial) && is_in_test(request->peer_world)) {
            needs_add_rank(wait, request->peer_world, false);
            known = true;
        }
    if (!known)
        needs_add_everybody(wait, false);
}

static void wait_for(bool (*done)(void *unused))
{
    mock_lock();
    if (!done(NULL))
        mock_wait_until(&(struct waiting){done, describe_end, NULL, NULL});
    mock_unlock();
}

/* Other members that sleep look again whether they can go on. */
static void wake_members(void)
{
    for (uint32_t i = 0; i < test.size; i++) {
        struct segment_rank *slot = segment_rank(mock.segment, (int)test.members[i]);
        if ((int)test.members[i] != mock.rank && atomic_load(&slot->test) == test.serial &&
            (atomic_load(&slot->blocked) & 1) != 0)
            segment_wake(slot);
    }
}

void mpimock_test_end(void)
{
    if (test.serial == 0)
        return;
    struct segment_rank *slot = own_slot();
    test.ending = true;
    if (!test.left)
        wait_for(is_sent); /* as MPI_Finalize would: what MPI_Bsend has sent is still on its way */
    atomic_store(&slot->left, test.serial);
    atomic_store(&slot->test, 0);
    discard(test.serial);
    wait_for(is_flushed);
    atomic_store(&slot->ended, test.serial);
    wake_members();
    test.serial = 0;
    forget_members();
}

/* ---- Deadlock ---- */

const char *mpimock_test_deadlock(void)
{
    return test.serial != 0 && atomic_load(&test.stuck) ? test.text : NULL;
}

struct deadlock_view test_view(void)
{
    if (test.serial != 0 && atomic_load(&own_slot()->test) == test.serial)
        return (struct deadlock_view){mock.segment, test.serial, test.size, test.members};
    return (struct deadlock_view){mock.segment, 0, mock.segment->n, NULL};
}

bool test_is_stuck(void)
{
    if (test.serial == 0 || test.left || atomic_load(&test.stuck) || atomic_load(&own_slot()->test) != test.serial)
        return false;
    const struct deadlock_view view = test_view();
    if (!deadlock_look(&view, mock.rank))
        return false;
    if (test.ending) {
        wake_members(); /* it is for them to leave */
        return false;
    }
    deadlock_report(&view, "", test.text, sizeof test.text);
    atomic_store(&test.stuck, true);
    atomic_fetch_add(&request_events, 1); /* another thread of this process may be the one that leaves */
    segment_wake(own_slot());
    return true;
}

bool test_was_left_by(int from, uint64_t context)
{
    return test.serial != 0 && is_of_tests_until(context, &test.serial) &&
           atomic_load(&segment_rank(mock.segment, from)->left) >= test.serial;
}
