/* SPDX-License-Identifier: BSD-2-Clause */
/* blocked.c: who waits says so to the team's first rank, which finds out whether all do (deadlock.h), and tells them by
 * a notice like that of a mate that leaves: OUTCOME_DEADLOCK, with the calls of all. */
#include "private.h"

#include <string.h>
#include <sys/stat.h>

#include "../notice.h"
#include "deadlock.h"

#define FIRST 0.5 /* seconds until a rank that waits says so for the first time */

static struct {
    uint32_t moves;
    double next;  /* report, in this wait; 0: not yet thought of */
    long threads; /* of this process when the test began */
    bool decided;
    struct guard_deadlock deadlock; /* on the first rank, once a report has come */
} blocked;

/* One look: Linux counts a process's threads in the links of this folder. -1: not known. */
static long count_threads(void)
{
    struct stat folder;
    return stat("/proc/self/task", &folder) == 0 ? (long)folder.st_nlink - 2 : -1;
}

void guard_blocked_begin(void)
{
    blocked.moves = 0;
    blocked.next = 0;
    blocked.decided = false;
    blocked.threads = count_threads();
}

void guard_blocked_end(void)
{
    guard_deadlock_finish(&blocked.deadlock);
}

void guard_blocked_heard(int from, const struct guard_letter *letter)
{
    uint32_t member = 0;
    if (letter->serial != guard.team.serial || !guard.on ||
        (!blocked.deadlock.reports && guard_deadlock_begin(&blocked.deadlock, guard.team.size) != 0))
        return;
    while (member < guard.team.size && (int)guard.team.members[member] != from)
        member++;
    guard_deadlock_report(&blocked.deadlock, member, letter, guard_now());
}

static void decide(void)
{
    char text[NOTICE_REASON_MAX];
    if (blocked.decided || !guard_deadlock_is(&blocked.deadlock, guard_now()))
        return;
    blocked.decided = true;
    guard_deadlock_text(&blocked.deadlock, text, sizeof text);
    /* From nobody in particular, so this rank gets it, too. */
    notice_send(guard.control, guard.team.members, guard.team.size, guard.team.serial, guard.team.size,
                OUTCOME_DEADLOCK, text);
}

static void report(bool finished)
{
    struct guard_letter letter = {.serial = guard.team.serial,
                                  .kind = GUARD_BLOCKED,
                                  .blocked = {.moves = blocked.moves,
                                              .finished = finished,
                                              .sent = (uint64_t)guard_counted(&guard.sent) + (guard.uncounted ? UINT32_MAX : 0),
                                              .received = (uint64_t)guard_counted(&guard.received),
                                              .bytes = (uint64_t)guard.sent_bytes}};
    if (!finished)
        mpimock_call_text(letter.blocked.call, sizeof letter.blocked.call);
    int first = (int)guard.team.members[0];
    if (first == guard.control->rank)
        guard_blocked_heard(first, &letter);
    else
        guard_say(first, &letter);
}

void guard_blocked(uint32_t turns, bool finished)
{
    if (turns <= 64) { /* a new wait */
        blocked.moves++;
        blocked.next = 0;
    }
    if (turns < 20000 || !pthread_equal(pthread_self(), guard.main_thread))
        return;
    double now = guard_now();
    if (blocked.next == 0)
        blocked.next = now + FIRST;
    if (now < blocked.next)
        return;
    blocked.next = now + GUARD_DEADLOCK_EVERY;
    if (!finished && atomic_load(&guard.stance) != GUARD_STAYING)
        return; /* on its way out */
    if (blocked.threads > 0 && count_threads() > blocked.threads)
        return; /* another thread may go on */
    report(finished);
    if ((int)guard.team.members[0] == guard.control->rank)
        decide();
}
