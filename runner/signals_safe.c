/* SPDX-License-Identifier: BSD-2-Clause */
/* signals_safe.c: see signals_safe.h. Tables of address ranges, made beforehand, since a handler may ask neither the loader nor
 * anything that takes a lock. */
#include "signals_safe.h"

#include <dlfcn.h>
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>

#include "backtrace.h"

enum region { REGION_NONE, REGION_LIBC, REGION_LOADER, REGION_ALLOCATOR, REGION_MPI };

#define RANGES_MAX 256

static struct {
    struct range {
        uintptr_t begin, end;
        enum region region;
    } objects[RANGES_MAX], functions[64];
    size_t object_count, function_count;
    struct range abort, raisers[3];
} map;

static const struct {
    const char *name; /* what the object's name begins with */
    enum region region;
} libraries[] = {
    {"libc.so", REGION_LIBC},         {"libc-", REGION_LIBC},           {"ld-linux", REGION_LOADER},     {"ld-2", REGION_LOADER},
    {"libjemalloc", REGION_ALLOCATOR}, {"libtcmalloc", REGION_ALLOCATOR}, {"libmimalloc", REGION_ALLOCATOR}, {"libmpi.", REGION_MPI},
    {"libasan", REGION_ALLOCATOR},    {"libtsan", REGION_ALLOCATOR},    {"liblsan", REGION_ALLOCATOR},
    {"libmpich", REGION_MPI},         {"libmpi_", REGION_MPI},          {"libpmpi", REGION_MPI},         {"libopen-", REGION_MPI},
    {"mca_", REGION_MPI},             {"libpmix", REGION_MPI},          {"libucp", REGION_MPI},          {"libuct", REGION_MPI},
    {"libucs", REGION_MPI},           {"libfabric", REGION_MPI},        {"libpsm", REGION_MPI},
};

/* Of the C library, and whatever they are called from: each holds a lock, or is in the middle of a change of lists. */
static const char *const unsafe_functions[] = {
    "malloc", "free", "calloc", "realloc", "reallocarray", "memalign", "aligned_alloc", "posix_memalign", "valloc", "pvalloc",
    "malloc_trim", "malloc_usable_size", "mallinfo", "mallinfo2", "malloc_info", "mallopt",
    /* from here on no allocator's */
    "dlopen", "dlmopen", "dlclose", "dlsym", "dlvsym", "dl_iterate_phdr", "fork", "pthread_create", "setenv", "unsetenv", "putenv",
};

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int add_object(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)size;
    (void)unused;
    const char *name = base_name(info->dlpi_name);
    enum region region = REGION_NONE;
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++)
        if (strncmp(name, libraries[i].name, strlen(libraries[i].name)) == 0)
            region = libraries[i].region;
    for (int i = 0; region != REGION_NONE && i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        uintptr_t begin = info->dlpi_addr + part->p_vaddr;
        if (part->p_type == PT_LOAD && (part->p_flags & PF_X) && map.object_count < RANGES_MAX)
            map.objects[map.object_count++] = (struct range){begin, begin + part->p_memsz, region};
    }
    return 0;
}

static struct range function_range(void *library, const char *name)
{
    Dl_info info;
    const ElfW(Sym) *symbol = NULL;
    void *function = library ? dlsym(library, name) : NULL;
    if (!function || !dladdr1(function, &info, (void **)&symbol, RTLD_DL_SYMENT) || !symbol || symbol->st_size == 0)
        return (struct range){0, 0, REGION_NONE};
    return (struct range){(uintptr_t)info.dli_saddr, (uintptr_t)info.dli_saddr + symbol->st_size, REGION_ALLOCATOR};
}

void signals_safe_begin(void)
{
    memset(&map, 0, sizeof map);
    dl_iterate_phdr(add_object, NULL);
    void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
    enum region region = REGION_ALLOCATOR;
    for (size_t i = 0; i < sizeof unsafe_functions / sizeof *unsafe_functions; i++) {
        struct range range = function_range(libc, unsafe_functions[i]);
        if (strcmp(unsafe_functions[i], "dlopen") == 0)
            region = REGION_LIBC;
        range.region = region;
        map.functions[map.function_count++] = range;
    }
    map.abort = function_range(libc, "abort");
    map.raisers[0] = function_range(libc, "__assert_fail");
    map.raisers[1] = function_range(libc, "__assert_perror_fail");
    map.raisers[2] = function_range(libc, "__assert");
    if (libc)
        dlclose(libc);
}

static bool is_in(uintptr_t pc, const struct range *range)
{
    return pc >= range->begin && pc < range->end;
}

static enum region region_of(uintptr_t pc)
{
    for (size_t i = 0; i < map.object_count; i++)
        if (is_in(pc, &map.objects[i]))
            return map.objects[i].region;
    return REGION_NONE;
}

/* Interrupted where it waits in the kernel: the instruction before the program counter, or at it when the call is to be begun
 * again, is the one that enters the kernel. */
static bool waits_in_kernel(const void *context)
{
#if defined(__x86_64__)
    const unsigned char *pc = (const unsigned char *)((const ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
    return (pc[-2] == 0x0f && pc[-1] == 0x05) || (pc[0] == 0x0f && pc[1] == 0x05);
#else
    (void)context;
    return false;
#endif
}

/* abort() that the C library itself called, assert() apart, is its word that something is corrupt. */
static bool is_libcs_abort(void *const pcs[], size_t inner)
{
    size_t i = 0;
    while (i < inner && !is_in((uintptr_t)pcs[i], &map.abort))
        i++;
    if (i + 1 >= inner)
        return false;
    for (; i < inner; i++)
        for (size_t k = 0; k < sizeof map.raisers / sizeof *map.raisers; k++)
            if (is_in((uintptr_t)pcs[i], &map.raisers[k]))
                return false;
    return true;
}

const char *signals_unsafe(void *const pcs[], size_t frames, const void *context, bool own, bool aborted)
{
    size_t inner = 0; /* frames of the C library's, above the first of anybody else */
    for (; inner < frames; inner++) {
        uintptr_t pc = (uintptr_t)pcs[inner];
        enum region region = region_of(pc);
        if (region == REGION_LOADER)
            return "the loader";
        if (region == REGION_ALLOCATOR)
            return "the allocator";
        if (region != REGION_LIBC)
            break;
        for (size_t i = 0; i < map.function_count; i++)
            if (is_in(pc, &map.functions[i]))
                return map.functions[i].region == REGION_ALLOCATOR ? "the allocator" : "the C library, which must not be left there";
    }
    if (aborted && is_libcs_abort(pcs, inner))
        return "the C library, which found its data corrupt";
    for (size_t i = inner; i < frames; i++)
        if (pcs[i] == BACKTRACE_LEFT_OUT)
            i++;
        else if (region_of((uintptr_t)pcs[i]) == REGION_MPI)
            return "the MPI library";
    if (!own && inner > 0 && !waits_in_kernel(context))
        return "the C library";
    return NULL;
}
