/* SPDX-License-Identifier: BSD-2-Clause */
/* test_launcher.c: every launcher is known by its variables, and a world of another size is refused with the way out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../runner/launcher.h"

static const char *const *variables; /* name, value, …, NULL */

static const char *environment(const char *name)
{
    for (const char *const *variable = variables; *variable; variable += 2)
        if (strcmp(*variable, name) == 0)
            return variable[1];
    return NULL;
}

static struct launcher detect(const char *const *list)
{
    struct launcher launcher;
    variables = list;
    launcher_detect(&launcher, environment);
    return launcher;
}

static void without_variables_there_is_none(void **state)
{
    (void)state;
    struct launcher launcher = detect((const char *const[]){NULL});
    assert_false(launcher.present);
    struct problem problem;
    assert_int_equal(launcher_check(&launcher, 1, "Open MPI", &problem), 0);
}

static void a_slurm_batch_script_alone_is_none(void **state)
{
    (void)state;
    assert_false(detect((const char *const[]){"SLURM_PROCID", "0", "SLURM_NTASKS", "8", NULL}).present);
}

static void each_launcher_is_known_with_rank_and_size(void **state)
{
    (void)state;
    struct launcher openmpi =
        detect((const char *const[]){"OMPI_COMM_WORLD_SIZE", "8", "OMPI_COMM_WORLD_RANK", "3", "PMIX_RANK", "3", NULL});
    assert_true(openmpi.present);
    assert_int_equal(openmpi.rank, 3);
    assert_int_equal(openmpi.size, 8);
    struct launcher mpich = detect((const char *const[]){"PMI_RANK", "2", "PMI_SIZE", "4", NULL});
    assert_true(mpich.present);
    assert_int_equal(mpich.rank, 2);
    assert_int_equal(mpich.size, 4);
    struct launcher slurm = detect((const char *const[]){"PMIX_RANK", "1", "SLURM_NTASKS", "6", NULL});
    assert_true(slurm.present);
    assert_int_equal(slurm.rank, 1);
    assert_int_equal(slurm.size, 6);
}

static void nonsense_in_the_variables_is_no_number(void **state)
{
    (void)state;
    struct launcher launcher = detect((const char *const[]){"PMI_RANK", "-7", "PMI_SIZE", "many", NULL});
    assert_true(launcher.present);
    assert_int_equal(launcher.rank, 0);
    assert_int_equal(launcher.size, 0);
}

static void a_world_of_another_size_is_refused_with_the_way_out(void **state)
{
    (void)state;
    struct launcher mpich = detect((const char *const[]){"PMI_RANK", "0", "PMI_SIZE", "3", NULL});
    struct problem problem = {{0}};
    assert_int_equal(launcher_check(&mpich, 1, "Open MPI 4.1.4", &problem), -EINVAL);
    assert_non_null(strstr(problem.text, "MPICH's mpiexec"));
    assert_non_null(strstr(problem.text, "Open MPI 4.1.4"));
    assert_int_equal(launcher_check(&mpich, 3, "MPICH 4.0.2", &problem), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_variables_there_is_none),
        cmocka_unit_test(a_slurm_batch_script_alone_is_none),
        cmocka_unit_test(each_launcher_is_known_with_rank_and_size),
        cmocka_unit_test(nonsense_in_the_variables_is_no_number),
        cmocka_unit_test(a_world_of_another_size_is_refused_with_the_way_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
