/* SPDX-License-Identifier: BSD-2-Clause */
/* error.c: error handlers (MPI-3.1 §8.3), kept by the door for both backends, and the text of errors.
 *
 * Backends return error codes. The entry point brings one here (door_failed), and the handler of the communicator,
 * window or file decides. Handles of handlers are the door's own small numbers; the predefined ones are those of mpi.h.
 * User functions run outside of MPI (depth 0), with the communicator as the user knows it. Nothing here stays locked or
 * half done when such a function, or a hook, leaves by a long jump.
 */
#include <stdlib.h>
#include <string.h>

#include "door_entry.h"
#include "door_functions.h"
#include "problem.h"

enum action { ACTION_FATAL, ACTION_RETURN, ACTION_CALL };

struct door_handler {
    atomic_int references; /* of handles given out, and of objects that it is set for; predefined ones: not counted */
    enum action action;
    enum door_kind kind; /* of ACTION_CALL */
    union {
        MPI_Comm_errhandler_function *comm;
        MPI_Win_errhandler_function *win;
        MPI_File_errhandler_function *file;
    } function;
    MPI_Errhandler handle;
    bool predefined;
};

static struct door_handler errors_are_fatal = {
    .action = ACTION_FATAL, .handle = MPI_ERRORS_ARE_FATAL, .predefined = true};
static struct door_handler errors_return = {.action = ACTION_RETURN, .handle = MPI_ERRORS_RETURN, .predefined = true};
#ifdef MPI_ERRORS_ABORT
static struct door_handler errors_abort = {.action = ACTION_FATAL, .handle = MPI_ERRORS_ABORT, .predefined = true};
#endif

/* Handlers of what is not in the table of objects.c; NULL: the default of MPI-3.1 (§8.3, §13.7). */
struct scope {
    struct door_handler *comm_world, *comm_self, *file_null;
};
static struct scope outside, in_world;

static __thread char detail[512]; /* of the error in door_thread.detail_error */

/* ---- Handlers ---- */

struct door_handler *door_handler_keep(struct door_handler *handler)
{
    if (handler && !handler->predefined)
        atomic_fetch_add(&handler->references, 1);
    return handler;
}

void door_handler_release(struct door_handler *handler)
{
    if (!handler || handler->predefined || atomic_fetch_sub(&handler->references, 1) > 1)
        return;
    handle_destroy(HANDLE_ERRHANDLER, HANDLE_KEY(handler->handle));
    free(handler);
}

/* No reference is added; NULL: not a handler of the door's. */
static struct door_handler *handler_named(MPI_Errhandler handle)
{
    if (handle == MPI_ERRORS_ARE_FATAL)
        return &errors_are_fatal;
    if (handle == MPI_ERRORS_RETURN)
        return &errors_return;
#ifdef MPI_ERRORS_ABORT
    if (handle == MPI_ERRORS_ABORT)
        return &errors_abort;
#endif
    return handle_object(HANDLE_ERRHANDLER, HANDLE_KEY(handle));
}

/* Where the handler of MPI_COMM_WORLD and the like is kept; NULL: in the table of objects. */
static struct door_handler **special_place(enum door_kind kind, uintptr_t key)
{
    struct scope *scope = door_world.entered ? &in_world : &outside;
    if (kind == DOOR_COMM && key == HANDLE_KEY(MPI_COMM_WORLD))
        return &scope->comm_world;
    if (kind == DOOR_COMM && key == HANDLE_KEY(MPI_COMM_SELF))
        return &scope->comm_self;
    if (kind == DOOR_FILE && key == HANDLE_KEY(MPI_FILE_NULL))
        return &scope->file_null;
    return NULL;
}

struct door_handler *door_handler_of(enum door_kind kind, uintptr_t key)
{
    struct door_handler **special = special_place(kind, key);
    struct door_handler *handler = special ? door_handler_keep(*special) : door_object_handler(kind, key);
    if (handler)
        return handler;
    if (kind != DOOR_FILE)
        return &errors_are_fatal;
    handler = door_handler_keep((door_world.entered ? &in_world : &outside)->file_null);
    return handler ? handler : &errors_return;
}

static void scope_clear(struct scope *scope)
{
    door_handler_release(scope->comm_world);
    door_handler_release(scope->comm_self);
    door_handler_release(scope->file_null);
    *scope = (struct scope){NULL, NULL, NULL};
}

void door_errors_world_begins(void)
{
    scope_clear(&in_world);
}

void door_errors_world_ends(void)
{
    scope_clear(&in_world);
}

/* ---- Text ---- */

/* clang-format off */
static const struct {
    int error_class;
    const char *name;
} classes[] = {
#define CLASS(error_class) {error_class, #error_class}
    CLASS(MPI_ERR_BUFFER),     CLASS(MPI_ERR_COUNT),        CLASS(MPI_ERR_TYPE),
    CLASS(MPI_ERR_TAG),        CLASS(MPI_ERR_COMM),         CLASS(MPI_ERR_RANK),
    CLASS(MPI_ERR_REQUEST),    CLASS(MPI_ERR_ROOT),         CLASS(MPI_ERR_GROUP),
    CLASS(MPI_ERR_OP),         CLASS(MPI_ERR_TOPOLOGY),     CLASS(MPI_ERR_DIMS),
    CLASS(MPI_ERR_ARG),        CLASS(MPI_ERR_UNKNOWN),      CLASS(MPI_ERR_TRUNCATE),
    CLASS(MPI_ERR_OTHER),      CLASS(MPI_ERR_INTERN),       CLASS(MPI_ERR_PENDING),
    CLASS(MPI_ERR_IN_STATUS),  CLASS(MPI_ERR_ACCESS),       CLASS(MPI_ERR_AMODE),
    CLASS(MPI_ERR_ASSERT),     CLASS(MPI_ERR_BAD_FILE),     CLASS(MPI_ERR_BASE),
    CLASS(MPI_ERR_CONVERSION), CLASS(MPI_ERR_DISP),         CLASS(MPI_ERR_DUP_DATAREP),
    CLASS(MPI_ERR_FILE_EXISTS), CLASS(MPI_ERR_FILE_IN_USE), CLASS(MPI_ERR_FILE),
    CLASS(MPI_ERR_INFO_KEY),   CLASS(MPI_ERR_INFO_NOKEY),   CLASS(MPI_ERR_INFO_VALUE),
    CLASS(MPI_ERR_INFO),       CLASS(MPI_ERR_IO),           CLASS(MPI_ERR_KEYVAL),
    CLASS(MPI_ERR_LOCKTYPE),   CLASS(MPI_ERR_NAME),         CLASS(MPI_ERR_NO_MEM),
    CLASS(MPI_ERR_NOT_SAME),   CLASS(MPI_ERR_NO_SPACE),     CLASS(MPI_ERR_NO_SUCH_FILE),
    CLASS(MPI_ERR_PORT),       CLASS(MPI_ERR_QUOTA),        CLASS(MPI_ERR_READ_ONLY),
    CLASS(MPI_ERR_RMA_ATTACH), CLASS(MPI_ERR_RMA_CONFLICT), CLASS(MPI_ERR_RMA_RANGE),
    CLASS(MPI_ERR_RMA_SHARED), CLASS(MPI_ERR_RMA_SYNC),     CLASS(MPI_ERR_RMA_FLAVOR),
    CLASS(MPI_ERR_SERVICE),    CLASS(MPI_ERR_SIZE),         CLASS(MPI_ERR_SPAWN),
    CLASS(MPI_ERR_WIN),        CLASS(MPI_ERR_UNSUPPORTED_DATAREP), CLASS(MPI_ERR_UNSUPPORTED_OPERATION),
#undef CLASS
};
/* clang-format on */

int mpimock_error(int error_class, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    door_thread.detail_error = error_class;
    return error_class;
}

int door_null(int error_class, const char *argument, const char *null)
{
    return mpimock_error(error_class, "argument %s is %s", argument, null);
}

__attribute__((format(printf, 3, 4))) static size_t append(char text[static 1], size_t length, const char *format, ...)
{
    if (length + 1 >= PROBLEM_MAX)
        return length;
    va_list arguments;
    va_start(arguments, format);
    int written = vsnprintf(text + length, PROBLEM_MAX - length, format, arguments);
    va_end(arguments);
    length += written > 0 ? (size_t)written : 0;
    return length < PROBLEM_MAX ? length : PROBLEM_MAX - 1;
}

/* "MPI_COMM_WORLD", the name that the user gave it, or its size. */
static size_t append_comm(char *text, size_t length, MPI_Comm comm)
{
    char name[MPI_MAX_OBJECT_NAME + 1] = "";
    int got = 0, size = 0;
    if (comm == MPI_COMM_WORLD)
        return append(text, length, "MPI_COMM_WORLD");
    if (comm == MPI_COMM_SELF)
        return append(text, length, "MPI_COMM_SELF");
    bool usable = door_object_is_good(DOOR_COMM, HANDLE_KEY(comm));
    door_inside();
    if (usable && door_backend()->Comm_get_name(comm, name, &got) == MPI_SUCCESS && name[0])
        length = append(text, length, "communicator \"%s\"", name);
    else if (usable && door_backend()->Comm_size(comm, &size) == MPI_SUCCESS)
        length = append(text, length, "a communicator of %d", size);
    else
        length = append(text, length, "a communicator");
    door_outside();
    return length;
}

/* "MPI_Send(count=3, dest=7, tag=0, MPI_COMM_WORLD)" */
static size_t append_call(char *text, size_t length, const struct mpimock_call *call)
{
    const char *comma = "";
    length = append(text, length, "%s(", mpimock_function_name(call->function));
    if (call->count >= 0) {
        length = append(text, length, "count=%d", call->count);
        comma = ", ";
    }
    if (call->peer != MPIMOCK_NO_RANK) {
        const char *peer = mpimock_function_peer(call->function);
        if (call->peer == MPI_ANY_SOURCE)
            length = append(text, length, "%s%s=MPI_ANY_SOURCE", comma, peer);
        else if (call->peer == MPI_PROC_NULL)
            length = append(text, length, "%s%s=MPI_PROC_NULL", comma, peer);
        else
            length = append(text, length, "%s%s=%d", comma, peer, call->peer);
        comma = ", ";
    }
    if (call->tag != MPIMOCK_NO_RANK) {
        if (call->tag == MPI_ANY_TAG)
            length = append(text, length, "%stag=MPI_ANY_TAG", comma);
        else
            length = append(text, length, "%stag=%d", comma, call->tag);
        comma = ", ";
    }
    if (call->comm != MPI_COMM_NULL) {
        length = append(text, length, "%s", comma);
        length = append_comm(text, length, call->comm);
    }
    return append(text, length, ")");
}

void mpimock_call_text(char *text, size_t size)
{
    char whole[PROBLEM_MAX];
    append_call(whole, 0, &door_thread.call);
    snprintf(text, size, "%s", whole);
}

/* What the backend says of the error, in one line: without the class's name in front (Open MPI); the last line of
 * several (MPICH puts the innermost cause there), without "function(line): " in front. */
static void backend_text(int error, char text[static MPI_MAX_ERROR_STRING + 1])
{
    int length = 0;
    text[0] = '\0';
    if (door_backend()->Error_string(error, text, &length) != MPI_SUCCESS)
        text[0] = '\0';
    text[MPI_MAX_ERROR_STRING] = '\0';
    for (size_t end = strlen(text); end > 0 && text[end - 1] == '\n'; end--)
        text[end - 1] = '\0';
    const char *start = strrchr(text, '\n');
    start = start ? start + 1 : text;
    const char *colon = strstr(start, ": ");
    bool has_prefix = strncmp(start, "MPI_ERR_", 8) == 0 || strcspn(start, "(") < strcspn(start, " ");
    if (colon && has_prefix && colon < start + strcspn(start, " "))
        start = colon + 2;
    memmove(text, start, strlen(start) + 1);
}

static void describe(int error, const struct mpimock_call *call, char text[static PROBLEM_MAX])
{
    int error_class = error;
    const char *class_name = NULL;
    char why[sizeof detail] = "";
    if (door_thread.detail_error == error)
        memcpy(why, detail, sizeof why); /* the calls below may fail, and explain themselves */
    size_t length = append_call(text, 0, call);
    door_inside();
    if (door_backend()->Error_class(error, &error_class) != MPI_SUCCESS)
        error_class = error;
    for (size_t i = 0; i < sizeof classes / sizeof classes[0] && !class_name; i++)
        if (classes[i].error_class == error_class)
            class_name = classes[i].name;
    if (class_name)
        length = append(text, length, ": %s", class_name);
    else
        length = append(text, length, ": error %d", error);
    if (why[0]) {
        append(text, length, ": %s", why);
    } else {
        char said[MPI_MAX_ERROR_STRING + 1];
        backend_text(error, said);
        if (said[0] && !(class_name && strcmp(said, class_name) == 0))
            append(text, length, ": %s", said);
    }
    door_outside();
}

/* ---- An error on its way ---- */

void door_error_at(enum door_kind kind, uintptr_t key)
{
    if (door_thread.has_origin)
        return; /* the first, as in MPI_Waitall */
    door_thread.has_origin = true;
    door_thread.origin_kind = kind;
    door_thread.origin = key;
}

void mpimock_error_comm(MPI_Comm comm)
{
    door_error_at(DOOR_COMM, HANDLE_KEY(comm));
}

static void fatal(int error, const struct mpimock_call *call)
{
    char text[PROBLEM_MAX];
    describe(error, call, text);
    if (door_hooks.fatal) {
        door_hooks.fatal(error, text);
        return;
    }
    fprintf(stderr, "%s\n", text);
    fflush(stderr);
    door_inside();
    door_backend()->Abort(MPI_COMM_WORLD, error);
    door_outside();
}

/* Runs the handler in user code; `kind` and `key` are the object as the user knows it. */
static void run(struct door_handler *handler, enum door_kind kind, uintptr_t key, int error)
{
    struct mpimock_call call = door_thread.call;
    struct door_saved saved = door_to_user();
    if (handler->action == ACTION_FATAL) {
        door_handler_release(handler);
        fatal(error, &call);
    } else if (handler->action == ACTION_CALL) {
        /* The user's function may not come back: nothing is held, the handler lives on by its object. */
        union {
            MPI_Comm comm;
            MPI_Win win;
            MPI_File file;
            uintptr_t key;
        } object = {.key = 0};
        int code = error;
        __typeof__(handler->function) function = handler->function;
        door_handler_release(handler);
        if (kind == DOOR_WIN) {
            object.win = (MPI_Win)key;
            function.win(&object.win, &code);
        } else if (kind == DOOR_FILE) {
            object.file = (MPI_File)key;
            function.file(&object.file, &code);
        } else {
            object.comm = (MPI_Comm)key;
            function.comm(&object.comm, &code);
        }
    } else {
        door_handler_release(handler);
    }
    door_from_user(&saved);
}

int door_failed(enum door_kind kind, uintptr_t key, int error)
{
    bool named = key != (kind == DOOR_COMM ? HANDLE_KEY(MPI_COMM_NULL) : HANDLE_KEY(MPI_WIN_NULL));
    if (kind == DOOR_COMM && !named && door_thread.has_origin) {
        kind = door_thread.origin_kind;
        key = door_thread.origin;
        if (kind == DOOR_COMM)
            key = HANDLE_KEY(door_comm_translated_back((MPI_Comm)key));
    } else if (kind != DOOR_FILE && (!named || !door_object_is_good(kind, key))) {
        kind = DOOR_COMM;
        key = HANDLE_KEY(MPI_COMM_WORLD);
    }
    run(door_handler_of(kind, key), kind, key, error);
    return error;
}

/* ---- MPI_*_create_errhandler and its kin ---- */

static int create(enum door_kind kind, struct door_handler wanted, MPI_Errhandler *errhandler)
{
    struct door_handler *handler = malloc(sizeof *handler);
    uintptr_t key = handler ? handle_create(HANDLE_ERRHANDLER, handler) : 0;
    if (!key) {
        free(handler);
        return mpimock_error(MPI_ERR_NO_MEM, "no memory, or no handle, for one more error handler");
    }
    *handler = wanted;
    handler->kind = kind;
    handler->action = ACTION_CALL;
    handler->handle = (MPI_Errhandler)key;
    atomic_init(&handler->references, 1);
    *errhandler = handler->handle;
    return MPI_SUCCESS;
}

static int set(enum door_kind kind, uintptr_t key, MPI_Errhandler errhandler)
{
    static const char *const makers[] = {[DOOR_COMM] = "MPI_Comm", [DOOR_WIN] = "MPI_Win", [DOOR_FILE] = "MPI_File"};
    struct door_handler *handler = handler_named(errhandler);
    if (!handler)
        return mpimock_error(MPI_ERR_ARG, "argument errhandler is not an error handler, or was freed");
    if (handler->action == ACTION_CALL && handler->kind != kind)
        return mpimock_error(MPI_ERR_ARG,
                             "this error handler was made by %s_create_errhandler, not by %s_create_errhandler",
                             makers[handler->kind], makers[kind]);
    struct door_handler **special = special_place(kind, key);
    door_handler_keep(handler);
    if (special) {
        door_handler_release(*special);
        *special = handler;
        return MPI_SUCCESS;
    }
    if (door_object_handler_set(kind, key, handler) == 0)
        return MPI_SUCCESS;
    door_handler_release(handler);
    return mpimock_error(MPI_ERR_NO_MEM, "no memory to note the error handler");
}

/* The handle counts as a new one, for MPI_Errhandler_free (MPI-3.1 §8.3.4). */
static int get(enum door_kind kind, uintptr_t key, MPI_Errhandler *errhandler)
{
    *errhandler = door_handler_of(kind, key)->handle;
    return MPI_SUCCESS;
}

static int call(enum door_kind kind, uintptr_t key, int error)
{
    run(door_handler_of(kind, key), kind, key, error);
    return MPI_SUCCESS;
}

int door_Comm_create_errhandler(MPI_Comm_errhandler_function *comm_errhandler_fn, MPI_Errhandler *errhandler)
{
    return create(DOOR_COMM, (struct door_handler){.function.comm = comm_errhandler_fn}, errhandler);
}

int door_Comm_set_errhandler(MPI_Comm comm, MPI_Errhandler errhandler)
{
    return set(DOOR_COMM, HANDLE_KEY(comm), errhandler);
}

int door_Comm_get_errhandler(MPI_Comm comm, MPI_Errhandler *errhandler)
{
    return get(DOOR_COMM, HANDLE_KEY(comm), errhandler);
}

int door_Comm_call_errhandler(MPI_Comm comm, int errorcode)
{
    return call(DOOR_COMM, HANDLE_KEY(comm), errorcode);
}

int door_Win_create_errhandler(MPI_Win_errhandler_function *win_errhandler_fn, MPI_Errhandler *errhandler)
{
    return create(DOOR_WIN, (struct door_handler){.function.win = win_errhandler_fn}, errhandler);
}

int door_Win_set_errhandler(MPI_Win win, MPI_Errhandler errhandler)
{
    return set(DOOR_WIN, HANDLE_KEY(win), errhandler);
}

int door_Win_get_errhandler(MPI_Win win, MPI_Errhandler *errhandler)
{
    return get(DOOR_WIN, HANDLE_KEY(win), errhandler);
}

int door_Win_call_errhandler(MPI_Win win, int errorcode)
{
    return call(DOOR_WIN, HANDLE_KEY(win), errorcode);
}

int door_File_create_errhandler(MPI_File_errhandler_function *file_errhandler_fn, MPI_Errhandler *errhandler)
{
    return create(DOOR_FILE, (struct door_handler){.function.file = file_errhandler_fn}, errhandler);
}

int door_File_set_errhandler(MPI_File file, MPI_Errhandler errhandler)
{
    return set(DOOR_FILE, HANDLE_KEY(file), errhandler);
}

int door_File_get_errhandler(MPI_File file, MPI_Errhandler *errhandler)
{
    return get(DOOR_FILE, HANDLE_KEY(file), errhandler);
}

int door_File_call_errhandler(MPI_File fh, int errorcode)
{
    return call(DOOR_FILE, HANDLE_KEY(fh), errorcode);
}

int door_Errhandler_free(MPI_Errhandler *errhandler)
{
    struct door_handler *handler = handler_named(*errhandler);
    if (!handler && door_backend() != &mpimock_backend_mock) /* a session's, which the door does not keep */
        return door_backend()->Errhandler_free(errhandler);
    if (!handler)
        return mpimock_error(MPI_ERR_ARG, "argument errhandler is not an error handler, or was freed");
    if (!handler->predefined)
        door_handler_release(handler);
    *errhandler = MPI_ERRHANDLER_NULL;
    return MPI_SUCCESS;
}

#ifdef MPIMOCK_HAS_ERRHANDLER_CREATE
int door_Errhandler_create(MPI_Handler_function *function, MPI_Errhandler *errhandler)
{
    return create(DOOR_COMM, (struct door_handler){.function.comm = function}, errhandler);
}

int door_Errhandler_set(MPI_Comm comm, MPI_Errhandler errhandler)
{
    return set(DOOR_COMM, HANDLE_KEY(comm), errhandler);
}

int door_Errhandler_get(MPI_Comm comm, MPI_Errhandler *errhandler)
{
    return get(DOOR_COMM, HANDLE_KEY(comm), errhandler);
}
#endif

#ifdef MPIMOCK_HAS_ERRHANDLER_C2F
/* Predefined handlers have numbers of their own, below those of handle.h. */
#define FORTRAN_OFFSET 16

MPI_Fint door_Errhandler_c2f(MPI_Errhandler errhandler)
{
    if (errhandler == MPI_ERRHANDLER_NULL)
        return 0;
    if (errhandler == MPI_ERRORS_ARE_FATAL)
        return 1;
    if (errhandler == MPI_ERRORS_RETURN)
        return 2;
#ifdef MPI_ERRORS_ABORT
    if (errhandler == MPI_ERRORS_ABORT)
        return 3;
#endif
    int number = handle_to_fortran(HANDLE_ERRHANDLER, HANDLE_KEY(errhandler));
    return number < 0 ? -1 : number + FORTRAN_OFFSET;
}

MPI_Errhandler door_Errhandler_f2c(MPI_Fint errhandler)
{
    if (errhandler == 1)
        return MPI_ERRORS_ARE_FATAL;
    if (errhandler == 2)
        return MPI_ERRORS_RETURN;
#ifdef MPI_ERRORS_ABORT
    if (errhandler == 3)
        return MPI_ERRORS_ABORT;
#endif
    if (errhandler < FORTRAN_OFFSET)
        return MPI_ERRHANDLER_NULL;
    uintptr_t key = handle_from_fortran(HANDLE_ERRHANDLER, errhandler - FORTRAN_OFFSET);
    return key ? (MPI_Errhandler)key : MPI_ERRHANDLER_NULL;
}
#endif

/* ---- Communicators that are given a handler when made (MPI-4.0 §11.3) ---- */

#ifdef MPIMOCK_HAS_COMM_CREATE_FROM_GROUP
int door_Comm_create_from_group(MPI_Group group, const char *stringtag, MPI_Info info, MPI_Errhandler errhandler,
                                MPI_Comm *newcomm)
{
    struct door_handler *handler = handler_named(errhandler);
    if (!handler)
        return mpimock_error(MPI_ERR_ARG, "argument errhandler is not an error handler, or was freed");
    int error = door_backend()->Comm_create_from_group(group, stringtag, info, MPI_ERRORS_RETURN, newcomm);
    if (error == MPI_SUCCESS)
        door_thread.next_handler = door_handler_keep(handler);
    return error;
}

int door_Intercomm_create_from_groups(MPI_Group local_group, int local_leader, MPI_Group remote_group,
                                      int remote_leader, const char *stringtag, MPI_Info info,
                                      MPI_Errhandler errhandler, MPI_Comm *newintercomm)
{
    struct door_handler *handler = handler_named(errhandler);
    if (!handler)
        return mpimock_error(MPI_ERR_ARG, "argument errhandler is not an error handler, or was freed");
    int error = door_backend()->Intercomm_create_from_groups(local_group, local_leader, remote_group, remote_leader,
                                                             stringtag, info, MPI_ERRORS_RETURN, newintercomm);
    if (error == MPI_SUCCESS)
        door_thread.next_handler = door_handler_keep(handler);
    return error;
}
#endif
