/* SPDX-License-Identifier: BSD-2-Clause */
/* match.c: hashed queues of posted receives and of unexpected messages.
 *
 * Relies on nothing. Entries of one bucket are in the order in which they were queued, whatever their keys, so the
 * first that fits is the right one of its bucket; where two buckets may hold a candidate (a receive from the message's
 * source, and one from any source) the smaller sequence number decides. A message is in two buckets, so that a receive
 * from any source finds the first arrival of its context without looking at each source.
 */
#include "match.h"

static unsigned bucket_of(uint64_t context, int32_t source)
{
    uint64_t key = context * UINT64_C(0x9e3779b97f4a7c15) + (uint32_t)source * UINT64_C(0xc2b2ae3d27d4eb4f);
    return (unsigned)(key >> 40) % MATCH_BUCKETS;
}

static unsigned bucket_of_context(uint64_t context)
{
    return bucket_of(context, 0);
}

static struct match_entry *entry_of(struct match_link *link)
{
    return (struct match_entry *)((char *)link - offsetof(struct match_entry, link));
}

static struct match_entry *entry_of_2(struct match_link *link)
{
    return (struct match_entry *)((char *)link - offsetof(struct match_entry, link_2));
}

static void append(struct match_link *bucket, struct match_link *link)
{
    link->next = bucket;
    link->previous = bucket->previous;
    bucket->previous->next = link;
    bucket->previous = link;
}

static void unlink_from(struct match_link *link)
{
    link->previous->next = link->next;
    link->next->previous = link->previous;
    link->next = link->previous = NULL;
}

static void clear(struct match_link buckets[])
{
    for (unsigned i = 0; i < MATCH_BUCKETS; i++)
        buckets[i].next = buckets[i].previous = &buckets[i];
}

void matcher_init(struct matcher *matcher)
{
    clear(matcher->posted);
    clear(matcher->posted_any);
    clear(matcher->messages);
    clear(matcher->messages_all);
    matcher->sequence = 0;
    matcher->posted_count = matcher->message_count = 0;
}

struct match_entry *matcher_find_message(const struct matcher *matcher, uint64_t context, int32_t source, int32_t tag)
{
    const struct match_link *bucket = source == MATCH_ANY ? &matcher->messages_all[bucket_of_context(context)]
                                                          : &matcher->messages[bucket_of(context, source)];
    for (struct match_link *link = bucket->next; link != bucket; link = link->next) {
        struct match_entry *message = source == MATCH_ANY ? entry_of_2(link) : entry_of(link);
        if (message->context == context && (source == MATCH_ANY || message->source == source) &&
            (tag == MATCH_ANY || message->tag == tag))
            return message;
    }
    return NULL;
}

/* The first receive in the bucket that was posted for `source` (which may be MATCH_ANY) and takes the tag. */
static struct match_entry *first_posted(const struct match_link *bucket, uint64_t context, int32_t source, int32_t tag)
{
    for (struct match_link *link = bucket->next; link != bucket; link = link->next) {
        struct match_entry *receive = entry_of(link);
        if (receive->context == context && receive->source == source &&
            (receive->tag == MATCH_ANY || receive->tag == tag))
            return receive;
    }
    return NULL;
}

struct match_entry *matcher_find_posted(const struct matcher *matcher, uint64_t context, int32_t source, int32_t tag)
{
    if (matcher->posted_count == 0)
        return NULL;
    struct match_entry *definite = first_posted(&matcher->posted[bucket_of(context, source)], context, source, tag);
    struct match_entry *any = first_posted(&matcher->posted_any[bucket_of_context(context)], context, MATCH_ANY, tag);
    if (definite == NULL || (any != NULL && any->sequence < definite->sequence))
        return any;
    return definite;
}

void matcher_post(struct matcher *matcher, struct match_entry *receive)
{
    receive->sequence = matcher->sequence++;
    receive->queued = true;
    append(receive->source == MATCH_ANY ? &matcher->posted_any[bucket_of_context(receive->context)]
                                        : &matcher->posted[bucket_of(receive->context, receive->source)],
           &receive->link);
    matcher->posted_count++;
}

void matcher_arrive(struct matcher *matcher, struct match_entry *message)
{
    message->sequence = matcher->sequence++;
    message->queued = true;
    append(&matcher->messages[bucket_of(message->context, message->source)], &message->link);
    append(&matcher->messages_all[bucket_of_context(message->context)], &message->link_2);
    matcher->message_count++;
}

void matcher_withdraw_posted(struct matcher *matcher, struct match_entry *receive)
{
    if (!receive->queued)
        return;
    unlink_from(&receive->link);
    receive->queued = false;
    matcher->posted_count--;
}

void matcher_withdraw_message(struct matcher *matcher, struct match_entry *message)
{
    if (!message->queued)
        return;
    unlink_from(&message->link);
    unlink_from(&message->link_2);
    message->queued = false;
    matcher->message_count--;
}

static void visit_all(struct match_link buckets[], void (*visit)(struct match_entry *entry, void *argument),
                      void *argument)
{
    for (unsigned i = 0; i < MATCH_BUCKETS; i++)
        for (struct match_link *link = buckets[i].next, *next; link != &buckets[i]; link = next) {
            next = link->next;
            visit(entry_of(link), argument);
        }
}

void matcher_each_message(struct matcher *matcher, void (*visit)(struct match_entry *entry, void *argument),
                          void *argument)
{
    visit_all(matcher->messages, visit, argument);
}

void matcher_each_posted(struct matcher *matcher, void (*visit)(struct match_entry *entry, void *argument),
                         void *argument)
{
    visit_all(matcher->posted, visit, argument);
    visit_all(matcher->posted_any, visit, argument);
}
