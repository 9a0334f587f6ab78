# The main job: the same suites under mpiexec and on the mock, with the same names and outcomes.
. "$(dirname "$0")/lib.sh"

run "$runner" --mock -n 4 --json mock.json
check "the suites pass on the mock" status_is 0
outcomes mock.json >mock.txt
check "it ran many tests" test "$(wc -l <mock.txt)" -gt 50
check "nothing but passed and skipped" test -z "$(grep -v -e ' passed$' -e ' skipped$' mock.txt)"
check "tests larger than the run are skipped with that reason" grep -q 'needs 6 ranks' mock.json
check "the summary says which -n would run them" out_says "-n 6"

run "$runner" --mock -n 1 --json one.json
check "one rank of the mock runs what one rank can" status_is 0
check "some tests pass on one rank" grep -q '"outcome": *"passed"' one.json

run "$runner"
check "without a launcher the mock serves" status_is 0
if [ "$MPI" != none ]; then
    check "and a line says so" grep -q 'no launcher started this process' <<<"$err"
fi
run "$runner" --mock
check "--mock alone says nothing" test -z "$err"

run "$runner" --mock -n 4 --hostfile <(printf 'n1 slots=2\nn2:2\n') --json nodes.json
check "virtual nodes" status_is 0
check "ranks live on both" test "$(grep -o '"n[12]"' nodes.json | sort -u | tr -d '\n')" = '"n1""n2"'

if [ "$MPI" != none ]; then
    mpi 8 "$runner" --json mpi.json
    check "the suites pass under mpiexec -n 8" status_is 0
    outcomes mpi.json >mpi.txt
    check "the names are the same on both" diff <(cut -d' ' -f1 mock.txt) <(cut -d' ' -f1 mpi.txt)
    check "the outcomes too, but for tests too large for 4 ranks" \
        diff <(grep -v ' skipped$' mock.txt) <(grep -F -f <(grep -v ' skipped$' mock.txt | cut -d' ' -f1) mpi.txt |
            awk 'NR == FNR { ran[$1]; next } $1 in ran' <(grep -v ' skipped$' mock.txt) -)
    mpi 1 "$runner" --json mpi1.json
    check "mpiexec -n 1 works too" status_is 0
    check "with the outcomes of one rank of the mock" diff <(outcomes one.json) <(outcomes mpi1.json)
    run "$runner" --mpi --json single.json
    check "--mpi without a launcher is a world of one" status_is 0
fi
finish
