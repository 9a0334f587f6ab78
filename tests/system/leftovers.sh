# What tests leave behind: each leaves_… passes with the warnings that its tags tell, each finds_… and passes_… without any, on
# the same rank; --strict makes failures of them, and each report tells them.
. "$(dirname "$0")/lib.sh"
leftovers=$BUILD/tests/suites/leftovers.so
limit=120

# as_tagged FILE TAGS [strict]: the outcomes and warnings of a JSON report are those that names and tags (of --list=json) ask for.
as_tagged() {
    python3 - "$@" <<'PYTHON'
import json, sys
strict = len(sys.argv) > 3
tags = {t["name"]: t["tags"] for t in json.load(open(sys.argv[2]))["tests"]}
wrong = seen = 0
def complain(result, why):
    global wrong
    wrong += 1
    print(f"{result['test']}: {why}: {json.dumps(result)}")
for result in map(json.loads, open(sys.argv[1])):
    if result["type"] != "result" or result["outcome"] == "skipped":
        continue
    kind = result["test"].split(".")[1].split("_")[0]
    want = {"fails": "failed", "crashes": "crashed", "leaves": "failed" if strict else "passed"}.get(kind, "passed")
    if result["outcome"] != want:
        complain(result, f"wanted {want}")
    told = "\n".join(line for group in result.get("warnings", []) for line in group["lines"])
    if kind == "leaves" and strict:
        told = result.get("message", "")
    if kind != "leaves" and told:
        complain(result, "wanted no warning")
    for words in tags[result["test"]] if kind == "leaves" else []:
        if words.replace("+", " ") not in told:
            complain(result, f"'{words}' is not told")
    seen += 1
sys.exit(wrong > 0 or seen < 60)
PYTHON
}

run "$runner" --mock --list=json "$leftovers"
cp "$scratch/out" list.json
run "$runner" --mock -n 2 "$leftovers" --json report.json --junit report.xml --tap=report.tap -v
check "on the mock: status 1, for those that fail" status_is 1
check "on the mock: every warning, and no other" as_tagged report.json list.json
check "the console tells them with -v" says "the working directory was changed to /"
check "and counts them" says "passed, but left something behind (--strict makes that a failure)"
check "JUnit has them as standard error" grep -q "the umask was changed from" report.xml
check "TAP has them as comments" grep -q "^#     the umask was changed from" report.tap
run "$runner" --mock -n 2 "$leftovers" --filter '*umask'
check "without -v they are counted: status 0" status_is 0
check "and where they are told is said" says "left something behind: -v shows what"
run "$runner" --mock -n 2 "$leftovers" --strict --json strict.json
check "--strict: each is a failure, with the warnings as its message" as_tagged strict.json list.json strict
run "$runner" --mock -n 2 "$leftovers" --filter '*umask' --strict
check "--strict: status 1" status_is 1
run "$runner" --mock -n 2 "$leftovers" --filter '*umask' --no-capture
check "without capture: status 0" status_is 0
# Those of world that leave something are there to see that it reaches nobody.
clean='*:-world.request_is_left_open*:world.open_requests_*:world.finalize_deletes*:world_between.*'
for suite in "$suites"/*.so; do
    run "$runner" --mock -n 5 "$suite" --strict --filter "$clean"
    check "$(basename "$suite") leaves nothing behind on the mock" status_is 0
done

# Coverage data of a rank that is given up: in a C library's function that must not be left.
cat >covered.c <<'SOURCE'
#include <mpirun_tests.h>
#include <stdio.h>
__attribute__((noinline)) static int covered(int x)
{
    return x + 1;
}
MRT_TEST(dies_in_printf)
{
    printf("%s %s", "x", (char *)(long)covered(1));
}
SOURCE
if [ -z "$SANITIZE" ] && command -v gcov >gcov.path && [[ $("$CC" --version) != *clang* ]]; then
    includes=("-I$SOURCE/include")
    if [ "$MPI" = none ]; then
        includes+=("-I$SOURCE/include/mpimock")
    else
        read -ra more < <("$MPICC" -show | tr ' ' '\n' | grep '^-I' | tr '\n' ' '; echo)
        includes+=("${more[@]}")
    fi
    "$CC" --coverage -w -shared -fPIC "${includes[@]}" covered.c -o covered.so -lcmocka
    check "a suite with --coverage is built" test -f covered.so
    run "$runner" --mock -n 2 ./covered.so
    gcov covered.so-covered.gcda >gcov.out 2>&1
    check "its coverage data are written although its rank is given up" grep -qE '^ +[1-9]: +5: +return' covered.c.gcov
fi

if [ "$MPI" != none ]; then
    mpi 2 "$runner" "$leftovers" --json report.json
    check "under mpiexec: every warning, and no other" as_tagged report.json list.json
    for suite in "$suites"/*.so; do
        mpi 5 "$runner" "$suite" --strict --filter "$clean"
        check "$(basename "$suite") leaves nothing behind under mpiexec" status_is 0
    done
fi
finish
