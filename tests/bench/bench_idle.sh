#!/bin/bash
# bench_idle.sh [BUILD]: CPU time that a job of RANKS (8) ranks spends while one test sleeps for five seconds and the
# other ranks have nothing to do. The same job with an empty test is taken off, so that waiting alone remains. Compared
# with a bare program whose ranks wait for five seconds in MPI_Recv. Medians of RUNS (3) interleaved runs.
. "$(dirname "$0")/common.sh"
RUNS=${RUNS:-3} RANKS=${RANKS:-8}

note() { # NAME COMMAND…: adds a CPU time to the file of that name
    local name=$1 times
    shift
    times=$(measured "$@") || exit 1
    echo "${times#* }" >>"$scratch/$name"
}

names="mock_start mock_test mock_bare mock_recv mpi_start mpi_test mpi_bare mpi_recv"
for name in $names; do : >"$scratch/$name"; done
for ((run = 0; run < RUNS; run++)); do
    note mock_start "$runner" --mock -n "$RANKS" "$bench/one.so"
    note mock_test "$runner" --mock -n "$RANKS" "$bench/idle.so"
    note mock_bare "$mockexec" -n "$RANKS" "$bench/bare"
    note mock_recv "$mockexec" -n "$RANKS" "$bench/wait_in_recv" 5
    if [ -n "$MPIEXEC" ]; then
        note mpi_start "${mpi[@]}" "$RANKS" "$runner" "$bench/one.so"
        note mpi_test "${mpi[@]}" "$RANKS" "$runner" "$bench/idle.so"
        note mpi_bare "${mpi[@]}" "$RANKS" "$bench/bare"
        note mpi_recv "${mpi[@]}" "$RANKS" "$bench/wait_in_recv" 5
    fi
done

for name in $names; do
    printf -v "$name" %s "$(median <"$scratch/$name")"
done
# shellcheck disable=SC2154 # the names above
waiting() { awk -v a="$1" -v b="$2" 'BEGIN { if (a != "") print (a > b ? a - b : 0) }'; }
mock_waits=$(waiting "$mock_test" "$mock_start") mock_recv_waits=$(waiting "$mock_recv" "$mock_bare")
mpi_waits=$(waiting "$mpi_test" "$mpi_start") mpi_recv_waits=$(waiting "$mpi_recv" "$mpi_bare")

echo "CPU seconds of all processes, $RANKS ranks, one test of 5 s that sleeps, median of $RUNS interleaved runs"
row "mpirun-tests --mock, whole job (wanted: less than 1)" "$mock_test" "%.3f s"
row "  of which waiting (an empty test's job taken off)" "$mock_waits" "%.3f s"
row "MPI_Recv under mpimockexec, waiting" "$mock_recv_waits" "%.3f s"
row "mpirun-tests under ${MPIEXEC:-mpiexec}, whole job" "$mpi_test" "%.3f s"
row "  the same with an empty test: start-up" "$mpi_start" "%.3f s"
row "  of which waiting (wanted: less than 1)" "$mpi_waits" "%.3f s"
row "MPI_Recv under ${MPIEXEC:-mpiexec}, waiting" "$mpi_recv_waits" "%.3f s"
echo "Ratios"
ratio "under mpiexec: waiting in MPI_Recv / in mpirun-tests" "$mpi_recv_waits" "$mpi_waits"
ratio "mpiexec's MPI_Recv / mock's MPI_Recv" "$mpi_recv_waits" "$mock_recv_waits"
awk -v mock="$mock_waits" -v mpi="$mpi_waits" -v ranks="$((RANKS - 1))" 'BEGIN {
    printf "  %-58s %.2f %%\n", "share of a core that an idle rank uses, mock", 100 * mock / 5 / ranks
    if (mpi != "")
        printf "  %-58s %.2f %%\n", "share of a core that an idle rank uses, mpiexec", 100 * mpi / 5 / ranks }'
