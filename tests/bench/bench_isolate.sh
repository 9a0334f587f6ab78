#!/bin/bash
# bench_isolate.sh [BUILD]: isolated empty tests in a second (--isolate: a process for each) on RANKS (3) ranks, from the run's
# own report (start-up apart): of one rank, and the same tests not isolated; against a bare loop of fork and wait in one small
# process, and against Criterion's 130 tests a second with a process for each (2 workers, measured on a machine like this one;
# CRITERION overrides the number). Medians of RUNS (5) interleaved runs.
. "$(dirname "$0")/common.sh"
RUNS=${RUNS:-5} RANKS=${RANKS:-3} CRITERION=${CRITERION:-130}

# tests_a_second COMMAND…: of a run whose last argument is its JSON report.
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

some=(--filter '*/*00:*/*50') # 600 of the 30,000
for name in mock_isolated mock mpi_isolated mpi forks; do : >"$scratch/$name"; done
for ((run = 0; run < RUNS; run++)); do
    note mock_isolated tests_a_second "$runner" --mock -n "$RANKS" "$bench/empty.so" --isolate "${some[@]}"
    note mock tests_a_second "$runner" --mock -n "$RANKS" "$bench/empty.so" "${some[@]}"
    note forks printed "$bench/fork_loop" 2000
    if [ -n "$MPIEXEC" ]; then
        note mpi_isolated tests_a_second "${mpi[@]}" "$RANKS" "$runner" "$bench/empty.so" --isolate "${some[@]}"
        note mpi tests_a_second "${mpi[@]}" "$RANKS" "$runner" "$bench/empty.so" "${some[@]}"
    fi
done
for name in mock_isolated mock mpi_isolated mpi forks; do
    printf -v "$name" %s "$(median <"$scratch/$name")"
done
echo "Empty tests a second on $RANKS ranks, median of $RUNS interleaved runs, start-up apart"
row "isolated, mpirun-tests --mock --isolate" "$mock_isolated" "%.0f"
row "in the ranks' own processes, --mock" "$mock" "%.0f"
row "isolated, under ${MPIEXEC:-mpiexec}" "$mpi_isolated" "%.0f"
row "in the ranks' own processes, under ${MPIEXEC:-mpiexec}" "$mpi" "%.0f"
row "bare fork and wait, one process" "$forks" "%.0f"
row "Criterion, a process for each test (given, not measured now)" "$CRITERION" "%.0f"
echo "Ratios"
ratio "on the mock: isolated / Criterion" "$mock_isolated" "$CRITERION"
ratio "under mpiexec: isolated / Criterion" "$mpi_isolated" "$CRITERION"
ratio "on the mock: isolated / bare forks" "$mock_isolated" "$forks"
ratio "under mpiexec: isolated / bare forks" "$mpi_isolated" "$forks"
