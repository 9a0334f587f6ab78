/* SPDX-License-Identifier: BSD-2-Clause */
/* test_text.c: bytes of any origin become what a form allows, within bounds; durations read as people write them. */
#include <inttypes.h>
#include <locale.h>
#include <math.h>

#include "../../runner/text.h"
#include "report_events.h"

#define FFFD "\xEF\xBF\xBD"

static void assert_clean_is(enum text_form form, const char *bytes, size_t size, const char *expected)
{
    struct text text = {0};

    text_add_clean(&text, form, bytes, size);
    assert_false(text.failed);
    assert_string_equal(text_string(&text), expected);
    text_finish(&text);
}
#define CLEAN_IS(form, literal, expected) assert_clean_is(form, literal, sizeof(literal) - 1, expected)

static void valid_utf8_stays(void **state)
{
    (void)state;
    CLEAN_IS(TEXT_UTF8, "plain\tand\nlines", "plain\tand\nlines");
    CLEAN_IS(TEXT_UTF8, "\xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80 " FFFD, "\xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80 " FFFD);
    CLEAN_IS(TEXT_UTF8, "\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF", "\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF");
}

static void invalid_utf8_becomes_replacement_characters(void **state)
{
    (void)state;
    CLEAN_IS(TEXT_UTF8, "a\xFFz", "a" FFFD "z");
    CLEAN_IS(TEXT_UTF8, "\x80\xBF", FFFD FFFD);
    CLEAN_IS(TEXT_UTF8, "\xC0\xAF", FFFD FFFD);                   /* overlong */
    CLEAN_IS(TEXT_UTF8, "\xE0\x80\x80", FFFD FFFD FFFD);          /* overlong */
    CLEAN_IS(TEXT_UTF8, "\xED\xA0\x80", FFFD FFFD FFFD);          /* a surrogate */
    CLEAN_IS(TEXT_UTF8, "\xF4\x90\x80\x80", FFFD FFFD FFFD FFFD); /* above U+10FFFF */
    CLEAN_IS(TEXT_UTF8, "\xE2\x82", FFFD);                        /* cut off: one for what was good so far */
    CLEAN_IS(TEXT_UTF8, "\xF0\x9F\x98", FFFD);
    CLEAN_IS(TEXT_UTF8, "\xF0\x9F\x98z", FFFD "z");
    CLEAN_IS(TEXT_UTF8, "a\0b", "a" FFFD "b");
}

static void xml_gets_only_what_it_allows(void **state)
{
    (void)state;
    CLEAN_IS(TEXT_XML, "a\x1B[31m\x01\t\r\n<&>]]>", "a" FFFD "[31m" FFFD "\t\r\n<&>]]>");
    CLEAN_IS(TEXT_XML, "\xEF\xBF\xBE\xEF\xBF\xBF\xEF\xBF\xBC", FFFD FFFD "\xEF\xBF\xBC");
    CLEAN_IS(TEXT_XML, "\0\xFF", FFFD FFFD);
}

static void a_terminal_gets_no_control_characters(void **state)
{
    (void)state;
    CLEAN_IS(TEXT_TERMINAL, "\x1B[2J\a\b\x7F", "\\x1b[2J\\x07\\x08\\x7f");
    CLEAN_IS(TEXT_TERMINAL,
             "\xC2\x9B"
             "31m",
             "\\x9b31m"); /* C1: CSI */
    CLEAN_IS(TEXT_TERMINAL, "a\r\nb\rc\n", "a\nb\nc\n");
    CLEAN_IS(TEXT_TERMINAL, "a\0b", "a\\x00b");
}

static void a_line_stays_one(void **state)
{
    (void)state;
    CLEAN_IS(TEXT_LINE, "a\nb\r\nc\td\re\x1B", "a b c d e\\x1b");
}

static void what_fits_is_not_cut(void **state)
{
    struct text text = {0};

    (void)state;
    text_add_cut(&text, TEXT_UTF8, "12345678", 8, 8);
    assert_string_equal(text_string(&text), "12345678");
    text_finish(&text);
}

static void long_text_keeps_head_and_tail_at_lines(void **state)
{
    struct text given = {0}, cut = {0};

    (void)state;
    for (int i = 0; i < 1000; i++)
        text_printf(&given, "line %03d\n", i);
    text_add_cut(&cut, TEXT_UTF8, given.bytes, given.size, 100);
    assert_int_equal(strncmp(text_string(&cut), "line 000\nline 001\n", 18), 0);
    assert_contains(text_string(&cut), "line 004\n[8910 bytes left out]\nline 995\n");
    assert_string_equal(cut.bytes + cut.size - 9, "line 999\n");
    text_finish(&given);
    text_finish(&cut);
}

static void a_cut_never_splits_a_character(void **state)
{
    struct text given = {0};

    (void)state;
    for (int i = 0; i < 200; i++)
        text_add_string(&given, "\xE2\x82\xAC");
    for (size_t bound = 0; bound < 40; bound++) {
        struct text cut = {0};

        text_add_cut(&cut, TEXT_UTF8, given.bytes, given.size, bound);
        assert_lacks(text_string(&cut), FFFD);
        assert_contains(text_string(&cut), " bytes left out]");
        assert_true(cut.size <= bound + 40);
        text_finish(&cut);
    }
    text_finish(&given);
}

static void lines_are_indented_and_empty_ones_at_the_end_dropped(void **state)
{
    struct text text = {0};

    (void)state;
    text_add_indented(&text, "  ", "a\n\nb\n\n\n", 7);
    assert_string_equal(text_string(&text), "  a\n\n  b\n");
    text_clear(&text);
    text_add_indented(&text, "  ", "\n\n", 2);
    text_add_indented(&text, "  ", "", 0);
    assert_string_equal(text_string(&text), "");
    text_finish(&text);
}

static void quoted_strings_escape_what_json_and_yaml_need(void **state)
{
    static const char bytes[] = "a\"b\\c\n\t\x01\x7F\xFF\0\xC2\x85\xE2\x80\xA8\xEF\xBB\xBF\xC3\xA4";
    struct text text = {0};

    (void)state;
    text_add_quoted(&text, bytes, sizeof bytes - 1);
    assert_string_equal(text_string(&text),
                        "\"a\\\"b\\\\c\\n\\t\\u0001\\u007f" FFFD FFFD "\\u0085\\u2028\\ufeff\xC3\xA4\"");
    text_finish(&text);
}

static void numbers_become_ranges(void **state)
{
    static const int numbers[] = {0, 1, 2, 3, 5, 7, 8};
    struct text text = {0};
    int odd[40];

    (void)state;
    text_add_ranges(&text, numbers, 7);
    assert_string_equal(text_string(&text), "0-3,5,7-8");
    text_clear(&text);
    text_add_ranges(&text, numbers, 0);
    assert_string_equal(text_string(&text), "");
    for (int i = 0; i < 40; i++)
        odd[i] = 2 * i + 1;
    text_add_ranges(&text, odd, 40);
    assert_string_equal(text_string(&text), "1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31 and 24 more");
    text_finish(&text);
}

static void durations_read_as_people_write_them(void **state)
{
    static const struct {
        double seconds;
        const char *words;
    } expected[] = {
        {0, "0.0 ms"},         {0.0004, "0.4 ms"},    {0.00999, "10 ms"},  {0.025, "25 ms"},      {0.9994, "999 ms"},
        {0.9996, "1.00 s"},    {1.239, "1.24 s"},     {59.994, "59.99 s"}, {59.996, "1 min 0 s"}, {125, "2 min 5 s"},
        {3599.6, "1 h 0 min"}, {12000, "3 h 20 min"}, {-1, "0.0 ms"},      {NAN, "0.0 ms"},       {INFINITY, "0.0 ms"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        struct text text = {0};

        text_add_duration(&text, expected[i].seconds);
        assert_string_equal(text_string(&text), expected[i].words);
        text_finish(&text);
    }
}

static void seconds_have_a_point_in_every_locale(void **state)
{
    struct text text = {0};

    (void)state;
    setlocale(LC_ALL, "de_DE.UTF-8"); /* where it is not installed nothing changes, and the test is only weaker */
    text_add_seconds(&text, 1.0625, 3);
    text_add_string(&text, " ");
    text_add_seconds(&text, 2.5, 0);
    text_add_string(&text, " ");
    text_add_seconds(&text, 0.05, 6);
    setlocale(LC_ALL, "C");
    assert_string_equal(text_string(&text), "1.063 3 0.050000");
    text_finish(&text);
}

static uint64_t next_random(uint64_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random;
}

/* An independent reading of UTF-8: mbrtowc would depend on locales that are installed. */
static bool is_utf8(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size;) {
        size_t length = bytes[i] < 0x80       ? 1
                        : bytes[i] >> 5 == 6  ? 2
                        : bytes[i] >> 4 == 14 ? 3
                        : bytes[i] >> 3 == 30 ? 4
                                              : 0;
        uint32_t value = length == 1 ? bytes[i] : length ? bytes[i] & (0xFFu >> (length + 1)) : 0;

        if (length == 0 || i + length > size)
            return false;
        for (size_t j = 1; j < length; j++) {
            if (bytes[i + j] >> 6 != 2)
                return false;
            value = value << 6 | (bytes[i + j] & 0x3F);
        }
        if ((length == 2 && value < 0x80) || (length == 3 && value < 0x800) || (length == 4 && value < 0x10000) ||
            value > 0x10FFFF || (value >= 0xD800 && value < 0xE000))
            return false;
        i += length;
    }
    return true;
}

static void whatever_comes_in_valid_utf8_comes_out(void **state)
{
    static const unsigned char likely[] = "\xC2\xE0\xED\xF0\xF4\x80\x8F\x9F\xA0\xBF\n\r\t\x1B\0aZ\xEF\xBE\xFF";
    uint64_t seed = 20240917, random = seed;

    (void)state;
    print_message("seed %" PRIu64 "\n", seed);
    for (int round = 0; round < 20000; round++) {
        char bytes[64];
        size_t size = next_random(&random) % sizeof bytes, bound = next_random(&random) % sizeof bytes;
        enum text_form form = (enum text_form)(next_random(&random) % 4);
        struct text clean = {0}, again = {0}, cut = {0}, quoted = {0};

        for (size_t i = 0; i < size; i++)
            bytes[i] = (char)likely[next_random(&random) % (sizeof likely - 1)];
        text_add_clean(&clean, form, bytes, size);
        assert_true(is_utf8((const unsigned char *)text_string(&clean), clean.size));
        assert_int_equal(strlen(text_string(&clean)), clean.size); /* no NUL */
        text_add_clean(&again, form, text_string(&clean), clean.size);
        assert_string_equal(text_string(&again), text_string(&clean)); /* what is clean stays */
        text_add_cut(&cut, form, bytes, size, bound);
        assert_true(is_utf8((const unsigned char *)text_string(&cut), cut.size));
        text_add_quoted(&quoted, bytes, size);
        assert_true(is_utf8((const unsigned char *)text_string(&quoted), quoted.size));
        assert_null(strchr(text_string(&quoted), '\n'));
        text_finish(&clean);
        text_finish(&again);
        text_finish(&cut);
        text_finish(&quoted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_utf8_stays),
        cmocka_unit_test(invalid_utf8_becomes_replacement_characters),
        cmocka_unit_test(xml_gets_only_what_it_allows),
        cmocka_unit_test(a_terminal_gets_no_control_characters),
        cmocka_unit_test(a_line_stays_one),
        cmocka_unit_test(what_fits_is_not_cut),
        cmocka_unit_test(long_text_keeps_head_and_tail_at_lines),
        cmocka_unit_test(a_cut_never_splits_a_character),
        cmocka_unit_test(lines_are_indented_and_empty_ones_at_the_end_dropped),
        cmocka_unit_test(quoted_strings_escape_what_json_and_yaml_need),
        cmocka_unit_test(numbers_become_ranges),
        cmocka_unit_test(durations_read_as_people_write_them),
        cmocka_unit_test(seconds_have_a_point_in_every_locale),
        cmocka_unit_test(whatever_comes_in_valid_utf8_comes_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
