# Which tests run, in which order: --filter, --tags, --list, --shuffle, suites on the command line, environment variables.
. "$(dirname "$0")/lib.sh"

# list OPTIONS…: the names alone, in $scratch/names.
list() {
    run "$@"
    awk '{ print $1 }' out >names
}

list "$runner" --list
check "--list needs no ranks" status_is 0
cp names all.txt
check "it names instances of several sizes" grep -qx 'heat\..*\[np=4\]' all.txt
run "$runner" --list=json
check "--list=json is one JSON document" python3 -c 'import json; assert len(json.load(open("out"))["tests"]) > 50'

list "$runner" --list --filter 'heat.*'
check "a filter keeps what it names" test -z "$(grep -v '^heat\.' names)"
check "and drops nothing of it" diff names <(grep '^heat\.' all.txt)
list "$runner" --list --filter 'heat.*-*np=4*'
check "a negative pattern drops" diff names <(grep '^heat\.' all.txt | grep -v 'np=4')
list env MPIRUN_TESTS_FILTER='spmv.*' "$runner" --list
check "the environment sets options" diff names <(grep '^spmv\.' all.txt)
list env MPIRUN_TESTS_FILTER='spmv.*' "$runner" --list --filter 'heat.*'
check "the command line wins" diff names <(grep '^heat\.' all.txt)
list "$runner" --list "$suites/heat.so"
check "a suite named on the command line is the only one" diff names <(grep '^heat\.' all.txt)

list "$runner" --list --shuffle --seed 7
cp names seven.txt
list "$runner" --list --shuffle --seed 7
check "one seed, one order" diff names seven.txt
check "another order than the source's" test "$(cmp -s names all.txt; echo $?)" = 1
check "of the same tests" diff <(sort names) <(sort all.txt)
run "$runner" --mock -n 3 --shuffle --filter 'heat.*'
check "a shuffled run says its seed" says seed
if [ "$MPI" != none ]; then
    mpi 3 "$runner" --shuffle --filter 'heat.*'
    check "under mpiexec all ranks shuffle alike" status_is 0
    check "with a seed that is told" says seed
fi

finish
