/* SPDX-License-Identifier: BSD-2-Clause */
/* test_deadlock_model.c: small random programs, of which a model says whether they end, by looking at every order of events:
 * the mock must find a deadlock in those that cannot end, and none in those that always do.
 *
 * The model knows nothing of the mock's protocols: sends, receives and barriers happen one at a time, and a message matches
 * at any time at which MPI's order lets it. Programs come from one that is right, with a few mistakes made in it.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "captured.h"
#include "ranks.h"

enum { RANKS = 4, STEPS = 9, TAGS = 2, COMMS = 2, STATES_MAX = 1 << 18 };

enum kind { NOTHING, SEND, SSEND, ISEND, ISSEND, RECV, IRECV, WAITALL, WAITANY, BARRIER };
struct step {
    enum kind kind;
    int peer; /* -1: any source */
    int tag;  /* -1: any tag; a barrier's communicator */
};
struct program {
    int n;
    unsigned members[COMMS]; /* bits: the world, and some of its ranks */
    struct step steps[RANKS][STEPS];
};

/* ---- Programs ---- */

static unsigned long long random_state;

static unsigned draw(unsigned below)
{
    random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (unsigned)(random_state >> 33) % below;
}

static void append(struct program *program, int rank, struct step step)
{
    for (int i = 0; i < STEPS - 1; i++) /* the last one is for all requests */
        if (program->steps[rank][i].kind == NOTHING) {
            program->steps[rank][i] = step;
            return;
        }
}

static void append_message(struct program *program, bool wildcards)
{
    int from = (int)draw((unsigned)program->n), to = (int)draw((unsigned)program->n), tag = (int)draw(TAGS);
    static const enum kind sends[] = {SEND, SEND, SSEND, ISEND, ISSEND}, receives[] = {RECV, RECV, IRECV};
    if (to == from)
        to = (to + 1) % program->n;
    append(program, from, (struct step){sends[draw(5)], to, tag});
    append(program, to,
           (struct step){receives[draw(3)], wildcards && draw(3) == 0 ? -1 : from, wildcards && draw(4) == 0 ? -1 : tag});
}

static void make_mistake(struct program *program)
{
    int rank = (int)draw((unsigned)program->n), place = (int)draw(STEPS - 2);
    struct step *step = &program->steps[rank][place];
    switch (draw(4)) {
    case 0: { /* two in the wrong order */
        struct step other = step[1];
        step[1] = step[0];
        step[0] = other;
        break;
    }
    case 1: /* one is missing */
        step->kind = step->kind == BARRIER ? BARRIER : NOTHING;
        break;
    case 2: /* one too many */
        if (step->kind == NOTHING)
            *step = (struct step){RECV, (rank + 1) % program->n, 0};
        break;
    default: /* the wrong tag */
        if (step->kind != BARRIER && step->tag >= 0)
            step->tag = (step->tag + 1) % TAGS;
    }
}

static void generate(struct program *program, bool wildcards)
{
    *program = (struct program){.n = 2 + (int)draw(RANKS - 1)};
    program->members[0] = (1u << program->n) - 1;
    program->members[1] = 1u << draw((unsigned)program->n) | 1u << draw((unsigned)program->n);
    for (unsigned i = 0, count = 2 + draw(6); i < count; i++) {
        unsigned what = draw(8);
        int rank = (int)draw((unsigned)program->n), comm = (int)draw(COMMS);
        if (what < 5)
            append_message(program, wildcards);
        else if (what == 5)
            append(program, rank, (struct step){WAITALL, 0, 0});
        else if (what == 6 && wildcards)
            append(program, rank, (struct step){WAITANY, 0, 0});
        else
            for (int i_rank = 0; i_rank < program->n; i_rank++)
                if (program->members[comm] >> i_rank & 1)
                    append(program, i_rank, (struct step){BARRIER, 0, comm});
    }
    for (unsigned i = draw(4); i > 0; i--)
        make_mistake(program);
    for (int rank = 0; rank < program->n; rank++)
        program->steps[rank][STEPS - 1] = (struct step){WAITALL, 0, 0};
}

/* ---- The model ---- */

enum status { NOT_YET, OPEN, MATCHED };
struct state {
    unsigned char pc[RANKS];
    unsigned char status[RANKS][STEPS]; /* of messages and receives */
    unsigned char used[RANKS][STEPS];   /* the request was completed by a wait */
    unsigned char posts[RANKS][STEPS];  /* order in which the rank has started them, from 1 */
    unsigned char barriers[RANKS][COMMS];
};

struct model {
    const struct program *program;
    bool sync; /* standard sends wait for their receivers */
    struct state *states;
    unsigned *table; /* of states, from 1 */
    unsigned count;
    bool may_end, may_stop, too_many;
};

static bool is_send(enum kind kind)
{
    return kind >= SEND && kind <= ISSEND;
}

static bool is_receive(enum kind kind)
{
    return kind == RECV || kind == IRECV;
}

static bool is_synchronous(const struct model *model, enum kind kind)
{
    return kind == SSEND || kind == ISSEND || (model->sync && is_send(kind));
}

static bool is_complete(const struct model *model, const struct state *state, int rank, int step)
{
    enum kind kind = model->program->steps[rank][step].kind;
    if (is_send(kind) && !is_synchronous(model, kind))
        return state->status[rank][step] != NOT_YET;
    return state->status[rank][step] == MATCHED;
}

static bool is_open_request(const struct model *model, const struct state *state, int rank, int step)
{
    enum kind kind = model->program->steps[rank][step].kind;
    return (kind == ISEND || kind == ISSEND || kind == IRECV) && state->status[rank][step] != NOT_YET &&
           !state->used[rank][step];
}

static void visit(struct model *model, const struct state *state)
{
    unsigned long long hash = 14695981039346656037ULL;
    for (size_t i = 0; i < sizeof *state; i++)
        hash = (hash ^ ((const unsigned char *)state)[i]) * 1099511628211ULL;
    for (unsigned place = (unsigned)(hash >> 32) % (2 * STATES_MAX);; place = (place + 1) % (2 * STATES_MAX)) {
        if (model->table[place] == 0) {
            if (model->count == STATES_MAX) {
                model->too_many = true;
                return;
            }
            model->states[model->count++] = *state;
            model->table[place] = model->count;
            return;
        }
        if (memcmp(&model->states[model->table[place] - 1], state, sizeof *state) == 0)
            return;
    }
}

static void advance(struct model *model, struct state state, int rank)
{
    state.pc[rank]++;
    visit(model, &state);
}

static unsigned char next_post(const struct state *state, int rank)
{
    unsigned char last = 0;
    for (int i = 0; i < STEPS; i++)
        last = state->posts[rank][i] > last ? state->posts[rank][i] : last;
    return (unsigned char)(last + 1);
}

static bool wait_all(struct model *model, const struct state *state, int rank)
{
    struct state after = *state;
    for (int i = 0; i < STEPS; i++)
        if (is_open_request(model, state, rank, i)) {
            if (!is_complete(model, state, rank, i))
                return false;
            after.used[rank][i] = 1;
        }
    advance(model, after, rank);
    return true;
}

/* The first one that is known to be complete; that a receiver has matched may become known later. */
static bool wait_any(struct model *model, const struct state *state, int rank)
{
    bool some = false, open = false;
    for (int i = 0; i < STEPS; i++) {
        if (!is_open_request(model, state, rank, i))
            continue;
        open = true;
        if (!is_complete(model, state, rank, i))
            continue;
        struct state after = *state;
        after.used[rank][i] = 1;
        advance(model, after, rank);
        some = true;
        if (!is_synchronous(model, model->program->steps[rank][i].kind))
            break;
    }
    if (!open)
        advance(model, *state, rank);
    return some || !open;
}

static bool barrier(struct model *model, const struct state *state, int rank, int comm)
{
    /* The count goes up when it is entered, which `used` of the step tells. */
    int place = state->pc[rank];
    if (!state->used[rank][place]) {
        struct state after = *state;
        after.used[rank][place] = 1;
        after.barriers[rank][comm]++;
        visit(model, &after);
        return true;
    }
    for (int other = 0; other < model->program->n; other++)
        if ((model->program->members[comm] >> other & 1) && state->barriers[other][comm] < state->barriers[rank][comm])
            return false;
    advance(model, *state, rank);
    return true;
}

/* What the rank can do next. False: nothing. */
static bool step_rank(struct model *model, const struct state *state, int rank)
{
    int place = state->pc[rank];
    if (place == STEPS)
        return false;
    const struct step *step = &model->program->steps[rank][place];
    switch (step->kind) {
    case NOTHING:
        advance(model, *state, rank);
        return true;
    case WAITALL:
        return wait_all(model, state, rank);
    case WAITANY:
        return wait_any(model, state, rank);
    case BARRIER:
        return barrier(model, state, rank, step->tag);
    default:
        break;
    }
    if (state->status[rank][place] == NOT_YET) {
        struct state after = *state;
        after.status[rank][place] = OPEN;
        after.posts[rank][place] = next_post(state, rank);
        visit(model, &after);
        return true;
    }
    bool blocking = step->kind == SEND || step->kind == SSEND || step->kind == RECV;
    if (blocking && !is_complete(model, state, rank, place))
        return false;
    advance(model, *state, rank);
    return true;
}

static bool accepts(const struct step *receive, const struct step *send, int from)
{
    return (receive->peer < 0 || receive->peer == from) && (receive->tag < 0 || receive->tag == send->tag);
}

/* The receive, of those that the rank has posted, that this message would take; -1: none. */
static int receive_for(const struct model *model, const struct state *state, int to, int from, int message)
{
    int best = -1;
    for (int i = 0; i < STEPS; i++)
        if (is_receive(model->program->steps[to][i].kind) && state->status[to][i] == OPEN &&
            accepts(&model->program->steps[to][i], &model->program->steps[from][message], from) &&
            (best < 0 || state->posts[to][i] < state->posts[to][best]))
            best = i;
    return best;
}

/* Messages from one rank to one other match in the order in which they were sent. */
static bool match(struct model *model, const struct state *state, int from, int to)
{
    for (int sent = 1; sent <= STEPS; sent++)
        for (int i = 0; i < STEPS; i++) {
            const struct step *step = &model->program->steps[from][i];
            if (state->posts[from][i] != sent || !is_send(step->kind) || step->peer != to ||
                state->status[from][i] != OPEN)
                continue;
            int receive = receive_for(model, state, to, from, i);
            if (receive < 0)
                continue;
            struct state after = *state;
            after.status[from][i] = after.status[to][receive] = MATCHED;
            visit(model, &after);
            return true;
        }
    return false;
}

static void explore(struct model *model)
{
    struct state first = {0};
    memset(model->table, 0, 2 * STATES_MAX * sizeof *model->table);
    model->count = 0;
    model->may_end = model->may_stop = model->too_many = false;
    visit(model, &first);
    for (unsigned i = 0; i < model->count && !model->too_many; i++) {
        struct state state = model->states[i];
        bool moves = false, ended = true;
        for (int rank = 0; rank < model->program->n; rank++) {
            moves |= step_rank(model, &state, rank);
            ended &= state.pc[rank] == STEPS;
            for (int to = 0; to < model->program->n; to++)
                moves |= match(model, &state, rank, to);
        }
        if (ended)
            model->may_end = true;
        else if (!moves)
            model->may_stop = true;
    }
}

/* ---- The same on the mock ---- */

struct running {
    int values[STEPS];
    MPI_Request requests[STEPS];
    MPI_Comm comms[COMMS];
};

static int run_step(const struct step *step, int place, struct running *running)
{
    int peer = step->peer < 0 ? MPI_ANY_SOURCE : step->peer, tag = step->tag < 0 ? MPI_ANY_TAG : step->tag, index;
    int *value = &running->values[place];
    MPI_Request *request = &running->requests[place];
    switch (step->kind) {
    case SEND:
        return MPI_Send(value, 1, MPI_INT, peer, tag, MPI_COMM_WORLD);
    case SSEND:
        return MPI_Ssend(value, 1, MPI_INT, peer, tag, MPI_COMM_WORLD);
    case ISEND:
        return MPI_Isend(value, 1, MPI_INT, peer, tag, MPI_COMM_WORLD, request);
    case ISSEND:
        return MPI_Issend(value, 1, MPI_INT, peer, tag, MPI_COMM_WORLD, request);
    case RECV:
        return MPI_Recv(value, 1, MPI_INT, peer, tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    case IRECV:
        return MPI_Irecv(value, 1, MPI_INT, peer, tag, MPI_COMM_WORLD, request);
    case WAITALL:
        return MPI_Waitall(STEPS, running->requests, MPI_STATUSES_IGNORE);
    case WAITANY:
        return MPI_Waitany(STEPS, running->requests, &index, MPI_STATUS_IGNORE);
    case BARRIER:
        return MPI_Barrier(running->comms[step->tag]);
    default:
        return MPI_SUCCESS;
    }
}

static int run_program(MPI_Comm comm, void *argument)
{
    static struct running running;
    const struct program *program = argument;
    int rank;
    CHECK_OK(MPI_Comm_rank(comm, &rank));
    running.comms[0] = comm;
    CHECK_OK(MPI_Comm_split(comm, program->members[1] >> rank & 1 ? 1 : MPI_UNDEFINED, 0, &running.comms[1]));
    for (int i = 0; i < STEPS; i++)
        running.requests[i] = MPI_REQUEST_NULL;
    for (int i = 0; i < STEPS; i++)
        CHECK_OK(run_step(&program->steps[rank][i], i, &running));
    if (running.comms[1] != MPI_COMM_NULL)
        CHECK_OK(MPI_Comm_free(&running.comms[1]));
    return 0;
}

static void print_program(const struct program *program, bool sync)
{
    static const char *const names[] = {"", "Send", "Ssend", "Isend", "Issend", "Recv", "Irecv", "Waitall", "Waitany",
                                        "Barrier"};
    print_message("%d ranks, sub-communicator %#x%s:\n", program->n, program->members[1], sync ? ", sends wait" : "");
    for (int rank = 0; rank < program->n; rank++) {
        print_message("  %d:", rank);
        for (int i = 0; i < STEPS; i++)
            if (program->steps[rank][i].kind != NOTHING)
                print_message(" %s(%d,%d)", names[program->steps[rank][i].kind], program->steps[rank][i].peer,
                              program->steps[rank][i].tag);
        print_message("\n");
    }
}

struct counts {
    int ended, stopped, either;
};

static void compare(struct model *model, const struct program *program, struct counts *counts)
{
    static struct captured captured;
    model->program = program;
    explore(model);
    if (model->too_many)
        return;
    captured_begin(&captured, stderr);
    int result = mpimock_exec(program->n, run_program, (void *)(uintptr_t)program, NULL);
    captured_end(&captured);
    bool found = result != 0 && strstr(captured.text, "mpimock: deadlock: ") != NULL;
    bool right = (result == 0 && model->may_end) || (found && model->may_stop);
    counts->ended += !model->may_stop;
    counts->stopped += !model->may_end;
    counts->either += model->may_end && model->may_stop;
    if (!right) {
        print_program(program, model->sync);
        print_message("the model: %s%s; the mock: %d, %s\n", model->may_end ? "may end " : "",
                      model->may_stop ? "may stop" : "", result, captured.text);
    }
    assert_true(right);
}

static void run_programs(int count, bool wildcards, bool sync, unsigned long long seed)
{
    struct model model = {.sync = sync,
                          .states = malloc(STATES_MAX * sizeof *model.states),
                          .table = malloc(2 * STATES_MAX * sizeof *model.table)};
    struct counts counts = {0};
    struct program program;
    assert_non_null(model.states);
    assert_non_null(model.table);
    random_state = seed;
    if (sync)
        setenv("MPIMOCK_SENDS", "sync", 1);
    for (int i = 0; i < count; i++) {
        generate(&program, wildcards);
        compare(&model, &program, &counts);
    }
    unsetenv("MPIMOCK_SENDS");
    free(model.states);
    free(model.table);
    print_message("%d end, %d stop, %d may do either\n", counts.ended, counts.stopped, counts.either);
    assert_true(counts.ended >= count / 5);
    assert_true(counts.stopped >= count / 5);
    assert_true(wildcards || counts.either == 0);
}

/* MPIMOCK_TEST_PROGRAMS: how many of each kind, for a longer search; MPIMOCK_TEST_SEED. */
static int number(const char *name, int otherwise)
{
    const char *text = getenv(name);
    return text != NULL ? atoi(text) : otherwise;
}

static void programs_without_wildcards_end_as_the_model_says(void **state)
{
    (void)state;
    run_programs(number("MPIMOCK_TEST_PROGRAMS", 100), false, false, (unsigned)number("MPIMOCK_TEST_SEED", 1));
}

static void programs_whose_sends_wait_end_as_the_model_says(void **state)
{
    (void)state;
    run_programs(number("MPIMOCK_TEST_PROGRAMS", 100), false, true, (unsigned)number("MPIMOCK_TEST_SEED", 1) + 1000u);
}

static void programs_with_wildcards_end_as_the_model_lets_them(void **state)
{
    (void)state;
    run_programs(number("MPIMOCK_TEST_PROGRAMS", 100), true, false, (unsigned)number("MPIMOCK_TEST_SEED", 1) + 2000u);
}

static void programs_with_wildcards_whose_sends_wait_too(void **state)
{
    (void)state;
    run_programs(number("MPIMOCK_TEST_PROGRAMS", 100), true, true, (unsigned)number("MPIMOCK_TEST_SEED", 1) + 3000u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(programs_without_wildcards_end_as_the_model_says),
        cmocka_unit_test(programs_whose_sends_wait_end_as_the_model_says),
        cmocka_unit_test(programs_with_wildcards_end_as_the_model_lets_them),
        cmocka_unit_test(programs_with_wildcards_whose_sends_wait_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
