# Tests whose time is up end, whatever they do, and say where they were; the run goes on.
. "$(dirname "$0")/lib.sh"
late=$BUILD/tests/suites/late.so
limit=60

run "$runner" --mock -n 4 "$late" --filter '-*hidden*' --json mock.json
check "the run goes on to its end, with status 1" status_is 1
check "each outcome is as the test's name says" as_named mock.json 10+ hidden=timeout never=error
check "the odd one is found" out_says 'ranks 0, 2 wait in MPI_Allreduce (test_late.c:'
check "and where it is" out_says '; rank 1 is in compute(), test_late.c:'
check "a call is told with its arguments, and since when" \
    grep -qE 'timed out after 0.5 s in MPI_Recv\(count=1, source=1, tag=7, MPI_COMM_WORLD\), called by .*test_late.c:[0-9]+, waiting for 0\.[0-9]+ s' <<<"$out"
check "a rank that asks again and again is told too" out_says 'rank 0 is in MPI_Test (test_late.c:'
check "with a backtrace" grep -qE '#0 compute\(\) at .*test_late.c:[0-9]+' <<<"$out"
check "a setup that hangs is an error" out_says 'setup of late_setup failed on rank'

run "$runner" --mock -n 2 "$late" --filter '*passes_though*' --slow-timeout 0.2
check "a slow test goes on, and passes" status_is 0
check "it is said once that it is slow" test "$(grep -c '^slow: late.passes_though_it_is_long runs for .* on rank 1' <<<"$out")" = 1

run "$runner" --mock -n 2 "$late" --filter 'late.times_out_*:-*odd*' --global-timeout 0.8 --json global.json
check "--global-timeout ends the run with status 1" status_is 1
check "what waits is not run" out_says 'not run: the time of the whole run was up before (--global-timeout)'
check "every test is told of" test "$(outcomes global.json | wc -l)" = 9

run "$runner" --mock -n 2 "$late" --filter 'late.passes_though*' --timeout 0.1
check "--timeout does not override a test's own limit" status_is 0
run "$runner" --mock -n 2 "$BUILD/suites/world.so" --timeout 0 --filter 'world.*init*'
check "--timeout 0 is no limit" status_is 0
run "$runner" --mock --timeout never
check "a time that is none is refused" status_is 4
check "with a sentence" one_sentence "--timeout: 'never' is no time: give seconds, like 60 or 0.5"

if [ "$MPI" != none ]; then
    mpi 4 "$runner" "$late" --filter '-*hidden*' --json mpi.json
    check "under mpiexec: status 1" status_is 1
    check "under mpiexec: every outcome" as_named mpi.json 10+ hidden=timeout never=error
    check "under mpiexec the odd one is found" out_says '; rank 1 is in compute(), test_late.c:'
    mpi 4 "$runner" "$late" --filter '*hidden*:*passes*' --json given_up.json
    if [ "$MPI" = openmpi ]; then
        check "ranks that do not answer are not waited for, also at the end" status_is 1
    else # MPICH's mpiexec mixes the status with those of ranks that it had to kill
        check "ranks that do not answer are not waited for, also at the end" test "$status" != 0 -a "$status" != 124
    fi
    check "and have timed out" test "$(outcomes given_up.json | grep -c 'hidden.* timeout')" = 2
    check "the others pass" test "$(outcomes given_up.json | grep -c passed)" = 3
fi
finish
