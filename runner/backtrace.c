/* SPDX-License-Identifier: BSD-2-Clause */
/* backtrace.c: takes the addresses; see backtrace.h. backtrace_text.c names them.
 *
 * Relies on libgcc's unwinder, which goes through a signal's frame into what it interrupted. It takes no memory, and since
 * glibc 2.35 finds its tables without a lock (_dl_find_object); on an older one a handler that interrupts dlopen() may wait
 * for ever.
 */
#include "backtrace.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

#define OUTERMOST_KEPT 6         /* frames, where some are left out */
#define WALK_MAX       1000000   /* frames: more are not even counted */

extern const char __start_mrt_backtrace_end[] __attribute__((weak, visibility("hidden")));
extern const char __stop_mrt_backtrace_end[] __attribute__((weak, visibility("hidden")));

struct walk {
    void **pcs;
    size_t max, seen;
    bool caller;          /* frames before this function's caller are our own … */
    uintptr_t start;      /* … or those before the one at this address, which are a handler's */
    bool started;
    bool ended;           /* at a function of the runner's */
    void *outermost[OUTERMOST_KEPT];
    size_t outermost_next;
};

static void keep(struct walk *walk, void *pc)
{
    if (walk->seen < walk->max)
        walk->pcs[walk->seen] = pc;
    walk->outermost[walk->outermost_next] = pc;
    walk->outermost_next = (walk->outermost_next + 1) % OUTERMOST_KEPT;
    walk->seen++;
}

static _Unwind_Reason_Code take_frame(struct _Unwind_Context *context, void *argument)
{
    struct walk *walk = argument;
    int exact = 0;
    uintptr_t pc = _Unwind_GetIPInfo(context, &exact);
    if (!walk->started) {
        bool first = walk->caller || (exact && pc == walk->start);
        walk->started = first;
        if (!first || walk->caller)
            return _URC_NO_REASON;
    }
    walk->ended = pc >= (uintptr_t)__start_mrt_backtrace_end && pc < (uintptr_t)__stop_mrt_backtrace_end;
    if (pc == 0 || walk->ended)
        return _URC_END_OF_STACK;
    keep(walk, (void *)(exact ? pc : pc - 1));
    return walk->seen < WALK_MAX ? _URC_NO_REASON : _URC_END_OF_STACK;
}

/* More frames than room: the innermost, the mark, how many are left out, the outermost. */
static size_t fold(struct walk *walk)
{
    if (walk->seen <= walk->max)
        return walk->seen;
    size_t innermost = walk->max - OUTERMOST_KEPT - 2;
    walk->pcs[innermost] = BACKTRACE_LEFT_OUT;
    walk->pcs[innermost + 1] = (void *)(walk->seen - innermost - OUTERMOST_KEPT);
    for (size_t i = 0; i < OUTERMOST_KEPT; i++)
        walk->pcs[innermost + 2 + i] = walk->outermost[(walk->outermost_next + i) % OUTERMOST_KEPT];
    return walk->max;
}

/* ---- What was interrupted ---- */

#if defined(__x86_64__)
static uintptr_t *context_pc(ucontext_t *context)
{
    return (uintptr_t *)&context->uc_mcontext.gregs[REG_RIP];
}

/* As if the function called at a bad address had returned at once. The stack may be bad too, so the kernel reads it. */
static bool step_out(ucontext_t *context)
{
    uintptr_t *stack = (uintptr_t *)&context->uc_mcontext.gregs[REG_RSP], address;
    const struct iovec to = {&address, sizeof address}, from = {(void *)*stack, sizeof address};
    if (process_vm_readv(getpid(), &to, 1, &from, 1, 0) != (ssize_t)sizeof address)
        return false;
    *stack += sizeof address;
    *context_pc(context) = address;
    return true;
}
#elif defined(__aarch64__)
static uintptr_t *context_pc(ucontext_t *context)
{
    return (uintptr_t *)&context->uc_mcontext.pc;
}

static bool step_out(ucontext_t *context)
{
    context->uc_mcontext.pc = context->uc_mcontext.regs[30];
    return true;
}
#else
static uintptr_t *context_pc(ucontext_t *context)
{
    (void)context;
    return NULL;
}

static bool step_out(ucontext_t *context)
{
    (void)context;
    return false;
}
#endif

/* The unwinder reads the context where the kernel has put it, so a change there is seen by it, and undone afterwards. */
static void walk_interrupted(struct walk *walk, ucontext_t *context)
{
    uintptr_t *pc = context_pc(context);
    if (!pc) {
        walk->started = true;
        _Unwind_Backtrace(take_frame, walk);
        return;
    }
    walk->start = *pc;
    _Unwind_Backtrace(take_frame, walk);
    if (walk->seen > 1 || walk->ended)
        return;
    /* A call of no function, or of one without tables: at least its callers. */
    mcontext_t saved = context->uc_mcontext;
    walk->seen = walk->outermost_next = 0;
    walk->started = false;
    keep(walk, (void *)*pc);
    if (step_out(context)) {
        walk->start = *pc;
        _Unwind_Backtrace(take_frame, walk);
        if (walk->seen > 1)
            walk->pcs[1] = (char *)walk->pcs[1] - 1; /* a return address, although the context calls it exact */
    }
    context->uc_mcontext = saved;
}

__attribute__((noinline)) size_t backtrace_take(void *pcs[], size_t max, const void *ucontext)
{
    struct walk walk = {.pcs = pcs, .max = max};
    if (max < BACKTRACE_FRAMES_MIN)
        return 0;
    if (ucontext) {
        walk_interrupted(&walk, (ucontext_t *)ucontext);
    } else {
        walk.caller = true;
        _Unwind_Backtrace(take_frame, &walk);
    }
    return fold(&walk);
}

static _Unwind_Reason_Code look_at_frame(struct _Unwind_Context *context, void *argument)
{
    (void)context;
    (void)argument;
    return _URC_NO_REASON;
}

void backtrace_prepare(void)
{
    _Unwind_Backtrace(look_at_frame, NULL); /* the unwinder sets itself up, and its functions are bound */
}
