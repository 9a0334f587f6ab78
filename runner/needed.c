/* SPDX-License-Identifier: BSD-2-Clause */
/* needed.c: see needed.h. Reads pieces of the file by pread(2): a mapped file that shrinks would end the process. Every
 * offset and size found in the file is checked by the read itself, which must give all of what was asked for. */
#include "needed.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DYNAMIC_MAX    (1024 * 1024) /* bytes of a dynamic section; those of large programs have a few thousand */
#define NAME_MAX_BYTES 4096          /* of one library's name */

#define OUR_CLASS (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32)
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define OUR_DATA ELFDATA2LSB
#else
#define OUR_DATA ELFDATA2MSB
#endif

struct image {
    int fd;
    ElfW(Ehdr) header;
    ElfW(Phdr) * segments; /* [header.e_phnum] */
    ElfW(Dyn) * dynamic;   /* [dynamic_count], to before DT_NULL */
    size_t dynamic_count;
};

/* All of `size` bytes, or -ELIBBAD where the file has less. */
static int read_at(int fd, uint64_t offset, void *bytes, size_t size)
{
    char *to = bytes;
    if (offset > INT64_MAX - size)
        return -ELIBBAD;
    while (size > 0) {
        ssize_t got = pread(fd, to, size, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            return -ELIBBAD;
        to += got;
        offset += (uint64_t)got;
        size -= (size_t)got;
    }
    return 0;
}

static int read_array(int fd, uint64_t offset, size_t size, void **array)
{
    void *bytes = malloc(size);
    if (!bytes)
        return -ENOMEM;
    int error = read_at(fd, offset, bytes, size);
    if (error) {
        free(bytes);
        return error;
    }
    *array = bytes;
    return 0;
}

static int read_header(struct image *image)
{
    ElfW(Ehdr) *header = &image->header;
    int error = read_at(image->fd, 0, header->e_ident, EI_NIDENT);
    if (error && error != -ELIBBAD)
        return error;
    if (error || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
        return -ENOEXEC;
    if (header->e_ident[EI_CLASS] != OUR_CLASS || header->e_ident[EI_DATA] != OUR_DATA)
        return -ELIBBAD;
    error = read_at(image->fd, 0, header, sizeof *header);
    if (error)
        return error;
    if (header->e_type == ET_EXEC || header->e_type == ET_REL)
        return -ELIBEXEC;
    if (header->e_type != ET_DYN || header->e_phentsize != sizeof(ElfW(Phdr)) || header->e_phnum == 0)
        return -ELIBBAD;
    return read_array(image->fd, header->e_phoff, header->e_phnum * sizeof(ElfW(Phdr)), (void **)&image->segments);
}

static int read_dynamic(struct image *image)
{
    const ElfW(Phdr) *segment = image->segments, *end = segment + image->header.e_phnum;
    while (segment < end && segment->p_type != PT_DYNAMIC)
        segment++;
    if (segment == end || segment->p_filesz > DYNAMIC_MAX || segment->p_filesz < sizeof(ElfW(Dyn)))
        return -ELIBBAD;
    size_t count = segment->p_filesz / sizeof(ElfW(Dyn));
    int error = read_array(image->fd, segment->p_offset, count * sizeof(ElfW(Dyn)), (void **)&image->dynamic);
    if (error)
        return error;
    while (image->dynamic_count < count && image->dynamic[image->dynamic_count].d_tag != DT_NULL)
        image->dynamic_count++;
    return 0;
}

static const ElfW(Dyn) * find_dynamic(const struct image *image, ElfW(Sxword) tag)
{
    for (size_t i = 0; i < image->dynamic_count; i++)
        if (image->dynamic[i].d_tag == tag)
            return &image->dynamic[i];
    return NULL;
}

/* Where in the file is what will lie at `address`? */
static int find_offset(const struct image *image, uint64_t address, uint64_t *offset)
{
    for (size_t i = 0; i < image->header.e_phnum; i++) {
        const ElfW(Phdr) *segment = &image->segments[i];
        if (segment->p_type == PT_LOAD && address >= segment->p_vaddr &&
            address - segment->p_vaddr < segment->p_filesz) {
            *offset = segment->p_offset + (address - segment->p_vaddr);
            return 0;
        }
    }
    return -ELIBBAD;
}

/* `name` has room for NAME_MAX_BYTES; at most `room` bytes of the file belong to the string table. */
static int read_name(const struct image *image, uint64_t offset, uint64_t room, char *name)
{
    size_t length = 0;
    do {
        if (length == room || length == NAME_MAX_BYTES)
            return -ELIBBAD;
        int error = read_at(image->fd, offset + length, &name[length], 1);
        if (error)
            return error;
    } while (name[length++]);
    return 0;
}

static int each_name(const struct image *image, bool (*each)(void *argument, const char *name), void *argument)
{
    const ElfW(Dyn) *table = find_dynamic(image, DT_STRTAB), *size = find_dynamic(image, DT_STRSZ);
    char name[NAME_MAX_BYTES];
    uint64_t start;
    if (!table || !size || find_offset(image, table->d_un.d_ptr, &start) < 0)
        return -ELIBBAD;
    for (size_t i = 0; i < image->dynamic_count; i++) {
        if (image->dynamic[i].d_tag != DT_NEEDED)
            continue;
        uint64_t at = image->dynamic[i].d_un.d_val;
        if (at >= size->d_un.d_val)
            return -ELIBBAD;
        int error = read_name(image, start + at, size->d_un.d_val - at, name);
        if (error)
            return error;
        if (!each(argument, name))
            break;
    }
    return 0;
}

/* Is all that will be mapped in the file? The loader does not look, and the process would end by SIGBUS. */
static bool is_whole(const struct image *image, uint64_t size)
{
    for (size_t i = 0; i < image->header.e_phnum; i++) {
        const ElfW(Phdr) *segment = &image->segments[i];
        if (segment->p_type == PT_LOAD && (segment->p_offset > size || segment->p_filesz > size - segment->p_offset))
            return false;
    }
    return true;
}

static int read_image(struct image *image, bool (*each)(void *argument, const char *name), void *argument)
{
    struct stat status;
    if (fstat(image->fd, &status) < 0)
        return -errno;
    if (S_ISDIR(status.st_mode))
        return -EISDIR;
    int error = read_header(image);
    if (error)
        return error;
    if (!is_whole(image, (uint64_t)status.st_size))
        return -ELIBBAD;
    error = read_dynamic(image);
    if (error)
        return error;
    /* A position-independent program is ET_DYN too. */
    const ElfW(Dyn) *flags = find_dynamic(image, DT_FLAGS_1);
    if (flags && (flags->d_un.d_val & DF_1_PIE))
        return -ELIBEXEC;
    return each_name(image, each, argument);
}

int needed_read(const char *path, bool (*each)(void *argument, const char *name), void *argument)
{
    struct image image = {.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)}; /* a FIFO must not block */
    if (image.fd < 0)
        return -errno;
    int error = read_image(&image, each, argument);
    free(image.dynamic);
    free(image.segments);
    close(image.fd);
    return error;
}
