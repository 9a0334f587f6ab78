/* SPDX-License-Identifier: BSD-2-Clause */
/* backtrace_text.c: names and lines of the addresses of a backtrace; see backtrace.h. */
#include <dlfcn.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef HAVE_LIBDW
#include <dwarf.h>
#include <elfutils/libdwfl.h>
#endif

#include "../mpimock/door.h"
#include "backtrace.h"

#define TEST_PREFIX "mrt_function_" /* of MRT_TEST */

/* ---- Whose is it? ---- */

enum owner { OWNER_USER, OWNER_RUNNER, OWNER_MOCK, OWNER_MPI, OWNER_LIBC, OWNER_CMOCKA };

extern const char __start_mrt_backtrace_door[] __attribute__((weak, visibility("hidden")));
extern const char __stop_mrt_backtrace_door[] __attribute__((weak, visibility("hidden")));

static const void *base_of(const void *address)
{
    Dl_info info;
    return dladdr(address, &info) ? info.dli_fbase : NULL;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* By file; where the runner is part of the program itself, as in unit tests, all of it counts as the user's. */
static enum owner owner_of(const void *pc)
{
    Dl_info info;
    if ((const char *)pc >= __start_mrt_backtrace_door && (const char *)pc < __stop_mrt_backtrace_door)
        return OWNER_RUNNER;
    if (!dladdr(pc, &info) || !info.dli_fname)
        return OWNER_USER;
    const void *runner = base_of((const void *)backtrace_text), *mock = base_of((const void *)mpimock_use);
    if (runner != mock && info.dli_fbase == runner)
        return OWNER_RUNNER;
    if (runner != mock && info.dli_fbase == mock)
        return OWNER_MOCK;
    const char *name = base_name(info.dli_fname);
    if (strncmp(name, "libc.so", 7) == 0 || strncmp(name, "ld-linux", 8) == 0)
        return OWNER_LIBC;
    if (strncmp(name, "libcmocka.so", 12) == 0)
        return OWNER_CMOCKA;
    static const char *const mpi[] = {"libmpi", "libopen-", "libpmpi", "mca_", "libucp", "libuct", "libucs"};
    for (size_t i = 0; i < sizeof mpi / sizeof *mpi; i++)
        if (strncmp(name, mpi[i], strlen(mpi[i])) == 0)
            return OWNER_MPI;
    return OWNER_USER;
}

/* ---- Its name ---- */

struct name {
    const char *function; /* NULL: not known */
    const char *file;     /* base name; NULL: not known */
    int line;
};

struct symbols {
#ifdef HAVE_LIBDW
    Dwfl *dwfl;
#endif
    int unused;
};

/* Called for each function that the address is in: those that the compiler put into another first. */
typedef void (*name_taker)(void *context, const void *pc, const struct name *name);

#ifdef HAVE_LIBDW
static void symbols_open(struct symbols *symbols)
{
    /* Not dwfl_standard_find_debuginfo(), which may ask servers (debuginfod). */
    static const Dwfl_Callbacks callbacks = {.find_elf = dwfl_linux_proc_find_elf,
                                             .find_debuginfo = dwfl_build_id_find_debuginfo};
    symbols->dwfl = dwfl_begin(&callbacks);
    if (symbols->dwfl &&
        (dwfl_linux_proc_report(symbols->dwfl, getpid()) != 0 || dwfl_report_end(symbols->dwfl, NULL, NULL) != 0)) {
        dwfl_end(symbols->dwfl);
        symbols->dwfl = NULL;
    }
}

static void symbols_close(struct symbols *symbols)
{
    if (symbols->dwfl)
        dwfl_end(symbols->dwfl);
}

/* The compilation unit of an address. Without a table of addresses (clang writes none) each unit is asked. */
static Dwarf_Die *find_unit(Dwfl_Module *module, Dwarf_Addr address, Dwarf_Addr *bias)
{
    Dwarf_Die *unit = dwfl_module_addrdie(module, address, bias);
    if (unit)
        return unit;
    while ((unit = dwfl_module_nextcu(module, unit, bias)) != NULL)
        if (dwarf_haspc(unit, address - *bias) == 1)
            return unit;
    return NULL;
}

static int number_of(Dwarf_Die *die, unsigned attribute)
{
    Dwarf_Attribute memory;
    Dwarf_Word value = 0;
    return dwarf_formudata(dwarf_attr(die, attribute, &memory), &value) == 0 ? (int)value : 0;
}

/* Is the scope that encloses these the same function again? */
static bool is_outer_part(Dwarf_Die *scope, int outer, const char *function)
{
    for (int i = 1; i <= outer; i++) {
        int tag = dwarf_tag(&scope[i]);
        if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_subprogram)
            continue;
        const char *name = dwarf_diename(&scope[i]);
        return name && function && strcmp(name, function) == 0;
    }
    return false;
}

/* The functions put in line there, each with the line where the next is called; *name stays that of the outermost. A function of
 * which the compiler made two is one. */
static void take_inlined(Dwfl_Module *module, Dwarf_Die *unit, Dwarf_Addr bias, Dwarf_Addr address, struct name *name,
                         name_taker take, void *context)
{
    Dwarf_Die *scopes = NULL, innermost, outer_unit;
    Dwarf *dwarf = dwfl_module_getdwarf(module, &bias);
    int count = dwarf_getscopes(unit, address - bias, &scopes);
    if (count <= 0)
        return;
    Dwarf_Off offset = dwarf_dieoffset(&scopes[0]);
    free(scopes);
    scopes = NULL;
    if (!dwarf_offdie(dwarf, offset, &innermost))
        return;
    count = dwarf_getscopes_die(&innermost, &scopes);
    Dwarf_Files *files = NULL;
    bool known = count > 0 && dwarf_diecu(&scopes[0], &outer_unit, NULL, NULL) &&
                 dwarf_getsrcfiles(&outer_unit, &files, NULL) == 0;
    for (int i = 0; known && i < count; i++) {
        int tag = dwarf_tag(&scopes[i]);
        if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_subprogram)
            continue;
        const char *function = dwarf_diename(&scopes[i]);
        if (function)
            name->function = function;
        if (tag == DW_TAG_subprogram)
            break;
        if (is_outer_part(&scopes[i], count - i - 1, name->function))
            continue;
        take(context, (const void *)(uintptr_t)address, name);
        const char *file = dwarf_filesrc(files, (size_t)number_of(&scopes[i], DW_AT_call_file), NULL, NULL);
        *name = (struct name){NULL, file ? base_name(file) : NULL, number_of(&scopes[i], DW_AT_call_line)};
    }
    free(scopes);
}

static bool take_from_debug(const struct symbols *symbols, const void *pc, name_taker take, void *context)
{
    Dwarf_Addr address = (uintptr_t)pc;
    Dwfl_Module *module = symbols->dwfl ? dwfl_addrmodule(symbols->dwfl, address) : NULL;
    if (!module)
        return false;
    struct name name = {NULL, NULL, 0};
    Dwarf_Addr bias = 0;
    Dwarf_Die *unit = find_unit(module, address, &bias);
    Dwarf_Line *line = unit ? dwarf_getsrc_die(unit, address - bias) : NULL;
    const char *file = line ? dwarf_linesrc(line, NULL, NULL) : NULL;
    if (file) {
        dwarf_lineno(line, &name.line);
        name.file = base_name(file);
        take_inlined(module, unit, bias, address, &name, take, context);
    }
    if (!name.function)
        name.function = dwfl_module_addrname(module, address);
    if (!name.function)
        return false;
    take(context, pc, &name);
    return true;
}
#else
static void symbols_open(struct symbols *symbols)
{
    symbols->unused = 0;
}

static void symbols_close(struct symbols *symbols)
{
    symbols->unused = 0;
}

static bool take_from_debug(const struct symbols *symbols, const void *pc, name_taker take, void *context)
{
    (void)symbols;
    (void)pc;
    (void)take;
    (void)context;
    return false;
}
#endif

static void take_names(const struct symbols *symbols, const void *pc, name_taker take, void *context)
{
    if (!take_from_debug(symbols, pc, take, context))
        take(context, pc, &(struct name){NULL, NULL, 0});
}

/* "compute() at solver.c:61", "compute+0x1c (libsolver.so)", "libsolver.so+0x1234", "0x10". */
static void print_name(FILE *out, const void *pc, const struct name *name, const char *before_place)
{
    Dl_info info;
    if (name->function) {
        /* GCC's suffixes of clones are no part of a name that anybody wrote, nor is MRT_TEST's prefix. */
        const char *function = name->function + (strncmp(name->function, TEST_PREFIX, strlen(TEST_PREFIX)) == 0 ? strlen(TEST_PREFIX) : 0);
        fprintf(out, "%.*s()", (int)strcspn(function, ".@"), function);
        if (name->file)
            fprintf(out, "%s%s:%d", before_place, name->file, name->line);
        else if (dladdr(pc, &info) && info.dli_fname)
            fprintf(out, " (%s)", base_name(info.dli_fname));
    } else if (dladdr(pc, &info) && info.dli_sname) {
        fprintf(out, "%s+0x%zx (%s)", info.dli_sname, (size_t)((const char *)pc - (const char *)info.dli_saddr),
                base_name(info.dli_fname));
    } else if (dladdr(pc, &info) && info.dli_fname) {
        fprintf(out, "%s+0x%zx", base_name(info.dli_fname), (size_t)((const char *)pc - (const char *)info.dli_fbase));
    } else {
        fprintf(out, "%p", pc);
    }
}

/* ---- The text of a backtrace ---- */

struct listing {
    FILE *out;
    char last[512];      /* the line printed last, without its number */
    size_t number, repeats;
    bool ended;          /* libc's start-up: what follows is not the user's */
    bool inner_libc;     /* only libc's own has come so far */
};

static void end_repeats(struct listing *listing)
{
    if (listing->repeats > 0)
        fprintf(listing->out, "%s   … and %zu more of it", listing->number ? "\n" : "", listing->repeats);
    listing->number += listing->repeats;
    listing->repeats = 0;
}

static void list_line(struct listing *listing, const char *line)
{
    if (listing->number > 0 && strcmp(line, listing->last) == 0) {
        listing->repeats++;
        return;
    }
    end_repeats(listing);
    fprintf(listing->out, "%s#%zu %s", listing->number ? "\n" : "", listing->number, line);
    listing->number++;
    snprintf(listing->last, sizeof listing->last, "%s", line);
}

static bool is_one_of(const char *name, const char *const names[], size_t count)
{
    for (size_t i = 0; name && i < count; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* How libc starts threads and programs. */
static bool is_start(const char *name)
{
    static const char *const names[] = {"start_thread", "clone", "clone3", "__clone3", "__libc_start_main", "_start",
                                        "__libc_start_call_main", "__libc_start_main_impl", "__libc_start_main@@GLIBC_2.34"};
    return is_one_of(name, names, sizeof names / sizeof *names);
}

/* How it sends a signal to itself, and comes to exits.c: told in other words already. */
static bool is_ending(const char *name)
{
    static const char *const names[] = {"__pthread_kill_implementation", "__pthread_kill_internal", "pthread_kill", "raise",
                                        "gsignal", "__pthread_kill", "__GI_raise", "__kill", "kill", "__run_exit_handlers", "exit"};
    return is_one_of(name, names, sizeof names / sizeof *names);
}

static void list_name(void *context, const void *pc, const struct name *name)
{
    struct listing *listing = context;
    Dl_info info;
    char line[sizeof listing->last];
    enum owner owner = owner_of(pc);
    const char *symbol = name->function ? name->function : dladdr(pc, &info) ? info.dli_sname : NULL;
    if (owner == OWNER_LIBC && listing->inner_libc && is_ending(symbol))
        return;
    if (owner != OWNER_LIBC)
        listing->inner_libc = false;
    if (owner == OWNER_LIBC && is_start(symbol))
        listing->ended = true;
    if (symbol && strcmp(symbol, "_start") == 0)
        listing->ended = true;
    if (listing->ended)
        return;
    FILE *out = fmemopen(line, sizeof line, "w");
    if (!out)
        return;
    if (owner == OWNER_MOCK && symbol)
        fprintf(out, "%s()", symbol); /* MPI_Recv(): where in our file is nobody's concern */
    else
        print_name(out, pc, name, " at ");
    fclose(out);
    line[sizeof line - 1] = '\0';
    list_line(listing, line);
}

/* Inside the mock, an MPI library or the runner: of a run of such frames only the outermost is named, an MPI_ function. */
static bool is_hidden(void *const pcs[], size_t count, size_t i)
{
    enum owner owner = owner_of(pcs[i]);
    if (owner == OWNER_RUNNER || owner == OWNER_CMOCKA)
        return true;
    if (owner != OWNER_MOCK && owner != OWNER_MPI)
        return false;
    enum owner caller = i + 1 < count && pcs[i + 1] != BACKTRACE_LEFT_OUT ? owner_of(pcs[i + 1]) : OWNER_USER;
    return caller == OWNER_MOCK || caller == OWNER_MPI;
}

char *backtrace_text(void *const pcs[], size_t count)
{
    char *text = NULL;
    size_t size = 0;
    struct symbols symbols = {0};
    struct listing listing = {.out = open_memstream(&text, &size), .inner_libc = true};
    if (!listing.out)
        return NULL;
    symbols_open(&symbols);
    for (size_t i = 0; i < count && !listing.ended; i++) {
        if (pcs[i] == BACKTRACE_LEFT_OUT && i + 1 < count) {
            end_repeats(&listing);
            fprintf(listing.out, "\n   … %zu frames more", (size_t)pcs[++i]);
            listing.number += (size_t)pcs[i];
        } else if (!is_hidden(pcs, count, i)) {
            take_names(&symbols, pcs[i], list_name, &listing);
        }
    }
    end_repeats(&listing);
    symbols_close(&symbols);
    return fclose(listing.out) == 0 ? text : NULL;
}

/* ---- One frame ---- */

struct placing {
    FILE *out;
    bool done;
};

static void place_name(void *context, const void *pc, const struct name *name)
{
    struct placing *placing = context;
    if (!placing->done)
        print_name(placing->out, pc, name, ", ");
    placing->done = true;
}

void backtrace_place(const void *pc, char *text, size_t size)
{
    struct symbols symbols = {0};
    char line[512] = "";
    struct placing placing = {.out = fmemopen(line, sizeof line, "w")};
    if (placing.out) {
        symbols_open(&symbols);
        take_names(&symbols, pc, place_name, &placing);
        symbols_close(&symbols);
        fclose(placing.out);
    }
    line[sizeof line - 1] = '\0';
    snprintf(text, size, "%s", line);
}

const void *backtrace_users(void *const pcs[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (pcs[i] == BACKTRACE_LEFT_OUT)
            i++;
        else if (owner_of(pcs[i]) == OWNER_USER)
            return pcs[i];
    }
    return NULL;
}
