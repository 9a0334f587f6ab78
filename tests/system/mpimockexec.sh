# mpimockexec runs plain MPI programs, compiled by the plain wrapper and unchanged, on the mock.
. "$(dirname "$0")/lib.sh"
limit=60
programs=$BUILD/tests/programs
exec=$BUILD/mpimockexec

for n in 1 2 4 7; do
    for program in ring montecarlo matmul; do
        run "$exec" -n $n "$programs/$program"
        check "$program on $n ranks" status_is 0
        if [ "$MPI" != none ] && [ "$n" = 4 ]; then
            cp out mock.out
            mpi 4 "$programs/$program"
            check "$program says the same under mpiexec" diff <(sort mock.out) <(sort out)
        fi
    done
done
run "$exec" -n 4 "$programs/unsupported"
check "a call that the mock lacks ends the job" test "$status" != 0
check "and is named" says 'MPI_Win_create'
run "$exec" -n 3 "$programs/abort"
check "MPI_Abort's code is the status" status_is 3
run "$exec" -n 4 "$programs/deadlock"
check "a deadlock ends the job" test "$status" != 0 -a "$status" != 124
for rank in 0 1 2 3; do
    check "and tells what rank $rank waits for" grep -q -i "rank $rank.*MPI_Recv" err
done
printf 'n1 slots=2\nn2 slots=2\n' >hosts
run "$exec" -n 4 --hostfile hosts "$programs/hello_nodes"
check "virtual nodes" status_is 0
check "with two names" test "$(grep -o 'n[12]' out | sort -u | wc -l)" = 2
run "$exec" -n 3 sh -c 'echo $MPIMOCK_RANK'
check "a program without MPI runs n times" test "$(sort out | tr -d '\n')" = 012

bad() {
    run "$exec" "$@"
    check "mpimockexec $* ends with 4" status_is 4
    check "and one sentence" test "$(grep -c . err)" = 1
}
bad -n 0 "$programs/ring"
bad -n many "$programs/ring"
bad -n 4
bad --fast "$programs/ring"
bad -n 2 --hostfile nowhere "$programs/ring"
run "$exec" -n 2 ./no-such-program
check "a program that is not there" test "$status" != 0
check "is named" says 'no-such-program'
finish
