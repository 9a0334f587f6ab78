# lib.sh: what the system tests share; sourced, with bash.
#
# From the environment (CTest sets it): BUILD and SOURCE, folders; MPI: openmpi, mpich, other or none; MPIEXEC, MPICC,
# OTHER_MPIEXEC (mpiexec of another MPI, if there is one), CC, CXX, VALGRIND, SANITIZE. A test is a script that calls
# `check` and ends with `finish`. Everything is started under `timeout`. Exit status 77: nothing to test in this build.
set -u
: "${BUILD:?the build folder}" "${SOURCE:?the source folder}" "${MPI:?openmpi, mpich, other or none}"

scratch=$(mktemp -d)
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

finish() {
    echo "1..$checks"
    [ "$failures" = 0 ]
    exit
}
