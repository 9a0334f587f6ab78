/* SPDX-License-Identifier: BSD-2-Clause */
/* test_mailbox.c: a ring carries records whole and in order, says truly when it is full, and shows nothing unfinished.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "mock/mailbox.h"

static struct segment *segment;
static struct mailbox out, in;

static int begin(void **state)
{
    (void)state;
    struct segment_settings settings = {.sends = SEGMENT_SENDS_DEFAULT};
    struct problem problem;
    if (segment_create(3, NULL, &settings, &segment, NULL, &problem) != 0)
        return -1;
    mailbox_open(&out, segment, 2, 1);
    mailbox_open(&in, segment, 2, 1);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    segment_unmap(segment);
    return 0;
}

static unsigned char byte_of(int serial, size_t place)
{
    return (unsigned char)(serial * 31 + (int)place * 7);
}

/* A record whose bytes follow from its serial number. False: no room. */
static bool send_record(int serial, size_t payload)
{
    struct envelope envelope = {.kind = ENVELOPE_EAGER, .tag = serial, .payload = (uint16_t)payload};
    size_t piece = sizeof envelope;
    if (!mailbox_reserve(&out, payload))
        return false;
    memcpy(mailbox_write(&out, 0, &piece), &envelope, sizeof envelope);
    assert_int_equal(piece, sizeof envelope); /* an envelope never wraps around */
    for (size_t done = 0; done < payload; done += piece) {
        piece = payload - done;
        unsigned char *place = mailbox_write(&out, sizeof envelope + done, &piece);
        for (size_t i = 0; i < piece; i++)
            place[i] = byte_of(serial, done + i);
    }
    mailbox_commit(&out, payload);
    return true;
}

/* True: the next record was there, and is that one. */
static bool take_record(int serial, size_t payload)
{
    const struct envelope *envelope = mailbox_front(&in);
    if (envelope == NULL || envelope->tag != serial || envelope->payload != payload)
        return false;
    for (size_t done = 0, piece; done < payload; done += piece) {
        piece = payload - done;
        const unsigned char *place = mailbox_read(&in, done, &piece);
        for (size_t i = 0; i < piece; i++)
            if (place[i] != byte_of(serial, done + i))
                return false;
    }
    mailbox_consume(&in);
    return true;
}

static void an_empty_ring_has_no_front(void **state)
{
    (void)state;
    assert_null(mailbox_front(&in));
}

static void a_record_arrives_as_it_was_sent(void **state)
{
    (void)state;
    assert_true(send_record(1, 8));
    assert_true(take_record(1, 8));
    assert_null(mailbox_front(&in));
}

static void nothing_is_seen_before_it_is_committed(void **state)
{
    (void)state;
    size_t piece = sizeof(struct envelope);
    assert_true(mailbox_reserve(&out, 100));
    memset(mailbox_write(&out, 0, &piece), 0xff, piece);
    assert_null(mailbox_front(&in));
}

static void a_full_ring_refuses_and_says_so_to_the_reader(void **state)
{
    (void)state;
    int sent = 0;
    assert_false(mailbox_space_wanted(&in));
    while (send_record(sent, 1000))
        sent++;
    assert_int_equal(sent, segment->ring_bytes / 1088); /* 56 + 1000, in lines of 64 */
    assert_true(take_record(0, 1000));
    assert_true(mailbox_space_wanted(&in));
    assert_false(mailbox_space_wanted(&in)); /* once */
    assert_true(send_record(sent, 1000));
    for (int i = 1; i <= sent; i++)
        assert_true(take_record(i, 1000));
}

static void records_of_all_sizes_survive_many_turns(void **state)
{
    (void)state;
    const unsigned seed = 11;
    size_t sizes[4096];
    int sent = 0, taken = 0;
    print_message("seed %u\n", seed);
    srand(seed);
    while (taken < 4096) {
        if (rand() % 2 && sent < 4096) {
            sizes[sent] = (size_t)rand() % (MAILBOX_PAYLOAD_MAX(segment->ring_bytes) - sizeof(struct envelope));
            if (send_record(sent, sizes[sent]))
                sent++;
        } else if (taken < sent) {
            assert_true(take_record(taken, sizes[taken]));
            taken++;
        } else {
            assert_null(mailbox_front(&in));
        }
    }
}

static void a_record_crosses_between_processes(void **state)
{
    (void)state;
    enum { RECORDS = 20000 };
    pid_t child = fork();
    if (child == 0) {
        for (int i = 0; i < RECORDS;)
            i += send_record(i, (size_t)(i % 3000));
        _exit(0);
    }
    bool good = true;
    for (int i = 0; i < RECORDS && good;)
        if (mailbox_front(&in) != NULL)
            good = take_record(i, (size_t)(i % 3000)), i++;
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(good);
}

static void a_writer_that_is_killed_leaves_whole_records_only(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        mailbox_open(&out, segment, 0, 1); /* goes on where the one before was killed */
        mailbox_open(&in, segment, 0, 1);
        pid_t child = fork();
        if (child == 0)
            for (int i = 0;;)
                i += send_record(i, (size_t)(i * 37 % 3000));
        int taken = 0;
        bool good = true;
        while (good && taken < 100 + 13 * round)
            if (mailbox_front(&in) != NULL) {
                good = take_record(taken, (size_t)(taken * 37 % 3000));
                taken++;
            }
        kill(child, SIGKILL); /* somewhere in the middle of a record */
        waitpid(child, NULL, 0);
        for (; good && mailbox_front(&in) != NULL; taken++)
            good = take_record(taken, (size_t)(taken * 37 % 3000));
        assert_true(good);
    }
}

static void news_and_bell_reach_the_slot(void **state)
{
    (void)state;
    struct segment_rank *slot = segment_rank(segment, 2);
    uint32_t bell = atomic_load(&slot->bell);
    segment_tell(segment, 2, 1);
    assert_int_equal(atomic_load(&slot->news[0]), 1u << 1);
    assert_int_equal(atomic_load(&slot->bell), bell); /* nobody sleeps: no system call */
    atomic_store(&slot->sleeping, 1);
    segment_tell(segment, 2, 0);
    assert_int_equal(atomic_load(&slot->news[0]), 3);
    assert_int_not_equal(atomic_load(&slot->bell), bell);
}

static void rings_of_the_largest_world_do_not_overlap_and_cost_nothing_untouched(void **state)
{
    (void)state;
    struct segment_settings settings = {.sends = SEGMENT_SENDS_DEFAULT};
    struct problem problem;
    struct segment *large;
    assert_int_equal(segment_create(MPIMOCK_RANKS_MAX, NULL, &settings, &large, NULL, &problem), 0);
    int last = MPIMOCK_RANKS_MAX - 1;
    assert_ptr_equal(segment_ring_data(large, last, last) + large->ring_bytes, (unsigned char *)large + large->bytes);
    assert_true((unsigned char *)segment_ring(large, last, last) + sizeof(struct segment_ring) <=
                segment_ring_data(large, 0, 0));
    assert_true(large->eager_limit + sizeof(struct envelope) < large->ring_bytes);
    segment_unmap(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_empty_ring_has_no_front, begin, finish),
        cmocka_unit_test_setup_teardown(a_record_arrives_as_it_was_sent, begin, finish),
        cmocka_unit_test_setup_teardown(nothing_is_seen_before_it_is_committed, begin, finish),
        cmocka_unit_test_setup_teardown(a_full_ring_refuses_and_says_so_to_the_reader, begin, finish),
        cmocka_unit_test_setup_teardown(records_of_all_sizes_survive_many_turns, begin, finish),
        cmocka_unit_test_setup_teardown(a_record_crosses_between_processes, begin, finish),
        cmocka_unit_test_setup_teardown(a_writer_that_is_killed_leaves_whole_records_only, begin, finish),
        cmocka_unit_test_setup_teardown(news_and_bell_reach_the_slot, begin, finish),
        cmocka_unit_test(rings_of_the_largest_world_do_not_overlap_and_cost_nothing_untouched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
