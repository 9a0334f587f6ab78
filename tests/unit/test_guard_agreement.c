/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of agreement.c and mailbox.c: every order of events, for three members on two communicators that overlap.
 *
 * The model of a member: it calls the collectives of its program one after the other, may fail between two, looks for
 * notices while it waits in an agreement or between calls, and does not while it is in the MPI's collective, which
 * returns when all members of the communicator are in it. Letters from one to another keep their order; nothing else
 * has one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../runner/guard/agreement.h"

#define MEMBERS 3
#define CALLS   2
#define LETTERS 12
#define SERIAL  5

static const struct layout {
    int sizes[2];
    int members[2][MEMBERS];
} layouts[] = {{{3, 2}, {{0, 1, 2}, {1, 2}}}, {{2, 2}, {{0, 1}, {1, 2}}}};
static const struct layout *layout;

static bool is_member(int comm, int member)
{
    for (int i = 0; i < layout->sizes[comm]; i++)
        if (layout->members[comm][i] == member)
            return true;
    return false;
}

/* ---- The model ---- */

enum at { AT_IDLE, AT_AGREEING, AT_INSIDE, AT_LEFT, AT_END };

struct member {
    enum at at;
    int next;                     /* call of its program */
    bool noticed, told, declared; /* a notice is there; it was seen; GONE was said */
    uint32_t last[2];             /* arrivals */
    uint32_t agreed[2];
    struct guard_agreement agreement;
    uint16_t inbox[LETTERS], from[LETTERS];
    size_t inbox_count;
};
struct state {
    struct member members[MEMBERS];
    uint16_t flying[MEMBERS][MEMBERS][LETTERS]; /* from, to */
    size_t flying_count[MEMBERS][MEMBERS];
    bool left; /* by anybody */
};
static int programs[MEMBERS][CALLS + 1]; /* communicators, -1: the end */

/* States hold numbers of letters, which are few. */
static struct guard_letter letters[256];
static size_t letter_count;

static uint16_t letter_number(const struct guard_letter *letter)
{
    size_t size = guard_letter_size(letter), i = 0;
    while (i < letter_count && memcmp(&letters[i], letter, size) != 0)
        i++;
    if (i == letter_count) {
        assert_true(letter_count < sizeof letters / sizeof *letters);
        memcpy(&letters[letter_count++], letter, size);
    }
    return (uint16_t)i;
}

static int writing;
static void write_letter(void *context, int to, const struct guard_letter *letter)
{
    struct state *state = context;
    size_t *count = &state->flying_count[writing][to];
    assert_true(*count < LETTERS);
    state->flying[writing][to][(*count)++] = letter_number(letter);
}

static void declare(struct state *state, int who)
{
    struct guard_letter letter = {.serial = SERIAL, .kind = GUARD_GONE, .gone = {.letters = 1}};
    struct member *member = &state->members[who];
    if (member->declared)
        return;
    member->declared = true;
    for (uint32_t comm = 0; comm < 2; comm++)
        if (member->last[comm] > 0)
            letter.gone.arrivals[letter.gone.count++] =
                (struct guard_arrival){.number = comm, .last = member->last[comm]};
    writing = who;
    for (int i = 0; i < MEMBERS; i++)
        if (i != who)
            write_letter(state, i, &letter);
}

static void leave(struct state *state, int who)
{
    state->members[who].at = AT_LEFT;
    declare(state, who);
}

static void advance(struct state *state, int who)
{
    struct member *member = &state->members[who];
    struct guard_kept_letter inbox[LETTERS];
    struct guard_mailbox mailbox = {
        .serial = SERIAL, .letters = inbox, .count = member->inbox_count, .capacity = LETTERS};
    for (size_t i = 0; i < member->inbox_count; i++) {
        inbox[i].from = member->from[i];
        inbox[i].letter = letters[member->inbox[i]];
    }
    const struct guard_writer writer = {write_letter, state};
    writing = who;
    enum guard_verdict verdict = guard_agreement_advance(&member->agreement, &mailbox, &writer);
    member->inbox_count = mailbox.count;
    for (size_t i = 0; i < mailbox.count; i++) {
        member->from[i] = (uint16_t)inbox[i].from;
        member->inbox[i] = letter_number(&inbox[i].letter);
    }
    if (verdict == GUARD_AGREED) {
        member->agreed[member->agreement.letter.number]++;
        member->at = AT_INSIDE;
    } else if (verdict == GUARD_IMPOSSIBLE && member->told) {
        leave(state, who);
    }
}

/* A member that waits at the test's end hears of one that leaves. */
static void look_at_end(struct state *state, int who)
{
    const struct member *member = &state->members[who];
    for (size_t i = 0; i < member->inbox_count; i++)
        if (letters[member->inbox[i]].kind == GUARD_GONE)
            declare(state, who);
}

static void arrive(struct state *state, int who)
{
    struct member *member = &state->members[who];
    int comm = programs[who][member->next], rank = -1;
    if (comm < 0) {
        member->at = AT_END;
        look_at_end(state, who);
        return;
    }
    for (int i = 0; i < layout->sizes[comm]; i++)
        if (layout->members[comm][i] == who)
            rank = i;
    member->last[comm]++;
    member->at = AT_AGREEING;
    guard_agreement_begin(&member->agreement, SERIAL, (uint64_t)comm, member->last[comm], layout->members[comm],
                          layout->sizes[comm], rank, &(struct guard_intent){.function = MPIMOCK_BARRIER, .rank = rank});
    advance(state, who);
}

/* ---- Events ---- */

enum event { EVENT_CALL, EVENT_FAIL, EVENT_LOOK, EVENT_RETURN, EVENT_LETTER, EVENTS = EVENT_LETTER + MEMBERS };

static bool all_inside(const struct state *state, int comm, uint32_t sequence)
{
    for (int i = 0; i < layout->sizes[comm]; i++)
        if (state->members[layout->members[comm][i]].agreed[comm] < sequence)
            return false;
    return true;
}

/* Does it, if it can happen. */
static bool happens(struct state *state, int who, int event)
{
    struct member *member = &state->members[who];
    switch (event) {
    case EVENT_CALL:
        if (member->at != AT_IDLE || member->told)
            return false;
        arrive(state, who);
        return true;
    case EVENT_FAIL:
        if (member->at != AT_IDLE || member->told)
            return false;
        state->left = true;
        for (int i = 0; i < MEMBERS; i++)
            state->members[i].noticed = state->members[i].noticed || i != who;
        leave(state, who);
        return true;
    case EVENT_LOOK:
        if (!member->noticed || member->told || (member->at != AT_IDLE && member->at != AT_AGREEING))
            return false;
        member->told = true;
        if (member->at == AT_IDLE)
            leave(state, who);
        declare(state, who);
        if (member->at == AT_AGREEING)
            advance(state, who);
        return true;
    case EVENT_RETURN:
        if (member->at != AT_INSIDE ||
            !all_inside(state, (int)member->agreement.letter.number, member->agreement.letter.sequence))
            return false;
        member->at = AT_IDLE;
        member->next++;
        if (member->told)
            leave(state, who);
        return true;
    default:
        break;
    }
    int from = event - EVENT_LETTER;
    size_t *count = &state->flying_count[from][who];
    if (*count == 0 || member->at == AT_INSIDE)
        return false;
    assert_true(member->inbox_count < LETTERS);
    member->from[member->inbox_count] = (uint16_t)from;
    member->inbox[member->inbox_count++] = state->flying[from][who][0];
    memmove(&state->flying[from][who][0], &state->flying[from][who][1], --*count * sizeof state->flying[0][0][0]);
    if (member->at == AT_AGREEING)
        advance(state, who);
    else if (member->at == AT_END)
        look_at_end(state, who);
    return true;
}

/* ---- All of them ---- */

#define SEEN  (1u << 16)
#define DEPTH 80
static uint64_t *seen; /* hashes; 0: a free place */
static size_t states, ends;
static struct state path[DEPTH];

static uint64_t mix(uint64_t hash, const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ ((const unsigned char *)bytes)[i]) * UINT64_C(0x100000001b3);
    return hash ^ (hash >> 31);
}

static uint64_t hash_of(const struct state *state)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (int i = 0; i < MEMBERS; i++) {
        const struct member *member = &state->members[i];
        int facts[] = {(int)member->at,
                       member->next,
                       member->noticed,
                       member->told,
                       member->declared,
                       (int)member->inbox_count,
                       member->at == AT_AGREEING ? member->agreement.distance : 0};
        hash = mix(hash, facts, sizeof facts);
        hash = mix(hash, member->inbox, member->inbox_count * sizeof member->inbox[0]);
        hash = mix(hash, member->from, member->inbox_count * sizeof member->from[0]);
        for (int j = 0; j < MEMBERS; j++) {
            hash = mix(hash, &state->flying_count[i][j], sizeof state->flying_count[i][j]);
            hash = mix(hash, state->flying[i][j], state->flying_count[i][j] * sizeof state->flying[0][0][0]);
        }
    }
    return hash ? hash : 1;
}

static bool seen_before(uint64_t hash)
{
    size_t place = (size_t)hash & (SEEN - 1);
    while (seen[place] && seen[place] != hash)
        place = (place + 1) & (SEEN - 1);
    if (seen[place])
        return true;
    seen[place] = hash;
    assert_true(++states < SEEN / 2);
    return false;
}

static void check_end(const struct state *state)
{
    ends++;
    for (int i = 0; i < MEMBERS; i++) {
        assert_int_not_equal(state->members[i].at, AT_INSIDE); /* stranded */
        if (state->left)
            assert_int_not_equal(state->members[i].at, AT_AGREEING); /* waits for ever */
    }
    for (int comm = 0; comm < 2; comm++)
        for (int i = 1; i < layout->sizes[comm]; i++)
            assert_int_equal(state->members[layout->members[comm][i]].agreed[comm],
                             state->members[layout->members[comm][0]].agreed[comm]);
}

static void explore(struct state *state)
{
    bool any = false;
    struct state *next = state + 1; /* of an array: one for each event on the way */
    if (seen_before(hash_of(state)))
        return;
    assert_true(next < path + DEPTH);
    for (int who = 0; who < MEMBERS; who++)
        for (int event = 0; event < EVENTS; event++) {
            memcpy(next, state, sizeof *next);
            if (happens(next, who, event)) {
                any = true;
                explore(next);
            }
        }
    if (!any)
        check_end(state);
}

static void nobody_is_stranded_and_nobody_waits_for_ever(void **unused)
{
    (void)unused;
    /* Each program: no call, one, or two, of the communicators that the member is in. */
    static const int all[][CALLS + 1] = {{-1, -1, -1}, {0, -1, -1}, {1, -1, -1}, {0, 0, -1},
                                         {0, 1, -1},   {1, 0, -1},  {1, 1, -1}};
    size_t count = sizeof all / sizeof *all;
    seen = calloc(SEEN, sizeof *seen);
    for (size_t l = 0; l < sizeof layouts / sizeof *layouts; l++)
        for (size_t p = 0; p < count * count * count; p++) {
            size_t which[MEMBERS] = {p % count, p / count % count, p / count / count};
            bool fits = true;
            layout = &layouts[l];
            for (int i = 0; i < MEMBERS; i++) {
                memcpy(programs[i], all[which[i]], sizeof programs[i]);
                for (int k = 0; k < CALLS; k++)
                    fits = fits && (programs[i][k] < 0 || is_member(programs[i][k], i));
            }
            if (!fits)
                continue;
            if (states > 0)
                memset(seen, 0, SEEN * sizeof *seen);
            states = letter_count = 0;
            memset(letters, 0, sizeof letters);
            memset(path, 0, sizeof *path);
            explore(path);
        }
    assert_true(ends > 1000);
    free(seen);
}

/* ---- The mailbox ---- */

static void letters_of_other_tests_are_told_apart(void **state)
{
    (void)state;
    struct guard_mailbox mailbox = {0};
    struct guard_letter letter = {.serial = 4, .kind = GUARD_AGREE, .number = 1, .sequence = 1}, got;
    guard_mailbox_begin(&mailbox, 5);
    assert_true(guard_mailbox_put(&mailbox, 2, &letter)); /* over: thrown away */
    assert_false(guard_mailbox_take(&mailbox, 2, &letter, &got));
    letter.serial = 6; /* to come */
    assert_true(guard_mailbox_put(&mailbox, 2, &letter));
    struct guard_letter now = letter;
    now.serial = 5;
    assert_false(guard_mailbox_take(&mailbox, 2, &now, &got));
    guard_mailbox_begin(&mailbox, 6);
    assert_false(guard_mailbox_take(&mailbox, 1, &letter, &got));
    assert_true(guard_mailbox_take(&mailbox, 2, &letter, &got));
    assert_false(guard_mailbox_take(&mailbox, 2, &letter, &got));
    guard_mailbox_finish(&mailbox);
}

static void who_is_gone_has_arrived_nowhere_but_where_it_says(void **state)
{
    (void)state;
    struct guard_mailbox mailbox = {0};
    struct guard_letter letter = {.serial = 1, .kind = GUARD_GONE, .gone = {.letters = 2, .count = 1}};
    uint32_t last = 77;
    letter.gone.arrivals[0] = (struct guard_arrival){.number = 9, .last = 3};
    assert_true(guard_mailbox_put(&mailbox, 0, &letter));
    assert_false(guard_mailbox_gone(&mailbox, 1, 0, 9, &last)); /* half of it */
    assert_int_equal(last, 77);
    letter.gone.arrivals[0] = (struct guard_arrival){.number = 10, .last = 8};
    assert_true(guard_mailbox_put(&mailbox, 0, &letter));
    assert_true(guard_mailbox_gone(&mailbox, 1, 0, 9, &last));
    assert_int_equal(last, 3);
    assert_true(guard_mailbox_gone(&mailbox, 1, 0, 10, &last));
    assert_int_equal(last, 8);
    assert_true(guard_mailbox_gone(&mailbox, 1, 0, 11, &last));
    assert_int_equal(last, 0);
    assert_false(guard_mailbox_gone(&mailbox, 1, 1, 9, &last));
    assert_false(guard_mailbox_gone(&mailbox, 2, 0, 9, &last));
    guard_mailbox_finish(&mailbox);
}

static void what_is_no_letter_is_refused(void **state)
{
    (void)state;
    struct guard_letter letter = {.kind = GUARD_GONE, .gone = {.letters = 1, .count = 2}};
    size_t size = guard_letter_size(&letter);
    assert_true(guard_letter_is_good(&letter, size));
    assert_false(guard_letter_is_good(&letter, size - 1));
    assert_false(guard_letter_is_good(&letter, 0));
    letter.gone.count = GUARD_ARRIVALS_MAX + 1;
    assert_false(guard_letter_is_good(&letter, sizeof letter));
    letter.kind = 99;
    assert_false(guard_letter_is_good(&letter, sizeof letter));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_stranded_and_nobody_waits_for_ever),
        cmocka_unit_test(letters_of_other_tests_are_told_apart),
        cmocka_unit_test(who_is_gone_has_arrived_nowhere_but_where_it_says),
        cmocka_unit_test(what_is_no_letter_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
