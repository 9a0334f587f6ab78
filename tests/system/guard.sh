# Under a real MPI: a test that one rank leaves ends on all of them, whatever call they are in, and the run goes on.
. "$(dirname "$0")/lib.sh"
[ "$MPI" != none ] || exit 77
guard=$BUILD/tests/suites/guard.so
limit=300

mpi 4 "$runner" "$guard" --filter 'guard.*-*somewhere*:*passes/*:*of_three*' --json calls.json
check "one rank fails while others are in each kind of call: the run ends, with status 1" status_is 1
check "each outcome is as the test's name says" as_named calls.json 23 '*=passed'
check "who waited says where" says 'left MPI_Recv(count=1, source=1, tag=0, MPI_COMM_WORLD), because rank 1 left the test'
check "in a collective too" says 'left MPI_Barrier(MPI_COMM_WORLD), because rank 1 left the test'
check "and on a communicator of the test's own" says 'left MPI_Allreduce(count=1, a communicator of 2)'
check "a mismatch names both" says 'rank 0 calls MPI_Bcast with root 0, rank 3 calls MPI_Bcast with root 1'

mpi 4 "$runner" "$BUILD/tests/suites/guard_objects.so" --json objects.json
check "the same for windows, files, intercommunicators, non-blocking collectives, and what is left open" status_is 1
check "each outcome is as the test's name says, there too; no long wait is a deadlock" as_named objects.json 45 '*=passed'
check "non-blocking collectives are counted" says 'after 1 non-blocking collective'

mpi 4 "$runner" "$guard" --filter '*somewhere*:*passes/*:*of_three*' --json many.json
check "500 tests, half of them left at some point: status 1" status_is 1
check "nothing of those that were left reaches the others" as_named many.json 500 '*=passed'
mpi 3 "$runner" "$guard" --filter '*of_two*:*of_three*' --shuffle --seed 5 --json three.json
check "teams of two and three among three ranks, shuffled" as_named three.json 200 '*=passed'

mpi 4 "$runner" "$BUILD/tests/suites/deadlocks.so" --filter '*in_a_ring_of_receives:*allreduce_without_one*' --json dead.json
check "two deadlocks: status 1" status_is 1
check "both are told as such" test "$(grep -c '"outcome": *"deadlock"' dead.json)" = 2
check "with every rank's call" says 'rank 2: MPI_Recv(count=1, source=1, tag=0, MPI_COMM_WORLD)'

# many COUNT FILE: of the tests of guard_many those that are to fail did, the rest passed, and there were so many.
many() {
    python3 - "$1" "$2" <<'PYTHON'
import json, sys
wrong = seen = 0
for result in map(json.loads, open(sys.argv[2])):
    if result["type"] != "result":
        continue
    case = result["test"].partition("/")[2]
    want = "failed" if case.endswith("7") else "passed"
    seen += 1
    if result["outcome"] != want:
        wrong += 1
        print(f"{result['test']}: {result['outcome']}, wanted {want}: {result.get('message')}")
print(f"{seen} tests")
sys.exit(wrong > 0 or seen != int(sys.argv[1]))
PYTHON
}
count=5001 filter='*/?:*/??:*/???:*has_not_grown'
[ "$MPI" != mpich ] || count=501 filter='*/?:*/??:*has_not_grown' # its ranks spin on shared cores
mpi 4 "$runner" "$BUILD/tests/suites/guard_many.so" --filter "$filter" --json all.json
check "$count tests, one in ten left by one rank: right outcomes, and nothing has grown" many $count all.json
finish
