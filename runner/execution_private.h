/* SPDX-License-Identifier: BSD-2-Clause */
/* execution_private.h: the step that runs on this rank, shared by execution.c (steps and units), leaving.c (ways out of
 * them) and verdict.c (what came of them). One step runs at a time, so its state is one variable. */
#ifndef MRT_EXECUTION_PRIVATE_H
#define MRT_EXECUTION_PRIVATE_H

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "backtrace.h"
#include "execution.h"
#include "text.h"

enum phase { PHASE_SETUP, PHASE_BODY, PHASE_BODY_RETURNED, PHASE_TEARDOWN, PHASE_DONE };

#define REASON_MAX 3072

/* What the landing is jumped to with: by signals.c, or because time is up (late.c). */
enum { LANDING_SIGNAL = 1, LANDING_LATE };

/* How the code under test ended itself: by a signal, or by a function that ends the process. Filled where it happened, in a
 * signal's handler too; told once the stack is left. */
struct sudden_end {
    enum outcome outcome; /* OUTCOME_PASSED (nothing said): crashed */
    enum how how;
    int code;
    char text[512];
    void *pcs[BACKTRACE_FRAMES_MAX];
    size_t frames;
    uintptr_t address; /* of a fault */
    sigset_t mask;     /* the thread's, where a handler interrupted it */
};

struct execution_state {
    struct capture capture;
    FILE *chatter;            /* what cmocka says, in memory … */
    char *chatter_text;       /* … here, up to where the stream stands */
    size_t chatter_size;
    FILE *out, *err;          /* the true stdout and stderr */
    bool inside;              /* a test or a fixture runs */
    const struct execution_step *step; /* the test, or NULL */
    enum phase phase;
    bool body_returned;
    bool in_world;
    bool pending;             /* it left requests open */
    size_t body_end;          /* size of the output when the body was left by a long jump, or 0 */
    int left;                 /* outcome with which a hook left, or -1 */
    char reason[REASON_MAX];  /* of a hook, or of mrt_skip */
    char place[256];          /* where it was when its time was up; "" */
    char *trace;              /* backtrace to go with the reason; NULL: none */
    enum how how;             /* in which it was left … */
    int code;                 /* … and with what */
    pid_t pid;                /* this process; a child that the test forks has another */
    sigjmp_buf landing;       /* before the call of the test's function, for handlers of signals */
    volatile sig_atomic_t landing_open;
    struct sudden_end sudden;
    atomic_uint steps;        /* begun so far */
    struct text leftovers;    /* what the step left behind, a line for each */
    const struct execution_mates *mates;
    pthread_t thread;         /* that runs the test */
    bool leaving;             /* team-mates were told, or told this rank */
    bool following;           /* … the latter */
    bool looking;             /* in mate_has_left */
    atomic_bool dismissing;   /* the test's other threads end in the MPI calls that they wait in */
    struct message_notice notice; /* that mate_has_left found */
    bool way_out_open;        /* out of a teardown, or of callbacks, while leaving */
    jmp_buf way_out;
};
extern struct execution_state execution;

/* ---- Leaving (leaving.c) ---- */

/* From here on team-mates' notices are followed; until end_together(). */
void begin_together(const struct execution_mates *mates);
void end_together(void);
/* Under a real MPI, where the team is of several: their calls are guarded until end_together() (guard.h). */
bool begin_guarded(MPI_Comm team);
/* This rank leaves before the end, for a reason of its own; "": cmocka knows it. Once for each step. */
void tell_mates(enum outcome outcome, const char *reason);
/* Ends the step with this outcome and these words, from inside an MPI call or one of our own. */
__attribute__((noreturn)) void leave(enum outcome outcome, const char *reason);
/* The same for execution.sudden, in the steps' thread. */
__attribute__((noreturn)) void leave_suddenly(void);
/* This process is one that the test forked, and has come back from the test's function: it ends here. Nothing happens in the
 * rank's own process. `failed`: it was left, by an assertion for one. */
void end_if_child(bool failed);
/* Under a real MPI: has a team-mate's process ended? */
bool a_mate_is_gone(void);
/* Hooks of the front door and of the mock. */
void leaving_begin(void);
void leaving_end(void);

/* ---- The verdict (verdict.c) ---- */

/* What came of the step that has ended: outcome, message, output. Empties the capture. */
void read_result(bool failed, struct execution_result *result);
/* Makes it an error, with this message. */
void spoil(struct execution_result *result, const char *message);

#endif
