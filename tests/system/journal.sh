# The journal: a job that died is resumed from it, and the whole is reported as if nothing had happened.
. "$(dirname "$0")/lib.sh"
suite=$BUILD/tests/suites/jobs.so
all=43 # tests of the suite

# in_gate COMMAND…: starts the command as $job, and returns when `jobs.gate` runs.
in_gate() {
    rm -f gate && mkfifo gate
    JOBS_GATE=gate "$@" >out 2>err </dev/null &
    job=$!
    last="$*"
    exec 7>gate # waits for the test to open it
}

# killed WHAT PID: what a job leaves that was killed there is good.
killed() {
    local pids
    pids="$job $(descendants "$job")"
    kill -9 "$2"
    wait "$job" 2>/dev/null
    status=$?
    check "$1: no process is left" all_gone $pids
    exec 7>&-
    check "$1: JUnit's file is whole" xml_is_valid r.xml
    check "$1: TAP is valid" tap_is_valid r.tap
    check "$1: it did not pass" test "$status" != 0
}

# whole WORDS: the reports of a resumed run are those of a whole one.
whole() {
    check "$1: the status is that of a test that crashed" status_is 1
    check "$1: all are reported" test "$(outcomes s.json | wc -l)" = $all
    check "$1: one crashed, the others passed" test "$(outcomes s.json | grep -v passed)" = "jobs.gate crashed"
    check "$1: it says with which ranks" grep -q "the job died while it ran on ranks [0-9][-,][0-9]" s.json
    check "$1: JUnit has the output of tests that ran before" grep -q 'case 7' s.xml
    check "$1: JUnit is whole" xml_is_valid s.xml
    check "$1: TAP is complete" tap_is_valid s.tap complete
    check "$1: nothing ran twice" test "$(wc -l <marks/counted)" = 1
}

reports=(--junit r.xml --tap=r.tap)
again=(--junit s.xml --tap=s.tap --json s.json)
export JOBS_MARKS=marks
mkdir marks && touch marks/flaky marks/unit_flaky

# ---- On the mock ----
in_gate "$runner" --mock -n 4 "$suite" --journal j "${reports[@]}"
killed "rank 0 of the mock" "$(pid_of_rank 0 "$job")"
cp j died
run "$runner" --mock -n 4 --resume j "${again[@]}"
whole "resumed on the mock"
run "$runner" --mock -n 2 --resume j "${again[@]}"
whole "resumed when nothing is left"

rm marks/counted
in_gate "$runner" --mock -n 4 "$suite" --journal j "${reports[@]}"
killed "the mock's first process" "$job"
run "$runner" --mock -n 3 --resume j "${again[@]}"
whole "resumed with fewer ranks"

cp died j
run "$runner" --mock -n 4 --resume j --retries 1 "${again[@]}"
check "with --retries it is tried again" status_is 0
check "… and flaky" test "$(outcomes s.json | grep -v passed)" = "jobs.gate flaky"

# ---- Cut anywhere ----
run "$runner" --mock -n 3 "$suite" --filter 'jobs.late/*' --journal small
cat >cut.py <<'PYTHON'
import json, subprocess, sys
runner, whole = sys.argv[1], open("small", "rb").read()
resumed = refused = 0
for size in range(len(whole) + 1):
    open("cut", "wb").write(whole[:size])
    done = subprocess.run([runner, "--mock", "-n", "2", "-q", "--resume", "cut", "--json", "c.json"], capture_output=True, timeout=60)
    if done.returncode == 4:
        refused += 1
        assert done.stderr.count(b"\n") == 1 and b"the journal cut" in done.stderr, done.stderr
        assert resumed == 0, size
        continue
    results = [r for r in map(json.loads, open("c.json")) if r["type"] == "result"]
    assert sorted(r["test"] for r in results) == [f"jobs.late/{n}" for n in range(5)], (size, results)
    crashed = [r for r in results if r["outcome"] == "crashed"]
    assert {r["outcome"] for r in results} <= {"passed", "crashed"} and done.returncode == (1 if crashed else 0), (size, results)
    resumed += 1
assert resumed > 200 and refused > 20, (resumed, refused)
PYTHON
run python3 cut.py "$runner"
check "cut at any byte it is resumed, or refused in a sentence" status_is 0

# ---- What is refused ----
refused() { # WORDS SENTENCE ARGUMENTS…
    run "$runner" --mock -n 2 "${@:3}"
    check "$1 is refused" status_is 4
    check "… in one sentence" one_sentence
    check "… that says: $2" says "$2"
}
refused "another selection" "other tests" --resume died --filter 'jobs.quick/*'
refused "another suite" "other tests" --resume died "$BUILD/tests/suites/outcomes.so"
refused "no journal" "no journal" --resume r.xml
refused "a file that is not there" "nowhere" --resume nowhere
refused "a folder" "directory" --resume .
python3 -c 'b = bytearray(open("died", "rb").read()); b[len(b) // 2] ^= 4; open("flipped", "wb").write(b)'
refused "a flipped bit" "damaged at byte" --resume flipped
sed 's/\x06\x00\x00\x00\x00\x00\x00\x000\.1\.0/\x06\x00\x00\x00\x00\x00\x00\x000.0.9/' died >version
refused "a changed header" "damaged at byte" --resume version
refused "a journal over another file" "left alone" "$suite" --journal r.xml
refused "a folder that is not there" "no/such" "$suite" --journal no/such/journal
in_gate "$runner" --mock -n 4 "$suite" --journal j
refused "a journal that is being written" "another run" "$suite" --journal j
refused "… also to resume" "another run" --resume j
exec 7>&-
wait "$job"
check "the run that wrote it went on" test $? = 0

# ---- Where nobody said ----
run "$runner" --mock -n 2 "$suite" --filter 'jobs.late/*'
file=$(ls "$XDG_CACHE_HOME"/mpirun-tests/*.journal | tail -n 1)
check "the journal is in the cache folder" test -s "$file"
check "… for its owner alone" test "$(stat -c %a "$file") $(stat -c %a "$XDG_CACHE_HOME/mpirun-tests")" = "600 700"
run "$runner" --mock -n 2 "$suite" --filter 'jobs.late/*' --resume last --json s.json
check "the last one is found" test "$(outcomes s.json | wc -l)" = 5
run "$runner" --mock -n 2 "$suite" --filter 'jobs.pair/3' --resume last
check "where there is none a sentence says so" says "there is no journal of these tests"
for i in {1..40}; do : >"$XDG_CACHE_HOME/mpirun-tests/0000000000000000-20000101T000000.000-$i.journal"; done
run "$runner" --mock -n 2 "$suite" --filter 'jobs.late/*'
check "old ones are removed" test "$(ls "$XDG_CACHE_HOME"/mpirun-tests | wc -l)" = 32
check "… but not new ones" test -s "$file"
XDG_CACHE_HOME=/dev/null/nowhere run "$runner" --mock -n 2 "$suite" --filter 'jobs.late/*'
check "no cache folder is a warning" says "warning: no journal"
check "… and no failure" status_is 0
run "$runner" --mock -n 2 "$suite" --filter 'jobs.late/*' --shuffle --journal shuffled
run "$runner" --mock -n 2 --resume shuffled --json s.json
check "the seed is the journal's" status_is 0
before=$(ls "$XDG_CACHE_HOME"/mpirun-tests | wc -l)
run "$runner" --mock -n 2 "$suite" --journal none
check "none is none" test "$(ls "$XDG_CACHE_HOME"/mpirun-tests | wc -l)" = "$before"

# ---- At random moments ----
# random_kills WHO ROUNDS COMMAND…: kill -9 of rank 0, or of the process itself, and resumed until it is whole.
random_kills() {
    local who=$1 rounds=$2 round pids victim jobs ok=0
    shift 2
    RANDOM=4711
    for ((round = 0; round < rounds; round++)); do
        "$@" "$suite" --journal k "${reports[@]}" >out 2>err </dev/null &
        job=$!
        for ((jobs = 0; jobs < 3; jobs++)); do
            sleep "0.0$((RANDOM % 90 + 10))" # the moment is the test's matter, whatever runs then
            pids=$(descendants "$job")
            victim=$([ $((RANDOM % 2)) = 0 ] && pid_of_rank 0 "$job" || echo "$job")
            kill -9 "${victim:-$job}" 2>/dev/null
            wait "$job" 2>/dev/null
            all_gone $pids || echo "# round $round: processes are left"
            if [ -s r.xml ]; then
                xml_is_valid r.xml || echo "# round $round: invalid XML"
            fi
            [ -s k ] || "$@" "$suite" --journal k >out 2>err # died before its journal began
            "$@" --resume k "${reports[@]}" >out 2>err </dev/null &
            job=$!
        done
        wait "$job"
        run "$@" --resume k --json s.json "${again[@]:0:3}"
        if [ "$(outcomes s.json | wc -l)" = $all ] && [ "$(outcomes s.json | grep -cv 'passed$\|crashed$')" = 0 ]; then
            ok=$((ok + 1))
        fi
    done
    last="$who"
    check "$who: killed at random moments, each run ends whole" test "$ok" = "$rounds"
}
random_kills "mock" 10 "$runner" --mock -n 4

# ---- Under mpiexec ----
if [ "$MPI" != none ]; then
    rm -f marks/counted
    in_gate "$MPIEXEC" "${mpi_flags[@]}" -n 4 "$runner" "$suite" --journal j "${reports[@]}"
    killed "rank 0 under mpiexec" "$(pid_of_rank 0 "$job")"
    cp j died
    mpi 3 "$runner" --resume j "${again[@]}"
    whole "resumed under mpiexec"
    cp died j
    run "$runner" --mock -n 3 --resume j "${again[@]}"
    whole "resumed on the mock, begun under mpiexec"

    rm -f marks/counted
    in_gate "$MPIEXEC" "${mpi_flags[@]}" -n 4 "$runner" "$suite" --journal j "${reports[@]}"
    killed "mpiexec itself" "$job"
    mpi 4 "$runner" --resume j "${again[@]}"
    whole "resumed after mpiexec died"
    mpi 2 "$runner" --resume nowhere
    check "under mpiexec a refusal comes once" one_sentence
    check "… with its status" status_is 4
    random_kills "mpiexec" 3 "$MPIEXEC" "${mpi_flags[@]}" -n 3 "$runner"
fi
finish
