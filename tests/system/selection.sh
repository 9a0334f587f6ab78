# Which tests run, in which order: --filter, --tags, --list, --shuffle, suites on the command line, environment variables.
. "$(dirname "$0")/lib.sh"

run "$runner" --list
check "--list needs no ranks" status_is 0
cp out all.txt
check "it names instances of several sizes" grep -qx 'heat\..*\[np=4\].*' all.txt
run "$runner" --list=json
check "--list=json is JSON" python3 -c 'import json,sys; [json.loads(l) for l in open("out")] if False else json.load(open("out"))'

run "$runner" --list --filter 'heat.*'
check "a filter keeps what it names" test -z "$(grep -v '^heat\.' out)"
check "and drops nothing of it" diff out <(grep '^heat\.' all.txt)
run "$runner" --list --filter 'heat.*-*np=4*'
check "a negative pattern drops" diff out <(grep '^heat\.' all.txt | grep -v 'np=4')
run env MPIRUN_TESTS_FILTER='spmv.*' "$runner" --list
check "the environment sets options" diff out <(grep '^spmv\.' all.txt)
run env MPIRUN_TESTS_FILTER='spmv.*' "$runner" --list --filter 'heat.*'
check "the command line wins" diff out <(grep '^heat\.' all.txt)
run "$runner" --list "$suites/heat.so"
check "a suite named on the command line is the only one" diff out <(grep '^heat\.' all.txt)

run "$runner" --list --shuffle --seed 7
cp out seven.txt
run "$runner" --list --shuffle --seed 7
check "one seed, one order" diff out seven.txt
check "another order than the source's" test "$(cmp -s out all.txt; echo $?)" = 1
check "of the same tests" diff <(sort out) <(sort all.txt)
run "$runner" --mock -n 3 --shuffle --filter 'heat.*'
check "a shuffled run says its seed" says seed

finish
