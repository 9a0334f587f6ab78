# Installed: the CMake package with mpirun_tests_add, the pkg-config files, a suite for the installed mpirun-tests.
. "$(dirname "$0")/lib.sh"
if [ -n "$SANITIZE" ]; then
    exit 77 # a consumer would have to be built with the sanitizers too
fi
prefix=$scratch/prefix
run cmake --install "$BUILD" --prefix "$prefix"
check "it installs" status_is 0
lib=$(dirname "$(find "$prefix" -name libmpirun_tests.so)")
export LD_LIBRARY_PATH=$lib

mkdir project
cat >project/halo_tests.c <<'C'
#include <mpirun_tests.h>
MRT_SUITE(halo, .timeout = 10.0);
MRT_TEST(ring, .np_list = {2, 4})
{
    int rank, size, left;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Sendrecv(&rank, 1, MPI_INT, (rank + 1) % size, 0, &left, 1, MPI_INT, (rank + size - 1) % size, 0, MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE);
    assert_int_equal(left, (rank + size - 1) % size);
}
C
cat >project/CMakeLists.txt <<'CMAKE'
cmake_minimum_required(VERSION 3.25)
project(halo LANGUAGES C)
enable_testing()
find_package(mpirun_tests REQUIRED)
mpirun_tests_add(halo_tests SOURCES halo_tests.c)
mpirun_tests_add_suite(halo halo_tests.c)
CMAKE
run cmake -S project -B project/build -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$CC"
check "find_package(mpirun_tests) finds it" status_is 0
run cmake --build project/build
check "a program of one's own builds" status_is 0
run project/build/halo_tests --mock -n 4
check "and passes" status_is 0
check "both sizes ran" out_says '2 passed'
run "$prefix/bin/mpirun-tests" --mock -n 4 project/build/halo.so
check "a suite runs in the installed mpirun-tests" status_is 0
run "$prefix/bin/mpirun-tests" --mock -n 4
check "which without a suite says that there is nothing to run" status_is 4
run ctest --test-dir project/build
check "CTest runs the program" status_is 0
if [ "$MPI" != none ]; then
    mpi 4 project/build/halo_tests
    check "it passes under mpiexec" status_is 0
fi

export PKG_CONFIG_PATH=$lib/pkgconfig
compiler=$CC
[ "$MPI" = none ] || compiler=$MPICC
run "$compiler" project/halo_tests.c $(pkg-config --cflags --libs mpirun_tests) -o by_pkgconfig
check "pkg-config's flags build it" status_is 0
run ./by_pkgconfig --mock -n 4
check "and it passes" status_is 0
check "the manual is there" test -f "$prefix/share/man/man1/mpirun-tests.1"
finish
