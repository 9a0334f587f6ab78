/* SPDX-License-Identifier: BSD-2-Clause */
/* test_wire.c: values and messages come back as they went, and no byte string makes a decoder read past its end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../runner/message.h"

static void values_come_back_in_order(void **state)
{
    (void)state;
    struct wire_writer writer = {0};
    wire_put_u32(&writer, 7);
    wire_put_u64(&writer, 1ull << 40);
    wire_put_f64(&writer, 0.25);
    wire_put_string(&writer, "halo");
    wire_put_bytes(&writer, "a\0b", 3);
    wire_put_string(&writer, NULL);
    assert_false(writer.failed);

    struct wire_reader reader = {.bytes = writer.bytes, .size = writer.size};
    assert_int_equal(wire_get_u32(&reader), 7);
    assert_true(wire_get_u64(&reader) == 1ull << 40);
    assert_true(wire_get_f64(&reader) == 0.25);
    assert_string_equal(wire_get_string(&reader), "halo");
    size_t size;
    const void *bytes = wire_get_bytes(&reader, &size);
    assert_int_equal(size, 3);
    assert_memory_equal(bytes, "a\0b", 3);
    assert_string_equal(wire_get_string(&reader), "");
    assert_true(wire_reader_done(&reader));
    wire_writer_finish(&writer);
}

static void a_reader_past_the_end_gives_nothing_and_remembers(void **state)
{
    (void)state;
    struct wire_reader reader = {.bytes = (const unsigned char *)"\1\0\0", .size = 3};
    assert_int_equal(wire_get_u32(&reader), 0);
    assert_true(reader.failed);
    assert_string_equal(wire_get_string(&reader), "");
    assert_false(wire_reader_done(&reader));
}

static void a_length_that_lies_is_refused(void **state)
{
    (void)state;
    struct wire_writer writer = {0};
    wire_put_u64(&writer, UINT64_MAX);
    wire_put_u32(&writer, 1);
    struct wire_reader reader = {.bytes = writer.bytes, .size = writer.size};
    size_t size = 99;
    wire_get_bytes(&reader, &size);
    assert_int_equal(size, 0);
    assert_true(reader.failed);
    wire_writer_finish(&writer);
}

static void a_string_without_its_end_is_refused(void **state)
{
    (void)state;
    struct wire_writer writer = {0};
    wire_put_bytes(&writer, "abc", 3);
    struct wire_reader reader = {.bytes = writer.bytes, .size = writer.size};
    assert_string_equal(wire_get_string(&reader), "");
    assert_true(reader.failed);
    wire_writer_finish(&writer);
}

static void an_assignment_comes_back(void **state)
{
    (void)state;
    struct wire_writer writer = {0};
    const uint32_t members[] = {1, 2, 5}, incarnations[] = {0, 4, 0}, tests[] = {40, 41};
    const struct message_assign sent = {.assignment = 9, .serial = 77, .unit = -1, .members = members, .incarnations = incarnations, .size = 3, .tests = tests, .count = 2};
    message_assign_encode(&writer, &sent);
    struct message_assign got;
    assert_int_equal(message_assign_decode(writer.bytes, writer.size, &got), 0);
    assert_int_equal(got.assignment, 9);
    assert_int_equal(got.serial, 77);
    assert_int_equal(got.unit, -1);
    assert_int_equal(got.size, 3);
    assert_memory_equal(got.members, members, sizeof members);
    assert_memory_equal(got.incarnations, incarnations, sizeof incarnations);
    assert_int_equal(got.count, 2);
    assert_memory_equal(got.tests, tests, sizeof tests);
    wire_writer_finish(&writer);
}

static void a_result_comes_back_with_output_that_holds_zero_bytes(void **state)
{
    (void)state;
    struct wire_writer writer = {0};
    const struct message_result sent = {.assignment = 1,
                                        .test = 3,
                                        .outcome = OUTCOME_FAILED,
                                        .seconds = 0.5,
                                        .message = "1 != 2",
                                        .place = "in f(), a.c:3",
                                        .warnings = "left a child",
                                        .output = "x\0y",
                                        .output_size = 3};
    message_result_encode(&writer, &sent);
    struct message_result got;
    assert_int_equal(message_result_decode(writer.bytes, writer.size, &got), 0);
    assert_int_equal(got.outcome, OUTCOME_FAILED);
    assert_string_equal(got.message, "1 != 2");
    assert_string_equal(got.place, "in f(), a.c:3");
    assert_string_equal(got.warnings, "left a child");
    assert_int_equal(got.output_size, 3);
    assert_memory_equal(got.output, "x\0y\0", 4);
    wire_writer_finish(&writer);
}

static void hello_and_welcome_come_back(void **state)
{
    (void)state;
    struct wire_writer writer = {0};
    message_hello_encode(&writer, &(struct message_hello){.hash = 42, .host = "n1", .suites = "halo 3", .pid = 12, .start = 34567890123, .problem = ""});
    struct message_hello hello;
    assert_int_equal(message_hello_decode(writer.bytes, writer.size, &hello), 0);
    assert_true(hello.hash == 42);
    assert_int_equal(hello.pid, 12);
    assert_true(hello.start == 34567890123);
    assert_string_equal(hello.host, "n1");
    assert_string_equal(hello.suites, "halo 3");
    const struct message_neighbour neighbours[] = {{.rank = 1, .pid = 10, .start = 11}, {.rank = 4, .pid = 40, .start = 41}};
    message_welcome_encode(&writer, &(struct message_welcome){.go_on = true, .incarnation = 3, .seconds = 2.5, .neighbours = neighbours, .count = 2});
    struct message_welcome welcome;
    assert_int_equal(message_welcome_decode(writer.bytes, writer.size, &welcome), 0);
    assert_true(welcome.go_on);
    assert_int_equal(welcome.incarnation, 3);
    assert_true(welcome.seconds == 2.5);
    assert_int_equal(welcome.count, 2);
    assert_memory_equal(welcome.neighbours, neighbours, sizeof neighbours);
    struct message_stop stop;
    message_stop_encode(&writer, &(struct message_stop){.broken = 1});
    assert_int_equal(message_stop_decode(writer.bytes, writer.size, &stop), 0);
    assert_int_equal(stop.broken, 1);
    wire_writer_finish(&writer);
}

static void a_notice_comes_back_and_an_unknown_outcome_is_refused(void **state)
{
    (void)state;
    struct wire_writer writer = {0};
    struct message_notice sent = {.serial = 8, .member = 3, .outcome = OUTCOME_CRASHED, .reason = "MPI_Abort"}, got;
    message_notice_encode(&writer, &sent);
    assert_int_equal(message_notice_decode(writer.bytes, writer.size, &got), 0);
    assert_int_equal(got.serial, 8);
    assert_int_equal(got.member, 3);
    assert_int_equal(got.outcome, OUTCOME_CRASHED);
    assert_string_equal(got.reason, "MPI_Abort");
    sent.outcome = OUTCOME_COUNT;
    message_notice_encode(&writer, &sent);
    assert_int_not_equal(message_notice_decode(writer.bytes, writer.size, &got), 0);
    wire_writer_finish(&writer);
}

static void an_accord_comes_back(void **state)
{
    (void)state;
    struct wire_writer writer = {0};
    struct message_agree got;
    message_agree_encode(&writer, &(struct message_agree){.serial = 5, .followed = 1, .words = "why"});
    assert_int_equal(message_agree_decode(writer.bytes, writer.size, &got), 0);
    assert_int_equal(got.serial, 5);
    assert_int_equal(got.followed, 1);
    assert_string_equal(got.words, "why");
    assert_int_not_equal(message_agree_decode(writer.bytes, writer.size - 1, &got), 0);
    wire_writer_finish(&writer);
}

static void a_lost_rank_comes_back(void **state)
{
    (void)state;
    struct wire_writer writer = {0};
    struct message_lost sent = {.rank = 3,
                                .incarnation = 2,
                                .test = 77,
                                .outcome = OUTCOME_CRASHED,
                                .how = HOW_SIGNAL,
                                .code = 9,
                                .reason = "was ended by signal 9",
                                .output = "a\0b",
                                .output_size = 3},
                        got;
    message_lost_encode(&writer, &sent);
    assert_int_equal(message_lost_decode(writer.bytes, writer.size, &got), 0);
    assert_int_equal(got.rank, 3);
    assert_int_equal(got.outcome, OUTCOME_CRASHED);
    assert_int_equal(got.how, HOW_SIGNAL);
    assert_int_equal(got.code, 9);
    assert_string_equal(got.reason, "was ended by signal 9");
    assert_int_equal(got.incarnation, 2);
    assert_int_equal(got.test, 77);
    assert_int_equal(got.output_size, 3);
    assert_memory_equal(got.output, "a\0b\0", 4);
    assert_int_not_equal(message_lost_decode(writer.bytes, writer.size - 1, &got), 0);
    sent.how = HOW_COUNT;
    message_lost_encode(&writer, &sent);
    assert_int_not_equal(message_lost_decode(writer.bytes, writer.size, &got), 0);
    wire_writer_finish(&writer);
}

/* Random bytes, and true messages cut or changed anywhere: decoders may refuse, and never touch what is not theirs (the
 * copies are of exact size, so that AddressSanitizer and valgrind see a byte too many). */
static void decoders_survive_any_bytes(void **state)
{
    (void)state;
    const unsigned seed = 20260101;
    print_message("seed %u\n", seed);
    srand(seed);
    struct wire_writer writer = {0};
    const uint32_t numbers[] = {0, 1, 2, 3};
    for (int round = 0; round < 20000; round++) {
        if (round % 3 == 0)
            message_notice_encode(&writer, &(struct message_notice){.serial = 1, .member = 2, .reason = "why"});
        else if (round % 3 == 1)
            message_assign_encode(&writer, &(struct message_assign){.unit = -1, .members = numbers, .size = 4, .tests = numbers, .count = 3});
        else
            message_result_encode(&writer, &(struct message_result){.message = "m", .place = "p", .warnings = "w", .output = "out", .output_size = 3});
        size_t size = (size_t)rand() % (writer.size + 1);
        unsigned char *copy = malloc(size + 1);
        memcpy(copy, writer.bytes, size);
        copy = realloc(copy, size ? size : 1);
        for (int change = rand() % 4; change > 0 && size > 0; change--)
            copy[(size_t)rand() % size] = (unsigned char)rand();
        struct message_assign assign;
        struct message_result result;
        struct message_hello hello;
        struct message_welcome welcome;
        struct message_notice notice;
        if (message_assign_decode(copy, size, &assign) == 0) {
            assert_true(assign.size > 0 && assign.count > 0);
            assert_true((const unsigned char *)(assign.tests + assign.count) <= copy + size);
        }
        if (message_result_decode(copy, size, &result) == 0)
            assert_true(result.outcome < OUTCOME_COUNT && strlen(result.message) < size);
        if (message_notice_decode(copy, size, &notice) == 0)
            assert_true(notice.outcome < OUTCOME_COUNT && strlen(notice.reason) < size);
        message_hello_decode(copy, size, &hello);
        message_welcome_decode(copy, size, &welcome);
        free(copy);
    }
    wire_writer_finish(&writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_back_in_order),
        cmocka_unit_test(a_reader_past_the_end_gives_nothing_and_remembers),
        cmocka_unit_test(a_length_that_lies_is_refused),
        cmocka_unit_test(a_string_without_its_end_is_refused),
        cmocka_unit_test(an_assignment_comes_back),
        cmocka_unit_test(a_result_comes_back_with_output_that_holds_zero_bytes),
        cmocka_unit_test(hello_and_welcome_come_back),
        cmocka_unit_test(a_notice_comes_back_and_an_unknown_outcome_is_refused),
        cmocka_unit_test(an_accord_comes_back),
        cmocka_unit_test(a_lost_rank_comes_back),
        cmocka_unit_test(decoders_survive_any_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
