/* SPDX-License-Identifier: BSD-2-Clause */
/* match.h: MPI's matching rules (MPI-3.1 §3.5) as a pure data structure: posted receives on one side, messages that
 * came before their receive on the other. It allocates nothing and knows no request: users embed its entries.
 *
 * A receive matches a message if the contexts are equal, and source and tag are equal or the receive's are MATCH_ANY.
 * Of several posted receives a message takes the one posted first; of several messages a receive takes the one that
 * arrived first. Wildcards and definite ones are in one order.
 */
#ifndef MPIMOCK_MATCH_H
#define MPIMOCK_MATCH_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MATCH_ANY INT_MIN /* any source, any tag: whatever numbers mpi.h has for them */

struct match_link {
    struct match_link *next, *previous;
};

struct match_entry {
    struct match_link link;   /* in its bucket; first, so that leak checkers see pointers to the whole */
    struct match_link link_2; /* a message's, in its context's bucket, for receives from any source */
    uint64_t context;
    int32_t source; /* rank in the communicator; a message's is never MATCH_ANY */
    int32_t tag;
    uint64_t sequence; /* the matcher's: order of posting or arrival */
    bool queued;
};

#define MATCH_BUCKETS 256u

struct matcher {
    struct match_link posted[MATCH_BUCKETS];       /* by context and source */
    struct match_link posted_any[MATCH_BUCKETS];   /* from any source, by context */
    struct match_link messages[MATCH_BUCKETS];     /* by context and source */
    struct match_link messages_all[MATCH_BUCKETS]; /* the same messages again, by context */
    uint64_t sequence;
    size_t posted_count, message_count;
};

void matcher_init(struct matcher *matcher);

/* The first message for this receive, still queued (a probe); NULL: none has come. */
struct match_entry *matcher_find_message(const struct matcher *matcher, uint64_t context, int32_t source, int32_t tag);
/* The first posted receive that takes this message, still queued; NULL: none. */
struct match_entry *matcher_find_posted(const struct matcher *matcher, uint64_t context, int32_t source, int32_t tag);
/* Queues a receive, or a message, whose context, source and tag are set, behind all others. */
void matcher_post(struct matcher *matcher, struct match_entry *receive);
void matcher_arrive(struct matcher *matcher, struct match_entry *message);
/* Takes an entry off its queue; nothing happens to one that is not queued. */
void matcher_withdraw_posted(struct matcher *matcher, struct match_entry *receive);
void matcher_withdraw_message(struct matcher *matcher, struct match_entry *message);
/* Calls visit for each queued message (or posted receive), in no useful order; visit may withdraw the entry it was
 * given and no other. */
void matcher_each_message(struct matcher *matcher, void (*visit)(struct match_entry *entry, void *argument),
                          void *argument);
void matcher_each_posted(struct matcher *matcher, void (*visit)(struct match_entry *entry, void *argument),
                         void *argument);

#endif
