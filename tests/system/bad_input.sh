# Bad input: one sentence, the right status, no hang; under mpiexec the message appears once and every rank leaves.
. "$(dirname "$0")/lib.sh"
limit=60

# refuse STATUS WORDS COMMAND…: on the mock's command line.
refuse() {
    local wanted=$1 words=$2
    shift 2
    run "$@"
    check "${*:2} ends with $wanted" status_is "$wanted"
    check "… and one sentence" one_sentence
    check "… that says: $words" says "$words"
    check "… and nothing else on standard error" test "$(wc -l <err)" = 1
}

refuse 4 '--fliter' "$runner" --fliter x
check "the nearest known name is offered" says '--filter'
refuse 4 '-n' "$runner" --mock -n 0
refuse 4 '-n' "$runner" --mock -n -3
refuse 4 'four' "$runner" --mock -n four
refuse 4 '100000' "$runner" --mock -n 100000
refuse 4 '--seed' "$runner" --seed soon
refuse 4 '--maxfail' "$runner" --maxfail=-1
refuse 4 '--retries' "$runner" --mock --retries many
refuse 4 '--retries' "$runner" --mock --retries=-1
refuse 4 'leave one out' "$runner" --mock --launch mpiexec
refuse 4 '--launch' "$runner" -n 4 --launch mpiexec
refuse 4 '--launch' "$runner" --launch ' '
refuse 4 '--start-timeout' "$runner" --start-timeout soon
if [ "$MPI" != none ]; then
    refuse 4 'quote' "$runner" --launch "mpiexec 'n"
    refuse 4 '--journal none' "$runner" --launch mpiexec --journal none
    refuse 4 'standard output' "$runner" --launch mpiexec --tap
fi
refuse 4 '--journal' "$runner" --mock --journal -
refuse 4 '--journal' "$runner" --mock --journal=
refuse 4 'no/such' "$runner" --mock --filter 'heat.*' --journal no/such/folder/journal
refuse 4 'nowhere' "$runner" --mock --resume nowhere
refuse 4 'leave out --journal' "$runner" --mock --resume one --journal another
refuse 4 'MPIRUN_TESTS_SEED' env MPIRUN_TESTS_SEED=soon "$runner"
refuse 4 'contradict' "$runner" --mock --mpi
refuse 5 'no test was selected' "$runner" --mock --filter 'nosuch.*'
refuse 4 '"slow and"' "$runner" --mock --tags 'slow and'
refuse 4 'nowhere.so' "$runner" --mock ./nowhere.so
echo 'int not_a_suite' >text.so
refuse 4 'text.so' "$runner" --mock ./text.so
refuse 4 'report' "$runner" --mock --filter 'heat.*' --junit "$scratch/no/such/folder/report.xml"

printf 'n1 slots=2\nn2 slots=many\n' >hosts
refuse 4 'hosts:2' "$runner" --mock -n 2 --hostfile hosts
refuse 4 'nohosts' "$runner" --mock -n 2 --hostfile nohosts
: >empty
refuse 4 'empty' "$runner" --mock -n 2 --hostfile empty

# Suites that cannot be registered.
suite() { # NAME TEXT: compiles NAME.so
    printf '#include <mpirun_tests.h>\n%s\n' "$2" >"$1.c"
    "$CC" ${SANITIZE:+-fsanitize=$SANITIZE} -shared -fPIC $MPI_CFLAGS -I"$SOURCE/include" -o "$1.so" "$1.c"
}
MPI_CFLAGS="-I$SOURCE/include/mpimock"
case $MPI in
openmpi) MPI_CFLAGS=$("$MPICC" --showme:compile) ;;
mpich) MPI_CFLAGS=$("$MPICC" -compile_info | tr ' ' '\n' | grep '^-I' | tr '\n' ' ') ;;
esac
suite twice 'MRT_SUITE(same); MRT_TEST(one) {} '
cp twice.so again.so
refuse 4 'same.one' "$runner" --mock ./twice.so ./again.so
suite both 'MRT_TEST(sizes, .np = 2, .np_list = {1, 2}) {}'
refuse 4 'np_list' "$runner" --mock ./both.so
suite negative 'MRT_TEST(sizes, .np = -7) {}'
refuse 4 'negative' "$runner" --mock ./negative.so
suite missing 'int nobody_has_this(void); MRT_TEST(calls) { nobody_has_this(); }'
refuse 4 'nobody_has_this' "$runner" --mock ./missing.so
printf 'int nothing;\n' >nothing.c
"$CC" -shared -fPIC -o nothing.so nothing.c
refuse 4 'nothing.so' "$runner" --mock ./nothing.so

if [ "$MPI" != none ]; then
    # once WORDS: under a launcher the sentence appears once, and the status is the launcher's view of ours.
    once() {
        check "$last: one sentence" one_sentence
        check "… that says: $1" says "$1"
    }
    mpi 4 "$runner" --fliter x
    once '--fliter'
    check "… with status 4" status_is 4
    mpi 4 "$runner" --mock
    once '--mock'
    check "… with status 4" status_is 4
    mpi 4 "$runner" -n 4
    once '-n'
    check "… with status 4" status_is 4
    mpi 4 "$runner" --filter 'nosuch.*'
    once 'no test was selected'
    check "… with status 5" status_is 5
    mpi 4 "$runner" ./missing.so
    once 'nobody_has_this'
    check "… with status 4" status_is 4
    mpi 4 "$runner" ./twice.so ./again.so
    once 'same.one'
    check "… with status 4" status_is 4
    mpi 4 "$runner" --hostfile hosts
    once 'hosts'
    check "… with status 4" status_is 4

    # A difference between ranks: rank 1 sees another file under the same name.
    suite first 'MRT_SUITE(one); MRT_TEST(a) {}'
    suite second 'MRT_SUITE(one); MRT_TEST(a) {} MRT_TEST(b) {}'
    cat >differ.sh <<SCRIPT
rank=\${OMPI_COMM_WORLD_RANK:-\${PMI_RANK:-0}}
if [ "\$rank" = 1 ]; then exec "$runner" ./second.so; else exec "$runner" ./first.so; fi
SCRIPT
    mpi 3 bash differ.sh
    once 'rank 1'
    check "… that names the suite" says 'suite one'
    check "… with status 3" status_is 3
    cat >lost.sh <<SCRIPT
rank=\${OMPI_COMM_WORLD_RANK:-\${PMI_RANK:-0}}
if [ "\$rank" = 2 ]; then exec "$runner" ./missing.so; else exec "$runner" ./first.so; fi
SCRIPT
    mpi 3 bash lost.sh
    once 'rank 2'
    check "… with status 4" status_is 4
fi
finish
