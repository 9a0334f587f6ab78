/* SPDX-License-Identifier: BSD-2-Clause */
/* expect.c: see expect.h. */
#include "expect.h"

#include <signal.h>
#include <stdio.h>

static const struct {
    enum how how;
    const char *words; /* what precedes the code */
} ends[] = {
    [MRT_END_ANY_] = {HOW_NORMALLY, ""},
    [MRT_END_FAILED_] = {HOW_FAILED, "a failure"},
    [MRT_END_SIGNAL_] = {HOW_SIGNAL, "signal "},
    [MRT_END_EXIT_] = {HOW_EXIT, "exit("},
    [MRT_END_ABORT_] = {HOW_ABORT, "MPI_Abort("},
};

bool expect_is_possible(const struct mrt_expect *expect)
{
    switch (expect->end_) {
    case MRT_END_SIGNAL_: return expect->code_ >= 1 && expect->code_ <= SIGRTMAX;
    case MRT_END_EXIT_: return expect->code_ >= 0 && expect->code_ <= 255;
    default: return true;
    }
}

void expect_words(const struct mrt_expect *expect, char *words, size_t size)
{
    const char *before = ends[expect->end_].words;
    switch (expect->end_) {
    case MRT_END_SIGNAL_: snprintf(words, size, "%s%d", before, expect->code_); break;
    case MRT_END_EXIT_:
    case MRT_END_ABORT_: snprintf(words, size, "%s%d)", before, expect->code_); break;
    default: snprintf(words, size, "%s", before);
    }
}

/* The kernel keeps eight bits of a status: exit(-1) is 255, also to whoever expects it. */
bool expect_is_met(const struct mrt_expect *expect, enum outcome outcome, enum how how, int code)
{
    if (expect->end_ == MRT_END_FAILED_)
        return outcome == OUTCOME_FAILED;
    if (outcome != OUTCOME_CRASHED || how != ends[expect->end_].how)
        return false;
    return how == HOW_EXIT ? (code & 255) == expect->code_ : code == expect->code_;
}

bool expect_decides(enum outcome outcome)
{
    return outcome == OUTCOME_PASSED || outcome == OUTCOME_FAILED || outcome == OUTCOME_CRASHED;
}

char *expect_unmet(const struct mrt_expect *expect, enum outcome outcome, const char *message)
{
    char words[64], *text;
    expect_words(expect, words, sizeof words);
    int size = asprintf(&text, "expected %s, but it %s%s%s", words, outcome_words(outcome), message[0] ? ": " : "", message);
    return size < 0 ? NULL : text;
}
