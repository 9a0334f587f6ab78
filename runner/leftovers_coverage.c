/* SPDX-License-Identifier: BSD-2-Clause */
/* leftovers_coverage.c: coverage data (gcc's and clang's --coverage) of a process that ends without exit().
 *
 * Each program and shared object that was compiled so has a function of its own that writes its counters, hidden by gcc; it is
 * found by name in the object's symbol table, where the dynamic one does not have it. Where the process is broken this happens in
 * a forked copy of it, which has its counters and may hang or crash without any harm. */
#include "leftovers.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 300

/* "__gcov_dump" if it is there, else what gcc's destructors call; 0: neither. */
static uintptr_t find_in(const unsigned char *file, size_t size)
{
    const ElfW(Ehdr) *header = (const void *)file;
    uintptr_t found = 0;
    if (size < sizeof *header || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_shoff > size ||
        header->e_shentsize != sizeof(ElfW(Shdr)) || header->e_shnum > (size - header->e_shoff) / sizeof(ElfW(Shdr)))
        return 0;
    const ElfW(Shdr) *sections = (const void *)(file + header->e_shoff);
    for (size_t i = 0; i < header->e_shnum; i++) {
        const ElfW(Shdr) *section = &sections[i];
        if (section->sh_type != SHT_SYMTAB || section->sh_link >= header->e_shnum || section->sh_offset > size ||
            section->sh_size > size - section->sh_offset)
            continue;
        const ElfW(Shdr) *strings = &sections[section->sh_link];
        if (strings->sh_offset > size || strings->sh_size > size - strings->sh_offset || strings->sh_size == 0 ||
            file[strings->sh_offset + strings->sh_size - 1] != '\0')
            continue;
        const ElfW(Sym) *symbols = (const void *)(file + section->sh_offset);
        for (size_t k = 0; k < section->sh_size / sizeof *symbols; k++) {
            if ((symbols[k].st_info & 0xf) != STT_FUNC || symbols[k].st_shndx == SHN_UNDEF || symbols[k].st_name >= strings->sh_size)
                continue;
            const char *name = (const char *)file + strings->sh_offset + symbols[k].st_name;
            if (strcmp(name, "__gcov_dump") == 0)
                return symbols[k].st_value;
            if (strcmp(name, "__gcov_exit") == 0)
                found = symbols[k].st_value;
        }
    }
    return found;
}

static int write_of(struct dl_phdr_info *info, size_t info_size, void *unused)
{
    const char *path = info->dlpi_name && info->dlpi_name[0] ? info->dlpi_name : "/proc/self/exe";
    struct stat status;
    (void)info_size, (void)unused;
    if (strncmp(path, "/usr/lib", 8) == 0 || strncmp(path, "/lib", 4) == 0)
        return 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &status) != 0 || status.st_size <= 0) {
        if (file >= 0)
            close(file);
        return 0;
    }
    size_t size = (size_t)status.st_size;
    void *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0);
    close(file);
    if (bytes == MAP_FAILED)
        return 0;
    uintptr_t offset = find_in(bytes, size);
    munmap(bytes, size);
    if (offset != 0)
        ((void (*)(void))(info->dlpi_addr + offset))();
    return 0;
}

void leftovers_write_coverage(void)
{
    dl_iterate_phdr(write_of, NULL);
}

void leftovers_flush_coverage(void)
{
    pid_t child = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL); /* fork() waits for locks that are perhaps held */
    if (child == 0) {
        for (int number = 1; number < NSIG; number++)
            signal(number, SIG_DFL);
        dl_iterate_phdr(write_of, NULL);
        for (;;)
            syscall(SYS_exit_group, 0);
    }
    for (int waited = 0; child > 0; waited++) {
        if (waitpid(child, NULL, WNOHANG) == child)
            return;
        if (waited == PATIENCE_MS)
            kill(child, SIGKILL);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}
