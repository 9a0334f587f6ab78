/* SPDX-License-Identifier: BSD-2-Clause */
/* unwind.c: see unwind.h.
 *
 * A handler's context does not tell in which of the kernel's calls the thread slept. So the one that sends the signal reads it
 * from /proc/self/task/…/syscall before (proc(5)); stack pointer and program counter tell the handler that this is still the
 * call.
 */
#include "unwind.h"

#include <link.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#define RANGES_MAX 256

/* Parts of the names of libraries that hold locks, or lists that are to stay whole. */
static const char *const unsafe_names[] = {
    "/libc.so",     "/libc-",     "/ld-",      "/libpthread", "/libm.so",    "/libdl",    "/librt",          "/libmpi",
    "/libopen-",    "/libpmix",   "/libucp",   "/libuct",     "/libucs",     "/libucm",   "/libfabric",      "/libpsm",
    "/libmpimock",  "/libmpirun_tests", "/libcmocka", "/libgcc_s", "/libstdc++", "/libasan", "/libubsan", "/libtsan",
    "/libhwloc",    "/libevent",  "/mca_",
};

static struct {
    struct {
        uintptr_t begin, end;
    } ranges[RANGES_MAX];
    size_t count;
    bool full; /* there were more: nothing is safe */
} code;

/* What another thread slept in when it was looked at; `call` -1: in nothing that waits. */
static struct {
    _Atomic long call;
    _Atomic uintptr_t stack, counter;
} seen = {.call = -1};

static bool is_unsafe(const char *name)
{
    for (size_t i = 0; i < sizeof unsafe_names / sizeof *unsafe_names; i++)
        if (strstr(name, unsafe_names[i]))
            return true;
    return false;
}

static int add_object(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)size;
    (void)unused;
    for (int i = 0; is_unsafe(info->dlpi_name) && i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_X))
            continue;
        if (code.count == RANGES_MAX) {
            code.full = true;
            return 1;
        }
        code.ranges[code.count].begin = info->dlpi_addr + part->p_vaddr;
        code.ranges[code.count++].end = info->dlpi_addr + part->p_vaddr + part->p_memsz;
    }
    return 0;
}

void unwind_begin(void)
{
    code.count = 0;
    code.full = false;
    dl_iterate_phdr(add_object, NULL);
}

/* ---- Calls of the kernel's that wait ---- */

static const long waiting_calls[] = {
    SYS_nanosleep, SYS_clock_nanosleep, SYS_ppoll, SYS_pselect6, SYS_read, SYS_readv, SYS_pread64, SYS_write, SYS_writev,
    SYS_futex, SYS_rt_sigsuspend, SYS_rt_sigtimedwait, SYS_epoll_pwait, SYS_accept, SYS_accept4, SYS_connect, SYS_recvfrom,
    SYS_recvmsg, SYS_sendto, SYS_sendmsg, SYS_wait4, SYS_waitid, SYS_flock, SYS_fcntl, SYS_openat, SYS_msgrcv, SYS_msgsnd,
    SYS_semtimedop, SYS_restart_syscall,
#ifdef SYS_poll /* x86-64 has older ones, too */
    SYS_poll, SYS_select, SYS_pause, SYS_epoll_wait, SYS_open,
#endif
#ifdef SYS_semop
    SYS_semop,
#endif
};

static bool call_waits(long call)
{
    for (size_t i = 0; i < sizeof waiting_calls / sizeof *waiting_calls; i++)
        if (waiting_calls[i] == call)
            return true;
    return false;
}

void unwind_look(pid_t thread)
{
    char path[64], text[256] = "";
    long call = -1;
    unsigned long stack = 0, counter = 0;
    snprintf(path, sizeof path, "/proc/self/task/%d/syscall", (int)thread);
    FILE *file = fopen(path, "re");
    if (file) {
        if (!fgets(text, sizeof text, file))
            text[0] = '\0';
        fclose(file);
    }
    /* "running", or "-1 …" outside of any call, or number, six arguments, stack pointer and program counter */
    if (sscanf(text, "%ld %*x %*x %*x %*x %*x %*x %lx %lx", &call, &stack, &counter) != 3 || !call_waits(call))
        call = -1;
    atomic_store(&seen.call, -1);
    atomic_store(&seen.stack, stack);
    atomic_store(&seen.counter, counter);
    atomic_store(&seen.call, call);
}

#if defined(__x86_64__)
#define COUNTER(context) ((uintptr_t)(context)->uc_mcontext.gregs[REG_RIP])
#define STACK(context)   ((uintptr_t)(context)->uc_mcontext.gregs[REG_RSP])
#define CALL_BYTES       2 /* a call that will be begun again is behind the counter by so much */
#elif defined(__aarch64__)
#define COUNTER(context) ((uintptr_t)(context)->uc_mcontext.pc)
#define STACK(context)   ((uintptr_t)(context)->uc_mcontext.sp)
#define CALL_BYTES       4
#else
#define COUNTER(context) ((uintptr_t)0) /* not known: nothing is safe */
#define STACK(context)   ((uintptr_t)0)
#define CALL_BYTES       0
#endif

uintptr_t unwind_counter(const ucontext_t *context)
{
    return COUNTER(context);
}

bool unwind_is_safe(const ucontext_t *context)
{
    uintptr_t counter = COUNTER(context), slept = atomic_load(&seen.counter);
    if (counter == 0 || code.full)
        return false;
    if (atomic_load(&seen.call) >= 0 && STACK(context) == atomic_load(&seen.stack) &&
        (counter == slept || counter + CALL_BYTES == slept))
        return true;
    for (size_t i = 0; i < code.count; i++)
        if (counter >= code.ranges[i].begin && counter < code.ranges[i].end)
            return false;
    return true;
}
