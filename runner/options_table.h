/* SPDX-License-Identifier: BSD-2-Clause */
/* options_table.h: the table of options: what each is called, takes and sets. Private to options*.c.
 */
#ifndef MRT_OPTIONS_TABLE_H
#define MRT_OPTIONS_TABLE_H

#include "options.h"

#define OPTIONS_NAME_MAX   40 /* bytes of a name, for which the nearest is looked for */
#define OPTIONS_QUOTED_MAX 80 /* bytes of what the user wrote, within a sentence */

enum options_value { OPTIONS_VALUE_NONE, OPTIONS_VALUE_NEEDED, OPTIONS_VALUE_OPTIONAL };

/* Options of one family (not 0) stand for each other: one among the arguments puts the variables of all aside. */
enum options_family { OPTIONS_FAMILY_NONE, OPTIONS_FAMILY_BACKEND, OPTIONS_FAMILY_VERBOSITY, OPTIONS_FAMILY_MAXFAIL,
                      OPTIONS_FAMILY_JOURNAL };

enum options_group { /* of the help */
                     OPTIONS_WHERE,
                     OPTIONS_WHAT,
                     OPTIONS_HOW,
                     OPTIONS_CONSOLE,
                     OPTIONS_REPORTS,
                     OPTIONS_OTHER,
                     OPTIONS_GROUP_COUNT
};

/* Sets what the option stands for. `value` is NULL where it came without one; `where` is how the user named it, for the
 * sentence: "--seed", "MPIRUN_TESTS_SEED". */
typedef int options_setter(struct options *options, const char *value, const char *where, struct problem *problem);

/* Each row has a function, or a member: a bool (yes and no are its values) or a string. */
struct options_row {
    const char *name; /* of one letter: there is -n, but no --n */
    char letter;
    enum options_value value;
    const char *value_name;
    size_t flag, string; /* 1 + offset of the member, or 0 */
    options_setter *set;
    enum options_family family;
    bool no_variable;
    enum options_group group;
    const char *help;
};
extern const struct options_row options_table[];
extern const size_t options_table_size;

/* Gives a value to what the row stands for. */
int options_row_set(const struct options_row *row, struct options *options, const char *value, const char *where,
                    struct problem *problem);

/* The row that was probably meant by a name: it begins so, or is near; NULL: none. */
const struct options_row *options_nearest(const char *name);

/* What the user wrote, in one line and cut, so that it can stand in a sentence. */
struct options_quoted {
    char text[4 * OPTIONS_QUOTED_MAX + 64];
};
const char *options_quote(struct options_quoted *quoted, const char *string);

#endif
