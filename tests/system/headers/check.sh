#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# check.sh [FLAGS…]: compiles suites that use all of include/ as users do, with warnings as errors: C11 and C++20, each
# compiler and each mpi.h of this machine. Prints a line for each combination; status 1 if one of them gives a warning.
#
# From the environment, all optional: CC and CXX, compilers besides gcc, clang, g++ and clang++; MPICC, a wrapper besides
# mpicc.openmpi and mpicc.mpich; MPI=none: no MPI is looked for, only the mock's own mpi.h is used. FLAGS are added to each.
# Headers of MPI and cmocka are found through -I, as the wrappers do it, so that a warning out of them counts too.
set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
include=$(cd "$here/../../../include" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
strict=(-pedantic -Wall -Wextra -Werror -O1 -c -o "$scratch/object.o" -I"$include")
extra=("$@")
failures=0

read -ra cmocka <<<"$(pkg-config --cflags cmocka 2>/dev/null)"

# include_flags WRAPPER: the -I options that an MPI compiler wrapper adds.
include_flags() {
    local word shown
    shown=$("$1" --showme:compile 2>/dev/null) || shown=$("$1" -show 2>/dev/null) || return 1
    for word in $shown; do
        case $word in -I*) printf '%s ' "$word" ;; esac
    done
}

# Those that exist, each once.
present() {
    local name seen=" "
    for name; do
        if [[ $seen != *" $name "* ]] && command -v "${name%% *}" >/dev/null; then
            seen+="$name "
            printf '%s\n' "$name"
        fi
    done
}

# compile COMPILER STANDARD MPI-FLAGS SOURCE [FLAG…]: output in $scratch/log.
compile() {
    local compiler=$1 standard=$2 mpi=$3 source=$4
    shift 4
    # CC may be "ccache gcc", and mpi is several flags: both are split on purpose.
    # shellcheck disable=SC2086
    timeout 120 $compiler -std="$standard" "${strict[@]}" $mpi "${cmocka[@]}" "${extra[@]}" "$@" "$source" \
        >"$scratch/log" 2>&1
}

# check COMPILER STANDARD MPI-NAME MPI-FLAGS SOURCE [LABEL]
check() {
    local verdict=ok
    if ! compile "$1" "$2" "$4" "$5"; then
        verdict=WARNS
        failures=$((failures + 1))
    fi
    printf '%-5s %-10s %-6s %-8s %s\n' "$verdict" "$1" "$2" "$3" "${6:-$(basename "$5")}"
    [ "$verdict" = ok ] || sed 's/^/      | /' "$scratch/log" | head -n 40
}

# A compiler that says nothing about a plain mistake would prove nothing.
check_that_it_can_fail() {
    if compile "$1" "$2" "$3" "$4" -DPROVOKE_A_WARNING; then
        printf '%-5s %-10s %-6s a provoked warning did not count: this check proves nothing\n' BLIND "$1" "$2"
        failures=$((failures + 1))
    fi
}

# language STANDARD SUFFIX COMPILER…
language() {
    local standard=$1 suffix=$2 compiler mpi header source
    shift 2
    while read -r compiler; do
        check_that_it_can_fail "$compiler" "$standard" "${flags[mock]}" "$here/suite_${standard/++/xx}.$suffix"
        for mpi in "${!flags[@]}"; do
            for source in "$here"/suite_*."$suffix"; do
                check "$compiler" "$standard" "$mpi" "${flags[$mpi]}" "$source"
            done
            for header in "$include"/*.h; do
                echo "#include <$(basename "$header")>" >"$scratch/alone.$suffix"
                # An empty translation unit is not strict C.
                echo 'extern int nothing_else_here;' >>"$scratch/alone.$suffix"
                check "$compiler" "$standard" "$mpi" "${flags[$mpi]}" "$scratch/alone.$suffix" "$(basename "$header") alone"
            done
        done
        printf '#include <mpi.h>\nextern int nothing_else_here;\n' >"$scratch/alone.$suffix"
        check "$compiler" "$standard" mock "${flags[mock]}" "$scratch/alone.$suffix" "mpimock/mpi.h alone"
    done < <(present "$@")
}

declare -A flags=([mock]="-DMPIMOCK_NO_MPI -I$include/mpimock")
if [ "${MPI:-}" != none ]; then
    while read -r wrapper; do
        name=${wrapper##*/}
        name=${name#mpicc.}
        shown=$(include_flags "$wrapper") && flags[$name]=$shown
    done < <(present mpicc.openmpi mpicc.mpich "${MPICC:-}")
fi

language c11 c gcc clang ${CC:+"$CC"}
language c++20 cpp g++ clang++ ${CXX:+"$CXX"}
[ "$failures" = 0 ]
