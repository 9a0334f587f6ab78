#!/bin/bash
# bench_throughput.sh [BUILD]: empty single-rank tests handed out in a second on RANKS (3) ranks, captured output and
# all, from the run's own report (start-up apart), against a bare loop of pulls by MPI_Send and MPI_Recv under the same
# launcher, and against pytest-xdist with as many workers. Medians of RUNS (5) interleaved runs.
. "$(dirname "$0")/common.sh"
RUNS=${RUNS:-5} RANKS=${RANKS:-3} PYTEST_TESTS=${PYTEST_TESTS:-4000}

# tests_a_second COMMAND…: of a run of the empty suite whose last argument is its JSON report.
tests_a_second() {
    printed "$@" --json "$scratch/run.json" >/dev/null || return 1
    sed -n 's/.*"type": *"summary".*/&/p' "$scratch/run.json" | awk '
        match($0, /"total": *[0-9]+/) { total = substr($0, RSTART, RLENGTH); sub(/.*: */, "", total) }
        match($0, /"seconds": *[-+0-9.eE]+/) { seconds = substr($0, RSTART, RLENGTH); sub(/.*: */, "", seconds) }
        END { if (seconds + 0 > 0) print total / seconds; else exit 1 }'
}

note() { # NAME COMMAND…: adds the number that a command prints to the file of that name
    local name=$1 number
    shift
    number=$("$@") || exit 1
    echo "$number" >>"$scratch/$name"
}

for name in mock mock_loop mpi mpi_loop; do : >"$scratch/$name"; done
for ((run = 0; run < RUNS; run++)); do
    note mock tests_a_second "$runner" --mock -n "$RANKS" "$bench/empty.so"
    note mock_loop printed "$mockexec" -n "$RANKS" "$bench/pull_loop" 200000
    if [ -n "$MPIEXEC" ]; then
        note mpi tests_a_second "${mpi[@]}" "$RANKS" "$runner" "$bench/empty.so"
        note mpi_loop printed "${mpi[@]}" "$RANKS" "$bench/pull_loop" 200000
    fi
done

# pytest_seconds N: wall seconds of a run of N empty tests on as many workers as we have.
pytest_seconds() {
    cat >"$scratch/test_nothing.py" <<PYTHON
import pytest


@pytest.mark.parametrize("case", range($1))
def test_nothing(case):
    pass
PYTHON
    local times
    times=$(measured "$pytest_program" -q -p no:cacheprovider -n "$((RANKS - 1))" "$scratch/test_nothing.py") || return 1
    echo "${times% *}"
}

pytest= pytest_program=
for candidate in pytest-3 pytest; do # the one that has xdist's option
    if "$candidate" -n 1 --version >/dev/null 2>&1; then
        pytest_program=$candidate
        break
    fi
done
if [ -n "$pytest_program" ]; then
    one=$(pytest_seconds 1) && many=$(pytest_seconds "$PYTEST_TESTS") &&
        pytest=$(awk -v n="$PYTEST_TESTS" -v one="$one" -v many="$many" 'BEGIN { print (n - 1) / (many - one) }')
else
    echo "(pytest-xdist is not installed, it is left out; Debian: python3-pytest-xdist)"
fi

for name in mock mock_loop mpi mpi_loop; do
    printf -v "$name" %s "$(median <"$scratch/$name")"
done
echo "Empty tests a second on $RANKS ranks, median of $RUNS interleaved runs, start-up apart"
row "mpirun-tests --mock (wanted: 30000)" "$mock" "%.0f"
row "pull loop under mpimockexec" "$mock_loop" "%.0f"
row "mpirun-tests under ${MPIEXEC:-mpiexec} (wanted: 30000)" "$mpi" "%.0f"
row "pull loop under ${MPIEXEC:-mpiexec}" "$mpi_loop" "%.0f"
row "pytest-xdist, $((RANKS - 1)) workers (its start-up subtracted)" "$pytest" "%.0f"
echo "Ratios"
ratio "on the mock: tests / pulls of the bare loop" "$mock" "$mock_loop"
ratio "under mpiexec: tests / pulls of the bare loop" "$mpi" "$mpi_loop"
ratio "mock / pytest-xdist" "$mock" "$pytest"
ratio "mpiexec / pytest-xdist" "$mpi" "$pytest"
