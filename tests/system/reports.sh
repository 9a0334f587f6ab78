# Reports: valid, complete, in agreement with each other; on files and on standard output.
. "$(dirname "$0")/lib.sh"

run "$runner" --mock -n 3 "$suites/../tests/suites/outcomes.so" --json r.json --junit r.xml --tap=r.tap
check "failures give status 1" status_is 1
check "JUnit is well-formed XML" xmllint --noout r.xml
check "as many JUnit test cases as JSON results" test "$(xmllint --xpath 'count(//testcase)' r.xml)" = "$(grep -c '"type": *"result"' r.json)"
check "as many TAP lines too" test "$(grep -c -E '^(not )?ok ' r.tap)" = "$(grep -c '"type": *"result"' r.json)"
check "TAP's plan is right" test "$(sed -n 's/^1\.\.\([0-9]*\)$/\1/p' r.tap)" = "$(grep -c '"type": *"result"' r.json)"
check "JSON: run first, summary last" python3 - <<'PYTHON'
import json
lines = [json.loads(line) for line in open("r.json")]
assert lines[0]["type"] == "run" and lines[-1]["type"] == "summary"
assert all(line["type"] == "result" for line in lines[1:-1])
failed = [line for line in lines[1:-1] if line["outcome"] == "failed"]
assert failed and all(line["message"] for line in failed)
PYTHON
check "JSON and JUnit name the same failures" diff \
    <(xmllint --xpath '//testcase[failure]/@name' r.xml | sed 's/.*name="\(.*\)"/\1/' | sort) \
    <(python3 -c 'import json
for line in open("r.json"):
    r = json.loads(line)
    if r["type"] == "result" and r["outcome"] in ("failed", "crashed"): print(r["test"].split(".", 1)[1])' | sort)

run "$runner" --mock -n 3 --filter 'heat.*' --tap
check "TAP on standard output" test "$(grep -c '^TAP version' out)" = 1
check "with nothing else there" test -z "$(grep -v -E '^(TAP version|1\.\.|ok |not ok |#|  )' out)"
run "$runner" --mock -n 3 --filter 'heat.*' --json -
check "JSON on standard output" python3 -c 'import json; [json.loads(l) for l in open("out")]'

run "$runner" --mock -n 3 --filter 'heat.*'
check "the console's last line counts" grep -q -E '^[0-9]+ passed' <<<"$(tail -n 1 out)"
run "$runner" --mock -n 3 --filter 'heat.*' -v
check "-v tells each test" test "$(grep -c 'heat\.' out)" -ge "$(grep -c . <<<"$("$runner" --list --filter 'heat.*')")"
run "$runner" --mock -n 3 --filter 'heat.*' -q
check "-q is short" test "$(wc -l <out)" -le 2
run "$runner" --mock -n 3 --filter 'heat.*' --color always
check "no colour unless asked for" test -z "$("$runner" --mock -n 3 --filter 'heat.*' | grep -F $'\033')"
run "$runner" --mock -n 2 --filter 'heat.*' --json /dev/full
check "a full disk is told" says '/dev/full'
check "with status 3" status_is 3
run "$runner" --help
check "--help" status_is 0
check "names every option of the man page" test -z "$(comm -13 <(grep -o -E -- '--[a-z][a-z-]+' out | sort -u) <(sed 's/\\-/-/g' "$SOURCE/runner/mpirun-tests.1" | grep -o -E -- '^\.(It Fl|B|TP|BI|IP).*--?[a-z-]+' | grep -o -E -- '--[a-z][a-z-]+' | sort -u))"
run "$runner" --version
check "--version" out_says 'mpirun-tests '
finish
