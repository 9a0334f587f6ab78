/* SPDX-License-Identifier: BSD-2-Clause */
/* generate.c: a tool of the build: reads functions.list and writes the code that would otherwise say the same thing
 * hundreds of times.
 *
 *     generate functions.list OUTDIR [SYMBOLS]
 *
 * SYMBOLS is the output of `nm -D --defined-only libmpi.so`; without it code for a build without MPI is made. Into
 * OUTDIR:
 *
 *     backend.h          enum mpimock_function, struct mpimock_backend, the prototypes of mock_*
 *     door_functions.h   the prototypes of door_*
 *     entry.c            MPI_*: the entry points (and PMPI_* where no MPI is installed)
 *     backend_real.c     the table of PMPI_*; only with SYMBOLS
 *     backend_mock.c     the table of mock_*, and the stubs
 *     function_names.c   names for reports
 *     collectives.h      the collective functions, one macro call each, for who stands before a backend
 *
 * A mistake is one sentence on standard error and status 1; then no file can be trusted.
 */
#include "generate.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- Pieces of C ---- */

/* "const int ranks[]" from "const int %[]" and the name; without a name the type for a prototype. */
static void write_declarator(FILE *out, const char *type, const char *name)
{
    const char *place = strchr(type, '%');
    size_t before = place ? (size_t)(place - type) : strlen(type);
    bool pointer = before && type[before - 1] == '*';
    fprintf(out, "%.*s%s%s%s", (int)before, type, pointer || place ? "" : " ", name, place ? place + 1 : "");
}

static void write_result(FILE *out, const struct function *function)
{
    fprintf(out, "%s%s", function->result, function->result[strlen(function->result) - 1] == '*' ? "" : " ");
}

static void write_parameters(FILE *out, const struct function *function)
{
    fputc('(', out);
    for (size_t i = 0; i < function->count; i++) {
        fputs(i ? ", " : "", out);
        write_declarator(out, function->parameters[i].type, function->parameters[i].name);
    }
    fputs(function->variadic ? ", ...)" : function->count ? ")" : "void)", out);
}

static void write_prototype(FILE *out, const struct function *function, const char *prefix)
{
    write_result(out, function);
    fprintf(out, "%s%s", prefix, function->name);
    write_parameters(out, function);
}

static bool is_translated(const struct parameter *parameter)
{
    return parameter->role == ROLE_COMM;
}

/* The arguments of the call handed on; `inner`: with the translated communicators. */
static void write_arguments(FILE *out, const struct function *function, bool inner)
{
    fputc('(', out);
    for (size_t i = 0; i < function->count; i++)
        fprintf(out, "%s%s%s", i ? ", " : "", inner && is_translated(&function->parameters[i]) ? "inner_" : "",
                function->parameters[i].name);
    fputc(')', out);
}

static const char *upper(const char *name)
{
    static char text[NAME_MAX_];
    size_t i = 0;
    for (; name[i]; i++)
        text[i] = (char)toupper((unsigned char)name[i]);
    text[i] = '\0';
    return text;
}

static const struct parameter *parameter_with(const struct function *function, enum role role)
{
    for (size_t i = 0; i < function->count; i++)
        if (function->parameters[i].role == role)
            return &function->parameters[i];
    return NULL;
}

static bool is_for_mock(const struct function *function)
{
    return function->provider == PROVIDER_MOCK || function->provider == PROVIDER_DOOR_AND_MOCK;
}

static bool is_for_door(const struct function *function)
{
    return function->provider == PROVIDER_DOOR || function->provider == PROVIDER_DOOR_AND_MOCK;
}

static bool is_tool(const struct function *function)
{
    return strncmp(function->name, "T_", 2) == 0;
}

static void write_head(FILE *out, const char *what)
{
    fprintf(out,
            "/* SPDX-License-Identifier: BSD-2-Clause */\n/* %s Generated from functions.list; not to be edited. */\n",
            what);
}

/* ---- backend.h, door_functions.h ---- */

static void write_backend_h(FILE *out, const struct list *list)
{
    write_head(out, "backend.h: the functions of MPI as a table.");
    fputs("#ifndef MPIMOCK_BACKEND_H\n#define MPIMOCK_BACKEND_H\n\n#include <mpi.h>\n\n#include \"removed.h\"\n\n",
          out);
    fputs("enum mpimock_function {\n    MPIMOCK_NONE,\n", out);
    for (size_t i = 0; i < list->count; i++)
        if (list->functions[i].exported)
            fprintf(out, "    MPIMOCK_%s,\n", upper(list->functions[i].name));
    fputs("    MPIMOCK_FUNCTION_COUNT\n};\n\n#pragma GCC visibility push(default)\n"
          "/* \"MPI_Send\"; \"\" for MPIMOCK_NONE. */\n"
          "const char *mpimock_function_name(enum mpimock_function function);\n"
          "/* What the function calls the rank among its arguments: \"dest\", \"source\", \"root\" ...; NULL: it has "
          "none. */\n"
          "const char *mpimock_function_peer(enum mpimock_function function);\n#pragma GCC visibility pop\n\n"
          "struct mpimock_backend {\n",
          out);
    for (size_t i = 0; i < list->count; i++) {
        const struct function *function = &list->functions[i];
        if (!function->exported)
            continue;
        fputs("    ", out);
        write_result(out, function);
        fprintf(out, "(*%s)", function->name);
        write_parameters(out, function);
        fputs(";\n", out);
    }
    fputs("};\n\n/* What the files in mpimock/mock provide. */\n", out);
    for (size_t i = 0; i < list->count; i++) {
        if (is_for_mock(&list->functions[i]) && list->functions[i].version != VERSION_40) {
            write_prototype(out, &list->functions[i], "mock_");
            fputs(";\n", out);
        }
    }
    fputs("\n#endif\n", out);
}

static void write_door_functions_h(FILE *out, const struct list *list)
{
    write_head(out, "door_functions.h: what the door serves itself, for both backends.");
    fputs("#ifndef MPIMOCK_DOOR_FUNCTIONS_H\n#define MPIMOCK_DOOR_FUNCTIONS_H\n\n#include \"backend.h\"\n\n", out);
    fputs("/* Handles come as the user gave them, checked by the entry point. Where the installed MPI lacks one of "
          "them,\n"
          " * MPIMOCK_HAS_... is not defined. */\n",
          out);
    for (size_t i = 0; i < list->count; i++) {
        if (is_for_door(&list->functions[i]) && list->functions[i].exported) {
            write_prototype(out, &list->functions[i], "door_");
            fprintf(out, ";\n#define MPIMOCK_HAS_%s\n", upper(list->functions[i].name));
        }
    }
    fputs("\n#endif\n", out);
}

/* ---- entry.c ---- */

/* Functions that return no error code, and the tools' (whose codes go to no error handler, MPI-3.1 §14.3.9). */
static void write_plain_entry(FILE *out, const struct function *function)
{
    for (size_t i = 0; i < function->count; i++)
        if (is_translated(&function->parameters[i]))
            fprintf(out, "    MPI_Comm inner_%s = door_comm_translated(%s);\n", function->parameters[i].name,
                    function->parameters[i].name);
    if (is_for_door(function)) {
        fprintf(out, "    return door->depth > 0 ? door_inner()->%s", function->name);
        write_arguments(out, function, false);
        fprintf(out, " : door_%s", function->name);
        write_arguments(out, function, false);
        fputs(";\n", out);
        return;
    }
    fputs("    door->depth++;\n    ", out);
    write_result(out, function);
    fprintf(out, "result = door_backend()->%s", function->name);
    write_arguments(out, function, true);
    fprintf(out, ";\n    door->depth--;\n    return %s;\n",
            strcmp(function->result, "MPI_Comm") == 0 ? "door_comm_translated_back(result)" : "result");
}

/* Fills struct mpimock_call: the first of each. */
static void write_recording(FILE *out, const struct function *function)
{
    static const struct {
        enum role role;
        const char *member;
    } recorded[] = {{ROLE_ELEMENTS, "count"}, {ROLE_PEER, "peer"}, {ROLE_TAG, "tag"}, {ROLE_COMM, "comm"}};
    for (size_t i = 0; i < sizeof recorded / sizeof recorded[0]; i++) {
        const struct parameter *parameter = parameter_with(function, recorded[i].role);
        if (parameter)
            fprintf(out, "    door->call.%s = %s%s;\n", recorded[i].member,
                    strcmp(parameter->type, "MPI_Count") == 0 ? "(int)" : "", parameter->name);
    }
    const struct parameter *freed = parameter_with(function, ROLE_COMM_FREE);
    if (freed)
        fprintf(out, "    door->call.comm = *%s;\n", freed->name);
}

/* "TYPE" of MPIMOCK_LEFT_TYPE, for what is made and freed. */
static const char *leftover_kind(const struct parameter *parameter)
{
    static const struct {
        const char *type, *kind;
    } kinds[] = {{"MPI_Datatype *", "TYPE"}, {"MPI_Group *", "GROUP"},           {"MPI_Op *", "OP"},
                 {"MPI_Info *", "INFO"},     {"MPI_Errhandler *", "ERRHANDLER"}, {"int *", "KEYVAL"}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].type, parameter->type) == 0)
            return kinds[i].kind;
    return "COUNT";
}

/* Its handle as a key; numbers of attributes' keys may be 0, which no key is. */
static const char *key_of(const struct parameter *parameter)
{
    return strcmp(parameter->type, "int *") == 0 ? "(uintptr_t)1 + (unsigned)" : "HANDLE_KEY";
}

/* Checks one argument; what is to be kept of it until the call is over goes into variables. */
static void write_check(FILE *out, const struct function *function, const struct parameter *parameter)
{
    const char *name = parameter->name;
    const char *optional = parameter->optional ? "_if_any" : "";
    switch (parameter->role) {
    case ROLE_COMM:
        fprintf(out,
                "    MPI_Comm inner_%s = %s;\n    if (error == MPI_SUCCESS)\n"
                "        error = door_comm_in%s(door, &inner_%s);\n",
                name, name, optional, name);
        break;
    case ROLE_COMM_FREE:
        fprintf(out,
                "    MPI_Comm freed = *%s;\n    if (error == MPI_SUCCESS)\n"
                "        error = door_comm_freeable(door, freed);\n",
                name);
        break;
    case ROLE_WIN:
        fprintf(out, "    if (error == MPI_SUCCESS)\n        error = door_win_in%s(%s);\n", optional, name);
        break;
    case ROLE_WIN_FREE:
        fprintf(out, "    MPI_Win freed = *%s;\n    if (error == MPI_SUCCESS)\n        error = door_win_in(freed);\n",
                name);
        break;
    case ROLE_FILE:
        fprintf(out, "    if (error == MPI_SUCCESS)\n        error = door_file_in%s(%s);\n", optional, name);
        break;
    case ROLE_FILE_FREE:
        fprintf(out, "    MPI_File freed = *%s;\n    if (error == MPI_SUCCESS)\n        error = door_file_in(freed);\n",
                name);
        break;
    case ROLE_GONE:
        if (parameter->kind->null)
            fprintf(out, "    if (error == MPI_SUCCESS && *%s == %s)\n        error = door_null(%s, \"%s\", \"%s\");\n", name,
                    parameter->kind->null, parameter->kind->error, name, parameter->kind->null);
        fprintf(out, "    uintptr_t gone = %s(*%s);\n", key_of(parameter), name);
        break;
    case ROLE_HANDLE:
    case ROLE_HANDLE_AT:
        fprintf(out, "    if (error == MPI_SUCCESS && %s%s == %s)\n        error = door_null(%s, \"%s\", \"%s\");\n",
                parameter->role == ROLE_HANDLE_AT ? "*" : "", name, parameter->kind->null, parameter->kind->error, name,
                parameter->kind->null);
        break;
    case ROLE_REQUEST_INOUT:
        if (parameter->kind->null)
            fprintf(out, "    if (error == MPI_SUCCESS && *%s == %s)\n        error = door_null(%s, \"%s\", \"%s\");\n",
                    name, parameter->kind->null, parameter->kind->error, name, parameter->kind->null);
        fprintf(out, "    MPI_Request request_before = *%s;\n", name);
        break;
    case ROLE_REQUESTS:
        fprintf(out,
                "    int requests_before = door_requests(%s, %s);\n"
                "    MPI_Request kept[DOOR_REQUESTS_KEPT], *before = door_requests_keep(%s, %s, requests_before, kept);\n",
                parameter_with(function, ROLE_ELEMENTS)->name, name, parameter_with(function, ROLE_ELEMENTS)->name, name);
        break;
    default:
        break;
    }
}

/* Notes what a successful call has made or freed. */
static void write_outcome(FILE *out, const struct function *function, const struct parameter *parameter)
{
    const struct parameter *parent = parameter_with(function, ROLE_COMM);
    const char *name = parameter->name;
    switch (parameter->role) {
    case ROLE_COMM_OUT:
        fprintf(out, "    if (error == MPI_SUCCESS)\n        door_comm_born%s(%s, *%s);\n",
                parameter_with(function, ROLE_REQUEST_OUT) ? "_later" : "", parent ? parent->name : "MPI_COMM_NULL",
                name);
        break;
    case ROLE_COMM_FREE:
        fputs("    if (error == MPI_SUCCESS)\n        door_comm_freed(freed);\n", out);
        break;
    case ROLE_WIN_OUT:
        fprintf(out, "    if (error == MPI_SUCCESS)\n        door_win_born(*%s);\n", name);
        break;
    case ROLE_WIN_FREE:
        fputs("    if (error == MPI_SUCCESS)\n        door_win_freed(freed);\n", out);
        break;
    case ROLE_FILE_OUT:
        fprintf(out, "    if (error == MPI_SUCCESS)\n        door_file_born(*%s);\n", name);
        break;
    case ROLE_FILE_FREE:
        fputs("    if (error == MPI_SUCCESS)\n        door_file_freed(freed);\n", out);
        break;
    case ROLE_REQUEST_OUT:
        fprintf(out, "    if (error == MPI_SUCCESS)\n        door_request_made(*%s);\n", name);
        break;
    case ROLE_REQUEST_INOUT:
        fprintf(out, "    door_request_after(request_before, *%s);\n", name);
        break;
    case ROLE_REQUESTS:
        fprintf(out, "    door_requests_after(%s, before, %s, requests_before, kept);\n",
                parameter_with(function, ROLE_ELEMENTS)->name, name);
        break;
    case ROLE_MADE:
        fputs("    if (error == MPI_SUCCESS", out);
        if (strcmp(parameter->type, "MPI_Group *") == 0)
            fprintf(out, " && *%s != MPI_GROUP_EMPTY && *%s != MPI_GROUP_NULL", name, name);
        fprintf(out, ")\n        door_made(MPIMOCK_LEFT_%s, %s(*%s));\n", leftover_kind(parameter), key_of(parameter), name);
        break;
    case ROLE_GONE:
        fprintf(out, "    if (error == MPI_SUCCESS)\n        door_gone(MPIMOCK_LEFT_%s, gone);\n", leftover_kind(parameter));
        break;
    default:
        break;
    }
}

/* Errors go to the handler of the file or window (MPI-3.1 §8.3, §11.6, §13.7: those of files that are not open to that
 * of MPI_FILE_NULL), else to that of the communicator; without one to MPI_COMM_WORLD's. */
static void write_leave(FILE *out, const struct function *function)
{
    const struct parameter *file = parameter_with(function, ROLE_FILE), *win = parameter_with(function, ROLE_WIN);
    bool of_file = strncmp(function->name, "File_", 5) == 0 && !strstr(function->name, "create_errhandler");
    if (file)
        fprintf(out, "    return door_leave_file(door, %s, error);\n", file->name);
    else if (win)
        fprintf(out, "    return door_leave_win(door, %s, error);\n", win->name);
    else if (parameter_with(function, ROLE_FILE_FREE))
        fputs("    return door_leave_file(door, freed, error);\n", out);
    else if (parameter_with(function, ROLE_WIN_FREE))
        fputs("    return door_leave_win(door, freed, error);\n", out);
    else if (of_file)
        fputs("    return door_leave_file(door, MPI_FILE_NULL, error);\n", out);
    else
        fputs("    return door_leave(door, error);\n", out);
}

static void write_full_entry(FILE *out, const struct function *function)
{
    fprintf(out, "    if (door->depth > 0)\n        return door_inner()->%s", function->name);
    write_arguments(out, function, false);
    fprintf(out, ";\n    int error = door_enter%s(door, MPIMOCK_%s, __builtin_return_address(0));\n",
            function->anytime ? "_anytime" : "", upper(function->name));
    write_recording(out, function);
    for (size_t i = 0; i < function->count; i++)
        write_check(out, function, &function->parameters[i]);
    bool by_door = is_for_door(function);
    fprintf(out, "    if (error == MPI_SUCCESS)\n        error = %s%s", by_door ? "door_" : "door_backend()->",
            function->name);
    write_arguments(out, function, !by_door);
    fputs(";\n", out);
    for (size_t i = 0; i < function->count; i++)
        write_outcome(out, function, &function->parameters[i]);
    if (strcmp(function->name, "Buffer_attach") == 0 || strcmp(function->name, "Buffer_detach") == 0)
        fprintf(out, "    if (error == MPI_SUCCESS)\n        door_%s(MPIMOCK_LEFT_BUFFER, 1);\n",
                strcmp(function->name, "Buffer_attach") == 0 ? "made" : "gone");
    write_leave(out, function);
}

static void write_entry(FILE *out, const struct function *function, bool without_mpi)
{
    fprintf(out, "\n#undef MPI_%s\n#undef PMPI_%s\n", function->name, function->name);
    write_prototype(out, function, "MPI_");
    fputs(";\nMPIMOCK_EXPORT ", out);
    write_prototype(out, function, "MPI_");
    fputs("\n{\n    struct door_thread *door = &door_thread;\n", out);
    if (!function->returns_error || is_tool(function))
        write_plain_entry(out, function);
    else
        write_full_entry(out, function);
    fputs("}\n", out);
    if (without_mpi) {
        write_prototype(out, function, "PMPI_");
        fprintf(out, " MPIMOCK_SAME_AS(MPI_%s);\n", function->name);
    }
}

static void write_entry_c(FILE *out, const struct list *list, bool without_mpi)
{
    write_head(out, "entry.c: MPI_*, as programs call them; door_entry.h has what they are made of.");
    fputs("#include \"door_entry.h\"\n\n#include \"door_functions.h\"\n\n"
          "#define MPIMOCK_EXPORT __attribute__((visibility(\"default\")))\n"
          "#define MPIMOCK_SAME_AS(function) __attribute__((visibility(\"default\"), alias(#function)))\n"
          "#pragma GCC diagnostic ignored \"-Wdeprecated-declarations\"\n",
          out);
    for (size_t i = 0; i < list->count; i++)
        if (list->functions[i].exported)
            write_entry(out, &list->functions[i], without_mpi);
}

/* ---- The tables and the names ---- */

static void write_backend_real_c(FILE *out, const struct list *list)
{
    write_head(out, "backend_real.c: the table of the installed MPI: the PMPI_* functions.");
    fputs("#include \"door.h\"\n\n#pragma GCC diagnostic ignored \"-Wdeprecated-declarations\"\n\n", out);
    for (size_t i = 0; i < list->count; i++) {
        if (list->functions[i].exported) {
            fprintf(out, "#undef PMPI_%s\n", list->functions[i].name);
            write_prototype(out, &list->functions[i], "PMPI_");
            fputs(";\n", out);
        }
    }
    fputs("\nconst struct mpimock_backend mpimock_backend_real = {\n", out);
    for (size_t i = 0; i < list->count; i++)
        if (list->functions[i].exported)
            fprintf(out, "    .%s = PMPI_%s,\n", list->functions[i].name, list->functions[i].name);
    fputs("};\n", out);
}

static void write_stub(FILE *out, const struct function *function)
{
    fputs("\nstatic ", out);
    write_prototype(out, function, "stub_");
    fputs("\n{\n", out);
    for (size_t i = 0; i < function->count; i++)
        fprintf(out, "    (void)%s;\n", function->parameters[i].name);
    const struct kind *kind = NULL;
    char kind_name[NAME_MAX_];
    snprintf(kind_name, sizeof kind_name, "%s", strncmp(function->result, "MPI_", 4) == 0 ? function->result + 4 : "");
    kind_name[0] = (char)tolower((unsigned char)kind_name[0]);
    kind = kind_named(kind_name);
    if (!function->returns_error)
        fprintf(out, "    return %s;\n", kind && kind->null ? kind->null : "0");
    else if (strcmp(function->name, "T_init_thread") == 0)
        fputs("    return MPI_T_ERR_CANNOT_INIT;\n", out);
    else if (is_tool(function))
        fputs("    return MPI_T_ERR_NOT_INITIALIZED;\n", out);
    else
        fprintf(out, "    return not_provided(\"MPI_%s\");\n", function->name);
    fputs("}\n", out);
}

static void write_backend_mock_c(FILE *out, const struct list *list)
{
    write_head(out, "backend_mock.c: the table of the mock, and stubs for what it does not provide.");
    fputs("#include \"door.h\"\n\n"
          "static int not_provided(const char *name)\n{\n"
          "    return mpimock_error(MPI_ERR_UNSUPPORTED_OPERATION, \"%s is not provided by mpimock\", name);\n}\n",
          out);
    for (size_t i = 0; i < list->count; i++)
        if (list->functions[i].exported && !is_for_mock(&list->functions[i]))
            write_stub(out, &list->functions[i]);
    fputs("\nconst struct mpimock_backend mpimock_backend_mock = {\n", out);
    for (size_t i = 0; i < list->count; i++)
        if (list->functions[i].exported)
            fprintf(out, "    .%s = %s_%s,\n", list->functions[i].name,
                    is_for_mock(&list->functions[i]) ? "mock" : "stub", list->functions[i].name);
    fputs("};\n", out);
}

static void write_function_names_c(FILE *out, const struct list *list)
{
    write_head(out, "function_names.c: names of the functions, for reports.");
    fputs("#include <stddef.h>\n\n#include \"backend.h\"\n\n"
          "static const struct {\n    const char *name, *peer;\n} functions[MPIMOCK_FUNCTION_COUNT] = {\n"
          "    [MPIMOCK_NONE] = {\"\", NULL},\n",
          out);
    for (size_t i = 0; i < list->count; i++) {
        const struct function *function = &list->functions[i];
        const struct parameter *peer = parameter_with(function, ROLE_PEER);
        if (!function->exported)
            continue;
        fprintf(out, "    [MPIMOCK_%s] = {\"MPI_%s\", ", upper(function->name), function->name);
        fprintf(out, peer ? "\"%s\"},\n" : "NULL},\n", peer ? peer->name : "");
    }
    fputs("};\n\n"
          "const char *mpimock_function_name(enum mpimock_function function)\n{\n"
          "    return (unsigned)function < MPIMOCK_FUNCTION_COUNT ? functions[function].name : \"\";\n}\n\n"
          "const char *mpimock_function_peer(enum mpimock_function function)\n{\n"
          "    return (unsigned)function < MPIMOCK_FUNCTION_COUNT ? functions[function].peer : NULL;\n}\n",
          out);
}

/* ---- collectives.h ---- */

static const struct parameter *parameter_of_kind(const struct function *function, const char *kind)
{
    for (size_t i = 0; i < function->count; i++)
        if (function->parameters[i].kind && strcmp(function->parameters[i].kind->name, kind) == 0)
            return &function->parameters[i];
    return NULL;
}

/* The first of these roles that a parameter has; *which: its place among them. */
static const struct parameter *first_of(const struct function *function, const enum role roles[], size_t *which)
{
    for (size_t i = 0; i < function->count; i++)
        for (*which = 0; *which < 3; ++*which)
            if (function->parameters[i].role == roles[*which])
                return &function->parameters[i];
    return NULL;
}

/* MPI_Iallreduce for MPI_Allreduce; NULL: there is none. */
static const struct function *started_form(const struct list *list, const struct function *function)
{
    char name[NAME_MAX_ + 1];
    snprintf(name, sizeof name, "I%c%s", tolower((unsigned char)function->name[0]), function->name + 1);
    for (size_t i = 0; i < list->count; i++)
        if (list->functions[i].exported && strcmp(list->functions[i].name, name) == 0)
            return &list->functions[i];
    return NULL;
}

static void write_collective(FILE *out, const struct list *list, const struct function *function)
{
    static const enum role over[] = {ROLE_COMM, ROLE_WIN, ROLE_FILE}, made[] = {ROLE_COMM_OUT, ROLE_WIN_OUT, ROLE_FILE_OUT},
                           freed[] = {ROLE_COMM_FREE, ROLE_WIN_FREE, ROLE_FILE_FREE};
    static const char *const kinds[] = {"COMM", "WIN", "FILE"};
    size_t kind, made_kind = 0;
    const struct parameter *scope = first_of(function, over, &kind), *object = first_of(function, made, &made_kind);
    const struct parameter *root = parameter_of_kind(function, "root"), *op = parameter_of_kind(function, "op");
    const struct parameter *request = parameter_with(function, ROLE_REQUEST_OUT);
    const struct function *started = started_form(list, function);
    const char *form = request ? "STARTED" : object ? "MADE" : started ? "POLLED" : "ENTERED";
    if (!scope) {
        scope = first_of(function, freed, &kind);
        form = "FREED";
    }
    fprintf(out, "COLLECTIVE_%s(%s, %s, ", form, function->name, upper(function->name));
    fprintf(out, "%s, %s, %s, %s, ", kinds[kind], scope->name, root ? root->name : "NO_ROOT", op ? op->name : "NO_OP");
    if (request)
        fprintf(out, "%s, ", request->name);
    else if (object)
        fprintf(out, "%s, %s, ", kinds[made_kind], object->name);
    write_parameters(out, function);
    fputs(", ", out);
    write_arguments(out, function, false);
    if (!request && !object && started) {
        fprintf(out, ", %s, (", started->name);
        for (size_t i = 0; i < function->count; i++)
            fprintf(out, "%s, ", function->parameters[i].name);
        fputs("&request)", out);
    }
    fputs(")\n", out);
}

static void write_collectives_h(FILE *out, const struct list *list)
{
    write_head(out, "collectives.h: the collective functions that the installed MPI has, one macro call each.");
    fputs("/* Of a communicator, window or file (COMM, WIN, FILE), with the names of the parameters for it, for the root and for\n"
          " * the operation (or NO_ROOT, NO_OP); to be defined by who includes it:\n"
          " *\n"
          " *     COLLECTIVE_POLLED(Name, FUNCTION, KIND, scope, root, op, parameters, arguments, Started, its arguments)\n"
          " *     COLLECTIVE_ENTERED(Name, FUNCTION, KIND, scope, root, op, parameters, arguments)    blocks: no other form\n"
          " *     COLLECTIVE_STARTED(Name, FUNCTION, KIND, scope, root, op, request, parameters, arguments)\n"
          " *     COLLECTIVE_MADE(Name, FUNCTION, KIND, scope, root, op, KIND made, made, parameters, arguments)\n"
          " *     COLLECTIVE_FREED(Name, FUNCTION, KIND, scope, root, op, parameters, arguments)      scope: a pointer\n */\n",
          out);
    for (size_t i = 0; i < list->count; i++)
        if (list->functions[i].collective && list->functions[i].exported)
            write_collective(out, list, &list->functions[i]);
}

/* ---- Files ---- */

/* The whole file as text, to be freed; NULL with a sentence. */
static char *read_text(const char *path, struct problem *problem)
{
    FILE *in = fopen(path, "r");
    if (!in) {
        problem_set(problem, errno, "cannot open %s: %s", path, strerror(errno));
        return NULL;
    }
    char *text = NULL;
    size_t length = 0, room = 0, got;
    do {
        if (room - length < 4096) {
            room += 1 << 18;
            char *more = realloc(text, room);
            if (!more)
                break;
            text = more;
        }
        got = fread(text + length, 1, room - length - 1, in);
        length += got;
    } while (got > 0);
    bool failed = ferror(in) || !text;
    fclose(in);
    if (failed) {
        problem_set(problem, EIO, "cannot read %s", path);
        free(text);
        return NULL;
    }
    text[length] = '\0';
    return text;
}

static FILE *open_output(const char *folder, const char *name, struct problem *problem)
{
    char path[4096];
    if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, name) >= sizeof path) {
        problem_set(problem, ENAMETOOLONG, "the path of the output folder is too long");
        return NULL;
    }
    FILE *out = fopen(path, "w");
    if (!out)
        problem_set(problem, errno, "cannot write %s: %s", path, strerror(errno));
    return out;
}

static int write_all(const struct list *list, const char *folder, bool without_mpi, struct problem *problem)
{
    static const struct {
        const char *name;
        void (*write)(FILE *out, const struct list *list);
    } files[] = {
        {"backend.h", write_backend_h},           {"door_functions.h", write_door_functions_h},
        {"backend_mock.c", write_backend_mock_c}, {"function_names.c", write_function_names_c},
        {"backend_real.c", write_backend_real_c}, {"collectives.h", write_collectives_h},
        {"entry.c", NULL},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (without_mpi && files[i].write == write_backend_real_c)
            continue;
        FILE *out = open_output(folder, files[i].name, problem);
        if (!out)
            return -EIO;
        if (files[i].write)
            files[i].write(out, list);
        else
            write_entry_c(out, list, without_mpi);
        if (fclose(out) != 0)
            return problem_set(problem, EIO, "cannot write %s/%s: %s", folder, files[i].name, strerror(errno));
    }
    return 0;
}

int main(int argc, char *argv[])
{
    static struct list list;
    struct problem problem = {""};
    if (argc != 3 && argc != 4) {
        fprintf(stderr, "usage: %s functions.list OUTDIR [SYMBOLS]\n", argv[0]);
        return 1;
    }
    const char *symbols_path = argc == 4 ? argv[3] : NULL;
    char *text = read_text(argv[1], &problem);
    char *symbols = text && symbols_path ? read_text(symbols_path, &problem) : NULL;
    bool ready = text && (symbols || !symbols_path);
    int error = ready ? list_parse(&list, text, argv[1], &problem) : -EIO;
    if (!error)
        error = list_mark_exported(&list, symbols, &problem);
    if (!error)
        error = write_all(&list, argv[2], !symbols_path, &problem);
    free(text);
    free(symbols);
    if (error)
        fprintf(stderr, "%s: %s\n", argv[0], problem.text);
    return error ? 1 : 0;
}
