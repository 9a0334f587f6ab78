#!/bin/bash
# bench_guard.sh [BUILD]: what the guard costs under the build's MPI: guarded calls beside the bare MPI's (PMPI_*) of the same ranks
# and the same run, in turn; and the time from a rank's failure to the next test on the same ranks. Medians of RUNS (5) runs,
# each on 2 ranks, of the quickest round in each: what the calls cost while both cores are free. The ratio of the half round trip is to be 1.15 at most, with free cores.
. "$(dirname "$0")/common.sh"
RUNS=${RUNS:-5}
[ -n "$MPIEXEC" ] || exit 0
export GUARD_COST=$scratch/cost

for ((run = 0; run < RUNS; run++)); do
    timeout -k 5 "${LIMIT:-120}" "${mpi[@]}" 2 "$runner" "$bench/guard_cost.so" -q >"$scratch/output" 2>&1
    [ -s "$GUARD_COST" ] || { cat "$scratch/output" >&2; exit 1; }
done
echo "$MPIEXEC, 2 ranks: guarded, bare, ratio"
for what in half_round_trip half_round_trip_started barrier allreduce; do
    guarded=$(awk -v what=$what '$1 == what { print $2 }' "$GUARD_COST" | median)
    bare=$(awk -v what=$what '$1 == what { print $3 }' "$GUARD_COST" | median)
    awk -v what=$what -v a="$guarded" -v b="$bare" 'BEGIN {
        printf "  %-26s %8.3f us %8.3f us   %.2f\n", what, 1e6 * a, 1e6 * b, a / b }'
done
awk '$1 == "next" { print $2 }' "$GUARD_COST" | median |
    awk '{ printf "  %-26s %8.1f us\n", "failure to the next test", 1e6 * $1 }'
