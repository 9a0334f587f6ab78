# Tests that one rank leaves while others wait for it, and teams that wait for each other: each ends by itself, as its name
# says, and the run goes on: on the mock, and what needs one rank under mpiexec too (guard.sh has the teams).
. "$(dirname "$0")/lib.sh"
leaving=$BUILD/tests/suites/leaving.so
limit=60
without=()
[ -z "$SANITIZE" ] || without=(--filter '-leaving_suddenly.*') # the sanitizer takes the signals for itself

run "$runner" --mock -n 4 "$leaving" "${without[@]}" --json four.json
check "the run goes on to its end, with status 1" status_is 1
check "each outcome is as the test's name says" as_named four.json 25+
check "who waited says where, and for whom" says 'left MPI_Recv(count=1, source=0, tag=0, MPI_COMM_WORLD), because rank 0 left the test'
check "and why, where that is known" says 'because rank 1 crashed: MPI_Abort(MPI_COMM_WORLD, 3) called'
check "a deadlock names each rank's call" says 'rank 1: MPI_Recv from rank 0, tag 0 on MPI_COMM_WORLD'
check "its cycle" says 'the cycle: 0 -> 1 -> 0'
check "and the rank that is missing" says 'rank 0 waits for rank 1, which has ended the test'

for round in 1 2 3 4 5; do
    run "$runner" --mock -n 5 "$leaving" "${without[@]}" --shuffle --seed "$round" --json shuffled.json
    check "in shuffled order $round: status 1" status_is 1
    check "in shuffled order $round: every outcome" as_named shuffled.json 25+
done
for sends in eager sync random; do
    export MPIMOCK_SENDS=$sends MPIMOCK_SEED=7
    run "$runner" --mock -n 4 "$leaving" --filter '*:-*large_sends:*sends_many:*sends_much:leaving_suddenly.*' --json sends.json
    check "with $sends sends" status_is 1
    check "with $sends sends: every outcome" as_named sends.json 25+
    unset MPIMOCK_SENDS MPIMOCK_SEED
done

# Every way in which a process can end, on one rank: under a real MPI, too, it costs no rank.
endings=$BUILD/tests/suites/endings.so
if [ -z "$SANITIZE" ]; then # the sanitizer takes the signals for itself
    run "$runner" --mock -n 3 "$endings" --json endings.json
    check "tests that end in every way: status 1" status_is 1
    check "each outcome is as the test's name says" as_named endings.json 25+
    check "a fault tells address" says 'signal 11 (Segmentation fault) at address 0x10'
    check "a stack overflow is one" says 'signal 11 (Segmentation fault): stack overflow'
    check "exit tells its status" says 'exit(0) called'
    check "an exception tells its words" says 'what(): the matrix is singular'
    check "another end than the expected one is a failure" says 'expected signal 11, but it passed'
    if nm -a "$BUILD/libmpirun_tests.so" | grep -q dwfl_begin; then
        check "a backtrace has functions and lines" says '#0 write_to_address() at endings.c:'
        check "up to the test's own" says 'crashes_by_a_stack_overflow() at test_endings.c:'
    fi
    run "$runner" --mock -n 4 "$BUILD/tests/suites/given_up.so" --json given_up.json
    check "tests that cost their rank: status 1" status_is 1
    check "each outcome is as the test's name says" as_named given_up.json 10
    check "a corrupt heap is told" says 'signal 6 (Aborted), in the allocator: the rank could not go on'
    if [ "$MPI" != none ]; then
        mpi 2 "$runner" "$endings" --json endings_mpi.json
        check "under mpiexec: status 1" status_is 1
        check "under mpiexec: each outcome" as_named endings_mpi.json 25+
    fi
fi

# by_number FILE: cases with an even number passed, all others did not, and say why in their own words.
by_number() {
    python3 - "$1" <<'PYTHON'
import json, re, sys
own = re.compile("an assertion|with messages open|MPI_Abort.*called|MPI_ERR_RANK")
wrong = seen = 0
for result in map(json.loads, open(sys.argv[1])):
    if result["type"] != "result":
        continue
    seen += 1
    odd = int(re.findall("[0-9]+", result["test"])[-1]) % 2
    good = result["outcome"] in ("failed", "crashed") and own.search(result["message"]) if odd else result["outcome"] == "passed"
    if not good:
        wrong += 1
        print(f"{result['test']}: {result['outcome']}: {result.get('message')}")
sys.exit(wrong > 0 or seen != 600)
PYTHON
}
run "$runner" --mock -n 4 "$BUILD/tests/suites/leaving_stress.so" --json stress.json
check "600 tests, half of them left by a rank: status 1" status_is 1
check "nothing of these reaches the others" by_number stress.json
run env MPIMOCK_COPY=ring "$runner" --mock -n 4 "$BUILD/tests/suites/leaving_stress.so" --shuffle --seed 3 --json stress.json
check "the same where data goes through the ring" status_is 1
check "nothing reaches the others there" by_number stress.json
finish
