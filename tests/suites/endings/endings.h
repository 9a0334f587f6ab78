/* SPDX-License-Identifier: BSD-2-Clause */
/* endings.h: code that ends the process that it is in: in a file of its own, as the code under test is. */
#ifndef ENDINGS_H
#define ENDINGS_H

#ifdef __cplusplus
extern "C" {
#endif

void write_to_address(unsigned long address);
int overflow_the_stack(void);
void die(const char *why, int status); /* as many programs do: a message, then exit() */
void give_up_by_abort(void);
void divide(void);
void check_argument(int argument); /* by assert() */

#ifdef __cplusplus
}
#endif

#endif
