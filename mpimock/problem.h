/* SPDX-License-Identifier: BSD-2-Clause */
/* problem.h: one clear sentence for a mistake that a user can make.
 *
 * A function that meets such a mistake returns a negative errno value and leaves a sentence behind: what is wrong,
 * where, how to mend it. The caller decides where it is printed; nothing here prints. Long sentences are cut at the bound.
 */
#ifndef MPIMOCK_PROBLEM_H
#define MPIMOCK_PROBLEM_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#define PROBLEM_MAX 1024

struct problem {
    char text[PROBLEM_MAX]; /* without a newline; empty: no problem */
};

/* Writes the sentence and returns -error, so that `return problem_set(problem, EINVAL, "…", …);` reads well. */
__attribute__((format(printf, 3, 4))) static inline int problem_set(struct problem *problem, int error,
                                                                    const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(problem->text, sizeof problem->text, format, arguments);
    va_end(arguments);
    return -error;
}

#endif
