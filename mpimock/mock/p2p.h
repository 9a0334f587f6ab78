/* SPDX-License-Identifier: BSD-2-Clause */
/* p2p.h: what sends, receives, persistent ones and probes share: the check of their arguments, the request made of
 * them. */
#ifndef MPIMOCK_P2P_H
#define MPIMOCK_P2P_H

#include "request.h"

/* A user's arguments of one message. */
struct p2p_arguments {
    const void *buffer;
    int count;
    MPI_Datatype datatype;
    int peer, tag;
    MPI_Comm comm;
};

/* Error classes, with detail. `receive`: MPI_ANY_SOURCE and MPI_ANY_TAG are fine. */
int p2p_check_buffer(const void *buffer, int count, const struct mock_type *type);
int p2p_check_envelope(const struct mock_comm *comm, int peer, int tag, bool receive);

/* Checks everything and makes a request that is not yet started. */
int p2p_prepare(const struct p2p_arguments *arguments, enum request_kind kind, enum mock_mode mode,
                struct mock_request **request);
/* Makes the user's handle of a request that was started or is to be; releases the request where that fails. */
int p2p_hand_out(struct mock_request *request, MPI_Request *handle);

/* Rank in the communicator to rank in the mock's world; MATCH_ANY and SEGMENT_WAIT_NOBODY (MPI_PROC_NULL) stay. */
int p2p_world_rank(const struct mock_comm *comm, int peer);

#endif
