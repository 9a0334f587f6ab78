# --launch: the job is started, watched, and started again with what is left when it dies; the final report is complete.
. "$(dirname "$0")/lib.sh"
[ "$MPI" = none ] && exit 77
suite=$BUILD/tests/suites/jobs.so
all=43
mpiexec="$MPIEXEC ${mpi_flags[*]}"
[ "$MPI" = openmpi ] && mpiexec="$mpiexec -q"

# launched ARGUMENTS…: a run by --launch with reports.
launched() {
    rm -f r.json r.xml r.tap
    run "$runner" --launch "$mpiexec -n 4" "$suite" --journal j --json r.json --junit r.xml --tap=r.tap "$@"
}

# whole WORDS: all are reported, by valid reports.
whole() {
    check "$1: all are reported" test "$(outcomes r.json | wc -l)" = $all
    check "$1: JUnit is whole" xml_is_valid r.xml
    check "$1: TAP is complete" tap_is_valid r.tap complete
}

launched
check "nothing dies: status 0" status_is 0
whole "nothing dies"
JOBS_FAILS=1 launched
check "a test fails: status 1, whatever mpiexec returns" status_is 1

JOBS_KILLS=1 launched
check "two tests kill their ranks: status 1" status_is 1
whole "two tests kill their ranks"
check "… they crashed" test "$(outcomes r.json | grep '^jobs.kills')" = "jobs.kills crashed
jobs.kills_alone crashed"
if [ "$MPI" = openmpi ]; then # MPICH's mpiexec kills all at once, and with them what other ranks ran then
    check "… and the others passed" test "$(outcomes r.json | grep -vc passed)" = 2
fi
check "… there is one heading" test "$(grep -c '^mpirun-tests ' <<<"$out")" = 1
check "… and one summary" test "$(grep -c ' passed, .* crashed in' <<<"$out")" = 1
check "… and each is told once" test "$(grep -c '^CRASHED jobs.kills' <<<"$out")" = 2
check "… with the ranks" grep -q "jobs.kills_alone.*rank [1-3] of the run" <<<"$out"

# kill_in_gate WHO: kill -9, while jobs.gate runs, of rank 0, of mpiexec, or of the process that launches.
kill_in_gate() {
    rm -f gate r.json r.xml r.tap && mkfifo gate
    JOBS_GATE=gate "$runner" --launch "$mpiexec -n 4" "$suite" --journal j --json r.json --junit r.xml --tap=r.tap >out 2>err </dev/null &
    job=$!
    last="--launch, kill of $1"
    exec 7>gate
    pids=$(descendants "$job")
    case $1 in
    rank0) kill -9 "$(pid_of_rank 0 "$job")" ;;
    mpiexec) kill -9 "$(head -n 1 <<<"$pids")" ;;
    launch) kill -9 "$job" ;;
    esac
    [ "$1" = launch ] || exec 7>&-
    wait "$job"
    status=$?
    out=$(cat out) err=$(cat err)
}
for who in rank0 mpiexec; do
    kill_in_gate $who
    check "$who is killed: status 1" status_is 1
    whole "$who is killed"
    check "$who is killed: what was in flight crashed, the others passed" test "$(outcomes r.json | grep -v passed | grep -c -v crashed)" = 0
    check "$who is killed: nobody is left" all_gone $pids
done
kill_in_gate launch
check "the process that launches is killed: nobody is left" all_gone $pids
exec 7>&-
run "$runner" --launch "$mpiexec -n 3" --resume j --json r.json --junit r.xml --tap=r.tap
whole "… and it is resumed"

if [ "$MPI" = openmpi ]; then # a launcher that lets the others go on
    rm -f r.json r.xml r.tap
    JOBS_KILLS=1 run "$runner" --launch "$mpiexec -n 3 --enable-recovery" "$suite" --journal j --json r.json --junit r.xml --tap=r.tap
    check "ranks are lost: status 1" status_is 1
    whole "ranks are lost"
    check "… two tests crashed, and what lacked ranks then ran in another job" test "$(outcomes r.json | grep -v passed)" = "jobs.kills crashed
jobs.kills_alone crashed"
fi

run "$runner" --launch "sh -c 'exit 9'" "$suite" --filter 'jobs.late/*'
check "a job that does not begin: status 6" status_is 6
check "… and why" says "the job does not begin: its launcher ended with status 9"
run "$runner" --launch "sh -c 'sleep 1000'" "$suite" --filter 'jobs.late/*' --start-timeout 0.5
check "one that hangs at its start: status 6" status_is 6
check "… and why" says "--start-timeout"
run "$runner" --launch nosuchprogram "$suite" --filter 'jobs.late/*'
check "no such launcher: status 4" status_is 4
mpi 2 "$runner" --launch mpiexec "$suite"
check "under a launcher: status 4" status_is 4
check "… and one sentence" one_sentence
finish
