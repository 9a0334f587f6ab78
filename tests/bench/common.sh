# common.sh: what the benchmarks share; sourced, with bash.
#
# A benchmark is run from the build folder, or with the build folder as its argument or in BUILD. MPIEXEC names the
# launcher of that build's MPI; without it the one that fits the build's libmpi is looked for. Each prints a table of
# one run's numbers, the peers measured in turn with what they are compared to, and ratios; a peer that is not there is
# named and left out. LIMIT is the time limit of each command in seconds.
set -u
BUILD=$(cd "${1:-${BUILD:-.}}" && pwd) || exit 4
runner=$BUILD/mpirun-tests
mockexec=$BUILD/mpimockexec
bench=$BUILD/tests/bench

for file in "$runner" "$mockexec" "$bench/cpu_time" "$bench/one.so"; do
    if [ ! -e "$file" ]; then
        echo "$(basename "$0"): $file is missing: run this in a build folder, or name it: $(basename "$0") BUILD" >&2
        exit 4
    fi
done
unset "${!MPIRUN_TESTS_@}" "${!MPIMOCK_@}"
scratch=$(mktemp -d) || exit 3
trap 'rm -rf "$scratch"' EXIT

# launcher_of PROGRAM: the mpiexec of the MPI that a program is linked to, or nothing.
launcher_of() {
    local name candidate
    case $(ldd "$1") in
    *libmpich.so*) name=mpich ;;
    *libmpi.so*) name=openmpi ;;
    *) return ;;
    esac
    for candidate in mpiexec.$name mpiexec; do
        if command -v "$candidate" >/dev/null; then
            echo "$candidate"
            return
        fi
    done
}

# flags_of MPIEXEC: what it needs to start more ranks than there are cores, and as root.
flags_of() {
    case $("$1" --version 2>&1) in
    *"Open MPI"* | *OpenRTE*)
        echo --oversubscribe
        [ "$(id -u)" != 0 ] || echo --allow-run-as-root
        ;;
    esac
}

MPIEXEC=${MPIEXEC-$(launcher_of "$runner")}
mpi=() # "${mpi[@]}" N COMMAND… runs a command on N ranks
if [ -n "$MPIEXEC" ]; then
    # shellcheck disable=SC2207 # words
    mpi=("$MPIEXEC" $(flags_of "$MPIEXEC") -n)
else
    echo "(this build has no MPI, or its mpiexec is not installed: only the mock is measured)"
fi

# measured COMMAND…: its wall and CPU seconds on standard output, `wall cpu`. On failure: its output on standard error,
# and 1.
measured() {
    if timeout -k 5 "${LIMIT:-120}" "$bench/cpu_time" "$scratch/time" "$@" >"$scratch/output" 2>&1 </dev/null; then
        cat "$scratch/time"
    else
        echo "$(basename "$0"): status $? of: $*" >&2
        tail -n 20 "$scratch/output" >&2
        return 1
    fi
}

# printed COMMAND…: its standard output, under the time limit; failures as above.
printed() {
    if timeout -k 5 "${LIMIT:-120}" "$@" 2>"$scratch/output" </dev/null; then
        :
    else
        echo "$(basename "$0"): status $? of: $*" >&2
        tail -n 20 "$scratch/output" >&2
        return 1
    fi
}

# median: of the numbers on standard input, one a line; nothing for none.
median() {
    sort -g | awk '{ a[NR] = $1 } END { if (NR) print NR % 2 ? a[(NR + 1) / 2] : (a[NR / 2] + a[NR / 2 + 1]) / 2 }'
}

# row WORDS NUMBER FORMAT: one line of a table; "-" where there is no number.
row() {
    awk -v words="$1" -v number="$2" -v format="$3" \
        'BEGIN { printf "  %-58s %s\n", words, number == "" ? "-" : sprintf(format, number) }'
}

# ratio WORDS A B: A / B; says nothing where one is missing.
ratio() {
    awk -v words="$1" -v a="$2" -v b="$3" 'BEGIN { if (a != "" && b + 0 > 0) printf "  %-58s %.3g\n", words, a / b }'
}

echo "$(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg), $(uname -sr)"
