/* SPDX-License-Identifier: BSD-2-Clause */
/* test_needed.c: the libraries that an ELF file names are read from well-made files, and nothing else is believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../runner/needed.h"
#include "../../runner/random.h"

/* A shared object as small as can be: loaded at address BASE, so that addresses are not offsets. */
#define BASE 0x10000

struct object {
    ElfW(Ehdr) header;
    ElfW(Phdr) segments[2];
    ElfW(Dyn) dynamic[8];
    char strings[64];
};

static char path[] = "/tmp/mrt_needed_XXXXXX";
static char names[256]; /* what was named, a blank after each */

static int make_file(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    if (fd < 0)
        return -1;
    close(fd);
    return 0;
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static struct object good(void)
{
    struct object object = {
        .header = {.e_type = ET_DYN,
                   .e_phoff = offsetof(struct object, segments),
                   .e_phentsize = sizeof(ElfW(Phdr)),
                   .e_phnum = 2},
        .segments = {{.p_type = PT_LOAD, .p_vaddr = BASE, .p_filesz = sizeof object, .p_memsz = sizeof object},
                     {.p_type = PT_DYNAMIC,
                      .p_offset = offsetof(struct object, dynamic),
                      .p_filesz = sizeof object.dynamic}},
        .strings = "\0libmpi.so.40\0libc.so.6",
    };
    const ElfW(Dyn) dynamic[] = {
        {.d_tag = DT_NEEDED, .d_un = {.d_val = 1}},
        {.d_tag = DT_NEEDED, .d_un = {.d_val = 14}},
        {.d_tag = DT_STRTAB, .d_un = {.d_ptr = BASE + offsetof(struct object, strings)}},
        {.d_tag = DT_STRSZ, .d_un = {.d_val = sizeof object.strings}},
        {.d_tag = DT_FLAGS_1, .d_un = {.d_val = DF_1_NOW}},
        {.d_tag = DT_NULL},
        {.d_tag = DT_NEEDED, .d_un = {.d_val = 9999}}, /* after the end: not read */
    };
    memcpy(object.dynamic, dynamic, sizeof dynamic);
    memcpy(object.header.e_ident, ELFMAG, SELFMAG);
    object.header.e_ident[EI_CLASS] = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;
    object.header.e_ident[EI_DATA] = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;
    return object;
}

static bool note(void *argument, const char *name)
{
    (void)argument;
    strncat(names, name, sizeof names - strlen(names) - 2);
    strcat(names, " ");
    return true;
}

static bool note_one(void *argument, const char *name)
{
    note(argument, name);
    return false;
}

static int read_bytes(const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    names[0] = '\0';
    return needed_read(path, note, NULL);
}

static int read_object(const struct object *object)
{
    return read_bytes(object, sizeof *object);
}

static void names_are_given_in_order(void **state)
{
    (void)state;
    struct object object = good();
    assert_int_equal(read_object(&object), 0);
    assert_string_equal(names, "libmpi.so.40 libc.so.6 ");
    names[0] = '\0';
    assert_int_equal(needed_read(path, note_one, NULL), 0);
    assert_string_equal(names, "libmpi.so.40 ");
}

static void programs_and_object_files_are_told_apart(void **state)
{
    (void)state;
    struct object object = good();
    object.header.e_type = ET_EXEC;
    assert_int_equal(read_object(&object), -ELIBEXEC);
    object.header.e_type = ET_REL;
    assert_int_equal(read_object(&object), -ELIBEXEC);
    object = good();
    object.dynamic[4].d_un.d_val = DF_1_PIE;
    assert_int_equal(read_object(&object), -ELIBEXEC);
    assert_int_equal(needed_read("/proc/self/exe", note, NULL), -ELIBEXEC);
}

static void what_is_no_elf_file_is_told(void **state)
{
    (void)state;
    assert_int_equal(read_bytes("", 0), -ENOEXEC);
    assert_int_equal(read_bytes("\x7f"
                                "EL",
                                3),
                     -ENOEXEC);
    assert_int_equal(read_bytes("#!/bin/sh\nexit 0\n", 17), -ENOEXEC);
    assert_int_equal(needed_read("/nowhere/at/all.so", note, NULL), -ENOENT);
    assert_int_equal(needed_read("/", note, NULL), -EISDIR);
    assert_int_equal(needed_read("", note, NULL), -ENOENT);
}

static void other_machines_are_told(void **state)
{
    (void)state;
    struct object object = good();
    object.header.e_ident[EI_CLASS] ^= ELFCLASS32 ^ ELFCLASS64;
    assert_int_equal(read_object(&object), -ELIBBAD);
    object = good();
    object.header.e_ident[EI_DATA] ^= ELFDATA2LSB ^ ELFDATA2MSB;
    assert_int_equal(read_object(&object), -ELIBBAD);
}

static void a_file_that_was_cut_off_is_told_at_every_length(void **state)
{
    (void)state;
    struct object object = good();
    for (size_t size = 0; size < sizeof object; size++)
        assert_true(read_bytes(&object, size) < 0);
}

static void offsets_that_lead_out_of_the_file_are_refused(void **state)
{
    (void)state;
    static const uint64_t far[] = {sizeof(struct object), 1 << 30, INT64_MAX, UINT64_MAX, UINT64_MAX - 8};
    for (size_t i = 0; i < sizeof far / sizeof *far; i++) {
        struct object object = good();
        object.header.e_phoff = far[i];
        assert_int_equal(read_object(&object), -ELIBBAD);
        object = good();
        object.segments[0].p_offset = far[i];
        assert_int_equal(read_object(&object), -ELIBBAD);
        object = good();
        object.segments[0].p_vaddr = far[i];
        assert_int_equal(read_object(&object), -ELIBBAD);
        object = good();
        object.segments[1].p_offset = far[i];
        assert_int_equal(read_object(&object), -ELIBBAD);
        object = good();
        object.segments[1].p_filesz = far[i];
        assert_int_equal(read_object(&object), -ELIBBAD);
        object = good();
        object.dynamic[0].d_un.d_val = far[i];
        assert_int_equal(read_object(&object), -ELIBBAD);
        object = good();
        object.dynamic[2].d_un.d_ptr = far[i];
        assert_int_equal(read_object(&object), -ELIBBAD);
    }
    struct object object = good();
    object.dynamic[3].d_un.d_val = 10; /* the table ends within a name */
    assert_int_equal(read_object(&object), -ELIBBAD);
    object = good();
    object.header.e_phnum = 0;
    assert_int_equal(read_object(&object), -ELIBBAD);
    object = good();
    object.segments[1].p_type = PT_NOTE; /* nothing dynamic in it */
    assert_int_equal(read_object(&object), -ELIBBAD);
    object = good();
    memset(object.strings, 'x', sizeof object.strings); /* a name without an end */
    assert_int_equal(read_object(&object), -ELIBBAD);
}

static void damaged_files_are_refused_or_read_within_their_bounds(void **state)
{
    (void)state;
    struct random_source source;
    uint64_t seed = 17;
    int read = 0, refused = 0;
    print_message("seed %llu\n", (unsigned long long)seed);
    random_init(&source, seed);
    for (int i = 0; i < 5000; i++) {
        struct object object = good();
        size_t size = sizeof object;
        for (uint64_t j = 1 + random_below(&source, 4); j > 0; j--)
            ((unsigned char *)&object)[random_below(&source, sizeof object)] = (unsigned char)random_next(&source);
        if (random_below(&source, 4) == 0)
            size = (size_t)random_below(&source, sizeof object);
        int error = read_bytes(&object, size);
        assert_true(error <= 0);
        error ? refused++ : read++;
    }
    assert_true(read > 100 && refused > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_given_in_order),
        cmocka_unit_test(programs_and_object_files_are_told_apart),
        cmocka_unit_test(what_is_no_elf_file_is_told),
        cmocka_unit_test(other_machines_are_told),
        cmocka_unit_test(a_file_that_was_cut_off_is_told_at_every_length),
        cmocka_unit_test(offsets_that_lead_out_of_the_file_are_refused),
        cmocka_unit_test(damaged_files_are_refused_or_read_within_their_bounds),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
