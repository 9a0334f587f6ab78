# Ranks that die cost the test that they were in, and nothing else.
. "$(dirname "$0")/lib.sh"
lost=$BUILD/tests/suites/lost.so
limit=60

export LOST_ONCE=$scratch/once
for n in 3 4 6; do
    touch once
    run "$runner" --mock -n $n "$lost" --filter 'lost*' --json mock.json
    check "on $n ranks: status 1" status_is 1
    check "on $n ranks: every test as its name says, once" as_named mock.json 40 hidden=timeout
done
check "who died is told how" out_says 'its process was ended by signal 9 (Killed)'
check "who waited for it is told why it left" out_says 'left MPI_Barrier(MPI_COMM_WORLD), because rank 1 is gone: its process has died'
check "what the dead one had written is not lost" out_says 'last words'
check "a death in a setup ends the first test" out_says 'not begun, because rank'

for round in 1 2 3; do
    touch once
    run "$runner" --mock -n 4 "$lost" --filter 'lost*' --shuffle --seed $round --json mock.json
    check "in shuffled order $round" as_named mock.json 40 hidden=timeout
done

run "$runner" --mock -n 3 "$BUILD/tests/suites/late.so" --filter '*hidden*:*passes*' --json hidden.json
check "what cannot be interrupted is given up, and a rank that was stopped is replaced" as_named hidden.json 5 hidden=timeout
check "the former says so" out_says 'timed out after 0.5 s, and could not be interrupted'
check "of the latter it is said" out_says 'did not answer for 5 s after its time was up'

if [ "$MPI" = openmpi ]; then
    touch once
    run "$MPIEXEC" "${mpi_flags[@]}" --enable-recovery -n 6 "$runner" "$lost" --filter 'lost*' --json recovered.json
    check "under a launcher that goes on: every test is told of" test "$(outcomes recovered.json | wc -l)" = 40
    check "those whose rank was killed have crashed" test "$(outcomes recovered.json | grep -c 'crashes.* crashed')" -ge 3
    check "what passes, passes while there are ranks" test "$(outcomes recovered.json | grep 'passes' | grep -cvE 'passed|notrun')" = 0
    check "it is said that the process is gone" out_says 'its process is gone: it was killed, or ended by itself'
    run "$MPIEXEC" "${mpi_flags[@]}" --enable-recovery -n 3 "$runner" "$lost" --filter 'lost.*-*crashes_alone:*at_the_end' --json few.json
    check "what needs more ranks than are left is not run" out_says 'needs 3 ranks, but of the job'
    check "and every test is told of" test "$(outcomes few.json | wc -l)" = 31
fi
finish
