# A flood of output: a gigabyte of one test, of its child process, on four ranks and in an isolated process, is bounded while it
# is written, and the report has its head, its tail and how much it was.
. "$(dirname "$0")/lib.sh"
[ -z "${SANITIZE:-}" ] || exit 77 # a sanitizer ends the process where a test crashes, and is slow
flood=$BUILD/tests/suites/flood.so
limit=300

held() { grep -oE 'held: [0-9]+ MiB' <<<"$out" | grep -oE '[0-9]+'; }

check_flood() {
    check "$1: status 1" status_is 1
    check "$1: all are told as failed, and the one after them passes" \
        test "$(outcomes report.json | grep -c ' failed$')" = 4 -a "$(outcomes report.json | grep -c 'passes_afterwards passed$')" = 1
    check "$1: the head is kept" test "$(grep -c 'the head' <<<"$out")" -ge 4
    check "$1: so is the tail" test "$(grep -c 'the tail' <<<"$out")" -ge 4
    check "$1: how much it was is told" test "$(grep -cE 'it wrote 10737[0-9]+ bytes' <<<"$out")" -ge 4
    # Some 35 MiB at most, where the watch's thread gets a processor within 10 ms; a loaded machine may make it wait.
    check "$1: no more than 192 MiB were held at any time" test "$(held | sort -n | tail -n 1)" -le 192
    check "$1: and that was looked at" test "$(held | wc -l)" -ge 4
}

run "$runner" --mock -n 5 "$flood" --json report.json
check_flood "on the mock"
if [ "$MPI" != none ]; then
    mpi 5 "$runner" "$flood" --json report.json
    check_flood "under mpiexec"
fi
finish
