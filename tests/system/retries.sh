# Retries: what did not pass runs again; passed then it is flaky, with the failures kept in every report.
. "$(dirname "$0")/lib.sh"
suite=$BUILD/tests/suites/jobs.so

# reported WORDS: what the reports of the run must say.
reported() {
    check "$1: two are flaky, one failed three times" test "$(outcomes r.json | grep -v passed)" = "jobs.fails failed
jobs.flaky flaky
jobs_unit.unit_flaky flaky"
    check "$1: the failures are kept in JSON" python3 -c '
import json
results = {r["test"]: r for r in map(json.loads, open("r.json")) if r["type"] == "result"}
assert [e["outcome"] for e in results["jobs.fails"]["earlier"]] == ["failed", "failed"]
assert "no mark yet" in results["jobs.flaky"]["earlier"][0]["message"]
assert len(results["jobs.flaky"]["earlier"]) == 1 and len(results["jobs.flaky"]["earlier"][0]["per_rank"]) == 2
assert "earlier" not in results["jobs.counted"]'
    check "$1: … in JUnit" python3 -c '
import xml.etree.ElementTree as tree
cases = {c.get("name"): c for c in tree.parse("r.xml").iter("testcase")}
assert [e.tag for e in cases["fails"] if "ailure" in e.tag] == ["failure", "rerunFailure", "rerunFailure"]
assert "no mark yet" in cases["flaky"].find("flakyFailure").get("message")
assert cases["flaky"].find("failure") is None'
    check "$1: … in TAP" tap_is_valid r.tap complete
    check "$1: … and on the console" says "no mark yet"
    check "$1: the counts tell it" says "2 flaky"
}

export JOBS_FAILS=1
mkdir marks
JOBS_MARKS=marks run "$runner" --mock -n 4 "$suite" --retries 2 --json r.json --junit r.xml --tap=r.tap
check "what fails on every try fails" status_is 1
reported "mock"
check "what passed ran once" test "$(wc -l <marks/counted)" = 1

rm -r marks && mkdir marks
JOBS_MARKS=marks run "$runner" --mock -n 4 "$suite" --filter '*flaky*:*first' --retries 1
check "what is flaky passes" status_is 0
rm -r marks && mkdir marks
JOBS_MARKS=marks run "$runner" --mock -n 4 "$suite" --filter '*flaky*:*first' --retries 1 --fail-on-flaky
check "… but not with --fail-on-flaky" status_is 1
rm -r marks && mkdir marks
JOBS_MARKS=marks run "$runner" --mock -n 4 "$suite" --filter '*flaky*:*first:jobs.late/*' --retries 1 --maxfail 1
check "--maxfail counts what failed for good" status_is 0
rm -r marks && mkdir marks
JOBS_MARKS=marks run "$runner" --mock -n 1 "$suite" --retries 2 --filter 'jobs_unit.*:jobs.fails'
check "one rank alone retries too" says "1 failed, 1 flaky"

if [ "$MPI" != none ]; then
    rm -r marks && mkdir marks
    JOBS_MARKS=marks mpi 3 "$runner" "$suite" --retries 2 --json r.json --junit r.xml --tap=r.tap
    reported "mpiexec"
fi
finish
