/* SPDX-License-Identifier: BSD-2-Clause */
/* exits.h: functions that end the process, called by the code under test: they end the test instead, as crashed.
 *
 * abort(), exit(), _exit(), _Exit(), quick_exit(), pthread_exit() of the test's own thread and a failing assert() are defined by
 * this library, ahead of the C library's, so that calls from any program or library that is loaded come here. Outside of tests,
 * and in processes that a test forks, they do what they always do. exit() that the C library calls itself (err(3), error(3)) is
 * met by a function that it runs on exit; handlers that were registered later have run by then.
 *
 * cmocka's _fail() and _skip() are defined as well, for assertions that fail in another thread than the test's own.
 *
 * Relies on libmpirun_tests being ahead of the C library in the search order, as in every program that links it.
 */
#ifndef MRT_EXITS_H
#define MRT_EXITS_H

/* Once for each process; again does no harm. */
void exits_begin(void);

#endif
