# Isolated tests, which end in every way that a process can end: each has the outcome that its name tells, and the good tests
# amid them, in the ranks' own processes, are not reached. On the mock, and under this build's MPI.
. "$(dirname "$0")/lib.sh"
isolated=$BUILD/tests/suites/isolated.so
limit=100

tests=$("$runner" --list "$isolated" | wc -l)
no_process_left() { ! pgrep -f "$isolated" >/dev/null; }

check_run() { # WORDS: what must hold of a run that has ended
    check "$1: status 1" status_is 1
    check "$1: each outcome is as the test's name says" as_named run.json "$tests"
    check "$1: a signal has its name" says 'its process was ended by signal 9 (Killed)'
    check "$1: what was written before is kept" says 'the last words'
    check "$1: also by a rank of a team" says 'rank 1 was here'
    check "$1: its mate was ended with it" says 'its process was ended, because that of another rank had ended'
    check "$1: an exit has its status" says 'exit(7) called'
    check "$1: an exit that nothing sees coming, too" says 'its process exited with status 8, and the test had not ended'
    check "$1: a test that cannot be left says so" says 'timed out after 0.3 s, and could not be interrupted'
    check "$1: one whose process is stopped is killed" says 'its time of 0.3 s was up, and its process did not leave the test'
    check "$1: a setup that ends the process is the tests' error" says 'setup did not end: its process was ended by signal 9'
    check "$1: the helper's end is told" says 'could not be isolated: the process that isolates tests was ended by signal 9'
    check "$1: no process is left" no_process_left
}

run "$runner" --mock -n 3 "$isolated" --json run.json
check_run "on the mock"
run "$runner" --mock -n 3 "$isolated" --json run.json --shuffle --seed 5
check "in another order: status 1" status_is 1
check "in another order: every outcome" as_named run.json "$tests"
if [ "$MPI" != none ]; then
    mpi 3 "$runner" "$isolated" --json run.json
    check_run "under mpiexec"
    mpi 3 "$runner" "$isolated" --json run.json --shuffle
    check "under mpiexec, in another order: status 1" status_is 1
    check "under mpiexec, in another order: every outcome" as_named run.json "$tests"
fi

run "$runner" --mock -n 4 --isolate
check "all suites, each test isolated: status 0" status_is 0
run "$runner" --mock --isolate --list=json "$suites/heat.so"
check "--list=json says what is isolated" out_says '"isolated": true'
run "$runner" --mock -n 2 -s "$isolated" --filter '*passed_alone*:*failed_by_an_assertion'
check "without capture, the output of an isolated test comes too" out_says 'said before it failed'

# A run that is killed takes its helpers with it.
"$runner" --mock -n 2 "$isolated" --filter '*timeout*' >/dev/null 2>&1 &
pid=$!
until pgrep -f "mrt-isolate|$isolated" >/dev/null; do :; done
kill -9 "$pid"
wait "$pid" 2>/dev/null
gone() {
    for _ in $(seq 100); do
        no_process_left && return 0
        sleep 0.1
    done
    return 1
}
check "a run that is killed leaves no process" gone
finish
