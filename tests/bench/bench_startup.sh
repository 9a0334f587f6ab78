#!/bin/bash
# bench_startup.sh [BUILD]: from start to exit of a run with one empty test, on the mock and under mpiexec of the same
# rank count, against a program that only starts and ends MPI. Medians of RUNS (15) interleaved runs on RANKS (4) ranks.
. "$(dirname "$0")/common.sh"
RUNS=${RUNS:-15} RANKS=${RANKS:-4}

times() { # NAME COMMAND…: adds a wall time to the file of that name
    local name=$1 wall
    shift
    wall=$(measured "$@") || exit 1
    echo "${wall% *}" >>"$scratch/$name"
}

for name in mock_test mock_bare mpi_test mpi_bare; do : >"$scratch/$name"; done
for ((run = 0; run <= RUNS; run++)); do
    times mock_test "$runner" --mock -n "$RANKS" "$bench/one.so"
    times mock_bare "$mockexec" -n "$RANKS" "$bench/bare"
    if [ -n "$MPIEXEC" ]; then
        times mpi_test "${mpi[@]}" "$RANKS" "$runner" "$bench/one.so"
        times mpi_bare "${mpi[@]}" "$RANKS" "$bench/bare"
    fi
    if [ "$run" = 0 ]; then # warms the caches
        for name in mock_test mock_bare mpi_test mpi_bare; do : >"$scratch/$name"; done
    fi
done

for name in mock_test mock_bare mpi_test mpi_bare; do
    printf -v "$name" %s "$(median <"$scratch/$name" | awk '{ print $1 * 1000 }')"
done
echo "Start to exit, $RANKS ranks, median of $RUNS interleaved runs"
row "mpirun-tests --mock, one empty test" "$mock_test" "%.1f ms"
row "mpimockexec, init and finalize" "$mock_bare" "%.1f ms"
row "mpirun-tests under ${MPIEXEC:-mpiexec}, one empty test" "$mpi_test" "%.1f ms"
row "${MPIEXEC:-mpiexec}, init and finalize" "$mpi_bare" "%.1f ms"
echo "Ratios"
ratio "one test: mpiexec / mock (wanted: at least 10)" "$mpi_test" "$mock_test"
ratio "bare program: mpiexec / mock" "$mpi_bare" "$mock_bare"
ratio "what the runner adds on the mock: test / bare" "$mock_test" "$mock_bare"
ratio "what the runner adds under mpiexec: test / bare" "$mpi_test" "$mpi_bare"
