/* SPDX-License-Identifier: BSD-2-Clause */
/* tool.c: the installed mpirun-tests, whose suites are shared objects. Its main is that of libmpirun_tests; this file is
 * here because a program needs a source. */
typedef int mrt_tool_is_its_library;
