/* SPDX-License-Identifier: BSD-2-Clause */
/* plan_list.h: what --list shows: the tests of a plan, in its order. */
#ifndef MRT_PLAN_LIST_H
#define MRT_PLAN_LIST_H

#include <stdbool.h>
#include <stdio.h>

#include "plan.h"

/* As text, one test a line: its name (as --filter takes it), its ranks, its tags. As JSON, one document:
 *
 *     {"tests": [{"name": "halo.ring[np=4]/3", "suite": "halo", "np": 4, "case": 3, "timeout": 10.0, "priority": 100,
 *                 "tags": ["slow", "io"], "unit": "halo", "file": "halo.c", "line": 12}, …]}
 *
 * where "np" is "all" for every rank, "timeout" is null for none, and "unit" null for a test that runs by itself.
 * -EIO with a sentence where the stream takes no more, -ENOMEM, -ENOTSUP for JSON where jansson was not built in. */
int plan_list(const struct plan *plan, bool json, FILE *stream, struct problem *problem);

#endif
