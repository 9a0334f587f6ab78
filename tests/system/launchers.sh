# Launchers of another MPI, a link order that bypasses the front door, a suite built for another MPI.
. "$(dirname "$0")/lib.sh"
limit=60

if [ "$MPI" = none ]; then
    run env PMI_RANK=0 PMI_SIZE=2 "$runner"
    check "a build without MPI refuses a launcher" status_is 4
    check "with one sentence" one_sentence 'this build has no MPI'
    run env PMI_RANK=1 PMI_SIZE=2 "$runner"
    check "which only rank 0 says" test -z "$out$err"
    for program in mpirun-tests libmpirun_tests.so libmpimock.so mpimockexec; do
        run ldd "$BUILD/$program"
        check "$program links no MPI" test -z "$(grep -E 'libmpi(ch|_abi)?\.so|libopen-' out)"
    done
    finish
fi

if [ -n "${OTHER_MPIEXEC:-}" ] && [ -x "$OTHER_MPIEXEC" ]; then
    other_flags=()
    if [ "$MPI" = mpich ]; then
        other_flags=(--oversubscribe)
        export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    fi
    run "$OTHER_MPIEXEC" "${other_flags[@]}" -n 3 "$runner"
    check "mpiexec of another MPI is refused" status_is 4
    check "with one sentence" one_sentence
    check "that names both sides" says 'started 3 processes'
fi

# The program, linked the wrong way round: the MPI library comes before libmpimock.
printf '#include <mpirun_tests.h>\nMRT_TEST(one) { int rank; MPI_Comm_rank(MPI_COMM_WORLD, &rank); MPI_Send(0, 0, MPI_INT, MPI_PROC_NULL, 0, MPI_COMM_WORLD); }\n' >own.c
link() { "$MPICC" -I"$SOURCE/include" own.c "$@" -L"$BUILD" -lmpirun_tests -lmpimock -Wl,-rpath,"$BUILD" -lcmocka -o own; }
link
run ./own --mock -n 2
check "a program of one's own passes" status_is 0
case $MPI in
openmpi) first=-lmpi ;;
*) first=-lmpich ;;
esac
link "$first"
run ./own --mock -n 2
check "with the MPI library linked first it is refused" status_is 4
check "with one sentence" one_sentence
check "that gives the line which mends it" says '-lmpimock ahead of'
mpi 2 ./own
check "under mpiexec too, once" one_sentence

# A suite compiled for the other MPI.
other=
[ "$MPI" = openmpi ] && other=mpicc.mpich
[ "$MPI" = mpich ] && other=mpicc.openmpi
if command -v "$other" >/dev/null 2>&1; then
    "$other" -shared -fPIC -I"$SOURCE/include" own.c -o foreign.so
    run "$runner" --mock ./foreign.so
    check "a suite built for another MPI is refused" status_is 4
    check "with one sentence" one_sentence
    check "that says so" says 'another MPI'
fi

# A suite compiled by the plain wrapper alone, with none of our libraries on its link line.
"$MPICC" -shared -fPIC -I"$SOURCE/include" own.c -o plain.so
run "$runner" --mock -n 2 ./plain.so
check "a suite compiled by plain mpicc passes on the mock" status_is 0
mpi 2 "$runner" ./plain.so
check "and under mpiexec" status_is 0
finish
