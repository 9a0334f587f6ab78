/* SPDX-License-Identifier: BSD-2-Clause */
/* generate_list.c: reads functions.list, whose form its head explains, and the symbols that libmpi exports.
 *
 * A line that is not in that form is refused with its number and what was expected.
 */
#include "generate.h"

#include <ctype.h>
#include <string.h>

static const struct kind kinds[] = {
    {"int", "int", ROLE_PLAIN, NULL, NULL},
    {"int_out", "int *", ROLE_PLAIN, NULL, NULL},
    {"int_inout", "int *", ROLE_PLAIN, NULL, NULL},
    {"ints", "const int %[]", ROLE_PLAIN, NULL, NULL},
    {"ints_out", "int %[]", ROLE_PLAIN, NULL, NULL},
    {"ints_inout", "int %[]", ROLE_PLAIN, NULL, NULL},
    {"bigint", "MPI_Count", ROLE_PLAIN, NULL, NULL},
    {"bigint_out", "MPI_Count *", ROLE_PLAIN, NULL, NULL},
    {"bigint_inout", "MPI_Count *", ROLE_PLAIN, NULL, NULL},
    {"aint", "MPI_Aint", ROLE_PLAIN, NULL, NULL},
    {"aint_out", "MPI_Aint *", ROLE_PLAIN, NULL, NULL},
    {"aint_inout", "MPI_Aint *", ROLE_PLAIN, NULL, NULL},
    {"aints", "const MPI_Aint %[]", ROLE_PLAIN, NULL, NULL},
    {"aints_out", "MPI_Aint %[]", ROLE_PLAIN, NULL, NULL},
    {"offset", "MPI_Offset", ROLE_PLAIN, NULL, NULL},
    {"offset_out", "MPI_Offset *", ROLE_PLAIN, NULL, NULL},
    {"fint", "MPI_Fint", ROLE_PLAIN, NULL, NULL},
    {"double", "double", ROLE_PLAIN, NULL, NULL},
    {"string", "const char *", ROLE_PLAIN, NULL, NULL},
    {"string_out", "char *", ROLE_PLAIN, NULL, NULL},
    {"pointer", "void *", ROLE_PLAIN, NULL, NULL},

    {"buffer", "const void *", ROLE_PLAIN, NULL, NULL},
    {"buffer_out", "void *", ROLE_PLAIN, NULL, NULL},
    {"buffer_inout", "void *", ROLE_PLAIN, NULL, NULL},
    {"count", "int", ROLE_ELEMENTS, NULL, NULL},
    {"bigcount", "MPI_Count", ROLE_ELEMENTS, NULL, NULL},
    {"counts", "const int %[]", ROLE_PLAIN, NULL, NULL},
    {"bigcounts", "const MPI_Count %[]", ROLE_PLAIN, NULL, NULL},
    {"dest", "int", ROLE_PEER, NULL, NULL},
    {"source", "int", ROLE_PEER, NULL, NULL},
    {"root", "int", ROLE_PEER, NULL, NULL},
    {"rank", "int", ROLE_PEER, NULL, NULL},
    {"target", "int", ROLE_PEER, NULL, NULL},
    {"tag", "int", ROLE_TAG, NULL, NULL},
    {"status", "MPI_Status *", ROLE_PLAIN, NULL, NULL},
    {"status_in", "const MPI_Status *", ROLE_PLAIN, NULL, NULL},
    {"statuses", "MPI_Status %[]", ROLE_PLAIN, NULL, NULL},

    {"comm", "MPI_Comm", ROLE_COMM, "MPI_COMM_NULL", "MPI_ERR_COMM"},
    {"comm_out", "MPI_Comm *", ROLE_COMM_OUT, NULL, NULL},
    {"comm_free", "MPI_Comm *", ROLE_COMM_FREE, "MPI_COMM_NULL", "MPI_ERR_COMM"},
    {"win", "MPI_Win", ROLE_WIN, "MPI_WIN_NULL", "MPI_ERR_WIN"},
    {"win_out", "MPI_Win *", ROLE_WIN_OUT, NULL, NULL},
    {"win_free", "MPI_Win *", ROLE_WIN_FREE, "MPI_WIN_NULL", "MPI_ERR_WIN"},
    {"file", "MPI_File", ROLE_FILE, "MPI_FILE_NULL", "MPI_ERR_FILE"},
    {"file_out", "MPI_File *", ROLE_FILE_OUT, NULL, NULL},
    {"file_free", "MPI_File *", ROLE_FILE_FREE, "MPI_FILE_NULL", "MPI_ERR_FILE"},

    {"datatype", "MPI_Datatype", ROLE_HANDLE, "MPI_DATATYPE_NULL", "MPI_ERR_TYPE"},
    {"datatype_out", "MPI_Datatype *", ROLE_MADE, NULL, NULL},
    {"datatype_inout", "MPI_Datatype *", ROLE_HANDLE_AT, "MPI_DATATYPE_NULL", "MPI_ERR_TYPE"},
    {"datatype_free", "MPI_Datatype *", ROLE_GONE, "MPI_DATATYPE_NULL", "MPI_ERR_TYPE"},
    {"datatype_got", "MPI_Datatype *", ROLE_PLAIN, NULL, NULL}, /* perhaps a predefined one */
    {"datatypes", "const MPI_Datatype %[]", ROLE_PLAIN, NULL, NULL},
    {"datatypes_out", "MPI_Datatype %[]", ROLE_PLAIN, NULL, NULL},
    {"op", "MPI_Op", ROLE_HANDLE, "MPI_OP_NULL", "MPI_ERR_OP"},
    {"op_out", "MPI_Op *", ROLE_MADE, NULL, NULL},
    {"op_free", "MPI_Op *", ROLE_GONE, "MPI_OP_NULL", "MPI_ERR_OP"},
    {"group", "MPI_Group", ROLE_HANDLE, "MPI_GROUP_NULL", "MPI_ERR_GROUP"},
    {"group_out", "MPI_Group *", ROLE_MADE, NULL, NULL},
    {"group_free", "MPI_Group *", ROLE_GONE, "MPI_GROUP_NULL", "MPI_ERR_GROUP"},
    {"info", "MPI_Info", ROLE_HANDLE, "MPI_INFO_NULL", "MPI_ERR_INFO"},
    {"info_out", "MPI_Info *", ROLE_MADE, NULL, NULL},
    {"info_free", "MPI_Info *", ROLE_GONE, "MPI_INFO_NULL", "MPI_ERR_INFO"},
    {"errhandler", "MPI_Errhandler", ROLE_HANDLE, "MPI_ERRHANDLER_NULL", "MPI_ERR_ARG"},
    {"errhandler_out", "MPI_Errhandler *", ROLE_MADE, NULL, NULL},
    {"errhandler_got", "MPI_Errhandler *", ROLE_PLAIN, NULL, NULL},
    {"errhandler_free", "MPI_Errhandler *", ROLE_GONE, "MPI_ERRHANDLER_NULL", "MPI_ERR_ARG"},
    {"message", "MPI_Message", ROLE_HANDLE, "MPI_MESSAGE_NULL", "MPI_ERR_REQUEST"},
    {"message_out", "MPI_Message *", ROLE_PLAIN, NULL, NULL},
    {"message_inout", "MPI_Message *", ROLE_HANDLE_AT, "MPI_MESSAGE_NULL", "MPI_ERR_REQUEST"},
    {"keyval", "int", ROLE_PLAIN, NULL, NULL},
    {"keyval_out", "int *", ROLE_MADE, NULL, NULL},
    {"keyval_free", "int *", ROLE_GONE, NULL, NULL},

    {"request", "MPI_Request", ROLE_HANDLE, "MPI_REQUEST_NULL", "MPI_ERR_REQUEST"},
    {"request_out", "MPI_Request *", ROLE_REQUEST_OUT, NULL, NULL},
    {"request_inout", "MPI_Request *", ROLE_REQUEST_INOUT, NULL, NULL},
    {"request_needed", "MPI_Request *", ROLE_REQUEST_INOUT, "MPI_REQUEST_NULL", "MPI_ERR_REQUEST"},
    {"requests", "MPI_Request %[]", ROLE_REQUESTS, NULL, NULL},
};

const struct kind *kind_named(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

/* ---- One line ---- */

struct reader {
    char *at; /* what is left of the line */
    const char *path;
    int line;
    struct problem *problem;
};

__attribute__((format(printf, 2, 3))) static int refuse(const struct reader *reader, const char *format, ...)
{
    char why[PROBLEM_MAX / 2];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, sizeof why, format, arguments);
    va_end(arguments);
    return problem_set(reader->problem, EINVAL, "%s, line %d: %s", reader->path, reader->line, why);
}

static void skip_blanks(struct reader *reader)
{
    while (*reader->at == ' ' || *reader->at == '\t')
        reader->at++;
}

/* Takes `character` off the line if it comes next. */
static bool take(struct reader *reader, char character)
{
    skip_blanks(reader);
    if (*reader->at != character)
        return false;
    reader->at++;
    return true;
}

/* Takes a C identifier; "" where none comes next. */
static int take_name(struct reader *reader, char name[static NAME_MAX_])
{
    skip_blanks(reader);
    size_t length = 0;
    while (isalnum((unsigned char)reader->at[length]) || reader->at[length] == '_')
        length++;
    if (length >= NAME_MAX_)
        return refuse(reader, "the name that begins with %.20s is longer than %d letters", reader->at, NAME_MAX_ - 1);
    memcpy(name, reader->at, length);
    name[length] = '\0';
    reader->at += length;
    return 0;
}

static int take_provider(struct reader *reader, struct function *function)
{
    static const struct {
        const char *word;
        enum provider provider;
    } words[] = {
        {"mock", PROVIDER_MOCK}, {"door", PROVIDER_DOOR}, {"door+mock", PROVIDER_DOOR_AND_MOCK}, {"-", PROVIDER_NONE}};
    skip_blanks(reader);
    size_t length = strcspn(reader->at, " \t(");
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strlen(words[i].word) == length && memcmp(reader->at, words[i].word, length) == 0) {
            function->provider = words[i].provider;
            reader->at += length;
            return 0;
        }
    }
    return refuse(reader, "MPI_%s is provided by \"%.*s\"; it must be mock, door, door+mock or -", function->name,
                  (int)length, reader->at);
}

/* "C type" name */
static int take_typed_parameter(struct reader *reader, struct parameter *parameter)
{
    size_t length = strcspn(reader->at, "\"");
    if (reader->at[length] != '"')
        return refuse(reader, "a C type has no closing quotation mark");
    if (length == 0 || length >= TYPE_MAX_)
        return refuse(reader, "a C type must have 1 to %d letters", TYPE_MAX_ - 1);
    memcpy(parameter->type, reader->at, length);
    parameter->type[length] = '\0';
    reader->at += length + 1;
    parameter->role = ROLE_PLAIN;
    return take_name(reader, parameter->name);
}

/* kind[?] [name] */
static int take_kind_parameter(struct reader *reader, struct parameter *parameter)
{
    char word[NAME_MAX_];
    int error = take_name(reader, word);
    if (error)
        return error;
    parameter->kind = kind_named(word);
    if (!parameter->kind)
        return refuse(reader, "there is no kind of parameter \"%s\"%s", word, word[0] ? "" : " (a name is missing)");
    snprintf(parameter->type, sizeof parameter->type, "%s", parameter->kind->type);
    parameter->role = parameter->kind->role;
    if (*reader->at == '?') {
        reader->at++;
        parameter->optional = true;
        if (parameter->role != ROLE_COMM && parameter->role != ROLE_WIN && parameter->role != ROLE_FILE &&
            parameter->role != ROLE_HANDLE)
            return refuse(reader, "only a handle can be optional, \"%s\" is none", word);
        if (parameter->role == ROLE_HANDLE)
            parameter->role = ROLE_PLAIN;
    }
    error = take_name(reader, parameter->name);
    if (!error && !parameter->name[0])
        memcpy(parameter->name, word, sizeof word);
    return error;
}

static int take_parameters(struct reader *reader, struct function *function)
{
    if (!take(reader, '('))
        return refuse(reader, "after the provider of MPI_%s come its parameters in parentheses", function->name);
    if (take(reader, ')'))
        return 0;
    do {
        skip_blanks(reader);
        if (strncmp(reader->at, "...", 3) == 0) {
            reader->at += 3;
            function->variadic = true;
            break;
        }
        if (function->count == PARAMETERS_MAX)
            return refuse(reader, "MPI_%s has more than %d parameters", function->name, PARAMETERS_MAX);
        struct parameter *parameter = &function->parameters[function->count];
        memset(parameter, 0, sizeof *parameter);
        int error =
            take(reader, '"') ? take_typed_parameter(reader, parameter) : take_kind_parameter(reader, parameter);
        if (error)
            return error;
        if (!parameter->name[0])
            return refuse(reader, "a parameter of MPI_%s has a type but no name", function->name);
        for (size_t i = 0; i < function->count; i++)
            if (strcmp(function->parameters[i].name, parameter->name) == 0)
                return refuse(reader, "MPI_%s has two parameters named %s", function->name, parameter->name);
        function->count++;
    } while (take(reader, ','));
    if (!take(reader, ')'))
        return refuse(reader, "in the parameters of MPI_%s a comma or ) is missing before \"%.20s\"", function->name,
                      reader->at);
    return 0;
}

/* [-> kind] */
static int take_result(struct reader *reader, struct function *function)
{
    snprintf(function->result, sizeof function->result, "int");
    function->returns_error = true;
    if (!take(reader, '-'))
        return 0;
    char word[NAME_MAX_] = "";
    int error = take(reader, '>') ? take_name(reader, word) : 0;
    if (error)
        return error;
    const struct kind *kind = kind_named(word);
    if (!kind)
        return refuse(reader, "after MPI_%s(...) comes nothing, or \"-> kind\" with a known kind", function->name);
    snprintf(function->result, sizeof function->result, "%s", kind->type);
    function->returns_error = false;
    return 0;
}

/* Takes the word off the line if it comes next. */
static bool take_word(struct reader *reader, const char *word)
{
    size_t length = strlen(word);
    skip_blanks(reader);
    if (strncmp(reader->at, word, length) != 0)
        return false;
    reader->at += length;
    return true;
}

static bool is_of_many(const struct function *function)
{
    for (size_t i = 0; i < function->count; i++)
        switch (function->parameters[i].role) {
        case ROLE_COMM:
        case ROLE_COMM_FREE:
        case ROLE_WIN:
        case ROLE_WIN_FREE:
        case ROLE_FILE:
        case ROLE_FILE_FREE:
            return true;
        default:
            break;
        }
    return false;
}

static int parse_function(struct reader *reader, struct function *function)
{
    int error = take_name(reader, function->name);
    if (!error && !function->name[0])
        error = refuse(reader, "a line begins with the name of a function, or is empty, or a comment");
    if (!error && strncmp(function->name, "MPI_", 4) == 0)
        error = refuse(reader, "names are given without MPI_: %s", function->name + 4);
    if (!error)
        error = take_provider(reader, function);
    if (error)
        return error;
    function->anytime = take_word(reader, "anytime");
    function->collective = take_word(reader, "collective");
    error = take_parameters(reader, function);
    if (!error)
        error = take_result(reader, function);
    if (!error && function->collective && !is_of_many(function))
        error = refuse(reader, "MPI_%s is collective, but over no communicator, window or file", function->name);
    skip_blanks(reader);
    if (!error && *reader->at)
        error = refuse(reader, "MPI_%s: \"%.20s\" is not understood", function->name, reader->at);
    return error;
}

/* chapter VERSION TITLE */
static int parse_chapter(struct reader *reader, enum version *version)
{
    static const char *const words[] = {[VERSION_31] = "3.1", [VERSION_REMOVED] = "removed", [VERSION_40] = "4.0"};
    skip_blanks(reader);
    size_t length = strcspn(reader->at, " \t");
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strlen(words[i]) == length && memcmp(words[i], reader->at, length) == 0) {
            *version = (enum version)i;
            return 0;
        }
    }
    return refuse(reader, "a chapter is of 3.1, 4.0 or removed, not \"%.*s\"", (int)length, reader->at);
}

int list_parse(struct list *list, char *text, const char *path, struct problem *problem)
{
    struct reader reader = {.path = path, .problem = problem};
    enum version version = VERSION_31;
    bool in_chapter = false;
    list->count = 0;
    for (char *line = text, *next; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        reader.line++;
        reader.at = line;
        skip_blanks(&reader);
        int error = 0;
        if (strncmp(reader.at, "chapter ", 8) == 0) {
            reader.at += 8;
            in_chapter = true;
            error = parse_chapter(&reader, &version);
        } else if (*reader.at && *reader.at != '#') {
            if (!in_chapter)
                return refuse(&reader, "a line \"chapter VERSION TITLE\" must come before the first function");
            if (list->count == FUNCTIONS_MAX)
                return refuse(&reader, "more than %d functions: raise FUNCTIONS_MAX", FUNCTIONS_MAX);
            struct function *function = &list->functions[list->count];
            *function = (struct function){.version = version, .line = reader.line};
            error = parse_function(&reader, function);
            for (size_t i = 0; !error && i < list->count; i++)
                if (strcmp(list->functions[i].name, function->name) == 0)
                    error = refuse(&reader, "MPI_%s is already in line %d", function->name, list->functions[i].line);
            list->count++;
        }
        if (error)
            return error;
    }
    return list->count ? 0 : problem_set(problem, EINVAL, "%s: there is no function in it", path);
}

/* ---- Symbols ---- */

/* Is this symbol a function of MPI's C binding? Names without a small letter after the prefix are Fortran's or
 * predefined objects: MPI_COMM_DUP_FN, MPI_WTIME_F90, MPI_T_PVAR_ALL_HANDLES. */
static bool is_c_function(const char *symbol)
{
    if (strncmp(symbol, "MPI_", 4) != 0)
        return false;
    const char *name = strncmp(symbol, "MPI_T_", 6) == 0 ? symbol + 6 : symbol + 4;
    for (; *name; name++)
        if (islower((unsigned char)*name))
            return true;
    return false;
}

int list_mark_exported(struct list *list, char *symbols, struct problem *problem)
{
    if (!symbols) {
        for (size_t i = 0; i < list->count; i++)
            list->functions[i].exported = list->functions[i].version != VERSION_40;
        return 0;
    }
    size_t marked = 0, missing = 0, length = 0;
    char names[PROBLEM_MAX / 2] = "";
    for (char *line = strtok(symbols, "\r\n"); line; line = strtok(NULL, "\r\n")) {
        char *symbol = strrchr(line, ' ');
        symbol = symbol ? symbol + 1 : line;
        symbol[strcspn(symbol, "@")] = '\0'; /* a version */
        if (!is_c_function(symbol))
            continue;
        size_t i = 0;
        while (i < list->count && strcmp(list->functions[i].name, symbol + 4) != 0)
            i++;
        if (i < list->count) {
            list->functions[i].exported = true;
            marked++;
        } else {
            missing++;
            if (length < sizeof names)
                length += (size_t)snprintf(names + length, sizeof names - length, " %s", symbol);
        }
    }
    if (missing)
        return problem_set(problem, ENOENT,
                           "libmpi exports %zu functions that functions.list lacks, so that calls of them "
                           "would bypass mpimock; add a line for each:%s",
                           missing, names);
    if (!marked)
        return problem_set(problem, EINVAL,
                           "no MPI_* function is among the exported symbols: is that file the output of "
                           "nm -D --defined-only on libmpi?");
    return 0;
}
