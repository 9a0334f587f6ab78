/* SPDX-License-Identifier: BSD-2-Clause */
/* plan_instances.h: private to plan.c: every instance of everything registered, in source order, before a selection. */
#ifndef MRT_PLAN_INSTANCES_H
#define MRT_PLAN_INSTANCES_H

#include "plan.h"

struct plan_instances {
    struct plan *plan; /* tests and units are added here */
    size_t test_room, unit_room;
    double timeout; /* of tests that say none */
    bool isolate;   /* likewise */
    struct problem *problem;
};

/* 0, or -EINVAL, -ENOMEM with a sentence; what was added until then stays in the plan. */
int plan_instances_add(struct plan_instances *instances, const struct registry_suite *suite);

#endif
