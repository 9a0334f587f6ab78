#!/bin/bash
# bench_latency.sh [BUILD [OTHER_BUILD…]]: half a round trip of 8 bytes, bandwidth at 1 MiB, barrier and allreduce, on
# the mock and on the MPI of the build, and on those of other builds (build-mpich beside BUILD is taken without being
# named). The median of RUNS (3) interleaved runs, with 2 and with 4 ranks.
. "$(dirname "$0")/common.sh"
RUNS=${RUNS:-3}
shift "$(($# > 0 ? 1 : 0))"

labels=(mock) programs=("$bench/latency") launchers=("$mockexec -n")
if [ -n "$MPIEXEC" ]; then
    labels+=("$MPIEXEC") programs+=("$bench/latency") launchers+=("${mpi[*]}")
fi
[ $# -gt 0 ] || set -- "$BUILD/../build-mpich"
for other; do
    program=$other/tests/bench/latency
    if [ "$(readlink -f "$other")" = "$BUILD" ]; then
        continue
    elif [ ! -e "$program" ]; then
        echo "($program is not built, that MPI is left out)"
        continue
    fi
    launcher=$(launcher_of "$program")
    if [ -z "$launcher" ]; then
        echo "(no mpiexec for $program is installed, it is left out)"
        continue
    fi
    labels+=("$launcher") programs+=("$program") launchers+=("$launcher $(flags_of "$launcher" | tr '\n' ' ') -n")
done

for n in 2 4; do
    for ((run = 0; run < RUNS; run++)); do
        for i in "${!labels[@]}"; do
            # shellcheck disable=SC2086 # words
            printed ${launchers[i]} $n "${programs[i]}" >>"$scratch/$n.$i" || exit 1
        done
    done
    echo "$n ranks"
    for what in latency_us bandwidth_MB_s barrier_us allreduce_us; do
        line=
        for i in "${!labels[@]}"; do
            number=$(awk -v what=$what '$1 == what { print $2 }' "$scratch/$n.$i" | median)
            [ "$i" != 0 ] || first=$number
            line+=$(awk -v label="${labels[i]}" -v a="$number" -v b="$first" 'BEGIN {
                printf "%s %s (%.3g of the mock)   ", label, a, a / b }' | sed "s/ (1 of the mock)//")
        done
        printf '  %-16s %s\n' "$what" "$line"
    done
done
