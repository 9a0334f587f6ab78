# lib.sh: what the system tests share; sourced, with bash.
#
# From the environment (CTest sets it): BUILD and SOURCE, folders; MPI: openmpi, mpich, other or none; MPIEXEC, MPICC,
# OTHER_MPIEXEC (mpiexec of another MPI, if there is one), CC, CXX, VALGRIND, SANITIZE. A test is a script that calls
# `check` and ends with `finish`. Everything is started under `timeout`. Exit status 77: nothing to test in this build.
set -u
: "${BUILD:?the build folder}" "${SOURCE:?the source folder}" "${MPI:?openmpi, mpich, other or none}"

scratch=$(mktemp -d)
export XDG_CACHE_HOME=$scratch/cache
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1

runner=$BUILD/mpirun-tests
suites=$BUILD/suites
checks=0 failures=0
unset "${!MPIRUN_TESTS_@}" "${!MPIMOCK_@}" "${!OMPI_COMM_WORLD_@}" "${!PMI_@}" "${!PMIX_@}"

mpi_flags=()
if [ "$MPI" = openmpi ]; then
    mpi_flags=(--oversubscribe)
    if [ "$(id -u)" = 0 ]; then
        export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    fi
fi

# run COMMAND…: its standard output, standard error and status become $out, $err and $status.
run() {
    timeout -k 10 "${limit:-120}" "$@" >"$scratch/out" 2>"$scratch/err" </dev/null
    status=$?
    out=$(cat "$scratch/out") err=$(cat "$scratch/err")
    last="$*"
}

# mpi N COMMAND…: the same under this build's mpiexec.
mpi() {
    local n=$1
    shift
    run "$MPIEXEC" "${mpi_flags[@]}" -n "$n" "$@"
}

# check WORDS COMMAND…: the command must succeed; on failure all that is known of the last run is shown.
check() {
    local words=$1
    shift
    checks=$((checks + 1))
    if "$@"; then
        echo "ok $checks - $words"
    else
        failures=$((failures + 1))
        echo "not ok $checks - $words"
        echo "# failed: $*"
        echo "# last run: ${last:-none}; status ${status:-none}"
        echo "--- its standard output (up to 60 lines)"
        head -n 60 "$scratch/out" 2>/dev/null
        echo "--- its standard error (up to 60 lines)"
        head -n 60 "$scratch/err" 2>/dev/null
        echo "---"
    fi
}

status_is() { [ "$status" = "$1" ]; }
says() { grep -qF -- "$1" <<<"$out$err"; }
out_says() { grep -qF -- "$1" <<<"$out"; }
silent_about() { ! grep -qF -- "$1" <<<"$out$err"; }
# One sentence: exactly one line of the runner's own on standard error (a launcher may add its own words).
one_sentence() { [ "$(grep -c "^mpirun-tests: ${1:-}" <<<"$err")" = 1 ] && [ "$(grep -c '^mpirun-tests: ' <<<"$err")" = 1 ]; }

# outcomes FILE: `name outcome` lines of a JSON report, sorted.
outcomes() {
    python3 - "$1" <<'PYTHON'
import json, sys
for line in sorted(f"{r['test']} {r['outcome']}" for r in map(json.loads, open(sys.argv[1])) if r["type"] == "result"):
    print(line)
PYTHON
}

# as_named FILE TESTS [NAME=OUTCOME…]: a JSON report has so many results (at least so many: TESTS with a + behind), and each
# has the outcome that its test's name tells by its first word, or that is given for a word, a test, or all others (*).
as_named() {
    python3 - "$@" <<'PYTHON'
import json, re, sys
report, tests, *given = sys.argv[1:]
wanted = {"passes": "passed", "fails": "failed", "skips": "skipped", "crashes": "crashed", "deadlocks": "deadlock",
          "times": "timeout", "is": "error"}
wanted.update(pair.split("=") for pair in given)
wrong = seen = 0
for result in map(json.loads, open(report)):
    if result["type"] != "result":
        continue
    name = re.sub(r"(\[.*\])?(/[0-9]+)?$", "", result["test"])
    word = re.match("[a-z]*", name.split(".")[1])[0]
    want = wanted.get(name) or wanted.get(word) or wanted.get("*", word)
    seen += 1
    if result["outcome"] != want:
        wrong += 1
        print(f"{result['test']}: {result['outcome']}, wanted {want}: {result.get('message')}")
enough = seen >= int(tests[:-1]) if tests.endswith("+") else seen == int(tests)
print(f"{seen} results, {tests} wanted; {wrong} wrong")
sys.exit(wrong > 0 or not enough)
PYTHON
}

# tap_is_valid FILE [COMPLETE]: as far as it goes, the file is TAP 13: version, plan, numbers that count up, whole YAML blocks.
tap_is_valid() {
    python3 - "$@" <<'PYTHON'
import re, sys
lines = open(sys.argv[1], encoding="utf-8").read().split("\n")
assert lines.pop() == "", "the last line is cut"
assert lines[0] == "TAP version 13"
planned, told, yaml = None, 0, False
for line in lines[1:]:
    if yaml:
        yaml = line != "  ..."
    elif line == "  ---":
        yaml = True
    elif re.match(r"1\.\.\d+", line):
        planned = int(re.match(r"1\.\.(\d+)", line)[1])
    elif re.match(r"(not )?ok ", line):
        told += 1
        assert re.match(r"(?:not )?ok (\d+) - \S", line)[1] == str(told), line
    else:
        assert line.startswith("#") or line.startswith("Bail out!"), line
assert not yaml, "a block has no end"
assert planned is not None and told <= planned, (planned, told)
assert len(sys.argv) < 3 or told == planned, (planned, told)
PYTHON
}

# xml_is_valid FILE: a whole document.
xml_is_valid() {
    if command -v xmllint >/dev/null; then
        xmllint --noout "$1"
    else
        python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$1"
    fi
}

# descendants PID: all processes below it.
descendants() {
    local child
    for child in $(cat "/proc/$1/task/"*/children 2>/dev/null); do
        echo "$child"
        descendants "$child"
    done
}

# pid_of_rank RANK PID: that rank of the job which PID (mpiexec, or the mock's first process) has started.
pid_of_rank() {
    local pid
    for pid in $(descendants "$2"); do
        if [ "$( (tr '\0' '\n' <"/proc/$pid/environ") 2>/dev/null | sed -n 's/^\(OMPI_COMM_WORLD_RANK\|PMI_RANK\)=//p' | head -n 1)" = "$1" ] &&
            [ "$(readlink "/proc/$pid/exe")" = "$runner" ]; then
            echo "$pid"
            return
        fi
    done
    descendants "$2" | sort -n | sed -n "$(($1 + 1))p" # the mock forks them in order
}

# all_gone PID…: within ten seconds none of them lives any more.
all_gone() {
    local pid tries
    for pid in "$@"; do
        for ((tries = 0; tries < 100; tries++)); do
            { [ -d "/proc/$pid" ] && [ "$(sed -n 's/^State:\t\(.\).*/\1/p' "/proc/$pid/status" 2>/dev/null)" != Z ]; } || break
            sleep 0.1
        done
        [ "$tries" -lt 100 ] || return 1
    done
}

finish() {
    echo "1..$checks"
    [ "$failures" = 0 ]
    exit
}
