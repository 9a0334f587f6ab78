# Memory: runner and mock, with all children, under valgrind's memcheck. (The asan preset runs every test under ASan.)
. "$(dirname "$0")/lib.sh"
if [ -n "$SANITIZE" ] || [ -z "$VALGRIND" ] || [ "$VALGRIND" = VALGRIND-NOTFOUND ]; then
    exit 77
fi
limit=500
memcheck=("$VALGRIND" -q --trace-children=yes --leak-check=full --errors-for-leak-kinds=definite,possible
    --error-exitcode=99 --log-file="$scratch/valgrind.%p")
quiet() {
    cat "$scratch"/valgrind.* >"$scratch/err"
    [ ! -s "$scratch/err" ]
}
run "${memcheck[@]}" "$runner" --mock -n 4
check "the suites pass under valgrind" status_is 0
check "and no rank has anything to say" quiet
rm -f "$scratch"/valgrind.*
run "${memcheck[@]}" "$runner" --mock -n 3 "$BUILD/tests/suites/outcomes.so"
check "failing tests keep their status" status_is 1
check "without a memory error" quiet
rm -f "$scratch"/valgrind.*
run "${memcheck[@]}" "$runner" --mock -n 4 "$BUILD/tests/suites/leaving.so" "$BUILD/tests/suites/leaving_stress.so" \
    --filter '*-leaving_suddenly.*' # whose faults are memory errors on purpose
check "so do tests that a rank leaves" status_is 1
check "without a memory error" quiet
rm -f "$scratch"/valgrind.*
run "${memcheck[@]}" "$BUILD/mpimockexec" -n 3 "$BUILD/tests/programs/matmul"
check "a program under mpimockexec" status_is 0
check "without a memory error" quiet
finish
