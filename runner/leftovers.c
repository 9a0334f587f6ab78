/* SPDX-License-Identifier: BSD-2-Clause */
/* leftovers.c: see leftovers.h. The order of the parts matters: what could still act (children, timers) goes first. */
#include "leftovers_private.h"

#include <sys/prctl.h>

#include <mpirun_tests.h>

#define THOROUGH_SECONDS 25e-6              /* about what a thorough look costs */
#define THOROUGH_SHARE   0.05               /* of the steps' time, at most */
#define TASK_SECONDS     6e-6               /* in less nobody makes a process or a thread */
#define CREDIT_MAX       (64 * THOROUGH_SECONDS)

struct baseline {
    struct place_baseline place;
    struct signals_baseline signals;
    struct files_baseline files;
    struct tasks_baseline tasks;
};

static struct {
    bool begun, within;
    struct baseline outer, inner; /* of the process, and within a unit */
    double credit;
    unsigned thrifty; /* looks since the last thorough one */
} leftovers;

void look_tell(struct look *look, const char *format, ...)
{
    va_list arguments;
    char line[1024];
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    text_printf(look->told, "%s%s", look->told->size ? "\n" : "", line);
}

void look_tell_rare(struct look *look, const char *format, ...)
{
    va_list arguments;
    char line[1024];
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (look->thrifty_before > 0)
        look_tell(look, "%s (by this test, or by one of the %u before it on this rank)", line, look->thrifty_before);
    else
        look_tell(look, "%s", line);
}

static int baseline_read(struct baseline *baseline)
{
    int error = place_read(&baseline->place);
    if (error)
        return error;
    signals_read(&baseline->signals);
    files_read(&baseline->files);
    tasks_read(&baseline->tasks);
    files_list(&baseline->files);
    return 0;
}

static void baseline_finish(struct baseline *baseline)
{
    place_finish(&baseline->place);
    files_finish(&baseline->files);
    tasks_finish(&baseline->tasks);
}

int leftovers_begin(void)
{
    if (leftovers.begun)
        return 0;
    int error = baseline_read(&leftovers.outer);
    if (error)
        return error;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    leftovers.credit = CREDIT_MAX;
    leftovers.thrifty = 0;
    leftovers.begun = true;
    objects_begin();
    return 0;
}

void leftovers_end(void)
{
    if (!leftovers.begun)
        return;
    leftovers_leave();
    baseline_finish(&leftovers.outer);
    prctl(PR_SET_CHILD_SUBREAPER, 0);
    objects_end();
    leftovers.begun = false;
}

void leftovers_enter(void)
{
    if (leftovers.begun && !leftovers.within)
        leftovers.within = baseline_read(&leftovers.inner) == 0;
}

void leftovers_leave(void)
{
    if (!leftovers.within)
        return;
    files_merge(&leftovers.outer.files, &leftovers.inner.files);
    tasks_merge(&leftovers.outer.tasks, &leftovers.inner.tasks);
    baseline_finish(&leftovers.inner);
    leftovers.within = false;
}

static bool afford_thorough(double seconds)
{
    leftovers.credit += seconds * THOROUGH_SHARE;
    if (leftovers.credit > CREDIT_MAX)
        leftovers.credit = CREDIT_MAX;
    if (leftovers.credit < THOROUGH_SECONDS)
        return false;
    leftovers.credit -= THOROUGH_SECONDS;
    return true;
}

void leftovers_stop_timers(struct text *told)
{
    signals_stop_timers(&(struct look){.told = told});
}

void leftovers_forget(void)
{
    objects_tell(false, NULL);
}

void leftovers_check(double seconds, bool blamed, struct text *told)
{
    if (!leftovers.begun)
        return;
    struct baseline *baseline = leftovers.within ? &leftovers.inner : &leftovers.outer;
    struct look look = {.thorough = afford_thorough(seconds), .thrifty_before = leftovers.thrifty, .told = told};
    global_expecting_assert = 0; /* expect_assert_failure() leaves it set when it is left by a long jump */
    signals_check(&baseline->signals, &look);
    if (look.thorough || seconds > TASK_SECONDS)
        tasks_check(&baseline->tasks, &look);
    place_check(&baseline->place, &look);
    files_check(&baseline->files, &look);
    objects_tell(blamed, &look);
    leftovers.thrifty = look.thorough ? 0 : leftovers.thrifty + 1;
}
