# Ranks that die cost the test that they were in, and nothing else.
. "$(dirname "$0")/lib.sh"
lost=$BUILD/tests/suites/lost.so
limit=60

# as_named FILE COUNT: that many results, and every test has the outcome that its name tells.
as_named() {
    python3 - "$@" <<'PYTHON'
import json, sys
wanted = {"crashes": "crashed", "passes": "passed", "hidden": "timeout"}
wrong = seen = 0
for result in map(json.loads, open(sys.argv[1])):
    if result["type"] != "result":
        continue
    want = wanted[result["test"].split(".")[1].split("_")[0]]
    seen += 1
    if result["outcome"] != want:
        wrong += 1
        print(f"{result['test']}: {result['outcome']}, wanted {want}: {result.get('message')}")
sys.exit(wrong > 0 or seen != int(sys.argv[2]))
PYTHON
}

export LOST_ONCE=$scratch/once
for n in 3 4 6; do
    touch once
    run "$runner" --mock -n $n "$lost" --filter 'lost*' --json mock.json
    check "on $n ranks: status 1" status_is 1
    check "on $n ranks: every test as its name says, once" as_named mock.json 40
done
check "who died is told how" out_says 'its process was ended by signal 9 (Killed)'
check "who waited for it is told why it left" out_says 'left MPI_Barrier(MPI_COMM_WORLD), because rank 1 is gone: its process has died'
check "what the dead one had written is not lost" out_says 'last words'
check "a death in a setup ends the first test" out_says 'not begun, because rank'

for round in 1 2 3; do
    touch once
    run "$runner" --mock -n 4 "$lost" --filter 'lost*' --shuffle --seed $round --json mock.json
    check "in shuffled order $round" as_named mock.json 40
done

run "$runner" --mock -n 3 "$BUILD/tests/suites/late.so" --filter '*hidden*:*passes*' --json hidden.json
check "what cannot be interrupted is given up, and a rank that was stopped is replaced" as_named hidden.json 5
check "the former says so" out_says 'timed out after 0.5 s, and could not be interrupted'
check "of the latter it is said" out_says 'did not answer for 5 s after its time was up'
finish
