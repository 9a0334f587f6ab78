# Tests that one rank leaves while others wait for it, and teams that wait for each other: each ends by itself, as its name
# says, and the run goes on. On the mock; under a real MPI nobody is freed yet.
. "$(dirname "$0")/lib.sh"
leaving=$BUILD/tests/suites/leaving.so
limit=60

# as_named FILE: every test of a JSON report has the outcome that its name tells.
as_named() {
    python3 - "$1" <<'PYTHON'
import json, sys
wanted = {"passes": "passed", "fails": "failed", "skips": "skipped", "crashes": "crashed", "deadlocks": "deadlock", "is": "error"}
wrong = seen = 0
for result in map(json.loads, open(sys.argv[1])):
    if result["type"] != "result":
        continue
    want = wanted[result["test"].split(".")[1].split("_")[0]]
    seen += 1
    if result["outcome"] != want:
        wrong += 1
        print(f"{result['test']}: {result['outcome']}, wanted {want}: {result.get('message')}")
sys.exit(wrong > 0 or seen < 25)
PYTHON
}

run "$runner" --mock -n 4 "$leaving" --json four.json
check "the run goes on to its end, with status 1" status_is 1
check "each outcome is as the test's name says" as_named four.json
check "who waited says where, and for whom" says 'left MPI_Recv(count=1, source=0, tag=0, MPI_COMM_WORLD), because rank 0 left the test'
check "and why, where that is known" says 'because rank 1 crashed: MPI_Abort(MPI_COMM_WORLD, 3) called'
check "a deadlock names each rank's call" says 'rank 1: MPI_Recv from rank 0, tag 0 on MPI_COMM_WORLD'
check "its cycle" says 'the cycle: 0 -> 1 -> 0'
check "and the rank that is missing" says 'rank 0 waits for rank 1, which has ended the test'

for round in 1 2 3 4 5; do
    run "$runner" --mock -n 5 "$leaving" --shuffle --seed "$round" --json shuffled.json
    check "in shuffled order $round: status 1" status_is 1
    check "in shuffled order $round: every outcome" as_named shuffled.json
done
for sends in eager sync random; do
    export MPIMOCK_SENDS=$sends MPIMOCK_SEED=7
    run "$runner" --mock -n 4 "$leaving" --filter '*:-*large_sends:*sends_many:*sends_much' --json sends.json
    check "with $sends sends" status_is 1
    check "with $sends sends: every outcome" as_named sends.json
    unset MPIMOCK_SENDS MPIMOCK_SEED
done

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
