# Processes of a job are killed at random moments: no result is lost, nothing hangs, nothing is left.
. "$(dirname "$0")/lib.sh"
[ -z "${SANITIZE:-}" ] || exit 77 # a sanitizer ends the process where a test crashes, and is slow
lost=$BUILD/tests/suites/lost.so
seed=${MRT_KILL_SEED:-$RANDOM}
limit=500

# kill_again MODE ROUNDS COMMAND…: the output of kill.py is that of the run.
kill_again() {
    local mode=$1 rounds=$2
    shift 2
    run python3 "$SOURCE/tests/system/kill.py" "$mode" "$rounds" "$seed" "$@"
    grep '^#' <<<"$out"
}

kill_again worker 20 "$runner" --mock -n 4 "$lost" --filter 'load*' --json killed.json
check "a worker on the mock, 20 times: its test alone has crashed" status_is 0
kill_again rank0 5 "$runner" --mock -n 4 "$lost" --filter 'load*' --json killed.json
check "rank 0 on the mock: nobody is left" status_is 0
kill_again launcher 5 "$runner" --mock -n 4 "$lost" --filter 'load*' --json killed.json
check "the supervisor of the mock: nobody is left" status_is 0

# A launcher that goes on without a rank. Its status is 0 whatever happens.
if [ "$MPI" = openmpi ]; then
    recover=("$MPIEXEC" "${mpi_flags[@]}" --enable-recovery -n 4 "$runner" "$lost" --filter 'load*' --json killed.json)
    kill_again worker 20 "${recover[@]}"
    check "a worker under mpiexec --enable-recovery, 20 times: its test alone has crashed" status_is 0
    kill_again rank0 3 "${recover[@]}"
    check "rank 0 there: nobody is left" status_is 0
    kill_again launcher 3 "${recover[@]}"
    check "mpiexec there: nobody is left" status_is 0
fi
if [ "$MPI" != none ]; then
    plain=("$MPIEXEC" "${mpi_flags[@]}" -n 4 "$runner" "$lost" --filter 'load*' --json killed.json)
    kill_again rank0 3 "${plain[@]}"
    check "rank 0 under mpiexec: nobody is left" status_is 0
    kill_again launcher 3 "${plain[@]}"
    check "mpiexec: nobody is left" status_is 0
fi
finish
