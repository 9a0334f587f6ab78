/* SPDX-License-Identifier: BSD-2-Clause */
/* needed.h: which libraries an ELF file asks for (its DT_NEEDED entries, elf(5)), read without loading it. The file may
 * be anything: damaged, cut off, made to deceive. */
#ifndef MRT_NEEDED_H
#define MRT_NEEDED_H

#include <stdbool.h>
#include <stddef.h>

/* 0: a shared object, all its names were given to `each`, which may return false to stop. Else what is wrong with it:
 * -ENOENT and other errno values of open(2) and read(2); -ENOEXEC: not an ELF file; -EISDIR; -ELIBEXEC: a program or
 * an object file, not a shared object; -ELIBBAD: for another kind of machine, damaged or cut off. */
int needed_read(const char *path, bool (*each)(void *argument, const char *name), void *argument);

#endif
