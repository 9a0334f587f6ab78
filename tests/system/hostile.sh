# Hostile tests amid good ones: each ends as tests/suites/hostile/expected says, and every good one passes, on the mock and
# under mpiexec, in order and shuffled.
. "$(dirname "$0")/lib.sh"
[ -z "${SANITIZE:-}" ] || exit 77 # a sanitizer ends the process where a test crashes, and is slow
limit=300
hostile=$BUILD/tests/suites/hostile.so
deadly=$BUILD/tests/suites/deadly.so

# as_expected BACKEND FILE SUITE…: every test of these suites has been reported as it must be.
as_expected() {
    python3 - "$SOURCE/tests/suites/hostile/expected" "$@" <<'PYTHON'
import json, sys
expected, backend, report, *suites = sys.argv[1:]
wanted = {}
for line in open(expected):
    where, line = (line.split(None, 1) if line.startswith("@") else ("@" + backend, line))
    words = line.split("#", 1)[0].split(None, 2)
    if words and where == "@" + backend and words[0].split(".")[0] in suites:
        wanted[words[0]] = (words[1], words[2].strip() if len(words) > 2 else "")
wrong, good, seen = 0, 0, set()
for result in map(json.loads, open(report)):
    if result["type"] != "result":
        continue
    name, outcome = result["test"], result["outcome"]
    if name in seen:
        wrong += 1
        print(f"{name}: reported twice")
    seen.add(name)
    text = json.dumps(result, ensure_ascii=False)
    if ".good_" in name:
        good += outcome == "passed"
        want, words = "passed", ""
    else:
        want, words = wanted.pop(name, ("(a line in expected)", ""))
    if outcome != want or words not in text.replace('\\"', '"'):
        wrong += 1
        print(f"{name}: {outcome}, wanted {want} {words}: {text[:1500]}")
for name in wanted:
    wrong += 1
    print(f"{name}: not reported")
print(f"{good} good ones passed, {len(seen)} tests in all, {wrong} wrong")
sys.exit(wrong > 0 or good == 0)
PYTHON
}

run "$runner" --mock -n 4 "$hostile" "$deadly" --json mock.json
check "on the mock: the run goes on to its end, with status 1" status_is 1
check "on the mock: every test as expected" as_expected mock mock.json hostile death deadly
for seed in 1 2; do
    run "$runner" --mock -n 4 "$hostile" "$deadly" --seed $seed --json shuffled.json
    check "on the mock, shuffled by seed $seed: status 1" status_is 1
    check "on the mock, shuffled by seed $seed: every test as expected" as_expected mock shuffled.json hostile death deadly
done
run "$runner" --mock -n 4 "$hostile" --strict --json strict.json --filter 'hostile.leaves_*:hostile.good_*'
check "--strict makes failures of what is left behind" says 'was never freed'

if [ "$MPI" != none ]; then
    mpi 4 "$runner" "$hostile" --json mpi.json
    check "under mpiexec: the run goes on to its end, with status 1" status_is 1
    check "under mpiexec: every test as expected" as_expected mpi mpi.json hostile death
    mpi 4 "$runner" "$hostile" --seed 3 --json mpi.json
    check "under mpiexec, shuffled: status 1" status_is 1
    check "under mpiexec, shuffled: every test as expected" as_expected mpi mpi.json hostile death
fi
if [ "$MPI" = openmpi ]; then
    run "$runner" --launch "$MPIEXEC ${mpi_flags[*]} -n 4 --enable-recovery" "$hostile" "$deadly" --json launch.json
    check "under --launch of a recoverable mpiexec: status 1" status_is 1
    check "under --launch of a recoverable mpiexec: every test as expected" as_expected mpi launch.json hostile death deadly
fi
finish
