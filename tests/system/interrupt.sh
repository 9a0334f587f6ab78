# SIGINT, SIGTERM and SIGUSR1 end the run in order: reports whole, status 2, and a line that resumes it.
. "$(dirname "$0")/lib.sh"
suite=$BUILD/tests/suites/jobs.so
all=43

# interrupt SIGNAL TIMES COMMAND…: sends the signal while `jobs.gate` runs.
interrupt() {
    local number=$1 times=$2
    shift 2
    rm -f gate j r.xml r.tap r.json && mkfifo gate
    JOBS_GATE=gate env --default-signal=INT "$@" "$suite" --journal j --junit r.xml --tap=r.tap --json r.json >out 2>err </dev/null &
    job=$!
    last="$*"
    exec 7>gate # waits for the test to open it
    kill -s "$number" "$job"
    [ "$times" = 1 ] || { sleep 0.5 && kill -s "$number" "$job"; } # two within a moment count as one
    wait "$job"
    status=$?
    exec 7>&-
    out=$(cat out) err=$(cat err)
}

# ended WHAT: the run of the mock, or under mpiexec.
ended() {
    check "$1: JUnit is whole" xml_is_valid r.xml
    check "$1: TAP is valid" tap_is_valid r.tap
    check "$1: all are reported" test "$(outcomes r.json | wc -l)" = $all
    check "$1: what did not run is told" test "$(outcomes r.json | grep -v passed | sort -u)" = "jobs.gate notrun
$(for i in 0 1 2 3 4; do echo "jobs.late/$i notrun"; done)"
    check "$1: it says how to go on" says "to go on: "
    line=$(sed -n 's/^mpirun-tests: interrupted by SIG[A-Z0-9]*; to go on: //p' err)
    run bash -c "$line"
    check "$1: the line goes on with the whole" status_is 0
    check "$1: … and all passed" test "$(outcomes r.json | grep -c passed)" = $all
}

for number in INT TERM USR1; do
    interrupt $number 1 "$runner" --mock -n 4
    check "SIG$number: status 2" status_is 2
    ended "SIG$number"
done
interrupt TERM 2 "$runner" --mock -n 4
check "twice: status 2" status_is 2
ended "twice"

if [ "$MPI" != none ]; then
    interrupt USR1 1 "$MPIEXEC" "${mpi_flags[@]}" -n 4 "$runner"
    ended "SIGUSR1 to mpiexec"
    if [ "$MPI" = openmpi ]; then # MPICH's mpiexec kills its job at once: the journal has what ran
        interrupt TERM 1 "$MPIEXEC" "${mpi_flags[@]}" -n 4 "$runner"
        ended "SIGTERM to mpiexec"
        interrupt INT 1 "$MPIEXEC" "${mpi_flags[@]}" -n 4 "$runner"
        ended "SIGINT to mpiexec"
    fi
fi
finish
