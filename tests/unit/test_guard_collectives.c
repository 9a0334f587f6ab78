/* SPDX-License-Identifier: BSD-2-Clause */
/* Test of the marks in functions.list from which the guard's wrappers are made: no function that works on a
 * communicator, window or file is left out of both lists, the collective ones and those here that are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Alone on their rank, or with one partner; those that make or join processes, which are not guarded; and what the
 * front door does itself. `*` stands for the rest of a name. */
static const char *const not_collective[] = {
    /* point to point */
    "Send", "Bsend", "Ssend", "Rsend", "Recv", "Isend", "Ibsend", "Issend", "Irsend", "Irecv", "Sendrecv*",
    "Isendrecv*", "Send_init", "Bsend_init", "Ssend_init", "Rsend_init", "Recv_init", "Psend_init", "Precv_init",
    "Probe", "Iprobe", "Mprobe", "Improbe", "Pack", "Pack_size", "Unpack",
    /* questions */
    "Comm_compare", "Comm_get_*", "Comm_set_name", "Comm_group", "Comm_rank", "Comm_size", "Comm_remote_*",
    "Comm_test_inter", "Cart_coords", "Cart_get", "Cart_map", "Cart_rank", "Cart_shift", "Cartdim_get",
    "Dist_graph_neighbors*", "Graph_get", "Graph_map", "Graph_neighbors*", "Graphdims_get", "Topo_test", "Comm_c2f",
    "File_c2f", "Win_c2f",
    /* attributes, error handlers */
    "Comm_delete_attr", "Comm_set_attr", "Win_delete_attr", "Win_set_attr", "Attr_*", "*_call_errhandler",
    "*_set_errhandler", "Errhandler_*", "Abort",
    /* processes */
    "Comm_accept", "Comm_connect", "Comm_spawn*",
    /* one-sided */
    "Accumulate", "Compare_and_swap", "Fetch_and_op", "Get", "Get_accumulate", "Put", "Raccumulate", "Rget",
    "Rget_accumulate", "Rput", "Win_attach", "Win_complete", "Win_detach", "Win_flush*", "Win_get_*", "Win_lock*",
    "Win_post", "Win_set_name", "Win_shared_query", "Win_start", "Win_sync", "Win_test", "Win_unlock*", "Win_wait",
    /* files, each rank for itself */
    "File_get_*", "File_read_at", "File_write_at", "File_iread_at", "File_iwrite_at", "File_read", "File_write",
    "File_iread", "File_iwrite", "File_seek", "File_read_shared", "File_write_shared", "File_iread_shared",
    "File_iwrite_shared"};

static int matches(const char *pattern, const char *name)
{
    const char *star = strchr(pattern, '*');
    if (!star)
        return strcmp(pattern, name) == 0;
    size_t before = (size_t)(star - pattern), after = strlen(star + 1), length = strlen(name);
    return length >= before + after && memcmp(pattern, name, before) == 0 &&
           strcmp(star + 1, name + length - after) == 0;
}

static int is_not_collective(const char *name)
{
    for (size_t i = 0; i < sizeof not_collective / sizeof *not_collective; i++)
        if (matches(not_collective[i], name))
            return 1;
    return 0;
}

static int has_word(const char *line, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = line; (at = strstr(at, word)) != NULL; at += length)
        if ((at[-1] == '(' || at[-2] == ',') && strchr(" ,)?", at[length])) /* the kind, not the name */
            return 1;
    return 0;
}

static void every_function_on_many_ranks_is_marked_or_known(void **state)
{
    (void)state;
    char line[1024], name[64];
    int collective = 0, others = 0;
    char path[4096];
    snprintf(path, sizeof path, "%.*s/../../mpimock/functions.list", (int)(strrchr(__FILE__, '/') - __FILE__),
             __FILE__);
    FILE *list = fopen(path, "r");
    assert_non_null(list);
    while (fgets(line, sizeof line, list)) {
        if (line[0] == '#' || strncmp(line, "chapter ", 8) == 0 || sscanf(line, "%63s", name) != 1)
            continue;
        size_t length = strlen(name);
        if (length > 2 && strcmp(name + length - 2, "_c") == 0)
            name[length - 2] = '\0'; /* the same with large counts */
        const char *parameters = strchr(line, '(');
        assert_non_null(parameters);
        int on_many = has_word(parameters, "comm") || has_word(parameters, "win") || has_word(parameters, "file") ||
                      has_word(parameters, "comm_free") || has_word(parameters, "win_free") ||
                      has_word(parameters, "file_free");
        if (!on_many)
            continue;
        int marked = strstr(line, " collective (") != NULL;
        if (marked == is_not_collective(name))
            fail_msg("MPI_%s is %s in functions.list", name, marked ? "collective" : "not collective");
        collective += marked;
        others += !marked;
    }
    fclose(list);
    assert_true(collective > 150 && others > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_function_on_many_ranks_is_marked_or_known)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
