# Deadlocks of many kinds, and correct programs that come close, on the mock: the former are found at once and said in
# full, the latter pass, whatever sends do.
. "$(dirname "$0")/lib.sh"
deadlocks=$BUILD/tests/suites/deadlocks.so
near=$BUILD/tests/suites/near_deadlocks.so
limit=60

# right FILE SENDS: every test of a JSON report has the outcome that its name tells where sends are such; each report of a
# deadlock names every rank of the team, and was written within 50 ms of the time at which the last rank was blocked.
right() {
    python3 - "$1" "$2" <<'PYTHON'
import json, re, sys
path, sends = sys.argv[1:]
wrong, seen, times = [], 0, []

def wanted(name):
    if name.startswith("deadlocks_"):
        return {"deadlock"}
    if name.startswith("passes_"):
        return {"passed"}
    if sends == "random":
        return {"passed", "deadlock"}
    return {"deadlock"} if sends == "sync" or (sends == "default" and "_large_" in name) else {"passed"}

def numbers(text):
    for part in re.split(", ", text):
        ends = part.split(" to ")
        yield from range(int(ends[0]), int(ends[-1]) + 1)

for result in map(json.loads, open(path)):
    if result["type"] != "result":
        continue
    seen += 1
    test, message = result["test"], result.get("message", "")
    if result["outcome"] not in wanted(test.split(".")[1].split("[")[0]):
        wrong.append(f"{test}: {result['outcome']}: {message}")
    if result["outcome"] != "deadlock":
        continue
    named = [rank for line in re.findall(r"^  ranks? ([0-9][0-9, to]*): ", message, re.M) for rank in numbers(line)]
    if sorted(named) != list(range(len(result["ranks"]))):
        wrong.append(f"{test}: names ranks {sorted(named)}: {message}")
    found = re.search(r"^  found ([0-9.]+) ms after", message, re.M)
    times.append(float(found[1]) if found else 1e9)
    if times[-1] >= 50:
        wrong.append(f"{test}: late: {message}")
print("\n".join(wrong))
if times:
    print(f"# {len(times)} deadlocks, found {max(times)} ms after the last rank was blocked at the latest")
sys.exit(len(wrong) > 0 or seen < 30)
PYTHON
}

for n in 4 6; do
    run "$runner" --mock -n $n "$deadlocks" --json deadlocks.json
    check "on $n ranks: status 1" status_is 1
    check "on $n ranks: each deadlock is found and told" right deadlocks.json default
    run "$runner" --mock -n $n "$near" --json near.json
    check "on $n ranks: none is found where there is none" status_is 0
    check "on $n ranks: all of these pass" right near.json default
done
run "$runner" --mock -n 4 "$deadlocks"
check "a request of several is told with the others" says 'MPI_Waitall for 2 requests: a receive from rank 1, tag 0; a receive from any rank, tag 1 on MPI_COMM_WORLD'
check "the rank that a collective misses" says ' in MPI_Allreduce(MPI_SUM) on MPI_COMM_WORLD; rank 2 is in MPI_Recv from rank 0, tag 7 on MPI_COMM_WORLD'
check "what runs beside a deadlock" says 'rank 2: runs (not in an MPI call that waits)'
check "what polls beside one" says 'ranks 2, 3: runs (asks by MPI_Iprobe)'
check "a knot" says 'ranks 0 to 2 could be freed by any of several ranks, none of which goes on'
check "a cycle" says 'the cycle: 0 -> 3 -> 2 -> 1 -> 0'

# all_failed FILE: six tests, each failed.
all_failed() { [ "$(outcomes "$1" | grep -c ' failed$')" = 6 ] && [ "$(outcomes "$1" | wc -l)" = 6 ]; }
two_roots() { says 'rank 1 is in MPI_Bcast(root=0), rank 0 in MPI_Bcast(root=1)' || says 'rank 0 is in MPI_Bcast(root=1), rank 1 in MPI_Bcast(root=0)'; }
run "$runner" --mock -n 4 "$BUILD/tests/suites/mismatches.so" --json mismatches.json
check "collective calls that do not match are errors" all_failed mismatches.json
check "two roots are named, though no message meets another" two_roots
check "two functions" says 'rank 0 is in MPI_Allreduce(MPI_SUM), rank 1 in MPI_Barrier()'
check "two operations" says 'rank 0 is in MPI_Allreduce(MPI_SUM), rank 1 in MPI_Allreduce(MPI_MAX)'
check "two counts" says 'rank 1 sends more (MPI_INT) in MPI_Allreduce(MPI_SUM) than the 4 bytes (MPI_INT) that rank 0 expects'
check "two types" says 'rank 0 sends MPI_INT in MPI_Bcast(root=0), rank 1 expects MPI_FLOAT'

for sends in eager sync random random random; do
    seed=$((${seed:-0} + 1))
    export MPIMOCK_SENDS=$sends MPIMOCK_SEED=$seed
    run "$runner" --mock -n 4 "$deadlocks" --shuffle --seed $seed --json deadlocks.json
    check "with $sends sends, seed $seed: each deadlock" right deadlocks.json $sends
    run "$runner" --mock -n 4 "$near" --shuffle --seed $seed --json near.json
    check "with $sends sends, seed $seed: none where there is none" right near.json $sends
    unset MPIMOCK_SENDS MPIMOCK_SEED
done
run env MPIMOCK_COPY=ring "$runner" --mock -n 4 "$deadlocks" --json deadlocks.json
check "where data goes through the ring: each deadlock" right deadlocks.json default
run env MPIMOCK_COPY=ring "$runner" --mock -n 4 "$near" --json near.json
check "where data goes through the ring: none where there is none" right near.json default
finish
