# Tests that end in every way: each is reported as its name says, on the mock and under mpiexec; the status is 1.
. "$(dirname "$0")/lib.sh"
outcomes=$BUILD/tests/suites/outcomes.so

special=( # errors that a teardown makes of tests that passed
    cmocka_group_teardown_fails.passes=error
    teardown_fails.last_passes_before_the_teardown=error
    teardown_fails.first_passes=passed
    cmocka_mixed.name_with_blanks__and_a_comma_passes=passed
)
# message TEST FILE: its message.
message() {
    python3 -c 'import json, sys
for r in map(json.loads, open(sys.argv[2])):
    if r["type"] == "result" and r["test"] == sys.argv[1]: print(r.get("message"))' "$1" "$2"
}

run "$runner" --mock -n 4 "$outcomes" --json mock.json
check "failures give status 1" status_is 1
check "each outcome is as the test's name says" as_named mock.json 40+ "${special[@]}"
check "an assertion tells its place" grep -q 'test_outcomes.c:[0-9]*: 0x4 != 0x5' <(message outcomes.fails mock.json)
check "fail_msg's words are the message" grep -q 'test_outcomes.c:[0-9]*: the residual is 0.25 after 7 steps' <(message outcomes.fails_with_a_message mock.json)
check "an MPI error tells call and class" grep -q 'MPI_Send.*MPI_ERR_RANK' <(message outcomes.fails_by_an_mpi_error mock.json)
check "a skip tells why" grep -q 'no accelerator here' <(message outcomes.skips mock.json)
check "a setup that failed is told with its output" grep -q 'the data base is not there' <(message setup_fails.is_an_error mock.json)

run "$runner" --mock -n 1 "$outcomes" --json one.json
check "rank 0 alone survives them too" status_is 1
check "and tests that follow a failure pass" grep -q 'outcomes.passes_after_the_failures.*passed' one.json

run "$runner" --mock -n 4 "$outcomes" --maxfail 3 --json few.json
check "--maxfail stops" status_is 1
check "after a few" test "$(grep -c '"outcome": *"notrun"' few.json)" -gt 10
run "$runner" --mock -n 4 "$outcomes" --filter 'outcomes.skips' --fail-on-skip
check "--fail-on-skip" status_is 1
run "$runner" --mock -n 4 "$outcomes" --filter 'outcomes.skips'
check "a skip alone passes" status_is 0
run "$runner" --mock -n 2 "$outcomes" --filter 'outcomes.fails_after_output_on_both_streams*:outcomes.fails' --no-capture
check "--no-capture keeps the outcomes" status_is 1
check "and lets a test's assertion be told" says '0x4 != 0x5'

if [ "$MPI" != none ]; then
    mpi 4 "$runner" "$outcomes" --json mpi.json
    check "the same under mpiexec: status 1" status_is 1
    check "and every outcome" as_named mpi.json 40+ "${special[@]}"
    mpi 1 "$runner" "$outcomes" --json mpi1.json
    check "one rank under mpiexec" status_is 1
fi
finish
