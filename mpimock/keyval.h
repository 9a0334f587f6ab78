/* SPDX-License-Identifier: BSD-2-Clause */
/* keyval.h: attributes of communicators at the front door. */
#ifndef MPIMOCK_KEYVAL_H
#define MPIMOCK_KEYVAL_H

/* Deletes the attributes of the world's MPI_COMM_SELF and then those of its MPI_COMM_WORLD, each the last one first
 * (MPI-3.1 §8.7.1), with the user's functions. Doing it again does nothing. */
void door_keyvals_world_ends(void);

#endif
