/* SPDX-License-Identifier: BSD-2-Clause */
/* leftovers_place.c: working directory, environment, umask, limits, locale, floating-point modes, nice value, processors. */
#include "leftovers_private.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <xmmintrin.h>
#define FLUSH_FLAGS 0x8040u /* FTZ and DAZ */
static unsigned flush_flags(void)
{
    return _mm_getcsr() & FLUSH_FLAGS;
}
static void flush_flags_set(unsigned flags)
{
    _mm_setcsr((_mm_getcsr() & ~FLUSH_FLAGS) | flags);
}
#else
static unsigned flush_flags(void)
{
    return 0;
}
static void flush_flags_set(unsigned flags)
{
    (void)flags;
}
#endif

/* ---- The environment ---- */

static void environment_free(struct place_baseline *baseline)
{
    for (size_t i = 0; i < baseline->variables; i++)
        free(baseline->environment[i]);
    free(baseline->environment);
    free(baseline->pointers);
    baseline->environment = baseline->pointers = NULL;
    baseline->variables = 0;
}

static int environment_read(struct place_baseline *baseline)
{
    size_t count = 0;
    while (environ && environ[count])
        count++;
    baseline->variables = 0;
    baseline->environment = calloc(count + 1, sizeof *baseline->environment);
    baseline->pointers = calloc(count + 1, sizeof *baseline->pointers);
    if (!baseline->environment || !baseline->pointers)
        return -ENOMEM;
    if (count > 0)
        memcpy(baseline->pointers, environ, count * sizeof *environ);
    for (; baseline->variables < count; baseline->variables++) {
        baseline->environment[baseline->variables] = strdup(environ[baseline->variables]);
        if (!baseline->environment[baseline->variables])
            return -ENOMEM;
    }
    return 0;
}

/* The thrifty look does not see a string that was changed in its place. */
static bool environment_is_same(const struct place_baseline *baseline, bool thorough)
{
    size_t i = 0;
    for (; i < baseline->variables; i++)
        if (!environ || !environ[i] ||
            ((thorough || environ[i] != baseline->pointers[i]) && strcmp(environ[i], baseline->environment[i]) != 0))
            return false;
    return !environ || !environ[i];
}

/* The first string of that name; NULL: there is none. */
static const char *variable_in(char *const strings[], size_t count, const char *name, size_t length)
{
    for (size_t i = 0; strings && i < count && strings[i]; i++)
        if (strncmp(strings[i], name, length) == 0 && (strings[i][length] == '=' || strings[i][length] == '\0'))
            return strings[i];
    return NULL;
}

struct environment_told {
    struct look *look;
    size_t told, left_out;
};

static void environment_tell(struct environment_told *told, const char *name, size_t length, const char *what)
{
    if (told->told++ < LINES_OF_A_KIND)
        look_tell(told->look, "the environment variable %.*s was %s", (int)(length < 200 ? length : 200), name, what);
    else
        told->left_out++;
}

/* Names only: values may be secrets, and long. */
static void environment_check(const struct place_baseline *baseline, struct look *look)
{
    struct environment_told told = {.look = look};
    if (environment_is_same(baseline, look->thorough))
        return;
    for (size_t i = 0; environ && environ[i]; i++) {
        size_t length = strcspn(environ[i], "=");
        const char *before = variable_in(baseline->environment, baseline->variables, environ[i], length);
        if (!before || strcmp(before, environ[i]) != 0)
            environment_tell(&told, environ[i], length, before ? "changed" : "set");
    }
    for (size_t i = 0; i < baseline->variables; i++) {
        const char *before = baseline->environment[i];
        if (!variable_in(environ, SIZE_MAX, before, strcspn(before, "=")))
            environment_tell(&told, before, strcspn(before, "="), "removed");
    }
    if (told.left_out > 0)
        look_tell(look, "and %zu other environment variables", told.left_out);
    /* Strings of its own for each: those that getenv() gave may be somewhere still. */
    clearenv();
    for (size_t i = 0; i < baseline->variables; i++) {
        char *copy = strdup(baseline->environment[i]);
        if (copy)
            putenv(copy);
        baseline->pointers[i] = copy;
    }
}

/* ---- The working directory ---- */

static bool directory_path(char path[PATH_MAX])
{
    return syscall(SYS_getcwd, path, (size_t)PATH_MAX) > 0;
}

static void directory_check(const struct place_baseline *baseline, struct look *look)
{
    char path[PATH_MAX];
    struct stat status;
    bool known = directory_path(path);
    if (baseline->directory < 0 || (known && strcmp(path, baseline->path) == 0))
        return;
    if (stat(".", &status) == 0 && status.st_dev == baseline->device && status.st_ino == baseline->inode)
        return; /* the folder was renamed */
    if (fchdir(baseline->directory) == 0)
        look_tell(look, "the working directory was changed to %.512s", known ? path : "one that is gone");
    else
        look_tell(look, "the working directory was changed to %.512s, and cannot be put back: %s", known ? path : "one that is gone",
                  strerror(errno));
}

/* ---- Limits ---- */

static void limits_check(struct place_baseline *baseline, struct look *look)
{
    static const char *const names[RLIM_NLIMITS] = {
        [RLIMIT_CPU] = "RLIMIT_CPU",         [RLIMIT_FSIZE] = "RLIMIT_FSIZE",     [RLIMIT_DATA] = "RLIMIT_DATA",
        [RLIMIT_STACK] = "RLIMIT_STACK",     [RLIMIT_CORE] = "RLIMIT_CORE",       [RLIMIT_NOFILE] = "RLIMIT_NOFILE",
        [RLIMIT_AS] = "RLIMIT_AS",           [RLIMIT_NPROC] = "RLIMIT_NPROC",     [RLIMIT_MEMLOCK] = "RLIMIT_MEMLOCK",
        [RLIMIT_LOCKS] = "RLIMIT_LOCKS",     [RLIMIT_RTPRIO] = "RLIMIT_RTPRIO",   [RLIMIT_NICE] = "RLIMIT_NICE",
        [RLIMIT_MSGQUEUE] = "RLIMIT_MSGQUEUE", [RLIMIT_RTTIME] = "RLIMIT_RTTIME", [RLIMIT_SIGPENDING] = "RLIMIT_SIGPENDING"};
    for (int which = 0; which < (int)RLIM_NLIMITS; which++) {
        struct rlimit now;
        struct rlimit *before = &baseline->limits[which];
        if (getrlimit((__rlimit_resource_t)which, &now) != 0 || (now.rlim_cur == before->rlim_cur && now.rlim_max == before->rlim_max))
            continue;
        const char *name = names[which] ? names[which] : "a resource limit";
        if (setrlimit((__rlimit_resource_t)which, before) == 0) {
            look_tell_rare(look, "%s was changed", name);
            continue;
        }
        /* A hard limit only root can raise again: as near as may be, and so from here on. */
        before->rlim_max = now.rlim_max;
        if (before->rlim_cur > now.rlim_max)
            before->rlim_cur = now.rlim_max;
        setrlimit((__rlimit_resource_t)which, before);
        look_tell_rare(look, "%s was changed, and its hard limit cannot be put back", name);
    }
}

/* ---- Modes of the process ---- */

static void modes_check(const struct place_baseline *baseline, struct look *look)
{
    mode_t mask = umask(baseline->mask);
    if (mask != baseline->mask)
        look_tell(look, "the umask was changed from %03o to %03o", (unsigned)baseline->mask, (unsigned)mask);
    const char *locale = setlocale(LC_ALL, NULL);
    if (locale && baseline->locale && strcmp(locale, baseline->locale) != 0) {
        look_tell(look, "the locale was changed from %.200s to %.200s", baseline->locale, locale);
        setlocale(LC_ALL, baseline->locale);
    }
    if (uselocale((locale_t)0) != LC_GLOBAL_LOCALE) {
        uselocale(LC_GLOBAL_LOCALE);
        look_tell(look, "the thread's locale was changed (uselocale)");
    }
    bool rounding = fegetround() != baseline->rounding, traps = fegetexcept() != baseline->traps;
    if (rounding || traps) {
        fesetenv(&baseline->modes);
        look_tell(look, "%s changed",
                  rounding && traps ? "the rounding mode and floating-point traps were"
                  : rounding        ? "the rounding mode was"
                                    : "floating-point traps were");
    }
    if (flush_flags() != baseline->flush) {
        flush_flags_set(baseline->flush);
        look_tell(look, "the treatment of subnormal numbers was changed");
    }
}

static void scheduling_check(const struct place_baseline *baseline, struct look *look)
{
    cpu_set_t processors;
    errno = 0;
    int nice = getpriority(PRIO_PROCESS, 0);
    if (errno == 0 && nice != baseline->nice)
        look_tell_rare(look, "the nice value was changed from %d to %d%s", baseline->nice, nice,
                       setpriority(PRIO_PROCESS, 0, baseline->nice) == 0 ? "" : ", and cannot be put back");
    if (sched_getaffinity(0, sizeof processors, &processors) == 0 && !CPU_EQUAL(&processors, &baseline->processors)) {
        sched_setaffinity(0, sizeof baseline->processors, &baseline->processors);
        look_tell_rare(look, "the processors that it may use were changed (sched_setaffinity)");
    }
}

/* ---- All of it ---- */

int place_read(struct place_baseline *baseline)
{
    struct stat status = {0};
    *baseline = (struct place_baseline){.directory = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC)};
    int error = environment_read(baseline);
    if (!directory_path(baseline->path))
        baseline->path[0] = '\0';
    if (baseline->directory >= 0 && fstat(baseline->directory, &status) == 0) {
        baseline->device = status.st_dev;
        baseline->inode = status.st_ino;
    }
    baseline->mask = umask(022);
    umask(baseline->mask);
    for (int which = 0; which < (int)RLIM_NLIMITS; which++)
        getrlimit((__rlimit_resource_t)which, &baseline->limits[which]);
    const char *locale = setlocale(LC_ALL, NULL);
    baseline->locale = locale ? strdup(locale) : NULL;
    fegetenv(&baseline->modes);
    baseline->rounding = fegetround();
    baseline->traps = fegetexcept();
    baseline->flush = flush_flags();
    baseline->nice = getpriority(PRIO_PROCESS, 0);
    sched_getaffinity(0, sizeof baseline->processors, &baseline->processors);
    if (error)
        place_finish(baseline);
    return error;
}

void place_finish(struct place_baseline *baseline)
{
    environment_free(baseline);
    free(baseline->locale);
    baseline->locale = NULL;
    if (baseline->directory >= 0)
        close(baseline->directory);
    baseline->directory = -1;
}

void place_check(struct place_baseline *baseline, struct look *look)
{
    directory_check(baseline, look);
    environment_check(baseline, look);
    modes_check(baseline, look);
    if (!look->thorough)
        return;
    limits_check(baseline, look);
    scheduling_check(baseline, look);
}
