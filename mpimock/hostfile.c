/* SPDX-License-Identifier: BSD-2-Clause */
/* hostfile.c: reads hostfiles; see hostfile.h for the two dialects.
 *
 * Relies on nothing. A line that is in neither dialect is refused with its number, and nothing is kept then. A host
 * that comes again adds its slots to the first.
 */
#include "hostfile.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX (1024u * 1024)
#define NAME_MAX_BYTES 253 /* RFC 1035 */
#define SLOTS_MAX      65536
#define WORD_MAX       40 /* of a word of the user's in a sentence */

/* Where a sentence is about. */
struct place {
    const char *path;
    int line;
    struct problem *problem;
};

struct word {
    const char *text;
    size_t length;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The next word before `end`; empty: there is none. */
static struct word next_word(const char **cursor, const char *end)
{
    while (*cursor < end && is_blank(**cursor))
        (*cursor)++;
    struct word word = {*cursor, 0};
    while (*cursor < end && !is_blank(**cursor))
        (*cursor)++;
    word.length = (size_t)(*cursor - word.text);
    return word;
}

static int shown(struct word word)
{
    return (int)(word.length < WORD_MAX ? word.length : WORD_MAX);
}

static bool is_name(struct word word)
{
    if (word.length == 0 || word.length > NAME_MAX_BYTES || !isalnum((unsigned char)word.text[0]))
        return false;
    for (size_t i = 0; i < word.length; i++) {
        unsigned char c = (unsigned char)word.text[i];
        if (!isalnum(c) && c != '.' && c != '-' && c != '_')
            return false;
    }
    return true;
}

static int parse_slots(struct word word, const struct place *place, int *slots)
{
    long value = 0;
    bool good = word.length > 0;
    for (size_t i = 0; i < word.length && good; i++) {
        good = isdigit((unsigned char)word.text[i]);
        value = value * 10 + (word.text[i] - '0');
        good = good && value <= SLOTS_MAX;
    }
    if (!good || value < 1)
        return problem_set(place->problem, EINVAL, "%s:%d: \"%.*s\" is no number of slots: it must be from 1 to %d",
                           place->path, place->line, shown(word), word.text, SLOTS_MAX);
    *slots = (int)value;
    return 0;
}

/* `key=value`, of which the key is given; the value may be empty. */
static bool has_key(struct word word, const char *key, struct word *value)
{
    size_t length = strlen(key);
    if (word.length < length + 1 || memcmp(word.text, key, length) != 0 || word.text[length] != '=')
        return false;
    *value = (struct word){word.text + length + 1, word.length - length - 1};
    return true;
}

/* The words behind the host's name. */
static int parse_options(const char *cursor, const char *end, bool hydra, const struct place *place, int *slots)
{
    struct word word, value;
    int most = INT_MAX, error = 0;
    bool given = false;
    while (error == 0 && (word = next_word(&cursor, end)).length > 0) {
        if (!hydra && has_key(word, "slots", &value)) {
            error = parse_slots(value, place, slots);
            given = true;
        } else if (!hydra && (has_key(word, "max_slots", &value) || has_key(word, "max-slots", &value))) {
            error = parse_slots(value, place, &most);
        } else if (!has_key(word, "ifname", &value) && !has_key(word, "binding", &value)) {
            error = problem_set(place->problem, EINVAL,
                                "%s:%d: \"%.*s\" is not understood: a line is `host slots=4 max_slots=8` (Open MPI) or "
                                "`host:4` (MPICH)",
                                place->path, place->line, shown(word), word.text);
        }
    }
    if (error == 0 && given && *slots > most)
        error = problem_set(place->problem, EINVAL, "%s:%d: slots=%d is more than max_slots=%d", place->path,
                            place->line, *slots, most);
    return error;
}

static int add_host(struct hostfile *hostfile, struct word name, int slots, const struct place *place)
{
    if (hostfile_slots(hostfile) > INT_MAX - SLOTS_MAX)
        return problem_set(place->problem, EINVAL, "%s:%d: too many slots", place->path, place->line);
    for (size_t i = 0; i < hostfile->count; i++) {
        struct hostfile_host *host = &hostfile->hosts[i];
        if (strlen(host->name) == name.length && memcmp(host->name, name.text, name.length) == 0) {
            host->slots += slots;
            return 0;
        }
    }
    struct hostfile_host *more = realloc(hostfile->hosts, (hostfile->count + 1) * sizeof *more);
    char *copy = more == NULL ? NULL : strndup(name.text, name.length);
    if (more != NULL)
        hostfile->hosts = more;
    if (copy == NULL)
        return problem_set(place->problem, ENOMEM, "%s:%d: out of memory", place->path, place->line);
    hostfile->hosts[hostfile->count++] = (struct hostfile_host){copy, slots};
    return 0;
}

static int parse_line(struct hostfile *hostfile, const char *line, const char *end, const struct place *place)
{
    const char *comment = memchr(line, '#', (size_t)(end - line));
    const char *cursor = line;
    int slots = 1, error = 0;
    if (comment != NULL)
        end = comment;
    struct word name = next_word(&cursor, end);
    if (name.length == 0)
        return 0;
    const char *colon = memchr(name.text, ':', name.length);
    if (colon != NULL) {
        struct word number = {colon + 1, (size_t)(name.text + name.length - colon - 1)};
        error = parse_slots(number, place, &slots);
        name.length = (size_t)(colon - name.text);
    }
    if (error == 0 && !is_name(name))
        error = problem_set(place->problem, EINVAL, "%s:%d: \"%.*s\" is no host name (letters, digits, `.`, `-`, `_`)",
                            place->path, place->line, shown(name), name.text);
    if (error == 0)
        error = parse_options(cursor, end, colon != NULL, place, &slots);
    if (error == 0)
        error = add_host(hostfile, name, slots, place);
    return error;
}

int hostfile_parse(struct hostfile *hostfile, const char *text, size_t length, const char *path,
                   struct problem *problem)
{
    struct hostfile parsed = {NULL, 0};
    struct place place = {path, 0, problem};
    const char *end = text + length;
    int error = 0;
    while (text < end && error == 0) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *end_of_line = newline != NULL ? newline : end;
        place.line++;
        error = parse_line(&parsed, text, end_of_line, &place);
        text = newline != NULL ? newline + 1 : end;
    }
    if (error == 0 && parsed.count == 0)
        error = problem_set(problem, EINVAL, "%s: names no host", path);
    if (error != 0) {
        hostfile_finish(&parsed);
        return error;
    }
    *hostfile = parsed;
    return 0;
}

int hostfile_read(struct hostfile *hostfile, const char *path, struct problem *problem)
{
    int error;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return problem_set(problem, errno, "cannot open the hostfile %s: %s", path, strerror(errno));
    char *text = NULL;
    size_t length = 0, room = 0, got = 1;
    do {
        if (length == room) {
            room = room == 0 ? 4096 : room * 2;
            char *more = room > FILE_BYTES_MAX ? NULL : realloc(text, room);
            if (more == NULL) {
                error = problem_set(problem, ENOMEM, "the hostfile %s is too large (more than %u bytes)", path,
                                    FILE_BYTES_MAX);
                goto close_file;
            }
            text = more;
        }
        errno = 0;
        got = fread(text + length, 1, room - length, file);
        length += got;
    } while (got > 0);
    if (ferror(file))
        error = problem_set(problem, errno != 0 ? errno : EIO, "cannot read the hostfile %s: %s", path,
                            strerror(errno != 0 ? errno : EIO));
    else
        error = hostfile_parse(hostfile, text, length, path, problem);
close_file:
    fclose(file);
    free(text);
    return error;
}

void hostfile_finish(struct hostfile *hostfile)
{
    for (size_t i = 0; i < hostfile->count; i++)
        free(hostfile->hosts[i].name);
    free(hostfile->hosts);
    *hostfile = (struct hostfile){NULL, 0};
}

int hostfile_slots(const struct hostfile *hostfile)
{
    int sum = 0;
    for (size_t i = 0; i < hostfile->count; i++)
        sum += hostfile->hosts[i].slots;
    return sum;
}

int hostfile_node_of(const struct hostfile *hostfile, int rank)
{
    int slot = rank % hostfile_slots(hostfile);
    size_t host = 0;
    while (slot >= hostfile->hosts[host].slots)
        slot -= hostfile->hosts[host++].slots;
    return (int)host;
}
